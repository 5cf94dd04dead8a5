"""What the reasons said -> why a row is doubted, in words that the person who relabels it understands.

"models give refund 0.91, billing 0.04; 9 of 10 nearest rows are refund, none billing; 3 of 3 annotators say
refund"
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from doubtcli.plugins import explain_reason
from doubtcli.reasons.explain import name_classes
from doubtcli.records import REASON_SPEAKS, Background

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.plugins import LoadedReason
    from doubtcli.records import Evidence, Examples, Ranking, ReasonScores
    from doubtcli.records.arrays import Codes

MOST_FRAGMENTS = 3
"""As many as a person takes in at a glance; the report has the rest."""


class _Fragment(NamedTuple):
    """What one reason says of a row; smaller ones come first."""

    is_context: bool
    weakness: float
    place: tuple[bool, int, int]
    """Among readings of one source: error reasons first, then those of the plainest evidence, as listed."""
    voice: str
    """In which it speaks: that of its evidence; a reason without words of its own has one to itself."""
    words: str


def explain_rows(  # noqa: PLR0917  # a stage of the pipeline: all that came before
    loaded: Sequence[LoadedReason],
    reasons: Sequence[ReasonScores],
    examples: Examples,
    evidence: Evidence,
    ranking: Ranking,
    rows: Codes | Sequence[int],
) -> list[str]:
    """Why each of `rows` is doubted, in plain words, one text for each; "" where there is nothing to say.

    The reasons that speak are explained by their evidence, strongest first, error reasons before context;
    where no error reason speaks, the strongest one is explained all the same. Of the reasons of one voice
    one is enough: four readings of the same probabilities would sound like four opinions.

    Args:
        loaded: The reasons that were asked.
        reasons: What they said.
        examples: The rows.
        evidence: What the reasons looked at.
        ranking: What is suggested instead.
        rows: The row numbers to explain, in any order.
    """
    listed = {one.name: (place, one) for place, one in enumerate(loaded)}
    background = _background(examples, ranking)
    said: dict[int, list[_Fragment]] = defaultdict(list)
    for reason, chosen in zip(reasons, _choose_rows(reasons, np.asarray(rows, dtype=np.intp)), strict=True):
        place, one = listed[reason.name]
        is_context = reason.family != "error"
        voice = f"voice {reason.voice}" if one.can_explain else reason.name
        texts = explain_reason(one, reason, evidence, background, chosen)
        for row, score, words in zip(chosen.tolist(), reason.scores[chosen].tolist(), texts, strict=True):
            said[row].append(_Fragment(is_context, -score, (is_context, one.n_axes, place), voice, words))
    return [_join_fragments(said[int(row)]) for row in rows]


def _background(examples: Examples, ranking: Ranking) -> Background:
    return Background(
        class_names=name_classes((*examples.class_names, *ranking.further_labels)),
        suggested_labels=ranking.suggested_labels,
        training_labels=examples.training_labels,
        pred_probs_are_yours=examples.given_pred_probs is not None,
        inputs=examples.inputs,
    )


def _choose_rows(reasons: Sequence[ReasonScores], rows: Codes) -> list[Codes]:
    """The rows on which each reason is explained."""
    scores = np.array([reason.scores[rows] for reason in reasons]).reshape(len(reasons), len(rows))
    chosen = scores >= REASON_SPEAKS
    errors = np.flatnonzero([reason.family == "error" for reason in reasons])
    if len(errors):
        known = np.nan_to_num(scores[errors], nan=0.0)
        quiet = np.flatnonzero(~chosen[errors].any(axis=0) & (known.max(axis=0) > 0))
        chosen[errors[known[:, quiet].argmax(axis=0)], quiet] = True
    return [rows[row] for row in chosen]


def _join_fragments(fragments: list[_Fragment]) -> str:
    """What each voice says, the strongest first; equally strong ones in the order of the reasons."""
    by_voice: dict[str, list[_Fragment]] = defaultdict(list)
    for fragment in sorted(fragments, key=lambda said: said[:2]):
        by_voice[fragment.voice].append(fragment)
    chosen = (min(same, key=lambda said: said.place) for same in by_voice.values())
    return "; ".join(list(dict.fromkeys(fragment.words for fragment in chosen))[:MOST_FRAGMENTS])
