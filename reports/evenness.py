# SPDX-License-Identifier: Apache-2.0
"""Whether exclusions fell on the arms alike, and what the answer would be without them. Pure.

An exclusion that depends on the arm is itself an effect: what is left of that arm is a choice of its better trials.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.comparison import Comparison, Outcome
from reports.families import holm
from reports.ledger import LedgerLine
from reports.record import Caveat, ExclusionRule
from reports.units import count
from reports.wording import enumerate_words

_LEVEL = 0.05
_TOO_MANY = 2
"""A rule that hits one arm alone is told from so many trials on: an exact test cannot see that in a small run."""

_WORDS: dict[Outcome, str] = {"same": "no detectable difference", "unknown": "not decided"}


@dataclass(frozen=True)
class Turned:
    """A primary answer that is another once the excluded trials are put back."""

    metric: str
    arm: str
    without: Outcome
    put_back: Outcome


@dataclass(frozen=True)
class Exclusions:
    """What was left out by rule, and how much hangs on it.

    Attributes:
        rules: every rule that was in force.
        hits: code of a rule -> arm -> trials it left out; rules and arms that were hit.
        measured: excluded trials that were measured all the same.
        turned: primary answers that would be others with those put back.
        caveats: doubts that follow.
    """

    rules: tuple[ExclusionRule, ...]
    hits: Mapping[str, Mapping[str, int]]
    measured: int
    turned: tuple[Turned, ...]
    caveats: tuple[Caveat, ...]


def examine(
    rules: Sequence[ExclusionRule],
    ledger: Sequence[LedgerLine],
    controls: Mapping[str, str],
    answers: Sequence[Comparison],
    put_back: Sequence[Comparison],
    measured: int,
) -> Exclusions:
    """Look at what the rules left out.

    Args:
        rules: in force.
        ledger: every planned trial.
        controls: arm -> what it is compared with.
        answers: the run's comparisons.
        put_back: the primary ones with every excluded trial that was measured put back.
        measured: how many those are.
    """
    out = [line for line in ledger if line.status == "excluded"]
    hits = {code: dict(Counter(line.trial.arm for line in out if line.rule == code)) for code in _codes(out)}
    turned = tuple(_turned(answers, put_back))
    uneven = [*_one_sided(hits, ledger), *_improbable(ledger, controls)]
    told = _sensitivity(turned, measured)
    caveats = [Caveat("exclusions-uneven", f"{what} {told}", "Find out why before you believe it.") for what in uneven]
    if turned and not uneven:
        caveats.append(Caveat("exclusions-decide", told, "The rules stood before the run; run more blocks to be sure."))
    return Exclusions(tuple(rules), hits, measured, turned, tuple(caveats))


def fisher_p(hit: int, spared: int, other_hit: int, other_spared: int) -> float:
    """Two-sided p of Fisher's exact test on two arms' counts (hypergeometric; J. R. Stat. Soc. 85 (1922) 87-94).

    In whole numbers, so that equal probabilities are equal. It is held against scipy.stats' in the tests.
    """
    arm, other, hits = hit + spared, other_hit + other_spared, hit + other_hit
    ways = [math.comb(arm, k) * math.comb(other, hits - k) for k in range(max(0, hits - other), min(arm, hits) + 1)]
    seen = math.comb(arm, hit) * math.comb(other, other_hit)
    return sum(way for way in ways if way <= seen) / sum(ways)


def _codes(out: Sequence[LedgerLine]) -> list[str]:
    return list(dict.fromkeys(line.rule for line in out))


def _one_sided(hits: Mapping[str, Mapping[str, int]], ledger: Sequence[LedgerLine]) -> Iterator[str]:
    for code, by_arm in hits.items():
        ((arm, amount), *others) = by_arm.items()
        if amount >= _TOO_MANY and not others:
            trials = count(_ended(ledger, arm)[0], "trial")
            yield f"Rule {code} left out {amount} of {trials} of {arm}, none of any other arm."


def _improbable(ledger: Sequence[LedgerLine], controls: Mapping[str, str]) -> Iterator[str]:
    counts = [(arm, control, _ended(ledger, arm), _ended(ledger, control)) for arm, control in controls.items()]
    p_values = holm([fisher_p(out, all_ - out, c_out, c_all - c_out) for _, _, (all_, out), (c_all, c_out) in counts])
    for (arm, control, (trials, out), (c_trials, c_out)), p in zip(counts, p_values, strict=True):
        if p < _LEVEL:
            yield (
                f"{out} of {count(trials, 'trial')} of {arm} are left out and {c_out} of {c_trials} of {control}:"
                f" hardly chance (Fisher's exact test, p = {p:.2g})."
            )


def _ended(ledger: Sequence[LedgerLine], arm: str) -> tuple[int, int]:
    """Trials of an arm that counted or were excluded, and how many of them were excluded."""
    status = [line.status for line in ledger if line.trial.arm == arm]
    return status.count("counts") + status.count("excluded"), status.count("excluded")


def _turned(answers: Sequence[Comparison], put_back: Sequence[Comparison]) -> Iterator[Turned]:
    before = {(each.metric.name, each.arm): each.outcome for each in answers}
    for each in put_back:
        without = before.get((each.metric.name, each.arm), "unknown")
        if without != each.outcome:
            yield Turned(each.metric.name, each.arm, without, each.outcome)


def _sensitivity(turned: Sequence[Turned], measured: int) -> str:
    if not measured:
        return "None of them was measured, so what they would change is not known."
    if not turned:
        return "Put back, they change no primary answer."
    told = [f"{each.metric} of {each.arm} {_word(each.put_back)} instead of {_word(each.without)}" for each in turned]
    return f"Put back, the excluded trials make {enumerate_words(told)}."


def _word(outcome: Outcome) -> str:
    return _WORDS.get(outcome, outcome)
