"""Tables in memory, as tests of reading use them."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa

from doubtcli.records import Source, Table
from doubtcli.settings import ScanSettings


def of_user(**options: Any) -> ScanSettings:
    """Settings with a user's options for columns."""
    return ScanSettings(path="rows.csv", **options)


def table(metadata: dict[bytes, bytes] | None = None, **columns: Any) -> Table:
    """A table of these columns."""
    return Table(Source("rows", "csv", 0, ""), pa.table(columns).replace_schema_metadata(metadata))


def class_label(names: list[str], *columns: str) -> dict[bytes, bytes]:
    """The metadata that makes columns Hugging Face ClassLabels."""
    features = {column: {"names": names, "_type": "ClassLabel"} for column in columns}
    return {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
