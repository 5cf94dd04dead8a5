"""Our reasons against cleanlab, on the same random probabilities."""

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.reasons.annotator_disagreement import AnnotatorDisagreement
from doubtcli.reasons.confident_learning import ConfidentLearning
from doubtcli.reasons.low_self_confidence import LowSelfConfidence

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from cleanlab.count import get_confident_thresholds
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores


@st.composite
def labelled_probabilities(draw):
    """Labels of two to six classes, none empty, and probabilities that know them more or less."""
    rng = np.random.default_rng(draw(st.integers(0, 100_000)))
    n_classes = draw(st.integers(2, 6))
    n_rows = draw(st.integers(3 * n_classes, 120))
    labels = np.concatenate([np.arange(n_classes), rng.integers(0, n_classes, n_rows - n_classes)])
    probs = rng.dirichlet(np.full(n_classes, draw(st.sampled_from([0.2, 1.0, 4.0]))), n_rows)
    probs[np.arange(n_rows), labels] += draw(st.sampled_from([0.0, 0.3, 1.0]))
    return labels, probs / probs.sum(axis=1, keepdims=True)


@given(labelled_probabilities())
def test_low_self_confidence_is_one_minus_cleanlabs_label_quality(case):
    """Equal to cleanlab's self-confidence score on every row."""
    labels, probs = case

    doubt = LowSelfConfidence().score(labels, probs)

    np.testing.assert_allclose(
        1 - doubt, get_label_quality_scores(labels, probs, method="self_confidence"), atol=1e-9
    )


@given(labelled_probabilities())
@settings(max_examples=200)
def test_confident_learning_speaks_just_where_cleanlab_flags(case):
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


class TestAnnotators:
    """How answers are weighed."""

    def test_a_reliable_annotator_outweighs_two_careless_ones(self):
        """Ana agrees with Dan and Eve; Ben and Chi answer at random."""
        rng = np.random.default_rng(0)
        truth = rng.integers(0, 2, 200)
        ana, dan, eve = truth, truth, truth
        ben, chi = rng.integers(0, 2, (2, 200))
        annotations = np.column_stack([ana, ben, chi, dan, eve])
        annotations[0] = [1, 0, 0, -1, -1]

        doubt = AnnotatorDisagreement().score(np.zeros(200, dtype=np.intp), annotations, 2)

        assert doubt[0] > 0.5

    def test_with_one_answer_each_the_answer_decides(self):
        """Nothing is known of reliability, so .7 is taken: the label that was answered gets a doubt of .3."""
        annotations = np.array([[0, -1], [-1, 1]])

        doubt = AnnotatorDisagreement().score(np.array([0, 0]), annotations, 2)

        np.testing.assert_allclose(doubt, [0.3, 0.7])

    def test_nobody_asked_nothing_said(self):
        """A row without an answer has no score."""
        doubt = AnnotatorDisagreement().score(np.array([0, 0]), np.array([[-1, -1], [0, 0]]), 2)

        assert np.isnan(doubt[0])
        assert doubt[1] < 0.01

    @pytest.mark.parametrize("prior", [0.0, 2.0])
    def test_the_prior_draws_reliability_towards_the_mean(self, prior):
        """One shared answer in agreement is full reliability without a prior, and as much with it."""
        doubt = AnnotatorDisagreement(prior_answers=prior).score(np.array([0]), np.array([[0, 0]]), 2)

        np.testing.assert_allclose(doubt, 0.01**2 / (0.99**2 + 0.01**2), rtol=1e-6)
