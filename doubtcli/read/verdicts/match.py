"""Answers and the labelled rows -> one verdict a row, for a scan.

They are settled as `doubt apply` settles them by default. But a scan takes all verdicts of a file or none:
what doesn't fit the rows is an error.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.read.verdicts.ballots import gather, is_left_as_it_was
from doubtcli.read.verdicts.locate import index_rows
from doubtcli.read.verdicts.refuse import (
    check_content,
    check_given,
    check_ids,
    check_labels,
    check_one_label,
)
from doubtcli.read.verdicts.sample import drawn
from doubtcli.read.verdicts.seen import rows_now
from doubtcli.read.verdicts.spelling import choice, spellings
from doubtcli.read.verdicts.votes import vote, winning
from doubtcli.records import UNDECIDED, UNUSABLE, OnConflict, Verdicts
from doubtcli.records import answers as say
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from doubtcli.read.verdicts.ballots import Ballot
    from doubtcli.read.verdicts.locate import RowIndex
    from doubtcli.read.verdicts.votes import Vote
    from doubtcli.records import Examples, Labels
    from doubtcli.records.answers import Answer

    Outcome = tuple[Ballot, Vote | None]
    """What was said of a row, and a vote for what it came to; None where it came to nothing."""


def match(
    answers: Sequence[Answer], path: str, examples: Examples, labels: Labels, data_path: str
) -> Verdicts:
    """The answers as codes of the labelled rows.

    Of several people's answers on a row the majority decides; of two who differ neither is believed, and the
    row is left undecided. A row that bears its verdict by now is kept: it was corrected since. Nothing is
    applied in silence: an answer that does not fit the rows is an error.

    Args:
        answers: What people said, in the file's order; nobody twice on a row.
        path: The file they stand in.
        examples: The labelled rows.
        labels: Their classes.
        data_path: The labelled file.

    Raises:
        InputError: An id that no row bears, a label that is no class, several labels, or a row whose content
            has changed since, or its given label to another than was chosen.
    """
    place = {row_id: row for row, row_id in enumerate(examples.row_ids)}
    unlabelled = set(examples.unlabelled_row_ids)
    check_ids(answers, path, place.keys() | unlabelled, data_path)
    known, rows = spellings(labels), index_rows(rows_now(examples))
    told = [answer for answer in answers if answer.row_id in place]
    votes = _votes(told, rows, known)
    check_labels(votes, path, examples.class_names)
    check_content([one.answer for one in votes], rows, path, data_path)
    outcomes = [(ballot, _winner(ballot)) for ballot in gather(told, rows, known)[0] if ballot.votes]
    check_given([ballot for ballot, winner in outcomes if not _holds(ballot, winner)], path, data_path)
    codes = np.full(examples.n_rows, UNDECIDED, dtype=np.intp)
    for ballot, winner in _newest(outcomes):
        if winner is not None:
            check_one_label(winner, path)
            codes[place[ballot.row.row_id]] = _code(winner, labels)
    corrected = _corrected_in_sample(outcomes)
    sample = [] if corrected else [(place[answer.row_id], answer) for answer in told]
    return Verdicts(
        path,
        codes,
        *drawn(sample, examples.n_rows, path),
        notes=(*_passed_over(answers, unlabelled), *_differing(outcomes), *_no_sample(corrected)),
    )


def _votes(told: Sequence[Answer], rows: RowIndex, known: Mapping[str, str]) -> list[Vote]:
    """What people decided, be it on the rows as they are or as they were."""
    now = {answer.row_id: rows.by_id[answer.row_id][0].given_label for answer in told}
    votes = [vote(answer, choice(answer, known)) for answer in told if answer.decides]
    return [one for one in votes if not is_left_as_it_was(one, now[one.answer.row_id], known)]


def _holds(ballot: Ballot, winner: Vote | None) -> bool:
    """Whether what was decided on a row holds for it now: a row relabelled since bears the verdict."""
    return ballot.relabelled is None or (winner is not None and winner.labels == (ballot.row.given_label,))


def _newest(outcomes: Sequence[Outcome]) -> list[Outcome]:
    """The outcomes without those on rows that were relabelled since, where people decided again."""
    again = {ballot.row for ballot, _ in outcomes if ballot.relabelled is None}
    return [one for one in outcomes if one[0].relabelled is None or one[0].row not in again]


def _corrected_in_sample(outcomes: Sequence[Outcome]) -> int:
    """How many rows that were drawn at random have got another label since."""
    relabelled = (ballot for ballot, _ in outcomes if ballot.relabelled)
    return sum(any(one.answer.stratum.strip() for one in ballot.votes) for ballot in relabelled)


def _winner(ballot: Ballot) -> Vote | None:
    said = winning(ballot.votes, OnConflict.MAJORITY, anybody_passed=bool(ballot.passed))
    return next((one for one in ballot.votes if one.said == said), None)


def _code(winner: Vote, labels: Labels) -> int:
    return UNUSABLE if winner.unusable else labels.class_names.index(winner.labels[0])


# ---------------------------------------------------------------------- notes


def _passed_over(answers: Sequence[Answer], unlabelled: set[str]) -> Iterator[str]:
    on_no_label = len({answer.row_id for answer in answers if answer.row_id in unlabelled and answer.decides})
    if on_no_label:
        yield f"verdicts on rows without a label, passed over: {on_no_label}"
    counts = Counter(say.PASSED_OVER[answer.status] for answer in answers if answer.status in say.PASSED_OVER)
    if counts:
        yield f"answers passed over: {', '.join(f'{counts[name]} {name}' for name in sorted(counts))}"


def _differing(outcomes: Sequence[Outcome]) -> Iterator[str]:
    """How many rows people's answers differ on, and what becomes of them."""
    outvoted = sum(winner is not None and _differ(ballot) for ballot, winner in outcomes)
    if outvoted:
        yield f"rows on which answers differed, settled by the majority: {outvoted:,}"
    conflicts = [ballot.row.row_id for ballot, winner in outcomes if winner is None]
    if conflicts:
        names = listed(conflicts, say.MOST_NAMED)
        yield f"rows on which answers differ, left undecided: {len(conflicts):,} ({names})"


def _no_sample(corrected: int) -> Iterator[str]:
    """Rows that were drawn are corrected by now, all others are not: they no longer stand for the file."""
    if corrected:
        yield (
            f"rows of the audit sample that were corrected since: {corrected:,}; it tells no noise rate of "
            "the file as it is now"
        )


def _differ(ballot: Ballot) -> bool:
    return len({one.said for one in ballot.votes}) > 1
