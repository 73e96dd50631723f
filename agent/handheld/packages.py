# SPDX-License-Identifier: Apache-2.0
"""Which Debian packages a handheld is made of: one resolve for the guest and for what compiles its modules.

trixie gives everything but perfetto, which only sid has. `APT::Default-Release` keeps the rest from sid: without it
apt installs sid's kernel. sid's Release file may be past its Valid-Until date, hence Check-Valid-Until.
"""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from agent.handheld.host import run
from workloads.errors import SetupError

RELEASE = "trixie"
DEFAULT_MIRROR = "http://deb.debian.org/debian"
KEYRINGS = ("/usr/share/keyrings/debian-archive-keyring.gpg", "/usr/share/keyrings/debian-archive-keyring.pgp")
"""Debian 12's own keyring verifies both suites: their Release files also carry bookworm's automatic signing key."""

GUEST = ("linux-image-cloud-amd64", "mksh", "toybox", "adbd", "perfetto")
BUILD_ROOT = (
    "linux-headers-cloud-amd64",
    "gcc",
    "libc6-dev",
    "make",
    "kmod",
    "dash",
    "sed",
    "mawk",
    "grep",
    "findutils",
)

APT_OPTIONS = (
    'Acquire::Check-Valid-Until "false";',
    f'APT::Default-Release "{RELEASE}";',
    'APT::Install-Recommends "false";',
    'Acquire::Languages "none";',
    'Acquire::Retries "3";',
)

_INSTALL = re.compile(r"^Inst (?P<name>\S+) \((?P<version>\S+) (?P<archives>[^\[\])]*)", re.MULTILINE)
_UNMET = re.compile(r"(?P<name>perfetto) : Depends: (?P<needs>libc6 \([^)]*\))(?: but (?P<has>\S+))?")


@dataclass(frozen=True)
class Resolved:
    """One package as apt chose it.

    Attributes:
        name: Debian package.
        version: exact, with its epoch.
        archives: where apt found it, as in `Debian:13.2/stable`.
    """

    name: str
    version: str
    archives: str

    @property
    def pinned(self) -> str:
        """`name=version`, which apt installs exactly or not at all."""
        return f"{self.name}={self.version}"


def mirror() -> str:
    """The Debian mirror: `RECLAIM_DEBIAN_MIRROR`, else the one this machine uses itself, else Debian's own."""
    chosen = os.environ.get("RECLAIM_DEBIAN_MIRROR")
    if chosen:
        return chosen.rstrip("/")
    listed = run(
        ["apt-get", "indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(LABEL)", "Created-By: Packages"],
        "reading apt's sources",
    )
    return mirror_of(listed)


def mirror_of(listed: str) -> str:
    """The first web address among `apt-get indextargets` lines (`URI ORIGIN LABEL`) that serves Debian itself."""
    for line in listed.splitlines():
        uri, _, names = line.partition(" ")
        if names == "Debian Debian" and uri.startswith(("http://", "https://")):
            return uri.rstrip("/")
    return DEFAULT_MIRROR


def keyring() -> str:
    """Debian's archive keys on this machine.

    Raises:
        SetupError: there are none.
    """
    found = next((path for path in KEYRINGS if Path(path).exists()), None)
    if found is None:
        raise SetupError(
            f"Debian's archive keys are missing ({KEYRINGS[0]}): sudo apt-get install -y debian-archive-keyring"
        )
    return found


def sources(address: str, keys: str) -> tuple[str, ...]:
    """The one-line sources of both suites, verified by a file of keys."""
    return tuple(f"deb [signed-by={keys}] {address} {suite} main" for suite in (RELEASE, "sid"))


def parse_resolve(text: str) -> tuple[Resolved, ...]:
    """The packages of `apt-get --simulate install`, by name.

    Args:
        text: its output; lines read `Inst NAME (VERSION ARCHIVE, ARCHIVE [ARCH])` (apt-get(8)).
    """
    found = (Resolved(m["name"], m["version"], m["archives"].strip()) for m in _INSTALL.finditer(text))
    return tuple(sorted(found, key=lambda package: package.name))


def misfit(packages: tuple[Resolved, ...]) -> str | None:
    """Say why the resolve cannot work, or None.

    When sid's perfetto asks for a newer C library than trixie has, apt takes sid's library too, and the programs of
    trixie would run on it untested.
    """
    foreign = [p for p in packages if p.name != "perfetto" and "stable" not in _suites(p)]
    if not foreign:
        return None
    perfetto = next((p.version for p in packages if p.name == "perfetto"), "(not found)")
    names = ", ".join(f"{p.name} {p.version}" for p in foreign[:4])
    return (
        f"sid's perfetto {perfetto} no longer fits {RELEASE}: it pulls in {names} from sid."
        " Update reclaim, or point RECLAIM_DEBIAN_MIRROR at an older https://snapshot.debian.org/archive/debian/DATE"
    )


def _suites(package: Resolved) -> set[str]:
    """`Debian:13.2/stable, Debian-Security:13/stable-security` -> {stable, ...}; the part before `/` is a version."""
    return {word.rpartition("/")[2].split("-")[0].removeprefix("old") for word in package.archives.split(", ")}


def apt_failure(text: str) -> str:
    """The message for an apt that could not resolve: its own words, or the plain reason where it is the C library."""
    unmet = _UNMET.search(text)
    if unmet:
        has = f"; {RELEASE} has {unmet['has']}" if unmet["has"] else ""
        return f"sid's perfetto no longer fits {RELEASE}'s C library: it needs {unmet['needs']}{has}. Update reclaim"
    return text


def resolve(folder: Path, address: str) -> tuple[Resolved, ...]:
    """Ask apt, in a tree of its own under `folder`, what would be installed now.

    Raises:
        SetupError: no network, no such package, or versions that do not fit together.
    """
    env = {"APT_CONFIG": str(_write_apt(folder, address))}
    run(
        ["apt-get", "-q", "update", "-o", "APT::Update::Error-Mode=any"],
        f"reading the package lists of {address}",
        env=env,
    )
    try:
        text = run(
            ["apt-get", "-q", "--simulate", "install", *GUEST, *BUILD_ROOT], "choosing the guest's packages", env=env
        )
    except SetupError as error:
        raise SetupError(apt_failure(str(error))) from error
    packages = parse_resolve(text)
    problem = misfit(packages)
    if problem:
        raise SetupError(problem)
    return packages


def _write_apt(folder: Path, address: str) -> Path:
    """A tree for apt beside the host's: no host file but its proxies is read, nothing of the host is written."""
    for sub in ("state/lists/partial", "cache/archives/partial", "etc/preferences.d"):
        (folder / sub).mkdir(parents=True, exist_ok=True)
    (folder / "state/status").touch()
    (folder / "etc/sources.list").write_text("\n".join(sources(address, keyring())) + "\n")
    config = folder / "apt.conf"
    dirs = {
        "Dir::State": folder / "state",
        "Dir::State::status": folder / "state/status",
        "Dir::Cache": folder / "cache",
        "Dir::Etc": folder / "etc",
        "Dir::Etc::parts": "/dev/null",
    }
    lines = [f'{key} "{value}";' for key, value in dirs.items()]
    # lists compressed and no binary caches: 250 MB less on the user's disk
    small = ['Acquire::GzipIndexes "true";', 'Dir::Cache::pkgcache "";', 'Dir::Cache::srcpkgcache "";']
    user = [*small, 'APT::Sandbox::User "root";', 'APT::Architecture "amd64";', 'APT::Architectures "amd64";']
    config.write_text(
        "\n".join([*lines, *user, *APT_OPTIONS, *proxies(run(["apt-config", "dump"], "reading apt's proxies"))]) + "\n"
    )
    return config


def proxies(dump: str) -> tuple[str, ...]:
    """The proxy lines of `apt-config dump`, ready for a configuration file."""
    return tuple(line for line in dump.splitlines() if re.match(r"Acquire::https?::Proxy", line))
