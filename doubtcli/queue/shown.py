"""The columns of a file and their roles -> what a person is shown of each row.

A person sees the row's text, its images, and its other columns as a card of one line a column. What models do
not look at is not shown, for it may be the label in other words; but where nothing else is left, all of the
row is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.read.roles.assign import list_roles
from doubtcli.records import Role
from doubtcli.records.queue import ShownColumns, ShownRow
from doubtcli.tools.values import MISSING, is_readable, to_csv_texts, to_readable_texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.records import Codes, Roles

IMAGE_ENDING = r"(?i)\.(png|jpe?g|webp|gif)(\?\S*)?\s*$"
"""The end of an image's path, or of its address with what may follow a question mark."""


def find_shown_columns(data: pa.Table, roles: Roles) -> ShownColumns:
    """Which columns a person is shown.

    Args:
        data: The file.
        roles: Of its columns.
    """
    readable = [
        column
        for column in roles.columns
        if column.name in data.column_names
        and column.role != Role.LABEL
        and is_readable(data.schema.field(column.name).type)
    ]
    images = tuple(column.name for column in readable if _holds_images(data.column(column.name)))
    rest = [column for column in readable if column.name not in images]
    shown = {role.name: role.shown for role in list_roles()}
    text = tuple(column.name for column in rest if column.used and shown.get(column.role) == "text")
    card = tuple(column.name for column in rest if column.used and shown.get(column.role) == "value")
    if not (images or text or card):
        card = tuple(column.name for column in rest)
    return ShownColumns(text, card, images)


def show_rows(rows: pa.Table, parts: ShownColumns) -> list[ShownRow]:
    """What a person is shown of each of some rows."""
    texts = {name: to_readable_texts(rows.column(name)) for name in (*parts.text, *parts.card, *parts.images)}
    return [
        ShownRow(
            text=_join_texts({name: texts[name][row] for name in parts.text}) if parts.text else None,
            card=_make_card_text({name: texts[name][row] for name in parts.card}) if parts.has_card else None,
            images=tuple(texts[name][row] or "" for name in parts.images),
        )
        for row in range(rows.num_rows)
    ]


def count_characters(data: pa.Table, parts: ShownColumns) -> Codes:
    """How many characters a person has to read of each row, about: shape `(n_rows,)`."""
    total = np.full(data.num_rows, sum(len(name) for name in parts.card), dtype=np.intp)
    for name in (*parts.text, *parts.card):
        lengths = pc.fill_null(pc.utf8_length(to_csv_texts(data.column(name))), 0)
        total += lengths.to_numpy().astype(np.intp)
    return total


def _holds_images(column: pa.ChunkedArray) -> bool:
    """Whether all that stands in a column ends as the path of an image does."""
    if not any(is_(column.type) for is_ in (pa.types.is_string, pa.types.is_large_string)):
        return False
    values = column.drop_null()
    first = values.slice(0, 1)  # rules most columns out
    return len(first) > 0 and all(
        pc.all(pc.match_substring_regex(some, IMAGE_ENDING)).as_py() for some in (first, values)
    )


def _join_texts(texts: Mapping[str, str | None]) -> str:
    if len(texts) == 1:
        return next(iter(texts.values())) or ""
    return "\n\n".join(f"{_fold_lines(name)}: {text}" for name, text in texts.items() if text)


def _make_card_text(texts: Mapping[str, str | None]) -> str:
    lines = (f"{_fold_lines(name)}: {_fold_lines(text or '') or MISSING}" for name, text in texts.items())
    return "\n".join(lines)


def _fold_lines(text: str) -> str:
    return " ".join(text.split())
