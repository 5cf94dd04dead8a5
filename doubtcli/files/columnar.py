"""Parquet and Arrow files, with types and schema metadata as they are."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from doubtcli.errors import InputError
from doubtcli.files.parsed import BATCH_ROWS, Parsed, check_names, check_rows, watched
from doubtcli.files.source import unpacked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from doubtcli.files.parsed import OnRows
    from doubtcli.files.source import Stored

STREAM_START = b"\xff\xff\xff\xff"
STREAM_END = b"\xff\xff\xff\xff\0\0\0\0"
"""How a stream of messages starts and ends (Arrow Columnar Format, "IPC Streaming Format")."""


def read_parquet(stored: Stored, *, on_rows: OnRows | None = None, batch_rows: int = BATCH_ROWS) -> Parsed:
    """Every row of a Parquet file.

    Raises:
        InputError: The file is truncated or damaged, or its columns can't be told apart.
    """
    with unpacked(stored) as file:
        with _damage_told(stored.path):
            parquet = pq.ParquetFile(file)
            schema = parquet.schema_arrow
        return _parsed(schema, parquet.iter_batches(batch_rows), stored.path, on_rows)


def read_arrow(stored: Stored, *, on_rows: OnRows | None = None) -> Parsed:
    """Every row of an Arrow IPC file (which Feather is) or stream.

    Raises:
        InputError: The file is truncated or damaged, or its columns can't be told apart.
    """
    with unpacked(stored) as file:
        is_stream = file.read(len(STREAM_START)) == STREAM_START
        notes = _end_note(file) if is_stream else ()
        file.seek(0)
        with _damage_told(stored.path):
            reader = pa.ipc.open_stream(file) if is_stream else pa.ipc.open_file(file)
        batches = reader if is_stream else map(reader.get_batch, range(reader.num_record_batches))
        return _parsed(reader.schema, batches, stored.path, on_rows, notes)


def _parsed(
    schema: pa.Schema,
    batches: Iterable[pa.RecordBatch],
    where: str,
    on_rows: OnRows | None,
    notes: tuple[str, ...] = (),
) -> Parsed:
    with _damage_told(where):
        names = schema.names
    check_names(names, where)
    data = pa.Table.from_batches(watched(_sound(batches, where), on_rows), schema)
    check_rows(data.num_rows, names, where)
    # so that a code means the same in every chunk
    return Parsed(_without_views(data).unify_dictionaries(), notes)


def _without_views(data: pa.Table) -> pa.Table:
    """The same texts and bytes in the older layout: pyarrow can't take rows of views."""
    older = {pa.string_view(): pa.large_string(), pa.binary_view(): pa.large_binary()}
    fields = [field.with_type(older.get(field.type, field.type)) for field in data.schema]
    return data.cast(pa.schema(fields, data.schema.metadata))


def _sound(batches: Iterable[pa.RecordBatch], where: str) -> Iterator[pa.RecordBatch]:
    remaining = iter(batches)
    while True:
        with _damage_told(where):
            batch = next(remaining, None)
            if batch is not None:
                batch.validate(full=True)  # else a flipped bit in an offset reads beyond the data
        if batch is None:
            return
        yield batch


@contextmanager
def _damage_told(where: str) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, MemoryError) as error:
        detail = str(error) or "a part of it is larger than the memory"
        raise InputError(
            f"the file is truncated or damaged ({detail.splitlines()[0].rstrip('.')})",
            where=where,
            expected="a Parquet file, or an Arrow IPC (Feather version 2) file or stream",
            hint="fetch or write the file again",
        ) from error


def _end_note(file: BinaryIO) -> tuple[str, ...]:
    """A note on a stream that just stops, which is allowed, but also how one looks that was cut short."""
    file.seek(-min(len(STREAM_END), file.seek(0, os.SEEK_END)), os.SEEK_END)
    if file.read() == STREAM_END:
        return ()
    return ("the Arrow stream has no end mark: it may have been cut short",)
