# SPDX-License-Identifier: Apache-2.0
"""`reclaim history` and `reclaim gate --against`: whole commands on synthetic runs."""

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from io import StringIO
from pathlib import Path

import numpy as np
import pytest

from agent.cli.main import main
from reports.history import cuts
from reports.history.store import open_history
from reports.record import DeviceFacts
from reports.store import RunStore
from tests.support.planted import planted, row
from tests.support.synthetic_run import Shape, make_run

BUILDS, SHIFTED = 8, 6


@dataclass
class Told:
    code: int
    out: str
    err: str

    @property
    def flat(self) -> str:
        return " ".join(self.out.split())


def reclaim(*words: object) -> Told:
    out, err = StringIO(), StringIO()
    code = main([str(word) for word in words], out, err)
    return Told(code, out.getvalue(), err.getvalue())


def began(store: RunStore, day: int, hour: int) -> None:
    for record in store.records():
        store.write_trial(replace(record, started_at=f"2026-11-{day:02d}T{hour:02d}{record.started_at[13:]}"))


def a_run(path: Path, build: int, *, seed: int, level: float = 1.0) -> RunStore:
    def device(facts: DeviceFacts) -> DeviceFacts:
        return replace(facts, kernel=f"6.12.{build}")

    random = np.random.default_rng(seed)
    own = level * float(np.exp(0.01 * random.normal()))
    store = make_run(path, Shape(blocks=6, warm_ups=0, noise=0.01, seed=seed, level=own, device=device))
    began(store, build + 1, 10 + seed % 2)
    return store


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two runs each of eight builds; from the seventh on everything takes 20 % more."""
    top = tmp_path_factory.mktemp("lab")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RECLAIM_HISTORY", str(top / "history"))
        runs = [
            a_run(
                top / f"run-{build}-{again}", build, seed=2 * build + again, level=1.2 if build >= SHIFTED else 1.0
            ).path
            for build in range(BUILDS)
            for again in (0, 1)
        ]
        assert reclaim("history", "add", *runs).out.count(": added\n") == 2 * BUILDS
        yield top


def test_a_run_is_added_once(kept: Path) -> None:
    told = reclaim("history", "add", kept / "run-0-0", "--json")
    assert json.loads(told.out)["runs"] == {str(kept / "run-0-0"): "unchanged"}


@pytest.mark.usefixtures("kept")
def test_list_names_runs_and_baselines() -> None:
    lines = reclaim("history", "list").out.splitlines()
    assert len(lines) == 2 * BUILDS
    assert "2026-11-01 10:01  run-0-0  kcompressd  Virtual Handheld  6.12.0" in lines[0]
    reclaim("history", "pin", "6.12.2", "run-3-0", "--name", "golden")
    assert reclaim("history", "list").out.splitlines()[-1] == "baseline golden: 3 runs"
    assert len(json.loads(reclaim("history", "list", "--json").out)["baselines"][0]["runs"]) == 3
    assert reclaim("history", "unpin", "--name", "golden").code == 0
    assert "has no baseline" in reclaim("history", "unpin", "--name", "golden").err


@pytest.mark.usefixtures("kept")
def test_trend_says_since_which_build_and_by_how_much() -> None:
    told = reclaim("history", "trend", "--metric", "kswapd_cpu", "--arm", "off")
    assert told.code == 0
    assert "CPU time of kswapd of off, kcompressd on Virtual Handheld" in told.flat
    assert re.search(r"\+\d+ \[\+\d+, \+\d+\] % worse since 6\.12\.6", told.flat)
    assert "before: run-5-0, run-5-1; since: run-6-0, run-6-1" in told.flat
    assert max(map(len, told.out.splitlines())) <= 80


@pytest.mark.usefixtures("kept")
def test_trend_follows_primary_metrics_of_every_arm_and_effects() -> None:
    series = json.loads(reclaim("history", "trend", "--json").out)["series"]
    assert {(each["metric"], each["arm"]) for each in series} == {
        (metric, arm) for metric in ("direct_reclaim_time", "kswapd_cpu") for arm in ("off", "on")
    }
    effects = json.loads(reclaim("history", "trend", "--effect", "--json").out)["series"]
    assert [(each["arm"], each["what"], each["changes"]) for each in effects] == [("on", "effect", [])] * 2


def test_the_page_links_runs_to_their_reports_and_escapes_what_came_in(kept: Path, tmp_path: Path) -> None:
    page = tmp_path / "trend.html"
    (kept / "run-6-0" / "report.html").write_text("x")
    told = reclaim("history", "trend", "--metric", "kswapd_cpu", "-o", page)
    assert told.out.splitlines()[-1] == str(page)
    html = page.read_text()
    assert f'<a href="{(kept / "run-6-0" / "report.html").as_uri()}">run-6-0</a>' in html
    assert "default-src 'none'" in unescape(html)
    (kept / "run-6-0" / "report.html").unlink()


@pytest.mark.parametrize(
    "report", ["javascript:alert(1)", "java\nscript:alert(1)", "data:text/html,<script>", "nowhere/at-all"]
)
def test_a_stranger_s_history_runs_nothing_on_the_page(tmp_path: Path, report: str) -> None:
    history, page = open_history(str(tmp_path / "h")), tmp_path / "page.html"
    bad = '"><script>alert(1)</script>\N{RIGHT-TO-LEFT OVERRIDE}'
    for each in planted(1, builds=40, runs=1, shifts=1).rows:
        history.add([replace(each, run=bad, model=bad, report=report, build=bad + each.kernel)])
    told = reclaim("history", "trend", "--history", history.url, "-o", page)
    html = page.read_text().rpartition('<script type="application/json"')[0]
    assert "<script>" not in html
    assert "\N{RIGHT-TO-LEFT OVERRIDE}" not in html + told.out
    assert "<a href" not in html
    assert json.dumps(report) not in page.read_text()


@pytest.mark.usefixtures("kept")
def test_bisect_names_the_build_to_run_next(tmp_path: Path) -> None:
    builds = tmp_path / "builds"
    builds.write_text(
        "".join(f"6.12.{build}\n" + "".join(f"6.12.{build}-n{i}\n" for i in range(7)) for build in range(8))
    )
    told = reclaim("history", "bisect", "--metric", "kswapd_cpu", "--arm", "off", "--builds", builds)
    assert "run next: 6.12.5-n3" in told.flat
    assert "good: 6.12.5; bad: 6.12.6" in told.flat
    found = reclaim("history", "bisect", "--metric", "kswapd_cpu", "--arm", "off", "--json")
    assert json.loads(found.out)["step"]["todo"] == "found"
    assert "several series fit" in reclaim("history", "bisect", "--metric", "kswapd_cpu").err


@pytest.mark.usefixtures("kept")
def test_a_run_like_those_since_the_last_change_passes_the_gate(tmp_path: Path) -> None:
    store = a_run(tmp_path / "new", 9, seed=99, level=1.2)
    told = reclaim("gate", store.path, "--against", "history")
    assert told.code in (0, 3)
    assert "FAIL" not in told.out
    assert "margins from the noise recorded there" in told.flat
    assert "against 4 runs of 2 builds" in told.flat


def test_a_run_that_lost_what_the_baseline_had_fails_and_a_waiver_lets_it_through(kept: Path, tmp_path: Path) -> None:
    store = a_run(tmp_path / "new", 9, seed=99, level=1.2)
    reclaim("history", "pin", "6.12.1", "6.12.2", "6.12.3", "--name", "golden")
    against = ("gate", store.path, "--against", kept / "history", "--baseline", "golden")
    told = reclaim(
        *against, "--junit", tmp_path / "j.xml", "--sarif", tmp_path / "s.sarif", "--markdown", tmp_path / "m.md"
    )
    assert told.code == 1
    assert "FAIL kswapd_cpu of off must not worsen by more than" in told.flat
    assert "against 6 runs of 3 builds, which vary by" in told.flat
    assert "proven to be worse" in (tmp_path / "j.xml").read_text() + (tmp_path / "s.sarif").read_text()
    rules = tmp_path / "rules.toml"
    rules.write_text(
        "".join(
            f'[[waivers]]\nmetric = "{metric}"\nowner = "me"\nreason = "known"\nexpires = 9999-12-31\n'
            for metric in ("kswapd_cpu", "direct_reclaim_time")
        )
    )
    assert reclaim(*against, "--rules", rules).code == 0
    assert "has no baseline 'silver'" in reclaim(*against[:-1], "silver").err
    reclaim("history", "unpin", "--name", "golden")


@pytest.mark.usefixtures("kept")
def test_margins_that_a_file_of_rules_states_are_kept(tmp_path: Path) -> None:
    store, rules = a_run(tmp_path / "new", 9, seed=99, level=1.2), tmp_path / "rules.toml"
    rules.write_text('[[rules]]\nmetric = "kswapd_cpu"\nmargin_percent = 40\n')
    told = reclaim("gate", store.path, "--against", "history", "--rules", rules)
    assert told.code == 0
    assert "PASS kswapd_cpu of off must not worsen by more than 40 %" in told.flat


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("history", "add", "nowhere"), "nowhere: is not there"),
        (("history", "trend", "--metric", "nosuch"), "holds no such figure"),
        (("history", "trend", "--since", "yesterday"), "is no day"),
        (("history", "trend", "--builds", "nowhere"), "cannot be read"),
        (("history", "trend", "-o", "/nowhere/x.html"), "there is no directory"),
        (("history", "pin", "nosuch"), "is neither a run nor a build"),
        (("history", "list", "--history", "nosuch://x"), "nosuch"),
        (("history", "bisect", "--metric", "kswapd_cpu", "--arm", "off", "--good", "x"), "no run of this build"),
        (("gate", "RUN", "--baseline", "x"), "--baseline needs --against"),
        (("gate", "RUN", "--against", "history", "--self-test"), "leave one out"),
        (("history", "add", "RUN", "--report", "javascript:x"), "begins with http"),
    ],
)
def test_what_does_not_fit_is_one_line_and_exit_code_2(kept: Path, words: tuple[str, ...], told: str) -> None:
    found = reclaim(*(kept / "run-0-0" if word == "RUN" else word for word in words))
    assert found.code == 2
    assert told in found.err
    assert found.err.count("\n") == 1
    assert found.out == ""


def test_a_run_without_figures_has_nothing_to_keep(tmp_path: Path) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=2, measured=False))
    told = reclaim("history", "add", store.path, "--history", tmp_path / "h")
    assert (told.code, told.out) == (2, "")
    assert "nothing to keep" in told.err
    assert not (tmp_path / "h").exists()


@pytest.mark.usefixtures("kept")
def test_a_missing_package_is_told_not_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ruptures", None)
    monkeypatch.setattr(cuts, "_compiled", cuts._compiled.__wrapped__)  # noqa: SLF001 - what it has found is kept
    told = reclaim("history", "trend", "--metric", "kswapd_cpu")
    assert told.code == 2
    assert "pip install 'reclaim-agent[history]'" in told.err


def test_a_report_served_elsewhere_is_linked(tmp_path: Path) -> None:
    history = open_history(str(tmp_path / "h"))
    for number in range(12):
        history.add([row(number, number, 0.5 if number < 6 else 0.7, report=f"https://lab/{number}?a=1&b=2")])
    reclaim("history", "trend", "--history", history.url, "-o", tmp_path / "page.html")
    assert '<a href="https://lab/6?a=1&amp;b=2">run-0006</a>' in (tmp_path / "page.html").read_text()
