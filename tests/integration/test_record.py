# SPDX-License-Identifier: Apache-2.0
"""The flight recorder on the fake phone; and the very script that runs on phones, in the shells of this machine."""

import io
import json
import os
import shutil
import subprocess
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.cli.restore import put_back
from agent.device.fake import Fault, failed
from agent.device.fake_kernel import FakeFile
from agent.device.phone import attach
from agent.field import sampler
from agent.field.flight import Wanted, flying, follow
from agent.field.happenings import Happening
from agent.field.recording import read
from agent.field.saved import NEWEST, save
from agent.field.when import condition
from reports.bundle.pack import pack
from tests.support.clocks import QuickClock
from tests.support.field_phone import FieldPhone, field_phone, second
from tests.support.secrets import found
from tests.support.traces import TraceBuilder
from workloads.errors import FinalError, StoreError, TransientError

KILL = "12-01 09:35:22.7 1 1 I lmkd    : Kill 'com.a' (12), uid 1, oom_score_adj 900 to free 1kB; reason: low swap"
ANR = "12-01 09:35:22.7 1 1 I am_anr  : [0,4711,com.c,123,Input dispatching timed out]"


def until(true: Callable[[], bool]) -> None:
    """Wait for what another process does; ends as soon as it is done."""
    deadline = time.monotonic() + 20
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def phone(*seconds: Callable[[str, int], str], **more: object) -> FieldPhone:
    trace = TraceBuilder().process(100, "com.a").vmstat(1, pswpout=1).vmstat(2, pswpout=3).data
    return field_phone(seconds, trace=trace, **more)


def record(fake: FieldPhone, folder: Path, wanted: Wanted | None = None, marks: Sequence[Happening] = ()) -> Path:
    with flying(attach(fake), wanted or Wanted()) as flight:
        lost_s = follow(flight, QuickClock())
        return save(flight, folder, lost_s, marks, QuickClock())


def meta(folder: Path) -> dict[str, object]:
    return dict(json.loads((folder / "meta.json").read_text()))


class TestRecording:
    def test_its_bundle_names_neither_phone_nor_app(self, tmp_path: Path) -> None:
        fake = phone(second(log=KILL.replace("com.a", "com.alice.diary")), second(log=ANR))
        fake.programs["dumpsys"] = lambda call: f"{' '.join(call.argv)} of com.alice.diary\n"
        fake.scripts[NEWEST] = lambda _call: ""
        folder = record(fake, tmp_path / "r", marks=[Happening(2.0, "mark", "Alice came")])
        pack(folder, tmp_path / "r.reclaim.zip")
        with zipfile.ZipFile(tmp_path / "r.reclaim.zip") as bundle:
            inside = {name: bundle.read(name) for name in bundle.namelist()}
        serial = str(meta(folder)["serial"]).encode()
        assert {name for name, data in inside.items() if found(data) or serial in data} == set()
        assert {"meta.json", "samples.csv", "trace.pftrace", "anr/lastanr.txt", "report.html"} <= set(inside)
        assert inside["samples.csv"] == (folder / "samples.csv").read_bytes()
        assert b"kill,app." in inside["happenings.csv"]

    def test_it_is_a_folder_with_trace_samples_log_facts_and_measures(self, tmp_path: Path) -> None:
        fake = phone(second(), second(log=KILL), second())
        folder = record(fake, tmp_path / "r", marks=[Happening(2.0, "mark", "here")])
        found = sorted(path.name for path in folder.iterdir())
        assert found == [
            "device.json",
            "happenings.csv",
            "logcat.txt",
            "measures.json",
            "meta.json",
            "samples.csv",
            "trace.pftrace",
        ]
        assert (folder / "trace.pftrace").read_bytes() == fake.trace
        assert len((folder / "samples.csv").read_text().splitlines()) == 3
        assert "2.50,kill,com.a,900,low swap" in (folder / "happenings.csv").read_text()
        assert "2.00,mark,here" in (folder / "happenings.csv").read_text()
        assert json.loads((folder / "measures.json").read_text())["traces"][0]["trace"] == "trace.pftrace"
        assert (meta(folder)["why"], meta(folder)["begun_s"]) == ("it was asked to end", 1.0)
        assert str(tmp_path) not in "".join(
            path.read_text(errors="replace") for path in folder.iterdir() if path.suffix != ".pftrace"
        )

    def test_nothing_of_it_is_left_on_the_phone(self, tmp_path: Path) -> None:
        fake = phone(second())
        record(fake, tmp_path / "r")
        assert (fake.left_over(), fake.recording) == ([], {})

    def test_nothing_is_left_either_when_it_breaks_off(self, tmp_path: Path) -> None:
        def breaks() -> None:
            raise FinalError("gone")

        fake = phone(second(), follows=breaks)
        with pytest.raises(FinalError, match="gone"):
            record(fake, tmp_path / "r")
        assert (fake.left_over(), fake.recording) == ([], {})
        assert list(tmp_path.iterdir()) == []

    def test_a_lost_link_costs_nothing_and_is_told(self, tmp_path: Path) -> None:
        drops = [TransientError("dropped"), TransientError("dropped")]
        clock_s = iter(range(100))

        def follows() -> None:
            if drops and next(clock_s) >= 0:
                raise drops.pop()

        fake = phone(second(), second(), follows=follows)
        fake.faults = [Fault("boot_id", TransientError("no link"), skip=1)]
        folder = record(fake, tmp_path / "r")
        assert meta(folder)["lost_s"] == 2.0
        assert len((folder / "samples.csv").read_text().splitlines()) == 2

    def test_a_link_that_drops_while_the_trace_is_fetched_is_waited_for(self, tmp_path: Path) -> None:
        fake = phone(second(), second())
        fake.faults = [Fault("pull /data/misc", TransientError("dropped")), Fault("samples", TransientError("dropped"))]
        assert (record(fake, tmp_path / "r") / "trace.pftrace").exists()

    def test_the_condition_that_came_true_is_named(self, tmp_path: Path) -> None:
        def fires(token: str, number: int) -> str:
            return second()(token, number) + f"{token} f {number + 1}.00 2\n"

        wanted = Wanted((condition("kill"), condition("psi.full > 20%")), ring=True)
        fake = phone(second(), fires, ends="fired 100 300\n")
        folder = record(fake, tmp_path / "r", wanted)
        assert meta(folder)["why"] == "a condition came true: psi.full > 20%"
        assert "2.00,fired,psi.full > 20%" in (folder / "happenings.csv").read_text()
        assert "kill::0 psi:full:200" in fake.recorded

    def test_an_anr_brings_its_evidence(self, tmp_path: Path) -> None:
        fake = phone(second(log=ANR), second())
        fake.files["/data/anr/anr_1"] = FakeFile("stacks of com.c\n", root_only=True)
        fake.programs["dumpsys"] = lambda call: f"{' '.join(call.argv)}\n"
        fake.scripts[NEWEST] = lambda _call: "anr_1\n"
        folder = record(fake, tmp_path / "r")
        assert (folder / "anr" / "stacks-1.txt").read_text().strip() == "stacks of com.c"
        assert "activity lastanr" in (folder / "anr" / "lastanr.txt").read_text()

    def test_a_phone_without_perfetto_or_without_a_counter_says_so(self, tmp_path: Path) -> None:
        fake = phone(second(), second())
        fake.programs["perfetto"] = lambda _call: failed(127, "sh: perfetto: not found")
        folder = record(fake, tmp_path / "r")
        assert "trace: there is no perfetto on this phone" in str(meta(folder)["missing"])
        with pytest.raises(FinalError, match=r"there is no no_such in /proc/vmstat"):
            record(fake, tmp_path / "s", Wanted((condition("vmstat.no_such > 1/s"),)))
        fake.roots = frozenset()
        with pytest.raises(FinalError, match="/proc/pressure/memory may not be read without root"):
            record(fake, tmp_path / "s", Wanted((condition("psi.full > 1%"),)))
        assert not (tmp_path / "s").exists()

    def test_a_folder_that_is_there_is_left_alone(self, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="is there already"):
            record(phone(second()), tmp_path)


def test_restore_removes_what_a_computer_that_died_has_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECLAIM_STATE", str(tmp_path))
    fake = phone(second())
    died = flying(attach(fake), Wanted())
    died.__enter__()
    assert fake.left_over()
    assert fake.recording
    put_back(attach(fake), None, io.StringIO())
    assert (fake.left_over(), fake.recording) == ([], {})


def test_mistakes_on_the_command_line_are_told_together(tmp_path: Path) -> None:
    out, err = io.StringIO(), io.StringIO()
    assert main(["record", "--when", "nonsense", "--when", "psi.full > 300%"], out, err) == 2
    assert [line.split(":")[1] for line in err.getvalue().splitlines()] == [
        " --when 'nonsense'",
        " --when 'psi.full > 300%'",
    ]
    assert main(["record", "-o", str(tmp_path)], out, err) == 2
    assert "is there already" in err.getvalue()


LOGCAT = "#!/bin/sh\n[ $2 != all ] || { echo the log; exit; }\nsleep 0.2\ncat log-to-come\nexec sleep 60\n"
SHELLS = [name for name in ("bash", "mksh") if shutil.which(name)]


@dataclass
class Here:
    """A phone's /proc of our own making, and the recorder's script on it."""

    folder: Path
    shell: str

    def proc(self, *, stalled_us: int = 0, direct: int = 0, oom: int = 0) -> None:
        files = {
            "vmstat": f"pgsteal_anon 1\npgscan_direct {direct}\noom_kill {oom}\n",
            "meminfo": "MemTotal: 9 kB\nMemAvailable:    2048 kB\nBuffers: 1 kB\n",
            "pressure/memory": f"some avg10=0 total={stalled_us}\nfull avg10=0 total={stalled_us}\n",
        }
        for name, text in files.items():
            path = self.folder / "proc" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.with_suffix(".new").write_text(text)
            path.with_suffix(".new").replace(path)

    def start(self, *conditions: str, most_s: float = 20, log: str = "") -> "subprocess.Popen[bytes]":
        (self.folder / "logcat").write_text(LOGCAT)
        (self.folder / "logcat").chmod(0o755)
        (self.folder / "log-to-come").write_text(log)
        (self.folder / "proc").mkdir(exist_ok=True)
        (self.folder / "proc/uptime").symlink_to("/proc/uptime")
        words = [each.word for each in map(condition, conditions)]
        first = ("tok", str(self.folder / "proc"), "/none", "20", "1", " ".join(words))
        rest = ("", str(round(most_s * 100)), "10", "1800", "since", *sampler.logcat_words("since", 33))
        return subprocess.Popen(
            [self.shell, "-c", sampler.RECORD, "sh", *first, *rest],
            cwd=self.folder,
            env={**os.environ, "PATH": f"{self.folder}:{os.environ['PATH']}"},
        )

    def ended(self, recorder: "subprocess.Popen[bytes]") -> tuple[str, str]:
        """Why it ended, and the frames it left."""
        assert recorder.wait(timeout=30) == 0
        return (self.folder / "done").read_text().split()[0], (self.folder / "samples").read_text()


@pytest.fixture(params=SHELLS)
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Here:
    made = Here(tmp_path, str(shutil.which(request.param)))
    made.proc()
    return made


class TestScript:
    def test_it_ends_when_it_is_asked_and_keeps_the_log(self, here: Here) -> None:
        recorder = here.start(most_s=60)
        (here.folder / "stop").touch()
        why, text = here.ended(recorder)
        assert why == "asked"
        assert (here.folder / "logcat.txt").read_text() == "the log\n"
        assert read(text.splitlines(), "tok", (), root=True).missing[-1].startswith("kcompressd's CPU")

    def test_it_ends_when_its_time_is_up(self, here: Here) -> None:
        assert here.ended(here.start(most_s=0.5))[0] == "time"

    @pytest.mark.parametrize(
        ("text", "log"),
        [
            ("launch > 1800 ms", "x ActivityTaskManager: Displayed com.a/.Main: +1s847ms"),
            ("kill", KILL),
            ("anr", ANR),
        ],
    )
    def test_a_line_of_the_log_makes_a_condition_true(self, here: Here, text: str, log: str) -> None:
        why, frames = here.ended(here.start("launch > 60 s", text, log=f"nothing\n{log}\n"))
        assert why == "fired"
        assert read(frames.splitlines(), "tok", ["-", text], root=True).happened[-1].what == text

    def test_memory_makes_a_condition_true_and_a_launch_that_is_quick_enough_does_not(self, here: Here) -> None:
        quick = "x ActivityTaskManager: Displayed com.a/.Main: +1s847ms\n"
        assert here.ended(here.start("launch > 1900 ms", most_s=1.5, log=quick))[0] == "time"
        for name in ("done", "proc/uptime"):
            (here.folder / name).unlink()
        assert here.ended(here.start("available < 3 MB"))[0] == "fired"

    @pytest.mark.parametrize(
        ("text", "after"),
        [
            ("psi.full > 20%", {"stalled_us": 1_000_000}),
            ("vmstat.pgscan_direct > 500/s", {"direct": 99_999_999}),
            ("kill", {"oom": 1}),
        ],
    )
    def test_a_counter_that_grows_makes_a_condition_true(self, here: Here, text: str, after: dict[str, int]) -> None:
        recorder = here.start(text)
        until(lambda: "tok e" in (here.folder / "samples").read_text() if (here.folder / "samples").exists() else False)
        here.proc(**after)
        why, frames = here.ended(recorder)
        assert why == "fired"
        assert frames.index("tok f") > frames.index("tok s", frames.index("tok e"))
