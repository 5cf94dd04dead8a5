"""What the reasons said -> why a row is doubted, in words that whoever relabels it understands.

"models give refund 0.91, billing 0.04; 9 of 10 nearest rows are refund; 2 of 3 annotators say refund"
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.records import REASON_SPEAKS
from doubtcli.report.tellers import Case, tell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from doubtcli.records import Evidence, Examples, Ranking, ReasonScores

    Rows = NDArray[np.intp]

MOST_FRAGMENTS = 3
"""As many as a person takes in at a glance; the report has the rest."""


def explain_rows(
    examples: Examples,
    evidence: Evidence,
    reasons: Sequence[ReasonScores],
    ranking: Ranking,
    rows: Rows | Sequence[int],
) -> list[str]:
    """Why each of `rows` is doubted, in plain words, one text for each; "" where there is nothing to tell.

    The reasons that speak are told by their evidence, strongest first, error reasons before context; where no
    error reason speaks, the strongest one is told all the same. What two reasons rest on is told once.

    Args:
        examples: The rows.
        evidence: What the reasons looked at.
        reasons: What they said.
        ranking: What is suggested instead.
        rows: The row numbers to explain, in any order.
    """
    case = Case(examples, evidence, ranking)
    said: dict[int, list[tuple[bool, float, str]]] = defaultdict(list)
    for reason, told in zip(reasons, _told(reasons, np.asarray(rows, dtype=np.intp)), strict=True):
        scores = reason.scores[told].tolist()
        for row, score, fragment in zip(told.tolist(), scores, tell(case, reason, told), strict=True):
            said[row].append((reason.family != "error", -score, fragment))
    return [_joined(said[int(row)]) for row in rows]


def _told(reasons: Sequence[ReasonScores], rows: Rows) -> list[Rows]:
    """The rows on which each reason is told."""
    scores = np.array([reason.scores[rows] for reason in reasons]).reshape(len(reasons), len(rows))
    told = scores >= REASON_SPEAKS
    errors = np.flatnonzero([reason.family == "error" for reason in reasons])
    if len(errors):
        heard = np.nan_to_num(scores[errors], nan=0.0)
        quiet = np.flatnonzero(~told[errors].any(axis=0) & (heard.max(axis=0) > 0))
        told[errors[heard[:, quiet].argmax(axis=0)], quiet] = True
    return [rows[row] for row in told]


def _joined(fragments: list[tuple[bool, float, str]]) -> str:
    """The strongest fragments, each once; equally strong ones in the order of the reasons."""
    strongest_first = sorted(fragments, key=lambda said: said[:2])
    once = list(dict.fromkeys(fragment for *_, fragment in strongest_first))
    return "; ".join(once[:MOST_FRAGMENTS])
