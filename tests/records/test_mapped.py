"""Matrices and tables in files hold what those in memory do, take no memory, and leave nothing behind."""

from __future__ import annotations

import errno
import gc
import os
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from doubtcli.errors import OutputError
from doubtcli.records import mapped
from doubtcli.records.arrays import fill_by_block, split_rows, stack_matrices
from doubtcli.records.mapped import let_go_now, make_matrix, map_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Sentences

MATRICES = arrays.arrays(np.float32, arrays.array_shapes(min_dims=2, max_dims=2, max_side=40))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files that the user chose."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@pytest.fixture(autouse=True)
def in_files() -> Iterator[None]:
    """All matrices are in files, and pages are let go after each block."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mapped, "MAPPED_FROM", 1)
        patch.setattr(mapped, "_KEPT", 1)
        yield


def resident_megabytes() -> float:
    """How much memory of the process are pages of files."""
    lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    return sum(int(line.split()[1]) / 1e3 for line in lines if line.startswith(("RssFile", "RssShmem")))


@given(st.lists(MATRICES, min_size=1, max_size=3))
def test_what_is_written_is_read_again_to_the_bit(values: list[np.ndarray]) -> None:
    """Also after pages were let go, and in a stack of matrices of one shape."""
    matrices = [fill_by_block(one.__getitem__, one.shape, one.dtype) for one in values]

    for one, matrix in zip(values, matrices, strict=True):
        assert matrix.tobytes() == one.tobytes()
    alike = [matrix for matrix in matrices if matrix.shape == matrices[0].shape]
    expected = np.stack([one for one in values if one.shape == values[0].shape])
    assert stack_matrices(alike).tobytes() == expected.tobytes()


@pytest.mark.parametrize("limit", [6, 7])
def test_a_new_matrix_is_zero_wherever_it_is(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    """Six cells are in a file from six cells on, and in memory from seven on."""
    monkeypatch.setattr(mapped, "MAPPED_FROM", limit)

    matrix = make_matrix((2, 3), np.float64)

    assert matrix.dtype == np.float64
    assert matrix.tolist() == [[0, 0, 0], [0, 0, 0]]
    assert matrix.flags.owndata == (limit == 7)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says which pages are of files")
def test_only_the_pages_of_some_blocks_are_in_memory() -> None:
    """Of a matrix of 128 MB that was written by blocks, less than 40 MB are."""
    n_rows, n_columns = 2**14, 2**11
    matrix = make_matrix((n_rows, n_columns), np.float32)
    before, most = resident_megabytes(), 0.0

    for rows in split_rows(n_rows, n_columns):
        matrix[rows] = 1
        most = max(most, resident_megabytes() - before)

    assert 4 < most < 40
    assert matrix[-1, -1] == 1


def test_no_file_is_seen_while_there_is_a_matrix(folder: Path) -> None:
    """So there is none after a crash or Ctrl-C, either."""
    matrix = make_matrix((10, 10), np.float32)

    assert [*folder.iterdir()] == []
    assert matrix.size == 100


def test_a_file_is_closed_with_its_matrix() -> None:
    """Its room on the disk is free again."""
    maps = mapped._MAPS._maps
    matrix = make_matrix((10, 10), np.float32)
    n_open = len(maps)

    del matrix
    gc.collect()

    assert len(maps) == n_open - 1


def test_a_full_disk_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, sentences: Sentences, folder: Path
) -> None:
    """2.5 billion bytes are wanted, and no file is left."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(mapped, "_reserve", refuse)
    monkeypatch.setattr(mapped, "_find_folder", lambda: str(folder))

    with pytest.raises(OutputError) as caught:
        make_matrix((25_000, 25_000), np.float32)

    assert [*folder.iterdir()] == []
    assert caught.value.where == str(folder)
    caught.value.where = "/var/tmp"
    sentences.check(caught.value)


def test_where_room_cant_be_taken_at_once_it_is_counted(
    monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    """Not every system can take it; then a file that is larger than what is free is refused."""
    monkeypatch.delattr(os, "posix_fallocate", raising=False)

    assert make_matrix((2, 2), np.float32).tolist() == [[0, 0], [0, 0]]
    with tempfile.TemporaryFile(dir=folder) as file, pytest.raises(OSError, match="No space left"):
        mapped._reserve(file, str(folder), 2**60)


@pytest.fixture
def table() -> pa.Table:
    """Texts in two parts, one missing, a category that is stored once in each part, and numbers."""
    texts = pa.chunked_array([["a", None], ["", "é" * 50]], pa.large_string())
    colours = pa.chunked_array([pa.array(part).dictionary_encode() for part in (["x", "y"], ["z", "x"])])
    columns = {"text": texts, "colour": colours, "size": pa.chunked_array([[1.5, float("nan")], [None, 3.0]])}
    return pa.table(columns).replace_schema_metadata({"written by": "a test"})


def test_a_table_in_a_file_is_the_same_table(
    monkeypatch: pytest.MonkeyPatch, folder: Path, table: pa.Table
) -> None:
    """Types, missing values and what its schema says are kept; nobody sees the file."""
    monkeypatch.setattr(mapped, "MAPPED_TABLES_FROM", 1)
    n_maps = len(mapped._MAPS._maps)

    moved = map_table(table)
    let_go_now()

    assert len(mapped._MAPS._maps) == n_maps + 1
    assert [*folder.iterdir()] == []
    assert moved.schema.equals(table.schema, check_metadata=True)
    for name in table.column_names:
        assert str(moved[name].to_pylist()) == str(table[name].to_pylist())


def test_a_small_table_stays_where_it_is(table: pa.Table) -> None:
    """Its bytes are fewer than those from which a table is moved."""
    assert map_table(table) is table


def test_a_table_that_a_full_disk_has_no_room_for_is_one_clear_error(
    monkeypatch: pytest.MonkeyPatch, sentences: Sentences, folder: Path, table: pa.Table
) -> None:
    """The rows are said to be too many for the disk, and no file is left."""

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(mapped, "MAPPED_TABLES_FROM", 1)
    monkeypatch.setattr(mapped.mmap, "mmap", refuse)

    with pytest.raises(OutputError) as caught:
        map_table(table)

    assert [*folder.iterdir()] == []
    caught.value.where = "/var/tmp"
    sentences.check(caught.value)


@pytest.mark.parametrize(
    ("chosen", "is_there", "expected"),
    [(True, True, "chosen"), (False, True, "large"), (False, False, "usual")],
)
def test_files_are_where_the_user_wants_them_else_on_disk(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, expected: str, *, chosen: bool, is_there: bool
) -> None:
    """$TMPDIR, else the folder for large files, else the usual one."""
    for name in ("TMPDIR", "TEMP", "TMP"):
        monkeypatch.delenv(name, raising=False)
    folders = {name: str(tmp_path / name) for name in ("chosen", "large", "usual")}
    if is_there:
        Path(folders["large"]).mkdir()
    monkeypatch.setattr(mapped, "_LARGE_FILES", folders["large"])
    monkeypatch.setattr(tempfile, "tempdir", folders["usual"])
    if chosen:
        monkeypatch.setenv("TMPDIR", folders["chosen"])
        monkeypatch.setattr(tempfile, "tempdir", folders["chosen"])

    assert mapped._find_folder() == folders[expected]
