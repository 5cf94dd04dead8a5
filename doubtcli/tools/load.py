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
from doubtcli.files.delimited import read_delimited
from doubtcli.files.encoding import Lines, choose_encoding, choose_second_encoding, open_text
from doubtcli.files.formats import find_binary
from doubtcli.files.jsonl import parse_array, read_json_objects
from doubtcli.files.source import open_source
from doubtcli.files.table import AS_FOUND, read_folder
from doubtcli.files.values import simplify_column
from doubtcli.records.queue import QUEUE_COLUMNS
from doubtcli.tools.verdict_lines import (
    are_verdict_lines,
    drop_unfinished_step,
    is_verdict_file,
    list_verdict_files,
)

if TYPE_CHECKING:
    from collections.abc import Collection

    import pyarrow as pa

    from doubtcli.files.source import Stored
    from doubtcli.records.file_format import FileFormat, Parsed

LONE_RETURN = re.compile(r"\r(?!\n)")

READER_OPTION = re.compile(r"([;:] *)?--(quoting|encoding|input-format|delimiter)\b.*")
"""Advice of the data readers that doesn't hold for a file of verdicts, which has no such options."""
SAVE_AGAIN = (
    "save it again as UTF-8; in CSV, put quotes around fields that hold a comma, a quote or a line end"
)


@dataclass(frozen=True)
class Records:
    """The records of a file as mappings, in file order; there is at least one."""

    path: str
    rows: list[dict[str, Any]]
    sha256: str
    """Of the decompressed bytes."""
    notes: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()
    """Of a spreadsheet: the number of each record's row; else they count from 1."""

    def number(self, place: int) -> int:
        """What messages call a record by its place from 1."""
        return self.numbers[place - 1] if self.numbers else place


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
            _check_parts_only(path)
            source, parsed = read_folder(path)
            return Records(path, _list_records(parsed.data), source.sha256, parsed.notes)
        path = str(exported)
    with open_source(path) as stored:
        head = stored.head()
        format_ = find_binary(head)
        if format_ is not None:
            return _read_binary(stored, format_)
        text, notes = _decode_stored(stored, head)
        rows, more = _parse_text(stored.path, text)
        return Records(stored.path, rows, _hash_stored(stored), notes + more)


def _check_parts_only(path: str) -> None:
    """Refuse a folder with verdicts of `doubt review` and other files.

    Raises:
        InputError: It is one.
    """
    files = list_verdict_files(Path(path))
    if any(map(is_verdict_file, files)):
        raise InputError(
            "the folder has verdicts of `doubt review` in it, and other files, too",
            where=path,
            expected="a folder with verdicts only, or one whose name ends in .verdicts",
            hint="name the files, with --verdicts for each",
        )


def _read_binary(stored: Stored, format_: FileFormat) -> Records:
    """The records of a file of typed columns, or of the sheet of a workbook that holds the queue."""
    options = replace(AS_FOUND, holding=QUEUE_COLUMNS[0])
    table = format_.read(stored, options)
    numbers = tuple(first for first, _ in format_.sheet_rows(stored, options)) if format_.has_sheets else ()
    return Records(stored.path, _list_records(table.data), _hash_stored(stored), table.notes, numbers)


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
        rows = list(parse_array(text, path))
    elif start == "{":
        if are_verdict_lines(text):
            text = drop_unfinished_step(text)
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
