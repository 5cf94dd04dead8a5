from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.records import Column, DoubtRow, DoubtTable, EarlierNames, Role, Roles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from doubtcli.records import AuditDocument

COLUMNS = {
    "row_id": pa.string(),
    "row": pa.int64(),
    "given_label": pa.string(),
    "suggested_label": pa.string(),
    "suggested_confidence": pa.float64(),
    "doubt": pa.float64(),
    "doubt_sd": pa.float64(),
    "rank": pa.int64(),
    "doubted": pa.bool_(),
    "tier": pa.string(),
    "reasons": pa.list_(pa.string()),
    "why": pa.string(),
    "verdict": pa.string(),
    "row_hash": pa.string(),
    "earlier_hashes": pa.list_(pa.string()),
    "entry": pa.int64(),
}
ARRAYS = ("row", "suggested_confidence", "doubt", "doubt_sd", "doubted")


def table(*doubts: float | None) -> DoubtTable:
    """A row for each doubt; one without a doubt was set aside."""
    rows = [
        {
            "row_id": f"r{row}",
            "row": row,
            "given_label": None if doubt is None else "spam",
            "suggested_label": None if doubt is None else "ham",
            "suggested_confidence": doubt,
            "doubt": doubt,
            "doubt_sd": None,
            "rank": None if doubt is None else row,
            "doubted": doubt is not None and doubt >= 0.5,
            "tier": "doubted" if doubt is not None and doubt >= 0.5 else None,
            "reasons": None if doubt is None else ["outlier"],
            "why": "",
            "verdict": None,
            "row_hash": f"h{row}",
            "earlier_hashes": [] if row > 1 else ["e1"],
            "entry": None if doubt is None else row,
        }
        for row, doubt in enumerate(doubts, 1)
    ]
    return DoubtTable(pa.Table.from_pylist(rows, schema=pa.schema(COLUMNS)))


doubts = st.lists(st.none() | st.floats(0, 1), max_size=20)


@given(st.lists(doubts, max_size=3), st.integers(0, 5))
def test_numbers(parts: list[list[float | None]], start: int) -> None:
    """Numbers equal Arrow's own conversion, for tables of any chunks and slices."""
    data = pa.concat_tables([table(*part).data for part in parts] or [table().data]).slice(start)

    found = {name: getattr(DoubtTable(data), name) for name in ARRAYS}

    for name, values in found.items():
        expected = data.column(name).to_numpy()
        np.testing.assert_array_equal(values, expected)
        assert values.dtype == COLUMNS[name].to_pandas_dtype()


@given(doubts, st.integers(0, 2**20 - 1))
def test_filtered(doubts: list[float | None], bits: int) -> None:
    """A NumPy mask and an Arrow mask keep the same rows."""
    whole, mask = table(*doubts), [bool(bits >> place & 1) for place in range(len(doubts))]

    kept = whole.filter(np.array(mask, dtype=np.bool_))

    assert kept == whole.filter(pa.array(mask, pa.bool_()))
    assert kept.row.tolist() == [row for row, wanted in enumerate(mask, 1) if wanted]


def test_taken() -> None:
    """Rows are taken in the order in which they are asked for."""
    some = table(0.9, None, 0.1).take(np.array([2, 0]))

    assert some.row_id.to_pylist() == ["r3", "r1"]
    assert table(0.9).take(np.array([], dtype=np.intp)).n_rows == 0


def test_rows() -> None:
    """A row has every column by its name; a missing value is None, and missing reasons are empty."""
    first, second = table(0.9, None).to_rows()

    assert first == DoubtRow(
        row_id="r1",
        row=1,
        given_label="spam",
        suggested_label="ham",
        suggested_confidence=0.9,
        doubt=0.9,
        doubt_sd=None,
        rank=1,
        doubted=True,
        tier="doubted",
        reasons=("outlier",),
        why="",
        verdict=None,
        row_hash="h1",
        earlier_hashes=("e1",),
        entry=1,
    )
    assert (second.doubt, second.given_label, second.tier, second.reasons) == (None, None, None, ())


def test_rows_get_the_names_of_today() -> None:
    """Ids and hashes of an earlier version are replaced, with the number behind a hash; others stay."""
    rows = table(0.9, 0.8, None)
    old = pa.array(["e1.2", "T17.2", "h3"], pa.string())
    rows = DoubtTable(rows.data.set_column(0, "row_id", old))

    renamed = rows.rename_rows(EarlierNames({"e1": "h1", "h3": "n3"}))

    assert renamed.row_id.to_pylist() == ["h1.2", "T17.2", "n3"]
    assert renamed.row_hash.to_pylist() == ["h1", "h2", "n3"]


def test_without_pandas(tmp_path: Path) -> None:
    """A table from a file becomes arrays and rows without pandas, which takes long to load."""
    path = tmp_path / "doubts.parquet"
    pq.write_table(table(0.9, None, 0.1).data, path)
    script = (
        "import sys; import pyarrow.parquet as pq; from doubtcli.records import DoubtTable\n"
        "doubts = DoubtTable(pq.ParquetFile(sys.argv[1]).read())\n"
        "few, none = doubts.filter(doubts.doubted), doubts.filter(doubts.doubt > 1)\n"
        "print(few.to_rows(), none.doubt, none.doubted, doubts.take(few.row).row, 'pandas' in sys.modules)"
    )
    command = [sys.executable, "-c", script, str(path)]

    done = subprocess.run(command, capture_output=True, text=True, check=True)

    assert done.stdout.endswith("[] [] [2] False\n")


def test_columns(a_document: Callable[..., AuditDocument]) -> None:
    """The label is the column with that role; inputs are all columns that models could use, used or not."""
    roles = {"id": Role.IDENTIFIER, "text": Role.TEXT, "label": Role.LABEL, "leak": Role.CATEGORICAL}
    columns = tuple(Column(name, role, used=name != "leak", why="") for name, role in roles.items())

    document = replace(a_document(), roles=Roles(columns))

    assert (document.label_column, document.input_columns) == ("label", ("text", "leak"))
