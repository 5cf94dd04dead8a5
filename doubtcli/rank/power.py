"""What planted errors teach: how much a contradiction weighs, and how many errors the audit would find."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records import Power

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.records import Planting
    from doubtcli.records.arrays import Bools, Floats

SHARES = (0.01, 0.02, 0.05, 0.1, 0.2)
"""Of the rows, most doubted first, that power is told for."""
_MOST_WEIGHT = 50.0
"""Of one planted row: where a class was hardly planted, one row must not speak for thousands."""
_SLOPES = (0.2, 5.0)
"""Of log odds of an error on log odds against the label: 1 where the models are calibrated and errors are as
planted. Farther out, there was nothing to learn from."""
_SLOPE_PULL = 1e-3
"""Of the slope 1, against one row's mean loss."""


def learn_slope(margins: Sequence[Floats], plantings: Sequence[Planting], doubt: Floats) -> float:
    """How fast the odds of an error rise with the odds that models and neighbours put against a label.

    A logistic regression of "was planted" on the margin. Planted rows are weighed so that each given label
    is as common among them as in the file: flips by chance nearly always leave the largest class, and what
    hides in it would go unlearnt. Source: importance weighting, Shimodaira, 2000.

    Args:
        margins: Of each planting, shape `(n_rows,)`: log odds against the label.
        plantings: The labels that were judged, and which of them were planted.
        doubt: Shape `(n_rows,)`: of the labels before planting; a doubted row is no example of a right label.
    """
    from scipy.optimize import minimize
    from scipy.special import expit

    parts = [_examples(margin, planting, doubt) for margin, planting in zip(margins, plantings, strict=True)]
    margin, is_planted, weight = (np.concatenate(part) for part in zip(*parts, strict=True))
    weight = weight / weight.sum()

    def loss(line: Floats) -> tuple[float, Floats]:
        log_odds = line[0] * margin + line[1]
        cost = float(weight @ (np.logaddexp(0, log_odds) - is_planted * log_odds))
        pull = weight * (expit(log_odds) - is_planted)
        away = np.log(line[0])
        slope = np.array([pull @ margin + 2 * _SLOPE_PULL * away / line[0], pull.sum()])
        return cost + _SLOPE_PULL * away**2, slope

    found = minimize(loss, np.array([1.0, -3.0]), jac=True, method="L-BFGS-B", bounds=[_SLOPES, (None, None)])
    return float(found.x[0])


def measure_power(margins: Sequence[Floats], plantings: Sequence[Planting], doubted: Bools) -> Power:
    """How many of the planted errors stand among the most doubted rows.

    Rows that are doubted as they are stand aside, unless planted: they would be found first, and rightly.

    Args:
        margins: Of each planting, shape `(n_rows,)`: higher is more doubted.
        plantings: The labels that were judged, and which of them were planted.
        doubted: Shape `(n_rows,)`: doubted before anything was planted.
    """
    found: Mapping[float, list[float]] = {share: [] for share in SHARES}
    for margin, planting in zip(margins, plantings, strict=True):
        kept = planting.is_planted | ~doubted
        for share in SHARES:
            found[share].append(found_in_first(margin[kept], planting.is_planted[kept], share))
    n_planted = sum(int(planting.is_planted.sum()) for planting in plantings)
    return Power(
        assessable=True,
        why="errors planted the way the file's own classes get confused; people's own may be harder to see",
        n_planted=n_planted,
        found_in_first={share: float(np.mean(shares)) for share, shares in found.items()},
    )


def found_in_first(scores: Floats, is_error: Bools, share: float) -> float:
    """The share of errors among the first `share` of the rows by score; ties are found in proportion.

    Args:
        scores: Shape `(n_rows,)`: higher is more doubted; NaN, nothing to say, comes last.
        is_error: Shape `(n_rows,)`, with at least one.
        share: Of the rows, rounded up to whole ones.
    """
    scores = np.where(np.isnan(scores), -np.inf, scores)
    n_first = int(np.ceil(share * len(scores)))
    last = np.sort(scores)[-n_first]
    above, level = scores > last, scores == last
    of_level = (n_first - above.sum()) / level.sum()
    return float((is_error[above].sum() + of_level * is_error[level].sum()) / is_error.sum())


def _examples(margin: Floats, planting: Planting, doubt: Floats) -> tuple[Floats, Floats, Floats]:
    """Margin, whether planted, and weight of the rows to learn from."""
    is_planted, labels = planting.is_planted, planting.labels
    n_classes = int(labels.max()) + 1
    usual = np.bincount(labels, minlength=n_classes) / len(labels)
    planted = np.bincount(labels[is_planted], minlength=n_classes) / is_planted.sum()
    rarity = np.minimum(usual / np.maximum(planted, 1e-9), _MOST_WEIGHT)[labels]
    weight = np.where(is_planted, rarity * is_planted.sum() / rarity[is_planted].sum(), 1.0 - doubt)
    return margin, is_planted.astype(np.float64), weight
