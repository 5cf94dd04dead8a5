import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet

from doubtcli.errors import InputError
from doubtcli.read.side_files import read_embeddings, read_pred_probs
from doubtcli.records import Labels

LABELS = Labels(np.array([0, 1, -1]), ("ham", "spam"), ("ham", "spam"))
PROBS = np.array([[0.9, 0.1], [0.25, 0.75], [0.5, 0.5]])
VECTORS = np.array([[1.0, 2.0], [3.0, -4.5], [0.0, 1e-3]], dtype=np.float32)


def saved(folder: Path, name: str, content: Any) -> str:
    """The path of a file of that name and content."""
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
    """Columns called like numeric classes are matched by name, not by place."""
    labels = Labels(np.array([0, 1, 1]), ("0", "1"), (0, 1))

    probs = read_pred_probs(saved(tmp_path, "p.csv", columns(PROBS[:, ::-1], "1", "0")), labels, 3)

    assert np.array_equal(probs, PROBS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (PROBS[:2], "it has 2 rows, the table 3"),
        (PROBS[:, [0, 1, 1]], "it has 3 columns, the labels 2 classes"),
        (PROBS[0], r"the array has shape \(2,\)"),
        (PROBS.astype(str), "the array has shape .* and type <U"),
        ([[0.5, 0.5], [0.5, np.nan], [1, 0]], "row 2, column 'spam': no probability stands here"),
        ([[0.5, 0.5], [0.5, 0.5], [1.5, -0.5]], r"row 3, column 'ham': 1\.5 is no probability"),
        ([[0.5, 0.5], [0.5, np.inf], [1, 0]], "row 2, column 'spam': inf is no probability"),
        ([[0.5, 0.5], [0.5, 0.502], [1, 0]], r"row 2: the probabilities of the 2 classes add up to 1\.002"),
        (np.array([[None, 1]] * 3), "the array can't be read"),
    ],
)
def test_unfit_pred_probs_are_refused(tmp_path: Path, content: Any, message: str) -> None:
    """Another shape, NaN, values off 0 to 1 and rows that don't add up are refused, with the row."""
    with pytest.raises(InputError, match=message):
        read_pred_probs(saved(tmp_path, "p.npy", content), LABELS, 3)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.csv", columns(PROBS, "ham", "eggs"), "no column is called like the class 'spam'"),
        ("p.csv", columns(PROBS, "a", "b"), "no column is called like the classes 'ham', 'spam'"),
        ("p.csv", {"ham": ["a", "1", "1"], "spam": [0, 0, 0]}, "row 1, column 'ham': no probability"),
        ("p.parquet", {"probs": [[0.5, 0.5], [1.0], [1.0, 0.0]]}, "row 2, column 'probs': its vector has 1"),
        ("p.npz", {"a": PROBS, "b": PROBS}, "it holds 2 arrays: a, b"),
        ("p.npz", {"a": PROBS, "b": PROBS}, "expected: one array, or one that is called pred_probs"),
    ],
)
def test_unfit_tables_are_refused(tmp_path: Path, name: str, content: Any, message: str) -> None:
    """Columns that don't name the classes, and broken values in them, are refused."""
    with pytest.raises(InputError, match=message):
        read_pred_probs(saved(tmp_path, name, content), LABELS, 3)


@pytest.mark.parametrize("content", [b"", b"\x93NUMPY\x01\x00", b"nothing", b"PK\x03\x04 broken"])
@pytest.mark.parametrize("name", ["p.npy", "p.npz"])
def test_broken_files_are_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """A file that is no array is refused by name."""
    path = tmp_path / name
    path.write_bytes(content)

    with pytest.raises(InputError) as caught:
        read_pred_probs(str(path), LABELS, 3)

    assert caught.value.where == str(path)


def test_missing_files_are_refused(tmp_path: Path) -> None:
    """A file that isn't there is refused."""
    with pytest.raises(InputError, match="no such file"):
        read_embeddings(str(tmp_path / "e.npy"), 3)


def test_rounded_probabilities_are_put_right(tmp_path: Path) -> None:
    """What float32 arithmetic leaves just below 0 or above 1 is set to 0 or 1."""
    probs = np.array([[1 + 1e-7, -1e-7], [0.5, 0.5], [0.4995, 0.5]])

    read = read_pred_probs(saved(tmp_path, "p.npy", probs), LABELS, 3)

    assert read.tolist() == [[1.0, 0.0], [0.5, 0.5], [0.4995, 0.5]]


def of_order(order: list[int], n_rows: int) -> tuple[np.ndarray, Labels]:
    """Probabilities that are right on every row, their columns in another order; and the labels."""
    codes = np.arange(n_rows) % 3
    return np.eye(3)[codes][:, order], Labels(codes, ("a", "b", "c"), ("a", "b", "c"))


def test_another_order_of_classes_is_refused(tmp_path: Path) -> None:
    """Columns without names that fit the labels only in another order are refused."""
    probs, labels = of_order([2, 0, 1], 60)

    with pytest.raises(InputError, match="but do in this one: 'c', 'a', 'b'"):
        read_pred_probs(saved(tmp_path, "p.npy", probs), labels, 60)


@pytest.mark.parametrize(("order", "n_rows"), [([0, 1, 2], 60), ([2, 0, 1], 30)])
def test_order_of_classes_is_believed(tmp_path: Path, order: list[int], n_rows: int) -> None:
    """Columns that fit, or too few rows to tell, are taken as they stand."""
    probs, labels = of_order(order, n_rows)

    assert np.array_equal(read_pred_probs(saved(tmp_path, "p.npy", probs), labels, n_rows), probs)


def test_named_columns_are_believed(tmp_path: Path) -> None:
    """Probabilities that fit no label are taken where their columns are named."""
    probs, labels = of_order([2, 0, 1], 60)

    assert np.array_equal(
        read_pred_probs(saved(tmp_path, "p.csv", columns(probs, "a", "b", "c")), labels, 60), probs
    )


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
    """Vectors are read from arrays, a column of lists, or a column a dimension; ids and text are none."""
    vectors = read_embeddings(saved(tmp_path, name, content), 3)

    expected = VECTORS * 1000 if getattr(content, "dtype", None) == np.int64 else VECTORS
    assert np.allclose(vectors, expected)
    assert vectors.dtype == np.float32


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("e.npy", VECTORS[:2], "it has 2 rows, the table 3"),
        ("e.npy", [[1.0, 2.0], [np.inf, 2.0], [1.0, 2.0]], "row 2: number 1 of its vector is inf"),
        ("e.npy", [[1.0, 2.0], [3.0, 1e300], [1.0, 2.0]], r"row 2: number 2 of its vector is 1e\+300"),
        ("e.csv", {"a": ["1", "x", "3"], "b": [1, 2, 3]}, "row 2: number 1 of its vector is nan"),
        ("e.parquet", {"x": [[1.0], None, [2.0]]}, "row 2: no vector stands here"),
        ("e.parquet", {"x": [[1.0]] * 3, "y": [[1.0]] * 3}, "2 of its columns hold lists of numbers"),
        ("e.csv", {"text": ["a", "b", "c"]}, "0 of its columns hold lists of numbers, 0 hold numbers"),
        ("e.npy", np.empty((0, 0)), r"the array has shape \(0, 0\)"),
    ],
)
def test_unfit_embeddings_are_refused(tmp_path: Path, name: str, content: Any, message: str) -> None:
    """Vectors of another number, with gaps or infinite numbers, are refused with the row."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(InputError, match=message):
            read_embeddings(saved(tmp_path, name, content), 3)
