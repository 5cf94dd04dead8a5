"""A file format of a plug-in: one record a line, `label|text`."""

# ruff: noqa: ARG002  # every format has the same parameters

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from doubtcli.files.encoding import Lines, parse_text
from doubtcli.files.text import rewrite_text
from doubtcli.files.values import ComparedByCell
from doubtcli.records.file_format import ColumnsBy, Parsed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TextIO

    from doubtcli.records import ReadOptions
    from doubtcli.records.file_format import Edit, FileLayout, LineSpan, OnRows, Rewritten, StoredFile


class LabelledLines(ComparedByCell):
    """A label, a bar and a text on each line."""

    name = "lines"
    title = "labelled lines"
    endings = (".lines",)
    columns_by = ColumnsBy.SCHEMA

    def recognise(self, head: bytes) -> str | None:
        """Never: only the ending of a name says that it is this format."""

    def read(self, stored: StoredFile, options: ReadOptions, on_rows: OnRows | None = None) -> Parsed:
        """Two columns of text."""

        def parse(open_text: Callable[[], TextIO], where: str) -> Parsed:
            with open_text() as text:
                rows = [line.rstrip("\r\n").split("|", 1) for line in Lines(text, where)]
            labels, texts = zip(*rows, strict=True)
            return Parsed(pa.table({"label": labels, "text": texts}))

        return parse_text(stored, options.encoding, parse)

    def row_lines(self, text: TextIO, options: ReadOptions) -> Iterator[LineSpan]:
        """Each line is a row."""
        return ((number, number) for number, _ in enumerate(text, start=1))

    def rewrite(
        self, content: bytes, layout: FileLayout, edits: Mapping[int, Edit], added: Mapping[int, bytes]
    ) -> Rewritten:
        """Only what is before the bar changes."""
        return rewrite_text(content, layout, self, edits, added)

    def find_rows(self, text: str, layout: FileLayout) -> Iterator[tuple[int, int]]:
        """Each line with its end."""
        start = 0
        for line in text.splitlines(keepends=True):
            yield start, start + len(line)
            start += len(line)

    def find_label(self, text: str, row: tuple[int, int], layout: FileLayout) -> tuple[int, int]:
        """Everything before the bar."""
        return row[0], text.index("|", row[0])

    def write_label(self, label: str, old: str, like: str | None, layout: FileLayout) -> str:
        """The label, unchanged."""
        if "|" in label:
            raise ValueError("a bar would end the label")
        return label
