from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from doubtcli.errors import InputError
from doubtcli.read.side_files import read_array_or_table, read_embeddings, read_pred_probs
from doubtcli.records import Labels

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sentences

LABELS = Labels(np.array([0, 1, -1]), ("ham", "spam"), ("ham", "spam"))
PROBS = np.array([[0.9, 0.1], [0.25, 0.75], [0.5, 0.5]])
VECTORS = np.array([[1.0, 2.0], [3.0, -4.5], [0.0, 1e-3]], dtype=np.float32)


def saved(folder: Path, name: str, content: Any) -> str:
    """The path of a file with that name and content."""
    path = folder / name
    if name.endswith(".npy"):
        np.save(path, content)
    elif name.endswith(".npz"):
        np.savez(path, **content)
    elif name.endswith(".parquet"):
        parquet.write_table(pa.table(content), path)
    else:
        pd.DataFrame(content).to_csv(path, index="unnamed" in name)
    return str(path)


def columns(array: Any, *names: str) -> dict[str, list[float]]:
    """The columns of an array by name."""
    return {name: array[:, place].tolist() for place, name in enumerate(names)}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.npy", PROBS),
        ("p.npy", PROBS.astype(np.float32)),
        ("p.npz", {"x": PROBS}),
        ("p.npz", {"x": VECTORS, "pred_probs": PROBS}),
        ("p.csv", columns(PROBS, "ham", "spam")),
        ("p.csv", {"id": ["a", "b", "c"], **columns(PROBS[:, ::-1], "spam", "ham")}),
        ("p.csv", columns(PROBS[:, ::-1], "prob_spam", "prob_ham")),
        ("p.unnamed.csv", columns(PROBS, "0", "1")),
        ("p.parquet", {"n": [1, 2, 3], **columns(PROBS[:, ::-1], "spam", "ham")}),
        ("p.parquet", {"id": [7, 8, 9], "probs": PROBS.tolist()}),
        ("p.csv", {"probs": [str(row) for row in PROBS.tolist()]}),
        ("p.csv", {"probs": [str(row) for row in PROBS]}),
    ],
)
def test_pred_probs_are_read(tmp_path: Path, name: str, content: Any) -> None:
    """Probabilities are read from arrays, lists and columns; columns are matched by name in any order."""
    probs = read_pred_probs(saved(tmp_path, name, content), LABELS, 3)

    assert np.allclose(probs, PROBS, atol=1e-7)
    assert probs.dtype == np.float64


def test_names_of_classes_may_be_numbers(tmp_path: Path) -> None:
    """Columns named after numeric classes are matched by name, not by position."""
    labels = Labels(np.array([0, 1, 1]), ("0", "1"), (0, 1))

    probs = read_pred_probs(saved(tmp_path, "p.csv", columns(PROBS[:, ::-1], "1", "0")), labels, 3)

    assert np.array_equal(probs, PROBS)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        pytest.param(PROBS[:2], (None, None), id="too few rows"),
        pytest.param(PROBS[:, [0, 1, 1]], (None, None), id="too many columns"),
        pytest.param(PROBS[0], (None, None), id="one dimension"),
        pytest.param(PROBS.astype(str), (None, None), id="text"),
        pytest.param([[0.5, 0.5], [0.5, np.nan], [1, 0]], (2, "spam"), id="missing"),
        pytest.param([[0.5, 0.5], [0.5, 0.5], [1.5, -0.5]], (3, "ham"), id="above 1"),
        pytest.param([[0.5, 0.5], [0.5, np.inf], [1, 0]], (2, "spam"), id="infinite"),
        pytest.param([[0.5, 0.5], [0.5, 0.502], [1, 0]], (2, None), id="sum is not 1"),
        pytest.param(np.array([[None, 1]] * 3), (None, None), id="objects"),
    ],
)
def test_unfit_pred_probs_are_refused(
    tmp_path: Path, content: Any, place: tuple[int | None, str | None], sentences: Sentences
) -> None:
    """Another shape, NaN, values outside 0 to 1 and rows that don't add up are refused, with the row."""
    with pytest.raises(InputError) as caught:
        read_pred_probs(saved(tmp_path, "p.npy", content), LABELS, 3)

    assert caught.value.where == str(tmp_path / "p.npy")
    assert (caught.value.row, caught.value.column) == place
    if caught.value.__cause__ is None:  # NumPy's words change with its version
        sentences.check(caught.value)


@pytest.mark.parametrize(
    ("name", "content", "place"),
    [
        pytest.param("p.csv", columns(PROBS, "ham", "eggs"), (None, None), id="one class missing"),
        pytest.param("p.csv", columns(PROBS, "a", "b"), (None, None), id="two classes missing"),
        pytest.param("p.csv", {"ham": ["a", "1", "1"], "spam": [0, 0, 0]}, (1, "ham"), id="a word"),
        pytest.param("p.parquet", {"probs": [[0.5, 0.5], [1.0], [1.0, 0.0]]}, (2, "probs"), id="short list"),
        pytest.param("p.npz", {"a": PROBS, "b": PROBS}, (None, None), id="two arrays"),
    ],
)
def test_unfit_tables_are_refused(
    tmp_path: Path,
    name: str,
    content: Any,
    place: tuple[int | None, str | None],
    sentences: Sentences,
) -> None:
    """Columns that don't match the classes, and broken values in them, are refused."""
    with pytest.raises(InputError) as caught:
        read_pred_probs(saved(tmp_path, name, content), LABELS, 3)

    assert (caught.value.row, caught.value.column) == place
    sentences.check(caught.value)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00", b"nothing", b"PK\x03\x04 broken"])
@pytest.mark.parametrize("name", ["p.npy", "p.npz"])
def test_broken_files_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """A file that is not an array is refused by name."""
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(InputError) as caught:
        read_pred_probs(str(path), LABELS, 3)

    assert caught.value.where == str(path)


def test_missing_files_are_refused(tmp_path: Path) -> None:
    """A file that doesn't exist is refused."""
    with pytest.raises(InputError) as caught:
        read_embeddings(str(tmp_path / "e.npy"), 3)

    assert caught.value.where == str(tmp_path / "e.npy")
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_rounded_probabilities_are_clipped(tmp_path: Path) -> None:
    """Values just below 0 or above 1, from float32 arithmetic, are set to 0 or 1."""
    probs = np.array([[1 + 1e-7, -1e-7], [0.5, 0.5], [0.4995, 0.5]])

    read = read_pred_probs(saved(tmp_path, "p.npy", probs), LABELS, 3)

    assert read.tolist() == [[1.0, 0.0], [0.5, 0.5], [0.4995, 0.5]]


def of_order(order: list[int], n_rows: int) -> tuple[np.ndarray, Labels]:
    """Probabilities that are right on every row, with their columns in another order; and the labels."""
    codes = np.arange(n_rows) % 3
    return np.eye(3)[codes][:, order], Labels(codes, ("a", "b", "c"), ("a", "b", "c"))


def test_another_order_of_classes_is_refused(tmp_path: Path, sentences: Sentences) -> None:
    """Columns without names that fit the labels only in another order are refused."""
    probs, labels = of_order([2, 0, 1], 60)

    with pytest.raises(InputError) as caught:
        read_pred_probs(saved(tmp_path, "p.npy", probs), labels, 60)

    assert "'c', 'a', 'b'" in caught.value.found
    sentences.check(caught.value)


@pytest.mark.parametrize(("order", "n_rows"), [([0, 1, 2], 60), ([2, 0, 1], 30)])
def test_order_of_classes_is_kept(tmp_path: Path, order: list[int], n_rows: int) -> None:
    """Columns that fit, or have too few rows to check, are used in their order."""
    probs, labels = of_order(order, n_rows)

    assert np.array_equal(read_pred_probs(saved(tmp_path, "p.npy", probs), labels, n_rows), probs)


def test_named_columns_keep_their_class(tmp_path: Path) -> None:
    """If columns are named, probabilities are used even if they fit no label."""
    probs, labels = of_order([2, 0, 1], 60)

    assert np.array_equal(
        read_pred_probs(saved(tmp_path, "p.csv", columns(probs, "a", "b", "c")), labels, 60), probs
    )


@settings(max_examples=20)
@given(st.permutations(["ham", "spam", "eggs"]), st.lists(st.sampled_from([0, 1, 2]), min_size=3, max_size=9))
def test_any_order_of_columns_gives_the_same(
    tmp_path_factory: pytest.TempPathFactory, order: list[str], likeliest: list[int]
) -> None:
    """Named columns in any order give the same probabilities."""
    labels = Labels(np.array(likeliest), ("eggs", "ham", "spam"), ("eggs", "ham", "spam"))
    probs = np.full((len(likeliest), 3), 0.25) + np.eye(3)[likeliest] / 4
    frame = pd.DataFrame(probs, columns=["eggs", "ham", "spam"])[order]
    path = saved(tmp_path_factory.mktemp("any"), "p.csv", frame)

    assert np.array_equal(read_pred_probs(path, labels, len(likeliest)), probs)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("e.npy", VECTORS.astype(np.float64)),
        ("e.npy", (VECTORS * 1000).astype(np.int64)),
        ("e.npz", {"x": VECTORS}),
        ("e.npz", {"x": PROBS, "embeddings": VECTORS}),
        ("e.parquet", {"id": [1, 2, 3], "x": VECTORS.tolist()}),
        ("e.parquet", {"text": ["a", "b", "c"], **columns(VECTORS, "e0", "e1"), "row_id": [3, 4, 5]}),
        ("e.csv", columns(VECTORS, "e0", "e1")),
        ("e.unnamed.csv", columns(VECTORS, "0", "1")),
    ],
)
def test_embeddings_are_read(tmp_path: Path, name: str, content: Any) -> None:
    """Vectors are read from arrays, a column of lists, or a column for each dimension; ids are left out."""
    vectors = read_embeddings(saved(tmp_path, name, content), 3)

    expected = VECTORS * 1000 if getattr(content, "dtype", None) == np.int64 else VECTORS
    assert np.allclose(vectors, expected)
    assert vectors.dtype == np.float32


@pytest.mark.parametrize(
    ("name", "content", "row"),
    [
        pytest.param("e.npy", VECTORS[:2], None, id="too few rows"),
        pytest.param("e.npy", [[1.0, 2.0], [np.inf, 2.0], [1.0, 2.0]], 2, id="infinite"),
        pytest.param("e.npy", [[1.0, 2.0], [3.0, 1e300], [1.0, 2.0]], 2, id="too large"),
        pytest.param("e.csv", {"a": ["1", "x", "3"], "b": [1, 2, 3]}, 2, id="a word"),
        pytest.param("e.parquet", {"x": [[1.0], None, [2.0]]}, 2, id="missing"),
        pytest.param("e.parquet", {"x": [[1.0]] * 3, "y": [[1.0]] * 3}, None, id="two columns of lists"),
        pytest.param("e.csv", {"text": ["a", "b", "c"]}, None, id="no numbers"),
        pytest.param("e.npy", np.empty((0, 0)), None, id="empty"),
    ],
)
def test_unfit_embeddings_are_refused(
    tmp_path: Path, name: str, content: Any, row: int | None, sentences: Sentences
) -> None:
    """Too few vectors, missing ones and infinite numbers are refused, with the row."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError) as caught:
            read_embeddings(saved(tmp_path, name, content), 3)

    assert caught.value.row == row
    sentences.check(caught.value)


@pytest.mark.parametrize("name", ["p.npy", "p.npz"])
def test_damaged_anywhere(tmp_path: Path, name: str) -> None:
    """With any byte of the file changed, it is read or refused with its name, and nothing else happens."""
    path = saved(tmp_path, name, PROBS if name.endswith("y") else {"x": PROBS})
    whole = (tmp_path / name).read_bytes()
    places = set()

    for place in range(len(whole)):
        for byte in (0x00, 0x01, 0xFF, whole[place] ^ 0x10):
            (tmp_path / name).write_bytes(whole[:place] + bytes([byte]) + whole[place + 1 :])
            try:
                read_array_or_table(path, "pred_probs")
            except InputError as error:
                places.add(error.where)

    assert places == {path}


def test_array_that_lies(tmp_path: Path) -> None:
    """An array that says it is larger than memory is refused."""
    path = tmp_path / "p.npy"
    head = np.lib.format.magic(1, 0) + (118).to_bytes(2, "little")
    says = b"{'descr': '<f8', 'fortran_order': False, 'shape': (999999999999, 99), }"
    path.write_bytes(head + says.ljust(117) + b"\n")

    with pytest.raises(InputError) as caught:
        read_array_or_table(str(path), "pred_probs")

    assert caught.value.where == str(path)
