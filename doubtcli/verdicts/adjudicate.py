"""Answers and the rows that they may be about -> what is decided on each row, or why nothing is.

A decision is made only if the row is known for certain, its content and label are what was audited and what
the person saw, and enough people agree. What happens to all other answers depends on the terms: a correction
of a file keeps them and reports why they decide nothing; a scan takes all answers or none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.records import OnConflict
from doubtcli.records.answers import keep_newest_answers
from doubtcli.verdicts.rows import OTHER_CONTENT, Problem, RejectionReason, is_as_seen
from doubtcli.verdicts.votes import Rejection, describe_decision, group_answers, repeat_on_equal_rows
from doubtcli.wording.lists import MOST_NAMED, find_nearest, join_first, quote_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records import Decision, RowSnapshot
    from doubtcli.records.answers import Answer
    from doubtcli.verdicts.rows import VerdictRows
    from doubtcli.verdicts.votes import RowBallot, Vote


@dataclass(frozen=True)
class DecidedRow:
    """A row, the decision on it, and the answers behind it."""

    row: RowSnapshot
    """As it was audited."""
    decision: Decision
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Adjudication:
    """All answers and their outcome."""

    answers: tuple[Answer, ...]
    """All answers that were given, with the ids of the audit where a spreadsheet rewrote them. In the parts
    below they are on each row that they are about."""
    rows: VerdictRows
    ballots: tuple[RowBallot, ...]
    votes: tuple[Vote, ...]
    """All votes, also those on rows that are not known for certain; in the order of the answers."""
    decided: tuple[DecidedRow, ...]
    rejections: tuple[Rejection, ...]
    """First the answers whose row is not known for certain, each by itself; then rejected ballots."""

    def rejected_for(self, reason: RejectionReason) -> list[Rejection]:
        """The rejections for one reason."""
        return [one for one in self.rejections if one.problem.reason is reason]


Refusal = Callable[[Adjudication], InputError | None]
"""Checks an adjudication, and returns the error if it must not be used."""


@dataclass(frozen=True)
class Terms:
    """How people's answers are judged.

    All callers share the rules that a row and its answers must meet; here is what differs. Without refusals,
    terms are lenient: each rejection is kept and reported.
    """

    on_conflict: OnConflict = OnConflict.MAJORITY
    """What to do with rows on which answers differ. The majority is a safe choice where three or more people
    answered; if two disagree, neither is believed."""
    new_labels: bool = False
    """Whether a label may be chosen that the file doesn't have."""
    refusals: tuple[Refusal, ...] = ()
    """Checks that may end it with an error, run in this order."""


@dataclass(frozen=True)
class Case:
    """The answers on one row, and all that they are checked against."""

    ballot: RowBallot
    winners: tuple[Vote, ...]
    """The votes for the outcome of the ballot; empty if there is no outcome."""
    rows: VerdictRows
    terms: Terms


def adjudicate(answers: Sequence[Answer], rows: VerdictRows, terms: Terms) -> Adjudication:
    """Decide on rows by people's answers.

    The order of the answers doesn't matter. An answer on a row that stands for equal rows counts on each of
    them. If one person gave several answers on a row, the newest counts,
    as far as times show which one that is.

    Args:
        answers: People's answers, from any tools.
        rows: The rows that they may be about.
        terms: How the answers are judged.

    Raises:
        InputError: The terms refuse what was found.
    """
    answers = rows.restore_answers(answers)
    gathered = group_answers(keep_newest_answers(repeat_on_equal_rows(answers, rows)), rows)
    outcomes = [(one, one.find_winners(terms.on_conflict)) for one in gathered.ballots]
    rows = rows.make_interchangeable(
        {one.row: winners[0].verdict for one, winners in outcomes if winners and not one.relabelled}
    )
    cases = [Case(one, winners, rows, terms) for one, winners in outcomes]
    problems = [_find_broken_rule(case) for case in cases]
    judged = list(zip(cases, problems, strict=True))
    found = Adjudication(
        tuple(answers),
        rows,
        gathered.ballots,
        gathered.votes,
        tuple(_decide(case) for case, problem in judged if problem is None),
        (*gathered.strays, *(case.ballot.reject(one, case.winners) for case, one in judged if one)),
    )
    for error in (refusal(found) for refusal in terms.refusals):
        if error is not None:
            raise error
    return found


def _decide(case: Case) -> DecidedRow:
    row = case.ballot.row
    others = [one for one in case.ballot.votes if one.choice != case.winners[0].choice]
    decision = describe_decision(case.rows.find_unchanged(row), case.winners, others)
    return DecidedRow(row, decision, tuple(one.answer for one in case.winners))


def note_respelled(found: Adjudication) -> tuple[str, ...]:
    """A note on the verdicts that are written in another way than the file's labels, and what was read."""
    labels = found.rows.labels
    meant = {
        (vote.answer.verdict.strip(), vote.labels[0])
        for vote in found.votes
        if len(vote.labels) == 1 and not vote.is_new and labels.find_exact(vote.answer.verdict) is None
    }
    if not meant:
        return ()
    pairs = [f"{written!r} as {label!r}" for written, label in sorted(meant)]
    return (f"verdicts not written as in the file: read {join_first(pairs, MOST_NAMED)}",)


def count_decided_rows(found: Adjudication) -> Counter[str]:
    """By the id of the row that a person looked at, how many rows its verdict decides, now or before."""
    done = found.rejected_for(RejectionReason.ALREADY)
    answers = [one.answers for one in found.decided] + [one.answers for one in done]
    return Counter(row_id for some in answers for row_id in {one.seen_as or one.row_id for one in some})


# ------------------------------------------------------------------------------ the rules


def _find_broken_rule(case: Case) -> Problem | None:
    """The first rule that a row and its answers break; None if they meet all of them.

    The outcome of the answers is known before they are checked against the row. So a row that already has the
    chosen label is not reported as changed.
    """
    problem = next(filter(None, (rule(case) for rule in DECISION_RULES)), None)
    return problem and (_find_done(case) or problem)


def _find_done(case: Case) -> Problem | None:
    """The problem that a decision was carried out before; None where it was not."""
    if not case.winners:
        return None
    row, wanted = case.ballot.row, case.winners[0]
    if wanted.unusable:
        is_dropped = (row.row_id, row.given_label) in case.rows.dropped
        return Problem(RejectionReason.ALREADY, "it was already dropped") if is_dropped else None
    is_done = len(wanted.labels) == 1 and not wanted.is_new and case.rows.has_label_now(row, wanted.labels[0])
    return Problem(RejectionReason.ALREADY, "it already has this label") if is_done else None


def _require_votes(case: Case) -> Problem | None:
    if case.ballot.votes:
        return None
    return Problem(RejectionReason.PASSED_OVER, ", ".join(sorted({why for _, why in case.ballot.passed})))


def _require_label_seen(case: Case) -> Problem | None:
    return case.ballot.relabelled


def _require_label(case: Case) -> Problem | None:
    if case.ballot.row.given_label is not None:
        return None
    return Problem(RejectionReason.UNLABELLED, "the row has no label")


def _require_agreement(case: Case) -> Problem | None:
    if case.winners:
        return None
    votes = case.ballot.votes
    counts = Counter(" and ".join(map(repr, one.labels)) or "unusable" for one in votes)
    counts.update(why for _, why in case.ballot.passed)
    repeated = sum(one.answer.repeated for one in votes)
    rest = f"; {repeated} of these may be copies, as their file is equal to another" if repeated else ""
    chosen = ", ".join(f"{name} ({counts[name]})" for name in sorted(counts))
    return Problem(RejectionReason.DISAGREEMENT, f"answers differ: {chosen}{rest}")


def _require_one_label(case: Case) -> Problem | None:
    wanted = case.winners[0]
    if wanted.is_unclear:
        why = f"{wanted.labels[-1]!r} is not a label of the file, nor several of them joined by '#'"
        return Problem(RejectionReason.NEW_LABEL, why)
    if len(wanted.labels) > 1:
        why = f"it got several labels: {quote_names(wanted.labels, MOST_NAMED)}"
        return Problem(RejectionReason.SEVERAL_LABELS, why)
    return None


def _require_known_label(case: Case) -> Problem | None:
    wanted = case.winners[0]
    cause = case.rows.labels.explain_unknown(wanted.labels[0]) if wanted.is_new else None
    if cause:
        return Problem(RejectionReason.REWRITTEN, cause)
    if not wanted.is_new or case.terms.new_labels:
        return None
    return Problem(RejectionReason.NEW_LABEL, _explain_new_label(wanted.labels[0], case.rows.labels.in_order))


@lru_cache  # many rows may have the same few
def _explain_new_label(found: str, known: tuple[str, ...]) -> str:
    near = find_nearest(found, reversed(known), str.casefold)
    return f"{found!r} is not a label of the file{f'; did you mean {near!r}?' if near else ''}"


def _require_same_row(case: Case) -> Problem | None:
    return case.rows.find_edit(case.ballot.row)


def _require_content_seen(case: Case) -> Problem | None:
    # checked again, since an audit of an earlier version has no hash of the row's content
    now = case.rows.find_unchanged(case.ballot.row)
    return None if all(is_as_seen(one.answer, now) for one in case.ballot.votes) else OTHER_CONTENT


DECISION_RULES: tuple[Callable[[Case], Problem | None], ...] = (
    _require_votes,
    _require_label_seen,
    _require_label,
    _require_agreement,
    _require_one_label,
    _require_known_label,
    _require_same_row,
    _require_content_seen,
)
"""What a row and its answers must meet for a decision. Each rule may rely on those before it."""
