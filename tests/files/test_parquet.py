from __future__ import annotations

import datetime as dt
import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError, OutputError
from doubtcli.files.formats import rewrite_content
from doubtcli.records.file_format import Drop, FileLayout, Relabel, Restore

if TYPE_CHECKING:
    from tests.conftest import Sentences

FORM = FileLayout("parquet", "label")
HUGGING_FACE = {
    b"huggingface": json.dumps(
        {"info": {"features": {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}}}
    ).encode()
}

LABELS: dict[str, tuple[pa.DataType, list[Any], str, Any]] = {
    "text": (pa.string(), ["x", "y", None, "x"], "né\tw", "né\tw"),
    "large text": (pa.large_string(), ["x", "y", None, "x"], "new", "new"),
    "viewed text": (pa.string_view(), ["x", "y", None, "x"], "new", "new"),
    "categories": (pa.dictionary(pa.int8(), pa.string()), ["x", "y", None, "x"], "new", "new"),
    "ordered categories": (
        pa.dictionary(pa.int32(), pa.string(), ordered=True),
        ["x", "y", None, "x"],
        "y",
        "y",
    ),
    "codes": (pa.int8(), [0, 1, None, 0], "2", 2),
    "numbers": (pa.float32(), [0.5, 1.0, None, 0.5], "2.5", 2.5),
    "switches": (pa.bool_(), [True, False, None, True], "false", False),
    "more switches": (pa.bool_(), [False, False, None, True], "true", True),
    "decimals": (
        pa.decimal128(4, 2),
        [Decimal("1.50"), Decimal("2.00"), None, Decimal("1.50")],
        "9.25",
        Decimal("9.25"),
    ),
}
"""By kind: a column's type and values, a label as text and its value."""


def table_of(type_: pa.DataType, labels: list[Any]) -> pa.Table:
    """Columns of many types, and labels."""
    moments = [dt.datetime(2026, 1, 1, tzinfo=dt.UTC), None] * 2
    return pa.table(
        {
            "label": pa.array(labels, type_)
            if not pa.types.is_dictionary(type_)
            else _categories(labels, type_),
            "t": ["é", None, "", "a\nb"],
            "n": [1.5, float("nan"), None, 3.0],
            "when": pa.array(moments, pa.timestamp("us", tz="Europe/Berlin")),
            "vector": [[1.0], [], None, [2.0, 3.0]],
            "parts": pa.array([{"a": 1, "b": [b"x"]}, None, {"a": None, "b": None}, {"a": 2, "b": []}]),
            "kind": pa.array(["k", None, "l", "k"]).dictionary_encode(),
        },
        metadata={b"mine": b"kept"} | HUGGING_FACE,
    )


def _categories(labels: list[Any], type_: pa.DictionaryType) -> pa.Array:
    values = sorted({label for label in labels if label is not None})
    codes = [None if label is None else values.index(label) for label in labels]
    return pa.DictionaryArray.from_arrays(
        pa.array(codes, type_.index_type), pa.array(values), ordered=type_.ordered
    )


def written(table: pa.Table, **options: Any) -> bytes:
    """A table as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(table, sink, **({"row_group_size": 3} | options))
    return sink.getvalue()


def read(content: bytes) -> pa.Table:
    """The table in a Parquet file."""
    return pq.read_table(io.BytesIO(content))


def as_python(table: pa.Table) -> str:
    """All values as text, so that NaN equals NaN."""
    return repr(table.to_pylist())


@pytest.mark.parametrize("kind", LABELS)
def test_exactly_this_value_changes(kind: str) -> None:
    """A new label is written in the column's type; schema, metadata, all other values and row groups stay."""
    type_, labels, text, value = LABELS[kind]
    content = written(table_of(type_, labels))

    made = rewrite_content(content, FORM, {1: Relabel(text)})

    before, after = read(content), read(made.content)
    assert after.schema.equals(before.schema, check_metadata=True)
    assert after.column("label").to_pylist() == [labels[0], value, None, labels[3]]
    assert as_python(after.drop_columns("label")) == as_python(before.drop_columns("label"))
    assert [group.num_rows for group in groups_of(made.content)] == [3, 1]


@pytest.mark.parametrize("kind", LABELS)
def test_all_of_it_comes_back(kind: str) -> None:
    """Relabelled and dropped rows can be restored from what `touched` has of them."""
    type_, labels, text, _ = LABELS[kind]
    content = written(table_of(type_, labels))

    made = rewrite_content(content, FORM, {0: Relabel(text), 1: Drop(), 3: Drop()})
    back = rewrite_content(
        made.content,
        FORM,
        {0: Restore(made.touched[0].raw_old)},
        {row: made.touched[row].record for row in (1, 3)},
    )

    assert read(made.content).num_rows == 2
    assert read(back.content).schema.equals(read(content).schema, check_metadata=True)
    assert as_python(read(back.content)) == as_python(read(content))


@settings(max_examples=40)
@given(data=st.data())
def test_any_rows(data: st.DataObject) -> None:
    """Rows of any row groups can take the labels of any others, and be restored."""
    labels = data.draw(st.lists(st.sampled_from(["x", "y", "z"]), min_size=2, max_size=8))
    rows = st.integers(0, len(labels) - 1)
    likes = data.draw(st.dictionaries(rows, rows, min_size=1))
    dropped = data.draw(st.sets(rows)) - likes.keys()
    table = pa.table({"row": range(len(labels)), "label": labels})
    content = written(table, row_group_size=data.draw(st.integers(1, 4)))

    edits = {row: Relabel(labels[like], like) for row, like in likes.items()} | dict.fromkeys(dropped, Drop())
    made = rewrite_content(content, FORM, edits)

    kept = [row for row in range(len(labels)) if row not in dropped]
    assert read(made.content).to_pylist() == [
        {"row": row, "label": labels[likes.get(row, row)]} for row in kept
    ]
    restored = {kept.index(row): Restore(made.touched[row].raw_old) for row in likes}
    back = rewrite_content(made.content, FORM, restored, {row: made.touched[row].record for row in dropped})
    assert read(back.content).equals(table, check_metadata=True)


def groups_of(content: bytes) -> list[pq.RowGroupMetaData]:
    """The metadata of a file's row groups."""
    metadata = pq.ParquetFile(io.BytesIO(content)).metadata
    return [metadata.row_group(group) for group in range(metadata.num_row_groups)]


def test_how_it_was_written() -> None:
    """The codecs, dictionaries, statistics, page index, sorting and version of each column stay."""
    content = written(
        table_of(pa.string(), ["x", "y", "y", "x"]),
        compression={"t": "gzip", "n": "zstd", "vector.list.element": "none", "label": "snappy"},
        use_dictionary=["t", "label"],
        write_statistics=["n"],
        write_page_index=True,
        version="2.4",
        sorting_columns=[pq.SortingColumn(1)],
    )

    made = rewrite_content(content, FORM, {1: Relabel("x", 0)}).content

    options = [
        [
            [
                (
                    one.path_in_schema,
                    one.compression,
                    one.has_dictionary_page,
                    one.is_stats_set,
                    one.has_offset_index,
                )
                for one in map(group.column, range(group.num_columns))
            ]
            for group in groups_of(file)
        ]
        for file in (content, made)
    ]
    assert options[0] == options[1]
    assert groups_of(made)[0].sorting_columns == (pq.SortingColumn(1),)
    versions = {pq.ParquetFile(io.BytesIO(file)).metadata.format_version for file in (content, made)}
    assert len(versions) == 1


def test_order_of_labels_is_not_kept() -> None:
    """A file that is sorted by its labels is not marked as sorted when they change."""
    content = written(pa.table({"label": ["x", "y"]}), sorting_columns=[pq.SortingColumn(0)])

    made = rewrite_content(content, FORM, {1: Relabel("a")}).content

    assert groups_of(made)[0].sorting_columns == ()


def test_files_of_others() -> None:
    """Spark's timestamps stay as they are, and no Arrow schema is added."""
    table = pa.table({"label": ["x", "y"], "when": pa.array([1, 2], pa.timestamp("ns"))})
    content = written(table, use_deprecated_int96_timestamps=True, store_schema=False)

    made = pq.ParquetFile(io.BytesIO(rewrite_content(content, FORM, {0: Relabel("y")}).content))

    assert made.metadata.row_group(0).column(1).physical_type == "INT96"
    assert b"ARROW:schema" not in (made.metadata.metadata or {})


def test_pandas() -> None:
    """A frame that pandas wrote keeps its index, types and categories."""
    frame = pd.DataFrame(
        {"t": ["a", "b", "c"], "label": pd.Categorical(["x", "y", "x"])},
        index=pd.Index([7, 8, 9], name="key"),
    )
    sink = io.BytesIO()
    frame.to_parquet(sink)

    made = pd.read_parquet(io.BytesIO(rewrite_content(sink.getvalue(), FORM, {0: Relabel("y", 1)}).content))

    expected = frame.assign(label=pd.Categorical(["y", "y", "x"], categories=["x", "y"]))
    pd.testing.assert_frame_equal(made, expected)


@pytest.mark.parametrize(
    ("type_", "labels", "label"),
    [
        (pa.int64(), [0, 1, 0, 1], "two"),
        (pa.int8(), [0, 1, 0, 1], "300"),
        (pa.bool_(), [True, False, True, True], "maybe"),
        (pa.float64(), [1.0, 2.0, 1.0, 2.0], "x"),
        (pa.decimal128(3, 2), [Decimal("1.00")] * 4, "x"),
    ],
)
def test_label_of_another_type(type_: pa.DataType, labels: list[Any], label: str) -> None:
    """A label that doesn't fit the column's type is refused; row, column and type are named."""
    with pytest.raises(OutputError) as caught:
        rewrite_content(written(table_of(type_, labels)), FORM, {1: Relabel(label)})

    assert (caught.value.row, caught.value.column) == (2, "label")
    assert repr(label) in caught.value.found
    assert str(type_) in caught.value.found


def test_no_room_for_another_category(sentences: Sentences) -> None:
    """A column whose categories are numbered in one byte can have 128 of them, and no more."""
    names = [f"c{number:03}" for number in range(128)]
    content = written(pa.table({"label": _categories(names, pa.dictionary(pa.int8(), pa.string()))}))

    with pytest.raises(OutputError) as caught:
        rewrite_content(content, FORM, {0: Relabel("new")})

    assert caught.value.column == "label"
    sentences.check(caught.value)


def test_row_without_a_label() -> None:
    """A row without a label, or after the last, can't be relabelled."""
    content = written(table_of(pa.string(), ["x", "y", None, "x"]))

    for row in (2, 4):
        with pytest.raises(InputError) as caught:
            rewrite_content(content, FORM, {row: Relabel("y")})
        assert caught.value.row == row + 1


def test_rest_of_a_row() -> None:
    """The hash of the rest of a row stays when its label changes, and differs from row to row."""
    content = written(table_of(pa.string(), ["x", "y", "x", "x"]))
    made = rewrite_content(content, FORM, {0: Relabel("y"), 3: Relabel("y")})

    again = rewrite_content(made.content, FORM, {0: Relabel("z"), 3: Relabel("z")})

    assert again.touched[0].rest == made.touched[0].rest != made.touched[3].rest


def test_dropped_row_of_other_columns() -> None:
    """A dropped row can't be put back into a file with other columns."""
    record = (
        rewrite_content(written(pa.table({"a": [1, 2], "label": ["x", "y"]})), FORM, {0: Drop()})
        .touched[0]
        .record
    )

    with pytest.raises(InputError):
        rewrite_content(written(pa.table({"b": [2], "label": ["y"]})), FORM, {}, {0: record})
