"""Which column holds the labels."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from doubtcli.errors import InputError
from doubtcli.read.choices import claimed
from doubtcli.records import Role
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from doubtcli.read.choices import RoleChoices
    from doubtcli.records import Table

USUAL_NAMES = (
    "label",
    "labels",
    "given_label",
    "class",
    "class_label",
    "class_name",
    "target",
    "category",
    "intent",
    "sentiment",
    "emotion",
    "topic",
    "y",
)
"""How labels are called, surest first; not `gold` or `true_label`, which claim to be beyond doubt."""

OTHER_ANSWER = re.compile(
    r"(^|_)(true|truth|gold|golden|correct|corrected|real|clean|original|actual|expert|consensus|"
    r"pred|preds|predicted|prediction|predictions|suggested|guess|weak|noisy)(_|$)|^is_(error|wrong|noisy)"
)
"""Names of columns that hold the truth, a prediction or a verdict rather than the labels to judge."""


def find_label_column(table: Table, choices: RoleChoices) -> tuple[str, str]:
    """The label column's name, and why it is that one.

    It is the one that the user named; else the first of `USUAL_NAMES` that a column bears in any case;
    else the one column whose name ends in "_label" and doesn't sound like a truth or a prediction.

    Raises:
        InputError: No column is named like a label; lists the columns.
        SettingsError: The user named a column that isn't there, or one column twice.
    """
    claims = claimed(table, choices)
    if choices.label is not None:
        return choices.label, "--label"
    free = [name for name in table.data.column_names if name not in claims and name not in choices.use]
    usual = sorted((name for name in free if plain_name(name) in USUAL_NAMES), key=_place)
    if usual:
        others = f"; so {'is' if len(usual) == 2 else 'are'} {listed(usual[1:], 3)}" if len(usual) > 1 else ""  # noqa: PLR2004
        return usual[0], f"named like a label{others}"
    ending = [name for name in free if _ends_like_a_label(name)]
    if len(ending) == 1:
        return ending[0], "its name ends in 'label'"
    raise _not_found(table, ending)


def plain_name(name: str) -> str:
    """A column's name in snake_case: "Given Label", "givenLabel" and "given-label" are all "given_label"."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name.strip())
    return re.sub(r"[^0-9a-z]+", "_", words.lower()).strip("_")


def _place(name: str) -> int:
    return USUAL_NAMES.index(plain_name(name))


def _ends_like_a_label(name: str) -> bool:
    name = plain_name(name)
    return name.endswith("_label") and not OTHER_ANSWER.search(name)


def _not_found(table: Table, ending: Sequence[str]) -> InputError:
    found = f"{listed(ending)} could all hold the labels" if ending else "no column is named like a label"
    return InputError(
        found,
        where=table.source.path,
        expected=f"one of its columns as {Role.LABEL}: {listed(table.data.column_names)}",
        hint="name it: --label COLUMN",
    )
