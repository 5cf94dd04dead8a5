import hashlib
import json
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import parquet

from doubtcli.errors import InputError
from doubtcli.read.verdicts import Answer, AnswerFile, read_answers


def test_a_filled_in_queue_is_read(tmp_path: Path) -> None:
    """Our own columns are read, and the user's are passed over."""
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
    """JSON and Parquet hold the same columns in types of their own."""
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


def test_whole_numbers_with_gaps_are_read_as_they_were_meant(tmp_path: Path) -> None:
    """A column of whole numbers that holds a missing one comes as fractions; a missing one is no verdict."""
    path = tmp_path / "v.parquet"
    parquet.write_table(pa.table({"doubt_id": ["a", "b"], "verdict": [3.0, float("nan")]}), path)

    assert [answer.verdict for answer in read_answers(str(path)).answers] == ["3", ""]


def test_a_status_is_read_in_any_case(tmp_path: Path) -> None:
    """Spaces around it and capitals mean nothing."""
    path = tmp_path / "v.csv"
    path.write_text("doubt_id,verdict,verdict_status\na,ham, Unusable \nb,,SKIP\n")

    found = read_answers(str(path)).answers

    assert [answer.status for answer in found] == ["unusable", "skipped"]
    assert [answer.decides for answer in found] == [True, False]


def test_a_status_that_is_none(tmp_path: Path) -> None:
    """Only "skip" and "unusable" are known."""
    path = tmp_path / "v.csv"
    path.write_text("doubt_id,verdict,verdict_status\na,ham,\nb,,done\n")

    with pytest.raises(InputError) as refused:
        read_answers(str(path))

    assert str(refused.value) == (
        f"{path}, row 2, column 'verdict_status': 'done' is no status\n"
        "expected: one of skip, unusable, or nothing"
    )


def test_a_file_without_ids_is_refused(tmp_path: Path) -> None:
    """The message names the column that is missing, and those that are there."""
    path = tmp_path / "v.csv"
    path.write_text("verdict,text\nham,x\n")

    with pytest.raises(InputError) as refused:
        read_answers(str(path))

    assert str(refused.value) == (
        f"{path}: there is no column 'doubt_id'\n"
        "expected: the columns 'doubt_id' and 'verdict'; it has 'verdict', 'text'\n"
        "to do: give a queue.csv with its verdicts filled in, or a file with these two columns"
    )
