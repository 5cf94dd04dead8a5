from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.errors import InputError, SettingsError, UnclearLabelError
from doubtcli.files.table import read_table
from doubtcli.read.roles.assign import find_claims
from doubtcli.read.roles.label import find_label_column
from tests.read.conftest import of_user, table

if TYPE_CHECKING:
    from doubtcli.records import Table
    from doubtcli.settings import ScanSettings
    from tests.conftest import Sentences

N_ROWS = 120
ROWS = range(N_ROWS)
PENGUINS = Path(__file__).parents[2] / "fixtures" / "penguins.csv"


def find_label(rows: Table, settings: ScanSettings | None = None) -> tuple[str, str]:
    """The label column of a table, and why it is that one."""
    settings = settings or of_user()
    return find_label_column(rows, settings, find_claims(rows, settings))


def find_candidates(rows: Table) -> list[str]:
    """The columns that the error for a table without a clear label names, best first."""
    with pytest.raises(UnclearLabelError) as caught:
        find_label(rows)
    return list(caught.value.candidates)


def of_names(names: list[str]) -> Table:
    """A table of one row with these columns."""
    return table(**{name: ["a"] for name in names})


def turns(*values: object, each: int = 1) -> list[object]:
    """The values in turn, each some rows long."""
    return [values[row // each % len(values)] for row in range(N_ROWS)]


def mixed(*values: object, step: int = 1) -> list[object]:
    """The values in an order without a pattern."""
    return [values[row * row * step % 101 % 13 % len(values)] for row in ROWS]


def measures(of: list[object], step: int = 7) -> list[float]:
    """A measure that depends on a column, and differs on most rows."""
    kinds = sorted({str(value) for value in of})
    return [100.5 * kinds.index(str(value)) + row * step % 89 / 10 for row, value in enumerate(of)]


KINDS = turns("oak", "elm", "ash")


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["text", "label"], "label"),
        (["text", "Label"], "Label"),
        (["y", "text", "Given Label"], "Given Label"),
        (["gpt_label", "bert_label", "final_label"], "final_label"),
        (["文本", "标签"], "标签"),
        (["texte", "Étiquette"], "Étiquette"),
        (["category", "text"], "category"),
        (["text", "toxicity_label"], "toxicity_label"),
        (["text", "toxicity_label", "true_label", "predictedLabel"], "toxicity_label"),
    ],
)
def test_usual_names_are_found(names: list[str], found: str) -> None:
    """The first of the usual names is the label, else the only column that is named like one."""
    name, _ = find_label(of_names(names))

    assert name == found


@pytest.mark.parametrize("names", [["label"], ["label", "target"], ["intent", "label", "target"]])
def test_why_names_the_other_usual_names(names: list[str], sentences: Sentences) -> None:
    """The explanation names the other columns that only labels are named like."""
    sentences.check(find_label(of_names(names))[1])


def test_option_goes_before_names() -> None:
    """The column that the user names is the label, even if another is named "label"."""
    assert find_label(table(label=["a"], x=["b"]), of_user(label="x")) == ("x", "--label")


def test_columns_with_another_role_are_not_labels() -> None:
    """A column to which the user gave another role is not taken for the label."""
    assert find_label(table(label=["a"], y=["b"]), of_user(ignore=("label",)))[0] == "y"


def test_unknown_label_column_names_the_nearest(sentences: Sentences) -> None:
    """A label column that doesn't exist is refused with the nearest name."""
    with pytest.raises(SettingsError) as caught:
        find_label(table(Intent=["a"], text=["b"]), of_user(label="intnt"))

    assert "'Intent'" in str(caught.value.hint)
    sentences.check(caught.value)


@pytest.mark.parametrize(
    ("columns", "label"),
    [
        ({"height": measures(KINDS), "width": measures(KINDS, 11), "tree": KINDS}, "tree"),
        ({"species": KINDS, "height": measures(KINDS), "site": turns("n", "s", each=4)}, "species"),
        (
            {
                "class": mixed("1st", "2nd", "3rd"),
                "sex": mixed("man", "woman", step=3),
                "survived": [["no", "yes"][(row * row * 3 % 101 % 13 + (row % 5 == 0)) % 2] for row in ROWS],
            },
            "survived",
        ),
        (
            {
                "income": measures(KINDS),
                "region": turns("n", "s", "w", each=3),
                "vote": turns("yes", "no", "undecided"),
            },
            "vote",
        ),
        (
            {"v1": turns("ham", "spam", "ham"), "v2": [f"see you at {row} then" for row in range(N_ROWS)]},
            "v1",
        ),
        ({"radius": measures(KINDS), "diagnosis": turns("B", "M", "B")}, "diagnosis"),
        (
            {
                "id": list(range(N_ROWS)),
                "amount": measures(KINDS),
                "is_weekend": turns(0, 1, each=7),
                "is_fraud": turns(0, 0, 1),
            },
            "is_fraud",
        ),
        ({"V1": measures(KINDS), "V2": measures(KINDS, 13), "Class": turns(0, 1, 0)}, "Class"),
        ({"text": [f"text {row} of a set" for row in ROWS], "Kategorie": KINDS}, "Kategorie"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_label_is_found_by_all_that_speaks_for_it(columns: dict[str, Any], label: str) -> None:
    """Name, place, values and the other columns find the label that a person would find."""
    assert find_label(table(**columns))[0] == label


def test_the_fixtures_label_is_found(sentences: Sentences) -> None:
    """The species of the penguins is found, and the explanation says by what."""
    name, why = find_label(read_table(str(PENGUINS)))

    assert name == "species"
    sentences.check(why)


def test_a_column_named_like_its_file() -> None:
    """A column in last place that is named like the file, but for a plural, is the label."""
    rows = table(age=turns(30.5, 41.5, 52.5), tear=turns("low", "high"), lens=turns("soft", "hard", each=3))
    rows = replace(rows, source=replace(rows.source, path="data/Lens.csv"))

    assert find_label(rows)[0] == "lens"


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"x": measures(KINDS), "y1": measures(KINDS, 3)}, []),
        ({"height": [row / 4 for row in range(N_ROWS)], "price": [row * 3 for row in range(N_ROWS)]}, []),
        (
            {"sex": turns("f", "m"), "region": turns("n", "s", "w", each=4), "z": measures(KINDS)},
            ["region", "sex"],
        ),
        (
            {"eye": turns("blue", "brown", each=2), "hair": turns("red", "dark"), "count": measures(KINDS)},
            ["eye", "hair"],
        ),
    ],
    ids=["measures", "no classes", "attributes", "a design"],
)
def test_no_label_is_guessed_where_none_is_clear(columns: dict[str, Any], names: list[str]) -> None:
    """Measures, attributes and the factors of a design are not taken for the label."""
    assert find_candidates(table(**columns)) == names


def test_two_like_columns_are_asked_about(sentences: Sentences) -> None:
    """Of several columns that could be the label, three are named, best first, with values and commands."""
    rows = table(
        size=measures(KINDS),
        type=mixed("oak", "elm"),
        kind=mixed("a tree", "a shrub", step=3),
        **{"two words": mixed("x", "y", "z", "v", "w", step=5), "sex": mixed("m", "f", step=7)},
    )

    with pytest.raises(UnclearLabelError) as caught:
        find_label(rows)

    assert list(caught.value.candidates)[2] == "two words"
    assert "--label 'two words'" in str(caught.value.hint)
    sentences.check(caught.value)


def test_a_table_without_classes_lists_its_columns(sentences: Sentences) -> None:
    """If no column could be the label, the error lists all columns and says how to name one."""
    with pytest.raises(UnclearLabelError) as caught:
        find_label(table(x=[1.5, 2.5, 3.5], z=["a", "b", "c"]))

    assert caught.value.candidates == {}
    sentences.check(caught.value)


def test_a_named_measure_is_the_label() -> None:
    """A measure that is named like a label is taken where nothing else is: the error about it helps most."""
    rows = table(y=measures(KINDS), x=[row / 3 for row in range(N_ROWS)])

    assert find_label(rows) == ("y", "named like a label")


@pytest.mark.parametrize("order", [range(N_ROWS), range(N_ROWS - 1, -1, -1)])
def test_the_order_of_rows_does_not_matter(order: range) -> None:
    """Rows in another order have the same label, for the same reason."""
    columns = {"height": measures(KINDS), "near": mixed("lake", "road"), "tree": KINDS}

    found = find_label(table(**{name: [values[row] for row in order] for name, values in columns.items()}))

    assert found == ("tree", "the last column, the other columns predict it; 3 values")


def test_the_error_is_an_error_of_the_input() -> None:
    """A table without a clear label ends like any file that can't be used."""
    assert issubclass(UnclearLabelError, InputError)
