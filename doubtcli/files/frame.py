"""Tables in memory: a pandas, polars or Arrow table -> a Table; and the same kind with other labels.

The audit of a table in memory has no file to name. It says "<pandas.DataFrame>", with a hash of the contents.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from doubtcli.disk.paths import name_in_memory
from doubtcli.errors import InputError, OutputError
from doubtcli.files.columnar import blank_unreadable, convert_views, edit_table, note_unreadable
from doubtcli.files.formats import check_names
from doubtcli.records import Source, Table
from doubtcli.records.file_format import Drop, Relabel
from doubtcli.wording.lists import quote_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.records.file_format import Edit

IN_MEMORY = "memory"
"""What an audit calls the format of a table that no file holds."""

BATCH_ROWS = 2**16
"""Fixed, so that a table's hash does not depend on the chunks it is stored in."""

PLAIN = (str, int, float, Decimal, dt.date, np.generic)
"""Types whose values have texts that say all of them."""

EXPECTED = "a pandas or polars DataFrame, a pyarrow Table, or the path of a file"


@dataclass(frozen=True)
class Frame:
    """A table that Python code hands over, and what was read from it."""

    given: Any
    """The pandas, polars or Arrow table as it was given: a copy, where it could be changed later."""
    table: Table

    @property
    def index(self) -> Any:  # noqa: ANN401  # pandas takes long to load
        """The frame's own index as pandas has it; else its rows' numbers from 0."""
        import pandas as pd

        return self.given.index if is_pandas(self.given) else pd.RangeIndex(self.table.data.num_rows)

    def relabel(self, column: str, edits: Mapping[int, Edit]) -> Any:  # noqa: ANN401  # as `given`
        """A copy with other labels in some rows, or without them; all else is as it was.

        Args:
            column: The label column.
            edits: By row, from 0.

        Raises:
            OutputError: The column can't hold a label.
        """
        data = self.table.data.select([column])
        kept = {row: edit for row, edit in edits.items() if not isinstance(edit, Drop)}
        try:
            edited, _ = edit_table(data, column, kept, {})
        except OutputError as error:
            error.where = error.where or self.table.source.path
            raise
        labels = {row: self._find_label(column, edit, edited, row) for row, edit in kept.items()}
        dropped = edits.keys() - kept.keys()
        rows = [row for row in range(data.num_rows) if row not in dropped] if dropped else None
        if is_pandas(self.given):
            return _relabel_pandas(self.given, column, labels, rows)
        if _is_polars(self.given):
            return _relabel_polars(self.given, column, labels, rows)
        return _relabel_arrow(self.given, column, edited.column(column), rows)

    def _find_label(self, column: str, edit: Edit, edited: pa.Table, row: int) -> Any:  # noqa: ANN401
        """The label as rows that have it already have it, else as Arrow gives it."""
        if isinstance(edit, Relabel) and edit.like is not None and is_pandas(self.given):
            return self.given.iloc[edit.like, _find_place(self.given, column)]
        return edited.column(column)[row].as_py()


def read_frame(given: object, *, index_as: str | None = None) -> Frame:
    """A table in memory as every other part of doubt knows tables.

    A column whose values can't be read is left empty, and a note says so.

    Args:
        given: A pandas or polars DataFrame, a pyarrow Table or RecordBatch, or anything else that offers the
            Arrow C stream interface.
        index_as: A level of a pandas index that is to be read as a column of this name.

    Raises:
        InputError: It isn't a table, has no rows, or has columns of the same name.
    """
    where = name_kind(given)
    notes: list[str] = []
    if is_pandas(given):
        given = given.copy()  # type: ignore[attr-defined]  # what is done to the frame later is not judged
        data = _read_pandas(given, where, index_as, notes)
    else:
        given = given.clone() if _is_polars(given) else given  # type: ignore[attr-defined]
        data = _read_arrow(given, where, notes)
    if not data.num_columns or not data.num_rows:
        missing = "rows" if data.num_columns else "columns"
        raise InputError(f"it has no {missing}", where=where, expected="a table with a column of labels")
    data = data.unify_dictionaries()
    digest, size = _hash_contents(data)
    return Frame(given, Table(Source(where, IN_MEMORY, size, digest), data, tuple(notes)))


def name_kind(given: object) -> str:
    """What an audit calls an object in memory: "<pandas.DataFrame>"."""
    kind = type(given)
    library = kind.__module__.partition(".")[0]
    return name_in_memory(kind.__name__ if library == "builtins" else f"{library}.{kind.__name__}")


def is_table(given: object) -> bool:
    """Whether an object can be read as a table; a pandas or polars Series can't."""
    if type(given).__name__ == "Series":
        return False
    return is_pandas(given) or hasattr(given, "__arrow_c_stream__") or isinstance(given, pa.RecordBatch)


def is_pandas(given: object) -> bool:
    """Whether an object is a pandas DataFrame."""
    return _is_frame_of(given, "pandas")


def _is_polars(given: object) -> bool:
    return _is_frame_of(given, "polars")


def _is_frame_of(given: object, library: str) -> bool:
    """Whether an object's class, or one that it is made from, is a library's DataFrame; loads no library."""
    return any(
        kind.__name__ == "DataFrame" and kind.__module__.partition(".")[0] == library
        for kind in type(given).__mro__
    )


# -------------------------------------------------------------------- read


def _read_pandas(frame: Any, where: str, index_as: str | None, notes: list[str]) -> pa.Table:  # noqa: ANN401
    if index_as is not None and index_as not in frame.columns and index_as in frame.index.names:
        frame = frame.reset_index(level=index_as)
    names = [str(name) for name in frame.columns]
    if names:
        check_names(names, where)
    columns = [_read_series(frame.iloc[:, place], name, notes) for place, name in enumerate(names)]
    return convert_views(pa.table(columns, names=names))


def _read_series(series: Any, name: str, notes: list[str]) -> pa.Array | pa.ChunkedArray:  # noqa: ANN401
    """A column; where it mixes texts, numbers and the like, their texts, as a CSV file would have them."""
    if hasattr(series, "sparse"):
        series = series.sparse.to_dense()
    try:
        values = pa.array(series, from_pandas=True)
    except (pa.ArrowException, TypeError, ValueError, OverflowError):
        kinds = sorted({type(value) for value in series.dropna()}, key=lambda kind: kind.__name__)
        if all(issubclass(kind, PLAIN) for kind in kinds):
            return _read_as_text(series)
        notes.append(note_unreadable(name, quote_names(kind.__name__ for kind in kinds)))
        return pa.nulls(len(series))
    return _read_as_text(series) if _is_only_for_pandas(values.type) else values


def _read_as_text(series: Any) -> pa.Array:  # noqa: ANN401
    missing = series.isna().to_numpy()
    texts = [None if gone else str(value) for value, gone in zip(series, missing, strict=True)]
    return pa.array(texts, pa.large_string())


def _is_only_for_pandas(type_: pa.DataType) -> bool:
    """Whether only pandas knows the type: periods and intervals, also as categories."""
    own = type_.value_type if pa.types.is_dictionary(type_) else type_
    return isinstance(own, pa.BaseExtensionType) and own.extension_name.startswith("pandas.")


def _read_arrow(given: Any, where: str, notes: list[str]) -> pa.Table:  # noqa: ANN401
    if not is_table(given):
        raise InputError("it can't be read as a table", where=where, expected=EXPECTED)
    try:
        data = pa.table(given)
    except (pa.ArrowException, TypeError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise InputError(f"it can't be read as a table: {reason}", where=where, expected=EXPECTED) from error
    if data.num_columns:
        check_names(data.column_names, where)
    data, unreadable = blank_unreadable(convert_views(data))
    notes += unreadable
    return data


def _hash_contents(data: pa.Table) -> tuple[str, int]:
    """SHA-256 of columns and values, not of how they are chunked; and how many bytes were hashed."""
    sink = _Hashing()
    plain = data.replace_schema_metadata(None)
    with pa.ipc.new_stream(pa.PythonFile(sink, "w"), plain.schema) as stream:
        for start in range(0, plain.num_rows, BATCH_ROWS):
            part = plain.slice(start, BATCH_ROWS)
            # a fresh copy: what lies below missing values and beyond the slice must not count
            stream.write_table(part.take(np.arange(part.num_rows)).combine_chunks())
    return sink.digest.hexdigest(), sink.size


class _Hashing:
    """A file that only hashes what is written to it."""

    closed = False

    def __init__(self) -> None:
        self.digest = hashlib.sha256()
        self.size = 0

    def write(self, content: Any) -> int:  # noqa: ANN401  # bytes, or a buffer of them
        """Take note of some bytes."""
        self.digest.update(content)
        self.size += len(content)
        return len(content)

    def close(self) -> None:
        """Nothing is open."""


# ----------------------------------------------------------------- relabel


def _relabel_pandas(
    frame: Any,  # noqa: ANN401
    column: str,
    labels: Mapping[int, Any],
    rows: list[int] | None,
) -> Any:  # noqa: ANN401
    place = _find_place(frame, column)
    new = frame.copy()
    if hasattr(new.iloc[:, place], "sparse"):
        new.isetitem(place, new.iloc[:, place].sparse.to_dense())
    values = new.iloc[:, place]
    if hasattr(values, "cat"):
        unknown = [label for label in dict.fromkeys(labels.values()) if label not in values.cat.categories]
        new.isetitem(place, values.cat.add_categories(unknown))
    for row, label in labels.items():
        new.iloc[row, place] = label
    return new if rows is None else new.iloc[rows]


def _find_place(frame: Any, column: str) -> int:  # noqa: ANN401
    """The number of a pandas column by its name as text."""
    return [str(name) for name in frame.columns].index(column)


def _relabel_polars(
    frame: Any,  # noqa: ANN401
    column: str,
    labels: Mapping[int, Any],
    rows: list[int] | None,
) -> Any:  # noqa: ANN401
    old = frame.get_column(column)
    values = old.to_list()
    for row, label in labels.items():
        values[row] = label
    try:
        new = frame.with_columns(type(old)(column, values, dtype=old.dtype))
    except Exception as error:
        raise OutputError(
            f"a label can't be written: the column holds {old.dtype}",
            where=name_in_memory("polars.DataFrame"),
            column=column,
            hint="cast the column to pl.String, and scan again",
        ) from error
    return new if rows is None else new[rows]


def _relabel_arrow(given: Any, column: str, labels: pa.ChunkedArray, rows: list[int] | None) -> Any:  # noqa: ANN401
    data = pa.table(given)
    place = data.schema.get_field_index(column)
    new = data.set_column(place, data.field(place), labels.cast(data.field(place).type))
    new = new if rows is None else new.take(rows)
    return new.combine_chunks().to_batches()[0] if isinstance(given, pa.RecordBatch) else new
