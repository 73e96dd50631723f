# SPDX-License-Identifier: Apache-2.0
"""APKs of a folder as apps of a workload, and as a setting that is undone."""

from dataclasses import replace
from pathlib import Path

import pytest

from agent.device.fake import FakePhone, failed, fake_phone
from agent.device.fake_kernel import FakeFile
from agent.device.phone import Phone, attach
from agent.knobs.app import from_name
from agent.knobs.base import Knob
from agent.knobs.discover import discover, find
from agent.knobs.undo import begin, guarded, restore
from tests.support.apks import write_apk
from workloads import load
from workloads.errors import FinalError, InputError, ProofError
from workloads.spec import Launch, Setting

PACKAGE, NAME = "org.example.mail", "app:org.example.mail"


def workload_text(folder: Path, steps: str = '[{ do = "each", steps = [{ do = "launch", app = "*" }] }]') -> str:
    path = folder / "w.toml"
    path.write_text(f'title = "t"\napps = ["apks:apks"]\nsteps = {steps}\n')
    return str(path)


def apks(folder: Path, *packages: str) -> None:
    (folder / "apks").mkdir()
    for package in packages:
        write_apk(folder / "apks" / f"{package}.apk", package)


def test_every_apk_of_the_folder_beside_the_workload_is_an_app(tmp_path: Path) -> None:
    apks(tmp_path, "org.example.maps", PACKAGE)
    made = load.workload(workload_text(tmp_path))
    assert [step.app for step in made.steps if isinstance(step, Launch)] == [
        "org.example.mail/.Main",
        "org.example.maps/.Main",
    ]
    assert [(apk.component, apk.version, Path(apk.path).name) for apk in made.apks] == [
        ("org.example.mail/.Main", "1.2 (34)", "org.example.mail.apk"),
        ("org.example.maps/.Main", "1.2 (34)", "org.example.maps.apk"),
    ]


def test_steps_may_name_what_an_apk_holds_and_nothing_else(tmp_path: Path) -> None:
    apks(tmp_path, PACKAGE)
    made = load.workload(workload_text(tmp_path, f'[{{ do = "launch", app = "{PACKAGE}/.Main" }}]'))
    assert made.steps == (Launch(f"{PACKAGE}/.Main"),)
    with pytest.raises(InputError, match=r"w\.toml:3: steps\[0\]: launches 'x/.Y', which `apps` does not list"):
        load.workload(workload_text(tmp_path, '[{ do = "launch", app = "x/.Y" }]'))


@pytest.mark.parametrize(("package", "activity"), [("../../../sdcard/x", ".Main"), ("a b", ".Main"), ("a.b", "x;y")])
def test_what_a_manifest_calls_an_app_becomes_no_path_and_no_word_of_a_shell(
    tmp_path: Path, package: str, activity: str
) -> None:
    (tmp_path / "apks").mkdir()
    write_apk(tmp_path / "apks" / "one.apk", package, activity)
    with pytest.raises(InputError, match=r"one\.apk: calls what starts it .*, which no Android installs"):
        load.workload(workload_text(tmp_path))


def test_a_folder_that_is_not_there_empty_or_holds_what_is_no_app_is_named(tmp_path: Path) -> None:
    path = workload_text(tmp_path)
    with pytest.raises(InputError, match="apks: is no folder"):
        load.workload(path)
    apks(tmp_path)
    with pytest.raises(InputError, match=r"holds no \.apk file"):
        load.workload(path)
    write_apk(tmp_path / "apks" / "one.apk", PACKAGE)
    write_apk(tmp_path / "apks" / "two.apk", PACKAGE)
    with pytest.raises(InputError, match="holds two APKs of"):
        load.workload(path)
    write_apk(tmp_path / "apks" / "two.apk", "org.example.hidden", activity="")
    with pytest.raises(InputError, match=r"two\.apk: has no activity that a launcher shows"):
        load.workload(path)
    (tmp_path / "apks" / "two.apk").write_bytes(b"no zip")
    with pytest.raises(InputError, match=r"two\.apk: cannot be read as an APK"):
        load.workload(path)


APK = "/data/local/tmp/mail.apk"


@pytest.fixture
def fake(tmp_path: Path) -> FakePhone:
    data = write_apk(tmp_path / "mail.apk", PACKAGE).read_bytes()
    return fake_phone(files={APK: FakeFile(data.decode("utf-8", "surrogateescape")), **fake_phone().files})


def found(phone: Phone) -> dict[str, Knob]:
    return {**discover(phone), NAME: replace(from_name(PACKAGE), apk=APK)}


def test_an_app_is_there_for_the_block_and_gone_after_it(fake: FakePhone, tmp_path: Path) -> None:
    phone = attach(fake)
    with guarded(phone, tmp_path / "undo.json", found(phone)) as guard:
        guard.hold(Setting(NAME, "installed"))
        guard.apply([Setting("kcompressd", "2")])
        guard.apply([Setting("kcompressd", "off")])
        assert fake.packages == {PACKAGE}
    assert fake.packages == set()


def test_an_app_of_a_run_that_died_is_removed_by_restore_without_its_file(fake: FakePhone, tmp_path: Path) -> None:
    phone, journal = attach(fake), tmp_path / "undo.json"
    guard = begin(phone, journal, found(phone))
    guard.hold(Setting(NAME, "installed"))
    guard.dead_man.hush()
    del fake.files[APK]
    restore(phone, journal)
    assert fake.packages == set()


def test_the_phone_removes_it_by_itself(fake: FakePhone, tmp_path: Path) -> None:
    phone = attach(fake)
    guard = begin(phone, tmp_path / "undo.json", found(phone))
    guard.hold(Setting(NAME, "installed"))
    guard.dead_man.hush()
    fake.fall_silent()
    assert fake.packages == set()


def test_an_install_that_the_phone_refuses_is_told_in_its_words(fake: FakePhone, tmp_path: Path) -> None:
    phone, fake.android.apps.refuses = attach(fake), "INSTALL_FAILED_USER_RESTRICTED"
    with (
        pytest.raises(ProofError, match=r"org.example.mail cannot be made installed: Failure \[INSTALL_FAILED_USER"),
        guarded(phone, tmp_path / "undo.json", found(phone)) as guard,
    ):
        guard.hold(Setting(NAME, "installed"))


def test_what_could_not_be_put_back_is_refused(fake: FakePhone) -> None:
    phone = attach(fake)
    knob = find(NAME, {}, phone.serial)
    assert "apks:FOLDER" in str(knob.refusal(phone, "installed"))
    fake.packages.add(PACKAGE)
    assert "remove it by hand" in str(knob.refusal(phone, "absent"))
    assert knob.undo(phone, "installed") == ("true",)


def test_a_package_manager_that_does_not_answer_is_no_absent_app(fake: FakePhone) -> None:
    fake.programs["pm"] = lambda _call: failed(20, "cmd: Can't find service: package\n")
    phone = attach(fake)
    with pytest.raises(FinalError, match="Can't find service"):
        from_name(PACKAGE).read(phone)


@pytest.mark.parametrize("name", ["app:", "app:mail", "app:a/b", "app:a.b;reboot"])
def test_what_is_no_packages_name_is_refused(name: str) -> None:
    with pytest.raises(InputError, match="no package's name"):
        find(name, {}, "S")
