# SPDX-License-Identifier: Apache-2.0
import socket
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agent.device.adb import AdbTransport, connect
from agent.device.server import Address, default_address, parse_address
from tests.support.adb_server import FakeAdbServer, adb_server
from workloads.errors import FinalError, InputError, ReclaimError, SetupError, StoreError, TransientError


@pytest.fixture
def server() -> Iterator[FakeAdbServer]:
    with adb_server(phones={"A1": "device"}) as running:
        yield running


@pytest.fixture
def phone(server: FakeAdbServer) -> AdbTransport:
    return connect("A1", server.address)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def test_a_program_keeps_its_exit_status_output_and_error_apart(phone: AdbTransport) -> None:
    done = phone.run(("sh", "-c", "echo out; echo err >&2; exit 7"))
    assert (done.code, done.out, done.err) == (7, "out\n", "err\n")


def test_words_reach_the_program_unchanged_and_input_too(phone: AdbTransport) -> None:
    done = phone.run(("sh", "-c", 'printf %s "$1"; cat', "sh", "a 'b' $(id) ü\n"), stdin=b"-fed")
    assert done.out == "a 'b' $(id) ü\n-fed"


def test_a_file_goes_there_and_back_whole(phone: AdbTransport, tmp_path: Path) -> None:
    data, remote, local = bytes(range(256)) * 1000, tmp_path / "it's there", tmp_path / "back"
    phone.push(data, str(remote), mode=0o755)
    phone.pull(str(remote), local)
    assert local.read_bytes() == data
    assert remote.stat().st_mode & 0o777 == 0o755


def test_a_refused_push_says_why(phone: AdbTransport, tmp_path: Path) -> None:
    with pytest.raises(FinalError, match=r"A1: cannot write .*/no/folder: .*(No such file|nonexistent)"):
        phone.push(b"x", str(tmp_path / "no" / "folder"))


def test_a_pull_that_fails_leaves_nothing(server: FakeAdbServer, phone: AdbTransport, tmp_path: Path) -> None:
    (tmp_path / "remote").write_bytes(b"four")
    server.lie_about_size = 1
    with pytest.raises(TransientError, match="4 of 5 bytes"):
        phone.pull(str(tmp_path / "remote"), tmp_path / "local")
    with pytest.raises(FinalError, match="No such file"):
        phone.pull(str(tmp_path / "missing"), tmp_path / "local")
    assert [path.name for path in tmp_path.iterdir()] == ["remote"]


def test_a_pull_to_a_folder_that_is_not_there_is_this_machines_fault(phone: AdbTransport, tmp_path: Path) -> None:
    (tmp_path / "remote").write_bytes(b"four")
    with pytest.raises(StoreError, match="No such file or directory"):
        phone.pull(str(tmp_path / "remote"), tmp_path / "no" / "local")


def test_a_dropped_link_may_be_tried_again(server: FakeAdbServer, phone: AdbTransport) -> None:
    server.drop_at.add("shell")
    with pytest.raises(TransientError, match="A1: "):
        phone.run(("true",))


def test_a_phone_that_left_may_come_back(server: FakeAdbServer, phone: AdbTransport) -> None:
    state = server.phones.pop("A1")
    with pytest.raises(TransientError, match="'A1' not found"):
        phone.run(("true",))
    server.phones["A1"] = state
    assert phone.run(("true",)).code == 0


def test_a_slow_command_is_told_with_what_it_printed(phone: AdbTransport) -> None:
    with pytest.raises(TransientError, match=r"A1: `sleep 5` did not end within 0\.05 s"):
        phone.run(("sleep", "5"), timeout_s=0.05)


@pytest.mark.parametrize("rest_s", [0.0, 600.0])
def test_on_a_silent_link_only_the_first_command_waits_in_full_and_only_the_second_for_a_sign(rest_s: float) -> None:
    with adb_server(phones={"A1": "device"}, mute=True) as running:
        phone = AdbTransport("A1", parse_address(running.address), sign_s=0.2, rest_s=rest_s)
        with pytest.raises(TransientError, match="no answer in time to cat"):
            phone.run(("cat",), timeout_s=0.2)
        silent = r"^A1: fell silent and gave no sign of life within 0\.2 s"
        with pytest.raises(TransientError, match=silent):
            phone.run(("sync",), timeout_s=600.0)
        with pytest.raises(TransientError, match=silent):
            phone.pull("/a", Path("a"))
        running.mute = False
        if rest_s:
            with pytest.raises(TransientError, match=silent):
                phone.run(("echo", "back"))
        else:
            assert replace(phone, sign_s=30.0).run(("echo", "back")).out == "back\n"


def test_a_command_longer_than_adb_can_carry_is_refused(phone: AdbTransport) -> None:
    with pytest.raises(InputError, match="too long for adb"):
        phone.run(("echo", "x" * 70_000))


def test_adb_root_refused_is_an_error_of_its_own(phone: AdbTransport) -> None:
    with pytest.raises(TransientError, match="'closed' to adb root"):
        phone.restart_as_root()


def test_the_only_phone_is_taken_without_a_serial(server: FakeAdbServer) -> None:
    assert connect(None, server.address).serial == "A1"


def test_a_phone_on_the_network_is_connected_to_when_not_listed(server: FakeAdbServer) -> None:
    server.network.add("10.0.0.9:5555")
    assert connect("10.0.0.9:5555", server.address).run(("echo", "hi")).out == "hi\n"


def test_a_phone_on_the_network_that_went_offline_is_connected_to_again(server: FakeAdbServer) -> None:
    server.network.add("10.0.0.9:5555")
    server.phones["10.0.0.9:5555"] = "offline"
    assert connect("10.0.0.9:5555", server.address).run(("true",)).code == 0


@pytest.mark.parametrize(
    ("phones", "serial", "kind", "words"),
    [
        ({}, None, InputError, "no phone is connected"),
        ({"A1": "device", "B2": "offline"}, None, InputError, r"-s SERIAL: A1 \(device\), B2 \(offline\)"),
        ({"A1": "device"}, "Z9", FinalError, "Z9: no such phone .* it sees: A1"),
        ({"A1": "unauthorized"}, "A1", FinalError, "allow USB debugging"),
        ({"A1": "unauthorized"}, None, FinalError, "allow USB debugging"),
        ({"A1": "offline"}, "A1", TransientError, "is offline"),
        ({"A1": "no permissions"}, "A1", FinalError, "udev"),
        ({}, "10.0.0.1:5555", TransientError, "Connection refused"),
    ],
)
def test_each_reason_why_there_is_no_phone_has_its_line(
    phones: dict[str, str], serial: str | None, kind: type[ReclaimError], words: str
) -> None:
    with adb_server(phones=phones) as running, pytest.raises(kind, match=words) as caught:
        connect(serial, running.address, wait_s=0)
    assert len(str(caught.value).splitlines()) == 1


def test_two_phones_with_one_serial_are_refused_and_their_neighbour_is_not() -> None:
    phones = {"0123456789ABCDEF": "device", "OTHER": "device"}
    with adb_server(phones=phones, twins=("0123456789ABCDEF",)) as running:
        with pytest.raises(FinalError, match=r"^0123456789ABCDEF: two phones answer to this serial; disconnect one"):
            connect("0123456789ABCDEF", running.address)
        assert connect("OTHER", running.address).serial == "OTHER"


def test_a_phone_too_old_for_the_shell_protocol_is_refused() -> None:
    with adb_server(phones={"OLD": "device"}, features="cmd") as running, pytest.raises(FinalError, match="Android 7"):
        connect(None, running.address)


def test_a_named_server_that_does_not_answer_is_never_started() -> None:
    with pytest.raises(SetupError, match="start it there, or correct --adb-server"):
        connect(None, f"127.0.0.1:{free_port()}")


def test_no_server_and_no_adb_program_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANDROID_ADB_SERVER_PORT", str(free_port()))
    monkeypatch.delenv("ADB_SERVER_SOCKET", raising=False)
    monkeypatch.setenv("ADBUTILS_ADB_PATH", "/nonexistent/adb")
    with pytest.raises(SetupError, match=r"none could be started .*apt install adb"):
        connect()


@pytest.mark.parametrize(
    ("environ", "found"),
    [
        ({}, Address("127.0.0.1", 5037)),
        ({"ANDROID_ADB_SERVER_PORT": "6000"}, Address("127.0.0.1", 6000)),
        ({"ADB_SERVER_SOCKET": "tcp:6001"}, Address("127.0.0.1", 6001, given=True)),
        ({"ADB_SERVER_SOCKET": "tcp:lab:6001"}, Address("lab", 6001, given=True)),
    ],
)
def test_the_server_is_the_one_the_adb_program_would_use(environ: dict[str, str], found: Address) -> None:
    assert default_address(environ) == found


@pytest.mark.parametrize("text", ["", "5037", "host:", ":1", "host:0", "host:70000", "host:x", "host:²"])
def test_an_address_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not HOST:PORT"):
        parse_address(text)


@pytest.mark.parametrize("environ", [{"ADB_SERVER_SOCKET": "localfilesystem:/x"}, {"ANDROID_ADB_SERVER_PORT": "x"}])
def test_a_variable_that_names_no_server_is_refused(environ: dict[str, str]) -> None:
    with pytest.raises(InputError):
        default_address(environ)
