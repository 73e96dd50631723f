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
from tests.support.docs import PAGES, TOP, Told, blocks, commands, typed_in
from tests.support.synthetic_run import Shape, make_run
from tests.support.traces import TraceBuilder

MEASURED = ("measure", "RUN")
"""Asks for a run whose trials have traces: typed by test_docs_phone.py."""

PASS, FAIL, ERROR, UNDECIDED = 0, 1, 2, 3
BOOT = "import sys; from agent.cli.main import main; sys.exit(main(sys.argv[1:], sys.stdout, sys.stderr))"


def typed() -> Iterator[Told]:
    for told in commands():
        if typed_in(told) == "folder" and told.words != MEASURED:
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
        (TraceBuilder().launches(1.2, 1.8, "com.example.shop").vmstat(1, pswpin=0).vmstat(2, pswpin=9)).write(
            place / name
        )
    (place / "rules.toml").write_text(blocks("gate.md", "toml")[0])
    return place


def spread(words: tuple[str, ...]) -> list[str]:
    """The words as a shell hands them on; `RUN...` is one run here, and `/lab/farm` lies here."""
    words = tuple(word.removesuffix("...").removeprefix("/lab/") for word in words)
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


def test_the_example_of_a_metric_is_listed_and_measured(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "swap.sql").write_text(blocks("metrics.md", "sql")[0])
    monkeypatch.setenv("RECLAIM_METRICS", str(tmp_path))
    listed, measured, err = io.StringIO(), io.StringIO(), io.StringIO()
    assert main(["list", "metrics"], listed, err) == PASS
    assert main(["measure", str(folder / "TRACE"), "--json"], measured, err) == PASS
    assert "swap_calls  [count, lower is better, per trial]  Pages swapped in" in listed.getvalue()
    rows = json.loads(measured.getvalue())["traces"][0]["measures"]
    assert [row["value"] for row in rows if row["metric"] == "swap_calls"] == [9]
    assert err.getvalue() == ""


def test_pages_with_commands_are_found() -> None:
    assert {"README.md", "start.md", "page.md", "gate.md", "answers.md"} <= {told.page for told in typed()}
    assert len(PAGES) > 20


# The jobs: their shell lines, with a `reclaim` whose `run` and `resume` bring a run from the folder `lab`.

SHIM = """#!/bin/sh
echo "$1" >>lab/typed
case "$1" in
run)
    while [ "$1" != -o ]; do shift; done
    mkdir "$2" || exit 2
    [ ! -e lab/breaks-off ] || exit 2
    cp -r lab/recorded/. "$2"
    ;;
resume) cp -r lab/recorded/. "$2" ;;
report) [ -e lab/no-page ] || exec {python} -c '{boot}' "$@" ;;
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
    if code != PASS:  # the page is the same whatever the gate says, and takes a second
        (place / "lab" / "no-page").touch()
    assert [shell(place, lines) for lines in before] == [0] * len(before)
    told = shell(place, gate)
    if name == "github.yml":
        assert told == (0 if code == UNDECIDED else code)
        assert (place / "summary.md").read_text()
        assert json.loads((place / "gate.sarif").read_text())["version"] == "2.1.0"
    else:
        assert told == code
        assert (place / "gate.xml").read_text().startswith("<?xml")
    if code == PASS:
        assert (place / "report.html").stat().st_size > 100_000


@pytest.mark.parametrize("lab", ["passes"], indirect=True)
@pytest.mark.parametrize("name", JOBS)
def test_a_job_goes_on_with_a_run_that_breaks_off(name: str, lab: tuple[Path, int]) -> None:
    place, _ = lab
    (place / "lab" / "breaks-off").touch()
    (runs,) = (lines for lines in JOBS[name]((TOP / "docs" / "ci" / name).read_text()) if "reclaim run" in lines)
    assert shell(place, runs) == 0
    assert (place / "lab" / "typed").read_text().split() == ["run", "resume"]
    assert (place / "run" / "plan.json").exists()


@pytest.mark.parametrize("lab", ["passes"], indirect=True)
def test_jenkins_which_keeps_its_workspace_never_judges_the_run_of_the_last_build(lab: tuple[Path, int]) -> None:
    place, _ = lab
    (place / "run").mkdir()
    (place / "run" / "old").touch()
    for lines in jenkins((TOP / "docs" / "ci" / "Jenkinsfile").read_text())[:2]:
        assert shell(place, lines) == 0
    assert (place / "run" / "plan.json").exists()
    assert not (place / "run" / "old").exists()


def test_jenkins_takes_an_undecided_gate_for_unstable() -> None:
    text = (TOP / "docs" / "ci" / "Jenkinsfile").read_text()
    assert re.search(
        rf"if \(code == {UNDECIDED}\) {{\s+unstable\(.*\s+}} else if \(code != {PASS}\) {{\s+error\(", text
    )


def test_gitlab_takes_an_undecided_gate_for_neither() -> None:
    job = yaml.safe_load((TOP / "docs" / "ci" / "gitlab-ci.yml").read_text())["reclaim"]
    assert job["allow_failure"] == {"exit_codes": UNDECIDED}
