"""The answers on one row -> the one that stands, or why none does."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from doubtcli.records import Decision, OnConflict, SeenRow, Unapplied, UnappliedKind
from doubtcli.records.answers import EARLIEST, PASSED_OVER, UNUSABLE_STATUS, name_person, parse_moment
from doubtcli.verdicts.rows import Miss, audited_row, relabelled
from doubtcli.verdicts.spelling import choice, label_of

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Mapping, Sequence

    from doubtcli.records.answers import Answer
    from doubtcli.verdicts.rows import RowIndex
    from doubtcli.verdicts.spelling import Choice
LEFT_OPEN = "left open"
LEFT_AS_IT_WAS = "left as it was, which its tool doesn't tell from not looked at"


@dataclass(frozen=True)
class Vote:
    """What one person wants."""

    answer: Answer
    unusable: bool
    labels: tuple[str, ...]
    """As the file shows them; none where the row is called unusable."""
    is_new: bool = False
    """Whether a label is none of the file's."""
    is_unclear: bool = False

    @property
    def said(self) -> tuple[str, ...]:
        """What it says: votes that say the same are for the same."""
        return (UNUSABLE_STATUS,) if self.unusable else ("label", *sorted(self.labels))


def vote(answer: Answer, chosen: Choice) -> Vote:
    """The vote of an answer that decides."""
    if answer.status == UNUSABLE_STATUS:
        return Vote(answer, unusable=True, labels=())
    labels = (*chosen.labels, *chosen.unknown)
    return Vote(answer, unusable=False, labels=labels, is_new=bool(chosen.unknown), is_unclear=chosen.unclear)


def winning(
    votes: Sequence[Vote], on_conflict: OnConflict, *, anybody_passed: bool
) -> tuple[str, ...] | None:
    """What the votes on one row come to; None where they come to nothing."""
    said = {one.said for one in votes}
    if len(said) == 1:
        is_settled = not (anybody_passed and on_conflict is OnConflict.UNANIMOUS)
        return votes[0].said if is_settled else None
    if on_conflict is OnConflict.MAJORITY:
        return _majority(votes)
    return _newest(votes) if on_conflict is OnConflict.NEWEST else None


def _majority(votes: Sequence[Vote]) -> tuple[str, ...] | None:
    """What more than half of the people say, be files that are the same one person's or several people's."""
    said = _of_most(votes)
    return said if said == _of_most([one for one in votes if not one.answer.repeated]) else None


def _of_most(votes: Sequence[Vote]) -> tuple[str, ...] | None:
    # a person who said the same twice has one vote
    whose = [(name_person(one.answer), one.said) for one in votes]
    counts = Counter(said for who, said in set(whose) if who)
    counts.update(said for who, said in whose if not who)
    return next((said for said, count in counts.items() if 2 * count > counts.total()), None)


def _newest(votes: Sequence[Vote]) -> tuple[str, ...] | None:
    """What was said last, where times tell."""
    moments = [parse_moment(one.answer.time) for one in votes]
    told = [when for when in moments if when is not None]
    if len(told) < len(votes):
        return None
    last = {one.said for one, when in zip(votes, moments, strict=True) if when == max(told)}
    return last.pop() if len(last) == 1 else None


def decided(
    row: SeenRow, now: SeenRow, verdict: str | None, winners: Sequence[Answer], others: Iterable[Answer]
) -> Decision:
    """What the winning answers decide on a row; a verdict that is None calls it unusable."""
    in_time = sorted(winners, key=_when)
    return Decision(
        row_id=row.row_id,
        row=now.row,
        given_label=now.given_label or "",
        verdict=verdict,
        unusable=verdict is None,
        annotators=_names(winners),
        time=in_time[-1].time.strip(),
        tool=", ".join(sorted({answer.tool for answer in winners})),
        why="; ".join(dict.fromkeys(answer.why.strip() for answer in in_time if answer.why.strip())),
        outvoted=chosen(others),
    )


def unapplied(miss: Miss, row_id: str, given_label: str | None, answers: Sequence[Answer]) -> Unapplied:
    """What some answers on a row said to no effect, and why."""
    return Unapplied(
        miss.kind,
        row_id,
        given_label,
        chosen(answers),
        _names(answers),
        tuple(sorted({answer.row for answer in answers})),
        miss.why,
    )


def chosen(answers: Iterable[Answer]) -> tuple[str, ...]:
    """What was chosen, each once, in string order."""
    said = {
        text.strip()
        for answer in answers
        for text in (
            (UNUSABLE_STATUS,) if answer.status == UNUSABLE_STATUS else (answer.verdict, *answer.also)
        )
    }
    return tuple(sorted(said - {""}))


def _names(answers: Iterable[Answer]) -> tuple[str, ...]:
    return tuple(sorted({answer.annotator for answer in answers} - {""}))


def _when(answer: Answer) -> tuple[dt.datetime, str, str, str]:
    return parse_moment(answer.time) or EARLIEST, answer.time, answer.annotator, answer.why


@dataclass(frozen=True)
class Ballot:
    """All that was said of one row."""

    row: SeenRow
    """As it was audited."""
    relabelled: Miss | None = None
    """That it bore another label when these answers were given; None if it did not."""
    votes: list[Vote] = field(default_factory=list)
    passed: list[tuple[Answer, str]] = field(default_factory=list)
    """The answers that decide nothing, each with why."""


def gather(
    answers: Sequence[Answer], audited: RowIndex, known: Mapping[str, str]
) -> tuple[list[Ballot], list[Unapplied]]:
    """The answers by the rows that they are on, and those on no row that can be told.

    Answers on a row that has got another label since are ballots of their own.
    """
    ballots: dict[tuple[SeenRow, Miss | None], Ballot] = {}
    strays: dict[tuple[str, Miss], list[Answer]] = {}
    for answer in answers:
        row = audited_row(answer, audited, known)
        if isinstance(row, SeenRow):
            since = relabelled(answer, row, known)
            _add(answer, ballots.setdefault((row, since), Ballot(row, since)), known)
        else:
            strays.setdefault((answer.row_id, _why_stray(answer, row)), []).append(answer)
    left = [unapplied(miss, row_id, None, own) for (row_id, miss), own in strays.items()]
    return list(ballots.values()), left


def _why_stray(answer: Answer, miss: Miss) -> Miss:
    if answer.decides or miss.kind is UnappliedKind.UNKNOWN:
        return miss
    return Miss(UnappliedKind.UNDECIDED, _why_passed(answer))


def _add(answer: Answer, ballot: Ballot, known: Mapping[str, str]) -> None:
    if not answer.decides:
        ballot.passed.append((answer, _why_passed(answer)))
        return
    wanted = vote(answer, choice(answer, known))
    if is_left_as_it_was(wanted, ballot.row.given_label, known):
        ballot.passed.append((answer, LEFT_AS_IT_WAS))
    else:
        ballot.votes.append(wanted)


def is_left_as_it_was(wanted: Vote, given_label: str | None, known: Mapping[str, str]) -> bool:
    """Whether a tool that starts from the given label brings it back, so that perhaps nobody looked.

    Args:
        wanted: What the answer wants.
        given_label: The row's label, where the answer doesn't tell which one it started from.
        known: The labels of the file, by every way to write them.
    """
    seen = wanted.answer.given_label
    started_from = label_of(seen, known) or seen.strip() or given_label
    return wanted.answer.prefilled and wanted.labels == (started_from,)


def _why_passed(answer: Answer) -> str:
    return PASSED_OVER.get(answer.status, LEFT_OPEN)
