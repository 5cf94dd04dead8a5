import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from sklearn.metrics import log_loss

from doubtcli.predict import pooling
from doubtcli.predict.folds import spread_rows
from doubtcli.predict.pooling import (
    calibrate_scores,
    learn_trust,
    pool_probabilities,
    softmax,
    weigh_models,
)

EVEN = np.array([0.5, 0.5])


def predict(classes, sure=0.9):
    """An opinion that predicts these classes of two, with this probability."""
    return np.where(np.eye(2)[np.asarray(classes)] == 1, sure, 1 - sure)


def test_softmax_is_in_proportion_to_exponentials():
    """Scores log 1 and log 3 are a quarter and three quarters."""
    np.testing.assert_allclose(softmax(np.log([[1.0, 3.0]])), [[0.25, 0.75]])


def test_overconfident_scores_are_softened():
    """One of ten sure predictions is wrong: .9, and with one more row (.9 * 20 + .5) / 21."""
    labels = np.array([0] * 9 + [1] + [1] * 9 + [0])
    scores = np.repeat([[50.0, -50.0], [-50.0, 50.0]], 10, axis=0)

    probs = calibrate_scores(scores, labels)

    np.testing.assert_allclose(probs.max(axis=1), 18.5 / 21, atol=1e-3)


def test_calibration_never_raises_the_log_loss():
    """Scikit-learn's log loss is not higher than before."""
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(200, 3)) * 9, rng.integers(0, 3, 200)

    before, after = log_loss(labels, softmax(scores)), log_loss(labels, calibrate_scores(scores, labels))

    assert after <= before


def test_equal_scores_give_equal_probabilities():
    """All classes are equally likely."""
    np.testing.assert_allclose(calibrate_scores(np.zeros((4, 2)), np.array([0, 1, 0, 1])), 0.5)


def test_a_flat_opinion_does_not_change_the_pool():
    """The order and the calibration of the other opinion stay."""
    labels = np.array([0] * 9 + [1] + [1] * 9 + [0])
    knows = np.repeat([[0.9, 0.1], [0.1, 0.9]], 10, axis=0)
    flat = np.full((20, 2), 0.5)

    np.testing.assert_allclose(
        pool_probabilities([knows, flat], labels, EVEN), pool_probabilities([knows], labels, [0.5]), atol=1e-6
    )


def test_an_opinion_of_weight_0_does_not_count():
    """The pool is the same without it."""
    rng = np.random.default_rng(1)
    one, other = softmax(rng.normal(size=(50, 3))), softmax(rng.normal(size=(50, 3)))
    labels = rng.integers(0, 3, 50)

    np.testing.assert_allclose(
        pool_probabilities([one, other], labels, [1.0, 0.0]),
        pool_probabilities([one], labels, [1.0]),
        rtol=1e-6,
    )


def test_opposite_opinions_of_equal_trust_cancel_each_other():
    """For .9 and .1 against .1 and .9, the geometric means are equal."""
    labels = np.arange(20) % 2

    np.testing.assert_allclose(pool_probabilities([predict(labels), predict(1 - labels)], labels, EVEN), 0.5)


def test_only_the_proportions_of_trust_matter():
    """The pool is calibrated again, so that twice the trust in all opinions changes nothing."""
    rng = np.random.default_rng(1)
    opinions = [softmax(rng.normal(size=(50, 3))) for _ in range(2)]
    labels, trust = rng.integers(0, 3, 50), np.array([0.7, 0.2])

    np.testing.assert_allclose(
        pool_probabilities(opinions, labels, 2 * trust),
        pool_probabilities(opinions, labels, trust),
        rtol=1e-4,
    )


class TestOverratedModels:
    """A model that labels with errors overrate keeps a part of the trust that they give it."""

    @pytest.fixture
    def opinions(self):
        """Labels of two classes, and models that predict all, three quarters and half of them."""
        labels = np.arange(40) % 2
        often, half = np.arange(40) % 8 < 2, np.arange(40) // 2 % 2
        return labels, [predict(labels), predict(np.where(often, 1 - labels, labels)), predict(half)]

    def test_a_model_that_is_overrated_keeps_a_quarter_of_its_share(self, opinions):
        """Alone with a guess, the model that predicts all labels would have nearly all of the trust."""
        labels, (right, _, guess) = opinions

        fair = weigh_models([right, guess], labels, np.array([False, False]))
        overrated = weigh_models([right, guess], labels, np.array([True, False]))

        np.testing.assert_allclose(overrated[0], fair[0] / 4)
        np.testing.assert_allclose(fair.sum(), 1)
        np.testing.assert_allclose(overrated.sum(), 1)

    def test_the_others_are_weighed_without_it(self, opinions):
        """Three quarters of what the others have is as if there were only them."""
        labels, (right, often, guess) = opinions
        everyone = weigh_models([right, often, guess], labels, np.zeros(3, dtype=bool))
        others = weigh_models([often, guess], labels, np.zeros(2, dtype=bool))

        trust = weigh_models([right, often, guess], labels, np.array([True, False, False]))

        np.testing.assert_allclose(trust[1:], everyone[1:] / 4 + others * 3 / 4)

    def test_where_all_are_overrated_they_are_weighed_as_usual(self, opinions):
        """There is nothing to set against them."""
        labels, models = opinions

        np.testing.assert_array_equal(
            weigh_models(models, labels, np.ones(3, dtype=bool)),
            weigh_models(models, labels, np.zeros(3, dtype=bool)),
        )


class TestTrust:
    """How much each opinion is trusted, by how well it predicts the labels."""

    def test_an_opinion_that_is_always_right_is_trusted_and_a_guess_is_not(self):
        """One predicts every label, the other half of the labels of each class; both are equally sure."""
        labels = np.arange(40) % 2
        guesses = np.arange(40) // 2 % 2

        right, at_chance = learn_trust([predict(labels), predict(guesses)], labels, EVEN)

        assert right > 1.5
        assert at_chance < 0.2

    def test_the_trust_is_where_likelihood_and_prior_balance(self):
        """One opinion is always right at odds of 9 to 1, and the other is flat: a single unknown is left.

        Right with probability p = 1 / (1 + 9^-w), a label is predicted with .9 p + .1 / 2. At the optimum w,
        the slope of its logarithm, .9 p (1 - p) log 9 / (.9 p + .05), is the slope of .003 (w - .5)^2.
        """
        labels = np.arange(40) % 2

        def slope(weight):
            p = 1 / (1 + 9**-weight)
            return 0.9 * p * (1 - p) * np.log(9) / (0.9 * p + 0.05) - 2 * 0.003 * (weight - 0.5)

        trust = learn_trust([predict(labels), np.full((40, 2), 0.5)], labels, EVEN)

        np.testing.assert_allclose(trust, [brentq(slope, 0.5, 10), 0.5], rtol=1e-3)

    def test_a_class_counts_by_the_square_root_of_its_rows(self):
        """Of 100 rows 10 are rare; in each class, one opinion is right on all rows and the other on none.

        So the weights are sqrt(90) = 9.49 and sqrt(10) = 3.16: three to one. The best weights w are the
        difference of the two opinions' trust where right and wrong balance: with odds of 3 to 1 for the one
        that knows the common class.
        """
        labels = np.array([0] * 90 + [1] * 10)
        knows_common, knows_rare = predict([0] * 100), predict([1] * 100)

        common, rare = learn_trust([knows_common, knows_rare], labels, np.zeros(2))

        # p = 1 / (1 + 9^-(common - rare)) of class 0; expected .9 p + .05 and .9 (1 - p) + .05
        def slope(weight):
            p = 1 / (1 + 9**-weight)
            pull = 0.9 * p * (1 - p) * np.log(9)
            return 0.75 * pull / (0.9 * p + 0.05) - 0.25 * pull / (0.95 - 0.9 * p) - 2 * 0.003 * weight

        assert rare == 0.0
        np.testing.assert_allclose(common, brentq(slope, 0.01, 3), rtol=1e-3)

    def test_one_wrong_label_hardly_changes_it(self):
        """A nearly sure opinion contradicts one wrong label of 40, and loses at most a tenth of its trust."""
        labels = np.arange(40) % 2
        sure = predict(labels, 0.999)
        often_right = predict(np.where(np.arange(40) % 8 < 2, 1 - labels, labels))
        wrong = np.where(np.arange(40) == 3, 1 - labels, labels)

        before, after = (learn_trust([sure, often_right], given, EVEN)[0] for given in (labels, wrong))

        assert 0.9 * before < after <= before

    def test_one_opinion_alone_keeps_its_prior(self):
        """There is no other opinion to trust, so it does not matter whether it is right."""
        labels = np.arange(10) % 2

        np.testing.assert_array_equal(learn_trust([predict(1 - labels)], labels, np.array([0.3])), [0.3])

    def test_trust_is_not_negative(self):
        """An opinion that is wrong on every row gets 0, though inverted it would predict all labels."""
        labels = np.arange(40) % 2

        trust = learn_trust([predict(1 - labels), np.full((40, 2), 0.5)], labels, EVEN)

        np.testing.assert_array_equal(trust, [0.0, 0.5])

    def test_the_same_opinions_get_the_same_trust(self):
        """It is the same to the last bit."""
        rng = np.random.default_rng(2)
        opinions = [softmax(rng.normal(size=(80, 4))) for _ in range(5)]
        labels = rng.integers(0, 4, 80)

        first, second = (learn_trust(opinions, labels, np.full(5, 0.2)) for _ in range(2))

        assert first.tobytes() == second.tobytes()

    def test_a_sample_of_many_rows_gives_about_the_same_trust(self):
        """50,000 rows, of which 20,000 are used, give the trust of the first 20,000, to a tenth."""
        rng = np.random.default_rng(3)
        labels = rng.integers(0, 2, 50_000)
        opinions = [predict(np.where(rng.random(50_000) < miss, 1 - labels, labels)) for miss in (0.1, 0.3)]

        whole = learn_trust(opinions, labels, EVEN)
        part = learn_trust([probs[:20_000] for probs in opinions], labels[:20_000], EVEN)

        np.testing.assert_allclose(whole, part, rtol=0.1)

    @given(st.integers(2, 4), st.integers(1, 4), st.integers(1, 30), st.integers(0, 10_000))
    @settings(max_examples=30)
    def test_trust_is_finite_and_never_negative(self, n_classes, n_opinions, n_rows, seed):
        """This holds for any opinions, also where a class has no rows."""
        rng = np.random.default_rng(seed)
        opinions = [softmax(rng.normal(size=(n_rows, n_classes)) * 5) for _ in range(n_opinions)]
        labels = rng.integers(0, n_classes, n_rows)

        trust = learn_trust(opinions, labels, np.full(n_opinions, 1 / n_opinions))

        assert np.isfinite(trust).all()
        assert (trust >= 0).all()


@given(st.integers(2, 5), st.integers(1, 30), st.integers(0, 10_000))
def test_calibrated_rows_are_distributions_that_keep_their_order(n_classes, n_rows, seed):
    """Rows sum to 1, and the likeliest class stays the likeliest."""
    rng = np.random.default_rng(seed)
    scores, labels = rng.normal(size=(n_rows, n_classes)), rng.integers(0, n_classes, n_rows)

    probs = calibrate_scores(scores, labels)

    np.testing.assert_allclose(probs.sum(axis=1), 1)
    np.testing.assert_allclose(probs[np.arange(n_rows), scores.argmax(axis=1)], probs.max(axis=1))


@pytest.mark.parametrize("n_rows", [25_000])
def test_many_rows_are_calibrated_on_a_sample(n_rows):
    """If a quarter of sure predictions is wrong, they get .75, also in a large file."""
    labels = np.arange(n_rows) % 2
    wrong = np.arange(n_rows) // 2 % 4 == 0
    scores = np.eye(2)[np.where(wrong, 1 - labels, labels)] * 20

    np.testing.assert_allclose(calibrate_scores(scores, labels).max(axis=1), 0.75, atol=0.01)


def test_where_classes_are_many_fewer_rows_are_looked_at(monkeypatch):
    """Of 40 rows with 4 classes, at most 80 cells are 20 rows: the labels of the others change nothing."""
    monkeypatch.setattr(pooling, "_MOST_CELLS_FITTED", 80)
    rng = np.random.default_rng(0)
    scores, labels = rng.normal(size=(40, 4)), rng.integers(0, 4, 40)
    others = np.setdiff1d(np.arange(40), spread_rows(40, 20))
    changed = labels.copy()
    changed[others] = (labels[others] + 1) % 4

    np.testing.assert_array_equal(calibrate_scores(scores, labels), calibrate_scores(scores, changed))
    assert len(others) == 20


def test_scores_are_not_changed():
    """They may be needed again."""
    scores = np.array([[2.0, 1.0], [0.0, 1.0]], dtype=np.float32)

    calibrate_scores(scores, np.array([0, 1]))

    assert scores.tolist() == [[2, 1], [0, 1]]
