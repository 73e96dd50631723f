# SPDX-License-Identifier: Apache-2.0
"""A history that nobody measured: runs of many builds, with shifts of known size planted into it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from reports.history.rows import Row

KINDS = ("normal", "heavy tails", "wild runs", "remembers", "builds differ", "uneven")
BEGAN = datetime(2026, 1, 2, 22, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Planted:
    """Rows, and where what was planted.

    Attributes:
        rows: one per run.
        at: indices of the builds where a shift began.
        sizes: of the shifts, shares.
    """

    rows: tuple[Row, ...]
    at: NDArray[np.int64]
    sizes: NDArray[np.float64]


def row(number: int = 0, kernel: int = 0, level: float = 0.5, **replaced: object) -> Row:
    """A run's time to initial display, 7 hours after the run before."""
    values: dict[str, object] = {
        "run_id": f"{number:024x}",
        "run": f"run-{number:04d}",
        "began": BEGAN + timedelta(hours=7 * number),
        "model": "Pixel 8",
        "serial": "A",
        "build": "google/shiba/shiba:16/1:userdebug/test-keys",
        "kernel": f"6.12.{kernel:03d}-g{kernel * 7919 % 0xFFFFF:05x}",
        "stand_in": False,
        "experiment": "kcompressd",
        "setup_id": "0" * 24,
        "arm": "on",
        "control": "off",
        "metric": "ttid",
        "unit": "s",
        "better": "lower",
        "primary": True,
        "trials": 20,
        "level": level,
        "lowest": level * 0.9,
        "highest": level * 1.1,
        "ratio": 0.9,
        "ratio_low": 0.85,
        "ratio_high": 0.95,
        "decision": "pass",
        "path": f"/runs/run-{number:04d}",
        "report": "",
    }
    return Row(**(values | replaced))  # type: ignore[arg-type]  # each value has its field's type


def planted(
    seed: int, *, kind: str = "normal", builds: int = 500, runs: int = 4, shifts: int = 12, spread: float = 0.01
) -> Planted:
    """A history with shifts of 3 to 10 % up or down, at least 12 builds apart.

    Args:
        seed: of everything drawn.
        kind: of noise, one of `KINDS`.
        builds: in it.
        runs: of each build; of uneven ones the most.
        shifts: planted.
        spread: standard deviation from run to run, a share.
    """
    random = np.random.default_rng(seed)
    at = _places(random, builds, shifts)
    sizes = random.uniform(0.03, 0.10, shifts) * random.choice([-1, 1], shifts)
    levels = np.zeros(builds)
    for place, size in zip(at, sizes, strict=True):
        levels[place:] += np.log1p(size)
    counts = random.integers(1, runs + 1, builds) if kind == "uneven" else np.full(builds, runs)
    of = np.repeat(np.arange(builds), counts)
    values = 0.5 * np.exp(levels[of] + spread * _noise(random, kind, of))
    rows = tuple(row(i, int(build), float(value)) for i, (build, value) in enumerate(zip(of, values, strict=True)))
    return Planted(rows, at, sizes)


def _places(random: np.random.Generator, builds: int, shifts: int) -> NDArray[np.int64]:
    while True:
        at = np.sort(random.choice(np.arange(12, builds - 12), shifts, replace=False))
        if shifts <= 1 or np.diff(at).min() >= 12:
            return at


def _noise(random: np.random.Generator, kind: str, of: NDArray[np.int64]) -> NDArray[np.float64]:
    """Standard deviation 1, but for wild runs."""
    n = len(of)
    noise = random.normal(size=n)
    if kind == "heavy tails":
        return np.asarray(random.standard_t(3, n) / np.sqrt(3))
    if kind == "wild runs":
        return noise + (random.random(n) < 0.02) * random.normal(0, 10, n)
    if kind == "remembers":
        for i in range(1, n):
            noise[i] = 0.6 * noise[i - 1] + 0.8 * noise[i]
        return noise
    if kind == "builds differ":
        return 0.8 * noise + 0.6 * random.normal(size=int(of[-1]) + 1)[of]
    return noise
