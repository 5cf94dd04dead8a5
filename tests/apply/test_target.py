from __future__ import annotations

from pathlib import Path

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
    """A file that isn't there may be written."""
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
    """A dry run goes nowhere, wherever else it would go."""
    assert where.choose_target(data) is None


@pytest.mark.parametrize(
    ("where", "message"),
    [
        (OutputOptions(), "it is not said where"),
        (OutputOptions("new.csv", in_place=True), "either a new file or the old one"),
        (OutputOptions("-"), "-o -: the new file can't go to standard output"),
        (OutputOptions("-", dry_run=True), "-o -: "),
        (
            OutputOptions(in_place=True, force=True),
            "--force and --in-place: the old file is replaced without",
        ),
        (OutputOptions(in_place=True, force=True, dry_run=True), "--force and --in-place: "),
    ],
)
def test_not_one_place(data: str, where: OutputOptions, message: str) -> None:
    """One place has to be named, and only one."""
    with pytest.raises(SettingsError, match=message):
        where.choose_target(data)


@pytest.mark.parametrize(
    ("where", "name"),
    [
        (OutputOptions("new.csv"), "new.csv"),
        (OutputOptions("new.csv", dry_run=True), "new.csv"),
        (OutputOptions(in_place=True, dry_run=True), "data.csv"),
    ],
)
def test_place(data: str, monkeypatch: pytest.MonkeyPatch, where: OutputOptions, name: str) -> None:
    """The file that is meant is known though nothing is to be written."""
    monkeypatch.chdir(Path(data).parent)

    assert where.find_place(data) == Path(data).with_name(name)
    assert OutputOptions(dry_run=True).find_place(data) is None


def test_file_in_the_way(data: str, tmp_path: Path) -> None:
    """A file that is there is replaced only if that is asked for."""
    other = tmp_path / "other.csv"
    other.touch()

    assert OutputOptions(str(other), force=True).choose_target(data) == other
    with pytest.raises(OutputError, match="a file is in the way") as caught:
        OutputOptions(str(other)).choose_target(data)
    assert "--force" in str(caught.value)


def test_folder_in_the_way(data: str, tmp_path: Path) -> None:
    """A folder is never replaced."""
    with pytest.raises(OutputError, match="no file that could be replaced"):
        OutputOptions(str(tmp_path), force=True).choose_target(data)


def test_the_file_itself(data: str, tmp_path: Path) -> None:
    """The file itself is no new file, not through a link either; it is said how to replace it."""
    link = tmp_path / "link.csv"
    link.symlink_to(data)

    for name in (data, str(link)):
        with pytest.raises(SettingsError, match="it is read") as caught:
            OutputOptions(name, force=True).choose_target(data)
        assert caught.value.hint == "to replace it, with a backup: --in-place"


def test_other_files_that_are_read(data: str, tmp_path: Path) -> None:
    """The verdicts are not written over."""
    verdicts = tmp_path / "verdicts.csv"
    verdicts.touch()

    with pytest.raises(SettingsError, match="it is read") as caught:
        OutputOptions(str(verdicts), force=True).choose_target(data, but_not=[str(verdicts), "none.csv"])

    assert caught.value.hint is None


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
    """A name that says what is in the file, or says nothing, is fine."""
    check_ending(Path(name), path, format_, compression)


@pytest.mark.parametrize(
    ("name", "path", "compression", "message", "hint"),
    [
        ("new.parquet", "data.csv", None, "promises parquet, but like data.csv it will be csv", "convert"),
        ("new.csv.gz", "data.csv", None, r"as packed \(.gz\), but .* unpacked", "name it new.csv"),
        ("new.csv", "data.csv.gz", "gzip", r"as unpacked, but .* \(.gz\)", "name it new.csv.gz"),
        ("new.csv.bz2", "data.csv.gz", "gzip", r"\(.bz2\), but .* \(.gz\)", "name it new.csv.gz"),
    ],
)
def test_names_that_promise_something_else(
    name: str, path: str, compression: str | None, message: str, hint: str
) -> None:
    """A name that promises another format or packing is refused, and the right one is named."""
    with pytest.raises(SettingsError, match=message) as caught:
        check_ending(Path(name), path, "csv", compression)

    assert str(caught.value.hint).startswith(hint)
