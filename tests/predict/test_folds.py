import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.predict.folds import assign_folds


def test_single_rows_are_dealt_evenly_by_class():
    """Ten rows of one class and five of another give each of five folds two and one."""
    labels = np.array([0] * 10 + [1] * 5)

    folds = assign_folds(labels, np.arange(15), 5, seed=0)

    assert (np.bincount(folds[:10], minlength=5) == 2).all()
    assert (np.bincount(folds[10:], minlength=5) == 1).all()


def test_another_seed_gives_other_folds():
    """So each repeat has its own folds."""
    labels = np.array([0, 1] * 20)

    first, second = (assign_folds(labels, np.arange(40), 5, seed) for seed in (0, 1))

    assert (first != second).any()


def test_a_large_group_is_balanced_by_the_other_rows():
    """Six duplicates fill one fold; the other six rows of the class go to the other fold."""
    groups = np.array([0] * 6 + list(range(1, 7)))

    folds = assign_folds(np.zeros(12, dtype=np.intp), groups, 2, seed=0)

    assert (np.bincount(folds) == 6).all()
    assert len(set(folds[:6])) == 1


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), min_size=2, max_size=60),
    st.integers(2, 5),
    st.integers(0, 3),
)
def test_groups_never_split_and_every_row_has_a_fold(rows, n_folds, seed):
    """Rows of one group share a fold, with any labels."""
    labels, groups = np.array(rows, dtype=np.intp).T

    folds = assign_folds(labels, groups, n_folds, seed)

    assert ((folds >= 0) & (folds < n_folds)).all()
    assert all(len(set(folds[groups == group])) == 1 for group in groups)


@given(st.lists(st.integers(0, 3), min_size=5, max_size=80), st.integers(2, 5))
def test_without_groups_folds_differ_by_at_most_one_row_of_a_class(labels, n_folds):
    """No fold has two rows more of a class than another fold."""
    labels = np.array(labels, dtype=np.intp)

    folds = assign_folds(labels, np.arange(len(labels)), n_folds, seed=0)

    for label in set(labels):
        counts = np.bincount(folds[labels == label], minlength=n_folds)
        assert counts.max() - counts.min() <= 1
