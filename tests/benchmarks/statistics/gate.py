# SPDX-License-Identifier: Apache-2.0
"""What a gate of three rules says of a slowdown of its margin, and of nothing: kills, and two metrics at 5 % each."""

import math
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from reports.gate.findings import Case, Decision
from reports.gate.selftest import RUNS, Noise, noise, plant, tally
from reports.statistics.power import spread
from tests.benchmarks.statistics.row import Row
from tests.support.gates import case, decided
from tests.support.recorded_blocks import read_blocks
from workloads.spec import Rule

RECORDED = Path(__file__).parents[2] / "data" / "recorded_blocks.csv"
FINE = 0.03
"""Standard deviation of a trial, as a share of its level, up to which a gate must see 5 %."""

REPS = (300, 10_000)
_FEW = 1_000
"""Runs of what lies far from its bound, at most."""

_RULES = (Rule("ttid"), Rule("kswapd_cpu"))


@dataclass(frozen=True)
class Scenario:
    """What the first metric does.

    Attributes:
        name: as the table shows it.
        n: blocks.
        sd: standard deviation of a trial, as a share of its level.
        lognormal: whether noise is, else it is normal.
        ratio: arm / control.
    """

    name: str
    n: int
    sd: float
    lognormal: bool = False
    ratio: float = 1.0


def rows(reps: int, seed: int) -> Iterator[Row]:
    """Fails what is worse by its margin, passes what is not, and says neither below its power."""
    few = min(reps, _FEW)
    for lognormal in (False, True):
        kind = "lognormal" if lognormal else "normal"
        for n in (16, 20, 30):
            worse = Scenario(f"{kind}, SD 3 %, 5 % worse", n, FINE, lognormal, 1.05)
            yield from _shares(worse, reps, seed, (("fail", 0.9, 1.0), ("pass", 0.0, 0.05)))
            same = Scenario(f"{kind}, SD 3 %, no effect", n, FINE, lognormal)
            yield from _shares(same, few, seed, (("pass", 0.8, 1.0), ("fail", 0.0, 0.05)))
        better = Scenario(f"{kind}, SD 3 %, 20 % better", 16, FINE, lognormal, 0.8)
        yield from _shares(better, few, seed, (("pass", 0.8, 1.0),))
        for ratio, what in ((1.05, "5 % worse"), (1.0, "no effect"), (0.5, "50 % better")):
            coarse = Scenario(f"{kind}, SD 15 %, {what}", 8, 0.15, lognormal, ratio)
            yield from _shares(coarse, few, seed, (("pass", 0.0, 0.05),))
    yield _honest(Scenario("normal, SD 3 %", 16, FINE), few, seed)
    yield from _crowded(few, seed)
    if RECORDED.exists():
        yield from _recorded(reps, seed)


def _shares(
    scenario: Scenario, runs: int, seed: int, wanted: tuple[tuple[Decision, float, float], ...]
) -> Iterator[Row]:
    decisions = [_decision(scenario, seed + run) for run in range(runs)]
    for decision, low, high in wanted:
        share = decisions.count(decision) / runs
        yield Row("gate of three rules", scenario.name, scenario.n, _FIGURES[decision], share, low, high, runs)


_FIGURES: dict[Decision, str] = {"fail": "fails", "pass": "passes"}


def _decision(scenario: Scenario, seed: int) -> Decision:
    return decided(_nobody(scenario.n), *_cases(scenario, seed))


def _cases(scenario: Scenario, seed: int) -> Iterator[Case]:
    generator = np.random.default_rng((seed, zlib.crc32(f"{scenario}".encode())))
    lags = generator.permutation([1, -1] * (scenario.n // 2)).tolist()
    for rule, ratio in zip(_RULES, (scenario.ratio, 1.0), strict=True):
        drawn = generator.normal(size=(scenario.n, 2)) * scenario.sd
        values = (np.exp(drawn) if scenario.lognormal else 1.0 + drawn) * (10.0, 10.0 * ratio)
        yield case(rule, [(off, on) for off, on in values.tolist()], lags)


def _crowded(runs: int, seed: int) -> Iterator[Row]:
    """Rules that share one chance of a wrong failure need more blocks to see their margins."""
    for n in (20, 24, 30):
        same = Scenario("normal, SD 3 %, no effect", n, FINE)
        laid = ([each for part in range(3) for each in _cases(same, 3 * (seed + run) + part)] for run in range(runs))
        share = sum(decided(*cases) == "pass" for cases in laid) / runs
        yield Row("gate of six rules", same.name, n, _FIGURES["pass"], share, 0.8, 1.0, runs)


def _honest(scenario: Scenario, runs: int, seed: int) -> Row:
    """How far the self-test's share of failures lies from the true one, on average over recorded runs."""
    worse = replace(scenario, ratio=1.05)
    true = sum(_decision(worse, seed + run) == "fail" for run in range(runs)) / runs
    recorded = max(2, runs // 100)
    seen = 0
    for run in range(recorded):
        laid = list(_cases(scenario, seed + run))
        seen += tally(laid, {0: noise(laid[0]), 1: noise(laid[1])}, runs=RUNS, seed=seed)[0, 1.0]["fail"]
    off = abs(seen / (RUNS * recorded) - true)
    return Row("gate of three rules", scenario.name, scenario.n, "self-test is off by", off, 0.0, 0.1, RUNS * recorded)


def _recorded(runs: int, seed: int) -> Iterator[Row]:
    """The same on the noise of blocks that were recorded, the effect of their arm taken out.

    Noise above `FINE` is taken as it is, and once more with its size scaled to `FINE` and its shape kept.
    """
    for metric, pairs in read_blocks(RECORDED.read_text().splitlines()).items():
        made = noise(case(Rule(metric), [(p.control, p.arm) for p in pairs], [p.lag for p in pairs]))
        sd = spread(made.rest.tolist()) / math.sqrt(2) / float(made.control.mean())
        yield from _drawn(f"{metric}, SD {100 * sd:.1f} %", made, runs, seed, fine=sd <= FINE)
        if sd > FINE:
            yield from _drawn(f"{metric}, scaled to SD 3 %", _scaled(made, FINE / sd), runs, seed, fine=True)


def _drawn(name: str, made: Noise, runs: int, seed: int, *, fine: bool) -> Iterator[Row]:
    same, worse = _resampled(made, min(runs, _FEW), seed, 0.0), _resampled(made, runs, seed, 1.0)
    asked: tuple[tuple[str, Counter[Decision], Decision, float, float], ...] = (
        ("5 % worse", worse, "fail", 0.9 if fine else 0.0, 1.0),
        ("5 % worse", worse, "pass", 0.0, 0.05),
        ("no effect", same, "pass", 0.8 if fine else 0.0, 1.0),
    )
    for what, found, decision, low, high in asked:
        share, figure = found[decision] / found.total(), _FIGURES[decision]
        yield Row("gate on recorded noise", f"{name}, {what}", len(made.rest), figure, share, low, high, found.total())


def _scaled(made: Noise, factor: float) -> Noise:
    level = float(made.control.mean())
    return replace(made, control=level + (made.control - level) * factor, rest=made.rest * factor)


def _resampled(made: Noise, runs: int, seed: int, size: float) -> Counter[Decision]:
    """Decisions on runs made from recorded blocks, with a worsening of `size` margins."""
    kills, generator = _nobody(len(made.rest)), np.random.default_rng(seed)
    return Counter(decided(kills, plant(made.drawn(generator), size)) for _ in range(runs))


def _nobody(n: int) -> Case:
    return case(Rule("kills", margin=0.0, relative=False), [(0.0, 0.0)] * n)
