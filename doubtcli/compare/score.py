"""Rows with their labels before and after -> what the labels after teach a model, cross-validated.

One plain model is trained twice on the same rows, once on the labels before and once on those after, with the
same folds and the same seed. Both are judged on the held-out rows whose label stayed, by that label.

Which rows changed is a choice of who judges, too. Where those go that models can't learn, whatever they are
changed to, the rest is easier to learn: a gain says that, and not that the changes are right.

The interval is a paired bootstrap's: whole groups of duplicates are drawn anew, and so are the ways in which
rows were dealt into folds; both models are judged on the same draw. McNemar's exact interval would not do: it
knows neither balanced accuracy nor several deals.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.compare.sides import take_inputs
from doubtcli.evidence.graph import gather_evidence
from doubtcli.predict.crossfit import FitModel
from doubtcli.predict.engine import make_engine
from doubtcli.predict.folds import assign_folds
from doubtcli.records import Gain, RelabelScore

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.compare.sides import Matched
    from doubtcli.progress import Progress
    from doubtcli.records import Bools, Codes, Engine, Examples, Features, Floats, Model
    from doubtcli.settings import ScanSettings

PLAIN_MODELS = ("ridge regression on spelling", "logistic regression")
"""Linear, well known and the same everywhere: the first one that suits the features."""
GAIN_LEVEL = 0.9
FEWEST_JUDGED = 30
"""Rows whose label stayed. With fewer, one row is worth more than three points."""
MOST_DEALS, FEWEST_DEALS = 10, 2
"""How often rows are dealt into folds. Over a few hundred rows one deal moves the gain by a point."""
_ROWS_IN_ALL = 20_000
"""Rows to train on, all deals together, up to which there are more than the fewest."""
_RESAMPLES = 1000
_GAIN_DECIMALS = 12
_NO_INPUTS = "there are no inputs that a model could learn from"
_ONE_INPUT = "every row has the same input (or the same group), so none can be predicted from the others"


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


def score_relabelling(
    matched: Matched, examples: Examples, is_edited: Bools, progress: Progress
) -> RelabelScore:
    """What the labels after teach that those before did not.

    Args:
        matched: Both sides.
        examples: The rows that both judge, as they were before.
        is_edited: Of these: rows with other inputs after, which no model is shown.
        progress: Told of each long stage.
    """
    rows = np.flatnonzero(~is_edited)
    before, after = (labels[matched.judged][rows] for labels in (matched.pairs.before, matched.pairs.after))
    unfit = _explain_no_skill(matched) or explain_unfit(before, after)
    if unfit:
        return RelabelScore(assessable=False, why=unfit)
    settings = matched.before.settings
    engine = make_engine(settings.threads)
    gathered = gather_evidence(take_inputs(examples, rows), frozenset(), settings, engine, progress)
    features, together = gathered.features, gathered.together
    if features is None or len(np.unique(together)) < 2:  # noqa: PLR2004
        return RelabelScore(assessable=False, why=_NO_INPUTS if features is None else _ONE_INPUT)
    twice = TwiceLabelled(features, before, after, len(matched.pairs.class_names), together)
    with progress.stage("Training on either labels", 2 * count_deals(len(rows))) as advance:
        return score_labels(twice, settings, engine, advance)


def _explain_no_skill(matched: Matched) -> str:
    """What to say where models know nothing of the labels on either side; "" where they do on one."""
    before, after = (side.document.skill for side in (matched.before, matched.after))
    if before.assessable or after.assessable:
        return ""
    return f"models lack skill on the labels before and on those after: {after.why}"


def explain_unfit(before: Codes, after: Codes) -> str:
    """What keeps two sets of labels from being compared by what they teach; "" if nothing does."""
    n_judged = int(np.count_nonzero(before == after))
    if n_judged == len(before):
        return "no label changed on the rows that both audits judge, so both would teach the same"
    if n_judged < FEWEST_JUDGED:
        return f"fewer than {FEWEST_JUDGED} rows kept their label to judge by (there are {n_judged})"
    return ""


def count_deals(n_rows: int) -> int:
    """How often rows are dealt into folds: fewer times the more there are, since chance has less of a say."""
    return max(FEWEST_DEALS, min(MOST_DEALS, _ROWS_IN_ALL // n_rows))


def score_labels(
    rows: TwiceLabelled, settings: ScanSettings, engine: Engine, advance: Callable[[int], None]
) -> RelabelScore:
    """How well a model of either set of labels predicts the rows whose label stayed.

    Args:
        rows: At least two groups; `explain_unfit` has found nothing.
        settings: Seed and folds.
        engine: Fits the models.
        advance: Told of each fit, two a repeat.
    """
    models = {model.name: model for model in rows.features.models()}
    name = next(name for name in PLAIN_MODELS if name in models)
    n_folds = min(settings.folds, len(np.unique(rows.together)))
    n_repeats = count_deals(len(rows.before))
    right = np.array(
        [
            _find_right(rows, _plan_fits(rows, models[name], n_folds, settings.seed + n), engine, advance)
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
            "judged on the rows whose label stayed, out of fold"
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
    # changed rows are dealt out as a class of their own: neither set of labels has a say in the folds
    dealt = np.where(rows.before == rows.after, rows.before, rows.n_classes)
    folds = assign_folds(dealt, rows.together, n_folds, seed)
    before, after = (
        FitModel(model, labels, folds, rows.n_classes, seed, is_calibrated=False)
        for labels in (rows.before, rows.after)
    )
    return before, after


def _find_right(
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
        right: Shape `(n_deals, 2, n_rows)`: whether each row was predicted right, before and after.
        labels: Shape `(n_rows,)`.
        groups: Shape `(n_rows,)`: rows with the same number are drawn together.
        seed: Of the draws.
    """
    units = np.unique(groups, return_inverse=True)[1]
    n_units = int(units.max()) + 1
    rng = np.random.default_rng(seed)
    gained = right[:, 1].astype(np.float64) - right[:, 0]
    drawn = np.empty((_RESAMPLES, 2))
    for draw in drawn:
        times = np.bincount(rng.integers(0, n_units, n_units), minlength=n_units)[units]
        deals = np.bincount(rng.integers(0, len(gained), len(gained)), minlength=len(gained))
        draw[:] = _average(deals @ gained / len(gained), labels, times)
    # thirds and fifths don't add up to 0 exactly, and a bound of 0 must be one
    low, high = np.quantile(drawn, [(1 - GAIN_LEVEL) / 2, (1 + GAIN_LEVEL) / 2], axis=0).round(_GAIN_DECIMALS)
    shares = [_average(one, labels, np.ones(len(labels))) for one in right.mean(axis=0)]
    before, after = np.round(shares, _GAIN_DECIMALS).tolist()
    accuracy, balanced = (Gain(before[way], after[way], float(low[way]), float(high[way])) for way in (0, 1))
    return accuracy, balanced


def _average(values: Floats, labels: Codes, times: Floats | Codes) -> tuple[float, float]:
    """The mean over rows, and the mean over classes of their rows' means; each row counts so many times."""
    counts = np.bincount(labels, weights=times)
    sums = np.bincount(labels, weights=values * times)
    there = counts > 0
    return float(sums.sum() / counts.sum()), float((sums[there] / counts[there]).mean())
