from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.records import Examples
from doubtcli.starter.conflicts import count_conflicts


@pytest.mark.parametrize(
    ("hashes", "positions", "labels", "n_conflicts"),
    [
        ("abcd", [0, 1, 2, 3], [0, 1, 0, 1], 0),
        ("aacd", [0, 1, 2, 3], [0, 0, 0, 1], 0),
        ("aacd", [0, 1, 2, 3], [0, 1, 0, 1], 2),
        ("aaab", [0, 1, 2, 3], [0, 0, 1, 1], 3),
        ("abab", [3, 2, 1, 0], [0, 1, 1, 0], 4),
        ("aaa", [0, 2], [0, 0], 0),
    ],
    ids=["all unlike", "same label", "two", "all of three", "other order", "one unlabelled"],
)
def test_count(hashes: str, positions: list[int], labels: list[int], n_conflicts: int) -> None:
    """Each labelled row whose input stands elsewhere with another label counts."""
    examples = Examples(
        row_ids=tuple(map(str, positions)),
        positions=np.array(positions),
        given_labels=np.array(labels),
        class_names=("no", "yes"),
        inputs=pa.table({}),
        row_hashes=tuple(hashes),
    )

    assert count_conflicts(examples) == n_conflicts
