"""Examples -> the features that models and neighbours look at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.features.tabular import categorical_features, datetime_features, numeric_features
from doubtcli.features.text import text_features
from doubtcli.records import Features

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from doubtcli.records import Examples

_BETWEEN_TEXTS = " \n "
"""Joins several text columns: no character n-gram and no word reaches across it."""


def build_features(examples: Examples) -> Features | None:
    """The features of the rows, or None where the file has no input to make them from."""
    texts = joined_texts(examples)
    dense = _dense(examples)
    if texts is None and dense is None:
        return None
    return Features(text_features(texts) if texts is not None else None, dense)


def joined_texts(examples: Examples) -> list[str] | None:
    """The text columns of each row as one string, or None where there is none."""
    if not examples.text_columns:
        return None
    columns = [
        pc.fill_null(pc.cast(examples.inputs.column(name), pa.large_string()), "")
        for name in examples.text_columns
    ]
    joined = pc.binary_join_element_wise(*columns, pa.scalar(_BETWEEN_TEXTS, pa.large_string()))
    return [str(text) for text in joined.to_pylist()]


def _dense(examples: Examples) -> NDArray[np.float32] | None:
    makers = {
        numeric_features: examples.numeric_columns,
        categorical_features: examples.categorical_columns,
        datetime_features: examples.datetime_columns,
    }
    parts = [make(examples.inputs.column(name)) for make, names in makers.items() for name in names]
    if examples.embeddings is not None:
        parts.append(_unit_embeddings(np.asarray(examples.embeddings, dtype=np.float32)))
    return np.ascontiguousarray(np.hstack(parts)) if parts else None


def _unit_embeddings(embeddings: NDArray[np.float32]) -> NDArray[np.float32]:
    """Only the direction of an embedding carries meaning; the factor puts its numbers on a table's scale."""
    largest = np.abs(embeddings).max(axis=1, keepdims=True)
    # else squares may leave the range of float32
    embeddings = np.asarray(embeddings / np.where(largest > 0, largest, 1.0), dtype=np.float32)
    lengths = np.linalg.norm(embeddings, axis=1, keepdims=True)
    unit = embeddings / np.where(lengths > 0, lengths, 1.0)
    return np.asarray(unit * np.sqrt(embeddings.shape[1]), dtype=np.float32)
