from __future__ import annotations

import csv
import csv as csv_module
import io
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal, TextIO, cast

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import InputError, OutputError
from doubtcli.files import encoding
from doubtcli.files.csv import find_opening_quote, read_delimited
from doubtcli.files.formats import rewrite_content
from doubtcli.records.file_format import Drop, FileLayout, Relabel, Restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    from tests.files.conftest import WrittenText

    Files = Callable[..., SearchStrategy[WrittenText]]


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


# ------------------------------------------------------------------ rewritten


FORM = FileLayout("csv", "label", place=1, n_columns=2)


def cells_of(content: bytes, form: FileLayout) -> list[list[str]]:
    """The fields of every row, without blank lines and the header, as the csv module reads them."""
    text = io.StringIO(content.decode(form.encoding).removeprefix("\ufeff"), newline="")
    if form.quoted:
        rows = list(csv_module.reader(text, delimiter=form.delimiter, strict=True))
    else:
        plain = csv_module.QUOTE_NONE
        rows = list(csv_module.reader(text, delimiter=form.delimiter, quoting=plain, quotechar=None))
    return [row for row in rows if row][1:]


def relabelled(text: str, label: str, form: FileLayout = FORM) -> str:
    """A text with another label on its first row."""
    return rewrite_content(text.encode(form.encoding), form, {0: Relabel(label)}).content.decode(
        form.encoding
    )


# ------------------------------------------------------------------- any file


@given(data=st.data())
def test_exactly_these_cells_change(csv_files: Files, data: st.DataObject) -> None:
    """Every label is replaced, and every other byte stays; the csv module reads what was decided."""
    file = data.draw(csv_files())
    new = st.text(st.sampled_from(f"x {file.letters}"), min_size=1, max_size=4)
    if file.form.quoted:
        new |= st.text(st.sampled_from(f'x",;|\t\r\n{file.letters}'), min_size=1, max_size=4)
    labels = data.draw(st.dictionaries(st.integers(0, len(file.rows) - 1), new))
    after = cells_of(file.content(), file.form)

    made = rewrite_content(file.content(), file.form, {row: Relabel(label) for row, label in labels.items()})

    raw = {row: touched.raw_new.decode(file.form.encoding) for row, touched in made.touched.items()}
    assert made.content == file.content(raw)
    for row, label in labels.items():
        after[row][file.form.place] = label
    assert cells_of(made.content, file.form) == after
    assert made.n_rows == len(after) == len(file.rows)


@given(data=st.data())
def test_all_of_it_comes_back(csv_files: Files, data: st.DataObject) -> None:
    """What was relabelled and dropped comes back to the byte from what is told of it."""
    file = data.draw(csv_files(least_rows=2))
    rows = st.integers(0, len(file.rows) - 1)
    changed = data.draw(st.sets(rows, min_size=1))  # a file without any row is none that could be read
    dropped = data.draw(st.sets(rows)) - changed
    edits = dict.fromkeys(changed, Relabel("x")) | dict.fromkeys(dropped, Drop())

    made = rewrite_content(file.content(), file.form, edits)

    raw = {row: made.touched[row].raw_new.decode(file.form.encoding) for row in changed}
    assert made.content == file.content(raw, dropped)
    old = [file.rows[row].cell.encode(file.form.encoding) for row in edits]
    assert [touched.raw_old for touched in made.touched.values()] == old
    places = {row: row - sum(other < row for other in dropped) for row in changed}
    restored = {places[row]: Restore(made.touched[row].raw_old) for row in changed}
    records = {row: made.touched[row].record for row in dropped}
    assert rewrite_content(made.content, file.form, restored, records).content == file.content()


# ----------------------------------------------------------------------- cells


@pytest.mark.parametrize(
    ("before", "label", "after"),
    [
        ("t,label\na,x\n", "y", "t,label\na,y\n"),
        ('t,label\na,"x"\n', "y", 't,label\na,"y"\n'),
        ("t,label\na,x\n", "y,z", 't,label\na,"y,z"\n'),
        ("t,label\na,x\n", 'say "y"', 't,label\na,"say ""y"""\n'),
        ("t,label\na,x\n", "y\nz", 't,label\na,"y\nz"\n'),
        ('t,label\n"a\n,""b""",x\r\n', "y", 't,label\n"a\n,""b""",y\r\n'),
        ("t,label\na,x", "y", "t,label\na,y"),
        ("\n\nt,label\n\r\n\na,\n", "y", "\n\nt,label\n\r\n\na,y\n"),
    ],
    ids=["plain", "quoted", "delimiter", "quotes", "line end", "neighbour", "no end", "empty, blank lines"],
)
def test_quotes(before: str, label: str, after: str) -> None:
    """A cell that was quoted stays so; another one is quoted only if it needs it."""
    assert relabelled(before, label) == after


def test_plain_quotes() -> None:
    """Where quotes are plain characters, a label with some is written as it is."""
    form = FileLayout("csv", "label", place=1, n_columns=2, delimiter="\t", quoted=False)

    assert relabelled('t\tlabel\n"a\t"x"\n', '"y"', form) == 't\tlabel\n"a\t"y"\n'


@pytest.mark.parametrize("label", ["a\tb", "a\nb", "a\rb"])
def test_label_that_plain_quotes_cannot_hold(label: str) -> None:
    """Without quotes to enclose it, a label with a delimiter or line end is refused, naming it."""
    form = FileLayout("csv", "label", place=1, n_columns=2, delimiter="\t", quoted=False)

    with pytest.raises(OutputError, match="would end the field") as caught:
        relabelled("t\tlabel\na\tx\n", label, form)

    assert repr(label) in caught.value.found
    assert (caught.value.row, caught.value.column) == (1, "label")


def test_label_that_the_encoding_cannot_hold() -> None:
    """A label with a letter that the encoding lacks is refused, naming both."""
    form = FileLayout("csv", "label", place=1, n_columns=2, encoding="latin-1")

    with pytest.raises(OutputError, match="latin-1 lacks a letter of it") as caught:
        relabelled("t,label\na,x\n", "снег", form)

    assert "'снег'" in caught.value.found


# ------------------------------------------------------------------------- rows


def test_single_column() -> None:
    """Where there is but one column, a blank line is a row of its own."""
    form = FileLayout("csv", "label")

    made = rewrite_content(b"\nlabel\nx\n\n\r\nz", form, {1: Relabel("y"), 3: Relabel("w"), 2: Drop()})

    assert made.content == b"\nlabel\nx\ny\nw"


def test_dropped_row_takes_the_blank_lines_before_it() -> None:
    """A dropped row is told with the blank lines before it, so that its place is known."""
    made = rewrite_content(b"t,label\na,x\n\n\nb,y\n\nc,z\n", FORM, {1: Drop()})

    assert made.content == b"t,label\na,x\n\nc,z\n"
    assert made.touched[1].record == b"\n\nb,y\n"


def test_no_line_ends_become_one() -> None:
    """A CR before a dropped row doesn't meet the LF of a blank line behind it."""
    content = b"t,label\na,x\rb,y\n\nc,z\n"

    made = rewrite_content(content, FORM, {1: Drop()})

    assert made.content == b"t,label\na,x\rc,z\n"
    assert rewrite_content(made.content, FORM, {}, {1: made.touched[1].record}).content == content


@pytest.mark.parametrize(
    "content",
    [b"t,label\na,x,y\n", b't,label\n"a"b,x\n', b't,label\n"a,x\n', b"t\na\n"],
    ids=["wider", "stray quote", "open quote", "other header"],
)
def test_other_fields_than_the_header(content: bytes) -> None:
    """A row that has not the header's fields is refused, rather than taken for something else."""
    with pytest.raises(InputError, match="other fields"):
        rewrite_content(content, FORM, {0: Relabel("z")})


def test_no_such_row() -> None:
    """A row behind the last can't be relabelled."""
    with pytest.raises(InputError, match="no label to replace") as caught:
        rewrite_content(b"t,label\na,x\n", FORM, {1: Relabel("y")})

    assert caught.value.row == 2


def test_rest_of_a_row() -> None:
    """What is told of the rest of a row stays with its label and its line end, and changes with its text."""
    contents = (b"t,label\na,x\n", b"t,label\na,y\r\n", b"t,label\n\na,x", b"t,label\nb,x\n")

    same, other_label, other_end, other_text = (
        rewrite_content(content, FORM, {0: Drop()}).touched[0].rest for content in contents
    )

    assert same == other_label == other_end != other_text


# ----------------------------------------------------- a quote that breaks it


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (['a,"b\n', "c\n"], (0, False)),
        (['"a\n', 'b","c\n', "d\n"], (1, False)),
        (['"a" b,c\n'], (0, True)),
        (['a "quoted" b,"c\n'], (0, False)),
        (['"a""b\n', '""c\n'], (0, False)),
        (['"a"\r\n', '"b'], (1, False)),
        (['"a"'], (0, False)),
    ],
)
def test_opening_line_is_the_broken_fields(lines: list[str], expected: tuple[int, bool]) -> None:
    """The line is the one on which the quoted field opened that doesn't end as it should."""
    assert find_opening_quote(lines, ",") == expected
