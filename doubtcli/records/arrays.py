"""The kinds of arrays that records hold: for type checkers alone, since NumPy takes long to load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Codes = NDArray[np.intp]
    Floats = NDArray[np.floating[Any]]
    Bools = NDArray[np.bool_]
