# SPDX-License-Identifier: Apache-2.0
"""`reclaim compare`: effects with intervals, in the terminal."""

import argparse
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from workloads.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reports.analysis import Analysis
    from reports.parts.gather import Progress
    from reports.store import RunStore


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `reclaim compare`."""
    parser.add_argument(
        "run",
        metavar="SOURCE",
        type=Path,
        nargs="+",
        help="a run or a bundle of one; several of one experiment are one answer, those of two builds are arms;"
        " a bundle of a trace, and what it is held against; with --against, traces",
    )
    parser.add_argument(
        "--against",
        metavar="TRACE",
        type=Path,
        nargs="+",
        help="hold traces against these: which parts of launches grew or shrank, and what that explains",
    )
    parser.add_argument(
        "--parts", action="store_true", help="the same of the arms of each run, from the traces of its trials"
    )
    parser.add_argument(
        "--all", action="store_true", help="show also the metrics that nobody asked about and that did not move"
    )
    parser.add_argument(
        "--questions", action="store_true", help="answer what kcompressd's reviewers asked (in --all, too)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Print a run's answer, kills first; keep it in the run as comparisons.parquet and verdict.json.

    An A/A run's noise floor is kept for later runs of the phone.

    Several runs of one phone are one run with more blocks, runs of several phones are joined with the phone as random
    effect; nothing is kept then. Traces held against others are no run: nothing is kept either.

    Returns:
        0, whatever the answer: `reclaim gate` is the command that judges.

    Raises:
        StoreError: not a run, or a file of it is broken; a bundle of one is not written to.
        TraceError: a trace cannot be read.
        InputError: runs or traces that cannot be one answer.
    """
    if args.against:
        return _traces(args, out, err)
    if any(map(_is_arm, args.run)):
        return _arms(args, out, err)
    if len(args.run) > 1:
        return _several(args, out, err)
    from reports.bundle.sources import run_at  # noqa: PLC0415 - imported late: `--help` needs none of it

    with run_at(args.run[0]) as store:
        return _one(store, args, out, err)


def _one(store: "RunStore", args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """What a stranger's bundle says of a phone's noise is not kept, nor is its answer."""
    from reports.compare import compare_run, document, keep  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.encoding import encode  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.noise.store import remember  # noqa: PLC0415 - imported late: `--help` needs none of it

    analysis = compare_run(store)
    if not store.called:
        keep(store, analysis)
        remember(analysis, err)
    if args.json:
        parts = {"parts": _parts(store, analysis, err)[1]} if args.parts else {}
        out.write(encode({**document(analysis), **parts}).decode())
    else:
        out.write(_text(args, analysis))
        if args.parts:
            out.write("".join(_parts(store, analysis, err, whole=args.all)[0]))
    return 0


def _is_arm(path: Path) -> bool:
    from reports.bundle.arms import is_arm  # noqa: PLC0415 - imported late: `--help` needs none of it

    return is_arm(path)


def _arms(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Bundles of traces: each arm of the second source against each of the first."""
    if args.questions or args.parts:
        raise InputError("--questions, --parts: are answered of a run; leave them out for bundles of traces")
    if len(args.run) != 2:  # noqa: PLR2004 - one source against another
        raise InputError(f"{args.run[0]}: name what a bundle of a trace is held against: a run, a bundle or a trace")
    from reports.bundle.arms import contrasts_of_arms  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.encoding import encode  # noqa: PLC0415 - the same
    from reports.parts.text import contrast_document, contrast_text  # noqa: PLC0415 - the same
    from reports.record import SCHEMA_VERSION  # noqa: PLC0415 - the same

    with _reading(err) as progress:
        found = contrasts_of_arms(args.run[0], args.run[1], progress)
    document = {"schema": SCHEMA_VERSION, "parts": list(map(contrast_document, found))}
    texts = (contrast_text(each, whole=args.all) for each in found)
    out.write(encode(document).decode() if args.json else "\n".join(texts))
    return 0


def _text(args: argparse.Namespace, analysis: "Analysis") -> str:
    from reports.text import compare_text  # noqa: PLC0415 - imported late: `--help` needs none of it

    return compare_text(analysis, whole=args.all, questions=args.questions)


def _parts(
    store: "RunStore", analysis: "Analysis", err: TextIO, *, whole: bool = False
) -> tuple[list[str], list[dict[str, object]]]:
    """Where the time of launches went, arm by arm: in words, and for JSON."""
    from reports.parts.gather import contrasts_of_run  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.parts.text import contrast_document, contrast_text  # noqa: PLC0415 - the same

    with _reading(err) as progress:
        found = contrasts_of_run(store, analysis, progress)
    texts = [f"\n{contrast_text(each, whole=whole)}" for each in found]
    nothing = "\nWhere the time of launches went is not known: no block has a traced launch in both arms.\n"
    return texts or [nothing], [contrast_document(each) for each in found]


def _traces(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    if args.questions or args.parts:
        raise InputError(
            "--against: holds traces against traces; leave out --questions and --parts, which are of a run"
        )
    folders = [path for path in (*args.run, *args.against) if path.is_dir()]
    if folders:
        raise InputError(f"{folders[0]}: is a folder; --against takes traces: name them (FOLDER/*)")
    from reports.encoding import encode  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.parts.gather import contrast_of_traces  # noqa: PLC0415 - the same
    from reports.parts.text import contrast_document, contrast_text  # noqa: PLC0415 - the same
    from reports.record import SCHEMA_VERSION  # noqa: PLC0415 - the same

    with _reading(err) as progress:
        found = contrast_of_traces(args.against, args.run, progress)
    document = {"schema": SCHEMA_VERSION, **contrast_document(found)}
    out.write(encode(document).decode() if args.json else contrast_text(found, whole=args.all))
    return 0


@contextmanager
def _reading(err: TextIO) -> "Iterator[Progress]":
    """A bar on a terminal; nothing elsewhere."""
    from rich.console import Console  # noqa: PLC0415 - imported late: `--help` needs none of it
    from rich.progress import Progress as Bar  # noqa: PLC0415 - the same

    screen = Console(file=err)
    with Bar(console=screen, transient=True, disable=not screen.is_terminal) as bar:
        task = bar.add_task("reading traces", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _several(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """A run that has nothing to compare is ignored, and that is said at once, not only below a long answer."""
    from reports.encoding import encode  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.printable import printable  # noqa: PLC0415 - the same
    from reports.several.builds import are_builds, compare_builds  # noqa: PLC0415 - the same
    from reports.several.builds_text import builds_document, builds_text  # noqa: PLC0415 - the same
    from reports.several.pool import gather  # noqa: PLC0415 - the same
    from reports.several.runs import read_runs, several_document, several_text  # noqa: PLC0415 - the same

    runs = read_runs(args.run)
    if are_builds(runs):
        if args.questions or args.parts:
            raise InputError(
                "--questions, --parts: are answered of a run's arms; leave them out where builds are the arms"
            )
        builds = compare_builds(runs)
        out.write(encode(builds_document(builds)).decode() if args.json else builds_text(builds, whole=args.all))
        return 0
    gathered = gather(runs)
    err.writelines(f"ignored {printable(each.path)}: {each.reason}\n" for each in gathered.left_out)
    parts = {str(path): _parts_at(path, err, whole=args.all) for path in args.run} if args.parts else {}
    if args.json:
        documents = {path: found for path, (_, found) in parts.items()}
        out.write(encode({**several_document(gathered), **({"parts": documents} if parts else {})}).decode())
        return 0
    out.write(several_text(gathered, whole=args.all, questions=args.questions))
    out.writelines(f"\n{printable(path)}\n{''.join(texts)}" for path, (texts, _) in parts.items())
    return 0


def _parts_at(path: Path, err: TextIO, *, whole: bool) -> tuple[list[str], list[dict[str, object]]]:
    """As `_parts`, of a run by itself: the time of launches adds up within a run's blocks, not over phones."""
    from reports.bundle.sources import run_at  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.compare import compare_run  # noqa: PLC0415 - the same

    with run_at(path) as store:
        return _parts(store, compare_run(store), err, whole=whole)
