from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import InputError, SettingsError
from doubtcli.files.values import find_distinct
from doubtcli.read.labels import encode_labels
from doubtcli.read.roles.assign import assign_roles
from doubtcli.read.roles.numeric import NumericRole, describe_other_cells
from doubtcli.records import Column, Role, Source, Table
from doubtcli.settings import ScanSettings

if TYPE_CHECKING:
    from decimal import Decimal

    from tests.conftest import Sentences

N_ROWS = 40
LABELS = ["ham", "spam"] * 20
WORDS = (
    "quick",
    "brown",
    "fox",
    "jumps",
    "over",
    "one",
    "lazy",
    "dog",
    "while",
    "nobody",
    "in",
    "town",
    "looks",
)


def of_user(**options: Any) -> ScanSettings:
    """Settings with a user's options for columns."""
    return ScanSettings(path="rows.csv", **options)


def table(**columns: Any) -> Table:
    """A table of 40 rows with the label and these columns."""
    return Table(Source("rows", "csv", 0, ""), pa.table({"label": LABELS, **columns}))


def roles_of(choices: ScanSettings | None = None, **columns: Any) -> dict[str, Column]:
    """The roles of these columns, by name."""
    rows = table(**columns)
    roles = assign_roles(rows, choices or of_user(), ("label", "--label"), encode_labels(rows, "label"))
    return {column.name: column for column in roles.columns}


def role_of(values: Any, name: str = "x", choices: ScanSettings | None = None) -> Column:
    """The role of one column."""
    return roles_of(choices, **{name: values})[name]


def different_texts(n_rows: int = N_ROWS) -> list[str]:
    """A different text for each row."""
    return [" ".join([*WORDS[row % 7 :], str(row)]) for row in range(n_rows)]


def spread(*values: object) -> list[object]:
    """The values in turn, two rows each: unrelated to the label."""
    return [values[row // 2 % len(values)] for row in range(N_ROWS)]


@pytest.mark.parametrize(
    ("values", "role"),
    [
        (different_texts(), Role.TEXT),
        ([f"some{row} word" for row in range(N_ROWS)], Role.TEXT),
        ([{"role": "user", "content": f"hello {row}"} for row in range(N_ROWS)], Role.TEXT),
        (
            pa.array([[("key", str(row))] for row in range(N_ROWS)], pa.map_(pa.string(), pa.string())),
            Role.TEXT,
        ),
        ([[f"tag {row}", "other"] for row in range(N_ROWS)], Role.TEXT),
        (spread("red", "green", "blue"), Role.CATEGORICAL),
        (spread("I fully agree with it", "I do not agree with it", None), Role.CATEGORICAL),
        (spread(True, True, False), Role.CATEGORICAL),
        (spread("007", "123", "456"), Role.CATEGORICAL),
        (spread("red", None), Role.CATEGORICAL),
        (spread(1, 2, 5), Role.NUMERIC),
        ([row * 1.5 for row in range(N_ROWS)], Role.NUMERIC),
        ([f" {row}.5e-1" for row in range(N_ROWS)], Role.NUMERIC),
        (spread("+3", "-2", None, "NA", "?"), Role.NUMERIC),
        (pa.array(range(0, 4000, 100)).cast(pa.decimal128(21, 2)), Role.NUMERIC),
        (spread("3", "4", "many"), Role.CATEGORICAL),
        ([f"2024-01-{day % 28 + 1:02d}" for day in range(N_ROWS)], Role.DATETIME),
        ([f"2024/01/02 10:{row:02d}:00.5+02:00" for row in range(N_ROWS)], Role.DATETIME),
        (pa.array(range(N_ROWS), pa.date32()), Role.DATETIME),
        (pa.array(range(N_ROWS), pa.timestamp("s", "Europe/Rome")), Role.DATETIME),
        (spread("2024-13-01", "2024-01-01", "2024-01-02"), Role.CATEGORICAL),
        ([[1.0, float(row)] for row in range(N_ROWS)], Role.EMBEDDING),
        ([f"[0.5, {row}]" for row in range(N_ROWS)], Role.EMBEDDING),
        (pa.array([[1, row] for row in range(N_ROWS)], pa.list_(pa.int8(), 2)), Role.EMBEDDING),
    ],
)
def test_roles_are_found_by_values(values: Any, role: Role) -> None:
    """Texts, categories, numbers, times and vectors are recognised by their values."""
    column = role_of(values)

    assert (column.role, column.used) == (role, True)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("user_id", range(100, 140)),
        ("userId", [f"u{row}" for row in range(N_ROWS)]),
        pytest.param("user_id", [*range(39), 0], id="one twice"),
        pytest.param("user_id", ["", *map(str, range(39))], id="one missing"),
    ],
)
def test_row_ids_are_found(name: str, values: Any, sentences: Sentences) -> None:
    """A column that is named like an id and different on nearly every row becomes the row ids."""
    column = role_of(list(values), name)

    assert (column.role, column.used) == (Role.IDENTIFIER, True)
    sentences.check(column.why)


@pytest.mark.parametrize(
    ("name", "values"),
    [
        pytest.param("index", range(N_ROWS), id="named like a row number"),
        pytest.param("x", range(7, 47), id="row number"),
        pytest.param("x", [f"AB-{row}" for row in range(N_ROWS)], id="code"),
        pytest.param("x", [f"{row:016x}" for row in range(N_ROWS)], id="hash"),
        pytest.param("x", [10**15 + row for row in range(N_ROWS)], id="long number"),
        pytest.param("x", [f"im/cat {row}.JPG" for row in range(N_ROWS)], id="file name"),
        pytest.param("user_id", [*range(36), *range(4)], id="id, some twice"),
        pytest.param("user_id", [*map(str, range(30)), *["a"] * 10], id="id, many the same"),
    ],
)
def test_identifiers_are_left_out(name: str, values: Any, sentences: Sentences) -> None:
    """A column that only identifies or numbers the rows is not an input."""
    column = role_of(list(values), name)

    assert (column.role, column.used) == (Role.IDENTIFIER, False)
    sentences.check(column.why)


@pytest.mark.parametrize(
    ("name", "values", "role"),
    [
        ("region_id", spread(1, 2, 5), Role.CATEGORICAL),
        ("index", spread(1, 2, 5), Role.NUMERIC),
        ("index", [*range(30), *[0] * 10], Role.NUMERIC),
        ("hash", [row + 0.5 for row in range(N_ROWS)], Role.NUMERIC),
        ("x", [3 * row for row in range(N_ROWS)], Role.NUMERIC),
        ("x", [*range(39), 0], Role.NUMERIC),
        ("x", [f"see {row}.jpg there" for row in range(N_ROWS)], Role.TEXT),
        ("x", [f"2024-01-01T10:{row:02d}" for row in range(N_ROWS)], Role.DATETIME),
    ],
)
def test_descriptions_are_not_identifiers(name: str, values: Any, role: Role) -> None:
    """Few categories, fractions, spread or repeated numbers, prose and times describe rows."""
    column = role_of(values, name)

    assert (column.role, column.used) == (role, True)


def test_id_goes_before_other_ids() -> None:
    """Of several columns that could be the row ids, the one named "id" is, and no other."""
    columns = roles_of(user_id=list(range(N_ROWS)), ID=[3 * row for row in range(N_ROWS)])

    assert [name for name, column in columns.items() if column.used] == ["label", "ID"]


def test_whole_ids_go_before_odd_ones() -> None:
    """Of several columns, one without an odd row is the row ids, unless the other is named "id"."""
    odd, whole = [*range(39), 0], list(range(N_ROWS))

    first = roles_of(user_id=odd, order_id=whole)
    second = roles_of(order_id=whole, id=odd)

    assert [name for name, column in first.items() if column.used] == ["label", "order_id"]
    assert [name for name, column in second.items() if column.used] == ["label", "id"]


@pytest.mark.parametrize(
    "values",
    [pa.nulls(N_ROWS), [float("nan")] * N_ROWS, ["same"] * N_ROWS],
    ids=["null", "NaN", "constant"],
)
def test_empty_and_constant_columns_are_left_out(values: Any, sentences: Sentences) -> None:
    """A column with no value, or the same on every row, is not used."""
    column = role_of(values)

    assert not column.used
    sentences.check(column.why)


def test_bytes_and_broken_vectors_are_left_out(sentences: Sentences) -> None:
    """Bytes, at any depth, and vectors of different lengths are not inputs."""
    images = [{"bytes": b"\x89PNG", "path": "a"}] * N_ROWS
    vectors = [[1.0]] * 39 + [[1.0, 2.0]]

    columns = roles_of(image=images, vector=vectors)

    assert (columns["image"].role, columns["image"].used) == (Role.IGNORED, False)
    assert not columns["vector"].used
    sentences.check(columns["image"].why)
    sentences.check(columns["vector"].why)


def with_classes(labels: list[str], values: Any) -> Column:
    """The role of a column in a table with these labels."""
    rows = Table(Source("rows", "csv", 0, ""), pa.table({"label": labels, "x": values}))
    return assign_roles(rows, of_user(), ("label", ""), encode_labels(rows, "label")).columns[1]


@pytest.mark.parametrize(
    ("labels", "values", "rows"),
    [
        (["ham", "spam"] * 100, [0, 1] * 100, "every row"),
        (["ham", "spam"] * 100, ["jambon", "pourriel"] * 100, "every row"),
        (["ham", "spam"] * 100, [1, 1, *[0, 1] * 99], "99.5% of rows"),
        (["ham", "spam"] * 100, ["x", "y", *["jambon", "pourriel"] * 99], "99% of rows"),
        (["ham", "spam"] * 100, [None, None, *[0, 1] * 99], "every row"),
        (["a", "b", "c"] * 67, ["1", "2", "3"] * 67, "every row"),
    ],
)
def test_leaks_are_left_out(labels: list[str], values: Any, rows: str) -> None:
    """A column that matches the label one to one on 99% of rows is left out; its note has the share."""
    column = with_classes(labels, values)

    assert not column.used
    assert f" {rows}: " in column.why


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        (["ham", "spam"] * 100, [1, 0, 1, 1, *[0, 1] * 98]),
        (["ham", "spam"] * 100, [0, 1, 2, 3] * 50),
        (["ham", "spam"] * 100, ["a", "b", "c", "d", "e", *["a", "b"] * 97, "a"]),
        (["ham"] * 199 + ["spam"], [0] * 198 + [1, 0]),
        (["ham", "spam"] * 100, [*[0, 1] * 40, *[None] * 120]),
        (["ham", "spam", "eggs"] * 67, ["x", "y", "y"] * 67),
        (["ham", "spam"], ["hello", "buy"]),
    ],
)
def test_good_inputs_are_not_leaks(labels: list[str], values: Any) -> None:
    """Below 99%, with two values for each class, many or unique values, one class or gaps: not a leak."""
    assert with_classes(labels, values[: len(labels)]).used


def test_use_keeps_leaks_and_identifiers(sentences: Sentences) -> None:
    """A column that the user wants used is used, and its note says that it looks like a leak."""
    choices = of_user(use=("code", "user_id"))

    columns = roles_of(choices, code=[0, 1] * 20, user_id=list(range(N_ROWS)))

    assert columns["code"].used
    assert (columns["user_id"].role, columns["user_id"].used) == (Role.NUMERIC, True)
    sentences.check(columns["code"].why)
    sentences.check(columns["user_id"].why)


@pytest.mark.parametrize(
    ("name", "values"),
    [("true_label", spread("ham", "spam")), ("label_2", spread(0, 1)), ("other", spread("ham", "spam"))],
)
def test_other_answers_are_noted(name: str, values: Any, sentences: Sentences) -> None:
    """A column with the name or the values of another answer to the same question is used, with a note."""
    column = role_of(values, name)

    assert column.used
    assert f"--ignore {name} " in column.why
    sentences.check(column.why)


@pytest.mark.parametrize(
    ("name", "values"),
    [("true_size", list(range(0, 120, 3))), ("other", spread("ham", "eggs")), ("o", spread("a", "b", "c"))],
)
def test_other_columns_have_no_such_note(name: str, values: Any) -> None:
    """A column with other values, or with more values than classes, is not another answer."""
    assert "--ignore" not in role_of(values, name).why


def test_yes_and_no_answer_any_question() -> None:
    """If the labels are yes and no, another column of yes and no may answer another question."""
    assert "--ignore" not in with_classes(["yes", "no"] * 20, spread("yes", "no")).why


@pytest.mark.parametrize(
    ("choices", "role"),
    [
        (of_user(text=("x",)), Role.TEXT),
        (of_user(numeric=("x",)), Role.NUMERIC),
        (of_user(categorical=("x",)), Role.CATEGORICAL),
        (of_user(datetime=("x",)), Role.DATETIME),
        (of_user(group="x"), Role.GROUP),
        (of_user(id="x"), Role.IDENTIFIER),
    ],
)
def test_options_go_before_values(choices: ScanSettings, role: Role) -> None:
    """A column has the role that the user gives it."""
    column = role_of([f"{row} x" for row in range(N_ROWS)], choices=choices)

    assert (column.role, column.used) == (role, True)
    assert column.why.startswith("--")


def test_ignored_columns_are_ignored() -> None:
    """A column that the user ignores is not used."""
    column = role_of(different_texts(), choices=of_user(ignore=("x",)))

    assert column == Column("x", Role.IGNORED, False, "--ignore")


def test_vectors_by_option_are_taken() -> None:
    """A column of vectors becomes an embedding."""
    column = role_of([[1.0, 2.0]] * N_ROWS, choices=of_user(embedding=("x",)))

    assert column == Column("x", Role.EMBEDDING, True, "--embedding")


@pytest.mark.parametrize(
    ("values", "row"),
    [
        pytest.param([[1.0, 2.0]] * 39 + [None], 40, id="missing"),
        pytest.param(different_texts(), None, id="text"),
        pytest.param([[1.0, 2.0]] * 39 + [[0.0, float("nan")]], 40, id="NaN"),
    ],
)
def test_vectors_by_option_are_checked(values: Any, row: int | None, sentences: Sentences) -> None:
    """A column that the user says has vectors is refused if one is broken, with its row."""
    with pytest.raises(InputError) as caught:
        role_of(values, choices=of_user(embedding=("x",)))

    assert (caught.value.row, caught.value.column) == (row, "x")
    sentences.check(caught.value)


@pytest.mark.parametrize(
    ("values", "row"),
    [
        pytest.param([*range(39), 5], 40, id="repeated"),
        pytest.param([*map(str, range(38)), None, "x"], 39, id="missing"),
        pytest.param([*map(str, range(38)), "", "x"], 39, id="empty"),
    ],
)
def test_ids_must_be_complete_and_different(values: list[object], row: int, sentences: Sentences) -> None:
    """A column of ids is refused if an id is missing or on two rows."""
    with pytest.raises(InputError) as caught:
        role_of(values, choices=of_user(id="x"))

    assert (caught.value.row, caught.value.column) == (row, "x")
    sentences.check(caught.value)


@pytest.mark.parametrize(
    "choices", [of_user(text=("x",), group="x"), of_user(ignore=("x",), use=("x",))], ids=["text", "use"]
)
def test_a_column_has_one_role(choices: ScanSettings, sentences: Sentences) -> None:
    """A column that is named by two options is refused."""
    with pytest.raises(SettingsError) as caught:
        role_of(different_texts(), choices=choices)

    assert caught.value.column == "x"
    sentences.check(caught.value)


@pytest.mark.parametrize(
    "choices",
    [
        of_user(text=("labl",)),
        of_user(use=("zzz",)),
        of_user(annotators=("r",)),
        of_user(annotators=("r_*",)),
    ],
    ids=["typing slip", "use", "annotator", "pattern"],
)
def test_columns_must_exist(choices: ScanSettings, sentences: Sentences) -> None:
    """A name that no column has, or a pattern that none matches, is refused, with the nearest name."""
    with pytest.raises(SettingsError) as caught:
        role_of(different_texts(), choices=choices)

    sentences.check(caught.value)


def test_use_and_a_role_go_together() -> None:
    """A leak may be given a role and be used."""
    column = role_of([0, 1] * 20, choices=of_user(categorical=("x",), use=("x",)))

    assert (column.role, column.used) == (Role.CATEGORICAL, True)


def test_annotators_by_pattern(sentences: Sentences) -> None:
    """A pattern matches all columns but those of another option; answers that are not classes are counted."""
    answers = {"by_1": spread("ham", "spam"), "by_2": spread("ham", "x"), "by_3": ["?", *["ham"] * 39]}
    choices = of_user(annotators=("by_*",), ignore=("by_4",))

    columns = roles_of(choices, **answers, by_4=LABELS)

    assert [columns[f"by_{number}"].role for number in (1, 2, 3, 4)] == [Role.ANNOTATOR] * 3 + [Role.IGNORED]
    for number in (1, 2, 3):
        sentences.check(columns[f"by_{number}"].why)


def test_annotators_by_name(sentences: Sentences) -> None:
    """Annotators may be named one by one; at least one of their answers must be a class."""
    assert role_of(spread("ham", "spam"), choices=of_user(annotators=("x",))).role == Role.ANNOTATOR
    with pytest.raises(InputError) as caught:
        role_of(different_texts(), choices=of_user(annotators=("x",)))
    assert caught.value.column == "x"
    sentences.check(caught.value)


def test_annotators_are_found() -> None:
    """Several columns that are named like annotators and have only classes are annotators."""
    answers = spread("ham", None, "spam")

    columns = roles_of(annotator_1=answers, annotator_2=answers, annotator_3=spread("ham", "eggs"))

    assert [column.role for column in columns.values()][1:3] == [Role.ANNOTATOR] * 2
    assert columns["annotator_3"].role == Role.CATEGORICAL
    assert role_of(answers, "annotator_1").role == Role.CATEGORICAL


def test_missing_words_are_noted(sentences: Sentences) -> None:
    """Words among numbers that are read as missing are named."""
    why = role_of(spread("3", "NA", "?", "4")).why

    assert "'?', 'NA'" in why
    sentences.check(why)


def numbers_of(*values: str | None) -> list[float | None] | None:
    """The numbers that a column of these cells has; None if it is not one of numbers."""
    rows = Table(Source("rows", "csv", 0, ""), pa.table({"x": pa.array(values, pa.string())}))
    if find_distinct(rows.data.column("x")).numbers is None:
        return None
    return NumericRole().convert(rows, "x").to_pylist()


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["4,96", "0,5", "-12,25"], [4.96, 0.5, -12.25]),
        (["1.234,5", "12,5", "1.000.000"], [1234.5, 12.5, 1_000_000]),
        (["1,234.5", "12.5", "1,000,000"], [1234.5, 12.5, 1_000_000]),
        (["1 234,5", "1\u00a0234,5", "7"], [1234.5, 1234.5, 7]),
        (["1'234.50", "1\u2019234.50", "7"], [1234.5, 1234.5, 7]),
        (["12 kg", "3kg", "1,200 kg", "5"], [12, 3, 1200, 5]),
        (["12%", "7 %", "0.5%"], [12, 7, 0.5]),
        (["$4.96", "-$2", "$-3", "$4,447.07"], [4.96, -2, -3, 4447.07]),
        (["4,96 \u20ac", "2 \u20ac", "1.000,00 \u20ac"], [4.96, 2, 1000]),
        (["\u22123.5", "2", "\u22121e\u22122"], [-3.5, 2, -0.01]),
        (["1", "#DIV/0!", "#WERT!", "inf", "n.d.", "3"], [1, None, None, None, None, 3]),
    ],
)
def test_numbers_as_people_write_them(cells: list[str], numbers: list[float | None]) -> None:
    """Decimal commas, thousands, units, currencies and the minus sign are numbers; no value is missing."""
    assert numbers_of(*cells) == numbers


@pytest.mark.parametrize("odd", ["<0.1", "5.1*", "n.d.", " ", "inf", "see note", "7 mm", "1.234.567", "x"])
def test_an_odd_cell_is_missing(odd: str) -> None:
    """A column with one odd cell among twenty is numeric, and the cell is missing."""
    column = [f"{number}.5" for number in range(19)] + [odd]

    assert numbers_of(*column) == [number + 0.5 for number in range(19)] + [None]


def test_numbers_may_be_categories() -> None:
    """Numbers as text that is stored once each, as pandas' categories are, are read in the same way."""
    cells = pa.array([*["1,5"] * 30, "n.d.", "x"]).dictionary_encode()
    rows = Table(Source("rows", "parquet", 0, ""), pa.table({"x": cells}))

    assert NumericRole().convert(rows, "x").to_pylist() == [1.5] * 30 + [None, None]
    assert "2 cells" in (describe_other_cells(rows, ("x",)) or "")


@pytest.mark.parametrize(
    "cells",
    [
        ["R001", "R002", "R003"],
        ["2024-01-31", "31.01.2024"],
        ["10.0.0.1", "10.0.0.2"],
        ["12:30", "11:20"],
        ["5 mm", "6 cm", "7 km"],
        ["1st", "2nd", "3rd"],
        ["1", "2", "3", "x"],
        ["555 123 4567", "555 123 4568"],
        ["2 cups of flour and " + "more " * 9, "3 cups of flour"],
        ["n.d.", "#DIV/0!"],
    ],
)
def test_other_cells_are_no_numbers(cells: list[str]) -> None:
    """Codes, dates, addresses, several units, texts, and a column with many odd cells are no numbers."""
    assert numbers_of(*cells) is None


@given(st.lists(st.decimals(-10_000_000, 10_000_000, places=2), min_size=1), st.booleans())
def test_any_layout_gives_the_same_numbers(numbers: list[Decimal], in_euros: bool) -> None:
    """Numbers with two decimals are read back from English and from German notation."""
    english = [f"{number:,}{' EUR' if in_euros else ''}" for number in numbers]
    german = [text.translate(str.maketrans(",.", ".,")) for text in english]

    assert numbers_of(*english) == numbers_of(*german) == [float(number) for number in numbers]


def test_decimals_are_no_identifier() -> None:
    """Fractions that differ on every row are numbers, however they are written, even as an index."""
    numbers = [number * 1.37 + 0.01 for number in range(N_ROWS)]
    texts = [f"{number:.2f}".replace(".", ",") for number in numbers]

    assert role_of(texts).role == Role.NUMERIC
    assert role_of(numbers, "index").role == Role.NUMERIC
    assert role_of(list(range(N_ROWS)), "index").role == Role.IDENTIFIER


def test_odd_cells_are_noted_once(sentences: Sentences) -> None:
    """One note counts the cells of each column that are no numbers, and shows the commonest."""
    odd = ["<0.1", "<0.1", "n.d.", "5*", "6*"]
    columns = {"x": [*["1.5"] * 50, *odd], "y": [*["2"] * 54, "#REF!"], "z": [*["3"] * 54, "NA"]}
    rows = Table(Source("rows", "csv", 0, ""), pa.table(columns))

    note = describe_other_cells(rows, ("x", "y", "z"))

    assert note is not None
    sentences.check(note)
    assert describe_other_cells(rows, ("z",)) is None


def test_the_way_numbers_are_written_is_said(sentences: Sentences) -> None:
    """A column whose numbers are written in another way than 1234.5 shows one."""
    sentences.check(role_of(spread("4,96 kg", "1,5 kg", "12 kg")).why)


def test_roles_do_not_depend_on_row_order() -> None:
    """The same rows in another order give the same roles."""
    columns = {
        "label": LABELS,
        "text": different_texts(),
        "n": list(range(N_ROWS)),
        "kind": spread("a", "b", "c"),
        "code": [0, 1] * 20,
    }
    rows = Table(Source("rows", "csv", 0, ""), pa.table(columns))
    shuffled = Table(rows.source, rows.data.take(np.random.default_rng(0).permutation(N_ROWS)))

    first, second = (
        assign_roles(each, of_user(), ("label", ""), encode_labels(each, "label"))
        for each in (rows, shuffled)
    )

    assert first == second


def test_parts_of_the_data_are_left_out(sentences: Sentences) -> None:
    """A column that names parts of the data, or folds, is no input; one with other values is."""
    parts = role_of(["train", "train", "Test", "dev"] * 10, "split")
    folds = role_of([row % 5 for row in range(N_ROWS)], "fold")

    assert (parts.role, parts.used, folds.used) == (Role.CATEGORICAL, False, False)
    assert role_of(spread("train", "bus", "car")).used
    assert role_of(["train", "test"] * 20, "split", of_user(use=("split",))).used
    sentences.check(parts.why)


def test_numbers_of_rows_in_parts_are_identifiers() -> None:
    """Numbers that count rows in each part of a table are no input if named so; decimals always are."""
    numbers = [*range(1, 26), *range(1, 16)]

    assert role_of(numbers, "Sample Number").role == Role.IDENTIFIER
    assert role_of([number + 0.5 for number in numbers], "Sample Number").role == Role.NUMERIC
    assert role_of(numbers, "weight").role == Role.NUMERIC
    assert role_of([3, 5, 9, 9] * 10, "rooms number").role == Role.NUMERIC


@pytest.mark.parametrize("name", ["patient", "patient_id", "Individual ID", "stratum", "PID"])
def test_rows_that_belong_together_are_kept_together(name: str) -> None:
    """A column named like a group or an id, with a few rows of each value, is the group."""
    column = role_of([f"N{row // 2}" for row in range(N_ROWS)], name)

    assert (column.role, column.used) == (Role.GROUP, True)


def test_a_group_can_be_overruled(sentences: Sentences) -> None:
    """The explanation of a group says how to end it, and the user's options go first."""
    ids = [f"N{row // 2}" for row in range(N_ROWS)]

    sentences.check(role_of(ids, "user_id").why)
    assert role_of(ids, "user_id", of_user(ignore=("user_id",))).role == Role.IGNORED
    assert role_of(ids, "user_id", of_user(use=("user_id",))).role != Role.GROUP
    both = roles_of(of_user(group="site"), user_id=ids, site=[f"S{row // 4}" for row in range(N_ROWS)])
    assert [name for name, column in both.items() if column.role == Role.GROUP] == ["site"]


@pytest.mark.parametrize(
    "values",
    [
        [f"N{row}" for row in range(N_ROWS)],
        [f"N{row % 5}" for row in range(N_ROWS)],
        [f"N{min(row, 30)}" for row in range(N_ROWS)],
        [*[None] * 10, *(f"N{row // 2}" for row in range(30))],
        [0.5 * (row // 2) for row in range(N_ROWS)],
        [f"N{row // 2}" if row % 2 else "N0" for row in range(N_ROWS)],
    ],
    ids=["unique", "few groups", "a large group", "often missing", "fractions", "a class in one group"],
)
def test_no_group_where_it_is_not_sure(values: list[object]) -> None:
    """No group is guessed that would keep a model from seeing much of the data, or a class."""
    assert role_of(values, "subject").role != Role.GROUP


def test_the_coarsest_of_nested_groups_is_kept_together() -> None:
    """Of columns that could be the group, the one whose groups hold those of the others is it."""
    persons = [f"P{row // 2}" for row in range(96)]
    households = [f"H{row // 4}" for row in range(96)]
    rows = Table(
        Source("rows", "csv", 0, ""),
        pa.table({"label": ["a", "b", "b"] * 32, "person": persons, "household": households}),
    )

    roles = assign_roles(rows, of_user(), ("label", ""), encode_labels(rows, "label"))

    assert roles.names(Role.GROUP) == ("household",)


def test_columns_that_agree_with_the_label_are_annotators() -> None:
    """Columns of nothing but classes that agree with the label are annotators without being named so."""
    crowd = {
        f"w{person}": [label if row % 7 else "spam" for row, label in enumerate(LABELS)][:person]
        + [None] * (N_ROWS - person)
        for person in range(20, 40)
    }
    half = [label if row % 2 else "ham" for row, label in enumerate(reversed(LABELS))]

    found = roles_of(**crowd)
    beside = roles_of(one=half, two=half[::-1])

    assert {found[name].role for name in crowd} == {Role.ANNOTATOR}
    assert {beside[name].role for name in ("one", "two")} == {Role.CATEGORICAL}
