from __future__ import annotations

import re
import tomllib
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

WHEN = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+\d\d:\d\d)?")
"""A moment of this run, in a file that tells when something was done."""
SECONDS = re.compile(rb'("timings": \{)[^}]*(\})')
VERSIONS = re.compile(rb'("versions": ?\{)[^}]*(\})')
BATCH = re.compile(rb"\b[0-9a-f]{12}\b")
"""A batch of corrections: numbered by chance."""
AUDIT = re.compile(rb'("audit": ?)"[0-9a-f]{64}"')
"""The hash of an `audit.json`, durations and all."""
USER = re.compile(rb'("user": ?)"[^"]*"')


def without_times(content: bytes) -> bytes:
    """A file's bytes, moments, durations, versions and the user's name left out."""
    content = WHEN.sub(b"WHEN", content)
    content = SECONDS.sub(rb"\1\2", content)
    content = VERSIONS.sub(rb"\1\2", content)
    content = BATCH.sub(b"BATCH", content)
    content = AUDIT.sub(rb'\1"AUDIT"', content)
    return USER.sub(rb'\1"USER"', content)


def files(folder: Path) -> list[str]:
    """The files below a folder, by their path."""
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def same_column(was: pa.ChunkedArray, now: pa.ChunkedArray) -> bool:
    """Whether two columns are equal, numbers to 1e-9."""
    if pa.types.is_floating(was.type):
        return np.allclose(
            was.to_numpy(zero_copy_only=False),
            now.to_numpy(zero_copy_only=False),
            rtol=0,
            atol=1e-9,
            equal_nan=True,
        )
    return was.equals(now)


def differing_columns(was: Path, now: Path) -> list[str]:
    """The columns that differ between two Parquet files."""
    before, after = pq.read_table(was), pq.read_table(now)
    if before.schema.names != after.schema.names or before.num_rows != after.num_rows:
        return [f"{before.schema.names} -> {after.schema.names}"]
    return [name for name in before.schema.names if not same_column(before[name], after[name])]


def is_same(was: Path, now: Path) -> bool:
    """Whether a file says what it said."""
    if was.suffix == ".parquet":
        return not differing_columns(was, now)
    if was.suffix == ".toml":
        return tomllib.loads(was.read_text("utf-8")) == tomllib.loads(now.read_text("utf-8"))
    if was.suffix == ".xml":
        return ET.canonicalize(was.read_text("utf-8"), strip_text=True) == ET.canonicalize(
            now.read_text("utf-8"), strip_text=True
        )
    return without_times(was.read_bytes()) == without_times(now.read_bytes())


def test_files(recorded: tuple[Path, Path]) -> None:
    """The commands write the files that they wrote."""
    was, now = recorded

    assert files(now) == files(was)


def test_contents(recorded: tuple[Path, Path]) -> None:
    """Each file holds what it held: doubts to 1e-9, TOML and XML once parsed, all else to the byte."""
    was, now = recorded

    assert [
        name for name in files(was) if (now / name).exists() and not is_same(was / name, now / name)
    ] == []
