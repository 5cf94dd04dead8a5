import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.rank import combine
from doubtcli.rank.combine import find_ranked_sources
from doubtcli.rank.noise import make_unassessable_noise
from doubtcli.records import Evidence, NoiseModel, NoiseRate, ReasonScores
from doubtcli.tasks.classification import Classification, find_too_small_classes, pool_pred_probs

BOTH = {"models", "neighbors"}
GIVEN = np.array([0, 0, 0, 1, 1, 1])
PROBS = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.95, 0.05]])


def evidence(**parts):
    """The evidence of six rows of two classes."""
    return Evidence(given_labels=GIVEN, n_classes=2, **parts)


def noise(prior=0.2):
    """A noise model that leaves margins as they are."""
    return NoiseModel(NoiseRate(assessable=True, why=""), prior, mean=0.0, sd=1.0, slope=1.0, location=0.0)


def rank_rows(evidence, reasons, pooled_pred_probs, noise):
    """The ranking where only duplicates are held out together."""
    apart = held_out_together(evidence)
    return combine.rank_rows(
        Classification(), evidence, reasons, pooled_pred_probs, noise, apart, n_labels=evidence.n_classes
    )


def held_out_together(evidence):
    """The group of each row: duplicates are together, all other rows are alone."""
    groups = evidence.duplicate_groups
    return np.arange(len(evidence.given_labels)) if groups is None else groups


def scores_of(name, scores, *sources, family="error", lowers_doubt=False):
    """The scores of a reason, and the sources of its evidence."""
    return ReasonScores(
        name, "test 1", family, "of a test", np.array(scores, dtype=float), sources, lowers_doubt
    )


class TestPooling:
    """Models and neighbours have one opinion together."""

    def test_without_neighbours_only_the_models_count(self):
        """Each repeat's probabilities stay as they are."""
        by_repeat = np.stack([PROBS, PROBS[:, ::-1]])

        pooled = pool_pred_probs(evidence(pred_probs=PROBS, pred_probs_by_repeat=by_repeat), BOTH)

        np.testing.assert_array_equal(pooled, by_repeat)

    def test_probabilities_of_the_user_are_one_repeat(self):
        """The user's own probabilities have no repeats."""
        (pooled,) = pool_pred_probs(evidence(pred_probs=PROBS), BOTH)

        np.testing.assert_array_equal(pooled, PROBS)

    def test_neighbours_move_the_models(self):
        """Votes for the other label lower the given label's share."""
        votes = np.array([[1.0, 0], [1, 0], [0, 1], [0, 1], [0, 1], [1, 0]])
        both = evidence(
            pred_probs=PROBS, neighbor_votes=votes, neighbor_indices=np.zeros((6, 10), dtype=np.intp)
        )

        (together,) = pool_pred_probs(both, BOTH)
        (models,) = pool_pred_probs(both, {"models"})
        (neighbors,) = pool_pred_probs(both, {"neighbors"})

        np.testing.assert_array_equal(models, PROBS)
        assert not np.allclose(together, models)
        np.testing.assert_array_equal(neighbors.argmax(axis=1), votes.argmax(axis=1))

    def test_without_models_and_neighbours_nothing_is_pooled(self):
        """Annotators alone give no probabilities."""
        assert pool_pred_probs(evidence(pred_probs=PROBS), {"annotators"}) == []

    def test_context_reasons_do_not_count(self):
        """Only a reason that is ranked has a voice."""
        reasons = [
            scores_of("ambiguous", PROBS[:, 0], "models", family="context"),
            scores_of("mixed", PROBS[:, 0], "neighbors", "annotators"),
        ]

        assert find_ranked_sources(reasons) == {"neighbors", "annotators"}


SCORES = 1 - PROBS[np.arange(6), GIVEN]
"""The scores of low-self-confidence on the six rows."""


class TestVoices:
    """Reasons that read the same evidence count once, no matter which package they come from."""

    def sum_of_doubt(self, reasons):
        """The sum of the doubts of all six rows at a prior of .2."""
        pooled = pool_pred_probs(evidence(pred_probs=PROBS), find_ranked_sources(reasons))
        return rank_rows(evidence(pred_probs=PROBS), reasons, pooled, noise(0.2)).doubt.sum()

    @pytest.mark.parametrize("n_plug_ins", [0, 1, 2])
    def test_a_plug_in_that_reads_the_models_adds_no_doubt(self, n_plug_ins):
        """The scores of low-self-confidence under more names leave the sum at 6 times .2."""
        plug_ins = [scores_of(f"echo-{place}", SCORES, "models") for place in range(n_plug_ins)]

        total = self.sum_of_doubt([scores_of("low-self-confidence", SCORES, "models"), *plug_ins])

        np.testing.assert_allclose(total, 1.2)

    def test_a_plug_in_alone_lets_the_models_count(self):
        """The pooled probabilities count, even if no reason of ours reads them."""
        np.testing.assert_allclose(self.sum_of_doubt([scores_of("echo", SCORES, "models")]), 1.2)

    def test_a_reason_that_reads_models_and_annotators_has_the_voice_of_the_models(self):
        """It may repeat what the models say, so it is not added."""
        mixed = scores_of("mixed", SCORES, "models", "annotators")

        assert mixed.voice == "models"
        np.testing.assert_allclose(self.sum_of_doubt([mixed]), 1.2)

    def test_two_reasons_of_one_voice_are_averaged(self):
        """Log odds of .847 at .7 and .405 at .6 count as their mean, .626; a score of NaN does not count."""
        prior = make_unassessable_noise("").prior
        first = scores_of("first", [0.7, 0.7, 0.2, 0.2, 0.2, 0.2], "annotators")
        second = scores_of("second", [0.6, np.nan, 0.2, 0.2, 0.2, 0.2], "annotators")

        doubt = rank_rows(evidence(), [first, second], [], make_unassessable_noise("")).doubt

        odds = doubt / (1 - doubt) * (1 - prior) / prior
        np.testing.assert_allclose(np.log(odds), [0.6264, 0.8473, 0, 0, 0, 0], atol=1e-4)

    def test_reasons_that_read_labels_alone_are_one_voice(self):
        """Two reasons with the same scores raise doubt no more than one of them."""
        one, other = scores_of("one", [0.7] + [0] * 5), scores_of("other", [0.7] + [0] * 5)

        alone = rank_rows(evidence(), [one], [], make_unassessable_noise("")).doubt
        both = rank_rows(evidence(), [one, other], [], make_unassessable_noise("")).doubt

        np.testing.assert_allclose(both, alone)

    def test_reasons_of_different_voices_add_up(self):
        """Duplicates and annotators are different evidence: .847 and .405 are 1.253."""
        prior = make_unassessable_noise("").prior
        duplicates = scores_of("duplicates", [0.7] + [0] * 5, "duplicates")
        annotators = scores_of("annotators", [0.6] + [0] * 5, "annotators")

        doubt = rank_rows(evidence(), [duplicates, annotators], [], make_unassessable_noise("")).doubt[0]

        np.testing.assert_allclose(np.log(doubt / (1 - doubt) * (1 - prior) / prior), 1.2528, atol=1e-4)

    def test_voices_are_described_by_their_reasons(self, sentences):
        """Pooled reasons are one entry, averaged ones another; a single reason is its name."""
        reasons = [
            scores_of("low-self-confidence", SCORES, "models"),
            scores_of("lone-answer", SCORES, "annotators"),
            scores_of("annotator-disagreement", SCORES, "annotators"),
            scores_of("neighbor-disagreement", SCORES, "neighbors"),
            scores_of("duplicate-conflict", SCORES, "duplicates"),
            scores_of("outlier", SCORES, "neighbors", family="context"),
        ]

        voices = rank_rows(evidence(), reasons, [PROBS], noise()).voices

        assert len(voices) == 3
        sentences.check("\n".join(voices))


class TestRanking:
    """One doubt for each row, and the order of the rows."""

    def test_doubts_add_up_to_the_prior(self):
        """At a prior of .2, the doubts of six rows add up to 1.2."""
        ranking = rank_rows(evidence(pred_probs=PROBS), [], [PROBS], noise(0.2))

        np.testing.assert_allclose(ranking.doubt.sum(), 1.2)

    def test_contradicted_rows_come_first_and_get_the_other_label(self):
        """The label of row 5 is 1, and models give 0 .95; that of row 2 is 0, and they give 1 .9."""
        ranking = rank_rows(evidence(pred_probs=PROBS), [], [PROBS], noise(0.3))

        assert ranking.order[:2].tolist() == [5, 2]
        assert ranking.doubted.tolist() == [False, False, True, False, False, True]
        assert ranking.suggested_labels.tolist() == [0, 0, 1, 1, 1, 0]

    def test_ties_break_by_row(self):
        """Rows of equal doubt are in the order of their ids."""
        flat = np.full((6, 2), 0.5)

        assert rank_rows(evidence(), [], [flat], noise()).order.tolist() == [0, 1, 2, 3, 4, 5]

    def test_annotators_raise_and_lower_doubt(self):
        """Answers against the label rank a row above one without answers, answers for the label below it."""
        answers = scores_of(
            "annotator-disagreement",
            [0.9, 0.1, np.nan, np.nan, np.nan, np.nan],
            "annotators",
            lowers_doubt=True,
        )

        doubt = rank_rows(evidence(), [answers], [], make_unassessable_noise("")).doubt

        assert doubt[0] > doubt[2] > doubt[1]

    def test_another_reason_only_raises_doubt(self):
        """If a row does not have one kind of fault, its label may still be wrong."""
        plug_in = scores_of("plug-in", [1.0, 0.0, np.nan, np.nan, np.nan, np.nan])

        doubt = rank_rows(evidence(), [plug_in], [], make_unassessable_noise("")).doubt

        assert doubt[0] > doubt[1] == doubt[2]

    def test_context_reasons_have_no_voice(self):
        """An outlier is not more likely to have a wrong label."""
        outlier = scores_of("outlier", [1.0, 0, 0, 0, 0, 0], family="context")

        doubt = rank_rows(evidence(), [outlier], [], make_unassessable_noise("")).doubt

        np.testing.assert_allclose(doubt, doubt[0])

    def test_the_standard_deviation_is_that_of_the_repeats(self):
        """It is 0 if they agree, largest where they differ, and not known with a single repeat."""
        other = PROBS.copy()
        other[0] = [0.1, 0.9]

        steady = rank_rows(evidence(), [], [PROBS, PROBS], noise()).doubt_sd
        unsteady = rank_rows(evidence(), [], [PROBS, other], noise()).doubt_sd
        single = rank_rows(evidence(), [], [PROBS], noise()).doubt_sd

        np.testing.assert_allclose(steady, 0, atol=1e-12)
        assert unsteady.argmax() == 0
        assert np.isnan(single).all()

    def test_models_do_not_judge_a_class_of_two(self):
        """With one row left to learn a class from, models would always doubt both."""
        given_labels = np.array([0, 0, 0, 0, 1, 1])
        sure_of_0 = np.tile([0.99, 0.01], (6, 1))
        two = Evidence(given_labels=given_labels, n_classes=2, pred_probs=sure_of_0)

        ranking = rank_rows(two, [], [sure_of_0], noise())

        assert find_too_small_classes(given_labels, held_out_together(two), 2).tolist() == [1]
        assert not ranking.doubted.any()
        assert ranking.suggested_labels.tolist() == given_labels.tolist()

    def test_duplicates_count_once_towards_a_class(self):
        """Models learn no more from three rows of one input than from one."""
        three_alike = Evidence(
            given_labels=np.array([0, 0, 0, 1, 1, 1]),
            n_classes=2,
            duplicate_groups=np.array([0, 1, 2, 3, 3, 3]),
        )

        assert find_too_small_classes(
            three_alike.given_labels, held_out_together(three_alike), 2
        ).tolist() == [1]

    def test_annotators_answers_give_the_suggestion(self):
        """Two of three answers for label 1 make it the suggestion for a doubted row."""
        annotations = np.full((6, 3), -1)
        annotations[0] = [1, 1, 0]
        rows = evidence(annotations=annotations)
        answers = scores_of("annotator-disagreement", [0.99] + [0.01] * 5, "annotators", lowers_doubt=True)

        ranking = rank_rows(rows, [answers], [], make_unassessable_noise(""))

        assert ranking.doubted[0]
        assert ranking.suggested_labels[0] == 1

    @given(st.lists(st.floats(0, 1), min_size=6, max_size=6), st.floats(0.001, 0.5))
    @settings(max_examples=50)
    def test_doubts_are_probabilities_in_rank_order(self, first, prior):
        """For any probabilities, doubts are between 0 and 1, and fall along the order."""
        probs = np.column_stack([first, 1 - np.array(first)])

        ranking = rank_rows(evidence(), [], [probs], noise(prior))

        assert ((ranking.doubt >= 0) & (ranking.doubt <= 1)).all()
        assert (np.diff(ranking.doubt[ranking.order]) <= 0).all()
        assert ((ranking.suggested_confidence >= 0) & (ranking.suggested_confidence <= 1)).all()


def votes_of_equals(labels, *, copies=False, own=0.1):
    """A ranking of equal rows of which the models give every label so little; the last row is another."""
    given = np.array([*labels, 0])
    probs = np.where(np.eye(2)[given] == 1, own, 1 - own)
    rows = Evidence(
        given_labels=given,
        n_classes=2,
        equal_groups=np.array([*[0] * len(labels), 1]),
        are_copies=np.full(len(given), copies),
    )
    apart = np.arange(len(given))
    return combine.rank_rows(Classification(), rows, [], [probs], noise(0.6), apart, n_labels=2)


class TestEqualRows:
    """A row is not outvoted by models that see it as equal to rows which mostly have its label."""

    @pytest.mark.parametrize(
        ("labels", "most"),
        [
            ([0, 0, 0, 1], 2 / 6),
            ([0, 0, 1], 2 / 5),
            ([0, 0], 1 / 4),
            ([0] * 51 + [1] * 49, 50 / 102),
            ([0] * 118 + [1] * 57, 58 / 177),
        ],
        ids=["3 of 4", "2 of 3", "2 of 2", "51 of 100", "118 of 175"],
    )
    def test_a_majority_is_doubted_at_most_as_often_as_the_next_equal_row_would_differ(self, labels, most):
        """By the rule of succession it is (other labels + 1) / (rows + 2), which is always below .5."""
        ranking = votes_of_equals(labels)

        assert ranking.doubt[0] <= most + 1e-12
        assert not ranking.doubted[0]
        assert ranking.suggested_labels[0] == 0

    @pytest.mark.parametrize("labels", [[0, 1], [0, 1, 1], [0]], ids=["a tie", "a minority", "alone"])
    def test_other_rows_can_be_outvoted(self, labels):
        """With as many equal rows of another label, or none, what the models say counts."""
        assert votes_of_equals(labels).doubted[0]

    def test_copies_of_one_text_that_have_one_label_can_be_outvoted(self):
        """The label of five copies may have been given once; where copies differ, it was not."""
        assert votes_of_equals([0] * 5, copies=True).doubted.tolist()[:5] == [True] * 5
        assert votes_of_equals([0, 0, 0, 1], copies=True).doubted.tolist()[:4] == [False] * 3 + [True]

    def test_a_majority_takes_no_doubt_from_others(self):
        """Models contradict ten equal rows and one other: the prior, one error in 51 rows, is the other's."""
        n_equal, n_fine = 10, 40
        given = np.zeros(n_equal + 1 + n_fine, dtype=np.intp)
        own = np.array([0.03] * (n_equal + 1) + [0.99] * n_fine)
        rows = Evidence(
            given_labels=given,
            n_classes=2,
            equal_groups=np.array([0] * n_equal + list(range(1, n_fine + 2))),
            are_copies=np.zeros(len(given), dtype=np.bool_),
        )
        probs, apart = np.column_stack([own, 1 - own]), np.arange(len(given))

        ranking = combine.rank_rows(Classification(), rows, [], [probs], noise(1 / 51), apart, n_labels=2)

        assert np.flatnonzero(ranking.doubted).tolist() == [n_equal]

    def test_a_majority_that_the_models_support_keeps_their_doubt(self):
        """Equal rows only lower doubt: with .99 for the label it is below (1 + 1) / (4 + 2)."""
        assert votes_of_equals([0, 0, 0, 1], own=0.99).doubt[0] < 0.1


class TestSkill:
    """What models without skill say hardly counts."""

    def test_models_without_skill_order_the_rows_and_doubt_none(self):
        """Rows 5 and 2 come first, as they do with skill; their labels stay."""
        unskilled = make_unassessable_noise("no skill", has_skill=False)

        ranking = rank_rows(evidence(), [], [PROBS], unskilled)

        assert ranking.order[:2].tolist() == [5, 2]
        assert not ranking.doubted.any()
        assert ranking.doubt.max() < 0.1
        assert ranking.suggested_labels.tolist() == GIVEN.tolist()

    def test_no_row_is_doubted_more_than_the_models_contradict_it(self):
        """At a prior of .9 a row to whose label models give .9 would be doubted; its doubt is .1 at most."""
        ranking = rank_rows(evidence(), [], [PROBS], noise(0.9))

        assert (ranking.doubt <= 1 - PROBS[np.arange(6), GIVEN] + 1e-12).all()
