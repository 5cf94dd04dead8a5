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
from doubtcli.records import OnConflict, Settled, UnappliedKind
from doubtcli.records.answers import newest_of_each
from doubtcli.verdicts.duplicates import DecidedRow, spread_out
from doubtcli.verdicts.rows import OTHER_CONTENT, Problem, Reason, is_as_seen
from doubtcli.verdicts.votes import Rejection, describe_decision, gather
from doubtcli.wording.lists import MOST_NAMED, find_nearest, join_first, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from doubtcli.records import Decision, Unapplied
    from doubtcli.records.answers import Answer
    from doubtcli.verdicts.rows import KnownRows
    from doubtcli.verdicts.votes import Ballot, Vote


@dataclass(frozen=True)
class Adjudication:
    """What became of all answers."""

    answers: tuple[Answer, ...]
    """All that were given."""
    rows: KnownRows
    ballots: tuple[Ballot, ...]
    votes: tuple[Vote, ...]
    """What people want, be it on rows that are known for certain or not; in the order of the answers."""
    decided: tuple[DecidedRow, ...]
    rejections: tuple[Rejection, ...]
    """Answers on no row that is known for certain, each by itself; then ballots that came to nothing."""

    def rejected_for(self, reason: Reason) -> list[Rejection]:
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

    @classmethod
    def lenient(cls, on_conflict: OnConflict = OnConflict.MAJORITY, *, new_labels: bool = False) -> Terms:
        """The terms of a correction: nothing is refused, but for conflicts where the user wants that."""
        refusals = (refuse_conflicts,) if on_conflict is OnConflict.FAIL else ()
        return cls(on_conflict, new_labels, refusals)


@dataclass(frozen=True)
class Case:
    """What was said of one row, and all that it is held against."""

    ballot: Ballot
    winners: tuple[Vote, ...]
    """The votes for what the ballot comes to; none if it comes to nothing."""
    rows: KnownRows
    terms: Terms


def adjudicate(answers: Sequence[Answer], rows: KnownRows, terms: Terms) -> Adjudication:
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
    gathered = gather(newest_of_each(answers), rows)
    cases = [Case(one, one.find_winners(terms.on_conflict), rows, terms) for one in gathered.ballots]
    problems = [_find_problem(case) for case in cases]
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


def _find_problem(case: Case) -> Problem | None:
    """The first rule that a row and its answers break; None if they meet all of them.

    The answers are settled first, then held against the row. So a row that has the chosen label by now is
    told from one that has changed otherwise.
    """
    problem = next(filter(None, (rule(case) for rule in RULES)), None)
    return problem and (_find_done(case) or problem)


def _find_done(case: Case) -> Problem | None:
    """That what is wanted of a row was done before; None where it wasn't."""
    if not case.winners:
        return None
    row, wanted = case.ballot.row, case.winners[0]
    if wanted.unusable:
        is_dropped = (row.row_id, row.given_label) in case.rows.dropped
        return Problem(Reason.ALREADY, "it was dropped before") if is_dropped else None
    is_done = len(wanted.labels) == 1 and case.rows.has_label_now(row, wanted.labels[0])
    return Problem(Reason.ALREADY, "it bears this label by now") if is_done else None


def _ask_for_votes(case: Case) -> Problem | None:
    if case.ballot.votes:
        return None
    return Problem(Reason.PASSED_OVER, ", ".join(sorted({why for _, why in case.ballot.passed})))


def _ask_for_label_seen(case: Case) -> Problem | None:
    return case.ballot.relabelled


def _ask_for_label(case: Case) -> Problem | None:
    if case.ballot.row.given_label is not None:
        return None
    return Problem(Reason.UNLABELLED, "the row has no label that could be judged")


def _ask_for_agreement(case: Case) -> Problem | None:
    if case.winners:
        return None
    votes = case.ballot.votes
    counts = Counter(" and ".join(map(repr, one.labels)) or "unusable" for one in votes)
    counts.update(why for _, why in case.ballot.passed)
    repeated = sum(one.answer.repeated for one in votes)
    rest = f"; {repeated} of them in files that are the same as another" if repeated else ""
    said = ", ".join(f"{name} ({counts[name]})" for name in sorted(counts))
    return Problem(Reason.DISAGREEMENT, f"answers differ: {said}{rest}")


def _ask_for_one_label(case: Case) -> Problem | None:
    wanted = case.winners[0]
    if wanted.is_unclear:
        why = f"{wanted.labels[-1]!r} is none of the labels, nor several of them with '#' between"
        return Problem(Reason.NEW_LABEL, why)
    if len(wanted.labels) > 1:
        why = f"it got several labels: {listed(wanted.labels, MOST_NAMED)}"
        return Problem(Reason.SEVERAL_LABELS, why)
    return None


def _ask_for_known_label(case: Case) -> Problem | None:
    wanted = case.winners[0]
    if not wanted.is_new or case.terms.new_labels:
        return None
    return Problem(Reason.NEW_LABEL, _explain_new_label(wanted.labels[0], case.rows.labels.in_order))


@lru_cache  # many rows may have the same few
def _explain_new_label(found: str, known: tuple[str, ...]) -> str:
    near = find_nearest(found, reversed(known), str.casefold)
    return f"{found!r} is none of the labels{f'; perhaps {near!r} was meant' if near else ''}"


def _ask_for_same_row(case: Case) -> Problem | None:
    return case.rows.find_edit(case.ballot.row)


def _ask_for_content_seen(case: Case) -> Problem | None:
    # again, since an audit of an earlier version doesn't say what was in the row
    now = case.rows.unchanged(case.ballot.row)
    return None if all(is_as_seen(one.answer, now) for one in case.ballot.votes) else OTHER_CONTENT


RULES: tuple[Callable[[Case], Problem | None], ...] = (
    _ask_for_votes,
    _ask_for_label_seen,
    _ask_for_label,
    _ask_for_agreement,
    _ask_for_one_label,
    _ask_for_known_label,
    _ask_for_same_row,
    _ask_for_content_seen,
)
"""What a row and its answers must meet, so that something is decided: each rule may rely on those before."""


# ----------------------------------------------------------------------- for a correction


def settle(answers: Sequence[Answer], rows: KnownRows, terms: Terms, *, spread: bool = False) -> Settled:
    """What answers decide on the rows of a file, what they don't, and what would follow for equal rows.

    Args:
        answers: What people said, in any tools.
        rows: The rows of the file, as they were audited and as they are now.
        terms: How the answers are judged.
        spread: Whether a decision also holds for the rows of equal input and of the same label that rode
            along, where nobody decided on them; else these decisions are only offered.

    Raises:
        InputError: The terms refuse what was found.
    """
    found = adjudicate(answers, rows, terms)
    further = spread_out(found.decided, rows, {one.row for one in found.ballots if one.votes})
    own = [one.decision for one in found.decided]
    decisions = sorted([*own, *further.decisions] if spread else own, key=_sort_by_row)
    left = _list_unapplied(found)
    return Settled(
        tuple(decisions),
        tuple(sorted([*left, *further.unapplied] if spread else left, key=_sort_by_kind)),
        offered=() if spread else further.decisions,
        new_labels=_list_new_labels(decisions, rows),
        notes=(*_write_notes(found, terms), *_explain_strange_rows(found)),
    )


def refuse_conflicts(found: Adjudication) -> InputError | None:
    """Refuse answers that differ, or that name several labels."""
    conflicts = [one for one in _list_unapplied(found) if one.kind is UnappliedKind.CONFLICT]
    if not conflicts:
        return None
    conflicts.sort(key=lambda one: (one.places, one.row_id))
    rows = join_first(
        [f"{one.row_id!r}: {one.why}" for one in conflicts], MOST_NAMED, between="; ", last="; "
    )
    return InputError(
        f"people's answers can't be settled on {len(conflicts):,} of the rows: {rows}",
        where=", ".join(sorted({answer.file for answer in found.answers} - {""})) or None,
        row=conflicts[0].places[0],
        expected="one answer a row, or equal ones",
        hint="let people settle it, or say how: --on-conflict majority|unanimous|newest|skip",
    )


def _list_unapplied(found: Adjudication) -> list[Unapplied]:
    """The rejections as records; strays of the same id are one, where they are it for the same reason."""
    strays: dict[tuple[str, Problem], list[Answer]] = {}
    for one in found.rejections:
        if one.row is None:
            strays.setdefault((one.row_id, one.problem), []).extend(one.answers)
    together = [Rejection(problem, row_id, None, tuple(own)) for (row_id, problem), own in strays.items()]
    return [one.as_record() for one in (*together, *(one for one in found.rejections if one.row))]


def _list_new_labels(decisions: Sequence[Decision], rows: KnownRows) -> tuple[str, ...]:
    """The labels that are none of the file's."""
    chosen = {decision.verdict for decision in decisions if decision.verdict is not None}
    return tuple(sorted(chosen - set(rows.labels.names)))


def _write_notes(found: Adjudication, terms: Terms) -> Iterator[str]:
    counts = Counter(why for ballot in found.ballots for _, why in ballot.passed)
    if counts:
        yield f"answers that decide nothing: {', '.join(f'{counts[why]:,} {why}' for why in sorted(counts))}"
    outvoted = sum(bool(one.decision.outvoted) for one in found.decided)
    if outvoted:
        yield f"rows on which answers differed, settled by --on-conflict {terms.on_conflict}: {outvoted:,}"
    if any(row.row_hash is None for rows in found.rows.audited.by_id.values() for row in rows):
        yield "an earlier version wrote the audit: whether a row's content has changed since can't be told"


def _explain_strange_rows(found: Adjudication) -> Iterator[str]:
    """What may be the matter where no row is what was seen: hardly has somebody edited all of them."""
    other = {one.row_id for one in found.rejected_for(Reason.OTHER_CONTENT)}
    if other and other >= {one.row_id for one in found.answers if one.seen_hash and one.decides}:
        yield (
            "none of the rows is as it was seen: either these verdicts are of another file, or the audit is "
            "of other columns than the queue was (--ignore, --annotators and so on, or one came or went): "
            "name the queue's own audit with --audit, or scan with the same columns"
        )


def _sort_by_row(decision: Decision) -> int:
    return decision.row


def _sort_by_kind(one: Unapplied) -> tuple[int, str, tuple[int, ...], str]:
    return list(UnappliedKind).index(one.kind), one.row_id, one.places, one.why
