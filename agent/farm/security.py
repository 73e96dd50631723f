# SPDX-License-Identifier: Apache-2.0
"""Who may talk to a farm: programs of this computer, or those with a certificate.

Whoever reaches a Dask scheduler runs code on its workers, so anything off loopback is TLS or refused
(https://distributed.dask.org/en/stable/tls.html).
"""

import ipaddress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from workloads.errors import InputError

if TYPE_CHECKING:
    from distributed import Security

_HOW = (
    "give tls://HOST:PORT with --tls-ca, --tls-cert and --tls-key, and start the scheduler with `dask scheduler"
    " --protocol tls --tls-ca-file CA --tls-cert CERT --tls-key KEY --no-dashboard`"
)


@dataclass(frozen=True)
class Tls:
    """Files in PEM form.

    Attributes:
        ca: of whom certificates must be.
        cert: this side's certificate.
        key: its private key.
    """

    ca: Path
    cert: Path
    key: Path

    def missing(self) -> list[str]:
        """Files that are not there, one line each."""
        given = {"--tls-ca": self.ca, "--tls-cert": self.cert, "--tls-key": self.key}
        return [f"{option}: {path}: is not a file" for option, path in given.items() if not path.is_file()]


def security(address: str, tls: Tls | None) -> "Security":
    """What Dask is to demand of both ends.

    Args:
        address: of the scheduler, `tcp://127.0.0.1:8786` or `tls://lab1:8786`.
        tls: certificates; None for loopback.

    Raises:
        InputError: no address, or one off loopback without TLS.
    """
    parts = urlsplit(address)
    if parts.scheme not in ("tcp", "tls") or not parts.hostname or not _port(address):
        raise InputError(f"{address!r} is no scheduler's address: write tcp://127.0.0.1:8786, or tls://HOST:8786")
    if parts.scheme == "tls":
        if tls is None:
            raise InputError(f"{address}: {_HOW}")
        if missing := tls.missing():
            raise InputError(*missing)
    elif tls is not None:
        raise InputError(f"{address}: certificates are given, but tcp:// does not use them: write tls://")
    elif not is_loopback(parts.hostname):
        raise InputError(f"{address}: is not this computer, and tcp:// is open to everyone on the way: {_HOW}")
    return _made(tls)


def _made(tls: Tls | None) -> "Security":
    from distributed import Security  # noqa: PLC0415 - of the extra `farm`

    if tls is None:
        return Security()
    files = {"tls_ca_file": str(tls.ca)}
    for role in ("client", "worker", "scheduler"):
        files |= {f"tls_{role}_cert": str(tls.cert), f"tls_{role}_key": str(tls.key)}
    return Security(require_encryption=True, **files)


def _port(address: str) -> int | None:
    try:
        return urlsplit(address).port
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether a host is this computer, by its address; of names only `localhost` is taken for it."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
