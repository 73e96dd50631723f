# SPDX-License-Identifier: Apache-2.0
"""Whether a run can be trusted, arm by arm: what counted, what the arms met before, what the dose did, order. Pure."""

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence

from reports.analysis import Analysis
from reports.comparison import KILLS
from reports.metrics import METRICS
from reports.page.pieces import Check
from reports.page.setting import arm_order
from reports.record import TrialRecord
from reports.statistics.paired import drift
from reports.units import difference, together
from reports.wording import sentence, title

_CONDITIONS: Mapping[str, tuple[str, Callable[[TrialRecord], float | None]]] = {
    "Battery, before a trial": ("celsius", lambda record: record.before.battery_c),
    "Battery level, before": ("%", lambda record: record.before.battery_percent),
    "Thermal status, highest": ("", lambda record: _highest(record.before.thermal_status, record.after.thermal_status)),
    "MemAvailable, before": ("bytes", lambda record: record.before.mem_available_bytes),
    "Other load on the host": ("processors", lambda record: record.host_busy),
    "Memory asked for": ("bytes", lambda record: sum(each.filled_bytes for each in record.eaters) or None),
}
"""What every arm should have met alike -> unit, and where it stands in a record (None: not recorded)."""

_OUTCOMES: Mapping[str, tuple[str, Callable[[TrialRecord], float | None]]] = {
    "Time to fill that memory": ("s", lambda record: max((each.fill_s for each in record.eaters), default=None)),
    "Pages written to swap": ("pages", lambda record: record.vmstat.get("pswpout")),
    "MemAvailable, after": ("bytes", lambda record: record.after.mem_available_bytes),
}
"""What the dose did: a difference may be the effect."""

_REACHED = ("mem_available_min", "swap_fill_max", "swap_used_max", "psi_memory_some", "psi_memory_full")
"""Metrics that say how far memory was filled in the end: outcomes, too."""


def checks(analysis: Analysis) -> tuple[Check, ...]:
    """Every condition that was recorded; () for a run without trials."""
    arms = arm_order(analysis.run.experiment)
    counting = {line.trial.name for line in analysis.ledger if line.status == "counts"}
    records = {
        arm: [each for each in analysis.run.records if each.trial.arm == arm and each.trial.name in counting]
        for arm in arms
    }
    if not counting:
        return ()
    found = [*_counts(analysis, arms, records)]
    found += [_figures(what, *how, records, judged=True) for what, how in _CONDITIONS.items()]
    found += [_figures(what, *how, records, judged=False) for what, how in _OUTCOMES.items()]
    found += _reached(analysis, arms)
    return tuple(each for each in found if any(each.figures))


def _reached(analysis: Analysis, arms: Sequence[str]) -> Iterator[Check]:
    """How full memory and zram were, and how long tasks waited for memory, arm by arm."""
    for name in _REACHED:
        metric = METRICS[name]
        seen = {
            arm: [each.values[name][0] for each in analysis.trials if each.arm == arm and name in each.values]
            for arm in arms
        }
        yield _judged(metric.title, tuple(_range(values, metric.unit) for values in seen.values()))


def _counts(analysis: Analysis, arms: Sequence[str], records: Mapping[str, Sequence[TrialRecord]]) -> Iterator[Check]:
    lines = {arm: [each for each in analysis.ledger if each.trial.arm == arm and each.trial.block > 0] for arm in arms}
    planned = [sum(each.trial.attempt == 1 and each.status != "not needed" for each in lines[arm]) for arm in arms]
    missing = [
        plan - sum(each.status == "counts" for each in lines[arm]) for arm, plan in zip(arms, planned, strict=True)
    ]
    yield _shares("Trials planned that do not count", missing, planned)
    yield _shares("Trials left out by rule", [sum(each.status == "excluded" for each in lines[arm]) for arm in arms])
    yield _shares("Processes killed", [sum(each.kills for each in lines[arm]) for arm in arms])
    proofs = [[proof.outcome != "taken" for each in records[arm] for proof in each.proof.values()] for arm in arms]
    yield _shares(
        "Settings not proved by what they did", [sum(many) for many in proofs], [len(many) for many in proofs]
    )
    failed = [[launch.status != "ok" for each in records[arm] for launch in each.launches] for arm in arms]
    yield _shares("Launches that failed", [sum(many) for many in failed], [len(many) for many in failed])
    lost = [[_lost(analysis, each) for each in records[arm]] for arm in arms]
    yield _shares("Trials whose trace lost data", [sum(many) for many in lost], [len(many) for many in lost])


def _lost(analysis: Analysis, record: TrialRecord) -> bool:
    caveats = (*record.caveats, *analysis.run.caveats.get(record.trial.name, ()))
    return any(caveat.code.startswith("lost") for caveat in caveats)


def _shares(what: str, counts: Sequence[int], of: Sequence[int] = ()) -> Check:
    """So many, of so many; nothing is told of none."""
    told = [str(count) for count in counts]
    if of:
        told = [f"{count} of {whole}" if whole else "" for count, whole in zip(counts, of, strict=True)]
    return _judged(what, tuple(told), alike=len(set(counts)) == 1)


def _judged(what: str, told: tuple[str, ...], *, alike: bool | None = None) -> Check:
    if alike is None or len(told) == 1:
        return Check(what, told, "", "unknown")
    return Check(what, told, "alike" if alike else "differs", "same" if alike else "moved")


def _figures(
    what: str,
    unit: str,
    figure: Callable[[TrialRecord], float | None],
    records: Mapping[str, Sequence[TrialRecord]],
    *,
    judged: bool,
) -> Check:
    """Median and range of a figure per arm; alike where each median lies within what every other arm saw."""
    seen = [[value for each in many if (value := figure(each)) is not None] for many in records.values()]
    told = tuple(_range(values, unit) for values in seen)
    if not judged or not all(seen):
        return _judged(what, told)
    middles = [statistics.median(values) for values in seen]
    alike = all(min(values) <= middle <= max(values) for middle in middles for values in seen)
    return _judged(what, told, alike=alike)


def _range(values: Sequence[float], unit: str) -> str:
    if not values:
        return ""
    texts, symbol = together([statistics.median(values), min(values), max(values)], unit)
    told = texts[0] if texts[1] == texts[2] else f"{texts[0]} ({texts[1]} to {texts[2]})"
    return f"{told} {symbol}".rstrip()


def _highest(*values: int | None) -> int | None:
    return max((value for value in values if value is not None), default=None)


def order_test(analysis: Analysis) -> Iterator[str]:
    """Whether the primary metrics moved from trial to trial whatever the arm, a sentence per metric and arm."""
    for each in analysis.comparisons:
        if each.metric.name not in analysis.run.experiment.primary or each.metric.name == KILLS:
            continue
        used = [pair for pair in each.pairs if each.uses(pair)]
        found = drift([pair.difference for pair in used], [float(pair.lag) for pair in used])
        if found is not None:
            size = difference(found.value, found.low, found.high, each.metric.unit)
            word = "a drift" if found.excludes(0.0) else "no detectable drift"
            yield sentence(f"{title(each.metric)}, {each.arm} against {each.control}: {word}, {size} per trial")
