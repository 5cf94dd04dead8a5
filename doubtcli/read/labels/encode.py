"""The values of a label column -> classes and codes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.errors import InputError
from doubtcli.files.values import find_distinct, show_value
from doubtcli.read.labels.check import check_labels, label_notes, refuse_type
from doubtcli.records import Labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.files.values import Distinct
    from doubtcli.records import Codes, Table

WHOLE = re.compile(r"-?(0|[1-9][0-9]*)")
"""A whole number as text; with a leading zero it would be a code."""


def encode_labels(table: Table, column: str, *, to_judge: bool = True) -> Labels:
    """The labels of every row as codes, and their classes.

    Missing are null, NaN, an empty text, and -1 in a Hugging Face ClassLabel. A word such as "NA" is a class.

    Classes stand in the order of scikit-learn's LabelEncoder, so that arrays of probabilities made with it
    fit: numbers (whole ones also where they are text) by size, a ClassLabel by its codes, text in plain
    string order.

    Args:
        table: The file.
        column: The label column.
        to_judge: Whether the labels must be such as can be judged.

    Raises:
        InputError: The column holds no classes; or, to be judged, no label, one row only, one class only, as
            good as every label different, or a number to predict rather than a class.
    """
    refuse_type(table, column)
    values = find_distinct(table.data.column(column))
    names = _names(values, table, column)
    found = dict(zip(names, values.values.to_pylist(), strict=True))
    found.pop(None, None)
    class_names = tuple(_in_order({name: value for name, value in found.items() if name is not None}))
    codes = _codes(values, names, {name: code for code, name in enumerate(class_names)})
    is_class_label = bool(class_label_names(table, column))
    if to_judge:
        check_labels(codes, class_names, None if is_class_label else values.numbers, table, column)
    return Labels(
        codes,
        class_names,
        class_values=tuple(found[name] for name in class_names),
        notes=label_notes(codes, class_names),
    )


def encode_answers(table: Table, column: str, labels: Labels) -> tuple[Codes, int]:
    """One annotator's answers as codes of the labels' classes, -1 where one was not asked.

    An answer that is no class counts as not given: a model has nothing to compare it with.

    Returns:
        The codes, shape `(n_rows_in_file,)`, and on how many rows the answer is no class.
    """
    values = find_distinct(table.data.column(column))
    known = {show_value(value): code for code, value in enumerate(labels.class_values)}
    known |= {name: code for code, name in enumerate(labels.class_names)}
    names = _names(values, table, column)
    codes = _codes(values, names, known)
    is_answer = values.on_rows(np.array([name is not None for name in names], dtype=bool), missing=False)
    return codes, int((is_answer & (codes < 0)).sum())


def class_label_names(table: Table, column: str) -> list[str]:
    """The class names that Hugging Face `datasets` wrote beside the column; none if it is no ClassLabel.

    Raises:
        InputError: What stands there makes no sense.
    """
    metadata = (table.data.schema.metadata or {}).get(b"huggingface")
    if metadata is None:
        return []
    try:
        feature = json.loads(metadata)["info"]["features"].get(column, {})
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            "its metadata called 'huggingface' make no sense",
            where=table.source.path,
            expected="what the library `datasets` writes there",
            hint="write the file again without them: table.replace_schema_metadata(None)",
        ) from error
    is_class_label = isinstance(feature, dict) and feature.get("_type") == "ClassLabel"
    return list(feature.get("names") or []) if is_class_label else []


def _names(values: Distinct, table: Table, column: str) -> list[str | None]:
    """The class that each distinct value stands for, None where it means that there is no label."""
    names = class_label_names(table, column)
    if not names:
        return [show_value(value) or None for value in values.values.to_pylist()]
    for code in values.values.to_pylist():
        if not -1 <= code < len(names):
            row = int(np.flatnonzero(values.codes == values.values.to_pylist().index(code))[0]) + 1
            raise InputError(
                f"{code} is the code of no class",
                where=table.source.path,
                row=row,
                column=column,
                expected=f"0 to {len(names) - 1}, the classes that the file lists, or -1 for no label",
            )
    return [names[code] if code >= 0 else None for code in values.values.to_pylist()]


def _in_order(found: Mapping[str, Any]) -> list[str]:
    """The class names, by what the file writes for them."""
    if not any(isinstance(value, str) for value in found.values()):
        return sorted(found, key=lambda name: (found[name], name))
    if all(map(WHOLE.fullmatch, found)):
        return sorted(found, key=lambda name: (int(name), name))
    return sorted(found)


def _codes(values: Distinct, names: list[str | None], known: Mapping[str | None, int]) -> Codes:
    of_value = np.array([-1 if name is None else known.get(name, -1) for name in names], dtype=np.intp)
    return np.asarray(values.on_rows(of_value, missing=-1), dtype=np.intp)
