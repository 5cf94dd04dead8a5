from __future__ import annotations

import io
import os
import sys

import pytest
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from doubtcli.progress import Bars, Silence, choose_progress


@pytest.fixture
def bars() -> Progress:
    """Bars on a terminal of fixed width, which is a string."""
    terminal = Console(file=io.StringIO(), force_terminal=True, width=60, color_system=None)
    return Progress(TextColumn("{task.description} {task.completed:.0f}"), BarColumn(), console=terminal)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def test_silence() -> None:
    """Silence takes any number of steps and prints nothing."""
    with Silence().stage("fitting", 10) as advance:
        advance(3)


def test_a_stage_counts_its_steps(bars: Progress) -> None:
    """Each stage has a bar that moves by the steps it is told, and goes when the stage is done."""
    with Bars(bars).stage("fitting", 10) as advance:
        advance(3)
        advance(4)
        (task,) = bars.tasks

        assert (task.description, task.completed, task.total) == ("fitting", 7, 10)
    assert bars.tasks == []


def test_a_stage_within_a_stage(bars: Progress) -> None:
    """A stage within a stage has its own bar below; the display ends with the outer one."""
    progress = Bars(bars)

    with progress.stage("outer"):
        with progress.stage("inner", 2):
            assert [task.description for task in bars.tasks] == ["outer", "inner"]
        assert bars.live.is_started
    assert not bars.live.is_started


def test_a_stage_that_fails(bars: Progress) -> None:
    """A stage that fails leaves no bar and no running display behind."""
    with pytest.raises(RuntimeError), Bars(bars).stage("fitting", 10):
        raise RuntimeError

    assert bars.tasks == []
    assert not bars.live.is_started


@pytest.mark.parametrize(
    ("stream", "wanted", "kind"),
    [(Terminal(), True, Bars), (Terminal(), False, Silence), (io.StringIO(), True, Silence)],
)
def test_choose(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, wanted: bool, kind: type) -> None:
    """Bars show only if they are wanted and stderr is a terminal."""
    monkeypatch.setattr(sys, "stderr", stream)

    assert isinstance(choose_progress(wanted=wanted), kind)


@pytest.mark.skipif(os.name != "posix", reason="needs a pseudo-terminal")
def test_bars_say_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal a bar shows its title, how far it is and the time left; stdout stays clean."""
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm")

    with choose_progress(wanted=True).stage("fitting", 4) as advance:
        advance(2)

    assert "fitting" in terminal.getvalue()
    assert "left" in terminal.getvalue()
