"""What a person's verdicts make of the doubts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records import Evidence

if TYPE_CHECKING:
    from doubtcli.rank.prior import ErrorCurves
    from doubtcli.records import Examples, Ranking, Verdicts
    from doubtcli.records.arrays import Codes, Floats


# ------------------------------------------------------------------- doubts


def learn_from_verdicts(
    curves: ErrorCurves, margins: Floats, given_labels: Codes, verdicts: Verdicts | None
) -> ErrorCurves:
    """How likely a label is wrong at each margin, once people have decided some rows.

    Rows were decided because they were doubted; this does not bias the curves, as the margin is their input.
    The margin of a row comes from models that were fitted without it, so it does not contain its own verdict.
    A verdict on equal rows counts once: it is one person's look.

    Args:
        curves: Before any verdict.
        margins: Shape `(n_rows,)`.
        given_labels: Shape `(n_rows,)`.
        verdicts: What people decided.
    """
    if verdicts is None:
        return curves
    decided = verdicts.codes >= 0
    looked_at = decided if verdicts.from_equal is None else decided & ~verdicts.from_equal
    if not looked_at.any():
        return curves
    plausible = curves.leave_out_implausible(margins[~decided])
    return plausible.learn(margins[looked_at], verdicts.codes[looked_at] != given_labels[looked_at])


def set_corrected_apart(evidence: Evidence, examples: Examples) -> Evidence:
    """The evidence in which a row whose label people corrected does not support that label in equal rows."""
    corrected = examples.training_labels != examples.given_labels
    if evidence.equal_groups is None or not corrected.any():
        return evidence
    alone = int(evidence.equal_groups.max()) + 1 + np.arange(len(corrected))
    return Evidence(evidence, equal_groups=np.where(corrected, alone, evidence.equal_groups))


def mark_decided_rows(ranking: Ranking, examples: Examples) -> Ranking:
    """The ranking with the rows that people decided: their doubt is 1 if the label was corrected, else 0.

    The suggested label of such a row is the verdict. It is no longer doubted, and leaves the queue.
    """
    if examples.verdicts is None:
        return ranking
    decided = examples.verdicts.codes >= 0
    training_labels = examples.training_labels
    is_wrong = training_labels != examples.given_labels
    order = ranking.order
    # corrected rows first, kept ones last, both as they were ranked
    known = np.where(decided, np.where(is_wrong, -1, 1), 0)[order]
    return replace(
        ranking,
        doubt=np.where(decided, is_wrong.astype(np.float64), ranking.doubt),
        doubt_sd=np.where(decided, 0.0, ranking.doubt_sd),
        suggested_labels=np.where(decided, training_labels, ranking.suggested_labels),
        suggested_confidence=np.where(decided, 1.0, ranking.suggested_confidence),
        doubted=ranking.doubted & ~decided,
        contradicted=ranking.contradicted & ~decided,
        order=order[np.argsort(known, kind="stable")],
        decided=decided,
    )
