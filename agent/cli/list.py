# SPDX-License-Identifier: Apache-2.0
"""`reclaim list`: what there is to run and to measure."""

import argparse
import json
from typing import TextIO

from reports.metrics import METRICS
from workloads import load


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("what", choices=("experiments", "workloads", "metrics"), nargs="?", default="experiments")
    parser.add_argument("--json", action="store_true", help="print one JSON document")


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Print one line per entry: name, then what it is."""
    del err
    rows = {"experiments": _experiments, "workloads": _workloads, "metrics": _metrics}[args.what]()
    if args.json:
        print(json.dumps(rows), file=out)
    else:
        width = max(len(row["name"]) for row in rows)
        for row in rows:
            print(f"{row['name']:<{width}}  " + "  ".join(str(row[key]) for key in row if key != "name"), file=out)
    return 0


def _experiments() -> list[dict[str, str]]:
    return [{"name": name, "question": load.experiment(name)[0].question} for name in load.names("experiments")]


def _workloads() -> list[dict[str, str]]:
    return [{"name": name, "title": load.workload(name).title} for name in load.names("catalogue")]


def _metrics() -> list[dict[str, str]]:
    return [
        {"name": m.name, "unit": m.unit, "better": m.better, "title": m.title, "source": m.source}
        for m in METRICS.values()
    ]
