# SPDX-License-Identifier: Apache-2.0
"""What Perfetto's UI is asked to show, and what it may ask for."""

import base64
import hashlib
import json
from urllib.parse import parse_qs

import pytest

from reports.viewer.link import Span, ui_address
from reports.viewer.place import LaunchSpan, chosen
from reports.viewer.server import ui_policy
from workloads.errors import InputError

FOUND = (
    LaunchSpan(1, "org.mail", Span(10, 20)),
    LaunchSpan(2, "org.maps", Span(30, 40)),
    LaunchSpan(3, "org.mail", Span(50, 60)),
)


def test_the_address_says_which_trace_which_stretch_and_which_tracks() -> None:
    page, _, arguments = ui_address("http://127.0.0.1:1/t/trace/a&b=c", "run é", Span(5, 9)).partition("#!/?")
    given = parse_qs(arguments, strict_parsing=True)
    assert page == "index.html"
    assert given["url"] == ["http://127.0.0.1:1/t/trace/a&b=c"]
    assert given["mode"] == ["embedded"]
    assert (given["visStart"], given["visEnd"], given["title"]) == (["5"], ["9"], ["run é"])
    commands = json.loads(given["startupCommands"][0])
    assert {command["id"] for command in commands} == {"dev.perfetto.PinTracksByRegex"}


def test_without_a_launch_the_whole_trace_is_shown() -> None:
    assert "vis" not in ui_address("x", "y", None)


def test_a_stretch_has_a_margin_and_stays_within_the_trace() -> None:
    assert Span(1_000_000_000, 2_000_000_000).widened() == Span(850_000_000, 2_150_000_000)
    assert Span(0, 10).widened() == Span(-1_000_000, 1_000_010), "a millisecond at least"
    assert Span(-5, 50).within(Span(0, 40)) == Span(0, 40)


@pytest.mark.parametrize(("wanted", "number"), [("2", 2), ("org.maps", 2), ("org.mail", 1)])
def test_a_launch_is_meant_by_its_number_or_its_app(wanted: str, number: int) -> None:
    assert chosen(FOUND, wanted, "t").number == number


@pytest.mark.parametrize("wanted", ["0", "4", "mail", "org"])
def test_one_that_is_not_there_is_told_with_those_that_are(wanted: str) -> None:
    with pytest.raises(InputError, match=r"no such launch in t; its launches: 1 \(org.mail\), 2 \(org.maps\)"):
        chosen(FOUND, wanted, "t")


def test_the_policy_names_the_uis_own_inline_script_and_no_other_host() -> None:
    script = b"\n 'use strict'; go();\n"
    policy = ui_policy(b"<body><script type='text/javascript'>" + script + b"</script>")
    digest = base64.b64encode(hashlib.sha256(script).digest()).decode()
    assert f"script-src 'self' 'wasm-unsafe-eval' 'sha256-{digest}'" in policy
    assert "unsafe-eval" not in policy.replace("wasm-unsafe-eval", "")
    assert "http" not in policy
    assert "*" not in policy
