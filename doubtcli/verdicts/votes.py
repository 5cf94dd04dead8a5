"""Answers -> one ballot for each row, with all answers on it and the outcome."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from doubtcli.records import Decision, OnConflict, Unapplied
from doubtcli.records.answers import EARLIEST, PASSED_OVER, UNUSABLE_STATUS, identify_person, parse_moment
from doubtcli.verdicts.rows import Problem, RejectionReason
from doubtcli.wording.numbers import format_count

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from doubtcli.records import RowSnapshot
    from doubtcli.records.answers import Answer
    from doubtcli.verdicts.rows import VerdictRows
    from doubtcli.verdicts.spelling import Spellings

LEFT_OPEN = "without a verdict"
LEFT_UNCHANGED = "unchanged, and its tool doesn't record whether somebody looked at it"


@dataclass(frozen=True)
class Vote:
    """What one person decided on a row."""

    answer: Answer
    row: RowSnapshot
    """As it was audited."""
    labels: tuple[str, ...]
    """As the file shows them; empty where the row is unusable."""
    is_new: bool = False
    """Whether the file does not have one of the labels."""
    is_unclear: bool = False
    """Whether a new label may be several joined labels."""

    @property
    def unusable(self) -> bool:
        """Whether the person decided that no label fits."""
        return self.answer.status == UNUSABLE_STATUS

    @property
    def choice(self) -> tuple[str, ...]:
        """What was chosen, in a form in which equal votes are equal."""
        return (UNUSABLE_STATUS,) if self.unusable else ("label", *sorted(self.labels))

    @property
    def verdict(self) -> str | None:
        """The first label that was chosen; None where the row is unusable."""
        return None if self.unusable else self.labels[0]


@dataclass(frozen=True)
class RowBallot:
    """All answers on one row."""

    row: RowSnapshot
    """As it was audited."""
    relabelled: Problem | None = None
    """The problem that it had another label when these answers were given; None if it had not."""
    votes: list[Vote] = field(default_factory=list)
    passed: list[tuple[Answer, str]] = field(default_factory=list)
    """The answers that decide nothing, each with why."""

    def reject(self, problem: Problem, winners: tuple[Vote, ...]) -> Rejection:
        """The rejection of this ballot for a problem."""
        answers = [one.answer for one in self.votes] or [answer for answer, _ in self.passed]
        return Rejection(problem, self.row.row_id, self.row, tuple(answers), tuple(self.votes), winners)

    def find_winners(self, on_conflict: OnConflict) -> tuple[Vote, ...]:
        """The votes for the outcome of the ballot; empty where there is no outcome."""
        outcome = _find_winning(self.votes, on_conflict, anybody_passed=bool(self.passed))
        return tuple(one for one in self.votes if one.choice == outcome)


@dataclass(frozen=True)
class Rejection:
    """Answers that decide nothing, and why."""

    problem: Problem
    row_id: str
    """As the answers name it."""
    row: RowSnapshot | None
    """As it was audited; None where it is not known which row is meant."""
    answers: tuple[Answer, ...]
    votes: tuple[Vote, ...] = ()
    """The votes of these answers."""
    winners: tuple[Vote, ...] = ()
    """The votes for the outcome, which was rejected; empty if there is no outcome."""

    @property
    def is_of_equal_rows(self) -> bool:
        """Whether an answer was given for several equal rows at once."""
        return any(answer.equal_rows > 1 for answer in self.answers)

    @property
    def row_seen(self) -> str:
        """The id of the row that people looked at: this row, or one that is equal to it."""
        return _find_row_seen(self.answers) or self.row_id

    def as_record(self, equal_rows: int = 1) -> Unapplied:
        """The same as a record for reports."""
        label = self.row.given_label if self.row else None
        return describe_unapplied(self.problem, self.row_id, label, self.answers, equal_rows)


@dataclass(frozen=True)
class AnswersByRow:
    """Answers, grouped by row."""

    ballots: tuple[RowBallot, ...]
    strays: tuple[Rejection, ...]
    """The answers whose row is not known for certain, each by itself."""
    votes: tuple[Vote, ...]
    """All votes, including those of strays, in the order of the answers."""


def group_answers(answers: Sequence[Answer], rows: VerdictRows) -> AnswersByRow:
    """Group answers by row, and list those whose row is not known for certain.

    Answers that were given when a row had another label make a separate ballot.
    """
    ballots: dict[tuple[RowSnapshot, Problem | None], RowBallot] = {}
    strays: list[Rejection] = []
    votes: list[Vote] = []
    for answer in answers:
        problem = rows.find_stray(answer)
        named = rows.find_named(answer) if problem else rows.find_meant(answer)
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
    """The vote of an answer on the first of the rows that it names; or None, and why it has no vote."""
    if not answer.decides:
        return None, PASSED_OVER.get(answer.status, LEFT_OPEN)
    if not rows:
        return None, ""
    vote = cast_vote(answer, rows[0], labels)
    return (None, LEFT_UNCHANGED) if _is_left_as_it_was(vote, labels) else (vote, "")


def cast_vote(answer: Answer, row: RowSnapshot, labels: Spellings) -> Vote:
    """The vote of an answer that decides something."""
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
    """Whether a tool that starts from the given label returns just that: perhaps nobody looked."""
    seen = vote.answer.given_label
    started_from = labels.find_label(seen) or seen.strip() or vote.row.given_label
    return vote.answer.prefilled and vote.labels == (started_from,)


# ------------------------------------------------------------------- the outcome of votes


def _find_winning(
    votes: Sequence[Vote], on_conflict: OnConflict, *, anybody_passed: bool
) -> tuple[str, ...] | None:
    """The outcome of the votes on one row; None where there is none."""
    if len({one.choice for one in votes}) == 1:
        is_settled = not (anybody_passed and on_conflict is OnConflict.UNANIMOUS)
        return votes[0].choice if is_settled else None
    if on_conflict is OnConflict.MAJORITY:
        return _find_majority(votes)
    return _find_newest(votes) if on_conflict is OnConflict.NEWEST else None


def _find_majority(votes: Sequence[Vote]) -> tuple[str, ...] | None:
    """The choice of more than half of the people; it must be the same with and without repeated files."""
    choice = _find_most_chosen(votes)
    without = _find_most_chosen([one for one in votes if not one.answer.repeated])
    return choice if choice == without else None


def _find_most_chosen(votes: Sequence[Vote]) -> tuple[str, ...] | None:
    # a person who gave the same answer twice has one vote
    choices = [(identify_person(one.answer), one.choice) for one in votes]
    counts = Counter(choice for person, choice in set(choices) if person)
    counts.update(choice for person, choice in choices if not person)
    return next((choice for choice, count in counts.items() if 2 * count > counts.total()), None)


def _find_newest(votes: Sequence[Vote]) -> tuple[str, ...] | None:
    """The last choice; None where times don't show which one that is."""
    moments = [parse_moment(one.answer.time) for one in votes]
    known = [when for when in moments if when is not None]
    if len(known) < len(votes):
        return None
    last = {one.choice for one, when in zip(votes, moments, strict=True) if when == max(known)}
    return last.pop() if len(last) == 1 else None


# ------------------------------------------------------------------ records for reports


def describe_decision(now: RowSnapshot, winners: Sequence[Vote], others: Iterable[Vote]) -> Decision:
    """The decision of the winning votes, on a row as it is now."""
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
        spread_from=_find_row_seen(answers),
    )


def _find_row_seen(answers: Sequence[Answer]) -> str:
    """The equal row that people looked at instead; empty if one of them looked at this row."""
    return min(answer.seen_as for answer in answers)


def describe_unapplied(
    problem: Problem,
    row_id: str,
    given_label: str | None,
    answers: Sequence[Answer],
    equal_rows: int = 1,
) -> Unapplied:
    """The record of answers on a row, or on equal rows, that are not applied, and why."""
    return Unapplied(
        problem.reason.kind,
        row_id,
        given_label,
        _list_chosen(answers),
        _list_annotators(answers),
        tuple(sorted({answer.row for answer in answers})),
        problem.why,
        equal_rows,
    )


def _list_chosen(answers: Iterable[Answer]) -> tuple[str, ...]:
    """The labels that were chosen, each once, in string order."""
    chosen = {
        text.strip()
        for answer in answers
        for text in (
            (UNUSABLE_STATUS,)
            if answer.status == UNUSABLE_STATUS
            else (answer.verdict, *answer.other_verdicts)
        )
    }
    return tuple(sorted(chosen - {""}))


def _list_annotators(answers: Iterable[Answer]) -> tuple[str, ...]:
    return tuple(sorted({answer.annotator for answer in answers} - {""}))


def _sort_by_time(answer: Answer) -> tuple[dt.datetime, str, str, str]:
    return parse_moment(answer.time) or EARLIEST, answer.time, answer.annotator, answer.why


# --------------------------------------- answers on a row that stands for equal rows

# What is equal is known from the rows themselves, not from ids in the queue: a queue has one line for a
# thousand equal rows, and a spreadsheet may rewrite ids.


def repeat_on_equal_rows(answers: Sequence[Answer], rows: VerdictRows) -> list[Answer]:
    """The answers, each followed by those on the other rows that its row stands for.

    A row that has an answer in the same file stands for itself: it was drawn at random.

    Args:
        answers: People's answers, with the ids of the audit.
        rows: The rows that they may be about.
    """
    own: dict[str, set[str]] = defaultdict(set)
    for answer in answers:
        own[answer.file].add(answer.row_id)
    return [one for answer in answers for one in _repeat_answer(answer, rows, own[answer.file])]


def _repeat_answer(answer: Answer, rows: VerdictRows, own: Collection[str]) -> Iterator[Answer]:
    seen_as = answer.row_id
    if answer.equal_rows > 1:
        answer = _move_from_changed_row(answer, rows, own)
    yield answer
    if answer.equal_rows > 1:
        shared = replace(answer, seen_as=seen_as, stratum="", inclusion="", duplicates=())
        for row in _list_equal_rows(answer, rows):
            if row.row_id not in own and row.row_id != answer.row_id:
                yield replace(shared, row_id=row.row_id)


def _list_equal_rows(answer: Answer, rows: VerdictRows) -> tuple[RowSnapshot, ...]:
    meant = rows.find_meant(answer)
    return rows.audited.by_entry.get(meant[0].entry, ()) if len(meant) == 1 else ()


def _move_from_changed_row(answer: Answer, rows: VerdictRows, own: Collection[str]) -> Answer:
    """The answer on an equal row, if its own has other content or another label since; else the answer."""
    meant = rows.find_meant(answer)
    if any(rows.find_relabelling(answer, row) is None for row in meant) or not answer.given_label.strip():
        return answer
    for row in rows.audited.by_hash.get(answer.seen_hash, ()):
        if row.row_id not in own and rows.find_relabelling(answer, row) is None:
            return replace(answer, row_id=row.row_id, seen_as=answer.row_id)
    return answer


def note_equal_rows(answers: Sequence[Answer], n_decided: Mapping[str, int]) -> Iterator[str]:
    """How many rows the verdicts on equal rows decide.

    Args:
        answers: People's answers, as they were given.
        n_decided: By the id of the row that a person looked at, how many rows its verdict decides.
    """
    found = _list_groups(answers, n_decided)
    if found:
        decide = "decides" if len(found) == 1 else "decide"
        rows = format_count(sum(n for _, n in found), "row")
        yield f"{format_count(len(found), 'verdict')} on equal rows {decide} {rows}"


def note_lost_rows(answers: Sequence[Answer], n_decided: Mapping[str, int]) -> Iterator[str]:
    """How many rows that were equal when people looked are not any more; the arguments are the same."""
    lost = sum(max(0, asked - n) for asked, n in _list_groups(answers, n_decided))
    if lost:
        yield f"rows that were equal, and have changed since or are gone: {format_count(lost)}"


def _list_groups(answers: Sequence[Answer], n_decided: Mapping[str, int]) -> list[tuple[int, int]]:
    """For each verdict on equal rows, how many there were and how many it decides."""
    asked = {answer.row_id: answer.equal_rows for answer in answers if answer.decides}
    return [(asked[row_id], n) for row_id, n in n_decided.items() if asked.get(row_id, 1) > 1]
