from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

from doubtcli.errors import InputError
from doubtcli.files.columnar import damage_as_input_error
from doubtcli.files.parquet import read_parquet
from doubtcli.files.source import open_source
from doubtcli.files.table import read_table
from doubtcli.records import ReadOptions

if TYPE_CHECKING:
    from tests.conftest import Sentences

CLASS_LABEL = {"info": {"features": {"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}}}

TABLE = pa.table(
    {
        "id": pa.array([1, 2, None], pa.int32()),
        "text": pa.array(["a", "", None]),
        "label": pa.array([0, 1, 0]),
        "kind": pa.array(["x", "y", "x"]).dictionary_encode(),
        "vector": pa.array([[0.5, 1.5], [2.5], None], pa.list_(pa.float32())),
        "when": pa.array([datetime(2026, 1, 2, tzinfo=UTC)] * 3, pa.timestamp("us", tz="UTC")),
        "flag": pa.array([True, None, False]),
        "meta": pa.array([{"a": 1}, None, {"a": 2}]),
    }
).replace_schema_metadata({b"huggingface": json.dumps(CLASS_LABEL).encode()})

Writer = Callable[[pa.Table, Path], object]


def write_file(table: pa.Table, path: Path) -> None:
    """Write an Arrow IPC file."""
    with ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)


def write_stream(table: pa.Table, path: Path) -> None:
    """Write an Arrow IPC stream."""
    with ipc.new_stream(path, table.schema) as writer:
        writer.write_table(table)


WRITERS: dict[str, Writer] = {
    "rows.parquet": parquet.write_table,
    "rows.feather": feather.write_feather,
    "rows.arrow": write_file,
    "rows.ipc": write_stream,
}


@contextmanager
def raises_damage(path: Path) -> Iterator[None]:
    """The block must end in the error for a damaged file, caused by what a library raised."""
    with pytest.raises(InputError) as caught:
        yield
    assert caught.value.where == str(path)
    assert isinstance(caught.value.__cause__, (pa.ArrowException, OSError, ValueError))


@pytest.mark.parametrize("name", WRITERS)
def test_types_and_metadata_stay(tmp_path: Path, name: str) -> None:
    """Every type, null and piece of schema metadata is read as pyarrow wrote it."""
    WRITERS[name](TABLE, tmp_path / name)

    read = read_table(str(tmp_path / name))

    oracle = parquet.read_schema(tmp_path / name) if name == "rows.parquet" else TABLE.schema
    assert read.data.schema.equals(oracle, check_metadata=True)
    assert read.data.to_pylist() == TABLE.to_pylist()
    assert read.source.format == ("parquet" if name == "rows.parquet" else "arrow")


def test_pandas_categories_and_index_stay(tmp_path: Path) -> None:
    """What pandas wrote is read back, with pandas' own metadata, as the same frame."""
    frame = pd.DataFrame(
        {
            "label": pd.Categorical(["b", "a", None], categories=["b", "c", "a"], ordered=True),
            "x": [1.5, np.nan, 3],
        },
        index=pd.Index([3, 1, 2], name="key"),
    )
    frame.to_parquet(tmp_path / "rows.parquet")

    read = read_table(str(tmp_path / "rows.parquet"))

    expected = parquet.read_table(tmp_path / "rows.parquet").to_pandas()
    pd.testing.assert_frame_equal(read.data.to_pandas(), expected)


def test_codes_mean_the_same_in_every_row_group(tmp_path: Path) -> None:
    """Row groups with different dictionaries get a common one."""
    schema = pa.schema([("label", pa.dictionary(pa.int32(), pa.string()))])
    with parquet.ParquetWriter(tmp_path / "rows.parquet", schema) as writer:
        writer.write_table(pa.table({"label": pa.array(["a", "b"]).dictionary_encode()}, schema))
        writer.write_table(pa.table({"label": pa.array(["c", "a"]).dictionary_encode()}, schema))

    read = read_table(str(tmp_path / "rows.parquet"))

    dictionaries = [chunk.dictionary.to_pylist() for chunk in read.data["label"].chunks]
    assert all(dictionary == dictionaries[0] for dictionary in dictionaries)
    assert read.data["label"].to_pylist() == ["a", "b", "c", "a"]


def test_parquet_is_read_in_batches(tmp_path: Path) -> None:
    """Rows are read batch by batch, and `on_rows` is called after each."""
    parquet.write_table(pa.table({"a": range(5)}), tmp_path / "rows.parquet")
    counts: list[int] = []

    with open_source(str(tmp_path / "rows.parquet")) as stored:
        read = read_parquet(stored, on_rows=counts.append, batch_rows=2)

    assert counts == [2, 4, 5]
    assert read.data["a"].to_pylist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("name", WRITERS)
def test_packed_columnar_file_is_unpacked(tmp_path: Path, name: str) -> None:
    """Parquet and Arrow files may be compressed as a whole, too."""
    WRITERS[name](TABLE, tmp_path / name)
    with pa.output_stream(tmp_path / f"{name}.gz", compression="gzip") as sink:
        sink.write((tmp_path / name).read_bytes())

    read = read_table(str(tmp_path / f"{name}.gz"))

    assert read.data.to_pylist() == TABLE.to_pylist()
    assert read.source.compression == "gzip"


@pytest.mark.parametrize("name", ["rows.parquet", "rows.feather", "rows.arrow"])
def test_truncated_file_is_refused(tmp_path: Path, name: str) -> None:
    """A file that is cut anywhere is refused."""
    WRITERS[name](TABLE, tmp_path / name)
    whole = (tmp_path / name).read_bytes()
    path = tmp_path / f"cut-{name}"

    for cut in [*range(1, 40), *range(40, len(whole), 97), *range(len(whole) - 20, len(whole))]:
        path.write_bytes(whole[:cut])
        with raises_damage(path):
            read_table(str(path))


def test_truncated_stream_is_refused_or_noted(tmp_path: Path, sentences: Sentences) -> None:
    """A stream cut inside a message is damaged; one cut between messages may be whole, and gets a note."""
    write_stream(TABLE, tmp_path / "rows.arrow")
    whole = (tmp_path / "rows.arrow").read_bytes()
    path = tmp_path / "cut.arrow"
    (tmp_path / "cut.arrow").write_bytes(whole[:-8])

    (note,) = read_table(str(path)).notes
    sentences.check(note)

    path.write_bytes(whole[:-100])
    with raises_damage(path):
        read_table(str(path))


@pytest.mark.parametrize("name", ["rows.parquet", "rows.arrow", "rows.ipc"])
def test_damaged_file_never_crashes(tmp_path: Path, name: str) -> None:
    """With any one byte changed, a file is read as some table or refused as damaged."""
    WRITERS[name](TABLE.drop_columns(["meta"]), tmp_path / name)
    whole = bytearray((tmp_path / name).read_bytes())
    path = tmp_path / f"bad-{name}"
    rng = np.random.default_rng(0)

    for place in rng.choice(len(whole), 150, replace=False):
        damaged = bytearray(whole)
        damaged[place] ^= int(rng.integers(1, 256))
        path.write_bytes(damaged)
        with suppress(InputError):
            read = read_table(
                str(path), ReadOptions(input_format="parquet" if name == "rows.parquet" else "arrow")
            )
            assert read.data.num_rows >= 1


@pytest.mark.parametrize(("names", "column"), [(["a", "a"], "a"), (["a", ""], None)])
def test_columns_need_different_names(tmp_path: Path, names: list[str], column: str | None) -> None:
    """Repeated and empty names, which Parquet allows, are refused."""
    parquet.write_table(
        pa.Table.from_arrays([pa.array([1]), pa.array([2])], names), tmp_path / "rows.parquet"
    )

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / "rows.parquet"))

    assert caught.value.column == column


@pytest.mark.parametrize("name", WRITERS)
def test_no_rows_are_refused(tmp_path: Path, name: str) -> None:
    """A table without rows is refused; its columns are named."""
    WRITERS[name](TABLE.slice(0, 0), tmp_path / name)

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / name))

    assert "id, text, label" in caught.value.found


def test_part_too_large_for_memory_is_damage(sentences: Sentences) -> None:
    """A damaged file may give a length that is larger than memory, for which Arrow has no message."""
    with pytest.raises(InputError) as caught, damage_as_input_error("rows.parquet"):
        raise MemoryError
    sentences.check(caught.value)


def test_tiny_arrow_stream_is_refused(tmp_path: Path) -> None:
    """A stream shorter than its own end mark is truncated."""
    (tmp_path / "rows.arrow").write_bytes(b"\xff\xff\xff\xff\x01")

    with raises_damage(tmp_path / "rows.arrow"):
        read_table(str(tmp_path / "rows.arrow"))


def test_extension_must_be_true(tmp_path: Path) -> None:
    """A text file with the ending of Parquet is refused as damaged."""
    (tmp_path / "rows.parquet").write_bytes(io.BytesIO(b"text,label\nhi,a\n").getvalue())

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / "rows.parquet"))

    assert "Parquet" in str(caught.value.expected)


@pytest.mark.parametrize("kind", [pa.string_view(), pa.binary_view()])
def test_views_are_read_as_texts(tmp_path: Path, kind: pa.DataType) -> None:
    """Texts and bytes that are stored as views are read like others, and their rows can be taken."""
    texts = pa.array(["a long text, not inlined", None, "b"], pa.string())
    parquet.write_table(pa.table({"t": texts.cast(kind)}), tmp_path / "a.parquet")

    data = read_table(str(tmp_path / "a.parquet")).data.take(pa.array([2, 0, 1]))

    assert data["t"].cast(pa.string()).to_pylist() == ["b", "a long text, not inlined", None]


TEXTS = ["a", None, "c"]
MOMENT = datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("column", "read"),
    [
        (pa.array([[text] for text in TEXTS], pa.list_(pa.string_view())), [["a"], [None], ["c"]]),
        (pa.array([["a", "b"]] * 3, pa.list_(pa.string_view(), 2)), [["a", "b"]] * 3),
        (pa.array([["a"], None, []], pa.large_list(pa.binary_view())), [[b"a"], None, []]),
        (
            pa.array(
                [{"t": {"u": text}} for text in TEXTS],
                pa.struct([("t", pa.struct([("u", pa.string_view())]))]),
            ),
            [{"t": {"u": text}} for text in TEXTS],
        ),
        (pa.array([[("k", "a")]] * 3, pa.map_(pa.string_view(), pa.string_view())), [[("k", "a")]] * 3),
        (pa.RunEndEncodedArray.from_arrays([2, 3], ["x", None]), ["x", "x", None]),
        (pa.RunEndEncodedArray.from_arrays([1, 3], pa.array(["x", "y"], pa.string_view())), ["x", "y", "y"]),
        (
            pa.ListArray.from_arrays([0, 1, 2, 3], pa.RunEndEncodedArray.from_arrays([3], ["x"])),
            [["x"], ["x"], ["x"]],
        ),
        (pa.array([1, None, 1], pa.timestamp("s", "Mars/Olympus")), [MOMENT.replace(tzinfo=None), None] * 2),
        (pa.array([1, None, 1], pa.timestamp("s", "UTC")), [MOMENT, None, MOMENT]),
        (
            pa.array([253402300800, None, 0], pa.timestamp("s", "Mars/Olympus")),
            ["10000-01-01 00:00:00", None, "1970-01-01 00:00:00"],
        ),
        (pa.array([2932897, None, 0], pa.date32()), ["10000-01-01", None, "1970-01-01"]),
        (pa.nulls(3, pa.timestamp("s", "Mars/Olympus")), [None] * 3),
    ],
    ids=lambda value: str(value.type) if isinstance(value, pa.Array) else "",
)
def test_rare_types(tmp_path: Path, column: pa.Array, read: list[object]) -> None:
    """Types that few libraries can work with are read in others that hold the same values."""
    path = tmp_path / "rows.arrow"
    write_file(pa.table({"column": column}), path)

    found = read_table(str(path)).data.column("column")

    assert found.to_pylist() == read[:3]
    assert found.take([2, 0]).to_pylist() == [read[2], read[0]]
