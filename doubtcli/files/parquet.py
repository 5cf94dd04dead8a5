"""Parquet: the label column is replaced; schema, metadata, row groups and codecs stay as they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from doubtcli.files.edits import Rewritten, gaps
from doubtcli.files.typed import edit_table, sizes_after

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from doubtcli.files.edits import Edit, Form

    Column = tuple[str, list[pq.ColumnChunkMetaData]]

SCHEMA = b"ARROW:schema"
"""Where Arrow keeps those of its types that Parquet lacks."""


def rewrite_parquet(
    content: bytes, form: Form, edits: Mapping[int, Edit], added: Mapping[int, bytes]
) -> Rewritten:
    """The file with its edits.

    Raises:
        InputError: There is no such row, it has no label, or a row to be added has other columns.
        OutputError: The column can't hold a label.
    """
    file = pq.ParquetFile(pa.BufferReader(content))
    before, data = gaps(edits, added), file.read()
    edited, touched = edit_table(data, form.column, edits, before)
    groups = range(file.metadata.num_row_groups)
    sizes = sizes_after([file.metadata.row_group(group).num_rows for group in groups], edits, before)
    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, file.schema_arrow, **_options(file, form.column)) as writer:
        start = 0
        for size in filter(None, sizes):
            writer.write_table(edited.slice(start, size), row_group_size=size)
            start += size
    return Rewritten(bytes(sink.getvalue()), data.num_rows, touched)


def _options(file: pq.ParquetFile, label: str) -> dict[str, Any]:
    """How the file was written, as far as it tells."""
    metadata = file.metadata
    sorted_by = metadata.row_group(0).sorting_columns
    columns = list(_columns(metadata))
    return {
        "version": metadata.format_version,
        "compression": {name: _codec(chunks[0]) for name, chunks in columns},
        "use_dictionary": [
            name for name, chunks in columns if any(one.has_dictionary_page for one in chunks)
        ],
        "write_statistics": [name for name, chunks in columns if any(one.is_stats_set for one in chunks)],
        "write_page_index": any(one.has_column_index for _, chunks in columns for one in chunks),
        "use_deprecated_int96_timestamps": any(chunks[0].physical_type == "INT96" for _, chunks in columns),
        "use_compliant_nested_type": False,  # else the parts of lists would be called as pyarrow likes it
        "store_schema": SCHEMA in (metadata.metadata or {}),
        "sorting_columns": None if label in {columns[by.column_index][0] for by in sorted_by} else sorted_by,
    }


def _columns(metadata: pq.FileMetaData) -> Iterator[Column]:
    """Each column of numbers, texts or the like, and its part in every row group."""
    groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    for place in range(metadata.num_columns):
        chunks = [group.column(place) for group in groups]
        yield chunks[0].path_in_schema, chunks


def _codec(chunk: pq.ColumnChunkMetaData) -> str:
    name: str = chunk.compression
    return {"UNCOMPRESSED": "NONE"}.get(name, name)
