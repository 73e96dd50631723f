# SPDX-License-Identifier: Apache-2.0
"""Families of other packages: found by entry point, never in the way of a run when they are broken."""

import io
import json
from pathlib import Path

import pytest

from agent.cli.main import main
from agent.device.fake import fake_phone
from agent.device.fake_kernel import FakeFile
from agent.device.phone import Phone, attach
from agent.knobs.discover import describe, discover, find
from workloads.errors import FinalError

GOOD = """
from agent.device import batch
from agent.knobs.base import NumberKnob
from agent.knobs.family import Family

def build(seen):
    if "/sys/acme/boost" in seen.files:
        yield NumberKnob("acme.boost", "/sys/acme/boost", most=9, layout="acme v2")
        yield NumberKnob("kcompressd", "/sys/acme/boost", most=9)

FAMILY = Family(
    key="acme", layout="acme v2", knobs={"acme.boost": "0 to 9"}, where="/sys/acme/boost",
    questions=(batch.each("/sys/acme/*"),), build=build,
)
"""
FAILS_LATER = GOOD.replace("    if ", "    raise ValueError('it has\\nno boost')\n    if ")


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> "Install":
    """Make a distribution with one module and one entry point."""
    monkeypatch.syspath_prepend(str(tmp_path))
    return Install(tmp_path)


class Install:
    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, module: str, text: str, target: str = "FAMILY") -> Phone:
        info = self.folder / f"{module}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {module}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[reclaim.knobs]\nacme = {module}:{target}\n")
        (self.folder / f"{module}.py").write_text(text)
        fake = fake_phone()
        fake.files["/sys/acme/boost"] = FakeFile("3\n")
        return attach(fake)


def test_a_family_of_another_package_is_found_in_the_same_round_trip(install: Install) -> None:
    phone = install("acme_good", GOOD)
    found = discover(phone)
    assert find("acme.boost", found, phone.serial).write(phone, "4") == "4"
    assert describe(phone, found)["acme.boost"] == "/sys/acme/boost: 4 (acme v2)"


def test_it_cannot_take_a_name_that_is_ours(install: Install) -> None:
    found = discover(install("acme_name", GOOD))
    assert found["kcompressd"].where.startswith("/sys/module/")
    assert found["kcompressd@acme"].where == "/sys/acme/boost"


@pytest.mark.parametrize(
    ("module", "text", "why"),
    [
        ("acme_import", "import no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("acme_crash", "raise SystemError('boom')", "SystemError: boom"),
        ("acme_type", "FAMILY = 7", "TypeError: it is a int, not an agent.knobs.family.Family"),
        ("acme_none", "", "AttributeError"),
        ("acme_later", FAILS_LATER, "ValueError: it has no boost"),
    ],
)
def test_a_broken_one_is_one_line_and_all_else_goes_on(install: Install, module: str, text: str, why: str) -> None:
    phone = install(module, text)
    found = discover(phone)
    (line,) = found.troubles
    assert line.startswith("knob plug-in acme (")
    assert why in line
    assert line.endswith("mend or uninstall it")
    assert "\n" not in line
    assert "kcompressd" in found
    assert line in describe(phone, found).values()
    with pytest.raises(FinalError, match=r"no knob acme\.boost .*; knob plug-in acme"):
        find("acme.boost", found, phone.serial)


class TestListing:
    def run(self, *words: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        return main(["list", "knobs", *words], out, err), out.getvalue(), err.getvalue()

    def test_every_family_is_listed_without_a_phone_plug_ins_too(self, install: Install) -> None:
        install("acme_listed", GOOD)
        code, out, err = self.run()
        assert (code, err) == (0, "")
        for name in (
            "kcompressd  ",
            "mm-level sysctl (vm.kcompressd)",
            "zram.algorithm",
            "cpu.frequency",
            "acme.boost",
        ):
            assert name in out

    def test_json_tells_all_that_is_known(self) -> None:
        rows = json.loads(self.run("--json")[1])
        assert {"name", "layout", "values", "where", "off", "proof", "source"} == set(rows[0])
        assert all(row["source"] for row in rows)

    def test_a_broken_plug_in_is_a_line_on_standard_error(self, install: Install) -> None:
        install("acme_broken", "import no_such_package")
        code, out, err = self.run()
        assert code == 0
        assert "kcompressd" in out
        assert err.count("\n") == 1
        assert err.startswith("reclaim: knob plug-in acme (acme-broken 1.0") or "acme_broken 1.0" in err
