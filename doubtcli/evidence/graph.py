"""Examples -> all that the reasons may ask for, computed once; and again for labels with planted errors."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from doubtcli.evidence.duplicates import find_duplicates
from doubtcli.evidence.neighbors import find_neighbors, neighbor_votes
from doubtcli.features.blocks import build_features
from doubtcli.predict.crossfit import brought, cross_fit
from doubtcli.predict.engine import make_engine
from doubtcli.records import Evidence

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from doubtcli.progress import Progress
    from doubtcli.records import Examples, Features, Neighbors, Predictions
    from doubtcli.settings import ScanSettings

_Number = TypeVar("_Number", bound=np.generic)

_OF_MODELS = frozenset({"pred_probs", "pred_probs_by_model", "pred_probs_by_repeat"})
OF_NEIGHBORS = frozenset({"neighbor_indices", "neighbor_distances", "neighbor_votes"})
"""Evidence that costs much, so it is only made for a reason that asks for it."""


@dataclass(frozen=True)
class Gathered:
    """The evidence, and what it was made from."""

    evidence: Evidence
    """It judges the labels as given; models and neighbours were taught those of `Examples.taught_labels`."""
    features: Features | None
    predictions: Predictions | None
    neighbors: Neighbors | None
    alike: NDArray[np.intp]
    """Shape `(n_rows,)`: rows with the same number have the same input."""
    together: NDArray[np.intp]
    """Shape `(n_rows,)`: rows with the same number are held out together."""
    notes: tuple[str, ...]


def gather(
    examples: Examples, needed: frozenset[str], settings: ScanSettings, progress: Progress
) -> Gathered:
    """All that the reasons may ask for.

    Args:
        examples: The labelled rows.
        needed: The fields of `Evidence` that some reason asks for; what only others need is not made.
        settings: How to judge.
        progress: Told of each long stage.
    """
    notes: list[str] = []
    with progress.stage("Making features"):
        features = build_features(examples)
        duplicates = find_duplicates(features, settings.folds) if features else None
    alike = duplicates.groups if duplicates else np.arange(examples.n_rows)
    together, chained = _joined(alike, examples.groups)
    notes += chained
    if examples.annotations is not None and len(np.unique(together)) < 2:  # noqa: PLR2004
        features = None
        notes.append("every row has the same input, so only the annotators judge")
    neighbors = None
    if features is not None and needed & OF_NEIGHBORS:
        with progress.stage("Finding neighbours"):
            neighbors = find_neighbors(features, examples.taught_labels, examples.n_classes, alike, together)
    predictions = _predict(examples, features if needed & _OF_MODELS else None, together, settings, progress)
    notes += [found.note for found in (duplicates, neighbors) if found is not None and found.note]
    if features is not None:
        notes += dict.fromkeys(model.note for model in features.models(fast=settings.fast) if model.note)
    if predictions and predictions.unheard:
        unheard = ", ".join(predictions.unheard)
        notes.append(f"models that learnt nothing of the labels, and are not heard: {unheard}")
    evidence = Evidence(
        given_labels=_frozen(examples.given_labels),
        n_classes=examples.n_classes,
        neighbor_indices=_frozen(neighbors.indices) if neighbors else None,
        neighbor_distances=_frozen(neighbors.distances) if neighbors else None,
        neighbor_votes=_frozen(neighbors.votes) if neighbors else None,
        duplicate_groups=_frozen(duplicates.groups) if duplicates else None,
        annotations=_frozen(examples.annotations.codes) if examples.annotations else None,
    )
    evidence = _with_predictions(evidence, predictions)
    return Gathered(evidence, features, predictions, neighbors, alike, together, tuple(notes))


def relabelled(evidence: Evidence, labels: NDArray[np.intp]) -> Evidence:
    """The same evidence, judging other labels."""
    return replace(evidence, given_labels=_frozen(labels))


def gather_again(
    gathered: Gathered,
    labels: NDArray[np.intp],
    settings: ScanSettings,
    seed: int,
    advance: Callable[[int], None],
) -> Evidence:
    """What models and neighbours make of other labels for the same rows; one repeat, models that were heard.

    Args:
        gathered: From the labels as they are; its predictions are our models'.
        labels: Shape `(n_rows,)`: these are learnt from and judged.
        settings: How to judge.
        seed: Of the folds.
        advance: Told of each model fitted.
    """
    evidence, neighbors, predictions = gathered.evidence, gathered.neighbors, gathered.predictions
    assert gathered.features is not None  # noqa: S101  # else there are no predictions of ours
    assert predictions is not None  # noqa: S101
    models = gathered.features.models(fast=settings.fast)
    again = cross_fit(
        [model for model in models if model.name in predictions.model_names],
        labels,
        evidence.n_classes,
        gathered.together,
        n_folds=settings.folds,
        n_repeats=1,
        seed=seed,
        engine=make_engine(settings.threads),
        advance=advance,
    )
    if neighbors is not None:
        votes = neighbor_votes(neighbors.indices, gathered.alike, labels, evidence.n_classes)
        evidence = replace(evidence, neighbor_votes=_frozen(votes))
    return _with_predictions(relabelled(evidence, labels), again)


def _predict(
    examples: Examples,
    features: Features | None,
    together: NDArray[np.intp],
    settings: ScanSettings,
    progress: Progress,
) -> Predictions | None:
    """The user's probabilities if there are any, else our models', else none."""
    if examples.given_pred_probs is not None:
        return brought(examples.given_pred_probs)
    if features is None:
        return None
    models = features.models(fast=settings.fast)
    repeats = 1 if settings.fast else settings.repeats
    with progress.stage("Cross-fitting models", len(models) * repeats) as advance:
        return cross_fit(
            models,
            examples.taught_labels,
            examples.n_classes,
            together,
            n_folds=settings.folds,
            n_repeats=repeats,
            seed=settings.seed,
            engine=make_engine(settings.threads),
            advance=advance,
        )


def _with_predictions(evidence: Evidence, predictions: Predictions | None) -> Evidence:
    if predictions is None:
        return evidence
    several, repeated = len(predictions.by_model) > 1, len(predictions.by_repeat) > 1
    return replace(
        evidence,
        pred_probs=_frozen(predictions.pooled),
        pred_probs_by_model=_frozen(predictions.by_model) if several else None,
        pred_probs_by_repeat=_frozen(predictions.by_repeat) if repeated else None,
    )


def _joined(
    duplicates: NDArray[np.intp], groups: NDArray[np.intp] | None
) -> tuple[NDArray[np.intp], list[str]]:
    """Groups that keep duplicates and the user's groups together: the connected components of the two.

    A text that everybody writes would chain all groups into one. Where that makes a group of more than half
    of the rows, only the user's groups are kept.
    """
    if groups is None:
        return duplicates, []
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n_rows, n_duplicates = len(groups), int(duplicates.max()) + 1
    edges = (np.ones(n_rows), (duplicates, groups + n_duplicates))
    n_nodes = n_duplicates + int(groups.max()) + 1
    components = connected_components(coo_matrix(edges, shape=(n_nodes, n_nodes)), directed=False)[1]
    joined = np.unique(components[duplicates], return_inverse=True)[1].astype(np.intp)
    if np.bincount(joined).max() > max(n_rows // 2, np.bincount(groups).max()):
        return groups, ["duplicates chain most groups into one, so only the groups share a fold"]
    return joined, []


def _frozen(array: NDArray[_Number]) -> NDArray[_Number]:
    """The array, read-only from now on, so that no reason can spoil what the next one sees."""
    array.flags.writeable = False
    return array
