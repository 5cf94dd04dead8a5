"""Plants errors in the labels and judges them: shows how many of them a scan finds."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from doubtcli import plugins
from doubtcli.evidence.content_key import find_or_make
from doubtcli.evidence.graph import gather_evidence_again
from doubtcli.records import SHARE_OF_PARTS, Power
from doubtcli.records.arrays import average_opinions

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from contextlib import AbstractContextManager

    from doubtcli.evidence.graph import Gathered
    from doubtcli.plugins import LoadedReason
    from doubtcli.progress import Advance, Progress
    from doubtcli.records import Engine, Evidence, Examples, Keeper, Planting, Predictions, Task
    from doubtcli.records.arrays import Bools, Floats
    from doubtcli.settings import ScanSettings

_FAR = 1_000_003
"""The distance between the seeds of plantings, so that they are not those of the repeats."""
_FEWEST_TO_PLANT, _MOST_TO_PLANT, _MOST_CLASSES = 100, 10_000, 300
"""Rows, and classes. With fewer rows, the five planted errors are too few to say anything; with more, a scan
does not spend the time, as what planted errors show has no part in the doubts."""
_LEAST_TRUST = 0.1
"""The trust from which on a model judges planted errors: the others hardly change the pooled predictions."""


def plant_and_judge(  # noqa: PLR0917  # everything that planting needs
    task: Task,
    gathered: Gathered,
    training_evidence: Evidence,
    examples: Examples,
    opinions: Sequence[Floats],
    sources: Collection[str],
    *,
    settings: ScanSettings,
    engine: Engine,
    progress: Progress,
    plantings: int | None = None,
    keeper: Keeper | None = None,
) -> PlantedErrors:
    """Plant errors, then fit the models that count and pool again, where that is useful.

    Args:
        task: What kind of labels the file has.
        gathered: The evidence from the labels as they are.
        training_evidence: The same evidence, with the training labels in place of the given ones.
        examples: The labelled rows.
        opinions: The opinions of models and neighbours on the labels as they are, one for each repeat.
        sources: The sources of the reasons that were run, as `find_ranked_sources` gives them.
        settings: How to judge.
        engine: Fits the models.
        progress: Counts each fitted model.
        plantings: How often to plant; if left out, once, and not at all in a large file.
        keeper: Keeps how the models judged, for later scans.
    """
    judgeable = task.find_judgeable(training_evidence, gathered.together)
    why_not = task.why_nothing_is_planted or _explain_no_planting(
        gathered, examples, opinions, judgeable, settings
    )
    is_large = examples.n_rows > _MOST_TO_PLANT or examples.n_classes > _MOST_CLASSES
    if not why_not and plantings is None and is_large:
        why_not = (
            f"a scan plants no errors in more than {_MOST_TO_PLANT:,} rows or {_MOST_CLASSES} classes, to "
            "save time; `doubt bench` does"
        )
    if why_not or gathered.predictions is None:
        return PlantedErrors((), (), (), why_not)
    opinion = average_opinions(opinions)
    plantings = plantings or 1
    made, again, against = [], [], []
    names = _list_models_that_count(gathered.predictions)
    models, total = gathered.choose_models(names), plantings * len(names)
    with progress.stage("Planting errors", total) as advance:
        for number in range(1, plantings + 1):
            seed = (settings.seed + _FAR * number) % 2**32
            planting = task.plant(training_evidence, opinion, judgeable, seed)
            once = replace(settings, seed=seed, repeats=1)
            changed = {
                "given_labels": planting.labels,
                "training_labels": planting.labels,
                "models": models,
            }
            judged = gather_evidence_again(gathered, changed, once, engine, _OneStage(advance), keeper)
            made.append(planting)
            again.append(judged.evidence)
            against.append(_contradict(task, judged, sources, keeper))
    return PlantedErrors(tuple(made), tuple(again), tuple(against))


def _list_models_that_count(predictions: Predictions) -> list[str]:
    """The names of the models whose trust is not small, and always of the one that is trusted most."""
    least = min(_LEAST_TRUST, max(predictions.trust))
    trusted = zip(predictions.model_names, predictions.trust, strict=True)
    return [name for name, trust in trusted if trust >= least]


def _contradict(task: Task, judged: Gathered, sources: Collection[str], keeper: Keeper | None) -> Floats:
    """How much models and neighbours contradict labels with planted errors."""

    def contradict() -> Floats:
        evidence = judged.evidence
        return task.contradict(task.pool_opinions(evidence, sources)[0], evidence)

    return find_or_make(keeper, lambda: judged.make_key("planted", task.name, sorted(sources)), contradict)


@dataclass(frozen=True)
class _OneStage:
    """Counts the steps of all stages in one stage that is already open."""

    advance: Advance

    def stage(self, title: str, total: int | None = None) -> AbstractContextManager[Advance]:  # noqa: ARG002  # as Progress
        """Count the steps of the stage that is open."""
        return nullcontext(self.advance)


@dataclass(frozen=True)
class PlantedErrors:
    """Errors planted in the labels, and how the same models judged them."""

    plantings: tuple[Planting, ...]
    evidence: tuple[Evidence, ...]
    margins: tuple[Floats, ...]
    why_not: str = ""

    def measure_power(self, doubted: Bools) -> Power:
        """How many of the planted errors a scan finds."""
        if not self.plantings:
            return Power(assessable=False, why=self.why_not)
        return measure_found_shares(self.margins, self.plantings, doubted)

    def measure_most_found(self, doubted: Bools) -> dict[float, float]:
        """The share of planted errors in the first rows if all of them came first, by the share of rows."""
        perfect = [one.is_planted.astype(np.float64) for one in self.plantings]
        return dict(measure_found_shares(perfect, self.plantings, doubted).found_in_first)

    def measure_power_by_class(self, doubted: Bools) -> dict[int, float]:
        """The share of planted errors that is found, by the planted label, with all reasons."""
        classes = np.unique(np.concatenate([one.labels[one.is_planted] for one in self.plantings]))
        return {
            int(code): self._measure_share(
                self.margins, doubted, [one.labels == code for one in self.plantings]
            )
            for code in classes
        }

    def measure_power_by_reason(self, loaded: Sequence[LoadedReason], doubted: Bools) -> dict[str, float]:
        """The share of planted errors that each error reason finds on its own.

        Where a reason can't be run on a planting, its scores there are NaN.
        """
        unknown = [np.full(len(doubted), np.nan)] * len(self.plantings)
        scores: dict[str, list[Floats]] = {}
        for number, evidence in enumerate(self.evidence):
            for reason in plugins.run_reasons(loaded, evidence)[0]:
                if reason.family == "error":
                    scores.setdefault(reason.name, [*unknown])[number] = reason.scores
        return {
            name: self._measure_share(of_reason, doubted, [one.is_planted for one in self.plantings])
            for name, of_reason in scores.items()
        }

    def _measure_share(
        self,
        scores: Sequence[Floats],
        doubted: Bools,
        counts: Sequence[Bools],
    ) -> float:
        """The share of the counted errors that is found; each planting weighs by how many of them it has."""
        found, total = 0.0, 0
        for score, one, counted in zip(scores, self.plantings, counts, strict=True):
            kept = one.is_planted | ~doubted
            wanted = one.is_planted & counted
            if wanted.any():
                found += measure_share_found(score[kept], wanted[kept], SHARE_OF_PARTS) * int(wanted.sum())
                total += int(wanted.sum())
        return found / total


def _explain_no_planting(
    gathered: Gathered,
    examples: Examples,
    opinions: Sequence[Floats],
    judgeable: Bools,
    settings: ScanSettings,
) -> str:
    """Why no errors are planted in this file, or ""."""
    if settings.is_short:
        return "a fast scan plants no errors" if settings.fast else "a scan by batches plants no errors"
    if not opinions or gathered.predictions is None:
        return "there are no models that could learn from labels with planted errors"
    if examples.given_pred_probs is not None:
        return "your probabilities were made without planted errors"
    if examples.n_rows < _FEWEST_TO_PLANT:
        return f"fewer than {_FEWEST_TO_PLANT} rows are too few to plant errors in"
    too_tiny = "every class has too few different rows for models to judge it (fewer than 3)"
    return "" if judgeable.any() else too_tiny


SHARES = (0.01, 0.02, 0.05, 0.1, 0.2)
"""The shares of the rows, most doubted first, for which power is measured."""


def measure_found_shares(margins: Sequence[Floats], plantings: Sequence[Planting], doubted: Bools) -> Power:
    """How many of the planted errors are among the most doubted rows.

    Rows that were doubted before planting are left out, unless planted: they would rightly come first.

    Args:
        margins: For each planting, shape `(n_rows,)`: higher is more doubted.
        plantings: The labels that were judged, and which of them were planted.
        doubted: Shape `(n_rows,)`: doubted before anything was planted.
    """
    found: Mapping[float, list[float]] = {share: [] for share in SHARES}
    for margin, planting in zip(margins, plantings, strict=True):
        kept = planting.is_planted | ~doubted
        for share in SHARES:
            found[share].append(measure_share_found(margin[kept], planting.is_planted[kept], share))
    n_planted = sum(int(planting.is_planted.sum()) for planting in plantings)
    return Power(
        assessable=True,
        why="errors were planted the way this file's classes get confused; real errors may be harder to find",
        n_planted=n_planted,
        found_in_first={share: float(np.mean(shares)) for share, shares in found.items()},
    )


def measure_share_found(scores: Floats, is_error: Bools, share: float) -> float:
    """The share of all errors that is among the first `share` of the rows by score; ties count in proportion.

    Args:
        scores: Shape `(n_rows,)`: higher is more doubted; NaN comes last.
        is_error: Shape `(n_rows,)`, with at least one error.
        share: The share of the rows, rounded up to whole rows.
    """
    scores = np.where(np.isnan(scores), -np.inf, scores)
    n_first = int(np.ceil(share * len(scores)))
    last = np.sort(scores)[-n_first]
    above, level = scores > last, scores == last
    of_level = (n_first - above.sum()) / level.sum()
    return float((is_error[above].sum() + of_level * is_error[level].sum()) / is_error.sum())
