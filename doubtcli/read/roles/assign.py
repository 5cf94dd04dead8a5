"""The role of each column: what the user said, else what its values suggest."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from doubtcli.errors import FeatureError, InputError, SettingsError
from doubtcli.files.values import find_distinct, holds_bytes
from doubtcli.read.labels import encode_answers, plain_name
from doubtcli.read.roles.left_out import (
    LEAK,
    can_name_rows,
    check_names_rows,
    is_another_answer,
    names_rows,
    one_to_one,
)
from doubtcli.records import NOT_INPUTS, ROLES_GROUP, Column, Role, Roles
from doubtcli.settings.installed import blame_author, find_installed
from doubtcli.wording.lists import did_you_mean, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from doubtcli.files.values import Distinct
    from doubtcli.records import Fit, InputRole, Labels, Table
    from doubtcli.settings import ScanSettings
    from doubtcli.settings.installed import Installed

ROLES_ORDER = ("text", "numeric", "categorical", "datetime", "embedding")
ROLE_PARTS = ("name", "asked_at", "may_leak", "shown", "fits", "convert")
IDENTIFIERS_ASKED_AT = 20
"""Roles that are asked before see columns of bytes, and those that name the rows, too."""
ANNOTATOR_NAME = re.compile(r"^(annotator|rater|coder|judge|labell?er|worker|reviewer)(_\w+|\d+)?$")
FEWEST_ANNOTATORS = 2
"""One column of answers has nobody to disagree with."""


def assign_roles(table: Table, settings: ScanSettings, label: tuple[str, str], labels: Labels) -> Roles:
    """The part that each column of a table plays, and why.

    What the user said goes first. Else a column's values decide: a vector a row is an embedding; values that
    name rows (unique, and named or built like ids; names of files) an identifier; then numbers, dates, few
    different values (categorical) and text. An identifier that is named like one, unique and never missing
    becomes the row ids. Inputs that are empty, the same on every row or a leak are left out, unless `use`
    names them. A leak is a column of at most twice as many values as there are classes that goes one to one
    with the label on 99% of rows.

    Args:
        table: The file.
        settings: What the user said.
        label: The label column's name and why it is that one, from `find_label_column`.
        labels: The label column, encoded.

    Raises:
        InputError: The column that should name the rows doesn't, that of vectors holds none, or an annotator
            gave no answer that is a class.
        SettingsError: There is no such column, or one would play two roles.
    """
    claims = {**find_claims(table, settings), label[0]: (Role.LABEL, label[1])}
    claims = {**_find_annotators(table, claims, settings, labels), **claims}
    columns = [
        LookedAt(table, name, labels, name in settings.use).column(claims) for name in table.data.column_names
    ]
    if settings.id is None:
        columns = _with_row_ids(columns, table)
    return Roles(tuple(columns))


def list_roles() -> tuple[InputRole, ...]:
    """The roles that models learn from, ours and other people's, as they are listed.

    Raises:
        FeatureError: One can't be imported, or lacks a part.
    """
    return _make_roles(find_installed(ROLES_GROUP, "role", FeatureError, ROLES_ORDER))


@cache
def _make_roles(installed: tuple[Installed, ...]) -> tuple[InputRole, ...]:
    return tuple(one.make(ROLE_PARTS) for one in installed)


def convert_column(role: InputRole, table: Table, name: str) -> Any:  # noqa: ANN401  # a column or a matrix
    """The values of a column, ready to be learnt from.

    Raises:
        DoubtError: A value does not fit the role, or the role crashed.
    """
    with blame_author(role, f"role {role.name!r}", FeatureError):
        return role.convert(table, name)


def find_claims(table: Table, settings: ScanSettings) -> dict[str, tuple[str, str]]:
    """The role that the user gave a column, and the option that gave it.

    A pattern leaves out the columns that are named elsewhere.

    Raises:
        SettingsError: There is no such column, or one would play two roles.
    """
    names = table.data.column_names
    claims: dict[str, tuple[str, str]] = {}
    for role, option, given in _named_columns(settings, names):
        name = check_column(given, names, option, table.source.path)
        before = claims.setdefault(name, (role, option))
        if before != (role, option):
            raise SettingsError(
                f"it can't be both: {before[1]} and {option} name it",
                where=table.source.path,
                column=name,
                expected="one role a column",
            )
    for pattern in settings.annotators:
        if not _is_name(pattern, names):
            taken = {*claims, *settings.use}
            claims |= dict.fromkeys(
                _match_pattern(pattern, names, taken, table.source.path), (Role.ANNOTATOR, "--annotators")
            )
    _check_use(table, settings, claims)
    return claims


def _find_annotators(
    table: Table, claims: Mapping[str, tuple[str, str]], settings: ScanSettings, labels: Labels
) -> dict[str, tuple[str, str]]:
    """The columns that are named like annotators and hold classes only, if there are several."""
    if settings.annotators:
        return {}
    found = []
    for name in table.data.column_names:
        if name in claims or name in settings.use or not ANNOTATOR_NAME.match(plain_name(name)):
            continue
        codes, n_unheard = encode_answers(table, name, labels)
        if n_unheard == 0 and (codes >= 0).any():
            found.append(name)
    if len(found) < FEWEST_ANNOTATORS:
        return {}
    return dict.fromkeys(found, (Role.ANNOTATOR, "named like an annotator, and holds only classes"))


def _with_row_ids(columns: list[Column], table: Table) -> list[Column]:
    """The same columns; the first that is called "id", else the first fit one, names the rows."""
    fit = [
        column
        for column in columns
        if column.role == Role.IDENTIFIER
        and can_name_rows(column.name, find_distinct(table.data.column(column.name)))
    ]
    if not fit:
        return columns
    chosen = min(fit, key=lambda column: plain_name(column.name) != "id")
    named = replace(chosen, used=True, why="named like an id, and different on every row: names the rows")
    return [named if column is chosen else column for column in columns]


@dataclass(frozen=True)
class LookedAt:
    """One column, and what is needed to find its role."""

    table: Table
    name: str
    labels: Labels
    use: bool
    """Whether it is to be learnt from although it looks like a leak or an identifier."""

    @cached_property
    def values(self) -> Distinct:
        """What stands in it."""
        return find_distinct(self.table.data.column(self.name))

    def column(self, claims: Mapping[str, tuple[str, str]]) -> Column:
        """Its role, and why."""
        role, why = claims.get(self.name, (None, ""))
        if role is None:
            return self._infer()
        if role == Role.ANNOTATOR:
            why += self._unheard()
        elif role == Role.IDENTIFIER:
            check_names_rows(self.values, self.table, self.name)
        column = Column(self.name, role, role != Role.IGNORED, why)
        return self._check_input(column) if column.is_input else column

    def _infer(self) -> Column:
        data = self.table.data.column(self.name)
        roles = sorted(list_roles(), key=lambda role: role.asked_at)
        first = self._first_that_fits([role for role in roles if role.asked_at < IDENTIFIERS_ASKED_AT])
        if first is not None:
            return first
        if holds_bytes(data.type):
            return Column(self.name, Role.IGNORED, used=False, why="bytes: can't be learnt from")
        id_why = names_rows(self.name, self.values)
        if id_why and not self.use:
            return Column(self.name, Role.IDENTIFIER, used=False, why=f"{id_why}: left out")
        found = self._first_that_fits([role for role in roles if role.asked_at >= IDENTIFIERS_ASKED_AT])
        assert found is not None  # noqa: S101  # whatever is nothing else is a text
        return found

    def _first_that_fits(self, roles: Sequence[InputRole]) -> Column | None:
        for role in roles:
            with blame_author(role, f"role {role.name!r}", FeatureError):
                fit: Fit | None = role.fits(self)
            if fit is not None:
                is_asked = self.use and role.may_leak
                column = Column(
                    self.name, role.name, fit.is_usable, f"--use, {fit.why}" if is_asked else fit.why
                )
                return self._check_leak(column) if role.may_leak and fit.is_usable else column
        return None

    def _check_input(self, column: Column) -> Column:
        """A column that the user gave a role to be learnt from."""
        role = next(role for role in list_roles() if role.name == column.role)
        if role.may_leak:
            return self._check_leak(column)
        convert_column(role, self.table, self.name)
        return column

    def _check_leak(self, column: Column) -> Column:
        """The column, left out where a model should not learn from it."""
        out = self._left_out()
        if out and self.use:
            return replace(column, why=f"--use, though {out}")
        if out:
            return replace(column, used=False, why=f"{out}: left out (--use {self.name} keeps it)")
        if is_another_answer(self.name, self.values, self.labels):
            hint = f"--ignore {self.name} leaves it out"
            return replace(column, why=f"{column.why}; may be another answer to the same question: {hint}")
        return column

    def _left_out(self) -> str | None:
        """Why a model should not learn from it."""
        n_different = len(self.values.values)
        if n_different == 0:
            return "empty"
        if n_different == 1 and self.values.n_missing == 0:
            return "the same on every row"
        share = one_to_one(self.values, self.labels)
        if share < LEAK:
            return None
        # cut, not rounded: 99.96% is not all rows
        rows = "every row" if share == 1 else f"{int(share * 1000) / 10:g}% of rows"
        return f"it goes one to one with the label on {rows}"

    def _unheard(self) -> str:
        """How many answers are no class; a column of nothing else is refused."""
        codes, n_unheard = encode_answers(self.table, self.name, self.labels)
        if not (codes >= 0).any():
            raise InputError(
                "none of its answers is a class of the label",
                where=self.table.source.path,
                column=self.name,
                expected=f"answers such as {', '.join(map(repr, self.labels.class_names[:5]))}",
                hint=f"leave it out: --ignore {self.name}",
            )
        answers = "1 answer that is" if n_unheard == 1 else f"{n_unheard:,} answers that are"
        return f"; {answers} no class of the label count as not given" if n_unheard else ""


def _named_columns(settings: ScanSettings, names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Role, option and column of everything that was named outright."""
    annotators = tuple(name for name in settings.annotators if _is_name(name, names))
    given: tuple[tuple[str, str, tuple[str | None, ...]], ...] = (
        (Role.LABEL, "--label", (settings.label,)),
        # a role of somebody else's has no option
        *((role.name, f"--{role.name}", getattr(settings, role.name, ())) for role in list_roles()),
        (Role.IDENTIFIER, "--id", (settings.id,)),
        (Role.GROUP, "--group", (settings.group,)),
        (Role.IGNORED, "--ignore", settings.ignore),
        (Role.ANNOTATOR, "--annotators", annotators),
    )
    return ((role, option, name) for role, option, columns in given for name in columns if name is not None)


def check_column(name: str, names: Sequence[str], option: str, where: str) -> str:
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


def _is_name(name: str, names: Sequence[str]) -> bool:
    return name in names or not any(mark in name for mark in "*?[")


def _match_pattern(pattern: str, names: Sequence[str], taken: set[str], where: str) -> list[str]:
    matching = [name for name in names if name not in taken and fnmatchcase(name, pattern)]
    if matching:
        return matching
    raise SettingsError(
        f"no column matches {pattern!r}, which --annotators names",
        where=where,
        expected=f"a pattern for some of {listed(names)}",
    )


def _check_use(table: Table, settings: ScanSettings, claims: dict[str, tuple[str, str]]) -> None:
    for given in settings.use:
        name = check_column(given, table.data.column_names, "--use", table.source.path)
        role, option = claims.get(name, ("", ""))
        if role in NOT_INPUTS:
            raise SettingsError(
                f"it can't be both: {option} and --use name it",
                where=table.source.path,
                column=name,
                expected="--use for a column that models may learn from",
            )
