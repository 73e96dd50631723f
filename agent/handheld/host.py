# SPDX-License-Identifier: Apache-2.0
"""This machine: programs that must be there, folders that may be written, and how a program is run to its end."""

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import platformdirs

from reports import folders
from workloads.errors import SetupError

_PACKAGE_OF = {
    "qemu-system-x86_64": "qemu-system-x86",
    "qemu-img": "qemu-utils",
    "mmdebstrap": "mmdebstrap",
    "zstd": "zstd",
    "cpio": "cpio",
    "mke2fs": "e2fsprogs",
    "unshare": "util-linux",
    "apt-get": "apt",
}
"""Host programs and the Debian package that brings each (Debian 12 and 13)."""

_SBIN = "/usr/local/sbin:/usr/sbin:/sbin"


def search_path() -> str:
    """PATH with the administrator's folders at its end: mke2fs is not on a Debian user's PATH."""
    return f"{os.environ.get('PATH', os.defpath)}:{_SBIN}"


def require(*programs: str, path: str | None = None) -> None:
    """Make sure that programs are installed, on `path` or where this user and the administrator have theirs.

    Raises:
        SetupError: some are not; names them and the exact command that installs them.
    """
    missing = [program for program in programs if shutil.which(program, path=path or search_path()) is None]
    if missing:
        packages = " ".join(dict.fromkeys(_PACKAGE_OF[program] for program in missing))
        raise SetupError(f"the virtual handheld needs {', '.join(missing)}: sudo apt-get install -y {packages}")


def as_root() -> tuple[str, ...]:
    """Words to put before a program so that it sees its user's files as root's; none when already root."""
    return () if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user")


def run(argv: Sequence[str], what: str, *, env: Mapping[str, str] | None = None, stdin: bytes = b"") -> str:
    """Run a program of this machine to its end.

    Args:
        argv: program and arguments.
        what: for the message, as in `building the kernel modules`.
        env: added to the environment.
        stdin: fed to it.

    Returns:
        Its standard output.

    Raises:
        SetupError: it failed; carries what it complained of.
    """
    try:
        done = subprocess.run(
            list(argv),
            input=stdin,
            capture_output=True,
            check=False,
            env=os.environ | {"PATH": search_path()} | dict(env or {}),
        )
    except OSError as error:
        raise SetupError(f"{what} failed: {argv[0]}: {error.strerror}") from error
    if done.returncode != 0 and done.stderr.startswith(b"unshare:"):
        raise SetupError(
            f"{what} needs user namespaces, which this machine refuses ({done.stderr.decode().strip()}):"
            " sudo sysctl -w kernel.unprivileged_userns_clone=1, or run this one command as root"
        )
    if done.returncode != 0:
        raise SetupError(f"{what} failed: {complaint((done.stderr or done.stdout).decode(errors='replace'))}")
    return done.stdout.decode(errors="replace")


def complaint(text: str) -> str:
    """What matters in a failed program's words: no room, apt's first `E:` line, else its last lines."""
    if "No space left on device" in text:
        return "no space left on the disk"
    lines = text.strip().splitlines()
    first = next((line.removeprefix("E: ") for line in lines if line.startswith("E: ")), None)
    return " ".join(first.split())[:300] if first else "\n".join(lines[-12:])


def require_space(folder: Path, needed_bytes: int) -> None:
    """Make sure there is room where something large is about to be written.

    Raises:
        SetupError: there is less; names the folder and both sizes in MiB.
    """
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if free < needed_bytes:
        raise SetupError(
            f"{folder} has {free >> 20} MiB free and {needed_bytes >> 20} MiB are needed:"
            " free some space, or set RECLAIM_CACHE and RECLAIM_STATE to other folders"
        )


def cache_dir() -> Path:
    """Where images are kept: `RECLAIM_CACHE`, else the user's cache folder."""
    return Path(os.environ.get("RECLAIM_CACHE") or platformdirs.user_cache_dir("reclaim")) / "handheld"


def state_dir() -> Path:
    """Where running handhelds are written down."""
    return folders.state_dir() / "handheld"
