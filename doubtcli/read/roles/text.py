"""The role `text`: written text."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from doubtcli.files.values import as_text
from doubtcli.read.roles.left_out import WORDS_OF_A_PHRASE, count_words
from doubtcli.records import Fit

if TYPE_CHECKING:
    import pyarrow as pa

    from doubtcli.read.roles.assign import InspectedColumn
    from doubtcli.records import Table


@dataclass(frozen=True)
class TextRole:
    """All columns that fit no other role."""

    name: ClassVar = "text"
    asked_at: ClassVar = 60
    may_leak: ClassVar = True
    shown: ClassVar = "text"

    def fits(self, column: InspectedColumn) -> Fit:
        """Always; asked last."""
        words = count_words(column.values)
        about = f", {words:.0f} words on average" if words >= WORDS_OF_A_PHRASE else ""
        return Fit(f"{len(column.values.values):,} different texts{about}")

    def convert(self, table: Table, name: str) -> pa.ChunkedArray:
        """As large_string."""
        return as_text(table.data.column(name))
