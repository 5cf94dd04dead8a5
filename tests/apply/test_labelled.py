from __future__ import annotations

import gzip
import json
import os
from typing import TYPE_CHECKING

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


def test_changed_meanwhile(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that changes between its bytes and its rows is refused."""
    (desk.folder / "data.csv").write_bytes(ROWS)
    rows = desk.audit("data.csv")
    desk.decide({"doubt_id": rows[0].row_id, "verdict": "neg"})

    def read_too_late(path: str) -> DataFile:
        found = read_data_file(path)
        (desk.folder / "data.csv").write_bytes(ROWS + b"more,pos\n")
        return found

    monkeypatch.setattr("doubtcli.pipelines.apply.read_data_file", read_too_late)

    with pytest.raises(InputError, match="changed while it was read"):
        desk.apply("data.csv", "fixed.csv")
    assert "fixed.csv" not in desk.held()


@pytest.mark.parametrize("name", ["text", "label"])
def test_column_that_is_gone(desk: Desk, name: str) -> None:
    """A file that lacks a column of the audit is refused, naming it."""
    (desk.folder / "data.csv").write_bytes(ROWS)
    desk.audit("data.csv")
    desk.decide({"doubt_id": "x", "verdict": "neg"})
    (desk.folder / "data.csv").write_bytes(ROWS.replace(name.encode(), b"other"))

    with pytest.raises(InputError, match="a column is gone") as caught:
        desk.apply("data.csv", "fixed.csv")

    assert caught.value.column == name


def test_labels_that_could_not_be_judged(desk: Desk) -> None:
    """A file may be corrected until all its labels are one."""
    (desk.folder / "data.csv").write_bytes(ROWS)
    rows = desk.audit("data.csv")
    desk.decide({"doubt_id": rows[1].row_id, "verdict": "pos"})
    desk.apply("data.csv", in_place=True)

    found = desk.apply("data.csv", in_place=True)

    assert found.batch is None
    assert desk.held()["data.csv"] == ROWS.replace(b"neg", b"pos")


def test_rows_known_by_files_beside_them(desk: Desk) -> None:
    """Where rows are known by vectors or probabilities alone, these are read again."""
    (desk.folder / "data.csv").write_bytes(b"label\npos\nneg\npos\nneg\n")
    np.save(desk.path("vectors.npy"), np.arange(8, dtype=np.float32).reshape(4, 2))
    np.save(desk.path("probs.npy"), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]]))
    rows = desk.audit("data.csv", embeddings=desk.path("vectors.npy"), pred_probs=desk.path("probs.npy"))
    desk.decide({"doubt_id": rows[2].row_id, "verdict": "neg"})

    desk.apply("data.csv", "fixed.csv")

    assert desk.held()["fixed.csv"] == b"label\npos\nneg\nneg\nneg\n"


@pytest.mark.parametrize("id_column", [None, "id"])
def test_files_beside_them_that_are_not_needed(desk: Desk, id_column: str | None) -> None:
    """Where the file itself tells its rows apart, vectors and probabilities may be of other rows by now."""
    rows = b"id,text,label\nr1,good,pos\nr2,bad,neg\nr3,fine,pos\nr4,awful,neg\n"
    if id_column:
        rows = rows.replace(b"fine", b"good")
    (desk.folder / "data.csv").write_bytes(rows)
    np.save(desk.path("vectors.npy"), np.arange(8, dtype=np.float32).reshape(4, 2))
    np.save(desk.path("probs.npy"), np.array([[0.9, 0.1], [0.2, 0.8], [0.3, 0.7], [0.6, 0.4]]))
    files = {"embeddings": desk.path("vectors.npy"), "pred_probs": desk.path("probs.npy")}
    told = desk.audit("data.csv", id=id_column, text=("text",), ignore=() if id_column else ("id",), **files)
    desk.decide({"doubt_id": told[0].row_id, "verdict_status": "unusable"})
    desk.apply("data.csv", in_place=True, drop=True)
    desk.decide({"doubt_id": told[3].row_id, "verdict": "pos"})

    desk.apply("data.csv", in_place=True)

    left = rows.replace(b"r1,good,pos\n", b"").replace(b"awful,neg", b"awful,pos")
    assert desk.held()["data.csv"] == left


def test_files_beside_them_that_tell_equal_rows_apart(desk: Desk) -> None:
    """Where rows of equal input and label differ by their vectors alone, these are needed to know them."""
    rows = b"text,label\nsame,pos\nbad,neg\nsame,pos\n"
    (desk.folder / "data.csv").write_bytes(rows)
    vectors = np.array([[9, 9], [1, 1], [3, 3]], dtype=np.float32)
    np.save(desk.path("vectors.npy"), vectors)
    told = desk.audit("data.csv", text=("text",), embeddings=desk.path("vectors.npy"))
    swapped = rows.splitlines(keepends=True)
    (desk.folder / "data.csv").write_bytes(b"".join([swapped[0], swapped[3], swapped[2], swapped[1]]))
    np.save(desk.path("vectors.npy"), vectors[::-1])
    desk.decide({"doubt_id": told[0].row_id, "verdict": "neg"})

    desk.apply("data.csv", "fixed.csv")

    assert desk.held()["fixed.csv"] == b"text,label\nsame,pos\nbad,neg\nsame,neg\n"


def test_class_label(desk: Desk) -> None:
    """A ClassLabel's codes stay codes: a class that it lists may be chosen, no other may."""
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
    error = desk.refused(
        OutputError, "'other' can't be written", "data.parquet", "more.parquet", new_labels=True
    )

    assert pq.read_table(desk.path("fixed.parquet")).column("label").to_pylist() == [1, 0, 2]
    assert desk.ledger("fixed.parquet")[0]["new"] == "mixed"
    assert error.expected == "one of 'neg', 'pos', 'mixed'"


def test_all_that_a_file_holds(tmp_path: Path) -> None:
    """A file's bytes are told as they are stored, and unpacked."""
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(ROWS))

    found = read_data_file(str(path))

    assert (found.content, found.compression) == (ROWS, "gzip")
    assert gzip.decompress(found.stored) == ROWS


@pytest.mark.parametrize("kind", ["stdin", "folder", pytest.param("pipe", marks=NEEDS_PIPES)])
def test_no_single_file(tmp_path: Path, kind: str) -> None:
    """Standard input, folders and pipes can't be written back into; it is said what to do."""
    path = "-" if kind == "stdin" else str(tmp_path)
    if kind == "pipe":
        path = str(tmp_path / "pipe")
        os.mkfifo(path)

    with pytest.raises(InputError, match="a single file only") as caught:
        read_data_file(path)

    assert "scan" in str(caught.value.hint)


def test_missing(tmp_path: Path) -> None:
    """A file that isn't there is told as every command tells it."""
    with pytest.raises(InputError, match="can't be read"):
        read_data_file(str(tmp_path / "none.csv"))


def test_located() -> None:
    """An error that knows but the row gets the file's name; one that knows better keeps its own."""
    for where, found in ((None, "data.csv"), ("other.csv", "other.csv")):
        with pytest.raises(OutputError) as caught, name_file_in_errors("data.csv"):
            raise OutputError("no", where=where)
        assert caught.value.where == found
