# SPDX-License-Identifier: Apache-2.0
"""What the package manager and `dumpsys` print of apps; forms of Android 9 to 16 by AOSP's sources."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.device import packages

ACTIVITIES = """\
2 activities found:
  Activity #0:
    priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=true
    org.example.mail/.ui.Inbox
  Activity #1:
    priority=0 preferredOrder=0 match=0x108000 specificIndex=-1 isDefault=false
    org.example.maps/com.example.Maps$Start
"""
# ActivityManagerService.java, printMemItems: Android 9 has PSS alone, 12 and later RSS above it; `in swap` where
# smaps knows SwapPss (dumpProcessMemory, hasSwapPss).
MEMINFO_9 = """\
Applications Memory Usage (in Kilobytes):
Uptime: 4240331 Realtime: 4240331

Total PSS by process:
    123,456K: org.example.game (pid 3101 / activities)
     41,000K: org.example.game:gl (pid 3102)
     21,000K: system (pid 1200)

Total PSS by OOM adjustment:
    999,999K: Native
        999,999K: org.example.mail (pid 77)
"""
MEMINFO_13 = MEMINFO_9.replace(
    "Total PSS by process:\n",
    "Total RSS by process:\n    500,000K: org.example.game (pid 3101)\n\nTotal PSS by process:\n",
).replace("(pid 3102)\n", "(pid 3102)                             (    1,024K in swap)\n")
# Settings.java, dumpPackageLPr; of an updated system app the one it shipped with stands last.
DUMPED = """\
Activity Resolver Table:
  Non-Data Actions:
      android.intent.action.MAIN:
        c0ffee org.example.mail/.ui.Inbox filter deadbee

Packages:
  Package [org.example.mail] (4a4a4a4):
    userId=10123
    versionCode=2024010100 minSdk=26 targetSdk=34
    versionName=24.1 (beta)
    splits=[base]

Hidden system packages:
  Package [org.example.mail] (5b5b5b5):
    versionCode=7 minSdk=21 targetSdk=28
    versionName=1.0
"""


@given(st.text(max_size=200))
def test_no_text_breaks_a_parser(text: str) -> None:
    packages.listed(text)
    packages.activities(text)
    packages.memory(text)
    packages.version(text, "a.b")


def test_packages_with_and_without_their_files() -> None:
    text = (
        "package:org.example.mail\npackage:/data/app/~~x==/org.example.maps-1/base.apk=org.example.maps\nWARNING: x\n"
    )
    assert packages.listed(text) == {"org.example.mail", "org.example.maps"}


def test_activities_by_component() -> None:
    assert packages.activities(ACTIVITIES) == ("org.example.mail/.ui.Inbox", "org.example.maps/com.example.Maps$Start")
    assert packages.activities("No activities found\n") == ()


@pytest.mark.parametrize("text", [MEMINFO_9, MEMINFO_13])
def test_memory_is_pss_of_all_processes_of_a_package(text: str) -> None:
    assert packages.memory(text) == {"org.example.game": (123_456 + 41_000) * 1024, "system": 21_000 * 1024}


def test_the_version_in_use_not_the_one_that_was_shipped() -> None:
    assert packages.version(DUMPED, "org.example.mail") == "24.1 (beta) (2024010100)"
    assert packages.version("Unable to find package: org.example.mail\n", "org.example.mail") is None
