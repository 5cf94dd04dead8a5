from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.files import delimited, regular
from doubtcli.files.delimited import read_delimited
from doubtcli.files.dialect import Dialect
from doubtcli.files.regular import read_regular_text
from doubtcli.records import ReadOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO


def text_of(content: str) -> Callable[[], TextIO]:
    """Opens a text at its start."""
    return lambda: io.StringIO(content, newline="")


def read(content: str, *, has_header: bool = True) -> tuple[object, ...]:
    """Rows, names and notes of a text, or the error with which it is refused."""
    try:
        found = read_delimited(
            text_of(content), "rows.csv", ReadOptions(delimiter=",", has_header=has_header)
        )
    except InputError as error:
        return ("refused", str(error))
    return (found.data.to_pylist(), found.data.schema, found.notes, found.lead_lines)


LINES = st.one_of(
    st.sampled_from(
        ["a,b", "1,2", ",", "x,", ",y", "", " ", "a", "a,b,c", "é,😀", "NA,null", '"q",z', "sep=,"]
    ),
    st.text(',ab "\r\x1a\0\u2028\x85', max_size=6),
)


@given(
    lines=st.lists(LINES, min_size=1, max_size=12),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    is_ended=st.booleans(),
    has_header=st.booleans(),
)
def test_lines_are_read_as_the_csv_module_reads_them(
    lines: list[str], line_end: str, *, is_ended: bool, has_header: bool
) -> None:
    """Rows, notes and errors are the same whether Arrow may read the text or not."""
    content = line_end.join(lines) + line_end * is_ended

    with pytest.MonkeyPatch.context() as patch:
        found = read(content, has_header=has_header)
        patch.setattr(regular, "PIECE_CHARACTERS", 3)
        in_pieces = read(content, has_header=has_header)
        patch.setattr(delimited, "read_regular_text", lambda *_: None)
        expected = read(content, has_header=has_header)

    assert found == in_pieces == expected


def test_a_plain_text_is_read_by_arrow() -> None:
    """Fields are texts, numbered columns hold them, and nothing between two commas is null."""
    found = read_regular_text(text_of("a,b\r\n1,NA\r\n,x\r\n"), Dialect(), None)

    assert found is not None
    first, data = found
    assert first == ["a", "b"]
    assert data.to_pydict() == {"0": ["1", None], "1": ["NA", "x"]}


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('a,b\n1"2,3"\n', id="quotes within a field"),
        pytest.param('a,b\n"1,2\n', id="a quote that is not closed"),
        pytest.param('a,b\n"1" ,2\n', id="a blank after a quote"),
        pytest.param("a,b\n1\n", id="a short row"),
        pytest.param("a,b\n1,2\n,\n", id="nothing but delimiters"),
        pytest.param("a,b\n1\r,2\n", id="another end of a line"),
        pytest.param("a,b\n1,2\n\x1a", id="padding"),
        pytest.param("a\n1\n", id="one column"),
    ],
)
def test_an_odd_text_is_left_to_the_csv_module(content: str) -> None:
    """Nothing is guessed about quotes, short rows and lines that are no rows."""
    assert read_regular_text(text_of(content), Dialect(), None) is None


def test_quotes_around_fields_are_left_out() -> None:
    """Within quotes delimiters, line ends and doubled quotes belong to the text; nothing in them is null."""
    found = read_regular_text(text_of('"a","b"\r\n"x,\r\ny",""\r\n1,"say ""yes"""\r\n'), Dialect(), None)

    assert found is not None
    assert found[1].to_pydict() == {"0": ["x,\r\ny", "1"], "1": [None, 'say "yes"']}


def test_rows_are_counted_as_they_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """With pieces of 8 characters, two lines of 4 are read at a time."""
    monkeypatch.setattr(regular, "PIECE_CHARACTERS", 8)
    counts: list[int] = []

    read_regular_text(text_of("a,b\n" + "1,2\n" * 5), Dialect(), counts.append)

    assert counts == [2, 4, 5]


def test_a_very_long_line_is_left_to_the_csv_module(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of 20 characters in pieces of 5 is too long where at most 8 are kept for the next piece."""
    monkeypatch.setattr(regular, "PIECE_CHARACTERS", 5)
    content = "a,b\n1," + "2" * 20 + "\n"
    assert read_regular_text(text_of(content), Dialect(), None) is not None

    monkeypatch.setattr(regular, "MOST_IN_A_ROW", 8)

    assert read_regular_text(text_of(content), Dialect(), None) is None
