from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from doubtcli.apply.target import OutputOptions, check_ending
from doubtcli.errors import OutputError, SettingsError


@pytest.fixture
def data(tmp_path: Path) -> str:
    """A file to correct."""
    path = tmp_path / "data.csv"
    path.write_bytes(b"old")
    return str(path)


# ----------------------------------------------------------------------- where


def test_new_file(data: str, tmp_path: Path) -> None:
    """A file that does not exist may be written."""
    assert OutputOptions(str(tmp_path / "new.csv")).choose_target(data) == tmp_path / "new.csv"


def test_in_place(data: str) -> None:
    """In place it is the file itself."""
    assert OutputOptions(in_place=True).choose_target(data) == Path(data)


@pytest.mark.parametrize(
    "where",
    [
        OutputOptions(dry_run=True),
        OutputOptions("new.csv", dry_run=True),
        OutputOptions(in_place=True, dry_run=True),
    ],
)
def test_dry_run(data: str, where: OutputOptions) -> None:
    """A dry run has no target, with all other options."""
    assert where.choose_target(data) is None


@pytest.mark.parametrize(
    ("options", "where"),
    [
        (OutputOptions(), "-o"),
        (OutputOptions("new.csv", in_place=True), "-o and --in-place"),
        (OutputOptions("-"), "-o -"),
        (OutputOptions("-", dry_run=True), "-o -"),
        (OutputOptions(in_place=True, force=True), "--force and --in-place"),
        (OutputOptions(in_place=True, force=True, dry_run=True), "--force and --in-place"),
    ],
    ids=["none", "two", "stdout", "stdout in a dry run", "force in place", "force in place in a dry run"],
)
def test_not_one_place(data: str, options: OutputOptions, where: str, sentences: Any) -> None:
    """Exactly one place must be named."""
    with pytest.raises(SettingsError) as caught:
        options.choose_target(data)

    assert caught.value.where == where
    sentences.check(caught.value)


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (OutputOptions("new.csv"), "new.csv"),
        (OutputOptions("new.csv", dry_run=True), "new.csv"),
        (OutputOptions(in_place=True, dry_run=True), "data.csv"),
    ],
)
def test_place(data: str, monkeypatch: pytest.MonkeyPatch, where: OutputOptions, name: str) -> None:
    """The named file is known in a dry run, too."""
    monkeypatch.chdir(Path(data).parent)

    assert where.find_place(data) == Path(data).with_name(name)
    assert OutputOptions(dry_run=True).find_place(data) is None


def test_existing_file(data: str, tmp_path: Path, sentences: Any) -> None:
    """A file that exists is replaced only with --force."""
    other = tmp_path / "other.csv"
    other.touch()

    assert OutputOptions(str(other), force=True).choose_target(data) == other
    with pytest.raises(OutputError) as caught:
        OutputOptions(str(other)).choose_target(data)
    assert caught.value.where == str(other)
    sentences.check(caught.value)


def test_existing_folder(data: str, tmp_path: Path, sentences: Any) -> None:
    """A folder is never replaced."""
    with pytest.raises(OutputError) as caught:
        OutputOptions(str(tmp_path), force=True).choose_target(data)

    assert caught.value.where == str(tmp_path)
    sentences.check(caught.value)


def test_the_file_itself(data: str, tmp_path: Path, sentences: Any) -> None:
    """The file itself is not a new file, also not through a link; the hint says how to replace it."""
    link = tmp_path / "link.csv"
    link.symlink_to(data)

    for name in (data, str(link)):
        with pytest.raises(SettingsError) as caught:
            OutputOptions(name, force=True).choose_target(data)
        assert caught.value.where == name
        assert "--in-place" in (caught.value.hint or "")
    sentences.check(caught.value)


def test_other_files_that_are_read(data: str, tmp_path: Path) -> None:
    """The file of verdicts is not overwritten."""
    verdicts = tmp_path / "verdicts.csv"
    verdicts.touch()

    with pytest.raises(SettingsError) as caught:
        OutputOptions(str(verdicts), force=True).choose_target(data, but_not=[str(verdicts), "none.csv"])

    assert caught.value.where == str(verdicts)
    assert "--in-place" not in (caught.value.hint or "")


# ----------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("name", "path", "format_", "compression"),
    [
        ("new.csv", "data.csv", "csv", None),
        ("new.txt", "data.csv", "csv", None),
        ("new.tsv", "data.csv", "csv", None),
        ("new", "data", "jsonl", "gzip"),
        ("new.csv.gz", "data.csv.gz", "csv", "gzip"),
        ("new.v2.ndjson", "data.jsonl", "jsonl", None),
        ("new.bz2", "data.bz2", "csv", "bz2"),
        ("new.csv.zst", "packed.csv", "csv", "zstd"),
        ("new.csv", "packed.csv", "csv", "zstd"),
    ],
)
def test_names_that_fit(name: str, path: str, format_: str, compression: str | None) -> None:
    """A name with the right ending, or with an unknown one, is accepted."""
    check_ending(Path(name), path, format_, compression)


@pytest.mark.parametrize(
    ("name", "path", "compression", "better"),
    [
        ("new.parquet", "data.csv", None, None),
        ("new.csv.gz", "data.csv", None, "new.csv"),
        ("new.csv", "data.csv.gz", "gzip", "new.csv.gz"),
        ("new.csv.bz2", "data.csv.gz", "gzip", "new.csv.gz"),
    ],
)
def test_names_with_a_wrong_ending(
    name: str, path: str, compression: str | None, better: str | None, sentences: Any
) -> None:
    """A name with the ending of another format or compression is refused, and a better one is named."""
    with pytest.raises(SettingsError) as caught:
        check_ending(Path(name), path, "csv", compression)

    assert caught.value.where == name
    assert better is None or str(caught.value.hint).endswith(better)
    sentences.check(caught.value)
