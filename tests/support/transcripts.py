# SPDX-License-Identifier: Apache-2.0
"""Phones that were recorded, and what doctor says of them: `python -m tests.support.transcripts` writes it down."""

from pathlib import Path

from agent.device.phone import attach
from agent.device.replay import replay
from agent.field.doctor import diagnose
from tests.support.clocks import QuickClock

FOLDER = Path(__file__).parents[1] / "data" / "transcripts"


def told(path: Path) -> str:
    """What doctor says of a recorded phone."""
    return "".join(f"{line}\n" for line in diagnose(attach(replay(path, forgiving=True)), QuickClock()).lines())


def main() -> None:
    """Write a `.txt` beside every transcript that has none."""
    for path in sorted(FOLDER.glob("*.jsonl")):
        if not path.with_suffix(".txt").exists():
            path.with_suffix(".txt").write_text(told(path), "utf-8")


if __name__ == "__main__":
    main()
