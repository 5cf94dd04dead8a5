"""The noise rate, on data whose rate is known because it was planted."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_iris, load_wine, make_classification
from sklearn.preprocessing import StandardScaler

from doubtcli.predict.crossfit import cross_fit
from doubtcli.rank.noise import estimate_noise, not_assessable
from doubtcli.records import Features


def estimate(inputs, labels):
    """The noise model of a table with these labels."""
    features = Features(None, StandardScaler().fit_transform(inputs).astype(np.float32))
    groups = np.arange(len(labels))
    predictions = cross_fit(
        features,
        labels,
        int(labels.max()) + 1,
        groups,
        n_folds=5,
        n_repeats=1,
        seed=0,
        n_threads=2,
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


def test_the_seed_alone_decides_the_bootstrap():
    """The same probabilities and seed give the same interval."""
    rng = np.random.default_rng(0)
    probs, labels = rng.dirichlet([1, 1], size=(1, 300)), rng.integers(0, 2, 300)

    first, second = (estimate_noise(probs, labels, np.arange(300), seed=3).noise_rate for _ in range(2))

    assert first == second


def test_without_skill_margins_stand_as_they_are():
    """Not assessable: no rate, and a base rate of one in twenty to start from."""
    noise = not_assessable("models know nothing")

    assert noise.noise_rate.rate is None
    assert noise.noise_rate.why == "models know nothing"
    assert noise.prior == 0.05
    np.testing.assert_array_equal(noise.log_odds(np.array([1.5])), [1.5])
