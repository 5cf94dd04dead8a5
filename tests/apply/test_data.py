from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.apply.data import Data, located, read_data
from doubtcli.errors import InputError, OutputError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.apply.conftest import Desk

ROWS = b"text,label\ngood,pos\nbad,neg\nfine,pos\n"


def test_all_that_a_file_holds(tmp_path: Path) -> None:
    """A file's bytes are told as they are stored, and unpacked."""
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(ROWS))

    found = read_data(str(path))

    assert (found.content, found.compression) == (ROWS, "gzip")
    assert gzip.decompress(found.stored) == ROWS


@pytest.mark.parametrize("kind", ["stdin", "folder", "pipe"])
def test_no_single_file(tmp_path: Path, kind: str) -> None:
    """Standard input, folders and pipes can't be written back into; it is said what to do."""
    path = "-" if kind == "stdin" else str(tmp_path)
    if kind == "pipe":
        path = str(tmp_path / "pipe")
        os.mkfifo(path)

    with pytest.raises(InputError, match="a single file only") as caught:
        read_data(path)

    assert "scan" in str(caught.value.hint)


def test_missing(tmp_path: Path) -> None:
    """A file that isn't there is told as every command tells it."""
    with pytest.raises(InputError, match="can't be read"):
        read_data(str(tmp_path / "none.csv"))


def test_located() -> None:
    """An error that knows but the row gets the file's name; one that knows better keeps its own."""
    for where, found in ((None, "data.csv"), ("other.csv", "other.csv")):
        with pytest.raises(OutputError) as caught, located("data.csv"):
            raise OutputError("no", where=where)
        assert caught.value.where == found


def test_changed_meanwhile(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that changes between its bytes and its rows is refused."""
    (desk.folder / "data.csv").write_bytes(ROWS)
    rows = desk.audit("data.csv")
    desk.decide({"doubt_id": rows[0].row_id, "verdict": "neg"})

    def read_too_late(path: str) -> Data:
        found = read_data(path)
        (desk.folder / "data.csv").write_bytes(ROWS + b"more,pos\n")
        return found

    monkeypatch.setattr("doubtcli.apply.correct.read_data", read_too_late)

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
