# SPDX-License-Identifier: Apache-2.0
"""`reclaim list`: what there is to run, to measure and to switch."""

import argparse
import json
from collections.abc import Callable
from typing import TextIO

from reports.metrics import METRICS, plugged_in
from reports.printable import printable
from workloads import load
from workloads.errors import InputError


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the command's arguments."""
    parser.add_argument("what", choices=tuple(_LISTS), nargs="?", default="experiments")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print one JSON document")
    form.add_argument(
        "--schema", action="store_true", help="of `experiments` or `workloads`: the JSON Schema of such a file"
    )


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Print one line per entry, name, then what it is; a metric, which has more to it, takes two."""
    if args.schema:
        return _schema(args.what, out)
    rows = _LISTS[args.what](err)
    if args.json:
        print(json.dumps(rows), file=out)
    elif args.what == "metrics":
        print("\n".join(line for row in rows for line in _metric_lines(row)), file=out)
    else:
        width = max(len(row["name"]) for row in rows)
        hidden = {"name", *(_JSON_ONLY if args.what == "knobs" else ())}
        for row in rows:
            shown = (text for key, text in row.items() if key not in hidden)
            print(f"{row['name']:<{width}}  " + "  ".join(shown), file=out)
    return 0


def _metric_lines(row: dict[str, str]) -> tuple[str, str]:
    better = "neither way better" if row["better"] == "none" else f"{row['better']} is better"
    needs = row["needs"].replace("|", " or ").replace(", ", ", and ") or "no trace"
    name, unit, title, source = (printable(row[key]) for key in ("name", "unit", "title", "source"))
    return (
        f"{name}  [{unit}, {better}, per {row['window']}]  {title}",
        f"    from {source}; needs {printable(needs)}",
    )


def _schema(what: str, out: TextIO) -> int:
    from workloads.schema import schema  # noqa: PLC0415 - imported late: only this answer needs it

    if what not in _FILES:
        raise InputError(f"{what} are no files, so they have no schema; ask for {' or '.join(_FILES)}")
    print(json.dumps(schema(_FILES[what]), indent=2), file=out)
    return 0


def _experiments(_err: TextIO) -> list[dict[str, str]]:
    return [{"name": name, "question": load.experiment(name)[0].question} for name in load.names("experiments")]


def _workloads(_err: TextIO) -> list[dict[str, str]]:
    return [{"name": name, "title": load.workload(name).title} for name in load.names("catalogue")]


def _metrics(err: TextIO) -> list[dict[str, str]]:
    """Ours, and those of others; one that cannot be used is one line on `err`."""
    for line in plugged_in().troubles:
        print(f"reclaim: {printable(line)}", file=err)
    return [
        {
            "name": m.name,
            "unit": m.unit,
            "better": m.better,
            "window": m.window,
            "title": m.title,
            "source": m.source,
            "needs": ", ".join(m.needs),
        }
        for m in METRICS.values()
    ]


def _knobs(err: TextIO) -> list[dict[str, str]]:
    """Knobs that are known of, whatever phone; a plug-in that is broken is one line on `err`."""
    from agent.knobs.discover import rows  # noqa: PLC0415 - imported late: other lists need none of it
    from agent.knobs.family import plugged_in  # noqa: PLC0415 - the same

    for line in plugged_in()[1]:
        print(f"reclaim: {line}", file=err)
    return list(rows())


_LISTS: dict[str, Callable[[TextIO], list[dict[str, str]]]] = {
    "experiments": _experiments,
    "workloads": _workloads,
    "metrics": _metrics,
    "knobs": _knobs,
}
_FILES = {"experiments": "experiment", "workloads": "workload"}
"""Lists of files that people write -> what such a file is called."""

_JSON_ONLY = frozenset({"where", "off", "proof", "source"})
"""What would make a line of `list knobs` too long to read."""
