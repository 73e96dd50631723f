# SPDX-License-Identifier: Apache-2.0
"""`reclaim gate`: exit codes, 80 columns, files, and one clear line for whatever cannot be judged."""

import json
from argparse import ArgumentParser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest

from agent.cli import compare, gate
from reports.store import RunStore
from tests.support.synthetic_run import Shape, make_run
from workloads.errors import InputError, StoreError
from workloads.spec import Rule

FINE = Shape(blocks=6, warm_ups=0, noise=0.01, effect=False)


def run(path: Path, *options: str, command: object = gate) -> tuple[int, str]:
    module = compare if command is compare else gate
    parser = ArgumentParser()
    module.add(parser)
    out, err = StringIO(), StringIO()
    code = module.main(parser.parse_args([str(path), *options]), out, err)
    assert err.getvalue() == ""
    return code, out.getvalue()


def refused(path: Path, *options: str) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        run(path, *options)
    return caught.value.problems


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> RunStore:
    return make_run(tmp_path_factory.mktemp("gate") / "run", FINE)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    file = tmp_path / "rules.toml"
    file.write_text('[[rules]]\nmetric = "ttid"\nmargin_percent = 5\n')
    return file


@contextmanager
def changed(store: RunStore, metric: str, factor: float, trial: str = "-on") -> Iterator[None]:
    """The run with a metric of some trials times a factor, put back afterwards."""
    measures = store.measures()
    assert measures is not None
    touched = (measures["metric"] == metric) & measures["trial"].str.endswith(trial)
    store.write_measures(measures.assign(value=measures["value"].where(~touched, measures["value"] * factor)))
    yield
    store.write_measures(measures)


def test_a_run_of_nothing_passes(store: RunStore) -> None:
    code, text = run(store.path)
    assert code == 0
    assert text.endswith("PASS. All 3 rulings pass.\n")
    assert "RULES: default" in text
    assert "\nARMS: on against off\n" in text


def test_a_planted_slowdown_fails_and_a_waiver_lets_it_through(store: RunStore, rules: Path) -> None:
    with changed(store, "ttid", 1.08):
        code, text = run(store.path, "--rules", str(rules))
        assert code == 1
        assert "FAIL         ttid of on must not worsen by more than 5 %\n" in text
        with rules.open("a") as file:
            file.write('[[waivers]]\nmetric = "ttid"\nowner = "me"\nreason = "known"\nexpires = 9999-12-31\n')
        code, text = run(store.path, "--rules", str(rules))
        assert code == 0
        assert "  Waived by me until 9999-12-31: known.\n" in text


def test_a_run_below_its_power_is_not_decided(store: RunStore, rules: Path) -> None:
    rules.write_text(rules.read_text().replace("= 5", "= 0.1"))
    code, text = run(store.path, "--rules", str(rules))
    assert code == 3
    assert text.endswith("\nNOT DECIDED. The only ruling is not decided (ttid of on).\n")


def test_the_self_test_says_what_would_have_been_seen(store: RunStore) -> None:
    code, text = run(store.path, "--self-test")
    assert code == 0
    assert "Self-test: a worsening of 5 % would have been seen in" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_answer_fits_80_columns_and_needs_no_colour(store: RunStore) -> None:
    _, text = run(store.path)
    assert max(map(len, text.splitlines())) <= 80
    assert "\x1b" not in text
    assert "NOT A PHONE" in text


def test_compare_shows_the_same_rulings_and_exits_0(store: RunStore) -> None:
    with changed(store, "kswapd_cpu", 1.2):
        code, text = run(store.path, command=compare)
        document = json.loads(run(store.path, "--json", command=compare)[1])
    assert code == 0
    assert "FAIL         kswapd_cpu of on must not worsen by more than 5 %\n" in text
    assert max(map(len, text.splitlines())) <= 80
    assert document["verdict"]["decision"] == "fail"
    assert [each["decision"] for each in document["verdict"]["rulings"]] == ["pass", "pass", "fail"]


def test_every_output_is_written_where_it_was_asked_for(store: RunStore, tmp_path: Path) -> None:
    files = {name: tmp_path / name for name in ("junit", "sarif", "markdown", "json-file")}
    words = [word for name, file in files.items() for word in (f"--{name}", str(file))]
    _, text = run(store.path, *words, "--json")
    assert files["json-file"].read_text() == text
    assert json.loads(text)["verdict"]["decision"] == "pass"
    assert files["junit"].read_text().startswith("<?xml")
    assert json.loads(files["sarif"].read_text())["version"] == "2.1.0"
    assert files["markdown"].read_text().startswith("### reclaim gate: PASS")


def test_the_run_itself_is_left_as_it_is(store: RunStore) -> None:
    before = {file: file.stat().st_mtime_ns for file in store.path.rglob("*")}
    run(store.path)
    assert {file: file.stat().st_mtime_ns for file in store.path.rglob("*")} == before


def test_an_output_that_cannot_be_written_is_one_line(store: RunStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"no/j\.xml: cannot be written: there is no directory"):
        run(store.path, "--junit", str(tmp_path / "no" / "j.xml"))


def test_one_file_for_two_outputs_is_refused(store: RunStore, tmp_path: Path) -> None:
    both = str(tmp_path / "out")
    assert refused(store.path, "--junit", both, "--sarif", f"{tmp_path}/../{tmp_path.name}/out") == (
        f"{both}: is named twice; give each output its own file",
    )
    assert not (tmp_path / "out").exists()


def test_the_file_of_rules_is_not_written_over(store: RunStore, rules: Path) -> None:
    (line,) = refused(store.path, "--rules", str(rules), "--markdown", str(rules))
    assert "is named twice" in line
    assert rules.read_text().startswith("[[rules]]")


def test_where_one_output_cannot_be_written_none_is(store: RunStore, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="there is no directory"):
        run(store.path, "--junit", str(tmp_path / "j.xml"), "--sarif", str(tmp_path / "no" / "s"))
    assert list(tmp_path.iterdir()) == []


def test_a_figure_that_is_no_number_is_named_and_never_passes(store: RunStore) -> None:
    with changed(store, "kswapd_cpu", float("nan"), trial="-b2-on"):
        code, text = run(store.path)
        told = run(store.path, command=compare)[1]
    assert code == 3
    assert "! kswapd_cpu of on: No finite number in 003-b2-on: taken as not recorded." in " ".join(text.split())
    assert "! kswapd_cpu is no finite number in 003-b2-on: taken as not recorded." in " ".join(told.split())


def test_a_figure_beyond_all_measure_is_no_figure(store: RunStore) -> None:
    with changed(store, "kswapd_cpu", 1e300):
        code, text = run(store.path)
    assert code == 3
    assert "! kswapd_cpu of on: No finite number in 002-b1-on," in text


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda frame: frame.drop(columns=["value", "app"]), "has no column app, value; run `reclaim measure`"),
        (lambda frame: frame.assign(value="fast"), "holds no numbers in value; run `reclaim measure`"),
    ],
)
def test_a_table_of_measures_that_is_another_one_is_one_line(
    tmp_path: Path, spoil: Callable[[pd.DataFrame], pd.DataFrame], told: str
) -> None:
    store = make_run(tmp_path / "run", Shape(blocks=1))
    measures = store.measures()
    assert measures is not None
    store.write_measures(spoil(measures))
    with pytest.raises(StoreError) as caught:
        run(store.path)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("shape", "told"),
    [
        (Shape(blocks=2, arms=("off",)), "This run has one arm only (off): its figures stand alone"),
        (Shape(blocks=2, warm_ups=0, excluded=dict.fromkeys(range(1, 5), "lost adb")), "4 trials excluded, none left"),
        (Shape(blocks=2, stop_after=0), "No trial was recorded"),
        (Shape(blocks=2, measured=False), "Nothing was measured in"),
    ],
)
def test_a_run_in_which_nothing_can_be_judged_is_one_line(tmp_path: Path, shape: Shape, told: str) -> None:
    (line,) = refused(make_run(tmp_path / "run", shape).path)
    assert told in line


def test_rules_that_do_not_fit_the_run_are_named_with_their_line(store: RunStore, rules: Path) -> None:
    rules.write_text(
        '[[rules]]\nmetric = "ttid"\nmargin_percent = 5\napp = "com.other"\n'
        '[[waivers]]\nmetric = "ttid"\narm = "more"\nowner = "me"\nreason = "known"\nexpires = 9999-12-31\n'
    )
    lines = refused(store.path, "--rules", str(rules))
    assert [line.partition(": ")[0] for line in lines] == [f"{rules}:1", f"{rules}:5"]


def test_rules_that_forget_kills_do_not_let_an_arm_pass_that_surely_kills_more(tmp_path: Path, rules: Path) -> None:
    killed = {2 * block - 1 + block % 2: 2 for block in range(1, 9)}  # in `on`, whatever the order
    path = make_run(tmp_path / "run", replace(FINE, blocks=16, kills=killed)).path
    code, text = run(path, "--rules", str(rules))
    assert code == 1
    assert "FAIL         kills of on must not worsen" in text


def test_rules_of_the_experiment_count_unless_others_are_given(tmp_path: Path, rules: Path) -> None:
    stated = (Rule("kswapd_cpu", "improve"), Rule("ttid", app="*"))
    shape = replace(FINE, experiment=lambda e: replace(e, rules=stated))
    store = make_run(tmp_path / "run", shape)
    code, text = run(store.path)
    assert (code, text.count("ttid of on in org.reclaim.")) == (1, 6)
    assert run(store.path, "--rules", str(rules))[0] == 0


def test_a_rule_of_the_experiment_that_fits_no_metric_is_told_by_gate_and_shown_by_compare(tmp_path: Path) -> None:
    shape = replace(FINE, blocks=1, experiment=lambda e: replace(e, rules=(Rule("ttidd"),)))
    path = make_run(tmp_path / "run", shape).path
    (line,) = refused(path)
    assert line == f"{path}/experiment.toml: 'ttidd' is no metric; `reclaim list metrics` shows them"
    assert "'ttidd' is no metric" in run(path, command=compare)[1]


def test_a_waiver_that_meets_no_rule_is_told_and_one_that_meets_a_pass_is_not(store: RunStore, rules: Path) -> None:
    by = '\n[[waivers]]\nmetric = "{}"\nowner = "me"\nreason = "known"\nexpires = 9999-12-31\n'
    rules.write_text(rules.read_text() + by.format("ttid") + by.format("kswapd_cpu"))
    found = json.loads(run(store.path, "--rules", str(rules), "--json")[1])["verdict"]["caveats"]
    (idle,) = [each["what"] for each in found if each["code"] == "waiver-idle"]
    assert idle == f"The waiver of me for kswapd_cpu ({rules}:11) meets no rule: it waives nothing."
    assert "waives nothing" in " ".join(run(store.path, "--rules", str(rules))[1].split())


@pytest.mark.parametrize(("arm", "told"), [("on", True), ("off", False)])
def test_kills_that_may_be_chance_are_told_where_no_rule_asks_about_them(
    tmp_path: Path, rules: Path, arm: str, *, told: bool
) -> None:
    values = make_run(tmp_path / "plain", FINE)
    index = next(trial.index for trial in values.plan.trials if trial.arm == arm and trial.block == 2)
    store = make_run(tmp_path / "run", replace(FINE, kills={index: 1}))
    line = "1 process was killed under on and 0 under off: that may be chance, but no rule asks about it."
    for name in ("text", "gate.sarif"):
        options = ["--sarif", str(tmp_path / name)] if name == "gate.sarif" else []
        text = run(store.path, "--rules", str(rules), *options)[1]
        text = (tmp_path / name).read_text() if options else text
        assert (line in " ".join(text.split())) is told
    assert line not in " ".join(run(store.path)[1].split())
