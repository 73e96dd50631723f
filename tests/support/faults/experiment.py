# SPDX-License-Identifier: Apache-2.0
"""An experiment for tests of faults: two values of vm.swappiness; kcompressd would prove nothing without pressure."""

from pathlib import Path

CALM = """\
title = "One launch and a wait"
apps = ["com.reclaim.messenger/.ChatListActivity"]
steps = [{ do = "launch", app = "com.reclaim.messenger/.ChatListActivity" }, { do = "dwell", seconds = 3 }]
"""

_EXPERIMENT = """\
question = "Is the phone as it was, and no trial lost, whatever happens to a run?"
workload = "workload.toml"
control = "high"
blocks = 1
primary = ["ttid"]
arms = [
  { name = "high", settings = { "sysctl:vm.swappiness" = 90 } },
  { name = "low", settings = { "sysctl:vm.swappiness" = 60 } },
]

[limits]
settle_s = 0
"""


def write_experiment(folder: Path, workload: str = CALM, **limits: float) -> Path:
    """Write it and its workload; `limits` as the experiment's table takes them, seconds."""
    (folder / "workload.toml").write_text(workload)
    path = folder / "experiment.toml"
    path.write_text(_EXPERIMENT + "".join(f"{name} = {value}\n" for name, value in limits.items()))
    return path
