from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from doubtcli.errors import InputError
from doubtcli.files.arrow import FILE_START, find_codec
from doubtcli.files.formats import rewrite_content
from doubtcli.files.table import read_table
from doubtcli.records.file_format import Drop, FileLayout, Relabel, Restore

if TYPE_CHECKING:
    from pathlib import Path

FORM = FileLayout("arrow", "label")
TABLE = pa.table(
    {
        "t": pa.array(["a", None, "", "d"], pa.string_view()),
        "label": pa.array(["x", "y", "x", "y"]).dictionary_encode(),
    },
    metadata={"mine": "kept"},
)
LAYOUTS = {"file": pa.ipc.new_file, "stream": pa.ipc.new_stream}
CODECS = [None, "lz4", "zstd"]
FRAME_STARTS = {"lz4": bytes.fromhex("04224d18"), "zstd": bytes.fromhex("28b52ffd")}
"""From the LZ4 Frame Format and RFC 8878."""


def written(layout: str, codec: str | None = None, table: pa.Table = TABLE) -> bytes:
    """A table in batches of three rows."""
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=codec)
    with LAYOUTS[layout](sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=3)
    return bytes(sink.getvalue())


def batches_of(content: bytes) -> list[pa.RecordBatch]:
    """The batches of a file or stream."""
    if not content.startswith(FILE_START):
        return list(pa.ipc.open_stream(content))
    reader = pa.ipc.open_file(content)
    return [reader.get_batch(number) for number in range(reader.num_record_batches)]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("codec", CODECS)
def test_exactly_this_value_changes(layout: str, codec: str | None) -> None:
    """A label is replaced; layout, schema, metadata, batches, codec and all other values stay."""
    content = written(layout, codec)

    made = rewrite_content(content, FORM, {1: Relabel("new"), 3: Relabel("x", 0)}).content

    assert made.startswith(FILE_START) == (layout == "file")
    assert [batch.num_rows for batch in batches_of(made)] == [3, 1]
    table = pa.Table.from_batches(batches_of(made))
    assert table.schema.equals(TABLE.schema, check_metadata=True)
    assert table.column("label").to_pylist() == ["x", "new", "x", "x"]
    assert table.column("t").to_pylist() == ["a", None, "", "d"]
    assert codec_of(made) == codec


@pytest.mark.parametrize("layout", LAYOUTS)
def test_all_of_it_comes_back(layout: str) -> None:
    """Relabelled and dropped rows can be restored from what `touched` has of them."""
    made = rewrite_content(written(layout), FORM, {0: Relabel("y", 1), 2: Drop(), 3: Drop()})
    records = {row: made.touched[row].record for row in (2, 3)}

    back = rewrite_content(made.content, FORM, {0: Restore(made.touched[0].raw_old)}, records)

    assert [batch.num_rows for batch in batches_of(made.content)] == [2]
    assert pa.Table.from_batches(batches_of(back.content)).equals(TABLE, check_metadata=True)


def codec_of(content: bytes) -> str | None:
    """The codec of the batches, if no data looks like the start of a frame."""
    return next((codec for codec, start in FRAME_STARTS.items() if start in content), None)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("start", FRAME_STARTS.values())
def test_codec(layout: str, codec: str | None, start: bytes) -> None:
    """The codec is found, even if data looks like the start of a frame."""
    table = TABLE.append_column("b", pa.array([start * 9] * 4))
    content = written(layout, codec, table)

    assert find_codec(content, batches_of(content)) == codec


def test_codec_of_no_batch() -> None:
    """A stream without a batch has no codec."""
    sink = pa.BufferOutputStream()
    pa.ipc.new_stream(sink, TABLE.schema).close()
    content = bytes(sink.getvalue())

    assert find_codec(content, batches_of(content)) is None


@pytest.mark.parametrize(
    ("content", "fact"),
    [
        pytest.param(b"text,label\na,b\n", "no Arrow file", id="CSV"),
        pytest.param(bytes(range(200)), "no Arrow file", id="any bytes"),
        pytest.param(b"ARROW1\0\0garbagegarbage", "truncated or damaged", id="start only"),
        pytest.param(b"ARROW1\0\0" + b"\xff" * 4 + b"ARROW1", "truncated or damaged", id="negative footer"),
        pytest.param(b"ARROW1\0\0\xff\xff\xff\x7fARROW1", "truncated or damaged", id="endless footer"),
    ],
)
def test_file_that_is_no_arrow_file_is_refused_before_pyarrow_sees_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes, fact: str
) -> None:
    """Without Arrow's first and last bytes a file is refused, since pyarrow may end the process."""
    (tmp_path / "rows.arrow").write_bytes(content)
    monkeypatch.setattr(pa.ipc, "open_file", None)

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / "rows.arrow"))

    assert fact in caught.value.found
