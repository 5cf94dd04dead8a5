from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.read.verdicts import read_answers
from doubtcli.relabel.formats.plain import CSV, JSONL, PARQUET, render_csv, render_jsonl, render_parquet

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.relabel.formats.format import Format
    from tests.relabel.conftest import Case

OURS = "doubt_id,given_label,doubt_suggested,doubt_score,doubt_reasons,doubt_why,verdict"
CHOICE = "doubt_strategy,doubt_duplicates,doubt_conflicts"
SEEN = "doubt_row_hash"
OWN = "text,label,zip,input_doubt_id,age,vector"


def read(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file, as Python's own reader has them."""
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_text_of_csv(tickets: Case) -> None:
    """Our columns stand first, as in an audit's own queue; then the user's, as they were."""
    text = render_csv(tickets.queue(size=1))["queue.csv"].decode()

    assert text == (
        f"{OURS},{CHOICE},{SEEN},{OWN}\n"
        't1,billing,delivery,0.9700,"low-self-confidence, duplicate-conflict",'
        '"models give delivery 0.91; ""t3"" is delivery",,top,"[""t4""]","[""t3""]",aaaaaaaaaaaaaaaa,'
        '"Where is\nmy parcel?",billing,007,mine,1.5,"[0.1, 0.2]"\n'
    )


def test_audit_sample_in_csv(tickets: Case) -> None:
    """Drawn rows have two more columns, of which others leave both empty."""
    rows = read(render_csv(tickets.queue({"audit": 50, "top": 50}, size=2))["queue.csv"])

    assert list(rows[0])[7:13] == [*CHOICE.split(","), "doubt_stratum", "doubt_inclusion", SEEN]
    assert [(row["doubt_stratum"], row["doubt_inclusion"]) for row in rows] == [
        ("1 of 1 (5 rows)", "0.2"),
        ("", ""),
    ]


def test_jsonl(tickets: Case) -> None:
    """Numbers stay numbers, and what is missing is null."""
    lines = render_jsonl(tickets.queue())["queue.jsonl"].decode().splitlines()

    second = json.loads(lines[1])
    assert len(lines) == 3
    assert list(second) == [*OURS.split(","), *CHOICE.split(","), SEEN, *OWN.split(",")]
    assert (second["doubt_score"], second["verdict"], second["doubt_duplicates"]) == (0.6, None, None)
    assert (second["zip"], second["age"], second["vector"]) == (None, None, [0.1, 0.2])


def test_parquet(tickets: Case) -> None:
    """The user's columns keep their types."""
    table = pq.read_table(io.BytesIO(render_parquet(tickets.queue())["queue.parquet"]))

    assert table.column_names == [*OURS.split(","), *CHOICE.split(","), SEEN, *OWN.split(",")]
    assert table.schema.field("doubt_score").type == pa.float64()
    assert table.schema.field("verdict").type == pa.string()
    assert (table.schema.field("zip").type, table.schema.field("age").type) == (pa.string(), pa.float64())
    assert table.column("zip").to_pylist() == ["007", None, "NA"]
    assert table.column("vector").to_pylist() == [[0.1, 0.2]] * 3
    assert table.column("doubt_id").to_pylist() == ["t1", "t2", "t3"]


@pytest.mark.parametrize("format_", [CSV, JSONL, PARQUET], ids=lambda format_: format_.title)
def test_read_back(tickets: Case, format_: Format, tmp_path: Path) -> None:
    """What reads verdicts reads all of them: ids, labels, strata and what a person left open."""
    ((name, content),) = format_.render(tickets.queue({"audit": 50, "top": 50}, size=4)).items()
    (tmp_path / name).write_bytes(content)

    answers = read_answers(str(tmp_path / name)).answers

    assert {answer.row_id for answer in answers} <= {"t1", "t2", "t3", "t4", "t5"}
    assert [(answer.stratum, answer.inclusion) for answer in answers] == [
        ("1 of 1 (5 rows)", "0.4"),
        ("1 of 1 (5 rows)", "0.4"),
        ("", ""),
        ("", ""),
    ]
    assert {(answer.verdict, answer.status, answer.annotator, answer.why) for answer in answers} == {
        ("", "", "", "")
    }


@given(st.text(), st.text(), st.text())
def test_anything_comes_back(tickets: Case, own: str, why: str, row_id: str) -> None:
    """Any text, ours or the user's, comes back from CSV and JSON Lines as it was."""
    rows = [{"row_id": row_id, "doubt": 0.9, "why": why}]
    queue = replace(tickets, rows=rows, data={"text": [own], "label": ["bug"]}).queue()

    (row,) = read(render_csv(queue)["queue.csv"])
    line = json.loads(render_jsonl(queue)["queue.jsonl"])

    assert (row["doubt_id"], row["doubt_why"], row["text"]) == (row_id, why, own)
    assert (line["doubt_id"], line["doubt_why"], line["text"]) == (row_id, why, own)
