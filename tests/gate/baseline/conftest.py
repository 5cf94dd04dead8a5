"""Audits made by hand: a table of doubts from a few rows, and the document that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from doubtcli.records import (
    AuditDocument,
    Column,
    DoubtTable,
    NoiseRate,
    Role,
    Roles,
    RowCounts,
    Skill,
    Source,
)
from doubtcli.store.describe import DOUBT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

INPUTS = ("text", "lang")


def build_doubts(*rows: dict[str, Any]) -> DoubtTable:
    """`doubts.parquet` of these rows; what a row does not say is made up, and its content is its own."""
    told = []
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
        told.append(made_up | row)
    return DoubtTable(pa.Table.from_pylist(told, schema=pa.schema(DOUBT_COLUMNS)))


def build_document(
    label: str = "label", inputs: tuple[str, ...] = INPUTS, version: str = "0.1.0", **settings: Any
) -> AuditDocument:
    """`audit.json`, as far as a baseline looks at it."""
    roles = {"no": Role.IDENTIFIER, label: Role.LABEL} | dict.fromkeys(inputs, Role.TEXT)
    stored = {"reasons": None, "skip": [], "reason_settings": {}, "seed": 0, "folds": 5, "repeats": 2}
    stored |= {"fast": False, "group": None, "embeddings": None, "queue_size": None} | settings
    return AuditDocument(
        tool_name="doubt",
        tool_version=version,
        source=Source("data.csv", "csv", 0, "ab" * 32),
        roles=Roles(tuple(Column(name, role, used=True, why="") for name, role in roles.items())),
        settings=stored,
        seed=0,
        versions={},
        skill=Skill(
            assessable=True,
            why="",
            accuracy=None,
            balanced_accuracy=None,
            majority_accuracy=0.5,
            permuted_accuracy=None,
        ),
        noise_rate=NoiseRate(assessable=True, why=""),
        counts=RowCounts(0, 0, 0, 0),
        classes=(),
        reasons=(),
        skipped=(),
    )


@pytest.fixture(scope="session")
def table() -> Callable[..., DoubtTable]:
    """Makes a table of doubts: see `build_doubts`."""
    return build_doubts


@pytest.fixture(scope="session")
def document() -> Callable[..., AuditDocument]:
    """Makes a document: see `build_document`."""
    return build_document
