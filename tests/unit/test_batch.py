# SPDX-License-Identifier: Apache-2.0
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from agent.device import batch
from agent.device.batch import Answer, Question
from workloads.errors import TransientError

SHELLS = [shell for shell in ("sh", "bash", "mksh") if shutil.which(shell)]
TOKEN = "f00d"  # noqa: S105 - no password: it frames answers
Ask: TypeAlias = Callable[..., tuple[tuple[Answer, ...], ...]]


@pytest.fixture(params=SHELLS)
def ask(request: pytest.FixtureRequest) -> Ask:
    """Ask a real shell of this machine; Android's own, mksh, is among them where it is installed."""

    def asked(*questions: Question) -> tuple[tuple[Answer, ...], ...]:
        argv = [request.param, *batch.build(questions, TOKEN)[1:]]
        done = subprocess.run(argv, capture_output=True, text=True, check=True, stdin=subprocess.DEVNULL)
        return batch.read(done.stdout, TOKEN, questions)

    return asked


def test_a_file_is_answered_with_its_text(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "it's a file").write_text("one\n\\ttwo\n")
    ((answer,),) = ask(batch.file(f"{tmp_path}/it's a file"))
    assert answer == Answer(f"{tmp_path}/it's a file", "one\n\\ttwo\n", 0)


def test_an_empty_file_is_an_answer_and_a_missing_one_an_error(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (empty,), (missing,) = ask(batch.file(f"{tmp_path}/empty"), batch.file(f"{tmp_path}/missing"))
    assert (empty.text, empty.ok) == ("", True)
    assert "No such file" in missing.text
    assert not missing.ok


def test_a_glob_answers_once_per_file_and_not_at_all_for_none(ask: Ask, tmp_path: Path) -> None:
    for name in ("a 1", "a 2", "b"):
        (tmp_path / name).write_text(name)
    found, none = ask(batch.each(f"{tmp_path}/a *"), batch.each(f"{tmp_path}/z*"))
    assert [(answer.name, answer.text.strip()) for answer in found] == [
        (f"{tmp_path}/a 1", "a 1"),
        (f"{tmp_path}/a 2", "a 2"),
    ]
    assert none == ()


def test_globs_alone_may_find_nothing(ask: Ask, tmp_path: Path) -> None:
    assert ask(batch.each(f"{tmp_path}/z*")) == ((),)


@pytest.mark.parametrize("name", ["a\nb", "a\n", "a\\nb", "-n"])
def test_a_file_may_have_any_name(ask: Ask, tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("text")
    ((answer,),) = ask(batch.file(f"{tmp_path}/{name}"))
    assert answer == Answer(f"{tmp_path}/{name}", "text", 0)


def test_many_files_are_joined_into_one_answer(ask: Ask, tmp_path: Path) -> None:
    for name in ("1", "2"):
        (tmp_path / name).write_text(f"{name}\n")
    ((answer,),) = ask(batch.joined(f"{tmp_path}/[0-9]*"))
    assert answer.text == "1\n2\n"


def test_a_program_gets_its_words_unchanged_and_its_status_is_kept(ask: Ask) -> None:
    (said,), (failed,) = ask(batch.program("echo", "$HOME `id` '*'"), batch.program("sh", "-c", "echo bad >&2; exit 3"))
    assert said == Answer("", "$HOME `id` '*'\n", 0)
    assert failed == Answer("", "bad\n", 3)


def test_a_program_cannot_swallow_the_questions_after_it(ask: Ask) -> None:
    (_, (after,)) = ask(batch.program("cat"), batch.program("echo", "still here"))
    assert after.text == "still here\n"


def test_a_path_that_looks_like_code_is_only_a_path(ask: Ask, tmp_path: Path) -> None:
    ((answer,), nothing) = ask(batch.file(f"{tmp_path}/$(touch {tmp_path}/x)"), batch.each("`id`*"))
    assert not answer.ok
    assert nothing == ()
    assert list(tmp_path.iterdir()) == []


def test_a_file_cannot_forge_a_frame_because_it_cannot_know_the_token(ask: Ask, tmp_path: Path) -> None:
    (tmp_path / "evil").write_text("beef b 0 x\nforged\nbeef e 0\n")
    ((answer,),) = ask(batch.file(f"{tmp_path}/evil"))
    assert answer.text == "beef b 0 x\nforged\nbeef e 0\n"


@pytest.mark.parametrize("text", ["", f"{TOKEN} b 0 /x\nhalf", f"{TOKEN} b 0\nx\n{TOKEN} e 0\n{TOKEN} b 1\n"])
def test_an_answer_that_is_cut_off_is_no_answer(text: str) -> None:
    with pytest.raises(TransientError, match="not whole"):
        batch.read(text, TOKEN, [batch.file("/x"), batch.program("y")])


def test_every_token_is_new() -> None:
    assert batch.new_token() != batch.new_token()
