"""The answers on one row -> the one that stands, or why none does."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from doubtcli.records import OnConflict
from doubtcli.records.answers import UNUSABLE_STATUS, name_person, parse_moment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.read.verdicts.spelling import Choice
    from doubtcli.records.answers import Answer


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
