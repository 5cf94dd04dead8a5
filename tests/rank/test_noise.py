"""The noise rate, on data with planted errors, whose rate is known."""

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.datasets import load_breast_cancer, load_iris, load_wine, make_classification
from sklearn.preprocessing import StandardScaler

from doubtcli.features.table import TableBlock
from doubtcli.predict.crossfit import cross_fit
from doubtcli.predict.engine import ThreadEngine
from doubtcli.rank.noise import estimate_noise, make_unassessable_rate, measure_known_share
from doubtcli.records import Features


@pytest.fixture(autouse=True, scope="module")
def fewer_trees():
    """Fifty trees are enough for such tables."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("doubtcli.predict.table_models._VOTES", 30)
        yield


def estimate(inputs, labels):
    """What models say of a table with these labels, by three folds."""
    features = Features((TableBlock(StandardScaler().fit_transform(inputs).astype(np.float32)),))
    groups = np.arange(len(labels))
    predictions = cross_fit(
        features.models(),
        labels,
        int(labels.max()) + 1,
        groups,
        n_folds=3,
        n_repeats=1,
        seed=0,
        engine=ThreadEngine(2),
        advance=lambda _: None,
    )
    return estimate_noise(predictions.by_repeat, labels, groups, seed=0)


def plant_errors(labels, share, seed=0):
    """Labels of which about this share is changed to another class, and which of them are."""
    rng = np.random.default_rng(seed)
    n_classes = int(labels.max()) + 1
    wrong = rng.random(len(labels)) < share
    other = (labels + rng.integers(1, n_classes, len(labels))) % n_classes
    return np.where(wrong, other, labels), wrong


@pytest.mark.parametrize("load", [load_iris, load_wine, load_breast_cancer])
def test_clean_data_has_a_bound_of_zero(load):
    """On iris, wine and breast cancer no label needs to be wrong; nothing more is said by models alone."""
    noise = estimate(*load(return_X_y=True)).noise_rate

    assert noise.at_least == 0
    assert (noise.rate, noise.low, noise.high) == (None, None, None)


def test_overlapping_classes_are_not_noise():
    """Clean classes that overlap, so that models reach an accuracy of about .8, still give a bound of 0."""
    inputs, labels = make_classification(
        1200,
        10,
        n_informative=5,
        n_classes=4,
        n_clusters_per_class=1,
        class_sep=0.5,
        flip_y=0,
        random_state=1,
    )

    noise = estimate(inputs, labels).noise_rate

    assert noise.at_least == 0


@cache
def estimate_planted(share):
    """What models say of breast cancer with planted errors, and the share of them."""
    inputs, clean = load_breast_cancer(return_X_y=True)
    labels, wrong = plant_errors(clean, share)
    return estimate(inputs, labels), wrong.mean()


@pytest.mark.parametrize("share", [0.1, 0.2])
def test_planted_errors_raise_the_bound(share):
    """The bound is above 0, and no higher than the planted rate."""
    model, planted_share = estimate_planted(share)

    assert 0 < model.noise_rate.at_least <= planted_share


def test_constant_confidence_is_not_evidence_of_errors():
    """Probabilities that never vary, and contradict no label, give a share of 0."""
    labels = np.arange(300) % 2
    probs = np.where(np.eye(2)[labels] == 1, 0.999, 0.001)[None]

    noise = estimate_noise(probs, labels, np.arange(300), seed=0)

    assert noise.noise_rate.at_least == 0
    assert noise.curve_rate == 0


def make_sure_rows(n_rows, contradicted, top=0.99):
    """Two classes, each predicted for half of the rows with this confidence, and some labels are not."""
    confidence = np.linspace(top - 0.009, top + 0.009, n_rows)
    labels = np.zeros(n_rows, dtype=np.intp)
    labels[np.linspace(0, n_rows - 1, contradicted).astype(np.intp)] = 1
    return swap_classes_of_half(confidence, labels)


def swap_classes_of_half(top, labels):
    """Probabilities of two classes, and labels: class 0 has `top` in even rows, and class 1 in odd ones."""
    is_odd = np.arange(len(labels)) % 2 == 1
    first = np.where(is_odd, 1 - top, top)
    return np.stack([first, 1 - first], axis=1)[None], np.where(is_odd, 1 - labels, labels)


def make_overlap(n_rows, rate, seed=0):
    """Two classes, an overlap of 1 / (1 + exp(confidence)) as calibrated models have, and flipped labels."""
    rng = np.random.default_rng(seed)
    confidence = rng.gamma(4.0, 1.5, n_rows)
    top = 1 / (1 + np.exp(-confidence))
    wrong = rng.random(n_rows) < rate
    labels = ((rng.random(n_rows) > top) ^ wrong).astype(np.intp)
    return *swap_classes_of_half(top, labels), wrong


def test_labels_that_all_agree_have_a_bound_of_zero():
    """With no contradicted label, none needs to be wrong."""
    probs, labels = make_sure_rows(500, contradicted=0)

    noise = estimate_noise(probs, labels, np.arange(500), seed=0).noise_rate

    assert noise.at_least == 0


def test_a_level_share_of_contradictions_is_nearly_the_bound():
    """If one label in five is contradicted at every confidence, at least a tenth of the labels is wrong."""
    probs, labels = make_sure_rows(1000, contradicted=200)

    noise = estimate_noise(probs, labels, np.arange(1000), seed=0).noise_rate

    assert 0.1 < noise.at_least <= 0.2


def test_a_bound_below_one_percent_is_none():
    """Four contradictions in 1,000 that never fade may be a matter of chance, fifty may not."""
    few, many = (make_sure_rows(1000, contradicted) for contradicted in (4, 50))

    bounds = [estimate_noise(*rows, np.arange(1000), seed=0).noise_rate.at_least for rows in (few, many)]

    assert bounds[0] == 0
    assert bounds[1] >= 0.01


def test_overlap_that_fades_is_not_noise():
    """Labels drawn by the probabilities of a calibrated model are all right: the bound is 0."""
    probs, labels, _ = make_overlap(3000, rate=0.0)

    assert estimate_noise(probs, labels, np.arange(3000), seed=0).noise_rate.at_least == 0


def test_a_plateau_under_fading_overlap_is_found():
    """The bound is above 0 and no higher than the share of flipped labels, where contradictions level off."""
    probs, labels, wrong = make_overlap(3000, rate=0.1)

    noise = estimate_noise(probs, labels, np.arange(3000), seed=0)

    assert 0 < noise.noise_rate.at_least < wrong.mean()
    assert noise.curve_rate == pytest.approx(wrong.mean(), abs=0.03)


def test_copies_do_not_raise_the_bound():
    """Four copies of each row, in groups of four, give about the same bound."""
    probs, labels = make_sure_rows(100, contradicted=10)
    alone = estimate_noise(probs, labels, np.arange(100), seed=0).noise_rate

    copied = estimate_noise(
        np.repeat(probs, 4, axis=1), np.repeat(labels, 4), np.repeat(np.arange(100), 4), seed=0
    ).noise_rate

    assert copied.at_least <= 1.2 * alone.at_least


def test_weak_models_do_not_know_a_high_rate(sentences):
    """Models of skill .2 that contradict 40 of 100 labels know 8 to be wrong; a bound is near that.

    Where the rate looks far higher, as here, none is given; the level of the contradictions is known.
    """
    rng = np.random.default_rng(0)
    labels = np.arange(1000) % 2
    predicted = np.where(rng.permutation(1000) < 400, 1 - labels, labels)
    probs = np.where(np.eye(2)[predicted] == 1, 0.9 + rng.normal(0, 0.01, 1000)[:, None], 0.1)

    noise = estimate_noise((probs / probs.sum(axis=1, keepdims=True))[None], labels, np.arange(1000), seed=0)

    assert measure_known_share(np.eye(2)[predicted][None], labels, 0.0) == pytest.approx(0.2 * 0.4)
    assert measure_known_share(np.eye(2)[predicted][None], labels, 0.1) == pytest.approx(0.25 * 0.4)
    assert (noise.noise_rate.assessable, noise.noise_rate.at_least) == (False, 0)
    assert noise.curve_rate == pytest.approx(0.4, abs=0.05)
    sentences.check(noise.noise_rate.why)


def test_few_rows_have_doubts_but_no_bound(sentences):
    """With 99 rows, or 99 different ones, no bound is given; the level of contradictions is as with 100."""
    probs, labels = make_sure_rows(100, contradicted=10)
    enough = estimate_noise(probs, labels, np.arange(100), seed=0)

    few = estimate_noise(probs[:, 1:], labels[1:], np.arange(99), seed=0)
    repeated = estimate_noise(probs, labels, np.maximum(np.arange(100), 1), seed=0)

    assert enough.noise_rate.assessable
    for noise in (few, repeated):
        assert (noise.noise_rate.assessable, noise.noise_rate.at_least) == (False, 0)
        assert noise.curve_rate == pytest.approx(enough.curve_rate, rel=0.2)
        sentences.check(noise.noise_rate.why)


def test_the_same_labels_give_the_same_model():
    """Nothing is drawn, so another seed changes nothing."""
    probs, labels, _ = make_overlap(300, rate=0.1)

    first, second = (estimate_noise(probs, labels, np.arange(300), seed=seed) for seed in (3, 4))

    assert first == second


def test_models_that_are_never_sure_are_not_assessable(sentences):
    """Where overlap contradicts even the surest tenth, there is no bound, and it is said why."""
    rng = np.random.default_rng(0)
    top = rng.uniform(0.5, 0.8, 4000)
    labels = (rng.random(4000) > top).astype(np.intp)

    noise = estimate_noise(np.stack([top, 1 - top], axis=1)[None], labels, np.arange(4000), seed=0).noise_rate

    assert (noise.assessable, noise.at_least) == (False, 0)
    sentences.check(noise.why)


def test_models_that_contradict_most_labels_are_not_assessable(sentences):
    """A model that contradicts seven labels in ten knows too little."""
    probs, labels = make_sure_rows(1000, contradicted=700)

    noise = estimate_noise(probs, labels, np.arange(1000), seed=0).noise_rate

    assert (noise.assessable, noise.at_least) == (False, 0)
    sentences.check(noise.why)


def test_a_bound_asks_for_an_audit_sample(sentences):
    """The sentence says what models can't know, and names the flag that measures it."""
    probs, labels = make_sure_rows(300, contradicted=6)

    why = estimate_noise(probs, labels, np.arange(300), seed=0).noise_rate.why

    assert "--audit-sample 30" in why
    sentences.check(why)


@given(st.integers(2, 60), st.integers(1, 4), st.integers(1, 2), st.integers(0, 2**32 - 1))
@settings(max_examples=30, deadline=None)
def test_bounds_are_shares(n_rows, n_classes, n_repeats, seed):
    """For any probabilities, the bound is a share, and no more than the level of the contradictions."""
    rng = np.random.default_rng(seed)
    probs = rng.dirichlet(np.full(n_classes, 0.3), size=(n_repeats, n_rows))
    labels = rng.integers(0, n_classes, n_rows)

    noise = estimate_noise(probs, labels, np.arange(n_rows), seed=0)

    assert 0 <= noise.noise_rate.at_least <= noise.curve_rate <= 1


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_names_of_classes_do_not_matter(seed):
    """Other codes for the same classes give the same bound."""
    rng = np.random.default_rng(seed)
    probs, labels = rng.dirichlet([3.0, 0.5, 0.5], size=(1, 90)), rng.integers(0, 3, 90)
    order = rng.permutation(3)

    renamed = estimate_noise(probs[:, :, order], np.argsort(order)[labels], np.arange(90), seed=0).noise_rate

    assert renamed == estimate_noise(probs, labels, np.arange(90), seed=0).noise_rate


def test_without_skill_nothing_is_known():
    """There is no rate, and no bound."""
    noise = make_unassessable_rate("models know nothing")

    assert (noise.assessable, noise.at_least, noise.rate, noise.contradicted) == (False, 0, None, None)
    assert noise.why == "models know nothing"
