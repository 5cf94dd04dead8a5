"""How a pipeline reports its stages while they run. It does not know who shows them."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Advance = Callable[[int], None]


class Progress(Protocol):
    """Shows how far a pipeline is."""

    def stage(self, title: str, total: int | None = None) -> AbstractContextManager[Advance]:
        """Open a stage of `total` steps (None if not known); gives a function that counts finished steps."""
        ...


class Silence:
    """Shows nothing: for pipes, `--quiet`, `--no-progress`, notebooks and tests."""

    def stage(self, title: str, total: int | None = None) -> AbstractContextManager[Advance]:  # noqa: ARG002  # as Progress
        """Open a stage that is not shown."""
        return nullcontext(_ignore)


def _ignore(steps: int) -> None:
    """Do nothing."""
