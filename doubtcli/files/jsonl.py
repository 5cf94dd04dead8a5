"""JSON Lines -> columns with the types of their JSON values; and back.

`JsonColumn` finds the type of a column, and `json_label` where a label is that is not under a key of its own.
"""

from __future__ import annotations

import codecs
import json
import re
from functools import partial
from itertools import chain, zip_longest
from json.decoder import JSONDecoder
from typing import TYPE_CHECKING, Any, TextIO

import pyarrow as pa

from doubtcli.errors import InputError, OutputError
from doubtcli.files.encoding import Lines, open_text, parse_text, split_batches
from doubtcli.files.formats import BATCH_ROWS, check_names, check_rows, watch_batches
from doubtcli.files.json_column import JsonColumn
from doubtcli.files.json_label import flatten_labels, get_label, locate_label, set_label, skip_blanks
from doubtcli.files.text import rewrite_text
from doubtcli.records.file_format import ColumnsBy, Drop, FileFormat, Parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from doubtcli.files.text import Span
    from doubtcli.records import ReadOptions, Table
    from doubtcli.records.file_format import (
        Changes,
        Edit,
        FileLayout,
        LineSpan,
        OnRows,
        Rewritten,
        StoredFile,
    )

ONE_A_LINE = 'one object a line: {"text": "...", "label": "..."}'

SHOWN = 40
"""The number of characters shown of a line that is not an object."""

LINE = re.compile(r"[^\r\n]*+(?:\r\n?|\n|\Z)")
JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
"""RFC 8259, section 6."""
FETCH_AGAIN = "export or download the file again: it ends too early, or was edited by hand"


class JsonLines(FileFormat):
    """One JSON object a line, each of them a row; or an array of objects."""

    name = "jsonl"
    title = "JSON Lines"
    endings = (".jsonl", ".ndjson", ".json")
    aliases = ("ndjson",)
    columns_by = ColumnsBy.KEY

    def recognise(self, head: bytes) -> str | None:
        """Text that starts with an object, or with a list of them."""
        start = head.translate(None, codecs.BOM_UTF8 + codecs.BOM_UTF16 + b"\0 \t\r\n")
        return self.title if start.startswith((b"{", b"[{")) else None

    def read(self, stored: StoredFile, options: ReadOptions, on_rows: OnRows | None = None) -> Parsed:
        """Every object as a row, in the encoding that is given or detected."""
        return parse_text(stored, options.encoding, partial(read_jsonl, on_rows=on_rows))

    def row_lines(self, text: TextIO, options: ReadOptions) -> Iterator[LineSpan]:  # noqa: ARG002
        """The lines of each object."""
        start = list(_take_first_line(text))
        if "".join(start).lstrip().startswith("["):
            return _find_element_lines("".join((*start, *text)))
        lines = enumerate(chain(start, text), start=1)
        return ((number, number) for number, line in lines if not line.isspace())

    def rewrite(
        self, content: bytes, layout: FileLayout, edits: Mapping[int, Edit], added: Mapping[int, bytes]
    ) -> Rewritten:
        """The file with its edits; all other bytes are unchanged.

        Raises:
            OutputError: A row of an array would be dropped or added, with the comma beside it.
        """
        if (added or Drop() in edits.values()) and _is_array(content, layout):
            raise OutputError(
                "rows of a JSON array can't be dropped or put back",
                expected="changed labels only, or JSON Lines",
                hint="write one row on each line: jq -c '.[]' rows.json > rows.jsonl",
            )
        return rewrite_text(content, layout, self, edits, added)

    def find_difference(
        self, table: Table, before: StoredFile, after: StoredFile, changes: Changes, options: ReadOptions
    ) -> str | None:
        """The first object with a wrong change; not by cell, since new labels may change a column's type."""

        def objects_of(stored: StoredFile) -> Iterator[dict[str, Any]]:
            with open_text(stored, options.encoding or "utf-8") as text:
                yield from read_json_rows(Lines(text, table.source.path), table.source.path)

        column, likes = changes.column, {row for row in changes.labels.values() if isinstance(row, int)}
        old_labels = {
            row: get_label(one, column) for row, one in enumerate(objects_of(before)) if row in likes
        }
        stays = ((row, one) for row, one in enumerate(objects_of(before)) if row not in changes.dropped)
        remaining = (one for row, one in enumerate(objects_of(after)) if row not in changes.added)
        for was, found in zip_longest(stays, remaining):
            if was is None or found is None:
                return "the number of its rows would be wrong"
            row, one = was
            wanted = changes.labels.get(row)
            here = get_label(found, column)
            label = old_labels[wanted] if isinstance(wanted, int) else _convert_label(wanted, here)
            if row in changes.labels:
                set_label(one, column, here if wanted is None else label)
            if json.dumps(one) != json.dumps(found):
                return f"row {row + 1} would have other content"
        return None

    def find_rows(self, text: str, layout: FileLayout) -> Iterator[Span]:
        """Each line with an object, with the blank lines before it; or each object of an array."""
        if text.lstrip().startswith("["):
            yield from (span for _, span in locate_elements(text, layout.column))
            return
        start = 0
        for line in LINE.finditer(text):
            if line[0] and not line[0].isspace():
                yield start, line.end()
                start = line.end()

    def find_label(self, text: str, row: Span, layout: FileLayout) -> Span | None:
        """Where the label is in the object; None if it has none."""
        return locate_label(text, row, layout.column)

    def write_label(self, label: str, old: str, like: str | None, layout: FileLayout) -> str:
        """A label as it is written elsewhere in the file; a new one in the type of the old one.

        Raises:
            ValueError: The labels are numbers, or true and false, and this one is not.
        """
        if like is not None:
            return like
        if old.startswith('"'):
            return json.dumps(label, ensure_ascii=not _can_hold(layout.encoding, label))
        is_switch = old in ("true", "false")
        if label in ("true", "false") if is_switch else JSON_NUMBER.fullmatch(label):
            return label
        raise ValueError(f"the labels are {'true and false' if is_switch else 'numbers'}")


def _is_array(content: bytes, layout: FileLayout) -> bool:
    return content.decode(layout.encoding).lstrip("\ufeff \t\r\n").startswith("[")


def _find_element_lines(text: str) -> Iterator[LineSpan]:
    """The first and last line of each object of an array."""
    line, done = 1, 0
    for _, (start, end) in locate_elements(text, ""):
        first = line + text.count("\n", done, start)
        line, done = first + text.count("\n", start, end), end
        yield first, line


def _can_hold(encoding: str, label: str) -> bool:
    try:
        label.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _convert_label(label: str | None, found: object) -> Any:  # noqa: ANN401  # JSON is anything
    """A label, given as text, as a value of the same kind as in the file."""
    return label if label is None or isinstance(found, str) else json.loads(label)


# ------------------------------------------------------------------------- reading


def read_jsonl(
    open_text: Callable[[], TextIO],
    where: str,
    *,
    on_rows: OnRows | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Parsed:
    """Every object of a JSON Lines text, or of a JSON array, as a row.

    The keys are the columns, in order of first appearance. A missing key and null are null; "" stays "".
    Whole numbers mixed with fractions become fractions; other mixtures of kinds become text, with a note.
    Lists of numbers become lists of float64; all other nested values become JSON text.

    Raises:
        InputError: A line is not a JSON object; names the line.
    """
    columns: dict[str, JsonColumn] = {}
    n_rows = 0
    with open_text() as text:
        lines = Lines(text, where)
        for rows in watch_batches(split_batches(read_json_rows(lines, where), lines, batch_rows), on_rows):
            for name in dict.fromkeys(name for row in rows for name in row):
                columns.setdefault(name, JsonColumn(n_rows))
            n_rows += len(rows)
            for name, column in columns.items():
                column.add([row.get(name) for row in rows])
    if n_rows:  # a file of `{}` has no columns
        check_names(list(columns), where)
    check_rows(n_rows, list(columns), where)
    data = pa.table({name: column.finish() for name, column in columns.items()})
    data, more, flat = flatten_labels(data)
    notes = (
        f"column {name!r} {column.note}"
        for name, column in columns.items()
        if column.note and name not in flat
    )
    return Parsed(data, (*notes, *more, *lines.list_notes()))


def read_json_rows(lines: Iterable[str], where: str) -> Iterator[dict[str, Any]]:
    """The objects of a text: one on each line, those of one array, or one object over several lines.

    Raises:
        InputError: A row is not a JSON object; names the line.
    """
    rest = iter(lines)
    start = list(_take_first_line(rest))
    first = "".join(start).strip()
    if first.startswith("["):
        return parse_array("".join((*start, *rest)), where)
    if first.startswith("{") and not _is_json(first):
        start += rest
        if _is_json(text := "".join(start)):
            return parse_array(f"[{text}]", where)
    return read_json_objects(chain(start, rest), where)


def _take_first_line(lines: Iterable[str]) -> Iterator[str]:
    """The blank lines at the start, and the first line that isn't blank."""
    for line in lines:
        yield line
        if not line.isspace():
            return


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def read_json_objects(
    lines: Iterable[str], where: str, expected: str = ONE_A_LINE
) -> Iterator[dict[str, Any]]:
    """The object on each line that isn't blank.

    Raises:
        InputError: A line is not a JSON object; names the line.
    """
    row = 0
    for number, line in enumerate(lines, start=1):
        if not line.isspace():
            row += 1
            try:
                yield _parse_object(line)
            except (ValueError, RecursionError) as error:
                raise InputError(
                    f"the line is not a JSON object: {error}",
                    where=where,
                    row=row,
                    line=number,
                    expected=expected,
                ) from error


def _parse_object(line: str) -> dict[str, Any]:
    value = json.loads(line, object_pairs_hook=refuse_repeated_keys)
    if not isinstance(value, dict):
        shown = line.strip()
        raise ValueError(shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…")  # noqa: TRY004  # as json does
    if "\\ud" in line.lower():  # may be half of a character, which can't be encoded
        json.dumps(value, ensure_ascii=False).encode()
    return value


def refuse_repeated_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object with these keys and values.

    Raises:
        ValueError: A key occurs twice.
    """
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {repeated!r} occurs more than once")
    return value


# ------------------------------------------------------------------ JSON arrays

STRICT_JSON = JSONDecoder(object_pairs_hook=refuse_repeated_keys)


def parse_array(text: str, path: str) -> Iterator[dict[str, Any]]:
    """The objects of a JSON array, one by one, so that an error can name the broken one.

    Raises:
        InputError: The text is no array of objects; names the object and the line.
    """
    return (value for value, _ in locate_elements(text, path))


def locate_elements(text: str, path: str) -> Iterator[tuple[dict[str, Any], Span]]:
    """The objects of a JSON array, each with where it is in the text.

    Raises:
        InputError: As for `parse_array`.
    """
    place, row = skip_blanks(text, text.index("[") + 1), 0
    goes_on = text[place : place + 1] != "]"
    while goes_on:
        row += 1
        start = place
        value, end = _parse_element(text, path, row, start)
        yield value, (start, end)
        place = skip_blanks(text, end)
        mark = text[place : place + 1]
        if mark not in {",", "]"}:
            raise _explain_broken_json(text, path, row, place, "expected a comma or the end of the list")
        goes_on = mark == ","
        place = skip_blanks(text, place + 1) if goes_on else place
    rest = skip_blanks(text, place + 1)
    if rest < len(text):
        raise _explain_broken_json(text, path, None, rest, "there is more text after the end of the list")


def _parse_element(text: str, path: str, row: int, place: int) -> tuple[dict[str, Any], int]:
    """The object that starts at a place, and its end."""
    try:
        value, end = STRICT_JSON.raw_decode(text, place)
        json.dumps(value, ensure_ascii=False).encode()  # fails on half a character (a lone surrogate)
    except (ValueError, RecursionError) as error:
        at = error.pos if isinstance(error, json.JSONDecodeError) else place
        raise _explain_broken_json(text, path, row, at, str(getattr(error, "msg", error))) from error
    if not isinstance(value, dict):
        raise _explain_broken_json(text, path, row, place, f"found {_name_kind(value)}")
    return value, end


def _name_kind(value: object) -> str:
    names = {list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return names.get(type(value), "a number")


def _explain_broken_json(text: str, path: str, row: int | None, place: int, why: str) -> InputError:
    return InputError(
        f"the JSON is not valid here: {why}",
        where=path,
        row=row,
        line=text.count("\n", 0, place) + 1,
        expected="a list of objects",
        hint=None if text.rstrip().endswith("]") else FETCH_AGAIN,
    )
