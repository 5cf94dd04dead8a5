"""The kinds of arrays that records hold: for type checkers alone, since NumPy takes long to load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.intp]
    Floats = NDArray[np.floating[Any]]
    Bools = NDArray[np.bool_]


def find_first_of_each(numbers: Codes) -> Codes:
    """The place of the first of each number, in the order of the places.

    Example:
        >>> import numpy as np
        >>> find_first_of_each(np.array([7, 3, 7, 3, 9])).tolist()
        [0, 1, 4]
    """
    import numpy as np

    return np.sort(np.unique(numbers, return_index=True)[1])
