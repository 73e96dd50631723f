# SPDX-License-Identifier: Apache-2.0
"""APK files with a manifest and nothing else, in Android's binary XML (frameworks/base ResourceTypes.h)."""

import struct
import zipfile
from pathlib import Path
from typing import TypeAlias

NAMESPACE = "http://schemas.android.com/apk/res/android"
_IDS = {"versionCode": 0x0101021B, "versionName": 0x0101021C, "name": 0x01010003}
_NONE, _TEXT, _NUMBER = 0xFFFFFFFF, 0x03, 0x10

Element: TypeAlias = tuple[str, dict[str, str | int], list["Element"]]


def write_apk(path: Path, package: str, activity: str = ".Main", version: str = "1.2", code: int = 34) -> Path:
    """An app whose launcher shows `activity`; nothing is shown where it is empty."""
    shown: list[Element] = [
        (
            "intent-filter",
            {},
            [
                ("action", {"name": "android.intent.action.MAIN"}, []),
                ("category", {"name": "android.intent.category.LAUNCHER"}, []),
            ],
        )
    ]
    application: Element = (
        "application",
        {},
        [("activity", {"name": activity or ".Hidden"}, shown if activity else [])],
    )
    root: Element = ("manifest", {"package": package, "versionCode": code, "versionName": version}, [application])
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("AndroidManifest.xml", _document(root))
    return path


def _document(root: Element) -> bytes:
    texts = [*_IDS, "android", NAMESPACE]  # what resource ids name comes first
    body = _namespace(0x0100, texts) + _element(root, texts) + _namespace(0x0101, texts)
    ids = struct.pack(f"<HHI{len(_IDS)}I", 0x0180, 8, 8 + 4 * len(_IDS), *_IDS.values())
    inner = _strings(texts) + ids + body
    return struct.pack("<HHI", 0x0003, 8, 8 + len(inner)) + inner


def _strings(texts: list[str]) -> bytes:
    data, offsets = b"", []
    for text in texts:
        offsets.append(len(data))
        data += struct.pack("<H", len(text)) + text.encode("utf-16-le") + b"\0\0"
    data += b"\0" * (-len(data) % 4)
    start = 28 + 4 * len(texts)
    head = struct.pack("<HHIIIIII", 0x0001, 28, start + len(data), len(texts), 0, 0, start, 0)
    return head + struct.pack(f"<{len(texts)}I", *offsets) + data


def _place(text: str, texts: list[str]) -> int:
    if text not in texts:
        texts.append(text)
    return texts.index(text)


def _namespace(kind: int, texts: list[str]) -> bytes:
    return struct.pack("<HHIIIII", kind, 16, 24, 1, _NONE, _place("android", texts), _place(NAMESPACE, texts))


def _element(element: Element, texts: list[str]) -> bytes:
    tag, values, inner = element
    name = _place(tag, texts)
    cells = b"".join(_attribute(key, value, texts) for key, value in values.items())
    size = 36 + len(cells)
    start = struct.pack("<HHIIIIIHHHHHH", 0x0102, 16, size, 1, _NONE, _NONE, name, 20, 20, len(values), 0, 0, 0)
    end = struct.pack("<HHIIIII", 0x0103, 16, 24, 1, _NONE, _NONE, name)
    return start + cells + b"".join(_element(each, texts) for each in inner) + end


def _attribute(key: str, value: str | int, texts: list[str]) -> bytes:
    space = _place(NAMESPACE, texts) if key in _IDS else _NONE
    name = _place(key, texts)
    if isinstance(value, int):
        return struct.pack("<IIIHBBI", space, name, _NONE, 8, 0, _NUMBER, value)
    text = _place(value, texts)
    return struct.pack("<IIIHBBI", space, name, text, 8, 0, _TEXT, text)
