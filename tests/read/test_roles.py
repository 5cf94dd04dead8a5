from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.errors import InputError, SettingsError
from doubtcli.read.labels import encode_labels
from doubtcli.read.roles.assign import assign_roles
from doubtcli.records import Column, Role, Source, Table
from doubtcli.settings import ScanSettings

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


def of_user(**said: Any) -> ScanSettings:
    """What a user said of the columns."""
    return ScanSettings(path="rows.csv", **said)


def table(**columns: Any) -> Table:
    """A table of 40 rows with these columns beside the label."""
    return Table(Source("rows", "csv", 0, ""), pa.table({"label": LABELS, **columns}))


def roles_of(choices: ScanSettings | None = None, **columns: Any) -> dict[str, Column]:
    """The parts of these columns, by name."""
    rows = table(**columns)
    roles = assign_roles(rows, choices or of_user(), ("label", "--label"), encode_labels(rows, "label"))
    return {column.name: column for column in roles.columns}


def role_of(values: Any, name: str = "x", choices: ScanSettings | None = None) -> Column:
    """The part of one column."""
    return roles_of(choices, **{name: values})[name]


def sentences(n_rows: int = N_ROWS) -> list[str]:
    """A different sentence for each row."""
    return [" ".join([*WORDS[row % 7 :], str(row)]) for row in range(n_rows)]


def spread(*values: object) -> list[object]:
    """The values in turn, two rows each: they don't go with the label."""
    return [values[row // 2 % len(values)] for row in range(N_ROWS)]


@pytest.mark.parametrize(
    ("values", "role"),
    [
        (sentences(), Role.TEXT),
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
def test_values_tell_the_role(values: Any, role: Role) -> None:
    """Texts, kinds, numbers, times and vectors are told apart by their values."""
    column = role_of(values)

    assert (column.role, column.used) == (role, True)


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("user_id", range(100, 140), "named like an id, and different on every row: names the rows"),
        ("userId", [f"u{row}" for row in range(N_ROWS)], "named like an id, and different on every row"),
    ],
)
def test_ids_name_the_rows(name: str, values: Any, why: str) -> None:
    """A column that is named like an id and different on every row names the rows."""
    column = role_of(list(values), name)

    assert (column.role, column.used) == (Role.IDENTIFIER, True)
    assert column.why.startswith(why)


@pytest.mark.parametrize(
    ("name", "values", "why"),
    [
        ("index", range(N_ROWS), "named like a count of the rows: left out"),
        ("x", range(7, 47), "counts the rows: left out"),
        ("x", [f"AB-{row}" for row in range(N_ROWS)], "a different code on every row: left out"),
        ("x", [f"{row:016x}" for row in range(N_ROWS)], "a different hash on every row: left out"),
        ("x", [10**15 + row for row in range(N_ROWS)], "a different hash on every row: left out"),
        ("x", [f"im/cat {row}.JPG" for row in range(N_ROWS)], "names of files: left out"),
        ("user_id", [*range(39), 0], "named like an id: left out"),
        ("user_id", ["", *map(str, range(39))], "named like an id: left out"),
        (
            "user_id",
            [*map(str, range(30)), *["a"] * 10],
            "named like an id (to keep its rows together: --group user_id): left out",
        ),
    ],
)
def test_identifiers_are_left_out(name: str, values: Any, why: str) -> None:
    """What only names rows, or counts them, is not learnt from."""
    column = role_of(list(values), name)

    assert (column.role, column.used, column.why) == (Role.IDENTIFIER, False, why)


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
def test_descriptions_are_no_identifiers(name: str, values: Any, role: Role) -> None:
    """Few kinds, fractions, spread or repeated numbers, prose and times describe rows."""
    column = role_of(values, name)

    assert (column.role, column.used) == (role, True)


def test_id_goes_before_other_ids() -> None:
    """Of several columns that could name the rows it is the one called "id", and only that one."""
    columns = roles_of(user_id=list(range(N_ROWS)), ID=[3 * row for row in range(N_ROWS)])

    assert [name for name, column in columns.items() if column.used] == ["label", "ID"]


@pytest.mark.parametrize(
    ("values", "why"),
    [
        (pa.nulls(N_ROWS), "empty: left out (--use x keeps it)"),
        ([float("nan")] * N_ROWS, "empty: left out (--use x keeps it)"),
        (["same"] * N_ROWS, "the same on every row: left out (--use x keeps it)"),
    ],
)
def test_nothing_is_learnt_from_nothing(values: Any, why: str) -> None:
    """Empty and constant columns are left out."""
    column = role_of(values)

    assert (column.used, column.why) == (False, why)


def test_bytes_and_broken_vectors_are_left_out() -> None:
    """Bytes, at any depth, and vectors of unlike lengths can't be learnt from."""
    images = [{"bytes": b"\x89PNG", "path": "a"}] * N_ROWS
    vectors = [[1.0]] * 39 + [[1.0, 2.0]]

    columns = roles_of(image=images, vector=vectors)

    assert columns["image"] == Column("image", Role.IGNORED, False, "bytes: can't be learnt from")
    assert columns["vector"].why == "row 40: its vector has 2 numbers, the first row's 1: left out"
    assert not columns["vector"].used


def with_classes(labels: list[str], values: Any) -> Column:
    """The part of a column beside these labels."""
    rows = Table(Source("rows", "csv", 0, ""), pa.table({"label": labels, "x": values}))
    return assign_roles(rows, of_user(), ("label", ""), encode_labels(rows, "label")).columns[1]


@pytest.mark.parametrize(
    ("labels", "values", "share"),
    [
        (["ham", "spam"] * 100, [0, 1] * 100, "every row"),
        (["ham", "spam"] * 100, ["jambon", "pourriel"] * 100, "every row"),
        (["ham", "spam"] * 100, [1, 1, *[0, 1] * 99], "99.5% of rows"),
        (["ham", "spam"] * 100, ["x", "y", *["jambon", "pourriel"] * 99], "99% of rows"),
        (["ham", "spam"] * 100, [None, None, *[0, 1] * 99], "every row"),
        (["a", "b", "c"] * 67, ["1", "2", "3"] * 67, "every row"),
    ],
)
def test_leaks_are_left_out(labels: list[str], values: Any, share: str) -> None:
    """A column that goes one to one with the label on 99% of rows is left out."""
    column = with_classes(labels, values)

    assert not column.used
    assert column.why == f"it goes one to one with the label on {share}: left out (--use x keeps it)"


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
def test_good_inputs_are_no_leaks(labels: list[str], values: Any) -> None:
    """Below 99%, two values a class, too many or unique values, one class and gaps are no leaks."""
    assert with_classes(labels, values[: len(labels)]).used


def test_use_keeps_leaks_and_identifiers() -> None:
    """A column that the user wants used is used, and the reason says what speaks against it."""
    choices = of_user(use=("code", "user_id"))

    columns = roles_of(choices, code=[0, 1] * 20, user_id=list(range(N_ROWS)))

    assert columns["code"].why == "--use, though it goes one to one with the label on every row"
    assert columns["user_id"] == Column("user_id", Role.NUMERIC, True, "--use, numbers")


@pytest.mark.parametrize(
    ("name", "values"),
    [("true_label", spread("ham", "spam")), ("label_2", spread(0, 1)), ("other", spread("ham", "spam"))],
)
def test_other_answers_are_pointed_out(name: str, values: Any) -> None:
    """A column that is named or filled like another answer to the same question is used, and pointed out."""
    column = role_of(values, name)

    assert column.used
    assert column.why.endswith(f"may be another answer to the same question: --ignore {name} leaves it out")


@pytest.mark.parametrize(
    ("name", "values"),
    [("true_size", list(range(0, 120, 3))), ("other", spread("ham", "eggs")), ("o", spread("a", "b", "c"))],
)
def test_other_columns_are_not_pointed_out(name: str, values: Any) -> None:
    """A column of other words, or of more of them than there are classes, is no answer."""
    assert "another answer" not in role_of(values, name).why


def test_yes_and_no_answer_any_question() -> None:
    """A column of yes and no beside labels yes and no is a question of its own."""
    assert with_classes(["yes", "no"] * 20, spread("yes", "no")).why == "2 different values"


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
    """A column plays the part that the user gives it."""
    column = role_of([f"{row} x" for row in range(N_ROWS)], choices=choices)

    assert (column.role, column.used) == (role, True)
    assert column.why.startswith("--")


def test_ignored_columns_are_ignored() -> None:
    """An ignored column plays no part."""
    assert role_of(sentences(), choices=of_user(ignore=("x",))) == Column(
        "x", Role.IGNORED, False, "--ignore"
    )


def test_vectors_by_option_are_checked() -> None:
    """A column of vectors is taken as such, and refused with its row where one is broken."""
    choices = of_user(embedding=("x",))

    assert role_of([[1.0, 2.0]] * N_ROWS, choices=choices) == Column("x", Role.EMBEDDING, True, "--embedding")
    with pytest.raises(InputError, match=r"row 40, column 'x': no vector stands here"):
        role_of([[1.0, 2.0]] * 39 + [None], choices=choices)
    with pytest.raises(InputError, match="it holds no lists of numbers"):
        role_of(sentences(), choices=choices)
    with pytest.raises(InputError, match="number 2 of its vector is nan"):
        role_of([[1.0, 2.0]] * 39 + [[0.0, float("nan")]], choices=choices)


@pytest.mark.parametrize(
    ("values", "row", "found"),
    [
        ([*range(39), 5], 40, "'5' stands on row 6, too"),
        ([*map(str, range(38)), None, "x"], 39, "no id stands here"),
        ([*map(str, range(38)), "", "x"], 39, "no id stands here"),
    ],
)
def test_id_column_must_name_rows(values: list[object], row: int, found: str) -> None:
    """A column of ids is refused where one is missing or stands on two rows."""
    with pytest.raises(InputError) as caught:
        role_of(values, choices=of_user(id="x"))

    assert (caught.value.row, caught.value.column, caught.value.found) == (row, "x", found)


def test_no_column_plays_two_parts() -> None:
    """A column named by two options, or by none that exists, is refused."""
    with pytest.raises(SettingsError, match="it can't be both: --text and --group name it"):
        role_of(sentences(), choices=of_user(text=("x",), group="x"))
    with pytest.raises(SettingsError, match="it can't be both: --ignore and --use name it"):
        role_of(sentences(), choices=of_user(ignore=("x",), use=("x",)))
    with pytest.raises(SettingsError, match=r"no column 'labl', which --text names(.|\n)*mean 'label'"):
        role_of(sentences(), choices=of_user(text=("labl",)))
    with pytest.raises(SettingsError, match="no column 'zzz', which --use names"):
        role_of(sentences(), choices=of_user(use=("zzz",)))


def test_use_goes_with_a_kind_of_input() -> None:
    """A column may be given a kind and be wanted although it is a leak."""
    column = role_of([0, 1] * 20, choices=of_user(categorical=("x",), use=("x",)))

    assert (column.role, column.used) == (Role.CATEGORICAL, True)


def test_annotators_by_pattern() -> None:
    """A pattern names all annotators but those that are named elsewhere, and unheard answers are counted."""
    answers = {"by_1": spread("ham", "spam"), "by_2": spread("ham", "x"), "by_3": ["?", *["ham"] * 39]}
    choices = of_user(annotators=("by_*",), ignore=("by_4",))

    columns = roles_of(choices, **answers, by_4=LABELS)

    assert [columns[f"by_{number}"].role for number in (1, 2, 3, 4)] == [Role.ANNOTATOR] * 3 + [Role.IGNORED]
    assert columns["by_1"].why == "--annotators"
    assert columns["by_2"].why == "--annotators; 20 answers that are no class of the label count as not given"
    assert columns["by_3"].why == "--annotators; 1 answer that is no class of the label count as not given"


def test_annotators_by_name() -> None:
    """Annotators may be named one by one; a pattern must match and answers must be classes."""
    assert role_of(spread("ham", "spam"), choices=of_user(annotators=("x",))).role == Role.ANNOTATOR
    with pytest.raises(SettingsError, match=r"no column matches 'r_\*'"):
        role_of(sentences(), choices=of_user(annotators=("r_*",)))
    with pytest.raises(SettingsError, match="no column 'r', which --annotators names"):
        role_of(sentences(), choices=of_user(annotators=("r",)))
    with pytest.raises(InputError, match="none of its answers is a class of the label"):
        role_of(sentences(), choices=of_user(annotators=("x",)))


def test_annotators_are_found() -> None:
    """Several columns that are named like annotators and hold classes only are annotators."""
    answers = spread("ham", None, "spam")

    columns = roles_of(annotator_1=answers, annotator_2=answers, annotator_3=spread("ham", "eggs"))

    assert [column.role for column in columns.values()][1:3] == [Role.ANNOTATOR] * 2
    assert columns["annotator_3"].role == Role.CATEGORICAL
    assert role_of(answers, "annotator_1").role == Role.CATEGORICAL


def test_missing_words_are_told() -> None:
    """Words that are read as missing among numbers are told."""
    assert role_of(spread("3", "NA", "?", "4")).why == "numbers; '?', 'NA' read as missing"


def test_roles_do_not_depend_on_row_order() -> None:
    """The same rows in another order give the same roles."""
    columns = {
        "label": LABELS,
        "text": sentences(),
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
