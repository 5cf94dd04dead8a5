"""Values of the data -> values for annotation tools; values that come back from them -> texts."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import InputError
from doubtcli.files.values import show_value
from doubtcli.records.queue import EQUAL_ROWS_COLUMN, RESERVED_COLUMNS, ROW_HASH_COLUMN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from doubtcli.records.queue import Queue

TEXT, CARD, IMAGE = "text", "doubt_card", "image"
"""The keys of what a person sees."""
MISSING = "(missing)"
"""Shown in place of a missing value."""
INPUT_PREFIX = "input_"
COUNT = re.compile(r"(\d{1,15}|\d{1,3}(?:[.,' \u00a0\u202f]\d{3})+)(?:[.,]0{1,2})?")
"""A whole number, with marks between its thousands or without."""
_LINE_BREAKS = str.maketrans({mark: f"\\u{ord(mark):04x}" for mark in "\x7f\x85\u2028\u2029"})
"""Characters that JSON doesn't escape, and that some readers treat as the end of a line."""


# -------------------------------------------------------- columns that are written


def name_own_columns(names: Sequence[str], reserved: Collection[str] = RESERVED_COLUMNS) -> list[str]:
    """The user's column names; a name that is ours, or is already taken by a prefixed one, gets a prefix.

    Example:
        >>> name_own_columns(["text", "verdict"])
        ['text', 'input_verdict']
    """
    renamed: dict[str, str] = {}
    for name in names:
        own = name
        while own in reserved or (own != name and (own in names or own in renamed.values())):
            own = INPUT_PREFIX + own
        renamed[name] = own
    return list(renamed.values())


def name_image_keys(queue: Queue) -> list[str]:
    """The keys of the image columns: the first is "image", the second "image_2"."""
    return [IMAGE if number == 1 else f"{IMAGE}_{number}" for number in range(1, len(queue.parts.images) + 1)]


def list_own_columns_as_json(queue: Queue, taken: Collection[str]) -> list[dict[str, Any]]:
    """The user's columns of each row as JSON values, without vectors, bytes and the text that is shown.

    Args:
        queue: The rows.
        taken: Names with a meaning for the tool; a column of that name gets the prefix `input_`.
    """
    keys = _key_own_columns(queue, taken)
    columns = [map(to_json_value, queue.own.column(name).to_pylist()) for name in keys]
    return _make_rows(queue, list(keys.values()), columns)


def list_own_columns_as_text(queue: Queue, taken: Collection[str]) -> list[dict[str, str]]:
    """Like `list_own_columns_as_json`, with all values as text and missing ones empty."""
    keys = _key_own_columns(queue, taken)
    columns = [[text or "" for text in to_readable_texts(queue.own.column(name))] for name in keys]
    return _make_rows(queue, list(keys.values()), columns)


def _key_own_columns(queue: Queue, taken: Collection[str]) -> dict[str, str]:
    """The user's columns that are written with each row, and the key of each."""
    names = [
        field.name
        for field in queue.own.schema
        if is_readable(field.type) and field.name != queue.parts.verbatim
    ]
    shown_keys = {TEXT, CARD, *name_image_keys(queue)}
    return dict(zip(names, name_own_columns(names, RESERVED_COLUMNS | shown_keys | set(taken)), strict=True))


def _make_rows(queue: Queue, keys: Sequence[str], columns: Sequence[Iterable[Any]]) -> list[dict[str, Any]]:
    if not columns:
        return [{} for _ in queue.rows]
    return [dict(zip(keys, values, strict=True)) for values in zip(*columns, strict=True)]


# --------------------------------------------------------- values that are written


def is_readable(type_: pa.DataType) -> bool:
    """Whether a person can read values of a type: not vectors and bytes."""
    types = pa.types
    if isinstance(type_, pa.BaseExtensionType):
        return is_readable(type_.storage_type)
    if types.is_binary(type_) or types.is_large_binary(type_) or types.is_fixed_size_binary(type_):
        return False
    if types.is_list(type_) or types.is_large_list(type_) or types.is_fixed_size_list(type_):
        item = type_.value_type
        return not (types.is_integer(item) or types.is_floating(item)) and is_readable(item)
    return not types.is_nested(type_) or all(
        is_readable(type_.field(i).type) for i in range(type_.num_fields)
    )


def to_readable_texts(column: pa.ChunkedArray) -> list[str | None]:
    """Every value as text for a person; None for a missing value and for NaN."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return to_csv_texts(column).to_pylist()  # type: ignore[no-any-return]


def to_csv_texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Every value as in a CSV file: text as it is, nested values and the like as JSON."""
    try:
        return pc.cast(column, pa.large_string())
    except (pa.ArrowNotImplementedError, pa.ArrowInvalid):  # a list, a struct, bytes that are not text, …
        texts = list(map(_to_csv_text, column.to_pylist()))
        return pa.chunked_array([pa.array(texts, pa.large_string())])


def _to_csv_text(value: object) -> str | None:
    if value is None or isinstance(value, dt.datetime):  # on Windows, older Arrow knows no time zones
        return None if value is None else str(value)
    return json.dumps(value, ensure_ascii=False, default=str)


def to_json_value(value: object) -> Any:  # noqa: ANN401  # JSON is anything
    """A value as JSON has it: null for NaN and infinities; times and other types as text."""
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return value if math.isfinite(value) else None
        case Mapping():
            return {str(key): to_json_value(item) for key, item in value.items()}
        case Sequence() if not isinstance(value, bytes):
            return [to_json_value(item) for item in value]
        case _:
            return str(value)


def write_json_line(value: object) -> str:
    """One line of JSON, which every reader treats as one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).translate(_LINE_BREAKS)


def write_json_lines(values: Iterable[object]) -> bytes:
    """A file of JSON Lines."""
    return "".join(write_json_line(value) + "\n" for value in values).encode()


# --------------------------------------------------------------- values, read back


def read_answer_text(value: object) -> str:
    """A value as text; empty where it is missing."""
    if isinstance(value, float) and math.isnan(value):
        return ""
    return show_value(value) or ""


def read_answer_texts(value: object) -> tuple[str, ...]:
    """The texts of a list, of a JSON list, or a single text; without blank ones."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _parse_json_text(value)
    values = value if isinstance(value, (list, tuple)) else [value]
    return tuple(text for text in map(read_answer_text, values) if text.strip())


def read_our_columns(data: Mapping[str, Any]) -> dict[str, Any]:
    """The values that we wrote into a task and that came back with it, as keywords of an `Answer`."""
    return {
        "row_id": read_answer_text(data.get("doubt_id")),
        "given_label": read_answer_text(data.get("given_label")),
        "stratum": read_answer_text(data.get("doubt_stratum")),
        "inclusion": read_answer_text(data.get("doubt_inclusion")),
        "seen_hash": read_answer_text(data.get(ROW_HASH_COLUMN)).strip(),
        "duplicates": read_answer_texts(data.get("doubt_duplicates")),
        "equal_rows": read_count(data.get(EQUAL_ROWS_COLUMN)),
    }


def read_count(value: object) -> int:
    """A number of rows as we wrote it, or as a spreadsheet or pandas writes it again; 1 for anything else.

    Example:
        >>> read_count("12"), read_count("12.0"), read_count("1,200"), read_count("")
        (12, 12, 1200, 1)
    """
    found = COUNT.fullmatch(read_answer_text(value).strip())
    return max(1, int(re.sub(r"\D", "", found[1]))) if found else 1


def explain_malformed_record(
    found: str, path: str, row: int, column: str | None = None, expected: str = ""
) -> InputError:
    """The error for a record that has its tool's shape, but a part that can't be used."""
    return InputError(
        found,
        where=path,
        row=row,
        column=column,
        expected=expected or None,
        hint="export it again, and don't edit the file",
    )


def _parse_json_text(text: str) -> object:
    """The value of a JSON text; the text itself if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
