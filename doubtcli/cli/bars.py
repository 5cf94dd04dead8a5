"""How far a long stage has come: bars on stderr with the time left for a person, nothing for a pipe."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    ProgressColumn,
    Task,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.progress import Progress as RichProgress
from rich.text import Text

from doubtcli.progress import Silence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.progress import Advance, Progress


class Bars:
    """One bar a running stage; gone when the stage is done."""

    def __init__(self, bars: RichProgress) -> None:
        self._bars = bars

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Advance]:
        """Open a stage with its own bar; a stage within a stage stands below it."""
        if not self._bars.tasks:
            self._bars.start()
        task = self._bars.add_task(title, total=total)
        try:
            yield lambda steps: self._bars.advance(task, steps)
        finally:
            self._bars.remove_task(task)
            if not self._bars.tasks:
                self._bars.stop()


class LeftColumn(ProgressColumn):
    """The time left; of a stage whose end is not known, the steps done."""

    def __init__(self) -> None:
        super().__init__()
        self._time = TimeRemainingColumn(compact=True)

    def render(self, task: Task) -> Text:
        """One short text."""
        if task.total is None:
            return Text(f"{task.completed:,.0f}" if task.completed else "")
        return self._time.render(task) + Text(" left")


def choose_progress(*, wanted: bool) -> Progress:
    """Bars when they are wanted and stderr is a terminal, else silence."""
    return Bars(make_bars(Console(stderr=True))) if wanted and sys.stderr.isatty() else Silence()


def make_bars(console: Console) -> RichProgress:
    """Bars with title, share done and time left; stdout, which belongs to the report, is left alone."""
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), LeftColumn())
    return RichProgress(*columns, console=console, transient=True, redirect_stdout=False)
