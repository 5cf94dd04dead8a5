"""Errors planted in a small file: evidence is gathered again, and what was found of them is told."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.evidence.graph import Gathered, gather_evidence, list_known_needs
from doubtcli.features.table import TableBlock
from doubtcli.plugins import LoadedReason
from doubtcli.predict.engine import ThreadEngine
from doubtcli.predict.table_models import ExtraTrees, LinearModel
from doubtcli.progress import Silence
from doubtcli.rank.noise import make_unassessable_noise
from doubtcli.rank.planting import PlantedErrors, plant_and_judge
from doubtcli.records import Evidence, Examples, Features, NoiseModel, NoiseRate, Planting, Predictions
from doubtcli.settings import ScanSettings
from doubtcli.tasks.classification import Classification

if TYPE_CHECKING:
    from numpy.typing import NDArray

N_ROWS = 120
LABELS = np.arange(N_ROWS) % 2
RING = (np.arange(N_ROWS)[:, None] + [2, 4]) % N_ROWS
"""Each row's neighbours: the next two of its own class."""
SETTINGS = ScanSettings(path="rows.csv", folds=2, threads=1)
ENGINE = ThreadEngine()
SOURCES = {"models", "neighbors"}


def probs_of(labels: NDArray[Any]) -> NDArray[np.float32]:
    """Nine tenths for each label."""
    return np.where(np.eye(2)[labels] == 1, 0.9, 0.1).astype(np.float32)


def examples_of(n_rows: int = N_ROWS, **parts: Any) -> Examples:
    """Rows of two classes that take turns."""
    return Examples(
        row_ids=tuple(f"r{row:03}" for row in range(n_rows)),
        positions=np.arange(n_rows),
        given_labels=np.arange(n_rows) % 2,
        class_names=("a", "b"),
        inputs=pa.table({"x": (np.arange(n_rows) % 2).astype(float)}),
        column_roles={"x": "numeric"},
        **parts,
    )


ASKED = gather_evidence(examples_of(), list_known_needs(), SETTINGS, ENGINE, Silence()).asked


def gathered_of(**parts: Any) -> Gathered:
    """What one model, sure of every label, and a ring of neighbours make of the rows; None is not made."""
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
    return Gathered({name: piece for name, piece in pieces.items() if piece is not None}, asked=ASKED)


def planted_in(
    gathered: Gathered | None = None, examples: Examples | None = None, *, heard: bool = True, **settings: Any
) -> PlantedErrors:
    """Plant errors in the rows."""
    gathered = gathered or gathered_of()
    training_evidence = Evidence({**gathered.evidence, "given_labels": gathered.pieces["training_labels"]})
    return plant_and_judge(
        Classification(),
        gathered,
        training_evidence,
        examples or examples_of(),
        [probs_of(LABELS)] if heard else [],
        SOURCES,
        settings=replace(SETTINGS, **settings),
        engine=ENGINE,
        progress=Silence(),
    )


@pytest.fixture(scope="module")
def planted() -> PlantedErrors:
    """Errors planted twice in the labels of two clusters that lie far apart."""
    return planted_in()


class TestPlant:
    """Labels with planted errors, judged by the same models."""

    def test_a_twentieth_is_planted_twice(self, planted: PlantedErrors) -> None:
        """Six of 120 labels, and others the second time."""
        first, second = (np.flatnonzero(one.is_planted) for one in planted.plantings)

        assert (len(first), len(second)) == (6, 6)
        assert first.tolist() != second.tolist()

    def test_planted_errors_are_judged(self, planted: PlantedErrors) -> None:
        """Between two clusters the models contradict each planted label, and no other."""
        for planting, margin in zip(planted.plantings, planted.margins, strict=True):
            np.testing.assert_array_equal(margin > 0, planting.is_planted)

    def test_the_same_seed_plants_the_same(self, planted: PlantedErrors) -> None:
        """The settings' seed draws the rows, and another seed draws others."""
        again, other = planted_in(), planted_in(seed=1)

        np.testing.assert_array_equal(again.plantings[0].labels, planted.plantings[0].labels)
        np.testing.assert_array_equal(again.margins, planted.margins)
        assert (other.plantings[0].labels != planted.plantings[0].labels).any()

    def test_classes_that_no_model_is_heard_on_are_left_alone(self) -> None:
        """All rows of class 1 but two are held out together, so only class 0 gets errors."""
        together = np.where(LABELS == 1, 1, np.arange(N_ROWS))

        planted = planted_in(gathered_of(together=together))

        assert all((LABELS[one.is_planted] == 0).all() for one in planted.plantings)

    @pytest.mark.parametrize(
        ("gathered", "examples", "settings", "why"),
        [
            ({}, {}, {"fast": True}, "a fast scan plants no errors"),
            (
                {},
                {},
                {"heard": False},
                "there are no models that could learn from labels with planted errors",
            ),
            (
                {"predictions": None},
                {},
                {},
                "there are no models that could learn from labels with planted errors",
            ),
            (
                {},
                {"given_pred_probs": probs_of(LABELS)},
                {},
                "your probabilities were made without planted errors",
            ),
            ({}, {"n_rows": 99}, {}, "fewer than 100 rows are too few to plant errors in"),
            (
                {},
                {"n_rows": 200_001},
                {},
                "in more than 200,000 rows planting errors costs more than it tells",
            ),
            (
                {"together": LABELS},
                {},
                {},
                "every class has too few unlike rows for models to judge it (fewer than 3)",
            ),
        ],
        ids=["fast", "no voices", "no models", "own probabilities", "few rows", "many rows", "tiny classes"],
    )
    def test_nothing_is_planted(
        self, gathered: dict[str, Any], examples: dict[str, Any], settings: dict[str, Any], why: str
    ) -> None:
        """Where it would tell nothing, or cost too much, the power is not assessable and says why."""
        planted = planted_in(gathered_of(**gathered), examples_of(**examples), **settings)

        power = planted.power(np.zeros(N_ROWS, dtype=bool))

        assert planted.plantings == ()
        assert (power.assessable, power.why) == (False, why)
        assert (power.n_planted, dict(power.found_in_first)) == (0, {})


class TestWeigh:
    """What planted errors make of the noise model."""

    def test_the_slope_lies_halfway(self) -> None:
        """The geometric mean of slope 1, learnt, and 9, of the curve: 18 for each 2 of the margin."""
        margin = np.repeat([0.0, 0.0, np.log(3), np.log(3)], [1, 9, 3, 9])
        is_planted = np.repeat([True, False, True, False], [1, 9, 3, 9])
        planted = PlantedErrors((Planting(np.zeros(22, dtype=np.intp), is_planted),), (), (margin,))
        noise = NoiseModel(
            NoiseRate(assessable=True, why=""), 0.1, mean=4.0, sd=2.0, slope=18.0, location=0.5
        )

        weighed = planted.weigh(noise, np.zeros(22))

        assert weighed.slope == pytest.approx(3, rel=1e-3)
        assert (weighed.mean, weighed.sd, weighed.location) == (0, 1, 0)
        assert (weighed.prior, weighed.noise_rate) == (noise.prior, noise.noise_rate)

    def test_without_planted_errors_the_curve_stands(self) -> None:
        """Nothing was learnt, nothing changes."""
        noise = make_unassessable_noise("no skill")

        assert PlantedErrors((), (), (), "why").weigh(noise, np.zeros(3)) is noise


def reason(name: str, scores: Any, *, family: str = "error", needs: tuple[str, ...] = ()) -> LoadedReason:
    """A reason that says the same of any evidence."""

    class Says:
        """It heeds no evidence."""

        def score(self, **_: Any) -> Any:
            """What was said."""
            return scores

    return LoadedReason(name, "test 1", family, "of a test", needs, Says())


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
    """How many of the planted errors a scan would find."""

    def test_all_reasons_together(self) -> None:
        """Row 0 is in the first two of 20, row 1 is last; in the second planting row 2 is second."""
        power = two_plantings().power(np.zeros(20, dtype=bool))

        assert power.n_planted == 3
        assert power.found_in_first[0.1] == 0.75

    def test_by_class(self) -> None:
        """Of label 1 both planted errors are in the first tenth, of label 2, planted once, the one is not."""
        assert two_plantings().power_by_class(np.zeros(20, dtype=bool)) == {1: 1.0, 2: 0.0}

    def test_doubted_rows_stand_aside(self) -> None:
        """Without row 0, doubted before and not planted the second time, row 2 is still in the first two."""
        doubted = np.isin(np.arange(20), [0, 3])

        assert two_plantings().power_by_class(doubted) == {1: 1.0, 2: 0.0}

    def test_by_reason(self) -> None:
        """Errors count alike: one of three where row 1 alone leads, and context reasons are not asked."""
        first = np.where(np.arange(20) == 1, 0.9, np.arange(20) / 100)

        found = two_plantings().power_by_reason(
            (reason("sees-row-1", first), reason("context", first, family="context")),
            np.zeros(20, dtype=bool),
        )

        assert found == {"sees-row-1": pytest.approx(1 / 3)}

    def test_a_reason_that_cannot_always_be_asked(self) -> None:
        """It says nothing of the first planting: two of 20 rows by chance; in the second row 2 leads."""
        scores = np.where(np.arange(20) == 2, 0.9, 0.1)

        found = two_plantings().power_by_reason(
            (reason("needs-answers", scores, needs=("annotations",)),), np.zeros(20, dtype=bool)
        )

        assert found == {"needs-answers": pytest.approx((2 * 0.1 + 1) / 3)}
