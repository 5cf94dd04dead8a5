"""People's answers and the labelled rows -> the rows with one verdict each, for a scan.

The answers are judged as `doubt apply` judges them by default. But a scan takes all answers of a file or
none: what doesn't fit the rows is an error.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.values import TEXT, parse_numbers
from doubtcli.records import UNDECIDED, UNUSABLE, Stratum, Verdicts
from doubtcli.records.answers import PASSED_OVER
from doubtcli.tools.read import read_together
from doubtcli.verdicts.adjudicate import Terms, adjudicate
from doubtcli.verdicts.rows import RejectionReason, VerdictRows, list_rows
from doubtcli.verdicts.spelling import LOST_ZEROS, Spellings
from doubtcli.wording.lists import MOST_NAMED, did_you_mean, join_first, listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from doubtcli.records import AnswersRead, Examples, Floats, Labels
    from doubtcli.records.answers import Answer
    from doubtcli.verdicts.adjudicate import Adjudication, Refusal
    from doubtcli.verdicts.votes import Vote

ID, GIVEN, SEEN = "doubt_id", "given_label", "doubt_row_hash"
STRATUM, INCLUSION = "doubt_stratum", "doubt_inclusion"


def read_verdicts(
    path: str, examples: Examples, labels: Labels, data_path: str, given: AnswersRead | None = None
) -> Examples:
    """The labelled rows with the verdicts of a tool's export or of a file of ours.

    Raises:
        InputError: As `read_together`, `judge_examples` and `follow_verdicts`.
    """
    read = given or read_together([path])
    verdicts = judge_examples(read.answers, read.path, examples, labels, data_path)
    return follow_verdicts(examples, replace(verdicts, notes=(*read.notes, *verdicts.notes)))


def follow_verdicts(examples: Examples, verdicts: Verdicts) -> Examples:
    """The rows with what people decided on them, unusable ones set aside.

    Raises:
        InputError: By these verdicts fewer than two classes are left.
    """
    unusable = verdicts.codes == UNUSABLE
    aside = np.flatnonzero(unusable)
    kept = replace(
        replace(
            examples, verdicts=verdicts, class_names=(*examples.class_names, *verdicts.further_labels)
        ).take(np.flatnonzero(~unusable)),
        unusable_row_ids=tuple(examples.row_ids[row] for row in aside),
        unusable_positions=tuple(examples.positions[aside].tolist()),
    )
    n_classes = len(np.unique(kept.training_labels))
    if n_classes < 2:  # noqa: PLR2004
        raise InputError(
            f"by these verdicts the rows bear {'one label' if n_classes else 'no label'} only",
            where=verdicts.path,
            expected="rows of at least two classes, once its verdicts are followed",
        )
    return kept


def judge_examples(
    answers: Sequence[Answer], path: str, examples: Examples, labels: Labels, data_path: str
) -> Verdicts:
    """What people decided on the labelled rows.

    A row that has its verdict by now is kept: it was corrected since. A row on which people differ and none
    is in the majority is left undecided, and so is one without a label; notes say so.

    Args:
        answers: What people said, in the file's order.
        path: The file they are in.
        examples: The labelled rows.
        labels: Their classes.
        data_path: The labelled file.

    Raises:
        InputError: An id that no row has, a label that is no class, several labels, or a row whose content
            has changed since, or its given label to another than was chosen; or a part of an audit sample is
            not as a queue has it.
    """
    rows = VerdictRows.of(list_rows(examples), Spellings.of(labels))
    found = adjudicate(answers, rows, AllOrNothing(path, data_path).terms)
    place = {row_id: row for row, row_id in enumerate(examples.row_ids)}
    codes = np.full(examples.n_rows, UNDECIDED, dtype=np.intp)
    further = _list_further_labels(found, labels)
    for row_id, code in _list_codes(found, (*labels.class_names, *further)):
        codes[place[row_id]] = code
    corrected = _count_corrected(found)
    sample = [] if corrected else [(place[one.row_id], one) for one in answers if one.row_id in place]
    return Verdicts(
        path,
        codes,
        *_read_sample_parts(sample, examples.n_rows, path),
        notes=(
            *_note_passed_over(answers, set(examples.unlabelled_row_ids)),
            *_note_differing(found),
            *_note_corrected(corrected),
        ),
        further_labels=further,
    )


def _list_further_labels(found: Adjudication, labels: Labels) -> tuple[str, ...]:
    """What people chose that no row of the file has."""
    chosen = dict.fromkeys(one.decision.verdict for one in found.decided)
    return tuple(one for one in chosen if one is not None and one not in labels.class_names)


def _list_codes(found: Adjudication, names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """The codes of rows, by their ids; what people said of a row as it is now comes last, and counts."""
    code = {name: number for number, name in enumerate(names)}
    for done in found.rejected_for(RejectionReason.ALREADY):
        if done.row is not None and done.row.given_label is not None:
            yield done.row_id, code[done.row.given_label]
    for one in found.decided:
        verdict = one.decision.verdict
        yield one.row.row_id, UNUSABLE if verdict is None else code[verdict]
    for differing in found.rejected_for(RejectionReason.DISAGREEMENT):
        yield differing.row_id, UNDECIDED


def _count_corrected(found: Adjudication) -> int:
    """How many rows that were drawn at random have got another label since."""
    corrected = found.rejected_for(RejectionReason.ALREADY)
    return sum(any(vote.answer.stratum.strip() for vote in one.votes) for one in corrected)


# ------------------------------------------------------------------------- what is refused


@dataclass(frozen=True)
class AllOrNothing:
    """The strict terms: the first answer that doesn't fit the labelled rows is an error.

    Each vote must fit by itself, also one that is outvoted: nobody has settled what it means. Answers on rows
    without a label are passed over, and so are those that decide nothing, as far as their ids name a row. Of
    people who differ no one is refused.
    """

    path: str
    """The file of verdicts."""
    data_path: str
    """The labelled file."""

    @property
    def terms(self) -> Terms:
        """As an adjudicator takes them."""
        refusals: tuple[Refusal, ...] = (
            self.refuse_unknown_ids,
            self.refuse_new_labels,
            self.refuse_other_content,
            self.refuse_other_labels,
            self.refuse_several_labels,
        )
        return Terms(refusals=refusals)

    def refuse_unknown_ids(self, found: Adjudication) -> InputError | None:
        """Refuse ids that no row has; counts them, and names the first ones."""
        strangers = [
            answer for one in found.rejected_for(RejectionReason.NO_SUCH_ROW) for answer in one.answers
        ]
        if not strangers:
            return None
        names = listed((answer.row_id for answer in strangers), MOST_NAMED)
        is_near = found.rows.audited.may_have_lost_zeros(answer.row_id for answer in strangers)
        return InputError(
            f"{len(strangers):,} of its {len(found.answers):,} ids name no row of {self.data_path}: {names}",
            where=self.path,
            row=strangers[0].row,
            column=ID,
            expected=f"ids as a scan of {self.data_path} writes them",
            hint="scan the file that the queue was made from, with the same --id and the same input columns"
            + (f"; or {LOST_ZEROS}" if is_near else ""),
        )

    def refuse_new_labels(self, found: Adjudication) -> InputError | None:
        """Refuse a label that is none of the file's; names it, and the label that is nearest to it."""
        labels = found.rows.labels.names
        for vote in _keep_labelled(found.votes):
            if vote.is_new:
                new = next(label for label in vote.labels if label not in labels)
                return InputError(
                    f"{new!r} is none of the labels",
                    where=self.path,
                    row=vote.answer.row,
                    column=vote.answer.column,
                    expected=f"one of {listed(labels)}",
                    hint=did_you_mean(new, reversed(labels), str.casefold),
                )
        return None

    def refuse_other_content(self, found: Adjudication) -> InputError | None:
        """Refuse votes on rows that are not what the person saw; counts them, and names the first ones."""
        changed = [vote.answer for vote in self._list_refused(found, RejectionReason.OTHER_CONTENT)]
        if not changed:
            return None
        names = listed((answer.row_id for answer in changed), MOST_NAMED)
        n_votes = len(_keep_labelled(found.votes))
        return InputError(
            f"{len(changed):,} of its {n_votes:,} decisions are on rows of another content: {names}",
            where=self.path,
            row=changed[0].row,
            column=SEEN,
            expected=f"the rows of {self.data_path} as they were queued, with the same input columns",
            hint="if they were queued from another file, scan that one; if with other columns (--ignore, "
            "--annotators and so on, or one came or went), scan with those; else take these rows out of the "
            "verdicts, or decide them again",
        )

    def refuse_other_labels(self, found: Adjudication) -> InputError | None:
        """Refuse votes on labels that were changed since, to others than were chosen; names both labels."""
        changed = self._list_refused(found, RejectionReason.OTHER_LABEL)
        if not changed:
            return None
        changed.sort(key=lambda vote: vote.answer.row)
        rows = [
            f"{one.answer.row_id!r} ({one.answer.given_label!r}, now {one.row.given_label!r})"
            for one in changed
        ]
        return InputError(
            f"rows bear another label than when they were decided: {join_first(rows, MOST_NAMED)}",
            where=self.path,
            row=changed[0].answer.row,
            column=GIVEN,
            expected=f"the labels of {self.data_path}, or those that were chosen",
            hint="take these rows out of the verdicts, or decide them again",
        )

    def refuse_several_labels(self, found: Adjudication) -> InputError | None:
        """Refuse several labels for a row; names them."""
        rejected = found.rejected_for(RejectionReason.SEVERAL_LABELS)
        if not rejected:
            return None
        wanted = rejected[0].winners[0]
        return InputError(
            f"{wanted.answer.row_id!r} has several labels: {listed(wanted.labels, MOST_NAMED)}",
            where=self.path,
            row=wanted.answer.row,
            column=wanted.answer.column,
            expected="one label a row",
            hint="decide for one of them, or take the row out",
        )

    @staticmethod
    def _list_refused(found: Adjudication, reason: RejectionReason) -> list[Vote]:
        return _keep_labelled(vote for one in found.rejected_for(reason) for vote in one.votes)


def _keep_labelled(votes: Iterable[Vote]) -> list[Vote]:
    """Those votes that are on rows with a label."""
    return [vote for vote in votes if vote.row.given_label is not None]


# -------------------------------------------------------------------------- what is noted


def _note_passed_over(answers: Sequence[Answer], unlabelled: set[str]) -> Iterator[str]:
    on_no_label = len({answer.row_id for answer in answers if answer.row_id in unlabelled and answer.decides})
    if on_no_label:
        yield f"verdicts on rows without a label, passed over: {on_no_label}"
    counts = Counter(PASSED_OVER[answer.status] for answer in answers if answer.status in PASSED_OVER)
    if counts:
        yield f"answers passed over: {', '.join(f'{counts[name]} {name}' for name in sorted(counts))}"


def _note_differing(found: Adjudication) -> Iterator[str]:
    """How many rows people's answers differ on, and what becomes of them."""
    outvoted = sum(bool(one.decision.outvoted) for one in found.decided)
    outvoted += sum(one.winners != one.votes for one in found.rejected_for(RejectionReason.ALREADY))
    if outvoted:
        yield f"rows on which answers differed, settled by the majority: {outvoted:,}"
    conflicts = [one.row_id for one in found.rejected_for(RejectionReason.DISAGREEMENT)]
    if conflicts:
        names = listed(conflicts, MOST_NAMED)
        yield f"rows on which answers differ, left undecided: {len(conflicts):,} ({names})"


def _note_corrected(corrected: int) -> Iterator[str]:
    """Rows that were drawn are corrected by now, all others are not: they no longer stand for the file."""
    if corrected:
        yield (
            f"rows of the audit sample that were corrected since: {corrected:,}; it tells no noise rate of "
            "the file as it is now"
        )


# ------------------------------------------------------------------------ the audit sample


def _read_sample_parts(
    drawn: Iterable[tuple[int, Answer]], n_rows: int, path: str
) -> tuple[tuple[Stratum | None, ...], Floats]:
    """The stratum of each row that was drawn for an audit sample, and with what probability it was.

    Args:
        drawn: The answers, decided or not, each with its row's number.
        n_rows: How many rows there are.
        path: The file of verdicts.

    Raises:
        InputError: A stratum or a probability is not as a queue has it.
    """
    strata: list[Stratum | None] = [None] * n_rows
    inclusion = np.full(n_rows, np.nan)
    for row, answer in drawn:
        if answer.stratum.strip():
            strata[row], inclusion[row] = _read_stratum(answer, path), _read_inclusion(answer, path)
    return tuple(strata), inclusion


def _read_stratum(answer: Answer, path: str) -> Stratum:
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


def _read_inclusion(answer: Answer, path: str) -> float:
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
