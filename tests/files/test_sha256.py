from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doubtcli.errors import InputError
from doubtcli.files.table import read_table, sha256_of

if TYPE_CHECKING:
    from pathlib import Path


def test_of_a_file(tmp_path: Path) -> None:
    """The hash of a file is that of its bytes, as `sha256sum` has it."""
    (tmp_path / "a.csv").write_bytes(b"abc")

    # FIPS 180-2, appendix B.1
    assert sha256_of(str(tmp_path / "a.csv")) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_of_a_folder(tmp_path: Path) -> None:
    """The hash of a folder of parts is the one that its table bears, and changes with a part's name."""
    for name in ("a", "b"):
        pq.write_table(pa.table({"text": [name], "label": ["x"]}), tmp_path / f"{name}.parquet")

    before = sha256_of(str(tmp_path))

    assert before == read_table(str(tmp_path)).source.sha256
    (tmp_path / "b.parquet").rename(tmp_path / "c.parquet")
    assert sha256_of(str(tmp_path)) == read_table(str(tmp_path)).source.sha256 != before


def test_of_nothing(tmp_path: Path) -> None:
    """What is not there is told as such."""
    with pytest.raises(InputError, match="can't be read"):
        sha256_of(str(tmp_path / "none.csv"))
