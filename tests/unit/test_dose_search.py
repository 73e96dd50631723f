# SPDX-License-Identifier: Apache-2.0
"""The search for a dose, on phones of different size and speed that wander from trial to trial."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest

from agent.runner.dose_search import STEP, Found, Memory, Missed, Next, Search, next_dose, search
from reports.record import Try
from workloads.spec import Pressure
from workloads.titration import TargetMetric, Titration

MIB = 1 << 20
EATERS = Pressure(3, 200 * MIB, rate_bytes_s=22_000_000, at_once_bytes=96 * MIB)
WARMING = Try("t", 200 * MIB, 300.0 * MIB)
Reached = Callable[[int], float]


@dataclass
class Simulated:
    """What a phone's control arm reaches; eaters are killed from `deadly` on."""

    reached: Reached
    noise: float = 0.0
    deadly: int = 1 << 60
    seed: int = 1

    def __post_init__(self) -> None:
        self.draw = random.Random(self.seed)  # noqa: S311 - repeatable, not secret

    def tried(self, dose: int, number: int) -> Try:
        wander = self.draw.gauss(1, self.noise)
        return Try(f"000-b0-off-{number}", dose, self.reached(dose) * wander, killed=int(dose >= self.deadly))


def titrated(phone: Simulated, where: Search) -> tuple[Next, list[Try]]:
    tries: list[Try] = []
    while isinstance(following := next_dose(where, tries), int):
        assert where.least <= following <= where.most
        assert following % STEP[where.goal.adjust] == 0
        tries.append(phone.tried(following, len(tries) + 1))
        assert len(tries) <= where.goal.tries
    return following, tries


def swapping(available: int, swap: int, overhead: float = 1.0) -> Reached:
    """Swap in use: nothing while memory is free, then all that is eaten beyond it, until swap is full."""
    return lambda dose: min(swap, max(0.0, 3 * dose * overhead - available) / 0.55)


def memory(available: int, swap: int) -> Memory:
    return Memory(available, swap, int(0.9 * (1.4 * available + swap / 2)))


@pytest.mark.parametrize("available", [300 * MIB, 640 * MIB, 3 << 30, 9 << 30])
@pytest.mark.parametrize("filled", [0.2, 0.6])
@pytest.mark.parametrize("overhead", [0.8, 1.0, 1.3])
def test_a_share_of_swap_is_reached_on_phones_of_every_size(available: int, filled: float, overhead: float) -> None:
    goal = Titration("swap_fill_max", filled)
    reached = swapping(available, available, overhead)
    phone = Simulated(lambda dose: reached(dose) / available, noise=0.02)
    where = search(goal, EATERS, memory(available, available))
    found, tries = titrated(phone, where)
    assert isinstance(found, Found), found
    assert phone.reached(found.dose) == pytest.approx(filled, rel=0.12)
    assert len(tries) <= 9


@pytest.mark.parametrize("seed", range(40))
def test_a_target_of_stalls_is_reached_although_they_wander(seed: int) -> None:
    goal = Titration("psi_memory_some", 2.5, tries=20)
    phone = Simulated(lambda dose: (dose / (180 * MIB)) ** 4, noise=0.1, seed=seed)
    found, _ = titrated(phone, search(goal, EATERS, memory(640 * MIB, 512 * MIB)))
    assert isinstance(found, Found), found
    assert phone.reached(found.dose) == pytest.approx(2.5, rel=0.25)


@pytest.mark.parametrize("speed", [0.2, 1.0, 8.0])
def test_the_pace_is_found_on_slow_and_fast_phones(speed: float) -> None:
    goal = Titration("psi_memory_some", 3.0, adjust="rate_bytes_s")
    phone = Simulated(lambda dose: dose / 22_000_000 / speed, noise=0.01)
    found, _ = titrated(phone, search(goal, EATERS, memory(640 * MIB, 512 * MIB)))
    assert isinstance(found, Found), found
    assert phone.reached(found.dose) == pytest.approx(3.0, rel=0.1)


def test_what_falls_with_the_dose_is_reached_from_above() -> None:
    goal = Titration("mem_available_min", 100 * MIB)
    phone = Simulated(lambda dose: max(60 * MIB, 700 * MIB - 3 * dose), noise=0.01)
    found, tries = titrated(phone, search(goal, EATERS, memory(600 * MIB, 512 * MIB)))
    assert isinstance(found, Found), found
    assert found.dose == pytest.approx(200 * MIB, rel=0.02)
    assert found.reached == pytest.approx(100 * MIB, rel=0.1)
    assert len(tries) > 2


def test_one_trial_that_meets_the_target_by_luck_is_not_believed() -> None:
    where = Search(Titration("swap_used_max", 100.0 * MIB), 200 * MIB, MIB, 400 * MIB)
    tries = [WARMING, Try("t", 200 * MIB, 103.0 * MIB)]
    assert next_dose(where, tries) == 200 * MIB
    assert next_dose(where, [*tries, Try("t", 200 * MIB, 99.0 * MIB)]) == Found(200 * MIB, 101.0 * MIB)
    apart = [WARMING, Try("t", 200 * MIB, 125.0 * MIB), Try("t", 200 * MIB, 80.0 * MIB)]
    assert next_dose(where, apart) == 200 * MIB


def test_the_first_try_points_the_way_and_is_not_counted() -> None:
    goal = Titration("swap_used_max", 150 * MIB)
    phone = Simulated(swapping(600 * MIB, 512 * MIB))
    where = search(goal, EATERS, memory(640 * MIB, 512 * MIB))
    tries = [Try("cold", where.start, 40.0 * MIB)]
    while isinstance(following := next_dose(where, tries), int):
        tries.append(phone.tried(following, 1))
    assert isinstance(following, Found)
    assert phone.reached(following.dose) == pytest.approx(150 * MIB, rel=0.1)
    assert tries[1].dose > where.start


def test_the_search_goes_on_from_the_tries_alone() -> None:
    where = search(Titration("swap_used_max", 150 * MIB), EATERS, memory(640 * MIB, 512 * MIB))
    _, tries = titrated(Simulated(swapping(900 * MIB, 512 * MIB)), where)
    assert len(tries) > 3
    assert [next_dose(where, tries[:number]) for number in range(len(tries))] == [each.dose for each in tries]


class TestATargetThatIsNotReached:
    def why(self, phone: Simulated, where: Search) -> str:
        found, _ = titrated(phone, where)
        assert isinstance(found, Missed), found
        assert "\n" not in found.why
        return found.why

    def test_says_what_the_most_that_the_phone_holds_reaches(self) -> None:
        where = search(Titration("swap_used_max", 500 * MIB), EATERS, memory(640 * MIB, 512 * MIB))
        why = self.why(Simulated(lambda _dose: 120.0 * MIB), where)
        assert why == "120 MiB at bytes_each = 345 MiB, 76 % off, and more the phone cannot hold"

    def test_says_from_where_on_eaters_are_killed(self) -> None:
        where = search(Titration("swap_used_max", 400 * MIB), EATERS, memory(640 * MIB, 512 * MIB))
        phone = Simulated(swapping(600 * MIB, 512 * MIB), deadly=230 * MIB)
        assert self.why(phone, where).startswith("eaters are killed from bytes_each = 23")

    def test_says_that_it_is_jumped_over(self) -> None:
        where = Search(Titration("psi_memory_some", 2.0), 200 * MIB, MIB, 400 * MIB)
        why = self.why(Simulated(lambda dose: 9.0 if dose > 210 * MIB else 0.1), replace(where, goal=steady(where, 30)))
        low, high = why.removeprefix("what is reached jumps over it: 100 ms at bytes_each = ").split("; ")
        assert low.endswith("MiB, 95 % off")
        assert high.startswith("9 s at bytes_each = 21")

    def test_says_that_the_smallest_dose_is_too_much(self) -> None:
        where = Search(Titration("psi_memory_some", 2.0, tries=40), 200 * MIB, MIB, 400 * MIB)
        assert self.why(Simulated(lambda _dose: 9.0), where).startswith("the smallest dose is too much: 9 s at")
        assert "killed even there" in self.why(Simulated(lambda _dose: 1.0, deadly=0), where)

    @pytest.mark.parametrize("metric", ["swap_used_max", "psi_memory_some"])
    def test_says_how_near_it_came_when_the_tries_are_over(self, metric: TargetMetric) -> None:
        where = Search(Titration(metric, 100.0, within=0.01, tries=3), 200 * MIB, MIB, 400 * MIB)
        why = self.why(Simulated(lambda dose: dose / (3 * MIB), noise=0.2), where)
        assert why.startswith("3 tries were not enough: the nearest was ")


def steady(where: Search, tries: int) -> Titration:
    return replace(where.goal, tries=tries)
