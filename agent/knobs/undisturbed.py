# SPDX-License-Identifier: Apache-2.0
"""Ctrl-C, SIGTERM and a terminal that hangs up, while settings are put back."""

import contextlib
import signal
import threading
from collections.abc import Iterator

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""How a process is asked to end."""

_TWICE = 2


@contextlib.contextmanager
def undisturbed(grace_s: float, *, asked: bool) -> Iterator[None]:
    """Hold Ctrl-C, SIGTERM and SIGHUP back while settings are put back; every step of that has a time limit of its own.

    Who asks twice to end means it: putting back then has some seconds left, and is left to the phone at the third time.

    Args:
        grace_s: those seconds.
        asked: whether somebody has asked once already, before the block.

    Raises:
        KeyboardInterrupt: the block was cut off; or it ended well, and then somebody had asked in it.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    caught: list[int] = [signal.SIGINT] if asked else []

    def hold(number: int, _frame: object) -> None:
        caught.append(number)
        if len(caught) == _TWICE:
            signal.setitimer(signal.ITIMER_REAL, grace_s)
        elif len(caught) > _TWICE:
            raise KeyboardInterrupt

    told = [number for number in ENDING if signal.getsignal(number) != signal.SIG_IGN]  # nohup ignores SIGHUP
    before = {number: signal.signal(number, hold) for number in (*told, signal.SIGALRM)}
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number, handler in before.items():
            signal.signal(number, handler)
    if caught[int(asked) :]:
        signal.raise_signal(caught[int(asked)])
