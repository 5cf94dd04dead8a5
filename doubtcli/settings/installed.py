"""Entry points of a group, ours and plug-ins': found, loaded, and named where they crash."""

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
"""The environment variable that leaves out plug-ins, with the value "off"."""


@dataclass(frozen=True)
class Installed:
    """One entry of a group; nothing of it is imported yet."""

    name: str
    package: str
    """With its version: "doubtcli 0.1.0"."""
    is_ours: bool
    entry_point: EntryPoint
    error: type[DoubtError]
    """The error to raise where it can't be used."""
    kind: str
    """What it is, in a word: "reason"."""

    @property
    def where(self) -> str:
        """Its name in messages: "reason 'outlier' of doubtcli 0.1.0"."""
        return f"{self.kind} {self.name!r} of {self.package}"

    def load(self) -> Any:  # noqa: ANN401  # of a plug-in
        """The object that the entry point names.

        Raises:
            DoubtError: It can't be imported; of type `error`.
        """
        try:
            return self.entry_point.load()
        except Exception as error:
            raise self.error(
                f"it can't be imported: {type(error).__name__}: {error}",
                where=self.where,
                hint="update or uninstall it",
            ) from error

    def make(self, parts: Iterable[str]) -> Any:  # noqa: ANN401  # of a plug-in
        """The object that the entry point names; where it is a class, an instance of it.

        Args:
            parts: The attributes that it must have.

        Raises:
            DoubtError: It can't be imported or made, or an attribute is missing; of type `error`.
        """
        found = self.load()
        try:
            made = found() if isinstance(found, type) else found
        except Exception as error:
            raise self.error(
                f"it can't be created: {error}", where=self.where, hint="update or uninstall it"
            ) from error
        missing = [part for part in parts if not hasattr(made, part)]
        if missing:
            raise self.error(f"it has no {missing[0]!r}", where=self.where, hint="update or uninstall it")
        return made


def find_installed(
    group: str, kind: str, error: type[DoubtError], order: Sequence[str] = ()
) -> tuple[Installed, ...]:
    """Every entry of a group; `DOUBT_PLUGINS=off` leaves out plug-ins.

    Args:
        group: The entry-point group.
        kind: What its entries are, in a word: "reason".
        error: The error to raise where one of them can't be used.
        order: Names of ours that come first; all others follow by name.

    Raises:
        DoubtError: Two packages have entries of the same name; of type `error`.
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
                f"two packages have a {kind} {point.name!r}: {taken.package} and {package}",
                where=package,
                hint=f"uninstall one of them, or leave out all plug-ins with {SWITCH}=off",
            )

    def sort_key(one: Installed) -> tuple[int, str]:
        is_ordered = one.is_ours and one.name in order
        return (order.index(one.name) if is_ordered else len(order), one.name)

    return tuple(sorted(found.values(), key=sort_key))


@cache  # it takes tens of milliseconds where much is installed
def _list_entry_points(group: str, path: tuple[str, ...]) -> tuple[tuple[EntryPoint, str, bool], ...]:  # noqa: ARG001
    """The entry points of a group, each with its package, and whether that is ours."""
    entries = []
    known: dict[int, tuple[str, bool]] = {}
    for point in entry_points(group=group):
        if id(point.dist) not in known:  # each look at its name or version reads a file
            name = point.dist.name if point.dist else ""
            package = f"{name} {point.dist.version}" if point.dist else "unknown"
            known[id(point.dist)] = (package, name == OUR_DISTRIBUTION)
        entries.append((point, *known[id(point.dist)]))
    return tuple(entries)


@contextmanager
def blame_author(
    made: object, where: str, error: type[DoubtError], hint: str = "tell its authors"
) -> Iterator[None]:
    """Turn a crash of a plug-in into an error that names it; a crash of our own code is a bug, and passes.

    Args:
        made: The object that is called.
        where: Its name in messages.
        error: The error to raise in place of a crash.
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
