"""What people said of rows, in one record whatever tool they said it in."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNUSABLE_STATUS = "unusable"
"""The status of a row that no label fits."""

PASSED_OVER = {
    "skipped": "skipped",
    "discarded": "discarded",
    "ignored": "ignored",
    "rejected": "rejected without another label",
    "draft": "a draft",
    "unsubmitted": "not told to be submitted",
}
"""The statuses of answers that decide nothing, each in plain words."""

FILLED_IN = "doubt"
"""The tool of answers that people wrote into the very file that went out."""

EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)
"""Stands for a time that isn't told, where all must have one."""

BARE_NUMBER = re.compile(r"[0-9]+(\.0+)?")
"""A name that tells nothing outside of its file: 1 is the first user of every Label Studio."""


@dataclass(frozen=True)
class Answer:
    """What one person said of one row; an empty text where a file says nothing."""

    row: int
    """Its place in the file of verdicts, from 1, a header left out."""
    row_id: str
    verdict: str = ""
    """The chosen label, as its tool wrote it; equal to the given one: it is kept; empty: undecided."""
    status: str = ""
    """`UNUSABLE`, one of `PASSED_OVER`, or empty."""
    annotator: str = ""
    time: str = ""
    """ISO 8601, as its tool wrote it."""
    why: str = ""
    given_label: str = ""
    """The row's label as the person saw it."""
    stratum: str = ""
    inclusion: str = ""
    seen_hash: str = ""
    """What stood in the row when the person saw it, its label left out, as the audit's `row_hash` has it."""
    other_verdicts: tuple[str, ...] = ()
    """Labels that were chosen beside `verdict`."""
    joined: bool = False
    """Whether `verdict` may be several labels with "#" between them."""
    prefilled: bool = False
    """Whether the tool started from the given label and doesn't say who looked: one left as it is decides
    nothing."""
    duplicates: tuple[str, ...] = ()
    """The ids of rows with equal input that ride along; one text may hold several with commas between."""
    tool: str = FILLED_IN
    file: str = ""
    column: str = "verdict"
    """What the file calls the chosen label."""
    repeated: bool = False
    """Whether it stands in a file that is the same as another, and that tells neither who said so nor when:
    a copy, or what another person said just alike."""

    @property
    def decides(self) -> bool:
        """Whether it says what becomes of the row."""
        return self.status == UNUSABLE_STATUS or not (self.status or self.open)

    @property
    def open(self) -> bool:
        """Whether no label was chosen."""
        return not self.verdict.strip() and not self.other_verdicts


@dataclass(frozen=True)
class AnswerFile:
    """All that a file of verdicts says."""

    path: str
    tool: str
    """The name of the tool that wrote it; `FILLED_IN` where people filled in a file of ours."""
    answers: tuple[Answer, ...]
    """In the file's order; nobody decides twice on a row there, if times tell which answer is the newest."""
    sha256: str
    """Of its bytes, unpacked."""
    n_older: int = 0
    """How many more answers there were, of people who answered again."""
    notes: tuple[str, ...] = ()
    """What the user should know of how it was read."""


def newest_of_each(answers: Sequence[Answer]) -> list[Answer]:
    """The answers, of those that one person gave on one row only the newest.

    What decides nothing gives way to what decides. Where times don't tell which of a person's unlike answers
    is the newest, all of them stay. Nameless answers are taken for those of different people, unless a file
    holds a record twice.
    """
    answers = _drop_repeated(answers)
    of_person: dict[tuple[object, ...], list[Answer]] = {}
    for answer in answers:
        who = name_person(answer)
        if who:
            of_person.setdefault((*_identify_seen_row(answer), who), []).append(answer)
    older = {id(old) for own in of_person.values() if len(own) > 1 for old in _superseded(own)}
    return [answer for answer in answers if id(answer) not in older]


def name_person(answer: Answer) -> tuple[str, str] | None:
    """Who gave an answer; None where nobody is named.

    A name that is only a number is known in its file alone, which is told beside it. Any other is the same
    person's in all files.
    """
    name = answer.annotator
    if not name:
        return None
    return name, answer.file if BARE_NUMBER.fullmatch(name.strip()) else ""


def parse_moment(time: str) -> dt.datetime | None:
    """The moment that a time in ISO 8601 means, in UTC where it names no zone; None if it is no time."""
    try:
        found = dt.datetime.fromisoformat(time.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _drop_repeated(answers: Sequence[Answer]) -> list[Answer]:
    """The answers without the records that stand there twice."""
    in_order = sorted(enumerate(answers), key=lambda one: astuple(one[1]))
    kept = set({_identify_record(answer): place for place, answer in in_order}.values())
    return [answer for place, answer in enumerate(answers) if place in kept]


def _identify_record(answer: Answer) -> tuple[object, ...]:
    """What tells a record from all others: two people may well say the same, each in a file of their own."""
    when = parse_moment(answer.time)
    # the very same to the microsecond is one answer: its project was exported twice
    file = "" if when is not None and when.microsecond else answer.file
    what = answer.status, answer.verdict.strip(), answer.other_verdicts, answer.time, answer.why
    return file, *_identify_seen_row(answer), answer.annotator, what


def _identify_seen_row(answer: Answer) -> tuple[str, ...]:
    """What an answer is on: a row as it was seen, so that one which has changed since is another."""
    return answer.row_id, answer.given_label, answer.seen_hash


def _superseded(answers: Sequence[Answer]) -> Iterable[Answer]:
    """Of one person's answers on one row: those that no longer count."""
    deciding = [answer for answer in answers if answer.decides]
    if not deciding:
        return []
    moments = [parse_moment(answer.time) for answer in deciding]
    told = [when for when in moments if when is not None]
    if len(told) == len(deciding):
        deciding = [answer for answer in deciding if parse_moment(answer.time) == max(told)]
    newest = {_digest_decision(answer): answer for answer in sorted(deciding, key=_place_in_time)}
    kept = {id(answer) for answer in newest.values()}
    return [answer for answer in answers if id(answer) not in kept]


def _digest_decision(answer: Answer) -> tuple[object, ...]:
    """What it says, and whether a time tells when: answers alike in both are one."""
    return answer.status, answer.verdict.strip(), answer.other_verdicts, parse_moment(answer.time) is None


def _place_in_time(answer: Answer) -> tuple[object, ...]:
    return parse_moment(answer.time) or EARLIEST, *astuple(answer)
