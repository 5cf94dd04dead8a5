"""A file of verdicts -> its records, from a JSON array, JSON Lines, CSV or Parquet.

The format is recognised by the file's bytes, not by its name.
"""

from __future__ import annotations

import hashlib
import io
import json
import os.path
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from doubtcli.errors import InputError
from doubtcli.files.csv import read_delimited
from doubtcli.files.encoding import Lines, choose_encoding, choose_second_encoding, open_text
from doubtcli.files.formats import find_binary
from doubtcli.files.jsonl import read_json_objects, refuse_repeated_keys
from doubtcli.files.source import open_source
from doubtcli.files.table import AS_FOUND, read_folder
from doubtcli.files.values import simplify_column

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    import pyarrow as pa

    from doubtcli.files.source import Stored
    from doubtcli.records.file_format import Parsed

STRICT_JSON = json.JSONDecoder(object_pairs_hook=refuse_repeated_keys)
LONE_RETURN = re.compile(r"\r(?!\n)")
JSON_SPACE = re.compile(r"[ \t\r\n]*")

READER_OPTION = re.compile(r"([;:] *)?--(quoting|encoding|input-format|delimiter)\b.*")
"""Advice of the data readers that doesn't hold for a file of verdicts, which has no such options."""
SAVE_AGAIN = (
    "save it again as UTF-8; in CSV, put quotes around fields that hold a comma, a quote or a line end"
)
FETCH_AGAIN = "export or download the file again: it ends too early, or was edited by hand"


@dataclass(frozen=True)
class Records:
    """The records of a file as mappings, in file order; there is at least one."""

    path: str
    rows: list[dict[str, Any]]
    sha256: str
    """Of the decompressed bytes."""
    notes: tuple[str, ...] = ()


def load_records(path: str, inside: Collection[str] = ()) -> Records:
    """The records of a file, of a folder that a tool exports, or of a folder with Parquet parts.

    Args:
        path: The file or folder; "-" for standard input.
        inside: The possible names of the file with the records, in a folder that a tool exports.

    Raises:
        InputError: The file can't be read, or is not an array, lines or a table of records; names the
            first record that can't be used.
    """
    try:
        records = _load_file(path, inside)
    except InputError as error:
        if READER_OPTION.search(error.hint or ""):
            error.hint = SAVE_AGAIN
        raise
    return replace(records, notes=tuple(READER_OPTION.sub("", note) for note in records.notes))


def list_frame_records(data: pa.Table, where: str) -> Records:
    """The records of a table in memory.

    Args:
        data: The table.
        where: The name of the table in messages.
    """
    rows = _list_records(data)
    content = json.dumps(rows, default=str, sort_keys=True).encode(errors="backslashreplace")
    return Records(where, rows, hashlib.sha256(content).hexdigest())


def _load_file(path: str, inside: Collection[str]) -> Records:
    if path != "-" and os.path.isdir(path):  # noqa: PTH112  # Path.is_dir raises where it may not look
        exported = next((file for name in inside if (file := Path(path) / name).exists()), None)
        if exported is None:
            source, parsed = read_folder(path)
            return Records(path, _list_records(parsed.data), source.sha256, parsed.notes)
        path = str(exported)
    with open_source(path) as stored:
        rows, notes = _read_stored(stored)
        return Records(stored.path, rows, _hash_stored(stored), notes)


def _read_stored(stored: Stored) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    """The records of a file, and notes on how it was read."""
    head = stored.head()
    format_ = find_binary(head)
    if format_ is not None:
        table = format_.read(stored, AS_FOUND)
        return _list_records(table.data), table.notes
    text, notes = _decode_stored(stored, head)
    rows, more = _parse_text(stored.path, text)
    return rows, notes + more


def _hash_stored(stored: Stored) -> str:
    """The hash of the decompressed bytes: a compressed copy is the same file."""
    with stored.open() as file:
        return hashlib.sha256(file.read()).hexdigest()


def _decode_stored(stored: Stored, head: bytes) -> tuple[str, tuple[str, ...]]:
    """The text of a file, and notes on its encoding."""
    encoding, notes = choose_encoding(head, None, stored.path), ()
    try:
        with open_text(stored, encoding) as text:
            return text.read(), notes
    except UnicodeDecodeError:
        encoding, _ = choose_second_encoding(stored, encoding, given=False)
    with open_text(stored, encoding) as text:
        return text.read(), (
            f"not UTF-8: read as {encoding}",
        )  # without the path: read once for several files


def _parse_text(path: str, text: str) -> tuple[list[dict[str, Any]], tuple[str, ...]]:
    start = text.lstrip()[:1]
    notes: tuple[str, ...] = ()
    if not start:
        raise InputError("the file is empty", where=path, expected="a file of verdicts")
    if start == "[":
        rows = list(_parse_array(text, path))
    elif start == "{":
        lines = Lines(io.StringIO(text, newline=""), path)
        rows = list(read_json_objects(lines, path, expected="one JSON object a line"))
    else:
        table = _parse_delimited(text, path)
        rows, notes = _list_records(table.data), table.notes
    if not rows:
        raise InputError("the list is empty", where=path, expected="a list of verdicts")
    return rows, notes


def _parse_delimited(text: str, path: str) -> Parsed:
    """The table in a text; also if a field has a carriage return without quotes, as pandas writes it."""
    try:
        return read_delimited(lambda: io.StringIO(text, newline=""), path)
    except InputError:
        mended = LONE_RETURN.sub(" ", text)
        if mended == text or "\n" not in text:
            raise
    parsed = read_delimited(lambda: io.StringIO(mended, newline=""), path)
    return replace(parsed, notes=(*parsed.notes, "carriage returns inside fields were read as spaces"))


def _list_records(data: pa.Table) -> list[dict[str, Any]]:
    columns = (simplify_column(column).to_pylist() for column in data.columns)
    return [dict(zip(data.column_names, values, strict=True)) for values in zip(*columns, strict=True)]


# ------------------------------------------------------------------ JSON arrays


def _parse_array(text: str, path: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON array, one by one, so that an error can name the broken one."""
    place, row = _skip_space(text, text.index("[") + 1), 0
    goes_on = text[place : place + 1] != "]"
    while goes_on:
        row += 1
        value, place = _parse_element(text, path, row, place)
        yield value
        mark = text[place : place + 1]
        if mark not in {",", "]"}:
            raise _explain_broken_json(text, path, row, place, "expected a comma or the end of the list")
        goes_on = mark == ","
        place = _skip_space(text, place + 1) if goes_on else place
    rest = _skip_space(text, place + 1)
    if rest < len(text):
        raise _explain_broken_json(text, path, None, rest, "there is more text after the end of the list")


def _parse_element(text: str, path: str, row: int, place: int) -> tuple[dict[str, Any], int]:
    """The object that starts at a place, and the place of what follows."""
    try:
        value, end = STRICT_JSON.raw_decode(text, place)
        json.dumps(value, ensure_ascii=False).encode()  # fails on half a character (a lone surrogate)
    except (ValueError, RecursionError) as error:
        at = error.pos if isinstance(error, json.JSONDecodeError) else place
        raise _explain_broken_json(text, path, row, at, str(getattr(error, "msg", error))) from error
    if not isinstance(value, dict):
        raise _explain_broken_json(text, path, row, place, f"found {_name_kind(value)}")
    return value, _skip_space(text, end)


def _skip_space(text: str, place: int) -> int:
    """The next place without white space."""
    return JSON_SPACE.match(text, place).end()  # type: ignore[union-attr]  # it also matches an empty text


def _name_kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _explain_broken_json(text: str, path: str, row: int | None, place: int, why: str) -> InputError:
    return InputError(
        f"the JSON is not valid here: {why}",
        where=path,
        row=row,
        line=text.count("\n", 0, place) + 1,
        expected="a list of objects, such as an annotation tool exports",
        hint=None if text.rstrip().endswith("]") else FETCH_AGAIN,
    )
