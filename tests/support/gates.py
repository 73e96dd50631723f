# SPDX-License-Identifier: Apache-2.0
"""Gates on figures made to order: trials of two arms, and the rules laid on them."""

from collections.abc import Mapping, Sequence

import numpy as np

from reports.comparison import TrialValues
from reports.gate.findings import Case, Decision, cases, decide, weigh
from reports.gate.rulebook import Place, Rulebook, StatedRule
from reports.gate.rulings import Ruling, overall, rule_on
from reports.statistics.blocks import Pair
from workloads.spec import Rule

FILE = "rules.toml"


def book(*rules: Rule) -> Rulebook:
    """These rules, each on a line of its own."""
    return Rulebook(tuple(StatedRule(rule, Place(FILE, line)) for line, rule in enumerate(rules, start=1)), FILE)


def trials(
    figures: Mapping[str, Sequence[tuple[float, float]]], kills: Mapping[int, tuple[int, int]] | None = None
) -> list[TrialValues]:
    """Blocks of `off` and `on`, their order turned round from block to block.

    Args:
        figures: metric -> (off, on) of each block.
        kills: 1-based block -> processes killed in (off, on).
    """
    found = []
    for block in range(1, max(map(len, figures.values())) + 1):
        lost = (kills or {}).get(block, (0, 0))
        for which, arm in enumerate(("off", "on")):
            values = {name: {0: pairs[block - 1][which]} for name, pairs in figures.items()}
            place = which if block % 2 else 1 - which
            killed = lost[which]
            found.append(TrialValues(block, 2 * block + place, arm, killed, {**values, "kills": {0: float(killed)}}))
    return found


def noisy(blocks: int, noise: float, ratio: float = 1.0, seed: int = 1) -> list[tuple[float, float]]:
    """(off, on) of each block: normal noise of `noise` times the level, `on` at `ratio` times the level of `off`."""
    drawn = np.random.default_rng(seed).normal(1.0, noise, (blocks, 2)) * (10.0, 10.0 * ratio)
    return [(float(off), float(on)) for off, on in drawn]


def rulings(
    found: Sequence[TrialValues],
    *rules: Rule,
    apps: Mapping[str, Sequence[TrialValues]] | None = None,
    broken: Mapping[str, tuple[str, ...]] | None = None,
) -> tuple[Ruling, ...]:
    """What a gate of these rules says of `on` against `off`."""
    stated = book(*rules)
    return rule_on(cases(stated, {"on": "off"}, {"": found, **(apps or {})}, broken or {}), stated)


def case(rule: Rule, pairs: Sequence[tuple[float, float]], lags: Sequence[int] = ()) -> Case:
    """A rule laid on (off, on) of each block; without `lags` the order is turned round from block to block."""
    found = (
        Pair(block, off, on, 0, 0, lags[block - 1] if lags else (-1) ** block)
        for block, (off, on) in enumerate(pairs, start=1)
    )
    return Case(StatedRule(rule, Place(FILE, 1)), "on", "off", "", tuple(found))


def decided(*laid: Case) -> Decision:
    """What a gate of these cases comes to; no words are made, so that thousands can be asked."""
    return overall(finding.decision for finding in decide(laid, [weigh(each) for each in laid]))
