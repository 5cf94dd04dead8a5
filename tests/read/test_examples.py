from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.progress import Silence
from doubtcli.read import examples as module
from doubtcli.read.examples import build_examples, read_examples, share_texts
from doubtcli.read.labels import encode_labels
from doubtcli.read.roles.assign import assign_roles
from doubtcli.records import Examples, Role, Source, Table
from doubtcli.settings import ScanSettings
from doubtcli.tasks.registry import find_task

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from doubtcli.records import Roles
    from tests.conftest import Sentences

LABELS = ["ham", "spam", None, "ham"]


def of_user(**options: Any) -> ScanSettings:
    """Settings with a user's options for columns."""
    return ScanSettings(path="rows.csv", **options)


def table(data: Mapping[str, Any]) -> Table:
    """A table of these columns."""
    return Table(Source("rows", "csv", 0, ""), pa.table(data))


def examples(data: Mapping[str, Any], choices: ScanSettings | None = None, **arrays: Any) -> Examples:
    """The examples of a table of these columns."""
    rows = table(data)
    labels = encode_labels(rows, "label")
    roles = assign_roles(rows, choices or of_user(), ("label", "--label"), labels)
    return build_examples(rows, roles, labels, **arrays)


def ids_by_position(found: Examples) -> list[str]:
    """The row ids in file order."""
    ids = dict(zip(found.positions.tolist(), found.row_ids, strict=True))
    ids |= dict(zip(found.unlabelled_positions, found.unlabelled_row_ids, strict=True))
    return [ids[row] for row in range(len(ids))]


def test_rows_are_sorted_by_id() -> None:
    """Labelled rows are sorted by their ids as text, the others are set aside."""
    found = examples({"id": [9, 10, 8, 100], "x": [1.5, 2.5, 3.5, 4.5], "label": LABELS})

    assert found.row_ids == ("10", "100", "9")
    assert found.positions.tolist() == [1, 3, 0]
    assert found.given_labels.tolist() == [1, 0, 0]
    assert found.inputs.column("x").to_pylist() == [2.5, 4.5, 1.5]
    assert (found.unlabelled_row_ids, found.unlabelled_positions) == (("8",), (2,))
    assert (found.n_rows, found.n_classes, found.class_names) == (3, 2, ("ham", "spam"))


def test_inputs_have_the_types_that_models_need() -> None:
    """Text, numbers, categories and times have one type each; missing values are null."""
    data = {
        "id": ["a", "b", "c", "d"],
        "text": pa.array(["hello you", None, "x", "y"]).dictionary_encode(),
        "number": ["1", "NA", None, "-2e1"],
        "kind": [3, 4, None, 4],
        "flag": [True, False, True, None],
        "time": ["2024-01-31", None, "2024-01-31 10:30", "2024-01-31T10:30+02:00"],
        "label": ["ham", "spam", "spam", "spam"],
    }
    choices = of_user(text=("text",), categorical=("kind", "flag"), use=tuple(data)[2:6])

    found = examples(data, choices)

    assert found.inputs.to_pydict() == {
        "text": ["hello you", None, "x", "y"],
        "number": [1.0, None, None, -20.0],
        "kind": ["3", "4", None, "4"],
        "flag": ["true", "false", "true", None],
        "time": [
            datetime(2024, 1, 31),  # noqa: DTZ001
            None,
            datetime(2024, 1, 31, 10, 30),  # noqa: DTZ001
            datetime(2024, 1, 31, 8, 30),  # noqa: DTZ001
        ],
    }
    assert found.inputs.schema.types[:3] == [pa.large_string(), pa.float64(), pa.large_string()]
    assert found.inputs.schema.types[3:] == [pa.large_string(), pa.timestamp("us")]
    assert found.columns_of("text") == ("text",)
    assert found.columns_of("numeric") == ("number",)
    assert found.columns_of("categorical") == ("kind", "flag")
    assert found.columns_of("datetime") == ("time",)


def test_times_by_type_are_kept() -> None:
    """Arrow's own dates and times keep their value."""
    times = pa.array([0, 1, 2, None], pa.timestamp("s", "Europe/Rome"))
    days = pa.array([0, 1, 2, None], pa.date32())

    found = examples({"id": list("abcd"), "time": times, "day": days, "label": ["a", "b", "a", "a"]})

    epoch = np.datetime64("1970-01-01", "us")
    assert found.inputs.column("time").to_numpy()[1] == epoch + np.timedelta64(1, "s")
    assert found.inputs.column("day").to_numpy()[1] == epoch + np.timedelta64(1, "D")


@pytest.mark.parametrize(
    ("choices", "values", "row"),
    [
        (of_user(numeric=("x",)), ["1", None, "many", "few"], 3),
        (of_user(numeric=("x",)), [datetime(2024, 1, day, tzinfo=UTC) for day in (1, 1, 2, 2)], 1),
        (of_user(datetime=("x",)), ["2024-01-01", "", "31.1.2024", "x"], 3),
        (of_user(datetime=("x",)), ["2024-01-01", "2024-02-30", "x", "y"], 2),
    ],
    ids=["a word as number", "a time as number", "another order as date", "no such day"],
)
def test_values_must_fit_a_forced_role(
    choices: ScanSettings, values: Any, row: int, sentences: Sentences
) -> None:
    """A value that doesn't fit the role that the user gave its column is refused with its row."""
    with pytest.raises(InputError) as caught:
        examples({"x": values, "label": ["a", "b", "a", "a"]}, choices)

    assert (caught.value.row, caught.value.column) == (row, "x")
    sentences.check(caught.value)


def test_a_table_of_labels_alone_is_refused(sentences: Sentences) -> None:
    """If there is nothing to judge the labels by, the error lists the columns that were left out, and why."""
    with pytest.raises(InputError) as caught:
        examples({"id": [1, 2, 3, 4], "empty": pa.nulls(4), "label": LABELS})

    assert "'empty'" in str(caught.value.hint)
    sentences.check(caught.value)

    with pytest.raises(InputError) as caught:
        examples({"label": LABELS})
    assert caught.value.hint is None


def test_a_broken_vector_in_the_only_input_is_to_be_mended() -> None:
    """The hint names the row of the vector, and not --use, which would not help."""
    with pytest.raises(InputError) as caught:
        examples({"v": [[1.0, 2.0], [3.0, float("nan")], [5.0, 6.0], [7.0, 8.0]], "label": LABELS})

    assert "row 2" in str(caught.value.hint)
    assert "--use" not in str(caught.value.hint)


def test_embeddings_are_put_side_by_side() -> None:
    """Columns of vectors and vectors from a file become one matrix."""
    data = {"id": list("dcba"), "v": [[1, 2], [3, 4], [5, 6], [7, 8]], "w": ["[0.5]"] * 4, "label": LABELS}

    found = examples(data, embeddings=np.arange(4, dtype=np.float32)[:, np.newaxis])

    assert found.embeddings is not None
    assert found.embeddings.tolist() == [[7, 8, 0.5, 3], [3, 4, 0.5, 1], [1, 2, 0.5, 0]]
    assert found.embeddings.dtype == np.float32
    assert found.inputs.num_columns == 0


def test_pred_probs_follow_their_rows() -> None:
    """The user's probabilities are sorted like the rows, and no input columns are needed."""
    probs = np.array([[0.125, 0.875], [0.25, 0.75], [0.375, 0.625], [0.5, 0.5]])

    found = examples({"id": list("dcba"), "label": LABELS}, pred_probs=probs)

    assert found.given_pred_probs is not None
    assert found.given_pred_probs.tolist() == [[0.5, 0.5], [0.25, 0.75], [0.125, 0.875]]
    assert found.embeddings is None


def test_tensors_and_bytes_are_read() -> None:
    """Arrow's tensors are vectors, and ids that are bytes are shown in hexadecimal digits."""
    numbers = pa.FixedSizeListArray.from_arrays(pa.array(range(8), pa.float32()), 2)
    tensors = pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float32(), [2]), numbers)
    data = {"key": [b"\x01", b"\x0a", b"\x02", b"\xff"], "v": tensors, "label": LABELS}

    found = examples(data, of_user(id="key"))

    assert found.row_ids == ("01", "0a", "ff")
    assert found.embeddings is not None
    assert found.embeddings.tolist() == [[0, 1], [2, 3], [6, 7]]


def test_groups_and_annotations_become_codes() -> None:
    """Groups are numbered by name, a row without one is alone in its group; answers get the labels' codes."""
    data = {
        "id": list("abcde"),
        "g": ["y", None, "x", "y", None],
        "r1": ["ham", "spam", None, "ham", "ham"],
        "r2": ["spam", "eggs", "ham", None, "ham"],
        "label": ["ham", "spam", "ham", "ham", "ham"],
    }

    found = examples(data, of_user(group="g", annotators=("r1", "r2")))

    assert found.groups is not None
    assert found.groups.tolist() == [1, 2, 0, 1, 3]
    assert found.annotations is not None
    assert found.annotations.annotators == ("r1", "r2")
    assert found.annotations.codes.tolist() == [[0, 1], [1, -1], [-1, 0], [0, -1], [0, 0]]


def test_hashes_number_equal_rows_by_label() -> None:
    """Rows with the same input share a hash and are numbered by label, missing labels last."""
    data = {"text": ["a b c", "a b c", "a b c", "x y z"], "label": [None, "spam", "ham", "ham"]}

    ids = ids_by_position(examples(data, of_user(text=("text",))))

    assert len(ids[2]) == 16
    assert set(ids[2]) <= set("0123456789abcdef")
    assert ids[:3] == [f"{ids[2]}.3", f"{ids[2]}.2", ids[2]]
    assert ids[3] not in ids[2]


def test_different_rows_have_different_hashes() -> None:
    """Missing and empty values, and text moved from one column to the next, give different ids."""
    data = {
        "t": ["ab", "a", None, "", "1:a"],
        "u": ["c", "bc", "", None, "-"],
        "label": ["x", "y", "x", "y", "x"],
    }

    ids = ids_by_position(examples(data, of_user(text=("t", "u"))))

    assert len({name[:16] for name in ids}) == 5


def test_ids_depend_on_inputs_alone() -> None:
    """Other labels, a new ignored column and another order of columns leave every id unchanged."""
    data = {
        "x": [0.5, float("nan"), 2.0, 2.0],
        "t": ["one two", "three four", "five six", "7 8"],
        "label": ["a", "b", "a", "b"],
    }
    choices = of_user(text=("t",))

    before = ids_by_position(examples(data, choices))

    reversed_columns = dict(reversed(data.items()))
    assert ids_by_position(examples(reversed_columns, choices)) == before
    assert ids_by_position(examples({**data, "label": ["b", "b", "a", "a"]}, choices)) == before
    more = {**data, "new": [1, 2, 3, 4]}
    assert ids_by_position(examples(more, of_user(text=("t",), ignore=("new",)))) == before
    assert ids_by_position(examples({**data, "y": [1.5, 2, 3, 4]}, choices)) != before


def test_ids_survive_when_a_leak_is_no_longer_one() -> None:
    """A column that is left out counts for the ids, so that they stay when it is used again."""
    data = {"t": ["one", "two", "six", "ten"], "code": ["1", "2", "1", "2"], "label": ["a", "b", "a", "b"]}
    choices = of_user(text=("t",))

    before = ids_by_position(examples(data, choices))

    assert ids_by_position(examples({**data, "label": ["a", "b", "b", "b"]}, choices)) == before


def test_ids_without_input_columns() -> None:
    """Without input columns rows are hashed by their vectors; with answers only they are numbered."""
    vectors = np.array([[1.0], [2.0], [1.0], [3.0]], dtype=np.float32)

    ids = ids_by_position(examples({"label": LABELS}, embeddings=vectors))
    answers = examples({"r": ["ham", "spam", None, "ham"], "label": LABELS}, of_user(annotators=("r",)))

    assert ids[2] == f"{ids[0]}.2"
    assert len({name[:16] for name in ids}) == 3
    assert ids_by_position(answers) == ["1", "2", "3", "4"]


def test_vectors_count_for_the_ids() -> None:
    """Rows with different vectors have different ids, even if a broken vector keeps the column from use."""
    whole = {"v": [[1.0, 2.0], [1.0, 3.0], [1.0, 2.0], [0.0, 0.0]], "label": LABELS}
    broken = {"t": ["a b"] * 4, "v": [[1.0, 2.0], [1.0, 3.0], [1.0, 2.0], None], "label": LABELS}

    ids = ids_by_position(examples(whole)), ids_by_position(examples(broken, of_user(use=("t",))))

    for of_whole_or_broken in ids:
        assert of_whole_or_broken[2] == f"{of_whole_or_broken[0]}.2"
        assert len({name[:16] for name in of_whole_or_broken}) == 3


def test_row_hashes_depend_on_the_input_alone() -> None:
    """Rows share a hash if their inputs are equal, even if their ids and labels differ."""
    data = {"id": ["r1", "r2", "r3"], "text": ["a b c", "x y z", "a b c"], "label": ["spam", "ham", None]}

    one, two, three = examples(data, of_user(id="id", text=("text",))).row_hashes

    assert one == three != two
    assert len(one) == 16


def test_row_hashes_without_inputs() -> None:
    """If there are only answers to judge by, the hash is made from a row's id and its answers."""
    data = {"id": ["r1", "r2"], "a": ["ham", "ham"], "b": ["ham", "spam"], "label": ["ham", "spam"]}
    choices = of_user(id="id", annotators=("a", "b"))

    before = examples(data, choices).row_hashes

    after = examples({**data, "b": ["ham", "ham"]}, choices).row_hashes
    assert before[0] == after[0]
    assert len({before[0], before[1], after[1]}) == 3


def test_line_ends_do_not_count() -> None:
    """Texts that differ in the ends of their lines alone are the same content; all else counts."""
    texts = ["a\nb", "a\r\nb", "a\rb", "a b", "a\n\nb", "a\n\rb"]

    hashes = examples(of_texts(texts)).row_hashes

    assert hashes[0] == hashes[1] == hashes[2]
    assert hashes[4] == hashes[5]
    assert len({*hashes}) == 3


def test_hashes_are_those_of_earlier_versions() -> None:
    """Rows without a carriage return have the hash that version 0.4 gave them."""
    data = {
        "text": ["a\nb", "a\r\nb", "a\rb", "ab", None],
        "n": ["1,5", "1.5", "x", "", "2"],
        "f": [1.5, 2.0, None, 0.0, 3.0],
        "label": list("xyxyx"),
    }

    found = examples(data, of_user(text=("text", "n"), use=("f",)))

    # as doubt 0.4.0 printed them
    assert [found.row_hashes[row] for row in (0, 3, 4)] == [
        "8be816b50649d9a4",
        "debc8980490ad609",
        "de652f0c73368b71",
    ]
    assert "6b0738e206399dfd" in found.earlier_hashes[1]
    assert "02c5b9b85464fb7b" in found.earlier_hashes[2]
    assert found.earlier_hashes[3:] == ((), ())


@given(st.lists(st.text("ab\r\n", max_size=6), min_size=2, max_size=6))
def test_earlier_hashes_are_found(texts: list[str]) -> None:
    """A row's hash, or one of its earlier ones, is that of the same file with any ends of lines."""
    texts = [text.replace("\r\n", "\n").replace("\r", "\n") for text in texts]

    lf, crlf = (
        examples(of_texts([text.replace("\n", end) for text in texts]), of_user(use=("text",)))
        for end in ("\n", "\r\n")
    )

    assert lf.row_hashes == crlf.row_hashes
    assert lf.earlier_hashes == crlf.earlier_hashes
    assert [bool(earlier) for earlier in lf.earlier_hashes] == ["\n" in text for text in texts]


def of_texts(texts: list[str]) -> dict[str, Any]:
    """A text on each row, beside two alternating labels."""
    return {"text": texts, "label": [("ham", "spam")[row % 2] for row in range(len(texts))]}


def test_odd_rows_of_an_id_column() -> None:
    """A row without an id, or with that of an earlier row, is named by its content; others keep theirs."""
    texts = [f"row {row}" for row in range(60)]
    ids: list[str | None] = [f"T{row}" for row in range(60)]
    ids[7], ids[8], ids[9] = None, "", "T3"

    found = examples({"id": ids, **of_texts(texts)}, of_user(text=("text",)))

    names = ids_by_position(found)
    assert [row for row in range(60) if names[row] != f"T{row}"] == [7, 8, 9]
    assert names[7:10] == list(found.row_hashes[7:10])


def test_equal_odd_rows_are_numbered() -> None:
    """Two rows without an id and with the same content have different names."""
    texts = ["same", "same", *(f"row {row}" for row in range(40))]
    ids = [None, None, *range(40)]

    found = examples({"id": ids, **of_texts(texts)}, of_user(text=("text",)))

    names = ids_by_position(found)
    assert names[1] == f"{names[0]}.2"


def of_file(content: str, tmp_path: Path) -> tuple[tuple[str, ...], Roles, Examples]:
    """A file as it is read for a scan: notes, roles and rows."""
    path = tmp_path / "rows.csv"
    path.write_text(content, encoding="utf-8")
    of_label = ScanSettings(path=str(path), label="label")
    rows, roles, labels, found = read_examples(of_label, find_task(), Silence())
    notes = (note for note in (*rows.notes, *labels.notes) if "no label" not in note)  # which only counts
    return tuple(notes), roles, found


NUMBERED = [f"T{row},{row % 7 * 1.5},{row % 5},a text with number {row},{'ab'[row % 2]}" for row in range(40)]
HEADER = "id,size,weight,text,label"


@pytest.mark.parametrize(
    ("at", "odd", "n_kept"),
    [
        pytest.param(0, "m,cm,kg,,", 40, id="units"),
        pytest.param(0, ",cm,kg,words,class", 40, id="units without an id"),
        pytest.param(20, HEADER, 40, id="header"),
        pytest.param(20, ",,,,", 40, id="nothing"),
        pytest.param(20, ",1.5,2,some other text,a", 40, id="no id"),
        pytest.param(40, "T3,1.5,2,some other text,a", 40, id="id again"),
        pytest.param(20, "T90,n.d.,2,some other text,a", 41, id="no number"),
    ],
)
def test_ids_survive_an_odd_row(at: int, odd: str, n_kept: int, tmp_path: Path, sentences: Sentences) -> None:
    """One odd row leaves all others their ids and hashes, and there is at most one note on it."""
    before = of_file("\n".join([HEADER, *NUMBERED]), tmp_path)[2]

    notes, roles, found = of_file("\n".join([HEADER, *NUMBERED[:at], odd, *NUMBERED[at:]]), tmp_path)

    names = ids_by_position(found)
    assert roles.names(Role.IDENTIFIER) == ("id",)
    assert sum(name.startswith("T") for name in names) >= n_kept
    assert {*before.row_hashes} <= {*found.row_hashes}
    assert len(notes) == 1
    sentences.check(notes[0])


def test_ids_survive_joined_files(tmp_path: Path) -> None:
    """Where many files were joined with their headers, the column of ids is still one."""
    parts = [row for start in range(0, 40, 5) for row in (HEADER, *NUMBERED[start : start + 5])]

    _, roles, found = of_file("\n".join(parts), tmp_path)

    assert roles.names(Role.IDENTIFIER) == ("id",)
    assert {f"T{row}" for row in range(40)} == {*found.row_ids}


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["a b", "c d", "", None]),
        st.sampled_from([0.5, 1.5, None]),
        st.sampled_from(["ham", "spam", None]),
        st.sampled_from(["ham", "spam", None]),
        st.sampled_from(["g", "h", None]),
        st.sampled_from([0.25, 0.75]),
    ),
    max_size=12,
)
FIRST = [("a b", 0.5, "ham", "ham", "g", 0.25), ("c d", 1.5, "spam", "spam", "h", 0.75)] * 2
NAMES = ("text", "number", "label", "rater", "group", "prob")
CHOICES = of_user(
    text=("text",),
    numeric=("number",),
    annotators=("rater",),
    group="group",
    ignore=("prob",),
    use=("text", "number"),
)


@settings(max_examples=30)
@given(ROWS, st.randoms(use_true_random=False))
def test_shuffled_rows_give_the_same_examples(rows: list[tuple[Any, ...]], random: Any) -> None:
    """The same rows in another order give the same examples; only the positions follow the rows."""
    rows = [*FIRST, *rows]
    order = list(range(len(rows)))
    random.shuffle(order)

    first, second = (
        examples(dict(zip(NAMES, columns, strict=True)), CHOICES, pred_probs=_probs(columns[5]))
        for columns in (zip(*rows, strict=True), zip(*(rows[row] for row in order), strict=True))
        for columns in [[list(column) for column in columns]]
    )

    assert second.row_ids == first.row_ids
    assert second.unlabelled_row_ids == first.unlabelled_row_ids
    assert len({*first.row_ids, *first.unlabelled_row_ids}) == len(rows)
    assert np.array_equal(second.given_labels, first.given_labels)
    assert second.inputs == first.inputs
    assert first.annotations is not None
    assert second.annotations is not None
    assert np.array_equal(second.annotations.codes, first.annotations.codes)
    assert np.array_equal(second.given_pred_probs, first.given_pred_probs)
    assert [rows[order[row]] for row in second.positions] == [rows[row] for row in first.positions]
    assert _together(second.groups) == _together(first.groups)
    assert _together(second.equal_inputs) == _together(first.equal_inputs)


class TestEqualInputs:
    """Which rows look the same to the person who decides on their labels."""

    def numbers(self, data: Mapping[str, Any], choices: ScanSettings | None = None, **arrays: Any) -> Any:
        """The number of each row of a table without missing labels, in file order."""
        found = examples(data, choices, **arrays)
        assert found.equal_inputs is not None
        return found.equal_inputs[np.argsort(found.positions)]

    def is_equal(self, data: Mapping[str, Any], choices: ScanSettings | None = None, **arrays: Any) -> bool:
        """Whether the first two of four rows are equal; the last two never are."""
        one, two, *others = self.numbers({**data, "label": ["a", "b", "a", "b"]}, choices, **arrays)
        assert len({one, *others}) == 3
        return bool(one == two)

    def test_ids_and_labels_may_differ(self) -> None:
        """Rows with the same cells are equal, although their ids and labels differ."""
        text = ["late again", "late again", "it broke", "a refund"]

        assert self.is_equal({"id": ["a1", "a2", "a3", "a4"], "text": text})

    @pytest.mark.parametrize("other", ["Late again", "late again ", "late  again", "late again."])
    def test_cells_are_compared_as_they_are(self, other: str) -> None:
        """A text in another case, with other spaces or marks is another text."""
        assert not self.is_equal({"text": ["late again", other, "it broke", "a refund"]})

    def test_each_input_counts(self) -> None:
        """Rows that differ in one of several inputs differ, also where models don't use that input."""
        text = ["late again", "late again", "it broke", "a refund"]
        copy = {"text": text, "copy": ["x", "y", "x", "y"]}

        assert not self.is_equal({"text": text, "price": [1.5, 1.6, 2.5, 3.5]})
        assert not self.is_equal(copy)
        assert self.is_equal(copy, of_user(ignore=("copy",)))

    def test_names_of_images_count(self) -> None:
        """Rows with one caption and two images differ; two names of one text file don't make a difference."""
        text = ["late again", "late again", "it broke", "a refund"]

        assert not self.is_equal({"text": text, "image": [f"{n}.jpg" for n in "abcd"]})
        assert self.is_equal({"text": text, "image": [f"{n}.jpg" for n in "aacd"]})
        assert self.is_equal({"text": text, "file": [f"{n}.txt" for n in "abcd"]})

    @pytest.mark.parametrize("name", ["{}.txt", "{}.wav", "https://images.example/{}"])
    def test_names_of_files_count_without_a_text(self, name: str) -> None:
        """In a table without texts, what is in a file or at an address counts."""
        price = [1.5, 1.5, 2.5, 3.5]

        assert not self.is_equal({"price": price, "file": [name.format(n) for n in range(4)]})

    def test_given_vectors_count(self) -> None:
        """Rows with other vectors differ."""
        data = {"price": [1.5, 1.5, 2.5, 3.5]}
        vectors = np.eye(4, 3, dtype=np.float32)

        assert not self.is_equal(data, embeddings=vectors)
        assert self.is_equal(data, embeddings=vectors[[0, 0, 1, 2]])

    def test_vectors_alone_can_not_be_read(self) -> None:
        """Without a column that a person can read, no two rows are equal."""
        vectors = np.ones((4, 3), dtype=np.float32)

        assert len(set(self.numbers({"label": ["a", "a", "b", "b"]}, embeddings=vectors))) == 4
        assert len(set(self.numbers({"v": vectors.tolist(), "label": ["a", "a", "b", "b"]}))) == 4


def _probs(of_ham: list[float]) -> np.ndarray:
    return np.column_stack([of_ham, 1 - np.array(of_ham)])


def _together(groups: Any) -> list[list[bool]]:
    """Which rows share a group."""
    return (groups[:, np.newaxis] == groups).tolist()


@pytest.mark.parametrize(("last", "is_shared"), [("spam", True), (None, False)])
def test_long_texts_are_held_once(last: str | None, is_shared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table keeps the texts of every row, in file order, where the inputs have all of them."""
    texts = ["the third by id", None, "the first by id", "one more text of several words"]
    labels = ["ham", "spam", "ham", last]
    columns = {"id": ["c", "d", "a", "b"], "text": texts, "short": ["x y"] * 4, "label": labels}
    rows, found = table(columns), examples(columns, of_user(text=("text",)))
    monkeypatch.setattr(module, "_LONG_TEXTS", rows.data.column("text").nbytes)

    data = share_texts(rows, found).data

    assert data.column("text").to_pylist() == texts
    assert pa.types.is_dictionary(data.column("text").type) is is_shared
    assert data.drop_columns("text").equals(rows.data.drop_columns("text"))
