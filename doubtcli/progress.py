"""How a pipeline reports its stages while they run. It does not know who shows them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Advance = Callable[[int], None]


_FEWEST_DONE, _LEAST_ELAPSED = 2, 1.0
"""Steps and seconds from which on the time left is estimated."""


class Progress(Protocol):
    """Shows how far a pipeline is."""

    def stage(self, title: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Open a stage of `total` steps (None if not known); gives a function that counts finished steps."""
        ...


def estimate_time_left(done: float, total: float | None, elapsed: float) -> str:
    """How long the rest of a stage takes if it goes on as so far: "about 2 min left".

    Empty until two steps are done and some time has passed, as nothing is known before; and where the number
    of steps is not known.

    Args:
        done: Steps.
        total: Steps; None if not known.
        elapsed: Seconds since the stage was opened.
    """
    if not total or not _FEWEST_DONE <= done < total or elapsed < _LEAST_ELAPSED:
        return ""
    seconds = elapsed * (total - done) / done
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"about {seconds / size:.0f} {unit} left"
    return f"about {max(seconds, 1):.0f} s left"


class Silence:
    """Shows nothing: for pipes, `--quiet`, `--no-progress`, notebooks and tests."""

    def stage(self, title: str, total: int | None = None) -> AbstractContextManager[Advance]:  # noqa: ARG002  # as Progress
        """Open a stage that is not shown."""
        return nullcontext(_ignore)


def _ignore(steps: int) -> None:
    """Do nothing."""
