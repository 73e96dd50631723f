# SPDX-License-Identifier: Apache-2.0
from importlib.resources import files
from pathlib import Path

import pytest

from workloads import load
from workloads.errors import InputError
from workloads.lines import key_lines
from workloads.load import files_of
from workloads.spec import Launch, Limits, Rule, Setting

THREE_MISTAKES = """\
question = "Does it help?"
workload = "launches-under-pressure"
control = "none"
blocks = 0
primary = ["ttid"]

[[arms]]
name = "off"
settings = { kcompressd = "off" }

[[arms]]
name = "On!"
setting = { kcompressd = 2 }
"""


def write(folder: Path, text: str, name: str = "mine.toml") -> str:
    path = folder / name
    path.write_text(text)
    return str(path)


@pytest.mark.parametrize("name", load.names("experiments"))
def test_every_experiment_that_ships_loads(name: str) -> None:
    made, text = load.experiment(name)
    assert made.name == name
    assert made.control in {arm.name for arm in made.arms}
    assert "question" in text


def test_the_shipped_experiment_switches_kcompressd_and_launches_apps() -> None:
    made, _ = load.experiment("kcompressd")
    assert [arm.settings for arm in made.arms] == [(Setting("kcompressd", "off"),), (Setting("kcompressd", "on"),)]
    assert sum(isinstance(step, Launch) for step in made.workload.steps) == 6


def test_every_mistake_is_reported_at_once_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        load.experiment(write(tmp_path, THREE_MISTAKES))
    lines = [problem.split(":")[1] for problem in caught.value.problems]
    assert lines == ["4", "11", "12", "13"]


def lines_told(folder: Path, text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        load.experiment(write(folder, text))
    return [problem.partition(":")[2] for problem in caught.value.problems]


def test_what_shows_when_keys_are_seen_together_is_told_along_with_keys_that_are_wrong(tmp_path: Path) -> None:
    text = (
        THREE_MISTAKES.replace("blocks = 0", "blocks = 1\nsed = 3")
        .replace("On!", "on")
        .replace("setting =", "settings =")
    )
    told = lines_told(tmp_path, f"{text}\n[limits]\nsettle_s = -1\n")
    assert [line.partition(" ")[0] for line in told] == ["3:", "5:", "17:"]


def test_what_may_hang_on_a_key_that_is_wrong_is_not_told(tmp_path: Path) -> None:
    text = THREE_MISTAKES.replace('"none"', '"off"').replace("blocks = 0", "blocks = 1").replace("On!", "on")
    text = text.replace("setting =", "settings =").replace('name = "off"', 'name = "off"\ntrace = "x"')
    assert [line.partition(":")[0] for line in lines_told(tmp_path, f"{text}trace = false\n")] == ["9"]


def test_a_workload_that_is_wrong_is_told_with_its_experiment(tmp_path: Path) -> None:
    work = write(tmp_path, 'title = "t"\napps = ["x"]\nsteps = [{ do = "dwell", seconds = 1.0 }]\n', "work.toml")
    text = THREE_MISTAKES.replace("launches-under-pressure", "work.toml")
    with pytest.raises(InputError) as caught:
        load.experiment(write(tmp_path, text))
    assert caught.value.problems[-1].startswith(f"{work}:2: apps[0]: 'x' is no app")
    assert len(caught.value.problems) == 5


def test_a_control_that_is_no_arm_is_named_with_its_line(tmp_path: Path) -> None:
    text = THREE_MISTAKES.replace("blocks = 0", "blocks = 1").replace("On!", "on").replace("setting =", "settings =")
    with pytest.raises(InputError, match=r"mine\.toml:3: control: 'none' is not an arm; the arms are off, on"):
        load.experiment(write(tmp_path, text))


def test_an_unknown_name_lists_what_there_is() -> None:
    with pytest.raises(InputError, match=r"no experiment is called .nope.: name one of .*kcompressd"):
        load.experiment("nope")


@pytest.mark.parametrize(("text", "says"), [("a = ", "not TOML"), ("", "question: is missing")])
def test_a_file_that_is_no_experiment_gets_a_line_not_a_traceback(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(InputError, match=says):
        load.experiment(write(tmp_path, text))


def test_a_missing_file_is_named() -> None:
    with pytest.raises(InputError, match=r"/no/such\.toml: cannot be read: No such file"):
        load.experiment("/no/such.toml")


def test_a_workload_file_lies_beside_its_experiment(tmp_path: Path) -> None:
    write(tmp_path, 'title = "t"\napps = ["a/.B"]\nsteps = [\n  { do = "launch", app = "c/.D" },\n]\n', "w.toml")
    text = THREE_MISTAKES.replace("launches-under-pressure", "w.toml").replace("= 0", "= 1").replace("On!", "none")
    with pytest.raises(InputError, match=r"w\.toml:4: steps\[0\]: launches 'c/.D', which `apps` does not list"):
        load.experiment(write(tmp_path, text.replace("setting =", "settings =")))


def test_an_unknown_step_names_the_known_ones(tmp_path: Path) -> None:
    write(tmp_path, 'title = "t"\napps = []\nsteps = [{ do = "fly" }]\n', "w.toml")
    text = THREE_MISTAKES.replace("launches-under-pressure", "w.toml").replace("= 0", "= 1").replace("On!", "none")
    with pytest.raises(InputError, match="'launch', 'home', 'dwell'"):
        load.experiment(write(tmp_path, text.replace("setting =", "settings =")))


def test_lines_are_found_for_tables_dotted_keys_arrays_and_inline_tables() -> None:
    lines = key_lines('a.b = 1\n[t]\nc = [\n 1, # x\n { d = 2 },\n]\n[[u]]\n[u.v]\n"q r" = 3\n[[u]]\ne = 4\n')
    assert lines["a", "b"] == 1
    assert lines["t", "c", 1, "d"] == 5
    assert lines["u", 0, "v", "q r"] == 9
    assert lines["u", 1, "e"] == 11


RULED = """\
question = "Does it help?"
workload = "launches-under-pressure"
control = "off"
blocks = 16
primary = ["ttid"]
stop = "decided"

[[arms]]
name = "off"
settings = { kcompressd = "off" }

[[arms]]
name = "on"
settings = { kcompressd = 2 }
# what tracing costs is told by `quiet`, below

[[rules]]
metric = "ttid"
margin_percent = 3

[[rules]]
metric = "kswapd_cpu"
must = "improve"
margin = 0.1
app = "*"

[[arms]]
name = "quiet"
settings = { kcompressd = 2 }
trace = false
"""


def test_gate_rules_an_early_stop_and_arms_without_a_trace_are_part_of_an_experiment(tmp_path: Path) -> None:
    made, _ = load.experiment(write(tmp_path, RULED))
    assert made.rules == (Rule("ttid", margin=0.03), Rule("kswapd_cpu", "improve", 0.1, relative=False, app="*"))
    assert made.stop == "decided"
    assert [arm.trace for arm in made.arms] == [True, True, False]


@pytest.mark.parametrize("margins", ["", "margin = 1\nmargin_percent = 3", "margin_percent = -1", "margin = inf"])
def test_a_rule_has_one_margin_and_a_sensible_one(tmp_path: Path, margins: str) -> None:
    with pytest.raises(InputError, match=r"mine.toml:17: rules\[0\]:|mine.toml:19: rules\[0\].margin"):
        load.experiment(write(tmp_path, RULED.replace("margin_percent = 3", margins)))


def test_a_treatment_that_no_arm_sets_or_that_leaves_an_arm_alone_is_named_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"mine.toml:6: treatment: no arm sets 'nothing'"):
        load.experiment(write(tmp_path, RULED.replace("stop", 'treatment = "nothing"\n#', 1)))
    alone = RULED.replace("stop", 'treatment = "kcompressd"\n#', 1).replace("= 2 }", '= 2, algorithm = "zstd" }')
    with pytest.raises(InputError, match=r"arms\[1\]: no arm differs from 'on' in kcompressd alone"):
        load.experiment(write(tmp_path, alone))


def test_the_phones_patience_is_a_setting_within_bounds(tmp_path: Path) -> None:
    made, _ = load.experiment(write(tmp_path, f"{RULED}\n[limits]\ndead_man_s = 30\n"))
    assert (made.limits.dead_man_s, Limits().dead_man_s) == (30, 90)
    for wrong in ("4", "3601", "nan"):
        with pytest.raises(InputError, match=r"limits\.dead_man_s"):
            load.experiment(write(tmp_path, f"{RULED}\n[limits]\ndead_man_s = {wrong}\n"))


DOSES = """\
question = "From which dose on?"
workload = "launches-under-pressure"
control = "low"
blocks = 4
primary = ["ttid"]

[[arms]]
name = "low"
settings = { kcompressd = "off" }
pressure = { bytes_each = 1_048_576, retouch_bytes_s = 65_536, hot_share = 0.5 }

[[arms]]
name = "high"
settings = { kcompressd = "off" }
[arms.pressure]
bytes_each = 2_097_152
"""


def test_arms_may_differ_in_their_dose(tmp_path: Path) -> None:
    made, _ = load.experiment(write(tmp_path, DOSES))
    assert made.arms[1].demand == (Setting("bytes_each", "2097152"),)
    assert made.arms[0].levels["pressure.hot_share"] == "0.5"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (DOSES.replace("= 2_097_152", "= 1"), "mine.toml:16: arms[1].pressure.bytes_each: Input should be greater"),
        (DOSES.replace("bytes_each = 2", "bites = 2"), "mine.toml:16: arms[1].pressure.bites: is no key that belongs"),
        (DOSES.replace(", hot_share = 0.5", ""), "mine.toml:10: arms[0].pressure.retouch_bytes_s: needs `hot_share`"),
        (DOSES.replace("launches-under-pressure", "w.toml"), "mine.toml:10: arms[0].pressure: is more or less than"),
    ],
)
def test_a_dose_that_cannot_be_is_refused_with_its_line(tmp_path: Path, text: str, says: str) -> None:
    write(tmp_path, 'title = "t"\napps = []\nsteps = [{ do = "home" }]\n', "w.toml")
    with pytest.raises(InputError) as caught:
        load.experiment(write(tmp_path, text))
    assert says in str(caught.value)


class TestWhatAnotherComputerNeeds:
    """The files that go along with an experiment, each where the experiment will look for it."""

    def made(self, folder: Path, workload: str, apps: str = '["org.a/.Main"]') -> Path:
        text = (files("workloads") / "experiments" / "aa.toml").read_text().replace("launches-under-pressure", workload)
        (folder / "mine.toml").write_text(text)
        place = folder / workload
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(f'title = "t"\napps = {apps}\nsteps = [{{ do = "launch", app = "org.a/.Main" }}]\n')
        return folder / "mine.toml"

    def test_one_that_ships_needs_its_own_file_alone(self) -> None:
        assert list(files_of("aa")) == ["aa.toml"]

    def test_a_workload_in_a_folder_goes_into_that_folder(self, tmp_path: Path) -> None:
        path = self.made(tmp_path, "sub/work.toml")
        found = files_of(str(path))
        assert found == {"mine.toml": path, "sub/work.toml": tmp_path / "sub" / "work.toml"}

    @pytest.mark.parametrize("where", ["../work.toml", "work.toml"])
    def test_one_that_does_not_lie_beside_it_is_refused(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
    ) -> None:
        folder = tmp_path / "experiments"
        folder.mkdir()
        path = self.made(folder, where)
        if where == "work.toml":
            (folder / where).rename(tmp_path / where)
            monkeypatch.chdir(tmp_path)
        with pytest.raises(InputError, match=r"mine.toml: names .*work.toml, which does not lie beside it"):
            files_of(str(path))
