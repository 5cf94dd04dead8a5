"""The wheel and the source archive, each installed into a new environment without development packages."""

from __future__ import annotations

import json
import os
import sys
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.conftest import Shell

pytestmark = pytest.mark.integration
REPOSITORY = Path(__file__).parents[2]
DATA = REPOSITORY / "fixtures" / "tickets.csv"
KINDS = {"wheel": "*.whl", "sdist": "*.tar.gz"}


@pytest.fixture(scope="module")
def dist(
    environment: dict[str, str], shell_in: Callable[..., Shell], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The folder of the packages: that of `make dist`, else a new one."""
    if "DOUBT_DIST" in os.environ:
        return Path(os.environ["DOUBT_DIST"]).resolve()
    folder = tmp_path_factory.mktemp("dist")
    shell_in(REPOSITORY, environment).must(sys.executable, "-m", "build", "--outdir", str(folder))
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_it_works_when_installed(
    kind: str, dist: Path, environment: dict[str, str], shell_in: Callable[..., Shell], tmp_path: Path
) -> None:
    """An installed package says its version, scans a file, and can be used from Python."""
    (package,) = dist.glob(KINDS[kind])
    shell = shell_in(tmp_path, environment)
    shell.must(sys.executable, "-m", "venv", "new")
    scripts = tmp_path / "new" / ("Scripts" if os.name == "nt" else "bin")
    shell.must(scripts / "python", "-m", "pip", "install", "--quiet", package)

    version = shell(scripts / "doubt", "--version")
    scan = shell(
        *(scripts / "doubt", "scan", DATA, "--label", "intent", "--id", "ticket_id", "--fast"),
        *("--isolated", "--output", "audit", "--output-format", "json"),
    )
    code = "import doubtcli; print(len(doubtcli.open_audit('audit').doubts))"
    from_python = shell(scripts / "python", "-c", code)

    assert version.stdout.strip().endswith(package.name.split("-")[1].removesuffix(".tar.gz"))
    assert json.loads(scan.stdout)["counts"]["rows"] == 612, scan.stderr
    assert from_python.stdout.strip() == "612", from_python.stderr


def test_what_is_in_the_source_archive(dist: Path) -> None:
    """The archive has all that the tests read, and nothing that a run leaves behind."""
    (package,) = dist.glob(KINDS["sdist"])
    with tarfile.open(package) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]

    needed = ("tests/conftest.py", "fixtures/tickets.csv", "docs/ci.md", "benchmarks/ranking.py", "Makefile")
    assert {*needed, "action.yml", ".pre-commit-hooks.yaml", "LICENSE"} <= {*names}
    junk = ("__pycache__", ".doubt/", ".venv", ".git/", ".hypothesis", ".pyc")
    assert [name for name in names if any(part in name for part in junk)] == []
