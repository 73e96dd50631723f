# SPDX-License-Identifier: Apache-2.0
"""What of a run did not go on smoothly: attempts that failed, and seams where it broke off and went on. Pure.

What failed leaves no figures, so that a failure which hangs on the arm would choose among its trials unseen.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from reports.record import Caveat, Plan
from reports.units import count

FAILED = "attempt failed"
"""Name of the event that tells of one: trial, arm, failure (1-based, at that trial), why."""

RESUMED = "resumed"
"""Name of the event where a run that broke off went on: before (trial), warm_up (trial or none), changed."""

_FEW, _SHARE = 2, 0.1
"""So many failed attempts, or this share of the planned trials, are a lab's daily life and not worth a doubt."""


def failures(events: Sequence[Mapping[str, object]], plan: Plan) -> Iterator[Caveat]:
    """A doubt where many attempts failed, arm by arm."""
    failed = [event for event in events if event.get("event") == FAILED]
    if len(failed) <= max(_FEW, _SHARE * len(plan.trials)):
        return
    names = {str(event.get("trial")) for event in failed}
    by_arm = Counter(str(event.get("arm")) for event in failed)
    told = ", ".join(f"{arm} {amount}" for arm, amount in by_arm.items())
    yield Caveat(
        "attempts-failed",
        f"{count(len(failed), 'attempt')} at {count(len(names), 'trial')} failed and left no figures ({told}); the last"
        f" time: {failed[-1].get('why')}.",
        "Mend the link; where one arm fails more often than another, what is left of it is a choice.",
    )


def seam(trial: str, warm_up: str, changed: Sequence[str]) -> Caveat:
    """The doubt that travels with the first trial after a run went on.

    Args:
        trial: the first one after it.
        warm_up: the trial that was run before it and is not compared; empty where the plan had one there.
        changed: what of the phone is not as it was when the run began, in words.
    """
    before = f"after the warm-up {warm_up}" if warm_up else "with a warm-up of the plan"
    other = f"; not as at its beginning: {', '.join(changed)}" if changed else ""
    return Caveat(
        "seam",
        f"the run broke off before {trial} and went on there {before}{other}",
        "look whether its block stands apart; a run without a seam is better evidence",
    )
