"""A file's bytes and the edits to its rows -> the same bytes but for these edits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.apply.rewrite import csv, jsonl
from doubtcli.apply.rewrite.edits import Drop, Form, Relabel, Restore, Rewritten, Touched
from doubtcli.apply.rewrite.encoded import plain_encoding
from doubtcli.apply.rewrite.text import rewrite_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.apply.rewrite.edits import Edit

__all__ = [
    "Drop",
    "Form",
    "Relabel",
    "Restore",
    "Rewritten",
    "Touched",
    "plain_encoding",
    "rewrite",
]


def rewrite(
    content: bytes, form: Form, edits: Mapping[int, Edit], added: Mapping[int, bytes] | None = None
) -> Rewritten:
    """The file with its edits, every other byte of text and every other value as it was.

    Args:
        content: The whole file, unpacked.
        form: How it is written.
        edits: By row, from 0.
        added: Whole rows, as `Touched.record` has them, by their place in the file as it will be.

    Raises:
        InputError: There is no such row, it has no label, or a row to be added has other columns.
        OutputError: The file can't hold a label.
    """
    if form.format == "csv":
        return rewrite_text(content, form, csv, edits, added or {})
    if form.format == "jsonl":
        return rewrite_text(content, form, jsonl, edits, added or {})
    if form.format == "parquet":
        from doubtcli.apply.rewrite.parquet import rewrite_parquet

        return rewrite_parquet(content, form, edits, added or {})
    from doubtcli.apply.rewrite.arrow import rewrite_arrow

    return rewrite_arrow(content, form, edits, added or {})
