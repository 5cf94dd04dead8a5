"""The rows that answers may be about: as they were audited, and as they are now.

A user's own ids name rows by themselves. An id can also be a hash of the row's content. Where inputs are
equal, it gets a number, in the order of the labels. So it names the same row only as long as none of these
rows is added, removed or relabelled; after that only rows that are all decided alike can be found again.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property, partial
from typing import TYPE_CHECKING

from doubtcli.records import EarlierNames, RowSnapshot, UnappliedKind
from doubtcli.verdicts.spelling import count_most_marks
from doubtcli.verdicts.spreadsheet import (
    LOST_ZEROS,
    SHORTENED_IDS,
    find_numerals,
    is_rewritten,
    is_shortened,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from doubtcli.records import DoubtTable, Examples
    from doubtcli.records.answers import Answer
    from doubtcli.verdicts.spelling import Spellings

COUNT_BEHIND_HASH = re.compile(r"(\.[0-9]+)?")
"""What follows the hash in an id, from the second row of equal input on."""

SHOWN_DIGITS = 1e-4
"""The relative error of a number that a spreadsheet has shortened: 1.23457E+15."""

BETWEEN_IDS = ","
"""What tools write between the ids of duplicate rows; a user's own id may have it, too."""


class RejectionReason(Enum):
    """Why answers decide nothing, each with the kind that users see."""

    PASSED_OVER = "nobody decided", UnappliedKind.UNDECIDED
    NO_SUCH_ROW = "no audited row has this id", UnappliedKind.UNKNOWN
    GONE = "the row is no longer in the file", UnappliedKind.UNKNOWN
    OTHER_CONTENT = "the content is not what the person saw", UnappliedKind.CHANGED
    OTHER_LABEL = "the person saw another label", UnappliedKind.CHANGED
    EDITED = "the row is not as it was audited", UnappliedKind.CHANGED
    AMBIGUOUS = "several rows have the id", UnappliedKind.AMBIGUOUS
    UNLABELLED = "there is no label to judge", UnappliedKind.UNLABELLED
    DISAGREEMENT = "people disagree", UnappliedKind.CONFLICT
    SEVERAL_LABELS = "several labels were chosen", UnappliedKind.CONFLICT
    REWRITTEN = "several labels fit, or a spreadsheet changed it", UnappliedKind.NEW_LABEL
    NEW_LABEL = "the file does not have the label", UnappliedKind.NEW_LABEL
    OTHER_TWIN = "the duplicate has another label", UnappliedKind.UNDECIDED
    ALREADY = "nothing is left to do", UnappliedKind.ALREADY

    @property
    def kind(self) -> UnappliedKind:
        """The kind that users see."""
        return self.value[1]


@dataclass(frozen=True)
class Problem:
    """Why answers can't decide on a row."""

    reason: RejectionReason
    why: str
    """In plain words, for users."""

    @classmethod
    def of_ambiguous_id(cls, number: int, when: str = "") -> Problem:
        """Several rows have the id that an answer names."""
        why = f"{number} rows have this id{when}, so it is not known which one is meant"
        return cls(RejectionReason.AMBIGUOUS, why)


UNKNOWN_ID = Problem(RejectionReason.NO_SUCH_ROW, "no row of the audit has this id")
OTHER_CONTENT = Problem(RejectionReason.OTHER_CONTENT, "its content is not the same as when it was decided")
GONE_OR_CHANGED = Problem(RejectionReason.EDITED, "it is gone, or its content or label has changed since")

Contents = tuple[str | None, str | None]
"""The hash of a row's content, and its label."""


@dataclass(frozen=True)
class RowIndex:
    """Rows as they were at one moment."""

    by_id: Mapping[str, tuple[RowSnapshot, ...]]
    labels: Mapping[str | None, Counter[str | None]]
    """For rows whose ids are hashes: by hash, which labels its rows have, and how often."""

    @classmethod
    def of(cls, rows: Iterable[RowSnapshot]) -> RowIndex:
        """Index the rows by id."""
        by_id: dict[str, list[RowSnapshot]] = {}
        labels: dict[str | None, Counter[str | None]] = {}
        for row in sorted(rows, key=lambda row: row.row):
            by_id.setdefault(row.row_id, []).append(row)
            if _is_named_by_hash(row):
                labels.setdefault(row.row_hash, Counter())[row.given_label] += 1
        return cls({row_id: tuple(same) for row_id, same in by_id.items()}, labels)

    @cached_property
    def most_commas(self) -> int:
        """The largest number of commas in one id."""
        return count_most_marks(BETWEEN_IDS, self.by_id)

    @cached_property
    def numerals(self) -> frozenset[str]:
        """The ids that are whole numbers, as a spreadsheet writes them."""
        return find_numerals(self.by_id)

    @cached_property
    def by_hash(self) -> Mapping[str | None, tuple[RowSnapshot, ...]]:
        """The rows by the hash of their content."""
        found: dict[str | None, list[RowSnapshot]] = {}
        for rows in self.by_id.values():
            for row in rows:
                found.setdefault(row.row_hash, []).append(row)
        return {row_hash: tuple(rows) for row_hash, rows in found.items()}

    @cached_property
    def by_contents(self) -> Mapping[Contents, tuple[RowSnapshot, ...]]:
        """The rows whose ids are hashes, by content and label, in file order."""
        found: dict[Contents, list[RowSnapshot]] = {}
        for rows in self.by_id.values():
            for row in rows:
                if _is_named_by_hash(row):
                    found.setdefault((row.row_hash, row.given_label), []).append(row)
        in_order = {contents: sorted(rows, key=lambda row: row.row) for contents, rows in found.items()}
        return {contents: tuple(rows) for contents, rows in in_order.items()}

    @cached_property
    def places(self) -> Mapping[int, int]:
        """For each row whose id is a hash its place among those of the same content and label, from 0."""
        return {row.row: place for rows in self.by_contents.values() for place, row in enumerate(rows)}

    @cached_property
    def by_entry(self) -> Mapping[int | None, tuple[RowSnapshot, ...]]:
        """The rows that are equal, label included; only where there are several."""
        found: dict[int | None, list[RowSnapshot]] = {}
        for rows in self.by_id.values():
            for row in rows:
                found.setdefault(row.entry, []).append(row)
        return {entry: tuple(rows) for entry, rows in found.items() if entry is not None and len(rows) > 1}

    def explain_unknown(self, ids: Iterable[str]) -> str | None:
        """What a spreadsheet may have done to ids that no row has; None if there is no sign of it."""
        unknown = list(ids)
        if self.numerals and any(map(is_shortened, unknown)):
            return SHORTENED_IDS
        return None if find_numerals(unknown).isdisjoint(self.numerals) else LOST_ZEROS


@dataclass(frozen=True)
class VerdictRows:
    """All that answers are checked against: the rows, their labels and how these are written."""

    audited: RowIndex
    now: RowIndex
    labels: Spellings
    dropped: Collection[tuple[str, str | None]] = ()
    """Rows that earlier verdicts removed: the id of each, and its label when it was audited."""
    names: EarlierNames = field(default_factory=partial(EarlierNames, {}))
    """What earlier versions of doubt called the rows."""
    interchangeable: Collection[Contents] = frozenset()
    """Contents whose rows, named by their hash, are all decided alike: it makes no difference which is which.
    """

    @classmethod
    def of(
        cls,
        now: Iterable[RowSnapshot],
        labels: Spellings,
        *,
        audited: Iterable[RowSnapshot] | None = None,
        dropped: Collection[tuple[str, str | None]] = (),
    ) -> VerdictRows:
        """The rows of a file; without an audit, the rows as they are now count as audited."""
        now, audited = list(now), None if audited is None else list(audited)
        index = RowIndex.of(now)
        names = EarlierNames.of((row.row_hash, row.earlier_hashes) for row in (*now, *(audited or ())))
        return cls(index if audited is None else RowIndex.of(audited), index, labels, dropped, names)

    def make_interchangeable(self, chosen: Mapping[RowSnapshot, str | None]) -> VerdictRows:
        """The same rows, knowing which of them are all decided alike.

        Contents are left out if other rows of the same input get their label: these may have it already.

        Args:
            chosen: What was chosen for each audited row; None where it is unusable.
        """
        choices: dict[Contents, list[str | None]] = {}
        for row, label in chosen.items():
            if _is_named_by_hash(row):
                choices.setdefault((row.row_hash, row.given_label), []).append(label)
        given = {
            (row_hash, new) for (row_hash, old), labels in choices.items() for new in labels if new != old
        }
        alike = (
            contents
            for contents, labels in choices.items()
            if 1 < len(labels) == len(self.audited.by_contents[contents])
            and len(set(labels)) == 1
            and (contents not in given or labels[0] == contents[1])
        )
        return replace(self, interchangeable=frozenset(alike))

    # ------------------------------------ what a spreadsheet rewrote, or an earlier version named

    def restore_answers(self, answers: Sequence[Answer]) -> tuple[Answer, ...]:
        """The answers with the ids of the audit, and marked where a spreadsheet rewrote labels of their file.

        A rewritten id is only taken for an audited one if the hash of the row names the same row; so is one
        that was made from the hash, before the file had ids.
        """
        restored = [self._restore_id(self._rename(answer)) for answer in answers]
        files = {answer.file for answer in restored if self._has_rewritten_label(answer)}
        return tuple(replace(one, rewritten=True) if one.file in files else one for one in restored)

    def _rename(self, answer: Answer) -> Answer:
        """The answer with the hashes of today, if its file has those of an earlier version of doubt."""
        if not self.names.hashes:
            return answer
        rename = self.names.rename
        row_id = answer.row_id if answer.row_id in self.audited.by_id else rename(answer.row_id)
        duplicates = tuple(
            text if text in self.audited.by_id else ", ".join(map(rename, text.split(f"{BETWEEN_IDS} ")))
            for text in answer.duplicates
        )
        return replace(answer, row_id=row_id, seen_hash=rename(answer.seen_hash), duplicates=duplicates)

    def _restore_id(self, answer: Answer) -> Answer:
        answer = replace(answer, duplicates=self._restore_duplicates(answer))
        if not answer.seen_hash or any(is_as_seen(answer, row) for row in self.find_named(answer)):
            return answer
        same = self.audited.by_hash.get(answer.seen_hash, ())
        is_of_content = _is_made_from(answer.row_id, answer.seen_hash)
        rows = [row for row in same if is_of_content or is_rewritten(answer.row_id, row.row_id)]
        return replace(answer, row_id=rows[0].row_id) if len(rows) == 1 else answer

    def _restore_duplicates(self, answer: Answer) -> tuple[str, ...]:
        """The ids of duplicates, which have the same content, with those that a spreadsheet rewrote."""
        same = self.audited.by_hash.get(answer.seen_hash, ()) if answer.seen_hash else ()
        fitting = {
            text: [row.row_id for row in same if is_rewritten(text, row.row_id)] for text in answer.duplicates
        }
        return tuple(
            fitting[text][0] if text not in self.audited.by_id and len(fitting[text]) == 1 else text
            for text in answer.duplicates
        )

    def _has_rewritten_label(self, answer: Answer) -> bool:
        """Whether the label that was seen or chosen is as only a spreadsheet writes it."""
        seen = answer.given_label
        if any(row.given_label and is_rewritten(seen, row.given_label) for row in self.find_named(answer)):
            return True
        texts = [text for text in (seen, answer.verdict) if text.strip()]
        return any(
            self.labels.find_exact(text) is None and self.labels.list_rewritten(text) for text in texts
        )

    # ------------------------------------------------------------ which row an answer is on

    def find_named(self, answer: Answer) -> tuple[RowSnapshot, ...]:
        """The audited rows with the id of an answer."""
        return self.audited.by_id.get(answer.row_id, ())

    def find_meant(self, answer: Answer) -> tuple[RowSnapshot, ...]:
        """The audited rows that an answer may be about: those with the content that the person saw.

        If some of them also have the label that the person saw, only those; else only the first of them.
        """
        rows = [row for row in self.find_named(answer) if is_as_seen(answer, row)]
        return tuple([row for row in rows if self.find_relabelling(answer, row) is None] or rows[:1])

    def find_stray(self, answer: Answer) -> Problem | None:
        """Why it is not known which audited row an answer is about; None if it is known."""
        if not self.find_named(answer):
            return self._explain_unknown(answer)
        meant = self.find_meant(answer)
        if len(meant) > 1:
            return Problem.of_ambiguous_id(len(meant))
        return None if meant else OTHER_CONTENT

    def _explain_unknown(self, answer: Answer) -> Problem:
        if not answer.row_id:
            # only its place shows which answer it is
            place = f"{answer.file}, row {answer.row}" if answer.file else f"row {answer.row}"
            return replace(UNKNOWN_ID, why=f"the answer has no id ({place})")
        cause = self.audited.explain_unknown([answer.row_id])
        return replace(UNKNOWN_ID, why=f"{UNKNOWN_ID.why}; {cause}") if cause else UNKNOWN_ID

    def find_relabelling(self, answer: Answer, row: RowSnapshot) -> Problem | None:
        """The problem that a row's label was changed between audit and decision; None if it was not."""
        seen = answer.given_label
        if not seen.strip() or row.given_label in {seen, *self._list_meant(answer)}:
            return None
        audited = _quote_label(row.given_label)
        return Problem(
            RejectionReason.OTHER_LABEL,
            f"its label was {seen!r} when it was decided, but {audited} when it was audited",
        )

    def _list_meant(self, answer: Answer) -> tuple[str, ...]:
        """The labels that the person may have seen."""
        exact = self.labels.find_exact(answer.given_label)
        if exact is None:
            return self.labels.list_fitting(answer.given_label)
        return (exact, *(self.labels.list_rewritten(answer.given_label) if answer.rewritten else ()))

    # ------------------------------------------------------------- changes since the audit

    def find_edit(self, row: RowSnapshot) -> Problem | None:
        """What has changed in an audited row, or why it can't be identified; None if it is unchanged."""
        found = self._find_now(row)
        return found if isinstance(found, Problem) else None

    def find_unchanged(self, row: RowSnapshot) -> RowSnapshot:
        """An audited row as it is now, where `find_edit` finds no change."""
        found = self._find_now(row)
        assert isinstance(found, RowSnapshot)  # noqa: S101  # the caller has asked `find_edit`
        return found

    def _find_now(self, row: RowSnapshot) -> RowSnapshot | Problem:
        found = self._find_by_id(row)
        contents = row.row_hash, row.given_label
        if isinstance(found, RowSnapshot) or contents not in self.interchangeable:
            return found
        left = self.now.by_contents.get(contents, ())
        place = self.audited.places[row.row]
        return left[place] if place < len(left) else GONE_OR_CHANGED

    def _find_by_id(self, row: RowSnapshot) -> RowSnapshot | Problem:
        rows = self.now.by_id.get(row.row_id, ())
        if not rows:
            return Problem(RejectionReason.GONE, "no row of the file has this id any more")
        alike = [one for one in rows if has_same_content(row, one)]
        if not alike:
            return Problem(RejectionReason.EDITED, "its content has changed since it was audited")
        fitting = [one for one in alike if one.given_label == row.given_label]
        if not fitting:
            label, other = _quote_label(row.given_label), _quote_label(alike[0].given_label)
            return Problem(
                RejectionReason.EDITED, f"its label was {label} when it was audited, but is {other} now"
            )
        labels = self.audited.labels, self.now.labels
        if _is_named_by_hash(row) and labels[0][row.row_hash] != labels[1].get(row.row_hash):
            why = "rows of the same input were added, removed or relabelled since, so it can't be identified"
            return Problem(RejectionReason.EDITED, why)
        return Problem.of_ambiguous_id(len(fitting), " now") if len(fitting) > 1 else fitting[0]

    def has_label_now(self, row: RowSnapshot, label: str) -> bool:
        """Whether an audited row now has a label, with its content unchanged.

        Of interchangeable rows that are gone, as many have it as there are more rows with it now.
        """
        contents = row.row_hash, row.given_label
        if contents in self.interchangeable:
            before, after = (
                index.labels.get(row.row_hash, Counter())[label] for index in (self.audited, self.now)
            )
            n_left = len(self.now.by_contents.get(contents, ()))
            return self.audited.places[row.row] - n_left < after - before
        rows = self.now.by_id.get(row.row_id, ())
        return len(rows) == 1 and has_same_content(row, rows[0]) and rows[0].given_label == label


def is_as_seen(answer: Answer, row: RowSnapshot) -> bool:
    """Whether a row's content, without its label, is what the person saw; True where there is no hash.

    A hash may look like a number, and a spreadsheet may have shortened it.
    """
    if not answer.seen_hash or row.row_hash is None or answer.seen_hash == row.row_hash:
        return True
    try:
        return math.isclose(float(answer.seen_hash), float(row.row_hash), rel_tol=SHOWN_DIGITS)
    except ValueError:
        return False


def has_same_content(one: RowSnapshot, other: RowSnapshot) -> bool:
    """Whether two rows are the same except for their labels; True where an audit has no hashes."""
    return None in {one.row_hash, other.row_hash} or one.row_hash == other.row_hash


def _quote_label(label: str | None) -> str:
    return "none" if label is None else repr(label)


def _is_named_by_hash(row: RowSnapshot) -> bool:
    """Whether a row's id is a hash of its content, with or without a number."""
    return row.row_hash is not None and _is_made_from(row.row_id, row.row_hash)


def _is_made_from(row_id: str, row_hash: str) -> bool:
    is_start = row_id.startswith(row_hash)
    return is_start and COUNT_BEHIND_HASH.fullmatch(row_id.removeprefix(row_hash)) is not None


# ------------------------------------------------------------------- where rows come from


def list_rows(examples: Examples) -> list[RowSnapshot]:
    """The rows of a file that was just read: first those with a label, then all others, in file order."""
    hashes, earlier = list(examples.row_hashes), examples.earlier_hashes
    labels = [examples.class_names[code] for code in examples.given_labels]
    labelled = zip(
        examples.row_ids, examples.positions.tolist(), labels, _list_entries(examples), strict=True
    )
    unlabelled = zip(examples.unlabelled_row_ids, examples.unlabelled_positions, strict=True)
    rows = [*labelled, *((row_id, position, None, None) for row_id, position in unlabelled)]
    return [
        RowSnapshot(
            row_id,
            position + 1,
            label,
            hashes[position] if hashes else None,
            earlier[position] if earlier else (),
            entry,
        )
        for row_id, position, label, entry in rows
    ]


def _list_entries(examples: Examples) -> list[int | None]:
    """A number for each row, the same for rows of equal input and the same label."""
    if examples.equal_inputs is None:
        return [None] * examples.n_rows
    n_classes = max(examples.n_classes, 1)
    return (examples.equal_inputs * n_classes + examples.given_labels).tolist()  # type: ignore[no-any-return]


def list_audited_rows(doubts: DoubtTable) -> list[RowSnapshot]:
    """The rows as they were audited.

    Args:
        doubts: The table `doubts.parquet`.
    """
    columns = (doubts.row_id, doubts.given_label, doubts.row_hash, doubts.earlier_hashes, doubts.entry)
    rows = zip(*(column.to_pylist() for column in columns), doubts.row.tolist(), strict=True)
    return [
        RowSnapshot(row_id, row, label, row_hash, tuple(earlier or ()), entry)
        for row_id, label, row_hash, earlier, entry, row in rows
    ]
