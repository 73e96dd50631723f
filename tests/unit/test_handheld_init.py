# SPDX-License-Identifier: Apache-2.0
import re
from pathlib import Path

import agent.handheld
from agent.capture import config

INIT = Path(agent.handheld.__file__).parent / "guest" / "init"


def test_every_event_of_a_timed_trial_is_held_so_that_no_trial_patches_code_under_emulation() -> None:
    held = re.search(r'^HELD="(.*?)"', INIT.read_text(), re.MULTILINE | re.DOTALL)
    assert held is not None
    recorded = {*config.SCHED, *config.RECLAIM, *config.KILLS, *config.POWER}
    may_miss = {
        "lowmemorykiller/lowmemory_kill",  # a driver that kernels since 4.12 no longer have
        "sched/sched_blocked_reason",  # Android's kernels alone have it
    }
    assert recorded - may_miss <= set(held[1].split())


def test_what_the_kernel_itself_listens_to_while_it_records_names_is_held_too() -> None:
    text = INIT.read_text()
    assert "sched/sched_wakeup " in text  # kernel/trace/trace_sched_switch.c, tracing_sched_register
    assert "sched/sched_wakeup_new" in text
