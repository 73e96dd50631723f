# SPDX-License-Identifier: Apache-2.0
"""A workload as one shell script that runs on the phone by itself, and what it leaves behind. Pure.

The script and `pressure` run from one folder of the phone. It leaves there:

    launch-N.txt   what `am start-activity -W` printed for launch N, standard error included
    progress       one line per step begun: step number, step name, /proc/uptime seconds
    demand-N       what the eaters of the Nth start had touched, second by second
    eaters-N       their report, after they were released or `stop` appeared
    eaters         all of them, once the script has ended
    done           appears when the last step ended

What the eaters read from a file lies one folder up, so that it is made once for all trials.
Only what toybox and mksh of Android 7 and later know is used.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from reports.record import EaterResult
from workloads.spec import (
    Dwell,
    FileRead,
    Home,
    Launch,
    Pressure,
    StartPressure,
    Step,
    WaitCool,
    WaitPressure,
    Workload,
)

KEYCODE_HOME = 3
"""android.view.KeyEvent.KEYCODE_HOME."""

EATERS_FILE = "../eaters.data"
"""Of the eaters' file-backed pages, seen from the trial's folder."""

_COOL_POLL_S = 2
_EATER = re.compile(
    r"eater=\d+ filled_bytes=(\d+) fill_us=(\d+) checked_pages=(\d+) bad_pages=(\d+) survived=([01])"
    r"(?: retouched_bytes=(\d+))?(?: held_bytes=(\d+) held_us=(\d+) held_available=(\d+))?"
)
_WARMTH = """warmth() {
dumpsys battery | while read -r name value; do
case $name in temperature:) echo "$value" ;; esac
done
}"""
"""Prints the battery's temperature, tenths of a degree Celsius (android.os.BatteryManager.EXTRA_TEMPERATURE)."""

Quote = Callable[[str], str]
"""Quotes one word for the phone's shell."""


def render(workload: Workload, folder: str, seed: int, quote: Quote, max_hold_s: float) -> str:
    """The script's text.

    Args:
        workload: what to do.
        folder: absolute path on the phone; holds `pressure`, receives the files above.
        seed: of the content of the eaters' pages.
        quote: quotes one word for the phone's shell.
        max_hold_s: eaters end by themselves after this, should nobody tell them to stop.
    """
    lines = [
        "set -u",
        f"cd {quote(folder)} || exit 2",
        'step() { read -r up _ </proc/uptime; echo "$1 $2 $up" >>progress; }',
        *_preparations(workload),
    ]
    launches = starts = 0
    for number, step in enumerate(workload.steps, start=1):
        launches += isinstance(step, Launch)
        starts += isinstance(step, StartPressure)
        lines.append(f"step {number} {step.do}")
        if isinstance(step, StartPressure) and workload.pressure:
            lines.append(_eaters(workload.pressure, starts, seed, max_hold_s))
        else:
            lines.extend(_commands(step, launches, starts, quote))
    reports = " ".join(f"eaters-{start}" for start in range(1, starts + 1))
    gather = [f"cat {reports} >eaters"] if starts else []
    return "\n".join([*lines, ": >done", "wait", *gather, ""])


def _preparations(workload: Workload) -> Iterator[str]:
    """What steps call, and what must be there before the first of them."""
    if any(isinstance(step, WaitCool) for step in workload.steps):
        yield _WARMTH
    if workload.pressure and workload.pressure.file_backed:
        yield f"./pressure {_words(_demand(workload.pressure))} --prepare || exit 2"


def _commands(step: Step, launch: int, start: int, quote: Quote) -> Iterator[str]:
    """The shell lines of one step but the start of the eaters; `launch` and `start`: how many there were so far."""
    if isinstance(step, Launch):
        yield from _launch(step, launch, quote)
    elif isinstance(step, Home):
        yield f"input keyevent {KEYCODE_HOME}"
    elif isinstance(step, Dwell):
        yield f"sleep {step.seconds:g}"
    elif isinstance(step, FileRead):
        yield f"find {quote(step.path)} -type f -exec cat {{}} + >/dev/null"
    elif isinstance(step, WaitCool):
        yield from _wait_cool(step)
    elif isinstance(step, WaitPressure):
        yield f"until [ -e eaters-{start}.filled ] || [ -e eaters-{start} ]; do sleep 0.5; done"
    elif step.do == "release":
        yield from (f": >release-{start}", "wait")


def _launch(step: Launch, number: int, quote: Quote) -> Iterator[str]:
    """Cold and warm are made so; hot and `return` take the app as it is.

    Warm as ActivityManagerShellCommand.java's `--activity-clear-task` makes it: the activity anew, the process kept.
    """
    if step.kind == "cold":
        yield f"am force-stop {quote(step.app.partition('/')[0])}"
    anew = " --activity-clear-task" if step.kind == "warm" else ""
    yield f"am start-activity -W{anew} -n {quote(step.app)} >launch-{number}.txt 2>&1"


def _wait_cool(step: WaitCool) -> Iterator[str]:
    polls = max(1, round(step.at_most_s / _COOL_POLL_S))
    yield "polls=0"
    warm = f'now=$(warmth) && [ -n "$now" ] && [ "$now" -gt {step.below_c * 10:.0f} ]'
    yield f"while [ $polls -lt {polls} ] && {warm}; do"
    yield f"polls=$((polls + 1)); sleep {_COOL_POLL_S}"
    yield "done"


def _eaters(pressure: Pressure, start: int, seed: int, max_hold_s: float) -> str:
    options = {
        **_demand(pressure),
        "seed": seed,
        "check-stride": pressure.check_stride,
        "hold": f"{max_hold_s:g}",
        "report": f"eaters-{start}",
        "progress": f"demand-{start}",
        "stop-file": "stop",
        "release-file": f"release-{start}",
    }
    return f"./pressure {_words(options)} >>pressure.log 2>&1 &"


def _demand(pressure: Pressure) -> dict[str, object]:
    return {
        "processes": pressure.processes,
        "bytes": pressure.bytes_each,
        "at-once": pressure.at_once_bytes,
        "rate": pressure.rate_bytes_s,
        "compressible": f"{pressure.compressible:g}",
        "same-filled": f"{pressure.same_filled:g}",
        "incompressible": f"{pressure.incompressible:g}",
        "hot": f"{pressure.hot_share:g}",
        "retouch": pressure.retouch_bytes_s,
        "file": EATERS_FILE,
        "file-share": f"{pressure.file_backed:g}",
        "cpus": pressure.cpu_load,
        **({"hold-available": pressure.hold_available_bytes} if pressure.hold_available_bytes else {}),
    }


def _words(options: Mapping[str, object]) -> str:
    return " ".join(f"--{name} {value}" for name, value in options.items())


def parse_eaters(text: str) -> tuple[EaterResult, ...]:
    """`pressure`'s reports as values; lines of another form are passed over."""
    return tuple(
        EaterResult(
            filled_bytes=int(filled),
            fill_s=int(fill_us) / 1e6,
            bad_pages=int(bad),
            survived=survived == "1",
            retouched_bytes=int(retouched or 0),
            held_bytes=int(held or 0),
            held_s=int(held_us) / 1e6 if held_us else None,
            held_available_bytes=int(available or 0),
        )
        for filled, fill_us, _, bad, survived, retouched, held, held_us, available in _EATER.findall(text)
    )
