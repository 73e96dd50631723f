# SPDX-License-Identifier: Apache-2.0
"""Where a TOML file says what: key path -> line, for messages that name the line."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from tree_sitter import Node

Path: TypeAlias = tuple[str | int, ...]
"""Keys and array indices from the root: `("arms", 1, "name")`."""


def key_lines(text: str) -> dict[Path, int]:
    """The 1-based line of every key, table and array element of a TOML document."""
    import tree_sitter_toml  # noqa: PLC0415 - imported late: only messages about bad files need it
    from tree_sitter import Language, Parser  # noqa: PLC0415 - imported late: the same

    root = Parser(Language(tree_sitter_toml.language())).parse(text.encode()).root_node
    found: dict[Path, int] = {(): 1}
    elements: dict[Path, int] = {}
    for node in root.named_children:
        found.update(_top(node, elements))
    return found


def line_of(lines: dict[Path, int], path: Path) -> int:
    """The line of a path, or of its nearest ancestor that the file does hold."""
    while path not in lines:
        path = path[:-1]
    return lines[path]


def _top(node: "Node", elements: dict[Path, int]) -> Iterator[tuple[Path, int]]:
    if node.type == "pair":
        yield from _pair(node, ())
    elif node.type in {"table", "table_array_element"}:
        yield from _table(node, elements)


def _table(node: "Node", elements: dict[Path, int]) -> Iterator[tuple[Path, int]]:
    """A `[table]` or `[[array]]` element; the latter counts up the index of its key."""
    header, *pairs = node.named_children
    path = _key(header)
    if node.type == "table_array_element":
        index = elements.get(path, 0)
        elements[path] = index + 1
        path = (*path, index)
    elif elements.get(path[:1]):
        path = (path[0], elements[path[:1]] - 1, *path[1:])  # `[arms.settings]` belongs to the latest `[[arms]]`
    yield path, node.start_point[0] + 1
    for pair in pairs:
        if pair.type == "pair":
            yield from _pair(pair, path)


def _pair(node: "Node", above: Path) -> Iterator[tuple[Path, int]]:
    key, value = node.named_children[:2]
    path = (*above, *_key(key))
    yield path, node.start_point[0] + 1
    yield from _inside(value, path)


def _inside(value: "Node", path: Path) -> Iterator[tuple[Path, int]]:
    if value.type == "inline_table":
        for pair in value.named_children:
            if pair.type == "pair":
                yield from _pair(pair, path)
    elif value.type == "array":
        items = [child for child in value.named_children if child.type != "comment"]
        for index, item in enumerate(items):
            yield (*path, index), item.start_point[0] + 1
            yield from _inside(item, (*path, index))


def _key(node: "Node") -> Path:
    if node.type == "dotted_key":
        return tuple(part for child in node.named_children for part in _key(child))
    text = (node.text or b"").decode()
    return (text.strip("\"'") if node.type == "quoted_key" else text,)
