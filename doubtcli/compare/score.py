"""Rows with labels before and after -> whether a model learns more from the labels after, cross-validated.

One plain model is trained twice on the same rows, once on the labels before and once on those after, with the
same folds and the same seed. Both are tested on the held-out rows whose label stayed, against that label.

The rows that changed are not a random choice. If they are the rows that models can't learn, the other rows
are easier to learn, with any new labels. So a gain does not show that the changes are right.

The interval is from a paired bootstrap: groups of duplicates are resampled as a whole, and so are the splits
into folds; both models are tested on the same resample. McNemar's exact interval is not enough, since it
covers neither balanced accuracy nor several splits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.compare.sides import take_inputs
from doubtcli.evidence.graph import gather_evidence
from doubtcli.predict.crossfit import FitModel
from doubtcli.predict.engine import make_engine
from doubtcli.predict.folds import assign_folds
from doubtcli.records import Gain, RelabelScore
from doubtcli.settings.scan import NO_EMBEDDER

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.compare.sides import Matched
    from doubtcli.progress import Progress
    from doubtcli.records import Bools, Codes, Engine, Examples, Features, Floats, Model
    from doubtcli.settings import ScanSettings

PLAIN_MODELS = ("ridge regression on spelling", "logistic regression", "logistic regression on embeddings")
"""Linear, well known and available everywhere: the first one that suits the features is used; where only a
plug-in's models suit them, its first."""
GAIN_LEVEL = 0.9
FEWEST_JUDGED = 30
"""Rows whose label stayed. With fewer, one row would make a difference of more than three points."""
MOST_SPLITS, FEWEST_SPLITS = 10, 2
"""How often rows are split into folds. With a few hundred rows another split changes the gain by a point."""
_ROWS_IN_ALL = 20_000
"""Rows to train on in all splits together: with more, there are only the fewest splits."""
_RESAMPLES = 1000
_GAIN_DECIMALS = 12
_NO_INPUTS = "there are no inputs that a model could learn from"
_ONE_INPUT = "every row has the same input (or the same group), so none can be predicted from the others"


@dataclass(frozen=True)
class TwiceLabelled:
    """The rows with a label in both audits, in canonical order, as features and two sets of labels."""

    features: Features
    before: Codes
    """Shape `(n_rows,)`, codes of the classes of both files."""
    after: Codes
    n_classes: int
    together: Codes
    """Shape `(n_rows,)`: rows with the same number are held out together."""


def score_relabelling(
    matched: Matched, examples: Examples, is_edited: Bools, progress: Progress
) -> RelabelScore:
    """Whether a model learns more from the labels after than from those before.

    Args:
        matched: Both sides.
        examples: The rows with a label in both, as they were before.
        is_edited: Of these: rows with other inputs after, which are left out.
        progress: Shows each long stage.
    """
    rows = np.flatnonzero(~is_edited)
    before, after = (labels[matched.judged][rows] for labels in (matched.pairs.before, matched.pairs.after))
    unfit = _explain_no_skill(matched) or explain_unfit(before, after)
    if unfit:
        return RelabelScore(assessable=False, why=unfit)
    settings = replace(matched.before.settings, embed=NO_EMBEDDER)  # the plain model does not use it
    engine = make_engine(settings.threads)
    gathered = gather_evidence(take_inputs(examples, rows), frozenset(), settings, engine, progress)
    features, together = gathered.features, gathered.together
    if features is None or len(np.unique(together)) < 2:  # noqa: PLR2004
        return RelabelScore(assessable=False, why=_NO_INPUTS if features is None else _ONE_INPUT)
    twice = TwiceLabelled(features, before, after, len(matched.pairs.class_names), together)
    with progress.stage("Training on either labels", 2 * count_splits(len(rows))) as advance:
        return score_labels(twice, settings, engine, advance)


def _explain_no_skill(matched: Matched) -> str:
    """Why there is no score if models have no skill on either side; "" if they have on one."""
    before, after = (side.document.skill for side in (matched.before, matched.after))
    if before.assessable or after.assessable:
        return ""
    return f"models predict neither the labels before nor those after better than chance: {after.why}"


def explain_unfit(before: Codes, after: Codes) -> str:
    """Why two sets of labels can't be compared by training on them; "" if they can."""
    n_judged = int(np.count_nonzero(before == after))
    if n_judged == len(before):
        return "no label changed on the rows with a label in both audits, so a model would learn the same"
    if n_judged < FEWEST_JUDGED:
        return f"only {n_judged} rows kept their label, and at least {FEWEST_JUDGED} are needed to test on"
    return ""


def count_splits(n_rows: int) -> int:
    """How often rows are split into folds: fewer times with more rows, since chance matters less."""
    return max(FEWEST_SPLITS, min(MOST_SPLITS, _ROWS_IN_ALL // n_rows))


def score_labels(
    rows: TwiceLabelled, settings: ScanSettings, engine: Engine, advance: Callable[[int], None]
) -> RelabelScore:
    """How well models trained on either set of labels predict the rows whose label stayed.

    Args:
        rows: At least two groups; `explain_unfit` has found nothing.
        settings: Seed and folds.
        engine: Fits the models.
        advance: Called after each fit, twice a repeat.
    """
    models = {model.name: model for model in rows.features.models()}
    name = next((name for name in PLAIN_MODELS if name in models), next(iter(models)))
    n_folds = min(settings.folds, len(np.unique(rows.together)))
    n_repeats = count_splits(len(rows.before))
    right = np.array(
        [
            _predict_right(rows, _plan_fits(rows, models[name], n_folds, settings.seed + n), engine, advance)
            for n in range(n_repeats)
        ]
    )
    stayed = rows.before == rows.after
    accuracy, balanced = _measure_gains(
        right[:, :, stayed], rows.before[stayed], rows.together[stayed], settings.seed
    )
    return RelabelScore(
        assessable=True,
        why=(
            f"{name} is trained on the labels before and on those after, with the same rows and folds, and "
            "tested on the rows whose label stayed, out of fold"
        ),
        model=name,
        n_folds=n_folds,
        n_repeats=n_repeats,
        n_trained=len(stayed),
        n_judged=int(np.count_nonzero(stayed)),
        level=GAIN_LEVEL,
        accuracy=accuracy,
        balanced_accuracy=balanced,
    )


def _plan_fits(rows: TwiceLabelled, model: Model, n_folds: int, seed: int) -> tuple[FitModel, FitModel]:
    """The trainings on the labels before and on those after."""
    # changed rows are one class in the split, so that neither set of labels determines the folds
    strata = np.where(rows.before == rows.after, rows.before, rows.n_classes)
    folds = assign_folds(strata, rows.together, n_folds, seed)
    before, after = (
        FitModel(model, labels, folds, rows.n_classes, seed, is_calibrated=False)
        for labels in (rows.before, rows.after)
    )
    return before, after


def _predict_right(
    rows: TwiceLabelled, jobs: tuple[FitModel, FitModel], engine: Engine, advance: Callable[[int], None]
) -> Bools:
    """Whether each row's label before is predicted, out of fold: shape `(2, n_rows)`, before and after."""
    predicted = []
    for scores in engine.map(jobs):
        predicted.append(scores.argmax(axis=1))
        advance(1)
    return np.asarray(np.asarray(predicted) == rows.before)


def _measure_gains(right: Bools, labels: Codes, groups: Codes, seed: int) -> tuple[Gain, Gain]:
    """Accuracy and balanced accuracy with their intervals.

    Args:
        right: Shape `(n_splits, 2, n_rows)`: whether each row was predicted right, before and after.
        labels: Shape `(n_rows,)`.
        groups: Shape `(n_rows,)`: rows with the same number are resampled together.
        seed: Of the bootstrap.
    """
    units = np.unique(groups, return_inverse=True)[1]
    n_units = int(units.max()) + 1
    rng = np.random.default_rng(seed)
    gained = right[:, 1].astype(np.float64) - right[:, 0]
    drawn = np.empty((_RESAMPLES, 2))
    for draw in drawn:
        times = np.bincount(rng.integers(0, n_units, n_units), minlength=n_units)[units]
        splits = np.bincount(rng.integers(0, len(gained), len(gained)), minlength=len(gained))
        draw[:] = _average(splits @ gained / len(gained), labels, times)
    # sums of thirds and fifths may miss 0 by rounding, and a bound of 0 must be exactly 0
    low, high = np.quantile(drawn, [(1 - GAIN_LEVEL) / 2, (1 + GAIN_LEVEL) / 2], axis=0).round(_GAIN_DECIMALS)
    shares = [_average(one, labels, np.ones(len(labels))) for one in right.mean(axis=0)]
    before, after = np.round(shares, _GAIN_DECIMALS).tolist()
    accuracy, balanced = (Gain(before[way], after[way], float(low[way]), float(high[way])) for way in (0, 1))
    return accuracy, balanced


def _average(values: Floats, labels: Codes, times: Floats | Codes) -> tuple[float, float]:
    """The mean over rows, and the mean over classes of their rows' means; `times` weights the rows."""
    counts = np.bincount(labels, weights=times)
    sums = np.bincount(labels, weights=values * times)
    there = counts > 0
    return float(sums.sum() / counts.sum()), float((sums[there] / counts[there]).mean())
