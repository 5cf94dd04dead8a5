from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from typer.main import get_command

from doubtcli.cli.main import app
from doubtcli.errors import ExitCode
from doubtcli.plugins import list_reasons
from doubtcli.records import Decision, OnConflict, Settled, Unapplied
from doubtcli.records.file_format import FileLayout
from doubtcli.records.relabelling import ApplyResult, Batch, LedgerAction, LedgerLine, UndoResult
from doubtcli.report.documents import render_applied, render_log, render_undone
from doubtcli.settings import FILE_KEYS, GATE_KEYS

REPOSITORY = Path(__file__).parents[1]
PAGES = [
    "README.md",
    *sorted(path.relative_to(REPOSITORY).as_posix() for path in REPOSITORY.glob("docs/*.md")),
]


def page(name: str) -> str:
    """The text of a page below docs/."""
    return (REPOSITORY / "docs" / name).read_text(encoding="utf-8")


def commands() -> dict[str, list[str]]:
    """Every command with the names of its options."""
    group = get_command(app)
    everything = {"doubt": group, **{f"doubt {name}": command for name, command in group.commands.items()}}  # type: ignore[attr-defined]
    return {
        name: [option for parameter in command.params for option in parameter.opts if option.startswith("-")]
        for name, command in everything.items()
    }


@pytest.mark.parametrize("name", PAGES)
def test_generated_parts(name: str) -> None:
    """What a page repeats of the code is what the code says now; `make docs` writes it anew."""
    if name == "README.md":
        pytest.skip("its one output is compared by test_readme.py")
    done = subprocess.run(
        [sys.executable, "-m", "cogapp", "--check", "-I", "docs", name],
        cwd=REPOSITORY,
        env={**os.environ, "COLUMNS": "80"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("command", commands())
def test_commands(command: str) -> None:
    """Every command has its section, with every option of it."""
    _, found, section = page("cli.md").partition(f"\n## {command}\n")
    section = section.partition("\n## ")[0]

    assert found
    assert [option for option in commands()[command] if not re.search(rf"{option}\b", section)] == []


def test_options_are_explained() -> None:
    """Every option says what it is for."""
    group = get_command(app)
    parameters = [*group.params, *(p for command in group.commands.values() for p in command.params)]  # type: ignore[attr-defined]

    assert [parameter.name for parameter in parameters if not parameter.help] == []


@pytest.mark.parametrize("key", FILE_KEYS)
def test_settings(key: str) -> None:
    """Every key of a settings file stands in the table of settings, and is a flag of `doubt scan`."""
    assert f"\n| `{key}` |" in page("settings.md")
    assert f"--{key}" in commands()["doubt scan"]


@pytest.mark.parametrize("key", GATE_KEYS)
def test_settings_of_the_gate(key: str) -> None:
    """Every key of the gate stands in its table, and is a flag of `doubt gate`."""
    assert f"\n| `{key}` |" in page("settings.md")
    assert f"--{key}" in commands()["doubt gate"]


@pytest.mark.parametrize("code", ExitCode)
def test_exit_codes(code: ExitCode) -> None:
    """Every exit code is documented."""
    assert f"\n| {code:d} |" in page("cli.md")


def told_by(command: str) -> set[str]:
    """The keys that the tables in a command's section tell of."""
    section = page("cli.md").partition(f"\n## {command}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    return {key for row in rows for key in re.findall(r"`(.*?)`", row)}


def test_json_of_verdicts() -> None:
    """Every key of the JSON that `doubt apply`, `log` and `undo` print is documented, those of rows too."""
    line = LedgerLine(LedgerAction.DROP, "r1", 1, "x", None, b"x", None, b"x", "rest")
    batch = Batch("b1", "2026-11-21T14:05:00Z", (line,), FileLayout("csv", "label"), 9, "", "", None)
    applied = json.loads(render_applied(ApplyResult("a", None, None, (), (), (), Settled((), ()))))
    (logged,) = json.loads(render_log([batch]))
    undone = json.loads(render_undone(UndoResult("a", None, batch, batch)))

    assert applied.keys() <= told_by("doubt apply")
    assert logged.keys() <= told_by("doubt log")
    assert undone.keys() <= told_by("doubt undo")
    told = page("cli.md")
    parts = [item.name for record in (Decision, Unapplied, FileLayout) for item in fields(record)]
    assert [name for name in parts if f"`{name}`" not in told] == []


@pytest.mark.parametrize("how", OnConflict)
def test_conflicts(how: OnConflict) -> None:
    """What becomes of rows on which people differ is told of each way to settle it."""
    assert how in told_by("doubt apply")


def test_reasons() -> None:
    """Every built-in reason has its section, and no section is left of a reason that is gone."""
    ours = [reason.name for reason in list_reasons() if reason.package.startswith("doubtcli ")]

    assert re.findall(r"^## (.*)$", page("reasons.md"), re.MULTILINE) == ours


def test_the_tree() -> None:
    """CONTRIBUTING says of every part of the package what it does."""
    contributing = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    parts = {
        path for path in (REPOSITORY / "doubtcli").iterdir() if not path.name.startswith(("_", "py.typed"))
    }

    names = {f"doubtcli/{path.name}" + "/" * path.is_dir() for path in parts}

    assert {name for name in names if f"`{name}`" not in contributing} == set()


def test_writing_a_reason() -> None:
    """The reason that the docs write keeps the contract, as the docs say, in the Python that they print."""
    blocks = re.findall(r"^```python\n(.*?)^```$", page("writing-a-reason.md"), re.DOTALL | re.MULTILINE)

    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks)], capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_hidden(name: str) -> None:
    """Every page is reached from the README."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")

    assert name == "README.md" or f"]({name})" in readme
