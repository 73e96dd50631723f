# SPDX-License-Identifier: Apache-2.0
"""Trials that attribute kswapd's time: which ways a phone has, what is recorded, what is compared."""

from dataclasses import replace
from pathlib import Path

import pytest
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import FtraceConfig, TraceConfig

from agent.capture.attribution import Marks, chosen, ways
from agent.capture.capabilities import Capabilities
from agent.capture.config import build_config
from agent.device.fake import FakePhone, fake_phone
from agent.device.fake_kernel import FakeFile
from agent.device.phone import attach
from reports.noise.tracing import recordless, treatments
from workloads import load
from workloads.errors import InputError
from workloads.spec import Capture

CAPS = Capabilities(
    version=(56, 0),
    present=True,
    background_wait=True,
    events=None,
    atrace=False,
    psi=True,
    vmstat=frozenset(),
    sdk=34,
)
KPROBES = Marks("kprobes", ("zram_submit_bio",))
GRAPH = Marks("function-graph", ("zram_submit_bio",))


def listing(text: str) -> FakePhone:
    fake = fake_phone()
    fake.files["/sys/kernel/tracing/available_filter_functions"] = FakeFile(text, root_only=True)
    return fake


class TestWays:
    def test_both_are_found_in_one_round_trip_and_the_cheaper_stands_first(self) -> None:
        fake = fake_phone()
        phone = attach(fake)
        before = len(fake.log)
        assert ways(phone, CAPS) == (GRAPH, KPROBES)
        assert len(fake.log) == before + 1

    def test_without_root_there_is_none(self) -> None:
        assert ways(attach(fake_phone(roots=frozenset())), CAPS) == ()

    def test_an_old_perfetto_knows_no_kprobes_and_an_older_one_no_function_graph(self) -> None:
        phone = attach(fake_phone())
        assert ways(phone, replace(CAPS, version=(48, 1))) == (GRAPH,)
        assert ways(phone, replace(CAPS, version=(31, 0))) == ()

    def test_a_kernel_without_one_of_them_has_the_other(self) -> None:
        fake = fake_phone()
        fake.files["/sys/kernel/tracing/available_tracers"] = FakeFile("nop\n", root_only=True)
        assert ways(attach(fake), CAPS) == (KPROBES,)
        fake = fake_phone()
        del fake.files["/sys/kernel/tracing/kprobe_events"]
        assert ways(attach(fake), CAPS) == (GRAPH,)

    def test_only_functions_that_take_a_page_for_zram_are_taken_whatever_the_list_holds(self) -> None:
        fake = listing("zram_submit_bio_slowly\nzram_rw_page [zram]\nzram_make_request\nzram_rw_page; reboot\n")
        assert ways(attach(fake), CAPS)[-1].functions == ("zram_rw_page", "zram_make_request")
        assert ways(attach(listing("vfs_read\n")), CAPS) == ()

    def test_a_name_that_the_compiler_lengthened_is_no_name_of_a_probe(self) -> None:
        fake = listing("zram_submit_bio.llvm.123 [zram]\n")
        assert ways(attach(fake), CAPS) == (Marks("function-graph", ("zram_submit_bio.llvm.123",)),)

    def test_an_arm_gets_what_it_names_or_the_first_there_is(self) -> None:
        assert chosen("any", (GRAPH, KPROBES)) == GRAPH
        assert chosen("kprobes", (GRAPH, KPROBES)) == KPROBES
        assert chosen("function-graph", (KPROBES,)) is None
        assert chosen("none", (GRAPH, KPROBES)) is None


class TestConfig:
    def ftrace(self, marks: Marks | None) -> FtraceConfig:
        config = TraceConfig.FromString(build_config(CAPS, Capture(), 60, (), marks))
        return next(each.config.ftrace_config for each in config.data_sources if each.config.name == "linux.ftrace")

    def test_a_timed_trial_marks_nothing(self) -> None:
        plain = self.ftrace(None)
        assert not plain.kprobe_events
        assert not plain.enable_function_graph

    def test_a_probe_stands_at_both_ends_of_the_function(self) -> None:
        (probe,) = self.ftrace(KPROBES).kprobe_events
        assert (probe.probe, probe.type) == ("zram_submit_bio", probe.KPROBE_TYPE_BOTH)

    def test_the_function_graph_is_of_that_function_alone_and_named(self) -> None:
        ftrace = self.ftrace(GRAPH)
        assert ftrace.enable_function_graph
        assert ftrace.symbolize_ksyms
        assert list(ftrace.function_filters) == list(ftrace.function_graph_roots) == ["zram_submit_bio"]


class TestExperiment:
    def changed(self, folder: Path, before: str, after: str) -> Path:
        text = load.experiment("attribution")[1]
        assert before in text
        (folder / "mine.toml").write_text(text.replace(before, after, 1))
        return folder / "mine.toml"

    def test_only_arms_that_are_attributed_alike_are_compared(self) -> None:
        experiment = load.experiment("attribution")[0]
        assert treatments(experiment) == {"on": "off"}
        assert {arm.recording for arm in experiment.arms} == {"any", "trace"}

    def test_they_tell_nothing_of_launches(self) -> None:
        experiment = load.experiment("attribution")[0]
        assert {"ttid", "am_total_time"} <= recordless(experiment)
        assert not recordless(experiment) & set(experiment.primary)

    def test_an_arm_that_is_attributed_otherwise_needs_its_twin(self, tmp_path: Path) -> None:
        file = self.changed(tmp_path, 'name = "on"\nattribution = "any"', 'name = "on"\nattribution = "kprobes"')
        with pytest.raises(InputError, match=r"arms\[1\]: 'on' is not attributed as the control is"):
            load.experiment(str(file))

    def test_attribution_needs_a_trace(self, tmp_path: Path) -> None:
        file = self.changed(tmp_path, 'attribution = "any"', 'attribution = "any"\ntrace = false')
        with pytest.raises(InputError, match=r"arms\[0\].attribution: needs a trace, and 'off' records none"):
            load.experiment(str(file))
