"""Which columns name rows rather than describe them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.errors import InputError
from doubtcli.read.labels.find import plain_name
from doubtcli.read.roles.infer import has_few_values

if TYPE_CHECKING:
    from doubtcli.files.values import Distinct
    from doubtcli.records import Table

ID_ENDINGS = frozenset({"id", "uid", "uuid", "guid", "pk", "hash", "md5", "sha1", "sha256"})
COUNTERS = frozenset({"index", "idx", "row", "rownum", "row_number", "row_nr", "nr", "unnamed_0"})
"""Names of columns that only count the rows: the next export counts anew, so they name no row for good."""

NEARLY_ALL = 0.95
"""The share of rows with a value of their own from which a column is as good as unique."""
ENOUGH_ROWS = 20
"""With fewer rows numbers may well differ, or follow each other, by chance."""
GAPS = 1.1
"""Rows that were dropped since they were counted leave gaps, a few."""

UUID_OR_HASH = r"^([0-9a-fA-F]{8}-([0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}|[0-9a-fA-F]{16,}|\d{16,})$"
CODE_WITH_DIGITS = r"^[\w.:/#@|-]*\d[\w.:/#@|-]*$"
FILE = (
    r"(?i)^[^\n]+\.(jpe?g|png|gif|bmp|webp|tiff?|svg|dcm|nii|wav|mp3|flac|ogg|m4a|mp4|avi|mov|webm|"
    r"txt|csv|tsv|json|xml|html?|pdf|docx?|npy|npz|parquet)(\.gz)?$"
)


def names_rows(name: str, values: Distinct) -> str | None:
    """Why a column is an identifier, or None if it is none."""
    n_known = values.n_rows - values.n_missing
    is_unique = n_known > 1 and len(values.values) >= NEARLY_ALL * n_known
    if not is_unique and (has_few_values(values) or n_known == 0):
        return None
    if is_counter(name) and is_unique:
        return "named like a count of the rows"
    if is_id(name, values):
        return (
            "named like an id"
            if is_unique
            else f"named like an id (to keep its rows together: --group {name})"
        )
    if values.share_like(FILE) >= NEARLY_ALL:
        return "names of files"
    if not is_unique or n_known < ENOUGH_ROWS:
        return None
    return _looks_like_codes(values)


def is_id(name: str, values: Distinct) -> bool:
    """Whether a column is called like an identifier, and could be one: fractions are measures."""
    return plain_name(name).rpartition("_")[2] in ID_ENDINGS and not _has_fractions(values)


def is_counter(name: str) -> bool:
    """Whether a column is called like a count of the rows."""
    return plain_name(name) in COUNTERS


def can_name_rows(name: str, values: Distinct) -> bool:
    """Whether a column is named like an id, and every row has one of its own."""
    if not is_id(name, values) or len(values.values) < values.n_rows:
        return False
    return "" not in values.texts.to_pylist()


def check_names_rows(values: Distinct, table: Table, name: str) -> None:
    """Refuse a column of ids that names no row, or two by the same id.

    Raises:
        InputError: Names the first such row, and the earlier one that it clashes with.
    """
    codes = values.codes
    is_empty = np.array([text == "" for text in values.texts.to_pylist()], dtype=bool)
    empty = np.flatnonzero(values.on_rows(is_empty, missing=True))
    first = np.unique(codes, return_index=True)[1]
    again = np.setdiff1d(np.arange(len(codes)), first)
    if len(empty):
        row, found = int(empty[0]), "no id stands here"
    elif len(again):
        row = int(again[0])
        earlier = int(np.flatnonzero(codes == codes[row])[0])
        found = f"{values.texts[int(codes[row])].as_py()!r} stands on row {earlier + 1}, too"
    else:
        return
    raise InputError(
        found,
        where=table.source.path,
        row=row + 1,
        column=name,
        expected="an id on every row, each on one row only",
        hint="choose another column, or leave --id out: rows are then named by what stands in them",
    )


def _looks_like_codes(values: Distinct) -> str | None:
    if values.share_like(UUID_OR_HASH) >= NEARLY_ALL:
        return "a different hash on every row"
    if values.numbers is not None:
        return "counts the rows" if _counts_up(values) else None
    if values.times is None and values.share_like(CODE_WITH_DIGITS) >= NEARLY_ALL:
        return "a different code on every row"
    return None


def _counts_up(values: Distinct) -> bool:
    """Whether whole numbers, each on one row, follow each other with few gaps."""
    numbers = values.numbers
    if numbers is None or _has_fractions(values) or values.counts.max() > 1:
        return False
    return bool(np.nanmax(numbers) - np.nanmin(numbers) < GAPS * len(numbers))


def _has_fractions(values: Distinct) -> bool:
    numbers = values.numbers
    return numbers is not None and not np.array_equal(numbers, np.round(numbers), equal_nan=True)
