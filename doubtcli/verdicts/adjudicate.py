"""Answers and the rows that they may be about -> what is decided on each row, or why nothing is.

There is one adjudicator. A decision is made only where the row is certain, its content and label are those
that were audited and seen, and people agree as far as they must. What becomes of all other answers is a
matter of the terms: a correction of a file keeps them and says why they decide nothing, a scan takes all
answers or none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.records import OnConflict
from doubtcli.records.answers import newest_of_each
from doubtcli.verdicts.rows import OTHER_CONTENT, Problem, RejectionReason, is_as_seen
from doubtcli.verdicts.votes import Rejection, describe_decision, group_answers
from doubtcli.wording.lists import MOST_NAMED, find_nearest, listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.records import Decision, RowSnapshot
    from doubtcli.records.answers import Answer
    from doubtcli.verdicts.rows import VerdictRows
    from doubtcli.verdicts.votes import RowBallot, Vote


@dataclass(frozen=True)
class DecidedRow:
    """A row that was looked at, what was decided, and by which answers."""

    row: RowSnapshot
    """As it was audited."""
    decision: Decision
    answers: tuple[Answer, ...]


@dataclass(frozen=True)
class Adjudication:
    """What became of all answers."""

    answers: tuple[Answer, ...]
    """All that were given."""
    rows: VerdictRows
    ballots: tuple[RowBallot, ...]
    votes: tuple[Vote, ...]
    """What people want, be it on rows that are known for certain or not; in the order of the answers."""
    decided: tuple[DecidedRow, ...]
    rejections: tuple[Rejection, ...]
    """Answers on no row that is known for certain, each by itself; then ballots that came to nothing."""

    def rejected_for(self, reason: RejectionReason) -> list[Rejection]:
        """The rejections for a reason."""
        return [one for one in self.rejections if one.problem.reason is reason]


Refusal = Callable[[Adjudication], InputError | None]
"""The error that an adjudication ends with, if it is not one to go on with."""


@dataclass(frozen=True)
class Terms:
    """How people's answers are judged.

    The rules that a row and its answers must meet are the same for everybody. What differs is named here.
    Without refusals, terms are lenient: each rejection is kept, and reported.
    """

    on_conflict: OnConflict = OnConflict.MAJORITY
    """What becomes of rows on which answers differ. The label of more than half is a safe choice where three
    or more were asked; of two who differ neither is believed."""
    new_labels: bool = False
    """Whether a label may be chosen that the file doesn't have."""
    refusals: tuple[Refusal, ...] = ()
    """What ends it with an error; asked in this order."""


@dataclass(frozen=True)
class Case:
    """What was said of one row, and all that it is held against."""

    ballot: RowBallot
    winners: tuple[Vote, ...]
    """The votes for what the ballot comes to; none if it comes to nothing."""
    rows: VerdictRows
    terms: Terms


def adjudicate(answers: Sequence[Answer], rows: VerdictRows, terms: Terms) -> Adjudication:
    """What answers decide on rows.

    The order of the answers doesn't matter. Of several answers that one person gave on a row the newest
    counts, where times tell which it is.

    Args:
        answers: What people said, in any tools.
        rows: The rows that they may be about.
        terms: How they are judged.

    Raises:
        InputError: The terms refuse what was found.
    """
    gathered = group_answers(newest_of_each(answers), rows)
    cases = [Case(one, one.find_winners(terms.on_conflict), rows, terms) for one in gathered.ballots]
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
    others = [one for one in case.ballot.votes if one.said != case.winners[0].said]
    decision = describe_decision(case.rows.unchanged(row), case.winners, others)
    return DecidedRow(row, decision, tuple(one.answer for one in case.winners))


# ------------------------------------------------------------------------------ the rules


def _find_broken_rule(case: Case) -> Problem | None:
    """The first rule that a row and its answers break; None if they meet all of them.

    The answers are settled first, then held against the row. So a row that has the chosen label by now is
    told from one that has changed otherwise.
    """
    problem = next(filter(None, (rule(case) for rule in DECISION_RULES)), None)
    return problem and (_find_done(case) or problem)


def _find_done(case: Case) -> Problem | None:
    """That what is wanted of a row was done before; None where it wasn't."""
    if not case.winners:
        return None
    row, wanted = case.ballot.row, case.winners[0]
    if wanted.unusable:
        is_dropped = (row.row_id, row.given_label) in case.rows.dropped
        return Problem(RejectionReason.ALREADY, "it was dropped before") if is_dropped else None
    is_done = len(wanted.labels) == 1 and case.rows.has_label_now(row, wanted.labels[0])
    return Problem(RejectionReason.ALREADY, "it bears this label by now") if is_done else None


def _require_votes(case: Case) -> Problem | None:
    if case.ballot.votes:
        return None
    return Problem(RejectionReason.PASSED_OVER, ", ".join(sorted({why for _, why in case.ballot.passed})))


def _require_label_seen(case: Case) -> Problem | None:
    return case.ballot.relabelled


def _require_label(case: Case) -> Problem | None:
    if case.ballot.row.given_label is not None:
        return None
    return Problem(RejectionReason.UNLABELLED, "the row has no label that could be judged")


def _require_agreement(case: Case) -> Problem | None:
    if case.winners:
        return None
    votes = case.ballot.votes
    counts = Counter(" and ".join(map(repr, one.labels)) or "unusable" for one in votes)
    counts.update(why for _, why in case.ballot.passed)
    repeated = sum(one.answer.repeated for one in votes)
    rest = f"; {repeated} of them in files that are the same as another" if repeated else ""
    said = ", ".join(f"{name} ({counts[name]})" for name in sorted(counts))
    return Problem(RejectionReason.DISAGREEMENT, f"answers differ: {said}{rest}")


def _require_one_label(case: Case) -> Problem | None:
    wanted = case.winners[0]
    if wanted.is_unclear:
        why = f"{wanted.labels[-1]!r} is none of the labels, nor several of them with '#' between"
        return Problem(RejectionReason.NEW_LABEL, why)
    if len(wanted.labels) > 1:
        why = f"it got several labels: {listed(wanted.labels, MOST_NAMED)}"
        return Problem(RejectionReason.SEVERAL_LABELS, why)
    return None


def _require_known_label(case: Case) -> Problem | None:
    wanted = case.winners[0]
    if not wanted.is_new or case.terms.new_labels:
        return None
    return Problem(RejectionReason.NEW_LABEL, _explain_new_label(wanted.labels[0], case.rows.labels.in_order))


@lru_cache  # many rows may have the same few
def _explain_new_label(found: str, known: tuple[str, ...]) -> str:
    near = find_nearest(found, reversed(known), str.casefold)
    return f"{found!r} is none of the labels{f'; perhaps {near!r} was meant' if near else ''}"


def _require_same_row(case: Case) -> Problem | None:
    return case.rows.find_edit(case.ballot.row)


def _require_content_seen(case: Case) -> Problem | None:
    # again, since an audit of an earlier version doesn't say what was in the row
    now = case.rows.unchanged(case.ballot.row)
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
"""What a row and its answers must meet, so that something is decided: each rule may rely on those before."""
