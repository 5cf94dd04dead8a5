from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import pytest

from doubtcli.apply.commit import has_backup, keep_backup, list_backup_paths, show_backup_path
from doubtcli.apply.labelled import DataFile, read_data_file
from doubtcli.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

OLD = b"text,label\ngood,pos\n"


def file_with(path: Path, content: bytes) -> DataFile:
    """A file, and what it holds."""
    path.write_bytes(content)
    return read_data_file(str(path))


def others(folder: Path, name: str) -> dict[str, bytes]:
    """What lies in a folder beside a file, hidden things too."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != name}


def test_kept(tmp_path: Path) -> None:
    """What a file holds is kept beside it, with the rights that the file has."""
    path = tmp_path / "data.csv"
    data = file_with(path, OLD)
    path.chmod(0o600)

    backup = keep_backup(path, data)

    assert others(tmp_path, "data.csv") == {"data.csv.bak": OLD}
    assert backup == tmp_path / "data.csv.bak"
    assert backup.stat().st_mode & 0o777 == 0o600


def test_next_free_name(tmp_path: Path) -> None:
    """Where anything else has the name, the next free one is taken, and nothing is lost."""
    path = tmp_path / "data.csv"
    data = file_with(path, OLD)
    (tmp_path / "data.csv.bak").write_bytes(b"mine")
    (tmp_path / "data.csv.bak2").mkdir()
    (tmp_path / "data.csv.bak3").symlink_to("data.csv")
    (tmp_path / "data.csv.bak4").symlink_to("nowhere")
    (tmp_path / "data.csv.bak5").touch()

    assert keep_backup(path, data) == tmp_path / "data.csv.bak6"
    assert (tmp_path / "data.csv.bak6").read_bytes() == OLD
    assert (tmp_path / "data.csv.bak").read_bytes() == b"mine"
    assert (tmp_path / "data.csv.bak4").is_symlink()


def test_kept_once(tmp_path: Path) -> None:
    """What any backup holds already is not kept again."""
    path = tmp_path / "data.csv"
    data = file_with(path, OLD)
    (tmp_path / "data.csv.bak").write_bytes(b"mine")
    (tmp_path / "data.csv.bak2").write_bytes(OLD)

    assert keep_backup(path, data) == tmp_path / "data.csv.bak2"
    assert has_backup(path, data)
    assert len(others(tmp_path, "data.csv")) == 2


@pytest.mark.parametrize(
    ("backup", "again"),
    [(gzip.compress(OLD, 1), True), (OLD, False), (gzip.compress(OLD)[:-9], False)],
    ids=["packed otherwise", "not packed", "damaged"],
)
def test_packed(tmp_path: Path, backup: bytes, *, again: bool) -> None:
    """Of packed files what is packed counts, not how well."""
    path = tmp_path / "data.csv.gz"
    data = file_with(path, gzip.compress(OLD, 9))
    (tmp_path / "data.csv.gz.bak").write_bytes(backup)

    assert has_backup(path, data) is again
    assert keep_backup(path, data).name == ("data.csv.gz.bak" if again else "data.csv.gz.bak2")


def test_names(tmp_path: Path) -> None:
    """The names are those that are taken, and the next one."""
    for name in ("data.csv.bak", "data.csv.bak3"):
        (tmp_path / name).touch()

    assert [path.name for path in list_backup_paths(tmp_path / "data.csv")] == [
        "data.csv.bak",
        "data.csv.bak2",
    ]


def test_shown(tmp_path: Path) -> None:
    """A backup is told beside the file as the user has named it."""
    assert show_backup_path(tmp_path / "data.csv.bak2", "in/data.csv") == "in/data.csv.bak2"
    assert show_backup_path(None, "in/data.csv") is None


def test_no_place(tmp_path: Path) -> None:
    """Where it can't be kept, it is said where it should have been."""
    data = file_with(tmp_path / "data.csv", OLD)
    (tmp_path / "other").touch()

    with pytest.raises(OutputError, match="can't be written") as caught:
        keep_backup(tmp_path / "other" / "data.csv", data)

    assert caught.value.where == str(tmp_path / "other" / "data.csv.bak")
    assert caught.value.hint == "let doubt write to its folder, or write a new file: -o FILE"
