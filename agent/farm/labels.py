# SPDX-License-Identifier: Apache-2.0
"""What phones are chosen by: `model=Pixel 8,pool=night`. Pure."""

import re
from collections.abc import Iterable, Mapping
from typing import TypeAlias

from workloads.errors import InputError

Labels: TypeAlias = Mapping[str, str]
"""Name -> value. Every phone has `host`, `model` and `build`; its host gives it `pool` and whatever else."""

POOL = "pool"
DEFAULT_POOL = "default"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_LONGEST = 100


def parse_labels(text: str, where: str) -> dict[str, str]:
    """`model=Pixel 8,pool=night`; a word alone is a pool.

    Args:
        text: as typed.
        where: the option, for what is said of a mistake.

    Raises:
        InputError: every part that is no label, one line each.
    """
    found: dict[str, str] = {}
    wrong = []
    for part in text.split(","):
        name, equals, value = part.partition("=")
        name, value = (name.strip(), value.strip()) if equals else (POOL, name.strip())
        if not _NAME.fullmatch(name) or not 0 < len(value) <= _LONGEST or not value.isprintable() or name in found:
            wrong.append(
                f"{where}: {part!r} is no label: write NAME=VALUE, each name once, as in model=Pixel 8,pool=night"
            )
        found[name] = value
    if wrong:
        raise InputError(*wrong)
    return found


def words(labels: Labels) -> str:
    """As typed."""
    return ",".join(f"{name}={value}" for name, value in sorted(labels.items()))


def resources(labels: Labels) -> dict[str, float]:
    """What a phone offers by its labels, or a run asks for, in Dask's words: `{"pool=night": 1}`.

    Each phone is a Dask worker of its own with one thread, so that labels asked for together are one phone's.
    """
    return {f"{name}={value}": 1.0 for name, value in labels.items()}


def own(phone: str) -> dict[str, float]:
    """What one phone alone offers: a run that has begun is bound to it."""
    return {f"phone {phone}": 1.0}


def matches(labels: Labels, asked: Labels) -> bool:
    """Whether a phone has all the labels that are asked for."""
    return all(labels.get(name) == value for name, value in asked.items())


def matching(phones: Mapping[str, Labels], asked: Labels) -> Iterable[str]:
    """Phones that have all the labels."""
    return (name for name, labels in phones.items() if matches(labels, asked))
