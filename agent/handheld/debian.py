# SPDX-License-Identifier: Apache-2.0
"""A Debian tree unpacked by mmdebstrap, and programs run inside it: compiler, depmod, the dynamic loader.

`--variant=extract` only unpacks, so no foreign program runs and no privilege is needed: a user who is not root takes
`--mode=chrootless`, which needs neither subordinate ids nor mounts (fakechroot fails, unshare needs newuidmap).
"""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent.handheld.host import as_root, complaint, run, search_path
from agent.handheld.packages import APT_OPTIONS, RELEASE, Resolved, keyring, sources
from workloads.errors import SetupError

_LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64", "usr/bin/awk": "mawk"}
"""What base-files and update-alternatives would make; extraction alone does not."""

_UNUSED = ("var/cache/apt", "var/lib/apt", "usr/share/doc", "usr/share/man", "usr/share/locale", "usr/lib/udev")


def mmdebstrap_argv(packages: Sequence[Resolved], address: str, keys: str, *, root: bool) -> list[str]:
    """The command that writes the tree as a tar file to standard output: exact versions, nothing else."""
    options = [f"--aptopt={option.rstrip(';')}" for option in APT_OPTIONS]
    return [
        "mmdebstrap",
        f"--mode={'root' if root else 'chrootless'}",
        "--variant=extract",
        "--format=tar",
        "--architectures=amd64",
        f"--keyring={keys}",
        *options,
        '--aptopt=APT::Sandbox::User "root"',  # _apt cannot look into a user's cache folder, and apt says so each time
        f"--include={','.join(package.pinned for package in packages)}",
        RELEASE,
        "-",
        *sources(address, keys),
    ]


def unpack(packages: Sequence[Resolved], address: str, target: Path) -> None:
    """Fetch packages and unpack them into `target`.

    Raises:
        SetupError: network, mirror or disk failed; with mmdebstrap's last lines.
    """
    # mmdebstrap unpacks under TMPDIR first: /tmp may be a small tmpfs (Debian 13's default)
    env = os.environ | {"PATH": search_path(), "TMPDIR": str(target.parent)}
    argv = mmdebstrap_argv(packages, address, keyring(), root=os.geteuid() == 0)
    untar = ["tar", "-x", "-C", str(target), "--no-same-owner", "--exclude=./dev/*"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env) as source:
        sink = subprocess.run(untar, stdin=source.stdout, capture_output=True, check=False, env=env)
        _, errors = source.communicate()
    if source.returncode != 0 or sink.returncode != 0:
        said = (errors + sink.stderr).decode(errors="replace")
        raise SetupError(f"fetching the guest's packages failed: {complaint(said)}")
    for name, to in _LINKS.items():
        if not (target / name).exists():
            (target / name).symlink_to(to)
    for name in _UNUSED:
        shutil.rmtree(target / name, ignore_errors=True)


@dataclass(frozen=True)
class DebianRoot:
    """An unpacked tree."""

    path: Path

    def run(self, argv: Sequence[str], what: str, *, stdin: bytes = b"") -> str:
        """Run one of its programs with it as root folder; as the caller's user where that is not root.

        Raises:
            SetupError: the program failed, or this machine allows no user namespaces.
        """
        env = {"PATH": "/usr/bin:/usr/sbin", "LC_ALL": "C"}
        # env -i inside: the caller's compiler flags and library paths are not the tree's
        inside = ["env", "-i", *(f"{key}={value}" for key, value in env.items()), *argv]
        return run([*as_root(), "chroot", str(self.path), *inside], what, stdin=stdin)

    @property
    def kernel(self) -> str:
        """Release of the kernel in it, as `6.12.107+deb13-cloud-amd64`.

        Raises:
            SetupError: there is none, or more than one.
        """
        releases = [path.name.removeprefix("vmlinuz-") for path in (self.path / "boot").glob("vmlinuz-*")]
        if len(releases) != 1:
            raise SetupError(
                f"expected one kernel in {self.path}/boot, found {len(releases)}: run reclaim handheld build again"
            )
        return releases[0]

    def libraries(self, program: str) -> tuple[str, ...]:
        """Absolute paths of the loader and every library a program loads, as the tree's own loader finds them."""
        listed = self.run(["/lib64/ld-linux-x86-64.so.2", "--list", program], f"looking up the libraries of {program}")
        return parse_libraries(listed)


def parse_libraries(listed: str) -> tuple[str, ...]:
    """Paths in `ld.so --list` output: `name => /path (address)` or `/path (address)` (ld.so(8))."""
    words = (line.partition("=>")[2] or line for line in listed.splitlines())
    paths = (word.split("(")[0].strip() for word in words)
    return tuple(path for path in paths if path.startswith("/"))
