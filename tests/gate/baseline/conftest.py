"""Audits made by hand: a table of doubts from a few rows, and the summary that goes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

COLUMNS = {
    "row_id": pa.string(),
    "row": pa.int64(),
    "given_label": pa.string(),
    "doubt": pa.float64(),
    "doubt_sd": pa.float64(),
    "doubted": pa.bool_(),
    "reasons": pa.list_(pa.string()),
    "row_hash": pa.string(),
}
INPUTS = ("text", "lang")


def build_doubts(*rows: dict[str, Any]) -> pa.Table:
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
    return pa.Table.from_pylist(told, schema=pa.schema(COLUMNS))


def build_summary(
    label: str = "label", inputs: tuple[str, ...] = INPUTS, version: str = "0.1.0", **settings: Any
) -> dict[str, Any]:
    """`audit.json`, as far as a baseline looks at it."""
    columns = [{"name": "no", "role": "identifier"}, {"name": label, "role": "label"}]
    columns += [{"name": name, "role": "text"} for name in inputs]
    stored = {"reasons": None, "skip": [], "reason_settings": {}, "seed": 0, "folds": 5, "repeats": 2}
    stored |= {"fast": False, "group": None, "embeddings": None, "queue_size": None} | settings
    return {
        "tool": {"name": "doubt", "version": version},
        "input": {"path": "data.csv", "sha256": "ab" * 32},
        "columns": columns,
        "settings": stored,
    }


@pytest.fixture(scope="session")
def table() -> Callable[..., pa.Table]:
    """Makes a table of doubts: see `build_doubts`."""
    return build_doubts


@pytest.fixture(scope="session")
def summary() -> Callable[..., dict[str, Any]]:
    """Makes a summary: see `build_summary`."""
    return build_summary
