# SPDX-License-Identifier: Apache-2.0
"""A workload as one shell script that runs on the phone by itself, and what it leaves behind. Pure.

The script and `pressure` run from one folder of the phone. It leaves there:

    launch-N.txt   what `am start-activity -W` printed for launch N, standard error included
    progress       one line per step begun: step number, step name, /proc/uptime seconds
    eaters         `pressure`'s report, after `stop` appeared
    done           appears when the last step ended

Only what toybox and mksh of Android 7 and later know is used.
"""

import re
from collections.abc import Callable, Iterator

from reports.record import EaterResult
from workloads.spec import Dwell, Home, Launch, Pressure, StartPressure, Step, Workload

KEYCODE_HOME = 3
"""android.view.KeyEvent.KEYCODE_HOME."""

_EATER = re.compile(r"eater=\d+ filled_bytes=(\d+) fill_us=(\d+) checked_pages=(\d+) bad_pages=(\d+) survived=([01])")


def render(workload: Workload, folder: str, seed: int, quote: Callable[[str], str], max_hold_s: float) -> str:
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
    ]
    launches = 0
    for number, step in enumerate(workload.steps, start=1):
        launches += isinstance(step, Launch)
        lines.append(f"step {number} {step.do}")
        lines.extend(_commands(step, workload.pressure, launches, quote))
        if isinstance(step, StartPressure) and workload.pressure:
            lines.append(_eaters(workload.pressure, seed, max_hold_s))
    return "\n".join([*lines, ": >done", "wait", ""])


def _commands(step: Step, pressure: Pressure | None, launch: int, quote: Callable[[str], str]) -> Iterator[str]:
    """The shell lines of one step; the start of the eaters, which needs more, is the caller's."""
    if isinstance(step, Launch):
        component = quote(step.app)
        if step.kind == "cold":
            yield f"am force-stop {quote(step.app.partition('/')[0])}"
        yield f"am start-activity -W -n {component} >launch-{launch}.txt 2>&1"
    elif isinstance(step, Home):
        yield f"input keyevent {KEYCODE_HOME}"
    elif isinstance(step, Dwell):
        yield f"sleep {step.seconds:g}"
    elif step.do == "wait-pressure" and pressure:
        yield "until [ -e eaters.filled ] || [ -e eaters ]; do sleep 0.5; done"


def _eaters(pressure: Pressure, seed: int, max_hold_s: float) -> str:
    return (
        f"./pressure --processes {pressure.processes} --bytes {pressure.bytes_each} --at-once {pressure.at_once_bytes}"
        f" --rate {pressure.rate_bytes_s} --compressible {pressure.compressible:g} --seed {seed}"
        f" --check-stride {pressure.check_stride} --hold {max_hold_s:g} --report eaters --stop-file stop"
        " >pressure.log 2>&1 &"
    )


def parse_eaters(text: str) -> tuple[EaterResult, ...]:
    """`pressure`'s report as values; lines of another form are passed over."""
    return tuple(
        EaterResult(filled_bytes=int(filled), fill_s=int(fill_us) / 1e6, bad_pages=int(bad), survived=survived == "1")
        for filled, fill_us, _checked, bad, survived in _EATER.findall(text)
    )
