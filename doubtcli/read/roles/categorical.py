"""The role `categorical`: one of a few values, such as a country."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa

from doubtcli.files.values import as_text
from doubtcli.read.roles.left_out import describe_count, has_few_values
from doubtcli.read.roles.numeric import are_measures
from doubtcli.records import Fit

if TYPE_CHECKING:
    from doubtcli.read.roles.assign import InspectedColumn
    from doubtcli.records import Table


@dataclass(frozen=True)
class CategoricalRole:
    """Values that recur; also numbers that are named like ids."""

    name: ClassVar = "categorical"
    asked_at: ClassVar = 50
    may_leak: ClassVar = True
    shown: ClassVar = "value"

    def fits(self, column: InspectedColumn) -> Fit | None:
        """If there are few values for the number of rows; asked after numbers and times."""
        values = column.values
        if pa.types.is_boolean(values.values.type):
            return Fit("true or false")
        if are_measures(values):  # named like an id, else they would be numeric
            return Fit(f"named like an id, {describe_count(values)}")
        return Fit(describe_count(values)) if has_few_values(values) else None

    def convert(self, table: Table, name: str) -> pa.ChunkedArray:
        """As large_string."""
        return as_text(table.data.column(name))
