# SPDX-License-Identifier: Apache-2.0
"""What the documentation tells people to type with a phone at hand, typed with the virtual handheld at hand."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.device.adb import connect
from agent.device.phone import attach
from agent.handheld.machine import Handheld
from tests.support.docs import blocks, commands

pytestmark = pytest.mark.guest

PAGES = ("start.md", "phone.md", "experiment.md")
ON_A_PHONE = {"doctor", "run", "resume", "restore"}
OF_A_RUN = {"report", "compare"}
NOT_HERE = {"aa", "RUN2", "TRACE"}
"""An A/A of half an hour, another run, a trace."""

SMALLER = ("bytes_each = 268435456", "bytes_each = 130023424")
"""A phone's dose, and one that 768 MiB hold."""


def told() -> Iterator[tuple[str, ...]]:
    """Each command once, page by page."""
    pages = [each.words for page in PAGES for each in commands() if each.page == page]
    yield from (w for w in dict.fromkeys(pages) if w[0] in ON_A_PHONE | OF_A_RUN and not NOT_HERE & set(w))


@pytest.fixture
def _left_as_found(handheld: Handheld) -> Iterator[None]:
    """No app stays in the background: other tests count them."""
    yield
    phone = attach(connect(handheld.serial, handheld.adb_server))
    for line in phone.shell("pm", "list", "packages", "-3", check=True).out.split():
        phone.shell("am", "force-stop", line.removeprefix("package:"), check=True)


@pytest.mark.usefixtures("_left_as_found")
def test_what_is_told_works_in_that_order(handheld: Handheld, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    work, text = blocks("experiment.md", "toml")
    Path("my-apps.toml").write_text(work.replace(*SMALLER))
    Path("my.toml").write_text(text)
    phone = ("-s", handheld.serial, "--adb-server", handheld.adb_server)
    for words in told():
        more = (*phone, *(("--blocks", "1") if words[0] == "run" else ())) if words[0] in ON_A_PHONE else ()
        out, err = io.StringIO(), io.StringIO()
        assert main([*words, *more], out, err) == 0, f"{words}\n{out.getvalue()}\n{err.getvalue()}"
    assert "survivors" in Path("RUN", "verdict.json").read_text()
    assert "vm.swappiness" in Path("RUN", "report.html").read_text()
