# SPDX-License-Identifier: Apache-2.0
"""A fake phone that answers what doctor asks, and whose adbd can be restarted."""

from collections.abc import Mapping

from agent.device.fake import Call, FakePhone, failed, fake_phone
from agent.device.fake_kernel import FakeFile
from agent.device.fakes.texts import BATTERY, THERMAL
from agent.field.examine import PROGRAMS, SOURCES, WHICH
from agent.field.lifeline import RESTART, TERMS
from agent.ports import Completed

DF = "Filesystem 1K-blocks Used Available Use% Mounted on\n/dev/block/dm-5 110000000 50000000 60000000 46% /data\n"
SAYS = {
    ("getenforce",): "Enforcing\n",
    ("df", "-k", "/data"): DF,
    ("dumpsys", "battery"): BATTERY,
    ("dumpsys", "thermalservice"): THERMAL,
    ("dumpsys", "deviceidle", "get", "charging"): "true\n",
    ("dumpsys", "deviceidle", "get", "screen"): "true\n",
    ("perfetto", "--version"): "Perfetto v47.0 (N/A)\n",
    ("perfetto", "--help"): "  --background-wait -D : Like --background, but waits\n",
    ("perfetto", "--query"): "DATA SOURCES REGISTERED:\n\nNAME  PRODUCER\n" + "".join(f"{s} p (1)\n" for s in SOURCES),
}
EVENTS = "vmscan:mm_vmscan_{}\n"
VMSCAN = ("direct_reclaim_begin", "direct_reclaim_end", "kswapd_wake", "kswapd_sleep")


def doctor_phone(says: Mapping[str, str | None] | None = None, *, lives_on: bool = True) -> FakePhone:
    """Return a phone on which everything works.

    Args:
        says: command -> what the phone prints instead; None where it has no such program.
        lives_on: whether the dead-man outlives adbd.
    """
    answers: dict[tuple[str, ...], str | None] = dict(SAYS)
    answers |= {tuple(command.split()): text for command, text in (says or {}).items()}
    phone = fake_phone()
    adbd = [1000]

    def tell(call: Call) -> str | Completed:
        text = answers.get(call.argv)
        return failed(127, f"sh: {call.argv[0]}: inaccessible or not found\n") if text is None else text

    def restart(argv: tuple[str, ...]) -> None:
        if RESTART in argv:
            adbd[0] += 1
            phone.dead_man.alive = lives_on

    phone.programs |= dict.fromkeys(("getenforce", "df", "dumpsys", "perfetto"), tell)
    phone.programs["pidof"] = lambda _call: f"{adbd[0]}\n"
    phone.scripts[WHICH] = lambda _call: "".join(f"{name}\n" for name in PROGRAMS)
    phone.background = restart
    phone.files |= {
        "/sys/kernel/mm/lru_gen/enabled": FakeFile("0x0007\n"),
        "/sys/kernel/tracing/available_events": FakeFile(
            "".join(EVENTS.format(name) for name in VMSCAN) + "oom:mark_victim\n", root_only=True
        ),
        "/system/bin/atrace": FakeFile(""),
        f"{TERMS.folder}/deadman": FakeFile("77 4711\n"),
    }
    return phone
