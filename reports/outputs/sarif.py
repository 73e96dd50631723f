# SPDX-License-Identifier: Apache-2.0
"""Rulings as SARIF 2.1.0: one result per ruling, at the line that states its rule. Pure.

Source: OASIS, "Static Analysis Results Interchange Format (SARIF) Version 2.1.0", 3.27.9: `open` is what could not be
decided for want of information; 3.27.10: only what fails has a level other than `none`; 3.35: suppressions.
"""

import json
from typing import Any
from urllib.parse import quote

from reports.analysis import Analysis
from reports.gate.findings import Decision
from reports.gate.rulebook import Place
from reports.gate.rulings import Ruling, sight_text
from reports.gate.text import TOLD_BY_ITS_RULING
from reports.gate.words import rule_text
from reports.printable import printable
from reports.wording import sentence

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_KINDS: dict[Decision, tuple[str, str]] = {
    "fail": ("fail", "error"),
    "waived": ("fail", "error"),
    "not-decided": ("open", "none"),
    "pass": ("pass", "none"),
}
"""Decision -> kind and level."""


def sarif(analysis: Analysis, version: str) -> str:
    """The document, ending in a line feed.

    Args:
        analysis: of the run.
        version: of this program.
    """
    rulings = analysis.verdict.rulings
    ids = list(dict.fromkeys(_rule_id(ruling) for ruling in rulings))
    firsts = {_rule_id(ruling): ruling for ruling in reversed(rulings)}
    document = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "reclaim",
                        "version": version,
                        "rules": [_descriptor(name, firsts[name]) for name in ids],
                    }
                },
                "invocations": [{"executionSuccessful": True, "toolExecutionNotifications": _notices(analysis)}],
                "results": [_result(ruling, ids.index(_rule_id(ruling))) for ruling in rulings],
                "properties": _properties(analysis),
            }
        ],
    }
    return json.dumps(document, indent=1, allow_nan=False) + "\n"


def _rule_id(ruling: Ruling) -> str:
    return f"{ruling.rule.must}/{ruling.rule.metric}"


def _descriptor(name: str, ruling: Ruling) -> dict[str, Any]:
    return {
        "id": printable(name),
        "shortDescription": {"text": printable(f"{ruling.rule.metric} {rule_text(ruling.rule)}.")},
        "defaultConfiguration": {"level": "error"},
    }


def _result(ruling: Ruling, index: int) -> dict[str, Any]:
    kind, level = _KINDS[ruling.decision]
    told = f"{ruling.name} {rule_text(ruling.rule)}: {ruling.why}. {sentence(sight_text(ruling))}".rstrip()
    found: dict[str, Any] = {
        "ruleId": printable(_rule_id(ruling)),
        "ruleIndex": index,
        "kind": kind,
        "level": level,
        "message": {"text": printable(told)},
        "locations": [_location(ruling.place)],
        "properties": {
            "decision": ruling.decision,
            "ground": ruling.ground,
            "arm": printable(ruling.arm),
            "control": printable(ruling.control),
            "app": printable(ruling.app),
            "blocks": ruling.n,
        },
    }
    if ruling.decision == "waived" and ruling.waiver is not None:
        waiver = ruling.waiver
        found["suppressions"] = [
            {
                "kind": "external",
                "status": "accepted",
                "justification": printable(f"{waiver.reason} ({waiver.owner}, until {waiver.expires.isoformat()})"),
                "location": _location(waiver.place),
            }
        ]
    return found


def _location(place: Place) -> dict[str, Any]:
    """A relative path stays one, so that the reader's own checkout resolves it."""
    prefix = "file://" if place.file.startswith("/") else ""
    physical: dict[str, Any] = {"artifactLocation": {"uri": prefix + quote(place.file, errors="replace")}}
    if place.line is not None:
        physical["region"] = {"startLine": place.line}
    return {"physicalLocation": physical}


def _notices(analysis: Analysis) -> list[dict[str, Any]]:
    verdict = analysis.verdict
    doubts = [*verdict.caveats, *(doubt.caveat for doubt in analysis.doubts)]
    told = [*verdict.troubles, verdict.kills, *(doubt.what for doubt in doubts if doubt.code not in TOLD_BY_ITS_RULING)]
    return [{"level": "note", "message": {"text": printable(sentence(text))}} for text in told]


def _properties(analysis: Analysis) -> dict[str, str]:
    run, device = analysis.run, analysis.run.device
    facts = {
        "run": run.path,
        "experiment": run.experiment.name,
        "decision": analysis.verdict.decision,
        "model": device.model,
        "serial": device.serial,
        "build": device.build,
        "kernel": device.kernel,
        "notAPhone": device.stand_in or "",
    }
    return {name: printable(value) for name, value in facts.items() if value}
