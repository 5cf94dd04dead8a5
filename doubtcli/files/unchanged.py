"""A file and what it was rewritten to -> an error if anything differs that was not to be changed.

Both are read by the readers that every command uses, so that a slip in the rewriting is told, not written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import BytesIO
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from doubtcli.errors import InputError, OutputError
from doubtcli.files.encoding import open_text
from doubtcli.files.jsonl import json_objects
from doubtcli.files.parsed import Lines
from doubtcli.files.source import SpoolError, open_source
from doubtcli.files.table import read_table
from doubtcli.files.values import as_text, is_text, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from doubtcli.records import Source


@dataclass(frozen=True)
class Changes:
    """What was to be changed. Rows count from 0."""

    column: str
    """The label column."""
    labels: Mapping[int, str | int | None]
    """By row before: the label as text, a row that bears the same, or None for any."""
    dropped: Collection[int] = ()
    """Rows before."""
    added: Collection[int] = ()
    """Rows after."""


def check_unchanged(
    before: bytes, after: bytes, source: Source, changes: Changes, *, quoting: str | None = None
) -> None:
    """Make sure that a rewritten file, read back, differs as it should and in nothing else.

    Args:
        before: The file as it was, as stored.
        after: The file as it will be, as stored.
        source: How it was read.
        changes: What may differ.
        quoting: As it was read.

    Raises:
        OutputError: Something else differs, or the file can't be read any more.
        SpoolError: There is no room to look.
    """
    try:
        if source.format == "jsonl":
            found = _first_other_object(before, after, source, changes)
        else:
            old, new = (_table(content, source, quoting) for content in (before, after))
            found = _first_other_cell(old, new, changes)
    except SpoolError as error:
        error.where = source.path
        raise
    except (InputError, UnicodeError) as error:
        found = str(error).replace("\n", "; ")
    if found is not None:
        raise OutputError(
            f"it can't be rewritten without changing more than labels: {found}",
            where=source.path,
            hint="nothing was written: write the file anew as UTF-8, and decide on the audit of that one",
        )


# ----------------------------------------------------------------------- tables


def _table(content: bytes, source: Source, quoting: str | None) -> pa.Table:
    return read_table("-", source.read_options(quoting), stdin=BytesIO(content)).data


def _first_other_cell(old: pa.Table, new: pa.Table, changes: Changes) -> str | None:
    """What differs first that should not; None if nothing does."""
    if not old.schema.equals(new.schema, check_metadata=True):
        return "its columns would be others"
    stays = without_rows(old, changes.dropped)
    came_of_it = without_rows(new, changes.added)
    if stays.num_rows != came_of_it.num_rows:
        return f"{stays.num_rows:,} of its rows should stay, and {came_of_it.num_rows:,} would"
    names = [name for name in old.column_names if name != changes.column]
    other = next((name for name in names if not _equal(stays.column(name), came_of_it.column(name))), None)
    if other is not None:
        return f"column {other!r} would be another"
    before, after = (as_text(table.column(changes.column)).to_pylist() for table in (old, came_of_it))
    kept = [row for row in range(len(before)) if row not in changes.dropped]
    as_number = not is_text(plain(old.column(changes.column).slice(0, 0)).type)
    for row, found in zip(kept, after, strict=True):
        wanted = changes.labels.get(row, row)
        text = before[wanted] if isinstance(wanted, int) else wanted
        if text not in (None, found) and not (as_number and _as_number(text) == _as_number(found)):
            return f"the label of row {row + 1} would be {found!r}, not {text!r}"
    return None


def without_rows(data: pa.Table, rows: Collection[int]) -> pa.Table:
    """The table without some rows; by slices, for some types of columns can't be filtered."""
    starts = [0, *(row + 1 for row in sorted(rows))]
    ends = [*sorted(rows), data.num_rows]
    parts = [data.slice(start, end - start) for start, end in zip(starts, ends, strict=True)]
    return pa.concat_tables(parts) if rows else data


def _equal(one: pa.ChunkedArray, other: pa.ChunkedArray) -> bool:
    # to Arrow no NaN is like another
    return bool(one.equals(other)) or repr(one.to_pylist()) == repr(other.to_pylist())


def _as_number(text: str | None) -> float | str | None:
    try:
        return float(text or "")
    except ValueError:
        return text


# ------------------------------------------------------------------ lines of JSON


def _objects(content: bytes, source: Source) -> Iterator[dict[str, Any]]:
    with open_source("-", BytesIO(content)) as stored, open_text(stored, source.encoding or "utf-8") as text:
        yield from json_objects(Lines(text, source.path), source.path)


def _first_other_object(before: bytes, after: bytes, source: Source, changes: Changes) -> str | None:
    """What differs first that should not; None if nothing does."""
    column, likes = changes.column, {row for row in changes.labels.values() if isinstance(row, int)}
    borne = {row: one.get(column) for row, one in enumerate(_objects(before, source)) if row in likes}
    stays = ((row, one) for row, one in enumerate(_objects(before, source)) if row not in changes.dropped)
    came_of_it = (one for row, one in enumerate(_objects(after, source)) if row not in changes.added)
    for was, found in zip_longest(stays, came_of_it):
        if was is None or found is None:
            return "it would have other rows"
        row, one = was
        wanted = changes.labels.get(row)
        label = borne[wanted] if isinstance(wanted, int) else _in_json(wanted, found.get(column))
        if row in changes.labels:
            one[column] = found.get(column) if wanted is None else label
        if json.dumps(one) != json.dumps(found):
            return f"row {row + 1} would hold something else"
    return None


def _in_json(label: str | None, found: object) -> Any:  # noqa: ANN401  # JSON is anything
    """A label as text in the kind that the file holds it in."""
    return label if label is None or isinstance(found, str) else json.loads(label)
