# SPDX-License-Identifier: Apache-2.0
"""A run's values to everything its page shows. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from reports.analysis import Analysis
from reports.comparison import shared_codes
from reports.demanded import demanded, survived
from reports.page import effects, setting
from reports.page.apps import app_tables
from reports.page.causes import breakdowns, cause_tables
from reports.page.charts import kinds
from reports.page.data import Data
from reports.page.figures import figures
from reports.page.gate import ruling_rows
from reports.page.interactions import interaction_tables
from reports.page.model import Again, Asked, Page, Trust, Values
from reports.page.overlay import LONGEST_GAP_S, MOST_POINTS, Tracks
from reports.page.pieces import Note
from reports.page.slow import slow_launches
from reports.page.trust import checks, order_test
from reports.questions.answers import Answer, about_kcompressd, answers, lines_of
from reports.statistics.design import ORDER_FROM_BLOCKS
from reports.statistics.paired import FIELLER, PAIRED_T
from reports.survival import survival, survival_sentence
from reports.units import count, number, quantity, together
from reports.wording import looks_note, sentence


@dataclass(frozen=True)
class Extras:
    """What the page shows besides the analysis.

    Attributes:
        experiment_text: the experiment's file.
        made_by: program and versions.
        digests: file of the run -> SHA-256.
        tracks: time series of the trials that count.
        quantities: series name -> unit and title.
    """

    experiment_text: str
    made_by: str
    digests: Mapping[str, str] = field(default_factory=dict)
    tracks: Tracks = field(default_factory=dict)
    quantities: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def build_page(analysis: Analysis, extras: Extras) -> Page:
    """Put the page together; every text of it is final."""
    run, verdict = analysis.run, analysis.verdict
    data = figures(analysis, extras.tracks, extras.quantities)
    return Page(
        title=f"{run.experiment.name} on {run.device.model}: {run.name}",
        question=verdict.question,
        troubles=verdict.troubles,
        kills=verdict.kills,
        killed=verdict.killed,
        answers=effects.answers(analysis),
        gate=verdict.gate,
        gate_rules=analysis.book.source,
        rulings=ruling_rows(analysis),
        summary=_summary(analysis),
        stand_in=run.device.stand_in or "",
        tables=effects.tables(analysis),
        by_arm=effects.by_arm(analysis),
        app_tables=app_tables(analysis),
        interactions=interaction_tables(analysis.interactions),
        levels=effects.level_rows(analysis),
        data=data,
        kinds=kinds(data.arms, len(data.apps)),
        overlay_note=_overlay_note(analysis, data),
        slow=slow_launches(data),
        values=tuple(_values(data)),
        survival=tuple(survival_sentence(each) for each in survival(analysis)),
        breakdowns=breakdowns(analysis),
        causes=cause_tables(analysis),
        asked=_asked(analysis),
        trust=_trust(analysis),
        setup=setting.setup(run.device, run.experiment),
        again=Again(
            commands=tuple(_commands(analysis)),
            files=setting.facts(dict(extras.digests)),
            experiment=extras.experiment_text,
            made_by=extras.made_by,
        ),
    )


def _trust(analysis: Analysis) -> Trust:
    return Trust(
        notes=tuple(_notes(analysis)),
        checks=checks(analysis),
        dose=(*demanded(analysis), *survived(analysis)),
        order=tuple(order_test(analysis)),
        plan=setting.plan_blocks(analysis),
        background=analysis.background,
        methods=tuple(_methods(analysis)),
        rules=setting.facts({rule.code: rule.what for rule in analysis.run.plan.exclusions}),
        trials=setting.trial_rows(analysis),
    )


def _asked(analysis: Analysis) -> tuple[Asked, ...]:
    """The reviewers' questions, of a run that compares anything of kcompressd."""
    if not analysis.verdict.arms or not about_kcompressd(analysis):
        return ()
    return tuple(_answered(each) for each in answers(analysis))


def _answered(each: Answer) -> Asked:
    unknown = each.status == "open"
    lines = (sentence(each.why),) if unknown else tuple(lines_of(each))
    return Asked(each.question.asked, each.question.by, unknown, lines, each.command)


def _summary(analysis: Analysis) -> str:
    run = analysis.run
    counting = sum(line.status == "counts" for line in analysis.ledger)
    planned = sum(line.status != "not needed" and line.trial.attempt == 1 for line in analysis.ledger)
    parts = [
        run.device.model,
        f"kernel {run.device.kernel}",
        f"zram {run.device.zram_algorithm}" if run.device.zram_algorithm else "",
        quantity(run.device.memory_bytes, "bytes"),
        analysis.verdict.ending.rstrip("."),
        f"{counting} of {count(planned, 'trial')} count",
        run.records[0].started_at[:10] if run.records else "",
    ]
    return " · ".join(part for part in parts if part)


def _notes(analysis: Analysis) -> Iterator[Note]:
    yield from (effects.note(caveat) for caveat in analysis.verdict.caveats)
    yield from (effects.note(doubt.caveat, count(len(doubt.trials), "trial")) for doubt in analysis.doubts)
    known = {caveat.code for caveat in analysis.verdict.caveats}
    common = shared_codes(analysis.comparisons) - known if analysis.verdict.arms else frozenset()
    told: dict[str, Note] = {}
    for comparison in analysis.comparisons:
        for caveat in comparison.caveats:
            if caveat.code in common:
                told.setdefault(caveat.code, effects.note(caveat, "every metric"))
    yield from told.values()


def _overlay_note(analysis: Analysis, data: Data) -> str:
    trials = sum(line.status == "counts" for line in analysis.ledger)
    return (
        f"Line: median over the trials of an arm; band: the middle half of them; a point every {number(data.step_s)} s,"
        f" over {count(trials, 'trial')} that count. Single trials keep their peaks: at most {MOST_POINTS} points each,"
        f" the lowest and the highest of every stretch. A break in a line: more than {number(LONGEST_GAP_S)} s without"
        " samples in most trials."
    )


def _values(data: Data) -> Iterator[Values]:
    """The primary metrics as a table of blocks and arms."""
    trials = data.trials
    for each in data.points[: data.primary]:
        texts, symbol = together(each.value, each.shown.unit)
        cells: dict[int, list[str]] = {}
        for place, text in zip(each.trial, texts, strict=True):
            row = cells.setdefault(trials.block[place], ["-"] * len(data.arms))
            row[trials.arm[place]] = text if trials.counts[place] else f"({text})"
        rows = tuple((str(block), *row) for block, row in sorted(cells.items()))
        yield Values(f"{each.shown.title}, {symbol}" if symbol else each.shown.title, rows)


def _methods(analysis: Analysis) -> Iterator[str]:
    yield (
        "The block is the unit: every block holds every arm once, and an effect is the mean over blocks of arm minus"
        f" control, 95 % interval by {PAIRED_T}. From {ORDER_FROM_BLOCKS} blocks on the order of arms is in the model,"
        " so that a phone that slows down from trial to trial is not taken for an effect. The change in percent is the"
        f" {FIELLER}; it decides exactly as the difference does."
    )
    yield "A trial's value of a launch metric is the median over the launches that both trials of its block recorded."
    yield (
        "Blocks in which any process was killed are left out of every effect, because a killed process lowers the"
        " demand for memory; kills themselves are compared over all blocks."
    )
    yield (
        "“No detectable difference” means that the interval holds zero. What a run of this size would have seen"
        " is given for 9 chances in 10, from the spread of this run's own blocks."
    )
    metrics, looks = len({each.metric.name for each in analysis.comparisons}), looks_note(analysis.comparisons)
    if looks:
        yield looks
    if metrics:
        yield (
            f"{count(metrics, 'metric is', 'metrics are')} compared. The primary ones are one family (Holm: chance of"
            " any false alarm at most 5 %), all others a second one (false discovery rate 5 %, Benjamini and Hochberg)."
            " The verdict rests on kills and the primary metrics alone."
        )
    if analysis.interactions:
        yield (
            "Whether an effect depends on another setting is told by the ratio of two effects in the same blocks (by"
            " their difference where a value is not positive), without the blocks with kills in any of the four arms;"
            " these questions are a family of their own (Holm)."
        )


def _commands(analysis: Analysis) -> Iterator[str]:
    run = analysis.run
    asked = [event["command"] for event in run.events if isinstance(event.get("command"), str)]
    yield from (str(command) for command in asked[:1])
    if not asked:
        yield f"reclaim run {run.experiment.name} --blocks {run.experiment.blocks}"
    yield f"reclaim compare {run.name}"
    yield f"reclaim gate {run.name}"
    yield f"reclaim report {run.name}"
