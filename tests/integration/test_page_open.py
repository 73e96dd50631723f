# SPDX-License-Identifier: Apache-2.0
"""The command that opens a trace stands on a page only where it finds that trace."""

import html
import re
import shlex
from pathlib import Path

from reports.bundle.pack import pack
from reports.bundle.sources import write_report
from reports.page.many import write_several
from reports.viewer.place import shelf_of
from tests.support.synthetic_run import Shape, make_run
from tests.support.traces import TraceBuilder

COMMAND = re.compile("reclaim trace open (?!RUN)")


def commands(page: str) -> list[str]:
    return [html.unescape(each.partition("</code>")[0]) for each in page.split('<code class="opens"')[1:]]


def traced(folder: Path, blocks: int = 2) -> Path:
    store = make_run(folder, Shape(blocks=blocks, warm_ups=0))
    for record in store.records():
        TraceBuilder().launches(1.2, 1.8, "org.reclaim.maps").write(store.trial_dir(record.trial) / "trace.pftrace")
    return store.path


def test_every_command_of_a_run_s_page_finds_its_trace(tmp_path: Path) -> None:
    run = traced(tmp_path / "my run")
    found = commands(write_report(run, None, None).read_text())
    assert found
    for each in found:
        words = shlex.split(each.partition(">")[2])
        assert words[:3] == ["reclaim", "trace", "open"]
        assert shelf_of(tmp_path / words[3]).first == Path(words[3]).name


def test_a_page_of_runs_put_together_or_of_a_bundle_names_no_command_that_finds_nothing(tmp_path: Path) -> None:
    one, other, page = traced(tmp_path / "one"), traced(tmp_path / "other", 3), tmp_path / "page.html"
    write_several([one, other], page)
    assert not COMMAND.search(page.read_text())
    bundle = tmp_path / "one.reclaim.zip"
    pack(one, bundle)
    assert not COMMAND.search(write_report(bundle, page, None).read_text())
