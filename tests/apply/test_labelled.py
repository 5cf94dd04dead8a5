from __future__ import annotations

import gzip
import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doubtcli.apply.labelled import DataFile, name_file_in_errors, read_data_file
from doubtcli.errors import InputError, OutputError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.apply.conftest import Desk

NEEDS_PIPES = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
ROWS = b"text,label\ngood,pos\nbad,neg\nfine,pos\n"


def test_changed_meanwhile(desk: Desk, monkeypatch: pytest.MonkeyPatch, sentences: Any) -> None:
    """A file that changes while it is read is refused."""
    (desk.folder / "data.csv").write_bytes(ROWS)
    rows = desk.audit("data.csv")
    desk.decide({"doubt_id": rows[0].row_id, "verdict": "neg"})

    def read_too_late(path: str) -> DataFile:
        found = read_data_file(path)
        (desk.folder / "data.csv").write_bytes(ROWS + b"more,pos\n")
        return found

    monkeypatch.setattr("doubtcli.pipelines.apply.read_data_file", read_too_late)

    with pytest.raises(InputError) as caught:
        desk.apply("data.csv", "fixed.csv")

    assert caught.value.where == desk.path("data.csv")
    sentences.check(caught.value)
    assert "fixed.csv" not in desk.list_files()


@pytest.mark.parametrize("name", ["text", "label"])
def test_missing_column(desk: Desk, name: str, sentences: Any) -> None:
    """A file without a column of the audit is refused; the error names the column."""
    (desk.folder / "data.csv").write_bytes(ROWS)
    desk.audit("data.csv")
    desk.decide({"doubt_id": "x", "verdict": "neg"})
    (desk.folder / "data.csv").write_bytes(ROWS.replace(name.encode(), b"other"))

    error = desk.check_refused(InputError, "data.csv", "fixed.csv")

    assert error.column == name
    sentences.check(error)


def test_only_one_label_left(desk: Desk) -> None:
    """A file may be corrected until all its labels are the same."""
    (desk.folder / "data.csv").write_bytes(ROWS)
    rows = desk.audit("data.csv")
    desk.decide({"doubt_id": rows[1].row_id, "verdict": "pos"})
    desk.apply("data.csv", in_place=True)

    found = desk.apply("data.csv", in_place=True)

    assert found.batch is None
    assert desk.list_files()["data.csv"] == ROWS.replace(b"neg", b"pos")


def test_rows_identified_by_other_files(desk: Desk) -> None:
    """If rows are identified only by vectors and probabilities, these files are read again."""
    (desk.folder / "data.csv").write_bytes(b"label\npos\nneg\npos\nneg\n")
    np.save(desk.path("vectors.npy"), np.arange(8, dtype=np.float32).reshape(4, 2))
    np.save(desk.path("probs.npy"), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]]))
    rows = desk.audit("data.csv", embeddings=desk.path("vectors.npy"), pred_probs=desk.path("probs.npy"))
    desk.decide({"doubt_id": rows[2].row_id, "verdict": "neg"})

    desk.apply("data.csv", "fixed.csv")

    assert desk.list_files()["fixed.csv"] == b"label\npos\nneg\nneg\nneg\n"


@pytest.mark.parametrize("id_column", [None, "id"])
def test_other_files_that_are_not_needed(desk: Desk, id_column: str | None) -> None:
    """If the file alone identifies its rows, the files of vectors and probabilities may have changed."""
    rows = b"id,text,label\nr1,good,pos\nr2,bad,neg\nr3,fine,pos\nr4,awful,neg\n"
    if id_column:
        rows = rows.replace(b"fine", b"good")
    (desk.folder / "data.csv").write_bytes(rows)
    np.save(desk.path("vectors.npy"), np.arange(8, dtype=np.float32).reshape(4, 2))
    np.save(desk.path("probs.npy"), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]]))
    files = {"embeddings": desk.path("vectors.npy"), "pred_probs": desk.path("probs.npy")}
    audited = desk.audit(
        "data.csv", id=id_column, text=("text",), ignore=() if id_column else ("id",), **files
    )
    desk.decide({"doubt_id": audited[0].row_id, "verdict_status": "unusable"})
    desk.apply("data.csv", in_place=True, drop=True)
    desk.decide({"doubt_id": audited[3].row_id, "verdict": "pos"})

    desk.apply("data.csv", in_place=True)

    left = rows.replace(b"r1,good,pos\n", b"").replace(b"awful,neg", b"awful,pos")
    assert desk.list_files()["data.csv"] == left


def test_rows_that_differ_only_by_their_vectors(desk: Desk) -> None:
    """Rows with the same input and label are identified by their vectors."""
    rows = b"text,label\nsame,pos\nbad,neg\nsame,pos\n"
    (desk.folder / "data.csv").write_bytes(rows)
    vectors = np.array([[9, 9], [1, 1], [3, 3]], dtype=np.float32)
    np.save(desk.path("vectors.npy"), vectors)
    audited = desk.audit("data.csv", text=("text",), embeddings=desk.path("vectors.npy"))
    swapped = rows.splitlines(keepends=True)
    (desk.folder / "data.csv").write_bytes(b"".join([swapped[0], swapped[3], swapped[2], swapped[1]]))
    np.save(desk.path("vectors.npy"), vectors[::-1])
    desk.decide({"doubt_id": audited[0].row_id, "verdict": "neg"})

    desk.apply("data.csv", "fixed.csv")

    assert desk.list_files()["fixed.csv"] == b"text,label\nsame,pos\nbad,neg\nsame,neg\n"


def test_class_label(desk: Desk, sentences: Any) -> None:
    """A ClassLabel column keeps its codes; only classes that it lists may be chosen."""
    names = ["neg", "pos", "mixed"]
    feature = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    table = pa.table(
        {"text": ["good", "bad", "so so"], "label": [1, 0, 1]}, metadata={"huggingface": json.dumps(feature)}
    )
    pq.write_table(table, desk.path("data.parquet"))
    rows = desk.audit("data.parquet")

    desk.decide({"doubt_id": rows[2].row_id, "verdict": "mixed"})
    desk.apply("data.parquet", "fixed.parquet", new_labels=True)
    desk.decide({"doubt_id": rows[2].row_id, "verdict": "other"})
    error = desk.check_refused(OutputError, "data.parquet", "more.parquet", new_labels=True)

    assert pq.read_table(desk.path("fixed.parquet")).column("label").to_pylist() == [1, 0, 2]
    assert desk.ledger("fixed.parquet")[0]["new"] == "mixed"
    assert (error.row, error.column) == (3, "label")
    sentences.check(error)


def test_bytes_of_a_file(tmp_path: Path) -> None:
    """A file is read as it is stored, and decompressed."""
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(ROWS))

    found = read_data_file(str(path))

    assert (found.content, found.compression) == (ROWS, "gzip")
    assert gzip.decompress(found.stored) == ROWS


@pytest.mark.parametrize("kind", ["stdin", "folder", pytest.param("pipe", marks=NEEDS_PIPES)])
def test_not_a_single_file(tmp_path: Path, kind: str, sentences: Any) -> None:
    """Verdicts can't be written back into standard input, a folder or a pipe; the hint says what to do."""
    path = "-" if kind == "stdin" else str(tmp_path)
    if kind == "pipe":
        path = str(tmp_path / "pipe")
        os.mkfifo(path)

    with pytest.raises(InputError) as caught:
        read_data_file(path)

    assert caught.value.where == ("standard input" if kind == "stdin" else path)
    sentences.check(caught.value)


def test_missing(tmp_path: Path) -> None:
    """A missing file is an error."""
    with pytest.raises(InputError) as caught:
        read_data_file(str(tmp_path / "none.csv"))

    assert caught.value.where == str(tmp_path / "none.csv")


def test_file_in_errors() -> None:
    """An error without a file gets its name; another one keeps its own."""
    for where, found in ((None, "data.csv"), ("other.csv", "other.csv")):
        with pytest.raises(OutputError) as caught, name_file_in_errors("data.csv"):
            raise OutputError("no", where=where)
        assert caught.value.where == found
