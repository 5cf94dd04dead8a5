"""Reasons' scores -> why a row is doubted, in words that the person who relabels it understands.

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
    from doubtcli.records.arrays import Bools, Codes

MOST_FRAGMENTS = 3
"""As many as a person can read at a glance; the report has the others."""


class _Fragment(NamedTuple):
    """The text of one reason for a row; fragments that compare as smaller come first."""

    is_context: bool
    is_supportive: bool
    """Whether its evidence gives the label more than any other one, though less than usual."""
    weakness: float
    place: tuple[bool, int, int]
    """Within a voice: error reasons first, then those with the plainest evidence, then the listed order."""
    voice: str
    """The voice of its evidence; a reason that can't explain itself has a voice of its own."""
    text: str


def explain_rows(  # noqa: PLR0917  # a stage of the pipeline, which needs all stages before it
    loaded: Sequence[LoadedReason],
    reasons: Sequence[ReasonScores],
    examples: Examples,
    evidence: Evidence,
    ranking: Ranking,
    rows: Codes | Sequence[int],
) -> list[str]:
    """Why each of `rows` is doubted, in plain words, one text for each; "" where there is nothing to say.

    The reasons that raise doubt are explained by their evidence, the strongest first, error reasons before
    context. Where no error reason raises doubt, the strongest one is explained nevertheless. Of the reasons
    of one voice only one is shown: four texts about the same probabilities would look like four opinions.
    Evidence that gives the label more than any other is left out where there is evidence against the label.

    Args:
        loaded: The reasons that were run.
        reasons: Their scores.
        examples: The rows.
        evidence: The evidence that the reasons read.
        ranking: The labels that are suggested instead.
        rows: The row numbers to explain, in any order.
    """
    listed = {one.name: (place, one) for place, one in enumerate(loaded)}
    background = _make_background(examples, ranking)
    supported, nothing = _find_supported(evidence), np.zeros(examples.n_rows, dtype=np.bool_)
    fragments: dict[int, list[_Fragment]] = defaultdict(list)
    for reason, chosen in zip(reasons, _choose_rows(reasons, np.asarray(rows, dtype=np.intp)), strict=True):
        place, one = listed[reason.name]
        is_context = reason.family != "error"
        voice = f"voice {reason.voice}" if one.can_explain else reason.name
        texts = explain_reason(one, reason, evidence, background, chosen)
        is_supportive = supported.get("" if is_context else reason.voice, nothing)[chosen]
        by_row = zip(
            chosen.tolist(), is_supportive.tolist(), reason.scores[chosen].tolist(), texts, strict=True
        )
        for row, supports, score, text in by_row:
            order = (is_context, one.n_axes, place)
            fragments[row].append(_Fragment(is_context, supports, -score, order, voice, text))
    return [_join_fragments(fragments[int(row)]) for row in rows]


def _make_background(examples: Examples, ranking: Ranking) -> Background:
    return Background(
        class_names=name_classes((*examples.class_names, *ranking.further_labels)),
        suggested_labels=ranking.suggested_labels,
        training_labels=examples.training_labels,
        pred_probs_are_yours=examples.given_pred_probs is not None,
        inputs=examples.inputs,
    )


def _find_supported(evidence: Evidence) -> dict[str, Bools]:
    """For models and for neighbours, the rows of which they give the label more than any other one."""
    if "n_classes" not in evidence:
        return {}
    known = {"models": evidence.pred_probs, "neighbors": evidence.neighbor_votes}
    return {
        voice: (shares.argmax(axis=1) == evidence.given_labels) & (shares.max(axis=1) > 0)
        for voice, shares in known.items()
        if shares is not None
    }


def _choose_rows(reasons: Sequence[ReasonScores], rows: Codes) -> list[Codes]:
    """The rows that each reason explains."""
    scores = np.array([reason.scores[rows] for reason in reasons]).reshape(len(reasons), len(rows))
    chosen = scores >= REASON_SPEAKS
    errors = np.flatnonzero([reason.family == "error" for reason in reasons])
    if len(errors):
        known = np.nan_to_num(scores[errors], nan=0.0)
        quiet = np.flatnonzero(~chosen[errors].any(axis=0) & (known.max(axis=0) > 0))
        chosen[errors[known[:, quiet].argmax(axis=0)], quiet] = True
    return [rows[row] for row in chosen]


def _join_fragments(fragments: list[_Fragment]) -> str:
    """One text of each voice, the strongest first; equally strong ones in the order of the reasons."""
    by_voice: dict[str, list[_Fragment]] = defaultdict(list)
    is_contradicted = any(not one.is_context and not one.is_supportive for one in fragments)
    kept = [one for one in fragments if not (one.is_supportive and is_contradicted)]
    for fragment in sorted(kept, key=lambda fragment: (fragment.is_context, fragment.weakness)):
        by_voice[fragment.voice].append(fragment)
    chosen = (min(same, key=lambda fragment: fragment.place) for same in by_voice.values())
    return "; ".join(list(dict.fromkeys(fragment.text for fragment in chosen))[:MOST_FRAGMENTS])
