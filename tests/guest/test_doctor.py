# SPDX-License-Identifier: Apache-2.0
"""doctor on both builds of the virtual handheld: adbd is really restarted, and the record says the same."""

import io
import json
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.device.adb import connect
from agent.device.phone import attach
from agent.field.lifeline import TERMS
from agent.handheld.machine import Handheld
from agent.handheld.options import HandheldOptions
from tests.support.transcripts import told

pytestmark = pytest.mark.guest


def doctor(guest: Handheld, *words: str) -> tuple[int, str]:
    out, err = io.StringIO(), io.StringIO()
    code = main(["doctor", "-s", guest.serial, "--adb-server", guest.adb_server, *words], out, err)
    assert code in (0, 1), err.getvalue()
    return code, out.getvalue()


def unwrapped(said: str) -> str:
    """Without the serial, with which it begins, and the line breaks that depend on its length."""
    return "".join(said.partition(": ")[2].split())


def test_a_userdebug_build_can_be_measured_and_its_dead_man_outlives_adbd(handheld: Handheld, tmp_path: Path) -> None:
    phone = attach(connect(handheld.serial, handheld.adb_server))
    adbd = phone.shell("pidof", "adbd").out
    code, said = doctor(handheld, "--record", str(tmp_path / "phone.jsonl"))
    assert code == 0, said
    assert "lived on when adbd was restarted" in said
    assert phone.shell("pidof", "adbd").out != adbd
    assert phone.shell("ls", TERMS.folder, as_root=True).code != 0
    assert unwrapped(told(tmp_path / "phone.jsonl")) == unwrapped(said)
    assert handheld.serial not in (tmp_path / "phone.jsonl").read_text()


def test_a_user_build_is_told_what_it_lacks_and_is_left_as_it_was() -> None:
    with Handheld.start(HandheldOptions(build="user")) as guest:
        code, said = doctor(guest, "--json")
        states = {one["topic"]: one["state"] for one in json.loads(said)["findings"]}
        left = attach(connect(guest.serial, guest.adb_server)).shell("ls", TERMS.folder)
    assert code == 1
    assert (states["root"], states["kcompressd"], states["dead-man"]) == ("no", "part", "part")
    assert states["programs"] == "yes"
    assert left.code != 0
