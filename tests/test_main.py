from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from doubtcli.__main__ import main

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec


class Interrupted:
    """A finder during whose search for the commands the user presses Ctrl-C."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Interrupt where it is them."""
        if name == "doubtcli.cli.main":
            raise KeyboardInterrupt
        return None


def test_interrupted_while_it_loads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C before the commands are loaded is told in a line, and ends with 130."""
    monkeypatch.delitem(sys.modules, "doubtcli.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 130
    assert capsys.readouterr().err == "doubt: interrupted\n"


def test_runs_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Uninterrupted, it is the command on the process's arguments."""
    monkeypatch.setattr(sys, "argv", ["doubt", "--version"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("doubt ")
