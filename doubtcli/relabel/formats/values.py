"""Values of the data -> values that JSON has, and the user's columns as a tool's keys."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from doubtcli.queue_columns import RESERVED_COLUMNS, own_names
from doubtcli.relabel.shown import is_told, told_texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from doubtcli.relabel.task import Queue

TEXT, CARD, IMAGE = "text", "doubt_card", "image"
"""The keys that hold what a person is shown."""
_BREAKS = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "\x7f\x85\u2028\u2029"})
"""Marks that JSON lets stand and that some readers take for the end of a line."""


def image_keys(queue: Queue) -> list[str]:
    """The keys of the columns of images: the first is "image", the second "image_2"."""
    return [IMAGE if number == 1 else f"{IMAGE}_{number}" for number in range(1, len(queue.parts.images) + 1)]


def own_rows(queue: Queue, taken: Collection[str]) -> list[dict[str, Any]]:
    """The user's columns of each row as JSON has them, but for vectors, bytes and the text that is shown.

    Args:
        queue: The rows.
        taken: Names that mean something to the tool; a column of that name gets the prefix `input_`.
    """
    columns = _own_columns(queue, taken)
    return [
        dict(zip(columns, values, strict=True))
        for values in zip(*([plain(value) for value in column] for column in columns.values()), strict=True)
    ] or [{} for _ in queue.tasks]


def own_texts(queue: Queue, taken: Collection[str]) -> list[dict[str, str]]:
    """As `own_rows`, with every value as text and missing ones empty."""
    names, told = _told(queue, taken)
    texts = [[text or "" for text in told_texts(queue.own.column(name))] for name in told]
    return [dict(zip(names, values, strict=True)) for values in zip(*texts, strict=True)] or [
        {} for _ in queue.tasks
    ]


def _own_columns(queue: Queue, taken: Collection[str]) -> dict[str, Iterable[Any]]:
    names, told = _told(queue, taken)
    return {key: queue.own.column(name).to_pylist() for key, name in zip(names, told, strict=True)}


def _told(queue: Queue, taken: Collection[str]) -> tuple[list[str], list[str]]:
    """The keys of the user's columns that go with each row, and the columns' names."""
    told = [
        field.name for field in queue.own.schema if is_told(field.type) and field.name != queue.parts.verbatim
    ]
    shown = {TEXT, CARD, *image_keys(queue)}
    return own_names(told, RESERVED_COLUMNS | shown | set(taken)), told


def plain(value: object) -> Any:  # noqa: ANN401  # JSON is anything
    """A value as JSON has it: what is no number null, times and other types as their text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): plain(item) for key, item in value.items()}
        case Sequence() if not isinstance(value, bytes):
            return [plain(item) for item in value]
        case _:
            return str(value)


def json_line(value: object) -> str:
    """One line of JSON that every reader takes for one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).translate(_BREAKS)


def json_lines(values: Iterable[object]) -> bytes:
    """A file of JSON Lines."""
    return "".join(json_line(value) + "\n" for value in values).encode()
