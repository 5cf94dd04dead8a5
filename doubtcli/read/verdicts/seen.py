"""The rows of a file, now or in an audit -> what settling has to know of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.records import SeenRow

if TYPE_CHECKING:
    import pyarrow as pa

    from doubtcli.records import Examples


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


def rows_audited(doubts: pa.Table) -> list[SeenRow]:
    """The rows as an audit has them.

    Args:
        doubts: The table `doubts.parquet`.
    """
    names = ("row_id", "row", "given_label", "row_hash")
    columns = [
        doubts.column(name).to_pylist() if name in doubts.column_names else [None] * doubts.num_rows
        for name in names
    ]
    return [SeenRow(*values) for values in zip(*columns, strict=True)]
