"""Answers -> a ballot a row: all that people said of it, and what it comes to."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from doubtcli.records import Decision, OnConflict, Unapplied
from doubtcli.records.answers import EARLIEST, PASSED_OVER, UNUSABLE_STATUS, identify_person, parse_moment
from doubtcli.verdicts.rows import Problem, RejectionReason

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    from doubtcli.records import RowSnapshot
    from doubtcli.records.answers import Answer
    from doubtcli.verdicts.rows import VerdictRows
    from doubtcli.verdicts.spelling import Spellings

LEFT_OPEN = "left open"
LEFT_AS_IT_WAS = "left as it was, which its tool doesn't tell from not looked at"


@dataclass(frozen=True)
class Vote:
    """What one person wants of a row."""

    answer: Answer
    row: RowSnapshot
    """As it was audited."""
    labels: tuple[str, ...]
    """As the file shows them; none where the row is called unusable."""
    is_new: bool = False
    """Whether a label is none of the file's."""
    is_unclear: bool = False
    """Whether a new label may be several labels joined."""

    @property
    def unusable(self) -> bool:
        """Whether it says that no label fits."""
        return self.answer.status == UNUSABLE_STATUS

    @property
    def said(self) -> tuple[str, ...]:
        """What it says: votes that say the same are for the same."""
        return (UNUSABLE_STATUS,) if self.unusable else ("label", *sorted(self.labels))

    @property
    def verdict(self) -> str | None:
        """The label that it chose, where it is one; None where it calls the row unusable."""
        return None if self.unusable else self.labels[0]


@dataclass(frozen=True)
class RowBallot:
    """All that was said of one row."""

    row: RowSnapshot
    """As it was audited."""
    relabelled: Problem | None = None
    """That it had another label when these answers were given; None if it had not."""
    votes: list[Vote] = field(default_factory=list)
    passed: list[tuple[Answer, str]] = field(default_factory=list)
    """The answers that decide nothing, each with why."""

    def reject(self, problem: Problem, winners: tuple[Vote, ...]) -> Rejection:
        """That nothing comes of what was said."""
        answers = [one.answer for one in self.votes] or [answer for answer, _ in self.passed]
        return Rejection(problem, self.row.row_id, self.row, tuple(answers), tuple(self.votes), winners)

    def find_winners(self, on_conflict: OnConflict) -> tuple[Vote, ...]:
        """The votes for what the ballot comes to; none where it comes to nothing."""
        said = _find_winning(self.votes, on_conflict, anybody_passed=bool(self.passed))
        return tuple(one for one in self.votes if one.said == said)


@dataclass(frozen=True)
class Rejection:
    """Answers that decide nothing, and why."""

    problem: Problem
    row_id: str
    """As the answers name it."""
    row: RowSnapshot | None
    """As it was audited; None where it isn't known which one it is."""
    answers: tuple[Answer, ...]
    votes: tuple[Vote, ...] = ()
    """What these answers want of a row."""
    winners: tuple[Vote, ...] = ()
    """The votes for what they come to all the same; none if they come to nothing."""

    def as_record(self) -> Unapplied:
        """As it is handed on."""
        return describe_unapplied(
            self.problem, self.row_id, self.row.given_label if self.row else None, self.answers
        )


@dataclass(frozen=True)
class AnswersByRow:
    """Answers, by the rows that they are on."""

    ballots: tuple[RowBallot, ...]
    strays: tuple[Rejection, ...]
    """Each answer on no row that is known for certain."""
    votes: tuple[Vote, ...]
    """All of them, also those of strays, in the order of the answers."""


def group_answers(answers: Sequence[Answer], rows: VerdictRows) -> AnswersByRow:
    """The answers by the rows that they are on, and those on no row that is known for certain.

    Answers on a row that has got another label since are ballots of their own.
    """
    ballots: dict[tuple[RowSnapshot, Problem | None], RowBallot] = {}
    strays: list[Rejection] = []
    votes: list[Vote] = []
    for answer in answers:
        problem = rows.find_stray(answer)
        named = rows.named_by(answer) if problem else rows.meant_by(answer)
        vote, passed = _read_vote(answer, named, rows.labels)
        own = () if vote is None else (vote,)
        votes += own
        if problem is not None:
            kept = answer.decides or problem.reason is RejectionReason.NO_SUCH_ROW
            why = problem if kept else Problem(RejectionReason.PASSED_OVER, passed)
            strays.append(Rejection(why, answer.row_id, None, (answer,), own))
            continue
        since = rows.find_relabelling(answer, named[0])
        ballot = ballots.setdefault((named[0], since), RowBallot(named[0], since))
        ballot.votes.extend(own)
        ballot.passed.extend([] if own else [(answer, passed)])
    return AnswersByRow(tuple(ballots.values()), tuple(strays), tuple(votes))


def _read_vote(answer: Answer, rows: Sequence[RowSnapshot], labels: Spellings) -> tuple[Vote | None, str]:
    """The vote of an answer that decides, and where it has none, why; of the first of the rows it names."""
    if not answer.decides:
        return None, PASSED_OVER.get(answer.status, LEFT_OPEN)
    if not rows:
        return None, ""
    vote = cast_vote(answer, rows[0], labels)
    return (None, LEFT_AS_IT_WAS) if _is_left_as_it_was(vote, labels) else (vote, "")


def cast_vote(answer: Answer, row: RowSnapshot, labels: Spellings) -> Vote:
    """The vote of an answer that decides."""
    if answer.status == UNUSABLE_STATUS:
        return Vote(answer, row, labels=())
    chosen = labels.find_chosen(answer)
    return Vote(
        answer,
        row,
        labels=(*chosen.labels, *chosen.unknown),
        is_new=bool(chosen.unknown),
        is_unclear=chosen.unclear,
    )


def _is_left_as_it_was(vote: Vote, labels: Spellings) -> bool:
    """Whether a tool that starts from the given label brings it back, so that perhaps nobody looked."""
    seen = vote.answer.given_label
    started_from = labels.find_label(seen) or seen.strip() or vote.row.given_label
    return vote.answer.prefilled and vote.labels == (started_from,)


# ---------------------------------------------------------------------- what votes come to


def _find_winning(
    votes: Sequence[Vote], on_conflict: OnConflict, *, anybody_passed: bool
) -> tuple[str, ...] | None:
    """What the votes on one row come to; None where they come to nothing."""
    said = {one.said for one in votes}
    if len(said) == 1:
        is_settled = not (anybody_passed and on_conflict is OnConflict.UNANIMOUS)
        return votes[0].said if is_settled else None
    if on_conflict is OnConflict.MAJORITY:
        return _find_majority(votes)
    return _find_newest(votes) if on_conflict is OnConflict.NEWEST else None


def _find_majority(votes: Sequence[Vote]) -> tuple[str, ...] | None:
    """What more than half of the people say, be files that are the same one person's or several people's."""
    said = _find_most_said(votes)
    return said if said == _find_most_said([one for one in votes if not one.answer.repeated]) else None


def _find_most_said(votes: Sequence[Vote]) -> tuple[str, ...] | None:
    # a person who said the same twice has one vote
    whose = [(identify_person(one.answer), one.said) for one in votes]
    counts = Counter(said for who, said in set(whose) if who)
    counts.update(said for who, said in whose if not who)
    return next((said for said, count in counts.items() if 2 * count > counts.total()), None)


def _find_newest(votes: Sequence[Vote]) -> tuple[str, ...] | None:
    """What was said last, where times tell."""
    moments = [parse_moment(one.answer.time) for one in votes]
    known = [when for when in moments if when is not None]
    if len(known) < len(votes):
        return None
    last = {one.said for one, when in zip(votes, moments, strict=True) if when == max(known)}
    return last.pop() if len(last) == 1 else None


# --------------------------------------------------------- the records that are handed on


def describe_decision(now: RowSnapshot, winners: Sequence[Vote], others: Iterable[Vote]) -> Decision:
    """What the winning votes decide on a row as it is now."""
    answers = sorted((one.answer for one in winners), key=_sort_by_time)
    return Decision(
        row_id=winners[0].row.row_id,
        row=now.row,
        given_label=now.given_label or "",
        verdict=winners[0].verdict,
        unusable=winners[0].unusable,
        annotators=_list_annotators(answers),
        time=answers[-1].time.strip(),
        tool=", ".join(sorted({answer.tool for answer in answers})),
        why="; ".join(dict.fromkeys(answer.why.strip() for answer in answers if answer.why.strip())),
        outvoted=_list_chosen(one.answer for one in others),
    )


def describe_unapplied(
    problem: Problem, row_id: str, given_label: str | None, answers: Sequence[Answer]
) -> Unapplied:
    """What some answers on a row said to no effect, and why."""
    return Unapplied(
        problem.reason.kind,
        row_id,
        given_label,
        _list_chosen(answers),
        _list_annotators(answers),
        tuple(sorted({answer.row for answer in answers})),
        problem.why,
    )


def _list_chosen(answers: Iterable[Answer]) -> tuple[str, ...]:
    """What was chosen, each once, in string order."""
    said = {
        text.strip()
        for answer in answers
        for text in (
            (UNUSABLE_STATUS,)
            if answer.status == UNUSABLE_STATUS
            else (answer.verdict, *answer.other_verdicts)
        )
    }
    return tuple(sorted(said - {""}))


def _list_annotators(answers: Iterable[Answer]) -> tuple[str, ...]:
    return tuple(sorted({answer.annotator for answer in answers} - {""}))


def _sort_by_time(answer: Answer) -> tuple[dt.datetime, str, str, str]:
    return parse_moment(answer.time) or EARLIEST, answer.time, answer.annotator, answer.why
