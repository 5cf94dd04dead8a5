"""Column roles -> the keys that say them: on where the user said so, off where doubt sees it by itself."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from doubtcli.records import Role
from doubtcli.settings import FILE_KEYS
from doubtcli.starter.toml import comment, string, strings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from doubtcli.records import Column, Roles

KEYS = {Role.IDENTIFIER: "id", Role.ANNOTATOR: "annotators", Role.IGNORED: "ignore"}
"""Where a role's key has another name than the role."""
PINNED = ("label", "id")
"""Found by doubt itself and on all the same: a new column must not take their place unseen."""
LISTS = ("text", "numeric", "categorical", "datetime", "embedding", "annotators", "ignore", "use")
COLUMN_KEYS = (*PINNED, "group", *LISTS)
"""All keys that name columns, in the order in which they are told."""
MOST_LISTED = 30
"""Columns of one role that are found by doubt itself; a table of measures may have a thousand."""


def column_lines(said: Mapping[str, Any], roles: Roles) -> Iterator[str]:
    """A table's keys on the columns of its file, each below the line that explains it."""
    found = _by_key(roles)
    for name in PINNED:
        yield from _pinned(name, found[name])
    if not found["id"]:
        yield "# No column names the rows: they are known by what stands in them."
    if group := said.get("group"):
        yield f"# {FILE_KEYS['group'].about}"
        yield f"group = {string(group)}"
    lists = [line for name in LISTS for line in _list(name, said.get(name, ()), found[name])]
    if lists:
        yield ""
        yield '# The other columns; those behind a "#" are what doubt sees in them by itself.'
        yield from lists
    yield from (_unfit(column) for column in found[""])


def _by_key(roles: Roles) -> dict[str, list[Column]]:
    """Columns by the key that says their role; "" for those that no key takes in."""
    found: dict[str, list[Column]] = defaultdict(list)
    for column in roles.columns:
        found[_key(column)].append(column)
    return found


def _key(column: Column) -> str:
    if column.used or column.why == "--ignore":
        return KEYS.get(column.role, column.role.value)
    return "" if column.role in {Role.IGNORED, Role.EMBEDDING} else "use"


def _pinned(name: str, columns: Sequence[Column]) -> Iterator[str]:
    for column in columns:
        why = "" if column.why.startswith("--") else f"  # {comment(column.why)}"
        yield f"# {FILE_KEYS[name].about}"
        yield f"{name} = {string(column.name)}{why}"


def _list(name: str, said: Sequence[str], found: Sequence[Column]) -> Iterator[str]:
    """A key with the columns that the user named, and behind a "#" those that doubt found besides."""
    on = tuple(said)
    is_pattern = name == "annotators" and on
    off = [column for column in found if column.name not in on and not is_pattern]
    if not (on or off):
        return
    yield f"# {FILE_KEYS[name].about}"
    if not off:
        yield f"{name} = {strings(on)}"
        return
    mark = "" if on else "#"
    yield f"{mark}{name} = ["
    yield from (f"  {string(column)}," for column in on)
    yield from (f"#  {string(column.name)},  # {comment(column.why)}" for column in off[:MOST_LISTED])
    if len(off) > MOST_LISTED:
        yield f"#  # and {len(off) - MOST_LISTED} more"
    yield f"{mark}]"


def _unfit(column: Column) -> str:
    return f"# Not used: {comment(string(column.name))}, {comment(column.why)}"
