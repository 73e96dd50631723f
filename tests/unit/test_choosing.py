# SPDX-License-Identifier: Apache-2.0
"""Which apps of a phone a workload's slots become."""

from pathlib import Path

import pytest

from agent.device.fake import FakePhone, fake_phone
from agent.device.phone import attach
from agent.runner.choosing import Seen, choose, fill, told, versions
from workloads import load
from workloads.choice import as_asked
from workloads.errors import InputError
from workloads.spec import Launch, Workload

MAIL, MAPS, GAME, NOTES = (f"org.example.{name}/.Main" for name in ("mail", "maps", "game", "notes"))


def workload(folder: Path, apps: str) -> Workload:
    path = folder / "w.toml"
    each = '{ do = "each", steps = [{ do = "launch", app = "*" }] }'
    path.write_text(f'title = "t"\napps = {apps}\nsteps = [{each}]\n')
    return load.workload(str(path))


def launched(made: Workload) -> list[str]:
    return [step.app for step in made.steps if isinstance(step, Launch)]


def phone_with(*components: str, **memory_kib: int) -> FakePhone:
    fake = fake_phone(packages={component.partition("/")[0] for component in components})
    fake.android.apps.memory_kib = {f"org.example.{name}": size for name, size in memory_kib.items()}
    return fake


def test_launchable_apps_are_chosen_by_name_and_stand_in_every_step(tmp_path: Path) -> None:
    made = choose(attach(phone_with(NOTES, MAIL, MAPS)), workload(tmp_path, '["launchable:2"]'))
    assert made.apps == (MAIL, MAPS)
    assert launched(made) == [MAIL, MAPS]
    assert made.slots == ("launchable#1", "launchable#2")


def test_what_came_with_the_phone_and_what_nobody_can_open_is_not_chosen(tmp_path: Path) -> None:
    fake = phone_with(MAIL, MAPS, NOTES)
    fake.android.apps.system, fake.android.apps.activity = {"org.example.mail"}, {"org.example.maps": ""}
    assert choose(attach(fake), workload(tmp_path, '["launchable:1"]')).apps == (NOTES,)


def test_the_hungriest_choose_first_by_the_memory_of_all_their_processes(tmp_path: Path) -> None:
    fake = phone_with(MAIL, MAPS, GAME, NOTES, game=90_000, maps=70_000, notes=10_000)
    fake.android.apps.memory_kib["org.example.maps:gl"] = 30_000
    made = choose(attach(fake), workload(tmp_path, '["launchable:1", "hungriest:2"]'))
    assert made.apps == (MAIL, MAPS, GAME)


def test_an_app_that_is_named_is_not_chosen_again(tmp_path: Path) -> None:
    made = choose(attach(phone_with(MAIL, MAPS)), workload(tmp_path, f'["{MAIL}", "launchable:1"]'))
    assert made.apps == (MAIL, MAPS)
    assert made.slots == ("", "launchable#1")


def test_too_few_are_all_told_at_once_with_what_there_is(tmp_path: Path) -> None:
    fake = phone_with(MAIL, GAME, game=90_000)
    with pytest.raises(InputError) as caught:
        choose(attach(fake), workload(tmp_path, '["hungriest:2", "launchable:3"]'))
    hungry, shown = caught.value.problems
    assert hungry.startswith(
        "hungriest:2 asks for 2 apps, the phone has 1 installed apps that run now (org.example.game"
    )
    assert shown.endswith("(org.example.mail/.Main); install more")


def test_a_workload_without_slots_asks_the_phone_nothing(tmp_path: Path) -> None:
    fake = phone_with(MAIL)
    made, phone = workload(tmp_path, f'["{MAIL}"]'), attach(fake)
    asked = len(fake.log)
    assert choose(phone, made) == made
    assert len(fake.log) == asked


def test_as_asked_is_the_same_on_every_phone(tmp_path: Path) -> None:
    made = workload(tmp_path, '["launchable:1"]')
    one, other = (choose(attach(phone_with(app)), made) for app in (MAIL, GAME))
    assert one != other
    assert as_asked(one) == as_asked(other) == made


def test_versions_are_recorded_and_told(tmp_path: Path) -> None:
    fake = phone_with(MAIL, MAPS)
    fake.android.apps.version = {"org.example.mail": ("2.1\x1b[31m", 21)}
    phone = attach(fake)
    made = choose(phone, workload(tmp_path, '["launchable:1", "org.example.gone/.Main"]'))
    found = versions(phone, made)
    assert found == {MAIL: "2.1\\x1b[31m (21)", "org.example.gone/.Main": "not told"}
    assert list(told(made, found)) == [f"apps chosen on this phone: {MAIL} 2.1\\x1b[31m (21)"]


def test_hungry_apps_of_the_same_size_have_an_order(tmp_path: Path) -> None:
    seen = Seen((MAPS, MAIL), {"org.example.mail": 5, "org.example.maps": 5})
    assert fill(workload(tmp_path, '["hungriest:2"]'), seen) == {"hungriest#1": MAIL, "hungriest#2": MAPS}
