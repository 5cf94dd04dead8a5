"""How far a long stage has come: bars with the time left for a person, nothing for a pipe."""

from __future__ import annotations

import sys
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from rich.progress import Progress as RichProgress

    Advance = Callable[[int], None]


class Progress(Protocol):
    """What the pipeline tells of its stages while they run."""

    def stage(self, title: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Open a stage of `total` steps (None: unknown); gives a function that counts steps done."""
        ...


class Silence:
    """Says nothing: for pipes, `--quiet` and `--no-progress`."""

    def stage(self, title: str, total: int | None = None) -> AbstractContextManager[Advance]:  # noqa: ARG002  # as Progress
        """Open a stage that nobody watches."""
        return nullcontext(_forget)


class Bars:
    """One bar a running stage on stderr, with the time left; gone when the stage is done."""

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


def choose_progress(*, wanted: bool) -> Progress:
    """Bars when they are wanted and stderr is a terminal, else silence."""
    return Bars(_rich_bars()) if wanted and sys.stderr.isatty() else Silence()


def _rich_bars() -> RichProgress:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        TaskProgressColumn(),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=Console(stderr=True),
        transient=True,
        redirect_stdout=False,  # stdout belongs to the report
    )


def _forget(steps: int) -> None:
    """Take no notice."""
