"""Answers and the labelled rows -> an error where one doesn't fit: with it a scan takes none of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.read.choices import listed
from doubtcli.read.verdicts.spelling import label_of, likely_label

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from doubtcli.read.verdicts.answers import Answer
    from doubtcli.read.verdicts.votes import Vote

ID, GIVEN = "doubt_id", "given_label"
MOST_NAMED = 5


def check_ids(answers: Sequence[Answer], path: str, known: Collection[str], data_path: str) -> None:
    """Refuse ids that no row bears.

    Raises:
        InputError: Counts them, and names the first ones.
    """
    strangers = [answer for answer in answers if answer.row_id not in known]
    if strangers:
        names = listed((answer.row_id for answer in strangers), MOST_NAMED)
        raise InputError(
            f"{len(strangers):,} of its {len(answers):,} ids name no row of {data_path}: {names}",
            where=path,
            row=strangers[0].row,
            column=ID,
            expected=f"ids as a scan of {data_path} writes them",
            hint="scan the file that the queue was made from, with the same --id and the same input columns",
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


def check_given(
    answers: Sequence[Answer], now: Mapping[str, str], known: Mapping[str, str], path: str, data_path: str
) -> None:
    """Refuse answers on labels that are others by now.

    Args:
        answers: Those that decide.
        now: The label of each row, by its id.
        known: The labels of the file, by every way to write them.
        path: The file of verdicts.
        data_path: The labelled file.

    Raises:
        InputError: Names the first rows, and both labels of each.
    """
    changed = [
        answer
        for answer in answers
        if answer.given_label.strip() and label_of(answer.given_label, known) != now[answer.row_id]
    ]
    if not changed:
        return
    told = [f"{one.row_id!r} ({one.given_label!r}, now {now[one.row_id]!r})" for one in changed]
    rest = f" and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
    raise InputError(
        f"rows bear another label than when they were decided: {', '.join(told[:MOST_NAMED])}{rest}",
        where=path,
        row=changed[0].row,
        column=GIVEN,
        expected=f"the labels of {data_path}",
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
