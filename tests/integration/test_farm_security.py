# SPDX-License-Identifier: Apache-2.0
"""A farm listens on loopback, or with certificates, or not at all."""

from pathlib import Path

import pytest

from agent.farm.security import Tls, is_loopback, security
from workloads.errors import InputError


@pytest.fixture
def tls(tmp_path: Path) -> Tls:
    files = [tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem")]
    for file in files:
        file.touch()
    return Tls(*files)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.8.8.8", "::1"])
def test_loopback_needs_no_certificates(host: str) -> None:
    assert is_loopback(host)
    address = f"tcp://[{host}]:8786" if ":" in host else f"tcp://{host}:8786"
    assert not security(address, None).require_encryption


@pytest.mark.parametrize("host", ["0.0.0.0", "lab1", "10.0.0.1", "[fe80::1]", "localhost.evil.example"])  # noqa: S104
def test_anything_else_is_refused_with_how_to_set_it_up(host: str) -> None:
    with pytest.raises(InputError, match=r"is not this computer.*give tls://HOST:PORT with --tls-ca"):
        security(f"tcp://{host}:8786", None)


def test_tls_is_demanded_of_every_end(tls: Tls) -> None:
    shown = security("tls://lab1:8786", tls)
    assert shown.require_encryption
    for role in ("client", "worker", "scheduler"):
        assert getattr(shown, f"tls_{role}_key") == str(tls.key)


@pytest.mark.parametrize("address", ["tls://lab1:8786", "tls://127.0.0.1:1"])
def test_tls_without_certificates_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="--tls-ca"):
        security(address, None)


def test_certificates_that_are_not_there_are_named_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        security("tls://lab1:8786", Tls(tmp_path / "a", tmp_path / "b", tmp_path / "c"))
    assert len(refused.value.problems) == 3


def test_certificates_that_would_not_be_used_are_refused(tls: Tls) -> None:
    with pytest.raises(InputError, match="does not use them"):
        security("tcp://127.0.0.1:8786", tls)


@pytest.mark.parametrize(
    "address", ["", "lab1:8786", "http://lab1:8786", "tcp://127.0.0.1", "tcp://127.0.0.1:x", "tcp://:1"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InputError, match="no scheduler's address"):
        security(address, None)
