"""Files next to the table: a vector for each row, or the user's own probability of each class."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from doubtcli.errors import InputError
from doubtcli.files.source import open_source
from doubtcli.files.table import read_table
from doubtcli.files.values import find_distinct, to_numbers
from doubtcli.read.roles.embedding import Flaw, as_finite, looks_like_vectors, read_vectors
from doubtcli.read.roles.left_out import is_id, is_row_number
from doubtcli.records.arrays import compute_by_block
from doubtcli.wording.lists import quote_names

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from doubtcli.records import Labels

ARRAYS = (".npy", ".npz")
PREFIXES = ("", "pred_probs_", "pred_prob_", "prob_", "proba_", "p_")
"""Prefixes that a column may have before the name of its class."""
SUM_TOLERANCE = 1e-3
"""The sum of ten probabilities that are rounded to four digits is within this of 1."""
ROUNDING = 1e-6
"""How far below 0 or above 1 float32 arithmetic may be."""
ENOUGH_ROWS_TO_MATCH = 50
"""With fewer rows, another order of the classes may fit better by chance."""
CLEAR_FIT = 0.5
"""Another order counts if it makes at least this share of labels the most probable class, ..."""
CLEAR_MISFIT = 0.5
"""... and the expected order makes it less than this fraction of that share."""


def read_embeddings(
    path: str, n_rows: int, given: NDArray[Any] | pa.Table | None = None
) -> NDArray[np.float32]:
    """The vector of each row of the table, rows without a label included.

    A table has one column of lists, or a column for each dimension: all columns that have numbers, in file
    order, except those that are named like an id or a row number.

    Args:
        path: .npy, .npz (one array, or the one named `embeddings`), or a table: Parquet, CSV, ...
        n_rows: Rows in the table.
        given: What the file would hold; the file is not read then.

    Returns:
        Shape `(n_rows, n_dimensions)`, float32, all finite.

    Raises:
        InputError: The file can't be read or doesn't fit; names the first row with a broken vector.
    """
    loaded = read_array_or_table(path, "embeddings") if given is None else given
    found = as_finite(loaded) if isinstance(loaded, np.ndarray) else _vectors_of_table(loaded, path)
    if isinstance(found, Flaw):
        raise InputError(
            found.found, where=path, row=found.row, expected="the same number of finite numbers on every row"
        )
    check_n_rows(len(found), n_rows, path)
    return found


def _vectors_of_table(table: pa.Table, path: str) -> NDArray[np.float32] | Flaw:
    lists = [name for name in table.column_names if looks_like_vectors(table.column(name))]
    if len(lists) == 1:
        return read_vectors(table.column(lists[0]))
    others = [name for name in table.column_names if not _identifies_rows(name, table)]
    numbers = [to_numbers(table.column(name)) for name in others]
    dimensions = [values for values in numbers if not np.isnan(values).all()]
    if lists or not dimensions:
        raise InputError(
            f"{len(lists)} of its columns have lists of numbers, {len(dimensions)} have numbers",
            where=path,
            expected="one column of lists of numbers, or a column of numbers for each dimension",
        )
    return as_finite(np.column_stack(dimensions))


def _identifies_rows(name: str, table: pa.Table) -> bool:
    return is_row_number(name) or is_id(name, find_distinct(table.column(name)))


def read_pred_probs(
    path: str, labels: Labels, n_rows: int, given: NDArray[Any] | pa.Table | None = None
) -> NDArray[np.float64]:
    """The probability of each class for each row of the table, rows without a label included.

    A table's columns are matched to the classes by name, in any order, also after a prefix such as "prob_";
    other columns are ignored. Columns without names (an array, a column of lists, columns that are numbered
    from 0) must be in the order of `labels.class_names`, that of scikit-learn's LabelEncoder.

    Args:
        path: .npy, .npz (one array, or the one named `pred_probs`), or a table: Parquet, CSV, ...
        labels: The table's labels.
        n_rows: Rows in the table.
        given: What the file would hold; the file is not read then.

    Returns:
        Shape `(n_rows, n_classes)`, float64: 0 to 1, rows sum to 1 within 0.001.

    Raises:
        InputError: The file can't be read or doesn't fit; names the first row without valid probabilities.
    """
    loaded = read_array_or_table(path, "pred_probs") if given is None else given
    is_named = False
    if isinstance(loaded, np.ndarray):
        probs = loaded.astype(np.float64)
    else:
        names = _match_class_columns(loaded.column_names, labels)
        is_named = names is not None
        probs = _probs_of_table(loaded, names, labels, path)
    check_n_rows(len(probs), n_rows, path)
    _check_n_classes(probs.shape[1], labels, path)
    _check_probabilities(probs, labels, path)
    if not is_named:
        _check_order(probs, labels, path)
    return np.clip(probs, 0.0, 1.0, out=probs)


def _match_class_columns(names: list[str], labels: Labels) -> list[str] | None:
    """The column of each class, or None if they can't be matched by name."""
    for prefix in PREFIXES:
        wanted = [prefix + name for name in labels.class_names]
        if set(wanted) <= set(names):
            return wanted
    return None


def _probs_of_table(
    table: pa.Table, names: list[str] | None, labels: Labels, path: str
) -> NDArray[np.float64]:
    if names is None:
        lists = [name for name in table.column_names if looks_like_vectors(table.column(name))]
        if len(lists) == 1:
            return _probs_of_lists(table.column(lists[0]), path, lists[0])
        names = [str(place) for place in range(len(labels.class_names))]
        if not set(names) <= set(table.column_names):
            raise _missing_columns_error(table.column_names, labels, path)
    return np.column_stack([to_numbers(table.column(name)) for name in names])


def _probs_of_lists(column: pa.ChunkedArray, path: str, name: str) -> NDArray[np.float64]:
    found = read_vectors(column)
    if isinstance(found, Flaw):
        raise InputError(
            found.found, where=path, row=found.row, column=name, expected="a probability for each class"
        )
    return found.astype(np.float64)


def _missing_columns_error(names: list[str], labels: Labels, path: str) -> InputError:
    lacking = [name for name in labels.class_names if name not in names]
    return InputError(
        f"no column is named after the class{'' if len(lacking) == 1 else 'es'} {quote_names(lacking, 10)}",
        where=path,
        expected="a column for each class, named after it",
        hint=f"rename its columns, which are {quote_names(names)}",
    )


def _check_n_classes(n_columns: int, labels: Labels, path: str) -> None:
    if n_columns != len(labels.class_names):
        raise InputError(
            f"it has {n_columns} columns, but there are {len(labels.class_names)} classes",
            where=path,
            expected=f"a column for each class, in this order: {quote_names(labels.class_names)}",
            hint="reorder them, or use a CSV or Parquet file with columns named after the classes",
        )


def _check_probabilities(probs: NDArray[np.float64], labels: Labels, path: str) -> None:
    outside = ~((probs >= -ROUNDING) & (probs <= 1 + ROUNDING))  # NaN is outside, too
    if outside.any():
        row, place = (int(index[0]) for index in np.nonzero(outside))
        value = probs[row, place]
        raise InputError(
            "the probability is missing, or not a number"
            if np.isnan(value)
            else f"{value:g} is not a probability",
            where=path,
            row=row + 1,
            column=labels.class_names[place],
            expected="a number from 0 to 1",
        )
    sums = probs.sum(axis=1)
    off = np.flatnonzero(np.abs(sums - 1) > SUM_TOLERANCE)
    if len(off):
        raise InputError(
            f"the probabilities of the {len(labels.class_names)} classes add up to {sums[off[0]]:.4g}",
            where=path,
            row=int(off[0]) + 1,
            expected="1 (within 0.001)",
        )


def _check_order(probs: NDArray[np.float64], labels: Labels, path: str) -> None:
    """Refuse columns without names that are clearly in another order than the classes."""
    labelled = labels.codes >= 0
    n_rows, n_classes = int(labelled.sum()), len(labels.class_names)
    if n_rows < ENOUGH_ROWS_TO_MATCH:
        return
    likeliest = compute_by_block(lambda rows: probs[rows].argmax(axis=1), *probs.shape)[labelled]
    met = np.bincount(likeliest * n_classes + labels.codes[labelled], minlength=n_classes**2)
    table = met.reshape(n_classes, n_classes)
    if np.trace(table) >= CLEAR_MISFIT * table.max(axis=0).sum():
        return  # no other order fits better than the best row of each column, which is found without SciPy
    from scipy.optimize import linear_sum_assignment

    places, classes = linear_sum_assignment(table, maximize=True)
    best = table[places, classes].sum() / n_rows
    if best >= CLEAR_FIT and np.trace(table) / n_rows < CLEAR_MISFIT * best:
        fitting = [labels.class_names[code] for code in classes]
        raise InputError(
            f"its columns seem to be in another order than expected: {quote_names(fitting)}",
            where=path,
            expected=f"columns in this order: {quote_names(labels.class_names)}",
            hint="reorder them, or use a CSV or Parquet file with columns named after the classes",
        )


def read_array_or_table(path: str, name: str) -> NDArray[Any] | pa.Table:
    """The content of a file next to the table.

    Args:
        path: An .npy or .npz file, or any table that can be scanned (Parquet, CSV, ...).
        name: The array to read from an .npz with several arrays.

    Returns:
        An array of shape `(n, m)`, or a table.

    Raises:
        InputError: The file can't be read, or is not numbers in rows and columns.
    """
    if PurePath(path.lower()).suffix not in ARRAYS:
        return read_table(path).data
    with open_source(path) as stored, stored.open_seekable() as file:
        array = _read_array(file, path, name)
    check_matrix(array, path)
    return array


def check_matrix(array: NDArray[Any], where: str) -> None:
    """Refuse an array that does not hold numbers in rows and columns.

    Raises:
        InputError: Says what it holds.
    """
    if array.ndim != 2 or array.dtype.kind not in "fiub" or not array.size:  # noqa: PLR2004
        raise InputError(
            f"the array has shape {array.shape} and type {array.dtype}",
            where=where,
            expected="numbers in rows and columns: shape (n_rows, n_columns)",
        )


def check_n_rows(found: int, n_rows: int, path: str) -> None:
    """Refuse a file that does not have a row for each row of the table.

    Raises:
        InputError: Names both numbers of rows.
    """
    if found != n_rows:
        raise InputError(
            f"it has {found:,} rows, but the table has {n_rows:,}",
            where=path,
            expected="one row for each row of the table, in the same order, rows without a label included",
        )


def _read_array(file: BinaryIO, path: str, name: str) -> NDArray[Any]:
    try:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        return np.asarray(loaded[_choose_array(loaded.files, path, name)])
    except InputError:
        raise
    except Exception as error:  # damaged bytes raise what numpy, zipfile and Python's tokenizer think of
        why = str(error) or type(error).__name__
        raise InputError(
            f"the array can't be read: {why}",
            where=path,
            expected="a file of numbers, as numpy.save or numpy.savez writes it",
        ) from error


def _choose_array(names: list[str], path: str, name: str) -> str:
    if name in names:
        return name
    if len(names) == 1:
        return names[0]
    raise InputError(
        f"it has {len(names)} arrays: {', '.join(names)}",
        where=path,
        expected=f"one array, or one named {name}",
    )
