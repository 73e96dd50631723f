# SPDX-License-Identifier: Apache-2.0
"""Would this gate have seen it? A worsening of known size, planted into the recorded data. Pure.

For every rule `not-worsen` with a margin the arm's effect is taken out of its recorded values, and a worsening of the
margin is planted:

- once into the recorded rows as they are, which then go the whole way: launches to trials, blocks, comparison, rules;
- many times into runs made from the recorded blocks. Each block of such a run draws the control's value and the noise
  of a recorded block, the noise with a random sign, so that it has no effect but the planted one. Noise is what the
  model of a block leaves over, scaled by sqrt(n / degrees of freedom) because a fit makes it too small. Every launch
  of a trial takes the same worsening, so planting after the median over launches is the same as before it.

Source: Davison and Hinkley, "Bootstrap Methods and their Application" (1997), ch. 6.3 (resampling modified residuals);
Wu, Ann. Stat. 14 (1986) 1261-1295 (the wild bootstrap, for the signs).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reports.analysis import Analysis, RunValues, analyse
from reports.comparison import KILLS
from reports.gate.findings import Case, Decision, Figures, decide, weigh
from reports.gate.rulings import Sight, with_sight
from reports.noise.tracing import about_tracing
from reports.statistics.blocks import Pair
from reports.statistics.design import design
from reports.statistics.paired import array
from reports.verdict import Verdict, ruled

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

RUNS = 200
LARGER = 1.5
SEED = 1


@dataclass(frozen=True)
class Noise:
    """A case without its effect, ready to be drawn from.

    Attributes:
        case: the case.
        control: the control's values, shape (n,).
        rest: what the model leaves over of the arm's differences, shape (n,).
    """

    case: Case
    control: "NDArray[np.float64]"
    rest: "NDArray[np.float64]"

    def drawn(self, random: "np.random.Generator") -> Case:
        """One run of as many blocks in which the arm does nothing."""
        n = len(self.rest)
        chosen = random.integers(0, n, n)
        control = self.control[chosen]
        arm = control + random.choice((-1.0, 1.0), n) * self.rest[chosen]
        pairs = zip(self.case.pairs, control.tolist(), arm.tolist(), strict=True)
        return replace(self.case, pairs=tuple(Pair(p.block, c, a, 0, 0, p.lag) for p, c, a in pairs))


def self_test(analysis: Analysis, *, runs: int = RUNS, seed: int = SEED) -> Verdict:
    """The verdict with what each of its rulings would have said of a known worsening.

    A rule with a margin of 0, one laid on too few blocks, and one whose blocks do not differ at all have nothing that
    could be planted, or no noise to plant it into; their rulings are left as they are.

    Args:
        analysis: of the run.
        runs: runs to make from the recorded blocks.
        seed: of those runs.
    """
    noises = {i: noise(case) for i, case in enumerate(analysis.cases) if _testable(case)}
    counted = tally(analysis.cases, noises, runs=runs, seed=seed)
    told = [
        with_sight(ruling, _sight(analysis, i, counted) if i in noises else None)
        for i, ruling in enumerate(analysis.verdict.rulings)
    ]
    return ruled(analysis.verdict, told)


def noise(case: Case) -> Noise:
    """Take the effect out of a case: by a ratio where the margin is one and the levels allow it."""
    control, treated = array([p.control for p in case.pairs]), array([p.arm for p in case.pairs])
    plan = design(len(case.pairs), [p.lag for p in case.pairs])
    level, moved = float(plan.effect(control)), float(plan.effect(treated))
    if case.rule.relative and level > 0 and moved > 0:
        treated = treated * (level / moved)
    rest = plan.residuals(treated - control) * (len(case.pairs) / plan.freedom) ** 0.5
    return Noise(case, control, rest)


def plant(case: Case, size: float) -> Case:
    """A case in which every value of the arm is worse by `size` times the rule's margin."""
    step = case.worse_sign * size * case.rule.margin
    factor, shift = (1 + step, 0.0) if case.rule.relative else (1.0, step)
    return replace(case, pairs=tuple(replace(p, arm=p.arm * factor + shift) for p in case.pairs))


def plant_rows(run: RunValues, case: Case, size: float) -> RunValues:
    """The recorded rows without the arm's effect and with a worsening of `size` times the rule's margin instead."""
    plan = design(len(case.pairs), [p.lag for p in case.pairs])
    level, moved = (
        float(plan.effect(array(values))) for values in ([p.control for p in case.pairs], [p.arm for p in case.pairs])
    )
    step = case.worse_sign * size * case.rule.margin
    factor, shift = 1.0, level - moved + step
    if case.rule.relative:
        factor, shift = (level / moved * (1 + step), 0.0) if level > 0 and moved > 0 else (1.0, level - moved)
    touched = {record.trial.name for record in run.records if record.trial.arm == case.arm}
    rows = tuple(
        replace(row, value=row.value * factor + shift)
        if row.metric == case.rule.metric and row.trial in touched and case.app in ("", row.app)
        else row
        for row in run.measures
    )
    return replace(run, measures=rows)


def tally(
    cases: Sequence[Case], noises: Mapping[int, Noise], *, runs: int, seed: int
) -> dict[tuple[int, float], Counter[Decision]]:
    """How often each case, with a worsening of each size planted into it alone, is decided how.

    Args:
        cases: of the gate.
        noises: of those to plant into, by their place among the cases.
        runs: runs to make from the recorded blocks.
        seed: of those runs.

    Returns:
        By place and size in margins (1 and `LARGER`): decision -> runs.
    """
    import numpy as np  # noqa: PLC0415 - imported late: `reclaim --help` needs no arrays

    random = np.random.default_rng(seed)
    found: dict[tuple[int, float], Counter[Decision]] = {(i, size): Counter() for i in noises for size in (1.0, LARGER)}
    for _ in range(runs):
        drawn = [noises[i].drawn(random) if i in noises else case for i, case in enumerate(cases)]
        figures = [weigh(case) for case in drawn]
        for (i, size), counted in found.items():
            counted[_decision(drawn, figures, i, size)] += 1
    return found


def _testable(case: Case) -> bool:
    figures = weigh(case) if case.rule.must == "not-worsen" else None
    return figures is not None and figures.margin > 0 and bool(figures.difference.error)


def _decision(drawn: Sequence[Case], figures: Sequence[Figures | None], index: int, size: float) -> Decision:
    """Of a gate all of whose arms do nothing, but for one case that is worse."""
    worse = plant(drawn[index], size)
    laid = [*drawn[:index], worse, *drawn[index + 1 :]]
    return decide(laid, [*figures[:index], weigh(worse), *figures[index + 1 :]])[index].decision


def _sight(analysis: Analysis, index: int, counted: Mapping[tuple[int, float], Counter[Decision]]) -> Sight:
    case, once, larger = analysis.cases[index], counted[index, 1.0], counted[index, LARGER]
    figures = weigh(case)
    return Sight(
        margin=figures.margin if figures else 0.0,
        runs=once.total(),
        seen=once["fail"] / once.total(),
        passed=once["pass"] / once.total(),
        seen_larger=larger["fail"] / larger.total(),
        passed_larger=larger["pass"] / larger.total(),
        recorded=_recorded(analysis, index),
        larger=LARGER,
    )


def _recorded(analysis: Analysis, index: int) -> Decision | None:
    """What the whole analysis says of the recorded rows with a worsening of the margin.

    None for kills, and for a run that asks what tracing costs: those figures come from the records, not from rows.
    """
    case, book = analysis.cases[index], analysis.book
    if case.rule.metric == KILLS or about_tracing(analysis.run.experiment):
        return None
    asked = {KILLS, *(stated.rule.metric for stated in book.rules)}
    run = replace(analysis.run, measures=tuple(row for row in analysis.run.measures if row.metric in asked))
    return analyse(plant_rows(run, case, 1.0), replace(book, waivers=())).verdict.rulings[index].decision
