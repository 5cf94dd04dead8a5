"""Bounds how many labels are wrong at least, as distinct from rows where classes overlap.

A model contradicts a label for one of two causes: the classes overlap at this row, or the label is wrong. The
first becomes rarer as the model is surer of its prediction; the second does not. So, by its confidence,

    overlap(confidence)      = lapse + (1 - lapse) * logistic(-slope * (confidence - location))
    contradicted(confidence) = rate * (1 - overlap * by_chance) + (1 - rate) * overlap

where `by_chance` is how often a wrong label happens to be the class of a wrong prediction: once in as many
cases as there are other classes. The rate is the height at which the curve levels off: the *lapse rate* of
psychometrics (Wichmann and Hill, 2001). The curve of a model that is wrong where it is sure levels off, too.
That is the `lapse`; the labels alone can't separate it from the rate, so the prior does.

Each curve is weighted by how well it explains the labels, and gives a number of wrong labels; the mixture of
all curves gives the lower bound. No curve is exactly right, and more rows do not change that, so n rows count
as n / (1 + n / 2000): a *coarsened posterior* (Miller and Dunson, 2019).

What it can't see: errors that follow a pattern, and models that are wrong where they are sure.
So there is no upper bound. benchmarks/README.md has how often the lower one holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from doubtcli.predict.skill import balanced_accuracy, correct_for_chance
from doubtcli.records import NoiseRate
from doubtcli.records.arrays import compute_by_block, split_rows
from doubtcli.records.audit import NoiseEstimate
from doubtcli.wording.numbers import format_count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records.arrays import Codes, Floats

LEVEL = 0.9
_MOST_TRUSTED = 2000
"""The most rows that a file can count as. In benchmarks/intervals.py, 1,000 and 3,000 did about as well."""
_LEAST_SURE = (1 - LEVEL) / 2
"""If the posterior probability that no label is wrong is above this, the lower bound is 0."""
_MOST_BLUR = 0.07
"""The largest share of the surest rows that overlap alone may contradict. With more, the curve does not level
off; in benchmarks/intervals.py the intervals of such runs held less often."""
_MOST_CONTRADICTED = 0.6
"""Share of labels. Of 11 runs with more in benchmarks/intervals.py, 9 gave a rate that was far too high."""
_LEAST_BOUND = 0.01
"""A lower bound below this is given as 0. Of 44 sets that are taken to be clean, 2 had a bound, both
below .6%: where outcomes are a matter of chance, such as who survives, a few contradictions never fade."""
FEWEST_ROWS = 100
"""With fewer rows, or rows of fewer different inputs, no rate is given: the prior would decide it."""
_MOST_ABOVE_KNOWN = 1.5
"""How far above the share that models may know to be wrong a rate may be. If all errors are known, it is
above it, too: 1.3 times where a fifth of the labels of two clear classes is wrong, and a tenth surely is."""
_NEGLIGIBLE = 1e-6
ADVICE = ": check 30 rows with --audit-sample 30"
"""The end of the sentence about what models can't know, as long as nobody has checked a row."""
_WHY = f"how many of those are wrong only people can tell{ADVICE}"

RATES = np.concatenate([[0.0], np.geomspace(1e-3, 0.65, 50)])
SLOPES = np.geomspace(0.5, 6.0, 11)
LOCATIONS = np.linspace(-4.0, 1.0, 16)
"""Slopes and locations of the logistic, where confidence (a log odds) has mean 0 and standard deviation 1."""
LAPSES = np.array([0.0, 0.01, 0.03, 0.1])

_NO_ERRORS = 0.05
"""Prior probability that no label is wrong; the rest is uniform over the square root of the rate."""
_USUAL_SLOPE, _SLOPE_SPREAD = 1.7, 0.5
_USUAL_LOCATION, _LOCATION_SPREAD = -1.7, 1.0
_LAPSE_WEIGHTS = np.array([0.9, 0.07, 0.025, 0.005])
"""The overlap where the right labels are known: medians and spreads of logistic curves fitted to the runs of
benchmarks/intervals.py. Without lapses, the lower bound was above 0 in 10% of clean runs, not 4%."""

_BINS = 60
_FEWEST_ROWS_A_BIN = 5
_LEAST_SPREAD = 1e-3
"""Log odds that differ by less than this differ by rounding: constant confidence has no curve."""
_SUREST_PART = 10
"""One row in this many is among the surest rows."""
_LEAST_SHARE = 1e-9
_QUANTILE_TOLERANCE = 1e-13


class Opinion(Protocol):
    """Probabilities of all rows: an array, or what computes those of the rows that are asked for."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Rows and classes."""
        ...

    def __getitem__(self, rows: slice, /) -> Floats:
        """Of some rows, shape `(len(rows), n_classes)`."""
        ...


def make_unassessable_rate(why: str) -> NoiseRate:
    """What is known where models know nothing."""
    return NoiseRate(assessable=False, why=why, level=LEVEL)


def estimate_noise(
    pred_probs_by_repeat: Sequence[Opinion],
    given_labels: Codes,
    groups: Codes,
    seed: int,
) -> NoiseEstimate:
    """The least share of wrong labels, or why it can't be known.

    Args:
        pred_probs_by_repeat: Out-of-fold, for each repeat of shape `(n_rows, n_classes)`.
        given_labels: Shape `(n_rows,)`.
        groups: Shape `(n_rows,)`: duplicates count as one row.
        seed: Not used, as nothing is drawn.
    """
    del seed
    by_repeat = [fit_candidates(probs, given_labels) for probs in pred_probs_by_repeat]
    n_groups = int(np.count_nonzero(np.bincount(groups)))
    weights = _weigh_candidates(by_repeat, len(given_labels), n_groups)
    rate, low = _estimate_bound(by_repeat, weights, len(given_labels))
    known_wrong = measure_known_share(pred_probs_by_repeat, given_labels, low)
    why_not = (
        _explain_unfit(by_repeat, weights)
        or _explain_too_weak(rate, known_wrong, by_repeat)
        or _explain_too_few(len(given_labels), n_groups)
    )
    known = NoiseRate(assessable=True, why=_WHY, at_least=low, level=LEVEL)
    return NoiseEstimate(make_unassessable_rate(why_not) if why_not else known, curve_rate=rate)


def _explain_too_few(n_rows: int, n_groups: int) -> str:
    """Why no rate is given, though each row has its doubt; "" if there are enough rows."""
    enough = f"to say how many labels are wrong: it takes {FEWEST_ROWS}"
    if n_rows < FEWEST_ROWS:
        return f"{format_count(n_rows, 'row')} are too few {enough}"
    if n_groups < FEWEST_ROWS:
        return (
            f"the rows have only {n_groups} different inputs, or groups that are held out together, too few "
            f"{enough}"
        )
    return ""


def measure_known_share(pred_probs_by_repeat: Sequence[Opinion], given_labels: Codes, low: float) -> float:
    """The share of labels that models of this skill may know to be wrong.

    Models with a chance-corrected balanced accuracy of s know the label of a share s of the rows and guess
    the others, so of the labels that they contradict, they know a share s to be wrong. The skill is measured
    on the given labels; as far as these are surely wrong, it is really higher.

    Args:
        pred_probs_by_repeat: Out-of-fold, for each repeat of shape `(n_rows, n_classes)`.
        given_labels: Shape `(n_rows,)`.
        low: The share of labels that are wrong at least.
    """
    predicted = compute_by_block(
        lambda rows: np.mean([probs[rows] for probs in pred_probs_by_repeat], axis=0).argmax(axis=1),
        *pred_probs_by_repeat[0].shape,
    )
    skill = correct_for_chance(balanced_accuracy(predicted, given_labels), given_labels)
    n_classes = int(np.count_nonzero(np.bincount(given_labels)))
    by_errors = 1 - low * n_classes / max(n_classes - 1, 1)
    skill = min(max(skill, 0.0) / by_errors, 1.0) if by_errors > 0 else 1.0
    return skill * float((predicted != given_labels).mean())


def _explain_too_weak(rate: float, known_wrong: float, by_repeat: list[CandidateFits]) -> str:
    """Why a rate is not given that is far above what models of this skill may know; "" if it is not."""
    if rate <= _MOST_ABOVE_KNOWN * known_wrong:
        return ""
    contradicted = float(np.mean([repeat.contradicted for repeat in by_repeat]))
    return (
        f"models contradict {contradicted:.0%} of the labels, and know too little of them to say how many of "
        f"these are wrong{ADVICE}"
    )


def _explain_unfit(by_repeat: list[CandidateFits], weights: Floats) -> str:
    """Why these models can't separate wrong labels from overlap; "" if they can."""
    contradicted = float(np.mean([repeat.contradicted for repeat in by_repeat]))
    if contradicted > _MOST_CONTRADICTED:
        return (
            f"models contradict {contradicted:.0%} of the labels, so many that it is not known whether the "
            "labels are wrong or the models"
        )
    blur = float(np.mean([(weights * repeat.blur).sum() for repeat in by_repeat]))
    if blur > _MOST_BLUR:
        return (
            "models are too rarely sure: even if all labels were right, they would contradict about "
            f"{blur:.0%} of them among the tenth of rows where they are surest"
        )
    return ""


def _weigh_candidates(by_repeat: list[CandidateFits], n_rows: int, n_groups: int) -> Floats:
    """The posterior probability of each candidate; repeats are averaged, as they judge the same labels."""
    likelihood = np.mean([repeat.log_likelihood for repeat in by_repeat], axis=0)
    trust = n_groups / n_rows / (1 + n_groups / _MOST_TRUSTED)
    log_posterior = trust * likelihood + make_log_prior()
    weights = np.exp(log_posterior - log_posterior.max())
    return np.asarray(weights / weights.sum())


def _estimate_bound(by_repeat: list[CandidateFits], weights: Floats, n_rows: int) -> tuple[float, float]:
    """The median share of wrong labels, and its lower bound."""
    kept = weights > _NEGLIGIBLE
    share = np.mean([repeat.wrong[kept] for repeat in by_repeat], axis=0) / n_rows
    variance = np.mean([repeat.variance[kept] for repeat in by_repeat], axis=0) / n_rows**2
    low, middle = _find_quantiles(share, np.sqrt(variance), weights[kept], [(1 - LEVEL) / 2, 0.5])
    if weights[RATES == 0].sum() > _LEAST_SURE:
        low = 0.0
    half_a_row = 1 / (2 * n_rows)
    return 0.0 if middle < half_a_row else middle, 0.0 if low < max(_LEAST_BOUND, half_a_row) else low


def _find_quantiles(means: Floats, sds: Floats, weights: Floats, levels: list[float]) -> list[float]:
    """Quantiles of a mixture of normal distributions, between 0 and 1."""
    from scipy.optimize import brentq
    from scipy.special import ndtr

    weights, sds = weights / weights.sum(), np.maximum(sds, 1e-9)

    def share_below(value: float) -> float:
        return float(weights @ ndtr((value - means) / sds))

    low, high = share_below(0.0), share_below(1.0)
    return [
        float(
            brentq(lambda value, level=level: share_below(value) - level, 0.0, 1.0, xtol=_QUANTILE_TOLERANCE)
        )
        if low < level < high
        else float(level >= high)
        for level in levels
    ]


# ------------------------------------------------------------------- curves


@dataclass(frozen=True)
class CandidateFits:
    """How each candidate (rate, slope, location, lapse) fits the labels; arrays have a cell for each."""

    log_likelihood: Floats
    wrong: Floats
    """How many of the labels are expected to be wrong."""
    variance: Floats
    """The variance of that number."""
    blur: Floats
    """The overlap among the tenth of rows that the model is surest of."""
    contradicted: float
    """The share of labels that the model contradicts."""
    mean: float
    sd: float


def make_log_prior() -> Floats:
    """The log prior of each candidate, up to a constant."""
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


def fit_candidates(pred_probs: Opinion, given_labels: Codes) -> CandidateFits:
    """Fit every candidate to the labels, in bins of equally many rows.

    Args:
        pred_probs: Out-of-fold, shape `(n_rows, n_classes)`.
        given_labels: Shape `(n_rows,)`.
    """
    shape = pred_probs.shape
    confidence, predicted = np.empty(shape[0]), np.empty(shape[0], dtype=np.intp)
    for rows in split_rows(*shape):
        probs = pred_probs[rows]  # may have to be computed
        confidence[rows], predicted[rows] = _measure_confidence(probs), probs.argmax(axis=1)
    mean, spread = float(confidence.mean()), float(confidence.std())
    sd = spread if spread > _LEAST_SPREAD else 1.0
    bins = _assign_bins(confidence)
    n_rows: Floats = np.bincount(bins).astype(np.float64)
    height = np.bincount(bins, weights=(confidence - mean) / sd) / n_rows
    contradicted = (predicted != given_labels).astype(np.float64)
    yes: Floats = np.bincount(bins, weights=contradicted).astype(np.float64)
    overlap = _make_overlaps(height)
    by_chance = 1 / max(shape[1] - 1, 1)
    parts = [_fit_rate(rate, overlap, by_chance, yes, n_rows - yes) for rate in RATES]
    likelihood, wrong, variance = (np.stack(part) for part in zip(*parts, strict=True))
    surest = slice(-max(1, len(n_rows) // _SUREST_PART), None)
    blur = overlap[..., surest] @ n_rows[surest] / n_rows[surest].sum()
    blurs = np.broadcast_to(blur, likelihood.shape)
    return CandidateFits(likelihood, wrong, variance, blurs, float(contradicted.mean()), mean, sd)


def _measure_confidence(pred_probs: Floats) -> Floats:
    from scipy.special import logit

    return np.asarray(logit(np.clip(pred_probs.max(axis=1).astype(np.float64), 1e-6, 1 - 1e-6)))


def _assign_bins(confidence: Floats) -> Codes:
    """A bin for each row, in order of confidence."""
    n_rows = len(confidence)
    n_bins = int(np.clip(n_rows // _FEWEST_ROWS_A_BIN, 1, _BINS))
    bins = np.empty(n_rows, dtype=np.intp)
    bins[np.argsort(confidence, kind="stable")] = np.arange(n_rows) * n_bins // n_rows
    return bins


def _make_overlaps(height: Floats) -> Floats:
    """The share of wrong predictions, shape `(n_slopes, n_locations, n_lapses, n_bins)`."""
    from scipy.special import expit

    fading = expit(-SLOPES[:, None, None] * (height - LOCATIONS[:, None]))[:, :, None]
    lapse = LAPSES[:, None]
    return np.asarray(lapse + (1 - lapse) * fading)


def _fit_rate(
    rate: float, overlap: Floats, by_chance: float, yes: Floats, no: Floats
) -> tuple[Floats, Floats, Floats]:
    """The log likelihood, the expected number of wrong labels and its variance if this share is wrong.

    Args:
        rate: The share of wrong labels.
        overlap: The result of `_make_overlaps`.
        by_chance: How often a wrong label agrees with a wrong prediction.
        yes: How many labels are contradicted in each bin.
        no: How many are not.
    """
    wrong_yes = rate * (1 - overlap * by_chance)
    wrong_no = rate * overlap * by_chance
    contradicted = np.clip(wrong_yes + (1 - rate) * overlap, _LEAST_SHARE, 1 - _LEAST_SHARE)
    likelihood = np.log(contradicted) @ yes + np.log1p(-contradicted) @ no
    if rate == 0:
        return likelihood, np.zeros(likelihood.shape), np.zeros(likelihood.shape)
    share_yes = np.clip(wrong_yes / contradicted, 0, 1)
    share_no = np.clip(wrong_no / (1 - contradicted), 0, 1)
    variance = (share_yes * (1 - share_yes)) @ yes + (share_no * (1 - share_no)) @ no
    return likelihood, share_yes @ yes + share_no @ no, variance
