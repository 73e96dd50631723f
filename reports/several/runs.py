# SPDX-License-Identifier: Apache-2.0
"""From several run directories to one answer, in words or as one JSON document; writes nothing."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reports.analysis import RunValues
from reports.bundle.sources import run_at
from reports.compare import document, flat, read_run
from reports.record import SCHEMA_VERSION
from reports.several.effect import JointEffect
from reports.several.joint import Joint, join
from reports.several.pool import Gathered, Phone, gather, places_before
from reports.several.text import joint_text, pooled_text
from workloads.errors import InputError


def read_runs(paths: Sequence[Path]) -> list[RunValues]:
    """Read runs, each once.

    Raises:
        StoreError: one is no run, or a file of it is broken.
        InputError: one is given twice.
    """
    seen: dict[Path, Path] = {}
    for path in paths:
        place = path.resolve()
        if place in seen:
            raise InputError(f"{path}: is given twice; name each run once")
        seen[place] = path
    return list(map(_read, paths))


def gather_runs(paths: Sequence[Path]) -> Gathered:
    """Read runs and put those of each phone together.

    Raises:
        StoreError: one is no run, or a file of it is broken.
        InputError: one is given twice, or the runs are not of one experiment, or nothing is left to compare.
    """
    return gather(read_runs(paths))


def _read(path: Path) -> RunValues:
    with run_at(path) as store:
        return read_run(store)


def several_text(gathered: Gathered, *, whole: bool = False, questions: bool = False) -> str:
    """The answer in the terminal: over phones, or of one phone with the blocks of all its runs.

    Args:
        gathered: the runs.
        whole: with the metrics that nobody asked about and that did not move.
        questions: with what kcompressd's reviewers asked, phone by phone.
    """
    if len(gathered.phones) > 1:
        return joint_text(join(gathered), whole=whole, questions=questions)
    return pooled_text(gathered, whole=whole, questions=questions)


def several_document(gathered: Gathered) -> dict[str, Any]:
    """The answer as one JSON document; of one phone that of one run, with `runs` and `left_out` besides."""
    if len(gathered.phones) > 1:
        return _joint_document(join(gathered))
    (phone,) = gathered.phones
    return {**document(phone.analysis), "runs": _runs(phone), "caveats": phone.caveats, "left_out": gathered.left_out}


def _joint_document(joint: Joint) -> dict[str, Any]:
    return {
        "schema": SCHEMA_VERSION,
        "question": joint.question,
        "primary": joint.primary,
        "verdict": {"kills": joint.kills, "arms": joint.arms, "caveats": joint.caveats},
        "effects": [_effect(each) for each in joint.effects],
        "phones": [
            {
                "phone": phone.number,
                "runs": _runs(phone),
                "caveats": phone.caveats,
                "analysis": document(phone.analysis),
            }
            for phone in joint.phones
        ],
        "left_out": joint.left_out,
    }


def _runs(phone: Phone) -> list[dict[str, Any]]:
    """Where each run's trials and blocks begin in the phone's own numbering."""
    return [
        {"run": run.name, "path": run.path, "trials_before": trials, "blocks_before": blocks}
        for run, (trials, blocks) in zip(phone.runs, places_before(phone.runs), strict=True)
    ]


def _effect(each: JointEffect) -> dict[str, Any]:
    return {
        "metric": each.metric.name,
        "unit": each.metric.unit,
        "better": each.metric.better,
        "arm": each.arm,
        "control": each.control,
        "family": each.family,
        "scale": each.scale,
        "adjusted_p": each.adjusted_p,
        "outcome": each.outcome,
        "phones": each.phones,
        "difference": each.difference,
        "ratio": each.ratio,
        "detectable_90": each.detectable_90,
        "own": [{"phone": number, **flat(own)} for number, own in each.own],
        "caveats": each.caveats,
    }
