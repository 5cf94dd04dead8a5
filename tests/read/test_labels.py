from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.preprocessing import LabelEncoder

from doubtcli.errors import InputError
from doubtcli.read.answers import encode_answers
from doubtcli.read.labels import (
    encode_labels,
    find_missing_like,
)
from tests.read.conftest import class_label, table

if TYPE_CHECKING:
    from tests.conftest import Sentences


def find_refusal(values: Any) -> InputError:
    """The error for a label column with these values."""
    with pytest.raises(InputError) as caught:
        encode_labels(table(label=values), "label")
    return caught.value


@pytest.mark.parametrize("values", [["a", "a"], ["a"], ["a", "b", "c"], [1.5, 2.5, 3.5, 4.5, 5.5]])
def test_labels_that_are_not_to_be_judged(values: list[Any]) -> None:
    """Labels that are not fit to be judged are encoded if they are only to be read."""
    find_refusal(values)

    labels = encode_labels(table(label=values), "label", to_judge=False)

    assert [labels.class_values[code] for code in labels.codes] == values


@pytest.mark.parametrize(
    ("values", "names", "class_values", "codes"),
    [
        (["b", "a", None, "b", ""], ("a", "b"), ("a", "b"), [1, 0, -1, 1, -1]),
        (["10", "9", "9"], ("9", "10"), ("9", "10"), [1, 0, 0]),
        (["007", "10", "10"], ("007", "10"), ("007", "10"), [0, 1, 1]),
        ([10, 9, 9, None], ("9", "10"), (9, 10), [1, 0, 0, -1]),
        ([True, False, True], ("false", "true"), (False, True), [1, 0, 1]),
        ([1.0, 0.0, float("nan"), 1.0], ("0", "1"), (0.0, 1.0), [1, 0, -1, 1]),
        ([0.5, 1.0, 1.0], ("0.5", "1"), (0.5, 1.0), [0, 1, 1]),
        ([Decimal("1.5"), Decimal("0.5"), Decimal("0.5")], ("0.5", "1.5"), (0.5, 1.5), [1, 0, 0]),
        (["NA", "nan", "NA"], ("NA", "nan"), ("NA", "nan"), [0, 1, 0]),
        (pa.array(["x", "y", None, "x"]).dictionary_encode(), ("x", "y"), ("x", "y"), [0, 1, -1, 0]),
        (pa.array(["x", "y", "x"], pa.string_view()), ("x", "y"), ("x", "y"), [0, 1, 0]),
    ],
)
def test_values_become_classes(
    values: Any, names: tuple[str, ...], class_values: tuple[object, ...], codes: list[int]
) -> None:
    """Text, numbers, true/false and dictionaries become sorted classes; missing labels have the code -1."""
    labels = encode_labels(table(label=values), "label")

    assert labels.class_names == names
    assert labels.class_values == class_values
    assert labels.codes.tolist() == codes


@settings(max_examples=40)
@given(st.lists(st.sampled_from([3, 12, 100, -7]), min_size=8).filter(lambda values: len(set(values)) > 1))
def test_numbers_are_ordered_as_by_scikit_learn(values: list[int]) -> None:
    """Whole numbers, also if they are text, get the codes that LabelEncoder gives to the numbers."""
    expected = LabelEncoder().fit_transform(values)

    assert np.array_equal(encode_labels(table(label=values), "label").codes, expected)
    assert np.array_equal(encode_labels(table(label=list(map(str, values))), "label").codes, expected)


def test_class_label_has_names_and_codes() -> None:
    """A Hugging Face ClassLabel is shown by name, sorted and written by code, and -1 is missing."""
    names = ["pos", "neg", "unused"]
    rows = table(class_label(names, "label"), label=[1, 0, -1, 1, None])

    labels = encode_labels(rows, "label")

    assert labels.class_names == ("pos", "neg")
    assert labels.class_values == (0, 1)
    assert labels.codes.tolist() == [1, 0, -1, 1, -1]


def test_class_label_may_have_many_classes() -> None:
    """The codes of a ClassLabel are never taken for numbers to predict."""
    names = [f"class {code}" for code in range(60)]
    codes = [code for code in range(0, 60, 2) for _ in range(2)]

    labels = encode_labels(table(class_label(names, "label"), label=codes), "label")

    assert len(labels.class_names) == 30


def test_unknown_class_label_code_is_refused(sentences: Sentences) -> None:
    """A code without a name is refused with its row."""
    with pytest.raises(InputError) as caught:
        encode_labels(table(class_label(["a", "b"], "label"), label=[0, 1, 2]), "label")

    assert (caught.value.row, caught.value.column) == (3, "label")
    sentences.check(caught.value)


@pytest.mark.parametrize(
    "metadata",
    [
        *(b"{", b'{"info": []}', b"[]", b"[" * 100_000),
        *(
            b'{"info": {"features": {"label": {"_type": "ClassLabel", "names": %s}}}}' % names
            for names in (b"1", b"true", b'"ab"', b"[1, 2]", b'[["a"], "b"]', b'{"a": 1}')
        ),
    ],
    ids=range(10),
)
def test_broken_metadata_is_refused(metadata: bytes) -> None:
    """Metadata that is named as Hugging Face's and can't be read is refused."""
    with pytest.raises(InputError) as caught:
        encode_labels(table({b"huggingface": metadata}, label=["a", "b"]), "label")

    assert "'huggingface'" in caught.value.found


def test_other_features_are_not_class_labels() -> None:
    """Metadata without a ClassLabel for the label leaves its values unchanged."""
    metadata = {b"huggingface": b'{"info": {"features": {"label": {"dtype": "string"}}}}'}

    assert encode_labels(table(metadata, label=["a", "b"]), "label").class_names == ("a", "b")


@pytest.mark.parametrize(
    "values",
    [
        pytest.param([None, ""], id="missing and empty"),
        pytest.param(pa.nulls(3), id="missing"),
        pytest.param([""], id="one empty row"),
        pytest.param(["a"], id="one row"),
        pytest.param(["a", None], id="one label"),
        pytest.param(["a", "a"], id="one class"),
        pytest.param(["a", "b", "c"], id="all different"),
        pytest.param(list(range(100)), id="consecutive numbers"),
        pytest.param([["a"], ["b"]], id="lists"),
        pytest.param(pa.array([0, 1], pa.timestamp("s")), id="times"),
        pytest.param([b"a", b"b"], id="bytes"),
    ],
)
def test_useless_labels_are_refused(values: Any, sentences: Sentences) -> None:
    """No label, one row, one class, ids, and types that can't be classes are refused."""
    error = find_refusal(values)

    assert (error.where, error.row, error.column) == ("rows", None, "label")
    sentences.check(error)


@pytest.mark.parametrize(
    "values",
    [
        [number / 10 for number in range(30)],
        [str(number / 10) for number in range(30)],
        [number / 10 for number in range(5)],
        [3 * number for number in range(100) for _ in range(5)],
        [str(3 * number) for number in range(100) for _ in range(5)],
        [*(str(3 * number) for number in range(100) for _ in range(5)), "NA"],
        [*range(70), *range(30)],
    ],
)
def test_numbers_to_predict_are_refused(values: list[object]) -> None:
    """Many different fractions, and very many whole numbers, are regression, also if they are text."""
    assert "regression" in find_refusal(values).found


@pytest.mark.parametrize(
    "values",
    [
        list(range(10)) * 3,
        list(range(77)) * 3,
        [10 * number for number in range(30)] * 12,
        [f"intent {number}" for number in range(77)] * 2,
        [number / 2 for number in range(10)] * 2,
        ["a", "b"],
    ],
)
def test_classes_are_accepted(values: list[object]) -> None:
    """Digits, consecutive codes, many classes on many rows, half stars and two rows are classes."""
    assert len(encode_labels(table(label=values), "label").class_names) == len(set(values))


def test_150_classes_over_many_rows_are_accepted() -> None:
    """150 numbers on 100,000 rows are classes."""
    assert len(encode_labels(table(label=np.arange(100_000) % 150 * 7), "label").class_names) == 150


def test_notes_on_odd_labels(sentences: Sentences) -> None:
    """There are notes on missing labels, classes that look like missing ones and classes that look alike."""
    labels = encode_labels(table(label=["NA", "Spam", "spam ", None, "NA", ""]), "label")

    assert labels.class_names == ("NA", "Spam", "spam ")
    assert len(labels.notes) == 3
    sentences.check("\n".join(labels.notes))


@pytest.mark.parametrize(
    ("classes", "found"),
    [
        (["-1", "0", "1"], ["-1"]),
        (["-1.0", "a", "b"], ["-1.0"]),
        (["0", "1", "99"], ["99"]),
        (["0", "-999", "1"], ["-999"]),
        (["a", "b", "\\N", "#N/A", "(blank)", "Unlabeled", "no_label"], [3, 4, 5, 6, 2]),
        (["-1", "1"], []),
        (["-2", "-1", "0", "1", "2"], []),
        ([*map(str, range(100))], []),
        (["9", "19", "29"], []),
    ],
)
def test_classes_that_may_mean_no_label(classes: list[str], found: list[Any]) -> None:
    """Words and numbers for "no label" are found, but not a number that counts on from the others."""
    expected = [classes[each] if isinstance(each, int) else each for each in found]

    assert sorted(find_missing_like(classes)) == sorted(expected)


@pytest.mark.parametrize(
    "names",
    [["1", "1.0", "01"], ["caf\u00e9", "cafe\u0301"], ["a", "a\u200b"], ["a", "\ufeffA\u00a0"], ["A", "a "]],
)
def test_one_class_written_in_many_ways(names: list[str], sentences: Sentences) -> None:
    """One note names the classes that differ only in how they are written, with counts."""
    labels = encode_labels(table(label=[*names, "other"] * 3), "label")

    (note,) = labels.notes
    assert len(labels.class_names) == len(names) + 1
    assert note.count("(3 rows)") == len(names)
    sentences.check(note)


@pytest.mark.parametrize("names", [["1", "10", "100"], ["0.1", "0.01"], ["e", "\u00e9"], ["-1", "1"]])
def test_other_classes_do_not_look_alike(names: list[str]) -> None:
    """Different numbers and letters are different classes, without a note."""
    assert not any("differ only" in note for note in encode_labels(table(label=names * 3), "label").notes)


def test_most_groups_of_like_classes_are_counted() -> None:
    """Beyond five groups of like classes, the rest are counted in one note."""
    names = [name for letter in "abcdefg" for name in (letter, letter.upper())]

    notes = encode_labels(table(label=names * 3), "label").notes

    assert len(notes) == 6
    assert notes[-1].startswith("and 2 more groups")


@pytest.mark.parametrize(
    "names",
    [
        ["a", "b", "a|b", "b|a"],
        ["red; blue", "red;green;blue", "green ;red"],
        ["a", "b", "c", "a,b", "b,c"],
        ["['a', 'b']", "['a']", "['b', 'a']"],
    ],
)
def test_several_labels_in_a_cell_are_refused(names: list[str], sentences: Sentences) -> None:
    """Labels that are lists of labels are refused as lists in Parquet are."""
    sentences.check(str(find_refusal(names * 5)))


@pytest.mark.parametrize(
    "names",
    [
        ["Paris, France", "Rome, Italy", "Oslo, Norway"],
        ["red|large", "red|small", "blue|large", "blue|small"],
        ["yes", "no", "yes, but"],
        ["[a]", "[b]"],
        ["a|", "b|", "a"],
    ],
)
def test_separators_in_a_label_alone_are_accepted(names: list[str]) -> None:
    """A separator in a label is accepted where its parts are no labels, or each label has as many parts."""
    assert len(encode_labels(table(label=names * 5), "label").class_names) == len(names)


def test_note_on_one_missing_label(sentences: Sentences) -> None:
    """The note on a single missing label is in the singular."""
    (note,) = encode_labels(table(label=["a", "b", None]), "label").notes

    sentences.check(note)


def test_answers_use_the_labels_codes() -> None:
    """An annotator's answers get the labels' codes; one that is not a class counts as missing."""
    rows = table(label=["a", "b", "a", "b"], rater=["b", None, "c", "a"])

    codes, n_other = encode_answers(rows, "rater", encode_labels(rows, "label"))

    assert codes.tolist() == [1, -1, -1, 0]
    assert n_other == 1


@pytest.mark.parametrize("rater", [[0, 1, 1], ["pos", "neg", "neg"]])
def test_answers_may_be_codes_or_names(rater: list[object]) -> None:
    """If the label is a ClassLabel, answers may be its codes or its names."""
    rows = table(class_label(["pos", "neg"], "label"), label=[0, 1, 0], rater=rater)

    codes, n_other = encode_answers(rows, "rater", encode_labels(rows, "label"))

    assert (codes.tolist(), n_other) == ([0, 1, 1], 0)
