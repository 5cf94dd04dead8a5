"""The label column: its values as class codes, and which of its cells are no labels."""

from __future__ import annotations

import json
import re
import unicodedata
from collections import Counter, defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.errors import InputError
from doubtcli.files.text import locate_rows
from doubtcli.files.values import (
    NO_VALUE,
    TEXT,
    WRITTEN,
    find_distinct,
    is_text,
    show_value,
    simplify_column,
)
from doubtcli.records import Labels
from doubtcli.wording.lists import MOST_NAMED, and_more, did_you_mean, join_first
from doubtcli.wording.numbers import NUMBER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from doubtcli.files.values import Distinct
    from doubtcli.records import Codes, Table
    from doubtcli.records.arrays import Bools

WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
"""A whole number as text, without a leading zero, which would make it a code."""

MISSING_LIKE = frozenset(
    {"", "na", "n/a", "nan", "<na>", "null", "none", "unknown", "missing", "undefined", "?", "-", "tbd"}
    | {"\\n", "#n/a", "#na", "n.a.", "n.d.", "nil", "nat", "--", "---", "??", "(none)", "(null)", "todo"}
    | {"blank", "(blank)", "empty", "(empty)", "unset", "not set", "unassigned", "unspecified", "unannotated"}
    | {"unlabeled", "unlabelled", "not labeled", "not labelled", "no label", "nolabel", "not annotated"}
)
"""Classes that may mean "no label": what pandas reads as missing, and what people and databases write."""

NULL_WRITTEN = "\\N"
"""A missing value in what MySQL (SELECT … INTO OUTFILE) and PostgreSQL (COPY) write; it is never a class."""
NINES = re.compile(r"-?9{2,}(\.0+)?")
"""Numbers that stand for "no label" in surveys: 99, -999."""
WRITTEN_NUMBER = re.compile(r"([+-]?)0*(\d+)(?:\.(\d*?)0*)?")

SEPARATORS = ("|", ";", ",")
"""What is written between several labels in one cell."""
IN_SEVERAL = 2
"""A part of a label is a label if it is in this many different ones."""

FEW_NUMBERS = 20
"""Up to this many different numbers are classes: digits, ratings in half stars."""
MOST_MEASURES = 0.1
"""Whole numbers are classes if there are ten rows for each: a diabetes score has 214 on 442 rows, ..."""
MOST_CODES = 0.5
"""... or if they count up from 0 or 1 without a gap, as codes do and measures don't."""
MOST_CLASSES = 0.8
"""With a larger share of different labels, nearly every row has its own: an id, or free text."""
MOST_ALIKE = 8
"""How many ways to write one class a note names."""
FEWEST_FOR_AN_ID = 3
"""Two rows of two classes are not taken for ids."""

NAMED_BY_US = re.compile(r"unnamed_\d+")
IN_BRACKETS = r"^\s*[(\[<{].*[)\]>}]\s*$"
ROWS_COMPARED = 20
"""A row of units is compared with this many rows after it."""
FEWEST_CELLS = 2
"""One odd cell is no row of units."""
MOSTLY = 0.9
"""The share of numbers in a column of numbers."""


def encode_labels(table: Table, column: str, *, to_judge: bool = True) -> Labels:
    """The labels of every row as codes, and their classes.

    Missing labels are null, NaN, empty text, `NULL_WRITTEN`, and -1 in a Hugging Face ClassLabel. The word
    "NA" is a class.

    Classes are in the order of scikit-learn's LabelEncoder, so that arrays of probabilities made with it fit:
    numbers by size (whole numbers also if they are text), a ClassLabel by its codes, text in plain string
    order.

    Args:
        table: The file.
        column: The label column.
        to_judge: Whether the labels will be judged, and must be fit for it.

    Raises:
        InputError: The column has no classes; or, if they are to be judged, several labels in one cell, no
            label, only one row, only one class, a different label on nearly every row, or numbers to predict
            rather than classes.
    """
    refuse_type(table, column)
    values = find_distinct(table.data.column(column))
    names = _class_of_each_value(values, table, column)
    found = dict(zip(names, values.values.to_pylist(), strict=True))
    found.pop(None, None)
    class_names = tuple(_sort_classes({name: value for name, value in found.items() if name is not None}))
    codes = _encode_values(values, names, {name: code for code, name in enumerate(class_names)})
    is_class_label = bool(class_label_names(table, column))
    if to_judge:
        _refuse_combined(class_names, table, column)
        check_labels(codes, class_names, None if is_class_label else values.numbers, table, column)
    return Labels(
        codes,
        class_names,
        class_values=tuple(found[name] for name in class_names),
        notes=describe_labels(codes, class_names),
    )


def class_label_names(table: Table, column: str) -> list[str]:
    """The class names that Hugging Face `datasets` wrote for the column; empty if it is not a ClassLabel.

    Raises:
        InputError: The metadata can't be read.
    """
    metadata = (table.data.schema.metadata or {}).get(b"huggingface")
    if metadata is None:
        return []
    try:
        feature = json.loads(metadata)["info"]["features"].get(column, {})
        is_class_label = isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
        return _check_names(feature.get("names")) if is_class_label else []
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise InputError(
            "its metadata named 'huggingface' can't be read",
            where=table.source.path,
            expected="metadata as the library `datasets` writes it",
            hint="write the file again without it: table.replace_schema_metadata(None)",
        ) from error


def _check_names(names: object) -> list[str]:
    """The names as a list of texts; without any, the column's numbers are the classes.

    Raises:
        TypeError: They are something else.
    """
    if names is None:
        return []
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise TypeError(names)
    return names


def _class_of_each_value(values: Distinct, table: Table, column: str) -> list[str | None]:
    """The class of each distinct value, None for a value that means "no label"."""
    names = class_label_names(table, column)
    if not names:
        shown = (show_value(value) for value in values.values.to_pylist())
        return [None if name in ("", NULL_WRITTEN) else name for name in shown]
    for code in values.values.to_pylist():
        if not -1 <= code < len(names):
            row = int(np.flatnonzero(values.codes == values.values.to_pylist().index(code))[0]) + 1
            raise InputError(
                f"the code {code} has no class name",
                where=table.source.path,
                row=row,
                column=column,
                expected=f"0 to {len(names) - 1}, for the classes that the file lists, or -1 for no label",
            )
    return [names[code] if code >= 0 else None for code in values.values.to_pylist()]


def _sort_classes(found: Mapping[str, Any]) -> list[str]:
    """The class names, sorted by their values in the file."""
    if not any(isinstance(value, str) for value in found.values()):
        return sorted(found, key=lambda name: (found[name], name))
    if all(map(WHOLE.fullmatch, found)):
        return sorted(found, key=lambda name: (int(name), name))
    return sorted(found)


def _encode_values(values: Distinct, names: list[str | None], known: Mapping[str | None, int]) -> Codes:
    of_value = np.array([-1 if name is None else known.get(name, -1) for name in names], dtype=np.intp)
    return np.asarray(values.on_rows(of_value, missing=-1), dtype=np.intp)


def refuse_type(table: Table, column: str) -> None:
    """Refuse a type whose values can't be classes.

    Raises:
        InputError: The column has lists, nested values, times or bytes.
    """
    type_ = simplify_column(table.data.column(column).slice(0, 0)).type
    types = pa.types
    found, hint = None, "choose another column: --label COLUMN"
    if types.is_nested(type_):
        found, hint = (
            f"its values are {type_}, not one class a row",
            "several labels a row are not supported yet",
        )
    elif types.is_temporal(type_):
        found = "it has dates or times, not classes"
    elif types.is_binary(type_) or types.is_large_binary(type_) or types.is_fixed_size_binary(type_):
        found = "it has bytes, not classes"
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
        codes: The labels of all rows, -1 for a missing one.
        class_names: The name of each code.
        numbers: The different labels as numbers, if they are numbers.
        table: For messages.
        column: For messages.

    Raises:
        InputError: No label, one row, one class, numbers to predict, or nearly all labels different.
    """
    n_rows, n_classes = int((codes >= 0).sum()), len(class_names)
    found, hint = None, "if the labels are in another column: --label COLUMN"
    if n_rows == 0:
        found = f"no row has a label ({len(codes)} rows)" if len(codes) != 1 else "the only row has no label"
    elif n_rows == 1:
        found = "only one row has a label"
    elif n_classes == 1:
        found = f"every label is {class_names[0]!r} ({n_rows} rows)"
    elif numbers is not None and _are_measures(numbers[~np.isnan(numbers)], n_rows):
        found = f"regression is not supported yet: it has {n_classes} different numbers on {n_rows} rows"
        hint = f"{hint}; if the numbers are class codes, write them as words: 'class 17'"
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


def describe_labels(codes: Codes, class_names: Sequence[str]) -> tuple[str, ...]:
    """Notes for the user: missing labels, classes that look like missing labels, classes that look alike."""
    notes = []
    n_missing = int((codes < 0).sum())
    if n_missing:
        rows = "1 row has" if n_missing == 1 else f"{n_missing:,} rows have"
        notes.append(f"{rows} no label: set aside, and listed last")
    counts = np.bincount(codes[codes >= 0], minlength=len(class_names)).tolist()
    shown = dict(zip(class_names, map(_count_rows, class_names, counts), strict=True))
    blank = find_missing_like(class_names)
    if blank:
        named = join_first([shown[name] for name in blank], MOST_NAMED)
        notes.append(
            f"used as a class, though it may mean that there is no label: {named}; if it does, name it: "
            "--no-label VALUE"
        )
    return (*notes, *_note_alike(class_names, counts))


def _count_rows(name: str, count: int) -> str:
    """A class with the number of its rows."""
    return f"{name!r} ({'1 row' if count == 1 else f'{count:,} rows'})"


def find_missing_like(class_names: Sequence[str]) -> list[str]:
    """The classes that may mean "no label": such words, and numbers that don't count on from the others.

    A negative number is one if it is the only one and at least two other classes are left: -1 and 1 are two
    classes. 99 is one if there is no 98.
    """
    words = [name for name in class_names if " ".join(name.lower().split("_")).strip() in MISSING_LIKE]
    numbers = {name: float(name) for name in class_names if WRITTEN_NUMBER.fullmatch(name)}
    negative = [name for name, number in numbers.items() if number < 0]
    is_only = len(negative) == 1 and len(class_names) - len(words) > IN_SEVERAL
    nines = [name for name in numbers if NINES.fullmatch(name) and numbers[name] - 1 not in numbers.values()]
    return [name for name in class_names if name in words or name in nines or (is_only and name in negative)]


def _note_alike(class_names: Sequence[str], counts: Sequence[int]) -> list[str]:
    """A note on each few classes that may be one class, written in different ways."""
    alike = defaultdict(list)
    for name, count in zip(class_names, counts, strict=True):
        alike[fold_label(name)].append((name, count))
    groups = [group for group in alike.values() if len(group) > 1]
    notes = [_say_alike(dict(group)) for group in groups[:MOST_NAMED]]
    if len(groups) > MOST_NAMED:
        notes.append(f"{and_more(len(groups) - MOST_NAMED, 'group')} of classes that are written alike")
    return notes


def _say_alike(counts: Mapping[str, int]) -> str:
    how = "case, blanks, invisible characters or the way a number is written"
    if len({" ".join(name.split()).casefold() for name in counts}) == 1:
        how = "case or blanks"
    elif len({_drop_invisible(name) for name in counts}) == 1:
        how = "invisible characters, or in how an accent is stored"
    elif len({_fold_number(name) for name in counts}) == 1:
        how = "the way a number is written"
    looks_same = len({unicodedata.normalize("NFC", name) for name in counts}) < len(counts)
    shown = [
        f"{ascii(name) if looks_same else repr(name)} ({count:,} row{'' if count == 1 else 's'})"
        for name, count in counts.items()
    ]
    return f"classes that differ only in {how}, treated as different classes: {join_first(shown, MOST_ALIKE)}"


def fold_label(name: str) -> str:
    """What is left of a label without case, blanks, invisible characters and ways to write a number.

    Example:
        >>> [fold_label(name) for name in ("Caf\u00e9 ", "cafe\u0301", "01", "1.0", "1.50")]
        ['caf\u00e9', 'caf\u00e9', '1', '1', '1.5']
    """
    return _fold_number(" ".join(_drop_invisible(name).split()).casefold())


def _drop_invisible(name: str) -> str:
    composed = unicodedata.normalize("NFC", name)
    return "".join(mark for mark in composed if unicodedata.category(mark) != "Cf")


def _fold_number(name: str) -> str:
    found = WRITTEN_NUMBER.fullmatch(name)
    if found is None:
        return name
    sign, whole, fraction = found[1].replace("+", ""), found[2], found[3]
    return f"{sign}{whole}{f'.{fraction}' if fraction else ''}"


def find_combined(class_names: Sequence[str]) -> str | None:
    """A label that is several labels in one cell ("a|b", "['a', 'b']"); None if there is none.

    Some labels are lists; or there is a sign between the parts of some, each part is in several labels, and
    not all labels have as many parts, as pairs of one value each have.
    """
    lists = [name for name in class_names if re.fullmatch(r"\s*\[.*,.*\]\s*", name)]
    if len(lists) >= IN_SEVERAL:
        return lists[0]
    for separator in SEPARATORS:
        parts = {name: [part.strip() for part in name.split(separator)] for name in class_names}
        combined = [name for name in class_names if len(parts[name]) > 1]
        uses = Counter(part for name in class_names for part in set(parts[name]))
        recurs = all(uses[part] >= IN_SEVERAL and part for name in combined for part in parts[name])
        if len(combined) >= IN_SEVERAL and recurs and len({len(each) for each in parts.values()}) > 1:
            return combined[0]
    return None


def _refuse_combined(class_names: Sequence[str], table: Table, column: str) -> None:
    combined = find_combined(class_names)
    if combined is not None:
        raise InputError(
            f"its cells have several labels, such as {combined!r}",
            where=table.source.path,
            column=column,
            expected="one label a row",
            hint="several labels a row are not supported yet",
        )


def _are_measures(numbers: NDArray[np.float64], n_rows: int) -> bool:
    """Whether the labels are values of a quantity rather than classes."""
    n_numbers = len(numbers)
    if not np.array_equal(numbers, np.round(numbers)):
        return n_numbers > min(FEW_NUMBERS, MOST_CLASSES * n_rows)
    if n_numbers <= FEW_NUMBERS:
        return False
    share = n_numbers / n_rows
    if numbers.min() in (0, 1) and np.ptp(numbers) == n_numbers - 1:
        return MOST_CODES < share <= MOST_CLASSES  # a larger share means an id
    return share > MOST_MEASURES


# ------------------------------------------------------------- cells that are no labels


@dataclass(frozen=True)
class ClearedLabels:
    """A table whose label column has only labels, and what was set aside."""

    table: Table
    """The label is missing where the cell is none; all else is as it was read."""
    notes: tuple[str, ...] = ()


def clear_other_cells(table: Table, column: str, no_label: Sequence[str] = ()) -> ClearedLabels:
    """The table without the label cells that are no labels.

    Args:
        table: The file.
        column: The label column.
        no_label: Values that mean "no label", as the user named them.
    """
    if pa.types.is_nested(simplify_column(table.data.column(column).slice(0, 0)).type):
        return ClearedLabels(table)
    headers, units = find_repeated_headers(table, column), find_units_row(table, column)
    unlabelled, notes = _find_unlabelled(table, column, no_label)
    is_none = headers | units | unlabelled
    if is_none.any():
        cells = simplify_column(table.data.column(column))
        cells = pc.if_else(pa.array(is_none), pa.scalar(None, cells.type), cells)
        place = table.data.column_names.index(column)
        cleared = replace(table, data=table.data.set_column(place, column, cells))
    else:
        cleared = table
    found = (
        *_note_rows(table, headers, "repeat the header", "repeats the header"),
        *_note_rows(table, units, "", "says what the columns hold, such as their units"),
    )
    return ClearedLabels(cleared, (*found, *notes))


def find_rows_of_names(table: Table, column: str) -> Bools:
    """The rows that are no data: they repeat the header, or say what the columns hold; shape `(n_rows,)`.

    Args:
        table: The file.
        column: The label column.
    """
    return find_repeated_headers(table, column) | find_units_row(table, column)


def find_repeated_headers(table: Table, column: str) -> Bools:
    """The rows in which every cell is the name of its column, as where files were joined: `(n_rows,)`.

    There are none if a column is named by a number: then the header may be a row, and rows may be equal.
    """
    data = table.data
    found = np.zeros(data.num_rows, dtype=np.bool_)
    if data.num_columns < FEWEST_CELLS or not all(is_text(field.type) for field in data.schema):
        return found
    if _share_like(pa.array(data.column_names, TEXT), NUMBER):
        return found
    rows = np.flatnonzero(_has_name(data.column(column), column))
    for name in data.column_names if len(rows) else ():  # taking no row of a column copies all of it
        rows = rows[_has_name(data.column(name).take(pa.array(rows, pa.int64())), name)]
    found[rows] = True
    return found


def _has_name(column: pa.ChunkedArray, name: str) -> Bools:
    """Whether each cell is the column's name; a byte order mark may be before it."""
    is_name = pc.is_in(column.cast(TEXT), pa.array([name, f"\ufeff{name}"], TEXT))
    if NAMED_BY_US.fullmatch(name):
        is_name = pc.or_(is_name, pc.is_null(column))
    return np.asarray(is_name.to_numpy(zero_copy_only=False), dtype=np.bool_)


def find_units_row(table: Table, column: str) -> Bools:
    """The first row, if it says what the columns hold; shape `(n_rows,)`.

    It has words in all columns that have numbers below it, in two at least; or all of its cells are in
    brackets, and those below are not. No other row has its label.
    """
    data = table.data
    found = np.zeros(data.num_rows, dtype=np.bool_)
    if data.num_rows <= FEWEST_CELLS or not all(is_text(field.type) for field in data.schema):
        return found
    top = {name: cell for name, cell in data.slice(0, 1).to_pylist()[0].items() if cell is not None}
    below = {name: pc.drop_null(data.column(name).slice(1, ROWS_COMPARED)).cast(TEXT) for name in top}
    if not (_is_in_brackets(top, below) or _is_over_numbers(top, below)):
        return found
    is_same = pc.equal(data.column(column), data.column(column)[0])
    found[0] = (pc.sum(is_same).as_py() or 0) <= 1
    return found


def _is_in_brackets(top: dict[str, str], below: dict[str, pa.ChunkedArray]) -> bool:
    if len(top) < FEWEST_CELLS or not all(re.match(IN_BRACKETS, cell) for cell in top.values()):
        return False
    return not any(_share_like(cells, IN_BRACKETS) for cells in below.values())


def _is_over_numbers(top: dict[str, str], below: dict[str, pa.ChunkedArray]) -> bool:
    numeric = [name for name, cells in below.items() if _share_like(cells, WRITTEN) >= MOSTLY]
    cells = pa.array([top[name] for name in numeric], TEXT)
    no_words = f"{NUMBER}|{WRITTEN}|{NO_VALUE.removeprefix('(?i)')}"
    return len(numeric) >= FEWEST_CELLS and _share_like(cells, f"(?i){no_words}") == 0


def _share_like(cells: pa.Array | pa.ChunkedArray, pattern: str) -> float:
    return float(pc.mean(pc.match_substring_regex(cells, pattern)).as_py() or 0.0) if len(cells) else 0.0


def _note_rows(table: Table, is_found: Bools, many: str, one: str) -> tuple[str, ...]:
    """A note on rows that are no data, with their lines."""
    rows = (np.flatnonzero(is_found) + 1).tolist()
    if not rows:
        return ()
    shown = locate_rows(table.source, rows)
    if len(rows) == 1:
        return (f"row {shown} {one}: not judged; remove it from the file",)
    return (f"rows {shown} {many}: not judged; remove them from the file",)


def _find_unlabelled(table: Table, column: str, no_label: Sequence[str]) -> tuple[Bools, tuple[str, ...]]:
    """The rows whose label means "no label", and a note on values that no label has."""
    if not no_label:
        return np.zeros(table.data.num_rows, dtype=np.bool_), ()
    values = find_distinct(table.data.column(column))
    names = _name_values(values, class_label_names(table, column))
    is_named = np.array([name.strip() in no_label or name in no_label for name in names], dtype=bool)
    unused = [name for name in no_label if name not in {text.strip() for text in names} | set(names)]
    notes = (_say_unused(name, names) for name in unused)
    return np.asarray(values.on_rows(is_named, missing=False), dtype=np.bool_), tuple(notes)


def _name_values(values: Distinct, listed: Sequence[str]) -> list[str]:
    """The class that each value stands for, as text."""
    found = values.values.to_pylist()
    if not listed:
        return [show_value(value) or "" for value in found]
    return [listed[code] if 0 <= code < len(listed) else "" for code in found]


def _say_unused(name: str, names: Sequence[str]) -> str:
    near = did_you_mean(name, names)
    return f"no label is {name!r} (--no-label){f': {near}' if near else ''}"
