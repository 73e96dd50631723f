# SPDX-License-Identifier: Apache-2.0
"""A farm over TLS, with certificates made as docs/farm.md says: no stranger is let in by either side."""

import asyncio
import socket
import ssl
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from distributed import Scheduler

from agent.farm.queue import open_queue
from agent.farm.security import Tls, security
from tests.support.farming import Waiting, done, host, serving, submit, until

TOP = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def authorities(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tls, Tls]:
    """Certificates of the farm, and of a stranger's authority."""
    lines = (TOP / "docs" / "farm.md").read_text().splitlines()
    typed = "\n".join(line.strip() for line in lines if line.startswith("    openssl "))
    made = []
    for name in ("farm", "stranger"):
        folder = tmp_path_factory.mktemp(name)
        subprocess.run(["sh", "-ec", typed], cwd=folder, check=True, capture_output=True, timeout=60)
        assert (folder / "key.pem").stat().st_mode & 0o077 == 0
        made.append(Tls(folder / "ca.pem", folder / "cert.pem", folder / "key.pem"))
    return made[0], made[1]


async def listening(tls: Tls) -> Scheduler:
    shown = security("tls://127.0.0.1:8786", tls)
    made: Scheduler = await Scheduler(host="127.0.0.1", port=0, protocol="tls", security=shown, dashboard=False)
    return made


def test_a_job_is_done_between_ends_of_one_authority(tmp_path: Path, authorities: tuple[Tls, Tls]) -> None:
    queue, runs = open_queue(tmp_path), Waiting()
    job = submit(queue, 2, pool="night")

    async def scenario() -> None:
        async with await listening(authorities[0]) as scheduler:
            shown = security(scheduler.address, authorities[0])
            async with serving(scheduler.address, host(queue, runs, "a", 2), shown=shown):
                await until(lambda: done(queue, job) == 2)

    asyncio.run(scenario())
    assert len(runs.log) == 2


def test_a_host_with_a_strangers_certificate_gets_no_work_and_says_why(
    tmp_path: Path, authorities: tuple[Tls, Tls]
) -> None:
    queue, runs, told = open_queue(tmp_path), Waiting(), list[str]()
    submit(queue, 1, pool="night")

    async def scenario() -> None:
        async with await listening(authorities[0]) as scheduler:
            stranger = host(queue, runs, "b", 1)
            stranger.tell = told.append
            shown = security(scheduler.address, authorities[1])
            async with serving(scheduler.address, stranger, shown=shown):
                await until(lambda: bool(told))

    asyncio.run(scenario())
    assert runs.log == []
    assert "no scheduler answers" in told[0]
    assert "certificate" in told[0].lower()


def knock(address: str, trusted: Tls, *, shows: Tls | None) -> bytes:
    """The first byte a scheduler says to whoever shows a certificate, or none."""
    context = ssl.create_default_context(cafile=trusted.ca)
    context.check_hostname = False
    if shows:
        context.load_cert_chain(shows.cert, shows.key)
    where = (urlsplit(address).hostname, urlsplit(address).port)
    with socket.create_connection(where, timeout=10) as raw, context.wrap_socket(raw) as link:
        return link.recv(1)


def test_a_program_without_a_certificate_of_the_farm_is_told_nothing(authorities: tuple[Tls, Tls]) -> None:
    farm, stranger = authorities

    async def scenario() -> None:
        async with await listening(farm) as scheduler:
            assert await asyncio.to_thread(knock, scheduler.address, farm, shows=farm) != b""
            for shown in (None, stranger):
                with pytest.raises(ssl.SSLError):
                    await asyncio.to_thread(knock, scheduler.address, farm, shows=shown)

    asyncio.run(scenario())
