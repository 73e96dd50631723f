# SPDX-License-Identifier: Apache-2.0
"""Values to JSON and back, strictly typed; refuses a newer layout by its number. Pure."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar, get_args, get_type_hints

import msgspec

from reports.record import SCHEMA_VERSION
from workloads.errors import StoreError
from workloads.spec import Experiment, Step, Workload

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T")
D = TypeVar("D", bound="DataclassInstance")

_STEPS: dict[str, type[Step]] = {step.do: step for step in get_args(Step)}


class _Versioned(msgspec.Struct):
    schema: int


def encode(value: object) -> bytes:
    """Indented JSON, one line feed at the end: people read and diff these files."""
    return msgspec.json.format(msgspec.json.encode(value), indent=1) + b"\n"


def decode(data: bytes, kind: type[T], where: object) -> T:
    """JSON to a value of a known type whose `schema` this program can read.

    Args:
        data: the JSON text.
        kind: a dataclass with a field `schema`.
        where: what errors name, usually the file.

    Raises:
        StoreError: broken JSON, a wrong type, or a newer schema.
    """
    check_schema(data, where)
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _broken(where, error) from error


def check_schema(data: bytes, where: object) -> None:
    """Refuse what a newer program wrote, before its other fields are looked at.

    Raises:
        StoreError: no schema number, or one above `SCHEMA_VERSION`.
    """
    try:
        schema = msgspec.json.decode(data, type=_Versioned).schema
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _broken(where, error) from error
    if schema > SCHEMA_VERSION:
        raise StoreError(
            f"{where}: has schema {schema}, this reclaim reads up to {SCHEMA_VERSION}; use a newer reclaim to read it"
        )


def encode_experiment(experiment: Experiment) -> bytes:
    """An experiment as JSON; each step is told by its `do`."""
    return encode({"schema": SCHEMA_VERSION, **msgspec.to_builtins(experiment)})


def decode_experiment(data: bytes, where: object) -> Experiment:
    """The experiment `encode_experiment` wrote.

    Raises:
        StoreError: broken JSON, a wrong type, an unknown step, or a newer schema.
    """
    check_schema(data, where)
    try:
        return _build(Experiment, msgspec.json.decode(data), {"workload": _workload})
    except (msgspec.DecodeError, TypeError, KeyError, AttributeError) as error:
        raise _broken(where, error) from error


def _workload(document: Any) -> Workload:  # noqa: ANN401 - JSON not looked at yet
    return _build(Workload, document, {"steps": lambda steps: tuple(_step(step) for step in steps)})


def _step(document: dict[str, Any]) -> Step:
    return msgspec.convert(document, _STEPS[document["do"]])


def _build(kind: type[D], document: Mapping[str, Any], special: Mapping[str, Callable[[Any], object]]) -> D:
    """A dataclass from JSON where msgspec cannot: a union of dataclasses somewhere below `special` fields."""
    hints = get_type_hints(kind)
    given = [field.name for field in dataclasses.fields(kind) if field.name in document]
    return kind(
        **{
            name: special[name](document[name]) if name in special else msgspec.convert(document[name], hints[name])
            for name in given
        }
    )


def _broken(where: object, error: Exception) -> StoreError:
    return StoreError(f"{where}: is not readable: {error}; copy the run again or delete this file")
