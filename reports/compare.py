# SPDX-License-Identifier: Apache-2.0
"""From a run directory to its answer, and back into it: comparisons.parquet and verdict.json."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from reports.analysis import Analysis, Measure, RunValues, analyse
from reports.by_app import by_app
from reports.causes import causes
from reports.comparison import Comparison
from reports.demanded import returned
from reports.gate.rulebook import Rulebook
from reports.measures import caveats_of
from reports.noise.store import known
from reports.questions.answers import Answer, answers, lines_of
from reports.record import SCHEMA_VERSION, Caveat
from reports.store import RunStore
from reports.survival import survival
from workloads.errors import StoreError

if TYPE_CHECKING:
    import pandas as pd

    from reports.statistics.paired import Estimate


_MEASURE = ("trial", "launch", "app", "metric", "value", "unit")

_INFINITE = 1e60
"""No figure of a phone comes near it, and its fourth power, which intervals need, is still a number."""


def read_run(store: RunStore) -> RunValues:
    """Everything a comparison needs, read once.

    Raises:
        StoreError: a file of the run is missing or broken.
    """
    measures, experiment = store.measures(), store.experiment()
    _check(measures, store)
    told = caveats_of(measures) if measures is not None else {}
    broken = _not_finite(measures)
    return RunValues(
        name=store.name,
        path=store.called or str(store.path),
        experiment=experiment,
        device=store.device,
        plan=store.plan,
        records=store.records(),
        measures=_measures(measures),
        events=store.events(),
        caveats={**told, **_doubted(told, broken)},
        known=known(store.device, experiment.workload),
        not_finite=broken,
        titrated=store.titrated(),
        opens="" if store.called else store.name,
    )


def compare_run(store: RunStore, book: Rulebook | None = None) -> Analysis:
    """Answer a run's question from what is stored; touches no phone and writes nothing.

    Args:
        store: the run.
        book: what its arms are judged by; None: the rules of its experiment, or the default ones.

    Raises:
        StoreError: a file of the run is missing or broken.
    """
    return analyse(read_run(store), book)


def keep(store: RunStore, analysis: Analysis) -> None:
    """Write comparisons.parquet and verdict.json into the run.

    Raises:
        StoreError: they cannot be written.
    """
    import pandas as pd  # noqa: PLC0415 - imported late: half a second no other command should pay

    rows = [flat(comparison) for comparison in analysis.comparisons]
    store.write_comparisons(pd.DataFrame(rows, columns=list(COMPARISON_COLUMNS)))
    store.write_verdict(document(analysis))


def document(analysis: Analysis) -> dict[str, Any]:
    """The answer as one JSON document: what `reclaim compare --json` prints and verdict.json holds."""
    run, verdict = analysis.run, analysis.verdict
    return {
        "schema": SCHEMA_VERSION,
        "run": run.name,
        "experiment": run.experiment.name,
        "device": run.device,
        "verdict": verdict,
        "rules": analysis.book.source,
        "decisions": analysis.decisions,
        "comparisons": [{**flat(each), "caveats": each.caveats, "pairs": each.pairs} for each in analysis.comparisons],
        "by_app": [{"app": app, **flat(each)} for found in by_app(analysis) for app, each in found.items()],
        "causes": [flat(each) for each in causes(analysis)],
        "interactions": analysis.interactions,
        "survival": survival(analysis),
        "brought_back": returned(analysis),
        "questions": [_answered(each) for each in answers(analysis)],
        "trials": [
            {
                "trial": line.trial.name,
                "status": line.status,
                "rule": line.rule,
                "reason": line.reason,
                "kills": line.kills,
            }
            for line in analysis.ledger
        ],
        "exclusions": analysis.exclusions,
        "titration": run.titrated,
        "noise_floor": analysis.floor or (run.known.floor if run.known else None),
        "tracing": analysis.prices or ([run.known.price] if run.known and run.known.price else []),
        "doubts": analysis.doubts,
    }


def _answered(answer: Answer) -> dict[str, Any]:
    """One question: what is said of it, and the figures behind it."""
    question = answer.question
    return {
        "key": question.key,
        "question": question.asked,
        "by": question.by,
        "status": answer.status,
        "answer": list(lines_of(answer)),
        "why": answer.why,
        "command": answer.command,
        "effects": [flat(each) for each in answer.comparisons],
        "caveats": answer.caveats,
    }


_EFFECTS = ("difference", "relative", "ratio", "all_blocks")
_PARTS = ("value", "low", "high", "p", "method")

COMPARISON_COLUMNS = (
    "metric",
    "unit",
    "better",
    "arm",
    "control",
    "family",
    "adjusted_p",
    "outcome",
    "n",
    "blocks_left_out",
    "control_mean",
    "arm_mean",
    *(f"{effect}_{part}" for effect in _EFFECTS for part in _PARTS),
    "robust",
    "detectable_80",
    "detectable_90",
)
"""Columns of comparisons.parquet: one row per arm x metric, base units, empty where there is no figure."""


def flat(comparison: Comparison) -> dict[str, Any]:
    """One comparison as a row of `COMPARISON_COLUMNS`."""
    row: dict[str, Any] = {
        "metric": comparison.metric.name,
        "unit": comparison.metric.unit,
        "better": comparison.metric.better,
        "arm": comparison.arm,
        "control": comparison.control,
        "family": comparison.family,
        "adjusted_p": comparison.adjusted_p,
        "outcome": comparison.outcome,
        "n": comparison.n,
        "blocks_left_out": comparison.left_out,
        "control_mean": comparison.control_mean,
        "arm_mean": comparison.arm_mean,
    }
    for effect in _EFFECTS:
        estimate: Estimate | None = getattr(comparison, effect)
        row |= {f"{effect}_{part}": getattr(estimate, part) if estimate else None for part in _PARTS}
    return row | {name: getattr(comparison, name) for name in ("robust", "detectable_80", "detectable_90")}


def _check(frame: "pd.DataFrame | None", store: RunStore) -> None:
    """Refuse a table that is another one than `reclaim measure` writes."""
    if frame is None:
        return
    missing = [name for name in _MEASURE if name not in frame.columns]
    wrong = [name for name in ("launch", "value") if name not in missing and frame[name].dtype.kind not in "iuf"]
    if missing or wrong:
        told = f"has no column {', '.join(missing)}" if missing else f"holds no numbers in {', '.join(wrong)}"
        raise StoreError(f"{store.path}: what was measured {told}; run `reclaim measure` on the run again")


def _measures(frame: "pd.DataFrame | None") -> tuple[Measure, ...]:
    """Rows as values; one that is not a finite number was not recorded."""
    if frame is None:
        return ()
    columns = [frame[name].tolist() for name in _MEASURE]
    return tuple(
        Measure(str(trial), int(launch), str(app), str(metric), float(value), str(unit))
        for trial, launch, app, metric, value, unit in zip(*columns, strict=True)
        if abs(value) < _INFINITE
    )


def _not_finite(frame: "pd.DataFrame | None") -> dict[str, tuple[str, ...]]:
    """Metric -> trials in which one of its figures is no finite number."""
    found: dict[str, dict[str, None]] = {}
    if frame is not None:
        columns = [frame[name].tolist() for name in ("metric", "trial", "value")]
        for metric, trial, value in zip(*columns, strict=True):
            if not abs(value) < _INFINITE:  # nor is what compares with nothing
                found.setdefault(str(metric), {})[str(trial)] = None
    return {metric: tuple(trials) for metric, trials in found.items()}


def _doubted(
    known: Mapping[str, tuple[Caveat, ...]], broken: Mapping[str, tuple[str, ...]]
) -> dict[str, tuple[Caveat, ...]]:
    """Caveats of the trials with figures that are no numbers, those they had before included."""
    found: dict[str, tuple[Caveat, ...]] = {}
    for metric, trials in broken.items():
        caveat = Caveat(
            f"not-finite-{metric}",
            f"{metric} is no finite number in {', '.join(trials)}: taken as not recorded.",
            "Run `reclaim measure` on the run again; until then no rule on it can pass.",
        )
        for trial in trials:
            found[trial] = (*found.get(trial, known.get(trial, ())), caveat)
    return found
