# SPDX-License-Identifier: Apache-2.0
from pathlib import Path

import pytest

from agent.handheld.disks import AppFile, parse_profile, write_app_files
from agent.handheld.folders import appearing
from agent.handheld.host import complaint, require, require_space, run
from agent.handheld.image import GUEST_SOURCES, recipe_key, versions_key
from agent.handheld.modules import closure, name_of, parse_dependencies
from agent.handheld.packages import Resolved
from workloads.errors import SetupError

DEPENDENCIES = """\
kernel/net/core/failover.ko.xz:
kernel/drivers/net/net_failover.ko.xz: kernel/net/core/failover.ko.xz
kernel/drivers/net/virtio-net.ko.xz: kernel/drivers/net/net_failover.ko.xz kernel/net/core/failover.ko.xz
"""


def test_modules_are_inserted_after_what_they_need() -> None:
    order = closure(parse_dependencies(DEPENDENCIES), ["virtio_net"])
    assert [name_of(path) for path in order] == ["failover", "net_failover", "virtio_net"]


def test_a_module_the_kernel_lost_is_named() -> None:
    with pytest.raises(SetupError, match="no module zram"):
        closure(parse_dependencies(DEPENDENCIES), ["zram"])


def test_a_profile_names_its_files() -> None:
    text = "# a comment\npackage com.example\nfile base.apk 100\nanon 5 0.5\nfile lib.so 7\n"
    assert parse_profile(text) == (AppFile("app/com.example/base.apk", 100), AppFile("app/com.example/lib.so", 7))


def test_app_files_have_their_size_and_the_same_contents_each_time(tmp_path: Path) -> None:
    profile = tmp_path / "a.profile"
    profile.write_text("package a\nfile x 3000000\nfile y 3000000\n")
    for name in ("first", "second"):
        write_app_files([profile], tmp_path / name)
    first, second = ((tmp_path / name / "app/a/x").read_bytes() for name in ("first", "second"))
    assert len(first) == 3000000
    assert first == second
    assert first != (tmp_path / "first/app/a/y").read_bytes()


def test_a_folder_appears_only_when_it_was_filled(tmp_path: Path) -> None:
    final = tmp_path / "image"

    def interrupted() -> None:
        with appearing(final) as folder:
            (folder / "half").touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert list(tmp_path.iterdir()) == []


def test_what_an_interrupted_build_left_behind_does_not_survive_the_next(tmp_path: Path) -> None:
    (tmp_path / ".image.partial-1").mkdir()
    (tmp_path / ".image.partial-1/rubbish").touch()
    with appearing(tmp_path / "image") as folder:
        (folder / "whole").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["image"]
    assert [path.name for path in (tmp_path / "image").iterdir()] == ["whole"]


def test_a_folder_that_cannot_be_written_is_one_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SetupError, match="cannot write"), appearing(tmp_path / "file/image"):
        pass


def test_the_recipe_changes_with_the_guests_sources_but_not_with_its_readme(tmp_path: Path) -> None:
    (tmp_path / "init").write_text("a")
    first = recipe_key(tmp_path)
    (tmp_path / "README.md").write_text("words")
    assert recipe_key(tmp_path) == first
    (tmp_path / "init").write_text("b")
    assert recipe_key(tmp_path) != first


def test_the_versions_key_changes_with_any_version() -> None:
    assert versions_key([Resolved("mksh", "59", "x")]) != versions_key([Resolved("mksh", "60", "x")])


def test_the_guests_sources_ship_with_the_package() -> None:
    assert (GUEST_SOURCES / "init").is_file()
    assert (GUEST_SOURCES / "tools/stage1.c").is_file()


def test_a_missing_program_is_told_with_the_command_that_installs_it(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"sudo apt-get install -y qemu-system-x86 qemu-utils zstd$"):
        require("qemu-system-x86_64", "qemu-img", "zstd", path=str(tmp_path))


def test_a_full_disk_is_told_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="MiB free and"):
        require_space(tmp_path, 1 << 60)


def test_a_failing_program_is_told_with_its_last_words() -> None:
    with pytest.raises(SetupError, match="packing failed: no room"):
        run(["sh", "-c", "echo no room >&2; exit 3"], "packing")


def test_apts_first_complaint_is_told_in_one_line() -> None:
    said = "I: fetching\nE: Failed to fetch http://m/p.deb  Could not connect\nE: Some files failed\n" + "E: x" * 999
    with pytest.raises(SetupError) as caught:
        run(["sh", "-c", 'printf "%s" "$0" >&2; exit 100', said], "reading lists")
    assert str(caught.value) == "reading lists failed: Failed to fetch http://m/p.deb Could not connect"


def test_a_full_disk_outweighs_other_complaints() -> None:
    assert complaint("E: apt failed\nE: Error writing to file - write (28: No space left on device)") == (
        "no space left on the disk"
    )
