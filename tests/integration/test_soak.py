# SPDX-License-Identifier: Apache-2.0
"""What the soak and the tests of faults stand on: a link that fails as told, checks that see what they look for."""

import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.soak.__main__ import plan
from tests.soak.ordeal import ended_otherwise
from tests.support.faults import checks
from tests.support.faults.catalogue import FAULTS, KILL_AND_DROP, PERFETTO
from tests.support.faults.proxy import Proxy, proxy


@pytest.fixture
def link() -> Iterator[Proxy]:
    """A proxy before something that says everything again."""

    def echo(listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            with near:
                while data := near.recv(100):
                    near.sendall(data)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=echo, args=(listener,), daemon=True).start()
        with proxy(f"127.0.0.1:{listener.getsockname()[1]}") as made:
            yield made
        listener.shutdown(socket.SHUT_RDWR)


def dial(link: Proxy) -> socket.socket:
    return socket.create_connection(("127.0.0.1", link.port), timeout=5)


class TestProxy:
    def test_what_is_said_comes_through_both_ways(self, link: Proxy) -> None:
        with dial(link) as near:
            near.sendall(b"hello")
            assert near.recv(100) == b"hello"

    def test_a_dropped_link_ends_connections_and_takes_none_until_it_is_mended(self, link: Proxy) -> None:
        with dial(link) as near:
            near.sendall(b"hello")
            assert near.recv(100) == b"hello"
            link.drop()
            assert near.recv(100) == b""
        with pytest.raises(OSError, match="refused"):
            dial(link)
        link.mend()
        with dial(link) as near:
            near.sendall(b"again")
            assert near.recv(100) == b"again"

    def test_a_silent_link_closes_nothing_and_loses_nothing(self, link: Proxy) -> None:
        link.silence()
        with dial(link) as near:
            near.sendall(b"hello")
            near.settimeout(0.1)
            with pytest.raises(TimeoutError):
                near.recv(100)
            link.mend()
            near.settimeout(5)
            assert near.recv(100) == b"hello"


class TestChecks:
    def test_what_is_half_written_is_found(self, tmp_path: Path) -> None:
        (tmp_path / "whole.json").write_text("{}")
        assert list(checks.half_written(tmp_path)) == []
        (tmp_path / "cut.json").write_text('{"a": ')
        (tmp_path / "cut.parquet").write_bytes(b"PAR1")
        (tmp_path / "events.jsonl").write_text('{"a": 1}\n{"b"')
        (tmp_path / ".record.json.7.part").touch()
        found = list(checks.half_written(tmp_path))
        assert [line.split(":")[0] for line in found] == [
            "half-made file .record.json.7.part", "cut.json", "cut.parquet", "events.jsonl",
        ]  # fmt: skip

    def test_a_trial_that_is_gone_or_changed_is_lost(self, tmp_path: Path) -> None:
        for name in ("001-b1-on", "002-b1-off", "003-b2-on"):
            (tmp_path / "trials" / name).mkdir(parents=True)
            (tmp_path / "trials" / name / "record.json").write_text(name)
        before = checks.records(tmp_path)
        assert list(checks.lost(tmp_path, before)) == []
        (tmp_path / "trials" / "001-b1-on" / "record.json").unlink()
        (tmp_path / "trials" / "002-b1-off" / "record.json").write_text("other")
        assert list(checks.lost(tmp_path, before)) == [
            "trial 001-b1-on had ended and is gone", "trial 002-b1-off had ended and is changed",
        ]  # fmt: skip


def test_what_befalls_a_trial_must_not_end_the_run_and_what_ends_the_agent_may() -> None:
    assert list(ended_otherwise(PERFETTO, "completed")) == []
    assert list(ended_otherwise(PERFETTO, "resumed: 001-b1-on failed 3 times")) == [
        "perfetto killed should have cost an attempt at most"
    ]
    assert list(ended_otherwise(KILL_AND_DROP, "resumed: the agent was killed")) == []


def test_every_fault_strikes_about_as_often_and_the_seed_decides_when() -> None:
    planned = plan(7, 60, FAULTS)
    often = [sum(ordeal.fault is fault for ordeal in planned) for fault in FAULTS]
    assert max(often) - min(often) <= 1
    assert [ordeal.seed for ordeal in planned] == list(range(7, 67))
    assert planned == plan(7, 60, FAULTS)
    assert planned[3].moment_s(20) == planned[3].moment_s(20) != planned[4].moment_s(20)
