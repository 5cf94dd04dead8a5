from __future__ import annotations

from pathlib import Path

import pytest

from doubtcli.errors import OutputError
from doubtcli.relabel.place import check_place, default_place

FILES = {"tasks.json": b"[]", ".hidden/settings.json": b"{}"}


@pytest.mark.parametrize(
    ("audit", "place"),
    [
        ("data.doubt", "data.queue"),
        ("a/b.doubt", "a/b.queue"),
        ("audit", "audit.queue"),
        ("/x/y.doubt/", "/x/y.queue"),
    ],
)
def test_default_place(audit: str, place: str) -> None:
    """A queue goes beside its audit."""
    assert default_place(Path(audit)) == Path(place)


def test_default_place_of_the_folder_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the audit's folder, its queue goes beside it all the same, and is told from there."""
    (tmp_path / "data.doubt" / "sub").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "data.doubt")

    assert default_place(Path()) == Path("../data.queue")
    assert default_place(tmp_path / "data.doubt" / "sub" / "..") == tmp_path / "data.queue"
    monkeypatch.chdir("sub")
    assert default_place(Path("..")) == Path("../../data.queue")


@pytest.mark.parametrize(
    "held", [None, {}, FILES, {"tasks.json": b"[]"}], ids=["missing", "empty", "same", "some of the same"]
)
def test_free(tmp_path: Path, held: dict[str, bytes] | None) -> None:
    """A folder that is missing or empty, or holds this very queue, may be written to."""
    folder = tmp_path / "queue"
    if held is not None:
        fill(folder, held)

    check_place(folder, FILES)


@pytest.mark.parametrize(
    ("held", "found"),
    [
        ({"tasks.json": b"[1]"}, "tasks.json in it would be replaced by this queue"),
        ({"notes.txt": b""}, "notes.txt in it would be mixed up with this queue"),
        ({".hidden/settings.json": b"[]"}, ".hidden/settings.json in it would be replaced by this queue"),
    ],
)
def test_in_the_way(tmp_path: Path, held: dict[str, bytes], found: str) -> None:
    """What is in the way is named; with force it may be written over."""
    fill(tmp_path, held)

    with pytest.raises(OutputError) as error:
        check_place(tmp_path, FILES)

    assert error.value.found == found
    check_place(tmp_path, FILES, force=True)


def test_file_in_the_way(tmp_path: Path) -> None:
    """A file is never replaced by a folder."""
    path = tmp_path / "queue"
    path.touch()

    with pytest.raises(OutputError, match="a file is in the way"):
        check_place(path, FILES, force=True)


def fill(folder: Path, files: dict[str, bytes]) -> None:
    """Write files into a folder."""
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
