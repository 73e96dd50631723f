# SPDX-License-Identifier: Apache-2.0
"""A fake phone on which trials run: `am` answers, memory is eaten, kswapd swaps."""

from collections.abc import Callable
from dataclasses import dataclass, field

from agent.device.fake import Call, FakePhone, failed, fake_phone
from agent.device.fake_kernel import FakeFile
from agent.ports import Completed
from agent.runner import workspace
from agent.runner.conditions import WAKE
from workloads.spec import Experiment, Launch

AM = "Status: ok\nLaunchState: COLD\nActivity: {app}\nTotalTime: 321\nWaitTime: 325\nComplete\n"
EATER = "eater={n} filled_bytes=4096 fill_us=1000 checked_pages=1 bad_pages=0 survived={alive}\n"
DF = "Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/vdb {free} 0 {free} 1% /data\n"


@dataclass
class Trials:
    """What happens on the phone when a trial's script starts.

    Attributes:
        pages: swapped out by kswapd.
        said: what am prints, by app; `AM` unless told otherwise.
        killed: eaters that die.
        log: what logcat has.
        dies: the script does not reach its end.
        each: called with the number of each script that starts, from 1.
    """

    experiment: Experiment
    pages: int = 50_000
    said: dict[str, str] = field(default_factory=dict)
    killed: int = 0
    log: str = ""
    dies: bool = False
    free_kib: int = 4_000_000
    each: Callable[[int], None] = lambda _number: None
    begun: int = 0
    phone: FakePhone = field(default_factory=fake_phone)

    def ready(self) -> FakePhone:
        """Return a phone that has the apps and models every script of the runner."""
        self.phone.packages |= {app.partition("/")[0] for app in self.experiment.workload.apps}
        self.phone.background = self._begin
        self.phone.programs |= {
            "date": lambda _call: "11-23 06:00:00.000\n",
            "logcat": lambda _call: self.log,
            "df": lambda _call: DF.format(free=self.free_kib),
            "dmesg": lambda _call: "",
        }
        self.phone.scripts |= {
            workspace.CHECK: lambda call: "" if call.argv[1] in self.phone.files else failed(1, ""),
            workspace.MAKE: lambda _call: "",
            workspace.WAIT: lambda _call: failed(3, "") if self.dies else "",
            workspace.END: self._finish,
            workspace.CLEAR: self._clear,
            workspace.RESET: lambda _call: "",
            workspace.DROP: lambda _call: "",
            WAKE: self._wake,
        }
        return self.phone

    def _wake(self, _call: Call) -> str:
        self.phone.android.awake, self.phone.android.locked = True, False
        return ""

    def _begin(self, argv: tuple[str, ...]) -> None:
        folder = argv[-1]
        self.begun += 1
        self.each(self.begun)
        self.phone.kernel.press(self.pages)
        launches = [step for step in self.experiment.workload.steps if isinstance(step, Launch)]
        for number, step in enumerate(launches, start=1):
            text = self.said.get(step.app, AM.format(app=step.app))
            self.phone.files[f"{folder}/launch-{number}.txt"] = FakeFile(text)

    def _finish(self, call: Call) -> str | Completed:
        count = self.experiment.workload.pressure.processes if self.experiment.workload.pressure else 0
        lines = (EATER.format(n=n + 1, alive=int(n >= self.killed)) for n in range(count))
        self.phone.files[f"{call.argv[0]}/eaters"] = FakeFile("".join(lines))
        return ""

    def _clear(self, call: Call) -> str:
        folder = f"{call.argv[0]}/"
        self.phone.files = {name: file for name, file in self.phone.files.items() if not name.startswith(folder)}
        return ""
