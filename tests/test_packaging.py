from __future__ import annotations

import configparser
import tarfile
import tomllib
from email.parser import Parser
from importlib.metadata import entry_points
from pathlib import Path
from zipfile import ZipFile

import pytest

builders = pytest.importorskip("hatchling.builders.wheel")
sources = pytest.importorskip("hatchling.builders.sdist")

REPOSITORY = Path(__file__).parents[1]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """The wheel as it would be published."""
    folder = tmp_path_factory.mktemp("wheel")
    (path,) = builders.WheelBuilder(str(REPOSITORY)).build(directory=str(folder), versions=["standard"])
    return ZipFile(path)


def test_every_file_of_the_package(wheel: ZipFile) -> None:
    """The wheel has all files of the package, also data files, and otherwise only metadata."""
    files = {
        path.relative_to(REPOSITORY).as_posix()
        for path in (REPOSITORY / "doubtcli").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }

    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == files
    assert "doubtcli/py.typed" in files


def test_commands(wheel: ZipFile) -> None:
    """The wheel installs the command `doubt` and has all entry points."""
    (name,) = [name for name in wheel.namelist() if name.endswith("entry_points.txt")]
    groups = configparser.ConfigParser(delimiters="=")
    groups.read_string(wheel.read(name).decode())

    assert dict(groups["console_scripts"]) == {"doubt": "doubtcli.__main__:main"}
    assert {name: dict(groups[name]) for name in PROJECT["entry-points"]} == PROJECT["entry-points"]


def test_metadata(wheel: ZipFile) -> None:
    """The metadata has the licence, the Python versions, and only lower bounds of dependencies."""
    (name,) = [name for name in wheel.namelist() if name.endswith("METADATA")]
    metadata = Parser().parsestr(wheel.read(name).decode())

    assert (metadata["Name"], metadata["License-Expression"]) == ("doubtcli", "MIT")
    assert metadata["Requires-Python"] == ">=3.11"
    assert "cleanlab>=2.8" in metadata.get_all("Requires-Dist", [])
    assert not [
        line for line in metadata.get_all("Requires-Dist", []) if "<" in line or "==" in line.split(";")[0]
    ]


def test_sources(tmp_path: Path) -> None:
    """The source archive has the package and its tests."""
    (path,) = sources.SdistBuilder(str(REPOSITORY)).build(directory=str(tmp_path), versions=["standard"])

    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    assert {
        "LICENSE",
        "README.md",
        "CHANGELOG.md",
        "doubtcli/records/__init__.py",
        "tests/test_packaging.py",
    } <= names


def test_installed_command() -> None:
    """The installed package has the one command that pyproject.toml names."""
    (script,) = entry_points(group="console_scripts", name="doubt")

    assert script.value == PROJECT["scripts"]["doubt"]
