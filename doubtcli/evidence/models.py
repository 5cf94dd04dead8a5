"""Features and labels -> the predictions of models that never saw the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from doubtcli.predict.folds import MANY_CLASSES, MOST_SPLIT_TWICE
from doubtcli.records import Need

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from doubtcli.evidence.meaning import Meaning
    from doubtcli.progress import Progress
    from doubtcli.records import Codes, Engine, Examples, Features, Model, Predictions
    from doubtcli.settings import ScanSettings


@dataclass(frozen=True)
class SuitableModels:
    """The models for the features."""

    makes: ClassVar = {"models": None}
    is_costly: ClassVar = True
    is_fast: ClassVar = True
    reads: ClassVar = ("fast", "by_batches")

    def make(
        self,
        learnable_features: Features,
        settings: ScanSettings,
        note: Callable[[str], None],
        n_classes: int | None = None,
        meaning: Meaning | None = None,
    ) -> Mapping[str, Any]:
        """Choose the models; none of them is fitted yet."""
        fast = settings.fast
        if not fast and n_classes is not None and n_classes > MANY_CLASSES:
            fast = True
            note(f"as there are {n_classes:,} classes, only the fastest models are used; others take hours")
        features = learnable_features if meaning is None else meaning.add_to(learnable_features)
        if settings.by_batches and not fast:
            models = features.list_cheapest_models()
        else:
            models = features.models(fast=fast)
        if meaning is not None:
            models += meaning.block.models(features.blocks, fast=fast or settings.by_batches)
        return {"models": tuple(model for model in models if _can_learn(model, n_classes))}


@dataclass(frozen=True)
class ModelPredictions:
    """The user's own probabilities if there are any, else those of models, out of fold for each row."""

    makes: ClassVar = {
        "pred_probs": Need(
            "Shape `(n_rows, n_classes)`: out-of-fold, the models pooled over all repeats.",
            "there are no predicted probabilities: no input columns, and no --pred-probs FILE",
            source="models",
            axes=("rows", "classes"),
        ),
        "pred_probs_by_model": Need(
            "Shape `(n_models, n_rows, n_classes)`: out-of-fold, the mean over repeats.",
            "there is only one model, or none",
            source="models",
            axes=("models", "rows", "classes"),
        ),
        "pred_probs_by_repeat": Need(
            "Shape `(n_repeats, n_rows, n_classes)`: out-of-fold, the models pooled.",
            "rows were not split repeatedly: the scan is fast, or has more than 10,000 rows or 300 "
            "classes (--repeats 2 splits them twice), or the probabilities are yours, or missing",
            source="models",
            axes=("repeats", "rows", "classes"),
        ),
        "predictions": None,
    }
    is_costly: ClassVar = True
    is_fast: ClassVar = True
    reads: ClassVar = ("is_short", "repeats", "folds", "seed")
    is_kept: ClassVar = True

    def make(
        self,
        examples: Examples,
        training_labels: Codes,
        n_classes: int,
        together: Codes,
        *,
        settings: ScanSettings,
        engine: Engine,
        progress: Progress,
        note: Callable[[str], None],
        models: Sequence[Model] | None = None,
    ) -> Mapping[str, Any]:
        """Fit all models to all folds but one, once or more: see `_count_repeats`."""
        from doubtcli.predict.crossfit import cross_fit, wrap_given_pred_probs

        if examples.given_pred_probs is not None:
            return _make_pieces(wrap_given_pred_probs(examples.given_pred_probs))
        if models is None:
            return {}
        for sentence in dict.fromkeys(model.note for model in models if model.note):
            note(sentence)
        repeats = _count_repeats(settings, examples.n_rows, n_classes)
        with progress.stage("Cross-fitting models", len(models) * repeats) as advance:
            predictions = cross_fit(
                models,
                training_labels,
                n_classes,
                together,
                n_folds=settings.folds,
                n_repeats=repeats,
                seed=settings.seed,
                engine=engine,
                advance=advance,
            )
        if predictions.left_out:
            names = ", ".join(predictions.left_out)
            note(f"left out, because they predict the labels no better than chance: {names}")
        return _make_pieces(predictions)


def _can_learn(model: Model, n_classes: int | None) -> bool:
    """Whether a model is worth fitting to so many classes; models of other packages need not say it."""
    most = getattr(model, "most_classes", None)
    return most is None or n_classes is None or n_classes <= most


def _count_repeats(settings: ScanSettings, n_rows: int, n_classes: int) -> int:
    """How often all models are fitted: where the settings don't say it, as often as is worth its cost."""
    if settings.is_short:
        return 1
    is_small = n_rows <= MOST_SPLIT_TWICE and n_classes <= MANY_CLASSES
    return settings.repeats or (2 if is_small else 1)


def _make_pieces(predictions: Predictions) -> Mapping[str, Any]:
    several, repeated = len(predictions.by_model) > 1, len(predictions.by_repeat) > 1
    return {
        "predictions": predictions,
        "pred_probs": predictions.pooled,
        "pred_probs_by_model": predictions.by_model if several else None,
        "pred_probs_by_repeat": predictions.by_repeat if repeated else None,
    }
