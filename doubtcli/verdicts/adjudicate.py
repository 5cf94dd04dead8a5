"""Answers, the audit's rows and the rows as they are now -> what is decided on each row, and what isn't.

A decision is made only where the row is certain, its content and label are those that were audited and seen,
and people agree as far as they must. All else is told, never applied.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.records import OnConflict, Settled, UnappliedKind
from doubtcli.records.answers import MOST_NAMED, newest_of_each
from doubtcli.verdicts.duplicates import Source, spread_out
from doubtcli.verdicts.rows import (
    OTHER_CONTENT,
    Miss,
    RowIndex,
    index_rows,
    is_as_seen,
    row_now,
    same_content,
)
from doubtcli.verdicts.spelling import likely_label
from doubtcli.verdicts.votes import Vote, decided, gather, unapplied, winning
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from doubtcli.records import Decision, SeenRow, Unapplied
    from doubtcli.records.answers import Answer
    from doubtcli.verdicts.votes import Ballot


def settle(
    answers: Sequence[Answer],
    rows: Iterable[SeenRow],
    audited: Iterable[SeenRow],
    known: Mapping[str, str],
    *,
    on_conflict: OnConflict = OnConflict.MAJORITY,
    new_labels: bool = False,
    spread: bool = False,
    dropped: Collection[tuple[str, str | None]] = (),
) -> Settled:
    """What answers decide on the rows of a file.

    The order of the answers doesn't matter. Of several answers that one person gave on a row the newest
    counts, where times tell which it is.

    Args:
        answers: What people said, in any tools.
        rows: The rows of the file as it is now.
        audited: The rows as they stand in the audit that the queue was made from.
        known: The labels of the file, by every way to write them, as `spellings` gives it.
        on_conflict: What becomes of rows on which answers differ. The label of more than half is a safe
            choice where three or more were asked; of two who differ neither is believed.
        new_labels: Whether a label may be chosen that the file doesn't have.
        spread: Whether a decision also holds for the rows of equal input and of the same label that rode
            along, where nobody decided on them; else these decisions are only offered.
        dropped: Rows that earlier verdicts took out, each told by its id and its label when it was audited.

    Raises:
        InputError: Answers on a row can't be settled and `on_conflict` is `FAIL`; names the rows.
    """
    terms = Terms(index_rows(audited), index_rows(rows), known, on_conflict, new_labels, dropped)
    ballots, strays = gather(newest_of_each(answers), terms.audited, known)
    outcomes = [outcome(ballot, terms) for ballot in ballots]
    sources = [one for one in outcomes if isinstance(one, Source)]
    left = strays + [one for one in outcomes if not isinstance(one, Source)]
    if on_conflict is OnConflict.FAIL:
        _refuse_conflicts(left, answers)
    voted_on = {ballot.row for ballot in ballots if ballot.votes}
    further, not_further = spread_out(sources, terms.audited, terms.now, voted_on)
    own = [source.decision for source in sources]
    decisions = sorted([*own, *further] if spread else own, key=_row_number)
    return Settled(
        tuple(decisions),
        tuple(sorted(left + not_further if spread else left, key=_in_order)),
        offered=() if spread else tuple(further),
        new_labels=_new(decisions, known),
        notes=(*_notes(ballots, own, terms), *_strange(answers, left)),
    )


def _refuse_conflicts(left: Iterable[Unapplied], answers: Iterable[Answer]) -> None:
    conflicts = [one for one in left if one.kind is UnappliedKind.CONFLICT]
    conflicts.sort(key=lambda one: (one.places, one.row_id))
    if conflicts:
        told = "; ".join(f"{one.row_id!r}: {one.why}" for one in conflicts[:MOST_NAMED])
        rest = f"; and {len(conflicts) - MOST_NAMED} more" if len(conflicts) > MOST_NAMED else ""
        raise InputError(
            f"people's answers can't be settled on {len(conflicts):,} of the rows: {told}{rest}",
            where=", ".join(sorted({answer.file for answer in answers} - {""})) or None,
            row=conflicts[0].places[0],
            expected="one answer a row, or equal ones",
            hint="let people settle it, or say how: --on-conflict majority|unanimous|newest|skip",
        )


def _new(decisions: Iterable[Decision], known: Mapping[str, str]) -> tuple[str, ...]:
    """The labels that are none of the file's."""
    chosen = {decision.verdict for decision in decisions if decision.verdict is not None}
    return tuple(sorted(chosen - set(known.values())))


def _notes(ballots: Iterable[Ballot], own: Iterable[Decision], terms: Terms) -> Iterator[str]:
    counts = Counter(why for ballot in ballots for _, why in ballot.passed)
    if counts:
        yield f"answers that decide nothing: {', '.join(f'{counts[why]:,} {why}' for why in sorted(counts))}"
    outvoted = sum(bool(one.outvoted) for one in own)
    if outvoted:
        yield f"rows on which answers differed, settled by --on-conflict {terms.on_conflict}: {outvoted:,}"
    if any(row.row_hash is None for rows in terms.audited.by_id.values() for row in rows):
        yield "an earlier version wrote the audit: whether a row's content has changed since can't be told"


def _strange(answers: Iterable[Answer], left: Iterable[Unapplied]) -> Iterator[str]:
    """What may be the matter where no row is what was seen: hardly has somebody edited all of them."""
    other = {one.row_id for one in left if one.why == OTHER_CONTENT}
    if other and other >= {one.row_id for one in answers if one.seen_hash and one.decides}:
        yield (
            "none of the rows is as it was seen: either these verdicts are of another file, or the audit is "
            "of other columns than the queue was (--ignore, --annotators and so on, or one came or went): "
            "name the queue's own audit with --audit, or scan with the same columns"
        )


def _row_number(decision: Decision) -> int:
    return decision.row


def _in_order(one: Unapplied) -> tuple[int, str, tuple[int, ...], str]:
    return list(UnappliedKind).index(one.kind), one.row_id, one.places, one.why


@dataclass(frozen=True)
class Terms:
    """What ballots are held against, and how they are settled."""

    audited: RowIndex
    now: RowIndex
    known: Mapping[str, str]
    """The labels of the file, by every way to write them."""
    on_conflict: OnConflict
    new_labels: bool
    dropped: Collection[tuple[str, str | None]] = ()
    """Rows that were dropped since they were audited, each told by its id and its label then."""


def outcome(ballot: Ballot, terms: Terms) -> Source | Unapplied:
    """What is decided on one row, or why nothing is."""
    row = ballot.row
    if not ballot.votes:
        passed = [answer for answer, _ in ballot.passed]
        why = ", ".join(sorted({why for _, why in ballot.passed}))
        return unapplied(Miss(UnappliedKind.UNDECIDED, why), row.row_id, row.given_label, passed)
    said = winning(ballot.votes, terms.on_conflict, anybody_passed=bool(ballot.passed))
    winners = [one for one in ballot.votes if one.said == said]
    place = ballot.relabelled or _hitch(ballot, winners, terms) or _place(ballot, terms)
    if isinstance(place, Miss):
        done = _done(row, winners[0], terms) if winners else None
        return unapplied(done or place, row.row_id, row.given_label, [one.answer for one in ballot.votes])
    verdict = None if winners[0].unusable else winners[0].labels[0]
    own = tuple(one.answer for one in winners)
    others = [one.answer for one in ballot.votes if one.said != said]
    return Source(row, decided(row, place, verdict, own, others), own)


def _place(ballot: Ballot, terms: Terms) -> SeenRow | Miss:
    """What has become of the row; a row only if it is what was audited, and what people saw."""
    place = row_now(ballot.row, terms.audited, terms.now)
    # again, since an audit of an earlier version doesn't tell what stood there
    if isinstance(place, Miss) or all(is_as_seen(one.answer, place) for one in ballot.votes):
        return place
    return Miss(UnappliedKind.CHANGED, OTHER_CONTENT)


def _hitch(ballot: Ballot, winners: Sequence[Vote], terms: Terms) -> Miss | None:
    """What is wrong with the answers, whatever has become of their row."""
    if ballot.row.given_label is None:
        return Miss(UnappliedKind.UNLABELLED, "the row has no label that could be judged")
    if not winners:
        return Miss(UnappliedKind.CONFLICT, _disagreement(ballot))
    wanted = winners[0]
    if wanted.is_unclear:
        why = f"{wanted.labels[-1]!r} is none of the labels, nor several of them with '#' between"
        return Miss(UnappliedKind.NEW_LABEL, why)
    if len(wanted.labels) > 1:
        return Miss(UnappliedKind.CONFLICT, f"it got several labels: {listed(wanted.labels, MOST_NAMED)}")
    if wanted.is_new and not terms.new_labels:
        return Miss(UnappliedKind.NEW_LABEL, _not_a_label(wanted.labels[0], tuple(sorted(terms.known))))
    return None


def _done(row: SeenRow, wanted: Vote, terms: Terms) -> Miss | None:
    """That what is wanted of the row was done before; None where it wasn't."""
    if wanted.unusable:
        is_dropped = (row.row_id, row.given_label) in terms.dropped
        return Miss(UnappliedKind.ALREADY, "it was dropped before") if is_dropped else None
    rows = terms.now.by_id.get(row.row_id, ())
    bears = len(rows) == 1 and same_content(row, rows[0]) and wanted.labels == (rows[0].given_label,)
    return Miss(UnappliedKind.ALREADY, "it bears this label by now") if bears else None


def _disagreement(ballot: Ballot) -> str:
    counts = Counter(" and ".join(map(repr, one.labels)) or "unusable" for one in ballot.votes)
    counts.update(why for _, why in ballot.passed)
    repeated = sum(one.answer.repeated for one in ballot.votes)
    rest = f"; {repeated} of them in files that are the same as another" if repeated else ""
    return f"answers differ: {', '.join(f'{name} ({counts[name]})' for name in sorted(counts))}{rest}"


@lru_cache  # many rows may bear the same few
def _not_a_label(found: str, known: tuple[str, ...]) -> str:
    near = likely_label(found, known)
    return f"{found!r} is none of the labels{f'; perhaps {near!r} was meant' if near else ''}"
