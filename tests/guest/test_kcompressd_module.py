# SPDX-License-Identifier: Apache-2.0
"""kcompressd's kernel modules under real memory pressure: what they promise, what they must never do."""

import sys
from collections.abc import Iterator

import pytest

from agent.handheld.machine import Handheld
from agent.handheld.options import HandheldOptions
from tests.support.pressed_guest import COUNTERS, ROUND, WORK, PressedGuest, check_reports, risen

pytestmark = pytest.mark.guest

PARAMETERS = "/sys/module/kcompressd/parameters"

TOGGLE = f"""{ROUND}
(n=0; until [[ -e {WORK}/toggled ]]; do n=$((n+1)); eat $n 1 {WORK}/report.$n; done) &
eaten=$!
queued=0
until ((queued > 0)); do sleep 0.1; read -r queued <{COUNTERS}/queued; done
toggles=0
while ((toggles < 200)); do
  for threads in 2 0 4 1 2 1 0 4; do
    if ((toggles % 4 == 0)); then
      size=$((16 << toggles % 28 / 4))
      echo $size >{PARAMETERS}/queue_size_per_kcompressd || echo "size $size refused"
      sleep 0.1
    fi
    echo $threads >{PARAMETERS}/nr_kcompressd || echo "threads $threads refused"
    read -r now <{PARAMETERS}/nr_kcompressd
    read -r running <{COUNTERS}/threads
    [[ "$now $running" == "$threads $threads" ]] || echo "wanted $threads threads, read $now, $running run"
    ((++toggles % 2)) && sleep 0.1
    read -r peak <{COUNTERS}/peak
    ((threads == 0 || peak <= size)) || echo "peak $peak above $size pages"
  done
done
echo 2 >{PARAMETERS}/nr_kcompressd
echo 1024 >{PARAMETERS}/queue_size_per_kcompressd
touch {WORK}/toggled
wait $eaten
echo "toggles $toggles"
"""


class Phone(PressedGuest):
    def write(self, parameter: str, value: str) -> bool:
        """Return whether the kernel took it."""
        return self.write_file(f"{PARAMETERS}/{parameter}", value)

    def parameters(self) -> list[str]:
        return self.read(f"cd {PARAMETERS} && cat nr_kcompressd queue_size_per_kcompressd").split()


@pytest.fixture(scope="module")
def ours() -> Iterator[Phone]:
    """A phone of its own: after these rounds it is no fit place for other tests."""
    with Handheld.start(HandheldOptions(kcompressd="zram")) as guest:
        yield Phone.of(guest)


@pytest.fixture(scope="module")
def first_version() -> Iterator[Phone]:
    with Handheld.start(HandheldOptions(kcompressd="v1")) as guest:
        yield Phone.of(guest)


def test_it_starts_with_two_threads_of_1024_pages(ours: Phone) -> None:
    assert ours.parameters() == ["2", "1024"]
    assert ours.threads() == ["[kcompressd:0]", "[kcompressd:1]"]


def test_a_value_out_of_range_or_no_number_is_refused_and_changes_nothing(ours: Phone) -> None:
    before = ours.parameters()
    for parameter, value in (
        ("nr_kcompressd", "9"),
        ("nr_kcompressd", "-1"),
        ("nr_kcompressd", "two"),
        ("nr_kcompressd", "99999999999"),
        ("queue_size_per_kcompressd", "0"),
        ("queue_size_per_kcompressd", "65537"),
        ("queue_size_per_kcompressd", ""),
    ):
        assert not ours.write(parameter, value)
    assert ours.parameters() == before


def test_the_threads_are_those_that_were_asked_for(ours: Phone) -> None:
    for wanted in (0, 8, 1, 2):
        assert ours.write("nr_kcompressd", str(wanted))
        assert ours.threads() == [f"[kcompressd:{number}]" for number in range(wanted)]


def test_a_full_queue_makes_kswapd_compress_by_itself(ours: Phone) -> None:
    assert ours.write("queue_size_per_kcompressd", "1")
    before = ours.counters()
    ours.eat(seed=1000)
    after = ours.counters()
    assert ours.write("queue_size_per_kcompressd", "1024")
    assert after["peak"] == 1
    # How often is the machine's affair: idle CPUs empty even a queue of one page before kswapd comes with the next.
    assert risen(before, after, "full") > 1000
    assert risen(before, after, "queued") > 1000


def test_toggling_200_times_under_pressure_loses_no_page_and_upsets_no_kernel(ours: Phone) -> None:
    before = ours.counters()
    done = ours.root(TOGGLE, timeout_s=180)
    after = ours.counters()
    sys.stderr.write(f"{done.out}{after}\n")
    assert (done.code, done.out, done.err) == (0, "toggles 200\n", "")
    check_reports(ours.read(f"cat {WORK}/report.*[0-9]"), stride=1)
    assert ours.trouble() == []
    assert risen(before, after, "queued") > 1000
    assert after["queued"] == after["drained"] + after["inflight"]
    assert after["failed"] == 0


def test_the_first_version_stores_a_valid_value_calls_it_invalid_and_is_off(first_version: Phone) -> None:
    assert first_version.parameters() == ["4", "4096"]
    assert not first_version.write("nr_kcompressd", "2")
    assert first_version.parameters() == ["2", "4096"]
    assert "Invalid number of kcompressd." in first_version.read("dmesg")
    before = first_version.counters()
    first_version.eat(seed=1)
    assert first_version.counters() == before
    assert first_version.threads() == []


def test_the_first_version_takes_nonsense_for_a_success_and_is_on_again(first_version: Phone) -> None:
    assert first_version.write("nr_kcompressd", "nonsense")
    assert first_version.parameters() == ["2", "4096"]
    assert first_version.threads() == []  # they come with kswapd's first write
    before = first_version.counters()
    first_version.eat(seed=2)
    after = first_version.counters()
    assert first_version.threads() == ["[kcompressd:0]", "[kcompressd:1]"]
    assert risen(before, after, "queued") > 0
    assert after["failed"] == 0
    assert first_version.trouble() == []


def test_the_stock_kernel_has_no_kcompressd() -> None:
    with Handheld.start(HandheldOptions(kcompressd="none")) as guest:
        stock = Phone.of(guest)
        assert stock.read(f"ls -d {PARAMETERS} {COUNTERS} 2>/dev/null || echo none") == "none"
        assert stock.threads() == []
        assert "/dev/zram0" in stock.read("cat /proc/swaps")
