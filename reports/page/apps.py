# SPDX-License-Identifier: Apache-2.0
"""Effects on the launches of each app by itself, as the page shows them. Pure."""

from collections.abc import Mapping

from reports.analysis import Analysis
from reports.by_app import by_app
from reports.comparison import Comparison
from reports.page import forest
from reports.page.effects import group
from reports.page.pieces import EffectGroup, EffectTable


def app_tables(analysis: Analysis) -> tuple[EffectTable, ...]:
    """One table per arm compared, a group per metric of launches, a row per app; () with fewer than two apps."""
    tables: dict[tuple[str, str], list[EffectGroup]] = {}
    for found in by_app(analysis):
        first = next(iter(found.values()))
        tables.setdefault((first.arm, first.control), []).append(_group(found))
    return tuple(EffectTable(arm, control, tuple(groups)) for (arm, control), groups in tables.items())


def _group(found: Mapping[str, Comparison]) -> EffectGroup:
    """A group with the apps' names for titles."""
    edge = forest.reach([each.relative for each in found.values()])
    common = frozenset(caveat.code for each in found.values() for caveat in each.caveats)
    title = next(iter(found.values())).metric.title
    return group(title, list(found.values()), edge, common, {}, titles=tuple(found))
