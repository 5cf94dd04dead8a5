"""The noise rate, on data whose rate is known because it was planted."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_iris, load_wine, make_classification
from sklearn.preprocessing import StandardScaler

from doubtcli.features.table import TableBlock
from doubtcli.predict.crossfit import cross_fit
from doubtcli.predict.engine import ThreadEngine
from doubtcli.rank.noise import estimate_noise, make_unassessable_noise
from doubtcli.records import Features


def estimate(inputs, labels):
    """The noise model of a table with these labels."""
    features = Features((TableBlock(StandardScaler().fit_transform(inputs).astype(np.float32)),))
    groups = np.arange(len(labels))
    predictions = cross_fit(
        features.models(),
        labels,
        int(labels.max()) + 1,
        groups,
        n_folds=5,
        n_repeats=1,
        seed=0,
        engine=ThreadEngine(2),
        advance=lambda _: None,
    )
    return estimate_noise(predictions.by_repeat, labels, groups, seed=0)


def plant(labels, share, seed=0):
    """Labels of which about this share is another class, and which."""
    rng = np.random.default_rng(seed)
    n_classes = int(labels.max()) + 1
    wrong = rng.random(len(labels)) < share
    other = (labels + rng.integers(1, n_classes, len(labels))) % n_classes
    return np.where(wrong, other, labels), wrong


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_clean_data_reads_zero(load):
    """On iris, wine and breast cancer the lower bound is 0 and the estimate at most one percent."""
    noise = estimate(*load(return_X_y=True)).noise_rate

    assert noise.low == 0
    assert noise.rate <= 0.01
    assert noise.high <= 0.03


def test_overlapping_classes_are_not_noise():
    """Clean classes that overlap so far that models reach some .8 still read about 0."""
    inputs, labels = make_classification(
        2000,
        10,
        n_informative=5,
        n_classes=4,
        n_clusters_per_class=1,
        class_sep=0.5,
        flip_y=0,
        random_state=1,
    )

    noise = estimate(inputs, labels).noise_rate

    assert noise.low == 0
    assert noise.high <= 0.02


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_planted_errors_are_counted(share):
    """The interval holds the planted rate, and its lower bound is off 0."""
    inputs, clean = load_breast_cancer(return_X_y=True)
    labels, wrong = plant(clean, share)

    noise = estimate(inputs, labels).noise_rate

    assert noise.low <= wrong.mean() <= noise.high
    assert noise.low > 0
    assert noise.low <= noise.rate <= noise.high


def test_stronger_margins_are_stronger_evidence():
    """Log odds rise with the margin against a label."""
    inputs, clean = load_breast_cancer(return_X_y=True)
    labels, _ = plant(clean, 0.1)

    log_odds = estimate(inputs, labels).log_odds(np.array([-2.0, 0.0, 2.0]))

    assert (np.diff(log_odds) > 0).all()


def test_equal_confidence_everywhere_is_no_evidence_against_everybody():
    """Probabilities that never vary give finite log odds: nobody is doubted for a rounding error."""
    labels = np.arange(300) % 2
    probs = np.where(np.eye(2)[labels] == 1, 0.999, 0.001)[None]

    noise = estimate_noise(probs, labels, np.arange(300), seed=0)

    assert noise.noise_rate.low == 0
    assert np.abs(noise.log_odds(np.array([-7.0, 7.0]))).max() < 500


def sure(n_rows, contradicted, top=0.99):
    """Two classes, every row predicted as the first and this sure, and so many labels of the second."""
    confidence = np.linspace(top - 0.009, top + 0.009, n_rows)
    labels = np.zeros(n_rows, dtype=np.intp)
    labels[np.linspace(0, n_rows - 1, contradicted).astype(np.intp)] = 1
    return np.stack([confidence, 1 - confidence], axis=1)[None], labels


def fading(n_rows, rate, seed=0):
    """Two classes, overlap of 1 / (1 + exp(confidence)) as a calibrated model has it, and flips at a rate."""
    rng = np.random.default_rng(seed)
    confidence = rng.gamma(4.0, 1.5, n_rows)
    top = 1 / (1 + np.exp(-confidence))
    wrong = rng.random(n_rows) < rate
    labels = ((rng.random(n_rows) > top) ^ wrong).astype(np.intp)
    return np.stack([top, 1 - top], axis=1)[None], labels, wrong


def test_labels_that_all_agree_read_zero():
    """No contradicted label: rate and lower bound are 0, and the upper bound is below 1%."""
    probs, labels = sure(500, contradicted=0)

    noise = estimate_noise(probs, labels, np.arange(500), seed=0).noise_rate

    assert (noise.rate, noise.low) == (0.0, 0.0)
    assert noise.high < 0.01


def test_a_level_share_of_contradictions_is_the_rate():
    """One label in five contradicted at every confidence is a fifth of labels wrong."""
    probs, labels = sure(1000, contradicted=200)

    noise = estimate_noise(probs, labels, np.arange(1000), seed=0).noise_rate

    assert noise.low > 0.1
    assert noise.rate == pytest.approx(0.2, abs=0.01)
    assert noise.high < 0.21


def test_overlap_that_fades_is_no_error():
    """Labels drawn as a calibrated model says are all right: the lower bound is 0."""
    probs, labels, _ = fading(3000, rate=0.0)

    assert estimate_noise(probs, labels, np.arange(3000), seed=0).noise_rate.low == 0


def test_a_plateau_under_fading_overlap_is_found():
    """Of flips beside overlap, the interval holds the share that was flipped, and no more than twice that."""
    probs, labels, wrong = fading(3000, rate=0.1)

    noise = estimate_noise(probs, labels, np.arange(3000), seed=0).noise_rate

    assert noise.low < wrong.mean() < noise.high < 0.2


def test_copies_do_not_narrow_the_interval():
    """Each row four times over, in groups of four, gives an interval at least as wide."""
    probs, labels = sure(100, contradicted=10)
    alone = estimate_noise(probs, labels, np.arange(100), seed=0).noise_rate

    copied = estimate_noise(
        np.repeat(probs, 4, axis=1), np.repeat(labels, 4), np.repeat(np.arange(100), 4), seed=0
    ).noise_rate

    assert copied.high - copied.low >= 0.8 * (alone.high - alone.low)


def test_the_same_labels_give_the_same_model():
    """Nothing is drawn: another seed changes nothing."""
    probs, labels, _ = fading(300, rate=0.1)

    first, second = (estimate_noise(probs, labels, np.arange(300), seed=seed) for seed in (3, 4))

    assert first == second


def test_models_that_are_never_sure_are_not_assessable():
    """Where even the surest tenth is contradicted as overlap would have it, there is no rate but a reason."""
    rng = np.random.default_rng(0)
    top = rng.uniform(0.5, 0.8, 4000)
    labels = (rng.random(4000) > top).astype(np.intp)

    noise = estimate_noise(np.stack([top, 1 - top], axis=1)[None], labels, np.arange(4000), seed=0).noise_rate

    assert noise.rate is None
    assert noise.why.startswith("models are too seldom sure: even of the tenth of rows that they are surest")


def test_models_that_contradict_most_labels_are_not_assessable():
    """Seven labels in ten contradicted tell of a model that knows too little."""
    probs, labels = sure(1000, contradicted=700)

    noise = estimate_noise(probs, labels, np.arange(1000), seed=0).noise_rate

    assert noise.rate is None
    assert noise.why.startswith("models contradict 70% of the labels, too many to tell")


def test_the_reason_asks_for_an_audit_sample():
    """An estimate says that nobody checked it, and names the flag that has it measured."""
    probs, labels = sure(300, contradicted=6)

    assert "--audit-sample 100" in estimate_noise(probs, labels, np.arange(300), seed=0).noise_rate.why


@given(st.integers(2, 60), st.integers(1, 4), st.integers(1, 2), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_bounds_are_shares_in_order(n_rows, n_classes, n_repeats, seed):
    """Whatever the probabilities, bounds are never NaN and hold the estimate, and log odds are finite."""
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(n_classes, 0.3), size=(n_repeats, n_rows))
    labels = rng.integers(0, n_classes, n_rows)

    noise = estimate_noise(probs, labels, np.arange(n_rows), seed=0)

    if noise.noise_rate.assessable:
        assert 0 <= noise.noise_rate.low <= noise.noise_rate.rate <= noise.noise_rate.high <= 1
    assert 0 < noise.prior < 1
    assert np.isfinite(noise.log_odds(np.array([-14.0, 0.0, 14.0]))).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_names_of_classes_do_not_matter(seed):
    """Classes numbered otherwise give the same interval."""
    rng = np.random.default_rng(seed)
    probs, labels = rng.dirichlet([3.0, 0.5, 0.5], size=(1, 90)), rng.integers(0, 3, 90)
    order = rng.permutation(3)

    renamed = estimate_noise(probs[:, :, order], np.argsort(order)[labels], np.arange(90), seed=0).noise_rate

    assert renamed == estimate_noise(probs, labels, np.arange(90), seed=0).noise_rate


def test_without_skill_margins_stand_as_they_are():
    """Not assessable: no rate, and a base rate of one in twenty to start from."""
    noise = make_unassessable_noise("models know nothing")

    assert noise.noise_rate.rate is None
    assert noise.noise_rate.why == "models know nothing"
    assert noise.prior == 0.05
    np.testing.assert_array_equal(noise.log_odds(np.array([1.5])), [1.5])
