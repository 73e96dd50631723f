# SPDX-License-Identifier: Apache-2.0
"""What `reclaim gate --against` does before it shows the answer: a run, its history, the rulings."""

from dataclasses import replace
from pathlib import Path

from reports.analysis import Analysis, analyse
from reports.compare import read_run
from reports.gate.judge import book_of
from reports.history.against import Past, rulings
from reports.history.changes import Trend, follow
from reports.history.rows import Row, rows_of
from reports.history.series import gather
from reports.history.store import DEFAULT_BASELINE, Baseline, HistoryStore, Wanted
from reports.store import RunStore
from reports.verdict import ruled
from workloads.errors import InputError


def judge_against(
    store: RunStore, history: HistoryStore, rules: Path | None = None, baseline: str | None = None
) -> Analysis:
    """Hold a run against earlier runs of other builds; writes nothing.

    Args:
        store: the run.
        history: earlier runs; whether this one is among them makes no difference.
        rules: a file of rules and waivers; its margins count. None: the run's own rules, margins from the noise.
        baseline: a pinned one; None: `default` where it is pinned, else the runs since the last change.

    Raises:
        InputError: rules that do not fit, a run without figures, or no such baseline.
        StoreError: the run or the history cannot be read.
        SetupError: a package of the extra `history` is missing.
    """
    run = read_run(store)
    book = book_of(store, run, rules)
    analysis = analyse(run, book)
    rows = rows_of(analysis)
    pinned = history.baseline(baseline or DEFAULT_BASELINE)
    if baseline and pinned is None:
        raise InputError(f"{history.url}: has no baseline {baseline!r}; `reclaim history list` names them")
    metrics = tuple(dict.fromkeys(stated.rule.metric for stated in book.rules))
    first = rows[0]
    earlier = history.rows(Wanted(metrics=metrics, model=first.model, experiment=first.experiment))
    own = any(rules is not None and str(stated.place.file) == str(rules) for stated in book.rules)
    found = rulings(book, rows, _pasts(rows, earlier, pinned), own_margins=own)
    source = f"{book.source}, against {history.url}" + ("" if own else "; margins from the noise recorded there")
    return replace(analysis, verdict=ruled(analysis.verdict, found), book=replace(book, source=source))


def _pasts(rows: tuple[Row, ...], earlier: tuple[Row, ...], pinned: Baseline | None) -> dict[tuple[str, str], Past]:
    """What each arm and metric is held against: runs of other builds that did the same."""
    here = {(row.arm, row.metric): row.setup_id for row in rows}
    first = rows[0]
    kept = [
        row
        for row in earlier
        if row.run_id != first.run_id
        and (row.build, row.kernel) != (first.build, first.kernel)
        and row.stand_in == first.stand_in
        and here.get((row.arm, row.metric)) == row.setup_id
    ]
    trends = (follow(series) for series in gather([replace(row, control="") for row in kept]))
    return {(trend.series.first.arm, trend.series.first.metric): _past(trend, pinned) for trend in trends}


def _past(trend: Trend, pinned: Baseline | None) -> Past:
    rows = trend.series.rows
    if pinned is not None:
        return Past(
            trend, tuple(i for i, row in enumerate(rows) if row.run_id in pinned.runs), f"baseline {pinned.name}"
        )
    last = trend.stretches[-1].first
    return Past(trend, tuple(i for i, at in enumerate(trend.series.at) if at >= last), "history")
