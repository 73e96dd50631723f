# SPDX-License-Identifier: Apache-2.0
"""The page's colours stay apart for eyes that lack a cone (Machado et al., IEEE TVCG 15 (2009) 1291-1298)."""

import itertools
import re
import warnings
from importlib.resources import files
from types import ModuleType

import numpy as np
import numpy.typing as npt
import pytest

Colour = npt.NDArray[np.float64]

CSS = (files("reports") / "page" / "static" / "page.css").read_text()
DARK = CSS.index("prefers-color-scheme: dark")
SCHEMES = {"light": CSS[:DARK], "dark": CSS[DARK:]}
ARMS = tuple(f"arm-{number}" for number in range(6))
TONES = ("good", "bad", "moved")
LEAST, LEAST_CONTRAST, LEAST_CONTRAST_TEXT = 9.0, 3.0, 4.5
"""Distance in Oklab times 100; contrast as WCAG 2.2 asks of graphics (1.4.11) and of text (1.4.3)."""


@pytest.fixture(scope="module")
def science() -> ModuleType:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it tells of what it could do with Matplotlib
        import colour.blindness  # noqa: PLC0415 - imported late, because of its warnings

        module: ModuleType = colour
        return module


def value(scheme: str, name: str) -> str:
    found = re.search(rf"--{name}: (#[0-9a-f]{{6}})", SCHEMES[scheme])
    assert found, name
    return found[1]


def light_of(science: ModuleType, text: str) -> Colour:
    shown = np.array([int(text[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    made: Colour = science.models.eotf_sRGB(shown)
    return made


def eyes(science: ModuleType) -> dict[str, Colour]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of tritanopia the model is an approximation
        lacking = ("Protanomaly", "Deuteranomaly", "Tritanomaly")
        seen = {name: science.blindness.matrix_cvd_Machado2009(name, 1.0) for name in lacking}
    return {"all cones": np.eye(3), **seen}


def apart(science: ModuleType, one: Colour, other: Colour) -> float:
    shown = [np.clip(each, 0, 1) for each in (one, other)]
    places = [science.XYZ_to_Oklab(science.sRGB_to_XYZ(each, apply_cctf_decoding=False)) for each in shown]
    return float(np.linalg.norm(places[0] - places[1])) * 100


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("names", [ARMS, TONES], ids=["arms", "tones"])
def test_no_two_colours_look_alike_to_anybody(science: ModuleType, scheme: str, names: tuple[str, ...]) -> None:
    shown = {name: light_of(science, value(scheme, name)) for name in names}
    close = {
        (eye, one, other): round(far, 1)
        for eye, matrix in eyes(science).items()
        for one, other in itertools.combinations(names, 2)
        if (far := apart(science, matrix @ shown[one], matrix @ shown[other])) < LEAST
    }
    assert close == {}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_every_colour_stands_out_from_paper(science: ModuleType, scheme: str) -> None:
    def bright(name: str) -> float:
        return float(light_of(science, value(scheme, name)) @ np.array([0.2126, 0.7152, 0.0722])) + 0.05

    limits = {**dict.fromkeys(ARMS, LEAST_CONTRAST), **dict.fromkeys(TONES, LEAST_CONTRAST_TEXT)}
    for (name, least), paper in itertools.product(limits.items(), ("paper", "card")):
        low, high = sorted((bright(name), bright(paper)))
        assert high / low >= least, (name, paper)
