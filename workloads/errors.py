# SPDX-License-Identifier: Apache-2.0
"""The error tree; every error a user can meet descends from `ReclaimError`.

    ReclaimError                 one clear line: what, where, what to do; exit code 2
    ├── InputError               the user's own words or files are wrong: correct them, call again
    ├── StoreError               a run directory that cannot be read or written
    ├── TraceError               a trace that cannot be opened or asked
    ├── SetupError               this machine lacks something: a program, a package, disk space
    ├── DeviceError              the phone or the link to it
    │   ├── TransientError       trying again may work: link dropped, adb restarted, time-out
    │   └── FinalError           it will never work: refused, unauthorized, unknown, not supported
    └── ProofError               a setting that did not take effect

`reports` and `agent` raise these; they stand here because imports run agent -> reports -> workloads.
"""


class ReclaimError(Exception):
    """Base of all errors shown to a user; `str()` is one line that says what, where and what to do."""


class InputError(ReclaimError):
    """What the user gave is wrong; carries every problem found at once.

    Attributes:
        problems: one line each, `FILE:LINE: text` where a line is known.
    """

    def __init__(self, *problems: str) -> None:
        """Keep every problem, one line each."""
        super().__init__("\n".join(problems))
        self.problems = problems


class StoreError(ReclaimError):
    """A run directory is missing, incomplete, newer than this program, or cannot be written."""


class TraceError(ReclaimError):
    """A trace is empty, truncated, broken, or no engine can open it."""


class SetupError(ReclaimError):
    """This machine lacks a program, a package, a port or room on its disk."""


class DeviceError(ReclaimError):
    """The phone, or the link to it, failed."""


class TransientError(DeviceError):
    """Trying again may work."""


class FinalError(DeviceError):
    """Trying again will not help."""


class ProofError(ReclaimError):
    """A setting was written and did not take effect."""
