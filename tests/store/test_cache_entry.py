from __future__ import annotations

import io
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import sparse

from doubtcli.records import Predictions
from doubtcli.store import cache_entry
from doubtcli.store.cache_entry import NotKeepableError, read_entry, write_entry

DTYPES = st.sampled_from(["<f4", "<f8", "<i8", "|b1", "|u1"])
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
VALUES = st.recursive(
    PLAIN | arrays.arrays(DTYPES, arrays.array_shapes(min_dims=0, max_dims=3, min_side=0)),
    lambda parts: (
        st.lists(parts) | st.lists(parts).map(tuple) | st.dictionaries(st.text(), parts, max_size=3)
    ),
    max_leaves=8,
)


def written(value: object) -> bytes:
    """The bytes of the file with a value."""
    file = io.BytesIO()
    write_entry(file, value, 10**9)
    return file.getvalue()


def there_and_back(value: object) -> Any:
    """The value as it is read."""
    with tempfile.TemporaryFile() as file:
        write_entry(file, value, 10**9)
        return read_entry(file)


def assert_same(found: Any, value: Any) -> None:
    """Types, and all digits, are the same."""
    assert type(found) is type(value)
    if isinstance(value, np.ndarray):
        assert (found.dtype, found.shape) == (value.dtype, value.shape)
        assert found.tobytes() == value.tobytes()
    elif isinstance(value, list | tuple):
        assert len(found) == len(value)
        for one, other in zip(found, value, strict=True):
            assert_same(one, other)
    elif isinstance(value, dict):
        assert list(found) == list(value)
        for key, item in value.items():
            assert_same(found[key], item)
    else:
        assert found == value


@given(VALUES)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    """Plain values, bytes and arrays, in lists, tuples and tables, to the last bit."""
    assert_same(there_and_back(value), value)


@given(st.data())
def test_a_damaged_file_is_no_entry(data: st.DataObject) -> None:
    """If any byte is another one, or the end is missing, nothing is read."""
    whole = written({"a": np.arange(20), "b": ("x", None)})
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))

    for content in (bytes(changed), whole[:place]):
        with pytest.raises(ValueError, match="not as it was written"):
            read_entry(io.BytesIO(content))


def test_a_large_entry_is_a_memory_map() -> None:
    """Two megabytes of numbers are not read until they are looked at, and can't be changed."""
    numbers = np.arange(250_000.0).reshape(500, 500)

    found = there_and_back({"numbers": numbers, "turned": numbers.T})

    np.testing.assert_array_equal(found["numbers"], numbers)
    np.testing.assert_array_equal(found["turned"], numbers.T)
    assert found["turned"].flags.f_contiguous
    assert not found["numbers"].flags.writeable


def test_records_and_sparse_matrices() -> None:
    """A record of ours comes back as one; an array in two places is written once."""
    probs = np.ones((5, 2), dtype=np.float32)
    matrix = sparse.csr_matrix(np.eye(3, dtype=np.float32))

    found = there_and_back([Predictions(("m",), probs[None], probs[None], probs), probs, matrix, Path("a/b")])

    assert found[0].model_names == ("m",)
    assert found[0].pooled is found[1]
    assert (found[2] != matrix).nnz == 0
    assert found[3] == Path("a/b")


@pytest.mark.parametrize("value", [object(), np.array([None]), {1, 2}, [lambda: 1]])
def test_what_can_not_be_written(value: object) -> None:
    """Neither objects of other kinds, nor arrays of objects."""
    with pytest.raises(NotKeepableError):
        written(value)


@pytest.mark.parametrize(
    "record",
    [["os", "system"], ["doubtcli.store.cache", "clear_cache"], ["doubtcli.cli.main", "app"]],
)
def test_a_file_names_no_code(record: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that names anything else than a record of ours is refused, and nothing is called."""
    monkeypatch.setattr(cache_entry._Encoder, "encode", lambda self, value: json.loads(value))  # noqa: ARG005
    content = written(json.dumps(["record", *record]))

    with pytest.raises(ValueError, match="there is no record"):
        read_entry(io.BytesIO(content))


def test_a_value_that_is_too_large_is_not_written() -> None:
    """A thousand bytes are more than nine hundred, and nothing is written."""
    file = io.BytesIO()

    with pytest.raises(NotKeepableError):
        write_entry(file, bytes(1_000), 900)

    assert file.getvalue() == b""
