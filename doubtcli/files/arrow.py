"""Arrow IPC files (Feather) and streams: the label column is replaced; schema, batches and codec stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from doubtcli.files.edits import Rewritten, gaps
from doubtcli.files.typed import edit_table, sizes_after

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.files.edits import Edit, Form

FILE_START = b"ARROW1\0\0"
"""How a file starts; a stream follows (Arrow Columnar Format, "IPC File Format")."""

CODECS = ("lz4", "zstd")
"""By their number in `CompressionType` of Arrow's Message.fbs."""
HEADER, COMPRESSION, CODEC = 2, 3, 0
"""The places of these fields in the tables Message, RecordBatch and BodyCompression of Message.fbs."""


def rewrite_arrow(
    content: bytes, form: Form, edits: Mapping[int, Edit], added: Mapping[int, bytes]
) -> Rewritten:
    """The file with its edits.

    Raises:
        InputError: There is no such row, it has no label, or a row to be added has other columns.
        OutputError: The column can't hold a label.
    """
    is_file = content.startswith(FILE_START)
    batches = _batches(content, is_file=is_file)
    data = pa.Table.from_batches(batches).unify_dictionaries()
    before = gaps(edits, added)
    edited, touched = edit_table(data, form.column, edits, before)
    sizes = sizes_after([batch.num_rows for batch in batches], edits, before)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=_codec(content[len(FILE_START) :] if is_file else content))
    with (pa.ipc.new_file if is_file else pa.ipc.new_stream)(sink, data.schema, options=options) as writer:
        start = 0
        for size in filter(None, sizes):
            writer.write_table(edited.slice(start, size).combine_chunks())
            start += size
    return Rewritten(bytes(sink.getvalue()), data.num_rows, touched)


def _batches(content: bytes, *, is_file: bool) -> list[pa.RecordBatch]:
    if not is_file:
        return list(pa.ipc.open_stream(content))
    reader = pa.ipc.open_file(content)
    return [reader.get_batch(number) for number in range(reader.num_record_batches)]


def _codec(stream: bytes) -> str | None:
    """What the batches of a stream are packed by: pyarrow unpacks them without telling."""
    for message in pa.ipc.MessageReader.open_stream(stream):
        if message.type == "record batch":
            return _codec_of(bytes(message.metadata))
    return None


def _codec_of(message: bytes) -> str | None:
    header = _follow(message, _field(message, _follow(message, 0), HEADER))
    compression = _field(message, header, COMPRESSION)
    if not compression:
        return None
    number = _field(message, _follow(message, compression), CODEC)
    return CODECS[message[number] if number else 0]


def _field(message: bytes, table: int, place: int) -> int:
    """Where a field of a FlatBuffers table stands; 0 where it is left out."""
    entries = table - int.from_bytes(message[table : table + 4], "little", signed=True)
    entry = 4 + 2 * place  # behind the sizes of the entries and of the table
    if entry >= int.from_bytes(message[entries : entries + 2], "little"):
        return 0
    offset = int.from_bytes(message[entries + entry : entries + entry + 2], "little")
    return table + offset if offset else 0


def _follow(message: bytes, at: int) -> int:
    """Where an offset of a FlatBuffers message leads."""
    return at + int.from_bytes(message[at : at + 4], "little")
