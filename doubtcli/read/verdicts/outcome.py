"""A ballot -> what is decided on its row, or why nothing is.

The answers are settled first, then held against the row. So a row that bears the chosen label by now is told
from one that has changed otherwise.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from doubtcli.read.verdicts.locate import OTHER_CONTENT, Miss, RowIndex, is_as_seen, row_now, same_content
from doubtcli.read.verdicts.spelling import likely_label
from doubtcli.read.verdicts.spread import Source
from doubtcli.read.verdicts.tell import decided, unapplied
from doubtcli.read.verdicts.votes import Vote, winning
from doubtcli.records import OnConflict, UnappliedKind
from doubtcli.records.answers import MOST_NAMED
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from doubtcli.read.verdicts.ballots import Ballot
    from doubtcli.records import SeenRow, Unapplied


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
