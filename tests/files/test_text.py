from __future__ import annotations

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.files.text import STEP_BYTES, byte_places, mark_length, plain_encoding

LETTERS = st.text(st.sampled_from("aé😀ソ\n,"), max_size=40)


@given(text=LETTERS, encoding=st.sampled_from(["utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "gb18030"]))
def test_each_character(text: str, encoding: str) -> None:
    """Each character's bytes start where those of the characters before it end."""
    found = byte_places(text.encode(encoding), encoding, range(len(text) + 1))

    assert found == [len(text[:place].encode(encoding)) for place in range(len(text) + 1)]


@pytest.mark.parametrize("before", range(STEP_BYTES - 3, STEP_BYTES + 2))
def test_across_a_border(before: int) -> None:
    """A character whose bytes stand in two chunks has one place."""
    content = b"x" * before + "😀y".encode()

    assert byte_places(content, "utf-8", [before, before + 1, before + 2]) == [before, before + 4, before + 5]


def test_two_ways_to_write_a_character() -> None:
    """A character that is not in the way in which it would be encoded still has its place."""
    content = b"\x87\x9a,\x81\xe6,x"  # both are "because" in Windows' Shift JIS

    assert content.decode("cp932") == "∵,∵,x"
    assert byte_places(content, "cp932", [0, 1, 2, 3, 4]) == [0, 2, 3, 5, 6]


def test_behind_the_end() -> None:
    """A place behind the end is the end."""
    assert byte_places(b"", "utf-8", [0]) == [0]


@pytest.mark.parametrize(
    ("content", "encoding", "plain", "length"),
    [
        (b"x", "utf-8", "utf-8", 0),
        (codecs.BOM_UTF8 + b"x", "utf-8-sig", "utf-8", 3),
        (codecs.BOM_UTF16_LE + b"x\0", "utf-16", "utf-16-le", 2),
        (codecs.BOM_UTF16_BE + b"\0x", "utf-16", "utf-16-be", 2),
        (codecs.BOM_UTF32_LE + b"x\0\0\0", "utf-32", "utf-32-le", 4),
        (codecs.BOM_UTF32_BE + b"\0\0\0x", "utf-32", "utf-32-be", 4),
        (b"x\0", "UTF-16LE", "utf-16-le", 0),
        (b"x", "latin-1", "latin-1", 0),
    ],
)
def test_marks(content: bytes, encoding: str, plain: str, length: int) -> None:
    """A byte order mark tells the encoding of what follows it, and how long it is."""
    found = plain_encoding(content, encoding)

    assert (found, mark_length(content, found)) == (plain, length)
