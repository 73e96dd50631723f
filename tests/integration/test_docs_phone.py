# SPDX-License-Identifier: Apache-2.0
"""What the documentation tells people to type at a phone, typed at the fake one: a page from its top, by one reader."""

import io
import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.device import adb, clock
from agent.device.fake import FakePhone
from agent.device.fake_kernel import FakeFile
from agent.device.fakes.texts import MEMINFO
from agent.device.phone import attach
from agent.runner.choosing import choose
from tests.support.docs import PAGES, TOP, Told, blocks, commands, typed_in
from tests.support.doctor_phone import doctor_phone
from tests.support.field_phone import field_phone, second
from tests.support.runner_phone import Trials
from tests.support.runs import Silent, StillClock, run
from tests.support.traces import TraceBuilder
from workloads import load

pytestmark = pytest.mark.usefixtures("no_compiler")

WHOLE = ("start.md", "experiment.md")
"""Pages that lead from nothing to an answer: what they tell to type of the run they made is typed, too."""

APPS = {f"org.example.{name}" for name in ("camera", "mail", "maps", "notes", "radio", "shop")}
TRACE = TraceBuilder().launches(1.2, 1.8, "org.example.mail").vmstat(1, pswpin=0).vmstat(2, pswpin=9).data
DONE, INTERRUPTED = 0, 130


def ctrl_c(_token: str, _number: int) -> str:
    raise KeyboardInterrupt


@dataclass
class Desk:
    """A reader with a phone, in a folder of theirs."""

    trials: Trials = field(default_factory=lambda: Trials(load.experiment("kcompressd")[0]))

    def phone(self, told: Told) -> FakePhone:
        """The phone as the command finds it."""
        match told.words[0]:
            case "doctor":
                return doctor_phone()
            case "watch":
                return field_phone((second(), second(), ctrl_c))
            case "record":
                return field_phone((second(),), trace=TRACE)
            case _:
                return self.trials.phone

    def make_ready(self, told: Told) -> None:
        """What the command takes for given: apps on the phone, or a run that broke off."""
        if told.words[0] == "run":
            self._install(told.words[1])
        if told.words[:2] == ("resume", "RUN") and not Path("RUN").exists():
            self._install("my.toml")
            self.trials.experiment = replace(self.trials.experiment, blocks=1)
            with pytest.raises(KeyboardInterrupt):
                run(self.trials, Path("RUN"), Silent(interrupt_at=2))

    def _install(self, experiment: str) -> None:
        phone = self.trials.phone
        phone.trace = TRACE
        phone.files["/proc/meminfo"] = FakeFile(MEMINFO.replace("768000", "3900000"))  # a phone's, not the handheld's
        self.trials.experiment, _ = load.experiment(experiment)
        self.trials.ready()
        phone.packages = {name for name in phone.packages if ":" not in name} | APPS
        chosen = choose(attach(phone), self.trials.experiment.workload)
        self.trials.experiment = replace(self.trials.experiment, workload=chosen)


def write_files(page: str) -> None:
    """`my.toml` and `my-apps.toml`: the page's own, else what docs/start.md has its reader make of those that ship."""
    if page == "experiment.md":
        for name, text in zip(("my-apps.toml", "my.toml"), blocks(page, "toml"), strict=True):
            Path(name).write_text(text)
        return
    for source, target in re.findall(r"^    cp (\S+) (\S+)$", (TOP / "docs" / "start.md").read_text(), re.MULTILINE):
        shutil.copy(TOP / source, target)
    made, work = Path("my.toml"), Path("my-apps.toml")
    made.write_text(made.read_text().replace('"launches-under-pressure"', '"my-apps.toml"'))
    text = re.sub(r"apps = \[.*?\]", 'apps = ["launchable:6"]', work.read_text(), flags=re.DOTALL)
    for number, app in enumerate(dict.fromkeys(re.findall(r'app = "([^"]+)"', text)), 1):
        text = text.replace(app, f"launchable#{number}")
    work.write_text(text)


def typed(page: str) -> list[Told]:
    """What is typed of a page, in its order."""
    of_run = ("measure", "compare", "report", "bundle") if page in WHOLE else ("measure",)
    return [
        told
        for told in commands()
        if told.page == page and (typed_in(told) == "phone" or (told.words[0] in of_run and told.words[1] == "RUN"))
    ]


def with_a_phone() -> list[str]:
    names = dict.fromkeys(path.name for path in PAGES)
    return [name for name in names if any(typed_in(told) == "phone" for told in typed(name))]


@pytest.mark.parametrize("page", with_a_phone())
def test_what_a_page_tells_to_type_at_a_phone_works(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(clock, "SystemClock", StillClock)
    write_files(page)
    desk = Desk()
    for told in typed(page):
        desk.make_ready(told)
        phone = desk.phone(told)
        monkeypatch.setattr(adb, "connect", lambda _serial, _server, phone=phone: phone)
        more = {"run": () if "--dry-run" in told.words else ("--blocks", "1"), "record": ("-o", f"record-{told.line}")}
        out, err = io.StringIO(), io.StringIO()
        code = main([*told.words, *more.get(told.words[0], ())], out, err)
        assert code == (INTERRUPTED if told.words[0] == "watch" else DONE), f"{told}\n{err.getvalue()}"
        assert out.getvalue() or told.words[:2] == ("watch", "--csv")
