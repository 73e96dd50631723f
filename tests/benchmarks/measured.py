# SPDX-License-Identifier: Apache-2.0
"""Full-length runs on the virtual handheld as tables of docs/measured.md: `python -m tests.benchmarks.measured RUN...`.

A run's own experiment and kcompressd's kind say which section it is; no figure is typed by hand.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from reports import units
from reports.analysis import Analysis
from reports.compare import compare_run
from reports.comparison import Comparison, compare_metric
from reports.demanded import survived
from reports.families import judge
from reports.interaction_words import between, effect, found
from reports.metrics import METRICS
from reports.questions.answers import answers, lines_of
from reports.store import RunStore
from reports.survival import survival, survival_sentence
from workloads.spec import controls

LAUNCHES = ("ttid", "main_direct_reclaim", "launch_memory_wait", "psi_memory_some")
RECLAIM = (
    "pgsteal_anon_rate", "pgscan_anon", "pgsteal_direct", "allocstall", "direct_reclaim_time", "throttled_time",
)  # fmt: skip
CPU = ("kswapd_cpu", "kcompressd_cpu", "reclaim_cpu", "reclaim_cpu_per_1000_pages", "direct_reclaim_cpu")
QUEUE = (
    "queue_peak", "queue_area", "queue_delay", "queue_above_8mib", "nr_writeback_peak", "pgrotated", "rescan_ratio",
    "immediate_reclaim", "mem_free_min", "kills_while_queued",
)  # fmt: skip
SPLIT = (
    "kswapd_compress_cpu", "kswapd_other_cpu", "kswapd_compress_share", "compress_cpu_per_1000_calls",
    "kswapd_other_cpu_per_1000_pages", "kcompressd_compress_calls",
)  # fmt: skip
OUTCOMES = ("demand_filled", "swap_fill_max", "zram_ratio", "kills")
TRACING = ("am_total_time", "pgsteal_direct", "allocstall", "pgsteal_kswapd", "pgscan_anon", "psi_memory_some", "kills")


HEAD = """\
<!-- SPDX-License-Identifier: Apache-2.0 -->
# Measured

Full-length runs of experiments that ship, on the virtual handheld, one after the other on a computer with two cores
that did nothing else; `python -m tests.benchmarks.measured RUN...` makes this page of them, no figure is typed. The
handheld is no phone ([handheld.md](handheld.md)): read which way and how surely a figure moves, not how much it is.
Differences are means over blocks with 95 % intervals; in brackets the change in percent, told where the interval
leaves zero out. Blocks in which somebody was killed are left out of all metrics but those of kills: n counts those
that are left.

All but keep-alive's run were made with an earlier dose of `launches-under-pressure`, by which apps were launched before
swapping began: read of them what reclaim and the queue did, not what became of launches.
"""


@dataclass(frozen=True)
class Section:
    """One chapter of the document.

    Attributes:
        title: of it.
        tables: heading -> metrics.
    """

    title: str
    tables: dict[str, tuple[str, ...]]


_LEVEL = {"Launches and pressure": LAUNCHES, "Reclaim": RECLAIM, "CPU time": CPU, "The queue": QUEUE, "Dose": OUTCOMES}
SECTIONS = {
    "kcompressd": Section("kcompressd off and on", _LEVEL),
    "attribution": Section("Of kswapd's time, what is compression", {"The split": SPLIT}),
    "kcompressd-by-algorithm": Section("By compressor", {"Effects": (*RECLAIM, *CPU, "ttid", "queue_peak")}),
    "price-of-tracing": Section("What recording a trace costs", {"traced against untraced": TRACING}),
    "keep-alive": Section("Who stays alive", {"Survivors": ("survivors", "kills")}),
    "busy-cpus": Section("With every processor busy", {"Effects": (*RECLAIM, *CPU, "ttid")}),
}


def main(argv: Sequence[str], out: TextIO) -> int:
    """Print the document."""
    if not argv:
        print("usage: python -m tests.benchmarks.measured RUN...", file=out)
        return 2
    out.write(f"{HEAD}\n")
    for run in argv:
        store = RunStore.open(Path(run))
        out.write("\n".join((*_chapter(store, compare_run(store)), "", "")))
    return 0


def _chapter(store: RunStore, analysis: Analysis) -> Iterator[str]:
    experiment = analysis.run.experiment
    section = SECTIONS[experiment.name]
    level = "mm level" if "vm/kcompressd" in store.device.knobs.get("kcompressd", "") else "zram level"
    yield f"## {section.title}, {level}"
    yield ""
    yield f"> {experiment.question}"
    yield ""
    counted = sum(line.status == "counts" for line in analysis.ledger)
    left_out = [line for line in analysis.ledger if line.status == "excluded"]
    yield f"`reclaim run {experiment.name}`: {counted} trials count, {len(left_out)} left out by rule."
    yield ""
    for heading, metrics in section.tables.items():
        yield from _table(analysis, heading, metrics)
    if analysis.interactions:
        yield from _interactions(analysis)
    for line in (*survived(analysis), *map(survival_sentence, survival(analysis))):
        yield from (line, "")
    for price in analysis.prices:
        yield from (price.told(store.device, store.name), "")
    for answer in answers(analysis):
        if answer.sentences:
            yield from (f"**{answer.question.asked}** " + " ".join(lines_of(answer)), "")


def _table(analysis: Analysis, heading: str, metrics: tuple[str, ...]) -> Iterator[str]:
    found = {(each.arm, each.metric.name): each for each in _compared(analysis, metrics)}
    for arm in dict.fromkeys(arm for arm, _ in found):
        rows = [found[arm, name] for name in metrics if (arm, name) in found]
        yield f"| {heading} | {rows[0].control} | {arm} | difference, 95 % | n |"
        yield "|---|--:|--:|--:|--:|"
        yield from map(_row, rows)
        yield ""


def _compared(analysis: Analysis, metrics: tuple[str, ...]) -> Iterator[Comparison]:
    """Those of the run's table, and the others compared here, as a family of their own in each arm."""
    arms = analysis.run.experiment.arms
    have = {(each.arm, each.metric.name): each for each in analysis.comparisons}
    for arm, control in controls(arms, analysis.run.experiment.control, analysis.run.experiment.treatment).items():
        if control is None or arm == control:
            continue
        missing = [METRICS[name] for name in metrics if (arm, name) not in have]
        fresh = [made for metric in missing if (made := compare_metric(metric, arm, control, analysis.trials)).n]
        yield from (have[arm, name] for name in metrics if (arm, name) in have)
        yield from judge(fresh, ())


def _row(each: Comparison) -> str:
    unit = each.metric.unit
    if each.difference is None or each.control_mean is None or each.arm_mean is None:
        return f"| {each.metric.name} | - | - | - | {each.n} |"
    means = [units.quantity(value, unit) for value in (each.control_mean, each.arm_mean)]
    effect_, share = each.difference, each.relative
    told = units.difference(effect_.value, effect_.low, effect_.high, unit)
    if share is not None and effect_.excludes(0.0):
        told += f" ({units.change(share.value)})"
    return f"| {each.metric.name} | {means[0]} | {means[1]} | {told} | {each.n} |"


def _interactions(analysis: Analysis) -> Iterator[str]:
    first = analysis.interactions[0].contrast
    yield f"| does the effect differ? | with {first.base} | with {first.level} | between them | |"
    yield "|---|--:|--:|--:|---|"
    for each in analysis.interactions:
        cells = (each.metric.name, effect(each, each.at_base), effect(each, each.at_level), between(each), found(each))
        yield "| " + " | ".join(cells) + " |"
    yield ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout))
