"""The values of a JSON key on all rows -> a column with the type of its values.

JSON has no columns, so a column's type is known only at the end. Until then every batch keeps its values in
a form that loses nothing: an Arrow type if they are all of one kind, else JSON text.
"""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from doubtcli.files.values import TEXT

LIST_KINDS = frozenset({"whole lists", "lists"})

TYPES = (
    ({"true/false"}, pa.bool_()),
    ({"whole numbers", "long numbers"}, pa.int64()),
    ({"whole numbers", "fractions"}, pa.float64()),
    ({"text"}, TEXT),
    ({"whole lists"}, pa.list_(pa.int64())),
    (LIST_KINDS, pa.list_(pa.float64())),
)
"""The type for values of these kinds together; all other mixtures become text."""

KINDS = {bool: "true/false", float: "fractions", str: "text", dict: "nested values"}

EXACT = 2**53
"""Up to this size a float64 represents every whole number."""


class JsonColumn:
    """A column that grows by batches and gets its type at the end."""

    def __init__(self, n_rows_before: int) -> None:
        self._kinds: set[str] = set()
        self._chunks = [(False, pa.nulls(n_rows_before, TEXT))]

    def add(self, values: list[Any]) -> None:
        """Add the values of the next rows; None is missing."""
        kinds = _find_kinds(values)
        self._kinds |= kinds
        # 1 next to 1.5 must stay "1" until it is clear that no text follows; in lists it makes no difference
        type_ = _fitting_type(kinds) if len(kinds) <= 1 or kinds <= LIST_KINDS else None
        if type_ is None:
            texts = [None if value is None else json.dumps(value) for value in values]
            self._chunks.append((True, pa.array(texts, TEXT)))
        else:
            self._chunks.append((False, pa.array(values, type_)))

    def finish(self) -> pa.ChunkedArray:
        """The whole column."""
        type_ = _fitting_type(self._kinds)
        chunks = []
        while self._chunks:  # one at a time, to free each as it is converted
            is_json, chunk = self._chunks.pop(0)
            if is_json or chunk.type != type_:
                values = [json.loads(value) if is_json and value else value for value in chunk.to_pylist()]
                chunk = pa.array(
                    [_to_json_text(value) for value in values] if type_ is None else values, type_ or TEXT
                )
            chunks.append(chunk)
        return pa.chunked_array(chunks, type_ or TEXT)

    @property
    def note(self) -> str | None:
        """A note for the user on the type, to follow the column's name."""
        if _fitting_type(self._kinds) is not None or self._kinds <= {"nested values", *LIST_KINDS}:
            return None
        return f"has {' and '.join(sorted(self._kinds))}: read as text, each value as JSON writes it"


def _fitting_type(kinds: set[str]) -> pa.DataType | None:
    """The type that fits all kinds; None if only text does. Without any kind all values are missing text."""
    if not kinds:
        return TEXT
    return next((type_ for members, type_ in TYPES if kinds <= members), None)


def _find_kinds(values: list[Any]) -> set[str]:
    types = set(map(type, values)) - {type(None)}
    kinds = {KINDS[type_] for type_ in types if type_ in KINDS}
    if int in types:
        kinds |= _find_whole_kinds([value for value in values if type(value) is int])
    if list in types:
        kinds |= {_find_list_kind(value) for value in values if type(value) is list}
    return kinds


def _find_whole_kinds(values: list[int]) -> set[str]:
    if max(map(abs, values)) <= EXACT:
        return {"whole numbers"}
    return {_find_whole_kind(value) for value in values}


def _find_whole_kind(value: int) -> str:
    if abs(value) <= EXACT:
        return "whole numbers"
    return "long numbers" if -(2**63) <= value < 2**63 else "numbers beyond 64 bits"


def _find_list_kind(values: list[Any]) -> str:
    types = set(map(type, values))
    if not types <= {int, float}:
        return "nested values"
    whole = [value for value in values if type(value) is int]
    if whole and _find_whole_kinds(whole) != {"whole numbers"}:
        return "nested values"
    return "lists" if float in types else "whole lists"


def _to_json_text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else json.dumps(value, ensure_ascii=False)
