# SPDX-License-Identifier: Apache-2.0
"""Which phones rest, why and until when; which of those that work are the quietest. Pure.

A phone rests when it is dirty (a setting could not be put back), hot (trials left out for heat), flaky (it failed in
three of its last five attempts) or noisy (its A/A noise floor is twice that of its like). Each rest in a row is twice
as long as the one before; then it gets one attempt, and a good one makes it as good as any.
"""

import statistics
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from agent.farm.labels import Labels
from reports.record import SCHEMA_VERSION

Ending: TypeAlias = Literal["done", "failed", "refused", "interrupted", "moved"]
"""Of an attempt. Refused: the run never began, for a reason that another attempt may meet again. Moved: nothing was
tried, for the place is another phone's."""

_KEPT = 10
_LOOKED_AT, _FLAKY_FROM = 5, 3
_NOISY_FROM, _FEWEST_LIKE = 2.0, 3
FIRST_REST_S = 1800.0
_LONGEST_REST_S = 86_400.0


@dataclass(frozen=True)
class Attempt:
    """How one attempt at a place ended.

    Attributes:
        phone: HOST/SERIAL.
        at: when it ended, ISO time.
        took_s: seconds.
        ending: how.
        why: its last line; empty where it is done.
        dirty: whether it left a setting that is not put back.
        hot: share of its trials left out for heat.
        noise: the phone's A/A noise floor as this run tells it, a share of the level; None where it tells none.
    """

    phone: str
    at: str
    took_s: float
    ending: Ending
    why: str = ""
    dirty: bool = False
    hot: float = 0.0
    noise: float | None = None


@dataclass(frozen=True)
class Health:
    """What became of a phone's last attempts.

    Attributes:
        recent: whether each of the last attempts was good, oldest first; interrupted ones do not count.
        why: why it rests, or rested last; empty where it is well.
        until_s: end of its rest, seconds since 1970; 0: it never rested, or is well again.
        rests: how often in a row.
        noise: its newest A/A noise floor, a share of the level.
        model: whose like it is; None before anything was told of it.
        done: runs it has finished.
    """

    recent: tuple[bool, ...] = ()
    why: str = ""
    until_s: float = 0.0
    rests: int = 0
    noise: float | None = None
    model: str = ""
    done: int = 0
    schema: int = SCHEMA_VERSION

    def rests_at(self, now_s: float) -> bool:
        """Whether it gets no work now."""
        return now_s < self.until_s


def after(health: Health, attempt: Attempt, now_s: float, first_rest_s: float = FIRST_REST_S) -> Health:
    """A phone's health after one more attempt.

    Args:
        health: before.
        attempt: how it ended; a refused one says nothing of the phone, but for a setting not put back.
        now_s: seconds since 1970.
        first_rest_s: length of the first rest.
    """
    if attempt.noise is not None:
        health = replace(health, noise=attempt.noise)
    if attempt.dirty:
        return _rest(health, f"dirty: {attempt.why}", now_s, first_rest_s)
    if attempt.ending not in ("done", "failed"):
        return health
    good = attempt.ending == "done"
    health = replace(health, recent=(*health.recent, good)[-_KEPT:], done=health.done + good)
    if attempt.hot >= 0.5:  # noqa: PLR2004 - half of its trials
        return _rest(health, f"hot: {attempt.hot:.0%} of its trials were left out for heat", now_s, first_rest_s)
    failed = health.recent[-_LOOKED_AT:].count(False)
    if not good and (health.rests or failed >= _FLAKY_FROM):
        return _rest(
            health, f"flaky: {failed} of its last {_LOOKED_AT} attempts failed: {attempt.why}", now_s, first_rest_s
        )
    return replace(health, why="", until_s=0.0, rests=0) if good else health


def noisy(phone: str, healths: Mapping[str, Health], now_s: float, first_rest_s: float = FIRST_REST_S) -> Health:
    """A phone's health after a look at its like: phones of its model, this one left out.

    Args:
        phone: HOST/SERIAL.
        healths: of all phones.
        now_s: seconds since 1970.
        first_rest_s: length of the first rest.
    """
    health = healths[phone]
    like = [each.noise for name, each in healths.items() if name != phone and each.model == health.model and each.noise]
    if health.noise is None or len(like) < _FEWEST_LIKE or health.noise < _NOISY_FROM * statistics.median(like):
        return health
    why = f"noisy: its noise floor is {health.noise:.1%}, that of its like {statistics.median(like):.1%}"
    return _rest(replace(health, noise=None), why, now_s, first_rest_s)


def _rest(health: Health, why: str, now_s: float, first_rest_s: float) -> Health:
    length = min(_LONGEST_REST_S, first_rest_s * 2**health.rests)
    return replace(health, why=why, until_s=now_s + length, rests=health.rests + 1, recent=())


def ranked(healths: Mapping[str, Health]) -> list[str]:
    """Phones from the quietest to the noisiest; those whose noise is not known come last, by name."""
    return sorted(healths, key=lambda name: (healths[name].noise is None, healths[name].noise or 0.0, name))


def labelled(health: Health, labels: Labels) -> Health:
    """With the model it is of, so that its like are known."""
    return replace(health, model=labels.get("model", ""))
