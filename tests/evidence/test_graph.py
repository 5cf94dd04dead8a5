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
SETTINGS = ScanSettings(path="rows.csv", folds=2, repeats=2, threads=1)
ENGINE = ThreadEngine()


def examples_of(**parts):
    """Rows of two classes that lie far apart."""
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


def walk(*needed, settings=SETTINGS, **parts):
    """What is gathered for some needs."""
    return gather_evidence(examples_of(**parts), needed, settings, ENGINE, Silence())


def again(gathered, **changed):
    """The same with some pieces exchanged."""
    return gather_evidence_again(gathered, changed, SETTINGS, ENGINE, Silence())


class TestGather:
    """The evidence for the labels as given."""

    def test_what_no_reason_needs_is_not_made(self):
        """Neither models nor neighbours, for a reason that only looks at duplicates."""
        gathered = walk("duplicate_groups")

        assert set(gathered.evidence) == {"given_labels", "n_classes", "duplicate_groups"}
        assert gathered.predictions is None
        assert len(np.unique(gathered.together)) == N_ROWS

    def test_what_is_needed_is_made_with_all_that_it_needs_itself(self):
        """Votes need the nearest rows, but not the models."""
        found = walk("neighbor_votes").evidence

        assert found.neighbor_votes is not None
        assert found.neighbor_indices is not None
        assert found.pred_probs is None

    def test_several_models_and_repeats_are_told_apart(self):
        """Three models of a table, two repeats, two classes."""
        found = walk("pred_probs").evidence

        assert found["pred_probs_by_model"].shape == (3, N_ROWS, 2)
        assert found["pred_probs_by_repeat"].shape == (2, N_ROWS, 2)

    def test_a_fast_scan_fits_once(self):
        """One repeat, whatever is asked for, and without gradient boosting."""
        gathered = walk("pred_probs", settings=replace(SETTINGS, fast=True, repeats=3))

        assert gathered.predictions.model_names == ("logistic regression", "extra trees")
        assert "pred_probs_by_repeat" not in gathered.evidence

    def test_probabilities_that_the_user_brought_replace_the_models(self):
        """They are one model's, and no other is fitted."""
        probs = np.eye(2)[LABELS]

        found = walk("pred_probs", given_pred_probs=probs).evidence

        np.testing.assert_array_equal(found.pred_probs, probs)
        assert "pred_probs_by_model" not in found

    def test_without_inputs_there_is_nothing_but_labels(self):
        """No features, so no models, no neighbours and no duplicates; each row is held out alone."""
        gathered = walk(*list_known_needs(), inputs=pa.table({}), column_roles={})

        assert set(gathered.evidence) == {"given_labels", "n_classes"}
        assert gathered.together.tolist() == list(range(N_ROWS))

    def test_where_all_inputs_are_one_annotators_judge_alone(self):
        """Models and neighbours are not asked, and a note says so."""
        answers = Annotations(("ann",), LABELS[:, None])

        gathered = walk(*list_known_needs(), inputs=pa.table({"x": np.ones(N_ROWS)}), annotations=answers)

        assert set(gathered.evidence) == {"given_labels", "n_classes", "duplicate_groups", "annotations"}
        assert gathered.notes == ("every row has the same input, so only the annotators judge",)

    def test_nobody_can_spoil_what_the_next_one_sees(self):
        """Arrays are read-only."""
        found = walk("neighbor_votes").evidence

        assert not any(piece.flags.writeable for piece in found.values() if isinstance(piece, np.ndarray))


class TestGatherAgain:
    """The evidence for other labels."""

    def test_what_follows_from_the_labels_is_made_again(self):
        """Row 0 becomes a 1: its neighbours hear so; who is near, and what is alike, stays as it was."""
        labels = LABELS.copy()
        labels[0] = 1
        gathered = walk("neighbor_votes", "pred_probs")

        other = again(gathered, given_labels=labels, training_labels=labels)

        heard = np.flatnonzero((gathered.evidence.neighbor_indices == 0).any(axis=1))
        votes = other.evidence.neighbor_votes - gathered.evidence.neighbor_votes
        assert heard.tolist() == np.flatnonzero(votes[:, 1] > 0).tolist() != []
        assert other.evidence.neighbor_indices is gathered.evidence.neighbor_indices
        assert other.pieces["features"] is gathered.pieces["features"]
        assert (other.evidence.pred_probs != gathered.evidence.pred_probs).any()

    def test_labels_that_are_judged_alone_cost_nothing(self):
        """Nothing of ours follows from them; the first evidence stays as it is."""
        gathered = walk("pred_probs")

        other = again(gathered, given_labels=1 - LABELS)

        assert other.evidence.pred_probs is gathered.evidence.pred_probs
        np.testing.assert_array_equal(gathered.evidence.given_labels, LABELS)
        np.testing.assert_array_equal(other.evidence.given_labels, 1 - LABELS)
        assert not other.evidence.given_labels.flags.writeable

    def test_models_can_be_exchanged_too(self):
        """One model, nobody to compare it with; no votes where there were none."""
        gathered = walk("pred_probs")

        other = again(gathered, training_labels=LABELS.copy(), models=gathered.pieces["models"][:1])

        assert other.predictions.model_names == ("logistic regression",)
        assert {"pred_probs_by_model", "neighbor_votes"}.isdisjoint(other.evidence)


class TestNeeds:
    """What a reason may ask for."""

    def test_sources_are_listed_once(self):
        """Models before neighbours, whatever is asked for first."""
        assert list_sources(["neighbor_votes", "given_labels", "pred_probs", "neighbor_indices"]) == (
            "models",
            "neighbors",
        )

    def test_a_fast_scan_does_without_neighbours(self):
        """Votes follow from the nearest rows, so they are left out with them."""
        assert find_slow_pieces() == {"neighbor_indices", "neighbor_distances", "neighbor_votes"}


@dataclass(frozen=True)
class Lengths:
    """A provider of somebody's."""

    makes: ClassVar = {"lengths": Need("Shape `(n_rows,)`.", "there are none", axes=("rows",))}
    is_costly: ClassVar = True
    is_fast: ClassVar = True

    def make(self, given_labels, note, neighbor_votes=None):
        """One for each row."""
        note("measured")
        return {"lengths": np.ones(len(given_labels)) * (1 if neighbor_votes is None else 2)}


def made(**changes):
    """The provider with some of its parts changed."""
    return dataclass(frozen=True)(type("Made", (Lengths,), {**changes, "__module__": __name__}))


class Point(EntryPoint):
    """An entry point that is installed nowhere."""

    known: ClassVar = []

    def load(self):
        """The provider that stands at its number."""
        return self.known[int(self.value)]


@pytest.fixture
def installed(monkeypatch):
    """A way to install providers beside ours."""

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
        """It is asked after what it is made of, though it could do without, and its notes are heard."""
        installed(Lengths)

        gathered = walk("lengths")

        assert list(list_known_needs())[-1] == "lengths"
        assert set(gathered.evidence["lengths"]) == {2}
        assert gathered.notes == ("measured",)

    def test_what_a_missing_piece_is_needed_for_is_missing_too(self, installed):
        """There are no annotators, so it is not asked."""
        installed(made(make=lambda self, annotations: {"lengths": annotations}))  # noqa: ARG005

        assert "lengths" not in walk("lengths").evidence

    def test_it_is_made_again_with_the_labels_that_it_is_made_of(self, installed):
        """Labels as they are judged, here."""
        installed(made(make=lambda self, given_labels: {"lengths": given_labels * 3}))  # noqa: ARG005

        other = again(walk("lengths"), given_labels=LABELS * 0 + 1)

        assert set(other.evidence["lengths"]) == {3}

    @pytest.mark.parametrize(
        ("kinds", "message"),
        [
            ([made(make=lambda self, given_label: {})], "'given_label', which nobody makes"),  # noqa: ARG005
            ([Lengths, Lengths], "it makes 'lengths', as provider 'lengths-0' of somebody 1.0 does"),
            ([made(make=lambda self, lengths: {})], "made from each other: lengths-0 -> lengths-0"),  # noqa: ARG005
            ([type("Bare", (), {})], "it has no 'makes'"),
            ([made(__init__=lambda self: 1 / 0)], "it can't be made: division by zero"),  # noqa: ARG005
        ],
        ids=["unknown piece", "same piece", "circle", "no provider", "crash"],
    )
    def test_what_makes_no_graph_is_refused(self, installed, kinds, message):
        """The message names the provider."""
        installed(*kinds)

        with pytest.raises(ReasonError, match=message):
            load_providers()

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda self, n_classes: n_classes / 0, "it crashed: ZeroDivisionError"),  # noqa: ARG005
            (lambda self, n_classes: {"length": n_classes}, "it made 'length'"),  # noqa: ARG005
        ],
    )
    def test_what_goes_wrong_names_the_provider(self, installed, make, message):
        """It is never passed over."""
        installed(made(make=make))

        with pytest.raises(ReasonError, match=message) as error:
            walk("lengths")

        assert error.value.where == "provider 'lengths-0' of somebody 1.0"

    def test_an_error_of_ours_is_passed_on(self, installed):
        """It says already what happened."""

        def refuse(_self, n_classes):
            raise InputError(f"{n_classes} are too few")

        installed(made(make=refuse))

        with pytest.raises(InputError, match="2 are too few"):
            walk("lengths")

    def test_an_installation_older_than_the_code_is_told(self, monkeypatch):
        """Without any provider of ours nothing could be judged."""
        monkeypatch.setattr(graph, "find_installed", lambda *_: ())

        with pytest.raises(ReasonError, match="nothing is installed") as error:
            load_providers()

        assert "install doubtcli again" in error.value.hint
