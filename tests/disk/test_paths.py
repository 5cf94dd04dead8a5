from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from doubtcli.disk.paths import name_in_memory, names_a_file, path_beside, path_from_here, resolve_parents

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, without links in its path."""
    root = tmp_path.resolve()
    monkeypatch.chdir(root)
    return root


def test_relative_path(root: Path) -> None:
    """A relative path is resolved from the working directory, without `..`."""
    (root / "a").mkdir()

    assert resolve_parents("a/../b.csv") == root / "b.csv"


@pytest.mark.parametrize("path", [".", "a/.."])
def test_path_without_a_name(root: Path, path: str) -> None:
    """A path that ends in `.` or `..` is the folder that it leads to."""
    (root / "a").mkdir()

    assert resolve_parents(path) == root


def test_link_to_a_folder(root: Path) -> None:
    """A linked folder is followed: the same file has one path."""
    (root / "real").mkdir()
    (root / "link").symlink_to("real")

    assert resolve_parents("link/b.csv") == root / "real" / "b.csv"


def test_link_that_is_the_file(root: Path) -> None:
    """A file that is a link keeps its own path: large files in repositories are links."""
    (root / "store").write_text("")
    (root / "b.csv").symlink_to("store")

    assert resolve_parents("b.csv") == root / "b.csv"


@pytest.mark.parametrize(
    ("path", "file", "expected"),
    [
        ("data/b.csv", "known.json", "data/b.csv"),
        ("data/b.csv", "data/known.json", "b.csv"),
        ("b.csv", "ci/known.json", "../b.csv"),
    ],
)
@pytest.mark.usefixtures("root")
def test_path_beside(path: str, file: str, expected: str) -> None:
    """A path is relative to the folder of the file that names it."""
    assert path_beside(path, file) == expected


@pytest.mark.parametrize("path", ["-", name_in_memory("pandas.DataFrame")])
def test_what_is_not_a_file_keeps_its_name(path: str) -> None:
    """A pipe and an object in memory are shown as they are called, for no folder leads to them."""
    assert not names_a_file(path)
    assert path_from_here(path) == path
