"""The part that each column plays: what the user said, else what its values suggest."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from doubtcli.files.values import find_distinct
from doubtcli.read.choices import claimed
from doubtcli.read.labels import encode_answers
from doubtcli.read.labels.find import plain_name
from doubtcli.read.roles.column import LookedAt
from doubtcli.read.roles.identify import can_name_rows
from doubtcli.records import Column, Role, Roles

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.read.choices import RoleChoices
    from doubtcli.records import Labels, Table

ANNOTATOR_NAME = re.compile(r"^(annotator|rater|coder|judge|labell?er|worker|reviewer)(_\w+|\d+)?$")
FEWEST_ANNOTATORS = 2
"""One column of answers has nobody to disagree with."""


def assign_roles(table: Table, choices: RoleChoices, label: tuple[str, str], labels: Labels) -> Roles:
    """The part that each column of a table plays, and why.

    What the user said goes first. Else a column's values decide: a vector a row is an embedding; values that
    name rows (unique, and named or built like ids; names of files) an identifier; then numbers, dates, few
    different values (categorical) and text. An identifier that is named like one, unique and never missing
    becomes the row ids. Inputs that are empty, the same on every row or a leak are left out, unless `use`
    names them. A leak is a column of at most twice as many values as there are classes that goes one to one
    with the label on 99% of rows.

    Args:
        table: The file.
        choices: What the user said.
        label: The label column's name and why it is that one, from `find_label_column`.
        labels: The label column, encoded.

    Raises:
        InputError: The column that should name the rows doesn't, that of vectors holds none, or an annotator
            gave no answer that is a class.
        SettingsError: There is no such column, or one would play two roles.
    """
    claims = {**claimed(table, choices), label[0]: (Role.LABEL, label[1])}
    claims = {**_annotators(table, claims, choices, labels), **claims}
    columns = [
        LookedAt(table, name, labels, name in choices.use).column(claims) for name in table.data.column_names
    ]
    if choices.id is None:
        columns = _with_row_ids(columns, table)
    return Roles(tuple(columns))


def _annotators(
    table: Table, claims: Mapping[str, tuple[Role, str]], choices: RoleChoices, labels: Labels
) -> dict[str, tuple[Role, str]]:
    """The columns that are named like annotators and hold classes only, if there are several."""
    if choices.annotators:
        return {}
    found = []
    for name in table.data.column_names:
        if name in claims or name in choices.use or not ANNOTATOR_NAME.match(plain_name(name)):
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
        if column.role is Role.IDENTIFIER
        and can_name_rows(column.name, find_distinct(table.data.column(column.name)))
    ]
    if not fit:
        return columns
    chosen = min(fit, key=lambda column: plain_name(column.name) != "id")
    named = replace(chosen, used=True, why="named like an id, and different on every row: names the rows")
    return [named if column is chosen else column for column in columns]
