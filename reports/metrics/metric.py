# SPDX-License-Identifier: Apache-2.0
"""What is known of a metric, wherever it is defined: in this room, or by another package or folder (`own.py`)."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Better: TypeAlias = Literal["lower", "higher", "none"]
Window: TypeAlias = Literal["trial", "launch"]


@dataclass(frozen=True)
class Metric:
    """One figure of a trial or of a launch.

    Attributes:
        name: stable, snake_case; what rules, files and scripts name.
        unit: base unit (`s`, `bytes`, `pages`, `pages/s`, `count`, `share`, `Hz`, ...).
        better: which way is better; `none` where neither is.
        window: whether there is one per trial or one per launch.
        title: for people, a few words.
        source: kernel file, Perfetto table or tool it is read from.
        needs: what a trace must hold for it, as `reports/traces/sql/sources.sql` names it; `|` parts ways that each do,
            `*` stands for any letters.
        detail: it explains the others. Measured and stored like them, but a run's table, page and false discovery rate
            are about the others alone, unless an experiment or a rule names it.
    """

    name: str
    unit: str
    better: Better
    window: Window
    title: str
    source: str
    needs: tuple[str, ...] = ()
    detail: bool = False
