# SPDX-License-Identifier: Apache-2.0
"""A setting that something on the phone rewrote in the middle of a trial: what is known of who did it. Pure."""

import re
from dataclasses import replace
from pathlib import PurePosixPath

from reports.record import Proof

_LINE = re.compile(r"^\S+ +\S+ +(?P<pid>\d+) +\d+ [VDIWEF] (?P<tag>[^:\n]*?) *: (?P<text>.*)$", re.MULTILINE)
"""A line of `logcat -v threadtime`: date, time, pid, tid, level, tag, text."""


def name_the_writer(proof: Proof, before: str, where: str, log: str) -> Proof:
    """Say of a setting that was not in force that something else wrote it; any other proof stays as it is.

    Who wrote a file is on no phone's record. Daemons that set kernel values often log it, so that the log of the
    window is searched for the file.

    Args:
        proof: of the setting.
        before: the canonical value read back before the trial.
        where: its file.
        log: what logcat had in the window.
    """
    if proof.outcome != "not_taken" or proof.read_back == before:
        return proof
    file = PurePosixPath(where)
    told = [line for line in _LINE.finditer(log) if where in line["text"] or file.name in line["text"].split()]
    who = f"; {told[-1]['tag']} (pid {told[-1]['pid']}) logged: {told[-1]['text'][:120]}" if told else ""
    return replace(
        proof,
        why=f"{proof.why}: something on the phone wrote {proof.read_back} in the middle of the trial{who}",
    )
