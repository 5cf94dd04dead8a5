"""A file's bytes and the edits to its rows -> the same bytes but for these edits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.files import csv_cells, jsonl_cells
from doubtcli.files.text import rewrite_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.files.edits import Edit, Form, Rewritten


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
        return rewrite_text(content, form, csv_cells, edits, added or {})
    if form.format == "jsonl":
        return rewrite_text(content, form, jsonl_cells, edits, added or {})
    if form.format == "parquet":
        from doubtcli.files.parquet import rewrite_parquet

        return rewrite_parquet(content, form, edits, added or {})
    from doubtcli.files.arrow import rewrite_arrow

    return rewrite_arrow(content, form, edits, added or {})
