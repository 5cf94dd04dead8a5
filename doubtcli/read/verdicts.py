"""A file of verdicts -> what people decided on each labelled row.

Two steps, so that other tools' exports can take the second: `read_answers` knows our own files, `match` holds
answers of any origin against the rows.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.read.choices import listed
from doubtcli.read.table import read_table
from doubtcli.read.values import TEXT, as_text, parse_numbers, shown
from doubtcli.records import UNDECIDED, UNUSABLE, Stratum, Verdicts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.records import Codes, Examples, Floats, Labels

ID, VERDICT, STATUS = "doubt_id", "verdict", "verdict_status"
GIVEN, STRATUM, INCLUSION = "given_label", "doubt_stratum", "doubt_inclusion"
COLUMNS = (ID, VERDICT, STATUS, "annotator", "time", "why", GIVEN, STRATUM, INCLUSION)
STATUSES = ("skip", "unusable")
MOST_NAMED = 5


@dataclass(frozen=True)
class Answer:
    """What one person said of one row; an empty text where a file says nothing."""

    row: int
    """Its place in the file of verdicts, from 1, the header left out."""
    row_id: str
    verdict: str = ""
    """The chosen label; equal to the given one: it is kept; empty: undecided."""
    status: str = ""
    """"skip" (no answer), "unusable" (no label fits), or empty."""
    annotator: str = ""
    time: str = ""
    why: str = ""
    given_label: str = ""
    """The row's label as the person saw it."""
    stratum: str = ""
    inclusion: str = ""


def read_verdicts(path: str, examples: Examples, labels: Labels, data_path: str) -> Examples:
    """The labelled rows with the verdicts of a file of ours.

    Raises:
        InputError: As `read_answers`, `match` and `with_verdicts`.
    """
    return with_verdicts(examples, match(read_answers(path), path, examples, labels, data_path))


def read_answers(path: str) -> list[Answer]:
    """What people said, from a file of ours: CSV, JSON Lines or Parquet, such as a filled-in queue.csv.

    Raises:
        InputError: The file can't be read, or lacks the column `doubt_id` or `verdict`.
    """
    table = read_table(path).data
    for name in (ID, VERDICT):
        if name not in table.column_names:
            raise InputError(
                f"there is no column {name!r}",
                where=path,
                expected=f"the columns {ID!r} and {VERDICT!r}; it has {listed(table.column_names)}",
                hint="give a queue.csv with its verdicts filled in, or a file with these two columns",
            )
    empty = [""] * table.num_rows
    columns = (
        [text or "" for text in as_text(table.column(name)).to_pylist()]
        if name in table.column_names
        else empty
        for name in COLUMNS
    )
    return [Answer(row + 1, *values) for row, values in enumerate(zip(*columns, strict=True))]


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
        InputError: An id that no row bears, a label that is no class, a given label that has changed since,
            or two unlike answers on one row.
    """
    place = {row_id: row for row, row_id in enumerate(examples.row_ids)}
    unlabelled = set(examples.unlabelled_row_ids)
    _check_ids(answers, path, place.keys() | unlabelled, data_path)
    known = _known_labels(labels)
    told = [(place[answer.row_id], answer) for answer in answers if answer.row_id in place]
    codes = [_code(answer, known, labels, path) for _, answer in told]
    decided = [
        (row, answer, code) for (row, answer), code in zip(told, codes, strict=True) if code != UNDECIDED
    ]
    changed = [
        (answer, labels.class_names[examples.given_labels[row]])
        for row, answer, _ in decided
        if answer.given_label.strip() and _label(answer.given_label, known) != examples.given_labels[row]
    ]
    if changed:
        raise _relabelled(changed, path, data_path)
    passed_over = len({answer.row_id for answer in answers if answer.row_id in unlabelled and answer.verdict})
    note = f"verdicts on rows without a label, passed over: {passed_over}"
    return Verdicts(
        path,
        _settled(decided, examples.n_rows, path),
        *_drawn(told, examples.n_rows, path),
        notes=(note,) if passed_over else (),
    )


def with_verdicts(examples: Examples, verdicts: Verdicts) -> Examples:
    """The rows with what people decided on them, unusable ones set aside.

    Raises:
        InputError: By these verdicts fewer than two classes are left.
    """
    unusable = verdicts.codes == UNUSABLE
    rows, aside = np.flatnonzero(~unusable), np.flatnonzero(unusable)
    kept = replace(
        examples,
        row_ids=tuple(examples.row_ids[row] for row in rows),
        positions=examples.positions[rows],
        given_labels=examples.given_labels[rows],
        inputs=examples.inputs.take(pa.array(rows)) if examples.inputs.num_columns else examples.inputs,
        embeddings=None if examples.embeddings is None else examples.embeddings[rows],
        groups=None if examples.groups is None else examples.groups[rows],
        annotations=None
        if examples.annotations is None
        else replace(examples.annotations, codes=examples.annotations.codes[rows]),
        given_pred_probs=None if examples.given_pred_probs is None else examples.given_pred_probs[rows],
        verdicts=replace(
            verdicts,
            codes=verdicts.codes[rows],
            strata=tuple(verdicts.strata[row] for row in rows),
            inclusion=verdicts.inclusion[rows],
        ),
        unusable_row_ids=tuple(examples.row_ids[row] for row in aside),
        unusable_positions=tuple(examples.positions[aside].tolist()),
    )
    n_classes = len(np.unique(kept.taught_labels))
    if n_classes < 2:  # noqa: PLR2004
        raise InputError(
            f"by these verdicts the rows bear {'one label' if n_classes else 'no label'} only",
            where=verdicts.path,
            expected="rows of at least two classes, once its verdicts are followed",
        )
    return kept


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


def _known_labels(labels: Labels) -> dict[str, int]:
    """The code of each label, as it is shown and as the file writes it."""
    values = {shown(value) or "": code for code, value in enumerate(labels.class_values)}
    return values | {name: code for code, name in enumerate(labels.class_names)}


def _label(text: str, known: Mapping[str, int]) -> int | None:
    """The code of a label as a person or a spreadsheet wrote it."""
    # pandas writes a column of whole numbers with gaps as 3.0
    forms = (text, text.strip(), text.strip().removesuffix(".0"))
    return next((known[form] for form in forms if form in known), None)


def _code(answer: Answer, known: Mapping[str, int], labels: Labels, path: str) -> int:
    status = answer.status.strip().lower()
    if status not in ("", *STATUSES):
        raise InputError(
            f"{answer.status!r} is no status",
            where=path,
            row=answer.row,
            column=STATUS,
            expected=f"one of {', '.join(STATUSES)}, or nothing",
        )
    if status:
        return UNUSABLE if status == "unusable" else UNDECIDED
    if not answer.verdict.strip():
        return UNDECIDED
    code = _label(answer.verdict, known)
    if code is None:
        near = get_close_matches(answer.verdict.strip(), labels.class_names, n=1)
        raise InputError(
            f"{answer.verdict!r} is none of the labels",
            where=path,
            row=answer.row,
            column=VERDICT,
            expected=f"one of {listed(labels.class_names)}",
            hint=f"did you mean {near[0]!r}?" if near else None,
        )
    return code


def _relabelled(changed: Sequence[tuple[Answer, str]], path: str, data_path: str) -> InputError:
    """The error for verdicts on labels that are others by now."""
    told = [f"{answer.row_id!r} ({answer.given_label!r}, now {now!r})" for answer, now in changed]
    rest = f" and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
    return InputError(
        f"rows bear another label than when they were decided: {', '.join(told[:MOST_NAMED])}{rest}",
        where=path,
        row=changed[0][0].row,
        column=GIVEN,
        expected=f"the labels of {data_path}",
        hint="take these rows out of the verdicts, or decide them again",
    )


def _settled(decided: Sequence[tuple[int, Answer, int]], n_rows: int, path: str) -> Codes:
    """One code a row."""
    codes = np.full(n_rows, UNDECIDED, dtype=np.intp)
    first: dict[int, Answer] = {}
    for row, answer, code in decided:
        before = first.setdefault(row, answer)
        if before is not answer and codes[row] != code:
            raise _conflict(before, answer, path)
        codes[row] = code
    return codes


def _conflict(one: Answer, other: Answer, path: str) -> InputError:
    def told(answer: Answer) -> str:
        return answer.status.strip().lower() or repr(answer.verdict)

    return InputError(
        f"{other.row_id!r} is {told(other)} here, and {told(one)} on row {one.row}",
        where=path,
        row=other.row,
        column=VERDICT,
        expected="one verdict a row, or equal ones",
        hint="settle it, and take the other out",
    )


def _drawn(
    told: Sequence[tuple[int, Answer]], n_rows: int, path: str
) -> tuple[tuple[Stratum | None, ...], Floats]:
    """The stratum of each row that was drawn for an audit sample, and with what probability it was."""
    strata: list[Stratum | None] = [None] * n_rows
    inclusion = np.full(n_rows, np.nan)
    for row, answer in told:
        if answer.stratum.strip():
            strata[row], inclusion[row] = _stratum(answer, path), _inclusion(answer, path)
    return tuple(strata), inclusion


def _stratum(answer: Answer, path: str) -> Stratum:
    stratum = Stratum.parse(answer.stratum)
    if stratum is None:
        raise InputError(
            f"{answer.stratum!r} is no part of an audit sample",
            where=path,
            row=answer.row,
            column=STRATUM,
            expected="what --audit-sample wrote there, such as '1 of 3 (120 rows)'",
        )
    return stratum


def _inclusion(answer: Answer, path: str) -> float:
    inclusion = float(parse_numbers(pa.array([answer.inclusion], TEXT))[0])
    if not 0 < inclusion <= 1:
        raise InputError(
            f"{answer.inclusion!r} is no probability",
            where=path,
            row=answer.row,
            column=INCLUSION,
            expected="what --audit-sample wrote there, such as 0.125",
        )
    return inclusion
