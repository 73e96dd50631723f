# SPDX-License-Identifier: Apache-2.0
import signal
from pathlib import Path

import pytest

from agent.device.fake import Call, FakePhone, Fault, failed, fake_phone
from agent.device.fake_kernel import FakeFile, FakeKernel
from agent.device.phone import Phone, attach
from agent.knobs.deadman import Terms
from agent.knobs.discover import discover
from agent.knobs.leftover import look
from agent.knobs.undo import Entry, begin, guarded, load, restore
from workloads.errors import FinalError, InputError, ProofError, StoreError, TransientError
from workloads.spec import Setting

SWAPPINESS = "sysctl:vm.swappiness"
FILE = "/proc/sys/vm/swappiness"


@pytest.fixture
def fake() -> FakePhone:
    return fake_phone()


@pytest.fixture
def phone(fake: FakePhone) -> Phone:
    return attach(fake)


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "undo.json"


def cut_off(phone: Phone, journal: Path, settings: dict[str, str]) -> None:
    """A run that changed settings and was killed."""
    guard = begin(phone, journal, discover(phone))
    for name, value in settings.items():
        guard.set(name, value)
    guard.dead_man.hush()


def states(path: Path) -> dict[str, tuple[str, str]]:
    kept = load(path)
    assert kept is not None
    return {entry.knob: (entry.first, entry.state) for entry in kept.entries}


def test_a_setting_has_its_first_value_after_the_block(fake: FakePhone, phone: Phone, journal: Path) -> None:
    with guarded(phone, journal) as guard:
        assert guard.apply([Setting("kcompressd", "2"), Setting(SWAPPINESS, "60")]) == {
            "kcompressd": "2",
            SWAPPINESS: "60",
        }
        assert guard.set("kcompressd", "off") == "off"
        assert guard.set("kcompressd", "4") == "4"
    assert fake.files[FILE].text == "100\n"
    assert discover(phone)["kcompressd"].read(phone) == "off"
    assert states(journal) == {"kcompressd": ("off", "restored"), SWAPPINESS: ("100", "restored")}


def test_the_first_value_is_on_disk_before_the_first_write(fake: FakePhone, phone: Phone, journal: Path) -> None:
    seen: list[dict[str, tuple[str, str]]] = []

    def look(text: str) -> str:
        seen.append(states(journal))
        return text

    fake.files[FILE].accept = look
    with guarded(phone, journal) as guard:
        guard.set(SWAPPINESS, "60")
    assert seen[0] == {SWAPPINESS: ("100", "open")}


def test_a_journal_that_cannot_be_written_means_no_write_to_the_phone(fake: FakePhone, phone: Phone) -> None:
    with pytest.raises(StoreError), guarded(phone, Path("/proc/nowhere/undo.json")) as guard:
        guard.set(SWAPPINESS, "60")
    assert fake.files[FILE].text == "100\n"


def run_and_end(
    phone: Phone,
    journal: Path,
    settings: dict[str, str],
    end: BaseException | None = None,
    terms: Terms = Terms(),  # noqa: B008 - a frozen value
) -> None:
    """A run that changes settings, and how it ends."""
    with guarded(phone, journal, terms=terms) as guard:
        for name, value in settings.items():
            guard.set(name, value)
        if end is not None:
            raise end


@pytest.mark.parametrize("end", [RuntimeError("boom"), KeyboardInterrupt(), SystemExit(1)])
def test_it_is_put_back_however_the_block_ends(
    fake: FakePhone, phone: Phone, journal: Path, end: BaseException
) -> None:
    with pytest.raises(type(end)):
        run_and_end(phone, journal, {SWAPPINESS: "60"}, end)
    assert fake.files[FILE].text == "100\n"


def test_a_setting_that_did_not_take_is_put_back_too(fake: FakePhone, phone: Phone, journal: Path) -> None:
    fake.files[FILE].accept = lambda text: "77" if text == "60" else text
    with pytest.raises(ProofError, match="reads back 77"), guarded(phone, journal) as guard:
        guard.set(SWAPPINESS, "60")
    assert fake.files[FILE].text == "100\n"


def test_ctrl_c_during_the_restore_waits_until_it_is_done(fake: FakePhone, phone: Phone, journal: Path) -> None:
    def interrupted(text: str) -> str:
        if text == "100":
            signal.raise_signal(signal.SIGINT)
        return text

    fake.files[FILE].accept = interrupted
    with pytest.raises(KeyboardInterrupt), guarded(phone, journal) as guard:
        guard.set(SWAPPINESS, "60")
    assert fake.files[FILE].text == "100\n"
    assert states(journal) == {SWAPPINESS: ("100", "restored")}


def test_one_that_cannot_be_put_back_does_not_keep_the_others(fake: FakePhone, phone: Phone, journal: Path) -> None:
    fake.files["/sys/stuck"] = FakeFile("1\n", lambda text: "2" if text == "1" else text)
    with pytest.raises(FinalError, match=r"not put back: sysfs:/sys/stuck was 1: .*reads back 2; run `reclaim restore"):
        run_and_end(phone, journal, {SWAPPINESS: "60", "sysfs:/sys/stuck": "3"})
    assert fake.files[FILE].text == "100\n"
    assert states(journal) == {SWAPPINESS: ("100", "restored"), "sysfs:/sys/stuck": ("1", "stuck")}


def test_what_ended_the_block_is_told_beside_what_could_not_be_put_back(
    fake: FakePhone, phone: Phone, journal: Path
) -> None:
    lost = TransientError("link lost")
    fake.faults.append(Fault("vm/swappiness", TransientError("gone"), times=99, skip=4))
    with pytest.raises(FinalError, match=r"gone; run .*; this came after: link lost") as caught:
        run_and_end(phone, journal, {SWAPPINESS: "60"}, lost)
    assert caught.value.__cause__ is lost


def test_a_setting_that_may_harm_the_phone_needs_the_users_word(journal: Path) -> None:
    phone = attach(fake_phone(kernel=FakeKernel(ours=False)))
    with guarded(phone, journal) as guard, pytest.raises(FinalError, match="--allow-unsafe-knob"):
        guard.set("kcompressd", "2")
    assert load(journal) is None
    with guarded(phone, journal, allow_unsafe=True) as guard:
        assert guard.set("kcompressd", "2") == "2"


def test_the_published_defect_ends_with_the_advice_to_reboot(journal: Path) -> None:
    fake = fake_phone(kernel=FakeKernel(setter="lies"))
    phone = attach(fake)
    with (
        pytest.raises(FinalError, match=r"or reboot the phone; this came after: .*first published kcompressd's defect"),
        guarded(phone, journal, allow_unsafe=True) as guard,
    ):
        guard.set("kcompressd", "2")
    fake.kernel.reboot()
    assert [entry.state for entry in restore(phone, journal)] == ["restored"]


def test_a_run_that_died_is_finished_by_restore(fake: FakePhone, phone: Phone, journal: Path) -> None:
    cut_off(phone, journal, {SWAPPINESS: "60"})
    fake.faults.clear()
    assert restore(phone, journal) == (Entry(SWAPPINESS, FILE, "100", "restored"),)
    assert fake.files[FILE].text == "100\n"
    assert restore(phone, journal) == (Entry(SWAPPINESS, FILE, "100", "restored"),)


def test_a_run_that_is_resumed_keeps_the_true_first_values(fake: FakePhone, phone: Phone, journal: Path) -> None:
    cut_off(phone, journal, {SWAPPINESS: "60"})
    with guarded(phone, journal) as guard:
        guard.set(SWAPPINESS, "10")
    assert fake.files[FILE].text == "100\n"


def test_after_a_reboot_nothing_is_written_that_the_boot_has_put_back(
    fake: FakePhone, phone: Phone, journal: Path
) -> None:
    cut_off(phone, journal, {"kcompressd": "2"})
    fake.kernel.reboot()
    before = len(fake.log)
    restore(phone, journal)
    assert not any("cat >" in " ".join(argv) for argv in fake.log[before:])


def test_another_phones_journal_is_refused(phone: Phone, journal: Path) -> None:
    cut_off(attach(fake_phone(serial="OTHER")), journal, {SWAPPINESS: "60"})
    with pytest.raises(InputError, match="journal of OTHER, not of FAKE0001"):
        restore(phone, journal)


def test_no_journal_and_a_broken_one_are_one_line_each(phone: Phone, journal: Path) -> None:
    with pytest.raises(InputError, match="nothing to put back"):
        restore(phone, journal)
    journal.write_text("{")
    with pytest.raises(StoreError, match=r"undo\.json"):
        restore(phone, journal)


def test_an_unknown_knob_and_a_wrong_value_change_nothing(phone: Phone, journal: Path) -> None:
    with guarded(phone, journal) as guard:
        with pytest.raises(FinalError, match="no knob turbo"):
            guard.set("turbo", "1")
        with pytest.raises(InputError, match="kcompressd"):
            guard.set("kcompressd", "many")
    assert load(journal) is None


def test_a_fault_answer_is_a_refusal_like_any_other(fake: FakePhone, phone: Phone, journal: Path) -> None:
    fake.faults.append(Fault("cat >", answer=failed(1, "sh: can't create: Read-only file system")))
    with pytest.raises(FinalError, match="Read-only file system"), guarded(phone, journal) as guard:
        guard.set(SWAPPINESS, "60")


def interrupting(fake: FakePhone, times: int) -> None:
    """Who presses Ctrl-C so often while the setting is put back."""

    def accept(text: str) -> str:
        for _ in range(times if text == "100" else 0):
            signal.raise_signal(signal.SIGINT)
        return text

    fake.files[FILE].accept = accept


def test_ctrl_c_twice_puts_back_all_the_same_where_the_phone_answers(
    fake: FakePhone, phone: Phone, journal: Path
) -> None:
    interrupting(fake, 1)
    with pytest.raises(KeyboardInterrupt) as caught:
        run_and_end(phone, journal, {SWAPPINESS: "60"}, KeyboardInterrupt())
    assert fake.files[FILE].text == "100\n"
    assert caught.value.__notes__ == ["FAKE0001: its settings are back"]


def test_ctrl_c_three_times_leaves_it_to_the_phone_and_says_so(fake: FakePhone, phone: Phone, journal: Path) -> None:
    interrupting(fake, 2)
    with pytest.raises(KeyboardInterrupt) as caught:
        run_and_end(phone, journal, {SWAPPINESS: "60"}, KeyboardInterrupt())
    told = "not put back yet: sysctl:vm.swappiness; the phone does that 90 s from now, `reclaim restore -s FAKE0001`"
    assert told in caught.value.__notes__[0]
    assert (fake.files[FILE].text, states(journal)) == ("60\n", {SWAPPINESS: ("100", "open")})
    interrupting(fake, 0)
    fake.fall_silent()
    assert fake.files[FILE].text == "100\n"


def test_ctrl_c_twice_ends_a_restore_that_hangs_when_its_seconds_are_over(
    fake: FakePhone, phone: Phone, journal: Path
) -> None:
    def hang(text: str) -> str:
        if text == "100":
            signal.raise_signal(signal.SIGTERM)
            while True:  # not signal.pause(): a signal that comes just before it would not end it
                pass
        return text

    fake.files[FILE].accept = hang
    with pytest.raises(KeyboardInterrupt):
        run_and_end(phone, journal, {SWAPPINESS: "60"}, KeyboardInterrupt(), Terms(grace_s=0.01))
    assert fake.files[FILE].text == "60\n"


def test_an_arm_that_does_not_name_a_setting_gets_its_first_value(fake: FakePhone, phone: Phone, journal: Path) -> None:
    with guarded(phone, journal) as guard:
        guard.apply([Setting("kcompressd", "2"), Setting(SWAPPINESS, "60")])
        assert guard.apply([Setting("kcompressd", "off")]) == {"kcompressd": "off"}
        assert fake.files[FILE].text == "100\n"
        guard.apply([Setting(SWAPPINESS, "60")])
        assert fake.files[FILE].text == "60\n"


def test_the_phone_that_acts_by_itself_ends_what_trials_left_running_too(
    fake: FakePhone, phone: Phone, journal: Path
) -> None:
    swept: list[tuple[str, ...]] = []

    def sweep(call: Call) -> str:
        swept.append(call.argv)
        return ""

    fake.programs["sweep"] = sweep
    guard = begin(phone, journal, discover(phone), terms=Terms(sweep=("sweep", "trials")))
    guard.set(SWAPPINESS, "60")
    guard.dead_man.hush()
    fake.fall_silent()
    assert swept == [("sweep", "trials")]
    assert fake.files[FILE].text == "100\n"
    left = look(phone)
    assert left is not None
    assert [kept.knob for kept in left.settings] == [SWAPPINESS]
    restore(phone, journal)
    assert look(phone) is None
