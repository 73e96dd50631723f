# SPDX-License-Identifier: Apache-2.0
"""A recording brought from the phone into a folder, which is there whole or not at all."""

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from agent.device import batch
from agent.field import recording
from agent.field.flight import Flight, persist
from agent.field.happenings import Happening
from agent.field.recording import End, Recording, Taped
from agent.knobs.discover import describe, discover
from agent.ports import Clock
from agent.runner.workspace import Workspace
from reports.atomic import unwritable, write_bytes
from reports.encoding import encode
from workloads.errors import FinalError, StoreError, TraceError, TransientError

FILES = {
    "trace.pftrace": "the Perfetto trace",
    "samples.csv": "a row a second, units in the names; empty where the phone does not tell",
    "happenings.csv": "kills, launches, ANRs, marks; at_s is the phone's time since boot",
    "logcat.txt": "the phone's log of the time",
    "measures.json": "what `reclaim measure trace.pftrace --json` prints",
    "device.json": "the phone",
    "anr": "what Android keeps of apps that did not respond",
}
"""What may lie beside meta.json."""

_ANR = (
    ("lastanr.txt", batch.program("dumpsys", "activity", "lastanr")),
    ("dropbox.txt", batch.program("dumpsys", "dropbox", "--print", "data_app_anr")),
    ("dropbox-system.txt", batch.program("dumpsys", "dropbox", "--print", "system_app_anr")),
    ("dropbox-watchdog.txt", batch.program("dumpsys", "dropbox", "--print", "system_server_watchdog")),
)
_MOST_DROPBOX = 1 << 20
NEWEST = 'ls -t "$1" 2>/dev/null | { n=0; while [ $n -lt "$2" ] && read -r f; do n=$((n + 1)); echo "$f"; done; }'
"""Run as `sh -c NEWEST sh FOLDER COUNT`: names of the newest files of a folder."""
_ANR_FOLDER = "/data/anr"


def default_folder(parent: Path) -> Path:
    """`record-20261201-104500` in a folder."""
    return parent / f"record-{datetime.now().astimezone():%Y%m%d-%H%M%S}"


def save(flight: Flight, folder: Path, lost_s: float, marks: Sequence[Happening], clock: Clock) -> Path:
    """Fetch a recording that has ended, measure its trace, and give it its folder; return that.

    Args:
        flight: the recording.
        folder: where; must not be there yet.
        lost_s: seconds without a link so far.
        marks: the user's own.
        clock: what waits for a link.

    Raises:
        StoreError: the folder is there already or cannot be written.
        FinalError: the phone did not come back.
    """
    with _appearing(folder) as draft:
        end = recording.end(persist(flight, clock, lambda: _read(flight, "done")))
        missing = [line for line in (flight.why_no_trace,) if line]
        for name in ("samples.old", "samples", "logcat.txt"):
            missing += _pulled(flight, clock, name, draft)
        conditions, root = [each.text for each in flight.wanted.conditions], flight.phone.root.kind != "none"
        taped = recording.read(_lines(draft), flight.token, conditions, root=root)
        happened = (*taped.happened, *marks)
        write_bytes(draft / "samples.csv", taped.rows.encode())
        write_bytes(draft / "happenings.csv", recording.happened_csv(happened).encode())
        if any(each.kind == "anr" for each in happened):
            missing += persist(flight, clock, lambda: _anr(flight, draft / "anr"))
        facts = persist(flight, clock, lambda: flight.phone.facts(describe(flight.phone, discover(flight.phone))))
        write_bytes(draft / "device.json", encode(facts))
        missing += _trace(flight, clock, draft, user_build=":user/" in facts.build)
        meta = replace(_meta(flight, end, taped, lost_s), missing=(*missing, *taped.missing), files=_files(draft))
        write_bytes(draft / "meta.json", encode(meta))
    return folder


def _meta(flight: Flight, end: End, taped: Taped, lost_s: float) -> Recording:
    fired = next((f": {each.what}" for each in taped.happened if each.kind == "fired"), "")
    return Recording(
        serial=flight.phone.serial,
        clock=flight.begun,
        begun_s=end.begun_s,
        ended_s=end.ended_s,
        why=recording.WHY.get(end.why, end.why) + (fired if end.why == "fired" else ""),
        conditions=tuple(each.text for each in flight.wanted.conditions),
        ring=flight.wanted.ring,
        lost_s=round(lost_s, 1),
    )


def _files(draft: Path) -> dict[str, str]:
    return {name: what for name, what in FILES.items() if (draft / name).exists()}


def _read(flight: Flight, name: str) -> str:
    return Workspace(flight.phone).read(flight.folder, name)


def _pulled(flight: Flight, clock: Clock, name: str, draft: Path) -> Iterator[str]:
    """Fetch a file; a line where it cannot be had. There is no `samples.old` in a short recording."""
    try:
        persist(flight, clock, lambda: flight.phone.transport.pull(f"{flight.folder}/{name}", draft / name))
    except FinalError as error:
        if name != "samples.old":
            yield f"{name}: {error}"


def _lines(draft: Path) -> Iterator[str]:
    """The lines of the samples' files, which are gone afterwards: samples.csv has them."""
    for path in (draft / "samples.old", draft / "samples"):
        if path.exists():
            with path.open(encoding="utf-8", errors="replace", newline="\n") as file:
                yield from (line.rstrip("\n") for line in file)
            path.unlink()


def _trace(flight: Flight, clock: Clock, draft: Path, *, user_build: bool) -> Iterator[str]:
    """Fetch the trace and measure it; lines where that does not work, or where it shows less than it might."""
    if (session := flight.trace) is None:
        return
    path = draft / "trace.pftrace"
    try:
        persist(flight, clock, lambda: _fetched(lambda: session.fetch(path)))
    except FinalError as error:
        yield f"trace: {error}"
        return
    if user_build and flight.phone.root.kind == "none":
        yield "trace: on a user build SELinux lets Perfetto see direct reclaim and kswapd's wake-ups, no more"
    from reports.traces.measure import measure_trace  # noqa: PLC0415 - imported late: starts a trace processor
    from reports.traces.show import trace_document  # noqa: PLC0415 - the same

    try:
        document = {**trace_document(measure_trace(path)), "trace": path.name}
    except TraceError as error:
        yield f"measures: {str(error).replace(str(path), path.name)}"
        return
    write_bytes(draft / "measures.json", encode({"schema": 1, "traces": [document], "runs": [], "failed": []}))


def _fetched(fetch: Callable[[], None]) -> None:
    """A trace that is not there will not come by waiting: only a lost link is worth that."""
    try:
        fetch()
    except TransientError as error:
        if isinstance(error.__cause__, FinalError) or "empty trace" in str(error):
            raise FinalError(str(error)) from error
        raise


def _anr(flight: Flight, folder: Path) -> list[str]:
    """What Android keeps of ANRs: its last words, the newest of dropbox, and as root the stacks that it wrote."""
    phone = flight.phone
    folder.mkdir(exist_ok=True)
    answers = phone.ask(*(question for _, question in _ANR), timeout_s=60)
    for (name, _), (answer,) in zip(_ANR, answers, strict=True):
        if answer.ok and answer.text.strip():
            write_bytes(folder / name, answer.text[-_MOST_DROPBOX:].encode("utf-8", "replace"))
    names = phone.shell("sh", "-c", NEWEST, "sh", _ANR_FOLDER, "3", as_root=True).out.split("\n")
    for number, name in enumerate(filter(None, names)):
        (stack,) = phone.ask(batch.file(f"{_ANR_FOLDER}/{name}"), timeout_s=60)[0]
        if stack.ok:
            write_bytes(folder / f"stacks-{number + 1}.txt", stack.text.encode("utf-8", "replace"))
    return [] if any(names) else ["ANR: /data/anr may not be read here; what dumpsys tells lies in anr/"]


@contextmanager
def _appearing(folder: Path) -> Iterator[Path]:
    """A folder that takes its name when the block ends well."""
    if folder.exists():
        raise StoreError(f"{folder}: is there already; choose another folder")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise unwritable(folder, error) from error
    try:
        yield draft
        draft.chmod(0o755)
        draft.rename(folder)
    except OSError as error:
        raise unwritable(folder, error) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
