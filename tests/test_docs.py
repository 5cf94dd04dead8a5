from __future__ import annotations

import csv
import json
import re
import shutil
from dataclasses import fields
from functools import partial
from pathlib import Path

import pytest
from cogapp import Cog
from typer.main import get_command

import doubtcli
from doubtcli.cli.main import app, run
from doubtcli.errors import ExitCode
from doubtcli.plugins import list_reasons
from doubtcli.predict.engine import limit_native_threads
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


SHOWN_BY_SCANS = {
    "README.md": "its one output is compared by test_readme.py",
    "docs/python.md": "its outputs are compared by test_python_page",
}
"""Pages with figures of scans, which other versions of scikit-learn change; `make check` compares them."""


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
def test_generated_parts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The generated parts of a page are up to date; `make docs` writes them."""
    if name in SHOWN_BY_SCANS:
        pytest.skip(SHOWN_BY_SCANS[name])
    monkeypatch.chdir(REPOSITORY)
    monkeypatch.setenv("COLUMNS", "80")

    assert Cog().main(["cog", "--check", "-I", "docs", name]) == 0


@pytest.mark.parametrize("command", commands())
def test_commands(command: str) -> None:
    """Every command has a section, with all its options."""
    _, found, section = page("cli.md").partition(f"\n## {command}\n")
    section = section.partition("\n## ")[0]

    assert found
    assert [option for option in commands()[command] if not re.search(rf"{option}\b", section)] == []


def test_options_are_explained() -> None:
    """Every option has a help text."""
    group = get_command(app)
    parameters = [*group.params, *(p for command in group.commands.values() for p in command.params)]  # type: ignore[attr-defined]

    assert [parameter.name for parameter in parameters if not parameter.help] == []


@pytest.mark.parametrize("key", FILE_KEYS)
def test_settings(key: str) -> None:
    """Every key of a settings file is in the table of settings, and is a flag of `doubt scan`."""
    assert f"\n| `{key}` |" in page("settings.md")
    assert f"--{key}" in commands()["doubt scan"]


@pytest.mark.parametrize("key", GATE_KEYS)
def test_settings_of_the_gate(key: str) -> None:
    """Every key of the gate is in its table, and is a flag of `doubt gate`."""
    assert f"\n| `{key}` |" in page("settings.md")
    assert f"--{key}" in commands()["doubt gate"]


@pytest.mark.parametrize("code", ExitCode)
def test_exit_codes(code: ExitCode) -> None:
    """Every exit code is documented."""
    assert f"\n| {code:d} |" in page("cli.md")


def documented_keys(command: str) -> set[str]:
    """The keys in the tables of a command's section."""
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

    assert applied.keys() <= documented_keys("doubt apply")
    assert logged.keys() <= documented_keys("doubt log")
    assert undone.keys() <= documented_keys("doubt undo")
    text = page("cli.md")
    parts = [item.name for record in (Decision, Unapplied, FileLayout) for item in fields(record)]
    assert [name for name in parts if f"`{name}`" not in text] == []


def test_accepting_suggestions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands of the section on accepting suggestions run one after the other, with verdicts between."""
    shutil.copytree(REPOSITORY / "fixtures", tmp_path / "fixtures")
    monkeypatch.chdir(tmp_path)
    section = page("cli.md").partition("\n### Accept suggestions")[2].partition("\nNext to the new file")[0]
    commands = re.findall(r"^doubt (.*)$", section, re.MULTILINE)

    for command in commands:
        quick = ["--fast", "--folds", "2", "--threads", "1"] if command.startswith("scan") else []
        assert run([*command.split(), *quick, "-q"]) == 0
        if command.startswith("queue"):
            decide_as_suggested(Path("spot/queue.csv"), Path("queue.done.csv"))

    assert [command.split()[0] for command in commands] == ["scan", "queue", "scan", "apply"]
    assert json.loads(Path("measured.doubt/audit.json").read_text(encoding="utf-8"))["flags"]["wrong"] == 12
    assert Path("tickets.fixed.csv.ledger.jsonl").is_file()


def decide_as_suggested(queue: Path, done: Path) -> None:
    """Write a queue in which the verdict on each drawn row is its suggested label, or any other one."""
    with queue.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    labels = sorted({row["given_label"] for row in rows} | {row["doubt_suggested"] for row in rows})
    with done.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            others = [row["doubt_suggested"], *labels]
            other = next(label for label in others if label != row["given_label"])
            writer.writerow(row | {"verdict": other if ", drawn " in row["doubt_stratum"] else ""})


@pytest.mark.parametrize("how", OnConflict)
def test_conflicts(how: OnConflict) -> None:
    """Each way to decide rows on which people differ is documented."""
    assert how in documented_keys("doubt apply")


def test_reasons() -> None:
    """Every built-in reason has a section, and every section is of a reason."""
    ours = [reason.name for reason in list_reasons() if reason.package.startswith("doubtcli ")]

    assert re.findall(r"^## (.*)$", page("reasons.md"), re.MULTILINE) == ours


def test_the_tree() -> None:
    """CONTRIBUTING has a line for every part of the package."""
    contributing = (REPOSITORY / "CONTRIBUTING.md").read_text(encoding="utf-8")
    parts = {
        path for path in (REPOSITORY / "doubtcli").iterdir() if not path.name.startswith(("_", "py.typed"))
    }

    names = {f"doubtcli/{path.name}" + "/" * path.is_dir() for path in parts}

    assert {name for name in names if f"`{name}`" not in contributing} == set()


def test_python_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every block of the page on Python runs, and prints as many lines as the page shows."""
    shutil.copytree(REPOSITORY / "fixtures", tmp_path / "fixtures")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(doubtcli, "scan", partial(doubtcli.scan, folds=2, repeats=1, fast=True))
    names: dict[str, object] = {"__name__": "__main__"}

    lines = []
    for language, text in re.findall(
        r"^```(python|text)\n(.*?)^```$", page("python.md"), re.DOTALL | re.MULTILINE
    ):
        if language == "python":
            with limit_native_threads():
                exec(compile(text, "python.md", "exec", dont_inherit=True), names)
        else:
            lines.append((capsys.readouterr().out.count("\n"), text.count("\n")))

    assert len(lines) > 4
    assert [(printed, shown) for printed, shown in lines if printed != shown] == []


def test_writing_a_reason() -> None:
    """The example reason in the docs passes `check_reason`, in the code that the docs show."""
    blocks = re.findall(r"^```python\n(.*?)^```$", page("writing-a-reason.md"), re.DOTALL | re.MULTILINE)

    defined: dict[str, object] = {"__name__": "__main__"}
    exec(
        compile("\n".join(blocks), "writing-a-reason.md", "exec", dont_inherit=True), defined
    )  # our own docs

    assert {"Outvoted", "TextLengths", "check_reason"} <= defined.keys()


@pytest.mark.parametrize("name", PAGES)
def test_no_page_is_hidden(name: str) -> None:
    """The README links to every page."""
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")

    assert name == "README.md" or f"]({name})" in readme
