# SPDX-License-Identifier: Apache-2.0
"""Steps of a workload's file: short forms, loops, shuffles, and what is refused with its line."""

from pathlib import Path

import pytest

from workloads import load
from workloads.errors import InputError
from workloads.spec import (
    Dwell,
    FileRead,
    Home,
    Launch,
    Pressure,
    Release,
    StartPressure,
    Step,
    WaitCool,
    WaitPressure,
    file_bytes,
)

APPS = 'title = "t"\napps = ["a/.A", "b/.B", "c/.C", "d/.D"]\n'
PRESSURE = "[pressure]\nprocesses = 1\nbytes_each = 4096\n"
ALL = """\
steps = [
  { do = "launch", app = "a/.A", kind = "warm" },
  { do = "home" },
  { do = "return", app = "a/.A" },
  { do = "dwell", seconds = 0.5 },
  { do = "fill" },
  { do = "release" },
  { do = "start-pressure" },
  { do = "wait-pressure" },
  { do = "file-read", path = "/system/framework" },
  { do = "wait-cool", below_c = 35 },
]
"""


def steps(folder: Path, text: str) -> tuple[Step, ...]:
    path = folder / "w.toml"
    path.write_text(f"{APPS}{text}{PRESSURE}")
    return load.workload(str(path)).steps


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        steps(folder, text)
    return str(caught.value)


def apps(made: tuple[Step, ...]) -> str:
    return "".join(step.app[0] for step in made if isinstance(step, Launch))


def test_every_step_there_is_can_be_written(tmp_path: Path) -> None:
    assert steps(tmp_path, ALL) == (
        Launch("a/.A", "warm"),
        Home(),
        Launch("a/.A", "return"),
        Dwell(0.5),
        StartPressure(),
        WaitPressure(),
        Release(),
        StartPressure(),
        WaitPressure(),
        FileRead("/system/framework"),
        WaitCool(35),
    )


def test_a_loop_is_its_steps_so_many_times_and_loops_nest(tmp_path: Path) -> None:
    inner = '{ do = "repeat", times = 2, steps = [{ do = "launch", app = "b/.B" }] }'
    text = f'steps = [{{ do = "repeat", times = 3, steps = [{{ do = "launch", app = "a/.A" }}, {inner}] }}]\n'
    assert apps(steps(tmp_path, text)) == "abbabbabb"


SHUFFLED = """\
steps = [{ do = "repeat", times = 12, steps = [{ do = "shuffle", seed = 5, steps = [
  { do = "launch", app = "a/.A" },
  { do = "launch", app = "b/.B" },
  { do = "repeat", times = 1, steps = [{ do = "launch", app = "c/.C" }, { do = "launch", app = "d/.D" }] },
] }] }]
"""


def test_a_shuffle_holds_everything_once_in_another_order_each_time_round(tmp_path: Path) -> None:
    made = apps(steps(tmp_path, SHUFFLED))
    rounds = [made[start : start + 4] for start in range(0, len(made), 4)]
    assert {"".join(sorted(each)) for each in rounds} == {"abcd"}
    assert len(set(rounds)) > 3
    assert all("cd" in each for each in rounds)  # a `repeat` of one keeps its steps together


def test_a_seed_gives_one_order_and_another_seed_another(tmp_path: Path) -> None:
    assert apps(steps(tmp_path, SHUFFLED)) == apps(steps(tmp_path, SHUFFLED))
    assert apps(steps(tmp_path, SHUFFLED)) != apps(steps(tmp_path, SHUFFLED.replace("seed = 5", "seed = 6")))


@pytest.mark.parametrize(
    ("step", "says"),
    [
        ('{ do = "fly" }', "w.toml:5: steps[0].steps[1]: Input tag 'fly'"),
        ('{ do = "return", app = "z/.Z" }', "w.toml:5: steps[0].steps[1]: launches 'z/.Z', which `apps` does not list"),
        ('{ do = "home", now = true }', "w.toml:5: steps[0].steps[1].now: is no key that belongs here"),
        ('{ do = "launch", app = "a/.A", kind = "tepid" }', "w.toml:5: steps[0].steps[1].kind: Input should be 'cold'"),
        ('{ do = "dwell", seconds = -1 }', "w.toml:5: steps[0].steps[1]: stays -1 s: give 0 to 3600"),
        ('{ do = "dwell", seconds = nan }', "stays nan s"),
        ('{ do = "wait-cool", below_c = 350 }', "waits for 350 degrees"),
        ('{ do = "wait-cool", below_c = 35, at_most_s = inf }', "waits inf s"),
        ('{ do = "file-read", path = "x" }', "reads 'x': give an absolute path"),
        ('{ do = "release" }', "release comes when no eaters are there"),
        ('{ do = "wait-pressure" }', "wait-pressure comes when no eaters are there"),
        ('{ do = "start-pressure" }', "pressure is started while the eaters of an earlier start are there"),
        (
            '{ do = "repeat", times = 100, steps = [{ do = "repeat", times = 100, steps = [{ do = "home" }] }] }',
            "20002",
        ),
    ],
)
def test_a_step_that_cannot_be_is_refused_with_its_line_at_any_depth(tmp_path: Path, step: str, says: str) -> None:
    text = f'steps = [{{ do = "repeat", times = 2, steps = [\n  {{ do = "home" }},\n  {step},\n] }}]\n'
    assert says in refusal(tmp_path, text)


def test_all_mistakes_of_pressure_and_steps_are_told_at_once(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    wrong = "same_filled = 0.6\nincompressible = 0.6\nretouch_bytes_s = 5\n"
    path.write_text(f'{APPS}steps = [{{ do = "return", app = "z/.Z" }}]\n{PRESSURE}{wrong}')
    with pytest.raises(InputError) as caught:
        load.workload(str(path))
    assert [line.split(": ")[0].rpartition(":")[2] for line in caught.value.problems] == ["3", "8", "9", "9"]


def test_a_pressure_that_says_nothing_more_demands_what_it_always_did(tmp_path: Path) -> None:
    path = tmp_path / "w.toml"
    path.write_text(f'{APPS}steps = [{{ do = "fill" }}]\n{PRESSURE}')
    asked = load.workload(str(path)).pressure
    assert asked == Pressure(1, 4096, hot_share=0, retouch_bytes_s=0, same_filled=0, incompressible=0, file_backed=0)
    assert asked == Pressure(1, 4096, cpu_load=0, compressible=0.5, rate_bytes_s=0, at_once_bytes=0, check_stride=16)


def test_the_file_that_eaters_read_is_the_share_of_all_of_them() -> None:
    assert file_bytes(Pressure(3, 8 << 20, file_backed=0.25)) == 6 << 20
    assert file_bytes(None) == 0
