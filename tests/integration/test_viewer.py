# SPDX-License-Identifier: Apache-2.0
"""`reclaim trace open`: a server for this computer's browser, which hands out the run's traces and nothing else."""

import http.client
import io
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from agent.cli.main import main
from reports.viewer.place import launches, shelf_of
from reports.viewer.server import HOST, Viewer, serve, ui_files
from tests.support.synthetic_run import Shape, make_run
from tests.support.traces import TraceBuilder
from workloads.errors import InputError

APP = "com.example.mail"


@dataclass
class Served:
    """A server that answers."""

    viewer: Viewer
    port: int

    def get(self, path: str, host: str = "", method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        """Status, headers, body; `path` follows the token."""
        return self.ask(f"/{self.viewer.token}/{path}", host, method)

    def ask(self, path: str, host: str = "", method: str = "GET") -> tuple[int, dict[str, str], bytes]:
        """The same with a whole path, sent as it is."""
        link = http.client.HTTPConnection(HOST, self.port, timeout=20)
        link.putrequest(method, path, skip_host=True)
        link.putheader("Host", host or f"{HOST}:{self.port}")
        link.endheaders()
        answer = link.getresponse()
        found = answer.status, dict(answer.getheaders()), answer.read()
        link.close()
        return found


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with a trace in its second trial."""
    store = make_run(tmp_path_factory.mktemp("viewer") / "run", Shape(blocks=2, warm_ups=0))
    record = store.records()[1]
    TraceBuilder().launches(1.2, 1.8, APP).write(store.trial_dir(record.trial) / "trace.pftrace")
    store.write_trial(replace(record, trace="trace.pftrace"))
    return store.path


@pytest.fixture(scope="module")
def trial(run: Path) -> str:
    (name,) = shelf_of(run).traces
    return name


@contextmanager
def serving(what: Path) -> Iterator[Served]:
    viewer = Viewer(shelf_of(what), ui_files())
    with serve(viewer, 0) as server:
        thread = threading.Thread(target=lambda: server.serve_forever(0.05))
        thread.start()
        yield Served(viewer, server.server_address[1])
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def served(run: Path) -> Iterator[Served]:
    with serving(run) as server:
        yield server


def test_a_trial_opens_in_the_ui_at_its_launch(served: Served, trial: str) -> None:
    status, headers, _ = served.get(f"open/{trial}/1")
    assert status == 302
    where = urlsplit(headers["Location"])
    assert where.path == f"/{served.viewer.token}/ui/index.html"
    given = parse_qs(where.fragment.partition("?")[2])
    (launch,) = launches(served.viewer.shelf.traces[trial])[1]
    assert int(given["visStart"][0]) <= launch.span.begin < launch.span.end <= int(given["visEnd"][0])
    status, _, body = served.ask(urlsplit(given["url"][0]).path)
    assert (status, body) == (200, served.viewer.shelf.traces[trial].read_bytes())


def test_the_ui_and_the_page_are_served_under_policies(served: Served) -> None:
    status, headers, body = served.get("ui/index.html")
    assert (status, headers["Content-Security-Policy"]) == (200, served.viewer.policy)
    assert b"Perfetto UI" in body
    status, headers, body = served.get("report")
    assert (status, headers["Content-Security-Policy"]) == (200, "frame-ancestors 'none'")
    assert b"Content-Security-Policy" in body, "the page brings its own"
    for name, value in {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}.items():
        assert headers[name] == value


@pytest.mark.parametrize("path", ["", "report", "trace/x", "wrong-token/report", f"{'a' * 32}/ui/index.html"])
def test_without_the_token_nothing_is_told(served: Served, path: str) -> None:
    assert served.ask(f"/{path}")[0] == 403


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "evil.example", "127.0.0.1:1"])
def test_another_host_is_not_answered(served: Served, host: str) -> None:
    assert served.get("report", host)[0] == 421


@pytest.mark.parametrize(
    "path",
    [
        "trace/..%2F..%2Fplan.json", "trace/../plan.json", "trace/%2Fetc%2Fpasswd", "ui/../../../etc/passwd",
        "ui//etc/passwd", "ui/%2e%2e/%2e%2e/x",
        "ui/service_worker.js", "plan.json", "open/nothing", "open/a/1/2", "trace", "ui", "ui/",
        "trace/%00", "report/x",
    ],
)  # fmt: skip
def test_nothing_but_the_runs_traces_and_the_uis_files_is_served(served: Served, path: str) -> None:
    assert served.get(path)[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_there_is_nothing_to_send_to(served: Served, method: str) -> None:
    assert served.get("report", method=method)[0] == 501


def test_a_launch_that_is_not_there_is_told_in_a_line(served: Served, trial: str) -> None:
    status, _, body = served.get(f"open/{trial}/9")
    assert status == 404
    assert f"no such launch in {trial}; its launches: 1 ({APP})" in body.decode()


def test_paths_that_mean_a_trace(run: Path, trial: str) -> None:
    traced = shelf_of(run).traces[trial]
    assert [shelf_of(path).first for path in (run, run / trial, run / "trials" / trial, traced)] == [
        "", trial, trial, "trace.pftrace",
    ]  # fmt: skip


@pytest.mark.parametrize("wrong", ["nowhere", "run/003-b2-off", "run/nothing"])
def test_paths_that_mean_none_are_refused(run: Path, wrong: str) -> None:
    with pytest.raises(InputError):
        shelf_of(run.parent / wrong)


def test_the_command_refuses_in_one_line_before_it_serves(run: Path, trial: str, tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    empty = str(tmp_path / "empty")
    empty = str(tmp_path / "empty")
    for words in (["nowhere"], [str(run), "--at", "1"], [str(run / trial), "--at", "9"], [empty, "--at", "1"]):
        err = io.StringIO()
        assert main(["trace", "open", *words, "--no-browser"], io.StringIO(), err) == 2
        assert len(err.getvalue().splitlines()) == 1


def test_a_trace_that_is_a_link_out_of_its_run_is_not_one_of_the_runs_traces(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=2, warm_ups=0))
    secret = TraceBuilder().launches(1.2, 1.8, APP).write(tmp_path / "secret")
    inside, outside = (store.trial_dir(record.trial) / "trace.pftrace" for record in store.records()[:2])
    inside.write_bytes(secret.read_bytes())
    outside.symlink_to(secret)
    assert list(shelf_of(store.path).traces.values()) == [inside]


def test_ctrl_c_ends_it_well(run: Path, trial: str) -> None:
    code = "from agent.cli.main import run; run()"
    words = ["trace", "open", str(run / trial), "--at", "1", "--no-browser"]
    with subprocess.Popen(
        [sys.executable, "-c", code, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        address = child.stdout.readline()
        child.send_signal(signal.SIGINT)
        _, err = child.communicate(timeout=60)
    assert address.startswith(b"http://127.0.0.1:")
    assert err.count(b"\n") == 1, "what it told before, and nothing of an error"
    assert child.returncode == 0


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (BrokenPipeError(), ""),
        (ConnectionResetError(), ""),
        (ValueError("x"), "reclaim: an answer failed: ValueError: x\n"),
    ],
)
def test_a_browser_that_hangs_up_is_no_news_and_what_fails_is_one_line(
    run: Path, capsys: pytest.CaptureFixture[str], error: Exception, told: str
) -> None:
    with serve(Viewer(shelf_of(run), ui_files()), 0) as server:
        try:
            raise error
        except type(error):
            server.handle_error(server.socket, ("127.0.0.1", 1))
    assert capsys.readouterr().err == told


def test_a_trace_that_is_gone_is_told(tmp_path: Path) -> None:
    file = tmp_path / "mine.pftrace"
    TraceBuilder().launches(1.2, 1.8, APP).write(file)
    with serving(file) as served:
        file.unlink()
        status, _, body = served.get(f"trace/{file.name}")
    assert (status, body) == (404, b"mine.pftrace: cannot be read: No such file or directory\n")
