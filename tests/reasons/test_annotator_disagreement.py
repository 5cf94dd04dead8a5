import numpy as np
import pytest

from doubtcli.reasons.annotator_disagreement import AnnotatorDisagreement

# Ten rows. Ana and Ben always agree; Chi differs on two. On 8 rows all others say the same as Ana, on 2 half
# of them do: her reliability is 9/10, as is Ben's; Chi's is 8/10.
ANA = BEN = (0, 0, 0, 0, 0, 1, 1, 1, 1, 1)
CHI = (1, 0, 0, 0, 0, 1, 1, 1, 1, 0)
ANSWERS = np.column_stack([ANA, BEN, CHI])


def doubts(given_labels, annotations, n_classes=2, prior_answers=0.0):
    """The doubt of every row."""
    reason = AnnotatorDisagreement(prior_answers=prior_answers)
    return reason.score(np.array(given_labels), np.array(annotations), n_classes)


@pytest.mark.parametrize(
    ("row", "given", "doubt"),
    [
        pytest.param(0, 1, 81 / 85, id="Ana and Ben say 0 at odds of 9 each, Chi says 1 at 4"),
        pytest.param(1, 1, 324 / 325, id="all three say 0: 9 x 9 x 4"),
    ],
)
def test_it_raises_doubt(row, given, doubt):
    """Odds multiply, as if they were right independently of each other."""
    labels = np.array(ANA)
    labels[row] = given

    assert doubts(labels, ANSWERS)[row] == pytest.approx(doubt)


@pytest.mark.parametrize(
    ("row", "doubt"),
    [pytest.param(0, 4 / 85, id="two against one"), pytest.param(1, 1 / 325, id="all three")],
)
def test_it_stays_quiet(row, doubt):
    """The same odds, for the label."""
    assert doubts(ANA, ANSWERS)[row] == pytest.approx(doubt)


def test_a_reliable_annotator_outweighs_two_careless_ones():
    """Ana agrees with Dan and Eve; Ben and Chi answer at random."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 200)
    ben, chi = rng.integers(0, 2, (2, 200))
    annotations = np.column_stack([truth, ben, chi, truth, truth])
    annotations[0] = [1, 0, 0, -1, -1]

    assert doubts(np.zeros(200, dtype=np.intp), annotations, prior_answers=2.0)[0] > 0.5


def test_with_one_answer_each_the_answer_decides():
    """Nothing is known about reliability, so it is .7: the label that was answered gets a doubt of .3."""
    np.testing.assert_allclose(doubts([0, 0], [[0, -1], [-1, 1]], prior_answers=2.0), [0.3, 0.7])


def test_a_row_without_an_answer_has_no_score():
    """All other rows have one."""
    found = doubts([0, 0], [[-1, -1], [0, 0]])

    assert np.isnan(found[0])
    assert found[1] < 0.01


def test_without_any_answer_no_row_has_a_score():
    """A file whose annotator columns are all empty gives NaN for each row."""
    np.testing.assert_array_equal(doubts([0, 1], np.full((2, 3), -1)), [np.nan, np.nan])


def test_an_annotator_who_agrees_less_than_chance_has_no_weight():
    """Two annotators who always contradict each other leave both labels equally likely."""
    np.testing.assert_allclose(doubts([0, 1], [[0, 1], [1, 0]]), [0.5, 0.5])


def test_the_prior_draws_reliability_towards_the_mean():
    """The mean is 26/30; with 10 answers of it Ana has (9 + 26/3) / 20 and Chi (8 + 26/3) / 20."""
    ana, chi = 53 / 60, 50 / 60
    odds = (ana / (1 - ana)) ** 2 / (chi / (1 - chi))

    assert doubts(ANA, ANSWERS, prior_answers=10.0)[0] == pytest.approx(1 / (1 + odds))
