"""Arrow IPC files (Feather) and streams -> their columns with types and metadata; and back."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, BinaryIO

import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.columnar import count_rows_after, damage_as_input_error, edit_table, read_batches
from doubtcli.files.values import ComparedByCell
from doubtcli.records.file_format import ColumnsBy, Rewritten, group_added_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from doubtcli.records import ReadOptions
    from doubtcli.records.file_format import Edit, FileLayout, OnRows, Parsed, StoredFile

FILE_START = b"ARROW1"
STREAM_START = b"\xff\xff\xff\xff"
STREAM_END = b"\xff\xff\xff\xff\0\0\0\0"
"""The first bytes of a file, and the first and last bytes of a stream: see "IPC File Format" and "IPC
Streaming Format" in the Arrow Columnar Format."""

FOOTER_BYTES = 4 + len(FILE_START)
"""The end of a file: the footer's size, then the same bytes as at its start."""
FILE_HEAD_BYTES = 8
"""The start of a file, padded."""

FRAMES = {"lz4": b"\x04\x22\x4d\x18", "zstd": b"\x28\xb5\x2f\xfd"}
"""The first bytes of what each codec compresses (LZ4 Frame Format; RFC 8878)."""


class Arrow(ComparedByCell):
    """Arrow IPC files (Feather) and streams."""

    name = "arrow"
    title = "Arrow"
    endings = (".arrow", ".feather", ".ipc")
    aliases = ("feather",)
    part_endings = (".arrow", ".feather")
    is_text = False
    columns_by = ColumnsBy.SCHEMA

    def recognise(self, head: bytes) -> str | None:
        """By the first bytes of a file or a stream."""
        looks = {FILE_START: "Arrow IPC", STREAM_START: "an Arrow stream"}
        return next((look for start, look in looks.items() if head.startswith(start)), None)

    def read(self, stored: StoredFile, options: ReadOptions, on_rows: OnRows | None = None) -> Parsed:  # noqa: ARG002
        """Every row, with the types and the metadata of its columns."""
        with stored.open_seekable() as file:
            is_stream = file.read(len(STREAM_START)) == STREAM_START
            notes = _end_note(file) if is_stream else ()
            with damage_as_input_error(stored.path):
                if not is_stream:
                    _check_frame(file, stored.path)
                file.seek(0)
                reader = pa.ipc.open_stream(file) if is_stream else pa.ipc.open_file(file)
            batches = reader if is_stream else map(reader.get_batch, range(reader.num_record_batches))
            return read_batches(reader.schema, batches, stored.path, on_rows, notes)

    def rewrite(
        self, content: bytes, layout: FileLayout, edits: Mapping[int, Edit], added: Mapping[int, bytes]
    ) -> Rewritten:
        """The file with its edits; only the label column changes, and layout, batches and codec stay."""
        is_file = content.startswith(FILE_START)
        batches = _read_whole(content, is_file=is_file)
        data = pa.Table.from_batches(batches).unify_dictionaries()
        before = group_added_rows(edits, added)
        edited, touched = edit_table(data, layout.column, edits, before)
        sizes = count_rows_after([batch.num_rows for batch in batches], edits, before)
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression=find_codec(content, batches))
        new = pa.ipc.new_file if is_file else pa.ipc.new_stream
        with new(sink, data.schema, options=options) as writer:
            start = 0
            for size in filter(None, sizes):
                writer.write_table(edited.slice(start, size).combine_chunks())
                start += size
        return Rewritten(bytes(sink.getvalue()), data.num_rows, touched)


def find_codec(content: bytes, batches: Iterable[pa.RecordBatch]) -> str | None:
    """The codec that compresses batches, which pyarrow does not report.

    Data that is not compressed is not copied: its buffers are inside the file's own bytes.

    Args:
        content: The whole file or stream.
        batches: The batches that were read from these same bytes.
    """
    start = pa.py_buffer(content).address
    buffers = (buffer for batch in batches for column in batch.columns for buffer in column.buffers())
    if all(not one or not one.size or start <= one.address < start + len(content) for one in buffers):
        return None
    found = {codec: content.find(frame) for codec, frame in FRAMES.items()}
    return min((codec for codec in found if found[codec] >= 0), key=found.__getitem__, default=None)


def _read_whole(content: bytes, *, is_file: bool) -> list[pa.RecordBatch]:
    if not is_file:
        return list(pa.ipc.open_stream(content))
    reader = pa.ipc.open_file(content)
    return [reader.get_batch(number) for number in range(reader.num_record_batches)]


def _check_frame(file: BinaryIO, where: str) -> None:
    """Refuse a file without Arrow's first and last bytes: on some, pyarrow ends the whole process."""
    file.seek(0)
    start = file.read(len(FILE_START))
    size = file.seek(0, os.SEEK_END)
    file.seek(max(0, size - FOOTER_BYTES))
    end = file.read()
    if not FILE_START.startswith(start):
        raise InputError(
            "the file is no Arrow file, though its name says so: its first bytes are others",
            where=where,
            expected="an Arrow IPC (Feather version 2) file or stream",
            hint="if it is another format: --input-format csv (or tsv, jsonl, parquet)",
        )
    footer = int.from_bytes(end[:4], "little", signed=True)
    if not end.endswith(FILE_START) or not 0 < footer <= size - FOOTER_BYTES - FILE_HEAD_BYTES:
        raise pa.ArrowInvalid("an Arrow file's last bytes are missing")


def _end_note(file: BinaryIO) -> tuple[str, ...]:
    """A note on a stream without an end mark, which is allowed, but may mean that it was cut short."""
    file.seek(-min(len(STREAM_END), file.seek(0, os.SEEK_END)), os.SEEK_END)
    if file.read() == STREAM_END:
        return ()
    return ("the Arrow stream has no end mark: it may have been cut short",)
