from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from doubtcli.gate.formats.places import repository_path, shown_path, uri

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("data/train.csv", "data/train.csv"),
        ("./data//train.csv", "data/train.csv"),
        ("a b.csv", "a%20b.csv"),
        ("a:b.csv", "a%3Ab.csv"),
        ("50%#?.csv", "50%25%23%3F.csv"),
        ("é.csv", "%C3%A9.csv"),
        ("\udcff.csv", "%FF.csv"),
        ("\ud800.csv", "%EF%BF%BD.csv"),
        ("-", "-"),
    ],
)
@pytest.mark.usefixtures("home")
def test_relative(path: str, told: str) -> None:
    """A path below the working directory is a relative reference, percent-encoded."""
    assert uri(path) == (told, True)


def test_whole_path_below(home: Path) -> None:
    """A whole path is told as seen from the working directory."""
    assert uri(str(home / "data" / "train.csv")) == ("data/train.csv", True)


def test_elsewhere(home: Path) -> None:
    """A file outside the working directory has a whole path, and a `file:` URI."""
    assert repository_path("../a b.csv") == (home.parent / "a b.csv").as_posix()
    assert uri("../a b.csv") == (f"file://{home.parent.as_posix()}/a%20b.csv", False)


def test_links_are_kept(home: Path) -> None:
    """A folder that is a link stays the folder that the repository has."""
    (home / "elsewhere").mkdir()
    (home / "data").symlink_to(home / "elsewhere")

    assert repository_path("data/train.csv") == "data/train.csv"


@pytest.mark.usefixtures("home")
def test_dots() -> None:
    """A name that only begins with two dots is no way out."""
    assert repository_path("..data/train.csv") == "..data/train.csv"


@pytest.mark.usefixtures("home")
def test_shown() -> None:
    """A path that is shown has nothing in it that a terminal would obey."""
    assert shown_path("a\x1b[31m/\udcff b.csv") == r"a\x1b[31m/\udcff b.csv"
