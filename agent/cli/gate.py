# SPDX-License-Identifier: Apache-2.0
"""`reclaim gate`: may this go in? Rules laid on a run; the answer is the exit code."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from workloads.errors import InputError

if TYPE_CHECKING:
    from reports.analysis import Analysis

_EPILOG = """\
rules, for example (`reclaim list metrics` names the metrics):
  [[rules]]
  metric = "ttid"
  margin_percent = 5      # must not worsen by more
  [[rules]]
  metric = "kills"
  margin = 0              # nobody may be killed because of an arm

Exit codes: 0 pass, 1 fail, 2 could not, 3 not decided."""

_CODES = {"pass": 0, "waived": 0, "fail": 1, "not-decided": 3}


def add(parser: argparse.ArgumentParser) -> None:
    """Options of `reclaim gate`."""
    parser.add_argument("run", metavar="RUN", type=Path, help="a run directory")
    parser.add_argument(
        "--rules", metavar="FILE", type=Path, help="rules and waivers (TOML) instead of those the experiment states"
    )
    parser.add_argument(
        "--self-test",
        action="store_true",
        help="plant a worsening of each margin into the recorded data and say whether this gate would have seen it",
    )
    parser.add_argument(
        "--against",
        metavar="HISTORY",
        help="judge every arm's level against earlier runs of other builds: a history's folder or URL, or `history` for"
        " yours; margins come from the noise recorded there, unless --rules states some",
    )
    parser.add_argument(
        "--baseline",
        metavar="NAME",
        help="with --against: a pinned one (default: `default`, else since the last change)",
    )
    parser.add_argument("--junit", metavar="FILE", type=Path, help="write the rulings as JUnit XML")
    parser.add_argument("--sarif", metavar="FILE", type=Path, help="write them as SARIF 2.1.0")
    parser.add_argument("--markdown", metavar="FILE", type=Path, help="write them as Markdown, for a pull request")
    parser.add_argument("--json-file", metavar="FILE", type=Path, help="write what --json prints")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = _EPILOG


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:  # noqa: ARG001 - every command takes both
    """Judge a run; writes nothing into it.

    Returns:
        0 pass, 1 fail, 3 not decided.

    Raises:
        InputError: rules that do not fit, or a run in which nothing can be compared.
        StoreError: not a run, a file of it is broken, or an output cannot be written.
    """
    from reports.gate.text import gate_text  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.outputs.files import write_named  # noqa: PLC0415 - the same

    analysis = _judged(args)
    write_named(_outputs(analysis, args))
    out.write(_json(analysis) if args.json else gate_text(analysis))
    return _CODES[analysis.verdict.decision]


def _judged(args: argparse.Namespace) -> "Analysis":
    from reports.store import RunStore  # noqa: PLC0415 - imported late: `--help` needs none of it

    store = RunStore.open(args.run)
    if args.against is None:
        from reports.gate.judge import judge_run  # noqa: PLC0415 - the same

        if args.baseline is not None:
            raise InputError("--baseline needs --against: which history is it pinned in?")
        return judge_run(store, args.rules, with_self_test=args.self_test)
    from reports.history.judge import judge_against  # noqa: PLC0415 - the same
    from reports.history.store import default_url, open_history  # noqa: PLC0415 - the same

    if args.self_test:
        raise InputError("--self-test plants into this run's own blocks; it says nothing of --against, leave one out")
    history = open_history(default_url() if args.against == "history" else args.against)
    return judge_against(store, history, args.rules, args.baseline)


def _outputs(analysis: "Analysis", args: argparse.Namespace) -> dict[Path, bytes]:
    """Content of every file asked for."""
    from importlib.metadata import version  # noqa: PLC0415 - imported late: `--help` needs none of it

    from reports.outputs.junit import junit  # noqa: PLC0415 - the same
    from reports.outputs.markdown import markdown  # noqa: PLC0415 - the same
    from reports.outputs.sarif import sarif  # noqa: PLC0415 - the same

    makers = (
        (args.junit, junit),
        (args.sarif, lambda each: sarif(each, version("reclaim-agent"))),
        (args.markdown, markdown),
        (args.json_file, _json),
    )
    asked = [(path, make) for path, make in makers if path is not None]
    names = [path.resolve() for path in (args.rules, *(path for path, _ in asked)) if path is not None]
    for path, _ in asked:
        if names.count(path.resolve()) > 1:
            raise InputError(f"{path}: is named twice; give each output its own file")
    return {path: make(analysis).encode() for path, make in asked}


def _json(analysis: "Analysis") -> str:
    from reports.compare import document  # noqa: PLC0415 - imported late: `--help` needs none of it
    from reports.encoding import encode  # noqa: PLC0415 - the same

    return encode(document(analysis)).decode()
