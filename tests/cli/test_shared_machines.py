"""What the command prints and writes on machines that others use or read: CI runners, shared folders."""

from __future__ import annotations

import csv
import os
import stat
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Doubt

ROLES = ("--label", "label", "--text", "text", "--fast", "--no-progress")
QUICK = (*ROLES, "--folds", "2")
OURS = ("::error ", "::warning ", "::notice ")
"""What the format `github` says to the runner."""


def write_rows(path: Path, *labels: str, text: str = "") -> None:
    """A labelled file of two classes, the last row of which is an exact conflict with the first."""
    rows = [
        (f"{text}{word} number {number}", label)
        for number in range(12)
        for word, label in zip(("apple", "saw"), labels, strict=True)
    ]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows, (rows[0][0], labels[1])])


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_private_data(doubt: Doubt) -> None:
    """All that is made from a private file is private: audit, queue, baseline, SARIF and cache."""
    doubt = replace(doubt, environment={**doubt.environment, "DOUBT_CACHE": str(doubt.folder / "cache")})
    write_rows(doubt.folder / "data.csv", "fruit", "tool")
    (doubt.folder / "data.csv").chmod(0o600)
    before = os.umask(0o022)

    try:
        codes = [
            doubt("scan", "data.csv", *QUICK).returncode,
            doubt("queue", "data.doubt", "--to", "jsonl").returncode,
            doubt("baseline", "data.csv", *ROLES, "--folds", "3").returncode,
            doubt("gate", "data.doubt", "--max-doubted", "90%", "-f", "sarif", "-o", "out.sarif").returncode,
        ]
    finally:
        os.umask(before)

    made = {path for path in doubt.folder.rglob("*") if path.is_file()} - {doubt.folder / "data.csv"}
    assert codes == [0, 0, 0, 0]
    assert {path.relative_to(doubt.folder).parts[0] for path in made} == {
        *("data.doubt", "data.queue", ".doubt-baseline.json", "out.sarif", "cache"),
    }
    assert {path.name for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077} == set()


def test_commands_of_a_runner(doubt: Doubt) -> None:
    """No text, label or path reaches the log of GitHub Actions as a command of its runner."""
    write_rows(doubt.folder / "data.csv", "##[stop-commands]x", "::add-mask::e", text="::add-mask::y\n")
    on_runner = replace(doubt, environment={**doubt.environment, "GITHUB_ACTIONS": "true", "COLUMNS": "60"})

    done = [
        on_runner("scan", "data.csv", *QUICK, "--force"),
        on_runner("scan", "data.csv", *QUICK, "--force", "--output-format", "json"),
        on_runner("scan", "::data.csv"),
        *(
            on_runner("gate", "data.doubt", "--max-doubted", "0", "-f", name)
            for name in (*("full", "concise", "json", "jsonl", "github"), *("markdown", "gitlab", "junit"))
        ),
        on_runner("gate", "data.doubt", "--max-doubted", "0", "-f", "sarif", "-o", "out.sarif"),
    ]

    lines = [line for one in done for line in (one.stdout + one.stderr).splitlines()]
    assert [one.returncode for one in done] == [0, 0, 2, *([1] * 9)]
    assert [line for line in lines if line.lstrip().startswith("::") and not line.startswith(OURS)] == []
    assert [line for line in lines if "##[" in line] == []
    assert any("stop-commands" in line for line in lines)
