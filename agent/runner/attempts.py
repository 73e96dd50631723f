# SPDX-License-Identifier: Apache-2.0
"""The trials of a plan, each in its place: tried again where the link failed, repeated where a rule left it out.

Blocks stay balanced: whatever happens to a trial, the next one comes after it is done. A trial that failed leaves
nothing but an event.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from agent.runner.comeback import await_phone
from agent.runner.looking import decided_after
from agent.runner.repeats import check_taken, next_attempt
from agent.runner.trial import Bench, run_trial
from reports.interruptions import FAILED
from reports.record import Caveat, PlannedTrial, TrialRecord
from reports.store import RunStore
from reports.units import count
from workloads.errors import TransientError

_PAUSE_S = 2.0
"""Before the first new attempt, twice as long before the second ...: what restarts (adbd, traced) takes seconds."""


class Watch(Protocol):
    """Is told how a run goes on."""

    def planned(self, trials: int, outlook: Sequence[str]) -> None:
        """Preflight passed; so many trials are to come, and this is what they can see, in lines."""
        ...

    def stage(self, trial: PlannedTrial, name: str) -> None:
        """A stage of a trial begins."""
        ...

    def ended(self, record: TrialRecord, following: PlannedTrial | None) -> None:
        """A trial ended and is kept; `following` is its repeat, where it is repeated."""
        ...

    def looked(self, line: str) -> None:
        """What happened besides, in one line: a look at a run that may stop early, an attempt that failed."""
        ...


def carry_out(bench: Bench, store: RunStore, watch: Watch, seam: Caveat | None = None) -> None:
    """Run what is still to be run of the plan, in order, or until all is decided where the experiment asks for that.

    Args:
        bench: what trials need.
        store: the run.
        watch: is told how it goes on.
        seam: a doubt for the first trial that is run, and for its repeat.

    Raises:
        ReclaimError: see `keep_trial` and `check_taken`; the run directory holds the trials that ended.
    """
    records = list(store.records())
    for trial in store.plan.trials:
        while (attempt := next_attempt(trial, records)) is not None:
            records.append(keep_trial(bench, attempt, store, watch, seam))
            following = next_attempt(trial, records)
            seam = seam if following else None
            watch.ended(records[-1], following)
            check_taken(records[-1], following)
            if following is None and decided_after(trial, bench.experiment, store, watch):
                return


def keep_trial(
    bench: Bench, trial: PlannedTrial, store: RunStore, watch: Watch, seam: Caveat | None = None
) -> TrialRecord:
    """Run a trial, try it again where that may help, keep its record, then measure its trace.

    Args:
        bench: what trials need.
        trial: what to run.
        store: the run.
        watch: is told how it goes on.
        seam: a doubt that its record carries besides its own.

    Raises:
        TransientError: it failed too often.
        FinalError: the phone refused something, rebooted or did not come back.
        ProofError: a setting did not take when it was written.
        StoreError: nothing can be kept.
    """
    limits, failures = bench.experiment.limits, 0
    while True:
        try:
            if failures:
                bench.clock.sleep(min(limits.retry_wait_s, _PAUSE_S * failures))
                await_phone(bench.phone, bench.guard.journal.boot_id, limits.retry_wait_s, bench.clock)
                bench.workspace.sweep()
            return _once(bench, trial, store, watch, seam)
        except TransientError as error:
            failures += 1
            _tell(trial, failures, str(error), store)
            if failures > limits.retries:
                raise TransientError(
                    f"{trial.name} failed {count(failures, 'time')}, the last time: {error}"
                ) from error
            watch.looked(
                f"{trial.name}  failed, is tried again once the phone answers ({failures} of {limits.retries}): {error}"
            )


def _tell(trial: PlannedTrial, failure: int, why: str, store: RunStore) -> None:
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    store.append_event(
        {"at": now, "event": FAILED, "trial": trial.name, "arm": trial.arm, "failure": failure, "why": why}
    )


def _once(bench: Bench, trial: PlannedTrial, store: RunStore, watch: Watch, seam: Caveat | None) -> TrialRecord:
    """Run a trial and keep it, whole or not at all; on the virtual handheld nothing runs while it is measured."""
    from reports.measures import measure_trial  # noqa: PLC0415 - imported late: pandas, which --dry-run does not need

    try:
        record = run_trial(bench, trial, store.trial_dir(trial), lambda name: watch.stage(trial, name))
        record = replace(record, caveats=(*record.caveats, *([seam] if seam else [])))
        store.write_trial(record)
    except BaseException:
        store.drop_unfinished(trial)
        raise
    watch.stage(trial, "measure")
    begin = bench.clock.now()
    found = measure_trial(record, store.trace_path(record), store.name, store.device.serial)
    store.write_trial_measures(trial, found.measures, found.series)
    stages_s = {**record.stages_s, "measure": round(bench.clock.now() - begin, 3)}
    store.append_event({"at": record.started_at, "event": "trial ended", "trial": trial.name, **stages_s})
    return record
