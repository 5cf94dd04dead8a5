import json
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import LabelEncoder

from doubtcli.errors import InputError, SettingsError
from doubtcli.read.labels import encode_answers, encode_labels, find_label_column
from doubtcli.read.roles.assign import find_claims
from doubtcli.records import Source, Table
from doubtcli.settings import ScanSettings


def of_user(**said: Any) -> ScanSettings:
    """What a user said of the columns."""
    return ScanSettings(path="rows.csv", **said)


def find_label(rows: Table, settings: ScanSettings) -> tuple[str, str]:
    """The label column of a table, and why it is that one."""
    return find_label_column(rows, settings, find_claims(rows, settings))


def table(metadata: dict[bytes, bytes] | None = None, **columns: Any) -> Table:
    """A table of these columns."""
    return Table(Source("rows", "csv", 0, ""), pa.table(columns).replace_schema_metadata(metadata))


def of_names(names: list[str]) -> Table:
    """A table of one row with these columns."""
    return table(**{name: ["a"] for name in names})


def class_label(names: list[str], *columns: str) -> dict[bytes, bytes]:
    """The metadata that make columns Hugging Face ClassLabels."""
    features = {column: {"names": names, "_type": "ClassLabel"} for column in columns}
    return {b"huggingface": json.dumps({"info": {"features": features}}).encode()}


def refusal(values: Any) -> InputError:
    """How a label column of these values is refused."""
    with pytest.raises(InputError) as caught:
        encode_labels(table(label=values), "label")
    return caught.value


@pytest.mark.parametrize("values", [["a", "a"], ["a"], ["a", "b", "c"], [1.5, 2.5, 3.5, 4.5, 5.5]])
def test_labels_that_are_not_to_be_judged(values: list[Any]) -> None:
    """Labels that could not be judged are encoded all the same where nobody asks for that."""
    refusal(values)

    labels = encode_labels(table(label=values), "label", to_judge=False)

    assert [labels.class_values[code] for code in labels.codes] == values


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["text", "label"], "label"),
        (["text", "Label"], "Label"),
        (["y", "text", "Given Label"], "Given Label"),
        (["category", "class"], "class"),
        (["text", "toxicity_label"], "toxicity_label"),
        (["text", "toxicity_label", "true_label", "predictedLabel"], "toxicity_label"),
    ],
)
def test_usual_names_are_found(names: list[str], found: str) -> None:
    """The first of the usual names in any case is the label, else the only name that ends in "_label"."""
    name, _ = find_label(of_names(names), of_user())

    assert name == found


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["label"], "named like a label"),
        (["label", "y"], "named like a label; so is 'y'"),
        (["y", "label", "class"], "named like a label; so are 'class', 'y'"),
        (["spam_label"], "its name ends in 'label'"),
    ],
)
def test_why_names_the_other_candidates(names: list[str], why: str) -> None:
    """The reason tells which other columns are named like labels."""
    assert find_label(of_names(names), of_user())[1] == why


def test_option_goes_before_names() -> None:
    """The column that the user names is the label, whatever else there is."""
    assert find_label(table(label=["a"], x=["b"]), of_user(label="x")) == ("x", "--label")


def test_columns_with_another_part_are_no_labels() -> None:
    """A column that the user gave another part is not taken for the label."""
    assert find_label(table(label=["a"], y=["b"]), of_user(ignore=("label",)))[0] == "y"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["text", "true_label"], "no column is named like a label"),
        (["a_label", "b_label"], "'a_label', 'b_label' could all hold the labels"),
    ],
)
def test_no_label_column_lists_the_columns(names: list[str], found: str) -> None:
    """Without a label column the error lists all columns and says how to name one."""
    with pytest.raises(InputError) as caught:
        find_label(of_names(names), of_user())

    assert caught.value.found == found
    assert all(repr(name) in str(caught.value) for name in names)
    assert caught.value.hint == "name it: --label COLUMN"


def test_unknown_label_column_names_the_nearest() -> None:
    """A label column that isn't there is refused with the nearest name."""
    with pytest.raises(SettingsError) as caught:
        find_label(table(Intent=["a"], text=["b"]), of_user(label="intnt"))

    assert caught.value.hint == "did you mean 'Intent'?"
    assert caught.value.expected == "one of 'Intent', 'text'"


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
    """Text, numbers, true/false and dictionaries become sorted classes; missing ones have the code -1."""
    labels = encode_labels(table(label=values), "label")

    assert labels.class_names == names
    assert labels.class_values == class_values
    assert labels.codes.tolist() == codes


@given(st.lists(st.sampled_from([3, 12, 100, -7]), min_size=8).filter(lambda values: len(set(values)) > 1))
def test_numbers_are_ordered_as_by_scikit_learn(values: list[int]) -> None:
    """Whole numbers, also written as text, get the codes that LabelEncoder gives the numbers."""
    expected = LabelEncoder().fit_transform(values)

    assert np.array_equal(encode_labels(table(label=values), "label").codes, expected)
    assert np.array_equal(encode_labels(table(label=list(map(str, values))), "label").codes, expected)


def test_class_label_shows_names_and_keeps_codes() -> None:
    """A Hugging Face ClassLabel is shown by name, ordered and written by code, and -1 is missing."""
    names = ["pos", "neg", "unused"]
    rows = table(class_label(names, "label"), label=[1, 0, -1, 1, None])

    labels = encode_labels(rows, "label")

    assert labels.class_names == ("pos", "neg")
    assert labels.class_values == (0, 1)
    assert labels.codes.tolist() == [1, 0, -1, 1, -1]


def test_class_label_may_have_many_classes() -> None:
    """Codes of a ClassLabel are never taken for numbers to predict."""
    names = [f"class {code}" for code in range(60)]
    codes = [code for code in range(0, 60, 2) for _ in range(2)]

    labels = encode_labels(table(class_label(names, "label"), label=codes), "label")

    assert len(labels.class_names) == 30


def test_unknown_class_label_code_is_refused() -> None:
    """A code without a name is refused with its row."""
    with pytest.raises(InputError) as caught:
        encode_labels(table(class_label(["a", "b"], "label"), label=[0, 1, 2]), "label")

    assert str(caught.value).startswith("rows, row 3, column 'label': 2 is the code of no class")


@pytest.mark.parametrize("metadata", [b"{", b'{"info": []}', b"[]"])
def test_broken_metadata_are_refused(metadata: bytes) -> None:
    """Metadata that claim to be Hugging Face's and aren't are refused."""
    with pytest.raises(InputError, match="make no sense"):
        encode_labels(table({b"huggingface": metadata}, label=["a", "b"]), "label")


def test_other_features_are_no_class_label() -> None:
    """Metadata that say nothing of the label leave its values as they are."""
    metadata = {b"huggingface": b'{"info": {"features": {"label": {"dtype": "string"}}}}'}

    assert encode_labels(table(metadata, label=["a", "b"]), "label").class_names == ("a", "b")


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ([None, ""], "no row has a label (2 rows)"),
        (pa.nulls(3), "no row has a label (3 rows)"),
        ([""], "its one row has no label"),
        (["a"], "only one row has a label"),
        (["a", None], "only one row has a label"),
        (["a", "a"], "every label is 'a' (2 rows)"),
        (["a", "b", "c"], "it looks like an id or free text: 3 different values on 3 rows"),
        (list(range(100)), "it looks like an id or free text: 100 different values on 100 rows"),
        ([["a"], ["b"]], "it holds list<item: string>, not one class a row"),
        (pa.array([0, 1], pa.timestamp("s")), "it holds dates or times, not classes"),
        ([b"a", b"b"], "it holds bytes, not classes"),
    ],
)
def test_useless_labels_are_refused(values: Any, found: str) -> None:
    """No label, one row, one class, an id, and types that hold no class are refused."""
    error = refusal(values)

    assert error.found == found
    assert error.place == "rows, column 'label'"


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
    """Fractions of many sizes, and whole numbers of very many, are regression, as text too."""
    assert refusal(values).found.startswith("regression is not supported yet")


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
    """Digits, codes that count up, many classes of many rows, half stars and two rows are classes."""
    assert len(encode_labels(table(label=values), "label").class_names) == len(set(values))


def test_150_classes_over_many_rows_are_accepted() -> None:
    """150 numbers on 100,000 rows are classes."""
    assert len(encode_labels(table(label=np.arange(100_000) % 150 * 7), "label").class_names) == 150


def test_notes_tell_what_is_odd() -> None:
    """Missing labels, classes that look missing and classes that look the same are told."""
    labels = encode_labels(table(label=["NA", "Spam", "spam ", None, "NA", ""]), "label")

    assert labels.notes == (
        "2 rows have no label: set aside, and listed last",
        "a class like any other, though it may mean that there is no label: 'NA'",
        "classes that differ only in case or blanks, judged as different ones: 'Spam', 'spam '",
    )
    assert labels.class_names == ("NA", "Spam", "spam ")


def test_one_missing_label_is_told_as_one() -> None:
    """A single missing label is told in the singular."""
    assert encode_labels(table(label=["a", "b", None]), "label").notes[0].startswith("1 row has no label")


def test_answers_use_the_labels_codes() -> None:
    """An annotator's answers get the labels' codes; one that is no class counts as not given."""
    rows = table(label=["a", "b", "a", "b"], rater=["b", None, "c", "a"])

    codes, n_unheard = encode_answers(rows, "rater", encode_labels(rows, "label"))

    assert codes.tolist() == [1, -1, -1, 0]
    assert n_unheard == 1


@pytest.mark.parametrize("rater", [[0, 1, 1], ["pos", "neg", "neg"]])
def test_answers_may_be_codes_or_names(rater: list[object]) -> None:
    """Answers beside a ClassLabel may be its codes or its names."""
    rows = table(class_label(["pos", "neg"], "label"), label=[0, 1, 0], rater=rater)

    codes, n_unheard = encode_answers(rows, "rater", encode_labels(rows, "label"))

    assert (codes.tolist(), n_unheard) == ([0, 1, 1], 0)
