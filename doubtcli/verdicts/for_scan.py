"""Answers and the labelled rows -> one verdict a row, for a scan.

They are settled as `doubt apply` settles them by default. But a scan takes all verdicts of a file or none:
what doesn't fit the rows is an error.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.values import TEXT, parse_numbers
from doubtcli.records import UNDECIDED, UNUSABLE, OnConflict, Stratum, Verdicts
from doubtcli.records import answers as say
from doubtcli.records.answers import MOST_NAMED
from doubtcli.tools.read import read_together
from doubtcli.verdicts.rows import index_rows, is_as_seen, rows_now
from doubtcli.verdicts.spelling import LOST_ZEROS, choice, likely_label, numerals, spellings
from doubtcli.verdicts.votes import gather, is_left_as_it_was, vote, winning
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from doubtcli.records import Examples, Floats, Labels
    from doubtcli.records.answers import Answer
    from doubtcli.verdicts.rows import RowIndex
    from doubtcli.verdicts.votes import Ballot, Vote

    Outcome = tuple[Ballot, Vote | None]
    """What was said of a row, and a vote for what it came to; None where it came to nothing."""
ID, GIVEN, SEEN = "doubt_id", "given_label", "doubt_row_hash"
STRATUM, INCLUSION = "doubt_stratum", "doubt_inclusion"


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
                column=wanted.answer.column,
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
            column=winner.answer.column,
            expected="one label a row",
            hint="decide for one of them, or take the row out",
        )


def drawn(
    told: Iterable[tuple[int, Answer]], n_rows: int, path: str
) -> tuple[tuple[Stratum | None, ...], Floats]:
    """The stratum of each row that was drawn for an audit sample, and with what probability it was.

    Args:
        told: The answers, decided or not, each with its row's number.
        n_rows: How many rows there are.
        path: The file of verdicts.

    Raises:
        InputError: What stands there is not as a queue has it.
    """
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


def read_verdicts(path: str, examples: Examples, labels: Labels, data_path: str) -> Examples:
    """The labelled rows with the verdicts of a tool's export or of a file of ours.

    Raises:
        InputError: As `read_answers`, `match` and `with_verdicts`.
    """
    told = read_together([path])
    verdicts = match(told.answers, told.path, examples, labels, data_path)
    return with_verdicts(examples, replace(verdicts, notes=(*told.notes, *verdicts.notes)))


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
