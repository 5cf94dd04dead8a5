"""Answers and the labelled rows -> one verdict a row, for a scan.

A scan takes all verdicts of a file or none: what doesn't fit the rows is an error.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from doubtcli.errors import InputError
from doubtcli.read.choices import listed
from doubtcli.read.verdicts import answers as say
from doubtcli.read.verdicts.sample import drawn
from doubtcli.read.verdicts.spelling import choice, label_of, likely_label, spellings
from doubtcli.records import UNDECIDED, UNUSABLE, Verdicts

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from doubtcli.read.verdicts.answers import Answer
    from doubtcli.records import Codes, Examples, Labels

    Decided = tuple[int, Answer, int]
    """A row's number, what was said of it, and the code of it."""

ID, GIVEN = "doubt_id", "given_label"
MOST_NAMED = 5


def match(
    answers: Sequence[Answer], path: str, examples: Examples, labels: Labels, data_path: str
) -> Verdicts:
    """The answers as codes of the labelled rows.

    Equal answers on one row are one. Nothing is applied in silence: an answer that does not fit the rows is
    an error.

    Args:
        answers: What people said, in the file's order.
        path: The file they stand in.
        examples: The labelled rows.
        labels: Their classes.
        data_path: The labelled file.

    Raises:
        InputError: An id that no row bears, a label that is no class, several labels, a given label that has
            changed since, or two unlike answers on one row.
    """
    place = {row_id: row for row, row_id in enumerate(examples.row_ids)}
    unlabelled = set(examples.unlabelled_row_ids)
    _check_ids(answers, path, place.keys() | unlabelled, data_path)
    known = spellings(labels)
    told = [(place[answer.row_id], answer) for answer in answers if answer.row_id in place]
    coded = [(row, answer, _code(answer, known, labels, path)) for row, answer in told]
    decided = [one for one in coded if one[2] != UNDECIDED and not _is_left_as_it_was(one, examples)]
    now = [labels.class_names[examples.given_labels[row]] for row, _, _ in decided]
    _check_given(decided, now, known, path, data_path)
    return Verdicts(
        path,
        _settled(decided, examples.n_rows, path),
        *drawn(told, examples.n_rows, path),
        notes=tuple(_notes(answers, unlabelled)),
    )


def _is_left_as_it_was(decided: Decided, examples: Examples) -> bool:
    """Whether a tool that starts from the given label brings it back, so that perhaps nobody looked."""
    row, answer, code = decided
    return answer.prefilled and code == examples.given_labels[row]


def _notes(answers: Sequence[Answer], unlabelled: set[str]) -> Iterator[str]:
    on_no_label = len({answer.row_id for answer in answers if answer.row_id in unlabelled and answer.decides})
    if on_no_label:
        yield f"verdicts on rows without a label, passed over: {on_no_label}"
    counts = Counter(say.PASSED_OVER[answer.status] for answer in answers if answer.status in say.PASSED_OVER)
    if counts:
        yield f"answers passed over: {', '.join(f'{counts[name]} {name}' for name in sorted(counts))}"


def _code(answer: Answer, known: Mapping[str, str], labels: Labels, path: str) -> int:
    if answer.status == say.UNUSABLE:
        return UNUSABLE
    if not answer.decides:
        return UNDECIDED
    chosen = choice(answer, known)
    if chosen.unknown:
        raise _no_label(answer, labels, path)
    if len(chosen.labels) > 1:
        raise InputError(
            f"{answer.row_id!r} has several labels: {listed(chosen.labels, MOST_NAMED)}",
            where=path,
            row=answer.row,
            column=_column(answer),
            expected="one label a row",
            hint="decide for one of them, or take the row out",
        )
    return labels.class_names.index(chosen.labels[0])


def _settled(decided: Sequence[Decided], n_rows: int, path: str) -> Codes:
    """One code a row."""
    codes = np.full(n_rows, UNDECIDED, dtype=np.intp)
    first: dict[int, Answer] = {}
    for row, answer, code in decided:
        before = first.setdefault(row, answer)
        if before is not answer and codes[row] != code:
            raise _conflict(before, answer, path)
        codes[row] = code
    return codes


# -------------------------------------------------------------------- checks


def _check_ids(answers: Sequence[Answer], path: str, known: set[str], data_path: str) -> None:
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


def _check_given(
    decided: Sequence[Decided], labels_now: Sequence[str], known: Mapping[str, str], path: str, data_path: str
) -> None:
    """Refuse verdicts on labels that are others by now."""
    changed = [
        (answer, now)
        for (_, answer, _), now in zip(decided, labels_now, strict=True)
        if answer.given_label.strip() and label_of(answer.given_label, known) != now
    ]
    if not changed:
        return
    told = [f"{answer.row_id!r} ({answer.given_label!r}, now {now!r})" for answer, now in changed]
    rest = f" and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
    raise InputError(
        f"rows bear another label than when they were decided: {', '.join(told[:MOST_NAMED])}{rest}",
        where=path,
        row=changed[0][0].row,
        column=GIVEN,
        expected=f"the labels of {data_path}",
        hint="take these rows out of the verdicts, or decide them again",
    )


def _no_label(answer: Answer, labels: Labels, path: str) -> InputError:
    near = likely_label(answer.verdict, labels.class_names)
    return InputError(
        f"{answer.verdict!r} is none of the labels",
        where=path,
        row=answer.row,
        column=_column(answer),
        expected=f"one of {listed(labels.class_names)}",
        hint=f"did you mean {near!r}?" if near else None,
    )


def _conflict(one: Answer, other: Answer, path: str) -> InputError:
    def told(answer: Answer) -> str:
        return answer.status or repr(answer.verdict)

    return InputError(
        f"{other.row_id!r} is {told(other)} here, and {told(one)} on row {one.row}",
        where=path,
        row=other.row,
        column=_column(other),
        expected="one verdict a row, or equal ones",
        hint="settle it, and take the other out",
    )


def _column(answer: Answer) -> str:
    """What a tool calls the answer."""
    return {"doubt": "verdict", "prodigy": "accept"}.get(answer.tool, "label")
