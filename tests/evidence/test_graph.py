from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint
from typing import ClassVar

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.errors import InputError, ReasonError
from doubtcli.evidence import graph
from doubtcli.evidence.graph import (
    find_slow_pieces,
    gather_evidence,
    gather_evidence_again,
    list_known_needs,
    list_sources,
    load_providers,
)
from doubtcli.predict.engine import ThreadEngine
from doubtcli.progress import Silence
from doubtcli.records import Annotations, Examples, Need
from doubtcli.settings import ScanSettings
from doubtcli.settings.installed import Installed, find_installed

N_ROWS = 120
LABELS = np.arange(N_ROWS) % 2
DUPLICATES = {"duplicate_groups", "equal_groups", "are_copies"}
"""Pieces that one provider makes together."""
SETTINGS = ScanSettings(path="rows.csv", folds=2, repeats=2, threads=1)
ENGINE = ThreadEngine()


def examples_of(**parts):
    """Rows of two classes that are far apart."""
    x = 10.0 * LABELS + np.random.default_rng(0).normal(size=N_ROWS)
    whole = Examples(
        row_ids=tuple(f"r{row:03}" for row in range(N_ROWS)),
        positions=np.arange(N_ROWS),
        given_labels=LABELS.copy(),
        class_names=("a", "b"),
        inputs=pa.table({"x": x}),
        column_roles={"x": "numeric"},
    )
    return replace(whole, **parts)


def gather_for(*needed, settings=SETTINGS, **parts):
    """The evidence for some needs."""
    return gather_evidence(examples_of(**parts), needed, settings, ENGINE, Silence())


def gather_again(gathered, **changed):
    """The same evidence with some pieces replaced."""
    return gather_evidence_again(gathered, changed, SETTINGS, ENGINE, Silence())


@pytest.fixture(scope="module", autouse=True)
def few_trees():
    """Ten trees are enough for two classes that are far apart."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("doubtcli.predict.table_models._VOTES", 6)
        yield


@pytest.fixture(scope="module")
def with_models(few_trees):  # noqa: ARG001
    """The evidence for a reason that reads the models."""
    return gather_for("pred_probs")


class TestGather:
    """The evidence for the given labels."""

    def test_pieces_that_no_reason_needs_are_not_made(self):
        """For a reason that only reads duplicates, there are no models and no neighbours."""
        gathered = gather_for("duplicate_groups")

        assert set(gathered.evidence) == {"given_labels", "n_classes", *DUPLICATES}
        assert gathered.predictions is None
        assert len(np.unique(gathered.together)) == N_ROWS

    def test_a_piece_is_made_with_the_pieces_that_it_needs(self):
        """Votes need the nearest rows, but not the models."""
        found = gather_for("neighbor_votes").evidence

        assert found.neighbor_votes is not None
        assert found.neighbor_indices is not None
        assert found.pred_probs is None

    def test_models_and_repeats_have_their_own_probabilities(self, with_models):
        """A table has four models, and there are two repeats and two classes."""
        found = with_models.evidence

        assert found["pred_probs_by_model"].shape == (4, N_ROWS, 2)
        assert found["pred_probs_by_repeat"].shape == (2, N_ROWS, 2)

    def test_a_fast_scan_fits_once(self):
        """There is one repeat, with any setting, and no gradient boosting."""
        gathered = gather_for("pred_probs", settings=replace(SETTINGS, fast=True, repeats=3))

        assert gathered.predictions.model_names == ("logistic regression", "extra trees")
        assert "pred_probs_by_repeat" not in gathered.evidence

    def test_probabilities_of_the_user_replace_the_models(self):
        """They count as one model, and no other is fitted."""
        probs = np.eye(2)[LABELS]

        found = gather_for("pred_probs", given_pred_probs=probs).evidence

        np.testing.assert_array_equal(found.pred_probs, probs)
        assert "pred_probs_by_model" not in found

    def test_without_inputs_there_is_nothing_but_labels(self):
        """There are no features, models, neighbours or duplicates; each row is held out alone."""
        gathered = gather_for(*list_known_needs(), inputs=pa.table({}), column_roles={})

        assert set(gathered.evidence) == {"given_labels", "n_classes"}
        assert gathered.together.tolist() == list(range(N_ROWS))

    def test_where_all_rows_have_the_same_input_only_annotators_judge(self, sentences):
        """There are no models and no neighbours, and a note says so."""
        answers = Annotations(("ann",), LABELS[:, None])

        gathered = gather_for(
            *list_known_needs(), inputs=pa.table({"x": np.ones(N_ROWS)}), annotations=answers
        )

        assert set(gathered.evidence) == {"given_labels", "n_classes", *DUPLICATES, "annotations"}
        sentences.check("\n".join(gathered.notes))

    def test_no_reason_can_change_what_the_next_one_reads(self):
        """Arrays are read-only."""
        found = gather_for("neighbor_votes").evidence

        assert not any(piece.flags.writeable for piece in found.values() if isinstance(piece, np.ndarray))


class TestGatherAgain:
    """The evidence for other labels."""

    def test_what_depends_on_the_labels_is_made_again(self):
        """If the label of row 0 becomes 1, the votes of its neighbours change; the nearest rows stay."""
        labels = LABELS.copy()
        labels[0] = 1
        gathered = gather_for("neighbor_votes", "pred_probs")

        other = gather_again(gathered, given_labels=labels, training_labels=labels)

        near_row_0 = np.flatnonzero((gathered.evidence.neighbor_indices == 0).any(axis=1))
        votes = other.evidence.neighbor_votes - gathered.evidence.neighbor_votes
        assert near_row_0.tolist() == np.flatnonzero(votes[:, 1] > 0).tolist() != []
        assert other.evidence.neighbor_indices is gathered.evidence.neighbor_indices
        assert other.pieces["features"] is gathered.pieces["features"]
        assert (other.evidence.pred_probs != gathered.evidence.pred_probs).any()

    def test_given_labels_alone_cost_nothing(self, with_models):
        """None of our pieces depends on them; the first evidence does not change."""
        other = gather_again(with_models, given_labels=1 - LABELS)

        assert other.evidence.pred_probs is with_models.evidence.pred_probs
        np.testing.assert_array_equal(with_models.evidence.given_labels, LABELS)
        np.testing.assert_array_equal(other.evidence.given_labels, 1 - LABELS)
        assert not other.evidence.given_labels.flags.writeable

    def test_models_can_be_replaced_too(self, with_models):
        """A single model has nothing to be compared with; votes that were not there are not made."""
        one = with_models.pieces["models"][:1]

        other = gather_again(with_models, training_labels=LABELS.copy(), models=one)

        assert other.predictions.model_names == ("logistic regression",)
        assert {"pred_probs_by_model", "neighbor_votes"}.isdisjoint(other.evidence)


class TestNeeds:
    """What a reason may ask for."""

    def test_sources_are_listed_once(self):
        """Models come before neighbours, in any order of needs."""
        assert list_sources(["neighbor_votes", "given_labels", "pred_probs", "neighbor_indices"]) == (
            "models",
            "neighbors",
        )

    def test_a_fast_scan_does_without_neighbours(self):
        """Votes depend on the nearest rows, so they are left out, too."""
        assert find_slow_pieces() == {"neighbor_indices", "neighbor_distances", "neighbor_votes"}


@dataclass(frozen=True)
class Lengths:
    """A provider of another package."""

    makes: ClassVar = {"lengths": Need("Shape `(n_rows,)`.", "there are none", axes=("rows",))}
    is_costly: ClassVar = True
    is_fast: ClassVar = True

    def make(self, given_labels, note, neighbor_votes=None):
        """A length for each row."""
        note("measured")
        return {"lengths": np.ones(len(given_labels)) * (1 if neighbor_votes is None else 2)}


def made(**changes):
    """The provider with some of its parts changed."""
    return dataclass(frozen=True)(type("Made", (Lengths,), {**changes, "__module__": __name__}))


class Point(EntryPoint):
    """An entry point that is not installed."""

    known: ClassVar = []

    def load(self):
        """The provider with its number."""
        return self.known[int(self.value)]


@pytest.fixture
def installed(monkeypatch):
    """Installs providers next to ours."""

    def install(*kinds):
        theirs = []
        for number, kind in enumerate(kinds):
            point = Point(f"lengths-{number}", str(len(Point.known)), "group")
            Point.known.append(kind)
            theirs.append(Installed(point.name, "somebody 1.0", False, point, ReasonError, "provider"))
        monkeypatch.setattr(graph, "find_installed", lambda *which: (*find_installed(*which), *theirs))

    return install


class TestPlugIns:
    """Providers of other packages."""

    def test_its_pieces_are_needs_like_any_other(self, installed):
        """It is run after what it is made from, even where that may be missing, and its notes are kept."""
        installed(Lengths)

        gathered = gather_for("lengths")

        assert list(list_known_needs())[-1] == "lengths"
        assert set(gathered.evidence["lengths"]) == {2}
        assert gathered.notes == ("measured",)

    def test_a_piece_is_missing_where_its_need_is_missing(self, installed):
        """There are no annotators, so the provider is not run."""
        installed(made(make=lambda self, annotations: {"lengths": annotations}))  # noqa: ARG005

        assert "lengths" not in gather_for("lengths").evidence

    def test_it_is_made_again_if_its_labels_change(self, installed):
        """This one is made from the given labels."""
        installed(made(make=lambda self, given_labels: {"lengths": given_labels * 3}))  # noqa: ARG005

        other = gather_again(gather_for("lengths"), given_labels=LABELS * 0 + 1)

        assert set(other.evidence["lengths"]) == {3}

    @pytest.mark.parametrize(
        ("kinds", "where"),
        [
            ([made(make=lambda self, given_label: {})], "provider 'lengths-0' of somebody 1.0"),  # noqa: ARG005
            ([Lengths, Lengths], "provider 'lengths-1' of somebody 1.0"),
            ([made(make=lambda self, lengths: {})], "the providers"),  # noqa: ARG005
            ([type("Bare", (), {})], "provider 'lengths-0' of somebody 1.0"),
            ([made(__init__=lambda self: 1 / 0)], "provider 'lengths-0' of somebody 1.0"),  # noqa: ARG005
        ],
        ids=["unknown piece", "same piece", "circle", "no provider", "crash"],
    )
    def test_providers_that_are_not_a_graph_are_refused(self, installed, kinds, where, sentences):
        """The error names the provider."""
        installed(*kinds)

        with pytest.raises(ReasonError) as error:
            load_providers()

        assert error.value.where == where
        sentences.check(error.value)

    @pytest.mark.parametrize(
        "make",
        [
            lambda self, n_classes: n_classes / 0,  # noqa: ARG005
            lambda self, n_classes: {"length": n_classes},  # noqa: ARG005
        ],
        ids=["crash", "unknown piece"],
    )
    def test_an_error_names_the_provider(self, installed, make, sentences):
        """A crash or a piece that it does not declare is never ignored."""
        installed(made(make=make))

        with pytest.raises(ReasonError) as error:
            gather_for("lengths")

        assert error.value.where == "provider 'lengths-0' of somebody 1.0"
        sentences.check(error.value)

    def test_an_error_of_ours_is_not_changed(self, installed):
        """It already says what happened."""
        refusal = InputError("too few classes")

        def refuse(_self, n_classes):  # noqa: ARG001
            raise refusal

        installed(made(make=refuse))

        with pytest.raises(InputError) as error:
            gather_for("lengths")

        assert error.value is refusal

    def test_an_installation_that_is_older_than_the_code_is_an_error(self, monkeypatch, sentences):
        """Without our providers nothing can be judged."""
        monkeypatch.setattr(graph, "find_installed", lambda *_: ())

        with pytest.raises(ReasonError) as error:
            load_providers()

        sentences.check(error.value)
