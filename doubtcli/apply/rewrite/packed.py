"""A file's bytes -> packed as they were; the same ones for the same content."""

from __future__ import annotations

import pyarrow as pa


def pack(content: bytes, compression: str | None) -> bytes:
    """The bytes packed.

    Args:
        content: Unpacked.
        compression: "gzip", "bz2", "zstd" or None, as `Source.compression` has it.
    """
    if compression is None:
        return content
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, compression) as packed:
        packed.write(content)
    return bytes(sink.getvalue())
