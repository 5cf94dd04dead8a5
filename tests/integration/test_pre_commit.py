from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.integration.conftest import Shell

pytestmark = pytest.mark.integration

BIN = Path(sys.executable).parent
CONFIG = """\
repos:
  - repo: {ours}
    rev: {revision}
    hooks:
      - id: doubt-gate-config
      - id: doubt-gate
"""


@pytest.fixture
def gated(theirs: Shell, ours: Shell, clean_rows: list[list[str]]) -> Shell:
    """A user's repository with clean data, settings, a baseline and our hooks, all committed."""
    revision = ours("git", "rev-parse", "HEAD").stdout.strip()
    config = CONFIG.format(ours=ours.folder, revision=revision)
    (theirs.folder / ".pre-commit-config.yaml").write_text(config, encoding="utf-8")
    write(theirs, clean_rows)
    theirs.must(BIN / "doubt", "init", "data/train.csv")
    theirs.must(BIN / "doubt", "baseline")
    theirs.must(BIN / "pre-commit", "install", "--install-hooks")
    theirs.must("git", "add", "--all")
    theirs.must("git", "commit", "--message", "Clean data and their baseline")
    return theirs


def write(shell: Shell, rows: list[list[str]]) -> None:
    """Write rows to data/train.csv."""
    path = shell.folder / "data" / "train.csv"
    path.parent.mkdir(exist_ok=True)
    lines = ["id,text,label", *(",".join(row) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def commit(shell: Shell, rows: list[list[str]]) -> tuple[int, str]:
    """Commit data with these rows; gives the exit code and the output of git and its hooks."""
    write(shell, rows)
    shell.must("git", "add", "--all")
    done = shell("git", "commit", "--allow-empty", "--message", "Data")
    return done.returncode, done.stdout + done.stderr


def test_commits(gated: Shell, clean_rows: list[list[str]], wrong_rows: list[list[str]]) -> None:
    """Reordered data can be committed, wrong labels in a tenth can't, and corrected ones can again."""
    code, output = commit(gated, clean_rows[::-1])
    assert (code, output.count("Passed")) == (0, 2), output

    code, output = commit(gated, wrong_rows)
    assert (code, output.count("exit code: 1")) == (1, 2), output
    assert gated("git", "log", "--oneline").stdout.count("\n") == 2

    code, output = commit(gated, clean_rows)
    assert (code, output.count("Passed")) == (0, 2), output
    assert gated("git", "status", "--short").stdout == ""


def test_other_files(gated: Shell) -> None:
    """A commit without data skips the gate."""
    (gated.folder / "notes.md").write_text("Nothing of note.\n")
    gated.must("git", "add", "--all")

    done = gated("git", "commit", "--message", "Notes")

    assert done.returncode == 0
    assert (done.stdout + done.stderr).count("Skipped") == 2


def test_printed_hook(theirs: Shell, clean_rows: list[list[str]], wrong_rows: list[list[str]]) -> None:
    """The hook that `doubt init` prints runs the installed `doubt`."""
    write(theirs, clean_rows)
    printed = theirs(BIN / "doubt", "init", "data/train.csv").stdout
    [hook] = re.findall(r"^repos:\n.*?^        files: .*?\n", printed, re.MULTILINE | re.DOTALL)
    hook = hook.replace("entry: 'doubt", f"entry: '{BIN}/doubt")
    (theirs.folder / ".pre-commit-config.yaml").write_text(hook, encoding="utf-8")
    theirs.must(BIN / "doubt", "baseline")
    theirs.must(BIN / "pre-commit", "install")

    assert commit(theirs, clean_rows)[0] == 0
    assert commit(theirs, wrong_rows)[0] == 1
