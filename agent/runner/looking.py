# SPDX-License-Identifier: Apache-2.0
"""The looks at a run that may end before its budget: what was measured so far is analysed as it will be at the end."""

from typing import Protocol

from reports.record import PlannedTrial
from reports.store import RunStore
from workloads.spec import Experiment


class Told(Protocol):
    """Is told what a look found."""

    def looked(self, line: str) -> None:
        """One line for people."""
        ...


def decided_after(trial: PlannedTrial, experiment: Experiment, store: RunStore, watch: Told) -> bool:
    """Look at the run where a look is due after this trial; keep what it found among the run's events.

    Returns:
        Whether the run is over: every primary metric of every arm is decided.

    Raises:
        StoreError: what was measured cannot be read, or the event cannot be kept.
    """
    if experiment.stop != "decided":
        return False
    from reports.compare import compare_run  # noqa: PLC0415 - imported late: pandas, which --dry-run does not need
    from reports.stopping import STOPPED, WHY, all_decided, look_due, told  # noqa: PLC0415 - the same

    if not look_due(experiment, store.plan, trial):
        return False
    found = compare_run(store).decisions
    store.append_event(
        {"event": "looked", "after_block": trial.block, "decisions": {each.name: each.answer for each in found}}
    )
    done = all_decided(found)
    line = f"look after block {trial.block} of at most {experiment.blocks}: {told(found)}"
    watch.looked(f"{line}; {'the run stops' if done else 'it goes on'}")
    if done:
        store.append_event({"event": STOPPED, "after_block": trial.block, "why": WHY})
    return done
