# SPDX-License-Identifier: Apache-2.0
"""A dose is found before a run, in the control arm, and then demanded of every arm to the byte."""

import io
import json
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.device.fake import Call, FakePhone, Fault
from agent.device.fake_kernel import FakeFile
from agent.device.phone import attach
from agent.knobs import undo
from agent.runner import workspace
from agent.runner.dry import writes
from agent.runner.resume import resume, tidy_up
from agent.runner.run import Request
from reports.analysis import analyse
from reports.compare import read_run
from reports.demanded import demanded
from reports.rundir import occupied
from reports.store import RunStore
from reports.text import compare_text
from tests.support.runner_phone import Trials
from tests.support.runs import NR, Silent, StillClock, experiment, run, value
from tests.support.traces import TraceBuilder
from workloads.errors import FinalError, InputError
from workloads.spec import Experiment
from workloads.titration import Titration

pytestmark = pytest.mark.usefixtures("no_compiler")

MIB = 1 << 20
GOAL = Titration("swap_used_max", 150 * MIB)
SWAP = 524288 << 10
REPORT = "eater={n} filled_bytes={filled} fill_us=1000 checked_pages=1 bad_pages=0 survived={alive}\n"


@dataclass
class Dosed(Trials):
    """A phone that swaps what is eaten beyond `free_mib`, and records it."""

    free_mib: int = 380
    deadly_mib: int = 10_000
    psi: bool = False
    scripts: list[str] = field(default_factory=list)

    def ready(self) -> FakePhone:
        phone = super().ready()
        phone.scripts[workspace.MAKE] = self._made
        return phone

    @property
    def doses(self) -> list[int]:
        """What each trial's eaters were told to fill, in MiB."""
        return [int(found[1]) >> 20 for text in self.scripts if (found := re.search(r"--bytes (\d+)", text))]

    def _made(self, call: Call) -> str:
        self.scripts.append(call.stdin.decode())
        return ""

    def _begin(self, argv: tuple[str, ...]) -> None:
        super()._begin(argv)
        used = min(SWAP >> 10, max(0, 3 * self.doses[-1] - self.free_mib) << 10)
        trace = TraceBuilder()
        for at, share in ((1.0, 0.0), (2.0, 1.0), (3.0, 0.5)):
            trace.meminfo(at, swap_total=SWAP >> 10, swap_free=(SWAP >> 10) - int(used * share), mem_available=90_000)
        self.phone.trace = trace.data

    def _finish(self, call: Call) -> str:
        dead = self.doses[-1] >= self.deadly_mib
        lines = (REPORT.format(n=n, filled=self.doses[-1] << 20, alive=int(not dead)) for n in (1, 2, 3))
        self.phone.files[f"{call.argv[0]}/eaters"] = FakeFile("".join(lines))
        return ""


def asked(goal: Titration = GOAL, blocks: int = 1) -> Experiment:
    return replace(experiment(blocks=blocks), titrate=goal)


def go_on(trials: Dosed, out: Path) -> RunStore:
    store, watch = RunStore.open(out), Silent()
    request = Request(store.experiment(), store.experiment_text(), out)
    with occupied(out):
        assert tidy_up(store, watch)
        resume(attach(trials.ready()), store, request, StillClock(), watch)
    return store


def test_the_dose_is_found_in_the_control_and_demanded_of_every_arm_to_the_byte(tmp_path: Path) -> None:
    trials, watch = Dosed(asked(blocks=2)), Silent()
    store = run(trials, tmp_path / "run", watch)
    found = store.titrated()
    assert found is not None
    assert found.dose is not None
    assert found.reached == pytest.approx(GOAL.target, rel=0.1)
    tries = len(found.tries)
    assert set(trials.doses[tries:]) == {found.dose >> 20}
    assert len(trials.doses) == tries + 4
    record = json.loads((tmp_path / "run" / "trials" / found.tries[-1].trial / "record.json").read_text())
    assert (record["trial"]["arm"], record["settings"]) == ("off", {"kcompressd": "off"})
    pressure = store.experiment().workload.pressure
    before = asked().workload.pressure
    assert pressure is not None
    assert before is not None
    paced = before.bytes_each - before.at_once_bytes
    assert (pressure.bytes_each, pressure.at_once_bytes) == (found.dose, found.dose - paced)
    assert f"from now on every trial demands bytes_each = {found.dose >> 20} MiB" in watch.told


def test_what_it_reached_stands_beside_its_target_in_text_and_json(tmp_path: Path) -> None:
    store = run(Dosed(asked(blocks=2)), tmp_path / "run")
    analysis = analyse(read_run(store))
    text = re.sub(r"\s+", " ", compare_text(analysis))
    found = store.titrated()
    assert found is not None
    assert found.dose is not None
    assert f"for swap_used_max of 150 MiB in off: bytes_each = {found.dose >> 20} MiB reached " in text
    assert f"Every trial filled {3 * found.dose >> 20} MiB, the same to the byte ({3 * found.dose:,})." in text
    assert re.search(
        r"It came to \(median of trials\): off: swap in use up to 1\d\d MiB, .* on: swap in use up to", text
    )
    out = io.StringIO()
    assert main(["compare", str(store.path), "--json"], out, io.StringIO()) == 0
    assert json.loads(out.getvalue())["titration"]["dose"] == found.dose
    assert not [caveat for caveat in analysis.verdict.caveats if caveat.code == "dose-off-target"]


def test_a_run_whose_control_missed_the_target_says_so(tmp_path: Path) -> None:
    found = run(Dosed(asked()), tmp_path / "calm").titrated()
    assert found is not None
    trials = Dosed(asked())
    trials.each = lambda number: setattr(trials, "free_mib", 380 if number <= len(found.tries) else 300)
    analysis = analyse(read_run(run(trials, tmp_path / "run")))
    (caveat,) = (caveat for caveat in analysis.verdict.caveats if caveat.code == "dose-off-target")
    assert re.match(r"swap_used_max of off is 2\d\d MiB on average, \d\d % above the target of 150 MiB\.", caveat.what)


def test_a_run_that_broke_off_in_the_search_goes_on_with_it(tmp_path: Path) -> None:
    calm = Dosed(asked())
    run(calm, tmp_path / "calm")
    trials = Dosed(asked())
    trials.phone.faults.append(Fault(workspace.MAKE, FinalError("FAKE0001: refused"), skip=1))
    with pytest.raises(FinalError, match="refused"):
        run(trials, tmp_path / "run")
    assert len(trials.doses) == 1
    go_on(trials, tmp_path / "run")
    assert list(dict.fromkeys(trials.doses)) == list(dict.fromkeys(calm.doses))
    assert (tmp_path / "run" / "titration.json").read_bytes() == (tmp_path / "calm" / "titration.json").read_bytes()


def test_a_run_that_is_resumed_demands_the_same_and_looks_for_no_dose(tmp_path: Path) -> None:
    trials = Dosed(asked(blocks=2))
    with pytest.raises(KeyboardInterrupt):
        run(trials, tmp_path / "run", Silent(interrupt_at=3))
    before, kept = len(trials.doses), (tmp_path / "run" / "titration.json").read_bytes()
    trials.free_mib = 100
    store = go_on(trials, tmp_path / "run")
    assert len(trials.doses) == before + 3  # a warm-up, and the two that were left
    assert len(set(trials.doses[before - 2 :])) == 1
    assert (tmp_path / "run" / "titration.json").read_bytes() == kept
    assert len(store.records()) == 4


def test_a_target_that_is_not_reached_ends_the_run_in_one_line_and_settings_are_back(tmp_path: Path) -> None:
    trials = Dosed(asked(), free_mib=900)
    with pytest.raises(FinalError) as error:
        run(trials, tmp_path / "run")
    assert re.fullmatch(
        r"FAKE0001: swap_used_max of 150 MiB is not reached: 3 MiB at bytes_each = 301 MiB, 98 % off, and more the"
        r" phone cannot hold; change `\[titrate\] target`",
        str(error.value),
    )
    assert value(trials.phone, NR) == "0"
    journal = undo.load(tmp_path / "run" / "undo.json")
    assert journal is not None
    assert journal.restored
    store = RunStore.open(tmp_path / "run")
    assert store.records() == ()
    assert "No dose was found for swap_used_max of 150 MiB in off" in " ".join(demanded(analyse(read_run(store))))


def test_eaters_that_are_killed_are_no_dose(tmp_path: Path) -> None:
    with pytest.raises(FinalError, match="eaters are killed"):
        run(Dosed(asked(), deadly_mib=50), tmp_path / "run")


def test_a_metric_that_is_not_recorded_is_told_after_the_first_try(tmp_path: Path) -> None:
    trials = Dosed(asked(Titration("psi_memory_some", 2.0)))
    with pytest.raises(FinalError, match=r"000-b0-off recorded no psi_memory_some.* its trace lacks psi memory"):
        run(trials, tmp_path / "run")
    assert len(trials.doses) == 1


@pytest.mark.parametrize(
    ("goal", "line"),
    [
        (Titration("swap_used_max", 600 * MIB), "wants swap_used_max to reach 600 MiB, all of its swap is 512 MiB"),
        (
            Titration("mem_available_min", 2048 * MIB),
            "wants mem_available_min to reach 2 GiB, all of its memory is 750",
        ),
    ],
)
def test_a_target_beyond_the_phone_is_refused_before_any_write(goal: Titration, line: str, tmp_path: Path) -> None:
    trials = Dosed(asked(goal))
    with pytest.raises(InputError, match=line):
        run(trials, tmp_path / "run")
    assert trials.begun == 0
    assert not (tmp_path / "run").exists()


def test_a_dry_run_tells_that_a_dose_is_looked_for(tmp_path: Path) -> None:
    told = writes(attach(Dosed(asked()).ready()), Request(asked(), "", tmp_path / "run"))
    assert (
        "before the plan's first trial: up to 10 trials of arm off, until bytes_each makes swap_used_max reach 150 MiB"
        in "\n".join(told)
    )
