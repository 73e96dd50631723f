# SPDX-License-Identifier: Apache-2.0
"""Rulings as JUnit XML: one testcase per ruling. Pure.

A failure is `failure`, what is not decided `error`, what is waived `skipped`: the three that CI servers show apart.
Source: junit-10.xsd of Jenkins' xunit-plugin, which the tests hold it against; testcases carry no properties there.
"""

from collections.abc import Iterator
from xml.etree import ElementTree as ET

from reports.analysis import Analysis
from reports.gate.rulings import Ruling, sight_text, waiver_text
from reports.gate.words import rule_text
from reports.printable import printable
from reports.wording import sentence

_TAGS = {"fail": "failure", "not-decided": "error", "waived": "skipped"}


def junit(analysis: Analysis) -> str:
    """The document, ending in a line feed."""
    run, rulings = analysis.run, analysis.verdict.rulings
    counts = {
        tag: sum(ruling.decision == decision for ruling in rulings)
        for decision, tag in (("fail", "failures"), ("not-decided", "errors"), ("waived", "skipped"))
    }
    shared = {"tests": str(len(rulings)), "failures": str(counts["failures"]), "errors": str(counts["errors"])}
    suites = ET.Element("testsuites", {"name": "reclaim gate", **shared})
    suite = ET.SubElement(
        suites, "testsuite", {"name": printable(run.experiment.name), **shared, "skipped": str(counts["skipped"])}
    )
    if run.records:
        suite.set("timestamp", printable(run.records[0].started_at))
    properties = ET.SubElement(suite, "properties")
    for name, value in _properties(analysis):
        ET.SubElement(properties, "property", {"name": name, "value": printable(value)})
    for ruling in rulings:
        _testcase(suite, ruling, run.experiment.name)
    ET.SubElement(suite, "system-out").text = printable(analysis.verdict.gate)
    ET.indent(suites)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(suites, encoding="unicode")}\n'


def _properties(analysis: Analysis) -> Iterator[tuple[str, str]]:
    run, device = analysis.run, analysis.run.device
    yield "run", run.path
    yield "rules", analysis.book.source
    yield "decision", analysis.verdict.decision
    yield "device.model", device.model
    yield "device.serial", device.serial
    yield "device.build", device.build
    yield "device.kernel", device.kernel
    if device.stand_in:
        yield "device.not_a_phone", device.stand_in
    yield "kills", analysis.verdict.kills


def _testcase(suite: ET.Element, ruling: Ruling, experiment: str) -> None:
    case = ET.SubElement(
        suite,
        "testcase",
        {
            "name": printable(f"{ruling.name} {rule_text(ruling.rule)}"),
            "classname": printable(f"reclaim.{experiment}.{ruling.arm}"),
        },
    )
    told = [sentence(text) for text in (ruling.why, sight_text(ruling)) if text]
    if ruling.decision == "waived" and ruling.waiver is not None:
        told.insert(0, sentence(waiver_text(ruling.waiver)))
    tag = _TAGS.get(ruling.decision)
    if tag is not None:
        found = ET.SubElement(case, tag, {"message": printable(told[0]), "type": ruling.ground})
        if ruling.place.line is not None:  # a default rule is written nowhere
            told.append(f"stated in {ruling.place}")
        found.text = "\n".join(printable(line) for line in told)
    else:
        ET.SubElement(case, "system-out").text = "\n".join(printable(line) for line in told)
