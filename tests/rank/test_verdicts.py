from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.rank.verdicts import (
    fit_recalibration,
    mark_decided_rows,
    set_corrected_apart,
)
from doubtcli.records import Evidence, Examples, NoiseRate, Ranking, Verdicts

SUSPECTED = NoiseRate(assessable=True, why="by models alone", at_least=0.05, contradicted=0.3)


def verdicts(codes, strata=None):
    """What people decided about the rows, in canonical order."""
    strata = (None,) * len(codes) if strata is None else tuple(strata)
    return Verdicts("v.csv", np.array(codes), strata, np.full(len(codes), np.nan))


def examples(given, codes=None, strata=None):
    """Rows of two classes with these verdicts."""
    n_rows = len(given)
    return Examples(
        row_ids=tuple(f"r{row:03}" for row in range(n_rows)),
        positions=np.arange(n_rows),
        given_labels=np.array(given),
        class_names=("ham", "spam"),
        inputs=pa.table({}),
        verdicts=None if codes is None else verdicts(codes, strata),
    )


def test_a_corrected_label_does_not_support_equal_rows():
    """Rows 1 and 3 were corrected, and have groups of their own; row 0 was kept, and stays with row 2."""
    rows = examples([0, 0, 0, 0], [0, 1, -1, 1])
    evidence = Evidence(given_labels=rows.given_labels, equal_groups=np.zeros(4, dtype=np.intp))

    groups = set_corrected_apart(evidence, rows).equal_groups

    assert groups[0] == groups[2]
    assert len(np.unique(groups)) == 3
    assert set_corrected_apart(evidence, examples([0, 0, 0, 0])) is evidence


class TestRecalibration:
    """Verdicts change how much a doubt means."""

    def test_without_verdicts_doubts_do_not_change(self):
        """There is no file of verdicts, or nothing in it is decided."""
        log_odds = np.array([-1.0, 0.5])

        for none in (None, verdicts([-1, -1])):
            assert fit_recalibration(log_odds, np.array([0, 0]), none)(log_odds) is log_odds

    def test_five_verdicts_hardly_move_doubt_and_fifty_do(self):
        """Where all labels were kept at even odds, a doubt of .5 falls a little, then a lot."""
        read = []
        for n_decided in (5, 50):
            log_odds = np.zeros(n_decided)
            moved = fit_recalibration(log_odds, np.zeros(n_decided, dtype=int), verdicts([0] * n_decided))
            read.append(1 / (1 + np.exp(-moved(np.zeros(1))[0])))

        assert 0.35 < read[0] < 0.45
        assert read[1] < 0.2

    def test_a_verdict_on_equal_rows_counts_once(self):
        """A verdict that decides 50 equal rows moves doubt as one verdict does."""
        log_odds, labels = np.zeros(50), np.zeros(50, dtype=int)
        equal = replace(verdicts([0] * 50), from_equal=np.arange(50) > 0)

        moved = fit_recalibration(log_odds, labels, equal)(np.zeros(1))
        alone = fit_recalibration(log_odds, labels, verdicts([0] + [-1] * 49))(np.zeros(1))

        assert moved[0] == alone[0]
        assert moved[0] > fit_recalibration(log_odds, labels, verdicts([0] * 50))(np.zeros(1))[0] + 0.5

    def test_the_optimum_is_that_of_the_penalised_likelihood(self):
        """SciPy's optimiser finds the same line."""
        from scipy.optimize import minimize

        rng = np.random.default_rng(0)
        log_odds = rng.normal(0, 2, 60)
        is_wrong = rng.random(60) < 1 / (1 + np.exp(-(0.5 * log_odds - 1)))
        moved = fit_recalibration(log_odds, np.zeros(60, dtype=int), verdicts(is_wrong.astype(int).tolist()))
        intercept, both = moved(np.array([0.0, 1.0]))

        def loss(line):
            against = line[0] + line[1] * log_odds
            likelihood = np.where(is_wrong, -np.log1p(np.exp(-against)), -np.log1p(np.exp(against))).sum()
            return -likelihood + line[0] ** 2 / (2 * 0.25) + (line[1] - 1) ** 2 / (2 * 0.0625)

        expected = minimize(loss, [0.0, 1.0]).x
        np.testing.assert_allclose([intercept, both - intercept], expected, atol=1e-4)

    def test_the_order_never_changes(self):
        """Even where people kept all of the most doubted labels, a higher doubt stays higher."""
        log_odds = np.repeat([3.0, -3.0], 200)
        codes = [0] * 200 + [1] * 200  # the doubted rows kept, the others corrected

        moved = fit_recalibration(log_odds, np.zeros(400, dtype=int), verdicts(codes))(np.array([-1.0, 1.0]))

        assert moved[1] - moved[0] == pytest.approx(0.2)


class TestDecided:
    """A row that people have decided is not doubted any more."""

    RANKING = Ranking(
        doubt=np.array([0.9, 0.8, 0.2, 0.1]),
        doubt_sd=np.array([0.1, 0.1, 0.1, 0.1]),
        suggested_labels=np.array([1, 1, 0, 0]),
        suggested_confidence=np.array([0.9, 0.8, 0.8, 0.9]),
        doubted=np.array([True, True, False, False]),
        contradicted=np.array([True, True, True, True]),
        order=np.array([0, 1, 2, 3]),
        voices=(),
        queue_length=2,
    )

    def test_without_verdicts_the_ranking_does_not_change(self):
        """Nothing was decided."""
        assert mark_decided_rows(self.RANKING, examples([0, 0, 0, 0])) is self.RANKING

    def test_decided_rows_are_sure_and_leave_the_queue(self):
        """The label of row 0 was kept, that of row 2 corrected to spam; rows 1 and 3 stay in the queue."""
        found = mark_decided_rows(self.RANKING, examples([0, 0, 0, 0], [0, -1, 1, -1]))

        assert found.doubt.tolist() == [0.0, 0.8, 1.0, 0.1]
        assert found.doubt_sd.tolist() == [0.0, 0.1, 0.0, 0.1]
        assert found.suggested_labels.tolist() == [0, 1, 1, 0]
        assert found.suggested_confidence.tolist() == [1.0, 0.8, 1.0, 0.9]
        assert found.doubted.tolist() == [False, True, False, False]
        assert found.contradicted.tolist() == [False, True, False, True]
        assert found.order.tolist() == [2, 1, 3, 0]
        assert found.queue.tolist() == [1, 3]
