from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from urllib.request import Request, urlopen

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doubtcli.cli.main import run
from doubtcli.predict.engine import limit_native_threads
from doubtcli.settings import load_settings

REPOSITORY = Path(__file__).parents[1]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
PAGES = [
    README,
    *((REPOSITORY / "docs" / name).read_text("utf-8") for name in ("numbers.md", "review.md", "rules.md")),
]
INSTALL = "python3 -m pip install ."
"""Not run: it was done before any test can run, and `test_packaging.py` builds the package."""
QUICK = {True: "folds = 2\n", False: "folds = 2\nrepeats = 1\nfast = true\n"}
"""Settings that save time, for sections whose output is compared, without its figures, and for all others."""


@dataclass(frozen=True)
class Block:
    """A fenced block of the README."""

    language: str
    text: str


def sections() -> dict[str, list[Block]]:
    """The blocks of the README, and of the pages on numbers, reviews and rules, by the heading above them."""
    parts = re.split(r"^(#+ .*)$", "\n".join(PAGES), flags=re.MULTILINE)[1:]
    found = {
        heading.lstrip("# "): [
            Block(*block) for block in re.findall(r"^```(\w+)\n(.*?)^```$", body, re.DOTALL | re.MULTILINE)
        ]
        for heading, body in zip(parts[::2], parts[1::2], strict=True)
    }
    return {heading: blocks for heading, blocks in found.items() if blocks}


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample tickets in other formats, like files that the README's reader has."""
    folder = tmp_path_factory.mktemp("samples")
    with (REPOSITORY / "fixtures" / "tickets.csv").open(encoding="utf-8", newline="") as file:
        tickets = [{key: value or None for key, value in row.items()} for row in csv.DictReader(file)]
    pq.write_table(pa.Table.from_pylist(tickets), folder / "tickets.parquet")
    lines = "".join(json.dumps(ticket) + "\n" for ticket in tickets)
    (folder / "tickets.jsonl").write_text(lines, encoding="utf-8")
    return folder


@pytest.fixture
def folder(tmp_path: Path, samples: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory of the README's reader, with a command `doubt`."""
    shutil.copytree(samples, tmp_path, dirs_exist_ok=True)
    (tmp_path / "fixtures").mkdir()
    shutil.copy(REPOSITORY / "fixtures" / "tickets.csv", tmp_path / "fixtures")
    command = tmp_path / "bin" / "doubt"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m doubtcli "$@"\n', encoding="utf-8")
    command.chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{command.parent}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("COLUMNS", "80")
    return tmp_path


def review_one_row(line: str) -> None:
    """Run a review until its page has decided on a row, and end it as a person does."""
    command = [sys.executable, "-m", "doubtcli", *shlex.split(line)[1:], "--no-browser"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, encoding="utf-8") as running:
        try:
            address = next(found[1] for text in running.stdout if (found := re.search(r"(http://\S+)", text)))
            ask_page(address, "decide", {"name": "s1", "rows": [0], "action": "keep"})
        finally:
            running.send_signal(signal.SIGINT)
            code = running.wait(timeout=20)
    assert code in {0, 130}


def ask_page(address: str, question: str, body: dict[str, object]) -> None:
    """Ask a review something as its page does."""
    request = Request(
        f"{address}api/{question}", json.dumps(body).encode(), {"Content-Type": "application/json"}
    )
    with urlopen(request, timeout=20) as answer:
        assert answer.status == 200


def run_line(line: str) -> None:
    """Run a line of a shell block, in this process if it is a plain call of `doubt`: that starts faster."""
    if line.startswith("doubt review"):
        review_one_row(line)
    elif line.startswith("doubt ") and not re.search(r"[|&;<>$`\\]", line):
        assert run(shlex.split(line)[1:]) == 0
    else:
        done = subprocess.run(
            ["sh", "-ec", line], capture_output=True, text=True, encoding="utf-8", check=False
        )
        assert done.returncode == 0, done.stderr


def skeleton(report: str) -> list[str]:
    """A report's unindented lines without figures, which other versions of scikit-learn may change."""
    lines = [line for line in report.splitlines() if line and not line.startswith(" ")]
    return [re.sub(r"\d[\d.,]*", "0", line).rstrip() for line in lines]


@pytest.mark.skipif(os.name != "posix", reason="the blocks are for a shell")
@pytest.mark.parametrize("section", sections())
def test_blocks(section: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every block runs as it is, with only the files that earlier blocks of its section have made."""
    printed, blocks = "", sections()[section]
    quick = QUICK[any(block.language == "text" for block in blocks)]
    (folder / "doubt.toml").write_text(quick, encoding="utf-8")
    for block in blocks:
        match block.language:
            case "sh":
                for line in block.text.replace(INSTALL, "").splitlines():
                    run_line(line)
                printed = capsys.readouterr().out
            case "python":
                code = compile(block.text, "README.md", "exec", dont_inherit=True)
                with limit_native_threads():  # threads that wait for each other cost time
                    exec(code, {"__name__": "__main__"})  # our own README
            case "toml":
                (folder / "project").mkdir()
                (folder / "project" / "pyproject.toml").write_text(block.text, encoding="utf-8")
                assert load_settings({"path": "a.csv"}, start=folder / "project").config == "pyproject.toml"
                assert tomllib.loads(block.text)["tool"].keys() == {"doubt"}
            case _:
                assert block.language == "text"
                assert skeleton(printed) == skeleton(block.text)


def test_one_sentence_a_line() -> None:
    """The README has one sentence a line, so that a diff shows the sentences that changed."""
    prose = re.sub(r"^```.*?^```$", "", README, flags=re.DOTALL | re.MULTILINE)

    assert [line for line in prose.splitlines() if re.search(r"[a-z)]\. [A-Z]", line)] == []


@pytest.mark.parametrize("link", sorted(set(re.findall(r"\]\(((?!http)[^)#]+)", README))))
def test_links(link: str) -> None:
    """Every link within the project is to a file that exists."""
    assert (REPOSITORY / link).is_file()
