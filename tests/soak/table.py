# SPDX-License-Identifier: Apache-2.0
"""The soak's outcomes as lines and as a table for the docs."""

from collections.abc import Sequence

from tests.soak.ordeal import Outcome

_HEAD = """\
<!-- SPDX-License-Identifier: Apache-2.0 -->
# The soak: {runs} short runs with a fault at a random moment each

`make soak` made this table ({made}): an experiment of two blocks with memory pressure on the virtual handheld, seeds
from {seed} on. After each run: every setting of the handheld has its first value, read on the handheld itself; no trial
that had ended is lost or changed; every file is whole; nothing is left on the phone; the run completed, was resumed to
completion, or said in one line why not. Run 0 is without a fault: it tells how long a run is.

**{good} of {runs} runs hold all of it.** {completed} completed by themselves, {resumed} were resumed to completion,
{rest} were not begun when the fault struck and said so. Each fault and its defined outcome: [faults.md](faults.md).

"""

COLUMNS = """\
| run | seed | fault | struck at | in trial | how it ended | holds |
|--:|--:|---|--:|---|---|---|
"""


def line(outcome: Outcome) -> str:
    """One row of the table."""
    ordeal = outcome.ordeal
    alone = f"; the phone had restored itself after {outcome.alone:.0f} s" if outcome.alone is not None else ""
    limit = f" ({ordeal.silence_s} s of silence)" if outcome.alone is not None else ""
    cells = (
        str(ordeal.number),
        str(ordeal.seed),
        f"{ordeal.fault.name}{limit}",
        f"{outcome.at_s:.1f} s",
        outcome.where,
        _cell(outcome.end) + alone,
        "yes" if not outcome.faults else "**NO**: " + _cell("; ".join(outcome.faults)),
    )
    return f"| {' | '.join(cells)} |"


def document(outcomes: Sequence[Outcome], made: str) -> str:
    """The whole page."""
    ends = [outcome.end.partition(":")[0] for outcome in outcomes]
    head = _HEAD.format(
        runs=len(outcomes),
        made=made,
        seed=outcomes[0].ordeal.seed,
        good=sum(not outcome.faults for outcome in outcomes),
        completed=ends.count("completed"),
        resumed=ends.count("resumed"),
        rest=ends.count("not begun"),
    )
    return head + COLUMNS + "".join(f"{line(outcome)}\n" for outcome in outcomes)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ").replace("<", "&lt;")
