"""The role of each column: what the user said, else what its values suggest."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from doubtcli.errors import FeatureError, InputError, SettingsError
from doubtcli.files.values import find_distinct, holds_bytes
from doubtcli.read.answers import agree_with_labels, encode_answers, find_loose_answer
from doubtcli.read.column_names import OTHER_ANSWER, split_words, to_snake_case, word_set
from doubtcli.read.labels import find_rows_of_names
from doubtcli.read.roles.left_out import (
    LEAK,
    are_groups,
    can_be_row_ids,
    check_row_ids,
    explain_identifier,
    find_odd_ids,
    is_another_answer,
    is_common_answer,
    is_within,
    may_name_groups,
    names_part,
    one_to_one_share,
)
from doubtcli.read.roles.pairs import find_pairs
from doubtcli.records import NOT_INPUTS, ROLES_GROUP, Column, Role, Roles, Table
from doubtcli.settings.fields import NO_PAIR
from doubtcli.settings.installed import blame_author, find_installed
from doubtcli.wording.lists import did_you_mean, quote_names
from doubtcli.wording.quoting import quote_word, shorten_quoted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from doubtcli.files.values import Distinct
    from doubtcli.records import Codes, Fit, InputRole, Labels
    from doubtcli.settings import ScanSettings
    from doubtcli.settings.installed import Installed

ROLES_ORDER = ("text", "numeric", "categorical", "datetime", "embedding")
ROLE_PARTS = ("name", "asked_at", "may_leak", "shown", "fits", "convert")
IDENTIFIERS_ASKED_AT = 20
"""Roles that are asked before see columns of bytes, and those that name the rows, too."""
ANNOTATOR_NAMES = word_set(
    "annotator annot anno ann rater coder judge labeler labeller worker reviewer adjudicator turker grader"
)
PEEKED = 100
"""Rows looked at first: they rule most columns out."""
FEWEST_ANNOTATORS = 2
"""One column of answers has nobody to disagree with."""


def assign_roles(table: Table, settings: ScanSettings, label: tuple[str, str], labels: Labels) -> Roles:
    """The role of each column of a table, and why it has that role.

    What the user said comes first. Otherwise a column's values decide: vectors are an embedding; values that
    identify rows (unique, and named or built like ids; file names) an identifier; then come numbers, dates,
    few different values (categorical) and text. An identifier that is named like one, unique and never
    missing becomes the row ids. Inputs that are empty, the same on every row or a leak are left out, unless
    `use` names them. A leak is a column with at most twice as many values as there are classes that matches
    the label one to one on 99% of rows.

    Args:
        table: The file.
        settings: The user's settings.
        label: The label column's name and why it is that one, from `find_label_column`.
        labels: The label column, encoded.

    Raises:
        InputError: The id column has missing or repeated ids, an embedding column has no vectors, or an
            annotator gave no answer that is a class.
        SettingsError: There is no such column, or one was given two roles.
    """
    claims = {**find_claims(table, settings), label[0]: (Role.LABEL, label[1])}
    claims = {**_find_annotators(table, claims, settings, labels), **claims}
    claims = {**_find_groups(table, claims, settings, labels), **claims}
    columns = [
        InspectedColumn(table, name, labels, _find_asking(name, settings)).column(claims)
        for name in table.data.column_names
    ]
    if settings.id is None:
        columns = _choose_row_ids(columns, table, ~find_rows_of_names(table, label[0]))
    return find_pairs(columns, table, settings)


def _find_asking(name: str, settings: ScanSettings) -> str:
    """The option by which the user asks that models learn from a column; "" if none does."""
    return "--use" if name in settings.use else "--pair" if name in settings.pair else ""


def list_roles() -> tuple[InputRole, ...]:
    """The roles that models learn from, ours and those of plug-ins, in the order in which they are listed.

    Raises:
        FeatureError: One can't be imported, or lacks a part.
    """
    return _make_roles(find_installed(ROLES_GROUP, "role", FeatureError, ROLES_ORDER))


@cache
def _make_roles(installed: tuple[Installed, ...]) -> tuple[InputRole, ...]:
    return tuple(one.make(ROLE_PARTS) for one in installed)


def convert_column(role: InputRole, table: Table, name: str) -> Any:  # noqa: ANN401  # a column or a matrix
    """The values of a column, in the type that models need.

    Raises:
        DoubtError: A value does not fit the role, or the role crashed.
    """
    with blame_author(role, f"role {role.name!r}", FeatureError):
        return role.convert(table, name)


def find_claims(table: Table, settings: ScanSettings) -> dict[str, tuple[str, str]]:
    """The role that the user gave a column, and the option that gave it.

    A pattern does not match columns that are named by another option.

    Raises:
        SettingsError: There is no such column, or one was given two roles.
    """
    names = table.data.column_names
    claims: dict[str, tuple[str, str]] = {}
    for role, option, given in _named_columns(settings, names):
        name = check_column(given, names, option, table.source.path)
        before = claims.setdefault(name, (role, option))
        if before != (role, option):
            raise SettingsError(
                f"it is named by two options: {before[1]} and {option}",
                where=table.source.path,
                column=name,
                expected="one role for each column",
            )
    for pattern in settings.annotators:
        if not _is_name(pattern, names):
            taken = {*claims, *settings.use, *settings.pair}
            claims |= dict.fromkeys(
                _match_pattern(pattern, names, taken, table.source.path), (Role.ANNOTATOR, "--annotators")
            )
    _check_use(table, settings, claims)
    return claims


def _find_annotators(
    table: Table, claims: Mapping[str, tuple[str, str]], settings: ScanSettings, labels: Labels
) -> dict[str, tuple[str, str]]:
    """The columns that have only classes, if there are two that are named like annotators, or that agree."""
    if settings.annotators:
        return {}
    free = [
        name for name in table.data.column_names if name not in claims and not _find_asking(name, settings)
    ]
    named = _find_answers(table, filter(_is_annotator, free), labels, by_words=True)
    if len(named) >= FEWEST_ANNOTATORS:
        return dict.fromkeys(named, (Role.ANNOTATOR, "named like an annotator, and has only classes"))
    if any(map(is_common_answer, labels.class_names)):
        return {}
    others = [name for name in free if not OTHER_ANSWER.search(to_snake_case(name))]
    found = _find_answers(table, others, labels)
    if len(found) >= FEWEST_ANNOTATORS and agree_with_labels(list(found.values()), labels):
        why = "has only classes, and agrees with the label as an annotator would"
        return dict.fromkeys(found, (Role.ANNOTATOR, why))
    return {}


def _is_annotator(name: str) -> bool:
    return bool(ANNOTATOR_NAMES.intersection(split_words(name)))


def _find_answers(
    table: Table, names: Iterable[str], labels: Labels, *, by_words: bool = False
) -> dict[str, Codes]:
    """The columns that have only classes, with their answers as codes."""
    found = {}
    for name in names:
        first = Table(table.source, table.data.slice(0, PEEKED))
        if encode_answers(first, name, labels, by_words=by_words)[1]:
            continue
        codes, n_other = encode_answers(table, name, labels, by_words=by_words)
        if n_other == 0 and (codes >= 0).any():
            found[name] = codes
    return found


def _find_groups(
    table: Table, claims: Mapping[str, tuple[str, str]], settings: ScanSettings, labels: Labels
) -> dict[str, tuple[str, str]]:
    """The column that says which rows belong together: of several, the one whose groups have all others."""
    if settings.group is not None:
        return {}
    free = [
        name for name in table.data.column_names if name not in claims and not _find_asking(name, settings)
    ]
    values = {name: find_distinct(table.data.column(name)) for name in free if may_name_groups(name)}
    found = sorted(
        (name for name in values if are_groups(values[name], labels)),
        key=lambda name: len(values[name].values),
    )
    if not found or not all(is_within(values[name], values[found[0]]) for name in found[1:]):
        return {}
    n_rows = table.data.num_rows / len(values[found[0]].values)
    why = f"{n_rows:.1f} rows of each on average, kept together (--ignore {quote_word(found[0])} ends that)"
    return {found[0]: (Role.GROUP, why)}


def _choose_row_ids(columns: list[Column], table: Table, is_data: NDArray[np.bool_]) -> list[Column]:
    """The same columns, one of them as the row ids: the first named "id", else the first fit for it.

    One in which every row has another id is better than one with a few odd rows.
    """
    fit: dict[Column, int] = {}
    for column in columns:
        values = find_distinct(table.data.column(column.name)) if column.role == Role.IDENTIFIER else None
        if values is not None and can_be_row_ids(column.name, values, is_data):
            fit[column] = len(find_odd_ids(values).all)
    if not fit:
        return columns
    chosen = min(fit, key=lambda column: (to_snake_case(column.name) != "id", fit[column] > 0))
    different = "nearly every row" if fit[chosen] else "every row"
    named = replace(chosen, used=True, why=f"named like an id, and different on {different}: used as row ids")
    return [named if column is chosen else column for column in columns]


@dataclass(frozen=True)
class InspectedColumn:
    """One column, and what is needed to find its role."""

    table: Table
    name: str
    labels: Labels
    use: str
    """The option by which models are to learn from it although it looks like a leak or an identifier; "" if
    there is none."""

    @cached_property
    def values(self) -> Distinct:
        """Its different values."""
        return find_distinct(self.table.data.column(self.name))

    def column(self, claims: Mapping[str, tuple[str, str]]) -> Column:
        """Its role, and why."""
        role, why = claims.get(self.name, (None, ""))
        if role is None:
            return self._infer_role()
        if role == Role.ANNOTATOR:
            why += self._note_other_answers()
        elif role == Role.IDENTIFIER:
            check_row_ids(self.values, self.table, self.name)
        column = Column(self.name, role, role != Role.IGNORED, why)
        return self._check_input(column) if column.is_input else column

    def _infer_role(self) -> Column:
        data = self.table.data.column(self.name)
        roles = sorted(list_roles(), key=lambda role: role.asked_at)
        first = self._first_that_fits([role for role in roles if role.asked_at < IDENTIFIERS_ASKED_AT])
        if first is not None:
            return first
        if holds_bytes(data.type):
            return Column(self.name, Role.IGNORED, used=False, why="bytes: models can't use them")
        id_why = explain_identifier(self.name, self.values)
        if id_why and not self.use:
            return Column(self.name, Role.IDENTIFIER, used=False, why=f"{id_why}: left out")
        found = self._first_that_fits([role for role in roles if role.asked_at >= IDENTIFIERS_ASKED_AT])
        assert found is not None  # noqa: S101  # the role `text` fits everything
        return found

    def _first_that_fits(self, roles: Sequence[InputRole]) -> Column | None:
        for role in roles:
            with blame_author(role, f"role {role.name!r}", FeatureError):
                fit: Fit | None = role.fits(self)
            if fit is not None:
                why = f"--use, {fit.why}" if self.use == "--use" and role.may_leak else fit.why
                column = Column(self.name, role.name, fit.is_usable, why)
                return self._check_leak(column) if role.may_leak and fit.is_usable else column
        return None

    def _check_input(self, column: Column) -> Column:
        """An input to which the user gave a role."""
        role = next(role for role in list_roles() if role.name == column.role)
        if role.may_leak:
            return self._check_leak(column)
        convert_column(role, self.table, self.name)
        return column

    def _check_leak(self, column: Column) -> Column:
        """The column, left out where a model should not learn from it."""
        out = self._explain_left_out()
        if out and self.use:
            return replace(column, why=f"{self.use}, although {out}")
        if out:
            return replace(column, used=False, why=f"{out}: left out (--use {self.name} keeps it)")
        if is_another_answer(self.name, self.values, self.labels):
            hint = f"--ignore {self.name} leaves it out"
            return replace(column, why=f"{column.why}; may be another answer to the same question: {hint}")
        return column

    def _explain_left_out(self) -> str | None:
        """Why a model should not learn from it."""
        n_different = len(self.values.values)
        if n_different == 0:
            return "empty"
        if n_different == 1 and self.values.n_missing == 0:
            return "the same on every row"
        if names_part(self.name, self.values):
            return "it says which rows are for training and which for testing"
        share = one_to_one_share(self.values, self.labels)
        if share < LEAK:
            return None
        # rounded down: 99.96% is not all rows
        rows = "every row" if share == 1 else f"{int(share * 1000) / 10:g}% of rows"
        return f"it matches the label one to one on {rows}"

    def _note_other_answers(self) -> str:
        """How many answers are not classes; a column without a class is refused."""
        codes, n_other = encode_answers(self.table, self.name, self.labels, by_words=True)
        if not (codes >= 0).any():
            raise InputError(
                "none of its answers is a class of the label",
                where=self.table.source.path,
                column=self.name,
                expected=f"answers such as {', '.join(map(repr, self.labels.class_names[:5]))}",
                hint=f"leave it out: --ignore {self.name}",
            )
        loose = find_loose_answer(self.table, self.name, self.labels)
        read = (
            f"; answers such as {shorten_quoted(loose)} are read as the class that they name" if loose else ""
        )
        if not n_other:
            return read
        if n_other == 1:
            return f"{read}; 1 answer is not a class of the label, and counts as missing"
        return f"{read}; {n_other:,} answers are not classes of the label, and count as missing"


def _named_columns(settings: ScanSettings, names: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Role, option and column of everything that was named without a pattern."""
    annotators = tuple(name for name in settings.annotators if _is_name(name, names))
    given: tuple[tuple[str, str, tuple[str | None, ...]], ...] = (
        (Role.LABEL, "--label", (settings.label,)),
        # a plug-in's role has no option
        *((role.name, f"--{role.name}", getattr(settings, role.name, ())) for role in list_roles()),
        (Role.IDENTIFIER, "--id", (settings.id,)),
        (Role.GROUP, "--group", (settings.group,)),
        (Role.IGNORED, "--ignore", settings.ignore),
        (Role.ANNOTATOR, "--annotators", annotators),
    )
    return ((role, option, name) for role, option, columns in given for name in columns if name is not None)


def check_column(name: str, names: Sequence[str], option: str, where: str) -> str:
    """The name, if there is such a column.

    Raises:
        SettingsError: There is no such column; suggests the nearest one and lists them all.
    """
    if name in names:
        return name
    raise SettingsError(
        f"there is no column {name!r} (given by {option})",
        where=where,
        expected=f"one of {quote_names(names)}",
        hint=did_you_mean(name, names, str.lower),
    )


def _is_name(name: str, names: Sequence[str]) -> bool:
    return name in names or not any(mark in name for mark in "*?[")


def _match_pattern(pattern: str, names: Sequence[str], taken: set[str], where: str) -> list[str]:
    matching = [name for name in names if name not in taken and fnmatchcase(name, pattern)]
    if matching:
        return matching
    raise SettingsError(
        f"no column matches {pattern!r} (given by --annotators)",
        where=where,
        expected=f"a pattern that matches some of {quote_names(names)}",
    )


def _check_use(table: Table, settings: ScanSettings, claims: dict[str, tuple[str, str]]) -> None:
    sides = () if settings.pair == NO_PAIR else settings.pair
    for asking, given in (*(("--use", name) for name in settings.use), *(("--pair", name) for name in sides)):
        name = check_column(given, table.data.column_names, asking, table.source.path)
        role, option = claims.get(name, ("", ""))
        if role in NOT_INPUTS:
            raise SettingsError(
                f"it is named by two options: {option} and {asking}",
                where=table.source.path,
                column=name,
                expected=f"only one of the two: {asking} is for columns that models learn from",
            )
