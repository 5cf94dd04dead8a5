"""Audits made by hand: a table of doubts from a few rows, and the document that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from doubtcli.records import (
    AuditDocument,
    Column,
    DoubtTable,
    Role,
    Roles,
)
from doubtcli.store.describe import DOUBT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

INPUTS = ("text", "lang")


def build_doubts(*rows: dict[str, Any]) -> DoubtTable:
    """`doubts.parquet` of these rows; missing fields are made up, and each row has content of its own."""
    complete = []
    for place, row in enumerate(rows, 1):
        doubt = row.get("doubt", 0.05)
        made_up = {
            "row_id": f"r{place}",
            "row": place,
            "given_label": "spam",
            "doubt": doubt,
            "doubt_sd": 0.01,
            "doubted": doubt is not None and doubt >= 0.5,
            "reasons": [],
            "row_hash": f"{place:016x}",
        }
        complete.append(made_up | row)
    return DoubtTable(pa.Table.from_pylist(complete, schema=pa.schema(DOUBT_COLUMNS)))


@pytest.fixture(scope="session")
def table() -> Callable[..., DoubtTable]:
    """Makes a table of doubts: see `build_doubts`."""
    return build_doubts


@pytest.fixture(scope="session")
def document(a_document: Callable[..., AuditDocument]) -> Callable[..., AuditDocument]:
    """Makes the parts of `audit.json` that a baseline reads; settings differ as given."""

    def make(
        label: str = "label", inputs: tuple[str, ...] = INPUTS, version: str = "0.1.0", **settings: Any
    ) -> AuditDocument:
        roles = {"no": Role.IDENTIFIER, label: Role.LABEL} | dict.fromkeys(inputs, Role.TEXT)
        stored = {"reasons": None, "skip": [], "reason_settings": {}, "seed": 0, "folds": 5, "repeats": 2}
        stored |= {"fast": False, "group": None, "embeddings": None, "queue_size": None}
        return a_document(
            tool_version=version,
            roles=Roles(tuple(Column(name, role, used=True, why="") for name, role in roles.items())),
            settings=stored | settings,
        )

    return make
