"""Answers -> a ballot a row: all that was said of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from doubtcli.read.verdicts.locate import Miss, audited_row, relabelled
from doubtcli.read.verdicts.spelling import choice, label_of
from doubtcli.read.verdicts.tell import unapplied
from doubtcli.read.verdicts.votes import vote
from doubtcli.records import SeenRow, UnappliedKind
from doubtcli.records.answers import PASSED_OVER

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.read.verdicts.locate import RowIndex
    from doubtcli.read.verdicts.votes import Vote
    from doubtcli.records import Unapplied
    from doubtcli.records.answers import Answer

LEFT_OPEN = "left open"
LEFT_AS_IT_WAS = "left as it was, which its tool doesn't tell from not looked at"


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
