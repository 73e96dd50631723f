# SPDX-License-Identifier: Apache-2.0
"""Titrate, then freeze: trials of the control before the first of the plan, until a dose reaches its target.

What was tried is on disk after every try, so a run that broke off goes on with the search, and one whose dose was
found demands that dose, however often it is resumed.
"""

from dataclasses import replace

from agent.runner.attempts import Watch, keep_trial
from agent.runner.dose_search import Memory, Missed, Search, next_dose, search
from agent.runner.preflight import room
from agent.runner.trial import Bench
from reports.dose import dose_words, side
from reports.metrics import METRICS
from reports.record import PlannedTrial, Titrated, Try
from reports.store import RunStore
from reports.units import count, quantity, share
from workloads.dose import with_dose
from workloads.errors import FinalError
from workloads.spec import Pressure
from workloads.titration import Titration


def titrated(bench: Bench, store: RunStore, watch: Watch) -> Bench:
    """Find the dose where the experiment asks for that, unless the run has it already.

    Returns:
        The bench, its experiment with the dose.

    Raises:
        FinalError: the target cannot be reached, or a try did not record the metric.
        ReclaimError: see `keep_trial`.
    """
    goal, pressure = bench.experiment.titrate, bench.experiment.workload.pressure
    if goal is None or pressure is None:
        return bench
    found = store.titrated() or _begun(bench, store, goal, pressure)
    where = Search(goal, found.start, found.least, found.most)
    while found.dose is None:
        following = next_dose(where, found.tries)
        if isinstance(following, Missed):
            serial, target = bench.phone.serial, quantity(goal.target, METRICS[goal.metric].unit)
            raise FinalError(
                f"{serial}: {goal.metric} of {target} is not reached: {following.why}; change `[titrate] target`"
            )
        if isinstance(following, int):
            found = replace(found, tries=(*found.tries, _try(bench, store, goal, found, following, watch)))
        else:
            found = replace(found, dose=following.dose, reached=following.reached)
            watch.looked(f"from now on every trial demands {dose_words(goal.adjust, following.dose)}")
        store.write_titrated(found)
    return replace(bench, experiment=with_dose(bench.experiment, found.dose))


def _begun(bench: Bench, store: RunStore, goal: Titration, pressure: Pressure) -> Titrated:
    facts = store.device
    available = bench.phone.conditions().mem_available_bytes or facts.memory_bytes // 2
    where = search(goal, pressure, Memory(available, facts.swap_bytes, room(pressure, facts)))
    begun = Titrated(where.start, where.least, where.most)
    store.write_titrated(begun)
    return begun


def _try(bench: Bench, store: RunStore, goal: Titration, found: Titrated, dose: int, watch: Watch) -> Try:
    """One trial of the control with a dose."""
    number = len(found.tries) + 1
    trial = PlannedTrial(index=0, block=0, position=0, arm=bench.experiment.control, attempt=number)
    record = keep_trial(replace(bench, experiment=with_dose(bench.experiment, dose)), trial, store, watch)
    killed = sum(not eater.survived for eater in record.eaters)
    reached = _reached(store, trial, goal)
    off = reached / goal.target - 1
    told = f"{count(killed, 'eater was', 'eaters were')} killed" if killed else f"{share(off)} {side(off)} the target"
    unit = METRICS[goal.metric].unit
    watch.looked(f"{trial.name}  {dose_words(goal.adjust, dose)}: {goal.metric} {quantity(reached, unit)}, {told}")
    return Try(trial.name, dose, reached, killed)


def _reached(store: RunStore, trial: PlannedTrial, goal: Titration) -> float:
    frames = store.trial_measures(trial)
    if frames is not None:
        rows = frames[0]
        values = rows[(rows["metric"] == goal.metric) & (rows["window"] == "trial")]["value"]
        if len(values):
            return float(values.iloc[0])
    raise FinalError(
        f"{store.device.serial}: {trial.name} recorded no {goal.metric}, so no dose can be found by it; its trace lacks"
        f" {' or '.join(METRICS[goal.metric].needs)}: give `[titrate]` another `metric`"
    )
