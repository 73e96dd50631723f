# SPDX-License-Identifier: Apache-2.0
"""`reclaim farm`: many phones on many hosts: worker, run, attach, status."""

import argparse
import asyncio
import json
import os
import shlex
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from agent.cli.phones import RECLAIM, joint
from agent.cli.run import up_to_1000
from workloads.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from agent.farm.attempt import Runs
    from agent.farm.labels import Labels
    from agent.farm.queue import Queue
    from agent.farm.security import Tls
    from agent.farm.worker import Host

_STORE = """\
The store is a folder that all hosts see at the same path (NFS): --store, else RECLAIM_FARM, else a folder of yours.
It alone is durable: schedulers, workers and terminals may go away and come back."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    parser.epilog = _STORE
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=type(parser))
    worker = actions.add_parser("worker", help="lend this host's phones to a farm; runs until it is ended")
    run = actions.add_parser("run", help="an experiment on phones of the farm; of this computer where no host is there")
    attach = actions.add_parser("attach", help="follow a job to its end")
    status = actions.add_parser("status", help="jobs, phones and hosts in one screen")
    worker.add_argument("scheduler", metavar="SCHEDULER", help="as tcp://127.0.0.1:8786, or tls://HOST:8786")
    for name, what in (("ca", "whose certificates to trust"), ("cert", "this side's certificate"), ("key", "its key")):
        worker.add_argument(f"--tls-{name}", type=Path, metavar="PEM", help=what)
    run.add_argument("experiment", metavar="EXPERIMENT", help="a name from `reclaim list`, or a .toml file")
    run.add_argument("--phones", type=up_to_1000, default=1, metavar="N", help="on how many phones (default: 1)")
    run.add_argument("--pool", default="", metavar="LABELS", help="of which phones, as night,model=Pixel 8")
    run.add_argument("--blocks", type=up_to_1000, default=0, metavar="N", help="blocks (default: the experiment's own)")
    run.add_argument("--detach", action="store_true", help="hand it in and return")
    attach.add_argument("job", metavar="JOB", help="as `reclaim farm status` names it")
    for action in (worker, run, attach):
        _add_host(action)
    for action in (worker, run, attach, status):
        action.add_argument("--store", type=Path, metavar="DIR", help="where jobs are kept")
    status.add_argument("--json", action="store_true", help="print one JSON document and nothing else")


def _add_host(action: argparse.ArgumentParser) -> None:
    group = action.add_argument_group("the phones of this host")
    group.add_argument("--label", default="", metavar="LABELS", help="of all of them, as pool=night,rack=3")
    group.add_argument("-s", "--serial", action="append", default=[], help="only these (default: all that are ready)")
    group.add_argument("--adb-server", metavar="HOST:PORT", help="adb server (default: as the adb program does)")
    group.add_argument("--hook", default="", metavar="COMMAND", help="run for a phone that is gone, RECLAIM_SERIAL set")


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Run the action.

    Raises:
        InputError: words that do not fit.
        SetupError: Dask is not installed.
        StoreError: the store cannot be read or written.
    """
    from agent.farm.extra import need  # noqa: PLC0415 - imported late: --help must stay quick
    from agent.farm.queue import open_queue  # noqa: PLC0415 - the same
    from reports.folders import state_dir  # noqa: PLC0415 - the same

    actions: dict[str, Callable[[argparse.Namespace, Queue, TextIO, TextIO], int]] = {
        "worker": _worker, "run": _run, "attach": _attach, "status": _status,
    }  # fmt: skip
    if args.action != "status":
        need()
    root = args.store or os.environ.get("RECLAIM_FARM") or state_dir() / "farm-store"
    return actions[args.action](args, open_queue(Path(root).resolve()), out, err)


def _worker(args: argparse.Namespace, queue: "Queue", _out: TextIO, err: TextIO) -> int:
    from agent.farm.follow import only_one  # noqa: PLC0415 - imported late: --help must stay quick
    from agent.farm.security import security  # noqa: PLC0415 - the same
    from agent.knobs.undisturbed import ENDING  # noqa: PLC0415 - the same

    shown = security(args.scheduler, _tls(args))
    host, runs = _host(args, queue, err)

    async def serve() -> None:
        loop = asyncio.get_running_loop()

        def end() -> None:
            runs.end_all()
            host.end()

        for number in ENDING:
            if signal.getsignal(number) != signal.SIG_IGN:  # nohup ignores SIGHUP
                loop.add_signal_handler(number, end)
        await host.serve(args.scheduler, shown)

    with only_one(runs.adb_server):
        asyncio.run(serve())
    return 0


def _run(args: argparse.Namespace, queue: "Queue", out: TextIO, err: TextIO) -> int:
    from agent.farm.labels import parse_labels  # noqa: PLC0415 - imported late: --help must stay quick
    from agent.farm.queue import Job, now  # noqa: PLC0415 - the same
    from workloads.load import files_of  # noqa: PLC0415 - the same

    pool = parse_labels(args.pool, "--pool") if args.pool else {}
    files = files_of(args.experiment)
    if not args.detach and not _heard(queue):
        _check_own(args, queue, pool, err)
    command = shlex.join(("reclaim", *args.words))
    name = queue.submit(Job(next(iter(files)), pool, args.phones, args.blocks, now(), command), files)
    print(f"reclaim: {name}: handed in", file=err, flush=True)
    if args.detach:
        print(name, file=out)
        return 0
    return _to_its_end(args, queue, name, out, err)


def _attach(args: argparse.Namespace, queue: "Queue", out: TextIO, err: TextIO) -> int:
    queue.job(args.job)
    return _to_its_end(args, queue, args.job, out, err)


def _to_its_end(args: argparse.Namespace, queue: "Queue", name: str, out: TextIO, err: TextIO) -> int:
    """Follow a job; with this computer's own phones where no host has been heard of."""
    from contextlib import ExitStack  # noqa: PLC0415 - imported late: --help must stay quick

    from agent.farm.follow import answered, embedded, follow, look, only_one  # noqa: PLC0415 - the same

    with ExitStack() as stack:
        if not _heard(queue):
            host, runs = _host(args, queue, err)
            stack.enter_context(only_one(runs.adb_server))
            stack.enter_context(embedded(host, runs.end_all))
        try:
            follow(queue, name, lambda line: print(line, file=err, flush=True))
        except KeyboardInterrupt as interrupt:
            interrupt.add_note(f"the job stays in the queue; `reclaim farm attach {name}` follows it")
            raise
    places = queue.places(name)
    done = [place.run for place in places if (ended := place.ended()) and ended.done]
    print(answered(look(queue), name), file=out)
    print(*done, sep="\n", file=out)
    joint(done, out, err)
    return 0 if len(done) == len(places) else 2


def _heard(queue: "Queue") -> bool:
    """Whether any host has been heard of lately."""
    from agent.farm.follow import look  # noqa: PLC0415 - imported late: --help must stay quick

    state = look(queue)
    return any(seen.heard(state.now_s) for seen in state.hosts)


def _check_own(args: argparse.Namespace, queue: "Queue", pool: "Labels", err: TextIO) -> None:
    """Pass where a phone of this computer could run a job.

    Raises:
        InputError: none could, and no other host has been heard of.
    """
    from agent.farm.labels import matching, words  # noqa: PLC0415 - imported late: --help must stay quick

    ready = _host(args, queue, err)[0].ready()
    if not any(matching(ready, pool)):
        asked = f" with {words(pool)}" if pool else ""
        raise InputError(
            f"{queue.root}: no host of this farm has been heard of, and no phone{asked} is ready here: start"
            " `reclaim farm worker` where phones are, or hand the job in with --detach"
        )


def _status(args: argparse.Namespace, queue: "Queue", out: TextIO, _err: TextIO) -> int:
    from agent.farm.follow import look  # noqa: PLC0415 - imported late: --help must stay quick
    from agent.farm.status import status_document, status_lines  # noqa: PLC0415 - the same

    state = look(queue)
    print(json.dumps(status_document(state), indent=1) if args.json else "\n".join(status_lines(state)), file=out)
    return 0


def _host(args: argparse.Namespace, queue: "Queue", err: TextIO) -> "tuple[Host, Runs]":
    from agent.device.server import default_address, parse_address  # noqa: PLC0415 - imported late: --help stays quick
    from agent.farm.attempt import Runs  # noqa: PLC0415 - the same
    from agent.farm.labels import DEFAULT_POOL, POOL, parse_labels  # noqa: PLC0415 - the same
    from agent.farm.phones import HostPhones  # noqa: PLC0415 - the same
    from agent.farm.worker import Host  # noqa: PLC0415 - the same
    from reports.printable import printable  # noqa: PLC0415 - the same

    labels = {POOL: DEFAULT_POOL, **(parse_labels(args.label, "--label") if args.label else {})}
    server = parse_address(args.adb_server) if args.adb_server else default_address()

    def tell(line: str) -> None:
        print(f"reclaim: {printable(line, 400)}", file=err, flush=True)

    phones = HostPhones(server, tuple(args.serial), labels, tuple(shlex.split(args.hook)), tell)
    runs = Runs(queue, RECLAIM, str(server))
    return Host(socket.gethostname(), queue, phones.ready, runs, tell), runs


def _tls(args: argparse.Namespace) -> "Tls | None":
    from agent.farm.security import Tls  # noqa: PLC0415 - imported late: --help must stay quick

    given = (args.tls_ca, args.tls_cert, args.tls_key)
    if not any(given):
        return None
    if not all(given):
        raise InputError("--tls-ca, --tls-cert and --tls-key go together")
    return Tls(*given)
