"""People's answers about rows, in one record for all annotation tools."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

UNUSABLE_STATUS = "unusable"
"""The status of a row that no label fits."""

WITHDRAWN_STATUS = "withdrawn"
"""The status of a row on which a person took back what was decided."""

PASSED_OVER = {
    WITHDRAWN_STATUS: "taken back",
    "skipped": "skipped",
    "discarded": "discarded",
    "ignored": "ignored",
    "rejected": "rejected without another label",
    "draft": "a draft",
    "unsubmitted": "not marked as submitted",
}
"""The statuses of answers that decide nothing, each as a message says it."""

FILLED_IN = "doubt"
"""The tool of answers that people wrote into the very file that went out."""

EARLIEST = dt.datetime.min.replace(tzinfo=dt.UTC)
"""Takes the place of a missing time where times are sorted."""

BARE_NUMBER = re.compile(r"[0-9]+(\.0+)?")
"""A name that means nothing outside its file: 1 is the first user of every Label Studio."""


SHORTENED_ID = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")
"""A long id as a spreadsheet shows it: 1.46032E+18."""


@dataclass(frozen=True)
class Answer:
    """One person's answer about one row; a text is empty where the file has none."""

    row: int
    """Its place in the file of verdicts, from 1 without the header; in a spreadsheet its row's number."""
    row_id: str
    verdict: str = ""
    """The chosen label, as its tool wrote it: the given label to keep it, empty where undecided."""
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
    """A hash of the row as the person saw it, without its label; the same hash as the audit's `row_hash`."""
    other_verdicts: tuple[str, ...] = ()
    """Labels that were chosen in addition to `verdict`."""
    joined: bool = False
    """Whether `verdict` may be several labels with "#" between them."""
    prefilled: bool = False
    """Whether the tool started from the given label and doesn't say who looked: a label left as it was
    decides nothing."""
    duplicates: tuple[str, ...] = ()
    """In queues of earlier versions: the ids of equal rows; one text may be several, comma-separated."""
    equal_rows: int = 1
    """How many equal rows its row stands for, itself counted: the answer is about all of them."""
    seen_as: str = ""
    """The id of the equal row that the person looked at; empty where the person looked at this row."""
    tool: str = FILLED_IN
    file: str = ""
    column: str = "verdict"
    """What the file calls the chosen label."""
    rewritten: bool = False
    """Whether a spreadsheet has rewritten labels of its file: `0112` as `112`, `true` as `WAHR`."""
    repeated: bool = False
    """Whether its file equals another file and has neither names nor times: it may be a copy, or another
    person's equal answers."""

    @property
    def decides(self) -> bool:
        """Whether it decides what happens to the row."""
        return self.status == UNUSABLE_STATUS or not (self.status or self.open)

    @property
    def open(self) -> bool:
        """Whether no label was chosen."""
        return not self.verdict.strip() and not self.other_verdicts


@dataclass(frozen=True)
class AnswerFile:
    """The answers in one file of verdicts."""

    path: str
    tool: str
    """The name of the tool that wrote it; `FILLED_IN` where people filled in a file of ours."""
    answers: tuple[Answer, ...]
    """In the file's order; one decision a person and row, where times show which is the newest."""
    sha256: str
    """Of its bytes, unpacked."""
    n_older: int = 0
    """How many older answers there were, by people who answered again."""
    notes: tuple[str, ...] = ()
    """What the user should know about how it was read."""


@dataclass(frozen=True)
class AnswersRead:
    """All answers in some files."""

    path: str
    """What messages call the files; several with ", "."""
    answers: tuple[Answer, ...]
    """In the files' order; nobody decides twice on a row, if times say which answer is the newest."""
    notes: tuple[str, ...]
    """What the user should know of how they were read."""


def keep_newest_answers(answers: Sequence[Answer]) -> list[Answer]:
    """The answers; of several by one person on one row, only the newest.

    Answers that decide nothing give way to those that decide, unless they take them back. Where times don't
    show which of a person's different answers is the newest, all of them stay. Answers without a name count
    as different people's, unless a file holds the same record twice.
    """
    answers = _drop_repeated(answers)
    of_person: dict[tuple[object, ...], list[Answer]] = {}
    for answer in answers:
        who = identify_person(answer)
        if who:
            of_person.setdefault((*_identify_seen_row(answer), who), []).append(answer)
    older = {id(old) for own in of_person.values() if len(own) > 1 for old in _superseded(own)}
    return [answer for answer in answers if id(answer) not in older]


def identify_person(answer: Answer) -> tuple[str, str] | None:
    """Who gave an answer, as a name and a file; None where nobody is named.

    A name that is only a number means something in its own file alone, so that file is part of the identity.
    Any other name is the same person in all files, and the file is "".
    """
    name = answer.annotator
    if not name:
        return None
    return name, answer.file if BARE_NUMBER.fullmatch(name.strip()) else ""


def parse_moment(time: str) -> dt.datetime | None:
    """The moment that an ISO 8601 time means, in UTC where it has no zone; None if it is not a time."""
    try:
        found = dt.datetime.fromisoformat(time.strip())
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)


def _drop_repeated(answers: Sequence[Answer]) -> list[Answer]:
    """The answers, each record once."""
    in_order = sorted(enumerate(answers), key=lambda one: astuple(one[1]))
    kept = set({_identify_record(answer): place for place, answer in in_order}.values())
    return [answer for place, answer in enumerate(answers) if place in kept]


def _identify_record(answer: Answer) -> tuple[object, ...]:
    """What makes a record unique: two people may give the same answer, each in their own file."""
    when = parse_moment(answer.time)
    # equal to the microsecond: it is one answer, and its project was exported twice
    file = "" if when is not None and when.microsecond else answer.file
    what = answer.status, answer.verdict.strip(), answer.other_verdicts, answer.time, answer.why
    if SHORTENED_ID.fullmatch(answer.row_id.strip()):  # many rows may have been shortened to this
        return file, *_identify_seen_row(answer), answer.annotator, what, answer.row
    return file, *_identify_seen_row(answer), answer.annotator, what


def _identify_seen_row(answer: Answer) -> tuple[str, ...]:
    """The row that an answer is about, as it was seen: a row that changed since is a different one."""
    return answer.row_id, answer.given_label, answer.seen_hash


def _superseded(answers: Sequence[Answer]) -> Iterable[Answer]:
    """Of one person's answers on one row, those that no longer count."""
    deciding = [answer for answer in answers if answer.decides or answer.status == WITHDRAWN_STATUS]
    if not deciding:
        return []
    moments = [parse_moment(answer.time) for answer in deciding]
    known = [moment for moment in moments if moment is not None]
    if len(known) == len(deciding):
        deciding = [answer for answer in deciding if parse_moment(answer.time) == max(known)]
    newest = {_digest_decision(answer): answer for answer in sorted(deciding, key=_order_in_time)}
    kept = {id(answer) for answer in newest.values()}
    return [answer for answer in answers if id(answer) not in kept]


def _digest_decision(answer: Answer) -> tuple[object, ...]:
    """What an answer decides, and whether it has a time: answers equal in both count once."""
    return answer.status, answer.verdict.strip(), answer.other_verdicts, parse_moment(answer.time) is None


def _order_in_time(answer: Answer) -> tuple[object, ...]:
    return parse_moment(answer.time) or EARLIEST, *astuple(answer)
