"""What the reasons said -> why a row is doubted, in words that whoever relabels it understands.

"models give refund 0.91, billing 0.04; 9 of 10 nearest rows are refund, none billing; 3 of 3 annotators say
refund"
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from doubtcli.records import REASON_SPEAKS
from doubtcli.report.tellers import TELLERS, Case, tell, witness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from doubtcli.records import Evidence, Examples, Ranking, ReasonScores

    Rows = NDArray[np.intp]

MOST_FRAGMENTS = 3
"""As many as a person takes in at a glance; the report has the rest."""
_PRECEDENCE = {name: place for place, name in enumerate(TELLERS)}


class _Fragment(NamedTuple):
    """What one reason says of a row; smaller ones are told first."""

    is_context: bool
    weakness: float
    reason: str
    words: str


def explain_rows(
    examples: Examples,
    evidence: Evidence,
    reasons: Sequence[ReasonScores],
    ranking: Ranking,
    rows: Rows | Sequence[int],
) -> list[str]:
    """Why each of `rows` is doubted, in plain words, one text for each; "" where there is nothing to tell.

    The reasons that speak are told by their evidence, strongest first, error reasons before context; where no
    error reason speaks, the strongest one is told all the same. Reasons that quote one witness are told once:
    four readings of the same probabilities would sound like four opinions.

    Args:
        examples: The rows.
        evidence: What the reasons looked at.
        reasons: What they said.
        ranking: What is suggested instead.
        rows: The row numbers to explain, in any order.
    """
    case = Case(examples, evidence, ranking)
    said: dict[int, list[_Fragment]] = defaultdict(list)
    for reason, told in zip(reasons, _told(reasons, np.asarray(rows, dtype=np.intp)), strict=True):
        scores = reason.scores[told].tolist()
        for row, score, words in zip(told.tolist(), scores, tell(case, reason, told), strict=True):
            said[row].append(_Fragment(reason.family != "error", -score, reason.name, words))
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


def _joined(fragments: list[_Fragment]) -> str:
    """What each witness says, the strongest first; equally strong ones in the order of the reasons."""
    by_witness: dict[str, list[_Fragment]] = defaultdict(list)
    for fragment in sorted(fragments, key=lambda said: said[:2]):
        by_witness[witness(fragment.reason)].append(fragment)
    told = (min(same, key=lambda said: _PRECEDENCE.get(said.reason, 0)) for same in by_witness.values())
    return "; ".join(list(dict.fromkeys(fragment.words for fragment in told))[:MOST_FRAGMENTS])
