# SPDX-License-Identifier: Apache-2.0
"""A stranger's bundle: refused in one line, with nothing written, whatever is wrong with it."""

from io import StringIO
from pathlib import Path

import pytest

from agent.cli.main import main
from reports.bundle.unpack import is_bundle, opened, peek, unpack
from tests.support.bundles import BAD, FILES, good
from workloads.errors import InputError, ReclaimError


def files(top: Path) -> list[str]:
    return sorted(str(path.relative_to(top)) for path in top.rglob("*") if path.is_file())


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_bundle_is_refused_in_one_line_and_leaves_nothing(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make, told = BAD[kind]
    bundle, temporary = tmp_path / "evil.reclaim.zip", tmp_path / "tmp"
    bundle.write_bytes(make())
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    monkeypatch.chdir(tmp_path)
    out, err = StringIO(), StringIO()
    assert main(["report", str(bundle)], out, err) == 2
    assert told in err.getvalue()
    assert err.getvalue().startswith(f"reclaim: {bundle}: ")
    assert err.getvalue().count("\n") == 1
    assert err.getvalue().removesuffix("\n").isprintable()
    assert out.getvalue() == ""
    assert files(tmp_path) == ["evil.reclaim.zip"]


def test_a_good_one_is_what_went_into_it_and_is_gone_when_closed(tmp_path: Path) -> None:
    bundle = tmp_path / "good.reclaim.zip"
    bundle.write_bytes(good())
    with opened(bundle) as found:
        assert {name: (found.folder / name).read_bytes() for name in files(found.folder)} == FILES
        assert found.trace == found.folder / "trace.pftrace"
        assert found.folder.name == "good"
        folder = found.folder
    assert not folder.exists()
    assert peek(bundle) == found.manifest


def test_errors_about_what_is_inside_name_the_bundle(tmp_path: Path) -> None:
    bundle = tmp_path / "good.reclaim.zip"
    bundle.write_bytes(good())
    with pytest.raises(InputError, match=f"^{bundle}/trace.pftrace: is odd$"), opened(bundle) as found:
        raise InputError(f"{found.trace}: is odd")


def test_a_folder_that_is_there_is_never_unpacked_into(tmp_path: Path) -> None:
    bundle = tmp_path / "good.reclaim.zip"
    bundle.write_bytes(good())
    with pytest.raises(ReclaimError, match="File exists"):
        unpack(bundle, tmp_path)
    assert files(tmp_path) == ["good.reclaim.zip"]


def test_a_bundle_is_known_by_its_name_or_its_first_bytes(tmp_path: Path) -> None:
    for name, data, known in (("a.zip", good(), True), ("b.reclaim.zip", b"", True), ("c.zip", b"PK\x03\x04", False)):
        (tmp_path / name).write_bytes(data)
        assert is_bundle(tmp_path / name) is known
    assert not is_bundle(tmp_path)
    assert not is_bundle(tmp_path / "nothing.reclaim.zip")
