# SPDX-License-Identifier: Apache-2.0
"""What the rules of a gate leave open, so that nobody takes silence for a yes: doubts about the verdict. Pure."""

from collections.abc import Iterator, Sequence

from reports.comparison import KILLS, Comparison
from reports.gate.rulebook import Rulebook
from reports.gate.rulings import Ruling
from reports.record import Caveat
from reports.units import count


def gaps(book: Rulebook, rulings: Sequence[Ruling], comparisons: Sequence[Comparison]) -> Iterator[Caveat]:
    """Waivers that waive nothing, and kills that no rule asks about.

    Args:
        book: what was judged by.
        rulings: what came of it; nothing is told where there are none.
        comparisons: every arm, kills among them.
    """
    if not rulings:
        return
    for waiver in book.waivers:
        if not any(waiver.covers(each.rule.metric, each.arm, each.app) for each in rulings):
            yield Caveat(
                "waiver-idle",
                f"The waiver of {waiver.owner} for {waiver.metric} ({waiver.place}) meets no rule: it waives nothing.",
                "Name the metric, arm and app of a rule, or take it out.",
            )
    if not any(each.rule.metric == KILLS for each in rulings):
        yield from (_unasked(each) for each in comparisons if _rose(each))


def _rose(each: Comparison) -> bool:
    """More kills than under the control; where that is sure, a rule on kills was added (`with_kills`)."""
    return each.metric.name == KILLS and each.difference is not None and each.difference.value > 0


def _unasked(each: Comparison) -> Caveat:
    died, before = (round(sum(getattr(pair, arm) for pair in each.pairs)) for arm in ("arm", "control"))
    return Caveat(
        "kills-unasked",
        f"{count(died, 'process was', 'processes were')} killed under {each.arm} and {before:,} under {each.control}:"
        " that may be chance, but no rule asks about it.",
        'Add a rule, metric = "kills" and margin = 0, or run more blocks.',
    )
