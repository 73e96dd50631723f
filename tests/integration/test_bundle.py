# SPDX-License-Identifier: Apache-2.0
"""A bundle made and used: nothing private in any member, the same figures, and an arm like any other."""

import gzip
import json
import zipfile
from dataclasses import replace
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from agent.cli.main import main
from reports.bundle.pack import pack
from reports.encoding import encode
from reports.record import DeviceFacts, Kill
from reports.store import RunStore
from tests.support.secrets import PLANTED, TEXT, found
from tests.support.synthetic_run import Shape, make_run
from tests.support.traces import TraceBuilder
from workloads.errors import InputError

APP = "com.alice.diary"
LOGCAT = f"""\
--------- beginning of main
12-01 10:00:00.123  1000  1001 I ActivityManager: Start proc 1234:{APP}/u0a12 for activity
12-01 10:00:00.124  1000  1001 I wpa_supplicant: {TEXT}
{TEXT}
"""


def reclaim(*words: object, code: int = 0) -> str:
    out, err = StringIO(), StringIO()
    assert main(list(map(str, words)), out, err) == code, err.getvalue()
    return out.getvalue() if code == 0 else err.getvalue()


def launch_trace(path: Path, *, first_frame: float = 1.6) -> Path:
    """One cold launch of an app under direct reclaim, with secrets wherever Perfetto keeps text."""
    builder = TraceBuilder().config("sched/sched_switch", "vmscan/mm_vmscan_direct_reclaim_begin")
    builder.process(1000, "system_server").process(
        2000, APP, uid=10012, threads={2000: APP[-15:], 2001: "RenderThread"}
    )
    builder.process(9, "kswapd0", threads={9: "kswapd0"}).runs(9, "kswapd0", 1.1, 1.4)
    builder.launches(1.0, 1.8, APP).slices(2000, 2000, bindApplication=(1.05, 1.2), activityStart=(1.2, 1.3))
    builder.runs(2000, APP[-15:], 1.05, 1.5, cpu=1)
    builder.event(1.21, tid=2000, cpu=1, mm_vmscan_direct_reclaim_begin={"order": 0})
    builder.event(1.25, tid=2000, cpu=1, mm_vmscan_direct_reclaim_end={"nr_reclaimed": 32})
    builder.frame(1.3, 1, 2000, shown=first_frame, drawn=(1.4, first_frame))
    for place, secret in enumerate(PLANTED):
        builder.prints(2 + place / 100, 2000, f"B|2000|{secret}").prints(2.005 + place / 100, 2000, "E|2000")
        builder.wakes(3000 + place, secret[:15], 2.5).process(3000 + place, secret)
    return builder.vmstat(1.0, pgsteal_kswapd=5).vmstat(2.0, pgsteal_kswapd=900).write(path)


def recording(folder: Path) -> Path:
    folder.mkdir()
    launch_trace(folder / "trace.pftrace")
    device = replace(_device(), serial="R58M123ABCD")
    meta = {"schema": 1, "kind": "recording", "serial": device.serial, "why": "asked", "missing": [f"at {PLANTED[7]}"]}
    (folder / "device.json").write_bytes(encode(device))
    (folder / "meta.json").write_bytes(encode(meta))
    (folder / "logcat.txt").write_text(LOGCAT)
    (folder / "samples.csv").write_text("at_s,mem_available_bytes\n12345.678,123456789012\n")
    (folder / "happenings.csv").write_text(f'at_s,kind,what,value,detail\n1.5,kill,{APP},900,"{TEXT}"\n')
    (folder / "anr").mkdir()
    (folder / "anr" / "lastanr.txt").write_text(f"ANR in {APP}\n  at {APP}.Main.onCreate(Main.java:12)\n{TEXT}\n")
    (folder / "left behind.txt").write_text(TEXT)
    (folder / "anr" / "link.txt").symlink_to("/etc/passwd")
    return folder


def _device() -> DeviceFacts:
    return DeviceFacts(
        serial="R58M123ABCD",
        model="Phone 1",
        build="maker/phone/phone:13/TP1A/eng.alice.20230101:userdebug/test-keys",
        android="13",
        sdk=33,
        kernel="6.1.75",
        abi="arm64-v8a",
        cpus=8,
        memory_bytes=4 << 30,
        swap_bytes=2 << 30,
        zram_algorithm="lz4",
        knobs={"kcompressd": "/proc/sys/vm/kcompressd off"},
        vm={"swappiness": "100"},
        root="su 0",
        perfetto="v40",
        apps={f"{APP}/.Main": "1.2"},
    )


def members(bundle: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(bundle) as file:
        return {name: file.read(name) for name in file.namelist()}


def test_nothing_private_is_in_any_member_of_a_recording(tmp_path: Path) -> None:
    bundle = tmp_path / "out.reclaim.zip"
    assert reclaim("bundle", recording(tmp_path / "rec"), "-o", bundle) == f"{bundle}\n"
    inside = members(bundle)
    assert {name: found(data) for name, data in inside.items() if found(data)} == {}
    assert "left behind.txt" not in inside
    assert "anr/link.txt" not in inside
    assert b"ActivityManager: Start proc 1234:app." in inside["logcat.txt"]
    assert inside["samples.csv"] == b"at_s,mem_available_bytes\n12345.678,123456789012\n"
    assert b"<title>reclaim: rec</title>" in inside["report.html"]


def test_names_are_the_same_in_all_members(tmp_path: Path) -> None:
    pack(recording(tmp_path / "rec"), tmp_path / "out.reclaim.zip")
    inside = members(tmp_path / "out.reclaim.zip")
    alias = json.loads(inside["measures.json"])["traces"][0]["launches"][0]["app"]
    assert alias.startswith("app.")
    for name in ("happenings.csv", "logcat.txt", "anr/lastanr.txt", "device.json", "trace.pftrace", "report.html"):
        assert alias.encode() in inside[name], name


def test_launches_and_reclaim_measure_the_same(tmp_path: Path) -> None:
    trace = launch_trace(tmp_path / "one.pftrace")
    pack(trace, tmp_path / "one.reclaim.zip")
    (before,), (after,) = (
        json.loads(reclaim("measure", source, "--json"))["traces"] for source in (trace, tmp_path / "one.reclaim.zip")
    )
    assert after["trace"] == str(tmp_path / "one.reclaim.zip")
    assert before["launches"][0]["app"] == APP
    assert [_nameless(row) for row in before["measures"]] == [_nameless(row) for row in after["measures"]]
    assert [_nameless(row) for row in before["launches"]] == [_nameless(row) for row in after["launches"]]
    assert {row["metric"] for row in after["measures"]} >= {
        "ttid",
        "pgsteal_kswapd",
        "kswapd_cpu",
        "main_direct_reclaim",
    }
    for same in ("duration_s", "kills", "notes", "missing", "caveats"):
        assert before[same] == after[same]


def _nameless(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "app"}


@pytest.mark.parametrize("kind", ["plain", "gzip"])
def test_unredacted_it_is_what_was_recorded(tmp_path: Path, kind: str) -> None:
    trace = launch_trace(tmp_path / "one.pftrace")
    data = trace.read_bytes()
    if kind == "gzip":
        trace.write_bytes(gzip.compress(data))
    pack(trace, tmp_path / "one.reclaim.zip", redact=False)
    inside = members(tmp_path / "one.reclaim.zip")
    assert inside["trace.pftrace"] == data
    assert json.loads(inside["manifest.json"])["redacted"] is False


def test_the_page_is_made_anew_of_a_recording(tmp_path: Path) -> None:
    bundle = tmp_path / "out.reclaim.zip"
    pack(recording(tmp_path / "rec"), bundle)
    assert reclaim("report", bundle) == f"{tmp_path / 'out.html'}\n"
    page = (tmp_path / "out.html").read_text()
    assert "direct reclaim" in page
    assert "The recording ended because: asked." in page
    assert "phone-" not in page


def test_a_run_is_a_run_in_a_bundle_too(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=4))
    record = store.records()[0]
    store.write_trial(replace(record, kills=(Kill(APP, 7, "lmkd", 900, f"{TEXT} thrashing"),)))
    store.append_event({"event": "x", "command": f"reclaim run /home/alice/{PLANTED[0]}.toml"})
    bundle = tmp_path / "run.reclaim.zip"
    pack(store.path, bundle)
    assert {name: found(data) for name, data in members(bundle).items() if found(data)} == {}
    whole, bundled = (json.loads(reclaim("compare", source, "--json")) for source in (store.path, bundle))
    assert whole["comparisons"] == bundled["comparisons"]
    assert "run.reclaim.zip" in reclaim("compare", bundle)
    reclaim("report", bundle)
    assert "reclaim-bundle-" not in (tmp_path / "run.html").read_text()
    assert "run.reclaim.zip" in reclaim("measure", bundle)


def test_a_bundled_run_and_a_run_are_one_answer(tmp_path: Path) -> None:
    for seed in (1, 2):
        make_run(tmp_path / f"run{seed}", Shape(blocks=4, seed=seed))
    pack(tmp_path / "run1", tmp_path / "run1.reclaim.zip", keep=["*"])
    told = json.loads(reclaim("compare", tmp_path / "run1.reclaim.zip", tmp_path / "run2", "--json"))
    assert len(told["phones"]) == 2  # the bundle does not tell which phone it was


def test_a_bundled_trace_is_an_arm(tmp_path: Path) -> None:
    fast = launch_trace(tmp_path / "fast.pftrace")
    slow = launch_trace(tmp_path / "slow.pftrace", first_frame=1.9)
    pack(fast, tmp_path / "fast.reclaim.zip", keep=[APP])
    (part,) = json.loads(reclaim("compare", tmp_path / "fast.reclaim.zip", slow, "--json"))["parts"]
    assert (part["control"], part["arm"]) == ("fast.reclaim.zip", "slow.pftrace")
    assert part["whole"]["arm_mean"] - part["whole"]["control_mean"] == pytest.approx(0.3)


def test_a_bundled_trace_is_an_arm_against_each_arm_of_a_run(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=3))
    for record in store.records():
        store.write_trial(replace(record, trace="trace.pftrace"))
        launch_trace(store.trial_dir(record.trial) / "trace.pftrace")
    pack(launch_trace(tmp_path / "one.pftrace"), tmp_path / "one.reclaim.zip", keep=[APP])
    told = json.loads(reclaim("compare", tmp_path / "one.reclaim.zip", store.path, "--json"))["parts"]
    assert [(part["control"], part["arm"]) for part in told] == [
        ("one.reclaim.zip", "off of run"),
        ("one.reclaim.zip", "on of run"),
    ]


def test_names_that_were_not_kept_are_told_when_no_launch_is_shared(tmp_path: Path) -> None:
    trace = launch_trace(tmp_path / "one.pftrace")
    pack(trace, tmp_path / "one.reclaim.zip")
    assert "--keep" in reclaim("compare", tmp_path / "one.reclaim.zip", trace, code=2)
    assert "name what a bundle" in reclaim("compare", tmp_path / "one.reclaim.zip", code=2)


@pytest.mark.parametrize(
    ("name", "data", "told"),
    [
        ("rec/device.json", b"{", "cannot be redacted"),
        ("rec/trace.pftrace", b"TRACE:\n", "not a Perfetto trace"),
        ("rec/meta.json", b"[1", "cannot be redacted"),
    ],
)
def test_what_cannot_be_redacted_makes_no_bundle(tmp_path: Path, name: str, data: bytes, told: str) -> None:
    recording(tmp_path / "rec")
    (tmp_path / name).write_bytes(data)
    line = reclaim("bundle", tmp_path / "rec", code=2)
    assert told in line
    assert line.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["rec"]


def test_a_trace_that_is_empty_is_told_by_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "one.pftrace").write_bytes(b"")
    line = reclaim("bundle", tmp_path / "one.pftrace", code=2)
    assert line.startswith(f"reclaim: {tmp_path / 'one.pftrace'}: empty")


def test_what_is_no_source_is_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for source, told in ((tmp_path / "nothing", "is not there"), (tmp_path / "empty", "neither a run nor a recording")):
        with pytest.raises(InputError, match=told):
            pack(source, tmp_path / "out.reclaim.zip")


def test_a_bundle_of_a_recording_is_no_run(tmp_path: Path) -> None:
    pack(recording(tmp_path / "rec"), tmp_path / "out.reclaim.zip")
    store = make_run(tmp_path / "run", Shape(blocks=2))
    assert "has no arms" in reclaim("report", tmp_path / "out.reclaim.zip", "--rules", store.path / "x.toml", code=2)
    assert RunStore.open(store.path).called == ""
