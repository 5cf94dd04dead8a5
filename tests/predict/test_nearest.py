import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.neighbors import NearestNeighbors

from doubtcli.predict import nearest
from doubtcli.predict.nearest import find_nearest_rows


def draw_rows(n_rows, n_dimensions):
    """Random vectors in single precision."""
    return np.random.default_rng(0).normal(size=(n_rows, n_dimensions)).astype(np.float32)


@pytest.mark.parametrize(("n_rows", "n_dimensions"), [(700, 3), (3000, 3), (3000, 80)])
def test_the_nearest_are_those_of_scikit_learn(n_rows, n_dimensions):
    """With few and with many candidates, and in single and double precision, no nearer row is missed."""
    space, candidates = draw_rows(n_rows, n_dimensions), np.arange(0, n_rows, 2)

    rows, squares = find_nearest_rows(space, candidates, 7)

    oracle = NearestNeighbors(n_neighbors=7, algorithm="brute").fit(space[candidates].astype(np.float64))
    distances, places = oracle.kneighbors(space.astype(np.float64))
    np.testing.assert_array_equal(rows, candidates[places])
    np.testing.assert_allclose(squares, distances**2, rtol=1e-6, atol=1e-6)


def test_parts_of_the_rows_are_searched_one_after_the_other(monkeypatch):
    """Where no more than two rows fit into memory at a time, the result is the same."""
    space, candidates = draw_rows(101, 4), np.arange(101)
    whole = find_nearest_rows(space, candidates, 5, candidates)

    monkeypatch.setattr(nearest, "_AT_ONCE", 202)

    for part, one in zip(find_nearest_rows(space, candidates, 5, candidates), whole, strict=True):
        np.testing.assert_array_equal(part, one)


def test_rows_of_the_same_group_are_passed_over():
    """Of the rows 0, 1, 2 and 9 on a line, 0 and 1 are one group: they find 2 and 9, and are found."""
    space = np.array([[0.0], [1.0], [2.0], [9.0]], dtype=np.float32)

    rows, squares = find_nearest_rows(space, np.arange(4), 3, np.array([5, 5, 6, 7]))

    assert rows.tolist() == [[2, 3, -1], [2, 3, -1], [1, 0, 3], [2, 1, 0]]
    np.testing.assert_array_equal(squares, [[4, 81, np.nan], [1, 64, np.nan], [1, 4, 49], [49, 64, 81]])


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3), min_size=2, max_size=60), st.integers(1, 6))
def test_no_row_finds_one_of_its_own_group(groups, n_wanted):
    """However large a group is, only rows outside are found, and as many as there are."""
    groups = np.array(groups)
    space = draw_rows(len(groups), 2)

    rows, squares = find_nearest_rows(space, np.arange(len(groups)), n_wanted, groups)

    for row, found in enumerate(rows):
        there = found[found >= 0]
        assert not (groups[there] == groups[row]).any()
        assert len(there) == min(n_wanted, (groups != groups[row]).sum())
    assert (np.isnan(squares) == (rows < 0)).all()


def test_of_equally_near_rows_the_first_is_found():
    """A row amid three others at the same distance finds them in their order."""
    space = np.array([[0.0, 1.0], [1.0, 0.0], [0.0, 0.0], [-1.0, 0.0]], dtype=np.float32)

    rows, _ = find_nearest_rows(space, np.arange(4), 3, np.arange(4))

    assert rows[2].tolist() == [0, 1, 3]


def test_rows_far_from_zero_are_not_confused():
    """In few dimensions, 1000.000 and 1000.001 differ, though their squares are equal in single precision."""
    space = np.array([[1000.0], [1000.001], [1000.01], [1000.1]], dtype=np.float32)

    rows, _ = find_nearest_rows(space, np.arange(4), 1, np.arange(4))

    assert rows.ravel().tolist() == [1, 0, 1, 2]
