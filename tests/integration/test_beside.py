# SPDX-License-Identifier: Apache-2.0
"""Several phones of one computer: a process each, told apart, all waited for."""

import io
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from agent.cli import phones
from agent.cli.main import main
from agent.cli.phones import chosen
from agent.knobs.undisturbed import ENDING
from agent.runner import beside as beside_module
from agent.runner.beside import Errand, Outcome, run_beside
from tests.support.adb_server import adb_server
from tests.support.synthetic_run import Shape, make_run
from workloads.errors import InputError


def errand(name: str, program: str) -> Errand:
    return Errand(name, (sys.executable, "-S", "-c", program))


def beside(*errands: Errand) -> tuple[tuple[Outcome, ...], list[tuple[str, str]]]:
    told: list[tuple[str, str]] = []
    return run_beside(errands, lambda name, line: told.append((name, line))), told


def test_each_is_told_by_its_name_and_one_that_fails_leaves_the_others_alone() -> None:
    outcomes, told = beside(
        errand("A", "import sys; print('answer'); print('trial', file=sys.stderr)"),
        errand("B", "import os; os.abort()"),
        errand("C", "raise SystemExit('reclaim: no phone')"),
    )
    assert outcomes == (
        Outcome("A", 0, "answer\n", ("trial",)),
        Outcome("B", -signal.SIGABRT, "", ()),
        Outcome("C", 1, "", ("reclaim: no phone",)),
    )
    assert sorted(told) == [("A", "trial"), ("C", "reclaim: no phone")]


def test_more_output_than_a_pipe_holds_stops_nobody() -> None:
    (outcome,), told = beside(errand("A", "import sys; print('x' * 300000); sys.stderr.write('line\\n' * 30000)"))
    assert (outcome.code, len(outcome.out), len(told), len(outcome.last)) == (0, 300_001, 30_000, 50)


def interrupted(program: str, times: int) -> list[int]:
    """Exit codes of two such errands; each line that both have told is answered by an interrupt."""
    told: list[str] = []

    def interrupt(_name: str, _line: str) -> None:
        told.append(_line)
        if told.count(_line) == 2 and len(told) <= 2 * times:
            os.kill(os.getpid(), signal.SIGINT)

    return [outcome.code for outcome in run_beside([errand("A", program), errand("B", program)], interrupt)]


WAITS = """\
import signal, sys, time
{}
print("ready", file=sys.stderr, flush=True)
for _ in range(1200):  # not one long wait: a signal that comes just before it would not end it
    time.sleep(0.05)
"""


def test_an_interrupt_goes_to_every_one_and_each_ends_in_its_own_way() -> None:
    ends = WAITS.format("signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))")
    assert interrupted(ends, 1) == [130, 130]
    assert interrupted(WAITS.format(""), 1) == [-signal.SIGTERM, -signal.SIGTERM]


def test_who_interrupts_twice_is_heard_twice() -> None:
    stubborn = WAITS.format("""
heard = []
def hear(*_):
    heard.append(1)
    if len(heard) == 2:
        sys.exit(7)
    print("once", file=sys.stderr, flush=True)
signal.signal(signal.SIGTERM, hear)
""")
    assert interrupted(stubborn, 2) == [7, 7]


def test_one_that_was_being_started_when_the_interrupt_came_is_asked_to_end_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    start = beside_module.start

    def interrupted_start(errand: Errand) -> subprocess.Popen[str]:
        process = start(errand)
        if errand.name == "B":
            os.kill(os.getpid(), signal.SIGINT)
        return process

    monkeypatch.setattr(beside_module, "start", interrupted_start)
    program = WAITS.format("")
    outcomes = run_beside([errand("A", program), errand("B", program)], lambda _name, _line: None)
    assert [outcome.code for outcome in outcomes] == [-signal.SIGTERM, -signal.SIGTERM]


def test_the_handlers_of_interrupts_are_as_before() -> None:
    before = [signal.getsignal(number) for number in ENDING]
    beside(errand("A", ""))
    assert [signal.getsignal(number) for number in ENDING] == before


def test_all_means_those_that_are_ready_and_says_which_are_not() -> None:
    err = io.StringIO()
    with adb_server(phones={"B": "device", "A": "device", "C": "unauthorized"}) as server:
        assert chosen(["all"], server.address, err) == ("A", "B")
        assert err.getvalue() == "reclaim: C: left out: it is unauthorized\n"
        assert chosen(["B", "A", "B"], server.address, err) == ("B", "A")
    with adb_server(phones={"C": "offline"}) as server, pytest.raises(InputError, match="no phone is ready"):
        chosen(["all"], server.address, err)


def test_a_line_per_phone_and_the_worst_exit_code(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    with adb_server(phones={"A": "device", "10.0.0.1:5555": "device"}, features="") as server:
        words = ["run", "kcompressd", "-s", "all", "--adb-server", server.address, "-o", str(tmp_path / "lab")]
        assert main(words, out, err) == 2
    lines = out.getvalue().splitlines()
    assert [line.partition(": ")[0] for line in lines] == ["10.0.0.1:5555", "A"]
    assert all("could not (2): " in line and "needs Android 7" in line for line in lines)
    assert not (tmp_path / "lab").exists()


COPY = """\
import shutil, sys
serial, out = sys.argv[sys.argv.index("-s") + 1], sys.argv[sys.argv.index("-o") + 1]
if serial == "LOST":
    sys.exit("reclaim: LOST: the link dropped")
shutil.copytree(f"{sys.argv[1]}/{serial}", out)
"""


def test_those_that_finished_are_one_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(serial: str, seed: int) -> None:
        shape = Shape(blocks=6, warm_ups=0, seed=seed, device=lambda device: replace(device, serial=serial))
        make_run(tmp_path / "made" / serial, shape)

    make("A", 1)
    make("B", 2)
    monkeypatch.setattr(phones, "RECLAIM", (sys.executable, "-c", COPY, str(tmp_path / "made")))
    out, err = io.StringIO(), io.StringIO()
    words = ["run", "kcompressd", "-s", "A", "-s", "LOST", "-s", "B", "-o", str(tmp_path / "lab")]
    assert main(words, out, err) == 1
    lines = out.getvalue().splitlines()
    assert lines[:3] == [
        f"A: done: {tmp_path}/lab/A",
        "LOST: could not (1): LOST: the link dropped",
        f"B: done: {tmp_path}/lab/B",
    ]
    assert "over 2 phones" in out.getvalue()
