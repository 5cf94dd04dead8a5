"""What the page and the terminal show of a row: all that is needed to decide on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from doubtcli.rank.combine import list_counted_reasons
from doubtcli.rank.figures import summarize_rows
from doubtcli.rank.why import explain_rows
from doubtcli.records import Role
from doubtcli.report.page_rows import list_shown_columns, row_content, to_shown_texts
from doubtcli.review.highlights import UnusualValues, WordCounts, mark_words
from doubtcli.review.session import STATES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.plugins import LoadedReason
    from doubtcli.review.pictures import Pictures
    from doubtcli.review.session import Session

MOST_LETTERS = 100_000
"""Of one value: more is cut, and the card says so."""
MOST_PARTNERS = 5
_HIDDEN = {
    *("suggested", "confidence", "doubt", "tier", "bin", "doubtSd", "why", "scores", "speaks", "probs"),
    "equal",  # a row that was drawn stands for itself alone
}
"""What would give a row away that was drawn at random."""


class Cards:
    """Makes the cards of an audit's rows.

    Args:
        session: The review.
        loaded: The reasons that the scan ran, which explain themselves.
        pictures: Those that the rows name.
    """

    def __init__(
        self, session: Session, loaded: Sequence[LoadedReason], pictures: Pictures | None = None
    ) -> None:
        self._session = session
        self._pictures = pictures
        self._loaded = loaded
        examples = session.audit.examples
        self._words = WordCounts(examples, session.audit.seed)
        self._unusual = UnusualValues(examples)
        self._n_texts = len(examples.columns_of(Role.TEXT))

    def make(self, rows: Sequence[int], *, blind: bool = False) -> dict[str, Any]:
        """The cards of some rows, ready for JSON; and a pool of the rows that they mention.

        Args:
            rows: Their numbers in the audit's arrays.
            blind: Whether to leave out what would tell drawn rows from doubted ones.
        """
        audit = self._session.audit
        summaries = summarize_rows(audit, np.array(rows, dtype=np.intp))
        content = row_content(audit, summaries, MOST_LETTERS)
        whys = self._explain(rows)
        partners = [self._find_partners(one) for one in rows]
        values = self._read_values([*rows, *(row for some in partners for row in some)])
        cards = []
        parts = zip(content["doubted"], rows, whys, partners, strict=True)
        for place, (card, row, why, some) in enumerate(parts):
            shown = {name: part for name, part in card.items() if not (blind and name in _HIDDEN)}
            more = {"blind": True} if blind else {"why": why, **self._point_out(row, values[row])}
            pairs = [] if blind else [self._describe_partner(row, other, values[other]) for other in some]
            about = {"index": row, "place": place, "partners": pairs}
            cards.append(shown | more | self.describe_state(row) | self._list_pictures(row) | about)
        return {"cards": cards, "pool": content["pool"]}

    def describe_state(self, row: int) -> dict[str, Any]:
        """What became of a row, by this person and by others."""
        session = self._session
        verdict = session.verdict_on(row)
        others = {who: said.label or said.status for who, said in sorted(session.others_on(row).items())}
        return {
            "state": STATES[session.states[row]],
            "verdict": "" if verdict is None else verdict.label,
            "note": "" if verdict is None else verdict.why,
            "version": session.version_of(row),
            "others": others,
        }

    def _explain(self, rows: Sequence[int]) -> list[str]:
        audit = self._session.audit
        counted = list_counted_reasons(audit.reasons, audit.skill)
        known = [audit.why[row] for row in rows]
        if all(known):
            return known
        made = explain_rows(self._loaded, counted, audit.examples, audit.evidence, audit.ranking, rows)
        return [one or other for one, other in zip(known, made, strict=True)]

    def _point_out(self, row: int, values: Sequence[str | None]) -> dict[str, Any]:
        """The words that speak for each label, and the values that are unusual for the given one."""
        audit = self._session.audit
        given = int(audit.examples.given_labels[row])
        suggested = min(int(audit.ranking.suggested_labels[row]), audit.examples.n_classes - 1)
        texts = list(values[: self._n_texts])
        marks = mark_words(self._words, texts, row, given, suggested) if self._n_texts else []
        return {"marks": marks, "unusual": self._unusual.explain(row, given, suggested)}

    # ------------------------------------------------------------------ rows to compare with

    def _find_partners(self, row: int) -> list[int]:
        """The rows to show beside a row: of the same input with another label, then the nearest with one."""
        audit = self._session.audit
        labels = audit.examples.training_labels
        same, near = self._list_duplicates(row), self._list_near(row)
        suggested = int(audit.ranking.suggested_labels[row])
        contradicting = [one for one in same if labels[one] != labels[row]]
        contradicting += [one for one in near if labels[one] == suggested != labels[row]][:1]
        contradicting += [one for one in near if labels[one] != labels[row]][:1]
        agreeing = [one for one in same if labels[one] == labels[row]]
        return [*dict.fromkeys([*contradicting, *agreeing])][:MOST_PARTNERS]

    def _list_duplicates(self, row: int) -> list[int]:
        groups = self._session.audit.evidence.duplicate_groups
        if groups is None:
            return []
        return [one for one in np.flatnonzero(groups == groups[row]).tolist() if one != row]

    def _list_near(self, row: int) -> list[int]:
        indices = self._session.audit.evidence.neighbor_indices
        return [] if indices is None else [one for one in indices[row].tolist() if one >= 0]

    def _describe_partner(self, row: int, other: int, values: Sequence[str | None]) -> dict[str, Any]:
        audit = self._session.audit
        examples, evidence = audit.examples, audit.evidence
        equal, groups = evidence.equal_groups, evidence.duplicate_groups
        kind = "near"
        if groups is not None and groups[row] == groups[other]:
            kind = "nearly the same"
        if equal is not None and equal[row] == equal[other]:
            kind = "the same"
        return {
            "index": other,
            "id": examples.row_ids[other],
            "row": int(examples.positions[other]) + 1,
            "given": int(examples.given_labels[other]),
            "values": list(values),
            "kind": kind,
            **self.describe_state(other),
            **self._list_pictures(other),
        }

    def _list_pictures(self, row: int) -> dict[str, Any]:
        position = int(self._session.audit.examples.positions[row])
        found = [] if self._pictures is None else self._pictures.describe(position)
        return {"pictures": found} if found else {}

    def _read_values(self, rows: Sequence[int]) -> dict[int, list[str | None]]:
        """The values of some rows as texts, in the order of the shown columns."""
        audit = self._session.audit
        table = audit.examples.inputs.select(list_shown_columns(audit)).take(pa.array(rows, pa.int64()))
        columns = [to_shown_texts(column) for column in table.columns]
        found = [list(row) for row in zip(*columns, strict=True)] or [[] for _ in rows]
        return {row: [_cut(value) for value in own] for row, own in zip(rows, found, strict=True)}


def move_places(card: dict[str, Any], by: int) -> dict[str, Any]:
    """A card whose places in the pool of rows are later by some number."""
    moved = card | {"place": card["place"] + by}
    if "near" in card:
        moved["near"] = [[place + by, far] for place, far in card["near"]]
    if "duplicates" in card:
        places, n = card["duplicates"]
        moved["duplicates"] = [[place + by for place in places], n]
    return moved


def _cut(value: str | None) -> str | None:
    return value if value is None or len(value) <= MOST_LETTERS else value[:MOST_LETTERS] + "…"
