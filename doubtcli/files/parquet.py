"""Parquet -> its columns with their types and metadata; and back, with the same row groups and codecs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from doubtcli.files.columnar import count_rows_after, damage_as_input_error, edit_table, read_batches
from doubtcli.files.formats import BATCH_ROWS
from doubtcli.files.values import ComparedByCell
from doubtcli.records.file_format import ColumnsBy, Rewritten, group_added_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from doubtcli.records import ReadOptions
    from doubtcli.records.file_format import Edit, FileLayout, OnRows, Parsed, StoredFile

    ColumnChunks = tuple[str, list[pq.ColumnChunkMetaData]]

START = b"PAR1"

SCHEMA = b"ARROW:schema"
"""The metadata key under which Arrow stores types that Parquet lacks."""


class Parquet(ComparedByCell):
    """Parquet files."""

    name = "parquet"
    title = "Parquet"
    endings = (".parquet", ".pq")
    part_endings = (".parquet", ".pq")
    is_text = False
    columns_by = ColumnsBy.SCHEMA

    def recognise(self, head: bytes) -> str | None:
        """By the magic number at the start of the file."""
        return self.title if head.startswith(START) else None

    def read(self, stored: StoredFile, options: ReadOptions, on_rows: OnRows | None = None) -> Parsed:  # noqa: ARG002
        """Every row, with the types and the metadata of its columns."""
        return read_parquet(stored, on_rows=on_rows)

    def rewrite(
        self, content: bytes, layout: FileLayout, edits: Mapping[int, Edit], added: Mapping[int, bytes]
    ) -> Rewritten:
        """The file with its edits; only the label column changes."""
        file = pq.ParquetFile(pa.BufferReader(content))
        before, data = group_added_rows(edits, added), file.read()
        edited, touched = edit_table(data, layout.column, edits, before)
        groups = range(file.metadata.num_row_groups)
        sizes = count_rows_after([file.metadata.row_group(group).num_rows for group in groups], edits, before)
        sink = pa.BufferOutputStream()
        with pq.ParquetWriter(sink, file.schema_arrow, **_writer_options(file, layout.column)) as writer:
            start = 0
            for size in filter(None, sizes):
                writer.write_table(edited.slice(start, size), row_group_size=size)
                start += size
        return Rewritten(bytes(sink.getvalue()), data.num_rows, touched)


def read_parquet(
    stored: StoredFile, *, on_rows: OnRows | None = None, batch_rows: int = BATCH_ROWS
) -> Parsed:
    """Every row of a Parquet file.

    Raises:
        InputError: The file is truncated or damaged, or columns have no name or the same one.
    """
    with stored.open_seekable() as file:
        with damage_as_input_error(stored.path):
            parquet = pq.ParquetFile(file)
            schema = parquet.schema_arrow
        return read_batches(schema, parquet.iter_batches(batch_rows), stored.path, on_rows)


def _writer_options(file: pq.ParquetFile, label: str) -> dict[str, Any]:
    """The options that the file was written with, as far as its metadata has them."""
    metadata = file.metadata
    sorted_by = metadata.row_group(0).sorting_columns
    columns = list(_column_chunks(metadata))
    return {
        "version": metadata.format_version,
        "compression": {name: _codec_of(chunks[0]) for name, chunks in columns},
        "use_dictionary": [
            name for name, chunks in columns if any(one.has_dictionary_page for one in chunks)
        ],
        "write_statistics": [name for name, chunks in columns if any(one.is_stats_set for one in chunks)],
        "write_page_index": any(one.has_column_index for _, chunks in columns for one in chunks),
        "use_deprecated_int96_timestamps": any(chunks[0].physical_type == "INT96" for _, chunks in columns),
        "use_compliant_nested_type": False,  # otherwise pyarrow would rename the items of lists
        "store_schema": SCHEMA in (metadata.metadata or {}),
        "sorting_columns": None if label in {columns[by.column_index][0] for by in sorted_by} else sorted_by,
    }


def _column_chunks(metadata: pq.FileMetaData) -> Iterator[ColumnChunks]:
    """Each leaf column, and its chunk in every row group."""
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    for place in range(metadata.num_columns):
        chunks = [group.column(place) for group in groups]
        yield chunks[0].path_in_schema, chunks


def _codec_of(chunk: pq.ColumnChunkMetaData) -> str:
    name: str = chunk.compression
    return {"UNCOMPRESSED": "NONE"}.get(name, name)
