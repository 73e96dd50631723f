# SPDX-License-Identifier: Apache-2.0
"""`reclaim watch` over a real adb protocol, the sampler in a shell of this machine."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.field.board import CSV_HEADER
from tests.support.adb_server import FakeAdbServer, adb_server

LOG = """\
#!/bin/sh
echo "12-01 09:35:22.722   191   191 I ActivityTaskManager: Displayed com.a/.Main: +1s847ms"
printf '12-01 09:35:23.000   101   101 I lmkd    : Kill '
sleep 0.5
echo "'com.b' (12), uid 10080, oom_score_adj 900 to free 1kB rss; reason: low swap"
exec sleep 30
"""


@pytest.fixture
def phone(tmp_path: Path) -> Iterator[FakeAdbServer]:
    """A phone without root whose shell is bash and whose log tells of a launch and a kill."""
    for name in ("cat", "date", "kill", "sleep"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    (tmp_path / "sh").symlink_to(str(shutil.which("bash")))
    for name, text in {"logcat": LOG, "getprop": "#!/bin/sh\necho 33\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    with adb_server(phones={"A1": "device"}, path=str(tmp_path)) as server:
        yield server


def watch(server: FakeAdbServer, *words: str) -> tuple[int, str, str]:
    out, err = io.StringIO(), io.StringIO()
    code = main(["watch", "-s", "A1", "--adb-server", server.address, *words], out, err)
    return code, out.getvalue(), err.getvalue()


def test_in_a_pipe_it_prints_lines_kills_and_launches_and_says_what_is_not_shown(phone: FakeAdbServer) -> None:
    code, out, err = watch(phone, "--for", "2.5s")
    assert code == 0, err
    assert "launched com.a/.Main in 1.85 s" in out
    assert "killed com.b (adj 900): low swap" in out
    assert "available" in out
    assert "kcompressd" not in out
    assert "not shown: kcompressd's CPU and queue: no kcompressd thread runs" in err


def test_csv_has_a_row_a_second_and_what_happened(phone: FakeAdbServer, tmp_path: Path) -> None:
    code, out, err = watch(phone, "--for", "2.5s", "--csv", str(tmp_path / "w.csv"))
    assert (code, out) == (0, ""), err
    header, *rows = (tmp_path / "w.csv").read_text().splitlines()
    assert header == ",".join(CSV_HEADER)
    assert rows
    assert "killed com.b (adj 900): low swap" in "".join(rows)


def test_a_file_that_cannot_be_written_is_told_before_the_phone_is_asked(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert main(["watch", "--csv", str(tmp_path / "not" / "there.csv")], out, err) == 2
    assert "there is no directory" in err.getvalue()
    assert main(["watch", "--for", "soon"], out, err) == 2
    assert "'soon': is no length of time" in err.getvalue()
