"""What is installed under an entry-point group, ours and other people's; nothing of it is imported yet."""

from __future__ import annotations

import os
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.errors import DoubtError

OUR_DISTRIBUTION = "doubtcli"
SWITCH = "DOUBT_PLUGINS"
"""The environment variable that leaves out other people's, with the value "off"."""


@dataclass(frozen=True)
class Installed:
    """One entry of a group."""

    name: str
    package: str
    """With its version: "doubtcli 0.1.0"."""
    is_ours: bool
    entry_point: EntryPoint
    error: type[DoubtError]
    """What is raised where it can't be used."""
    kind: str
    """What it is, in a word: "reason"."""

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
                where=f"{self.kind} {self.name!r} of {self.package}",
                hint="update or uninstall it",
            ) from error


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
    for point in entry_points(group=group):
        package = f"{point.dist.name} {point.dist.version}" if point.dist else "unknown"
        is_ours = point.dist is not None and point.dist.name == OUR_DISTRIBUTION
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
