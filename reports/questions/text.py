# SPDX-License-Identifier: Apache-2.0
"""The answers to the reviewers' questions as plain text: 80 columns, a paragraph each. Pure."""

from collections.abc import Iterator

from reports.analysis import Analysis
from reports.comparison import shared_codes
from reports.questions.answers import about_kcompressd, answers, doubts, lines_of
from reports.wording import sentence
from reports.wrapping import wrap


def question_lines(analysis: Analysis, *, told: bool) -> Iterator[str]:
    """Every question with its paragraph, then doubts; where not `told`, a hint that they can be asked."""
    if not told:
        if about_kcompressd(analysis):
            yield ""
            yield "What kcompressd's reviewers asked: `reclaim compare --questions`"
        return
    found = answers(analysis)
    yield ""
    yield from wrap("WHAT KCOMPRESSD'S REVIEWERS ASKED (linux-mm, 2025), and what this run says of it")
    for answer in found:
        yield ""
        yield from wrap(f"{answer.question.asked} ({answer.question.by})")
        for line in lines_of(answer):
            yield from wrap(line, indent="  ", first="  ")
    common = shared_codes(analysis.comparisons)
    told_doubts = [(caveat, keys) for caveat, keys in doubts(found).items() if caveat.code not in common]
    if told_doubts:
        yield ""
    for caveat, keys in told_doubts:
        yield from wrap(f"! {', '.join(keys)}: {sentence(caveat.what)} {sentence(caveat.do)}", indent="  ")
