"""Files of any shape, made from pieces, so that a test knows where each label is."""

from __future__ import annotations

import codecs
import csv
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import strategies as st

from doubtcli.files.dialect import QUOTINGS
from doubtcli.records.file_format import FileLayout

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from hypothesis.strategies import DrawFn, SearchStrategy

LINE_ENDS = st.sampled_from(["\n", "\r\n", "\r"])
ENCODINGS = {
    "utf-8": (b"", "aé😀\u2028\x85"),
    "utf-8 with a mark": (codecs.BOM_UTF8, "aé😀"),
    "latin-1": (b"", "aéÿ\x85"),
    "utf-16-le with a mark": (codecs.BOM_UTF16_LE, "aé😀\u0a0d\u2c22"),
    "utf-16-be with a mark": (codecs.BOM_UTF16_BE, "aé😀\u0d0a\u222c"),
    "utf-16-le": (b"", "aé😀"),
    "shift-jis": (b"", "aソ表能|"),
    "gb18030": (b"", "a中é😀"),
}
"""With their byte order mark and some letters; some of Shift JIS and UTF-16 have bytes of delimiters, quotes
and line ends."""


@dataclass(frozen=True)
class WrittenRow:
    """A row of a text file in pieces."""

    blanks: str
    """Blank lines."""
    before: str
    cell: str
    """The label as it is written in the file."""
    after: str
    end: str
    """The end of the line."""
    label: str
    """The label as text."""


@dataclass(frozen=True)
class WrittenText:
    """A text file in pieces."""

    form: FileLayout
    mark: bytes
    head: str
    rows: tuple[WrittenRow, ...]
    tail: str
    letters: str
    """Some letters of its encoding."""

    def content(self, cells: Mapping[int, str] | None = None, dropped: Collection[int] = ()) -> bytes:
        """The file, with some other cells and without some rows.

        Where a CR would meet an LF over a dropped row, the LF is dropped, too: they would be one line end.
        """
        cells, text, is_seam = cells or {}, self.head, False
        for number, row in enumerate(self.rows):
            if number in dropped:
                is_seam = text.endswith("\r")
                continue
            part = row.blanks + row.before + cells.get(number, row.cell) + row.after + row.end
            text += part.lstrip("\n") if is_seam else part
            is_seam = False
        text += self.tail.lstrip("\n") if is_seam else self.tail
        return self.mark + text.encode(self.form.encoding)


def _finished(draw: DrawFn, text: WrittenText, blanks: SearchStrategy[str]) -> WrittenText:
    """The text with a last line end, or without; no CR meets an LF of another line."""
    rows = list(text.rows)
    for place, row in enumerate(rows[1:]):
        if rows[place].end == "\r" and (row.blanks + row.before + row.cell).startswith("\n"):
            rows[place] = replace(rows[place], end="\r\n")
    tail = draw(blanks)
    if not tail and draw(st.booleans()):
        rows[-1] = replace(rows[-1], end="")
    elif rows[-1].end == "\r" and tail.startswith("\n"):
        rows[-1] = replace(rows[-1], end="\r\n")
    head = text.head
    if head.endswith("\r") and rows[0].blanks.startswith("\n"):
        head += "\n"
    return replace(text, head=head, rows=tuple(rows), tail=tail)


# ------------------------------------------------------------------------------ CSV


@st.composite
def csv_texts(
    draw: DrawFn, *, labels: Callable[[str], SearchStrategy[str]] | None = None, least_rows: int = 1
) -> WrittenText:
    """Any delimited text, with any quoting, line ends, marks, encodings, and lines that are no rows.

    Some rows end with more delimiters than the header, or all end early. There may be comments above the
    header, or no header; lines after the last row, or padding.

    Args:
        draw: From hypothesis.
        labels: Makes a strategy of labels from the letters of the encoding; any text if None.
        least_rows: The smallest number of rows.
    """
    name = draw(st.sampled_from(sorted(ENCODINGS)))
    mark, letters = ENCODINGS[name]
    delimiter, quoting = draw(st.sampled_from(",;|\t ")), draw(st.sampled_from(QUOTINGS))
    if delimiter == " " and quoting in ("spaced", "backslash"):
        quoting = "minimal"
    letters = "".join(one for one in letters.replace(delimiter, "") if delimiter != " " or not one.isspace())
    has_header, n_lead = draw(st.booleans()), draw(st.integers(0, 2))
    n_columns = draw(st.integers(1 if has_header and delimiter != " " else 2, 3))
    n_lead *= n_columns > 1
    place = draw(st.integers(0, n_columns - 1))
    form = FileLayout(
        *("csv", "label" if has_header else f"column_{place + 1}", place, n_columns, name.partition(" ")[0]),
        *(delimiter, quoting != "none", quoting, has_header, n_lead),
    )
    texts = cell_texts(letters, form)
    of_label = labels(letters) if labels else texts
    empty = st.builds(str.__add__, st.sampled_from([delimiter, delimiter * 4]), LINE_ENDS)
    blanks = st.lists(LINE_ENDS | empty, max_size=2).map("".join) if n_columns > 1 else st.just("")
    names = ["label" if column == place else f"c{column}" for column in range(n_columns)]
    head = "".join(f"#made_by_hand_{number}\n" for number in range(n_lead))
    if has_header:
        head += draw(blanks | st.lists(LINE_ENDS, max_size=2).map("".join))
        head += delimiter.join(draw(_raw(name, form)) for name in names) + draw(LINE_ENDS)
    n_rows = draw(st.integers(least_rows, least_rows + 3))
    n_kept = max(place + 1, 2) if draw(st.booleans()) else n_columns
    # a file of few short rows can't be read again once some of them were dropped
    if (
        labels
        or n_rows < 3
        or n_kept >= n_columns
        or n_rows * (n_kept - 1) + 1 == n_columns
        or not has_header
    ):
        n_kept = n_columns  # else it would be no habit to end rows early
    rows = []
    for _ in range(n_rows):
        values = [draw(of_label if column == place else texts) for column in range(n_kept)]
        if n_columns > 1 and not any(values[:place] + values[place + 1 :]):
            values[place - 1 if place else 1] = "x"  # else it would be no row without its label
        raw = [draw(_raw(value, form)) for value in values]
        gaps = [draw(_gaps(form)) for _ in values]
        before = "".join(gap + cell + delimiter for gap, cell in zip(gaps[:place], raw[:place], strict=True))
        after = "".join(
            delimiter + gap + cell for gap, cell in zip(gaps[place + 1 :], raw[place + 1 :], strict=True)
        )
        after += draw(st.sampled_from(["", delimiter])) if n_columns == n_kept > 1 else ""
        end, cell = draw(LINE_ENDS), raw[place]
        rows.append(WrittenRow(draw(blanks), before + gaps[place], cell, after, end, values[place]))
    text = _finished(draw, WrittenText(form, mark, head, tuple(rows), "", letters), blanks)
    return replace(text, tail=text.tail + draw(st.sampled_from(["", "\x1a", "\0\0\0"])))


def cell_texts(letters: str, form: FileLayout) -> SearchStrategy[str]:
    """What a cell of a delimited file may have; not nothing if an empty line would not be a row."""
    marks = f"\"'x\\{letters}" + (f" {form.delimiter}\r\n" if form.quoted or form.delimiter != " " else "")
    marks = marks if form.quoted else marks.replace(form.delimiter, "").rstrip("\r\n")
    least = int(form.n_columns == 1 or form.delimiter == " ")
    return st.text(st.sampled_from(marks), min_size=least, max_size=6).filter(
        lambda text: form.n_columns > 1 or not text or text.strip() or not form.has_header
    )


def parse_fields(lines: Iterable[str], form: FileLayout) -> list[list[str]]:
    """The fields of delimited lines, as the csv module reads them."""
    marks: dict[str, Any] = {
        "none": {"quoting": csv.QUOTE_NONE, "quotechar": None},
        "spaced": {"skipinitialspace": True},
        "backslash": {"escapechar": "\\"},
        "single": {"quotechar": "'"},
    }.get(form.quoting or "", {})
    if form.delimiter == " ":
        marks["skipinitialspace"] = True
        lines = [line.rstrip(" \r\n") + "\n" for line in lines]
    return list(csv.reader(lines, delimiter=form.delimiter, strict=True, **marks))


def _gaps(form: FileLayout) -> SearchStrategy[str]:
    """The spaces before a field that are no part of it."""
    return st.sampled_from(["", " ", "   "] if form.quoting == "spaced" or form.delimiter == " " else [""])


@st.composite
def _raw(draw: DrawFn, value: str, form: FileLayout) -> str:
    """A value as it may be written in a delimited file."""
    if not form.quoted:
        return value
    quote = "'" if form.quoting == "single" else '"'
    marks = f"{form.delimiter}\r\n" + ("\t" if form.delimiter == " " else "")
    must = value.startswith((quote, " ") if form.quoting == "spaced" else quote)
    must = must or any(mark in value for mark in marks) or (form.quoting == "backslash" and "\\" in value)
    if not must and draw(st.booleans()):
        return value
    if form.quoting == "backslash":
        doubled = value.replace("\\", "\\\\")
        return '"' + doubled.replace('"', draw(st.sampled_from(['\\"', '""']))) + '"'
    return quote + value.replace(quote, quote * 2) + quote


# ----------------------------------------------------------------------- JSON Lines

KINDS: dict[str, SearchStrategy[Any]] = {
    "text": st.text(st.sampled_from('ab"\\é😀\n\u2028/'), max_size=4),
    "numbers": st.integers(-5, 5) | st.sampled_from([1.5, 2.0, 1e300]),
    "switches": st.booleans(),
}


@st.composite
def json_texts(
    draw: DrawFn, *, labels: SearchStrategy[Any] | None = None, least_rows: int = 1
) -> WrittenText:
    """Any JSON Lines: keys in any order and spacing, escaped or not, with any line ends and blank lines."""
    mark, encoding = draw(st.sampled_from([(b"", "utf-8"), (codecs.BOM_UTF8, "utf-8")]))
    of_label = labels if labels is not None else KINDS[draw(st.sampled_from(sorted(KINDS)))]
    blanks = st.lists(st.sampled_from(["\n", "  \r\n", "\t\r"]), max_size=2).map("".join)
    others = st.dictionaries(
        st.text(st.sampled_from('tx"{é'), max_size=2).filter(str.strip),
        st.recursive(st.none() | KINDS["text"] | KINDS["numbers"], lambda one: st.lists(one, max_size=2)),
        max_size=3,
    )
    rows = []
    for _ in range(draw(st.integers(least_rows, least_rows + 3))):
        label, members = draw(of_label), draw(others)
        pairs = [_member(draw, name, value) for name, value in members.items()]
        place = draw(st.integers(0, len(pairs)))
        key, cell = _member(draw, "label", label)
        gap = st.sampled_from(["", " ", "\t "])
        before = (
            draw(gap)
            + "{"
            + draw(gap)
            + "".join(f"{one}:{value}{draw(gap)}, " for one, value in pairs[:place])
        )
        before += f"{key}{draw(gap)}:{draw(gap)}"
        after = (
            draw(gap)
            + "".join(f",{draw(gap)}{one} : {value}" for one, value in pairs[place:])
            + "}"
            + draw(gap)
        )
        shown = label if isinstance(label, str) else json.dumps(label)
        rows.append(WrittenRow(draw(blanks), before, cell, after, draw(LINE_ENDS), shown))
    form = FileLayout("jsonl", "label", encoding=encoding)
    return _finished(draw, WrittenText(form, mark, "", tuple(rows), "", "é"), blanks)


def _member(draw: DrawFn, name: str, value: object) -> tuple[str, str]:
    """A key and a value as they may be written in JSON."""
    key, written = (json.dumps(one, ensure_ascii=draw(st.booleans())) for one in (name, value))
    return (key.replace("b", "\\u0062") if draw(st.booleans()) else key), written


# --------------------------------------------------------------------------- given


@pytest.fixture(scope="session")
def csv_files() -> Callable[..., SearchStrategy[WrittenText]]:
    """Makes a strategy of delimited texts: see `csv_texts`."""
    return csv_texts


@pytest.fixture(scope="session")
def json_files() -> Callable[..., SearchStrategy[WrittenText]]:
    """Makes a strategy of JSON Lines: see `json_texts`."""
    return json_texts
