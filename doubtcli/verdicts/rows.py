"""An answer's id -> the row that was audited, and the row that it is now.

A user's own ids name rows by themselves. An id that is a hash of the row's content is numbered where inputs
are equal, in order of their labels. So it names the same row only while none of these rows is added, removed
or relabelled.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from doubtcli.records import SeenRow, UnappliedKind
from doubtcli.verdicts.spelling import LOST_ZEROS, label_of, most_marks, numerals

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from doubtcli.records import DoubtTable, Examples
    from doubtcli.records.answers import Answer


NUMBER = re.compile(r"(\.[0-9]+)?")
"""What follows the hash in an id, from the second row of equal input on."""

OTHER_CONTENT = "its content is another than when it was decided"

SHOWN_DIGITS = 1e-4
"""How far off a number may be, relatively, once a spreadsheet has shown it in short: 1.23457E+15."""

BETWEEN_IDS = ","
"""What tools write between the ids of rows that ride along; a user's own id may hold it, too."""


@dataclass(frozen=True)
class Miss:
    """Why no row can be told."""

    kind: UnappliedKind
    why: str


@dataclass(frozen=True)
class RowIndex:
    """Rows as they were seen at one moment."""

    by_id: Mapping[str, tuple[SeenRow, ...]]
    labels: Mapping[str | None, Counter[str | None]]
    """Of the rows whose ids are hashes: which labels those of one hash bear, and how often."""

    @cached_property
    def most_commas(self) -> int:
        """How many commas one of the ids holds at most."""
        return most_marks(BETWEEN_IDS, self.by_id)

    @cached_property
    def numerals(self) -> frozenset[str]:
        """The ids that are whole numbers, as a spreadsheet writes them."""
        return numerals(self.by_id)


def index_rows(rows: Iterable[SeenRow]) -> RowIndex:
    """The rows, ready to be looked up."""
    by_id: dict[str, list[SeenRow]] = {}
    labels: dict[str | None, Counter[str | None]] = {}
    for row in sorted(rows, key=lambda row: row.row):
        by_id.setdefault(row.row_id, []).append(row)
        if _is_hash(row):
            labels.setdefault(row.row_hash, Counter())[row.given_label] += 1
    return RowIndex({row_id: tuple(same) for row_id, same in by_id.items()}, labels)


def audited_row(answer: Answer, audited: RowIndex, known: Mapping[str, str]) -> SeenRow | Miss:
    """The row that an answer is on, as it was audited: the content that the person saw; see `relabelled`."""
    named = audited.by_id.get(answer.row_id, ())
    if not named:
        return Miss(UnappliedKind.UNKNOWN, _unknown(answer, audited))
    rows = [row for row in named if is_as_seen(answer, row)]
    if not rows:
        return Miss(UnappliedKind.CHANGED, OTHER_CONTENT)
    rows = [row for row in rows if relabelled(answer, row, known) is None] or rows[:1]
    if len(rows) > 1:
        why = f"{len(rows)} rows bear this id, and which one is meant can't be told"
        return Miss(UnappliedKind.AMBIGUOUS, why)
    return rows[0]


def relabelled(answer: Answer, row: SeenRow, known: Mapping[str, str]) -> Miss | None:
    """That a row bore another label when it was decided than when it was audited; None if it did not."""
    seen = answer.given_label
    if not seen.strip() or row.given_label in {seen, label_of(seen, known) or seen}:
        return None
    why = f"its label was {seen!r} when it was decided, and {_named(row.given_label)} when audited"
    return Miss(UnappliedKind.CHANGED, why)


def is_as_seen(answer: Answer, row: SeenRow) -> bool:
    """Whether what the person saw stands in a row, its label left out; so it is where that isn't told.

    A hash may look like a number, and come back from a spreadsheet as it shows one.
    """
    if not answer.seen_hash or row.row_hash is None or answer.seen_hash == row.row_hash:
        return True
    try:
        return math.isclose(float(answer.seen_hash), float(row.row_hash), rel_tol=SHOWN_DIGITS)
    except ValueError:
        return False


def _unknown(answer: Answer, audited: RowIndex) -> str:
    if answer.row_id:
        is_near = not numerals([answer.row_id]).isdisjoint(audited.numerals)
        return "no row of the audit bears this id" + (f"; {LOST_ZEROS}" if is_near else "")
    # nothing else tells which answer it is
    place = f"{answer.file}, row {answer.row}" if answer.file else f"row {answer.row}"
    return f"the answer has no id ({place})"


def row_now(row: SeenRow, audited: RowIndex, now: RowIndex) -> SeenRow | Miss:
    """What has become of a row since it was audited; a row only if its content and label are the same."""
    found = _unchanged(row, now)
    if isinstance(found, Miss):
        return found
    if _is_hash(row) and audited.labels[row.row_hash] != now.labels.get(row.row_hash):
        why = "rows of equal input were added, removed or relabelled since, and it can't be told from them"
        return Miss(UnappliedKind.CHANGED, why)
    if len(found) > 1:
        why = f"{len(found)} rows bear this id now, and which one is meant can't be told"
        return Miss(UnappliedKind.AMBIGUOUS, why)
    return found[0]


def _unchanged(row: SeenRow, now: RowIndex) -> Sequence[SeenRow] | Miss:
    """The rows of the same id, content and label, at least one."""
    rows = now.by_id.get(row.row_id, ())
    if not rows:
        return Miss(UnappliedKind.UNKNOWN, "no row of the file bears this id any more")
    alike = [one for one in rows if same_content(row, one)]
    if not alike:
        return Miss(UnappliedKind.CHANGED, "its content has changed since it was audited")
    label, other = _named(row.given_label), _named(alike[0].given_label)
    fitting = [one for one in alike if one.given_label == row.given_label]
    return fitting or Miss(
        UnappliedKind.CHANGED, f"its label was {label} when it was audited, and is {other} now"
    )


def same_content(one: SeenRow, other: SeenRow) -> bool:
    """Whether the same stands in two rows, their labels left out; so it is where an audit doesn't tell."""
    return None in {one.row_hash, other.row_hash} or one.row_hash == other.row_hash


def _named(label: str | None) -> str:
    return "none" if label is None else repr(label)


def _is_hash(row: SeenRow) -> bool:
    """Whether a row's id is a hash of its content, numbered or not."""
    if row.row_hash is None or not row.row_id.startswith(row.row_hash):
        return False
    return NUMBER.fullmatch(row.row_id.removeprefix(row.row_hash)) is not None


def rows_now(examples: Examples) -> list[SeenRow]:
    """The rows of a file that was just read: those with a label in their order, then all others.

    Args:
        examples: Its rows.
    """
    hashes = examples.row_hashes
    labels = [examples.class_names[code] for code in examples.given_labels]
    labelled = zip(examples.row_ids, examples.positions.tolist(), labels, strict=True)
    unlabelled = zip(examples.unlabelled_row_ids, examples.unlabelled_positions, strict=True)
    rows = [*labelled, *((row_id, position, None) for row_id, position in unlabelled)]
    return [
        SeenRow(row_id, position + 1, label, hashes[position] if hashes else None)
        for row_id, position, label in rows
    ]


def rows_audited(doubts: DoubtTable) -> list[SeenRow]:
    """The rows as an audit has them.

    Args:
        doubts: The table `doubts.parquet`.
    """
    texts = (column.to_pylist() for column in (doubts.row_id, doubts.given_label, doubts.row_hash))
    rows = zip(*texts, doubts.row.tolist(), strict=True)
    return [SeenRow(row_id, row, label, row_hash) for row_id, label, row_hash, row in rows]
