"""Rows side by side -> what both audits learn from, and whether it is the same.

A column that tells the labels before, and is left out as a leak, looks like any other input once they have
changed. So a column counts where both audits use it, and in the same way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

if TYPE_CHECKING:
    import pyarrow as pa

    from doubtcli.compare.sides import Matched, Side
    from doubtcli.records import Bools, Codes, Examples


def select_same_rows(matched: Matched) -> tuple[Examples, Examples]:
    """The rows that both audits judge, in one order, with the inputs that both learn from."""
    before, after = matched.before.examples, matched.after.examples
    shared = [
        column.name
        for column in before.inputs.schema
        if column.name in after.inputs.column_names
        and before.column_roles[column.name] == after.column_roles[column.name]
    ]
    if before.embeddings is None or after.embeddings is None:
        before, after = replace(before, embeddings=None), replace(after, embeddings=None)
    one, other = (
        _places_among_examples(side, rows[matched.judged])
        for side, rows in ((matched.before, matched.rows_before), (matched.after, matched.rows_after))
    )
    return take_inputs(_select_inputs(before, shared), one), take_inputs(_select_inputs(after, shared), other)


def find_edited(before: Examples, after: Examples) -> Bools:
    """Which rows have other inputs after; both examples are as `select_same_rows` gives them."""
    differs = np.zeros(before.n_rows, dtype=np.bool_)
    for one, other in zip(before.inputs.columns, after.inputs.columns, strict=True):
        differs |= _differs(one, other)
    if before.embeddings is not None and after.embeddings is not None:
        is_same_shape = before.embeddings.shape == after.embeddings.shape
        differs |= (before.embeddings != after.embeddings).any(axis=1) if is_same_shape else np.True_
    return differs


def take_inputs(examples: Examples, rows: Codes) -> Examples:
    """Some of the rows, as inputs alone: no annotators, verdicts or probabilities beside them."""
    return replace(examples, annotations=None, given_pred_probs=None, verdicts=None).take(rows)


def _select_inputs(examples: Examples, names: list[str]) -> Examples:
    kept = {name: role for name, role in examples.column_roles.items() if name in names}
    return replace(examples, inputs=examples.inputs.select(names), column_roles=kept)


def _places_among_examples(side: Side, rows: Codes) -> Codes:
    """Where rows of the file stand among the examples."""
    places = np.full(len(side.judged), -1, dtype=np.intp)
    places[side.examples.positions] = np.arange(side.examples.n_rows)
    return places[rows]


def _differs(one: pa.ChunkedArray, other: pa.ChunkedArray) -> Bools:
    """Where two columns differ; a missing value equals a missing one."""
    unlike = pc.fill_null(pc.not_equal(one, other), fill_value=False)
    one_missing = pc.xor(pc.is_null(one), pc.is_null(other))
    return np.asarray(pc.or_(unlike, one_missing), dtype=np.bool_)
