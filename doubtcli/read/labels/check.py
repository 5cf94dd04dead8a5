"""What a label column must be, and what is worth a word about it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.values import simplify_column
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from doubtcli.records import Codes, Table

MISSING_LIKE = frozenset(
    {"", "na", "n/a", "nan", "<na>", "null", "none", "unknown", "missing", "undefined", "?", "-", "tbd"}
)
"""Classes that may mean that there is no label; what pandas reads as missing, and what people write."""

FEW_NUMBERS = 20
"""Up to so many different numbers are classes: digits, ratings in half stars."""
MOST_MEASURES = 0.1
"""Whole numbers are classes while there are ten rows to each: a diabetes score has 214 on 442 rows, ..."""
MOST_CODES = 0.5
"""... unless they count up from 0 or 1 without a gap, as codes do and measures don't."""
MOST_CLASSES = 0.8
"""Beyond this share of different labels nearly every row has its own: an id, or free text."""
FEWEST_FOR_AN_ID = 3
"""Two rows of two classes are no id yet."""


def refuse_type(table: Table, column: str) -> None:
    """Refuse a type whose values are no classes.

    Raises:
        InputError: The column holds lists, nested values, times or bytes.
    """
    type_ = simplify_column(table.data.column(column).slice(0, 0)).type
    types = pa.types
    found, hint = None, "choose another column: --label COLUMN"
    if types.is_nested(type_):
        found, hint = f"it holds {type_}, not one class a row", "several labels a row are not supported yet"
    elif types.is_temporal(type_):
        found = "it holds dates or times, not classes"
    elif types.is_binary(type_) or types.is_large_binary(type_) or types.is_fixed_size_binary(type_):
        found = "it holds bytes, not classes"
    if found:
        raise InputError(
            found,
            where=table.source.path,
            column=column,
            expected="text, whole numbers or true/false",
            hint=hint,
        )


def check_labels(
    codes: Codes,
    class_names: Sequence[str],
    numbers: NDArray[np.float64] | None,
    table: Table,
    column: str,
) -> None:
    """Refuse labels that can't be judged.

    Args:
        codes: The labels of all rows, -1 where there is none.
        class_names: Of each code.
        numbers: The different labels as numbers, if they are numbers.
        table: For messages.
        column: For messages.

    Raises:
        InputError: No label, one row, one class, a number to predict, or as good as all different.
    """
    n_rows, n_classes = int((codes >= 0).sum()), len(class_names)
    found, hint = None, "if the labels stand in another column: --label COLUMN"
    if n_rows == 0:
        found = f"no row has a label ({len(codes)} rows)" if len(codes) != 1 else "its one row has no label"
    elif n_rows == 1:
        found = "only one row has a label"
    elif n_classes == 1:
        found = f"every label is {class_names[0]!r} ({n_rows} rows)"
    elif numbers is not None and _are_measures(numbers[~np.isnan(numbers)], n_rows):
        found = f"regression is not supported yet: it holds {n_classes} different numbers on {n_rows} rows"
        hint = f"{hint}; if the numbers are codes of classes, write them as words: 'class 17'"
    elif n_rows >= FEWEST_FOR_AN_ID and n_classes > MOST_CLASSES * n_rows:
        found = f"it looks like an id or free text: {n_classes} different values on {n_rows} rows"
    if found:
        raise InputError(
            found,
            where=table.source.path,
            column=column,
            expected="at least two classes, and several rows of each",
            hint=hint,
        )


def label_notes(codes: Codes, class_names: Sequence[str]) -> tuple[str, ...]:
    """What the user should know: missing labels, classes that look missing, classes that look the same."""
    notes = []
    n_missing = int((codes < 0).sum())
    if n_missing:
        rows = "1 row has" if n_missing == 1 else f"{n_missing:,} rows have"
        notes.append(f"{rows} no label: set aside, and listed last")
    blank = [name for name in class_names if name.strip().lower() in MISSING_LIKE]
    if blank:
        notes.append(f"a class like any other, though it may mean that there is no label: {listed(blank)}")
    alike = defaultdict(list)
    for name in class_names:
        alike[" ".join(name.split()).casefold()].append(name)
    notes += [
        f"classes that differ only in case or blanks, judged as different ones: {listed(names)}"
        for names in alike.values()
        if len(names) > 1
    ]
    return tuple(notes)


def _are_measures(numbers: NDArray[np.float64], n_rows: int) -> bool:
    """Whether different labels are values of a quantity rather than names of classes."""
    n_numbers = len(numbers)
    if not np.array_equal(numbers, np.round(numbers)):
        return n_numbers > min(FEW_NUMBERS, MOST_CLASSES * n_rows)
    if n_numbers <= FEW_NUMBERS:
        return False
    share = n_numbers / n_rows
    if numbers.min() in (0, 1) and np.ptp(numbers) == n_numbers - 1:
        return MOST_CODES < share <= MOST_CLASSES  # beyond that it is an id
    return share > MOST_MEASURES
