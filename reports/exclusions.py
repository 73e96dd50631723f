# SPDX-License-Identifier: Apache-2.0
"""Rules by which a trial may be left out of comparisons, and how each is judged. Pure.

They are written into the plan before the first trial, and nothing else leaves a trial out: whoever could still choose
after seeing the figures would choose the answer (Simmons, Nelson, Simonsohn, Psychol. Sci. 22 (2011) 1359-1366). None
looks at a metric.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reports.record import Caveat, ExclusionRule, ProofOutcome, TrialRecord
from reports.units import count
from workloads.spec import Exclude

BUSY_HOST = "busy-host"
BUSY_HOST_CORES = 0.3
"""From here on a trial carries a caveat, rule or not: on two cores this much has hidden an effect."""

BY_RECORD = "by-record"
_OUTCOMES: Mapping[str, ProofOutcome] = {"setting-not-taken": "not_taken", "setting-not-exercised": "not_exercised"}
_BUILT_IN = (
    ExclusionRule("setting-not-taken", "A setting of its arm was not in force."),
    ExclusionRule("setting-not-exercised", "Too little happened to prove a setting of its arm by what it did."),
)
UNWRITTEN = (ExclusionRule(BY_RECORD, "Its record says that it does not count."), _BUILT_IN[0])
"""Rules of runs of before rules were written down."""


@dataclass(frozen=True)
class Exclusion:
    """Why a trial is left out: the rule's code, and what was seen, in words."""

    code: str
    why: str


@dataclass(frozen=True)
class _Limit:
    """A rule with a limit: what is looked at, in words, and where it stands in a record (None: not recorded)."""

    what: str
    figure: Callable[[TrialRecord], float | None]


def _higher(one: float | None, other: float | None) -> float | None:
    return max((figure for figure in (one, other) if figure is not None), default=None)


_LIMITS: Mapping[str, _Limit] = {
    "battery-hot": _Limit(
        "battery temperature in degrees C", lambda record: _higher(record.before.battery_c, record.after.battery_c)
    ),
    "thermal-status": _Limit(
        "thermal status", lambda record: _higher(record.before.thermal_status, record.after.thermal_status)
    ),
    BUSY_HOST: _Limit("cores of the host kept busy by programs besides the handheld", lambda record: record.host_busy),
}


def rules_of(exclude: Exclude) -> tuple[ExclusionRule, ...]:
    """The rules of an experiment: those that always hold, and one per limit it sets."""
    limits = (exclude.battery_c_above, exclude.thermal_status_above, exclude.host_busy_above)
    return (
        *_BUILT_IN,
        *(
            ExclusionRule(code, f"Above {limit:g}: {_LIMITS[code].what}.", limit)
            for code, limit in zip(_LIMITS, limits, strict=True)
            if limit is not None
        ),
    )


def exclusion(rules: Sequence[ExclusionRule], record: TrialRecord) -> Exclusion | None:
    """The first rule that leaves a trial out; None when it counts."""
    found = (Exclusion(rule.code, why) for rule in rules if (why := _why(rule, record)) is not None)
    return next(found, None)


def _why(rule: ExclusionRule, record: TrialRecord) -> str | None:
    if rule.code == BY_RECORD:
        return record.excluded
    if rule.code in _OUTCOMES:
        outcome = _OUTCOMES[rule.code]
        blamed = ((knob, proof) for knob, proof in record.proof.items() if proof.outcome == outcome)
        return next((f"{knob} {outcome.replace('_', ' ')}: {proof.why}" for knob, proof in blamed), None)
    seen = _figure(rule, record)
    if seen is None or rule.limit is None or seen <= rule.limit:
        return None
    return f"{_LIMITS[rule.code].what}: {seen:.3g}, the limit is {rule.limit:g}"


def _figure(rule: ExclusionRule, record: TrialRecord) -> float | None:
    return _LIMITS[rule.code].figure(record) if rule.code in _LIMITS else None


def not_judged(rules: Sequence[ExclusionRule], records: Sequence[TrialRecord]) -> Iterator[Caveat]:
    """Rules that could not be applied, and records that call a trial left out though no rule does."""
    for rule in rules:
        blind = [record for record in records if _figure(rule, record) is None]
        if blind and rule.code not in _OUTCOMES and rule.code != BY_RECORD:
            yield Caveat(
                "rule-not-judged",
                f"The rule {rule.code} could not be applied to {count(len(blind), 'trial')}: nothing to judge it by.",
                "Leave the rule out of [exclude] where the phone does not tell the figure.",
            )
    if all(rule.code != BY_RECORD for rule in rules):
        unruled = [record for record in records if record.excluded is not None and exclusion(rules, record) is None]
        if unruled:
            yield Caveat(
                "excluded-without-rule",
                f"The record of {count(len(unruled), 'trial')} says it is left out, but no rule of the plan does so.",
                "It counts: only rules fixed before the run leave trials out.",
            )
