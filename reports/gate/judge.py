# SPDX-License-Identifier: Apache-2.0
"""A run judged by rules: what `reclaim gate` and `reports.api` do before they show it."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

from reports.analysis import Analysis, RunValues, analyse, packages
from reports.compare import read_run
from reports.gate.rulebook import Rulebook, problems
from reports.gate.rulefile import load, stated_rules
from reports.gate.selftest import self_test
from reports.noise.tracing import treatments
from reports.store import RunStore
from workloads.errors import InputError


def judge_run(store: RunStore, rules: Path | None = None, *, with_self_test: bool = False) -> Analysis:
    """Lay rules on a run; writes nothing into it.

    Args:
        store: the run.
        rules: a file of rules and waivers; None: those the experiment states, or the default ones.
        with_self_test: also say of each ruling what it would have said of a known worsening.

    Raises:
        InputError: rules that do not fit the run, every problem at once, or a run in which nothing can be compared.
        StoreError: a file of the run is missing or broken.
    """
    run = read_run(store)
    analysis = analyse(run, book_of(store, run, rules))
    if not analysis.verdict.rulings:
        told = analysis.verdict.troubles or ("No arm has a control to be compared with.",)
        raise InputError(f"{run.path}: nothing to judge: {told[-1]}")
    return replace(analysis, verdict=self_test(analysis)) if with_self_test else analysis


def book_of(store: RunStore, run: RunValues, rules: Path | None) -> Rulebook:
    """What a run is judged by.

    Args:
        store: the run.
        run: its values.
        rules: a file of rules and waivers; None: those the experiment states, or the default ones.

    Raises:
        InputError: rules that do not fit the run, every problem at once.
        StoreError: the experiment's file is missing or broken.
    """
    book = stated_rules(store, run.experiment)
    if rules is not None:
        book = load(rules, book, datetime.now().astimezone().date())
    wrong = tuple(problems(book, treatments(run.experiment), packages(run)))
    if wrong:
        raise InputError(*wrong)
    return book
