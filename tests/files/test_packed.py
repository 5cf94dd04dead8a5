from __future__ import annotations

import bz2
import gzip

import pytest
import zstandard

from doubtcli.files.source import pack

UNPACK = {
    "gzip": gzip.decompress,
    "bz2": bz2.decompress,
    "zstd": lambda packed: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
}


@pytest.mark.parametrize("compression", UNPACK)
def test_packed(compression: str) -> None:
    """What is packed is unpacked by somebody else's code; the same content gives the same bytes."""
    content = b"label\nx\n" * 1000

    packed = pack(content, compression)

    assert UNPACK[compression](packed) == content
    assert len(packed) < len(content)
    assert pack(content, compression) == packed


def test_not_packed() -> None:
    """What was not packed stays as it is."""
    assert pack(b"x", None) == b"x"
