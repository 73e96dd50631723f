# SPDX-License-Identifier: Apache-2.0
"""Which planned trials count, and why the others do not; looks at no metric. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from reports.exclusions import UNWRITTEN, exclusion
from reports.record import ExclusionRule, Plan, PlannedTrial, TrialRecord

Status: TypeAlias = Literal["counts", "warm-up", "excluded", "not measured", "not run", "not needed"]


@dataclass(frozen=True)
class LedgerLine:
    """Whether one planned trial counts, and why not.

    Attributes:
        trial: the plan's line.
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
    """Say of every planned trial whether it counts.

    A trial is left out when it is a warm-up, was not run, is excluded by a rule of the plan, or has no measures.

    Args:
        plan: the trials, and the rules fixed before the first of them.
        records: those that ended.
        traced: name of each measured trial -> kills its measures count.
        stopped: block after which the run ended because it was decided: later trials are not missing.
    """
    ended, rules = {record.trial.name: record for record in records}, rules_in_force(plan)
    lines = (_line(trial, ended.get(trial.name), rules, traced.get(trial.name)) for trial in plan.trials)
    return tuple(_not_needed(line) if _after(line, stopped) else line for line in lines)


def _after(line: LedgerLine, stopped: int | None) -> bool:
    return stopped is not None and line.status == "not run" and line.trial.block > stopped


def _not_needed(line: LedgerLine) -> LedgerLine:
    return replace(line, status="not needed", reason="the run was decided before it")


def _line(
    trial: PlannedTrial, record: TrialRecord | None, rules: Sequence[ExclusionRule], traced: int | None
) -> LedgerLine:
    if record is None:
        return LedgerLine(trial, "not run", "the run ended before it", 0)
    kills, left_out = max(kills_of(record), traced or 0), exclusion(rules, record)
    if trial.block == 0:
        return LedgerLine(trial, "warm-up", "warm-ups are never compared", kills)
    if left_out is not None:
        return LedgerLine(trial, "excluded", left_out.why, kills, left_out.code)
    if traced is None:
        return LedgerLine(trial, "not measured", "no measures: run `reclaim measure` on the run", kills)
    return LedgerLine(trial, "counts", "", kills)


def kills_of(record: TrialRecord) -> int:
    """Processes killed during a trial: those its log names, or the eaters that never reported, whichever is more."""
    return max(len(record.kills), sum(not eater.survived for eater in record.eaters))
