"""Every way to tell wrong labels from classes that overlap, and how well each explains the labels.

A model contradicts a label for two reasons: the classes overlap where the row lies, or the label is wrong.
The first fades as the model grows surer of its prediction; the second does not. So, over its confidence,

    overlap(confidence)      = lapse + (1 - lapse) * logistic(-slope * (confidence - location))
    contradicted(confidence) = rate * (1 - overlap * by_chance) + (1 - rate) * overlap

where `by_chance` is how often a wrong label is just the class that a wrong prediction names: one in all other
classes. The rate is the height at which the curve levels off: the *lapse rate* of psychometrics (Wichmann and
Hill, 2001). A model that is wrong where it is sure levels off, too. That is the `lapse`; the labels alone
can't tell it from a rate, so the prior has to.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.floating[Any]]

RATES = np.concatenate([[0.0], np.geomspace(1e-3, 0.65, 50)])
SLOPES = np.geomspace(0.5, 6.0, 11)
LOCATIONS = np.linspace(-4.0, 1.0, 16)
"""Slopes and locations of the logistic, where confidence (a log odds) has mean 0 and standard deviation 1."""
LAPSES = np.array([0.0, 0.01, 0.03, 0.1])

_NO_ERRORS = 0.05
"""Prior probability that no label is wrong; the rest is spread evenly over the square root of the rate."""
_USUAL_SLOPE, _SLOPE_SPREAD = 1.7, 0.5
_USUAL_LOCATION, _LOCATION_SPREAD = -1.7, 1.0
_LAPSE_WEIGHTS = np.array([0.9, 0.07, 0.025, 0.005])
"""What overlap looks like where right labels are known: medians and spreads of logistic curves fitted to runs
of benchmarks/intervals.py. With no lapses, the lower bound left 0 on 10% of the clean ones instead of 4%."""

_BINS = 60
_FEWEST_ROWS_A_BIN = 5
_LEAST_SPREAD = 1e-3
"""Log odds that differ by less than this differ by rounding: equal confidence everywhere has no curve."""
_SUREST = 10
"""The surest rows are one in this many."""
_TINY = 1e-9


@dataclass(frozen=True)
class Curves:
    """What each candidate (rate, slope, location, lapse) makes of the labels; arrays have a cell for each."""

    log_likelihood: Floats
    wrong: Floats
    """How many of these very labels are expected to be wrong."""
    variance: Floats
    """Of that number."""
    blur: Floats
    """The overlap among the tenth of rows that the model is surest of."""
    contradicted: float
    """The share of labels that the model contradicts."""
    mean: float
    sd: float


def log_prior() -> Floats:
    """Of each candidate, up to a constant."""
    roots = np.sqrt(RATES)
    rates = np.gradient(roots)
    rates[0] = 0.0
    rates *= (1 - _NO_ERRORS) / rates.sum()
    rates[0] = _NO_ERRORS
    slopes = -((np.log(SLOPES / _USUAL_SLOPE) / _SLOPE_SPREAD) ** 2) / 2
    locations = -(((LOCATIONS - _USUAL_LOCATION) / _LOCATION_SPREAD) ** 2) / 2
    lapses = np.log(_LAPSE_WEIGHTS)
    return np.asarray(
        np.log(rates)[:, None, None, None] + slopes[:, None, None] + locations[:, None] + lapses
    )


def curves(pred_probs: NDArray[np.floating], given_labels: NDArray[np.intp]) -> Curves:
    """Hold every candidate against the labels, in bins of equally many rows.

    Args:
        pred_probs: Out-of-fold, shape `(n_rows, n_classes)`.
        given_labels: Shape `(n_rows,)`.
    """
    confidence = _confidence(pred_probs)
    mean, spread = float(confidence.mean()), float(confidence.std())
    sd = spread if spread > _LEAST_SPREAD else 1.0
    bins = _equal_bins(confidence)
    n_rows: Floats = np.bincount(bins).astype(np.float64)
    height = np.bincount(bins, weights=(confidence - mean) / sd) / n_rows
    contradicted = (pred_probs.argmax(axis=1) != given_labels).astype(np.float64)
    yes: Floats = np.bincount(bins, weights=contradicted).astype(np.float64)
    overlap = _overlaps(height)
    by_chance = 1 / max(pred_probs.shape[1] - 1, 1)
    parts = [_of_rate(rate, overlap, by_chance, yes, n_rows - yes) for rate in RATES]
    likelihood, wrong, variance = (np.stack(part) for part in zip(*parts, strict=True))
    surest = slice(-max(1, len(n_rows) // _SUREST), None)
    blur = overlap[..., surest] @ n_rows[surest] / n_rows[surest].sum()
    blurs = np.broadcast_to(blur, likelihood.shape)
    return Curves(likelihood, wrong, variance, blurs, float(contradicted.mean()), mean, sd)


def _confidence(pred_probs: NDArray[np.floating]) -> Floats:
    top = np.clip(pred_probs.max(axis=1).astype(np.float64), 1e-6, 1 - 1e-6)
    return np.asarray(np.log(top) - np.log1p(-top))


def _equal_bins(confidence: Floats) -> NDArray[np.intp]:
    """A bin for each row, rising with confidence."""
    n_rows = len(confidence)
    n_bins = int(np.clip(n_rows // _FEWEST_ROWS_A_BIN, 1, _BINS))
    bins = np.empty(n_rows, dtype=np.intp)
    bins[np.argsort(confidence, kind="stable")] = np.arange(n_rows) * n_bins // n_rows
    return bins


def _overlaps(height: Floats) -> Floats:
    """The share of wrong predictions, shape `(n_slopes, n_locations, n_lapses, n_bins)`."""
    steps = SLOPES[:, None, None] * (height - LOCATIONS[:, None])
    fading = 1 / (1 + np.exp(np.clip(steps, -50, 50)))[:, :, None]
    lapse = LAPSES[:, None]
    return np.asarray(lapse + (1 - lapse) * fading)


def _of_rate(
    rate: float, overlap: Floats, by_chance: float, yes: Floats, no: Floats
) -> tuple[Floats, Floats, Floats]:
    """Log likelihood, expected number of wrong labels and its variance, where this share of labels is wrong.

    Args:
        rate: Of wrong labels, before these were seen.
        overlap: As `_overlaps` gives it.
        by_chance: How often a wrong label agrees with a wrong prediction.
        yes: Contradicted labels in each bin.
        no: The others.
    """
    wrong_yes = rate * (1 - overlap * by_chance)
    wrong_no = rate * overlap * by_chance
    contradicted = np.clip(wrong_yes + (1 - rate) * overlap, _TINY, 1 - _TINY)
    likelihood = np.log(contradicted) @ yes + np.log1p(-contradicted) @ no
    if rate == 0:
        return likelihood, np.zeros(likelihood.shape), np.zeros(likelihood.shape)
    share_yes = np.clip(wrong_yes / contradicted, 0, 1)
    share_no = np.clip(wrong_no / (1 - contradicted), 0, 1)
    variance = (share_yes * (1 - share_yes)) @ yes + (share_no * (1 - share_no)) @ no
    return likelihood, share_yes @ yes + share_no @ no, variance
