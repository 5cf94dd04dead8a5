from __future__ import annotations

import pyarrow as pa
import pytest

from doubtcli.read.answers import AnswerKey, encode_answers
from doubtcli.read.labels import encode_labels
from doubtcli.records import Source, Table

KEY = AnswerKey({"billing": 0, "billing error": 1, "delivery": 2})
SAME = ["delivery", "DELIVERY", " Delivery ", "**delivery**", "delivery.", '"Delivery"', "«delivery»"]
WITH_WORDS = [
    "Label: delivery",
    "label: **Delivery**",
    "The answer is: delivery.",
    "Category = delivery",
    "I'd say delivery",
    '{"label": "delivery"}',
    "delivery (0.93)",
    "It mentions billing, but the parcel is late, so that I decide for this. Label: delivery",
    "Answer: delivery\nThe customer asks where the parcel is, and mentions billing.",
]
OTHERS = [
    "not delivery",
    "delivery or billing",
    "billing, delivery",
    "deliverynote",
    "I can't say: delivery?",
    "Label: unsure, delivery or billing",
    "The customer wrote a long text in which the word delivery occurs once among many other words of it",
    "refund",
    "",
]


@pytest.mark.parametrize("answer", SAME)
@pytest.mark.parametrize("by_words", [False, True])
def test_case_and_marks_make_no_other_class(answer: str, by_words: bool) -> None:
    """An answer in another case, with quotes, Markdown or a full stop, is the class that it names."""
    assert KEY.find_code(answer, by_words=by_words) == 2


@pytest.mark.parametrize("answer", WITH_WORDS)
def test_words_around_a_class(answer: str) -> None:
    """A model's answer with words around one class is that class, but only if words are allowed."""
    assert KEY.find_code(answer, by_words=True) == 2
    assert KEY.find_code(answer, by_words=False) is None


@pytest.mark.parametrize("answer", OTHERS)
def test_unclear_answers_are_none(answer: str) -> None:
    """An answer that denies a class, names several, or only mentions one in a long text, is no class."""
    assert KEY.find_code(answer, by_words=True) is None


def test_longer_names_come_first() -> None:
    """A class whose name begins with another class's name is not taken for that."""
    assert KEY.find_code("Label: Billing-Error", by_words=True) == 1
    assert KEY.find_code("Label: billing", by_words=True) == 0


def test_classes_that_only_differ_in_case() -> None:
    """If two classes differ only in case, only their exact names are answers."""
    key = AnswerKey({"US": 0, "us": 1})

    assert [key.find_code(text, by_words=True) for text in ("US", "us", "Us", "Label: US")] == [
        0,
        1,
        None,
        None,
    ]


@pytest.mark.parametrize(("answer", "code"), [("No.", 0), ("No, thanks", 0), ("Yes", 1), ("Rating: 3", 3)])
def test_classes_that_are_words_of_denial_or_numbers(answer: str, code: int) -> None:
    """A class named "no" is an answer like any other."""
    key = AnswerKey({"no": 0, "yes": 1, "2": 2, "3": 3})

    assert key.find_code(answer, by_words=True) == code


def test_answers_of_a_column() -> None:
    """The codes of all rows, and how many answers are no class; an empty cell is no answer."""
    table = Table(
        Source("rows", "csv", 0, ""),
        pa.table({"label": ["a", "b", "a", "b"], "judge": ["A", "Label: b", None, "neither"]}),
    )
    labels = encode_labels(table, "label")

    codes, n_other = encode_answers(table, "judge", labels, by_words=True)

    assert (codes.tolist(), n_other) == ([0, 1, -1, -1], 1)
    assert encode_answers(table, "judge", labels)[0].tolist() == [0, -1, -1, -1]


def test_a_missing_value_of_a_database_is_no_label() -> None:
    r"""`\\N` in the label column means that there is no label."""
    table = Table(Source("rows", "csv", 0, ""), pa.table({"label": ["a", "b", "\\N", "a", "b"]}))

    assert encode_labels(table, "label").class_names == ("a", "b")
