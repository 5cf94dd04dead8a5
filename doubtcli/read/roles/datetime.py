"""The role `datetime`: a date or a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa

from doubtcli.files.values import find_distinct
from doubtcli.read.roles.numeric import refuse_other_values
from doubtcli.records import Fit

if TYPE_CHECKING:
    from doubtcli.read.roles.assign import InspectedColumn
    from doubtcli.records import Table


@dataclass(frozen=True)
class DatetimeRole:
    """Dates and times."""

    name: ClassVar = "datetime"
    asked_at: ClassVar = 40
    may_leak: ClassVar = True
    shown: ClassVar = "value"

    def fits(self, column: InspectedColumn) -> Fit | None:
        """If every value is a date or a time."""
        return Fit("dates or times") if column.values.times is not None else None

    def convert(self, table: Table, name: str) -> pa.ChunkedArray:
        """As timestamps without a zone; missing ones are null.

        Raises:
            InputError: A value is not a date or a time.
        """
        values = find_distinct(table.data.column(name))
        is_unread = values.on_rows(np.asarray(values.moments.isna()), missing=True)
        example = "2024-01-31 or 2024-01-31T18:30"
        refuse_other_values(table, name, is_unread, kind="date or time", example=example)
        moments = pa.array(values.moments.tz_localize(None), pa.timestamp("us"))
        return pa.chunked_array([moments.take(pa.array(values.codes, mask=values.codes < 0))])
