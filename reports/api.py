# SPDX-License-Identifier: Apache-2.0
"""Runs from Python: what a run asked, measured and answers, as typed values. `from reports import open_run`.

Stable: the names in `__all__`, their attributes as documented, and that values are in base units (seconds, bytes, pages
where the kernel counts pages). Later versions add names and attributes, and take none away without saying so a version
ahead. docs/api.md shows it at work; every line of it is run as a test. Reading needs no phone and writes nothing.

Errors a caller can meet, each one line that says what, where and what to do:

    ReclaimError
    ├── InputError    a metric, an arm or a file of rules that does not fit the run
    └── StoreError    no run, or one with a missing or broken file, or one from a newer program
"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reports.analysis import Analysis, TrialDoubt
from reports.compare import COMPARISON_COLUMNS, compare_run, flat
from reports.comparison import Comparison
from reports.gate.judge import judge_run
from reports.gate.rulings import Ruling
from reports.ledger import LedgerLine
from reports.metrics import MEASURE_COLUMNS, METRICS, Metric
from reports.record import Caveat, DeviceFacts, TrialRecord
from reports.statistics.blocks import Pair
from reports.statistics.paired import Estimate
from reports.store import RunStore
from reports.verdict import ArmVerdict, Verdict
from workloads.errors import InputError, ReclaimError, StoreError
from workloads.spec import Experiment

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "COMPARISON_COLUMNS",
    "MEASURE_COLUMNS",
    "METRICS",
    "ArmVerdict",
    "Caveat",
    "Comparison",
    "DeviceFacts",
    "Estimate",
    "Experiment",
    "InputError",
    "LedgerLine",
    "Metric",
    "Pair",
    "ReclaimError",
    "Ruling",
    "Run",
    "StoreError",
    "TrialDoubt",
    "TrialRecord",
    "Verdict",
    "open_run",
]


@dataclass(frozen=True)
class Run:
    """A run that was read and compared; made by `open_run`.

    Attributes:
        path: its directory.
    """

    path: Path
    _store: RunStore = field(repr=False)
    _analysis: Analysis = field(repr=False)

    @property
    def name(self) -> str:
        """The directory's own name."""
        return self._analysis.run.name

    @property
    def experiment(self) -> Experiment:
        """What was asked: question, arms, control, blocks, primary metrics, workload."""
        return self._analysis.run.experiment

    @property
    def device(self) -> DeviceFacts:
        """The phone, its build and kernel; `stand_in` says what of it is no phone."""
        return self._analysis.run.device

    @property
    def arms(self) -> tuple[str, ...]:
        """Names of the arms, in the experiment's order."""
        return tuple(arm.name for arm in self.experiment.arms)

    @property
    def ledger(self) -> tuple[LedgerLine, ...]:
        """Every planned trial in order: whether it counts, why not, and how many processes were killed in it."""
        return self._analysis.ledger

    @property
    def records(self) -> tuple[TrialRecord, ...]:
        """What each trial that ended left behind, in order: settings, proof, launches, kills, conditions."""
        return self._analysis.run.records

    @property
    def doubts(self) -> tuple[TrialDoubt, ...]:
        """Caveats of trials that count, each once, with the trials that carry it."""
        return self._analysis.doubts

    @property
    def verdict(self) -> Verdict:
        """The answer in words, kills first, and a ruling for each rule that the experiment states."""
        return self._analysis.verdict

    @property
    def effects(self) -> tuple[Comparison, ...]:
        """Every arm against its control in every metric recorded, kills and primary metrics first."""
        return self._analysis.comparisons

    def effect(self, metric: str, arm: str = "") -> Comparison:
        """One arm against its control in one metric.

        Args:
            metric: its name.
            arm: the arm; may be left out where only one is compared.

        Raises:
            InputError: no such effect in this run, or several arms and none named.
        """
        compared = tuple(dict.fromkeys(each.arm for each in self.effects))
        if not compared:
            raise InputError(f"{self.path}: nothing is compared: {' '.join(self.verdict.troubles) or 'no control'}")
        if not arm and len(compared) > 1:
            raise InputError(f"{self.path}: compares several arms; name one of {', '.join(compared)}")
        if arm and arm not in compared:
            raise InputError(f"{self.path}: compares no arm {arm!r}; it has {', '.join(compared)}")
        found = {each.metric.name: each for each in self.effects if each.arm == (arm or compared[0])}
        if metric not in found:
            raise InputError(f"{self.path}: recorded no metric {metric!r}; it has {', '.join(found)}")
        return found[metric]

    def effects_table(self) -> "pd.DataFrame":
        """All effects, columns `COMPARISON_COLUMNS`, one row per arm and metric; what comparisons.parquet holds."""
        import pandas as pd  # noqa: PLC0415 - imported late: half a second that reading an answer need not pay

        return pd.DataFrame([flat(each) for each in self.effects], columns=list(COMPARISON_COLUMNS))

    def measures(self, *, counting: bool = False) -> "pd.DataFrame":
        """What was measured, columns `MEASURE_COLUMNS`, one row per trial, metric and launch (0: the whole trial).

        Args:
            counting: only trials that count in comparisons.

        Raises:
            StoreError: the run's measures cannot be read.
        """
        import pandas as pd  # noqa: PLC0415 - imported late: half a second that reading an answer need not pay

        stored = self._store.measures()
        frame = pd.DataFrame(columns=list(MEASURE_COLUMNS)) if stored is None else stored[list(MEASURE_COLUMNS)]
        if not counting:
            return frame.copy()
        names = [line.trial.name for line in self.ledger if line.status == "counts"]
        return frame[frame["trial"].isin(names)].reset_index(drop=True)

    def gate(self, rules: Path | str | None = None, *, self_test: bool = False) -> Verdict:
        """The verdict with its rulings and `decision` (`pass`, `fail`, `not-decided`), as `reclaim gate` judges.

        Args:
            rules: a file of rules and waivers; None: those the experiment states, or the default ones.
            self_test: also plant a worsening of each margin into the recorded data, and say whether it would be seen.

        Raises:
            InputError: rules that do not fit, every problem at once, or nothing to judge.
            StoreError: the run cannot be read any more.
        """
        file = None if rules is None else Path(rules)
        return judge_run(self._store, file, with_self_test=self_test).verdict


def open_run(path: Path | str) -> Run:
    """Read a run and compare its arms.

    Raises:
        StoreError: not a run, a newer schema, or a file of it is missing or broken.
    """
    store = RunStore.open(Path(path))
    return Run(store.path, store, compare_run(store))
