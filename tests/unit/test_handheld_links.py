# SPDX-License-Identifier: Apache-2.0
import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from agent.handheld import adbserver
from agent.handheld.monitor import Monitor
from workloads.errors import FinalError, TransientError


@contextmanager
def serving(listener: socket.socket, answer: Callable[[socket.socket], None]) -> Iterator[None]:
    listener.listen()

    def serve() -> None:
        link, _ = listener.accept()
        with link:
            answer(link)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield
    finally:
        thread.join()
        listener.close()


@contextmanager
def monitored(path: Path, answers: dict[str, object]) -> Iterator[Monitor]:
    """A QEMU monitor that knows some commands and talks of events in between."""

    def talk(link: socket.socket) -> None:
        with link.makefile("rw") as lines:
            lines.write('{"QMP": {}}\n')
            lines.flush()
            for line in lines:
                command = json.loads(line)["execute"]
                event = {"event": "RTC_CHANGE", "data": {}}
                unknown = {"error": {"class": "CommandNotFound", "desc": f"{command} not found"}}
                answer = {"return": answers[command]} if command in answers else unknown
                lines.write(f"{json.dumps(event)}\n{json.dumps(answer)}\n")
                lines.flush()

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    with serving(listener, talk):
        yield Monitor(path)


def test_the_monitor_answers_past_its_events(tmp_path: Path) -> None:
    answers: dict[str, object] = {"qmp_capabilities": {}, "query-status": {"status": "running"}}
    with monitored(tmp_path / "q", answers) as monitor:
        assert monitor.ask("query-status") == {"status": "running"}


def test_a_refused_command_is_final_and_says_why(tmp_path: Path) -> None:
    with (
        monitored(tmp_path / "q", {"qmp_capabilities": {}}) as monitor,
        pytest.raises(FinalError, match="jump not found"),
    ):
        monitor.ask("jump")


def test_a_monitor_in_a_deep_folder_is_reached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    deep = tmp_path / ("x" * 100) / ("y" * 100)
    deep.mkdir(parents=True)
    monkeypatch.chdir(deep)
    with monitored(Path("q"), {"qmp_capabilities": {}, "stop": {}}):
        Monitor(deep / "q").stop()


def test_a_monitor_that_is_gone_may_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(TransientError, match="is the handheld running"):
        Monitor(tmp_path / "q").stop()


@contextmanager
def adb_server(script: Callable[[str], bytes]) -> Iterator[str]:
    """A server that reads requests with adb's four hex digits in front and answers from a script."""

    def talk(link: socket.socket) -> None:
        while head := link.recv(4):
            answer = script(link.recv(int(head, 16)).decode())
            link.sendall(answer)
            if answer.startswith(b"FAIL") or b"bye" in answer:
                return

    listener = socket.create_server(("127.0.0.1", 0))
    with serving(listener, talk):
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def test_a_server_is_asked_and_its_answer_read() -> None:
    with adb_server(
        lambda request: b"OKAY0010connected to bye" if request.startswith("host:connect") else b""
    ) as address:
        assert adbserver.ask(address, "host:connect:127.0.0.1:1") == "connected to bye"


def test_a_shell_command_goes_to_one_device() -> None:
    seen: list[str] = []

    def answer(request: str) -> bytes:
        seen.append(request)
        return b"OKAY" if request.startswith("host:") else b"OKAYhello bye"

    with adb_server(answer) as address:
        assert adbserver.shell(address, "127.0.0.1:7", "id") == "hello bye"
    assert seen == ["host:transport:127.0.0.1:7", "shell:id"]


def test_an_unknown_device_is_told_in_the_servers_words() -> None:
    with (
        adb_server(lambda _request: b"FAIL0010device not found") as address,
        pytest.raises(TransientError, match="device not found"),
    ):
        adbserver.shell(address, "x", "id")


def test_no_server_is_started_where_none_is() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(TransientError, match="does not answer"):
        adbserver.ask(f"127.0.0.1:{port}", "host:version")


def test_our_ports_are_free_and_far_from_adbs_own() -> None:
    assert all(port > 10000 for port in (adbserver.free_port() for _ in range(20)))


def test_our_adb_server_keeps_to_its_port_and_looks_for_no_device_by_itself(tmp_path: Path) -> None:
    environment = adbserver.environment(20005, tmp_path)
    assert environment["ANDROID_ADB_SERVER_PORT"] == "20005"
    assert [environment[name] for name in ("ADB_USB", "ADB_EMU", "ADB_MDNS", "ADB_MDNS_AUTO_CONNECT")] == ["0"] * 4
    assert environment["HOME"] == str(tmp_path)
