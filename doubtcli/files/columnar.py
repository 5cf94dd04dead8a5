"""Tables of typed columns, from any file format: read in batches, and edited."""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_right
from contextlib import contextmanager
from decimal import Decimal
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import InputError, OutputError
from doubtcli.files.formats import check_names, check_rows, watch_batches
from doubtcli.records.file_format import Drop, Parsed, Relabel, Restore, Touched, hash_rest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from doubtcli.records.file_format import Edit, OnRows

OLDER = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
"""Views, and the older types of the same values: rows of views can't be taken."""
INTEGER_TEXT = re.compile(r"-?[0-9]+")


def read_batches(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    where: str,
    on_rows: OnRows | None,
    notes: tuple[str, ...] = (),
) -> Parsed:
    """The batches as one table.

    Raises:
        InputError: A batch is damaged, or columns have no name or the same one.
    """
    with damage_as_input_error(where):
        names = schema.names
    check_names(names, where)
    data = pa.Table.from_batches(watch_batches(_check_batches(batches, where), on_rows), schema)
    check_rows(data.num_rows, names, where)
    with damage_as_input_error(where):
        data, unreadable = blank_unreadable(convert_views(data))
    # so that a code means the same value in every chunk
    return Parsed(data.unify_dictionaries(), (*notes, *unreadable))


def convert_views(data: pa.Table) -> pa.Table:
    """The same values in types that all that follows can work with.

    Texts and bytes in the layout of views, also within categories, lists and structures, get an older layout;
    runs of equal values are written out; times that Python's calendar or list of zones doesn't have become
    text, or times without a zone.
    """
    for place, field in enumerate(data.schema):
        column = data.column(place)
        simple = _simplify_column(column)
        if simple is not column:
            data = data.set_column(place, field.name, simple)
    return data


def blank_unreadable(data: pa.Table) -> tuple[pa.Table, tuple[str, ...]]:
    """The table with missing values in the columns whose rows can't be taken, and a note on each."""
    notes = []
    for place, name in enumerate(data.column_names):
        try:
            data.select([place]).slice(0, 1).take([0])
        except (pa.ArrowException, TypeError):
            notes.append(note_unreadable(name, str(data.field(place).type)))
            data = data.set_column(place, name, pa.nulls(data.num_rows))
    return data, tuple(notes)


def note_unreadable(name: str, kinds: str) -> str:
    """A note on a column whose values can't be read."""
    return f"column {name!r} is left out, because values of type {kinds} can't be read"


def _simplify_column(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column itself where its type is one that all can work with."""
    type_ = column.type
    if pa.types.is_dictionary(type_):
        values = _simplify_type(type_.value_type)
        return column if values == type_.value_type else _convert_categories(column, values)
    if pa.types.is_timestamp(type_) or pa.types.is_date(type_):
        return _simplify_times(column)
    simple = _simplify_type(type_)
    return column if simple == type_ else pa.chunked_array([pa.array(column.to_pylist(), simple)])


def _simplify_type(type_: pa.DataType) -> pa.DataType:
    """The type without views and runs, on every level."""
    if pa.types.is_run_end_encoded(type_):
        return _simplify_type(type_.value_type)
    if pa.types.is_struct(type_):
        return pa.struct([field.with_type(_simplify_type(field.type)) for field in type_])
    if pa.types.is_map(type_):
        return pa.map_(_simplify_type(type_.key_type), _simplify_type(type_.item_type))
    if pa.types.is_list(type_) or pa.types.is_large_list(type_) or pa.types.is_fixed_size_list(type_):
        return _simplify_list(type_)
    return OLDER.get(type_, type_)


def _simplify_list(type_: pa.DataType) -> pa.DataType:
    values = type_.value_field.with_type(_simplify_type(type_.value_type))
    if pa.types.is_fixed_size_list(type_):
        return pa.list_(values, type_.list_size)
    return pa.large_list(values) if pa.types.is_large_list(type_) else pa.list_(values)


def _simplify_times(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Times as text where Python's calendar, which has the years 1 to 9999, can't hold one of them."""
    is_zoned = pa.types.is_timestamp(column.type) and column.type.tz is not None
    plain = column.cast(pa.timestamp(column.type.unit)) if is_zoned else column  # in UTC
    years = pc.min_max(pc.year(plain))
    if years["min"].is_valid and not dt.MINYEAR <= years["min"].as_py() <= years["max"].as_py() <= dt.MAXYEAR:
        return plain.cast(pa.string())
    return plain if is_zoned and not _is_known_zone(column.type.tz) else column


def _is_known_zone(name: str) -> bool:
    try:
        pa.scalar(0, pa.timestamp("s", name)).as_py()
    except (ValueError, LookupError, ImportError):  # pyarrow's are ValueErrors
        return False
    return True


def _convert_categories(column: pa.ChunkedArray, values: pa.DataType) -> pa.ChunkedArray:
    type_ = column.type
    chunks = [
        pa.DictionaryArray.from_arrays(chunk.indices, chunk.dictionary.cast(values), ordered=type_.ordered)
        for chunk in column.chunks
    ]
    return pa.chunked_array(chunks, pa.dictionary(type_.index_type, values, type_.ordered))


def _check_batches(batches: Iterable[pa.RecordBatch], where: str) -> Iterator[pa.RecordBatch]:
    remaining = iter(batches)
    while True:
        with damage_as_input_error(where):
            batch = next(remaining, None)
            if batch is not None:
                batch.validate(full=True)  # otherwise a damaged offset would read beyond the data
        if batch is None:
            return
        yield batch


@contextmanager
def damage_as_input_error(where: str) -> Iterator[None]:
    """Turn what the libraries raise into an InputError: the file is damaged."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        detail = str(error) or "a part of it needs more memory than there is"
        raise InputError(
            f"the file is truncated or damaged ({detail.splitlines()[0].rstrip('.')})",
            where=where,
            expected="a Parquet file, or an Arrow IPC (Feather version 2) file or stream",
            hint="download or write the file again",
        ) from error


# ------------------------------------------------------------------------ edits


def edit_table(
    data: pa.Table, column: str, edits: Mapping[int, Edit], before: Mapping[int, Sequence[bytes]]
) -> tuple[pa.Table, dict[int, Touched]]:
    """The table with its edits, and the old content of the edited rows.

    Args:
        data: The whole table.
        column: The label column.
        edits: By row.
        before: Whole rows to add, as in `Touched.record`, by the row that each goes before.

    Raises:
        InputError: There is no such row, it has no label, or a row to add has other columns.
        OutputError: The column can't hold a label.
    """
    place = data.schema.get_field_index(column)
    labels = data.column(place)
    new = {row: _make_label(row, edit, labels, column) for row, edit in edits.items()}
    touched = {row: _describe_row(data, place, row, label) for row, label in new.items()}
    relabelled = data.set_column(place, data.field(place), _replace_labels(labels, new, column))
    dropped = {row for row, label in new.items() if label is None}
    return _drop_and_add_rows(relabelled, dropped, before), touched


def count_rows_after(
    sizes: Sequence[int], edits: Mapping[int, Edit], before: Mapping[int, Sequence[bytes]]
) -> list[int]:
    """The number of rows in each part of a table after the edits; it may be 0."""
    ends, after = list(accumulate(sizes)), list(sizes)

    def part_of(row: int) -> int:
        return min(bisect_right(ends, row), len(ends) - 1)

    for row, edit in edits.items():
        after[part_of(row)] -= isinstance(edit, Drop)
    for row, records in before.items():
        after[part_of(row)] += len(records)
    return after


# -------------------------------------------------------------------- labels


def _make_label(row: int, edit: Edit, labels: pa.ChunkedArray, column: str) -> pa.Array | None:
    """The label as an array of one; None if the row is dropped."""
    if row >= len(labels) or not labels[row].is_valid:
        raise InputError("there is no label to replace", row=row + 1, column=column)
    if isinstance(edit, Drop):
        return None
    if isinstance(edit, Relabel) and edit.like is not None:
        return labels.slice(edit.like, 1).combine_chunks()
    text = edit.raw.decode() if isinstance(edit, Restore) else edit.label
    try:
        return _label_array(text, labels.type)
    except (ValueError, ArithmeticError) as error:  # pyarrow's are ValueErrors, too
        raise _unfit_error(text, labels.type, row, column) from error


def _label_array(text: str, type_: pa.DataType) -> pa.Array:
    """A label as an array of one, of the column's type."""
    if pa.types.is_dictionary(type_):
        index = pa.array([0], type_.index_type)
        values = _label_array(text, type_.value_type)
        return pa.DictionaryArray.from_arrays(index, values, ordered=type_.ordered)
    storage = type_.storage_type if isinstance(type_, pa.BaseExtensionType) else type_
    return pa.array([_label_value(text, storage)], type_)


def _label_value(text: str, type_: pa.DataType) -> Any:  # noqa: ANN401  # any value that pyarrow takes
    if pa.types.is_boolean(type_):
        return {"true": True, "false": False}.get(text) if text in ("true", "false") else _refuse_text(text)
    if pa.types.is_integer(type_):
        return int(text) if INTEGER_TEXT.fullmatch(text) else _refuse_text(text)
    if pa.types.is_floating(type_):
        return float(text)
    return Decimal(text) if pa.types.is_decimal(type_) else text


def _refuse_text(text: str) -> Any:  # noqa: ANN401  # never returns
    raise ValueError(text)


def _unfit_error(text: str, type_: pa.DataType, row: int, column: str) -> OutputError:
    return OutputError(
        f"the label {text!r} can't be written: the column has the type {type_}",
        row=row + 1,
        column=column,
        hint="choose a label that fits, or save the file in a format that can store it",
    )


def _replace_labels(
    labels: pa.ChunkedArray, new: Mapping[int, pa.Array | None], column: str
) -> pa.ChunkedArray:
    """The column with its new labels; dropped rows keep theirs."""
    chunks: list[pa.Array] = []
    start = 0
    for row in sorted(row for row, label in new.items() if label is not None):
        chunks += [*labels.slice(start, row - start).chunks, new[row]]
        start = row + 1
    replaced = pa.chunked_array([*chunks, *labels.slice(start).chunks], labels.type)
    try:
        return replaced.unify_dictionaries()
    except pa.ArrowInvalid as error:
        raise OutputError(
            f"its type {labels.type} has no room for another label",
            column=column,
            hint="write the file again with a larger index type",
        ) from error


# ---------------------------------------------------------------------- rows


def _describe_row(data: pa.Table, place: int, row: int, label: pa.Array | None) -> Touched:
    """The content of a row, and its new label."""
    here = data.slice(row, 1)
    rest = hash_rest(repr(here.remove_column(place).to_pylist()))
    old = _label_bytes(here.column(place)[0])
    if label is None:
        return Touched(old, None, rest, _pack_row(here))
    return Touched(old, _label_bytes(label[0]), rest)


def _label_bytes(label: pa.Scalar) -> bytes:
    value = label.as_py()
    text = str(value).lower() if isinstance(value, bool) else str(value)
    return text.encode()


def _pack_row(row: pa.Table) -> bytes:
    """One row as an Arrow stream; without the list of categories, which may be long."""
    for place, field in enumerate(row.schema):
        if pa.types.is_dictionary(field.type):
            column = row.column(place).cast(field.type.value_type)
            row = row.set_column(place, field.name, column)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, row.schema) as stream:
        stream.write_table(row)
    return bytes(sink.getvalue())


def _unpack_row(record: bytes, schema: pa.Schema) -> pa.Table:
    try:
        row = pa.ipc.open_stream(record).read_all()
        columns = [row.column(field.name).cast(field.type) for field in schema]
    except (pa.ArrowException, KeyError) as error:
        raise InputError(
            f"a dropped row can't be put back, since the file's columns have changed ({error})",
            expected="the columns that it had",
        ) from error
    return pa.Table.from_arrays(columns, schema=schema)


def _drop_and_add_rows(data: pa.Table, dropped: set[int], before: Mapping[int, Sequence[bytes]]) -> pa.Table:
    """The table without the dropped rows, and with the added ones."""
    parts: list[pa.Table] = []
    start = 0
    for row in sorted({*dropped, *before}):
        parts.append(data.slice(start, min(row, data.num_rows) - start))
        parts += [_unpack_row(record, data.schema) for record in before.get(row, ())]
        start = row + (row in dropped)
    return pa.concat_tables([*parts, data.slice(start)]) if parts else data
