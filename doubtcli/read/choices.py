"""What the user said of the columns, held against the columns there are."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from doubtcli.errors import SettingsError
from doubtcli.records import Role
from doubtcli.wording.lists import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from doubtcli.records import Table


@dataclass(frozen=True)
class RoleChoices:
    """The columns that the user gave a role; all others are inferred."""

    label: str | None = None
    text: tuple[str, ...] = ()
    numeric: tuple[str, ...] = ()
    categorical: tuple[str, ...] = ()
    datetime: tuple[str, ...] = ()
    embedding: tuple[str, ...] = ()
    annotators: tuple[str, ...] = ()
    """Names or patterns: "rater_*"."""
    ignore: tuple[str, ...] = ()
    use: tuple[str, ...] = ()
    """To learn from although they look like a leak or an identifier."""
    id: str | None = None
    group: str | None = None


def claimed(table: Table, choices: RoleChoices) -> dict[str, tuple[Role, str]]:
    """The role that the user gave a column, and the option that gave it.

    A pattern leaves out the columns that are named elsewhere.

    Raises:
        SettingsError: There is no such column, or one would play two roles.
    """
    names = table.data.column_names
    claims: dict[str, tuple[Role, str]] = {}
    for role, option, given in _named(choices, names):
        name = known(given, names, option, table.source.path)
        before = claims.setdefault(name, (role, option))
        if before != (role, option):
            raise SettingsError(
                f"it can't be both: {before[1]} and {option} name it",
                where=table.source.path,
                column=name,
                expected="one role a column",
            )
    for pattern in choices.annotators:
        if not _is_name(pattern, names):
            taken = {*claims, *choices.use}
            claims |= dict.fromkeys(
                _matching(pattern, names, taken, table.source.path), (Role.ANNOTATOR, "--annotators")
            )
    _check_use(table, choices, claims)
    return claims


def known(name: str, names: Sequence[str], option: str, where: str) -> str:
    """The name, if it is a column's.

    Raises:
        SettingsError: It is not; tells the nearest one and lists them all.
    """
    if name in names:
        return name
    raise SettingsError(
        f"there is no column {name!r}, which {option} names",
        where=where,
        expected=f"one of {listed(names)}",
        hint=did_you_mean(name, names, str.lower),
    )


def _named(choices: RoleChoices, names: Sequence[str]) -> Iterator[tuple[Role, str, str]]:
    """Role, option and column of everything that was named outright."""
    given = (
        (Role.LABEL, "--label", (choices.label,)),
        (Role.TEXT, "--text", choices.text),
        (Role.NUMERIC, "--numeric", choices.numeric),
        (Role.CATEGORICAL, "--categorical", choices.categorical),
        (Role.DATETIME, "--datetime", choices.datetime),
        (Role.EMBEDDING, "--embedding", choices.embedding),
        (Role.IDENTIFIER, "--id", (choices.id,)),
        (Role.GROUP, "--group", (choices.group,)),
        (Role.IGNORED, "--ignore", choices.ignore),
        (Role.ANNOTATOR, "--annotators", tuple(name for name in choices.annotators if _is_name(name, names))),
    )
    return ((role, option, name) for role, option, columns in given for name in columns if name is not None)


def _is_name(name: str, names: Sequence[str]) -> bool:
    return name in names or not any(mark in name for mark in "*?[")


def _matching(pattern: str, names: Sequence[str], taken: set[str], where: str) -> list[str]:
    matching = [name for name in names if name not in taken and fnmatchcase(name, pattern)]
    if matching:
        return matching
    raise SettingsError(
        f"no column matches {pattern!r}, which --annotators names",
        where=where,
        expected=f"a pattern for some of {listed(names)}",
    )


def _check_use(table: Table, choices: RoleChoices, claims: dict[str, tuple[Role, str]]) -> None:
    for given in choices.use:
        name = known(given, table.data.column_names, "--use", table.source.path)
        role, option = claims.get(name, (Role.TEXT, ""))
        if role in {Role.LABEL, Role.IDENTIFIER, Role.GROUP, Role.IGNORED, Role.ANNOTATOR}:
            raise SettingsError(
                f"it can't be both: {option} and --use name it",
                where=table.source.path,
                column=name,
                expected="--use for a column that models may learn from",
            )
