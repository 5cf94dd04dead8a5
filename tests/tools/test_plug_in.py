"""An annotation tool of another package: it needs only one module and an entry point."""

from __future__ import annotations

import csv
import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.cli import main
from doubtcli.errors import SettingsError, ToolError
from doubtcli.tools.read import read_answers
from doubtcli.tools.registry import blame_tool, list_tool_names, load_tool, name_tool

if TYPE_CHECKING:
    from collections.abc import Callable

    Install = Callable[..., None]

CARDS = """
import json

from doubtcli.records import Answer, AnswerShape, Tool


def is_card(record):
    return "card" in record


def read_cards(records, path):
    return [
        Answer(row, one["card"], one["says"], annotator=one["by"], given_label=one["was"])
        for row, one in enumerate(records, start=1)
    ]


class IndexCards(Tool):
    name = "index-cards"
    title = "Index Cards"
    answers_file = "cards.json"
    verdict_column = "says"
    how_to_export = ("Collect the cards.",)
    shapes = (AnswerShape("a pile of cards", "'card'", is_card, read_cards),)

    def hand_out(self, queue):
        cards = [
            {"card": row.doubt_id, "was": row.given_label, "shown": row.shown.all_text, "by": "", "says": ""}
            for row in queue.rows
        ]
        return {"cards.json": json.dumps(cards).encode()}

    def how_to_import(self, queue):
        return (f"Print {len(queue.rows)} cards.",)
"""
SCAN = ("--id", "id", "--fast", "--folds", "2")
WORDS = {"fruit": ("apple", "pear", "cherry", "plum"), "tool": ("hammer", "saw", "chisel", "plane")}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Install:
    """Installs a package with a tool."""

    def install_one(code: str = CARDS, name: str = "index-cards", value: str = "IndexCards") -> None:
        info = tmp_path / "site" / "doubt_cards-2.0.dist-info"
        info.mkdir(parents=True)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: doubt-cards\nVersion: 2.0\n")
        (info / "entry_points.txt").write_text(f"[doubtcli.tools]\n{name} = doubt_cards:{value}\n")
        (tmp_path / "site" / "doubt_cards.py").write_text(code)
        monkeypatch.syspath_prepend(str(tmp_path / "site"))
        monkeypatch.delitem(sys.modules, "doubt_cards", raising=False)

    return install_one


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with labelled rows, the first of which has a wrong label, and their audit."""
    folder = tmp_path_factory.mktemp("cards")
    rows = ["id,text,label", "r00,apple pear cherry,tool"]
    for number in range(1, 60):
        kind = "fruit" if number % 2 else "tool"
        words = " ".join(WORDS[kind][(number // 2**place) % 4] for place in range(3))
        rows.append(f"r{number:02},{words} n{number},{kind}")
    (folder / "rows.csv").write_text("\n".join(rows) + "\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main.run(["scan", "rows.csv", *SCAN, "--quiet"]) == 0
    return folder


@pytest.fixture
def folder(scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder to work in."""
    copy = Path(shutil.copytree(scanned, tmp_path / "work"))
    monkeypatch.chdir(copy)
    return copy


def test_out_and_back(folder: Path, install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    """A queue is handed out to it, and its answers are written into the file."""
    install()
    assert main.run(["queue", "rows.doubt", "--size", "3", "--to", "index-cards"]) == 0
    assert "Index Cards" in capsys.readouterr().out
    readme = (folder / "rows.queue" / "README.txt").read_text()
    assert "1. Print 3 cards." in readme
    assert "1. Collect the cards." in readme
    cards = json.loads((folder / "rows.queue" / "cards.json").read_text())
    assert cards[0] == {"card": "r00", "was": "tool", "shown": "apple pear cherry", "by": "", "says": ""}

    answered = [
        card | {"by": "ana", "says": "fruit" if card["card"] == "r00" else card["was"]} for card in cards
    ]
    (folder / "cards.json").write_text(json.dumps(answered))
    assert main.run(["apply", "rows.csv", "--verdicts", "cards.json", "-o", "fixed.csv"]) == 0

    with (folder / "fixed.csv").open() as file:
        assert next(csv.DictReader(file))["label"] == "fruit"
    capsys.readouterr()
    assert main.run(["log", "fixed.csv"]) == 0
    assert "in Index Cards" in " ".join(capsys.readouterr().out.split())


def test_a_scan_reads_it(folder: Path, install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    """Its answers count in a scan; the error on an unknown label names the tool's column."""
    install()
    card = {"card": "r00", "was": "tool", "by": "ana", "says": "fruit"}
    scan = ["scan", "rows.csv", *SCAN, "--verdicts", "cards.json", "-o", "new"]

    (folder / "cards.json").write_text(json.dumps([card]))
    assert main.run([*scan, "--output-format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdicts"]["corrected"] == 1

    (folder / "cards.json").write_text(json.dumps([card | {"says": "vegetable"}]))
    assert main.run(scan) == 2
    assert "cards.json, row 1, column 'says': 'vegetable'" in capsys.readouterr().err


def test_it_is_listed(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    """Its name is listed last among the tools of --to."""
    install()

    assert main.run(["queue", "--help"]) == 0
    assert "prodigy, doccano or index-cards" in " ".join(capsys.readouterr().out.split())
    assert list_tool_names()[-1] == "index-cards"
    assert name_tool("index-cards") == "Index Cards"


def test_it_may_be_one_object(install: Install) -> None:
    """An entry point may name a tool instead of its class."""
    install(f"{CARDS}\n\ncards = IndexCards()\n", value="cards")

    assert load_tool("index-cards").title == "Index Cards"


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("class IndexCards:\n    name = 'index-cards'\n", "index-cards"),
        (CARDS, "cards"),
        ("raise OSError('gone')", "index-cards"),
    ],
    ids=["part", "name", "import"],
)
def test_an_invalid_tool(install: Install, code: str, name: str, sentences: Any) -> None:
    """The error names it and its package; a report uses its name as the title."""
    install(code, name)

    with pytest.raises(ToolError) as error:
        load_tool(name)

    assert error.value.where == f"tool {name!r} of doubt-cards 2.0"
    assert name_tool(name) == name
    if name == "cards":
        sentences.check(error.value)


def test_no_such_tool(sentences: Any) -> None:
    """The error lists all tools."""
    with pytest.raises(SettingsError) as error:
        load_tool("paper")

    assert error.value.expected
    assert error.value.expected.endswith("csv, xlsx, jsonl, parquet, label-studio, argilla, prodigy, doccano")
    sentences.check(error.value)


@pytest.mark.parametrize("broken", ["is_card", "read_cards"])
def test_a_crash_while_reading(tmp_path: Path, install: Install, broken: str) -> None:
    """The error names the tool, not the file."""
    install(CARDS.replace(f"def {broken}(", f"def {broken}(*_):\n    return 1 // 0\n\n\ndef was_{broken}("))
    (tmp_path / "cards.json").write_text(json.dumps([{"card": "a"}]))

    with pytest.raises(ToolError) as error:
        read_answers(str(tmp_path / "cards.json"))

    assert error.value.where == "tool 'index-cards'"
    assert "ZeroDivisionError" in error.value.found


def test_our_own_errors_pass() -> None:
    """An error of ours is passed on unchanged."""
    error = SettingsError("")

    with pytest.raises(SettingsError) as found, blame_tool(load_tool("csv")):
        raise error

    assert found.value is error
