"""fastText's training files -> labels and texts; and back.

A line is `__label__spam win a prize`: https://fasttext.cc/docs/en/supervised-tutorial.html.
"""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, TextIO

import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.encoding import Lines, parse_text, split_batches
from doubtcli.files.formats import BATCH_ROWS, check_rows, watch_batches
from doubtcli.files.text import rewrite_text
from doubtcli.files.values import TEXT, ComparedByCell
from doubtcli.records.file_format import ColumnsBy, Parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from doubtcli.files.text import Span
    from doubtcli.records import ReadOptions
    from doubtcli.records.file_format import Edit, FileLayout, LineSpan, OnRows, Rewritten, StoredFile

MARK = "__label__"
"""What each label starts with, by default."""
ROW = re.compile(rf"[^\S\r\n]*+{MARK}([^\s]++)[^\S\r\n]*+([^\r\n]*+)(?:\r\n?|\n|\Z)")
NAMES = ("label", "text")
SCHEMA = pa.schema([(name, TEXT) for name in NAMES])


class FastText(ComparedByCell):
    """A label and a text on each line."""

    name = "fasttext"
    title = "fastText"
    endings = ()
    columns_by = ColumnsBy.SCHEMA

    def recognise(self, head: bytes) -> str | None:
        """Lines that all start with a label."""
        lines = [line for line in head.decode("utf-8", "replace").splitlines() if line.strip()]
        return self.title if lines and all(line.startswith(MARK) for line in lines[:-1] or lines) else None

    def read(self, stored: StoredFile, options: ReadOptions, on_rows: OnRows | None = None) -> Parsed:
        """Every line as a row, in the encoding that is given or detected."""
        return parse_text(stored, options.encoding, partial(read_fasttext, on_rows=on_rows))

    def row_lines(self, text: TextIO, options: ReadOptions) -> Iterator[LineSpan]:  # noqa: ARG002
        """The line of each row."""
        return ((number, number) for number, line in enumerate(text, start=1) if not line.isspace())

    def rewrite(
        self, content: bytes, layout: FileLayout, edits: Mapping[int, Edit], added: Mapping[int, bytes]
    ) -> Rewritten:
        """The file with its edits; all other bytes are unchanged."""
        return rewrite_text(content, layout, self, edits, added)

    def find_rows(self, text: str, layout: FileLayout) -> Iterator[Span]:  # noqa: ARG002
        """Each line with a label, with the blank lines before it."""
        end = 0
        for row in ROW.finditer(text):
            yield end, row.end()
            end = row.end()

    def find_label(self, text: str, row: Span, layout: FileLayout) -> Span | None:  # noqa: ARG002
        """The label in a row, without its mark."""
        found = ROW.search(text, *row)
        return None if found is None else found.span(1)

    def write_label(self, label: str, old: str, like: str | None, layout: FileLayout) -> str:  # noqa: ARG002
        """The label.

        Raises:
            ValueError: It has a blank, at which a label ends.
        """
        if len(label.split()) != 1 or label != label.strip():
            raise ValueError("in fastText's files a label ends at the first blank")
        return label


def read_fasttext(
    open_text: Callable[[], TextIO],
    where: str,
    *,
    on_rows: OnRows | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Parsed:
    """The label and the text of each line; a text that is empty is null.

    Raises:
        InputError: A line has no label, or several.
    """
    with open_text() as text:
        lines = Lines(text, where)
        batches = watch_batches(split_batches(_read_rows(lines, where), lines, batch_rows), on_rows)
        data = pa.Table.from_batches((_make_batch(rows) for rows in batches), SCHEMA)
    check_rows(data.num_rows, NAMES, where)
    return Parsed(data, tuple(lines.list_notes()))


def _read_rows(lines: Iterable[str], where: str) -> Iterator[tuple[str, str]]:
    row = 0
    for number, line in enumerate(lines, start=1):
        if line.isspace():
            continue
        row += 1
        found = ROW.fullmatch(line)
        if found is None or found[2].startswith(MARK):
            raise InputError(
                "the line has no label at its start" if found is None else "the line has several labels",
                where=where,
                row=row,
                line=number,
                expected=f"one label and a text: {MARK}spam win a prize",
                hint="several labels a row can't be judged yet" if found else None,
            )
        yield found[1], found[2]


def _make_batch(rows: list[tuple[str, str]]) -> pa.RecordBatch:
    labels, texts = zip(*rows, strict=True)
    return pa.record_batch([pa.array(labels, TEXT), pa.array([text or None for text in texts], TEXT)], SCHEMA)
