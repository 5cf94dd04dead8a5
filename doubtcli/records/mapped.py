"""Matrices and tables that are too large for memory: each in a file that only this process sees.

The file has no name, so it is gone when its matrix is, also after a crash. Its pages count as memory of the
process once they are read or written. So they are let go again, while the matrix is worked on block by block:
the system keeps them where there is room, and else on disk.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
import tempfile
import threading
from math import prod
from shutil import disk_usage
from typing import IO, TYPE_CHECKING, Any
from weakref import WeakSet

from doubtcli.errors import OutputError

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import DTypeLike, NDArray

MAPPED_FROM = 2**24
"""Cells: a matrix with fewer is in memory. A scan has some ten of them, 64 MB each as float32."""
_KEPT = 2**24
"""How many cells are worked on until pages are let go: it takes a millisecond or two for each matrix."""
MAPPED_TABLES_FROM = 2**27
"""Bytes: a table with fewer stays in memory. A million rows of 20 columns have twice as many."""
_LARGE_FILES = "/var/tmp"  # noqa: S108  # the file has no name, and nobody else can open it
"""A folder on disk, as /tmp is often in memory."""


class _Maps:
    """All matrices in files, of all threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._maps: WeakSet[mmap.mmap] = WeakSet()
        self._n_cells = 0

    def add(self, one: mmap.mmap) -> None:
        """Let the pages of one more file go from time to time."""
        with self._lock:
            self._maps.add(one)

    def count(self, n_cells: int) -> None:
        """Count cells, and let the pages of all files go if there were enough."""
        if sys.platform == "win32" or not self._maps or not hasattr(mmap, "MADV_DONTNEED"):
            return
        with self._lock:
            self._n_cells += n_cells
            if self._n_cells >= _KEPT:
                self._n_cells = 0
                for one in self._maps:
                    one.madvise(mmap.MADV_DONTNEED)


_MAPS = _Maps()
let_go_from_time_to_time = _MAPS.add
count_worked_cells = _MAPS.count


def let_go_now() -> None:
    """Let the pages of all files go."""
    _MAPS.count(_KEPT)


def make_matrix(shape: tuple[int, ...], dtype: DTypeLike) -> NDArray[Any]:
    """A matrix of zeros: in memory, or in a file where it has `MAPPED_FROM` cells or more.

    Raises:
        OutputError: There is no room for the file.
    """
    import numpy as np

    if prod(shape) < MAPPED_FROM:
        return np.zeros(shape, dtype=dtype)
    n_bytes = prod(shape) * np.dtype(dtype).itemsize
    folder = _find_folder()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            _reserve(file, folder, n_bytes)
            mapped = mmap.mmap(file.fileno(), n_bytes)
    except OSError as error:
        raise _make_error("probabilities", n_bytes, folder, error) from error
    let_go_from_time_to_time(mapped)
    matrix: NDArray[Any] = np.frombuffer(mapped, dtype=dtype).reshape(shape)
    return matrix


def find_room() -> tuple[str, int]:
    """The folder of the files, and how many bytes are free there."""
    folder = _find_folder()
    return folder, disk_usage(folder).free


def map_table(table: pa.Table) -> pa.Table:
    """The same table, in a file if it has `MAPPED_TABLES_FROM` bytes or more.

    Raises:
        OutputError: There is no room for the file.
    """
    import pyarrow as pa

    if table.nbytes < MAPPED_TABLES_FROM:
        return table
    folder = _find_folder()
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            with pa.ipc.new_stream(pa.PythonFile(file, mode="w"), table.schema) as stream:
                stream.write_table(table)
            file.flush()
            mapped = mmap.mmap(file.fileno(), 0)
    except OSError as error:
        raise _make_error("rows", table.nbytes, folder, error) from error
    let_go_from_time_to_time(mapped)
    return pa.ipc.open_stream(pa.BufferReader(pa.py_buffer(mapped))).read_all()


def _make_error(what: str, n_bytes: int, folder: str, error: OSError) -> OutputError:
    return OutputError(
        f"can't take {n_bytes / 1e9:,.1f} GB of {what} while they are worked on: {error.strerror or error}",
        where=folder,
        hint="free some space, or set TMPDIR to a folder on another disk",
    )


def _find_folder() -> str:
    is_chosen = any(os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP"))
    return tempfile.gettempdir() if is_chosen or not os.access(_LARGE_FILES, os.W_OK) else _LARGE_FILES


def _reserve(file: IO[bytes], folder: str, n_bytes: int) -> None:
    """Take the whole room now: if a disk is full only later, the system ends the process."""
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, n_bytes)
        return
    if disk_usage(folder).free < n_bytes:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    file.truncate(n_bytes)
