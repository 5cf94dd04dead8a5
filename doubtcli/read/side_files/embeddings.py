"""A file of vectors -> one matrix."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.errors import InputError
from doubtcli.files.values import find_distinct, to_numbers
from doubtcli.read.roles.identify import is_counter, is_id
from doubtcli.read.side_files.arrays import check_n_rows, load
from doubtcli.read.vectors import Flaw, finite, looks_like_vectors, vectors

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray


def read_embeddings(path: str, n_rows: int) -> NDArray[np.float32]:
    """The vector of each row of the table, unlabelled rows among them.

    A table has one column of lists, or a column a dimension: all columns with a number in them, in file
    order, but those that are named like an id or a count of the rows.

    Args:
        path: .npy, .npz (one array, or the one called `embeddings`), or a table: Parquet, CSV, ...
        n_rows: Rows in the table.

    Returns:
        Shape `(n_rows, n_dimensions)`, float32, all finite.

    Raises:
        InputError: The file can't be read or doesn't fit; names the first row whose vector is broken.
    """
    loaded = load(path, "embeddings")
    found = finite(loaded) if isinstance(loaded, np.ndarray) else _of_table(loaded, path)
    if isinstance(found, Flaw):
        raise InputError(
            found.found, where=path, row=found.row, expected="as many numbers on every row, all finite"
        )
    check_n_rows(len(found), n_rows, path)
    return found


def _of_table(table: pa.Table, path: str) -> NDArray[np.float32] | Flaw:
    lists = [name for name in table.column_names if looks_like_vectors(table.column(name))]
    if len(lists) == 1:
        return vectors(table.column(lists[0]))
    others = [name for name in table.column_names if not _names_rows(name, table)]
    numbers = [to_numbers(table.column(name)) for name in others]
    dimensions = [values for values in numbers if not np.isnan(values).all()]
    if lists or not dimensions:
        raise InputError(
            f"{len(lists)} of its columns hold lists of numbers, {len(dimensions)} hold numbers",
            where=path,
            expected="one column of lists of numbers, or a column of numbers for each dimension",
        )
    return finite(np.column_stack(dimensions))


def _names_rows(name: str, table: pa.Table) -> bool:
    return is_counter(name) or is_id(name, find_distinct(table.column(name)))
