import numpy as np
import pyarrow as pa
import pytest

from doubtcli.evidence.models import ModelPredictions, SuitableModels
from doubtcli.features.text import make_text_block
from doubtcli.predict import crossfit
from doubtcli.predict.crossfit import wrap_given_pred_probs
from doubtcli.progress import Silence
from doubtcli.records import Examples, Features
from doubtcli.settings import ScanSettings

TEXTS = Features((make_text_block(["card lost", "card gone"]),))
LINEAR = ["ridge regression on spelling", "logistic regression on words"]


def choose_models(n_classes, *, fast=False):
    """The names of the models, and the notes for the user."""
    notes = []
    made = SuitableModels().make(TEXTS, ScanSettings("data.csv", fast=fast), notes.append, n_classes)
    return [model.name for model in made["models"]], notes


def test_up_to_300_classes_have_all_models():
    """Two linear models are among them, and there is nothing to say about it."""
    names, notes = choose_models(300)

    assert names[-2:] == LINEAR
    assert notes == []


def test_with_more_classes_only_the_fastest_models_are_used(sentences):
    """They are those of a fast scan, and a note says so."""
    names, notes = choose_models(301)

    assert names == choose_models(301, fast=True)[0]
    assert not set(names) & set(LINEAR)
    sentences.check(notes[0])


@pytest.mark.parametrize("n_classes", [None, 301])
def test_there_is_no_note_where_nothing_is_left_out(n_classes):
    """Labels that are no classes have all models, and a fast scan has the fastest in any case."""
    assert choose_models(n_classes, fast=n_classes is not None)[1] == []


@pytest.mark.parametrize(
    ("n_rows", "n_classes", "settings", "n_splits"),
    [
        (10_000, 300, {}, 2),
        (10_001, 2, {}, 1),
        (20, 301, {}, 1),
        (10_001, 301, {"repeats": 3}, 3),
        (20, 2, {"fast": True}, 1),
    ],
    ids=["small", "many rows", "many classes", "asked for", "fast"],
)
def test_rows_are_split_once_where_rows_or_classes_are_many(
    monkeypatch, n_rows, n_classes, settings, n_splits
):
    """Unless the settings say how often; a fast scan splits them once."""
    asked = []

    def note_repeats(*_, **named):
        asked.append(named["n_repeats"])
        return wrap_given_pred_probs(np.ones((2, 2)))

    monkeypatch.setattr(crossfit, "cross_fit", note_repeats)
    examples = Examples(
        ("a",) * n_rows, np.arange(n_rows), np.zeros(n_rows, dtype=np.intp), ("x",), pa.table({}), {}
    )
    services = {"engine": None, "progress": Silence(), "note": print, "models": ()}

    ModelPredictions().make(
        examples,
        examples.given_labels,
        n_classes,
        np.arange(n_rows),
        settings=ScanSettings("data.csv", **settings),
        **services,
    )

    assert asked == [n_splits]
