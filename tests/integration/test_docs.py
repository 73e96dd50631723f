# SPDX-License-Identifier: Apache-2.0
"""What the documentation tells people to type, typed: every command that needs no phone, and the jobs of CI systems."""

import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from agent.cli.main import main
from tests.support.docs import PAGES, TOP, Told, blocks, commands
from tests.support.synthetic_run import Shape, make_run
from tests.support.traces import TraceBuilder

OFFLINE = {"measure", "compare", "gate", "report", "bundle", "list", "history"}
"""Commands that need neither a phone nor a guest; the others are typed on the virtual handheld (tests/guest)."""

ASIDE = {("history", "bisect"), ("compare", "for-them.reclaim.zip"), ("measure", "RUN")}
"""What asks for more than the folder holds: months of runs, or a run whose trials have traces."""

PASS, FAIL, ERROR, UNDECIDED = 0, 1, 2, 3
BOOT = "import sys; from agent.cli.main import main; sys.exit(main(sys.argv[1:], sys.stdout, sys.stderr))"


def typed() -> Iterator[Told]:
    for told in commands():
        if told.words[0] in OFFLINE and told.words[:2] not in ASIDE:
            yield told


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the pages take for given: RUN, TRACE, rules.toml and the like."""
    place = tmp_path_factory.mktemp("docs")
    for number, name in enumerate(
        ("RUN", "RUN2", "RUN3", "RUN_A", "RUN_B", "OLD1", "OLD2", "NEW1", "NEW2", "runs/one"), 1
    ):
        make_run(place / name, Shape(blocks=6, warm_ups=0, seed=number, noise=0.01, effect=False))
    for name in ("TRACE", "OLD/1.pftrace", "OLD/2.pftrace", "NEW/1.pftrace", "NEW/2.pftrace"):
        (place / name).parent.mkdir(exist_ok=True)
        TraceBuilder().launches(1.2, 1.8, "com.example.shop").write(place / name)
    (place / "rules.toml").write_text(blocks("gate.md", "toml")[0])
    return place


def spread(words: tuple[str, ...]) -> list[str]:
    """The words as a shell hands them on; `RUN...` is one run here."""
    words = tuple(word.removesuffix("...") for word in words)
    return [found for word in words for found in (sorted(map(str, Path().glob(word))) if "*" in word else [word])]


@pytest.mark.parametrize("page", sorted({told.page for told in typed()}))
def test_what_a_page_tells_to_type_works_from_its_first_line_to_its_last(
    page: str, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    for name in ("RECLAIM_HISTORY", "RECLAIM_STATE"):
        monkeypatch.setenv(name, str(tmp_path / name))
    for told in (told for told in typed() if told.page == page):
        out, err = io.StringIO(), io.StringIO()
        code = main(spread(told.words), out, err)
        assert code != ERROR, f"{told}\n{err.getvalue()}"


def test_pages_with_commands_are_found() -> None:
    assert {"README.md", "start.md", "page.md", "gate.md", "answers.md"} <= {told.page for told in typed()}
    assert len(PAGES) > 20


# The jobs: their shell lines, run by a shell, with a `reclaim` whose `run` brings a run from the folder `lab`.

SHIM = """#!/bin/sh
case "$1" in
run) shift; while [ "$1" != -o ]; do shift; done; cp -r lab/recorded "$2" ;;
*) exec {python} -c '{boot}' "$@" ;;
esac
"""


def github(text: str) -> list[str]:
    steps = yaml.safe_load(text)["jobs"]["gate"]["steps"]
    return [step["run"] for step in steps if "run" in step]


def gitlab(text: str) -> list[str]:
    return list(yaml.safe_load(text)["reclaim"]["script"])


def jenkins(text: str) -> list[str]:
    return re.findall(r"'''(.*?)'''", text, re.DOTALL)


JOBS = {"github.yml": github, "gitlab-ci.yml": gitlab, "Jenkinsfile": jenkins}


@pytest.fixture(params=["passes", "fails", "undecided"])
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, int]:
    """A checkout with `lab/my.toml` and `lab/rules.toml`, a program `reclaim`, and what the gate is to say."""
    slower, blocks_run, code = {"passes": (1.0, 8, PASS), "fails": (1.3, 8, FAIL), "undecided": (1.0, 2, UNDECIDED)}[
        request.param
    ]
    store = make_run(tmp_path / "lab" / "recorded", Shape(blocks=blocks_run, warm_ups=0, noise=0.01, effect=False))
    measures = store.measures()
    assert measures is not None
    touched = (measures["metric"] == "ttid") & measures["trial"].str.endswith("-on")
    store.write_measures(measures.assign(value=measures["value"].where(~touched, measures["value"] * slower)))
    (tmp_path / "lab" / "rules.toml").write_text('[[rules]]\nmetric = "ttid"\nmargin_percent = 5\n')
    program = tmp_path / "bin" / "reclaim"
    program.parent.mkdir()
    program.write_text(SHIM.format(python=sys.executable, boot=BOOT))
    program.chmod(0o755)
    return tmp_path, code


def shell(place: Path, lines: str) -> int:
    paths = {"PATH": f"{place / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(TOP)}
    env = {**os.environ, **paths, "SERIAL": "0123", "GITHUB_STEP_SUMMARY": str(place / "summary.md")}
    done = subprocess.run(["bash", "-ec", lines], cwd=place, env=env, capture_output=True, text=True, check=False)
    return done.returncode


@pytest.mark.parametrize("name", JOBS)
def test_a_job_says_what_the_gate_says(name: str, lab: tuple[Path, int]) -> None:
    place, code = lab
    text = (TOP / "docs" / "ci" / name).read_text()
    *before, gate = JOBS[name](text)
    assert [shell(place, lines) for lines in before] == [0] * len(before)
    told = shell(place, gate)
    if name == "github.yml":
        assert told == (0 if code == UNDECIDED else code)
        assert (place / "summary.md").read_text()
        assert json.loads((place / "gate.sarif").read_text())["version"] == "2.1.0"
    else:
        assert told == code
        assert (place / "gate.xml").read_text().startswith("<?xml")
    assert (place / "report.html").stat().st_size > 100_000


def test_gitlab_takes_an_undecided_gate_for_neither() -> None:
    job = yaml.safe_load((TOP / "docs" / "ci" / "gitlab-ci.yml").read_text())["reclaim"]
    assert job["allow_failure"] == {"exit_codes": UNDECIDED}
