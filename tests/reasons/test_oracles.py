"""Our reasons agree with cleanlab on random probabilities."""

import warnings

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.reasons.confident_learning import ConfidentLearning
from doubtcli.reasons.low_self_confidence import LowSelfConfidence
from doubtcli.reasons.model_disagreement import ModelDisagreement

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from cleanlab.count import get_confident_thresholds
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores


@st.composite
def labelled_probabilities(draw):
    """Labels of two to six classes, some without rows; probabilities that fit them more or less, or tie."""
    rng = np.random.default_rng(draw(st.integers(0, 100_000)))
    n_classes = draw(st.integers(2, 6))
    n_rows = draw(st.integers(3 * n_classes, 120))
    n_present = draw(st.integers(2, n_classes))
    labels = np.concatenate([np.arange(n_present), rng.integers(0, n_present, n_rows - n_present)])
    probs = rng.dirichlet(np.full(n_classes, draw(st.sampled_from([0.2, 1.0, 4.0]))), n_rows)
    probs[np.arange(n_rows), labels] += draw(st.sampled_from([0.0, 0.3, 1.0]))
    probs /= probs.sum(axis=1, keepdims=True)
    if draw(st.booleans()):  # many ties, as a few trees give them
        probs = np.maximum(np.round(probs, 1), [*[0.0] * (n_classes - 1), 0.1])
        probs /= probs.sum(axis=1, keepdims=True)
    return labels, probs.astype(draw(st.sampled_from([np.float32, np.float64])))


@given(labelled_probabilities())
def test_low_self_confidence_is_one_minus_cleanlabs_label_quality(case):
    """It is equal to cleanlab's self-confidence on every row."""
    labels, probs = case

    doubt = LowSelfConfidence().score(labels, probs)

    np.testing.assert_allclose(
        1 - doubt, get_label_quality_scores(labels, probs, method="self_confidence"), atol=1e-6
    )


@given(labelled_probabilities())
@settings(max_examples=200)
def test_confident_learning_doubts_exactly_the_rows_that_cleanlab_flags(case):
    """A row scores above 0 exactly where cleanlab's confident joint counts it off the diagonal."""
    labels, probs = case

    doubt = ConfidentLearning().score(labels, probs, probs.shape[1])

    flagged = find_label_issues(labels, probs, filter_by="confident_learning", n_jobs=1)
    np.testing.assert_array_equal(doubt > 0, flagged)


@given(labelled_probabilities())
def test_a_flagged_row_reaches_the_threshold_of_another_class(case):
    """By cleanlab's own thresholds, each doubted row is confidently another class."""
    labels, probs = case
    thresholds = get_confident_thresholds(labels, probs)

    doubted = np.flatnonzero(ConfidentLearning().score(labels, probs, probs.shape[1]) > 0)

    for row in doubted:
        others = np.delete(np.arange(probs.shape[1]), labels[row])
        assert (probs[row, others] >= thresholds[others] - 1e-6).any()


@given(labelled_probabilities())
def test_two_classes_and_one_model_disagree_by_cleanlabs_normalized_margin(case):
    """With two classes, the share of the other class is one minus cleanlab's label quality."""
    labels, probs = case
    binary = np.stack([probs[:, 0], 1 - probs[:, 0]], axis=1)
    labels = np.minimum(labels, 1)

    doubt = ModelDisagreement().score(labels, binary[None])

    quality = get_label_quality_scores(labels, binary, method="normalized_margin")
    np.testing.assert_allclose(1 - doubt, quality, atol=1e-6)
