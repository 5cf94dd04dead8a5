"""What labelled sets with known errors show: how often a label is wrong that models contradict this much.

Models alone can't tell a wrong label from a row where classes overlap: with the same margin, nearly all
labels of one set are wrong and nearly none of another. So no single curve is right, and the difference
between sets is part of what is known:

    P(wrong | margin) = logistic(intercept + slope * margin)

with an intercept and a slope for each set. `known_sets.csv` has label sets whose errors are known (people's,
and planted ones; also sets with none), each as counts of rows and wrong labels by margin. The curves that
fit each of them, weighed by how like the file it is, are what is known of a file that nobody has looked at.
Verdicts on its rows then say which of these curves is the file's own (Bayes' rule; a hierarchical model with
an empirical prior: Gelman and Hill, 2007).

`benchmarks/prior.py` makes the table, and measures what it says of sets that were left out.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache, cached_property
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records import ExpectedWrong

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records.arrays import Bools, Floats

KNOWN_SETS = "known_sets.csv"
MARGIN_EDGES = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0)
"""Between these margins (log odds against the label) the rows of a known set are counted."""
LEAST_MARGIN, MOST_MARGIN = -3.0, 8.0
"""Rows below the first are not counted: nearly all of their labels are right."""
ROWS_A_SET = 100
"""Each known set counts as this many rows: more would say more of its curve than a logistic curve can fit.
With 300, calibration was the same, and what verdicts say of further rows no better."""

INTERCEPTS = np.linspace(-7.0, 4.0, 45)
SLOPES = np.array([0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.2])
"""The curves that are considered. The slope is never 0, so that verdicts never change the order of doubts."""

_LIKENESS = 1.0
"""How far apart two sets may be to be alike, in standard deviations of each feature over the known sets."""
_LEAST_WEIGHT = 1e-3
"""Of a set that is not like the file at all."""
_RATES, _MOST_CONTRADICTED, _LEAST_CONTRADICTED = (0.003, 0.6), 0.95, 5e-4
"""Bounds within which features are compared."""
_DRIFT = 0.5
"""The standard deviation, in log odds, by which rows further down a queue differ from their curve: so much
that intervals for the next 100 rows held on 9 of 10 sets that were left out."""
LEVEL = 0.9
_GRID = np.linspace(-10.0, 14.0, 481)
"""The margins at which the mean of all curves is computed; it is a straight line between and beyond them."""
_COUNT_BINS = 2000

_UNSKILLED_SLOPE, BASE_RATE = 0.2, 0.05
"""Where models can't predict the labels they only order the rows: a margin hardly weighs, and doubts start
from the share of wrong labels that is usual. Public test sets have 3.3% on average (Northcutt et al., 2021),
and training sets no fewer."""
_CENTERED_SPREAD = (0.7, 1.0)
"""How far verdicts can move the intercept and the logarithm of the slope where no known set says where they
are: standard deviations."""


@dataclass(frozen=True)
class SetFeatures:
    """What decides how like two label sets are."""

    n_classes: int
    contradicted: float
    """The share of labels that models contradict, 0 to 1."""
    curve_rate: float
    """The share of wrong labels at which contradictions level off: see `rank.noise`."""
    skill: float
    """The models' balanced accuracy, 0 (by chance) to 1."""

    def to_array(self) -> Floats:
        """Shape `(4,)`, on scales on which sets are compared."""
        contradicted = float(np.clip(self.contradicted, _LEAST_CONTRADICTED, _MOST_CONTRADICTED))
        rate = float(np.clip(self.curve_rate, *_RATES))
        return np.array(
            [
                np.log(max(self.n_classes, 2)),
                np.log(contradicted / (1 - contradicted)),
                np.log(rate / (1 - rate)),
                max(self.skill, 0.0),
            ]
        )


@dataclass(frozen=True)
class ErrorCurves:
    """How likely a label is wrong at each margin: many curves, each with its probability."""

    weights: Floats
    """Shape `(n_intercepts * n_slopes,)`: the probability of each curve, in the order of `list_curves`."""

    @cached_property
    def _log_odds(self) -> Floats:
        from scipy.special import expit

        intercepts, slopes = list_curves()
        log_odds = intercepts[:, None] + slopes[:, None] * _GRID
        # each side apart: one minus a probability near 1 would be rounded to equal steps, or to 0
        return np.asarray(np.log(self.weights @ expit(log_odds)) - np.log(self.weights @ expit(-log_odds)))

    def to_log_odds(self, margins: Floats) -> Floats:
        """The log odds that each label is wrong, the mean of all curves; they rise with the margin.

        Args:
            margins: Shape `(n_rows,)`: log odds against each label.
        """
        return _interpolate(margins, _GRID, self._log_odds)

    def to_margins(self, log_odds: Floats) -> Floats:
        """The margins that have these log odds: the inverse of `to_log_odds`."""
        return _interpolate(log_odds, self._log_odds, _GRID)

    def learn(self, margins: Floats, is_wrong: Bools) -> ErrorCurves:
        """The curves once people have decided some rows.

        Args:
            margins: Shape `(n_decided,)`.
            is_wrong: Shape `(n_decided,)`.
        """
        if not len(margins):
            return self
        log_weights = np.log(np.maximum(self.weights, 1e-300)) + _fit(margins, is_wrong, ~is_wrong)
        return replace(self, weights=_normalize(log_weights))

    def leave_out_implausible(self, margins: Floats) -> ErrorCurves:
        """The curves without those by which more than half of some labels are wrong.

        Models that learned from such labels would give others. Without this, a few verdicts that contradict
        the ranking (a kept label at its top, corrected ones further down) would fit a flat curve best, by
        which nearly all labels are doubted. The same curves, if all are of that kind.

        Args:
            margins: Shape `(n_rows,)`: of all labels that nobody has decided.
        """
        from scipy.special import expit

        intercepts, slopes = list_curves()
        counts, middles = _count_in_bins(margins)
        n_wrong = expit(intercepts[:, None] + slopes[:, None] * middles) @ counts
        kept = np.where(n_wrong <= len(margins) / 2, self.weights, 0.0)
        return replace(self, weights=kept / kept.sum()) if kept.any() else self

    def count_wrong(self, margins: Floats) -> ExpectedWrong:
        """How many of some labels are wrong, with the 90% interval.

        The curves differ, errors are a matter of chance, and the rows of a file do not quite follow its
        curve: all three are in the interval.

        Args:
            margins: Shape `(n_rows,)`.
        """
        from scipy.special import expit, ndtr

        n_rows = len(margins)
        if not n_rows:
            return ExpectedWrong(0, 0.0, 0, 0, 0, LEVEL)
        intercepts, slopes = list_curves()
        likely = self.weights > 1e-6 * self.weights.max()
        weights = self.weights[likely] / self.weights[likely].sum()
        counts, middles = _count_in_bins(margins)
        probability = expit(intercepts[likely, None] + slopes[likely, None] * middles)
        mean = probability @ counts
        chance = (probability * (1 - probability)) @ counts
        spread = np.sqrt(chance + (_DRIFT * chance) ** 2 + 0.25)
        tail = (1 - LEVEL) / 2
        low, middle, high = (
            _find_quantile(lambda value: float(weights @ ndtr((value - mean) / spread)), level, n_rows)
            for level in (tail, 0.5, 1 - tail)
        )
        return ExpectedWrong(n_rows, float(weights @ mean), low, middle, high, LEVEL)


@cache
def list_curves() -> tuple[Floats, Floats]:
    """The intercepts and the slopes of all curves, each of shape `(n_intercepts * n_slopes,)`."""
    intercepts, slopes = np.meshgrid(INTERCEPTS, SLOPES, indexing="ij")
    return intercepts.ravel(), slopes.ravel()


def find_curves(features: SetFeatures) -> ErrorCurves:
    """The curves of the known sets, each weighed by how like this file the set is."""
    known = read_known_sets()
    return mix_curves(known, features)


def mix_curves(known: KnownSets, features: SetFeatures) -> ErrorCurves:
    """The curves of some known sets, each weighed by how like a file the set is.

    Label sets on the same rows share a part of their weight, so that no rows count for many.
    """
    spread = known.features.std(axis=0)
    apart = ((known.features - features.to_array()) / np.where(spread > 0, spread, 1.0)) ** 2
    likeness = np.exp(-apart.sum(axis=1) / (2 * _LIKENESS**2)) + _LEAST_WEIGHT
    _, of_rows, n_same = np.unique(known.rows, return_inverse=True, return_counts=True)
    weights = likeness / np.sqrt(n_same[of_rows])
    return ErrorCurves(weights / weights.sum() @ known.curves)


def make_unskilled_curves() -> ErrorCurves:
    """The curves where models can't predict the labels: a margin hardly weighs until verdicts say more."""
    return _center_curves(_UNSKILLED_SLOPE)


def make_unlearned_curves() -> ErrorCurves:
    """The curves of a kind of labels of which no set is known: margins are added to the usual log odds."""
    return _center_curves(1.0)


def _center_curves(slope: float) -> ErrorCurves:
    """Curves around the one with the usual share of wrong labels at a margin of 0, and this slope."""
    intercepts, slopes = list_curves()
    usual = np.log(BASE_RATE / (1 - BASE_RATE))
    away = ((intercepts - usual) / _CENTERED_SPREAD[0]) ** 2
    away += (np.log(slopes / slope) / _CENTERED_SPREAD[1]) ** 2
    return ErrorCurves(_normalize(-away / 2))


# ------------------------------------------------------------------- the known sets


@dataclass(frozen=True)
class KnownSets:
    """Label sets whose errors are known."""

    names: tuple[str, ...]
    rows: tuple[str, ...]
    """What each is a labelling of: several label sets may be of the same rows."""
    features: Floats
    """Shape `(n_sets, 4)`, as `SetFeatures.to_array` gives them."""
    curves: Floats
    """Shape `(n_sets, n_curves)`: how probable each curve is by the set's errors; rows sum to 1."""

    def leave_out(self, rows: str) -> KnownSets:
        """All label sets but those of these rows."""
        kept = np.array([one != rows for one in self.rows])
        return KnownSets(
            tuple(np.array(self.names)[kept]),
            tuple(np.array(self.rows)[kept]),
            self.features[kept],
            self.curves[kept],
        )


@cache
def read_known_sets() -> KnownSets:
    """The label sets that `doubt` comes with."""
    text = (files("doubtcli.rank") / KNOWN_SETS).read_text(encoding="utf-8")
    return parse_known_sets(list(csv.DictReader(text.splitlines())))


def parse_known_sets(lines: list[dict[str, str]]) -> KnownSets:
    """The label sets of a table: one a line."""
    features = [
        SetFeatures(
            int(line["classes"]), float(line["contradicted"]), float(line["curve_rate"]), float(line["skill"])
        ).to_array()
        for line in lines
    ]
    middles = list_bin_middles()
    curves = []
    for line in lines:
        n_rows, n_wrong = (
            np.array([float(line[f"{kind}_{place}"]) for place in range(len(middles))])
            for kind in ("rows", "wrong")
        )
        scale = min(1.0, ROWS_A_SET / max(n_rows.sum(), 1.0))
        curves.append(_normalize(_fit(middles, n_wrong * scale, (n_rows - n_wrong) * scale)))
    return KnownSets(
        tuple(f"{line['rows']} {line['labels']}" for line in lines),
        tuple(line["rows"] for line in lines),
        np.array(features),
        np.array(curves),
    )


def count_by_margin(margins: Floats, is_wrong: Bools) -> tuple[Floats, Floats]:
    """How many rows have each margin, and how many of them are wrong: a line of the table of known sets.

    Args:
        margins: Shape `(n_rows,)`.
        is_wrong: Shape `(n_rows,)`.

    Returns:
        Two arrays of shape `(n_bins,)`.
    """
    counted = margins > LEAST_MARGIN
    bins = np.digitize(margins[counted], MARGIN_EDGES)
    n_bins = len(MARGIN_EDGES) + 1
    n_wrong = np.bincount(bins, weights=is_wrong[counted], minlength=n_bins)
    return np.bincount(bins, minlength=n_bins).astype(np.float64), n_wrong.astype(np.float64)


def list_bin_middles() -> Floats:
    """The margin that stands for each bin of a known set."""
    edges = np.array([LEAST_MARGIN, *MARGIN_EDGES, MOST_MARGIN])
    return np.asarray((edges[1:] + edges[:-1]) / 2)


# --------------------------------------------------------------------------- numbers


def _fit(margins: Floats, wrong: Floats | Bools, right: Floats | Bools) -> Floats:
    """The log likelihood of each curve.

    Args:
        margins: Shape `(n_margins,)`.
        wrong: How many wrong labels have each margin.
        right: How many right ones.
    """
    intercepts, slopes = list_curves()
    log_odds = intercepts[:, None] + slopes[:, None] * margins
    return np.asarray(-np.logaddexp(0, -log_odds) @ wrong - np.logaddexp(0, log_odds) @ right)


def _normalize(log_weights: Floats) -> Floats:
    weights = np.exp(log_weights - log_weights.max())
    return np.asarray(weights / weights.sum())


def _interpolate(values: Floats, at: Floats, to: Floats) -> Floats:
    """The straight line between points, which goes on beyond the first and the last."""
    inside = np.interp(values, at, to)
    below = (to[1] - to[0]) / (at[1] - at[0]) * np.minimum(values - at[0], 0.0)
    above = (to[-1] - to[-2]) / (at[-1] - at[-2]) * np.maximum(values - at[-1], 0.0)
    return np.asarray(inside + below + above)


def _count_in_bins(margins: Floats) -> tuple[Floats, Floats]:
    """The same margins in few numbers: how many there are of each, and which they are."""
    if len(margins) <= _COUNT_BINS:
        return np.ones(len(margins)), margins
    counts, edges = np.histogram(margins, _COUNT_BINS)
    return counts.astype(np.float64), (edges[1:] + edges[:-1]) / 2


def _find_quantile(share_up_to: Callable[[float], float], level: float, n_rows: int) -> int:
    """The least number of rows up to which at least this share lies."""
    low, high = 0, n_rows
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if share_up_to(middle + 0.5) >= level else (middle + 1, high)
    return low
