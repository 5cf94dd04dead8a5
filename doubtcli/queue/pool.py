"""The doubts of an audit -> the rows that may be queued, and the rows that are equal to them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.records import Role
from doubtcli.tools.values import to_csv_texts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from doubtcli.records import Bools, Codes, DoubtTable, Floats, Roles

    EqualMembers = Mapping[int, Mapping[int, list[int]]]
    """By input, by given label: the rows, most doubted first."""


@dataclass(frozen=True)
class Pool:
    """The labelled rows without a verdict, most doubted first."""

    doubts: DoubtTable
    """Their rows of `doubts.parquet`."""
    inputs: Codes
    """Shape `(n_rows,)`: rows with the same number have the same input."""
    n_characters: Codes
    """Shape `(n_rows,)`: how much there is to read."""
    waived: Bools
    """Shape `(n_rows,)`: whether a person has found the label to be right before. Such a row is queued only
    if it is drawn at random."""

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return self.doubts.n_rows

    @cached_property
    def doubt(self) -> Floats:
        """Shape `(n_rows,)`, 0 to 1."""
        return self.doubts.doubt

    @cached_property
    def doubted(self) -> Bools:
        """Shape `(n_rows,)`."""
        return self.doubts.doubted

    @cached_property
    def labels(self) -> Codes:
        """Shape `(n_rows,)`: given labels as numbers."""
        return _number_names(self.doubts.given_label.to_pylist())

    @cached_property
    def reasons(self) -> Codes:
        """Shape `(n_rows,)`: the strongest reason of each row as a number; rows without one share one."""
        return _number_names([names[0] if names else "" for names in self.doubts.reasons.to_pylist()])

    @cached_property
    def groups(self) -> Codes:
        """Shape `(n_rows,)`: rows with the same number have the same input and the same given label."""
        together = self.inputs * (int(self.labels.max(initial=0)) + 1) + self.labels
        return np.asarray(np.unique(together, return_inverse=True)[1], dtype=np.intp)

    @cached_property
    def suggestion(self) -> Floats:
        """Shape `(n_rows,)`: how likely the suggested label is right; 0 where none but the given one is."""
        confidence = np.nan_to_num(self.doubts.suggested_confidence)
        other = pc.not_equal(self.doubts.suggested_label, self.doubts.given_label)
        return np.where(pc.fill_null(other, False).to_numpy(), confidence, 0.0)  # noqa: FBT003  # Arrow's way


def build_pool(doubts: DoubtTable, inputs: Codes, n_characters: Codes, waived: Collection[int] = ()) -> Pool:
    """The rows that have a doubt and no verdict.

    Args:
        doubts: `doubts.parquet`.
        inputs: Shape `(n_rows_in_file,)`, in the order of `doubts`: see `number_inputs`.
        n_characters: In the same order.
        waived: The places in the file, from 1, of rows that are waived.
    """
    rows = np.flatnonzero(~np.isnan(doubts.doubt) & pc.is_null(doubts.verdict).to_numpy())
    rows = rows[np.argsort(doubts.take(rows).rank.to_numpy(), kind="stable")]
    is_waived = np.isin(list_file_rows(doubts) + 1, list(waived))
    return Pool(doubts.take(rows), inputs[rows], n_characters[rows], is_waived[rows])


def number_inputs(doubts: DoubtTable, data: pa.Table, roles: Roles) -> Codes:
    """A number for each row of `doubts`, the same for rows of equal input.

    It is made from `row_hash`, or from the input columns if the audit is of a version that had no hashes.

    Args:
        doubts: `doubts.parquet`.
        data: The file that it judged.
        roles: Of its columns.
    """
    if not doubts.row_hash.null_count:
        return _number_names(doubts.row_hash.to_pylist())
    by_role = [column.name for column in roles.columns if column.is_input]
    others = [column.name for column in roles.columns if column.role != Role.LABEL]
    texts = [to_csv_texts(data.column(name)).to_pylist() for name in by_role or others]
    return _number_names([repr(row) for row in zip(*texts, strict=True)])[list_file_rows(doubts)]


def list_file_rows(doubts: DoubtTable) -> Codes:
    """The place in the file of each row of `doubts`, from 0."""
    return doubts.row.astype(np.intp) - 1


class EqualRows(NamedTuple):
    """The rows without a verdict that have the same input as a row, as row numbers."""

    duplicates: tuple[int, ...]
    """With the same given label, most doubted first, none of them in the queue: the row represents them."""
    conflicts: tuple[int, ...]
    """With another given label: for each such label the row that represents it, in the queue or not."""


def find_equal_rows(pool: Pool, picked: Sequence[int]) -> list[EqualRows]:
    """The rows with the same input as each picked row; of equal picked rows only the first has duplicates.

    A waived row counts as decided, unless it is picked.

    Args:
        pool: All rows that may be queued.
        picked: Row numbers of those that are.
    """
    members = _group_members(pool, picked)
    taken, representatives = set(picked), _pick_representatives(members, picked)
    inputs, labels = pool.inputs[list(picked)].tolist(), pool.labels[list(picked)].tolist()
    equal: list[EqualRows] = []
    for row, its_input, label in zip(picked, inputs, labels, strict=True):
        represents = representatives[its_input, label] == row
        same = members[its_input][label] if represents else []
        others = [representatives[its_input, other] for other in members[its_input] if other != label]
        equal.append(EqualRows(tuple(one for one in same if one not in taken), tuple(others)))
    return equal


def _group_members(pool: Pool, picked: Sequence[int]) -> EqualMembers:
    members: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    is_asked = np.isin(np.arange(pool.n_rows), list(picked))
    rows = np.flatnonzero(np.isin(pool.inputs, pool.inputs[list(picked)]) & (is_asked | ~pool.waived))
    for row, its_input, label in zip(
        rows.tolist(), pool.inputs[rows].tolist(), pool.labels[rows].tolist(), strict=True
    ):
        members[its_input][label].append(row)
    return members


def _pick_representatives(members: EqualMembers, picked: Sequence[int]) -> dict[tuple[int, int], int]:
    """The row that represents an input and a label: the first one in the queue, else the most doubted one."""
    place = {row: number for number, row in enumerate(picked)}
    return {
        (its_input, label): min(rows, key=lambda row: place.get(row, len(place)))
        for its_input, by_label in members.items()
        for label, rows in by_label.items()
    }


def _number_names(names: Sequence[str]) -> Codes:
    """Numbers that are equal where names are."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.intp)
