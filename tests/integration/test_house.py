# SPDX-License-Identifier: Apache-2.0
"""The rules of the house that no linter checks."""

import ast
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TOP = Path(__file__).resolve().parents[2]
SOURCES = {".py", ".c", ".h", ".toml", ".sql", ".sh", ".profile", ".j2", ".css", ".js"}
MOST_LINES, MOST_FUNCTION_LINES = 400, 40


def sources() -> list[Path]:
    listed = subprocess.run(["git", "ls-files"], cwd=TOP, capture_output=True, text=True, check=True).stdout
    return [TOP / name for name in listed.splitlines() if (TOP / name).exists()]


def functions(path: Path) -> Iterator[tuple[str, int]]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{path.name}:{node.name}", (node.end_lineno or 0) - node.body[0].lineno + 1


def test_every_source_file_names_its_licence() -> None:
    files = [path for path in sources() if path.suffix in SOURCES or path.parent.name == ".ci"]
    assert len(files) > 50
    assert [str(f) for f in files if "SPDX-License-Identifier:" not in f.read_text()[:300]] == []


def test_only_the_kernel_modules_are_gpl() -> None:
    marked = [f for f in sources() if f.suffix in {".c", ".h"} and "GPL-2.0" in f.read_text()[:300]]
    assert marked
    assert {f.relative_to(TOP).parts[:4] for f in marked} == {("agent", "handheld", "guest", "kcompressd")}


def test_no_file_and_no_function_outgrows_its_size() -> None:
    code = [path for path in sources() if path.suffix in {".py", ".c", ".h"}]
    assert [str(f) for f in code if len(f.read_text().splitlines()) > MOST_LINES] == []
    assert [n for f in code if f.suffix == ".py" for n, size in functions(f) if size > MOST_FUNCTION_LINES] == []


@pytest.mark.parametrize(
    ("file", "planted"),
    [
        ("workloads/spec.py", "import reports.metrics"),
        ("reports/record.py", "import agent.ports"),
        ("agent/runner/plan.py", "import subprocess"),
        ("reports/verdict.py", "import jinja2"),
    ],
)
def test_a_planted_import_breaks_its_contract(tmp_path: Path, file: str, planted: str) -> None:
    for package in ("agent", "reports", "workloads"):
        shutil.copytree(TOP / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(TOP / "pyproject.toml", tmp_path)
    lint = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    assert subprocess.run(lint, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    with (tmp_path / file).open("a") as source:
        source.write(f"\n{planted}\n")
    assert subprocess.run(lint, cwd=tmp_path, capture_output=True, check=False).returncode == 1
