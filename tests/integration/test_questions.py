# SPDX-License-Identifier: Apache-2.0
"""What kcompressd's reviewers asked: which run answers what, with which figures, and what is said where none does."""

import shlex
from dataclasses import replace

import pytest

from agent.cli.main import COMMANDS
from reports.analysis import Analysis, Measure, RunValues, analyse
from reports.metrics import METRICS
from reports.questions.answers import Answer, answers, lines_of
from reports.questions.catalogue import KCOMPRESSD, QUESTIONS
from reports.text import compare_text
from tests.support.synthetic_run import Shape, run_values
from workloads import load
from workloads.spec import Experiment

SHIPPED = {question.command.split()[-1] for question in QUESTIONS if question.look in ("effect", "factor", "steps")}


def of(key: str, analysis: Analysis) -> Answer:
    return next(answer for answer in answers(analysis) if answer.question.key == key)


def with_metric(run: RunValues, metric: str, **arms: float) -> RunValues:
    """The run with one more figure per trial: the arm's level, a little more from block to block."""
    more = tuple(
        Measure(trial.name, 0, "", metric, arms[trial.arm] * (1 + trial.block % 3 / 100), METRICS[metric].unit)
        for trial in run.plan.trials
    )
    return replace(run, measures=(*run.measures, *more))


def arms(**levels: dict[str, str]) -> Shape:
    return Shape(blocks=8, warm_ups=0, arms=tuple(levels), settings=dict(levels))


@pytest.fixture(scope="module")
def plain() -> Analysis:
    return analyse(run_values(Shape(blocks=8)))


def test_a_figure_that_the_table_has_is_the_tables_own(plain: Analysis) -> None:
    table = {(each.metric.name, each.arm): each for each in plain.comparisons}
    found = [each for each in of("direct-reclaim", plain).comparisons if each.metric.name == "pgsteal_direct"]
    assert found == [table["pgsteal_direct", "on"]]


def test_an_answer_names_figure_interval_arms_and_blocks(plain: Analysis) -> None:
    (sentence,) = of("direct-reclaim", plain).sentences
    assert sentence.startswith("on against off, 8 blocks: pages reclaimed directly by allocating threads fell by ")
    assert "(95 % interval " in sentence
    assert ", from " in sentence


def test_what_explains_others_is_compared_here_although_no_table_shows_it() -> None:
    analysis = analyse(with_metric(run_values(Shape(blocks=8)), "rescan_ratio", off=1.0, on=1.8))
    assert "rescan_ratio" not in {each.metric.name for each in analysis.comparisons}
    answer = of("rescan", analysis)
    (effect,) = answer.comparisons
    assert effect.relative is not None
    assert effect.relative.value == pytest.approx(1.8)
    assert (answer.status, effect.outcome, effect.family) == ("partly", "worse", "other")
    assert "mean time a page waits to be compressed" in answer.why


def test_what_was_not_recorded_is_named_with_what_it_needs(plain: Analysis) -> None:
    answer = of("waiting-threads", plain)
    assert (answer.status, answer.sentences, answer.command) == ("open", (), "reclaim doctor")
    assert "time kcompressd waited for a CPU" in answer.why
    assert "ftrace sched/sched_waking" in answer.why


def test_what_every_block_lost_to_kills_is_not_called_unrecorded() -> None:
    killed = run_values(Shape(blocks=6, warm_ups=0, kills=dict.fromkeys(range(1, 13), 1)))
    run = with_metric(with_metric(killed, "kills_lmkd", off=1.0, on=2.0), "queue_above_8mib", off=1.0, on=2.0)
    answer = of("kills", analyse(run))
    assert "processes killed by lmkd rose by" in answer.sentences[0]
    assert "not recorded in this run: processes killed by the OOM killer" in answer.why


def test_what_only_blocks_with_kills_have_is_said_to_be_left_out() -> None:
    run = with_metric(run_values(Shape(blocks=6, warm_ups=0, kills={1: 1})), "queue_peak", off=1.0, on=2.0)
    first = {trial.name for trial in run.plan.trials if trial.block == 1}
    kept = (each for each in run.measures if each.metric != "queue_peak" or each.trial in first)
    answer = of("queue-memory", analyse(replace(run, measures=tuple(kept))))
    assert answer.why.startswith("no block without kills has figures of both arms for most pages waiting")


def test_nothing_is_answered_by_arms_that_differ_in_something_else() -> None:
    both = arms(
        off={KCOMPRESSD: "off", "sysctl:vm.swappiness": "60"}, on={KCOMPRESSD: "2", "sysctl:vm.swappiness": "9"}
    )
    found = answers(analyse(run_values(both)))
    assert {answer.status for answer in found} == {"open"}
    assert "no two of its arms differ in kcompressd alone" in found[0].why


def test_an_experiment_about_another_knob_gives_no_hint_of_questions() -> None:
    other = arms(off={"sysctl:vm.swappiness": "60"}, on={"sysctl:vm.swappiness": "100"})
    assert "reviewers" not in compare_text(analyse(run_values(other)))


def test_the_compressors_are_told_apart_by_their_own_experiment() -> None:
    levels = {f"{z}-{k}": {KCOMPRESSD: k, "zram.algorithm": z} for z in ("lz4", "zstd") for k in ("off", "2")}
    answer = of("algorithm", analyse(run_values(arms(**levels))))
    assert answer.status == "answered"
    assert [each.contrast.factor for each in answer.interactions] == ["zram.algorithm"] * 2
    assert "with zstd " in answer.sentences[0]
    assert "with lz4 " in answer.sentences[0]


def test_one_compressor_is_named_and_the_command_that_takes_both() -> None:
    told = " ".join(lines_of(of("algorithm", analyse(run_values(Shape(blocks=8))))))
    assert told == (
        "This run cannot answer: all its arms use one compressor (lz4). To know: `reclaim run kcompressd-by-algorithm`"
    )


def test_each_number_of_threads_stands_against_off_and_against_the_number_before() -> None:
    numbers = {"off": "off", "one": "1 thread", "two": "2 threads", "four": "4 threads"}
    shape = Shape(blocks=8, arms=tuple(numbers), settings={arm: {KCOMPRESSD: value} for arm, value in numbers.items()})
    run = run_values(replace(shape, experiment=lambda each: replace(each, treatment="")))
    told = [sentence.split(",")[0] for sentence in of("threads", analyse(run)).sentences]
    assert told == ["one against off", "two against off", "four against off", "two against one", "four against two"]


def test_how_the_work_is_split_is_told_as_far_as_it_was_recorded_and_where_to_get_the_rest() -> None:
    answer = of("split", analyse(with_metric(run_values(Shape(blocks=8)), "kcompressd_share", off=0.0, on=0.5)))
    (sentence,) = answer.sentences
    assert "share of reclaim's CPU time that kcompressd's threads take rose by 50.6 % (95 % interval" in sentence
    assert sentence.endswith("from 0 % to 50.6 %.")
    assert (answer.status, "`reclaim run attribution`" in answer.why) == ("partly", True)


def test_the_number_of_processors_decides_what_is_said_of_one() -> None:
    single = Shape(blocks=8, device=lambda device: replace(device, cpus=1))
    assert "its phone has 2 processors online" in of("one-processor", analyse(run_values(Shape(blocks=8)))).why
    assert of("one-processor", analyse(run_values(single))).status == "answered"


def test_one_block_tells_nothing_and_the_command_asks_for_more() -> None:
    answer = of("throughput", analyse(run_values(Shape(blocks=1))))
    assert (answer.status, answer.why) == ("open", "1 block is too few to tell")
    assert answer.command == "reclaim run kcompressd --blocks 20"


def test_a_run_without_trials_answers_nothing_and_says_so() -> None:
    found = answers(analyse(run_values(Shape(blocks=2, stop_after=0))))
    assert {answer.status for answer in found} == {"open"}
    assert "no trial that counts" in found[0].why


def test_doubts_travel_with_the_answers() -> None:
    answer = of("throughput", analyse(run_values(Shape(blocks=8, warm_ups=0, kills={3: 1}))))
    assert "blocks-with-kills" in {caveat.code for caveat in answer.caveats}


@pytest.mark.parametrize("command", sorted({part for each in QUESTIONS for part in each.command.split("; ")}))
def test_the_command_that_is_named_exists(command: str) -> None:
    program, name, *_ = shlex.split(command)
    assert program == "reclaim"
    assert name in COMMANDS


@pytest.mark.parametrize("name", sorted(SHIPPED))
def test_the_experiment_that_is_named_answers_what_sends_there(name: str) -> None:
    experiment, _ = load.experiment(name)
    analysis = analyse(_imagined(experiment))
    sent = [each for each in QUESTIONS if each.command.split()[-1] == name and each.look != "level"]
    wanted = [each for each in sent if each.look in ("effect", "factor", "steps")]
    assert {each.key: of(each.key, analysis).status for each in wanted} == {each.key: "answered" for each in wanted}


def _imagined(experiment: Experiment) -> RunValues:
    """A run of a shipped experiment in which every metric was recorded."""
    names = tuple(arm.name for arm in experiment.arms)
    shape = Shape(blocks=8, warm_ups=0, arms=names, experiment=lambda _: replace(experiment, blocks=8))
    run = run_values(shape)
    known = {row.metric for row in run.measures}
    for place, metric in enumerate(sorted({name for each in QUESTIONS for name in each.metrics} - known)):
        run = with_metric(run, metric, **{arm: 1.0 + place + index for index, arm in enumerate(names)})
    return run


def test_every_metric_that_is_evidence_is_a_metric() -> None:
    assert {name for question in QUESTIONS for name in question.metrics} <= METRICS.keys()


def test_the_text_fits_80_columns_and_tells_every_question(plain: Analysis) -> None:
    text = compare_text(plain, questions=True)
    assert max(map(len, text.splitlines())) <= 80
    flat = " ".join(text.split())
    assert all(question.asked in flat for question in QUESTIONS)
    assert "`reclaim compare --questions`" not in flat
    assert "`reclaim compare --questions`" in compare_text(plain)


def test_what_did_not_move_comes_last_with_what_would_have_been_seen() -> None:
    run = with_metric(run_values(Shape(blocks=8)), "queue_above_8mib", off=0.0, on=1.5)
    run = with_metric(run, "kills_while_queued", off=0.0, on=0.0)
    (sentence,) = of("queue-memory", analyse(run)).sentences
    assert sentence.index("rose by 1.5") < sentence.index("no detectable difference in lowest MemAvailable, from ")
    assert "would be seen 9 times in 10)" in sentence
    assert sentence.endswith(
        "none at all in either arm: processes killed while more than 8 MiB waited to be compressed."
    )


def test_a_change_of_many_times_the_level_is_told_in_the_unit() -> None:
    levels = {"off": 1.0, "on": 1.0}
    run = with_metric(run_values(Shape(blocks=3)), "queue_delay", **levels)
    rows = [
        replace(row, value=row.value * (40 if row.trial.endswith("2-on") else 1))
        if row.metric == "queue_delay"
        else row
        for row in run.measures
    ]
    (sentence,) = of("rescan", analyse(replace(run, measures=tuple(rows)))).sentences
    assert " s would be seen 9 times in 10)" in sentence
