# SPDX-License-Identifier: Apache-2.0
"""What each host of the farm sees of its phones, kept in the store: `STORE/hosts/HOST.json`."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from reports.atomic import unwritable, write_bytes
from reports.encoding import decode, encode
from reports.record import SCHEMA_VERSION
from workloads.errors import StoreError

_UNHEARD_AFTER_S = 60.0


@dataclass(frozen=True)
class SeenPhone:
    """One phone.

    Attributes:
        labels: what it is chosen by.
        place: JOB/NNN it is at work on; empty when it is idle.
        ready: whether it answers.
    """

    labels: Mapping[str, str]
    place: str
    ready: bool


@dataclass(frozen=True)
class Seen:
    """One host.

    Attributes:
        host: its name.
        at_s: when, seconds since 1970 by its own clock.
        phones: HOST/SERIAL -> what is seen of it.
    """

    host: str
    at_s: float
    phones: Mapping[str, SeenPhone]
    schema: int = SCHEMA_VERSION

    @classmethod
    def now(cls, host: str, phones: Mapping[str, SeenPhone]) -> "Seen":
        """As of this moment."""
        return cls(host, time.time(), phones)

    def write(self, store: Path) -> None:
        """Keep it.

        Raises:
            StoreError: it cannot be written.
        """
        file = store / "hosts" / f"{quote(self.host, safe='')}.json"
        try:
            file.parent.mkdir(exist_ok=True)
        except OSError as error:
            raise unwritable(file, error) from error
        write_bytes(file, encode(self))

    def heard(self, now_s: float) -> bool:
        """Whether the host has been heard of lately."""
        return now_s - self.at_s < _UNHEARD_AFTER_S


def hosts(store: Path) -> tuple[Seen, ...]:
    """What every host has told last, by name.

    Raises:
        StoreError: a file is broken or newer than this program.
    """
    files = sorted((store / "hosts").glob("*.json"))
    try:
        return tuple(decode(file.read_bytes(), Seen, file) for file in files)
    except OSError as error:
        raise StoreError(f"{error.filename}: cannot be read: {error.strerror}") from error
