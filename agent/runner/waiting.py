# SPDX-License-Identifier: Apache-2.0
"""Waiting for a trial's script, which goes on by itself without a link: one that comes back costs no trial."""

from collections.abc import Iterator

from agent.ports import Clock
from agent.runner.comeback import await_phone
from agent.runner.workspace import Workspace
from reports.record import Caveat
from workloads.errors import TransientError
from workloads.spec import Limits

LEAST_S = 5.0
"""A script that has ended meanwhile is found within that."""


def wait_through(workspace: Workspace, script: tuple[str, int], limits: Limits, boot_id: str, clock: Clock) -> float:
    """Wait until the script is done, over links that are lost and come back; return the seconds without a link.

    Args:
        workspace: the agent's folder on the phone.
        script: the trial's folder, and the script's pid.
        limits: of the experiment.
        boot_id: of the phone's boot.
        clock: what waits.

    Raises:
        TransientError: the script died, or did not end in time.
        FinalError: the phone did not come back, or has rebooted.
    """
    folder, pid = script
    deadline, lost = clock.now() + limits.trial_timeout_s, 0.0
    while True:
        try:
            alive = workspace.wait(folder, pid, max(LEAST_S, deadline - clock.now()))
        except TransientError:
            begin = clock.now()
            if begin >= deadline:
                raise
            await_phone(workspace.phone, boot_id, limits.retry_wait_s, clock)
            lost += clock.now() - begin
        else:
            if alive:
                return lost
            raise workspace.death(folder)


def doubts(lost_s: float) -> Iterator[Caveat]:
    """Say that a trial's link was lost meanwhile. Pure."""
    if lost_s:
        yield Caveat(
            "link-lost",
            f"the link was lost for {lost_s:.0f} s in the middle of the trial, which went on on the phone by itself",
            "its launches count; adb's new connection took some CPU then",
        )
