from __future__ import annotations

import csv
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doubtcli.settings import load_settings

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
INSTALL = "python3 -m pip install ."
"""Not run: it is what was done before any test could run, and `test_packaging.py` builds what it installs."""
QUICK = "folds = 2\nrepeats = 1\n"
"""Settings for the blocks whose output is not shown."""


@dataclass(frozen=True)
class Block:
    """A fenced block of the README."""

    language: str
    text: str


def sections() -> dict[str, list[Block]]:
    """The blocks of the README by the heading they stand under."""
    parts = re.split(r"^(#+ .*)$", README, flags=re.MULTILINE)[1:]
    found = {
        heading.lstrip("# "): [
            Block(*block) for block in re.findall(r"^```(\w+)\n(.*?)^```$", body, re.DOTALL | re.MULTILINE)
        ]
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
    }
    return {heading: blocks for heading, blocks in found.items() if blocks}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample tickets in other formats, as the README's reader would have files of their own."""
    folder = tmp_path_factory.mktemp("samples")
    with (REPOSITORY / "fixtures" / "tickets.csv").open(encoding="utf-8", newline="") as file:
        tickets = [{key: value or None for key, value in row.items()} for row in csv.DictReader(file)]
    pq.write_table(pa.Table.from_pylist(tickets), folder / "tickets.parquet")
    (folder / "tickets.jsonl").write_text("".join(json.dumps(ticket) + "\n" for ticket in tickets))
    return folder


@pytest.fixture
def folder(tmp_path: Path, samples: Path) -> Path:
    """A folder as the README's reader stands in, with `doubt` at hand."""
    shutil.copytree(samples, tmp_path, dirs_exist_ok=True)
    (tmp_path / "fixtures").mkdir()
    shutil.copy(REPOSITORY / "fixtures" / "tickets.csv", tmp_path / "fixtures")
    command = tmp_path / "bin" / "doubt"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m doubtcli "$@"\n')
    command.chmod(0o755)
    return tmp_path


def run(arguments: list[str], folder: Path) -> str:
    """What a process prints that must end well."""
    environment = {**os.environ, "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "COLUMNS": "80"}
    done = subprocess.run(
        arguments, cwd=folder, env=environment, capture_output=True, text=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def skeleton(report: str) -> list[str]:
    """A report's unindented lines, without their figures, which scikit-learn's next version may change."""
    lines = [line for line in report.splitlines() if line and not line.startswith(" ")]
    return [re.sub(r"\d[\d.,]*", "0", line).rstrip() for line in lines]


@pytest.mark.skipif(os.name != "posix", reason="the blocks are for a shell")
@pytest.mark.parametrize("section", sections())
def test_blocks(section: str, folder: Path) -> None:
    """Every block runs as it stands, on nothing but what the section before it has made."""
    printed = ""
    if not any(block.language == "text" for block in sections()[section]):
        (folder / "doubt.toml").write_text(QUICK)
    for block in sections()[section]:
        match block.language:
            case "sh":
                printed = run(["sh", "-ec", block.text.replace(INSTALL, "")], folder)
            case "python":
                run([sys.executable, "-c", block.text], folder)
            case "toml":
                (folder / "project").mkdir()
                (folder / "project" / "pyproject.toml").write_text(block.text)
                assert load_settings({"path": "a.csv"}, start=folder / "project").config == "pyproject.toml"
                assert tomllib.loads(block.text)["tool"].keys() == {"doubt"}
            case _:
                assert block.language == "text"
                assert skeleton(printed) == skeleton(block.text)


def test_one_sentence_a_line() -> None:
    """The README has one sentence a line, so that a change shows as the sentence that changed."""
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.DOTALL | re.MULTILINE)

    assert [line for line in prose.splitlines() if re.search(r"[a-z)]\. [A-Z]", line)] == []


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(((?!http)[^)#]+)", README))))
def test_links(link: str) -> None:
    """Every link within the project leads somewhere."""
    assert (REPOSITORY / link).is_file()
