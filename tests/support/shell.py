# SPDX-License-Identifier: Apache-2.0
"""A `trace_processor_shell` that behaves: its HTTP interface, answered by the WebAssembly.

Run as a program: `FILE -D --http-port PORT`. `write` makes an executable of it.
"""

import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from reports.traces import rpc
from reports.traces.wasm import WasmProcessor

TOP = Path(__file__).resolve().parents[2]


def write(path: Path, *, api: int = 0) -> Path:
    """Make `path` such a program; `api` makes it claim another protocol version."""
    lines = (
        f"#!{sys.executable}",
        "import sys",
        f"sys.path.insert(0, {str(TOP)!r})",
        "from tests.support.shell import serve",
        f"serve(int(sys.argv[sys.argv.index('--http-port') + 1]), api={api})",
    )
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o755)
    return path


def serve(port: int, *, api: int) -> None:
    Server(("127.0.0.1", port), Handler, WasmProcessor.start(), api).serve_forever()


class Server(HTTPServer):
    def __init__(self, address: tuple[str, int], handler: type["Handler"], processor: WasmProcessor, api: int) -> None:
        super().__init__(address, handler)
        self.processor = processor
        self.api = api

    def answer(self, path: str, body: bytes) -> rpc.Message:
        if path == "/query":
            return self.processor.execute_query(rpc.messages().QueryArgs.FromString(body).sql_query)
        if path == "/parse":
            return self.processor.parse(body)
        if path == "/notify_eof":
            return self.processor.notify_eof()
        status = self.processor.status()
        status.api_version = self.api or status.api_version
        return status


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self._reply(b"")

    def do_POST(self) -> None:
        self._reply(self.rfile.read(int(self.headers["Content-Length"])))

    def _reply(self, body: bytes) -> None:
        data = self.server.answer(self.path, body).SerializeToString()
        self.send_response(200)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        """Say nothing."""
