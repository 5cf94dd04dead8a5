import numpy as np
import pytest

from doubtcli.predict.nearest import find_nearest_rows
from doubtcli.predict.nearest_by_graph import search_graph

pytest.importorskip("faiss")


def draw_clusters(n_rows):
    """Random vectors around 50 centres."""
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(50, 16))
    return (centres[np.arange(n_rows) % 50] + rng.normal(size=(n_rows, 16)) / 4).astype(np.float32)


def test_nearly_all_found_rows_are_the_nearest_ones():
    """Of 2,000 rows nine in ten are found, and the measured share is the true one to a few hundredths."""
    space, rows = draw_clusters(2000), np.arange(2000)

    found, _, recall = search_graph(space, 10, rows)

    exact, _ = find_nearest_rows(space, rows, 10, rows)
    true = np.mean([len(set(one) & set(other)) / 10 for one, other in zip(found, exact, strict=True)])
    assert true > 0.9
    assert recall == pytest.approx(true, abs=0.03)


def test_distances_are_squared_and_rise():
    """Each is that of the two rows, the nearest first."""
    space = draw_clusters(300)

    found, squares, _ = search_graph(space, 3, np.arange(300))

    np.testing.assert_allclose(squares, np.square(space[found] - space[:, None]).sum(axis=2), rtol=1e-4)
    assert (np.diff(squares, axis=1) >= 0).all()


def test_rows_of_the_same_group_are_passed_over():
    """Of three rows, two are one group: each finds the third, and there is nothing more."""
    space = np.array([[0.0, 0.0], [0.0, 1.0], [5.0, 0.0]], dtype=np.float32)

    found, squares, recall = search_graph(space, 2, np.array([4, 4, 7]))

    assert found.tolist() == [[2, -1], [2, -1], [0, 1]]
    np.testing.assert_allclose(squares, [[25, np.nan], [26, np.nan], [25, 26]])
    assert recall == 1


def test_the_graph_is_always_the_same():
    """With four threads allowed, two searches give the same bytes."""
    import faiss

    space, rows = draw_clusters(3000), np.arange(3000)
    first = search_graph(space, 10, rows)
    faiss.omp_set_num_threads(4)

    again = search_graph(space, 10, rows)

    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert faiss.omp_get_max_threads() == 1
