from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from doubtcli.cli import main
from doubtcli.gate import formats
from doubtcli.gate.formats import finish_gate, list_gate_formats, render_gate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from doubtcli.gate.result import GateResult

ADDED = '''
from pathlib import Path


def render_telegram(result):
    """One word."""
    return "PASSED STOP" if result.passed else "FAILED STOP"


def finish_telegram(result):
    """Ring."""
    Path("rung").touch()
'''


@pytest.fixture
def _telegram(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """One more file among the formats."""
    (tmp_path / "telegram.py").write_text(ADDED)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(formats, "__path__", [*formats.__path__, str(tmp_path)])
    yield
    sys.modules.pop("doubtcli.gate.formats.telegram", None)


def test_names() -> None:
    """The formats are listed in a fixed order, without importing any of them."""
    assert list_gate_formats() == (
        *("concise", "json", "jsonl", "github", "markdown", "gitlab", "junit", "sarif"),
    )


@pytest.mark.usefixtures("_telegram")
def test_one_file_more(full_result: GateResult, tmp_path: Path) -> None:
    """A file in the folder is a format: it is listed after the others, rendered, and finished."""
    assert list_gate_formats()[-1] == "telegram"
    assert render_gate("telegram", full_result) == "FAILED STOP"

    finish_gate("telegram", full_result)

    assert (tmp_path / "rung").exists()


@pytest.mark.usefixtures("_telegram")
def test_on_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    """The command line accepts the format without further changes; for an unknown one it lists all."""
    assert main.run(["gate", "no-such-file.csv", "-f", "telegram", "--max-new", "0"]) == 2
    assert "no-such-file.csv" in capsys.readouterr().err

    assert main.run(["gate", "no-such-file.csv", "-f", "telegraf"]) == 2
    assert "junit, sarif or telegram" in " ".join(capsys.readouterr().err.split())


def test_nothing_to_finish(full_result: GateResult) -> None:
    """A format that does nothing in addition to its text has no such function."""
    finish_gate("sarif", full_result)
