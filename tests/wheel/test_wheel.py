# SPDX-License-Identifier: Apache-2.0
"""What a stranger gets who installs the wheel."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
MAKE_RUN = "from tests.support.synthetic_run import make_run; import sys, pathlib; make_run(pathlib.Path(sys.argv[1]))"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "build", "--wheel", "--outdir", str(folder), str(TOP)]
    subprocess.run(build, check=True, capture_output=True, timeout=300)
    (made,) = folder.glob("*.whl")
    return made


def test_the_wheel_holds_the_three_packages_their_data_and_no_tests(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"agent", "reports", "workloads"}
    for data in (
        "workloads/experiments/kcompressd.toml",
        "workloads/device/pressure.c",
        "workloads/device/pages.h",
        "agent/handheld/guest/init",
        "agent/handheld/guest/kcompressd/README.md",
    ):
        assert data in names
    assert any(name.startswith("reports/traces/sql/") and name.endswith(".sql") for name in names)
    assert any(name.endswith("licenses/LICENSES/GPL-2.0-only.txt") for name in names)


def test_the_installed_wheel_makes_a_report_in_a_clean_environment(wheel: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    subprocess.run([sys.executable, "-c", MAKE_RUN, str(run)], cwd=TOP, check=True, timeout=120)
    venv.create(tmp_path / "clean", with_pip=True)
    programs = tmp_path / "clean" / "bin"
    subprocess.run([programs / "pip", "install", "--quiet", wheel], check=True, timeout=600)
    command = [str(programs / "reclaim"), "report", str(run), "-o", str(tmp_path / "page.html")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "kcompressd" in (tmp_path / "page.html").read_text()
