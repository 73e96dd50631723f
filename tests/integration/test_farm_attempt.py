# SPDX-License-Identifier: Apache-2.0
"""One attempt at a place, by a program that behaves like `reclaim run`: what it leaves says what it came to."""

import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from agent.farm.attempt import Runs
from agent.farm.health import Attempt
from agent.farm.queue import Job, Place, Queue, now, open_queue
from reports.encoding import encode
from reports.record import ExclusionRule
from tests.support.synthetic_run import Shape, make_run

PROGRAM = """\
import shutil, sys, time
from pathlib import Path
words = sys.argv[1:]
out = Path(words[words.index("-o") + 1] if words[0] == "run" else words[1])
print(*words, file=(out.parent / "words").open("a"))
"""
END = "print('reclaim: the link dropped', file=sys.stderr); sys.exit(2)\n"
SLEEP = """\
import signal
def end(*_): print('reclaim: interrupted', file=sys.stderr); sys.exit(130)
signal.signal(signal.SIGTERM, end)
(out.parent / "ready").touch()
time.sleep(60)
"""


@pytest.fixture
def queue(tmp_path: Path) -> Queue:
    return open_queue(tmp_path / "store")


def place(queue: Queue, blocks: int = 0) -> tuple[Job, Place]:
    file = queue.root / "mine.toml"
    file.touch()
    job = Job(file.name, {}, 1, blocks, now(), "")
    (only,) = queue.places(queue.submit(job, {file.name: file}))
    return job, only


def runs(queue: Queue, text: str) -> Runs:
    return Runs(queue, (sys.executable, "-c", PROGRAM + text), "127.0.0.1:5037")


def attempt(queue: Queue, text: str, blocks: int = 0) -> tuple[Attempt, Place]:
    job, where = place(queue, blocks)
    return runs(queue, text).attempt(job, where, "lab1/A B"), where


def made(tmp_path: Path, shape: Shape) -> str:
    """Code that leaves a run of that shape where it was asked to."""
    make_run(tmp_path / "made", shape)
    return f"shutil.copytree({str(tmp_path / 'made')!r}, out, dirs_exist_ok=True)\n"


def test_a_run_to_its_end_is_done_and_was_asked_for_that_phone(queue: Queue, tmp_path: Path) -> None:
    found, where = attempt(queue, made(tmp_path, Shape(blocks=3)), blocks=3)
    assert (found.ending, found.why, found.dirty, found.hot) == ("done", "", False, 0.0)
    (words,) = (where.folder / "words").read_text().splitlines()
    experiment = where.folder.parents[1] / "mine.toml"
    assert words == f"run {experiment} -s A B -o {where.run} --blocks 3 --adb-server 127.0.0.1:5037"


def test_what_broke_off_has_failed_and_is_resumed(queue: Queue, tmp_path: Path) -> None:
    code = made(tmp_path, Shape(blocks=3, stop_after=2)) + END
    job, where = place(queue)
    first = runs(queue, code).attempt(job, where, "lab1/A")
    assert (first.ending, first.why) == ("failed", "the link dropped")
    runs(queue, code).attempt(job, where, "lab1/A")
    assert (where.folder / "words").read_text().splitlines()[1] == f"resume {where.run} --adb-server 127.0.0.1:5037"
    assert (where.folder / "log.txt").read_text().splitlines() == ["reclaim: the link dropped"] * 2


def test_a_run_that_never_began_was_refused_with_its_own_words(queue: Queue) -> None:
    found, _ = attempt(queue, END)
    assert (found.ending, found.why) == ("refused", "the link dropped")


def test_a_program_that_dies_without_a_word_is_told_by_its_exit_status(queue: Queue, tmp_path: Path) -> None:
    found, _ = attempt(queue, made(tmp_path, Shape(blocks=3, stop_after=1)) + "import os; os.kill(os.getpid(), 9)\n")
    assert (found.ending, found.why) == ("failed", "exit -9")


def test_an_exit_status_of_0_is_no_proof(queue: Queue, tmp_path: Path) -> None:
    found, _ = attempt(queue, made(tmp_path, Shape(blocks=3, stop_after=2)))
    assert found.ending == "failed"


def test_half_of_the_trials_too_hot_is_told(queue: Queue, tmp_path: Path) -> None:
    store = make_run(tmp_path / "made", Shape(blocks=2, warm_ups=0))
    plan = replace(store.plan, exclusions=(ExclusionRule("thermal-status", "Above 2.", 2),))
    (store.path / "plan.json").write_bytes(encode(plan))
    for record in store.records()[:2]:
        store.write_trial(replace(record, after=replace(record.after, thermal_status=3)))
    found, _ = attempt(queue, f"shutil.copytree({str(store.path)!r}, out, dirs_exist_ok=True)\n")
    assert found.hot == 0.5


def test_runs_under_way_are_asked_to_end_and_say_that_they_were(queue: Queue) -> None:
    job, where = place(queue)
    made_by = runs(queue, SLEEP)
    found: list[Attempt] = []
    thread = threading.Thread(target=lambda: found.append(made_by.attempt(job, where, "lab1/A")))
    thread.start()
    while not (where.folder / "ready").exists():
        time.sleep(0.02)
    made_by.end_all()
    thread.join(20)
    assert [each.ending for each in found] == ["interrupted"]
    assert made_by.under_way == {}
