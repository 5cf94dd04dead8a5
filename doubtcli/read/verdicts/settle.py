"""Answers, the audit's rows and the rows as they are now -> what is decided on each row, and what isn't.

A decision is made only where the row is certain, its content and label are those that were audited and seen,
and people agree as far as they must. All else is told, never applied.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.read.choices import listed
from doubtcli.read.verdicts.answers import PASSED_OVER, newest_of_each
from doubtcli.read.verdicts.locate import Miss, RowIndex, audited_row, index_rows, row_now, same_content
from doubtcli.read.verdicts.spelling import choice
from doubtcli.read.verdicts.spread import Source, spread_out
from doubtcli.read.verdicts.tell import decided, unapplied
from doubtcli.read.verdicts.votes import Vote, vote, winning
from doubtcli.records import OnConflict, SeenRow, Settled, UnappliedKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from doubtcli.read.verdicts.answers import Answer
    from doubtcli.records import Decision, Unapplied

MOST_NAMED = 5
LEFT_OPEN = "left open"
LEFT_AS_IT_WAS = "left as it was, which its tool doesn't tell from not looked at"


@dataclass(frozen=True)
class Terms:
    """What answers are held against, and how they are settled."""

    audited: RowIndex
    now: RowIndex
    known: Mapping[str, str]
    on_conflict: OnConflict
    new_labels: bool


@dataclass(frozen=True)
class Ballot:
    """All that was said of one row."""

    row: SeenRow
    """As it was audited."""
    votes: list[Vote] = field(default_factory=list)
    passed: list[tuple[Answer, str]] = field(default_factory=list)
    """The answers that decide nothing, each with why."""


def settle(
    answers: Sequence[Answer],
    rows: Iterable[SeenRow],
    audited: Iterable[SeenRow],
    known: Mapping[str, str],
    *,
    on_conflict: OnConflict = OnConflict.MAJORITY,
    new_labels: bool = False,
    spread: bool = False,
) -> Settled:
    """What answers decide on the rows of a file.

    The order of the answers doesn't matter. Of several answers that one person gave on a row the newest
    counts. A row's answers are settled first, then held against the row: so a row that bears the chosen label
    by now is told apart from one that has changed otherwise.

    Args:
        answers: What people said, of any tools.
        rows: The rows of the file as it is now.
        audited: The rows as the audit has them that the queue was made from.
        known: The labels of the file, by every way to write them: `spellings` gives it.
        on_conflict: What becomes of rows on which answers differ.
        new_labels: Whether a label may be chosen that the file doesn't have.
        spread: Whether a decision holds for the rows of equal input and of the same label that rode along,
            where nobody has decided on them themselves; else these decisions are only offered.

    Raises:
        InputError: Answers on a row differ and `on_conflict` is `FAIL`; names the rows.
    """
    terms = Terms(index_rows(audited), index_rows(rows), known, on_conflict, new_labels)
    ballots, strays = _ballots(newest_of_each(answers), terms)
    outcomes = [_outcome(ballot, terms) for ballot in ballots]
    sources = [outcome for outcome in outcomes if isinstance(outcome, Source)]
    left = [*strays, *(outcome for outcome in outcomes if not isinstance(outcome, Source))]
    if on_conflict is OnConflict.FAIL:
        _refuse_conflicts(left, answers)
    voted_on = {ballot.row for ballot in ballots if ballot.votes}
    further, not_further = spread_out(sources, terms.audited, terms.now, voted_on)
    own = [source.decision for source in sources]
    decisions = sorted([*own, *further] if spread else own, key=_place)
    return Settled(
        tuple(decisions),
        tuple(sorted([*left, *not_further] if spread else left, key=_in_order)),
        offered=() if spread else tuple(further),
        new_labels=tuple(sorted({one.verdict for one in decisions if one.verdict} - set(known.values()))),
        notes=tuple(_notes(ballots, own, terms)),
    )


# ------------------------------------------------------------------ row by row


def _ballots(answers: Sequence[Answer], terms: Terms) -> tuple[list[Ballot], list[Unapplied]]:
    """The answers by the rows that they are on, and those on no row that could be told."""
    ballots: dict[SeenRow, Ballot] = {}
    strays: dict[tuple[str, Miss], list[Answer]] = {}
    for answer in answers:
        row = audited_row(answer, terms.audited, terms.known)
        if isinstance(row, SeenRow):
            _add(answer, ballots.setdefault(row, Ballot(row)), terms)
        else:
            strays.setdefault((answer.row_id, _why_stray(answer, row)), []).append(answer)
    return list(ballots.values()), [
        unapplied(miss, row_id, None, own) for (row_id, miss), own in strays.items()
    ]


def _why_stray(answer: Answer, miss: Miss) -> Miss:
    if answer.decides or miss.kind is UnappliedKind.UNKNOWN:
        return miss
    return Miss(UnappliedKind.UNDECIDED, PASSED_OVER.get(answer.status, LEFT_OPEN))


def _add(answer: Answer, ballot: Ballot, terms: Terms) -> None:
    given = ballot.row.given_label
    if not answer.decides:
        ballot.passed.append((answer, PASSED_OVER.get(answer.status, LEFT_OPEN)))
        return
    wanted = vote(answer, choice(answer, terms.known))
    if answer.prefilled and wanted.labels == (given,):
        ballot.passed.append((answer, LEFT_AS_IT_WAS))
    else:
        ballot.votes.append(wanted)


def _outcome(ballot: Ballot, terms: Terms) -> Source | Unapplied:
    """What is decided on one row, or why nothing is."""
    row, answers = ballot.row, [one.answer for one in ballot.votes]
    if not ballot.votes:
        why = ", ".join(sorted({why for _, why in ballot.passed}))
        own = [answer for answer, _ in ballot.passed]
        return unapplied(Miss(UnappliedKind.UNDECIDED, why), row.row_id, row.given_label, own)
    said = winning(ballot.votes, terms.on_conflict, anybody_passed=bool(ballot.passed))
    winners = [one for one in ballot.votes if one.said == said]
    place = _hitch(ballot, winners, terms) or row_now(row, terms.audited, terms.now)
    if isinstance(place, Miss):
        if winners and _is_done(row, winners[0], terms.now):
            place = Miss(UnappliedKind.ALREADY, "it bears this label by now")
        return unapplied(place, row.row_id, row.given_label, answers)
    verdict = None if winners[0].unusable else winners[0].labels[0]
    own = [one.answer for one in winners]
    others = [one.answer for one in ballot.votes if one.said != said]
    return Source(row, decided(row, place, verdict, own, others), tuple(own))


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
        return Miss(UnappliedKind.NEW_LABEL, _not_a_label(wanted.labels[0], terms.known))
    return None


def _is_done(row: SeenRow, wanted: Vote, now: RowIndex) -> bool:
    """Whether the row bears the label that is wanted by now."""
    rows = now.by_id.get(row.row_id, ())
    same = len(rows) == 1 and same_content(row, rows[0])
    return same and wanted.labels == (rows[0].given_label,)


def _disagreement(ballot: Ballot) -> str:
    counts = Counter(" and ".join(map(repr, one.labels)) or "unusable" for one in ballot.votes)
    counts.update(why for _, why in ballot.passed)
    return f"answers differ: {', '.join(f'{name} ({counts[name]})' for name in sorted(counts))}"


def _not_a_label(found: str, known: Mapping[str, str]) -> str:
    near = get_close_matches(found, sorted(known), n=1)
    return f"{found!r} is none of the labels{f' (meant {near[0]!r}?)' if near else ''}"


# ---------------------------------------------------------------- all together


def _refuse_conflicts(left: Sequence[Unapplied], answers: Sequence[Answer]) -> None:
    conflicts = sorted(
        (one for one in left if one.kind is UnappliedKind.CONFLICT), key=lambda one: one.places
    )
    if conflicts:
        told = "; ".join(f"{one.row_id!r}: {one.why}" for one in conflicts[:MOST_NAMED])
        rest = f"; and {len(conflicts) - MOST_NAMED} more" if len(conflicts) > MOST_NAMED else ""
        raise InputError(
            f"on {len(conflicts):,} rows there is no one answer: {told}{rest}",
            where=", ".join(sorted({answer.file for answer in answers} - {""})) or None,
            row=conflicts[0].places[0],
            expected="one answer a row, or equal ones",
            hint="let people settle it, or say how: --on-conflict majority|unanimous|newest|skip",
        )


def _notes(ballots: Sequence[Ballot], own: Sequence[Decision], terms: Terms) -> Iterator[str]:
    counts = Counter(why for ballot in ballots for _, why in ballot.passed)
    if counts:
        yield f"answers that decide nothing: {', '.join(f'{counts[why]:,} {why}' for why in sorted(counts))}"
    outvoted = sum(bool(one.outvoted) for one in own)
    if outvoted:
        yield f"rows on which answers differed, settled by --on-conflict {terms.on_conflict}: {outvoted:,}"
    if any(row.row_hash is None for rows in terms.audited.by_id.values() for row in rows):
        yield "an earlier version wrote the audit: whether a row's content has changed since can't be told"


def _place(decision: Decision) -> int:
    return decision.row


def _in_order(one: Unapplied) -> tuple[int, str, tuple[int, ...], str]:
    return list(UnappliedKind).index(one.kind), one.row_id, one.places, one.why
