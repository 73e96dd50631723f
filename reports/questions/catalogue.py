# SPDX-License-Identifier: Apache-2.0
"""What was asked of kcompressd while it was under review on linux-mm (7 March to 9 July 2025), as data.

Threads: the series of 7 March 2025 (cover and patches 1/2, 2/2), Barry Song's seed reply and his prototype of 13 March,
and the patch of 30 April, all on linux-mm@kvack.org.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Look: TypeAlias = Literal["effect", "level", "factor", "steps", "processor", "phones", "kernel"]
"""What can answer a question.

`effect`: arms with kcompressd on against arms with it off, nothing else different; `level`: what the arms with it on
measure by themselves; `factor`: whether that effect depends on another setting; `steps`: several of its numbers beside
off; `processor`, `phones`, `kernel`: no run of one phone and one kernel.
"""

KCOMPRESSD = "kcompressd"
"""Name of the knob; its other parts (`kcompressd.queue`) are knobs of their own."""


@dataclass(frozen=True)
class Question:
    """One question of the review.

    Attributes:
        key: stable name, kebab-case.
        asked: the question, one sentence.
        by: who asked.
        look: what can answer it.
        metrics: the evidence, most telling first.
        command: the command whose run answers it.
        factor: the other setting, for `factor`; for `effect` a setting that the workload must have.
        why_not: why a run without what the question needs cannot answer it.
        compare_with: a figure that was published, and what it says; empty where none was.
    """

    key: str
    asked: str
    by: str
    look: Look
    metrics: tuple[str, ...] = ()
    command: str = "reclaim run kcompressd"
    factor: str = ""
    why_not: str = "no two of its arms differ in kcompressd alone, one of them with it off"
    compare_with: str = ""


QUESTIONS = (
    Question(
        "direct-reclaim",
        "Does direct reclaim fall, although only what kswapd swaps out is handed over?",
        "Barry Song, Minchan Kim",
        "effect",
        ("pgsteal_direct", "direct_share", "allocstall", "direct_reclaim_time", "direct_reclaim_cpu"),
        compare_with="Published: allocation stalls more than halved (Barry Song, phones, one thread; 13 March 2025).",
    ),
    Question(
        "throughput",
        "Does kswapd reclaim anonymous pages faster, and where is the bottleneck?",
        "Nhat Pham",
        "effect",
        ("pgsteal_anon_rate", "kswapd_awake", "reclaim_efficiency"),
        compare_with="Published: 300,000 to more than 800,000 pages/s (x2.67), lz4, clocks fixed, one memory eater"
        " (Qun-Wei Lin; 10 March 2025).",
    ),
    Question(
        "queue-memory",
        "Do the pages that wait to be compressed take up memory meanwhile?",
        "Barry Song",
        "effect",
        ("queue_peak", "queue_area", "queue_above_8mib", "mem_free_min", "mem_available_min", "kills_while_queued"),
    ),
    Question(
        "rescan",
        "How long do pages wait, and are they soon scanned again?",
        "Barry Song",
        "effect",
        ("queue_delay", "rescan_ratio", "rotated_share", "immediate_reclaim"),
        compare_with="Published without a figure: pgrotated rises (Qun-Wei Lin; 10 March 2025).",
    ),
    Question(
        "algorithm",
        "Does it help with zstd as it does with lz4?",
        "Barry Song",
        "factor",
        command="reclaim run kcompressd-by-algorithm",
        factor="zram.algorithm",
        why_not="all its arms use one compressor",
        compare_with="Published: about 800,000 pages/s with either, no table (Qun-Wei Lin; 10 March 2025).",
    ),
    Question(
        "split",
        "What share of reclaim's CPU time is compression?",
        "Barry Song",
        "effect",
        ("kswapd_compress_share", "kcompressd_share"),
        command="reclaim run attribution",
        compare_with="Published: scanning 3, compressing 7 (Qun-Wei Lin; 10 March 2025).",
    ),
    Question(
        "cost",
        "What does it cost in CPU time, heat and energy?",
        "Barry Song",
        "effect",
        (
            "reclaim_cpu",
            "reclaim_cpu_per_1000_pages",
            "reclaim_cpu_big",
            "reclaim_cpu_little",
            "temperature_max",
            "energy_rails",
            "battery_charge_used",
        ),
    ),
    Question(
        "kills",
        "Does memory that waits in a queue get processes killed?",
        "Sergey Senozhatsky, on forward progress",
        "effect",
        ("kills", "kills_oom", "kills_lmkd", "kills_while_queued"),
    ),
    Question(
        "busy-processors",
        "Does it still help when all processors are busy?",
        "Barry Song",
        "factor",
        command="reclaim run busy-cpus",
        factor="pressure.cpu_load",
        why_not="all its arms keep equally many processors busy",
    ),
    Question(
        "threads",
        "How many threads should it have?",
        "Barry Song, Hillf Danton, Harry Yoo, Zi Yan",
        "steps",
        ("pgsteal_direct", "reclaim_cpu", "ttid"),
        command="reclaim run kcompressd-threads",
        why_not="it has no two arms with kcompressd on that differ in its number alone",
    ),
    Question(
        "waiting-threads",
        "Do its threads get a processor, and do they keep kswapd from one?",
        "Sergey Senozhatsky",
        "effect",
        ("kcompressd_runnable", "kswapd_runnable", "throttled_time"),
    ),
    Question(
        "faults",
        "Do apps wait longer for pages that are on their way to swap?",
        "Sergey Senozhatsky",
        "effect",
        ("ttid", "launch_memory_wait", "main_uninterruptible", "launch_swap_in", "launch_major_faults"),
    ),
    Question(
        "same-filled",
        "How much of what is queued needs no compressor: pages of one byte throughout?",
        "Sergey Senozhatsky",
        "level",
        ("zram_same_pages", "pswpout"),
        why_not="its records hold no mm_stat of zram from an arm with kcompressd on",
    ),
    Question(
        "incompressible",
        "What is left of it when memory does not compress?",
        "Nhat Pham",
        "effect",
        ("pgsteal_direct", "pgsteal_anon_rate", "reclaim_cpu_per_1000_pages", "zram_huge_written"),
        command="reclaim run incompressible",
        factor="incompressible",
        why_not="no memory of its workload is made not to compress",
    ),
    Question(
        "one-processor",
        "Is it a loss where there is one processor?",
        "Barry Song, Andrew Morton",
        "processor",
        ("pgsteal_direct", "reclaim_cpu", "ttid"),
        command="reclaim handheld start --keep --cpus 1; reclaim run kcompressd",
        why_not="its phone has {cpus} processors online",
    ),
    Question(
        "phones",
        "Does it hold on other machines?",
        "Andrew Morton",
        "phones",
        command="reclaim run kcompressd -s all",
        why_not="it is of one phone",
    ),
    Question(
        "price-of-off",
        "What does the patch cost while it is off?",
        "Johannes Weiner",
        "kernel",
        command="reclaim compare TRACE... --against TRACE...",
        why_not="its arms run one kernel: off is that kernel with idle threads, not one without the patch. Record the"
        " same launches on a build without it and hold its traces against those of this run's off arm",
    ),
)
"""In the order in which they are told."""
