# SPDX-License-Identifier: Apache-2.0
"""What came back from phones. The names below are those of `reports.api`, loaded when first asked for."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reports.api import (
        COMPARISON_COLUMNS,
        MEASURE_COLUMNS,
        METRICS,
        ArmVerdict,
        Caveat,
        Comparison,
        DeviceFacts,
        Estimate,
        Experiment,
        InputError,
        LedgerLine,
        Metric,
        Pair,
        ReclaimError,
        Ruling,
        Run,
        StoreError,
        TrialDoubt,
        TrialRecord,
        Verdict,
        open_run,
    )
else:

    def __getattr__(name: str) -> object:
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        import importlib  # noqa: PLC0415 - all of this is late: `import reports.units` pays for no comparison

        return getattr(importlib.import_module("reports.api"), name)


__all__ = [
    "COMPARISON_COLUMNS",
    "MEASURE_COLUMNS",
    "METRICS",
    "ArmVerdict",
    "Caveat",
    "Comparison",
    "DeviceFacts",
    "Estimate",
    "Experiment",
    "InputError",
    "LedgerLine",
    "Metric",
    "Pair",
    "ReclaimError",
    "Ruling",
    "Run",
    "StoreError",
    "TrialDoubt",
    "TrialRecord",
    "Verdict",
    "open_run",
]
