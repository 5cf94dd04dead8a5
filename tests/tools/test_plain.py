from __future__ import annotations

import csv
import hashlib
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from doubtcli.errors import InputError
from doubtcli.records.answers import Answer, AnswerFile
from doubtcli.tools.plain import CSV, JSONL, PARQUET
from doubtcli.tools.read import read_answers

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.records.tool import Tool
    from tests.conftest import Case, Sentences


OURS = (
    "doubt_id,given_label,doubt_suggested,doubt_score,doubt_reasons,doubt_why,doubt_equal_rows,tier,verdict"
)
CHOICE = "doubt_strategy,doubt_conflicts"
SEEN = "doubt_row_hash"
OWN = "text,label,zip,input_doubt_id,age,vector"


def read(content: bytes) -> list[dict[str, str]]:
    """The rows of a CSV file, read by Python's csv module."""
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_text_of_csv(tickets: Case) -> None:
    """Our columns come first, as in the queue of an audit; then the user's, unchanged."""
    text = CSV.hand_out(tickets.queue(size=1))["queue.csv"].decode()

    assert text == (
        f"{OURS},{CHOICE},{SEEN},{OWN}\n"
        't1,billing,delivery,0.9700,"low-self-confidence, duplicate-conflict",'
        '"models give delivery 0.91; ""t3"" is delivery",2,doubted,,top,"[""t3""]",aaaaaaaaaaaaaaaa,'
        '"Where is\nmy parcel?",billing,007,mine,1.5,"[0.1, 0.2]"\n'
    )


def test_audit_sample_in_csv(tickets: Case) -> None:
    """Rows that were drawn have values in two more columns, which are empty in other rows."""
    rows = read(CSV.hand_out(tickets.queue({"random": 50, "top": 50}, size=2))["queue.csv"])

    assert list(rows[0])[9:14] == [*CHOICE.split(","), "doubt_stratum", "doubt_inclusion", SEEN]
    assert [(row["doubt_stratum"], row["doubt_inclusion"]) for row in rows] == [
        ("1 of 1 (5 rows), draw 1", "0.2"),
        ("", ""),
    ]


def test_jsonl(tickets: Case) -> None:
    """Numbers stay numbers, and a missing value is null."""
    lines = JSONL.hand_out(tickets.queue())["queue.jsonl"].decode().splitlines()

    second = json.loads(lines[1])
    assert len(lines) == 3
    assert list(second) == [*OURS.split(","), *CHOICE.split(","), SEEN, *OWN.split(",")]
    assert (second["doubt_score"], second["verdict"], second["doubt_equal_rows"]) == (0.6, None, "1")
    assert (second["zip"], second["age"], second["vector"]) == (None, None, [0.1, 0.2])


def test_parquet(tickets: Case) -> None:
    """The user's columns keep their types."""
    table = pq.read_table(io.BytesIO(PARQUET.hand_out(tickets.queue())["queue.parquet"]))

    assert table.column_names == [*OURS.split(","), *CHOICE.split(","), SEEN, *OWN.split(",")]
    assert table.schema.field("doubt_score").type == pa.float64()
    assert table.schema.field("verdict").type == pa.string()
    assert (table.schema.field("zip").type, table.schema.field("age").type) == (pa.string(), pa.float64())
    assert table.column("zip").to_pylist() == ["007", None, "NA"]
    assert table.column("vector").to_pylist() == [[0.1, 0.2]] * 3
    assert table.column("doubt_id").to_pylist() == ["t1", "t2", "t3"]


@pytest.mark.parametrize("tool", [CSV, JSONL, PARQUET], ids=lambda tool: tool.title)
def test_read_back(tickets: Case, tool: Tool, tmp_path: Path) -> None:
    """All formats are read back: ids, strata, and rows without a verdict."""
    ((name, content),) = tool.hand_out(tickets.queue({"random": 50, "top": 50}, size=4)).items()
    (tmp_path / name).write_bytes(content)

    answers = read_answers(str(tmp_path / name)).answers

    assert {answer.row_id for answer in answers} <= {"t1", "t2", "t3", "t4", "t5"}
    assert [(answer.stratum, answer.inclusion) for answer in answers] == [
        ("1 of 1 (5 rows), draw 1", "0.4"),
        ("1 of 1 (5 rows), draw 2", "0.4"),
        ("", ""),
        ("", ""),
    ]
    assert {(answer.verdict, answer.status, answer.annotator, answer.why) for answer in answers} == {
        ("", "", "", "")
    }


@given(st.text(), st.text(), st.text())
@settings(max_examples=50)
def test_anything_comes_back(tickets: Case, own: str, why: str, row_id: str) -> None:
    """Any text, ours or the user's, comes back unchanged from CSV and JSON Lines."""
    rows = [{"row_id": row_id, "doubt": 0.9, "why": why}]
    queue = replace(tickets, rows=rows, data={"text": [own], "label": ["bug"]}).queue()

    (row,) = read(CSV.hand_out(queue)["queue.csv"])
    line = json.loads(JSONL.hand_out(queue)["queue.jsonl"])

    assert (row["doubt_id"], row["doubt_why"], row["text"]) == (row_id, why, own)
    assert (line["doubt_id"], line["doubt_why"], line["text"]) == (row_id, why, own)


def test_a_filled_in_queue_is_read(tmp_path: Path) -> None:
    """Our columns are read, and the user's are ignored."""
    path = tmp_path / "queue.csv"
    path.write_text(
        "doubt_id,given_label,verdict,doubt_stratum,doubt_inclusion,text\n"
        "007,spam,ham,1 of 2 (9 rows),0.5,one\n"
        "b,ham,,,,two\n"
    )

    found = read_answers(str(path))

    file = str(path)
    assert found == AnswerFile(
        file,
        "doubt",
        (
            Answer(
                1, "007", "ham", given_label="spam", stratum="1 of 2 (9 rows)", inclusion="0.5", file=file
            ),
            Answer(2, "b", given_label="ham", file=file),
        ),
        hashlib.sha256(path.read_bytes()).hexdigest(),
    )


@pytest.mark.parametrize("ending", ["jsonl", "json", "parquet"])
def test_other_formats_are_read(tmp_path: Path, ending: str) -> None:
    """JSON and Parquet have the same columns, with types."""
    rows = [
        {"doubt_id": 7, "verdict": 1, "annotator": "ana", "time": "2026-01-31", "why": "it sells"},
        {"doubt_id": 8, "verdict": None, "verdict_status": "skip"},
    ]
    path = tmp_path / f"v.{ending}"
    if ending == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif ending == "json":
        path.write_text(json.dumps(rows))
    else:
        parquet.write_table(pa.Table.from_pylist(rows).append_column("verdict_status", [["", "skip"]]), path)

    assert read_answers(str(path)).answers == (
        Answer(1, "7", "1", annotator="ana", time="2026-01-31", why="it sells", file=str(path)),
        Answer(2, "8", status="skipped", file=str(path)),
    )


def test_whole_numbers_with_gaps(tmp_path: Path) -> None:
    """Labels that are whole numbers may be stored as fractions; a missing one is not a verdict."""
    path = tmp_path / "v.parquet"
    parquet.write_table(pa.table({"doubt_id": ["a", "b"], "verdict": [3.0, float("nan")]}), path)

    assert [answer.verdict for answer in read_answers(str(path)).answers] == ["3", ""]


def test_a_status_is_read_in_any_case(tmp_path: Path) -> None:
    """Spaces around a status and capital letters are ignored."""
    path = tmp_path / "v.csv"
    path.write_text("doubt_id,verdict,verdict_status\na,ham, Unusable \nb,,SKIP\n")

    found = read_answers(str(path)).answers

    assert [answer.status for answer in found] == ["unusable", "skipped"]
    assert [answer.decides for answer in found] == [True, False]


def test_an_invalid_status(tmp_path: Path, sentences: Any) -> None:
    """Only "skip" and "unusable" are known."""
    path = tmp_path / "v.csv"
    path.write_text("doubt_id,verdict,verdict_status\na,ham,\nb,,done\n")

    with pytest.raises(InputError) as refused:
        read_answers(str(path))

    error = refused.value
    assert (error.where, error.row, error.column) == (str(path), 2, "verdict_status")
    sentences.check(error)


def test_a_file_without_ids_is_refused(tmp_path: Path, sentences: Any) -> None:
    """The error names the missing column, and the columns of the file."""
    path = tmp_path / "v.csv"
    path.write_text("verdict,text\nham,x\n")

    with pytest.raises(InputError) as refused:
        read_answers(str(path))

    assert refused.value.where == str(path)
    sentences.check(refused.value)


@pytest.mark.parametrize(
    "header", ["Doubt_ID,Verdict", " doubt_id,verdict ", "DOUBT_ID,VERDICT", "doubt_id,verdict"]
)
def test_names_of_columns(tmp_path: Path, header: str) -> None:
    """Our columns are known in any case and with spaces around them; blank rows under them are nothing."""
    path = tmp_path / "queue.csv"
    path.write_text(f"{header}\na,ham\n,\nb,spam\n,\n , \n", encoding="utf-8")

    found = read_answers(str(path)).answers

    assert [(one.row, one.row_id, one.verdict) for one in found] == [(1, "a", "ham"), (2, "b", "spam")]


def test_a_column_of_our_very_name_wins(tmp_path: Path) -> None:
    """A column that is only nearly named like ours is then the user's own."""
    path = tmp_path / "queue.csv"
    path.write_text("Verdict,doubt_id,verdict,DOUBT_ID\nmine,a,ham,9\n", encoding="utf-8")

    [answer] = read_answers(str(path)).answers

    assert (answer.row_id, answer.verdict) == ("a", "ham")


@pytest.mark.parametrize(
    ("header", "near"), [("doubt_id,verdcit", "verdcit"), ("doubt-id,verdict", "doubt-id")]
)
def test_a_misspelt_column(tmp_path: Path, header: str, near: str) -> None:
    """The error names the column that is nearly named like ours."""
    path = tmp_path / "queue.csv"
    path.write_text(f"{header}\na,ham\n", encoding="utf-8")

    with pytest.raises(InputError) as refused:
        read_answers(str(path))

    assert repr(near) in str(refused.value.hint)


# ------------------------------------------------------- cells that look like formulas


FORMULAS = [
    "=1+1",
    "+49 30",
    "-x",
    "@home",
    "\t=1",
    "'=1",
    "''=1",
    "\uff1d1",
    "it's",
    "-5",
    "+1.5e3",
    "'",
    "'a",
    "",
]


@pytest.mark.parametrize("text", ["=1+1", "+49 30 1", "-x", "@home", "\t=1", "\r=1", "'=1", "\uff1d1"])
def test_cells_that_would_be_formulas_are_guarded(tickets: Case, text: str) -> None:
    """With safe cells, a text that would be a formula has a quote before it; plain numbers have none."""
    queue = tickets.queue(size=1)
    own = queue.own.set_column(0, "text", pa.array([text])).set_column(2, "zip", pa.array(["-5.5"]))

    [row] = read(CSV.hand_out(replace(queue, own=own, safe_cells=True))["queue.csv"])

    assert (row["text"], row["zip"], row["doubt_cells"]) == (f"'{text}", "-5.5", "safe")


@pytest.mark.parametrize("safe_cells", [True, False])
@given(
    texts=st.lists(st.sampled_from(FORMULAS) | st.text(st.characters(codec="utf-8", exclude_characters="\0")))
)
@settings(max_examples=30)
def test_guarded_cells_come_back(
    tickets: Case, tmp_path_factory: pytest.TempPathFactory, texts: list[str], safe_cells: bool
) -> None:
    """Any text, also one that begins with a quote, is read back as it was, with safe cells or without."""
    ids = list(dict.fromkeys(text for text in texts if text.strip())) or ["=1"]
    queue = tickets.queue(size=1)
    rows = tuple(replace(queue.rows[0], doubt_id=one, given_label=one) for one in ids)
    own = queue.own.take(pa.array([0] * len(ids)))
    path = tmp_path_factory.mktemp("queue") / "queue.csv"
    made = replace(queue, rows=rows, own=own, safe_cells=safe_cells)
    path.write_bytes(CSV.hand_out(made)["queue.csv"])

    read_back = read_answers(str(path)).answers

    assert [(one.row_id, one.given_label) for one in read_back] == [(one, one) for one in ids]


@pytest.mark.parametrize(("safe_cells", "text"), [(False, "=1+1"), (True, "=1+1"), (False, "fine")])
def test_formulas_are_warned_of(tickets: Case, safe_cells: bool, text: str, sentences: Sentences) -> None:
    """The instructions name the columns with cells that a spreadsheet may run, and what to do."""
    queue = tickets.queue(size=1)
    own = queue.own.set_column(0, "text", pa.array([text]))

    steps = CSV.how_to_import(replace(queue, own=own, safe_cells=safe_cells))

    assert ("text" in steps[-1]) == (text != "fine")
    sentences.check(steps[-1])
