# SPDX-License-Identifier: Apache-2.0
"""Texts are as the tools print them; where a line is not AOSP's own format its source stands beside it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.device import parse
from reports.record import Kill

TEXT_PARSERS = (
    parse.meminfo,
    parse.vmstat,
    parse.numbers,
    parse.chosen,
    parse.choices,
    parse.pressure,
    parse.getprop,
    parse.cpu_count,
    parse.threads,
    parse.processes,
    parse.battery,
    parse.thermal_status,
    parse.lmkd_kills,
    parse.oom_kills,
    parse.disk_free,
    lambda text: parse.am_start(text, 1, "a/.B", "cold"),
)


@given(st.text(max_size=200), st.sampled_from(TEXT_PARSERS))
def test_no_text_breaks_a_parser(text: str, parser: object) -> None:
    assert callable(parser)
    parser(text)


def test_meminfo_is_bytes_except_for_counts() -> None:
    text = "MemTotal:        7606000 kB\nHugePages_Total:       3\nNew thing:  odd line\nMemAvailable: 12 kB\n"
    assert parse.meminfo(text) == {"MemTotal": 7606000 * 1024, "HugePages_Total": 3, "MemAvailable": 12288}


def test_vmstat_is_numbers_and_strange_lines_are_passed_over() -> None:
    assert parse.vmstat("pgscan_anon 12\nnr_dirty -1\nhello world\n\nx 1 2\n") == {"pgscan_anon": 12, "nr_dirty": -1}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("    4096       74    12288        0    12288        0        0\n", (4096, 74, 12288, 0, 12288, 0, 0)),
        ("1 2 3 4 5 6 7 8 9 10\n", (1, 2, 3, 4, 5, 6, 7, 8, 9, 10)),
        ("cat: /sys/block/zram0/mm_stat: Permission denied", ()),
        ("", ()),
    ],
)
def test_mm_stat_has_as_many_fields_as_the_kernel_gives(text: str, found: tuple[int, ...]) -> None:
    assert parse.numbers(text) == found


def test_a_list_with_brackets_tells_what_is_chosen() -> None:
    text = "lzo lzo-rle [lz4] zstd\n"
    assert parse.chosen(text) == "lz4"
    assert parse.choices(text) == ("lzo", "lzo-rle", "lz4", "zstd")
    assert parse.chosen("hwonly swonly") is None
    assert parse.chosen("hybrid [kcompressd:hw] kcompressd") == "kcompressd:hw"


def test_pressure_is_seconds() -> None:
    text = "some avg10=0.12 avg60=0.03 avg300=0.00 total=1500000\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=250\n"
    assert parse.pressure(text) == {"some": 1.5, "full": 0.00025}


def test_properties_may_be_empty_hold_brackets_and_span_lines() -> None:
    text = "[ro.a]: [one]\n[ro.b]: []\n[ro.c]: [a [b] c]\n[ro.d]: [two\nlines]\n[ro.e]: [last]\n"
    assert parse.getprop(text) == {
        "ro.a": "one",
        "ro.b": "",
        "ro.c": "a [b] c",
        "ro.d": "two\nlines",
        "ro.e": "last",
    }


@pytest.mark.parametrize(("text", "count"), [("0-7\n", 8), ("0", 1), ("0-3,6", 5), ("0,2-3\n", 3), ("", 0)])
def test_cpu_lists_are_counted(text: str, count: int) -> None:
    assert parse.cpu_count(text) == count


def test_free_room_is_bytes() -> None:
    text = (
        "Filesystem       1K-blocks     Used Available Use% Mounted on\n"
        "/dev/block/dm-41 110927016 21470940  89308220  20% /data\n"
    )
    assert parse.disk_free(text) == 89308220 * 1024
    assert parse.disk_free("df: /data: Permission denied\n") is None


def test_threads_may_have_any_name() -> None:
    kswapd = "49 (kswapd0) S 2 0 0 0 -1 2379776 0 0 12 0 0 314 0 0 20 0 1 0 161 0 0 18446744073709551615\n"
    nasty = "77 (a) R (b c) R 1 0 0 0 -1 4194560 9 0 0 0 10 5 0 0 20 0 1 0 999 0 0\n"
    assert parse.threads(f"cat: gone\n{kswapd}{nasty}") == (
        parse.Thread(49, "kswapd0", 3.14, 161, 12),
        parse.Thread(77, "a) R (b c", 0.15, 999, 0),
    )


def test_processes_are_found_in_toyboxs_and_procps_ps() -> None:
    assert parse.processes("  PID NAME\n    1 init\n  700 com.example.maps\n") == {1: "init", 700: "com.example.maps"}
    assert parse.processes("  PID TTY          TIME CMD\n    9 ?        00:00:01 kswapd0\n") == {9: "kswapd0"}


class TestAmStart:
    def test_a_cold_launch_of_android_10_and_later(self) -> None:
        text = (
            "Starting: Intent { cmp=com.a/.Main }\nStatus: ok\nLaunchState: COLD\nActivity: com.a/.Main\n"
            "TotalTime: 512\nWaitTime: 530\nComplete\n"
        )
        found = parse.am_start(text, 3, "com.a/.Main", "cold")
        assert (found.index, found.component, found.kind) == (3, "com.a/.Main", "cold")
        assert (found.status, found.state, found.total_time_s, found.wait_time_s) == ("ok", "COLD", 0.512, 0.530)
        assert found.note is None

    def test_android_9_has_this_time_and_no_launch_state(self) -> None:
        text = "Status: ok\nActivity: com.a/.Main\nThisTime: 300\nTotalTime: 400\nWaitTime: 420\nComplete\n"
        found = parse.am_start(text, 1, "com.a/.Main", "cold")
        assert (found.status, found.state, found.total_time_s) == ("ok", None, 0.4)

    def test_a_task_brought_to_the_front_without_a_launch_has_no_time(self) -> None:
        text = (
            "Warning: Activity not started, its current task has been brought to the front\nStatus: ok\n"
            "LaunchState: UNKNOWN (0)\nActivity: com.a/.Main\nTotalTime: 0\nWaitTime: 12\nComplete\n"
        )
        found = parse.am_start(text, 1, "com.a/.Main", "hot")
        assert (found.status, found.state, found.total_time_s) == ("ok", "UNKNOWN", None)
        assert found.note == "Warning: Activity not started, its current task has been brought to the front"

    def test_a_hot_launch_with_the_same_warning_keeps_its_time(self) -> None:
        text = (
            "Warning: Activity not started, its current task has been brought to the front\nStatus: ok\n"
            "LaunchState: HOT\nTotalTime: 61\nWaitTime: 70\nComplete\n"
        )
        assert parse.am_start(text, 1, "com.a/.Main", "hot").total_time_s == 0.061

    def test_a_time_out_is_no_launch(self) -> None:
        found = parse.am_start("Status: timeout\nLaunchState: UNKNOWN (-1)\nWaitTime: 10000\n", 1, "a/.B", "cold")
        assert (found.status, found.state, found.total_time_s) == ("timeout", "UNKNOWN", None)

    @pytest.mark.parametrize(
        ("text", "note"),
        [
            (
                "Error type 3\nError: Activity class {com.a/com.a.No} does not exist.\n",
                "Error: Activity class {com.a/com.a.No} does not exist.",
            ),
            (
                "Exception occurred while executing 'start-activity':\njava.lang.SecurityException: Denied\n\tat x\n",
                "java.lang.SecurityException: Denied",
            ),
            ("sh: am: inaccessible or not found\n", "sh: am: inaccessible or not found"),
            ("", "am printed nothing"),
        ],
    )
    def test_what_am_refuses_is_an_error_with_its_words(self, text: str, note: str) -> None:
        found = parse.am_start(text, 1, "com.a/.No", "cold")
        assert (found.status, found.total_time_s, found.note) == ("error", None, note)


def test_battery_is_percent_and_degrees() -> None:
    text = (
        "Current Battery Service state:\n  AC powered: false\n  USB powered: true\n  status: 2\n  level: 43\n"
        "  scale: 50\n  voltage: 4100\n  temperature: 271\n  technology: Li-ion\n"
    )
    assert parse.battery(text) == parse.Battery(86.0, 27.1)
    assert parse.battery("Can't find service: battery\n") == parse.Battery(None, None)


def test_the_first_battery_counts_when_vendors_append_more() -> None:
    assert parse.battery("  level: 80\n  scale: 100\nsec state:\n  level: 1\n").percent == 80


def test_thermal_status_is_a_number() -> None:
    assert parse.thermal_status("IsStatusOverride: false\nThermal Status: 2\nCached temperatures:\n") == 2
    assert parse.thermal_status("Can't find service: thermalservice\n") is None


def test_lmkds_kills_are_found_in_logcat_old_and_new() -> None:
    text = (
        "11-23 06:00:01.000   300   300 I lowmemorykiller: Kill 'com.a:svc' (4321), uid 10123, oom_score_adj 900 to"
        " free 12345kB rss, 0kB swap; reason: device is low on swap (1kB < 2kB) and thrashing (9%)\n"
        "--------- beginning of crash\n"
        "11-23 06:00:02.000   300   300 I lowmemorykiller: Killing 'it's (odd)' (99), uid 10001, adj 700\n"
        "11-23 06:00:02.000   400   400 I ActivityManager: Killing 77:com.b/u0a1 (adj 900): empty\n"
    )
    assert parse.lmkd_kills(text) == (
        Kill("com.a:svc", 4321, "lmkd", 900, "device is low on swap (1kB < 2kB) and thrashing (9%)"),
        Kill("it's (odd)", 99, "lmkd", 700, "not told"),
    )


def test_the_kernels_kills_are_found_in_dmesg_old_and_new() -> None:
    text = (
        "[  12.3] Out of memory: Killed process 812 (pressure) total-vm:164kB, anon-rss:160kB, file-rss:0kB,"
        " shmem-rss:0kB, UID:2000 pgtables:340kB oom_score_adj:1000\n"
        "[  12.4] oom_reaper: reaped process 812 (pressure), now anon-rss:0kB\n"
        "[  13.0] Memory cgroup out of memory: Killed process 9 (a) b) total-vm:1kB, anon-rss:1kB\n"
        "<3>[  14.0] Killed process 10 (old), UID 0, total-vm:1kB, anon-rss:1kB\n"
    )
    assert parse.oom_kills(text) == (
        Kill("pressure", 812, "oom", 1000, "Out of memory"),
        Kill("a) b", 9, "oom", None, "Memory cgroup out of memory"),
        Kill("old", 10, "oom", None, "out of memory"),
    )


@pytest.mark.parametrize(
    ("printed", "asked"),
    [
        ("11-25 16:05:09.123456789\n", "11-25 16:05:09.123"),  # toybox 0.8, Android 9 and newer
        ("11-25 16:05:09.N\n", "11-25 16:05:09.000"),  # toolbox of old Androids: no %N
        ("11-25 16:05:09.%N", "11-25 16:05:09.000"),
    ],
)
def test_the_log_is_asked_from_the_millisecond_where_date_tells_it(printed: str, asked: str) -> None:
    assert parse.log_time(printed) == asked
