"""The doubts of an audit -> the rows that may be queued, and those of equal input."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.records import TIERS, Role
from doubtcli.tools.values import to_csv_texts

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from doubtcli.records import Bools, Codes, DoubtTable, Floats, Roles

    InputMembers = Mapping[int, Mapping[int, list[int]]]
    """By input, by given label: the rows, most doubted first."""


@dataclass(frozen=True)
class Pool:
    """The labelled rows without a verdict, most doubted first."""

    doubts: DoubtTable
    """Their rows of `doubts.parquet`."""
    inputs: Codes
    """Shape `(n_rows,)`: rows with the same number have the same input."""
    entries: Codes
    """Shape `(n_rows,)`: rows with the same number are equal, and one entry of the queue."""
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
    def tiers(self) -> Codes:
        """Shape `(n_rows,)`: the tier of each row, as its place in `TIERS`."""
        return np.array([TIERS.index(tier) for tier in self.doubts.tier.to_pylist()], dtype=np.intp)

    @cached_property
    def labels(self) -> Codes:
        """Shape `(n_rows,)`: given labels as numbers."""
        return _number_names(self.doubts.given_label.to_pylist())

    @cached_property
    def reasons(self) -> Codes:
        """Shape `(n_rows,)`: the strongest reason of each row as a number; rows without one share one."""
        return _number_names([names[0] if names else "" for names in self.doubts.reasons.to_pylist()])

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
    entries = _number_entries(doubts)
    return Pool(doubts.take(rows), inputs[rows], entries[rows], n_characters[rows], is_waived[rows])


def _number_entries(doubts: DoubtTable) -> Codes:
    """The entry of each row of `doubts`; in an audit of a version that knew none, each row is one."""
    known = pc.fill_null(doubts.entry, 0).to_numpy()
    return np.where(known > 0, known, np.arange(doubts.n_rows) + 1 + int(known.max(initial=0)))


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


def list_conflicting_ids(pool: Pool, picked: Sequence[int]) -> list[tuple[int, ...]]:
    """For each picked row, the rows with the same input and another given label: one row for each such label.

    That is the first one in the queue, else the most doubted one. A waived row counts as decided, unless it
    is picked.

    Args:
        pool: All rows that may be queued.
        picked: Row numbers of those that are.
    """
    members = _group_members(pool, picked)
    representatives = _pick_representatives(members, picked)
    inputs, labels = pool.inputs[list(picked)].tolist(), pool.labels[list(picked)].tolist()
    return [
        tuple(representatives[its_input, other] for other in members[its_input] if other != label)
        for its_input, label in zip(inputs, labels, strict=True)
    ]


def _group_members(pool: Pool, picked: Sequence[int]) -> InputMembers:
    members: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    is_asked = np.isin(np.arange(pool.n_rows), list(picked))
    rows = np.flatnonzero(np.isin(pool.inputs, pool.inputs[list(picked)]) & (is_asked | ~pool.waived))
    for row, its_input, label in zip(
        rows.tolist(), pool.inputs[rows].tolist(), pool.labels[rows].tolist(), strict=True
    ):
        members[its_input][label].append(row)
    return members


def _pick_representatives(members: InputMembers, picked: Sequence[int]) -> dict[tuple[int, int], int]:
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
