from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.queue.make import write_scan_queue
from doubtcli.records import AuditSample, Stratum, Table
from doubtcli.store.describe import tabulate_doubts

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import ScanResult

    MakeAudit = Callable[..., ScanResult]
    MakeTable = Callable[..., Table]


def read(queue: bytes) -> list[dict[str, str]]:
    """The rows of a queue, as Python's csv module reads them."""
    return list(csv.DictReader(io.StringIO(queue.decode(), newline="")))


def test_text_of_queue(make_audit: MakeAudit, make_table: MakeTable) -> None:
    """The queue has the doubted rows in order of doubt, an empty verdict, and the user's columns."""
    audit = make_audit(why=["", "", "", "", "a; b", "c", "", 'say "d", e'])

    queue = write_scan_queue(audit, make_table(audit))

    assert queue.decode() == (
        "doubt_id,given_label,doubt_suggested,doubt_score,doubt_reasons,doubt_why,doubt_equal_rows,tier,"
        "verdict,doubt_row_hash,text,label\n"
        't0007,billing,delivery,0.9700,"low-self-confidence, annotator-disagreement, duplicate-conflict",'
        '"say ""d"", e",1,doubted,,0000000000000000,Where is my parcel?,billing\n'
        "t0004,bug,delivery,0.8000,low-self-confidence,a; b,1,doubted,,0000000000000003,"
        "The parcel came broken,bug\n"
        "t0005,billing,billing,0.5500,low-self-confidence,c,1,doubted,,0000000000000002,"
        "I was charged after I cancelled,billing\n"
    )


def test_audit_sample(make_audit: MakeAudit, make_table: MakeTable) -> None:
    """An audit sample is first, in the order of the draw, with strata and inclusion, and no row is twice."""
    parts = (Stratum(2, 2, 5), Stratum(1, 2, 3))
    audit = make_audit(sample=AuditSample(np.array([6, 4]), parts, np.array([0.2, 1 / 3])))

    rows = read(write_scan_queue(audit, make_table(audit)))

    assert [(row["doubt_id"], row["doubt_stratum"], row["doubt_inclusion"]) for row in rows] == [
        ("t0006", "2 of 2 (5 rows)", "0.2"),
        ("t0004", "1 of 2 (3 rows)", "0.333333"),
        ("t0007", "", ""),
        ("t0005", "", ""),
    ]
    assert list(rows[0])[8:13] == ["verdict", "doubt_stratum", "doubt_inclusion", "doubt_row_hash", "text"]


def test_row_hashes(make_audit: MakeAudit, make_table: MakeTable) -> None:
    """Each row has the hash that it has in `doubts.parquet`, if there are hashes."""
    audit = make_audit()
    unhashed = replace(audit, examples=replace(audit.examples, row_hashes=()))

    rows, bare = (read(write_scan_queue(one, make_table(one))) for one in (audit, unhashed))

    doubts = {row.row_id: row.row_hash for row in tabulate_doubts(audit).to_rows()}
    assert [row["doubt_row_hash"] for row in rows] == [doubts[name] for name in ("t0007", "t0004", "t0005")]
    assert [row["doubt_row_hash"] for row in bare] == [""] * 3


def test_size(make_audit: MakeAudit, make_table: MakeTable) -> None:
    """A queue of a given size has the most doubted rows, and none that are not doubted."""
    audit = make_audit()

    sizes = {size: len(read(write_scan_queue(audit, make_table(audit), size))) for size in (1, 2, 50)}

    assert sizes == {1: 1, 2: 2, 50: 3}


def test_nothing_doubted(make_audit: MakeAudit, make_table: MakeTable) -> None:
    """A queue without rows has its header."""
    audit = make_audit(doubt=[0.0] * 8)

    queue = write_scan_queue(audit, make_table(audit)).decode()

    assert queue.count("\n") == 1
    assert queue.startswith("doubt_id,")


def test_names_of_columns(make_audit: MakeAudit, make_table: MakeTable) -> None:
    """A column of the user's with a name of ours gets a prefix that makes its name unique."""
    names = ["verdict", "input_verdict", "tier", "given_label", "time", "input_input_verdict", "text"]
    audit = make_audit()

    queue = write_scan_queue(audit, make_table(audit, {name: ["x"] * 10 for name in names}))

    assert queue.decode().partition("\n")[0].split(",")[10:] == [
        "input_input_input_verdict",
        "input_verdict",
        "input_tier",
        "input_given_label",
        "input_time",
        "input_input_verdict",
        "text",
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("007", "007"),
        ("NA", "NA"),
        ("=1+1", "=1+1"),
        (" padded ", " padded "),
        ("two\r\nlines", '"two\r\nlines"'),
        ("a\rb", '"a\rb"'),
        ("", '""'),
        (None, ""),
        (7, "7"),
        (2.5, "2.5"),
        (True, "true"),
        (dt.date(2024, 2, 29), "2024-02-29"),
        ([1, None], '"[1, null]"'),
        ({"a": "ö"}, '"{""a"": ""ö""}"'),
        (b"\xff", '"""b\'\\\\xff\'"""'),
    ],
)
def test_values(make_audit: MakeAudit, make_table: MakeTable, value: Any, text: str) -> None:
    """A value is written as it is; a value without a plain text is written as JSON."""
    audit = make_audit()
    table = make_table(audit, {"own": [value] * 10})

    queue = write_scan_queue(audit, table, 1).decode()

    assert queue.endswith(f",,0000000000000000,{text}\n")


def test_dictionary_column(make_audit: MakeAudit) -> None:
    """A column stored as a dictionary is written with its words."""
    audit = make_audit()
    words = pa.array(["red", None] * 5).dictionary_encode()

    queue = write_scan_queue(audit, Table(audit.source, pa.table({"own": words})), 1)

    assert read(queue)[0]["own"] == "red"


@given(st.lists(st.text(), min_size=10, max_size=10), st.lists(st.text(), min_size=8, max_size=8), st.text())
def test_round_trip(
    make_audit: MakeAudit, make_table: MakeTable, own: list[str], why: list[str], name: str
) -> None:
    """Any text, ours or the user's, is read back from the queue unchanged."""
    audit = make_audit(why=why)
    table = replace(make_table(audit, {"own": own}), data=pa.table({f"own {name}": own}))

    rows = read(write_scan_queue(audit, table))

    assert [row["doubt_why"] for row in rows] == [why[7], why[4], why[5]]
    assert [row[f"own {name}"] for row in rows] == [own[0], own[3], own[2]]
