# SPDX-License-Identifier: Apache-2.0
"""What a phone can record, asked in one round trip; a config built from it has nothing that fails in silence."""

import re
from dataclasses import dataclass

from agent.device import batch, parse
from agent.device.phone import Phone

TRACEFS = ("/sys/kernel/tracing", "/sys/kernel/debug/tracing")  # the second until Android 10's kernels


@dataclass(frozen=True)
class Capabilities:
    """What perfetto on this phone can be asked for.

    Attributes:
        version: perfetto's version as (major, minor); None when it does not say, (0, 0) never occurs.
        present: whether there is a perfetto at all.
        background_wait: it knows `--background-wait`, which returns only when every source is recording.
        events: ftrace events as `group/name`; None when the list may not be read (perfetto itself may be allowed to).
        atrace: there is an atrace to switch user-space categories on; without one perfetto ignores them in silence.
        psi: the kernel has pressure stall information, as far as it may be read.
        vmstat: names of the counters in /proc/vmstat.
        sdk: Android's API level, 0 when unknown.
    """

    version: tuple[int, int] | None
    present: bool
    background_wait: bool
    events: frozenset[str] | None
    atrace: bool
    psi: bool
    vmstat: frozenset[str]
    sdk: int


def capabilities(phone: Phone) -> Capabilities:
    """Ask the phone, as root where there is root.

    Raises:
        TransientError: the link dropped.
    """
    (version,), (usage,), (atrace,), (sdk,), (psi,), (vmstat,), *lists = phone.ask(
        batch.program("perfetto", "--version"),
        batch.program("perfetto", "--help"),
        batch.program("ls", "/system/bin/atrace"),
        batch.program("getprop", "ro.build.version.sdk"),
        batch.file("/proc/pressure/memory"),
        batch.file("/proc/vmstat"),
        *(batch.each(f"{folder}/available_events") for folder in TRACEFS),
    )
    readable = [answer.text for answers in lists for answer in answers if answer.ok]
    number = sdk.text.strip()
    return Capabilities(
        version=parse_version(version.text) if version.ok else None,
        present=version.ok,
        background_wait="--background-wait" in usage.text,
        events=frozenset(line.strip().replace(":", "/", 1) for line in readable[0].splitlines()) if readable else None,
        atrace=atrace.ok,
        psi=psi.ok or "ermission denied" in psi.text,  # the file exists; perfetto's own domain may read it
        vmstat=frozenset(parse.vmstat(vmstat.text)),
        sdk=int(number) if number.isascii() and number.isdigit() else 0,
    )


def parse_version(text: str) -> tuple[int, int] | None:
    """Read `Perfetto v56.0 (N/A)`; None when there is no such number (Android 9 and 10 print a hash)."""
    match = re.search(r"\bv(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2])) if match else None
