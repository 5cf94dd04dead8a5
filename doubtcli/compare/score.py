"""Rows with their labels before and after -> what the labels after teach a model, cross-validated.

One plain model is trained twice on the same rows, once on the labels before and once on those after, with the
same folds and the same seed. Both are judged on the held-out rows whose label stayed, by that label.

Which rows changed is a choice of who judges, too. Where those go that models can't learn, whatever they are
changed to, the rest is easier to learn: a gain says that, and not that the changes are right.

The interval is a paired bootstrap's: whole groups of duplicates are drawn anew, and both models are judged on
the same ones. McNemar's exact interval would not do: it knows neither balanced accuracy nor several repeats.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.predict.crossfit import models_for
from doubtcli.predict.folds import assign_folds
from doubtcli.records import Gain, RelabelScore

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import Bools, Codes, Features, Floats
    from doubtcli.settings import ScanSettings

PLAIN_MODELS = ("ridge regression on spelling", "logistic regression")
"""Linear, well known and the same everywhere: the first one that suits the features."""
LEVEL = 0.9
FEWEST_JUDGED = 30
"""Rows whose label stayed. With fewer, one row is worth more than three points."""
_RESAMPLES = 1000
_DECIMALS = 12


@dataclass(frozen=True)
class TwiceLabelled:
    """The rows that are judged in both audits, in canonical order, as features and two sets of labels."""

    features: Features
    before: Codes
    """Shape `(n_rows,)`, codes of the classes of both files."""
    after: Codes
    n_classes: int
    together: Codes
    """Shape `(n_rows,)`: rows with the same number are held out together."""


def why_not(before: Codes, after: Codes) -> str:
    """What keeps two sets of labels from being compared by what they teach; "" if nothing does."""
    n_judged = int(np.count_nonzero(before == after))
    if n_judged == len(before):
        return "no label changed on the rows that both audits judge, so both would teach the same"
    if n_judged < FEWEST_JUDGED:
        return f"fewer than {FEWEST_JUDGED} rows kept their label to judge by (there are {n_judged})"
    return ""


def score_labels(rows: TwiceLabelled, settings: ScanSettings, advance: Callable[[int], None]) -> RelabelScore:
    """How well a model of either set of labels predicts the rows whose label stayed.

    Args:
        rows: At least two groups; `why_not` has found nothing.
        settings: Seed, folds and repeats.
        advance: Told of each fit, two a repeat.
    """
    name = next(name for name in PLAIN_MODELS if name in models_for(rows.features))
    n_folds = min(settings.folds, len(np.unique(rows.together)))
    n_repeats = 1 if settings.fast else settings.repeats
    right = np.mean(
        [_right(rows, name, n_folds, settings.seed + n, advance) for n in range(n_repeats)], axis=0
    )
    stayed = rows.before == rows.after
    accuracy, balanced = _gains(right[:, stayed], rows.before[stayed], rows.together[stayed], settings.seed)
    return RelabelScore(
        assessable=True,
        why=(
            f"{name} is trained on the labels before and on those after, with the same rows and folds, and "
            "judged on the rows whose label stayed, out of fold"
        ),
        model=name,
        n_folds=n_folds,
        n_repeats=n_repeats,
        n_trained=len(stayed),
        n_judged=int(np.count_nonzero(stayed)),
        level=LEVEL,
        accuracy=accuracy,
        balanced_accuracy=balanced,
    )


def _right(rows: TwiceLabelled, name: str, n_folds: int, seed: int, advance: Callable[[int], None]) -> Bools:
    """Whether each row's label before is predicted, out of fold: shape `(2, n_rows)`, before and after."""
    # changed rows are dealt out as a class of their own: neither set of labels has a say in the folds
    dealt = np.where(rows.before == rows.after, rows.before, rows.n_classes)
    folds = assign_folds(dealt, rows.together, n_folds, seed)
    model = models_for(rows.features)[name]
    predicted = []
    with warnings.catch_warnings():
        # a fit cut short is a stronger penalty, no fault that a user could mend
        warnings.filterwarnings("ignore", message="lbfgs failed to converge")
        for labels in (rows.before, rows.after):
            predicted.append(model(labels, folds, rows.n_classes, seed).argmax(axis=1))
            advance(1)
    return np.asarray(np.asarray(predicted) == rows.before)


def _gains(right: Floats, labels: Codes, groups: Codes, seed: int) -> tuple[Gain, Gain]:
    """Accuracy and balanced accuracy with their intervals.

    Args:
        right: Shape `(2, n_rows)`: how often each row was predicted right, 0 to 1.
        labels: Shape `(n_rows,)`.
        groups: Shape `(n_rows,)`: rows with the same number are drawn together.
        seed: Of the draws.
    """
    units = np.unique(groups, return_inverse=True)[1]
    n_units = int(units.max()) + 1
    rng = np.random.default_rng(seed)
    gained = right[1] - right[0]
    drawn = np.empty((_RESAMPLES, 2))
    for draw in drawn:
        times = np.bincount(rng.integers(0, n_units, n_units), minlength=n_units)[units]
        draw[:] = _means(gained, labels, times)
    # thirds and fifths don't add up to 0 exactly, and a bound of 0 must be one
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2], axis=0).round(_DECIMALS)
    shares = [_means(one, labels, np.ones(len(labels))) for one in right]
    before, after = np.round(shares, _DECIMALS).tolist()
    accuracy, balanced = (Gain(before[way], after[way], float(low[way]), float(high[way])) for way in (0, 1))
    return accuracy, balanced


def _means(values: Floats, labels: Codes, times: Floats | Codes) -> tuple[float, float]:
    """The mean over rows, and the mean over classes of their rows' means; each row counts so many times."""
    counts = np.bincount(labels, weights=times)
    sums = np.bincount(labels, weights=values * times)
    there = counts > 0
    return float(sums.sum() / counts.sum()), float((sums[there] / counts[there]).mean())
