# SPDX-License-Identifier: Apache-2.0
"""From what the phone's sampler prints to figures, on one screen."""

from agent.field import happenings
from agent.field.board import Board, figure, happened_line, plain_line, spark
from agent.field.events import Lost, Missing, Read
from agent.field.frames import Fired, Frame, LogEnded, LogLine, Reader, Sample, Users
from agent.field.happenings import Happening
from agent.field.rates import COLUMNS, Rates, csv_row, missing
from agent.field.recording import end, happened_csv, read

T = "cafe"


def stat(pid: int, name: str, ticks: int) -> str:
    return f"{pid} ({name}) S 2 0 0 0 -1 0 0 0 0 0 {ticks} 0 0 0 20 0 1 0 25 0 0 0 0\n"


def sampled(at: float, counters: int, *, thread: str = "kcompressd:0", pending: int = 0) -> str:
    return (
        f"{T} s {at:.2f}\n{T} v\nnr_writeback 7\nnr_vmscan_write {1000 + counters + pending}\npswpout {counters}\n"
        f"pgsteal_anon {counters}\npgsteal_file 0\nallocstall_normal {counters // 10}\nallocstall_dma 0\noom_kill 0\n"
        f"{T} m\nMemAvailable:  2048 kB\nSwapTotal: 100 kB\nSwapFree: 60 kB\n"
        f"{T} p\nsome avg10=0.00 avg60=0.00 avg300=0.00 total={counters * 1000}\nfull avg10=0.00 total=0\n"
        f"{T} z\n 3000 900 1000 0 1000 0 0 0 0\n"
        f"{T} t\n{stat(60, 'kswapd0', counters // 10)}{stat(61, thread, 0)}{stat(99, 'sh', 0)}{T} e\n"
    )


def frames(text: str) -> list[Frame]:
    reader = Reader(T)
    return [frame for line in text.splitlines() for frame in reader.take(line)]


def samples(text: str) -> list[Sample]:
    return [frame for frame in frames(text) if isinstance(frame, Sample)]


def test_rates_are_per_second_of_the_phones_own_clock() -> None:
    rates = Rates()
    first, second = samples(sampled(10, 0) + sampled(12, 400))
    assert rates.take(first) is None
    values = rates.take(second)
    assert values is not None
    told = {name: value for name, value in values.items() if value is not None}
    assert told == {
        "at_s": 12,
        "steal_anon_pages_s": 200,
        "steal_file_pages_s": 0,
        "allocstall_s": 20,
        "swap_out_pages_s": 200,
        "psi_some_share": 0.2,
        "psi_full_share": 0,
        "available_bytes": 2 << 20,
        "swapped_bytes": 40960,
        "zram_data_bytes": 3000,
        "zram_memory_bytes": 1000,
        "zram_ratio": 3,
        "queue_pages": 7,
        "kswapd_cpu_share": 0.2,
        "kcompressd_cpu_share": 0,
        "own_cpu_share": 0,
    }


def test_at_mm_level_the_queue_is_what_was_handed_over_and_not_written() -> None:
    rates = Rates()
    three = samples(
        "".join(sampled(at, 100 * at, thread="kcompressd0", pending=p) for at, p in ((1, 0), (2, 90), (3, 5)))
    )
    assert [values and values["queue_pages"] for values in map(rates.take, three)] == [None, 90, 5]


def test_what_a_phone_does_not_show_is_said_and_never_zero() -> None:
    bare = f"{T} s 1.00\n{T} v\n{T} m\n{T} p\n{T} z\n{T} t\n{T} e\n"
    first, second = samples(bare + bare.replace("1.00", "2.00"))
    rates = Rates()
    rates.take(first)
    values = rates.take(second)
    assert values is not None
    assert csv_row(values) == ["2", *[""] * (len(COLUMNS) - 1)]
    assert plain_line(values) == "2 s"
    assert figure("psi_full_share", None) == "-"
    assert [line.partition(":")[0] for line in missing(first, root=False)] == [
        "reclaim, stalls, queue",
        "PSI",
        "zram",
        "kswapd's CPU",
        "kcompressd's CPU and queue",
    ]


def test_frames_of_every_kind_and_lines_that_nobody_knows() -> None:
    text = (
        f"noise\n{T} U\n{T} u 7 2 com.a\n{T} u 8 9 com.b c\n{T} u x y\n"
        f"{sampled(1, 0)}{T} l 1.50 --------- beginning of main\n"
        f"{T} l 1.60 hello\n{T} f 1.70 2\n{T} x\n{T} q what\n{T} s nonsense\n{T} e\n"
    )
    users, sample, line, fired, ended = frames(text)
    assert isinstance(users, Users)
    assert [(user.name, user.resident_bytes) for user in users.all] == [("com.b c", 36864), ("com.a", 8192)]
    assert isinstance(sample, Sample)
    assert (line, fired, ended) == (LogLine(1.6, "hello"), Fired(1.7, 2), LogEnded())


def test_happenings_are_read_from_the_log_and_from_the_kernels_counter() -> None:
    log = (
        "12-01 09:35:22.7 1 1 I lmkd    : Kill 'com.a' (12), uid 1, oom_score_adj 900 to free 1kB; reason: low swap",
        "12-01 09:35:22.7 1 1 I ActivityTaskManager: Displayed com.b/.Main for user 0: +1s847ms (total +2s)",
        "12-01 09:35:22.7 1 1 I am_anr  : [0,4711,com.c,123,Input dispatching timed out]",
        "12-01 09:35:22.7 1 1 I ActivityTaskManager: START u0 {cmp=com.b/.Main} from uid 2000",
    )
    found = [each for line in log for each in happenings.of_line(LogLine(5.0, line))]
    assert [(each.kind, each.what, each.value, each.detail) for each in found] == [
        ("kill", "com.a", 900, "low swap"),
        ("launch", "com.b/.Main", 1.847, ""),
        ("anr", "com.c", None, ""),
    ]
    before, after = samples(sampled(1, 0) + sampled(2, 0).replace("oom_kill 0", "oom_kill 2"))
    assert [(each.kind, each.value) for each in happenings.of_samples(before, after)] == [("oom", 2)]


def test_names_from_the_phone_cannot_steer_a_terminal() -> None:
    assert "\x1b" not in happened_line(Happening(1, "kill", "com.a\x1b[2J", None, "\u202ereason"))
    assert "\u202e" not in happened_line(Happening(1, "kill", "com.a", 1.0, "\u202ereason"))


def test_a_board_keeps_what_was_seen_and_a_row_tells_what_happened_since() -> None:
    board, rates = Board(), Rates()
    for sample in samples(sampled(1, 0) + sampled(2, 50)):
        board.take(Read(sample, rates.take(sample)))
    board.take(Happening(2.0, "launch", "com.a/.M", 0.847))
    board.take(Missing(("PSI: no",)))
    board.take(Lost("gone"))
    assert (board.lost, board.missing, board.at_s) == ("gone", ("PSI: no",), 2.0)
    assert board.csv_cells()[-1] == "launched com.a/.M in 847 ms"
    assert board.csv_cells()[-1] == ""
    assert list(board.history["steal_anon_pages_s"]) == [50]


def test_bars_go_from_zero_to_the_largest() -> None:
    assert spark([0, 5, None, 10], 6) == "  ▁▅ █"
    assert spark([0, 0], 2) == "▁▁"


def test_a_recording_is_read_across_its_pieces() -> None:
    text = sampled(1, 0) + sampled(2, 100) + f"{T} f 2.00 1\n" + sampled(3, 100)
    taped = read(text.splitlines(), T, ["psi.some > 1%"], root=True)
    header, second, third = taped.rows.splitlines()
    assert header.split(",")[:2] == ["at_s", "steal_anon_pages_s"]
    assert second.startswith("2,100,0,")
    assert third.startswith("3,0,0,")
    assert taped.happened == (Happening(2.0, "fired", "psi.some > 1%"),)
    assert taped.missing == ()
    rows = happened_csv((Happening(9, "mark", "two, 2"), *taped.happened))
    assert rows.splitlines()[1:] == ["2.00,fired,psi.some > 1%,,", '9.00,mark,"two, 2",,']


def test_the_recorders_last_word() -> None:
    assert end("fired 1234 5678\n") == end("fired 1234 5678")
    assert (end("time 100 250").begun_s, end("time 100 250").ended_s) == (1.0, 2.5)
