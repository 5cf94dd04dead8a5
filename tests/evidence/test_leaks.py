"""Columns that give the label away, and honest ones that are as strong."""

from __future__ import annotations

import csv
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from doubtcli.evidence.leaks import (
    Leak,
    explain_leak,
    find_leaks,
    find_strongest,
    group_like_columns,
    note_leak,
    predict_alone,
)
from doubtcli.predict.engine import make_engine
from doubtcli.progress import Silence
from doubtcli.read.examples import read_examples
from doubtcli.settings import ScanSettings
from doubtcli.tasks.registry import find_task

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Sentences

WORDS = {
    "fruit": ("apple", "pear", "cherry", "plum", "peach", "quince", "fig"),
    "tool": ("hammer", "saw", "chisel", "plane", "rasp", "awl", "drill"),
    "pet": ("cat", "dog", "hamster", "parrot", "rabbit", "newt", "pony"),
}
CLASSES = list(WORDS)
N_ROWS, WRONG = 120, frozenset({5, 20, 41, 57, 76, 99, 110})
Row = dict[str, Any]


def make_rows(column: Callable[[str, str, int], Row]) -> list[Row]:
    """Rows whose texts show the true class; seven labels are wrong.

    Args:
        column: Makes further cells from the true class, the given label and the row's number.
    """
    draw, rows = random.Random(0), []
    for number in range(N_ROWS):
        true = CLASSES[number % 3]
        given = CLASSES[(number + 1) % 3] if number in WRONG else true
        text = " ".join(draw.sample(WORDS[true], 4))
        rows.append({"text": text, **column(true, given, number), "label": given})
    return rows


def leaks_of(tmp_path: Path, rows: list[Row], **settings: Any) -> tuple[Leak, ...]:
    """The leaks of a CSV file with these rows that are reported."""
    path = tmp_path / "rows.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    examples = read_examples(ScanSettings(path=str(path), **settings), find_task(), Silence())[3]
    return tuple(leak for leak in find_leaks(examples, 0, make_engine(1), Silence()) if leak.is_reported)


def number_by_class(_true: str, given: str, number: int) -> Row:
    """The index of a file that was once written class by class, and from which rows were drawn."""
    return {"line": CLASSES.index(given) * 1_000 + number * 7}


LEAKS: dict[str, tuple[Callable[[str, str, int], Row], set[str]]] = {
    "index": (number_by_class, {"line"}),
    "time": (
        lambda _, given, number: {"seen": f"2024-0{1 + CLASSES.index(given)}-03 10:{number % 60:02}:00"},
        {"seen"},
    ),
    "sub-code": (lambda _, given, number: {"code": f"{given[0]}{number % 5}"}, {"code"}),
    "coarse class": (lambda _, given, __: {"kind": "alive" if given == "pet" else "thing"}, {"kind"}),
    "one-hot": (
        lambda _, given, __: {f"is_{name}": int(name == given) for name in CLASSES},
        {"is_fruit", "is_tool", "is_pet"},
    ),
    "one-hot, one left out": (
        lambda _, given, __: {name: name == given for name in ("fruit", "tool")},
        {"fruit", "tool"},
    ),
    "one-hot, by other names": (
        lambda _, given, __: dict(zip("abc", (int(name == given) for name in CLASSES), strict=True)),
        {"a", "b", "c"},
    ),
    "probabilities": (
        lambda _, given, number: {
            f"prob_{place}": round(0.8 + number % 9 / 100 if name == given else number % 7 / 100, 3)
            for place, name in enumerate(CLASSES)
        },
        {"prob_0", "prob_1", "prob_2"},
    ),
    "the end of a text": (
        lambda true, given, number: {"chat": f"Say what {WORDS[true][number % 7]} {number} is. => {given}"},
        {"chat"},
    ),
}


@pytest.mark.parametrize("name", LEAKS)
def test_columns_made_from_the_label_are_certain_leaks(tmp_path: Path, name: str) -> None:
    """A column, or a set of like columns, that agrees with labels which the texts contradict is a leak."""
    column, expected = LEAKS[name]

    found = leaks_of(tmp_path, make_rows(column))

    assert all(leak.is_certain for leak in found)
    assert {column for leak in found for column in leak.columns} == expected


def test_two_leaks_do_not_hide_each_other(tmp_path: Path) -> None:
    """Each strong column is judged by columns that are not strong."""
    rows = make_rows(lambda *row: {**number_by_class(*row), "batch": f"{row[1][0]}{row[2] % 4}"})

    assert [(leak.columns, leak.is_certain) for leak in leaks_of(tmp_path, rows)] == [
        (("line",), True),
        (("batch",), True),
    ]


HONEST: dict[str, Callable[[str, str, int], Row]] = {
    "follows the true class": lambda true, _, number: {"aisle": CLASSES.index(true) * 100 + number % 40},
    "unrelated": lambda _, __, number: {"split": "train" if number % 5 else "test"},
    "numbers of the classes' names": lambda _, __, number: {f"n_{name}": number % 11 for name in CLASSES},
    "a text that names a class": lambda _, __, number: {"ad": f"buy {number} fruit or a pet today"},
    "mostly missing": lambda _, __, number: {"size": number if number % 9 == 0 else ""},
}


@pytest.mark.parametrize("name", HONEST)
def test_honest_columns_stay(tmp_path: Path, name: str) -> None:
    """A column that contradicts wrong labels, as the texts do, is no leak, however strong it is."""
    assert leaks_of(tmp_path, make_rows(HONEST[name])) == ()


@pytest.mark.parametrize("drop", ["text", None])
def test_without_others_that_know_the_labels_a_strong_column_is_only_reported(
    tmp_path: Path, drop: str | None
) -> None:
    """Where nothing else, or nothing with skill, can contradict a label, nobody can tell a leak."""
    rows = make_rows(number_by_class)
    for number, row in enumerate(rows):
        if drop:
            del row["text"]
        else:
            row["text"] = f"some words that say nothing {number * 7919 % 101}"

    (leak,) = leaks_of(tmp_path, rows)

    assert (leak.columns, leak.is_certain, leak.n_contradicted) == (("line",), False, 0)
    assert leak.share > 0.98


def test_rows_of_one_group_have_no_others_to_be_judged_by(tmp_path: Path) -> None:
    """Where no row can be held out, a strong column is reported."""
    rows = make_rows(lambda *row: {**number_by_class(*row), "author": "same"})

    (leak,) = leaks_of(tmp_path, rows, group="author")

    assert not leak.is_certain


def test_order_of_rows_does_not_matter(tmp_path: Path) -> None:
    """Shuffled rows have the same leaks, with the same figures."""
    rows = make_rows(lambda *row: {**number_by_class(*row), "code": f"{row[1][0]}{row[2] % 5}"})
    shuffled = random.Random(1).sample(rows, len(rows))

    assert leaks_of(tmp_path, rows) == leaks_of(tmp_path, shuffled)


def test_large_files_are_judged_by_a_part_of_their_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more rows than the limits, the leak agrees with fewer contradicted labels."""
    monkeypatch.setattr("doubtcli.evidence.leaks.MOST_ROWS", 115)
    monkeypatch.setattr("doubtcli.evidence.leaks.MOST_FITTED", 110)
    rows = make_rows(number_by_class)

    (leak,) = leaks_of(tmp_path, rows)

    assert 0 < leak.n_contradicted == leak.n_agreeing < len(WRONG)


def test_too_many_classes_are_not_looked_for_in_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cost of looking for names grows with the classes."""
    monkeypatch.setattr("doubtcli.evidence.leaks.MOST_SPELLED", 2)

    assert leaks_of(tmp_path, make_rows(LEAKS["the end of a text"][0])) == ()


def test_a_row_is_predicted_by_the_others_with_its_value() -> None:
    """Two others of value 0 have label 0, and the prior of one half counts as one row: (2 + 1/2) / 3."""
    values, labels = np.array([0, 0, 0, 1, 1, 1]), np.array([0, 0, 0, 1, 1, 1])

    probs, strength = predict_alone(values, labels, 2, is_ordered=False)

    np.testing.assert_allclose(probs[0], [2.5 / 3, 0.5 / 3])
    assert strength == pytest.approx(1 + np.log(2.5 / 3) / np.log(2))


def test_a_rare_number_is_predicted_by_the_nearest_ones() -> None:
    """Of twelve different numbers the first sees the next three, all of its label: (3 + 1/2) / 4."""
    values, labels = np.arange(12), np.repeat([0, 1], 6)

    probs, _ = predict_alone(values, labels, 2, is_ordered=True)

    np.testing.assert_allclose(probs[0], [3.5 / 4, 0.5 / 4])


def test_values_that_say_nothing_give_the_prior() -> None:
    """Where every value is different and has no order, the shares of the classes are all that is known."""
    probs, strength = predict_alone(np.arange(4), np.array([0, 0, 0, 1]), 2, is_ordered=False)

    np.testing.assert_allclose(probs, [[0.75, 0.25]] * 4)
    assert strength == 0


@pytest.mark.parametrize(
    ("names", "classes", "sets"),
    [
        (["is_a", "is_b", "is_c", "age"], ["a", "b", "c"], [("is_a", "is_b", "is_c")]),
        (["A", "B"], ["a", "b", "c"], [("A", "B")]),
        (["p1", "p2", "p3", "q1"], ["a", "b", "c"], [("p1", "p2", "p3")]),
        (["is_a", "is_b"], ["a", "b"], []),
        (["pixel_0", "pixel_1", "pixel_2", "pixel_3", "pixel_4"], ["a", "b", "c"], []),
    ],
)
def test_like_columns_differ_by_a_class_or_a_number(
    names: list[str], classes: list[str], sets: list[tuple[str, ...]]
) -> None:
    """About one column a class makes a set; of two classes one column says as much as both."""
    assert group_like_columns(names, classes) == sets


def test_a_leak_is_explained_by_what_it_does(tmp_path: Path, sentences: Sentences) -> None:
    """The notes name columns, figures, and the option that overrules."""
    (certain,) = leaks_of(tmp_path, make_rows(number_by_class))
    (together,) = leaks_of(tmp_path, make_rows(LEAKS["one-hot"][0]))
    (alone,) = leaks_of(tmp_path, [row | {"text": ""} for row in make_rows(number_by_class)])

    assert (certain.n_agreeing, certain.n_contradicted) == (len(WRONG), len(WRONG))
    sentences.check("\n".join(map(explain_leak, (certain, together, alone))))
    sentences.check("\n".join(note_leak(leak, ()) for leak in (certain, together, alone)))
    sentences.check(note_leak(certain, ("line",)))


def test_the_other_classes_of_one_hot_columns_are_a_leak(tmp_path: Path) -> None:
    """Where the label is one of them, any row that is in no other class has it."""
    rows = [
        {
            "text": row["text"],
            "a": int(row["label"] == "tool"),
            "b": int(row["label"] == "pet"),
            "label": found,
        }
        for row in make_rows(lambda *_: {})
        for found in [int(row["label"] == "fruit")]
    ]

    (leak,) = leaks_of(tmp_path, rows)

    assert (leak.columns, leak.is_certain, leak.share) == (("a", "b"), True, 1.0)


def test_the_strongest_columns_are_those_in_use() -> None:
    """A leak that is left out is not in use, so the next one is the strongest."""
    line, batch, both = (
        Leak(columns, share) for columns, share in ((("line",), 0.99), (("batch",), 0.95), (("a", "b"), 0.97))
    )

    assert find_strongest((line, batch, both), ["batch", "a"]) == batch
    assert find_strongest((line, batch, both), ["batch", "a", "b", "line"]) == line
    assert find_strongest((line,), []) is None
