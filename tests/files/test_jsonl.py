from __future__ import annotations

import io
import json
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError, OutputError
from doubtcli.files.formats import rewrite_content
from doubtcli.files.jsonl import JsonLines, read_jsonl
from doubtcli.records import ReadOptions
from doubtcli.records.file_format import Drop, FileLayout, Relabel, Restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    from doubtcli.records.file_format import Parsed
    from tests.conftest import Sentences
    from tests.files.conftest import WrittenText

    Files = Callable[..., SearchStrategy[WrittenText]]

TEXT = pa.large_string()


def text_of(content: str) -> Callable[[], TextIO]:
    """A function that opens a text from its start."""
    return partial(io.StringIO, content, newline="")


def read_values(*values: Any, batch_rows: int = 2) -> tuple[pa.DataType, list[Any], tuple[str, ...]]:
    """The type, the values and the notes of a column that is read from these values."""
    content = "".join(json.dumps({"id": 1, "v": value}) + "\n" for value in values)
    read = read_jsonl(text_of(content), "rows.jsonl", batch_rows=batch_rows)
    return read.data["v"].type, read.data["v"].to_pylist(), read.notes


def error_of(content: str) -> InputError:
    """The error with which a text is refused."""
    with pytest.raises(InputError) as caught:
        read_jsonl(text_of(content), "rows.jsonl")
    return caught.value


SCALARS = {
    "text": st.text(st.characters(codec="utf-8"), max_size=8),
    "whole": st.integers(-(2**63), 2**63 - 1),
    "fraction": st.floats(allow_nan=False),
    "flag": st.booleans(),
    "vector": st.lists(st.floats(allow_nan=False), max_size=3),
    "codes": st.lists(st.integers(-(2**53), 2**53), max_size=3),
}
ROWS = st.lists(
    st.fixed_dictionaries({}, optional={name: st.none() | values for name, values in SCALARS.items()}),
    min_size=1,
    max_size=8,
).filter(any)


@settings(max_examples=60)
@given(rows=ROWS, batch_rows=st.sampled_from([1, 2, 3, 50_000]), ascii_only=st.booleans())
def test_all_that_json_writes_is_read_back(
    rows: list[dict[str, Any]], batch_rows: int, ascii_only: bool
) -> None:
    """Every value is read back as it was written, and a missing key as null, at any batch size."""
    content = "".join(json.dumps(row, ensure_ascii=ascii_only) + "\n" for row in rows)

    read = read_jsonl(text_of(content), "rows.jsonl", batch_rows=batch_rows)

    names = list(dict.fromkeys(name for row in rows for name in row))
    assert read.data.column_names == names
    assert read.data.to_pylist() == [{name: row.get(name) for name in names} for row in rows]
    assert read.notes == ()


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text("ab7", max_size=2),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xy"), inner, max_size=2),
    max_leaves=4,
)


@given(values=st.lists(ANY_JSON, min_size=1, max_size=6))
def test_type_does_not_depend_on_the_batches(values: list[Any]) -> None:
    """One row at a time or all at once, a column gets the same type, values and note."""
    content = "".join(json.dumps({"v": value}) + "\n" for value in values)

    def read(batch_rows: int) -> Parsed:
        return read_jsonl(text_of(content), "rows.jsonl", batch_rows=batch_rows)

    one, all_ = read(1), read(100)
    assert one.data["v"].type == all_.data["v"].type
    assert one.notes == all_.notes
    if not pa.types.is_large_string(one.data["v"].type) or not any(
        isinstance(value, list) for value in values
    ):
        assert one.data.equals(all_.data)


@pytest.mark.parametrize(
    ("values", "type_", "read"),
    [
        (["007", "", "NA"], TEXT, ["007", "", "NA"]),
        ([True, None, False], pa.bool_(), [True, None, False]),
        ([1, 2, None], pa.int64(), [1, 2, None]),
        ([2**63 - 1, -(2**63), 0], pa.int64(), [2**63 - 1, -(2**63), 0]),
        ([1.5, 2.0, None], pa.float64(), [1.5, 2.0, None]),
        ([1, 2, 2.5], pa.float64(), [1.0, 2.0, 2.5]),
        ([1, 2.5, None], pa.float64(), [1.0, 2.5, None]),
        ([[0.5, 1], [2, 3], None], pa.list_(pa.float64()), [[0.5, 1.0], [2.0, 3.0], None]),
        ([[1, 2], [], [3]], pa.list_(pa.int64()), [[1, 2], [], [3]]),
        ([None, None, None], TEXT, [None, None, None]),
        ([{"a": 1}, None, {"b": "ü"}], TEXT, ['{"a": 1}', None, '{"b": "ü"}']),
        ([["x", 1], [], [0.5]], TEXT, ['["x", 1]', "[]", "[0.5]"]),
        ([[2**60], [1], [0.5]], TEXT, ["[1152921504606846976]", "[1]", "[0.5]"]),
        ([[None], [1], [True]], TEXT, ["[null]", "[1]", "[true]"]),
    ],
)
def test_column_takes_the_type_of_its_values(values: list[Any], type_: pa.DataType, read: list[Any]) -> None:
    """Types are those of JSON; lists of numbers are lists; other nested values are JSON text."""
    assert read_values(*values) == (type_, read, ())


@pytest.mark.parametrize(
    ("values", "read", "kinds"),
    [
        ([1, "1", "x"], ["1", "1", "x"], "text and whole numbers"),
        (["x", "y", 1], ["x", "y", "1"], "text and whole numbers"),
        ([True, 1, None], ["true", "1", None], "true/false and whole numbers"),
        ([1, 2.5, "x"], ["1", "2.5", "x"], "fractions and text and whole numbers"),
        ([{"a": "ü"}, "x", 1.0], ['{"a": "ü"}', "x", "1.0"], "fractions and nested values and text"),
        (
            [2**53 + 1, 2, 0.5],
            ["9007199254740993", "2", "0.5"],
            "fractions and long numbers and whole numbers",
        ),
        ([2**63, 1, 1], ["9223372036854775808", "1", "1"], "numbers beyond 64 bits and whole numbers"),
        ([[0.5], "x", None], ["[0.5]", "x", None], "lists and text"),
    ],
)
def test_kinds_that_do_not_mix_become_text(values: list[Any], read: list[Any], kinds: str) -> None:
    """A column of several kinds is text, each value as JSON writes it, and a note names the kinds."""
    type_, found, (note,) = read_values(*values)

    assert (type_, found) == (TEXT, read)
    assert f"column 'v' has {kinds}: " in note


def test_keys_make_columns_in_order_of_appearance() -> None:
    """A key that a row lacks is null, before its first appearance and after its last."""
    read = read_jsonl(text_of('{"b": 1}\n\n{"a": "x", "b": 2}\r\n{"a": "y"}'), "rows.jsonl", batch_rows=1)

    assert read.data.to_pylist() == [{"b": 1, "a": None}, {"b": 2, "a": "x"}, {"b": None, "a": "y"}]
    assert read.data.schema.types == [pa.int64(), TEXT]


@pytest.mark.parametrize(
    ("content", "row", "line", "fact"),
    [
        pytest.param('{"a": 1}\n\n{"a": }\n', 2, 3, "column 7", id="no value"),
        pytest.param('{"a": 1}\n{"a": 1', 2, 2, "column 8", id="not closed"),
        pytest.param('{"a": 1}\n[1, 2]\n', 2, 2, "[1, 2]", id="list"),
        pytest.param('"text"\n', 1, 1, '"text"', id="text"),
        pytest.param('{"a": 1}\n[' + "1," * 100 + "1]\n", 2, 2, "[" + "1," * 19 + "1…", id="long list"),
        pytest.param('[{"a": 1},\n 2]', 2, 2, "a number", id="number in an array"),
        pytest.param('[{"a": 1}\n {"a": 2}]', 1, 2, "comma", id="array without a comma"),
        pytest.param('{"a": 1, "b": 2, "a": 3}\n', 1, 1, "'a'", id="repeated key"),
        pytest.param('{"a": "\\uD83D"}\n', 1, 1, "surrogates", id="half a character"),
        pytest.param('{"a": ' + "[" * 100_000 + "\n", 1, 1, "recursion", id="deep"),
        pytest.param("text,label\nhi,a\n", 1, 1, "column 1", id="CSV"),
    ],
)
def test_bad_line_is_named(content: str, row: int, line: int, fact: str) -> None:
    """A line that is not a JSON object is named by row and line, with what is wrong with it."""
    error = error_of(content)

    assert (error.row, error.line) == (row, line)
    assert fact in error.found


def test_error_of_a_bad_line(sentences: Sentences) -> None:
    """What the errors for a list and for a repeated key say."""
    sentences.check(error_of('{"a": 1}\n[1, 2]\n'))
    sentences.check(error_of('{"a": 1, "b": 2, "a": 3}\n'))


@pytest.mark.parametrize(
    "content",
    ['[\n{"a": 1},\n{"a": 2}\n]', ' [ {"a": 1} , {"a": 2} ] ', '[{\n  "a": 1\n},{\n  "a": 2\n}]'],
)
def test_array_of_objects_is_read(content: str) -> None:
    """Each object of a JSON array is a row, however it is laid out."""
    assert read_jsonl(text_of(content), "rows.json").data.to_pylist() == [{"a": 1}, {"a": 2}]


def test_object_over_several_lines_is_one_row() -> None:
    """A file that is one object over several lines has one row."""
    assert read_jsonl(text_of('{\n  "a": 1\n}'), "rows.json").data.to_pylist() == [{"a": 1}]


def test_rows_of_an_array_have_their_lines() -> None:
    """An object of an array may have several lines."""
    text = io.StringIO('\n[{"a": 1},\n{\n"a": 2\n}]\n', newline="")

    assert list(JsonLines().row_lines(text, ReadOptions())) == [(2, 2), (3, 5)]


def test_labels_in_an_array_are_rewritten() -> None:
    """A changed label in an array changes those bytes only, and what was changed is found in the same way."""
    content = b'[\n {"label": "a", "x": 1},\n {"x": 2, "label": "b"}\n]\n'
    layout = FileLayout("jsonl", "label")

    found = JsonLines().rewrite(content, layout, {1: Relabel("a")}, {})

    assert found.content == content.replace(b'"b"', b'"a"')
    assert found.n_rows == 2
    assert found.touched[1].raw_old == b'"b"'


def test_rows_of_an_array_are_not_dropped(sentences: Sentences) -> None:
    """Dropping a row of an array would leave a comma too many: it is refused."""
    content = b'[{"label": "a"}, {"label": "b"}]'

    with pytest.raises(OutputError) as caught:
        JsonLines().rewrite(content, FileLayout("jsonl", "label"), {1: Drop()}, {})

    sentences.check(caught.value)


def test_emoji_in_two_escapes_is_one_letter() -> None:
    """A pair of surrogate escapes is one letter."""
    read = read_jsonl(text_of('{"a": "\\ud83d\\ude00"}\n'), "rows.jsonl")

    assert read.data.to_pylist() == [{"a": "😀"}]


@pytest.mark.parametrize(
    "content", ["\n\n", "{}\n{}\n", '{"": 1}\n'], ids=["no rows", "no keys", "empty key"]
)
def test_rows_without_usable_columns_are_refused(content: str, sentences: Sentences) -> None:
    """A file without rows, without keys or with an empty key is refused."""
    sentences.check(error_of(content))


def test_rows_read_are_counted() -> None:
    """`on_rows` is called with the number of rows read so far."""
    counts: list[int] = []

    read_jsonl(text_of('{"a": 1}\n' * 3), "rows.jsonl", on_rows=counts.append, batch_rows=2)

    assert counts == [2, 3]


# ------------------------------------------------------------------ rewritten


FORM = FileLayout("jsonl", "label")


def objects_of(content: bytes) -> list[dict[str, object]]:
    """The object of every line that isn't blank."""
    text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def relabelled(text: str, label: str, like: int | None = None) -> str:
    """A text with another label on its first row."""
    return rewrite_content(text.encode(), FORM, {0: Relabel(label, like)}).content.decode()


# ------------------------------------------------------------------- any file


@settings(max_examples=50)
@given(data=st.data())
def test_exactly_these_values_change(json_files: Files, data: st.DataObject) -> None:
    """A label becomes that of another row, and all other bytes stay."""
    file = data.draw(json_files())
    rows = st.integers(0, len(file.rows) - 1)
    likes = data.draw(st.dictionaries(rows, rows))
    before = objects_of(file.content())

    edits = {row: Relabel(file.rows[like].label, like) for row, like in likes.items()}
    made = rewrite_content(file.content(), file.form, edits)

    assert made.content == file.content({row: file.rows[like].cell for row, like in likes.items()})
    after = [
        one | ({"label": before[likes[row]]["label"]} if row in likes else {})
        for row, one in enumerate(before)
    ]
    assert json.dumps(objects_of(made.content)) == json.dumps(after)
    assert made.n_rows == len(file.rows)


@settings(max_examples=50)
@given(data=st.data())
def test_all_of_it_comes_back(json_files: Files, data: st.DataObject) -> None:
    """Relabelled and dropped rows can be restored to the byte from what `touched` has of them."""
    file = data.draw(json_files(least_rows=2))
    rows = st.integers(0, len(file.rows) - 1)
    changed = data.draw(st.dictionaries(rows, rows, min_size=1))
    dropped = data.draw(st.sets(rows)) - changed.keys()
    edits = {row: Relabel(file.rows[like].label, like) for row, like in changed.items()}

    made = rewrite_content(file.content(), file.form, edits | dict.fromkeys(dropped, Drop()))

    assert made.content == file.content({row: file.rows[like].cell for row, like in changed.items()}, dropped)
    places = {row: row - sum(other < row for other in dropped) for row in changed}
    restored = {places[row]: Restore(made.touched[row].raw_old) for row in changed}
    records = {row: made.touched[row].record for row in dropped}
    assert rewrite_content(made.content, file.form, restored, records).content == file.content()


# ---------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("before", "label", "after"),
    [
        ('{"label": "x", "t":1}\n', "y", '{"label": "y", "t":1}\n'),
        (
            '{ "t" : {"label": 1}, "label" :"x" }',
            'say "é"\n',
            '{ "t" : {"label": 1}, "label" :"say \\"é\\"\\n" }',
        ),
        ('{"l\\u0061bel":3}', "4", '{"l\\u0061bel":4}'),
        ('{"label":3}', "4.5", '{"label":4.5}'),
        ('{"label":true}', "false", '{"label":false}'),
        ('{"label":"3"}', "4", '{"label":"4"}'),
    ],
    ids=["text", "nested", "escaped key", "fraction", "switch", "number as text"],
)
def test_new_labels_keep_the_type(before: str, label: str, after: str) -> None:
    """A label that is new in the file is written in the type of the old one."""
    assert relabelled(before, label) == after


@pytest.mark.parametrize(
    ("before", "label"),
    [('{"label":3}', "four"), ('{"label":3}', "NaN"), ('{"label":3}', "04"), ('{"label":true}', "1")],
    ids=["word", "NaN", "leading zero", "number"],
)
def test_new_labels_of_another_type(before: str, label: str, sentences: Sentences) -> None:
    """A label that doesn't fit the type of the old one is refused."""
    with pytest.raises(OutputError) as caught:
        relabelled(before, label)

    assert (caught.value.row, caught.value.column) == (1, "label")
    sentences.check(caught.value)


def test_written_as_elsewhere() -> None:
    """A label that is in the file already is written in the same way, with its escapes."""
    text = '{"label":"x"}\n{"label":"caf\\u00e9"}\n'

    assert relabelled(text, "café", like=1) == '{"label":"caf\\u00e9"}\n{"label":"caf\\u00e9"}\n'


def test_letters_that_the_encoding_lacks() -> None:
    """A letter that the encoding lacks is written as an escape."""
    form = FileLayout("jsonl", "label", encoding="latin-1")

    made = rewrite_content('{"t":"é","label":"x"}'.encode("latin-1"), form, {0: Relabel("☃é")})

    assert made.content == '{"t":"é","label":"\\u2603\\u00e9"}'.encode("latin-1")


def test_row_without_a_label() -> None:
    """A row that lacks the key can't be relabelled."""
    with pytest.raises(InputError) as caught:
        rewrite_content(b'{"label":"x"}\n{"t":[{"label":"x"}]}\n', FORM, {1: Relabel("y")})

    assert caught.value.row == 2
