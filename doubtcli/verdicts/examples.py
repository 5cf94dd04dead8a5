"""People's answers and the labelled rows -> the rows with one verdict each, for a scan.

The answers are judged as `doubt apply` judges them by default. But a scan takes all answers of a file or
none: an answer that doesn't fit the rows is an error.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.values import TEXT, parse_numbers
from doubtcli.records import UNDECIDED, UNUSABLE, SpotCheckPlace, Stratum, Verdicts
from doubtcli.records.answers import PASSED_OVER
from doubtcli.tools.read import read_answer_files
from doubtcli.verdicts.adjudicate import Terms, adjudicate, count_decided_rows, note_respelled
from doubtcli.verdicts.rows import RejectionReason, VerdictRows, list_rows
from doubtcli.verdicts.spelling import Spellings
from doubtcli.verdicts.spot_check import count_spot_check, list_spot_check
from doubtcli.verdicts.spreadsheet import SAVE_AS_TEXT
from doubtcli.verdicts.votes import note_equal_rows, note_lost_rows
from doubtcli.wording.lists import MOST_NAMED, did_you_mean, join_first, quote_names
from doubtcli.wording.numbers import format_count

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
    """The labelled rows, with the verdicts from a tool's export or from a queue file.

    Raises:
        InputError: As `read_answer_files`, `judge_examples` and `follow_verdicts`.
    """
    read = given or read_answer_files([path])
    verdicts = judge_examples(read.answers, read.path, examples, labels, data_path)
    return follow_verdicts(examples, replace(verdicts, notes=(*read.notes, *verdicts.notes)))


def follow_verdicts(examples: Examples, verdicts: Verdicts) -> Examples:
    """The rows with people's verdicts; unusable rows are set aside.

    Raises:
        InputError: With these verdicts, fewer than two classes are left.
    """
    unusable = verdicts.codes == UNUSABLE
    aside = np.flatnonzero(unusable)
    kept = replace(
        replace(
            examples, verdicts=verdicts, class_names=(*examples.class_names, *verdicts.further_labels)
        ).take(np.flatnonzero(~unusable)),
        unusable_row_ids=tuple(examples.row_ids[row] for row in aside.tolist()),
        unusable_positions=tuple(examples.positions[aside].tolist()),
    )
    n_classes = len(np.unique(kept.training_labels))
    if n_classes < 2:  # noqa: PLR2004
        raise InputError(
            f"with these verdicts, {'all rows have the same label' if n_classes else 'no row has a label'}",
            where=verdicts.path,
            expected="rows of at least two classes after its verdicts are applied",
        )
    return kept


def judge_examples(
    answers: Sequence[Answer], path: str, examples: Examples, labels: Labels, data_path: str
) -> Verdicts:
    """What people decided on the labelled rows.

    A row that already has the chosen label is kept: it was corrected since. A row on which people disagree
    without a majority stays undecided, and so does one without a label; notes report them.

    Args:
        answers: People's answers, in file order.
        path: The file with the answers.
        examples: The labelled rows.
        labels: Their classes.
        data_path: The labelled file.

    Raises:
        InputError: An id that no row has, a label that the file does not have, several labels for a row, a
            row whose content has changed since, or whose given label has changed to another than the chosen
            one; or a column of an audit sample is not as a queue has it.
    """
    rows = VerdictRows.of(list_rows(examples), Spellings.of(labels))
    found = adjudicate(answers, rows, StrictTerms(path, data_path).terms)
    place = {row_id: row for row, row_id in enumerate(examples.row_ids)}
    answers = found.answers
    codes = np.full(examples.n_rows, UNDECIDED, dtype=np.intp)
    from_equal = np.zeros(examples.n_rows, dtype=np.bool_)
    from_equal[[place[row_id] for row_id in _list_from_equal(found)]] = True
    further = _list_further_labels(found, labels)
    for row_id, code in _list_codes(found, (*labels.class_names, *further)):
        codes[place[row_id]] = code
    corrected, n_decided = _count_corrected(found), count_decided_rows(found)
    sample = [] if corrected else [(place[one.row_id], one) for one in answers if one.row_id in place]
    return Verdicts(
        path,
        codes,
        *_read_sample_parts(sample, examples.n_rows, path),
        notes=(
            *_note_passed_over(answers, set(examples.unlabelled_row_ids)),
            *note_equal_rows(answers, n_decided),
            *note_lost_rows(answers, n_decided),
            *note_respelled(found),
            *_note_differing(found),
            *_note_corrected(corrected),
        ),
        from_equal=from_equal,
        further_labels=further,
        spot_check=count_spot_check(list_spot_check(answers), _list_wrong(found)),
    )


def _list_further_labels(found: Adjudication, labels: Labels) -> tuple[str, ...]:
    """The labels that people chose and that no row of the file has."""
    chosen = dict.fromkeys(one.decision.verdict for one in found.decided)
    return tuple(one for one in chosen if one is not None and one not in labels.class_names)


def _list_codes(found: Adjudication, names: Sequence[str]) -> Iterator[tuple[str, int]]:
    """Row ids and codes; answers on a row as it is now come last, so that they count."""
    code = {name: number for number, name in enumerate(names)}
    for done in found.rejected_for(RejectionReason.ALREADY):
        if done.row is not None and done.row.given_label is not None:
            yield done.row_id, code[done.row.given_label]
    for one in found.decided:
        verdict = one.decision.verdict
        yield one.row.row_id, UNUSABLE if verdict is None else code[verdict]
    for differing in found.rejected_for(RejectionReason.DISAGREEMENT):
        yield differing.row_id, UNDECIDED


def _list_from_equal(found: Adjudication) -> Iterator[str]:
    """The ids of decided rows of which people looked only at an equal row."""
    yield from (one.row.row_id for one in found.decided if one.decision.spread_from)
    done = found.rejected_for(RejectionReason.ALREADY)
    yield from (one.row_id for one in done if one.row_seen != one.row_id)


def _list_wrong(found: Adjudication) -> dict[str, bool]:
    """By row id, whether people chose another label; also where the file has it since. Unusable: no."""
    done = {one.row_id: True for one in found.rejected_for(RejectionReason.ALREADY)}
    return done | {one.row.row_id: one.decision.corrects for one in found.decided}


def _count_corrected(found: Adjudication) -> int:
    """How many rows of the audit sample were corrected since."""
    corrected = found.rejected_for(RejectionReason.ALREADY)
    return sum(any(map(_is_of_audit_sample, (vote.answer for vote in one.votes))) for one in corrected)


def _is_of_audit_sample(answer: Answer) -> bool:
    """Whether its row was drawn from all rows, and not from the flagged ones alone."""
    return bool(answer.stratum.strip()) and SpotCheckPlace.parse(answer.stratum) is None


# ------------------------------------------------------------------------- what is refused


@dataclass(frozen=True)
class StrictTerms:
    """The strict terms: the first answer that doesn't fit the labelled rows is an error.

    Each vote must fit, also one that is outvoted: nobody knows what was meant by one that doesn't fit.
    Answers on rows without a label are passed over, and so are those that decide nothing, as long as their
    ids name a row. People may disagree.
    """

    path: str
    """The file of verdicts."""
    data_path: str
    """The labelled file."""

    @property
    def terms(self) -> Terms:
        """The terms for `adjudicate`."""
        refusals: tuple[Refusal, ...] = (
            self.refuse_unknown_ids,
            self.refuse_new_labels,
            self.refuse_other_content,
            self.refuse_other_labels,
            self.refuse_several_labels,
        )
        return Terms(refusals=refusals)

    def refuse_unknown_ids(self, found: Adjudication) -> InputError | None:
        """Refuse ids that no row has; the error counts them, and names the first ones."""
        strangers = [
            answer for one in found.rejected_for(RejectionReason.NO_SUCH_ROW) for answer in one.answers
        ]
        if not strangers:
            return None
        names = quote_names((answer.row_id for answer in strangers), MOST_NAMED)
        cause = found.rows.audited.explain_unknown(answer.row_id for answer in strangers)
        return InputError(
            f"{len(strangers):,} of {len(found.answers):,} ids are not in {self.data_path}: {names}",
            where=self.path,
            row=strangers[0].row,
            column=ID,
            expected=f"the ids that a scan of {self.data_path} writes",
            hint="scan the file that the queue was made from, with the same --id and the same columns"
            + (f"; or {cause}" if cause else ""),
        )

    def refuse_new_labels(self, found: Adjudication) -> InputError | None:
        """Refuse a label that the file does not have; the error names it, and the nearest label."""
        labels = found.rows.labels.names
        for vote in _keep_labelled(found.votes):
            if vote.is_new:
                new = next((label for label in vote.labels if label not in labels), vote.labels[-1])
                if cause := found.rows.labels.explain_unknown(new):
                    return self._refuse_rewritten(found, vote, cause)
                return InputError(
                    f"{new!r} is not a label of the file",
                    where=self.path,
                    row=vote.answer.row,
                    column=vote.answer.column,
                    expected=f"one of {quote_names(labels)}",
                    hint=did_you_mean(new, reversed(labels), str.casefold),
                )
        return None

    def _refuse_rewritten(self, found: Adjudication, first: Vote, cause: str) -> InputError:
        """The error for labels that a spreadsheet rewrote; it counts the rows."""
        labels = found.rows.labels
        rewritten = [
            vote
            for vote in _keep_labelled(found.votes)
            if vote.is_new and any(map(labels.explain_unknown, vote.labels))
        ]
        return InputError(
            f"{cause} (so in {format_count(len(rewritten), 'row')})",
            where=self.path,
            row=first.answer.row,
            column=first.answer.column,
            expected=f"one of {quote_names(labels.names)}",
            hint=SAVE_AS_TEXT,
        )

    def refuse_other_content(self, found: Adjudication) -> InputError | None:
        """Refuse votes on rows whose content has changed since; the error counts and names them."""
        changed = [vote.answer for vote in self._list_refused(found, RejectionReason.OTHER_CONTENT)]
        if not changed:
            return None
        names = quote_names((answer.row_id for answer in changed), MOST_NAMED)
        n_votes = len(_keep_labelled(found.votes))
        return InputError(
            f"{len(changed):,} of {n_votes:,} decisions are on rows whose content has changed: {names}",
            where=self.path,
            row=changed[0].row,
            column=SEEN,
            expected=f"the rows of {self.data_path} as they were in the queue, with the same columns",
            hint="if the queue was made from another file, scan that one; if it was made with other columns "
            "(--ignore, --annotators and so on), scan with those; otherwise remove these rows from the "
            "verdicts, or decide them again",
        )

    def refuse_other_labels(self, found: Adjudication) -> InputError | None:
        """Refuse votes on labels that have changed since, to another than the chosen one; names both."""
        changed = self._list_refused(found, RejectionReason.OTHER_LABEL)
        if not changed:
            return None
        changed.sort(key=lambda vote: vote.answer.row)
        rows = [
            f"{one.answer.row_id!r} ({one.answer.given_label!r}, now {one.row.given_label!r})"
            for one in changed
        ]
        return InputError(
            f"given labels have changed since people saw them: {join_first(rows, MOST_NAMED)}",
            where=self.path,
            row=changed[0].answer.row,
            column=GIVEN,
            expected=f"given labels as they are in {self.data_path}, or as people chose them",
            hint="remove these rows from the verdicts, or decide them again",
        )

    def refuse_several_labels(self, found: Adjudication) -> InputError | None:
        """Refuse several labels for a row; the error names them."""
        rejected = found.rejected_for(RejectionReason.SEVERAL_LABELS)
        if not rejected:
            return None
        wanted = rejected[0].winners[0]
        return InputError(
            f"{wanted.answer.row_id!r} has several labels: {quote_names(wanted.labels, MOST_NAMED)}",
            where=self.path,
            row=wanted.answer.row,
            column=wanted.answer.column,
            expected="one label for each row",
            hint="choose one of them, or remove the row",
        )

    @staticmethod
    def _list_refused(found: Adjudication, reason: RejectionReason) -> list[Vote]:
        return _keep_labelled(vote for one in found.rejected_for(reason) for vote in one.votes)


def _keep_labelled(votes: Iterable[Vote]) -> list[Vote]:
    """The votes on rows with a label; of votes on equal rows that of the row that the person looked at."""
    return [vote for vote in votes if vote.row.given_label is not None and not vote.answer.seen_as]


# -------------------------------------------------------------------------- what is noted


def _note_passed_over(answers: Sequence[Answer], unlabelled: set[str]) -> Iterator[str]:
    n_unlabelled = len(
        {answer.row_id for answer in answers if answer.row_id in unlabelled and answer.decides}
    )
    if n_unlabelled:
        yield f"verdicts left out, because their rows have no label: {n_unlabelled}"
    counts = Counter(PASSED_OVER[answer.status] for answer in answers if answer.status in PASSED_OVER)
    if counts:
        kinds = ", ".join(f"{name} ({counts[name]})" for name in sorted(counts))
        yield f"answers without a decision: {kinds}"


def _note_differing(found: Adjudication) -> Iterator[str]:
    """How many rows people disagree on, and what happens to them."""
    outvoted = sum(bool(one.decision.outvoted) for one in found.decided)
    outvoted += sum(one.winners != one.votes for one in found.rejected_for(RejectionReason.ALREADY))
    if outvoted:
        yield f"rows on which answers differed, decided by the majority: {outvoted:,}"
    conflicts = [one.row_id for one in found.rejected_for(RejectionReason.DISAGREEMENT)]
    if conflicts:
        names = quote_names(conflicts, MOST_NAMED)
        yield f"rows on which answers differ, left undecided: {len(conflicts):,} ({names})"


def _note_corrected(corrected: int) -> Iterator[str]:
    """Sampled rows were corrected and the others not: the sample does not represent the file any more."""
    if corrected:
        yield (
            f"rows of the audit sample that were corrected since: {corrected:,}; so it can't measure the "
            "noise rate of the file as it is now"
        )


# ------------------------------------------------------------------------ the audit sample


def _read_sample_parts(
    drawn: Iterable[tuple[int, Answer]], n_rows: int, path: str
) -> tuple[tuple[Stratum | None, ...], Floats]:
    """The stratum of each row of an audit sample, and the probability with which it was drawn.

    Args:
        drawn: The answers, decided or not, each with the index of its row.
        n_rows: The number of rows.
        path: The file of verdicts.

    Raises:
        InputError: A stratum or a probability is not as a queue has it.
    """
    strata: list[Stratum | None] = [None] * n_rows
    inclusion = np.full(n_rows, np.nan)
    for row, answer in drawn:
        if _is_of_audit_sample(answer):
            strata[row], inclusion[row] = _read_stratum(answer, path), _read_inclusion(answer, path)
    return tuple(strata), inclusion


def _read_stratum(answer: Answer, path: str) -> Stratum:
    stratum = Stratum.parse(answer.stratum)
    if stratum is None:
        raise InputError(
            f"{answer.stratum!r} is not a part of an audit sample",
            where=path,
            row=answer.row,
            column=STRATUM,
            expected="what --audit-sample wrote, such as '1 of 3 (120 rows)'",
        )
    return stratum


def _read_inclusion(answer: Answer, path: str) -> float:
    inclusion = float(parse_numbers(pa.array([answer.inclusion], TEXT))[0])
    if not 0 < inclusion <= 1:
        raise InputError(
            f"{answer.inclusion!r} is not a probability",
            where=path,
            row=answer.row,
            column=INCLUSION,
            expected="what --audit-sample wrote, such as 0.125",
        )
    return inclusion
