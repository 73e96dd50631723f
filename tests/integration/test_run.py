# SPDX-License-Identifier: Apache-2.0
import os
from dataclasses import replace
from pathlib import Path

import pytest

from agent.device.fake import Call, Fault, failed
from agent.device.fake_kernel import FakeFile
from agent.device.phone import attach
from agent.knobs import undo
from agent.knobs.discover import discover
from agent.runner.dry import writes
from agent.runner.run import Request, run_experiment
from agent.runner.trial import doubts
from agent.runner.workspace import DROP, MAKE, ROOT
from reports.analysis import analyse
from reports.compare import read_run
from reports.store import RunStore
from tests.support.runner_phone import Trials
from tests.support.runs import NR, SWAPPINESS, Launches, Silent, StillClock, experiment, run, value
from workloads import load
from workloads.errors import FinalError, InputError, ProofError, TransientError
from workloads.spec import Arm, Exclude, Experiment, Limits, Pressure, Rule, Setting

pytestmark = pytest.mark.usefixtures("no_compiler")


def test_every_trial_is_kept_with_launches_proof_and_what_the_kernel_counted(tmp_path: Path) -> None:
    store = run(Trials(experiment(blocks=2)), tmp_path / "run")
    records = store.records()
    assert [record.trial for record in records] == list(store.plan.trials)
    for record in records:
        assert [launch.total_time_s for launch in record.launches] == [0.321] * 6
        assert record.proof["kcompressd"].outcome == "taken"
        assert record.settings == {"kcompressd": "off" if record.trial.arm == "off" else "2"}
        assert record.vmstat["pswpout"] == 50_000
        assert all(eater.survived for eater in record.eaters)
        assert record.excluded is None


def test_settings_have_their_first_values_and_the_phone_is_clean_afterwards(tmp_path: Path) -> None:
    trials = Trials(experiment(on=(SWAPPINESS,)))
    run(trials, tmp_path / "run")
    assert value(trials.phone, NR) == "0"
    assert value(trials.phone, "/proc/sys/vm/swappiness") == "100"
    assert not [name for name in trials.phone.files if name.startswith(ROOT)]


def test_an_interrupt_in_the_middle_puts_everything_back_and_loses_no_finished_trial(tmp_path: Path) -> None:
    trials = Trials(experiment(blocks=2, off=(SWAPPINESS,), on=(SWAPPINESS,)))
    with pytest.raises(KeyboardInterrupt):
        run(trials, tmp_path / "run", Silent(interrupt_at=3))
    store = RunStore.open(tmp_path / "run")
    journal = undo.load(store.undo_path)
    assert len(store.records()) == 2
    assert journal is not None
    assert journal.restored
    assert value(trials.phone, NR) == "0"
    assert value(trials.phone, "/proc/sys/vm/swappiness") == "100"
    assert not trials.phone.recording


def test_the_lying_setter_is_refused_before_any_write(tmp_path: Path) -> None:
    trials = Trials(experiment())
    trials.phone.kernel.setter, trials.phone.kernel.counters = "lies", False
    with pytest.raises(InputError, match=r"kcompressd is not written: .* --allow-unsafe-knob"):
        run(trials, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_forced_the_lying_setter_ends_the_run_as_not_taken(tmp_path: Path) -> None:
    trials = Trials(experiment())
    trials.phone.kernel.setter, trials.phone.kernel.counters = "lies", False
    with pytest.raises((ProofError, FinalError), match="defect"):
        run(trials, tmp_path / "run", allow_unsafe=True)


def test_a_trial_that_swapped_too_little_is_kept_but_not_counted(tmp_path: Path) -> None:
    store = run(Trials(experiment(), pages=10), tmp_path / "run")
    for record in (record for record in store.records() if record.trial.arm == "off"):
        told = "kcompressd not exercised: only 10 pages went to swap, too few to tell; raise the pressure"
        assert record.excluded == told


def test_killed_eaters_failed_launches_and_lmkd_kills_are_told(tmp_path: Path) -> None:
    kill = "11-23 06:00:01.000  99  99 I lowmemorykiller: Kill 'com.a' (7), uid 1, oom_score_adj 900 to free 1kB rss\n"
    made = experiment()
    missing = {made.workload.apps[0]: "Error type 3\nError: Activity class {x} does not exist.\n"}
    store = run(Trials(made, killed=2, said=missing, log=kill), tmp_path / "run")
    record = store.records()[0]
    assert [caveat.code for caveat in record.caveats] == ["eaters-killed", "launch-failed"]
    assert record.launches[0].status == "error"
    assert [(one.process, one.by, one.adj) for one in record.kills] == [("com.a", "lmkd", 900)]


def test_the_kernels_own_low_memory_killer_is_asked_after_each_trial(tmp_path: Path) -> None:
    kill = "[{at}.0] lowmemorykiller: Killing 'com.a' ({at}), adj 906,\n[{at}.0]   to free 1kB\n"

    def each(number: int) -> None:
        trials.phone.programs["dmesg"] = lambda _call: "".join(kill.format(at=at) for at in range(number + 1))

    trials = Trials(experiment(), each=each)
    trials.phone.files["/sys/module/lowmemorykiller/parameters/minfree"] = FakeFile("18432,23040\n", root_only=True)
    first, second = run(trials, tmp_path / "run").records()
    assert [(one.by, one.pid) for one in first.kills] == [("lmk", 0), ("lmk", 1)]
    assert [(one.by, one.pid) for one in second.kills] == [("lmk", 2)]


def test_every_problem_is_told_before_the_first_write(tmp_path: Path) -> None:
    made = replace(experiment(on=(Setting("nope", "1"),)), primary=("ttid", "beauty"), rules=(Rule("speed"),))
    huge = replace(made.workload, apps=("x.y/.Z", *made.workload.apps), pressure=Pressure(64, 1 << 30))
    trials = Trials(replace(made, workload=huge), free_kib=1000)
    phone = trials.ready()
    phone.packages.discard("x.y")
    with pytest.raises(InputError) as caught:
        run_experiment(attach(phone), Request(trials.experiment, "", tmp_path / "run"), StillClock(), Silent())
    text = str(caught.value)
    for part in (
        "'beauty', which is no metric",
        "'speed' is no metric",
        "no knob nope",
        "x.y",
        "demands 65536 MiB",
        "MiB free on /data",
    ):
        assert part in text
    assert not (tmp_path / "run").exists()
    assert value(phone, NR) == "0"


def test_memory_that_does_not_compress_is_no_room_and_each_arms_own_demand_is_judged(tmp_path: Path) -> None:
    made = experiment()
    off, on = made.arms
    dosed = replace(on, demand=(Setting("incompressible", "1"),))
    workload = replace(made.workload, pressure=Pressure(3, 280 << 20, compressible=0.75))
    trials = Trials(replace(made, workload=workload, arms=(off, dosed)))
    with pytest.raises(InputError) as caught:
        run_experiment(attach(trials.ready()), Request(trials.experiment, "", tmp_path / "run"), StillClock(), Silent())
    (problem,) = caught.value.problems
    assert problem.endswith(f"arm {on.name} demands 840 MiB, memory and swap together hold 750; lower `bytes_each`")


def test_each_arms_trials_eat_its_own_demand(tmp_path: Path) -> None:
    made = experiment()
    off, on = made.arms
    trials = Trials(replace(made, arms=(off, replace(on, demand=(Setting("bytes_each", "8192"),)))))
    scripts: dict[str, str] = {}

    def make(call: Call) -> str:
        scripts[call.argv[0]] = call.stdin.decode()
        return ""

    trials.ready().scripts[MAKE] = make
    phone = attach(trials.phone)
    run_experiment(phone, Request(trials.experiment, "", tmp_path / "run"), StillClock(), Silent())
    assert {name.rpartition("-")[2]: "--bytes 8192 " in text for name, text in scripts.items()} == {
        "off": False,
        "on": True,
    }


def test_a_script_that_dies_every_time_ends_the_run_and_leaves_no_recording(tmp_path: Path) -> None:
    trials = Trials(experiment(), dies=True)
    with pytest.raises(TransientError, match="script died"):
        run(trials, tmp_path / "run")
    assert not trials.phone.recording
    assert value(trials.phone, NR) == "0"


def test_a_link_that_drops_at_every_attempt_ends_the_run_with_its_own_words(tmp_path: Path) -> None:
    trials = Trials(experiment())
    trials.phone.faults.append(Fault("logcat", TransientError("FAKE0001: the link dropped during logcat"), times=3))
    with pytest.raises(TransientError, match="dropped during logcat"):
        run(trials, tmp_path / "run")


def test_a_phone_that_is_gone_for_good_is_told_as_not_put_back_not_as_what_failed_last(tmp_path: Path) -> None:
    trials = Trials(experiment())
    phone = trials.ready()
    anything = Fault("", TransientError("FAKE0001: gone"), times=0)
    phone.faults.append(anything)
    phone.background = lambda _argv: setattr(anything, "times", 999)
    request = Request(trials.experiment, "", tmp_path / "run")
    with pytest.raises(FinalError, match="not put back: kcompressd was off"):
        run_experiment(attach(phone), request, StillClock(), Silent())


def test_a_dry_run_prints_every_write_and_makes_none(tmp_path: Path) -> None:
    trials = Trials(experiment())
    phone = trials.ready()
    lines = writes(attach(phone), Request(trials.experiment, "", tmp_path / "run"))
    assert any("end and remove what earlier trials left" in line for line in lines)
    assert any(f"write 2 to {NR}" in line for line in lines)
    assert any(f"write off back to {NR}" in line for line in lines)
    assert not (tmp_path / "run").exists()
    assert not [argv for argv in phone.log if argv[0] == "push" or DROP in argv]


def test_the_page_cache_is_emptied_only_as_root(tmp_path: Path) -> None:
    rootless = Trials(replace(experiment(), arms=(Arm("off", ()), Arm("on", ()))))
    rootless.phone.roots = frozenset()
    run(rootless, tmp_path / "run")
    assert not [argv for argv in rootless.phone.log if DROP in argv]


def test_the_program_is_pushed_once(tmp_path: Path) -> None:
    trials = Trials(experiment(blocks=3))
    run(trials, tmp_path / "run")
    pushed = [argv[1] for argv in trials.phone.log if argv[0] == "push" and "pressure-" in argv[1]]
    assert len(pushed) == 1


def untraced(*, primary: tuple[str, ...] = ("am_total_time",)) -> Experiment:
    shipped, _ = load.experiment("price-of-tracing")
    return replace(shipped, blocks=1, primary=primary)


def test_an_arm_without_a_trace_starts_no_perfetto_and_is_proven_all_the_same(tmp_path: Path) -> None:
    trials = Trials(untraced())
    store = run(trials, tmp_path / "run")
    started = [argv for argv in trials.phone.log if argv[0] == "perfetto" and "-o" in argv]
    assert len(started) == 1
    by_arm = {record.trial.arm: record for record in store.records()}
    assert (by_arm["traced"].trace, by_arm["untraced"].trace) == ("trace.pftrace", None)
    assert not (store.trial_dir(by_arm["untraced"].trial) / "trace.pftrace").exists()
    quiet = by_arm["untraced"]
    assert quiet.proof["kcompressd"].outcome == "taken"
    assert [launch.total_time_s for launch in quiet.launches] == [0.321] * 6
    assert not {"start trace", "stop trace", "fetch trace"} & quiet.stages_s.keys()
    assert "no-trace" not in {caveat.code for caveat in read_run(store).caveats.get(quiet.trial.name, ())}


def test_a_phone_without_perfetto_runs_what_records_no_trace(tmp_path: Path) -> None:
    made = untraced()
    trials = Trials(replace(made, arms=tuple(replace(arm, trace=False) for arm in made.arms)))
    phone = trials.ready()
    phone.programs["perfetto"] = lambda _call: failed(127, "sh: perfetto: not found")
    store = run_experiment(attach(phone), Request(trials.experiment, "", tmp_path / "run"), StillClock(), Silent())
    assert len(store.records()) == 2


def test_a_primary_metric_that_only_a_trace_shows_is_refused_where_an_arm_records_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="names 'ttid', which only a trace shows"):
        run(Trials(untraced(primary=("ttid",))), tmp_path / "run")


def test_the_rules_of_exclusion_are_written_down_before_the_first_trial(tmp_path: Path) -> None:
    trials = Trials(replace(experiment(), exclude=Exclude(battery_c_above=20.0)))
    with pytest.raises(KeyboardInterrupt):
        run(trials, tmp_path / "run", Silent(interrupt_at=1))
    rules = RunStore.open(tmp_path / "run").plan.exclusions
    assert [(rule.code, rule.limit) for rule in rules] == [
        ("setting-not-taken", None),
        ("setting-not-exercised", None),
        ("battery-hot", 20.0),
    ]


def test_a_trial_beyond_a_limit_is_kept_but_not_counted(tmp_path: Path) -> None:
    store = run(Trials(replace(experiment(), exclude=Exclude(battery_c_above=20.0))), tmp_path / "run")
    for record in store.records():
        assert record.before.battery_c is not None
        assert record.before.battery_c > 20
        assert str(record.excluded).startswith("battery temperature in degrees C: ")


def test_the_hosts_load_is_recorded_for_a_virtual_handheld_only(tmp_path: Path) -> None:
    assert {record.host_busy for record in run(Trials(experiment()), tmp_path / "phone").records()} == {None}
    trials = Trials(experiment())
    request = Request(trials.experiment, "", tmp_path / "handheld", machine={"qemu_pid": str(os.getpid())})

    def work(argv: tuple[str, ...]) -> None:
        trials._begin(argv)  # noqa: SLF001 - the phone's own part of a trial, then the host's
        begin = os.times().elapsed
        while os.times().elapsed - begin < 0.03:
            pass  # three ticks of the host's clock, so that there is something to divide by

    phone = trials.ready()
    phone.background = work
    store = run_experiment(attach(phone), request, StillClock(), Silent())
    assert all(record.host_busy is not None and record.host_busy >= 0 for record in store.records())


@pytest.mark.parametrize(("cores", "codes"), [(0.31, ["busy-host"]), (0.3, []), (None, [])])
def test_a_trial_on_a_busy_host_carries_a_doubt(cores: float | None, codes: list[str]) -> None:
    assert [caveat.code for caveat in doubts((), (), cores)] == codes


def test_a_run_and_its_rehearsal_say_what_it_can_see(tmp_path: Path) -> None:
    unknown = "smallest change this run can see: unknown: no A/A run of this phone; `reclaim run aa`"
    trials, watch = Trials(experiment()), Silent()
    assert unknown in writes(attach(trials.ready()), Request(trials.experiment, "", tmp_path / "run"))
    run(trials, tmp_path / "run", watch)
    assert watch.told[:2] == ["planned 2", unknown]


def deciding(blocks: int) -> Experiment:
    return replace(experiment(blocks=blocks, on=(SWAPPINESS,)), stop="decided", primary=("am_total_time",))


def test_a_run_stops_once_every_primary_metric_is_decided_and_puts_everything_back(tmp_path: Path) -> None:
    trials, watch = Launches(deciding(7), on_ms=400), Silent()
    store = run(trials, tmp_path / "run", watch)
    assert [record.trial.block for record in store.records()] == [block for block in range(1, 7) for _ in range(2)]
    assert len(store.plan.trials) == 14
    assert watch.told[-1] == "look after block 6 of at most 7: 1 of 1 decided; on: am_total_time better; the run stops"
    assert store.events()[-2:] == (
        {"event": "looked", "after_block": 6, "decisions": {"am_total_time of on": "better"}},
        {"event": "stopped", "after_block": 6, "why": "every primary metric was decided"},
    )
    assert value(trials.phone, NR) == "0"
    assert value(trials.phone, "/proc/sys/vm/swappiness") == "100"
    assert (journal := undo.load(store.undo_path)) is not None
    assert journal.restored
    assert analyse(read_run(RunStore.open(store.path))).verdict.ending.startswith("Stopped after 6 of at most 7 blocks")


def test_a_run_without_an_effect_goes_to_its_budget(tmp_path: Path) -> None:
    trials, watch = Launches(deciding(7)), Silent()
    store = run(trials, tmp_path / "run", watch)
    assert len(store.records()) == len(store.plan.trials) == 14
    looks = [line for line in watch.told if line.startswith("look ")]
    assert looks == ["look after block 6 of at most 7: 0 of 1 decided; on: am_total_time undecided; it goes on"]
    assert "stopped" not in {event["event"] for event in store.events()}
    assert value(trials.phone, NR) == "0"


def test_too_few_blocks_to_stop_early_are_refused_before_any_write(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="6 blocks are too few to stop early: the first look comes after block 6"):
        run(Trials(deciding(6)), tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_rehearsal_says_when_the_run_is_looked_at(tmp_path: Path) -> None:
    trials = Trials(deciding(7))
    lines = writes(attach(trials.ready()), Request(trials.experiment, "", tmp_path / "run"))
    assert any("looked at after block 6 and every block from there on, at most 7" in line for line in lines)


def test_what_a_run_that_was_cut_off_left_is_refused_then_told_once(tmp_path: Path) -> None:
    trials, watch = Trials(experiment()), Silent()
    phone = attach(trials.ready())
    (tmp_path / "cut-off").mkdir()
    guard = undo.begin(phone, tmp_path / "cut-off" / "undo.json", discover(phone))
    guard.set("kcompressd", "2")
    guard.dead_man.hush()
    with pytest.raises(FinalError, match=r"cut-off was cut off .*`reclaim restore -s FAKE0001`"):
        run(trials, tmp_path / "a")
    assert not (tmp_path / "a").exists()
    trials.phone.fall_silent()
    run(trials, tmp_path / "b", watch)
    assert "FAKE0001: the phone restored kcompressd (off) itself at 2026" in watch.told[1]
    run(trials, again := tmp_path / "c", watch := Silent())
    assert RunStore.open(again).records()
    assert not any("itself" in line for line in watch.told)


def test_a_rehearsal_says_what_would_lie_on_the_phone(tmp_path: Path) -> None:
    made = replace(experiment(), limits=Limits(dead_man_s=30))
    lines = writes(attach(Trials(made).ready()), Request(made, "", tmp_path / "run"))
    assert any("first values to /data/local/tmp/reclaim-undo" in line and "for 30 s" in line for line in lines)
