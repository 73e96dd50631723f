# SPDX-License-Identifier: Apache-2.0
"""What is still to be run in one place of the plan: a trial, or the repeat of one that a rule left out. Pure.

A rule that leaves a trial out looks at no metric, and neither does the decision to repeat it. Only odd trials are
repeated: where an arm's repeat was left out as well, it is the dose, the heat or the host, and no more trials of that
arm are repeated until one counts.
"""

from collections.abc import Sequence
from dataclasses import replace

from reports.record import PlannedTrial, TrialRecord
from workloads.errors import ProofError


def next_attempt(trial: PlannedTrial, records: Sequence[TrialRecord]) -> PlannedTrial | None:
    """What is to be run in the place of `trial`; None when it is done.

    Args:
        trial: the plan's line.
        records: of the run so far; those of later places play no part, so that a run that is gone on with repeats
            what it would have repeated.
    """
    here = [record for record in records if record.trial.place == trial.place]
    if not here:
        return trial
    odd = here[-1].excluded is not None and trial.block > 0 and len(here) == 1
    earlier = [each for each in records if each.trial.arm == trial.arm and each.trial.index < trial.index]
    return replace(trial, attempt=2) if odd and not _hopeless(earlier) else None


def _hopeless(records: Sequence[TrialRecord]) -> bool:
    """Whether a repeat of the arm was left out, and no trial counted since; records are in order."""
    counting = [number for number, record in enumerate(records) if record.excluded is None]
    since = records[counting[-1] + 1 :] if counting else records
    return any(record.trial.attempt > 1 for record in since)


def check_taken(record: TrialRecord, following: PlannedTrial | None) -> None:
    """Pass unless a setting was not in force in a trial that is not repeated.

    Args:
        record: of the trial that has just ended.
        following: what `next_attempt` says of its place.

    Raises:
        ProofError: then no trial after it can be believed.
    """
    if following is not None or record.trial.block == 0:
        return
    for knob, proof in record.proof.items():
        if proof.outcome == "not_taken":
            again = "again " if record.trial.attempt > 1 else ""
            value = record.settings.get(knob, "")
            raise ProofError(
                f"{record.trial.name}: {knob} = {value} was {again}not in force: {proof.why}; see what else sets it,"
                " then go on"
            )
