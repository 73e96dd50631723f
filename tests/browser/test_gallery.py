# SPDX-License-Identifier: Apache-2.0
"""`make gallery`: every picture that README and docs show, taken of a run's page."""

import re
from pathlib import Path

import pytest
from PIL import Image, ImageStat

from tests.support.gallery import DOCS, SHOTS, gallery, main, newest
from tests.support.synthetic_run import Shape, make_run
from workloads.errors import InputError

pytestmark = pytest.mark.browser


def test_every_picture_that_is_shown_is_taken_and_every_one_taken_is_shown(tmp_path: Path) -> None:
    texts = "".join(file.read_text() for file in (DOCS / "forms.md", DOCS.parent / "README.md"))
    shown = {name.removeprefix("docs/") for name in re.findall(r"!\[[^\]]+\]\(([\w/.-]+\.png)\)", texts)}
    assert shown == set(SHOTS)
    run = make_run(tmp_path / "run", Shape(blocks=6))
    files = gallery(run.path, tmp_path)
    assert [str(file.relative_to(tmp_path)) for file in files] == list(SHOTS)
    for name, shot in SHOTS.items():
        with Image.open(tmp_path / name) as image:
            assert len(image.getcolors() or ()) > 50
            if not shot.section:
                scale = image.width // shot.width
                assert image.size == (scale * shot.width, scale * shot.height)
    with Image.open(tmp_path / "gallery/dark.png") as dark, Image.open(tmp_path / "report.png") as light:
        assert ImageStat.Stat(dark.convert("L")).mean[0] < 100 < ImageStat.Stat(light.convert("L")).mean[0]


def test_the_newest_run_of_the_demo_is_taken_unless_one_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="make demo"):
        newest()
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("gallery: runs: holds no run of the demo")
    for name in ("kcompressd-20260101-000000", "kcompressd-20261201-000000", "other-20270101-000000"):
        make_run(tmp_path / "runs" / name, Shape(blocks=1, stop_after=0))
    assert newest() == Path("runs/kcompressd-20261201-000000")
