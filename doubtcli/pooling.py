"""Scores of any scale -> probabilities, and several opinions -> one: what models and the ranking share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Sequence

Floats = NDArray[np.floating[Any]]

_MOST_ROWS = 20_000
"""Rows that one temperature is fitted on; its error is far below what matters."""
_TINY = 1e-6


def softmax(scores: Floats) -> Floats:
    """Probabilities in proportion to `exp(scores)`, each row summing to 1."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def calibrate(scores: Floats, labels: NDArray[np.intp]) -> Floats:
    """Out-of-fold scores as probabilities, by the one temperature that makes the labels likeliest.

    No class gets less than its part of one more, unseen row would give it, so that twenty rows never make a
    model surer than one in twenty-one. Sources: Guo et al., 2017; the rule of succession, Laplace, 1774.

    Args:
        scores: Shape `(n_rows, n_classes)`, higher is likelier.
        labels: Shape `(n_rows,)`.

    Returns:
        Shape `(n_rows, n_classes)`; rows sum to 1.
    """
    centred = scores - scores.mean(axis=1, keepdims=True)
    spread = centred.std()
    if spread == 0:
        return softmax(centred)
    scaled = centred / spread
    rows = np.unique(np.linspace(0, len(labels) - 1, _MOST_ROWS).astype(np.intp))
    probs = softmax(scaled * np.exp(_best_log_temperature(scaled[rows], labels[rows])))
    n_rows, n_classes = probs.shape
    return np.asarray((probs * n_rows + 1 / n_classes) / (n_rows + 1))


def _best_log_temperature(scores: Floats, labels: NDArray[np.intp]) -> float:
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        self_confidence = softmax(scores * np.exp(log_temperature))[rows, labels]
        return float(-np.log(np.maximum(self_confidence, _TINY)).mean())

    return float(minimize_scalar(loss, bounds=(-4.0, 5.0), method="bounded").x)


def pool(
    opinions: Sequence[Floats], labels: NDArray[np.intp], trust: Sequence[float] | None = None
) -> Floats:
    """The geometric mean of several opinions, calibrated again: a logarithmic opinion pool.

    Opinions must be calibrated: one that knows little is then nearly flat, and moves the mean little.
    Weighing them by how well they predict the labels as well lost half of the gain on rare classes.
    Source: Genest and Zidek, 1986.

    Args:
        opinions: Probabilities, each of shape `(n_rows, n_classes)`.
        labels: Shape `(n_rows,)`.
        trust: A weight for each opinion; 1 for all if left out.

    Returns:
        Shape `(n_rows, n_classes)`; rows sum to 1.
    """
    logs = np.zeros(opinions[0].shape)
    for weight, probs in zip(trust or [1.0] * len(opinions), opinions, strict=True):
        logs += weight * np.log(probs + _TINY)
    return calibrate(logs, labels)
