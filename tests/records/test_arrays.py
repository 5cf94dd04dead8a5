import numpy as np
import pytest

from doubtcli.records import arrays
from doubtcli.records.arrays import (
    average_opinions,
    compute_by_block,
    compute_for_rows,
    find_first_of_each,
    number_alike,
    pick_cells,
    split_rows,
    take_rows,
)


def test_blocks_are_all_rows_in_order_and_none_is_too_large(monkeypatch):
    """With at most 6 cells in a block, 5 rows of 3 columns are blocks of 2, 2 and 1."""
    monkeypatch.setattr(arrays, "BLOCK_CELLS", 6)

    assert list(split_rows(5, 3)) == [slice(0, 2), slice(2, 4), slice(4, 5)]


def test_a_block_has_at_least_one_row(monkeypatch):
    """A row with more cells than a block may have is a block of its own."""
    monkeypatch.setattr(arrays, "BLOCK_CELLS", 6)

    assert list(split_rows(2, 100)) == [slice(0, 1), slice(1, 2)]


def test_blocks_are_joined_in_order(monkeypatch):
    """The sums of the rows of a matrix are the same in blocks of one row, and of no rows there are none."""
    monkeypatch.setattr(arrays, "BLOCK_CELLS", 2)
    matrix = np.array([[1, 2], [3, 4], [5, 6]])

    assert compute_by_block(lambda rows: matrix[rows].sum(axis=1), 3, 2).tolist() == [3, 7, 11]
    assert compute_by_block(lambda rows: matrix[rows].sum(axis=1), 0, 2).tolist() == []


@pytest.mark.parametrize("mapped_from", [1, 100], ids=["as in a file", "as in memory"])
def test_cells_and_rows_are_picked_in_any_order(monkeypatch, mapped_from):
    """Of (1, 2), (3, 4), (5, 6) the second of the last and the first of the first are 6 and 1."""
    monkeypatch.setattr(arrays, "BLOCK_CELLS", 2)
    monkeypatch.setattr(arrays, "MAPPED_FROM", mapped_from)
    monkeypatch.setattr(arrays, "_FAR_ROWS", 1)
    matrix = np.array([[1, 2], [3, 4], [5, 6]])

    assert pick_cells(matrix, np.array([2, 0]), np.array([1, 0])).tolist() == [6, 1]
    assert take_rows(matrix, np.array([2, 0])).tolist() == [[5, 6], [1, 2]]
    assert take_rows(matrix, slice(1, 2)).tolist() == [[3, 4]]


def test_what_is_computed_for_rows_has_their_order(monkeypatch):
    """Of the rows 2, 0, 2 the third has 2 more than ten times its number, by its place."""
    monkeypatch.setattr(arrays, "BLOCK_CELLS", 2)
    rows = np.array([2, 0, 2])

    assert compute_for_rows(lambda some, places: 10 * some + places, rows, 2).tolist() == [20, 1, 22]


def test_places_have_one_number_where_all_columns_are_the_same():
    """Of (1, 1), (1, 2), (0, 1) and (1, 2) only the second and the last are the same."""
    numbers = number_alike(np.array([1, 1, 0, 1]), np.array([1, 2, 1, 2]))

    assert numbers.tolist() == [1, 2, 0, 2]


def test_numbers_too_large_to_be_joined_are_told_apart():
    """Three columns of numbers up to 2**40 need 120 bits together, more than a number has."""
    large = np.array([2**40, 2**40, 1, 2**40])

    numbers = number_alike(large, np.array([2**40, 2**40, 2**40, 0]), np.array([5, 2**40, 5, 5]))

    assert numbers.tolist() == [2, 3, 0, 1]


def test_the_first_of_each_number_is_in_the_order_of_places():
    """The numbers 7, 3 and 9 are first at the places 0, 1 and 4; no numbers have no first."""
    assert find_first_of_each(np.array([7, 3, 7, 3, 9])).tolist() == [0, 1, 4]
    assert find_first_of_each(np.array([], dtype=np.intp)).tolist() == []


def test_the_mean_of_single_precision_opinions_is_not_rounded():
    """The mean of .1 and .2 in float32 is theirs in float64: .1500000022."""
    one, two = (np.full((2, 2), value, dtype=np.float32) for value in (0.1, 0.2))

    mean = average_opinions([one, two])

    assert mean.dtype == np.float64
    assert mean[1, 1] == pytest.approx(0.15000000223517418, abs=1e-17)


def test_a_mean_that_would_take_gigabytes_has_single_precision(monkeypatch):
    """Of four cells that are more than the most, the mean has float32."""
    monkeypatch.setattr(arrays, "_MOST_DOUBLES", 3)

    assert average_opinions([np.ones((2, 2)), np.zeros((2, 2))]).dtype == np.float32
