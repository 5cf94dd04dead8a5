"""The label column: which one it is, and its values as class codes."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.values import find_distinct, show_value, simplify_column
from doubtcli.records import Labels
from doubtcli.wording.lists import quote_names

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from doubtcli.files.values import Distinct
    from doubtcli.records import Codes, Table
    from doubtcli.settings import ScanSettings

USUAL_NAMES = (
    "label",
    "labels",
    "given_label",
    "class",
    "class_label",
    "class_name",
    "target",
    "category",
    "intent",
    "sentiment",
    "emotion",
    "topic",
    "y",
)
"""Usual names of label columns, surest first; not `gold` or `true_label`, which are meant to be right."""

OTHER_ANSWER = re.compile(
    r"(^|_)(true|truth|gold|golden|correct|corrected|real|clean|original|actual|expert|consensus|"
    r"pred|preds|predicted|prediction|predictions|suggested|guess|weak|noisy)(_|$)|^is_(error|wrong|noisy)"
)
"""Names of columns that have the truth, a prediction or a verdict rather than the labels to judge."""

WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
"""A whole number as text, without a leading zero, which would make it a code."""

MISSING_LIKE = frozenset(
    {"", "na", "n/a", "nan", "<na>", "null", "none", "unknown", "missing", "undefined", "?", "-", "tbd"}
)
"""Classes that may mean "no label": what pandas reads as missing, and what people write."""

FEW_NUMBERS = 20
"""Up to this many different numbers are classes: digits, ratings in half stars."""
MOST_MEASURES = 0.1
"""Whole numbers are classes if there are ten rows for each: a diabetes score has 214 on 442 rows, ..."""
MOST_CODES = 0.5
"""... or if they count up from 0 or 1 without a gap, as codes do and measures don't."""
MOST_CLASSES = 0.8
"""With a larger share of different labels, nearly every row has its own: an id, or free text."""
FEWEST_FOR_AN_ID = 3
"""Two rows of two classes are not taken for ids."""


def find_label_column(table: Table, settings: ScanSettings, claims: Collection[str]) -> tuple[str, str]:
    """The label column's name, and why it is that one.

    It is the one that the user named; else the first of `USUAL_NAMES` that a column has, in upper or lower
    case; else the only column whose name ends in "_label" and doesn't sound like a truth or a prediction.

    Args:
        table: The file.
        settings: The user's settings for columns.
        claims: Columns to which the user gave a role.

    Raises:
        InputError: No column is named like a label; lists the columns.
    """
    if settings.label is not None:
        return settings.label, "--label"
    free = [name for name in table.data.column_names if name not in claims and name not in settings.use]
    usual = sorted((name for name in free if to_snake_case(name) in USUAL_NAMES), key=_place_among_usual)
    if usual:
        more = quote_names(usual[1:], 3)
        others = f"; so {'is' if len(usual) == 2 else 'are'} {more}" if more else ""  # noqa: PLR2004
        return usual[0], f"named like a label{others}"
    ending = [name for name in free if _ends_like_a_label(name)]
    if len(ending) == 1:
        return ending[0], "its name ends in 'label'"
    raise _no_label_column_error(table, ending)


def to_snake_case(name: str) -> str:
    """A column's name in snake_case: "Given Label", "givenLabel" and "given-label" are all "given_label"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^0-9a-z]+", "_", words.lower()).strip("_")


def _place_among_usual(name: str) -> int:
    return USUAL_NAMES.index(to_snake_case(name))


def _ends_like_a_label(name: str) -> bool:
    name = to_snake_case(name)
    return name.endswith("_label") and not OTHER_ANSWER.search(name)


def _no_label_column_error(table: Table, ending: Sequence[str]) -> InputError:
    found = (
        f"{quote_names(ending)} could all hold the labels"
        if ending
        else "no column has a usual name for labels, such as label or class"
    )
    return InputError(
        found,
        where=table.source.path,
        expected=f"the column that holds the labels, one of {quote_names(table.data.column_names)}",
        hint="name it: --label COLUMN",
    )


def encode_labels(table: Table, column: str, *, to_judge: bool = True) -> Labels:
    """The labels of every row as codes, and their classes.

    Missing labels are null, NaN, empty text, and -1 in a Hugging Face ClassLabel. The word "NA" is a class.

    Classes are in the order of scikit-learn's LabelEncoder, so that arrays of probabilities made with it fit:
    numbers by size (whole numbers also if they are text), a ClassLabel by its codes, text in plain string
    order.

    Args:
        table: The file.
        column: The label column.
        to_judge: Whether the labels will be judged, and must be fit for it.

    Raises:
        InputError: The column has no classes; or, if they are to be judged, no label, only one row, only one
            class, a different label on nearly every row, or numbers to predict rather than classes.
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
        check_labels(codes, class_names, None if is_class_label else values.numbers, table, column)
    return Labels(
        codes,
        class_names,
        class_values=tuple(found[name] for name in class_names),
        notes=describe_labels(codes, class_names),
    )


def encode_answers(table: Table, column: str, labels: Labels) -> tuple[Codes, int]:
    """One annotator's answers as codes of the labels' classes, -1 where there is no answer.

    An answer that is not a class counts as missing: there is nothing to compare it with.

    Returns:
        The codes, shape `(n_rows_in_file,)`, and the number of rows whose answer is not a class.
    """
    values = find_distinct(table.data.column(column))
    known = {show_value(value): code for code, value in enumerate(labels.class_values)}
    known |= {name: code for code, name in enumerate(labels.class_names)}
    names = _class_of_each_value(values, table, column)
    codes = _encode_values(values, names, known)
    is_answer = values.on_rows(np.array([name is not None for name in names], dtype=bool), missing=False)
    return codes, int((is_answer & (codes < 0)).sum())


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
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "its metadata named 'huggingface' can't be read",
            where=table.source.path,
            expected="metadata as the library `datasets` writes it",
            hint="write the file again without it: table.replace_schema_metadata(None)",
        ) from error
    is_class_label = isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
    return list(feature.get("names") or []) if is_class_label else []


def _class_of_each_value(values: Distinct, table: Table, column: str) -> list[str | None]:
    """The class of each distinct value, None for a value that means "no label"."""
    names = class_label_names(table, column)
    if not names:
        return [show_value(value) or None for value in values.values.to_pylist()]
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
    blank = [name for name in class_names if name.strip().lower() in MISSING_LIKE]
    if blank:
        notes.append(f"used as a class, though it may mean that there is no label: {quote_names(blank)}")
    alike = defaultdict(list)
    for name in class_names:
        alike[" ".join(name.split()).casefold()].append(name)
    notes += [
        f"classes that differ only in case or blanks, treated as different classes: {quote_names(names)}"
        for names in alike.values()
        if len(names) > 1
    ]
    return tuple(notes)


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
