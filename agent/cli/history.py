# SPDX-License-Identifier: Apache-2.0
"""`reclaim history`: many runs over months: add, list, trend, pin, unpin, bisect."""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TextIO
from urllib.parse import urlsplit

from workloads.errors import InputError

if TYPE_CHECKING:
    from reports.history.changes import Trend
    from reports.history.series import Series
    from reports.history.store import HistoryStore, Wanted

_PLACE = """\
A history is a folder (also on NFS) or a URL that fsspec knows, such as s3://bucket/history: --history, else
RECLAIM_HISTORY, else a folder of yours. Any number of computers may add to one at once."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    parser.epilog = _PLACE
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=type(parser))
    adding = actions.add_parser("add", help="keep runs; one that is there already changes nothing")
    listing = actions.add_parser("list", help="which runs are kept, and which baselines are pinned")
    trend = actions.add_parser("trend", help="where figures changed: since which build, by how much")
    pin = actions.add_parser("pin", help="pin runs or builds as a baseline for `reclaim gate --against`")
    unpin = actions.add_parser("unpin", help="forget a baseline")
    bisect = actions.add_parser("bisect", help="which build to run next between a good and a bad one")
    adding.add_argument("run", metavar="RUN", type=Path, nargs="+", help="a run directory")
    adding.add_argument("--report", metavar="URL", default="", help="where the run's page is served (one RUN)")
    for action in (listing, trend, bisect):
        _add_filters(action)
    _add_trend(trend)
    _add_bisect(bisect)
    for action in (pin, unpin):
        action.add_argument("--name", default="default", help="of the baseline (default: %(default)s)")
    pin.add_argument("what", metavar="RUN_OR_BUILD", nargs="+", help="a run's name or id, a fingerprint or a kernel")
    for action in (adding, listing, trend, pin, unpin, bisect):
        action.add_argument("--history", metavar="URL", help="where it is")
        action.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def _add_filters(action: argparse.ArgumentParser) -> None:
    action.add_argument("--model", default="", help="phones of this model only")
    action.add_argument("--experiment", default="", metavar="NAME", help="runs of this experiment only")
    action.add_argument("--arm", default="", metavar="NAME", help="this arm only")
    action.add_argument("--since", default="", metavar="DAY", help="runs from this day on, as 2026-11-23")


def _add_trend(trend: argparse.ArgumentParser) -> None:
    trend.add_argument("--metric", action="append", default=[], metavar="NAME", help="default: each run's primary ones")
    trend.add_argument("--effect", action="store_true", help="follow arms against their control, not by themselves")
    trend.add_argument(
        "--builds", metavar="FILE", type=Path, help="builds, oldest first, one fingerprint or kernel a line"
    )
    trend.add_argument(
        "-o", "--output", metavar="FILE", type=Path, help="write the page, each run linked to its report"
    )


def _add_bisect(bisect: argparse.ArgumentParser) -> None:
    bisect.add_argument("--metric", required=True, metavar="NAME", help="what changed")
    bisect.add_argument("--effect", action="store_true", help="of the arm against its control")
    bisect.add_argument("--good", metavar="BUILD", help="a build before the change (default: the newest change's)")
    bisect.add_argument("--bad", metavar="BUILD", help="a build after it")
    bisect.add_argument("--builds", metavar="FILE", type=Path, help="builds that exist, oldest first, run or not")


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Run the action.

    Returns:
        0.

    Raises:
        InputError: words that do not fit what the history holds.
        StoreError: a run or the history cannot be read or written.
        SetupError: a package of the extra `history` is missing.
    """
    from reports.history.store import default_url, open_history  # noqa: PLC0415 - imported late: --help must stay quick

    actions: dict[str, Callable[[argparse.Namespace, HistoryStore, TextIO], None]] = {
        "add": _add, "list": _list, "trend": _trend, "pin": _pin, "unpin": _unpin, "bisect": _bisect,
    }  # fmt: skip
    del err
    actions[args.action](args, open_history(args.history or default_url()), out)
    return 0


def _add(args: argparse.Namespace, history: "HistoryStore", out: TextIO) -> None:
    from reports.compare import compare_run  # noqa: PLC0415 - imported late: --help must stay quick
    from reports.history.rows import rows_of  # noqa: PLC0415 - the same
    from reports.store import RunStore  # noqa: PLC0415 - the same

    if args.report and (len(args.run) > 1 or urlsplit(args.report).scheme not in ("http", "https", "file")):
        raise InputError(f"{args.report}: give one run and an address that begins with http, https or file")
    stores = [RunStore.open(run) for run in args.run]
    read = [rows_of(compare_run(store), str(store.path.resolve()), args.report) for store in stores]
    added = {str(store.path): history.add(rows) for store, rows in zip(stores, read, strict=True)}
    _answer(args, out, {"history": history.url, "runs": added}, [f"{path}: {what}" for path, what in added.items()])


def _list(args: argparse.Namespace, history: "HistoryStore", out: TextIO) -> None:
    from reports.history.text import list_document, list_lines  # noqa: PLC0415 - imported late: --help must stay quick

    rows, pinned = history.rows(_wanted(args, (), runs=True)), history.baselines()
    _answer(args, out, list_document(rows, pinned), list_lines(rows, pinned) or [f"{history.url}: holds no such run"])


def _trend(args: argparse.Namespace, history: "HistoryStore", out: TextIO) -> None:
    from reports.history.text import trend_document, trend_lines  # noqa: PLC0415 - imported late: --help must stay quick
    from reports.outputs.files import check_named, write_named  # noqa: PLC0415 - the same

    if args.output:
        check_named(args.output)
    trends = _followed(args, history, tuple(args.metric))
    if args.output:
        from reports.history.page import trend_page  # noqa: PLC0415 - imported late: few ask for the page

        write_named({args.output: trend_page(trends, history.url).encode()})
    named = [str(args.output)] if args.output else []
    _answer(args, out, trend_document(trends), [*trend_lines(trends), *named])


def _pin(args: argparse.Namespace, history: "HistoryStore", out: TextIO) -> None:
    from reports.history.series import build_of  # noqa: PLC0415 - imported late: --help must stay quick
    from reports.history.store import Wanted  # noqa: PLC0415 - the same

    rows = history.rows(Wanted(runs=True))
    runs: list[str] = []
    for word in args.what:
        found = [row.run_id for row in rows if word in (row.run, row.run_id) or build_of(row, word)]
        if not found:
            raise InputError(
                f"{word}: is neither a run nor a build of {history.url}; `reclaim history list` names them"
            )
        runs += found
    kept = history.pin(args.name, runs)
    _answer(args, out, {"name": kept.name, "runs": kept.runs}, [f"baseline {kept.name}: {len(kept.runs)} runs"])


def _unpin(args: argparse.Namespace, history: "HistoryStore", out: TextIO) -> None:
    if not history.unpin(args.name):
        raise InputError(f"{history.url}: has no baseline {args.name!r}; `reclaim history list` names them")
    _answer(args, out, {"unpinned": args.name}, [f"baseline {args.name}: forgotten"])


def _bisect(args: argparse.Namespace, history: "HistoryStore", out: TextIO) -> None:
    from reports.history.bisect import bisect  # noqa: PLC0415 - imported late: --help must stay quick
    from reports.history.text import bisect_document, bisect_lines  # noqa: PLC0415 - the same

    trends = _followed(args, history, (args.metric,))
    if len(trends) > 1:
        from reports.history.text import heading  # noqa: PLC0415 - the same

        several = "; ".join(heading(trend.series) for trend in trends)
        raise InputError(f"several series fit, name --model, --experiment and --arm: {several}")
    step = bisect(trends[0], args.good, args.bad, _builds(args))
    _answer(args, out, bisect_document(trends[0], step), bisect_lines(trends[0], step))


def _followed(args: argparse.Namespace, history: "HistoryStore", metrics: tuple[str, ...]) -> "Sequence[Trend]":
    from reports.history.changes import follow  # noqa: PLC0415 - imported late: --help must stay quick
    from reports.history.series import gather  # noqa: PLC0415 - the same

    rows = history.rows(_wanted(args, metrics))
    series: Sequence[Series] = gather(rows, "effect" if args.effect else "level", _builds(args))
    if not series:
        raise InputError(f"{history.url}: holds no such figure; `reclaim history list` shows what is kept")
    return [follow(each) for each in series]


def _wanted(args: argparse.Namespace, metrics: tuple[str, ...], *, runs: bool = False) -> "Wanted":
    from datetime import date  # noqa: PLC0415 - imported late: --help must stay quick

    from reports.history.store import Wanted  # noqa: PLC0415 - the same

    try:
        since = date.fromisoformat(args.since).isoformat() if args.since else ""
    except ValueError as error:
        raise InputError(f"--since {args.since}: is no day; write it as 2026-11-23") from error
    return Wanted(metrics, args.model, args.experiment, args.arm, since, runs)


def _builds(args: argparse.Namespace) -> tuple[str, ...]:
    if args.builds is None:
        return ()
    try:
        lines = args.builds.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{args.builds}: cannot be read: {error}; name a file with one build a line") from error
    return tuple(dict.fromkeys(line.strip() for line in lines if line.strip() and not line.startswith("#")))


def _answer(args: argparse.Namespace, out: TextIO, document: object, lines: Sequence[str]) -> None:
    from reports.encoding import encode  # noqa: PLC0415 - imported late: --help must stay quick
    from reports.printable import printable  # noqa: PLC0415 - the same

    out.write(encode(document).decode() if args.json else "".join(f"{printable(line)}\n" for line in lines))
