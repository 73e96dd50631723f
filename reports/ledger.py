# SPDX-License-Identifier: Apache-2.0
"""Which planned trials count, and why the others do not; looks at no metric. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from reports.exclusions import BY_RECORD, UNWRITTEN, exclusion
from reports.record import Caveat, ExclusionRule, Plan, PlannedTrial, TrialRecord

Status: TypeAlias = Literal["counts", "warm-up", "excluded", "not measured", "not run", "not needed"]


@dataclass(frozen=True)
class LedgerLine:
    """Whether one trial counts, and why not.

    Attributes:
        trial: the plan's line, and which attempt at it.
        status: `counts`, or what keeps it out of comparisons.
        reason: in words; empty when it counts.
        kills: processes killed during it; 0 when it was not run.
        rule: code of the rule that excludes it; empty unless one does.
    """

    trial: PlannedTrial
    status: Status
    reason: str
    kills: int
    rule: str = ""


def rules_in_force(plan: Plan) -> tuple[ExclusionRule, ...]:
    """The rules of a plan; of one from before they were written down, those that held then."""
    return plan.exclusions or UNWRITTEN


def keep_ledger(
    plan: Plan, records: Sequence[TrialRecord], traced: Mapping[str, int], stopped: int | None = None
) -> tuple[LedgerLine, ...]:
    """Say of every planned trial whether it counts, and of every trial that was repeated.

    A trial is left out when it is a warm-up, was not run, is excluded by a rule of the plan, or has no measures.
    Of one place in the plan at most the last trial counts.

    Args:
        plan: the trials, and the rules fixed before the first of them.
        records: those that ended.
        traced: name of each measured trial -> kills its measures count.
        stopped: block after which the run ended because it was decided: later trials are not missing.
    """
    ended, rules = attempts(records), rules_in_force(plan)
    lines: list[LedgerLine] = []
    for trial in plan.trials:
        *before, last = ended.get(trial.place, (None,))
        lines += [_repeated(_line(trial, record, rules, traced)) for record in before]
        lines.append(_line(trial, last, rules, traced))
    return tuple(_not_needed(line) if _after(line, stopped) else line for line in lines)


def attempts(records: Sequence[TrialRecord]) -> dict[str, tuple[TrialRecord, ...]]:
    """Place of the plan -> records of what was run there, in order."""
    places: dict[str, tuple[TrialRecord, ...]] = {}
    for record in sorted(records, key=lambda record: record.trial.attempt):
        places[record.trial.place] = (*places.get(record.trial.place, ()), record)
    return places


def put_back(ledger: Sequence[LedgerLine], measured: Collection[str]) -> list[LedgerLine]:
    """The trials as they would count without rules: of each place the first attempt that was measured."""
    places: dict[int, LedgerLine] = {}
    for line in ledger:
        if line.status == "counts" or (line.status == "excluded" and line.trial.name in measured):
            places.setdefault(line.trial.index, line)
    return list(places.values())


def _after(line: LedgerLine, stopped: int | None) -> bool:
    return stopped is not None and line.status == "not run" and line.trial.block > stopped


def _not_needed(line: LedgerLine) -> LedgerLine:
    return replace(line, status="not needed", reason="the run was decided before it")


def _repeated(line: LedgerLine) -> LedgerLine:
    why = f"{line.reason}; it was repeated" if line.reason else "it was repeated"
    return replace(line, status="excluded", reason=why, rule=line.rule or BY_RECORD)


def _line(
    planned: PlannedTrial, record: TrialRecord | None, rules: Sequence[ExclusionRule], traced: Mapping[str, int]
) -> LedgerLine:
    if record is None:
        return LedgerLine(planned, "not run", "the run ended before it", 0)
    trial = replace(planned, attempt=record.trial.attempt)
    kills, left_out = max(kills_of(record), traced.get(trial.name, 0)), exclusion(rules, record)
    if trial.block == 0:
        return LedgerLine(trial, "warm-up", "warm-ups are never compared", kills)
    if left_out is not None:
        return LedgerLine(trial, "excluded", left_out.why, kills, left_out.code)
    if trial.name not in traced:
        return LedgerLine(trial, "not measured", "no measures: run `reclaim measure` on the run", kills)
    return LedgerLine(trial, "counts", "", kills)


def kills_of(record: TrialRecord) -> int:
    """Processes killed during a trial: those its log names, or the eaters that never reported, whichever is more."""
    return max(len(record.kills), sum(not eater.survived for eater in record.eaters))


def not_exercised(record: TrialRecord) -> Iterator[Caveat]:
    """Tell which settings of a trial are proven by nothing but their read-back."""
    for knob, proof in record.proof.items():
        if proof.outcome == "not_exercised":
            yield Caveat(
                f"not-exercised-{knob}",
                f"{knob} read back as set, but too little happened to prove it by its effect.",
                "Raise the dose so that kswapd has to write.",
            )
