import csv
import io
from collections.abc import Callable
from functools import partial
from typing import Literal, TextIO, cast

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.files import encoding
from doubtcli.files.csv import read_delimited


def text_of(content: str) -> Callable[[], TextIO]:
    """What opens a text, again and again."""
    return partial(io.StringIO, content, newline="")


def rows_of(content: str, *, quoted: bool = True) -> list[dict[str, str | None]]:
    """The rows that a text is read as."""
    return cast(
        "list[dict[str, str | None]]",
        read_delimited(text_of(content), "rows.csv", quoted=quoted).data.to_pylist(),
    )


def error_of(content: str, *, delimiter: str | None = None, quoted: bool = True) -> InputError:
    """The error that a text is refused with."""
    with pytest.raises(InputError) as caught:
        read_delimited(text_of(content), "rows.csv", delimiter=delimiter, quoted=quoted, batch_rows=1)
    return caught.value


FIELDS = st.text(
    st.one_of(
        st.sampled_from(",;|\t\"\r\n '\u2028\x85é😀"), st.characters(exclude_characters="\0", codec="utf-8")
    ),
    max_size=12,
)


@given(
    rows=st.integers(2, 4).flatmap(
        lambda width: st.lists(st.lists(FIELDS, min_size=width, max_size=width), min_size=1)
    ),
    delimiter=st.sampled_from(",\t;|"),
    line_end=st.sampled_from(["\n", "\r\n"]),
    quote_all=st.booleans(),
    batch_rows=st.sampled_from([1, 2, 3, 50_000]),
)
def test_whatever_csv_writes_is_read_back(
    rows: list[list[str]], delimiter: str, line_end: str, quote_all: bool, batch_rows: int
) -> None:
    """Quotes, line ends, delimiters and any letters come back from quoted fields, at any batch size."""
    names = [f"column {number}" for number in range(len(rows[0]))]
    sink = io.StringIO(newline="")
    # with "\n" as line end, older versions of the csv module leave a lone "\r" unquoted
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quote_all or line_end == "\n" else csv.QUOTE_MINIMAL
    csv.writer(sink, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows([names, *rows])

    read = read_delimited(text_of(sink.getvalue()), "rows.csv", delimiter=delimiter, batch_rows=batch_rows)

    assert [list(row.values()) for row in read.data.to_pylist()] == [
        [field or None for field in row] for row in rows
    ]
    assert read.data.column_names == names


@given(
    texts=st.lists(st.text('ab,;|\t"\n', max_size=8), min_size=1, max_size=20),
    delimiter=st.sampled_from(",\t;|"),
)
def test_delimiter_is_found_whatever_the_text_holds(texts: list[str], delimiter: str) -> None:
    """With three plain columns the delimiter is guessed right, even where the text holds the others."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, delimiter=delimiter)
    writer.writerows([["id", "text", "label"], *([str(i), text, "x"] for i, text in enumerate(texts))])

    assert read_delimited(text_of(sink.getvalue()), "rows.csv").delimiter == delimiter


@pytest.mark.parametrize("size", range(8186, 8200))
def test_line_end_across_a_block_border_stays_whole(size: int) -> None:
    """A CRLF inside quotes survives wherever it falls between two blocks of the decoder."""
    content = f'text,label\r\n"{"x" * size}\r\ny",a\r\n"z\r",b\r\n'.encode()

    read = read_delimited(lambda: io.TextIOWrapper(io.BytesIO(content), "utf-8", newline=""), "rows.csv")

    assert read.data["text"].to_pylist() == ["x" * size + "\r\ny", "z\r"]


def test_every_column_is_text_of_64_bit_offsets() -> None:
    """Numbers stay text, and no amount of text can overflow a column."""
    read = read_delimited(text_of("a,b\n1,2.0\n"), "rows.csv")

    assert read.data.schema.types == [pa.large_string(), pa.large_string()]


def test_long_rows_end_a_batch_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows of whole documents are turned into Arrow before they pile up."""
    monkeypatch.setattr(encoding, "BATCH_CHARACTERS", 20)
    told: list[int] = []

    read_delimited(text_of("a,b\n" + "0123456789,x\n" * 4), "rows.csv", on_rows=told.append)

    assert told == [2, 4]


def test_field_may_be_longer_than_the_csv_modules_limit() -> None:
    """A text of more than 131,072 characters, the csv module's own limit, is read."""
    long = "x" * 200_000

    assert rows_of(f"text,label\n{long},a\n") == [{"text": long, "label": "a"}]


# ------------------------------------------------------------------ delimiters


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("a;b\n1,5;2,5\n3,5;4,5\n", ";"),
        ("text;label\nhello, world;x\nwell, well;y\n", ";"),
        ('"a;b",c\n"1;2",3\n', ","),
        ("a\tb, c\n1\t2\n", "\t"),
        ("text\nplain\n", ","),
    ],
)
def test_delimiter_is_what_fits_header_and_rows(content: str, delimiter: str) -> None:
    """The delimiter that gives the records the header's width is taken."""
    assert read_delimited(text_of(content), "rows.csv").delimiter == delimiter


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("a,b;c\n1,2\n3,4,5\n", "the row has 3 fields"),
        ("a;b;c\n1;2;3\n1,1;2\n", "the row has 2 fields"),
        ('a;b\n1;"2,\n3', "a quote that opens here is never closed"),
    ],
)
def test_broken_rows_do_not_hide_the_delimiter(content: str, found: str) -> None:
    """Most rows decide, so that a broken one is told as the right delimiter shows it."""
    assert error_of(content).found == found


def test_second_delimiter_that_fits_as_well_is_noted() -> None:
    """Where two delimiters fit alike, the first is taken and a note names the other."""
    read = read_delimited(text_of("a;b,c\n1;2,3\n"), "rows.csv")

    assert read.delimiter == ","
    assert read.notes == ("fields could be kept apart by ';' as well as by ',': --delimiter says which",)


def test_sample_may_end_inside_a_quoted_field() -> None:
    """A text longer than the sample doesn't speak against the delimiter."""
    long = "x;y\n" * 400_000

    read = read_delimited(text_of(f'text,label\nshort,a\n"{long}",b\n'), "rows.csv")

    assert read.delimiter == ","


def test_first_line_may_be_longer_than_the_sample() -> None:
    """A header of more characters than the sample is still read."""
    name = "n" * 2**20

    assert read_delimited(text_of(f"{name},b\n1,2\n"), "rows.csv").data.column_names == [name, "b"]


# ---------------------------------------------------------------------- quotes


def test_unclosed_quote_is_named_by_its_opening_line() -> None:
    """A quote that is never closed is reported where it opened, not where the file ends."""
    error = error_of('text,label\nok,a\n"two\nlines","open\nx,y\nz,w\n')

    assert (error.found, error.row, error.line) == ("a quote that opens here is never closed", 2, 4)


def test_unclosed_quote_in_the_header_has_no_row() -> None:
    """A header that never ends is reported by its line alone."""
    error = error_of('text,"label\nok,a\n')

    assert (error.row, error.line) == (None, 1)


@pytest.mark.parametrize(
    ("content", "line", "closed_on"),
    [
        ('text,label\n"Hello" he said,a\n', 2, 2),
        ('text,label\nx,a\n"open,b\ny,"c" d\n', 3, 4),
        ('text,label\n"with ""doubled"" ones" too,a\n', 2, 2),
        ('text,label\n"fine","a" b\n', 2, 2),
    ],
)
def test_stray_quote_is_named_with_its_opening_line(content: str, line: int, closed_on: int) -> None:
    """Text after a closing quote is refused, not silently joined, and `--quoting none` is the hint."""
    error = error_of(content, delimiter=",")

    assert error.found == f"a quoted field is closed on line {closed_on}, but goes on after the quote"
    assert error.line == line
    assert error.hint == "where quotes are plain characters: --quoting none"


def test_quotes_can_be_plain_characters() -> None:
    """With quoting off, a quote is a letter and every line is a row."""
    assert rows_of('text\tlabel\n"Hello" he said\ta\n"open\tb\n', quoted=False) == [
        {"text": '"Hello" he said', "label": "a"},
        {"text": '"open', "label": "b"},
    ]


def test_quote_within_a_plain_field_is_a_character() -> None:
    """Inches need no quoting."""
    assert rows_of('text,label\n5" pipe,a\n') == [{"text": '5" pipe', "label": "a"}]


# ----------------------------------------------------------------------- rows


@pytest.mark.parametrize(
    ("content", "row", "line", "found", "expected"),
    [
        ("a,b\n1,2\n3\n", 2, 3, "the row has 1 field", "2 fields, as in the header"),
        ("a,b\n1,2,3\n", 1, 2, "the row has 3 fields", "2 fields, as in the header"),
        ('a,b\n\n"1\n1\r\n1\r1",2\n\n3,4,5\n', 2, 8, "the row has 3 fields", "2 fields, as in the header"),
        ("a\n1,2\n", 1, 2, "the row has 2 fields", "1 field, as in the header"),
    ],
)
def test_ragged_row_is_named(content: str, row: int, line: int, found: str, expected: str) -> None:
    """A row with too few or too many fields is named by row and by physical line."""
    error = error_of(content, delimiter=",")

    assert (error.row, error.line, error.found, error.expected) == (row, line, found, expected)


def test_ragged_row_hint_fits_the_quoting() -> None:
    """The hint proposes plain quotes only where they aren't plain already."""
    assert "--quoting none" in str(error_of("a,b\n1,2,3\n").hint)
    assert "--quoting none" not in str(error_of("a,b\n1,2,3\n", quoted=False).hint)


def test_blank_lines_are_skipped() -> None:
    """Blank lines before, between and after rows of several columns are no rows."""
    assert rows_of("\n\r\na,b\n\n1,2\r\n\r\n3,4\n\n") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


def test_blank_line_of_a_single_column_is_a_row() -> None:
    """Where there is but one column, a blank line is an empty field."""
    assert rows_of('a\n1\n\n""\n2\n') == [{"a": "1"}, {"a": None}, {"a": None}, {"a": "2"}]


def test_last_line_needs_no_end() -> None:
    """The last row counts whether its line is ended or not."""
    assert rows_of("a,b\n1,2") == [{"a": "1", "b": "2"}]


def test_only_blank_lines_are_an_empty_file() -> None:
    """A file of blank lines has no header."""
    assert error_of("\n\n").found == "the file is empty"


# --------------------------------------------------------------------- header


def test_repeated_names_are_refused() -> None:
    """Columns of one name can't be told apart, so all such names are listed."""
    error = error_of("a,b,a,b,c\n1,2,3,4,5\n")

    assert error.found == "more than one column is called 'a', 'b'"
    assert error.column == "a"


def test_unnamed_columns_are_refused() -> None:
    """A column without a name is told by its place."""
    assert error_of("a,, ,b\n1,2,3,4\n").found == "of the 4 columns, these have no name: 2, 3"


@pytest.mark.parametrize("start", [0, 1])
def test_row_numbers_may_be_unnamed(start: int) -> None:
    """The first column that pandas (from 0) or R (from 1) writes without a name gets one, and a note."""
    read = read_delimited(text_of(f",a\n{start},x\n{start + 1},y\n"), "rows.csv", batch_rows=1)

    assert read.data.column_names == ["unnamed_0", "a"]
    assert read.notes == ("the first column has no name and only counts the rows: called 'unnamed_0'",)


@pytest.mark.parametrize("values", [("0", "2"), ("x", "y"), ("0", ""), ("2", "3")])
def test_other_unnamed_first_columns_are_refused(values: tuple[str, str]) -> None:
    """An unnamed first column that doesn't count the rows is refused like any other."""
    error = error_of(f",a\n{values[0]},x\n{values[1]},y\n")

    assert error.found == "of the 2 columns, these have no name: 1"


def test_name_given_to_row_numbers_must_be_free() -> None:
    """A file that has the name we would give already can't have it twice."""
    assert error_of(",unnamed_0\n0,x\n").found == "more than one column is called 'unnamed_0'"
