import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss

from doubtcli.pooling import calibrate, learn_trust, pool, softmax

EVEN = np.array([0.5, 0.5])


def sure(labels, right):
    """An opinion of two classes that gives .9 to the label where it is right, else to the other."""
    return np.where(np.eye(2, dtype=bool)[np.where(right, labels, 1 - labels)], 0.9, 0.1)


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

    both, alone = pool([knows, flat], labels, np.ones(2)), pool([knows], labels, np.ones(1))

    np.testing.assert_allclose(both, alone, atol=1e-6)


class TestLearnTrust:
    """Weights of opinions, learnt from how well they foretell the labels."""

    def test_who_knows_is_trusted_and_who_guesses_is_not(self):
        """An opinion that is right nine times in ten outweighs one that is right five times in ten."""
        labels = np.arange(200) % 2
        right = np.arange(200) // 2 % 10 != 0
        guess = np.arange(200) // 2 % 4 < 2

        trust = learn_trust([sure(labels, right), sure(labels, guess)], labels, EVEN)

        assert trust[0] > 10 * trust[1]

    def test_a_rare_class_counts_as_much_as_a_common_one(self):
        """Who knows only the 10 rare rows is trusted like who knows only the 190 common ones."""
        labels = np.array([0] * 190 + [1] * 10)
        flat = np.full((200, 2), 0.5)
        knows_common, knows_rare = flat.copy(), flat.copy()
        knows_common[labels == 0] = [0.9, 0.1]
        knows_rare[labels == 1] = [0.1, 0.9]

        trust = learn_trust([knows_common, knows_rare], labels, EVEN)

        assert trust[0] == pytest.approx(trust[1], rel=1e-3)

    def test_a_wrong_label_hardly_moves_it(self):
        """One label that both contradict changes the trust in either by less than a tenth."""
        labels = np.arange(100) % 2
        opinions = [sure(labels, np.arange(100) // 2 % 10 != k) for k in (0, 1)]
        wrong = labels.copy()
        wrong[4] = 1 - wrong[4]

        before, after = (learn_trust(opinions, given, EVEN) for given in (labels, wrong))

        np.testing.assert_allclose(after, before, rtol=0.1)

    def test_one_opinion_alone_keeps_its_prior(self):
        """With nobody to weigh it against, nothing is learnt."""
        trust = learn_trust([np.full((4, 2), 0.5)], np.array([0, 1, 0, 1]), np.array([0.7]))

        np.testing.assert_array_equal(trust, [0.7])

    def test_where_nobody_knows_anything_the_prior_stands(self):
        """Flat opinions are trusted as they were beforehand."""
        flat = np.full((20, 2), 0.5)

        trust = learn_trust([flat, flat], np.arange(20) % 2, np.array([1.0, 0.25]))

        np.testing.assert_allclose(trust, [1.0, 0.25], atol=1e-6)

    @given(st.integers(0, 2**32 - 1), st.integers(2, 4))
    def test_trust_is_never_negative(self, seed, n_classes):
        """Nobody is listened to the wrong way round, and the same labels give the same trust."""
        rng = np.random.default_rng(seed)
        labels = rng.integers(0, n_classes, 30)
        opinions = [softmax(rng.normal(size=(30, n_classes)) * 3) for _ in range(3)]

        one, again = (learn_trust(opinions, labels, np.full(3, 1 / 3)) for _ in range(2))

        assert (one >= 0).all()
        np.testing.assert_array_equal(one, again)


def test_trust_of_nothing_silences_an_opinion():
    """An opinion of weight 0 might as well be absent."""
    rng = np.random.default_rng(1)
    one, other = softmax(rng.normal(size=(50, 3))), softmax(rng.normal(size=(50, 3)))
    labels = rng.integers(0, 3, 50)

    np.testing.assert_allclose(
        pool([one, other], labels, np.array([1.0, 0.0])), pool([one], labels, np.ones(1)), rtol=1e-6
    )


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
