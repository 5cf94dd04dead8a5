"""What is installed under an entry-point group, ours and other people's: found, made, blamed for a crash."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

from doubtcli.errors import DoubtError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

OUR_DISTRIBUTION = "doubtcli"
SWITCH = "DOUBT_PLUGINS"
"""The environment variable that leaves out other people's, with the value "off"."""


@dataclass(frozen=True)
class Installed:
    """One entry of a group; nothing of it is imported yet."""

    name: str
    package: str
    """With its version: "doubtcli 0.1.0"."""
    is_ours: bool
    entry_point: EntryPoint
    error: type[DoubtError]
    """What is raised where it can't be used."""
    kind: str
    """What it is, in a word: "reason"."""

    @property
    def where(self) -> str:
        """As a message names it: "reason 'outlier' of doubtcli 0.1.0"."""
        return f"{self.kind} {self.name!r} of {self.package}"

    def load(self) -> Any:  # noqa: ANN401  # anybody's
        """What the entry names.

        Raises:
            DoubtError: Of the kind `error`: it can't be imported.
        """
        try:
            return self.entry_point.load()
        except Exception as error:
            raise self.error(
                f"it can't be imported: {type(error).__name__}: {error}",
                where=self.where,
                hint="update or uninstall it",
            ) from error

    def make(self, parts: Iterable[str]) -> Any:  # noqa: ANN401  # anybody's
        """What the entry names, or an object of it where it names a class.

        Args:
            parts: The attributes that it must have.

        Raises:
            DoubtError: Of the kind `error`: it can't be imported or made, or lacks a part.
        """
        found = self.load()
        try:
            made = found() if isinstance(found, type) else found
        except Exception as error:
            raise self.error(
                f"it can't be made: {error}", where=self.where, hint="update or uninstall it"
            ) from error
        missing = [part for part in parts if not hasattr(made, part)]
        if missing:
            raise self.error(f"it has no {missing[0]!r}", where=self.where, hint="update or uninstall it")
        return made


def find_installed(
    group: str, kind: str, error: type[DoubtError], order: Sequence[str] = ()
) -> tuple[Installed, ...]:
    """Every entry of a group; `DOUBT_PLUGINS=off` leaves out other people's.

    Args:
        group: The entry-point group.
        kind: What its entries are, in a word: "reason".
        error: What is raised where one of them can't be used.
        order: The names that come first where they are ours; all others follow by name.

    Raises:
        DoubtError: Of the kind `error`: two packages bring entries of the same name.
    """
    only_ours = os.environ.get(SWITCH, "").lower() == "off"
    found: dict[str, Installed] = {}
    for point, package, is_ours in _list_entry_points(group, tuple(sys.path)):
        if only_ours and not is_ours:
            continue
        entry = Installed(point.name, package, is_ours, point, error, kind)
        taken = found.setdefault(point.name, entry)
        if taken.entry_point.value != point.value or taken.package != package:
            raise error(
                f"two packages bring a {kind} {point.name!r}: {taken.package} and {package}",
                where=package,
                hint=f"uninstall one of them, or leave all plug-ins out with {SWITCH}=off",
            )

    def place(one: Installed) -> tuple[int, str]:
        is_placed = one.is_ours and one.name in order
        return (order.index(one.name) if is_placed else len(order), one.name)

    return tuple(sorted(found.values(), key=place))


@cache  # it takes tens of milliseconds where much is installed
def _list_entry_points(group: str, path: tuple[str, ...]) -> tuple[tuple[EntryPoint, str, bool], ...]:  # noqa: ARG001
    """The entries of a group, each with its package, and whether that is ours."""
    entries = []
    for point in entry_points(group=group):
        package = f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"
        entries.append((point, package, point.dist is not None and point.dist.name == OUR_DISTRIBUTION))
    return tuple(entries)


@contextmanager
def blame_author(
    made: object, where: str, error: type[DoubtError], hint: str = "tell its authors"
) -> Iterator[None]:
    """Name somebody else's object in what it raises; what ours raises is a bug of ours, and passes.

    Args:
        made: What is asked.
        where: As a message names it.
        error: What is raised in place of a crash.
        hint: What to do about it.
    """
    try:
        yield
    except (DoubtError, UnicodeError):
        raise
    except Exception as crash:
        if type(made).__module__.startswith(f"{OUR_DISTRIBUTION}."):
            raise
        raise error(f"it crashed: {type(crash).__name__}: {crash}", where=where, hint=hint) from crash
