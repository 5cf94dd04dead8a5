from __future__ import annotations

import csv as csv_module
import io
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import InputError, OutputError
from doubtcli.files.formats import rewrite_content
from doubtcli.records.edits import Drop, FileLayout, Relabel, Restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    from tests.files.conftest import WrittenText

    Files = Callable[..., SearchStrategy[WrittenText]]

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
