# SPDX-License-Identifier: Apache-2.0
"""A run held against earlier runs of other builds: the gate of a history. Pure.

Every arm is judged by its own level, the control's, too: what all arms lose together no comparison inside the run sees.
The figures are held against a pinned baseline, else against the runs since the last change. How much runs differ by
themselves is what the history recorded (`reports.history.changes.Noise`); unless a file of rules states margins, a
rule's margin is the smallest worsening that one more run shows with chance `SIGHT` over that noise. Decisions fall as
in `reports.gate.findings`, all rules sharing one chance of a wrong failure.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from reports.comparison import KILLS
from reports.gate.findings import ERROR, SIGHT, Case, Decision, Figures, Finding, Ground, decide, level, power
from reports.gate.rulebook import Rulebook, StatedRule, app_problem, metric_problem
from reports.gate.rulings import Ruling, waived
from reports.gate.words import margin_text
from reports.history.changes import Trend
from reports.history.rows import Row
from reports.record import Caveat
from reports.statistics.paired import CONFIDENCE, Estimate, as_ratio, exp, t_quantile
from reports.statistics.power import minimum_detectable_effect
from reports.units import change_interval, count, difference, quantity, share
from workloads.spec import Rule

FEWEST_RUNS, FEWEST_BASE = 6, 2
"""Of a history, and of what a run is held against: one run may be a bad night."""

_HAIR = 1 + 1e-6
"""The floor's margin is seen with chance `SIGHT` exactly; rounding must not make it less."""


@dataclass(frozen=True)
class Past:
    """What one arm's figure is held against.

    Attributes:
        trend: of the arm and metric over the other builds.
        runs: indices, among the trend's runs, of those that it is held against.
        name: `history`, or the baseline's.
    """

    trend: Trend
    runs: tuple[int, ...]
    name: str

    @property
    def builds(self) -> int:
        """Of those runs."""
        return len({self.trend.series.at[i] for i in self.runs})

    @property
    def told(self) -> str:
        """How many they are: `12 runs of 3 builds`."""
        return f"{count(len(self.runs), 'run')} of {count(self.builds, 'build')}"


@dataclass(frozen=True)
class _Judged:
    row: Row | None
    past: Past | None
    case: Case
    figures: Figures | None


def rulings(
    book: Rulebook, rows: Sequence[Row], past: Mapping[tuple[str, str], Past], *, own_margins: bool
) -> tuple[Ruling, ...]:
    """Decide every rule on every arm.

    Args:
        book: rules and waivers.
        rows: of the run.
        past: by arm and metric.
        own_margins: keep the margins that the rules state; else the history's noise makes them.
    """
    arms = tuple(dict.fromkeys(row.arm for row in rows))
    by_key = {(row.arm, row.metric): row for row in rows}
    sharing = len(arms) * sum(stated.rule.metric != KILLS for stated in book.rules)
    judged = [_weigh(stated, arm, by_key, past, 0 if own_margins else sharing) for stated in book.rules for arm in arms]
    found = decide([each.case for each in judged], [each.figures for each in judged])
    told = (_told(*pair) for pair in zip(judged, found, strict=True))
    return tuple(waived(ruling, book) for ruling in told)


def _weigh(
    stated: StatedRule,
    arm: str,
    rows: Mapping[tuple[str, str], Row],
    pasts: Mapping[tuple[str, str], Past],
    sharing: int,
) -> _Judged:
    rule = stated.rule
    row, past = rows.get((arm, rule.metric)), pasts.get((arm, rule.metric))
    trouble = metric_problem(rule.metric) or app_problem(rule.metric, rule.app)
    trouble = trouble or _trouble(rule, row, past, own_margin=not sharing)
    case = Case(stated, arm, past.name if past else "history", rule.app, (), trouble=trouble)
    if trouble or row is None or past is None:
        return _Judged(row, past, case, None)
    if rule.metric == KILLS:
        return _Judged(row, past, replace(case, caveats=_late(past)), None)
    figures, rule = _figures(row, past, case, sharing)
    return _Judged(row, past, replace(case, stated=replace(stated, rule=rule), caveats=_late(past)), figures)


def _trouble(rule: Rule, row: Row | None, past: Past | None, *, own_margin: bool) -> str:
    """Why a rule cannot be laid on an arm; empty when it can."""
    if rule.app:
        return "the history keeps no figures by app; leave `app` out"
    if row is None:
        return "was not recorded"
    if past is None or not past.runs:
        where = past.name if past else "the history"
        return f"{where} holds no run of another build that did the same on this phone model"
    if rule.metric == KILLS:
        return ""
    return _thin(row, past) or (_not_relative(row, past) if rule.relative and own_margin else "")


def _thin(row: Row, past: Past) -> str:
    noise, series = past.trend.noise, past.trend.series
    if noise is None or len(series.rows) < FEWEST_RUNS or len(past.runs) < FEWEST_BASE:
        held = count(len(series.rows), "run")
        return f"{held} of {count(len(series.builds), 'build')} are too few to know how much runs differ by themselves"
    if row.serial not in series.heights:
        return "no run of this very phone on another build is known, and phones of one model differ"
    if series.relative and row.level <= 0:
        return _not_relative(row, past)
    return "" if noise.spread > 0 else "is the same in every run of the history, which leaves no noise to judge by"


def _not_relative(row: Row, past: Past) -> str:
    if past.trend.series.relative and row.level > 0:
        return ""
    return "is not above 0 in every run, so no change in percent can be told"


def _figures(row: Row, past: Past, case: Case, sharing: int) -> tuple[Figures, Rule]:
    """What the run says against its past, as the series is followed (logarithms or base units), and its rule."""
    noise, relative, rule = past.trend.noise, past.trend.series.relative, case.rule
    assert noise is not None  # noqa: S101 - `_trouble` has looked
    values = past.trend.series.values
    base = sum(float(values[i]) for i in past.runs) / len(past.runs)
    here = (math.log(row.level) if relative else row.level) - past.trend.series.heights[row.serial]
    moved = here - base
    error = math.hypot(noise.spread, noise.of_level(past.builds))
    if sharing:
        seen = minimum_detectable_effect(error, noise.freedom, SIGHT, level(sharing)) or math.inf
        margin = seen * _HAIR
        rule = replace(rule, margin=exp(margin) - 1 if relative else margin, relative=relative, must="not-worsen")
    else:
        share_of_base = rule.margin if rule.relative else rule.margin / exp(base)
        margin = _logs(share_of_base, case.worse_sign) if relative else rule.margin
    border = case.worse_sign * margin * (1 if rule.must == "not-worsen" else -1)
    reach = t_quantile(noise.freedom, CONFIDENCE) * error
    effect = Estimate(
        moved, moved - reach, moved + reach, 2 * _tail(abs(moved) / error, noise.freedom), len(past.runs),
        "run against the history's noise", error=error, freedom=noise.freedom,
    )  # fmt: skip
    below = _tail((border - moved) / error, noise.freedom)
    return Figures(effect, margin, below if case.worse_sign > 0 else 1 - below), rule


def _logs(margin: float, sign: int) -> float:
    return abs(math.log1p(sign * margin)) if sign * margin > -1 else math.inf


def _tail(t: float, freedom: int) -> float:
    from scipy.special import stdtr  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    return float(stdtr(freedom, -t))


def _told(judged: _Judged, finding: Finding) -> Ruling:
    case, figures, past = finding.case, finding.figures, judged.past
    runs = len(past.runs) if past else 0
    decision, ground, why = finding.decision, finding.ground, case.trouble
    estimate = figures.difference if figures else None
    if not case.trouble and judged.row and past:
        if case.rule.metric == KILLS:
            decision, ground, why = _kills(judged.row, past)
        elif figures:
            why = _why(finding, past)
            if past.trend.series.relative:
                estimate = as_ratio(figures.difference)
    return Ruling(
        rule=case.rule,
        place=case.stated.place,
        arm=case.arm,
        control=case.control,
        app=case.app,
        decision=decision,
        ground=ground,
        why=why,
        n=runs,
        estimate=estimate,
        holds_p=figures.holds_p if figures else None,
        changed_p=finding.changed_p,
        power=power(figures, finding.sharing) if figures else None,
        blocks=None,
        caveats=case.caveats,
    )


def _why(finding: Finding, past: Past) -> str:
    figures, rule = finding.figures, finding.case.rule
    assert figures is not None  # noqa: S101 - the caller has looked
    effect, series, noise = figures.difference, past.trend.series, past.trend.noise
    assert noise is not None  # noqa: S101 - the same
    if series.relative:
        ratio = as_ratio(effect)
        moved = change_interval(ratio.value, ratio.low, ratio.high)
        floor = share(exp(noise.spread) - 1)
    else:
        moved = difference(effect.value, effect.low, effect.high, series.unit)
        floor = quantity(noise.spread, series.unit)
    against = f"{moved} against {past.told}, which vary by {floor} from run to run"
    return f"{against}: {_GROUNDS.get(finding.ground, 'not decided').format(margin=margin_text(rule))}"


_GROUNDS = {
    "proven": "proven at most {margin} worse",
    "better": "proven to be better",
    "worse": "proven to be worse, and not to stay within {margin}",
    "blind": "looks well, but one run more would hardly show a worsening of {margin}; run this build again",
    "open": "proven neither to be worse nor to stay within {margin}; run this build again",
    "same": "no difference",
    "improved": "proven to be better by more than {margin}",
    "not-improved": "proven not to be better by more than {margin}",
}


def _kills(row: Row, past: Past) -> tuple[Decision, Ground, str]:
    """Whether more were killed than before, by the exact conditional test of two Poisson rates.

    Source: Przyborowski and Wilenski, Biometrika 31 (1940) 313-323.
    """
    from scipy.special import bdtrc  # noqa: PLC0415 - imported late: `reclaim --help` needs no statistics

    before = [past.trend.series.rows[i] for i in past.runs]
    trials, lost = sum(each.trials for each in before), round(sum(each.level * each.trials for each in before))
    here = round(row.level * row.trials)
    told = f"{count(here, 'process', 'processes')} killed in {count(row.trials, 'trial')},"
    told = f"{told} {lost:,} in {trials:,} of {past.told}"
    if not here:
        return "pass", "same", told
    p = float(bdtrc(here - 1, here + lost, row.trials / (row.trials + trials)))
    if p <= ERROR:
        return "fail", "worse", f"{told}: proven to be more (p {p:.2g})"
    return "not-decided", "open", f"{told}: neither proven to be more nor to be none"


def _late(past: Past) -> tuple[Caveat, ...]:
    noise = past.trend.noise
    if noise is None or noise.memory <= 2:  # noqa: PLR2004 - twice the variance
        return ()
    return (
        Caveat(
            "noise-remembers",
            f"Runs of this history resemble those before: their mean tells like {1 / noise.memory:.0%} of them.",
            "Look for what drifts (heat, battery, another program) in the trend page.",
        ),
    )
