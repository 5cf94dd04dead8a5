from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import pytest

from doubtcli.apply.labelled import name_file_in_errors, read_data_file
from doubtcli.errors import InputError, OutputError

if TYPE_CHECKING:
    from pathlib import Path


ROWS = b"text,label\ngood,pos\nbad,neg\nfine,pos\n"


def test_all_that_a_file_holds(tmp_path: Path) -> None:
    """A file's bytes are told as they are stored, and unpacked."""
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(ROWS))

    found = read_data_file(str(path))

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
