"""Many texts in one array of Arrow's: as a sequence of Python's they are like a tuple."""

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.records.texts import Texts

NAMES = ("b", "", "ä", "b")


def test_texts_are_a_sequence() -> None:
    """Texts are a sequence."""
    texts = Texts.of(NAMES)
    assert len(texts) == 4
    assert list(texts) == ["b", "", "ä", "b"]
    assert (texts[0], texts[-2], texts[np.intp(2)]) == ("b", "ä", "ä")
    assert texts[1:3] == ("", "ä")
    assert "ä" in texts
    assert "c" not in texts
    assert bool(texts)
    assert not Texts.of([])


def test_no_text_is_at_a_place_that_is_not_there() -> None:
    """No text is at a place that is not there."""
    with pytest.raises(IndexError):
        Texts.of(NAMES)[4]


def test_every_text_is_listed_where_there_are_more_than_become_objects_at_once() -> None:
    """Every text is listed where there are more than become objects at once."""
    names = [str(row) for row in range(70_000)]
    assert list(Texts.of(names)) == names


@pytest.mark.parametrize("other", [NAMES, list(NAMES), Texts.of(NAMES), Texts.of(("c", *NAMES))[1:]])
def test_texts_are_equal_to_any_sequence_of_the_same_texts(other: object) -> None:
    """Texts are equal to any sequence of the same texts."""
    assert Texts.of(NAMES) == other
    assert other == Texts.of(NAMES)


@pytest.mark.parametrize("other", [("b", "", "ä"), ("b", "", "a", "b"), (*NAMES, "b"), {*NAMES}, None])
def test_texts_are_not_equal_to_anything_else(other: object) -> None:
    """Texts are not equal to anything else."""
    assert Texts.of(NAMES) != other


def test_a_text_is_not_equal_to_its_characters() -> None:
    """A text is not equal to its characters."""
    assert Texts.of(("a", "b")) != "ab"


def test_some_texts_are_taken_in_the_order_of_their_places() -> None:
    """Some texts are taken in the order of their places."""
    assert Texts.of(NAMES).take(np.array([2, 0, 2])) == ("ä", "b", "ä")
    assert Texts.of(()).take(np.array([], dtype=np.intp)) == ()


def test_texts_are_replaced_at_their_places_in_any_order() -> None:
    """Texts are replaced at their places in any order."""
    texts = Texts.of(NAMES)
    assert texts.replace({3: "z", 0: "y"}) == ("y", "", "ä", "z")
    assert texts.replace({}) is texts
    assert texts == NAMES


def test_arrow_takes_texts_as_they_are() -> None:
    """Arrow takes texts as they are."""
    texts = Texts.of(NAMES)
    assert pa.array(texts) is texts.array
    assert pa.array(texts, pa.string()).equals(pa.array(NAMES, pa.string()))
    assert Texts.of(texts) is texts


def test_texts_are_shown_by_the_first_of_them() -> None:
    """Texts are shown by the first of them."""
    assert repr(Texts.of(NAMES)) == "<4 texts: 'b', '', 'ä', ...>"
    assert repr(Texts.of(NAMES[:1])) == "<1 texts: 'b'>"
