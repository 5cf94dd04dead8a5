"""A side file -> one NumPy array, or a table where its columns have names."""

from __future__ import annotations

import zipfile
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np

from doubtcli.errors import InputError
from doubtcli.files.source import open_source
from doubtcli.files.table import read_table

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

ARRAYS = (".npy", ".npz")


def load(path: str, name: str) -> NDArray[Any] | pa.Table:
    """What stands in a side file.

    Args:
        path: An .npy or .npz file, or any table that can be scanned (Parquet, CSV, ...).
        name: Which array of an .npz that holds several.

    Returns:
        An array of shape `(n, m)`, or a table.

    Raises:
        InputError: The file can't be read, or holds no numbers in rows and columns.
    """
    if PurePath(path.lower()).suffix not in ARRAYS:
        return read_table(path).data
    with open_source(path) as stored, stored.open_seekable() as file:
        array = _read_array(file, path, name)
    if array.ndim != 2 or array.dtype.kind not in "fiub" or not array.size:  # noqa: PLR2004
        raise InputError(
            f"the array has shape {array.shape} and type {array.dtype}",
            where=path,
            expected="numbers in rows and columns: shape (n_rows, n_columns)",
        )
    return array


def check_n_rows(found: int, n_rows: int, path: str) -> None:
    """Refuse a side file that has not one row for each of the table's.

    Raises:
        InputError: Tells both numbers.
    """
    if found != n_rows:
        raise InputError(
            f"it has {found:,} rows, the table {n_rows:,}",
            where=path,
            expected="one row for each row of the table, in its order, rows without a label among them",
        )


def _read_array(file: BinaryIO, path: str, name: str) -> NDArray[Any]:
    try:
        loaded = np.load(file, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return loaded
        return np.asarray(loaded[_chosen(loaded.files, path, name)])
    except (ValueError, EOFError, OSError, zipfile.BadZipFile) as error:
        raise InputError(
            f"the array can't be read: {error}",
            where=path,
            expected="numbers, as numpy.save or numpy.savez writes them",
        ) from error


def _chosen(names: list[str], path: str, name: str) -> str:
    if name in names:
        return name
    if len(names) == 1:
        return names[0]
    raise InputError(
        f"it holds {len(names)} arrays: {', '.join(names)}",
        where=path,
        expected=f"one array, or one that is called {name}",
    )
