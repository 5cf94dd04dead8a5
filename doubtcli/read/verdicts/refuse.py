"""Answers and the labelled rows -> an error where one doesn't fit: with it a scan takes none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.read.verdicts.locate import is_as_seen
from doubtcli.read.verdicts.spelling import likely_label
from doubtcli.read.verdicts.zeros import LOST_ZEROS, numerals
from doubtcli.records.answers import MOST_NAMED
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from doubtcli.read.verdicts.ballots import Ballot
    from doubtcli.read.verdicts.locate import RowIndex
    from doubtcli.read.verdicts.votes import Vote
    from doubtcli.records.answers import Answer

ID, GIVEN, SEEN = "doubt_id", "given_label", "doubt_row_hash"


def check_ids(answers: Sequence[Answer], path: str, known: Collection[str], data_path: str) -> None:
    """Refuse ids that no row bears.

    Raises:
        InputError: Counts them, and names the first ones.
    """
    strangers = [answer for answer in answers if answer.row_id not in known]
    if strangers:
        names = listed((answer.row_id for answer in strangers), MOST_NAMED)
        is_near = not numerals(answer.row_id for answer in strangers).isdisjoint(numerals(known))
        raise InputError(
            f"{len(strangers):,} of its {len(answers):,} ids name no row of {data_path}: {names}",
            where=path,
            row=strangers[0].row,
            column=ID,
            expected=f"ids as a scan of {data_path} writes them",
            hint="scan the file that the queue was made from, with the same --id and the same input columns"
            + (f"; or {LOST_ZEROS}" if is_near else ""),
        )


def check_labels(votes: Sequence[Vote], path: str, labels: Sequence[str]) -> None:
    """Refuse votes for a label that is none, whether they win or not.

    Raises:
        InputError: Names the first one, and the label that is nearest to it.
    """
    for wanted in votes:
        if wanted.is_new:
            found = next(label for label in wanted.labels if label not in labels)
            near = likely_label(found, labels)
            raise InputError(
                f"{found!r} is none of the labels",
                where=path,
                row=wanted.answer.row,
                column=_column(wanted.answer),
                expected=f"one of {listed(labels)}",
                hint=f"did you mean {near!r}?" if near else None,
            )


def check_content(answers: Sequence[Answer], now: RowIndex, path: str, data_path: str) -> None:
    """Refuse answers on rows in which something else stands by now, as far as the answers tell.

    Args:
        answers: Those that decide.
        now: The rows; every answer is on one of them.
        path: The file of verdicts.
        data_path: The labelled file.

    Raises:
        InputError: Counts them, and names the first ones.
    """
    changed = [one for one in answers if not any(is_as_seen(one, row) for row in now.by_id[one.row_id])]
    if changed:
        names = listed((answer.row_id for answer in changed), MOST_NAMED)
        raise InputError(
            f"{len(changed):,} of its {len(answers):,} decisions are on rows of another content: {names}",
            where=path,
            row=changed[0].row,
            column=SEEN,
            expected=f"the rows of {data_path} as they were queued, with the same input columns",
            hint="if they were queued from another file, scan that one; if with other columns (--ignore, "
            "--annotators and so on, or one came or went), scan with those; else take these rows out of the "
            "verdicts, or decide them again",
        )


def check_given(ballots: Iterable[Ballot], path: str, data_path: str) -> None:
    """Refuse ballots on labels that are others by now.

    Args:
        ballots: Those on rows that were relabelled since, to another label than was chosen.
        path: The file of verdicts.
        data_path: The labelled file.

    Raises:
        InputError: Names the first rows, and both labels of each.
    """
    changed = [(one.answer, ballot.row.given_label) for ballot in ballots for one in ballot.votes]
    if not changed:
        return
    changed.sort(key=lambda one: one[0].row)
    told = [f"{answer.row_id!r} ({answer.given_label!r}, now {now!r})" for answer, now in changed]
    rest = f" and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
    raise InputError(
        f"rows bear another label than when they were decided: {', '.join(told[:MOST_NAMED])}{rest}",
        where=path,
        row=changed[0][0].row,
        column=GIVEN,
        expected=f"the labels of {data_path}, or those that were chosen",
        hint="take these rows out of the verdicts, or decide them again",
    )


def check_one_label(winner: Vote, path: str) -> None:
    """Refuse several labels for a row.

    Raises:
        InputError: Names them.
    """
    if len(winner.labels) > 1:
        raise InputError(
            f"{winner.answer.row_id!r} has several labels: {listed(winner.labels, MOST_NAMED)}",
            where=path,
            row=winner.answer.row,
            column=_column(winner.answer),
            expected="one label a row",
            hint="decide for one of them, or take the row out",
        )


def _column(answer: Answer) -> str:
    """What a tool calls the answer."""
    return {"doubt": "verdict", "prodigy": "accept"}.get(answer.tool, "label")
