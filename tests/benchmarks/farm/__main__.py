# SPDX-License-Identifier: Apache-2.0
"""A night of a farm, compressed: how much of the time phones work while work waits, and what is lost when things die.

Run as `python -m tests.benchmarks.farm [--short] [--write]`; exit status 1 where a limit is missed. Phones are fake and
their runs only wait; the store, the hosts' processes, Dask's scheduler and all that places work are the real ones.
`--write` brings the table of docs/farm.md up to date.
"""

import argparse
import random
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from tests.benchmarks.farm.night import Night, Plan
from tests.benchmarks.farm.score import Score, score

PAGE = Path(__file__).resolve().parents[3] / "docs" / "farm.md"
BEGIN, END = "<!-- table of `make bench-farm` -->\n", "<!-- end of table -->\n"
LEAST_BUSY, MOST_OVERHEAD = 0.95, 0.01
FULL = Plan(hosts=16, phones=16, jobs=24, per_job=64, trials=12, trial_s=2.0, look_s=2.0)
SHORT = Plan(hosts=3, phones=4, jobs=3, per_job=8, trials=4, trial_s=0.5, look_s=0.5)


def main(argv: Sequence[str], out: TextIO) -> int:
    """Run the night; 1 where a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.farm", description=__doc__)
    parser.add_argument(
        "--short", action="store_true", help="three hosts of four phones, as in CI: nothing lost, no speed"
    )
    parser.add_argument("--seed", type=int, default=1, help="of what dies when (default: %(default)s)")
    parser.add_argument("--write", action="store_true", help="write the table of docs/farm.md")
    args = parser.parse_args(argv)
    plan = SHORT if args.short else FULL
    with tempfile.TemporaryDirectory(prefix="farm-") as folder:
        night = Night(plan, Path(folder), random.Random(args.seed))  # noqa: S311 - a draw for a test, no secret
        found = score(plan, night.pass_by(lambda line: print(line, file=out, flush=True)), Path(folder))
    text = table(plan, found)
    print(text, file=out)
    if args.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(before + BEGIN + text + END + rest.partition(END)[2], encoding="utf-8")
    whole = not (found.lost or found.doubled)
    quick = found.busy >= LEAST_BUSY and found.overhead <= MOST_OVERHEAD
    return 0 if whole and (quick or args.short) else 1


def table(plan: Plan, found: Score) -> str:
    """Markdown."""
    died = (found.hosts_killed, found.phones_gone, found.schedulers_killed)
    gaps = " ms, ".join(f"{1000 * gap:.0f}" for gap in (found.gap_s, found.gap_99_s))
    rows = {
        "phones, hosts (processes)": f"{plan.hosts * plan.phones}, {plan.hosts}",
        "runs of jobs": f"{plan.jobs * plan.per_job} of {plan.jobs}",
        "a run": f"{plan.trials} trials of {plan.trial_s:g} s",
        "the night": f"{found.took_s:.0f} s",
        "killed: hosts' processes, phones gone for a while, schedulers": ", ".join(map(str, died)),
        "attempts that broke off": f"{found.broke_off}",
        "runs lost": f"{found.lost}",
        "runs or trials made twice": f"{found.doubled}",
        "phones at work, of the time that they are there and work waits": f"{found.busy:.1%}",
        "processor time of scheduler and hosts, of phones' time at work": f"{found.overhead:.2%}",
        "from one run's end to the next one's begin, median and 99 of 100": f"{gaps} ms",
    }
    return "| | |\n|---|--:|\n" + "".join(f"| {what} | {figure} |\n" for what, figure in rows.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdout))
