"""Reasons' scores -> why a row is doubted, in words that the person who relabels it understands.

"models give refund 0.91, billing 0.04; 9 of 10 nearest rows are refund, none billing; 3 of 3 annotators say
refund"
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.plugins import explain_reason
from doubtcli.reasons.explain import find_likeliest, name_classes
from doubtcli.records import REASON_SPEAKS, Background
from doubtcli.records.arrays import pick_cells

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.plugins import LoadedReason
    from doubtcli.records import Evidence, Examples, Ranking, ReasonScores
    from doubtcli.records.arrays import Bools, Codes

MOST_FRAGMENTS = 3
"""As many as a person can read at a glance; the report has the others."""


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
    Where a rule of the user's contradicts the label, what rules say comes first, however they score.

    Args:
        loaded: The reasons that were run.
        reasons: Their scores.
        examples: The rows.
        evidence: The evidence that the reasons read.
        ranking: The labels that are suggested instead.
        rows: The row numbers to explain, in any order.
    """
    listed = {one.name: (place, one) for place, one in enumerate(loaded)}
    background, some = _make_background(examples, ranking), np.asarray(rows, dtype=np.intp)
    voices = _list_voices(reasons, listed)
    kept = _choose_fragments(reasons, evidence, some)
    ruled = _find_ruled(reasons, evidence, some)
    kept |= ruled
    places = _place_fragments(reasons, kept, ruled, some)
    texts = np.full((len(voices), len(some)), "", dtype=object)
    first = np.full((len(voices), len(some)), len(reasons))
    for voice, members in enumerate(voices.values()):
        free = np.ones(len(some), dtype=np.bool_)
        for member in members:  # the plainest first
            at = np.flatnonzero(kept[member] & free)
            one = listed[reasons[member].name][1]
            texts[voice, at] = explain_reason(one, reasons[member], evidence, background, some[at])
            free[at] = False
        first[voice] = np.where(kept[members], places[members], len(reasons)).min(axis=0)
    order = np.argsort(first, axis=0, kind="stable")
    n_voices = (first < len(reasons)).sum(axis=0)
    joined = np.full(len(some), "", dtype=object)
    alone = np.flatnonzero(n_voices == 1)
    joined[alone] = texts[order[0, alone], alone] if len(alone) else ""
    for row in np.flatnonzero(n_voices > 1).tolist():
        joined[row] = _join_texts([texts[voice, row] for voice in order[: n_voices[row], row]])
    explained: list[str] = joined.tolist()
    return explained


def _list_voices(
    reasons: Sequence[ReasonScores], listed: Mapping[str, tuple[int, LoadedReason]]
) -> dict[str, list[int]]:
    """The reasons of each voice by their places: error reasons first, then those with the plainest evidence.

    A reason that can't explain itself has a voice of its own.
    """
    voices: dict[str, list[int]] = defaultdict(list)
    for number, reason in enumerate(reasons):
        one = listed[reason.name][1]
        voices[f"voice {reason.voice}" if one.can_explain else reason.name].append(number)

    def order(number: int) -> tuple[bool, int, int]:
        place, one = listed[reasons[number].name]
        return (reasons[number].family != "error", one.n_axes, place)

    return {voice: sorted(members, key=order) for voice, members in voices.items()}


def _choose_fragments(reasons: Sequence[ReasonScores], evidence: Evidence, rows: Codes) -> Bools:
    """Which reasons may be shown for each row, shape `(n_reasons, len(rows))`."""
    chosen, supported = _choose_reasons(reasons, rows), _find_supported(evidence, rows)
    supports, contradicted = np.zeros_like(chosen), np.zeros(len(rows), dtype=np.bool_)
    for number, reason in enumerate(reasons):
        if reason.family == "error":
            supports[number] = supported.get(reason.voice, False)
            contradicted |= chosen[number] & ~supports[number]
    return chosen & ~(supports & contradicted)


def _find_ruled(reasons: Sequence[ReasonScores], evidence: Evidence, rows: Codes) -> Bools:
    """Which reasons speak of a rule that contradicts each label, shape `(n_reasons, len(rows))`."""
    by_rules = np.array([reason.voice == "rules" for reason in reasons], dtype=np.bool_)
    codes, contradicted = evidence.rule_labels, np.zeros(len(rows), dtype=np.bool_)
    if codes is not None and by_rules.any():
        says = codes[rows]
        contradicted |= ((says >= 0) & (says != evidence.given_labels[rows, None])).any(axis=1)
    ruled: Bools = by_rules[:, None] & contradicted
    return ruled


def _place_fragments(reasons: Sequence[ReasonScores], kept: Bools, ruled: Bools, rows: Codes) -> Codes:
    """The place of each reason for a row: rules, errors, context; the strongest first, else as listed."""
    if not len(reasons):
        return np.zeros(kept.shape, dtype=np.intp)
    scores = np.array([reason.scores[rows] for reason in reasons])
    is_context = np.array([[reason.family != "error"] for reason in reasons])
    order = np.lexsort((-scores, np.broadcast_to(is_context, kept.shape), ~ruled, ~kept), axis=0)
    return np.argsort(order, axis=0)


def _make_background(examples: Examples, ranking: Ranking) -> Background:
    return Background(
        class_names=name_classes((*examples.class_names, *ranking.further_labels)),
        suggested_labels=ranking.suggested_labels,
        training_labels=examples.training_labels,
        pred_probs_are_yours=examples.given_pred_probs is not None,
        inputs=examples.inputs,
        rules=examples.rule_labels.rules if examples.rule_labels else (),
    )


def _find_supported(evidence: Evidence, rows: Codes) -> dict[str, Bools]:
    """For models and for neighbours, the rows of which they give the label more than any other one."""
    if "n_classes" not in evidence:
        return {}
    known = {"models": evidence.pred_probs, "neighbors": evidence.neighbor_votes}
    given = evidence.given_labels[rows]
    return {
        voice: (find_likeliest(shares, rows) == given) & (pick_cells(shares, rows, given) > 0)
        for voice, shares in known.items()
        if shares is not None
    }


def _choose_reasons(reasons: Sequence[ReasonScores], rows: Codes) -> Bools:
    """Which reasons explain each row, shape `(n_reasons, len(rows))`."""
    scores = np.array([reason.scores[rows] for reason in reasons]).reshape(len(reasons), len(rows))
    chosen = scores >= REASON_SPEAKS
    errors = np.flatnonzero([reason.family == "error" for reason in reasons])
    if len(errors):
        known = np.nan_to_num(scores[errors], nan=0.0)
        quiet = np.flatnonzero(~chosen[errors].any(axis=0) & (known.max(axis=0) > 0))
        chosen[errors[known[:, quiet].argmax(axis=0)], quiet] = True
    return chosen


def _join_texts(texts: Sequence[str]) -> str:
    return "; ".join([*dict.fromkeys(texts)][:MOST_FRAGMENTS])
