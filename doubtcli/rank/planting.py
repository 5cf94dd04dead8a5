"""Errors planted in the labels, and judged: what they teach of doubts, and of the audit itself."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from doubtcli import plugins
from doubtcli.evidence.graph import gather_again
from doubtcli.rank.power import found_in_first, learn_slope, measure_power
from doubtcli.records import PLANTED_SHARE, SHARE_OF_PARTS, Power

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from contextlib import AbstractContextManager

    from doubtcli.evidence.graph import Gathered
    from doubtcli.plugins import LoadedReason
    from doubtcli.progress import Advance, Progress
    from doubtcli.records import Engine, Evidence, Examples, NoiseModel, Planting, Task
    from doubtcli.records.arrays import Bools, Codes, Floats
    from doubtcli.settings import ScanSettings

_MOST_PLANTINGS, _ENOUGH_PLANTED = 2, 80
"""A scan plants once where that makes so many errors, else twice."""
_FAR = 1_000_003
"""From the seeds of the repeats to those of the plantings."""
_FEWEST_TO_PLANT, _MOST_TO_PLANT = 100, 200_000
"""Rows. With fewer, five planted errors tell nothing; with more, planting costs minutes."""


def plant(  # noqa: PLR0917  # all that a planting is made of
    task: Task,
    gathered: Gathered,
    taught: Evidence,
    examples: Examples,
    opinions: Sequence[Floats],
    sources: Collection[str],
    *,
    settings: ScanSettings,
    engine: Engine,
    progress: Progress,
    plantings: int | None = None,
) -> Planted:
    """Plant errors, cross-fit and pool again; nothing where it would cost more than it tells.

    Args:
        task: What the labels are.
        gathered: From the labels as they are.
        taught: The same evidence, judging the labels that were taught.
        examples: The labelled rows.
        opinions: What models and neighbours make of the labels as they are, once a repeat.
        sources: Of the reasons that were run, as `sources_with_a_voice` gives them.
        settings: How to judge.
        engine: Fits the models.
        progress: Told of each model fitted.
        plantings: How often to plant; as often as a scan needs if left out.
    """
    judgeable = task.find_judgeable(taught, gathered.together)
    why_not = task.why_nothing_is_planted or _why_not(gathered, examples, opinions, judgeable, settings)
    if why_not or gathered.predictions is None:
        return Planted((), (), (), why_not)
    opinion = np.mean(opinions, axis=0)
    if plantings is None:
        plantings = 1 if PLANTED_SHARE * examples.n_rows >= _ENOUGH_PLANTED else _MOST_PLANTINGS
    made, again, against = [], [], []
    total = plantings * len(gathered.predictions.model_names)
    with progress.stage("Planting errors to learn from", total) as advance:
        for number in range(1, plantings + 1):
            seed = (settings.seed + _FAR * number) % 2**32
            planting = task.plant(taught, opinion, judgeable, seed)
            once = replace(settings, seed=seed, repeats=1)
            evidence = _judge_again(gathered, planting.labels, once, engine, _OneStage(advance))
            made.append(planting)
            again.append(evidence)
            against.append(task.contradict(task.pool_opinions(evidence, sources)[0], evidence))
    return Planted(tuple(made), tuple(again), tuple(against))


def _judge_again(
    gathered: Gathered, labels: Codes, settings: ScanSettings, engine: Engine, progress: Progress
) -> Evidence:
    """What models and neighbours make of other labels for the same rows: only models that were heard."""
    heard = gathered.predictions.model_names if gathered.predictions else ()
    models = tuple(model for model in gathered.pieces["models"] if model.name in heard)
    changed = {"given_labels": labels, "taught_labels": labels, "models": models}
    return gather_again(gathered, changed, settings, engine, progress).evidence


@dataclass(frozen=True)
class _OneStage:
    """All stages as one that is open already."""

    advance: Advance

    def stage(self, title: str, total: int | None = None) -> AbstractContextManager[Advance]:  # noqa: ARG002  # as Progress
        """Count the steps of the stage that is open."""
        return nullcontext(self.advance)


@dataclass(frozen=True)
class Planted:
    """Errors planted in the labels, and what the same models made of them."""

    plantings: tuple[Planting, ...]
    evidence: tuple[Evidence, ...]
    margins: tuple[Floats, ...]
    why_not: str = ""

    def weigh(self, noise: NoiseModel, doubt: Floats) -> NoiseModel:
        """The noise model, a contradiction weighed as planted errors show that it is to be."""
        if not self.plantings:
            return noise
        # planted errors are easier than people's, the curve coarser than they: halfway held best on both
        slope = np.sqrt(learn_slope(self.margins, self.plantings, doubt) * noise.slope / noise.sd)
        return replace(noise, mean=0.0, sd=1.0, slope=float(slope), location=0.0)

    def power(self, doubted: Bools) -> Power:
        """How many of the planted errors a scan would find."""
        if not self.plantings:
            return Power(assessable=False, why=self.why_not)
        return measure_power(self.margins, self.plantings, doubted)

    def power_by_class(self, doubted: Bools) -> dict[int, float]:
        """By the label that was planted, all reasons together."""
        classes = np.unique(np.concatenate([one.labels[one.is_planted] for one in self.plantings]))
        return {
            int(code): self._found(self.margins, doubted, [one.labels == code for one in self.plantings])
            for code in classes
        }

    def power_by_reason(self, loaded: Sequence[LoadedReason], doubted: Bools) -> dict[str, float]:
        """By each error reason alone; one that can't be run on a planting says nothing of its rows."""
        silence = [np.full(len(doubted), np.nan)] * len(self.plantings)
        scores: dict[str, list[Floats]] = {}
        for number, evidence in enumerate(self.evidence):
            for reason in plugins.run_reasons(loaded, evidence)[0]:
                if reason.family == "error":
                    scores.setdefault(reason.name, [*silence])[number] = reason.scores
        return {
            name: self._found(of_reason, doubted, [one.is_planted for one in self.plantings])
            for name, of_reason in scores.items()
        }

    def _found(
        self,
        scores: Sequence[Floats],
        doubted: Bools,
        counts: Sequence[Bools],
    ) -> float:
        """The share found of the planted errors that count; each planting by how many of them it has."""
        found, total = 0.0, 0
        for score, one, counted in zip(scores, self.plantings, counts, strict=True):
            kept = one.is_planted | ~doubted
            asked = one.is_planted & counted
            if asked.any():
                found += found_in_first(score[kept], asked[kept], SHARE_OF_PARTS) * int(asked.sum())
                total += int(asked.sum())
        return found / total


def _why_not(
    gathered: Gathered,
    examples: Examples,
    opinions: Sequence[Floats],
    judgeable: Bools,
    settings: ScanSettings,
) -> str:
    """Why no errors are planted in this file, or ""."""
    if settings.fast:
        return "a fast scan plants no errors"
    if not opinions or gathered.predictions is None:
        return "there are no models that could learn from labels with planted errors"
    if examples.given_pred_probs is not None:
        return "your probabilities were made without planted errors"
    if examples.n_rows < _FEWEST_TO_PLANT:
        return f"fewer than {_FEWEST_TO_PLANT} rows are too few to plant errors in"
    if examples.n_rows > _MOST_TO_PLANT:
        return f"in more than {_MOST_TO_PLANT:,} rows planting errors costs more than it tells"
    too_tiny = "every class has too few unlike rows for models to judge it (fewer than 3)"
    return "" if judgeable.any() else too_tiny
