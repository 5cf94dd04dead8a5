import pytest

from doubtcli.evidence.models import SuitableModels
from doubtcli.features.text import make_text_block
from doubtcli.records import Features
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
