from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import partial
from itertools import combinations
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.evidence import content_key
from doubtcli.evidence.content_key import LABEL_FREE, find_or_make, hash_content, hash_examples
from doubtcli.records import Annotations, Examples, Verdicts

N_ROWS = 4
EXAMPLES = Examples(
    row_ids=("a", "b", "c", "d"),
    positions=np.arange(N_ROWS),
    given_labels=np.array([0, 1, 0, 1]),
    class_names=("x", "y"),
    inputs=pa.table({"text": ["one", "two", None, "four"], "size": [1.0, 2.0, 3.0, 4.0]}),
    column_roles={"text": "text", "size": "numeric"},
)
OTHER_INPUTS: dict[str, Any] = {
    "inputs": pa.table({"text": ["one", "two", "", "four"], "size": [1.0, 2.0, 3.0, 4.0]}),
    "column_roles": {"size": "numeric", "text": "text"},
    "pairs": (("text", "size"),),
    "embeddings": np.ones((N_ROWS, 2), dtype=np.float32),
    "groups": np.zeros(N_ROWS, dtype=np.intp),
    "annotations": Annotations(("ann",), np.array([[0], [1], [0], [-1]])),
    "given_pred_probs": np.full((N_ROWS, 2), 0.5),
    "row_ids": ("a", "b", "c"),
}
OTHER_LABELS: dict[str, Any] = {
    "row_ids": ("d", "e", "f", "g"),
    "positions": np.arange(N_ROWS)[::-1].copy(),
    "given_labels": np.array([1, 1, 0, 1]),
    "class_names": ("x", "z"),
    "unlabelled_row_ids": ("h",),
    "unlabelled_positions": (4,),
    "verdicts": Verdicts("v.csv", np.array([-1, 0, -1, -1]), (None,) * 4, np.full(4, np.nan)),
    "row_hashes": ("1", "2", "3", "4"),
}


@dataclass(frozen=True)
class One:
    """A record with a field."""

    value: object


@dataclass(frozen=True)
class Two:
    """Another one with the same field."""

    value: object


UNLIKE = [
    *(None, True, 1, 1.0, "1", "", [], [None], [[]], ["a", "b"], ["ab"], ["a", ["b"]], {"a": "b"}, "a"),
    *(One("a"), Two("a"), One(["a"]), np.array(1.0), np.array([1.0]), np.array([1]), np.array([[1.0]])),
    *(np.float64(1.0), np.zeros(8, dtype=np.uint8), np.zeros(2, dtype=np.int32), np.zeros((0, 2)), -0.0, 0.0),
    *(
        pa.table({}),
        pa.table({"a": [1]}),
        pa.table({"b": [1]}),
        pa.table({"a": ["1"]}),
        pa.table({"a": [1.0]}),
    ),
    *(pa.table({"a": pa.array([None], pa.string())}), pa.table({"a": [""]}), pa.table({"a": ["1", "2"]})),
    pa.table({"a": pa.array(["1"]).dictionary_encode()}),
    pa.table({"a": pa.array(["2"]).dictionary_encode()}),
]


def test_unlike_values_have_unlike_keys() -> None:
    """Each kind, shape, type and value has its own key, and so has each way to nest them."""
    keys = [hash_content(value) for value in UNLIKE]

    assert None not in keys
    for (one, key), (other, its_key) in combinations(zip(UNLIKE, keys, strict=True), 2):
        assert key != its_key, (one, other)
    assert hash_content("a", "b") != hash_content("ab")


@given(st.lists(st.none() | st.text(), min_size=1), st.data())
def test_a_table_has_one_key_in_any_chunks(texts: list[str | None], data: st.DataObject) -> None:
    """How its rows lie in memory is no part of it, also where it is hashed three rows at a time."""
    cut = data.draw(st.integers(0, len(texts)))
    padded = pa.array(["before", *texts, "after"], pa.large_string()).slice(1, len(texts))
    whole = pa.table({"a": pa.array(texts, pa.large_string())})
    parts = pa.table({"a": pa.chunked_array([padded.slice(0, cut), padded.slice(cut)])})

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(content_key, "_ROWS_AT_ONCE", 3)

        assert hash_content(whole) == hash_content(parts)


def test_an_array_has_one_key_in_any_order_in_memory() -> None:
    """Rows or columns may come first."""
    array = np.arange(6.0).reshape(2, 3)

    assert hash_content(array) == hash_content(np.asfortranarray(array))
    assert hash_content(array) != hash_content(array.T)


@pytest.mark.parametrize("value", [object(), np.array([None, "a"]), [object()], {1}, lambda: 1])
def test_other_kinds_have_no_key(value: object) -> None:
    """What has no known content is not kept."""
    assert hash_content(value) is None


@pytest.mark.parametrize("name", OTHER_INPUTS)
def test_examples_with_another_input(name: str) -> None:
    """Inputs, roles and their order, pairs, vectors, groups, answers and probabilities are in their key."""
    assert hash_examples(EXAMPLES) != hash_examples(replace(EXAMPLES, **{name: OTHER_INPUTS[name]}))


@pytest.mark.parametrize("name", OTHER_LABELS)
def test_examples_with_other_labels(name: str) -> None:
    """Labels, verdicts, ids and places are not, and whoever has no other key does not see them."""
    other = replace(EXAMPLES, **{name: OTHER_LABELS[name]})

    assert hash_examples(other) == hash_examples(EXAMPLES)
    hidden, its_hidden = EXAMPLES.hide_labels(), other.hide_labels()
    for field in fields(Examples):
        one, another = getattr(hidden, field.name), getattr(its_hidden, field.name)
        np.testing.assert_array_equal(one, another)
    assert [getattr(hidden, one) is not None for one in LABEL_FREE if getattr(EXAMPLES, one) is not None]


class Kept(dict[str, Any]):
    """Keeps values in memory."""

    find = dict.get
    keep = dict.__setitem__


def test_made_once() -> None:
    """What was kept under a key is not made again; without a key or a keeper it is."""
    kept, made = Kept(), list[int]()

    def make() -> int:
        made.append(1)
        return len(made)

    found = [
        find_or_make(kept, partial(str, key) if key else lambda: None, make)
        for key in ("a", "a", "b", None, None)
    ]

    assert found == [1, 1, 2, 3, 4]
    assert find_or_make(None, lambda: "a", make) == 5
