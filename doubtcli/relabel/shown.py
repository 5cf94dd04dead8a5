"""The columns of a file and their roles -> what a person is shown of each row.

A person sees the row's text, its images, and its other columns as a card of one line a column. What models do
not look at is not shown, for it may be the label in other words; but where nothing else is left, all of the
row is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.queue_columns import as_text
from doubtcli.records import Role

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.records import Codes

IMAGE = r"(?i)\.(png|jpe?g|webp|gif)(\?\S*)?\s*$"
"""The end of an image's path, or of its address with what may follow a question mark."""
CARD_ROLES = (Role.NUMERIC, Role.CATEGORICAL, Role.DATETIME)
MISSING = "(missing)"


@dataclass(frozen=True)
class Parts:
    """The columns that a person is shown, in file order."""

    text: tuple[str, ...]
    card: tuple[str, ...]
    images: tuple[str, ...]
    """Columns of paths or addresses of images."""

    @property
    def has_card(self) -> bool:
        """Whether there is a card; it is empty where nothing else can be shown, either."""
        return bool(self.card) or not (self.text or self.images)

    @property
    def verbatim(self) -> str | None:
        """The column that is shown as the text just as it is; None where there is none, or more than one."""
        return self.text[0] if len(self.text) == 1 else None


@dataclass(frozen=True)
class Shown:
    """What a person is shown of one row."""

    text: str | None
    """None where the file has no texts; "" where this row has none."""
    card: str | None
    """"name: value", one line a column; None where no column is left for it, "" where nothing is to show."""
    images: tuple[str, ...]
    """A path or an address for each column of images; "" where this row has none."""

    @property
    def all_text(self) -> str:
        """All of it as one text, for a tool that shows no more: paths, text and card below each other."""
        paths = "\n".join(path for path in self.images if path)
        return "\n\n".join(part for part in (paths, self.text, self.card) if part)


def find_parts(data: pa.Table, columns: Sequence[Mapping[str, Any]]) -> Parts:
    """Which columns a person is shown.

    Args:
        data: The file.
        columns: Its columns as `audit.json` has them: name, role and whether it is used.
    """
    told = [
        column
        for column in columns
        if column["name"] in data.column_names
        and column["role"] != Role.LABEL
        and is_told(data.schema.field(column["name"]).type)
    ]
    images = tuple(column["name"] for column in told if _holds_images(data.column(column["name"])))
    rest = [column for column in told if column["name"] not in images]
    text = tuple(column["name"] for column in rest if column["used"] and column["role"] == Role.TEXT)
    card = tuple(column["name"] for column in rest if column["used"] and column["role"] in CARD_ROLES)
    if not (images or text or card):
        card = tuple(column["name"] for column in rest)
    return Parts(text, card, images)


def show(rows: pa.Table, parts: Parts) -> list[Shown]:
    """What a person is shown of each of some rows."""
    texts = {name: told_texts(rows.column(name)) for name in (*parts.text, *parts.card, *parts.images)}
    return [
        Shown(
            text=_text({name: texts[name][row] for name in parts.text}) if parts.text else None,
            card=_card({name: texts[name][row] for name in parts.card}) if parts.has_card else None,
            images=tuple(texts[name][row] or "" for name in parts.images),
        )
        for row in range(rows.num_rows)
    ]


def count_characters(data: pa.Table, parts: Parts) -> Codes:
    """How many characters a person has to read of each row, about: shape `(n_rows,)`."""
    total = np.full(data.num_rows, sum(len(name) for name in parts.card), dtype=np.intp)
    for name in (*parts.text, *parts.card):
        lengths = pc.fill_null(pc.utf8_length(as_text(data.column(name))), 0)
        total += lengths.to_numpy().astype(np.intp)
    return total


def told_texts(column: pa.ChunkedArray) -> list[str | None]:
    """Every value as text for a person; what is missing, or no number among numbers, is None."""
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    return as_text(column).to_pylist()  # type: ignore[no-any-return]


def is_told(type_: pa.DataType) -> bool:
    """Whether values of a type tell a person anything: vectors and bytes do not."""
    types = pa.types
    if isinstance(type_, pa.BaseExtensionType):
        return is_told(type_.storage_type)
    if types.is_binary(type_) or types.is_large_binary(type_) or types.is_fixed_size_binary(type_):
        return False
    if types.is_list(type_) or types.is_large_list(type_) or types.is_fixed_size_list(type_):
        item = type_.value_type
        return not (types.is_integer(item) or types.is_floating(item)) and is_told(item)
    return not types.is_nested(type_) or all(is_told(type_.field(i).type) for i in range(type_.num_fields))


def _holds_images(column: pa.ChunkedArray) -> bool:
    """Whether all that stands in a column ends as the path of an image does."""
    if not any(is_(column.type) for is_ in (pa.types.is_string, pa.types.is_large_string)):
        return False
    values = column.drop_null()
    first = values.slice(0, 1)  # rules most columns out
    return len(first) > 0 and all(
        pc.all(pc.match_substring_regex(some, IMAGE)).as_py() for some in (first, values)
    )


def _text(texts: Mapping[str, str | None]) -> str:
    if len(texts) == 1:
        return next(iter(texts.values())) or ""
    return "\n\n".join(f"{_one_line(name)}: {text}" for name, text in texts.items() if text)


def _card(texts: Mapping[str, str | None]) -> str:
    lines = (f"{_one_line(name)}: {_one_line(text or '') or MISSING}" for name, text in texts.items())
    return "\n".join(lines)


def _one_line(text: str) -> str:
    return " ".join(text.split())
