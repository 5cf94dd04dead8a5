import numpy as np
import pyarrow as pa
import pytest

from doubtcli.features import table
from doubtcli.features.table import Indicators, TableBlock, TableMatrix
from doubtcli.records import arrays


def column(values, type_=None):
    """A column of a table."""
    return pa.chunked_array([pa.array(values, type_)])


def make_numeric_features(values):
    """The columns of some numbers as one array."""
    return np.asarray(TableMatrix(table.make_numeric_features(values)))


def make_categorical_features(values):
    """The columns of some categories as one array."""
    return np.asarray(TableMatrix(table.make_categorical_features(values)))


def make_datetime_features(values):
    """The columns of some times as one array."""
    return np.asarray(TableMatrix(table.make_datetime_features(values)))


def test_numbers_are_standardized_and_compressed():
    """1 and 3 are one standard deviation from their mean, which arcsinh compresses to .8814."""
    features = make_numeric_features(column([1.0, 3.0]))

    np.testing.assert_allclose(features, [[-0.881374], [0.881374]], rtol=1e-5)


def test_one_typing_slip_does_not_flatten_the_rest():
    """Next to a slip of 1e30 the numbers 0 to 199 still differ."""
    features = make_numeric_features(column([*map(float, range(200)), 1e30]))

    assert len(np.unique(features[:200])) == 200
    assert features[:200].max() - features[:200].min() > 0.5


def test_missing_numbers_are_put_at_the_median_with_an_indicator():
    """A missing value is neither high nor low, and is marked as missing."""
    features = make_numeric_features(column([1.0, None, 3.0, 2.0]))

    np.testing.assert_allclose(features[:, 1], [0, 1, 0, 0])
    np.testing.assert_allclose(features[1, 0], 0, atol=1e-6)


def test_a_constant_or_empty_column_is_all_zeros():
    """A column without information is all zeros, never a division by zero."""
    np.testing.assert_allclose(make_numeric_features(column([5.0, 5.0])), [[0], [0]])
    np.testing.assert_allclose(make_numeric_features(column([None, None], pa.float64())), [[0, 1], [0, 1]])


def test_common_categories_have_their_own_indicator_and_rare_ones_share_one():
    """The values a and missing occur twice, b and c once each."""
    features = make_categorical_features(column(["a", "a", None, None, "b", "c"]))

    assert features.shape == (6, 3)
    np.testing.assert_allclose(features.sum(axis=1), 1)
    assert (features[4] == features[5]).all()
    assert not (features[0] == features[2]).all()


def test_without_rare_values_there_is_no_indicator_for_them():
    """Two common values need two indicators."""
    assert make_categorical_features(column(["a", "a", "b", "b"])).shape == (4, 2)


def test_times_a_week_apart_differ_only_in_days():
    """Hour and weekday are on circles: the same hour of the same weekday is the same point."""
    times = column(np.array(["2026-01-05T09:00", "2026-01-12T09:00"], dtype="datetime64[us]"))

    first, second = make_datetime_features(times)

    assert first[0] < second[0]
    np.testing.assert_allclose(first[1:], second[1:], atol=1e-2)


def test_missing_times_have_an_indicator():
    """A missing time is marked as missing."""
    times = pa.chunked_array([pa.array([0, None, 86_400_000_000], pa.timestamp("us"))])

    np.testing.assert_allclose(make_datetime_features(times)[:, 1], [0, 1, 0])


# ------------------------------------------------------------------ side by side

WHOLE = np.array(
    [[0.5, 1, 0, 0, 0], [1.5, 0, 0, 1, 1], [2.5, 0, 1, 0, 0], [0.5, 1, 0, 0, 0]], dtype=np.float32
)
"""A number, three indicators, and whether a value is missing."""


@pytest.fixture
def matrix() -> TableMatrix:
    """The same by its columns."""
    numbers = np.array([0.5, 1.5, 2.5, 0.5], dtype=np.float32)
    codes = np.array([0, 2, 1, 0], dtype=np.uint8)
    return TableMatrix([numbers, Indicators(codes, 3), np.array([False, True, False, False])])


@pytest.mark.parametrize("block_cells", [1, 10, 1000])
def test_all_rows_are_the_same_in_blocks_of_any_size(
    matrix: TableMatrix, monkeypatch: pytest.MonkeyPatch, block_cells: int
) -> None:
    """Blocks of one row, of two, and of all four."""
    monkeypatch.setattr(arrays, "BLOCK_CELLS", block_cells)

    made = np.asarray(matrix)

    assert made.dtype == np.float32
    np.testing.assert_array_equal(made, WHOLE)


@pytest.mark.parametrize("rows", [np.array([2, 0]), slice(1, 3), np.array([], dtype=np.intp)])
def test_some_rows_are_those_of_the_whole(matrix: TableMatrix, rows: np.ndarray | slice) -> None:
    """In the order in which they are asked for."""
    np.testing.assert_array_equal(matrix[rows], WHOLE[rows])
    assert (len(matrix), matrix.shape) == (4, (4, 5))


@pytest.mark.parametrize("block_cells", [1, 10, 1000])
def test_equal_rows_have_the_same_number_in_blocks_of_any_size(
    matrix: TableMatrix, monkeypatch: pytest.MonkeyPatch, block_cells: int
) -> None:
    """The last row equals the first; an array of the same numbers has the same keys."""
    monkeypatch.setattr(arrays, "BLOCK_CELLS", block_cells)

    assert TableBlock(matrix).exact_keys.tolist() == [0, 1, 2, 0]
    assert TableBlock(WHOLE).exact_keys.tolist() == [0, 1, 2, 0]


def test_the_space_of_neighbours_leaves_the_matrix_as_it_is(matrix: TableMatrix) -> None:
    """Five columns: each value is divided by the square root of 5."""
    for block in (TableBlock(matrix), TableBlock(WHOLE.copy())):
        np.testing.assert_allclose(block.neighbor_space(), WHOLE / 5**0.5, rtol=1e-6)
        np.testing.assert_array_equal(np.asarray(block.dense), WHOLE)
