# SPDX-License-Identifier: Apache-2.0
from dataclasses import replace
from pathlib import Path

import pytest
from perfetto.protos.perfetto.trace.perfetto_trace_pb2 import DataSourceConfig, TraceConfig, VmstatCounters

from agent.capture import session
from agent.capture.capabilities import Capabilities, capabilities, parse_version
from agent.capture.config import RECLAIM, VMSTAT, build_config, wanted_events, wanted_vmstat
from agent.device.fake import FakePhone, Fault, failed, fake_phone
from agent.device.phone import Phone, attach
from workloads.errors import FinalError, TransientError
from workloads.spec import Capture

ALL = Capabilities(
    version=(56, 0),
    present=True,
    background_wait=True,
    events=None,
    atrace=True,
    psi=True,
    vmstat=frozenset(VMSTAT),
    sdk=34,
)


def sources(caps: Capabilities, capture: Capture | None = None) -> dict[str, DataSourceConfig]:
    config = TraceConfig.FromString(build_config(caps, capture or Capture(), 60, ("com.a",)))
    return {source.config.name: source.config for source in config.data_sources}


class TestCapabilities:
    def test_they_come_in_one_round_trip(self) -> None:
        fake = fake_phone()
        phone = attach(fake)
        before = len(fake.log)
        caps = capabilities(phone)
        assert len(fake.log) == before + 1
        assert caps == Capabilities(
            version=(56, 0),
            present=True,
            background_wait=True,
            events=frozenset({"sched/sched_switch", "vmscan/mm_vmscan_kswapd_wake"}),
            atrace=False,
            psi=True,
            vmstat=frozenset(fake.kernel.vmstat),
            sdk=33,
        )

    def test_a_phone_without_perfetto_says_so(self) -> None:
        fake = fake_phone(programs={"perfetto": lambda _: failed(127, "sh: perfetto: not found")})
        assert not capabilities(attach(fake)).present

    def test_what_the_shell_user_may_not_read_perfetto_may_still_record(self) -> None:
        fake = fake_phone(roots=frozenset())
        fake.files["/sys/kernel/tracing/available_events"].root_only = True
        caps = capabilities(attach(fake))
        assert caps.events is None
        assert caps.psi

    def test_a_kernel_without_psi_is_not_asked_for_it(self) -> None:
        fake = fake_phone()
        del fake.files["/proc/pressure/memory"]
        assert not capabilities(attach(fake)).psi

    @pytest.mark.parametrize(
        ("text", "found"), [("Perfetto v56.0 (N/A)\n", (56, 0)), ("Perfetto v32.1-abc\n", (32, 1)), ("9a8b7c\n", None)]
    )
    def test_versions_are_read(self, text: str, found: tuple[int, int] | None) -> None:
        assert parse_version(text) == found


class TestConfig:
    def test_events_go_to_one_buffer_and_what_must_not_be_lost_to_another(self) -> None:
        found = sources(ALL, Capture(buffer_kb=1000))
        assert found["linux.ftrace"].target_buffer == 0
        assert found["linux.sys_stats"].target_buffer == found["linux.process_stats"].target_buffer == 1
        config = TraceConfig.FromString(build_config(ALL, Capture(buffer_kb=1000), 60))
        assert config.buffers[0].size_kb == 1000

    def test_it_ends_by_itself_should_nobody_stop_it(self) -> None:
        assert TraceConfig.FromString(build_config(ALL, Capture(), 90)).duration_ms == 90_000

    def test_only_events_that_the_kernel_has_are_asked_for(self) -> None:
        caps = replace(ALL, events=frozenset({"sched/sched_switch"}))
        assert set(wanted_events(caps)) == {"sched/sched_switch", "ftrace/print"}
        assert set(RECLAIM) < set(wanted_events(ALL))

    def test_nothing_fires_once_per_page(self) -> None:
        per_page = ("write_folio", "writepage", "lru_isolate", "rss_stat", "mm_page_alloc", "zram")
        assert [event for event in wanted_events(ALL) if any(word in event for word in per_page)] == []

    def test_atrace_is_asked_only_where_there_is_one(self) -> None:
        with_atrace, without = sources(ALL), sources(replace(ALL, atrace=False))
        assert "am" in with_atrace["linux.ftrace"].ftrace_config.atrace_categories
        assert list(with_atrace["linux.ftrace"].ftrace_config.atrace_apps) == ["com.a", "lmkd"]
        assert not without["linux.ftrace"].ftrace_config.atrace_categories
        assert set(without) == {"linux.ftrace", "linux.process_stats", "linux.sys_stats"}

    def test_the_frame_timeline_is_asked_since_android_12(self) -> None:
        assert "android.surfaceflinger.frametimeline" in sources(ALL)
        assert "android.surfaceflinger.frametimeline" not in sources(replace(ALL, sdk=30))

    def test_periods_are_multiples_of_one_another_as_perfetto_demands(self) -> None:
        stats = sources(ALL, Capture(poll_ms=50))["linux.sys_stats"].sys_stats_config
        assert (stats.vmstat_period_ms, stats.meminfo_period_ms, stats.psi_period_ms) == (50, 50, 50)
        assert stats.stat_period_ms % 50 == 0

    def test_an_old_perfetto_gets_only_counters_it_knows(self) -> None:
        old = replace(ALL, version=(41, 0))
        assert all(VmstatCounters.Value(name) <= 128 for name in wanted_vmstat(old))
        assert "VMSTAT_PGSTEAL_KSWAPD" in wanted_vmstat(old)
        assert "VMSTAT_PGSTEAL_ANON" in wanted_vmstat(ALL)

    def test_psi_is_asked_since_version_41(self) -> None:
        for version, asked in (((40, 9), 0), ((41, 0), 100)):
            stats = sources(replace(ALL, version=version))["linux.sys_stats"].sys_stats_config
            assert stats.psi_period_ms == asked

    def test_counters_that_the_kernel_has_not_are_left_out(self) -> None:
        assert wanted_vmstat(replace(ALL, vmstat=frozenset({"pswpout", "new_one"}))) == ("VMSTAT_PSWPOUT",)


class TestSession:
    @pytest.fixture
    def fake(self) -> FakePhone:
        return fake_phone(trace=b"whole trace")

    @pytest.fixture
    def phone(self, fake: FakePhone) -> Phone:
        return attach(fake)

    @pytest.fixture
    def config(self) -> bytes:
        return build_config(ALL, Capture(), 60)

    def test_a_trace_is_recorded_fetched_and_removed(
        self, fake: FakePhone, phone: Phone, config: bytes, tmp_path: Path
    ) -> None:
        recording = session.start(phone, ALL, config)
        assert recording.stop()
        recording.fetch(tmp_path / "t")
        assert (tmp_path / "t").read_bytes() == b"whole trace"
        assert recording.remote not in fake.files
        assert recording.remote.startswith("/data/misc/perfetto-traces/")

    def test_it_runs_as_the_shell_user_and_waits_for_its_sources(
        self, fake: FakePhone, phone: Phone, config: bytes
    ) -> None:
        session.start(phone, ALL, config)
        assert fake.log[-1][0] == "perfetto"
        assert fake.log[-1][-1] == "--background-wait"
        session.start(phone, replace(ALL, background_wait=False), config)
        assert fake.log[-1][-1] == "--background"

    def test_one_that_ended_by_itself_is_told_apart(self, phone: Phone, config: bytes) -> None:
        recording = session.start(phone, ALL, config)
        assert recording.stop()
        assert not recording.stop()

    def test_a_traced_that_is_about_to_come_back_is_worth_another_try(
        self, fake: FakePhone, phone: Phone, config: bytes
    ) -> None:
        fake.faults.append(Fault("perfetto -c", answer=failed(1, "Background process failed, WaitStatus=1\n")))
        with pytest.raises(TransientError, match="Background process failed"):
            session.start(phone, ALL, config)

    def test_a_config_that_perfetto_refuses_comes_with_its_words(self, phone: Phone) -> None:
        with pytest.raises(FinalError, match=r"FAKE0001: perfetto does not record: .*config is invalid"):
            session.start(phone, ALL, b"not a config")

    def test_daemons_that_are_late_may_be_tried_again(self, fake: FakePhone, phone: Phone, config: bytes) -> None:
        fake.faults.append(Fault("perfetto -c", answer=failed(1, "Timed out waiting for the data sources to start\n")))
        with pytest.raises(TransientError, match="Timed out waiting"):
            session.start(phone, ALL, config)

    def test_one_that_does_not_end_may_be_tried_again(self, fake: FakePhone, phone: Phone, config: bytes) -> None:
        recording = session.start(phone, ALL, config)
        fake.faults.append(Fault("kill -TERM", answer=failed(4, "")))
        with pytest.raises(TransientError, match="told to stop: does not end"):
            recording.stop()

    def test_an_empty_trace_is_an_error_and_leaves_no_file(
        self, fake: FakePhone, phone: Phone, config: bytes, tmp_path: Path
    ) -> None:
        fake.trace = b""
        recording = session.start(phone, ALL, config)
        recording.stop()
        with pytest.raises(TransientError, match="empty trace"):
            recording.fetch(tmp_path / "t")
        assert list(tmp_path.iterdir()) == []

    def test_a_trace_that_is_not_there_may_be_recorded_again(
        self, fake: FakePhone, phone: Phone, config: bytes, tmp_path: Path
    ) -> None:
        recording = session.start(phone, ALL, config)
        recording.stop()
        fake.files.clear()
        with pytest.raises(TransientError, match="No such file"):
            recording.fetch(tmp_path / "t")
