# SPDX-License-Identifier: Apache-2.0
"""`reclaim handheld`: build, start, stop and list virtual handhelds."""

import argparse
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from agent.handheld.machine import Handheld
    from agent.handheld.options import HandheldOptions
    from agent.handheld.registry import Running


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the subcommands."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=type(parser))
    build = actions.add_parser("build", help="build the image, or bring it up to date")
    start = actions.add_parser("start", help="start one; it ends with this command unless --keep")
    stop = actions.add_parser("stop", help="stop one, or all")
    running = actions.add_parser("list", help="those that run")
    _add_start(start)
    stop.add_argument("name", nargs="?", help="as listed; default: all")
    for action in (build, start, stop, running):
        action.add_argument("--json", action="store_true", help="print one JSON document")


def _add_start(start: argparse.ArgumentParser) -> None:
    start.add_argument("--name", help="what to call it (default: handheld-N)")
    start.add_argument("--keep", action="store_true", help="return, and leave it running until `reclaim handheld stop`")
    start.add_argument("--cold", action="store_true", help="boot, even where a saved state is there")
    start.add_argument("--memory", default="768M", metavar="SIZE", help="RAM (default: %(default)s)")
    start.add_argument("--cpus", type=int, default=2, metavar="N", help="virtual CPUs (default: %(default)s)")
    start.add_argument("--zram", default="576M", metavar="SIZE", help="zram swap disk (default: %(default)s)")
    start.add_argument("--algorithm", default="lz4", metavar="NAME", help="zram's compressor (default: %(default)s)")
    start.add_argument("--build", default="userdebug", choices=("user", "userdebug"), help="(default: %(default)s)")
    start.add_argument(
        "--kcompressd", default="zram", choices=("zram", "v1", "mm", "none"),
        help="kernel module to load: zram, v1 (the first published version with its defect), mm (vm.kcompressd);"
        " none is the stock kernel",
    )  # fmt: skip
    start.add_argument("--acceleration", default="auto", choices=("auto", "kvm", "tcg"), help="(default: %(default)s)")


def main(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    """Run the action."""
    actions: dict[str, Callable[[argparse.Namespace, TextIO, TextIO], int]] = {
        "build": _build, "start": _start, "stop": _stop, "list": _list,
    }  # fmt: skip
    return actions[args.action](args, out, err)


def _build(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    from agent.handheld import image  # noqa: PLC0415 - imported late: --help must stay quick

    built = image.build(_teller(err))
    facts = {"image": str(built.path), "kernel": built.manifest.kernel, "took_s": round(built.manifest.took_s, 1)}
    text = f"{built.path}: kernel {built.manifest.kernel}, took {built.manifest.took_s:.0f} s to build"
    _answer(out, facts if args.json else text)
    return 0


def _start(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    from agent.handheld.machine import Handheld  # noqa: PLC0415 - imported late: --help must stay quick

    guest = Handheld.start(_options(args), progress=_teller(err), name=args.name, keep=args.keep, cold=args.cold)
    try:
        how = "woken" if guest.woken else "booted"
        text = f"{guest.name}: {how} in {guest.took_s:.1f} s, serial {guest.serial}, adb server {guest.adb_server}"
        _answer(out, guest.facts() | _address(guest) if args.json else text)
        if not args.keep:
            _wait(guest, err)
    finally:
        if not args.keep:
            guest.stop()
    return 0


def _address(guest: "Handheld") -> dict[str, str]:
    return {"serial": guest.serial, "adb_server": guest.adb_server, "console": str(guest.console_path)}


def _wait(guest: "Handheld", err: TextIO) -> None:
    """Stay until the guest ends; Ctrl-C ends it."""
    from agent.handheld import registry  # noqa: PLC0415 - imported late: --help must stay quick

    print("running until Ctrl-C (--keep leaves it running)", file=err)
    while any(entry.name == guest.name for entry in registry.running()):
        time.sleep(0.5)
    print(f"{guest.name} has ended", file=err)


def _options(args: argparse.Namespace) -> "HandheldOptions":
    from agent.handheld.options import HandheldOptions, parse_bytes  # noqa: PLC0415 - imported late: --help must stay quick

    return HandheldOptions(
        memory_bytes=parse_bytes(args.memory), cpus=args.cpus, zram_bytes=parse_bytes(args.zram),
        algorithm=args.algorithm, build=args.build, kcompressd=args.kcompressd, acceleration=args.acceleration,
    )  # fmt: skip


def _stop(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    from agent.handheld import registry  # noqa: PLC0415 - imported late: --help must stay quick

    del err
    names = registry.stop(args.name)
    _answer(out, {"stopped": names} if args.json else ("stopped " + ", ".join(names) if names else "none runs"))
    return 0


def _list(args: argparse.Namespace, out: TextIO, err: TextIO) -> int:
    from agent.handheld import registry  # noqa: PLC0415 - imported late: --help must stay quick

    del err
    entries = registry.running()
    if args.json:
        _answer(out, [_row(entry) for entry in entries])
        return 0
    for entry in entries:
        o = entry.options
        print(
            f"{entry.name}  {entry.serial}  adb server {entry.adb_server}  {o.build}  kcompressd {o.kcompressd}"
            f"  {o.memory_bytes >> 20} MiB  {'kept' if entry.kept else 'ends with its command'}",
            file=out,
        )
    if not entries:
        print("none runs", file=out)
    return 0


def _row(entry: "Running") -> dict[str, object]:
    return {
        "name": entry.name, "serial": entry.serial, "adb_server": entry.adb_server, "kept": entry.kept,
        "options": entry.options.as_dict(), "started_s": entry.started_s,
    }  # fmt: skip


def _answer(out: TextIO, what: object) -> None:
    print(what if isinstance(what, str) else json.dumps(what), file=out)


def _teller(err: TextIO) -> Callable[[str], None]:
    def tell(text: str) -> None:
        print(text, file=err, flush=True)

    return tell
