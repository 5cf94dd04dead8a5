"""The values of one JSON key, row by row -> a column of the narrowest type that fits them all."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

TEXT = pa.large_string()

LISTS = frozenset({"whole lists", "lists"})

TYPES = (
    ({"true/false"}, pa.bool_()),
    ({"whole numbers", "long numbers"}, pa.int64()),
    ({"whole numbers", "fractions"}, pa.float64()),
    ({"text"}, TEXT),
    ({"whole lists"}, pa.list_(pa.int64())),
    (LISTS, pa.list_(pa.float64())),
)
"""Which kinds of values go together in which type; all else goes together as text."""

KINDS = {bool: "true/false", float: "fractions", str: "text", dict: "nested values"}

EXACT = 2**53
"""Up to here every whole number is a float64, too."""


class JsonColumn:
    """A column that grows by batches and gets its type at the end."""

    def __init__(self, n_rows_before: int) -> None:
        self._kinds: set[str] = set()
        self._chunks = [(False, pa.nulls(n_rows_before, TEXT))]

    def add(self, values: list[Any]) -> None:
        """Take in the values of the next rows; None is missing."""
        kinds = _kinds(values)
        self._kinds |= kinds
        # 1 beside 1.5 must stay "1" until it is clear that no text follows; in lists nobody would tell
        type_ = _type(kinds) if len(kinds) <= 1 or kinds <= LISTS else None
        if type_ is None:
            texts = [None if value is None else json.dumps(value) for value in values]
            self._chunks.append((True, pa.array(texts, TEXT)))
        else:
            self._chunks.append((False, pa.array(values, type_)))

    def finish(self) -> pa.ChunkedArray:
        """The whole column."""
        type_ = _type(self._kinds)
        chunks = []
        while self._chunks:  # one at a time, each given up as it is converted
            is_json, chunk = self._chunks.pop(0)
            if is_json or chunk.type != type_:
                values = [json.loads(value) if is_json and value else value for value in chunk.to_pylist()]
                chunk = pa.array(
                    [_as_text(value) for value in values] if type_ is None else values, type_ or TEXT
                )
            chunks.append(chunk)
        return pa.chunked_array(chunks, type_ or TEXT)

    @property
    def note(self) -> str | None:
        """What the user should know of the type, in words that follow the column's name."""
        if _type(self._kinds) is not None or self._kinds <= {"nested values", *LISTS}:
            return None
        return f"holds {' and '.join(sorted(self._kinds))}: kept as text, each value as JSON writes it"


def _type(kinds: set[str]) -> pa.DataType | None:
    """The type that fits all kinds; None where only text does. No kind at all is a column of missing text."""
    if not kinds:
        return TEXT
    return next((type_ for members, type_ in TYPES if kinds <= members), None)


def _kinds(values: list[Any]) -> set[str]:
    types = set(map(type, values)) - {type(None)}
    kinds = {KINDS[type_] for type_ in types if type_ in KINDS}
    if int in types:
        kinds |= _kinds_of_whole([value for value in values if type(value) is int])
    if list in types:
        kinds |= {_kind_of_list(value) for value in values if type(value) is list}
    return kinds


def _kinds_of_whole(values: list[int]) -> set[str]:
    if max(map(abs, values)) <= EXACT:
        return {"whole numbers"}
    return {_kind_of_whole(value) for value in values}


def _kind_of_whole(value: int) -> str:
    if abs(value) <= EXACT:
        return "whole numbers"
    return "long numbers" if -(2**63) <= value < 2**63 else "numbers beyond 64 bits"


def _kind_of_list(values: list[Any]) -> str:
    types = set(map(type, values))
    if not types <= {int, float}:
        return "nested values"
    whole = [value for value in values if type(value) is int]
    if whole and _kinds_of_whole(whole) != {"whole numbers"}:
        return "nested values"
    return "lists" if float in types else "whole lists"


def _as_text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
