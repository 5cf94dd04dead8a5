"""Errors are planted in a small file: evidence is gathered again, and the found errors are counted."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.evidence.graph import (
    Gathered,
    gather_evidence,
    gather_evidence_again,
    list_known_needs,
)
from doubtcli.features.table import TableBlock
from doubtcli.plugins import LoadedReason
from doubtcli.predict.engine import ThreadEngine
from doubtcli.predict.table_models import ExtraTrees, LinearModel
from doubtcli.progress import Silence
from doubtcli.rank.planting import PlantedErrors, plant_and_judge
from doubtcli.records import Evidence, Examples, Features, Planting, Predictions
from doubtcli.settings import ScanSettings
from doubtcli.tasks.classification import Classification

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from tests.conftest import Sentences

N_ROWS = 120
LABELS = np.arange(N_ROWS) % 2
RING = (np.arange(N_ROWS)[:, None] + [2, 4]) % N_ROWS
"""Each row's neighbours: the next two of its own class."""
SETTINGS = ScanSettings(path="rows.csv", folds=2, threads=1)
ENGINE = ThreadEngine()
SOURCES = {"models", "neighbors"}


def probs_of(labels: NDArray[Any]) -> NDArray[np.float32]:
    """A probability of .9 for each label."""
    return np.where(np.eye(2)[labels] == 1, 0.9, 0.1).astype(np.float32)


def examples_of(n_rows: int = N_ROWS, class_names: tuple[str, ...] = ("a", "b"), **parts: Any) -> Examples:
    """Rows whose class is a and b in turn."""
    return Examples(
        row_ids=tuple(f"r{row:03}" for row in range(n_rows)),
        positions=np.arange(n_rows),
        given_labels=np.arange(n_rows) % 2,
        class_names=class_names,
        inputs=pa.table({"x": (np.arange(n_rows) % 2).astype(float)}),
        column_roles={"x": "numeric"},
        **parts,
    )


PROVIDERS = gather_evidence(examples_of(), list_known_needs(), SETTINGS, ENGINE, Silence()).providers


def gathered_of(**parts: Any) -> Gathered:
    """Evidence of a model that is sure of every label, and of a ring of neighbours; None leaves it out."""
    x = (10 * LABELS + np.random.default_rng(0).normal(size=N_ROWS)).astype(np.float32)
    probs = probs_of(LABELS)
    model = LinearModel(x[:, None])
    pieces = {
        "examples": examples_of(),
        "given_labels": LABELS.copy(),
        "training_labels": LABELS.copy(),
        "n_classes": 2,
        "learnable_features": Features((TableBlock(x[:, None]),)),
        "models": (model, ExtraTrees(x[:, None])),
        "predictions": Predictions((model.name,), probs[None], probs[None], probs),
        "pred_probs": probs,
        "pred_probs_by_repeat": np.stack([probs, probs]),
        "neighbor_indices": RING,
        "neighbor_votes": np.eye(2)[LABELS],
        "alike": np.arange(N_ROWS),
        "together": np.arange(N_ROWS),
        **parts,
    }
    return Gathered({name: piece for name, piece in pieces.items() if piece is not None}, providers=PROVIDERS)


def planted_in(
    gathered: Gathered | None = None,
    examples: Examples | None = None,
    *,
    with_models: bool = True,
    plantings: int | None = None,
    **settings: Any,
) -> PlantedErrors:
    """Errors planted in the rows."""
    gathered = gathered or gathered_of()
    training_evidence = Evidence({**gathered.evidence, "given_labels": gathered.pieces["training_labels"]})
    return plant_and_judge(
        Classification(),
        gathered,
        training_evidence,
        examples or examples_of(),
        [probs_of(LABELS)] if with_models else [],
        SOURCES,
        settings=replace(SETTINGS, **settings),
        engine=ENGINE,
        progress=Silence(),
        plantings=plantings,
    )


@pytest.fixture(scope="module")
def planted() -> PlantedErrors:
    """Errors planted twice in the labels of two clusters that are far apart."""
    return planted_in(plantings=2)


class TestPlant:
    """Labels with planted errors are judged by the same models."""

    def test_a_twentieth_is_planted_twice(self, planted: PlantedErrors) -> None:
        """They are 6 of 120 labels, and other ones the second time."""
        first, second = (np.flatnonzero(one.is_planted) for one in planted.plantings)

        assert (len(first), len(second)) == (6, 6)
        assert first.tolist() != second.tolist()

    def test_a_scan_plants_once(self) -> None:
        """Where it is not said how often, errors are planted once: the first time of the two."""
        once, twice = planted_in(), planted_in(plantings=2)

        assert len(once.plantings) == 1
        np.testing.assert_array_equal(once.margins[0], twice.margins[0])

    def test_a_bench_plants_in_large_files(self) -> None:
        """Where it is said how often, errors are planted in more than 10,000 rows, too."""
        assert len(planted_in(examples=examples_of(10_001), plantings=1).plantings) == 1

    def test_only_models_that_count_judge_planted_errors(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A model with a trust of .05 is not fitted again, unless it is the most trusted one."""
        judged: list[tuple[str, ...]] = []
        again = gather_evidence_again

        def note_models(gathered: Gathered, changed: dict[str, Any], *services: Any) -> Gathered:
            judged.append(tuple(model.name for model in changed["models"].make()))
            return again(gathered, changed, *services)

        monkeypatch.setattr("doubtcli.rank.planting.gather_evidence_again", note_models)
        names = ("logistic regression", "extra trees")
        probs = np.stack([probs_of(LABELS)] * 2)
        for trust in ((0.05, 0.95), (0.05, 0.01), (0.5, 0.5)):
            planted_in(gathered_of(predictions=Predictions(names, probs, probs[:1], probs[0], trust)))

        assert judged == [names[1:], names[:1], names]

    def test_planted_errors_are_judged(self, planted: PlantedErrors) -> None:
        """With two clusters, the models contradict each planted label and no other."""
        for planting, margin in zip(planted.plantings, planted.margins, strict=True):
            np.testing.assert_array_equal(margin > 0, planting.is_planted)

    def test_the_same_seed_plants_the_same(self, planted: PlantedErrors) -> None:
        """The rows are drawn with the seed of the settings; another seed draws others."""
        again, other = planted_in(plantings=2), planted_in(seed=1)

        np.testing.assert_array_equal(again.plantings[0].labels, planted.plantings[0].labels)
        np.testing.assert_array_equal(again.margins, planted.margins)
        assert (other.plantings[0].labels != planted.plantings[0].labels).any()

    def test_classes_that_models_can_not_judge_get_no_errors(self) -> None:
        """All rows of class 1 but two are held out together, so only class 0 gets errors."""
        together = np.where(LABELS == 1, 1, np.arange(N_ROWS))

        planted = planted_in(gathered_of(together=together))

        assert all((LABELS[one.is_planted] == 0).all() for one in planted.plantings)

    @pytest.mark.parametrize(
        ("gathered", "examples", "settings"),
        [
            ({}, {}, {"fast": True}),
            ({}, {}, {"with_models": False}),
            ({"predictions": None}, {}, {}),
            ({}, {"given_pred_probs": probs_of(LABELS)}, {}),
            ({}, {"n_rows": 99}, {}),
            ({}, {"n_rows": 10_001}, {}),
            ({}, {"class_names": tuple(f"class {code}" for code in range(301))}, {}),
            ({"together": LABELS}, {}, {}),
        ],
        ids=[
            "fast",
            "no voices",
            "no models",
            "own probabilities",
            "few rows",
            "many rows",
            "many classes",
            "tiny classes",
        ],
    )
    def test_nothing_is_planted(
        self,
        gathered: dict[str, Any],
        examples: dict[str, Any],
        settings: dict[str, Any],
        sentences: Sentences,
    ) -> None:
        """Where planting shows nothing or takes too long, the power is not assessable, and it is said why."""
        planted = planted_in(gathered_of(**gathered), examples_of(**examples), **settings)

        power = planted.measure_power(np.zeros(N_ROWS, dtype=bool))

        assert planted.plantings == ()
        assert not power.assessable
        sentences.check(power.why)
        assert (power.n_planted, dict(power.found_in_first)) == (0, {})


def reason(name: str, scores: Any, *, family: str = "error", needs: tuple[str, ...] = ()) -> LoadedReason:
    """A reason that gives the same scores for any evidence."""

    class Constant:
        """Ignores its evidence."""

        def score(self, **_: Any) -> Any:
            """The given scores."""
            return scores

    return LoadedReason(name, "test 1", family, "of a test", needs, Constant())


def two_plantings() -> PlantedErrors:
    """Twenty rows: first rows 0 and 1 get labels 1 and 2, then row 2 gets label 1; row 0 is contradicted."""
    plantings = []
    for planted in ({0: 1, 1: 2}, {2: 1}):
        labels = np.zeros(20, dtype=np.intp)
        labels[list(planted)] = list(planted.values())
        plantings.append(Planting(labels, labels > 0))
    evidence = (
        Evidence(given_labels=plantings[0].labels, n_classes=3),
        Evidence(given_labels=plantings[1].labels, n_classes=3, annotations=np.zeros((20, 1))),
    )
    margin = np.where(np.arange(20) == 0, 5.0, -np.arange(20.0))
    margin[1] = -30.0
    return PlantedErrors(tuple(plantings), evidence, (margin, margin))


class TestPower:
    """How many of the planted errors a scan finds."""

    def test_all_reasons_together(self) -> None:
        """Row 0 is in the first two of 20, row 1 is last; in the second planting row 2 is second."""
        power = two_plantings().measure_power(np.zeros(20, dtype=bool))

        assert power.n_planted == 3
        assert power.found_in_first[0.1] == 0.75

    def test_by_class(self) -> None:
        """Both errors with label 1 are in the first tenth of rows, the one with label 2 is not."""
        assert two_plantings().measure_power_by_class(np.zeros(20, dtype=bool)) == {1: 1.0, 2: 0.0}

    def test_doubted_rows_are_left_out(self) -> None:
        """Without row 0, doubted before and not planted the second time, row 2 is still in the first two."""
        doubted = np.isin(np.arange(20), [0, 3])

        assert two_plantings().measure_power_by_class(doubted) == {1: 1.0, 2: 0.0}

    def test_by_reason(self) -> None:
        """Where only row 1 is first, one of three errors is found; context reasons are left out."""
        first = np.where(np.arange(20) == 1, 0.9, np.arange(20) / 100)

        found = two_plantings().measure_power_by_reason(
            (reason("sees-row-1", first), reason("context", first, family="context")),
            np.zeros(20, dtype=bool),
        )

        assert found == {"sees-row-1": pytest.approx(1 / 3)}

    def test_a_reason_that_cannot_always_be_run(self) -> None:
        """Without scores in the first planting, two of 20 rows by chance; in the second, row 2 is first."""
        scores = np.where(np.arange(20) == 2, 0.9, 0.1)

        found = two_plantings().measure_power_by_reason(
            (reason("needs-answers", scores, needs=("annotations",)),), np.zeros(20, dtype=bool)
        )

        assert found == {"needs-answers": pytest.approx((2 * 0.1 + 1) / 3)}
