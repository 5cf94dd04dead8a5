import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from doubtcli.pooling import calibrate, pool, softmax


def test_softmax_is_in_proportion_to_exponentials():
    """Scores log 1 and log 3 are a quarter and three quarters."""
    np.testing.assert_allclose(softmax(np.log([[1.0, 3.0]])), [[0.25, 0.75]])


def test_overconfident_scores_are_softened():
    """Of ten sure answers one is wrong: .9, and with one unseen row of twenty-one (.9 * 20 + .5) / 21."""
    labels = np.array([0] * 9 + [1] + [1] * 9 + [0])
    scores = np.repeat([[50.0, -50.0], [-50.0, 50.0]], 10, axis=0)

    probs = calibrate(scores, labels)

    np.testing.assert_allclose(probs.max(axis=1), 18.5 / 21, atol=1e-3)


def test_calibration_never_raises_the_log_loss():
    """Scikit-learn's log loss after it is no higher than before."""
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(200, 3)) * 9, rng.integers(0, 3, 200)

    before, after = log_loss(labels, softmax(scores)), log_loss(labels, calibrate(scores, labels))

    assert after <= before


def test_scores_that_tell_nothing_are_even():
    """All scores equal: all classes equally likely."""
    np.testing.assert_allclose(calibrate(np.zeros((4, 2)), np.array([0, 1, 0, 1])), 0.5)


def test_a_flat_opinion_does_not_move_the_pool():
    """One that knows nothing leaves the other's order and calibration alone."""
    labels = np.array([0] * 9 + [1] + [1] * 9 + [0])
    knows = np.repeat([[0.9, 0.1], [0.1, 0.9]], 10, axis=0)
    flat = np.full((20, 2), 0.5)

    np.testing.assert_allclose(pool([knows, flat], labels), pool([knows], labels), atol=1e-6)


def test_trust_of_nothing_silences_an_opinion():
    """An opinion of weight 0 might as well be absent."""
    rng = np.random.default_rng(1)
    one, other = softmax(rng.normal(size=(50, 3))), softmax(rng.normal(size=(50, 3)))
    labels = rng.integers(0, 3, 50)

    np.testing.assert_allclose(pool([one, other], labels, [1.0, 0.0]), pool([one], labels), rtol=1e-6)


@given(st.integers(2, 5), st.integers(1, 30), st.integers(0, 10_000))
def test_calibrated_rows_are_distributions_that_keep_their_order(n_classes, n_rows, seed):
    """Rows sum to 1 and the likeliest class stays the likeliest."""
    rng = np.random.default_rng(seed)
    scores, labels = rng.normal(size=(n_rows, n_classes)), rng.integers(0, n_classes, n_rows)

    probs = calibrate(scores, labels)

    np.testing.assert_allclose(probs.sum(axis=1), 1)
    np.testing.assert_allclose(probs[np.arange(n_rows), scores.argmax(axis=1)], probs.max(axis=1))


@pytest.mark.parametrize("n_rows", [25_000])
def test_many_rows_are_calibrated_on_a_sample(n_rows):
    """A quarter wrong at full confidence comes out as .75 on a large file as well."""
    labels = np.arange(n_rows) % 2
    wrong = np.arange(n_rows) // 2 % 4 == 0
    scores = np.eye(2)[np.where(wrong, 1 - labels, labels)] * 20

    np.testing.assert_allclose(calibrate(scores, labels).max(axis=1), 0.75, atol=0.01)
