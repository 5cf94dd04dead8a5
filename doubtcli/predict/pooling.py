"""Scores on any scale -> probabilities, and several opinions -> one; for models and for the ranking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.predict.folds import spread_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.arrays import Codes, Floats

_MOST_ROWS_FITTED = 20_000
"""The most rows that a temperature is fitted to; its error is then far smaller than matters."""
_LEAST_LOGGED = 1e-6
_WRONG = 0.1
"""The share of labels that is assumed to be wrong when opinions are weighed; .05 and .2 gave nearly the same
weights."""
_PULL = 0.003
"""The strength of the prior on trust; .001 to .01 gave nearly the same weights, .05 worse ones."""


def softmax(scores: Floats) -> Floats:
    """Probabilities in proportion to `exp(scores)`; each row sums to 1."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def calibrate_scores(scores: Floats, labels: Codes) -> Floats:
    """Out-of-fold scores as probabilities, by the single temperature that makes the labels likeliest.

    One more row, spread evenly over the classes, is added to the `n_rows` rows, so that with few rows no
    model is nearly certain. Sources: Guo et al., 2017; the rule of succession, Laplace, 1774.

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
    rows = spread_rows(len(labels), _MOST_ROWS_FITTED)
    probs = softmax(scaled * np.exp(_fit_log_temperature(scaled[rows], labels[rows])))
    n_rows, n_classes = probs.shape
    return np.asarray((probs * n_rows + 1 / n_classes) / (n_rows + 1))


def _fit_log_temperature(scores: Floats, labels: Codes) -> float:
    from scipy.optimize import minimize_scalar

    rows = np.arange(len(labels))

    def loss(log_temperature: float) -> float:
        self_confidence = softmax(scores * np.exp(log_temperature))[rows, labels]
        return float(-np.log(np.maximum(self_confidence, _LEAST_LOGGED)).mean())

    return float(minimize_scalar(loss, bounds=(-4.0, 5.0), method="bounded").x)


def learn_trust(opinions: Sequence[Floats], labels: Codes, prior: Floats) -> Floats:
    """How much to trust each opinion: the weights of the logarithmic pool that predicts the labels best.

    A class counts by the square root of how many rows it has. Where all rows counted equally, opinions that
    never name a rare class had the largest weights, and errors in it were not found; where all classes did,
    opinions that name it too often, and its right labels were doubted first. Some of the labels are assumed
    to be wrong, so that no single row, least of all one with a wrong label, has a large loss. Weights are 0
    or more. Sources: stacking, Wolpert, 1992; logarithmic pools, Genest and Zidek, 1986.

    Args:
        opinions: Out-of-fold probabilities, each of shape `(n_rows, n_classes)`.
        labels: Shape `(n_rows,)`.
        prior: Shape `(n_opinions,)`: the weights if the labels give no evidence.

    Returns:
        Shape `(n_opinions,)`.
    """
    from scipy.optimize import minimize

    if len(opinions) == 1:
        return np.asarray(prior)
    rows = spread_rows(len(labels), _MOST_ROWS_FITTED)
    labels = labels[rows]
    logs = np.stack([np.log(np.asarray(probs[rows], dtype=np.float64) + _LEAST_LOGGED) for probs in opinions])
    own = logs[:, np.arange(len(labels)), labels]
    n_classes = logs.shape[2]
    weight = 1 / np.sqrt(np.bincount(labels, minlength=n_classes)[labels])
    weight /= weight.sum()

    def loss(trust: Floats) -> tuple[float, Floats]:
        probs = softmax(np.tensordot(trust, logs, 1))
        right = probs[np.arange(len(labels)), labels]
        expected = (1 - _WRONG) * right + _WRONG / n_classes
        pull = weight * (1 - _WRONG) * right / expected
        slope = np.array(
            [
                (pull * (own_log - (probs * log).sum(axis=1))).sum()
                for own_log, log in zip(own, logs, strict=True)
            ]
        )
        step = trust - prior
        return float(-(weight * np.log(expected)).sum() + _PULL * (step @ step)), 2 * _PULL * step - slope

    found = minimize(loss, prior, jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * len(opinions))
    return np.asarray(found.x)


def share_usual_trust(trust: Floats, blocks: Sequence[str], usual: Floats) -> Floats:
    """Half of the trust in the models of each block, spread over them as is usual for such models.

    The labels hold the errors that are looked for: a model that would make the same errors predicts them
    best. Half learned, half usual was never much worse than the best model alone.

    Args:
        trust: Shape `(n_models,)`: what the labels say, 0 or more.
        blocks: The block of each model.
        usual: Shape `(n_models,)`; where all of a block are 0, its trust stays as it is.

    Returns:
        Shape `(n_models,)`: the sum over each block is as before.
    """
    shared = np.array(trust, dtype=np.float64)
    for block in dict.fromkeys(blocks):
        of_block = np.array([one == block for one in blocks])
        total = usual[of_block].sum()
        if total > 0:
            shared[of_block] = (trust[of_block] + trust[of_block].sum() * usual[of_block] / total) / 2
    return shared


def pool_probabilities(opinions: Sequence[Floats], labels: Codes, trust: Floats) -> Floats:
    """The geometric mean of several opinions, weighted by trust, and calibrated again.

    Opinions must be calibrated: one that knows little is then nearly flat, and changes the mean little.
    Source: Genest and Zidek, 1986.

    Args:
        opinions: Probabilities, each of shape `(n_rows, n_classes)`.
        labels: Shape `(n_rows,)`.
        trust: A weight for each opinion.

    Returns:
        Shape `(n_rows, n_classes)`; rows sum to 1.
    """
    logs = np.zeros(opinions[0].shape)
    for weight, probs in zip(trust, opinions, strict=True):
        logs += weight * np.log(probs + _LEAST_LOGGED)
    return calibrate_scores(logs, labels)
