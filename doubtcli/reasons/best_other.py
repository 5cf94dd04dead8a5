"""How near a label comes to losing against the best other class: what several reasons weigh."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

EVEN = 0.5
"""The share at which the given label and the best other class tie."""


def best_other_share(given_labels: NDArray[np.intp], pred_probs: NDArray[Any]) -> NDArray[np.float64]:
    """The best other class's share of what it and the given label get: p(other) / (p(other) + p(given)).

    Args:
        given_labels: Shape `(n_rows,)`.
        pred_probs: Shape `(n_rows, n_classes)`.

    Returns:
        Shape `(n_rows,)`, 0 to 1: above 0.5 where another class is likelier than the label, 0.5 where they
        tie, also at nothing each.
    """
    rows = np.arange(len(given_labels))
    own = pred_probs[rows, given_labels].astype(np.float64)
    others = pred_probs.copy()
    others[rows, given_labels] = 0.0
    best = others.max(axis=1).astype(np.float64)
    both = own + best
    return np.where(both > 0, best / np.where(both > 0, both, 1.0), EVEN)
