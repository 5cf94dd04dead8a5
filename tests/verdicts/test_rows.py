import numpy as np
import pyarrow as pa

from doubtcli.records import DoubtTable, Examples, RowSnapshot
from doubtcli.verdicts.rows import list_audited_rows, list_rows

EXAMPLES = Examples(
    row_ids=("a", "b"),
    positions=np.array([2, 0]),
    given_labels=np.array([1, 0]),
    class_names=("ham", "spam"),
    inputs=pa.table({}),
    unlabelled_row_ids=("c",),
    unlabelled_positions=(1,),
    row_hashes=("h0", "h1", "h2"),
)


def test_rows_of_a_file() -> None:
    """Each row has its number from 1 and the hash of its content; rows without a label are listed, too."""
    assert list_rows(EXAMPLES) == [
        RowSnapshot("a", 3, "spam", "h2"),
        RowSnapshot("b", 1, "ham", "h0"),
        RowSnapshot("c", 2, None, "h1"),
    ]


def test_rows_of_a_file_that_was_not_hashed() -> None:
    """Rows of a file without hashes have none."""
    bare = Examples(("a",), np.array([0]), np.array([0]), ("ham",), pa.table({}))

    assert list_rows(bare) == [RowSnapshot("a", 1, "ham")]


def test_rows_of_an_audit() -> None:
    """The rows of an audit are those of `doubts.parquet`, with or without hashes."""
    doubts = pa.table(
        {
            "row_id": ["a", "c"],
            "row": [3, 2],
            "given_label": ["spam", None],
            "doubt": [0.5, None],
            "row_hash": ["h2", "h1"],
            "earlier_hashes": pa.array([["e2"], None], pa.list_(pa.string())),
            "entry": pa.array([7, None], pa.int64()),
        }
    )

    rows = list_audited_rows(DoubtTable(doubts))

    assert rows == [RowSnapshot("a", 3, "spam", "h2", ("e2",)), RowSnapshot("c", 2, None, "h1")]
    assert [row.entry for row in rows] == [7, None]
    unknown = doubts.set_column(4, "row_hash", pa.nulls(2, pa.string()))
    assert list_audited_rows(DoubtTable(unknown)) == [
        RowSnapshot("a", 3, "spam", None, ("e2",)),
        RowSnapshot("c", 2, None),
    ]
