from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from doubtcli.__main__ import main

if TYPE_CHECKING:
    from importlib.machinery import ModuleSpec


class Interrupted:
    """A finder that acts as if the user presses Ctrl-C while the commands are imported."""

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        """Interrupt at the commands' module."""
        if name == "doubtcli.cli.main":
            raise KeyboardInterrupt
        return None


def test_interrupted_while_it_loads(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Ctrl-C while the commands load prints one line, and ends with 130."""
    monkeypatch.delitem(sys.modules, "doubtcli.cli.main", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Interrupted(), *sys.meta_path])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 130
    assert capsys.readouterr().err.count("\n") == 1


def test_runs_the_command(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without an interrupt, it runs the command with the process's arguments."""
    monkeypatch.setattr(sys, "argv", ["doubt", "--version"])

    with pytest.raises(SystemExit) as ended:
        main()

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("doubt ")
