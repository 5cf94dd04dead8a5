from __future__ import annotations

import csv
import io
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Literal, TextIO, cast

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError, OutputError
from doubtcli.files import encoding
from doubtcli.files.csv import write_csv
from doubtcli.files.delimited import find_opening_quote, read_delimited
from doubtcli.files.dialect import Dialect
from doubtcli.files.formats import rewrite_content
from doubtcli.records import ReadOptions
from doubtcli.records.file_format import Drop, FileLayout, Relabel, Restore
from tests.files.conftest import parse_fields

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    from tests.conftest import Sentences
    from tests.files.conftest import WrittenText

    Files = Callable[..., SearchStrategy[WrittenText]]


def text_of(content: str) -> Callable[[], TextIO]:
    """A function that opens a text from its start."""
    return partial(io.StringIO, content, newline="")


def rows_of(content: str, *, quoted: bool = True) -> list[dict[str, str | None]]:
    """The rows that are read from a text."""
    return cast(
        "list[dict[str, str | None]]",
        read_delimited(
            text_of(content), "rows.csv", ReadOptions(quoting=None if quoted else "none")
        ).data.to_pylist(),
    )


def error_of(content: str, *, delimiter: str | None = None, quoted: bool = True) -> InputError:
    """The error with which a text is refused."""
    options = ReadOptions(delimiter=delimiter, quoting=None if quoted else "none")
    with pytest.raises(InputError) as caught:
        read_delimited(text_of(content), "rows.csv", options, batch_rows=1)
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
def test_all_that_csv_writes_is_read_back(
    rows: list[list[str]], delimiter: str, line_end: str, quote_all: bool, batch_rows: int
) -> None:
    """Quotes, line ends, delimiters and any letters in quoted fields are read back, at any batch size."""
    rows = [row for row in rows if any(row)] or [["a"] * len(rows[0])]
    names = [f"column {number}" for number in range(len(rows[0]))]
    sink = io.StringIO(newline="")
    # if the line end is "\n", older versions of the csv module don't quote a lone "\r"
    quoting: Literal[0, 1] = csv.QUOTE_ALL if quote_all or line_end == "\n" else csv.QUOTE_MINIMAL
    csv.writer(sink, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows([names, *rows])

    read = read_delimited(
        text_of(sink.getvalue()), "rows.csv", ReadOptions(delimiter=delimiter), batch_rows=batch_rows
    )

    assert [list(row.values()) for row in read.data.to_pylist()] == [
        [field or None for field in row] for row in rows
    ]
    assert read.data.column_names == names


@given(
    texts=st.lists(st.text('ab,;|\t"\n', max_size=8), min_size=1, max_size=20),
    delimiter=st.sampled_from(",\t;|"),
)
def test_delimiter_is_found_despite_others_in_the_text(texts: list[str], delimiter: str) -> None:
    """With three plain columns the delimiter is guessed right, even if the text has other delimiters."""
    sink = io.StringIO(newline="")
    writer = csv.writer(sink, delimiter=delimiter)
    writer.writerows([["id", "text", "label"], *([str(i), text, "x"] for i, text in enumerate(texts))])

    assert read_delimited(text_of(sink.getvalue()), "rows.csv").delimiter == delimiter


@pytest.mark.parametrize("size", range(8186, 8200))
def test_line_end_across_a_block_border_stays_whole(size: int) -> None:
    """A CRLF inside quotes is kept, even if it is split between two blocks of the decoder."""
    content = f'text,label\r\n"{"x" * size}\r\ny",a\r\n"z\r",b\r\n'.encode()

    read = read_delimited(lambda: io.TextIOWrapper(io.BytesIO(content), "utf-8", newline=""), "rows.csv")

    assert read.data["text"].to_pylist() == ["x" * size + "\r\ny", "z\r"]


def test_every_column_is_text_of_64_bit_offsets() -> None:
    """Numbers stay text, and a column can't overflow."""
    read = read_delimited(text_of("a,b\n1,2.0\n"), "rows.csv")

    assert read.data.schema.types == [pa.large_string(), pa.large_string()]


def test_long_rows_end_a_batch_early(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows that are whole documents are converted to Arrow before they fill the memory."""
    monkeypatch.setattr(encoding, "BATCH_CHARACTERS", 20)
    counts: list[int] = []

    read_delimited(text_of("a,b\n" + "01234 678,x\n" * 4 + ",\n"), "rows.csv", on_rows=counts.append)

    assert counts == [2, 4]


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
    """The delimiter is the one that gives records as many fields as the header."""
    assert read_delimited(text_of(content), "rows.csv").delimiter == delimiter


@pytest.mark.parametrize(
    ("content", "delimiter", "line"),
    [
        ("a,b;c\n1,2\n3,4,5\n", ",", 3),
        ("a;b;c\n1;2;3\n1,1;2\n", ";", 3),
        ('a;b\n1;"2,\n3', ";", 2),
    ],
    ids=["3 fields", "2 fields", "open quote"],
)
def test_broken_rows_do_not_hide_the_delimiter(
    content: str, delimiter: str, line: int, sentences: Sentences
) -> None:
    """Most rows decide on the delimiter, so that a broken one gets the right error."""
    error = error_of(content)

    assert error.line == line
    assert str(error) == str(error_of(content, delimiter=delimiter))
    sentences.check(error)


def test_second_delimiter_that_fits_as_well_is_noted(sentences: Sentences) -> None:
    """If two delimiters fit equally well, the first is used and a note names the other."""
    read = read_delimited(text_of("a;b,c\n1;2,3\n"), "rows.csv")

    assert read.delimiter == ","
    (note,) = read.notes
    assert "';'" in note
    sentences.check(note)


def test_sample_may_end_inside_a_quoted_field() -> None:
    """A text longer than the sample does not count against the delimiter."""
    long = "x;y\n" * 400_000

    read = read_delimited(text_of(f'text,label\nshort,a\n"{long}",b\n'), "rows.csv")

    assert read.delimiter == ","


def test_first_line_may_be_longer_than_the_sample() -> None:
    """A header with more characters than the sample is read."""
    name = "n" * 2**20

    assert read_delimited(text_of(f"{name},b\n1,2\n"), "rows.csv").data.column_names == [name, "b"]


# ---------------------------------------------------------------------- quotes


def test_unclosed_quote_is_reported_on_its_opening_line(sentences: Sentences) -> None:
    """A quote that is never closed is reported where it opens, not where the file ends."""
    error = error_of('text,label\nok,a\n"two\nlines","open\nx,y\nz,w\n')

    assert (error.row, error.line) == (2, 4)
    sentences.check(error)


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
def test_stray_quote_is_reported_with_its_opening_line(content: str, line: int, closed_on: int) -> None:
    """Text after a closing quote is refused, not silently joined, and `--quoting none` is the hint."""
    error = error_of(content, delimiter=",")

    assert f"line {closed_on}," in error.found
    assert error.line == line
    assert "--quoting none" in str(error.hint)


def test_quotes_can_be_plain_characters() -> None:
    """Without quoting, a quote is a plain character and every line is a row."""
    assert rows_of('text\tlabel\n"Hello" he said\ta\n"open\tb\n', quoted=False) == [
        {"text": '"Hello" he said', "label": "a"},
        {"text": '"open', "label": "b"},
    ]


def test_quote_within_a_plain_field_is_a_character() -> None:
    """A quote for inches needs no quoting."""
    assert rows_of('text,label\n5" pipe,a\n') == [{"text": '5" pipe', "label": "a"}]


# ----------------------------------------------------------------------- rows


@pytest.mark.parametrize(
    ("content", "row", "line"),
    [
        pytest.param("a,b\n1,2\n3\n", 2, 3, id="1 field"),
        pytest.param("a,b\n1,2,3\n", 1, 2, id="3 fields"),
        pytest.param('a,b\n\n"1\n1\r\n1\r1",2\n\n3,4,5\n', 2, 8, id="after line ends in quotes"),
        pytest.param("a\n1,2\n", 1, 2, id="1 column"),
    ],
)
def test_ragged_row_is_named(content: str, row: int, line: int, sentences: Sentences) -> None:
    """A row with too few or too many fields is named by row and by physical line."""
    error = error_of(content, delimiter=",")

    assert (error.row, error.line) == (row, line)
    sentences.check(error)


def test_ragged_row_hint_fits_the_quoting() -> None:
    """The hint proposes plain quotes only if they aren't plain already."""
    assert "--quoting none" in str(error_of("a,b\n1,2,3\n").hint)
    assert "--quoting none" not in str(error_of("a,b\n1,2,3\n", quoted=False).hint)


def test_blank_lines_are_skipped() -> None:
    """Blank lines before, between and after rows of several columns are not rows."""
    assert rows_of("\n\r\na,b\n\n1,2\r\n\r\n3,4\n\n") == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]


@pytest.mark.parametrize(
    "text",
    [
        "a,b\n1,2\n,\n3,4\n,,,\n",
        ',,\n\na,b\n1,2\n"",""\n3,4\n,',
        'a,b\r\n"1",2\r\n,\r\n"3",4\r\n,""\r\n',
    ],
    ids=["more or fewer than columns", "above the header", "quoted"],
)
def test_lines_of_nothing_but_delimiters_are_no_rows(text: str, sentences: Sentences) -> None:
    """A line of nothing but delimiters is no row, wherever it is; a note counts and names such lines."""
    read = read_delimited(text_of(text), "rows.csv", ReadOptions(delimiter=","))

    assert read.data.to_pylist() == [{"a": "1", "b": "2"}, {"a": "3", "b": "4"}]
    (note,) = read.notes
    sentences.check(note)


def test_a_row_with_one_field_filled_is_a_row() -> None:
    """A row is one as soon as one of its fields has something, if only a blank."""
    assert read_delimited(text_of("a,b\n,2\n, \n"), "rows.csv", ReadOptions(delimiter=",")).data.num_rows == 2


def test_surplus_delimiters_are_cut(sentences: Sentences) -> None:
    """Empty fields after the last column are left out, and a note counts the rows that have them."""
    read = read_delimited(text_of('a,b\n1,2,\n3,4\n5,6,"",\n'), "rows.csv", ReadOptions(delimiter=","))

    assert read.data.column("b").to_pylist() == ["2", "4", "6"]
    (note,) = read.notes
    sentences.check(note)


def test_surplus_fields_are_refused(sentences: Sentences) -> None:
    """A row with something after its last column is refused."""
    error = error_of("a,b\n1,2,,x\n")

    assert (error.row, error.line) == (1, 2)
    sentences.check(str(error))


def test_unnamed_empty_columns_get_a_name(sentences: Sentences) -> None:
    """Columns without a name and without a value are named by their place, and a note says so."""
    read = read_delimited(text_of("a,,b,\n1,,2,\n3,,4,\n"), "rows.csv", ReadOptions(delimiter=","))

    assert read.data.column_names == ["a", "unnamed_1", "b", "unnamed_3"]
    assert read.data.column("unnamed_3").null_count == 2
    (note,) = read.notes
    sentences.check(note)


def test_blank_line_of_a_single_column_is_a_row() -> None:
    """If there is a single column, a blank line is an empty field."""
    assert rows_of('a\n1\n\n""\n2\n') == [{"a": "1"}, {"a": None}, {"a": None}, {"a": "2"}]


def test_last_line_needs_no_end() -> None:
    """The last row counts with or without a line end."""
    assert rows_of("a,b\n1,2") == [{"a": "1", "b": "2"}]


def test_only_blank_lines_are_an_empty_file(sentences: Sentences) -> None:
    """A file of blank lines has no header."""
    sentences.check(error_of("\n\n"))


# --------------------------------------------------------------------- header


def test_repeated_names_are_refused(sentences: Sentences) -> None:
    """Names that several columns have are refused, and listed."""
    error = error_of("a,b,a,b,c\n1,2,3,4,5\n")

    assert error.column == "a"
    sentences.check(error)


def test_unnamed_columns_are_refused(sentences: Sentences) -> None:
    """Columns without a name are refused, and listed by their place."""
    error = error_of("a,, ,b\n1,2,3,4\n")

    assert error.found.endswith(": 2, 3")
    sentences.check(error)


@pytest.mark.parametrize("second", [1, 7, 0])
def test_row_numbers_may_be_unnamed(second: int, sentences: Sentences) -> None:
    """The first column that pandas or R writes without a name gets one, also where rows were drawn."""
    read = read_delimited(text_of(f",a\n3,x\n{second},y\n"), "rows.csv", batch_rows=1)

    assert read.data.column_names == ["unnamed_0", "a"]
    (note,) = read.notes
    sentences.check(note)


@pytest.mark.parametrize("values", [("2", "2"), ("x", "y"), ("0", ""), ("2.5", "3"), ("-1", "0")])
def test_other_unnamed_first_columns_are_refused(values: tuple[str, str]) -> None:
    """An unnamed first column is refused if it doesn't number the rows."""
    error = error_of(f",a\n{values[0]},x\n{values[1]},y\n")

    assert error.found.endswith(": 1")


def test_name_given_to_row_numbers_must_be_free() -> None:
    """Row numbers can't be named if another column has the name."""
    assert error_of(",unnamed_0\n0,x\n").column == "unnamed_0"


# ------------------------------------------------------------------ rewritten


FORM = FileLayout("csv", "label", place=1, n_columns=2)


def cells_of(content: bytes, form: FileLayout) -> list[list[str]]:
    """The fields of every row, without the header and what is no row, as the csv module reads them."""
    text = io.StringIO(content.decode(form.encoding).removeprefix("\ufeff").rstrip("\0\x1a"), newline="")
    lines = list(text)[form.lead_lines or 0 :]
    rows = parse_fields(lines, form)
    width = form.n_columns
    blank = [row for row in rows if not any(row) or (width > 1 and len(row) == 1 and not row[0].strip())]
    rows = [row[:width] for row in rows if row not in blank or (row and width == 1)]
    return rows[int(form.has_header) :]


def relabelled(text: str, label: str, form: FileLayout = FORM) -> str:
    """A text with another label on its first row."""
    return rewrite_content(text.encode(form.encoding), form, {0: Relabel(label)}).content.decode(
        form.encoding
    )


# ------------------------------------------------------------------- any file


@settings(max_examples=50)
@given(data=st.data())
def test_exactly_these_cells_change(csv_files: Files, data: st.DataObject) -> None:
    """Labels are replaced, and all other bytes stay; the csv module reads the new labels."""
    file = data.draw(csv_files())
    blank = "" if file.form.delimiter == " " else " "
    new = st.text(st.sampled_from(f"x{blank}{file.letters}"), min_size=1, max_size=4)
    if file.form.quoted:
        new |= st.text(st.sampled_from(f"""x'"\\ ,;|\t\r\n{file.letters}"""), min_size=1, max_size=4)
    labels = data.draw(st.dictionaries(st.integers(0, len(file.rows) - 1), new))
    after = cells_of(file.content(), file.form)

    made = rewrite_content(file.content(), file.form, {row: Relabel(label) for row, label in labels.items()})

    raw = {row: touched.raw_new.decode(file.form.encoding) for row, touched in made.touched.items()}
    assert made.content == file.content(raw)
    for row, label in labels.items():
        after[row][file.form.place] = label
    assert cells_of(made.content, file.form) == after
    assert made.n_rows == len(after) == len(file.rows)


@settings(max_examples=50)
@given(data=st.data())
def test_all_of_it_comes_back(csv_files: Files, data: st.DataObject) -> None:
    """Relabelled and dropped rows can be restored to the byte from what `touched` has of them."""
    file = data.draw(csv_files(least_rows=2))
    rows = st.integers(0, len(file.rows) - 1)
    changed = data.draw(st.sets(rows, min_size=1))  # so that a row is left
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
    """A quoted cell stays quoted; any other one is quoted only if it needs to be."""
    assert relabelled(before, label) == after


def test_plain_quotes() -> None:
    """If quotes are plain characters, a label with quotes is written unchanged."""
    form = FileLayout("csv", "label", place=1, n_columns=2, delimiter="\t", quoted=False)

    assert relabelled('t\tlabel\n"a\t"x"\n', '"y"', form) == 't\tlabel\n"a\t"y"\n'


@pytest.mark.parametrize("label", ["a\tb", "a\nb", "a\rb"])
def test_label_that_needs_quotes(label: str) -> None:
    """If quotes are plain characters, a label with a delimiter or line end is refused, and named."""
    form = FileLayout("csv", "label", place=1, n_columns=2, delimiter="\t", quoted=False)

    with pytest.raises(OutputError) as caught:
        relabelled("t\tlabel\na\tx\n", label, form)

    assert repr(label) in caught.value.found
    assert (caught.value.row, caught.value.column) == (1, "label")


def test_label_that_can_t_be_encoded(sentences: Sentences) -> None:
    """A label with a letter that the encoding lacks is refused; label and encoding are named."""
    form = FileLayout("csv", "label", place=1, n_columns=2, encoding="latin-1")

    with pytest.raises(OutputError) as caught:
        relabelled("t,label\na,x\n", "снег", form)

    assert "'снег'" in caught.value.found
    sentences.check(caught.value)


# ------------------------------------------------------------------------- rows


def test_single_column() -> None:
    """If there is a single column, a blank line is a row."""
    form = FileLayout("csv", "label")

    made = rewrite_content(b"\nlabel\nx\n\n\r\nz", form, {1: Relabel("y"), 3: Relabel("w"), 2: Drop()})

    assert made.content == b"\nlabel\nx\ny\nw"


def test_dropped_row_takes_the_blank_lines_before_it() -> None:
    """The record of a dropped row has the blank lines before it, so that its place is known."""
    made = rewrite_content(b"t,label\na,x\n\n\nb,y\n\nc,z\n", FORM, {1: Drop()})

    assert made.content == b"t,label\na,x\n\nc,z\n"
    assert made.touched[1].record == b"\n\nb,y\n"


def test_no_line_ends_become_one() -> None:
    """A CR before a dropped row is not joined to the LF of a blank line after it."""
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
    """A row whose fields don't match the header is refused, never misread."""
    with pytest.raises(InputError):
        rewrite_content(content, FORM, {0: Relabel("z")})


def test_no_such_row() -> None:
    """A row after the last can't be relabelled."""
    with pytest.raises(InputError) as caught:
        rewrite_content(b"t,label\na,x\n", FORM, {1: Relabel("y")})

    assert caught.value.row == 2


def test_rest_of_a_row() -> None:
    """The hash of the rest of a row does not depend on its label or line end, only on its text."""
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
    """The line is the one on which the broken quoted field opens."""
    assert find_opening_quote(lines, Dialect()) == expected


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|", "^"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_a_first_line_that_names_the_delimiter(delimiter: str, line_end: str) -> None:
    """It is no header: the rows after it are read, and rewritten, and the line stays."""
    lines = [f"sep={delimiter}", f"text{delimiter}label", f"a, b; c{delimiter}x", f"d{delimiter}y", ""]
    content = line_end.join(line.replace("a, b; c", '"a, b; c"') for line in lines)

    read = read_delimited(text_of(content), "rows.csv")

    assert (read.delimiter, read.data.to_pydict()) == (
        delimiter,
        {"text": ["a, b; c", "d"], "label": ["x", "y"]},
    )
    form = FileLayout("csv", "label", place=1, n_columns=2, delimiter=delimiter)
    made = rewrite_content(content.encode(), form, {1: Relabel("z", None)})
    assert made.content.decode() == content.replace(f"d{delimiter}y", f"d{delimiter}z")


def test_lines_after_one_that_names_the_delimiter() -> None:
    """Errors count all lines of the file."""
    with pytest.raises(InputError) as caught:
        read_delimited(text_of("sep=;\ntext;label\na;x\nb\n"), "rows.csv")

    assert (caught.value.row, caught.value.line) == (2, 4)


def test_a_column_may_be_named_like_such_a_line() -> None:
    """`sep=` with a word behind it is a header."""
    assert rows_of("sep=a,label\n1,x\n") == [{"sep=a": "1", "label": "x"}]


def test_written_lines_have_quotes_where_they_are_needed() -> None:
    """A missing value is nothing, an empty text is two quotes, and a quote is doubled."""
    rows = pa.table({"a": [None, "", 'a "b"'], "b, c": ["x\ny", "z\r", "é, ü"]})

    assert write_csv(rows).decode() == 'a,"b, c"\n,"x\ny"\n"","z\r"\n"a ""b""","é, ü"\n'


def test_lines_without_a_header() -> None:
    """Parts of a file can be written one after the other."""
    data = pa.table({"text": ["a", None, "b,c"]})

    assert write_csv(data.slice(0, 1)) + write_csv(data.slice(1), has_header=False) == write_csv(data)


@given(st.lists(st.tuples(st.none() | FIELDS, st.none() | FIELDS), max_size=8))
def test_written_lines_are_read_back_as_they_were(rows: list[tuple[str | None, str | None]]) -> None:
    """The csv module reads every text, and nothing for a missing value."""
    content = write_csv(
        pa.table({"a": pa.array([a for a, _ in rows], pa.string()), "b": [b for _, b in rows]})
    )

    read = csv.reader(io.StringIO(content.decode(), newline=""))
    assert list(read) == [["a", "b"], *([a or "", b or ""] for a, b in rows)]
