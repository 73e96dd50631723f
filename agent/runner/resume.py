# SPDX-License-Identifier: Apache-2.0
"""A run that broke off, from the very trial: what it left is put back, the phone is warmed, the seam is marked."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from agent.device.phone import BOOT_ID, Phone
from agent.knobs import leftover, undo
from agent.knobs.discover import discover
from agent.ports import Clock
from agent.runner.attempts import Watch, carry_out, keep_trial
from agent.runner.looking import decided_after
from agent.runner.repeats import next_attempt
from agent.runner.run import Request, benched, prepare, terms_of
from agent.runner.same_phone import changes, check_same
from agent.runner.titrate import titrated
from agent.runner.trial import Bench
from agent.runner.workspace import Workspace
from reports.interruptions import RESUMED, seam
from reports.record import Caveat, PlannedTrial
from reports.stopping import stopped_after
from reports.store import RunStore


def remaining(store: RunStore) -> tuple[PlannedTrial, ...]:
    """What is still to be run of a run, repeats included; () when it is complete, or was decided before its end."""
    if stopped_after(store.events()) is not None:
        return ()
    records = store.records()
    return tuple(left for trial in store.plan.trials if (left := next_attempt(trial, records)) is not None)


def settings_open(store: RunStore) -> bool:
    """Whether the run's journal has settings that are not put back."""
    journal = undo.load(store.undo_path)
    return journal is not None and not journal.restored


def tidy_up(store: RunStore, watch: Watch) -> tuple[PlannedTrial, ...]:
    """Make the directory of a run that broke off as if it had ended between two trials; return what is left to run.

    What is half-made is removed, what was not measured is measured, and a look that was due is taken.

    Raises:
        StoreError: it cannot be read or written.
    """
    from reports.measures import measure_run  # noqa: PLC0415 - imported late: pandas, which refusals do not need

    store.drop_leftovers()
    measure_run(store.path, again=False)
    store.drop_merged()
    left = remaining(store)
    before = [trial for trial in store.plan.trials if left and trial.index < left[0].index]
    if before and decided_after(before[-1], store.experiment(), store, watch):
        return ()
    return left


def resume(phone: Phone, store: RunStore, request: Request, clock: Clock, watch: Watch) -> None:
    """Go on with a run: put back what it left on the phone, then run what is left of its plan.

    Args:
        phone: the phone.
        store: the run; `tidy_up` has been there.
        request: as for a new run; its experiment is the run's own.
        clock: time on the host.
        watch: is told how it goes on.

    Raises:
        FinalError: it is another phone, was updated, or is not as it was before another run.
        ReclaimError: as of a new run.
    """
    rebooted = _rebooted(phone, store)
    put_back(phone, store, request)
    ready = prepare(phone, request)
    knobs = sorted({setting.knob for arm in request.experiment.arms for setting in arm.settings})
    check_same(store.device, ready.facts, knobs)
    left = remaining(store)
    changed = (*rebooted, *changes(store.device, ready.facts))
    watch.planned(len(left), (*ready.outlook, *(f"{phone.serial}: {line}" for line in changed)))
    with benched(phone, store, request, ready, clock) as bench:
        for line in bench.kept.skipped:
            watch.looked(f"{phone.serial}: {line}")
        ready_bench = titrated(bench, store, watch)
        carry_out(ready_bench, store, watch, _over_the_seam(ready_bench, store, left[0], changed, watch))


def _rebooted(phone: Phone, store: RunStore) -> tuple[str, ...]:
    """Say so when the phone has started anew since the run changed its settings."""
    journal = undo.load(store.undo_path)
    same = journal is None or journal.boot_id == phone.read_text(BOOT_ID)
    return () if same else ("it has rebooted since",)


def put_back(phone: Phone, store: RunStore, request: Request) -> None:
    """Put back what the run has left changed on its phone, and leave it clean; write nothing on any other phone.

    Raises:
        FinalError: it is another phone, a setting could not be put back, or the phone is another run's.
    """
    terms = terms_of(request)
    check_same(store.device, phone.facts(store.device.knobs), ())
    undo.check(phone, store.path, discover(phone), terms)
    left = leftover.look(phone, terms.folder)
    if settings_open(store) or (left is not None and undo.is_ours(left, store.path)):
        undo.restore(phone, store.undo_path, terms)
    Workspace(phone).sweep()
    Workspace(phone).remove()


def _over_the_seam(bench: Bench, store: RunStore, first: PlannedTrial, changed: Sequence[str], watch: Watch) -> Caveat:
    """Warm the phone as a warm-up block would, unless the plan goes on with one; keep where the seam is."""
    warm_up = ""
    if first.block > 0:
        again = replace(first, block=0, position=0, arm=bench.experiment.control, attempt=1)
        again = replace(again, attempt=len(store.attempts(again)) + 1)
        keep_trial(bench, again, store, watch)
        warm_up = again.name
        watch.looked(f"{warm_up}  a warm-up, never compared")
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    store.append_event(
        {"at": now, "event": RESUMED, "before": first.name, "warm_up": warm_up, "changed": list(changed)}
    )
    return seam(first.name, warm_up, changed)
