# SPDX-License-Identifier: Apache-2.0
"""Many effects of one run, judged together, so that chance among many is not taken for an answer. Pure.

- Primary metrics of all arms are one family: Holm's step-down, chance of any false alarm at most 5 %
  (Holm, Scand. J. Stat. 6 (1979) 65-70).
- All other metrics are a second one: Benjamini and Hochberg, at most 5 % false among those said to have moved
  (J. R. Stat. Soc. B 57 (1995) 289-300).
- Primary metrics of a run that was looked at before its end have paid already: `reports.looks`.
- Kills stand alone: a warning is not to be weighed against how many other metrics there are.

Both are written out because importing scipy.stats takes as long as the whole of `reclaim compare`; a test holds them
against it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reports.comparison import KILLS, Comparison, Family, outcome
from reports.record import Caveat
from reports.statistics.paired import CONFIDENCE


def judge(comparisons: Sequence[Comparison], primary: Sequence[str]) -> tuple[Comparison, ...]:
    """Put each comparison into its family, adjust its p value, and let that decide its outcome; order is kept."""
    families = [_family(each, primary) for each in comparisons]
    adjusted = {i: each.adjusted_p for i, each in enumerate(comparisons) if each.looks}
    for family, method in (("primary", holm), ("other", benjamini_hochberg), (KILLS, list[float])):
        places = [
            i for i, each in enumerate(comparisons) if families[i] == family and each.difference and not each.looks
        ]
        known = [each.difference.p for each in (comparisons[i] for i in places) if each.difference is not None]
        adjusted.update(zip(places, method(known), strict=True))
    return tuple(
        _judged(each, family, adjusted.get(i), families.count(family))
        for i, (each, family) in enumerate(zip(comparisons, families, strict=True))
    )


def holm(p_values: Sequence[float]) -> list[float]:
    """Holm's adjusted p values, in the order given."""
    found, worst = [1.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        worst = max(worst, min(1.0, p_values[place] * (len(p_values) - rank)))
        found[place] = worst
    return found


def benjamini_hochberg(p_values: Sequence[float]) -> list[float]:
    """Benjamini and Hochberg's adjusted p values, in the order given."""
    found, best = [1.0] * len(p_values), 1.0
    for rank, place in reversed(list(enumerate(sorted(range(len(p_values)), key=p_values.__getitem__), start=1))):
        best = min(best, p_values[place] * len(p_values) / rank)
        found[place] = best
    return found


def _family(each: Comparison, primary: Sequence[str]) -> Family:
    if each.metric.name == KILLS:
        return KILLS
    return "primary" if each.metric.name in primary else "other"


def _judged(each: Comparison, family: Family, p: float | None, size: int) -> Comparison:
    return replace(
        each,
        family=family,
        adjusted_p=p,
        outcome=outcome(each.metric, each.difference, p),
        caveats=(*each.caveats, *_chance(each, p, size)),
    )


def _chance(each: Comparison, p: float | None, size: int) -> Iterator[Caveat]:
    effect = each.difference
    if effect is not None and p is not None and effect.excludes(0.0) and p > 1 - CONFIDENCE:
        yield Caveat(
            "chance-among-many",
            f"Its own interval leaves out zero, but among {size} metrics judged together that may be chance.",
            "Ask about this metric alone in a run of its own.",
        )
