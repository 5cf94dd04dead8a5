"""Decisions on rows that others ride along with -> further decisions, on those others."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from doubtcli.records import Decision, Unapplied, UnappliedKind
from doubtcli.records.answers import UNUSABLE_STATUS
from doubtcli.verdicts.rows import BETWEEN_IDS, Miss, row_now, same_content
from doubtcli.verdicts.spelling import known_parts
from doubtcli.verdicts.votes import unapplied
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from doubtcli.records import SeenRow
    from doubtcli.records.answers import Answer
    from doubtcli.verdicts.rows import RowIndex


@dataclass(frozen=True)
class Source:
    """A row that was looked at, what was decided, and by which answers."""

    row: SeenRow
    """As it was audited."""
    decision: Decision
    answers: tuple[Answer, ...]


def spread_out(
    sources: Sequence[Source], audited: RowIndex, now: RowIndex, voted_on: Collection[SeenRow]
) -> tuple[list[Decision], list[Unapplied]]:
    """The decisions that follow on rows of equal input and of the same given label, and what doesn't follow.

    Args:
        sources: What was decided, at most once a row.
        audited: The rows as they were audited.
        now: The rows as they are now.
        voted_on: The audited rows that people have answers on: nothing follows for them.
    """
    follow: dict[int, list[Decision]] = {}
    left: list[Unapplied] = []
    for source in sources:
        for found in _of_source(source, audited, now, voted_on):
            if isinstance(found, Decision):
                follow.setdefault(found.row, []).append(found)
            else:
                left.append(found)
    agreed = {
        row: min(ones, key=_source_id) for row, ones in follow.items() if len(set(map(_said, ones))) == 1
    }
    left += [_conflict(ones) for row, ones in follow.items() if row not in agreed]
    return [agreed[row] for row in sorted(agreed)], left


def _of_source(
    source: Source, audited: RowIndex, now: RowIndex, voted_on: Collection[SeenRow]
) -> Iterator[Decision | Unapplied]:
    """What follows from one decision, and what doesn't."""
    riders: dict[str, None] = {}
    for text in (text for answer in source.answers for text in answer.duplicates):
        ids = _ids(text, audited)
        if ids is None:
            yield _left(Miss(UnappliedKind.UNKNOWN, "no row of the audit bears this id"), text, None, source)
        riders |= dict.fromkeys(ids or ())
    for row_id in riders:
        rows = audited.by_id[row_id]
        if not any(row in voted_on for row in rows):
            found = _follows(rows, source, audited, now)
            if found is not None:
                yield found


def _ids(text: str, audited: RowIndex) -> list[str] | None:
    """The ids that a text names, one or several with commas between; None if it names others, too."""
    if text in audited.by_id:
        return [text]
    joined = text.replace(f"{BETWEEN_IDS} ", BETWEEN_IDS)
    return known_parts(joined, BETWEEN_IDS, audited.by_id, audited.most_commas)


def _follows(
    rows: Sequence[SeenRow], source: Source, audited: RowIndex, now: RowIndex
) -> Decision | Unapplied | None:
    """What a decision means for the rows of one id; None where it says what stands there anyway."""
    row, verdict = rows[0], source.decision.verdict
    if len(rows) > 1:
        why = f"{len(rows)} rows bear this id, and which one is meant can't be told"
        return _left(Miss(UnappliedKind.AMBIGUOUS, why), row.row_id, None, source)
    if row.given_label != source.row.given_label:
        if row.given_label == verdict:
            return None
        why = f"it bears another label than {source.row.row_id!r}, so it must be decided by itself"
        return _left(Miss(UnappliedKind.UNDECIDED, why), row.row_id, row.given_label, source)
    if any(one.seen_hash for one in source.answers) and not same_content(row, source.row):
        miss = Miss(UnappliedKind.CHANGED, "its content is no longer the same")
        return _left(miss, row.row_id, row.given_label, source)
    place = row_now(row, audited, now)
    if isinstance(place, Miss):
        return _left(place, row.row_id, row.given_label, source)
    return replace(source.decision, row_id=row.row_id, row=place.row, spread_from=source.row.row_id)


def _conflict(decisions: Sequence[Decision]) -> Unapplied:
    """Rows that it rides along with were decided in unlike ways."""
    one = decisions[0]
    said = sorted({decision.verdict or UNUSABLE_STATUS for decision in decisions})
    sources = listed(sorted(decision.spread_from for decision in decisions))
    return Unapplied(
        UnappliedKind.CONFLICT,
        one.row_id,
        one.given_label,
        tuple(said),
        tuple(sorted({name for decision in decisions for name in decision.annotators})),
        (),
        f"rows of equal input were decided in unlike ways: {sources}",
    )


def _left(miss: Miss, row_id: str, given_label: str | None, source: Source) -> Unapplied:
    told = replace(miss, why=f"rides along with {source.row.row_id!r}: {miss.why}")
    return unapplied(told, row_id, given_label, source.answers)


def _said(decision: Decision) -> tuple[str | None, bool]:
    return decision.verdict, decision.unusable


def _source_id(decision: Decision) -> str:
    return decision.spread_from
