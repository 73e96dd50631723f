# SPDX-License-Identifier: Apache-2.0
"""The mm-level kcompressd: vm.kcompressd, kcompressd0, and folios that stay locked while they wait."""

import os
import sys
from array import array
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent.device.phone import attach
from agent.handheld.machine import Handheld
from agent.knobs.activity import survey
from agent.knobs.discover import discover
from tests.support.pressed_guest import COUNTERS, EATERS, MM, ROUND, WORK, PressedGuest, check_reports, risen

pytestmark = pytest.mark.guest

VALUE = "/proc/sys/vm/kcompressd"
HOLD = "/sys/module/kcompressd/parameters/hold_ms"
MODULE = "/system/lib/modules/kcompressd-mm.ko"
FLAGS = f"{WORK}/kpageflags"
LOCKED_BIT, WRITEBACK_BIT, SWAPCACHE_BIT = 1 << 0, 1 << 8, 1 << 13  # include/uapi/linux/kernel-page-flags.h

TOGGLES = int(os.environ.get("RECLAIM_TOGGLES", "30"))
"""In the long form 200, and every page is read back (a minute and more), not one in eight."""

STRIDE = 1 if TOGGLES >= 100 else 8
LESS = 140 << 20
"""Each of five: above what is free, but not so far that a round takes minutes."""

NEAR = 16
"""Pages: what traced, adbd and the like may add while a script takes a figure."""

TOGGLE = f"""{ROUND}
(n=0; until [[ -e {WORK}/toggled ]]; do n=$((n+1)); eat $n {STRIDE} {WORK}/report.$n {LESS}; done) &
eaten=$!
queued=0
until ((queued > 0)); do sleep 0.1; read -r queued <{COUNTERS}/queued; done
toggles=0
while ((toggles < {TOGGLES})); do
  for value in 24 0 256 1 64 0 8 24 2 256; do
    echo $value >{VALUE} || echo "$value refused"
    now=$(<{VALUE})  # `read` takes a byte at a time, and a sysctl file ends after the first
    read -r peak <{COUNTERS}/peak
    read -r inflight <{COUNTERS}/inflight
    [[ $now == $value ]] || echo "wanted $value, read $now"
    ((peak <= value)) || echo "peak $peak above $value pages"
    ((value > 0 || inflight == 0)) || echo "$inflight pages wait, and kcompressd is off"
    ((++toggles % 2)) && sleep 0.1
  done
done
echo 24 >{VALUE}
touch {WORK}/toggled
wait $eaten
echo "toggles $toggles"
"""

HELD = f"""
# Run by a shell that keeps its own pages in memory: they are not among those that wait.
snap() {{
  typeset line=$1 name value
  echo 1 >/proc/sys/vm/stat_refresh  # else each CPU may be 125 writes behind
  read -r value <{COUNTERS}/inflight
  line="$line inflight=$value"
  while read -r name value; do
    case $name in nr_writeback | nr_vmscan_write | pswpout | swpout_zero) line="$line $name=$value" ;; esac
  done </proc/vmstat
  echo "$line"
}}
until_quiet() {{
  typeset name value before=-1 now=0
  until ((now == before)); do
    before=$now
    sleep 0.3
    while read -r name value; do [[ $name == pswpout ]] && now=$value; done </proc/vmstat
  done
}}
fill() {{  # fill PROCESSES BYTES STRIDE REPORT
  rm -f $4.filled
  {WORK}/pressure --processes $1 --bytes $2 --compressible 0.5 --hold 60 --stop-file {WORK}/stop \\
    --check-stride $3 --report $4 &
}}
until_filled() {{ until [[ -e $1.filled ]]; do sleep 0.1; done; }}
until_queued() {{ typeset n=0; until ((n == 256)) || [[ -e $1.filled ]]; do read -r n <{COUNTERS}/inflight; done; }}
hold() {{
  echo 0 >/proc/sys/kernel/hung_task_timeout_secs  # whoever needs a held page waits as long as this machine takes
  echo 60000 >{HOLD}
}}
release() {{ echo 0 >{HOLD}; echo 20 >/proc/sys/kernel/hung_task_timeout_secs; }}
rm -f {WORK}/stop
echo 0 >/proc/sys/vm/compaction_proactiveness  # kcompactd would wait for a queued page, holding others
"""

LOCKED = f"""{HELD}
echo 0 >{VALUE}
fill {EATERS} {LESS} 8 {WORK}/held.1
until_filled {WORK}/held.1
until_quiet
snap off
hold
echo 256 >{VALUE}
fill 1 {64 << 20} 0 {WORK}/more
more=$!
until_queued {WORK}/more
kill -KILL $more  # while nothing is taken out, kswapd frees little and would go on
until_quiet
snap held
cat /proc/kpageflags >{FLAGS}
chmod 644 {FLAGS}
touch {WORK}/stop
(echo 0 >{VALUE}) &
lowered=$!
sleep 0.5
echo "draining value=$(<{VALUE})"
release
wait $lowered
snap drained
wait
"""

PRESS = f"""{HELD}
fill 3 {220 << 20} 0 {WORK}/press
until_filled {WORK}/press
until_quiet
touch {WORK}/stop
wait
"""

GONE = f"""{HELD}
hold
echo 256 >{VALUE}
fill 3 {220 << 20} 0 {WORK}/dead
eaters=$!
until_queued {WORK}/dead
kill -KILL $eaters
sleep 0.5
snap dead
(swapoff /dev/zram0; echo "swapoff status=$?") &
(rmmod kcompressd; echo "rmmod status=$?") &
sleep 1
snap waiting
release
wait
"""


class Phone(PressedGuest):
    def value(self) -> str:
        return self.read(f"cat {VALUE}")

    def held(self, script: str) -> dict[str, dict[str, int]]:
        """Run a script in a shell that stays in memory; return its lines `LABEL NAME=NUMBER ...` by label."""
        self.link.push(script.encode(), f"{WORK}/script", mode=0o644)
        lines = self.read(f"launch -l sh {WORK}/script 2>&1", timeout_s=180).splitlines()
        sys.stderr.write("\n".join([*lines, ""]))
        pairs = {line.split()[0]: [word.split("=") for word in line.split()[1:]] for line in lines}
        return {label: {name: int(value) for name, value in words} for label, words in pairs.items()}


def unwritten(since: dict[str, int], now: dict[str, int]) -> int:
    """The host's estimate of the queue: handed to the swap code, and neither written nor found to be all zeros."""
    return risen(since, now, "nr_vmscan_write") - risen(since, now, "pswpout") - risen(since, now, "swpout_zero")


def locked_in_swap_cache(kpageflags: bytes) -> int:
    """Count pages that are locked, in the swap cache, not under writeback (admin-guide/mm/pagemap.rst)."""
    bits = LOCKED_BIT | WRITEBACK_BIT | SWAPCACHE_BIT
    return sum(flags & bits == LOCKED_BIT | SWAPCACHE_BIT for flags in array("Q", kpageflags))


@pytest.fixture(scope="module")
def ours() -> Iterator[Phone]:
    """A phone of its own: after these rounds it is no fit place for other tests."""
    with Handheld.start(MM) as guest:
        yield Phone.of(guest)


def test_it_starts_with_24_pages_and_a_thread_that_is_always_there(ours: Phone) -> None:
    assert ours.value() == "24"
    assert ours.threads() == ["[kcompressd0]"]
    assert ours.write_file(VALUE, "0")
    assert ours.threads() == ["[kcompressd0]"]
    assert ours.counters()["threads"] == 1
    assert ours.write_file(VALUE, "24")


def test_a_value_out_of_range_or_no_number_is_refused_and_changes_nothing(ours: Phone) -> None:
    for value in ("-1", "257", "99999999999", "", "many", "24x"):
        assert not ours.write_file(VALUE, value)
        assert ours.value() == "24"
    for value in ("0", "256", "24"):
        assert ours.write_file(VALUE, value)
        assert ours.value() == value


def test_toggling_under_pressure_loses_no_page_and_upsets_no_kernel(ours: Phone) -> None:
    phone = attach(ours.link)
    knob = discover(phone)["kcompressd"]
    counters, vmstat, before = ours.counters(), ours.vmstat(), survey(phone)[1]
    done = ours.root(TOGGLE, timeout_s=400)
    after = ours.counters()
    sys.stderr.write(f"{done.out}{after}\n")
    assert (done.code, done.out, done.err) == (0, f"toggles {TOGGLES}\n", "")
    check_reports(ours.read(f"cat {WORK}/report.*[0-9]"), stride=STRIDE, eaten=LESS)
    assert ours.trouble() == []
    assert risen(counters, after, "queued") > 1000
    assert after["queued"] == after["drained"] + after["inflight"]
    assert after["failed"] == 0
    # At zram level every queued page is rotated when its writeback ends.
    assert risen(vmstat, ours.vmstat(), "pgrotated") < risen(counters, after, "queued") / 20
    proof = knob.prove("on", knob.read(phone), before, survey(phone)[1])
    assert (proof.outcome, proof.read_back) == ("taken", "24")
    assert proof.evidence["queued_pages"] == risen(counters, after, "queued")


def test_off_leaves_all_to_kswapd_and_is_proven_by_that(ours: Phone) -> None:
    phone = attach(ours.link)
    knob = discover(phone)["kcompressd"]
    assert knob.write(phone, "off") == "off"
    before = survey(phone)[1]
    ours.held(PRESS)
    proof = knob.prove("off", knob.read(phone), before, survey(phone)[1])
    assert knob.write(phone, "on") == "24"
    assert proof.outcome == "taken"
    assert [proof.evidence[name] for name in ("kcompressd_cpu_s", "queued_pages", "full_pages")] == [0, 0, 0]
    assert proof.evidence["swapped_pages"] > 1000


def test_queued_pages_are_locked_and_not_under_writeback_until_they_are_written(ours: Phone, tmp_path: Path) -> None:
    seen = ours.held(LOCKED)
    ours.link.pull(FLAGS, tmp_path / "flags")
    assert 256 <= locked_in_swap_cache((tmp_path / "flags").read_bytes()) <= 256 + NEAR
    assert seen["held"]["inflight"] == 256
    assert seen["held"]["nr_writeback"] <= NEAR
    assert abs(unwritten(seen["off"], seen["held"]) - 256) <= NEAR
    assert seen["draining"]["value"] == 256
    assert seen["drained"]["inflight"] == 0
    assert ours.value() == "0"
    check_reports(ours.read(f"cat {WORK}/held.1"), stride=8, eaten=LESS)
    assert ours.trouble() == []


def test_swapoff_and_unload_wait_for_queued_pages_whose_owners_are_gone(ours: Phone) -> None:
    seen = ours.held(GONE)
    assert list(seen)[:2] == ["dead", "waiting"]  # the other lines came once the thread went on
    assert (seen["dead"]["inflight"], seen["waiting"]["inflight"]) == (256, 256)
    assert (seen["swapoff"]["status"], seen["rmmod"]["status"]) == (0, 0)
    assert ours.threads() == []
    assert ours.read(f"ls -d {VALUE} {HOLD} {COUNTERS} 2>/dev/null || echo none") == "none"
    assert ours.read("tail -n +2 /proc/swaps") == ""
    assert ours.trouble() == []


def test_it_says_in_one_line_that_it_cannot_hook_and_does_not_load(ours: Phone) -> None:
    ours.read("dmesg -c >/dev/null; echo 0 >/proc/sys/kernel/ftrace_enabled")
    assert ours.root(f"insmod {MODULE}").code != 0
    (line,) = ours.read("dmesg").splitlines()
    assert "kcompressd: swap_writepage cannot be hooked" in line
    assert ours.read(f"ls -d {VALUE} {HOLD} {COUNTERS} 2>/dev/null || echo none") == "none"
    ours.read(f"echo 1 >/proc/sys/kernel/ftrace_enabled; insmod {MODULE}")
    assert (ours.value(), ours.threads()) == ("24", ["[kcompressd0]"])


def test_ftrace_cannot_be_switched_off_under_it(ours: Phone) -> None:
    assert "busy" in ours.root("echo 0 >/proc/sys/kernel/ftrace_enabled").err
    assert ours.read("cat /proc/sys/kernel/ftrace_enabled") == "1"
