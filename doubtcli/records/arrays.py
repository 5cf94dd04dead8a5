"""The kinds of arrays that records hold, for type checkers alone, and what is done to arrays everywhere.

NumPy takes long to load, so it is imported where it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doubtcli.records.mapped import MAPPED_FROM, count_worked_cells, let_go_now, make_matrix

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy as np
    from numpy.typing import DTypeLike, NDArray

    Codes = NDArray[np.intp]
    Floats = NDArray[np.floating[Any]]
    Bools = NDArray[np.bool_]

BLOCK_CELLS = 2**21
"""The most numbers of a matrix that are worked on at once: 16 MB as float64, and a few times that in
between. Larger blocks are no faster."""
_LARGEST_NUMBER = 2**62
_MOST_DOUBLES = 2**27
_FAR_ROWS, _LARGE_PAGE = 32, 2**19
"""How many rows are taken at once that may be far apart, and the cells of the largest page."""


def split_rows(n_rows: int, n_columns: int) -> Iterator[slice]:
    """The rows of a matrix in blocks of at most `BLOCK_CELLS` cells, of at least one row each.

    What is computed row by row is computed block by block, so that a matrix of many rows or classes is never
    copied as a whole, nor in memory if it is in a file.

    Example:
        >>> list(split_rows(3, BLOCK_CELLS // 2))
        [slice(0, 2, None), slice(2, 3, None)]
    """
    step = max(1, BLOCK_CELLS // max(1, n_columns))
    for start in range(0, n_rows, step):
        yield slice(start, min(start + step, n_rows))
        count_worked_cells(step * n_columns)


def compute_by_block(compute: Callable[[slice], Any], n_rows: int, n_columns: int) -> Any:  # noqa: ANN401
    """What a function gives for each row of a matrix, as one array: it is called for one block at a time.

    Args:
        compute: Takes the rows of a block, and gives an array with a value for each.
        n_rows: Of the matrix.
        n_columns: Of the matrix.
    """
    import numpy as np

    computed = [compute(rows) for rows in split_rows(n_rows, n_columns)]
    return np.concatenate(computed or [compute(slice(0, 0))])


def fill_by_block(
    compute: Callable[[slice], Any], shape: tuple[int, int], dtype: DTypeLike, out: Floats | None = None
) -> Floats:
    """The matrix that a function computes: it is called for one block of rows at a time.

    Args:
        compute: Takes the rows of a block, and gives them.
        shape: Of the matrix.
        dtype: Of the matrix.
        out: A matrix of this shape and type that is written to; a new one if None.
    """
    matrix = make_matrix(shape, dtype) if out is None else out
    for rows in split_rows(*shape):
        matrix[rows] = compute(rows)
    return matrix


def stack_matrices(matrices: list[Floats]) -> Floats:
    """Matrices of the same shape as one array, as `np.stack` gives it; the list is emptied meanwhile."""
    n_rows, n_columns = matrices[0].shape
    stacked = make_matrix((len(matrices), n_rows, n_columns), matrices[0].dtype)
    while matrices:
        matrix = matrices.pop()
        fill_by_block(matrix.__getitem__, matrix.shape, matrix.dtype, out=stacked[len(matrices)])
        del matrix
    return stacked


def take_rows(matrix: Floats, rows: slice | Codes) -> Floats:
    """Some rows of a matrix, as `matrix[rows]` gives them; if it is in a file, few of them at a time.

    The system may take a page of 2 MB into memory for each row that is far from the others.

    Args:
        matrix: Shape `(n_rows, n_columns)`.
        rows: A block, or row numbers, in the order of the matrix if they are many.
    """
    import numpy as np

    if isinstance(rows, slice) or matrix.size < MAPPED_FROM:
        return matrix[rows]
    taken = np.empty((len(rows), matrix.shape[1]), dtype=matrix.dtype)
    for start in range(0, len(rows), _FAR_ROWS):
        part = rows[start : start + _FAR_ROWS]
        taken[start : start + _FAR_ROWS] = matrix[part]
        span = int(part.max() - part.min() + 1) * matrix.shape[1]
        count_worked_cells(min(span + _LARGE_PAGE, len(part) * _LARGE_PAGE))
    return taken


def compute_for_rows(compute: Callable[[Codes, Codes], Any], rows: Codes, n_columns: int) -> Any:  # noqa: ANN401
    """What a function gives for each of some rows of a matrix, read in the order of the matrix.

    Args:
        compute: Takes some of the rows and their places in `rows`, and gives an array with a value for each.
        rows: Row numbers in any order.
        n_columns: Of the matrix.
    """
    import numpy as np

    order = np.argsort(rows, kind="stable")
    found = compute_by_block(lambda part: compute(rows[order[part]], order[part]), len(rows), n_columns)
    in_place = np.empty_like(found)
    in_place[order] = found
    return in_place


def pick_cells(matrix: Floats, rows: Codes, columns: Codes) -> Floats:
    """One cell of each of some rows, as `matrix[rows, columns]` gives them.

    Args:
        matrix: Shape `(n_rows, n_columns)`.
        rows: Row numbers, shape `(n,)`.
        columns: Column numbers, shape `(n,)`.
    """
    if matrix.size < MAPPED_FROM:
        return matrix[rows, columns]

    def pick(some: Codes, places: Codes) -> Floats:
        return take_rows(matrix, some)[range(len(some)), columns[places]]

    cells: Floats = compute_for_rows(pick, rows, matrix.shape[1])
    return cells


def give_back_memory() -> None:
    """Give memory that is free to the system, as the allocators of C and Arrow don't do themselves.

    Between the stages of a large file these hold hundreds of megabytes, often in pieces that are too small
    for the next stage.
    """
    import ctypes
    import sys

    import pyarrow as pa

    let_go_now()
    pa.default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # not every C library has it
        if trim is not None:
            trim(0)


def average_opinions(opinions: Sequence[Floats]) -> Floats:
    """The mean of some matrices of the same shape; of one matrix it is the matrix itself.

    It has float64, unless that would take more than a gigabyte.
    """
    import numpy as np

    if len(opinions) == 1:
        return opinions[0]
    shape = opinions[0].shape
    mean = make_matrix(shape, np.float64 if np.prod(shape) <= _MOST_DOUBLES else np.float32)
    for rows in split_rows(len(mean), mean[:1].size):
        mean[rows] = np.mean([opinion[rows] for opinion in opinions], axis=0, dtype=np.float64)
    return mean


def number_alike(*columns: Codes) -> Codes:
    """A number for each place: the same where all columns are the same, in the order of their values.

    Args:
        columns: Whole numbers from 0, each of shape `(n,)`.

    Example:
        >>> import numpy as np
        >>> number_alike(np.array([5, 5, 0, 5]), np.array([1, 2, 9, 1])).tolist()
        [1, 2, 0, 1]
    """
    import numpy as np

    numbers = np.zeros(len(columns[0]), dtype=np.int64)
    most = 1
    for column in columns:
        n_values = int(column.max(initial=0)) + 1
        if most * n_values > _LARGEST_NUMBER:
            numbers = np.unique(numbers, return_inverse=True)[1]
            most = len(numbers)
        numbers = numbers * n_values + column
        most *= n_values
    return np.asarray(np.unique(numbers, return_inverse=True)[1], dtype=np.intp)


def number_in_order(values: NDArray[Any]) -> Codes:
    """A number for each value, in the order in which they come first.

    Example:
        >>> import numpy as np
        >>> number_in_order(np.array([7, 3, 7, 9])).tolist()
        [0, 1, 0, 2]
    """
    import numpy as np

    first, places = np.unique(values, return_index=True, return_inverse=True)[1:]
    number = np.empty(len(first), dtype=np.intp)
    number[np.argsort(first)] = np.arange(len(first))
    return number[places]


def find_first_of_each(numbers: Codes) -> Codes:
    """The place of the first of each number, in the order of the places.

    Args:
        numbers: Whole numbers from 0, shape `(n,)`.

    Example:
        >>> import numpy as np
        >>> find_first_of_each(np.array([7, 3, 7, 3, 9])).tolist()
        [0, 1, 4]
    """
    import numpy as np

    first = np.full(int(numbers.max(initial=-1)) + 1, -1, dtype=np.intp)
    backwards = np.arange(len(numbers))[::-1]
    first[numbers[::-1]] = backwards  # of equal numbers the one that is written last stays
    is_first = np.zeros(len(numbers), dtype=np.bool_)
    is_first[first[first >= 0]] = True
    return np.flatnonzero(is_first)
