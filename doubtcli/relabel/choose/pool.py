"""The doubts of an audit -> the rows that may come into a queue."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.queue_columns import as_text
from doubtcli.records import INPUT_ROLES, Role

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from doubtcli.records import Bools, Codes, Floats

VERDICT, ROW_HASH = "verdict", "row_hash"


@dataclass(frozen=True)
class Pool:
    """The labelled rows that nobody has decided, most doubted first."""

    doubts: pa.Table
    """Their rows of `doubts.parquet`."""
    inputs: Codes
    """Shape `(n_rows,)`: rows with the same number have the same input."""
    n_characters: Codes
    """Shape `(n_rows,)`: how much there is to read."""
    waived: Bools
    """Shape `(n_rows,)`: whether a person has found the label right before. Such a row is asked about only
    where it is drawn at random."""

    @property
    def n_rows(self) -> int:
        """How many rows there are."""
        return int(self.doubts.num_rows)

    @cached_property
    def doubt(self) -> Floats:
        """Shape `(n_rows,)`, 0 to 1."""
        return np.asarray(self.doubts.column("doubt").to_numpy(), dtype=np.float64)

    @cached_property
    def doubted(self) -> Bools:
        """Shape `(n_rows,)`."""
        return np.asarray(self.doubts.column("doubted").to_numpy(), dtype=np.bool_)

    @cached_property
    def labels(self) -> Codes:
        """Shape `(n_rows,)`: given labels as numbers."""
        return _codes(self.doubts.column("given_label").to_pylist())

    @cached_property
    def reasons(self) -> Codes:
        """Shape `(n_rows,)`: the strongest reason of each row as a number; rows of none share one, too."""
        return _codes([names[0] if names else "" for names in self.doubts.column("reasons").to_pylist()])

    @cached_property
    def groups(self) -> Codes:
        """Shape `(n_rows,)`: rows with the same number have the same input and the same given label."""
        together = self.inputs * (int(self.labels.max(initial=0)) + 1) + self.labels
        return np.asarray(np.unique(together, return_inverse=True)[1], dtype=np.intp)

    @cached_property
    def suggestion(self) -> Floats:
        """Shape `(n_rows,)`: how likely the suggested label is right; 0 where none but the given one is."""
        confidence = pc.fill_null(self.doubts.column("suggested_confidence"), 0.0).to_numpy()
        other = pc.not_equal(self.doubts.column("suggested_label"), self.doubts.column("given_label"))
        return np.where(pc.fill_null(other, False).to_numpy(), confidence, 0.0)  # noqa: FBT003  # Arrow's way


def build_pool(doubts: pa.Table, inputs: Codes, n_characters: Codes, waived: Collection[int] = ()) -> Pool:
    """The rows that have a doubt and no verdict.

    Args:
        doubts: `doubts.parquet`.
        inputs: Shape `(n_rows_in_file,)`, in the order of `doubts`: see `equal_inputs`.
        n_characters: In the same order.
        waived: The places in the file, from 1, of rows that are waived.
    """
    is_open = pc.is_valid(doubts.column("doubt"))
    if VERDICT in doubts.column_names:
        is_open = pc.and_(is_open, pc.is_null(doubts.column(VERDICT)))
    rows = np.flatnonzero(is_open.to_numpy())
    ranks = doubts.column("rank").take(pa.array(rows)).to_numpy()
    rows = rows[np.argsort(ranks, kind="stable")]
    is_waived = np.isin(file_rows(doubts) + 1, list(waived))
    return Pool(doubts.take(pa.array(rows)), inputs[rows], n_characters[rows], is_waived[rows])


def equal_inputs(doubts: pa.Table, data: pa.Table, columns: Sequence[Mapping[str, Any]]) -> Codes:
    """A number for each row of `doubts`, the same for rows of equal input.

    It is made of `row_hash`; an audit of an earlier version has none, and then of the input columns.

    Args:
        doubts: `doubts.parquet`.
        data: The file that it judged.
        columns: Its columns as `audit.json` has them.
    """
    if ROW_HASH in doubts.column_names and not doubts.column(ROW_HASH).null_count:
        return _codes(doubts.column(ROW_HASH).to_pylist())
    by_role = [column["name"] for column in columns if column["role"] in INPUT_ROLES]
    others = [column["name"] for column in columns if column["role"] != Role.LABEL]
    texts = [as_text(data.column(name)).to_pylist() for name in by_role or others]
    return _codes([repr(row) for row in zip(*texts, strict=True)])[file_rows(doubts)]


def file_rows(doubts: pa.Table) -> Codes:
    """The place in the file of each row of `doubts`, from 0."""
    return np.asarray(doubts.column("row").to_numpy(), dtype=np.intp) - 1


def _codes(names: Sequence[str]) -> Codes:
    """Numbers that are equal where names are."""
    known: dict[str, int] = {}
    return np.array([known.setdefault(name, len(known)) for name in names], dtype=np.intp)
