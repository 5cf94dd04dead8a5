"""Encoded text -> the place of its characters among the bytes, so that all other bytes stay as they are."""

from __future__ import annotations

import codecs
from bisect import bisect_left
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

STEP_BYTES = 2**12
"""Decoded at a time: few enough to be decoded again for every place that is looked for in them."""

MARKS = {
    "utf-8": (codecs.BOM_UTF8, "utf-8"),
    "utf-8-sig": (codecs.BOM_UTF8, "utf-8"),
    "utf-16-le": (codecs.BOM_UTF16_LE, "utf-16-le"),
    "utf-16-be": (codecs.BOM_UTF16_BE, "utf-16-be"),
    "utf-32-le": (codecs.BOM_UTF32_LE, "utf-32-le"),
    "utf-32-be": (codecs.BOM_UTF32_BE, "utf-32-be"),
}
"""The byte order mark that text may start with, and the encoding of what follows it."""

ORDERED = {
    "utf-16": (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-le"),
    "utf-32": (codecs.BOM_UTF32_BE, "utf-32-be", "utf-32-le"),
}
"""Encodings whose mark tells one of two orders: the mark of the first, the first, the other."""


def plain_encoding(content: bytes, encoding: str) -> str:
    """The encoding of what follows the byte order mark: "utf-16" -> "utf-16-le", "utf-8-sig" -> "utf-8"."""
    name = codecs.lookup(encoding).name
    if name in ORDERED:
        mark, one, other = ORDERED[name]
        return one if content.startswith(mark) else other
    return MARKS[name][1] if name in MARKS else encoding


def mark_length(content: bytes, encoding: str) -> int:
    """How many bytes the byte order mark takes; 0 where there is none."""
    mark, _ = MARKS.get(codecs.lookup(encoding).name, (b"", ""))
    return len(mark) if mark and content.startswith(mark) else 0


def byte_places(content: bytes, encoding: str, places: Sequence[int]) -> list[int]:
    """Where the bytes of each character start.

    They are found by decoding alone: some encodings have two ways to write one character, so that what
    encoding gives need not be what stands in the file.

    Args:
        content: Text without a byte order mark.
        encoding: As `plain_encoding` gives it.
        places: Characters, from 0, in ascending order; the last may stand behind the end.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    found: list[int] = []
    n_before = 0
    for start in range(0, len(content), STEP_BYTES):
        chunk, state = content[start : start + STEP_BYTES], decoder.getstate()
        n_characters = len(decoder.decode(chunk))
        after = decoder.getstate()
        while len(found) < len(places) and places[len(found)] <= n_before + n_characters:
            wanted = places[len(found)] - n_before
            found.append(start + _shortest(decoder, state, chunk, wanted))
        decoder.setstate(after)
        n_before += n_characters
    return found + [len(content)] * (len(places) - len(found))


def _shortest(decoder: codecs.IncrementalDecoder, state: tuple[bytes, int], chunk: bytes, wanted: int) -> int:
    """The fewest bytes of the chunk that hold so many characters."""

    def n_characters(n_bytes: int) -> int:
        decoder.setstate(state)
        return len(decoder.decode(chunk[:n_bytes]))

    return bisect_left(range(len(chunk)), wanted, key=n_characters)
