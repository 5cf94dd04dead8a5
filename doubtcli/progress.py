"""What the pipeline tells of its stages while they run; who listens is not its business."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Advance = Callable[[int], None]


class Progress(Protocol):
    """Somebody who wants to know how far the pipeline is."""

    def stage(self, title: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Open a stage of `total` steps (None: unknown); gives a function that counts steps done."""
        ...


class Silence:
    """Nobody: for pipes, `--quiet`, `--no-progress`, notebooks and tests."""

    def stage(self, title: str, total: int | None = None) -> AbstractContextManager[Advance]:  # noqa: ARG002  # as Progress
        """Open a stage that nobody watches."""
        return nullcontext(_forget)


def _forget(steps: int) -> None:
    """Take no notice."""
