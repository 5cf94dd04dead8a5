import io
import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from pyarrow import feather, ipc, parquet

from doubtcli.errors import InputError, SettingsError
from doubtcli.files.table import read_table
from doubtcli.records import ReadOptions, Source

CSV = b"id,text,label\n007,NA,ham\n008,,spam\n"
ROWS = [{"id": "007", "text": "NA", "label": "ham"}, {"id": "008", "text": None, "label": "spam"}]


def write(folder: Path, name: str, content: bytes) -> str:
    """Put a file there and give its path."""
    path = folder / name
    path.write_bytes(content)
    return str(path)


def arrow_stream(table: pa.Table) -> bytes:
    """The table as an Arrow IPC stream."""
    sink = io.BytesIO()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def test_csv_gives_text_as_it_stands(tmp_path: Path) -> None:
    """`007` stays `007`, `NA` stays a word, and an empty field is null."""
    path = write(tmp_path, "rows.csv", CSV)

    table = read_table(path)

    assert table.data.to_pylist() == ROWS
    assert table.notes == ()


def test_source_says_what_was_read(tmp_path: Path) -> None:
    """The source tells path, format, size, hash, encoding and delimiter."""
    path = write(tmp_path, "rows.csv", CSV)

    source = read_table(path).source

    assert source == Source(
        path=path,
        format="csv",
        size=35,
        sha256="0a237bc0c0cb9923244bbd83b03fd787e527c6e39e70baf17c226995b011607a",  # sha256sum
        compression=None,
        encoding="utf-8",
        delimiter=",",
    )


@pytest.mark.parametrize(
    ("name", "content", "format_"),
    [
        ("rows.CSV", CSV, "csv"),
        ("rows", CSV, "csv"),
        ("rows.txt", CSV.replace(b",", b"\t"), "csv"),
        ("rows.tsv", CSV.replace(b",", b"\t"), "csv"),
        ("rows.psv", CSV.replace(b",", b"|"), "csv"),
        ("rows.jsonl", b"\n".join(json.dumps(row).encode() for row in ROWS), "jsonl"),
        ("rows.ndjson", b"\n".join(json.dumps(row).encode() for row in ROWS), "jsonl"),
        ("rows.json", b"\xef\xbb\xbf" + b"\n".join(json.dumps(row).encode() for row in ROWS), "jsonl"),
        ("rows", "\n".join(map(json.dumps, ROWS)).encode("utf-16"), "jsonl"),
        ("rows", arrow_stream(pa.Table.from_pylist(ROWS)), "arrow"),
        ("rows.arrow", arrow_stream(pa.Table.from_pylist(ROWS)), "arrow"),
    ],
)
def test_format_follows_ending_then_content(tmp_path: Path, name: str, content: bytes, format_: str) -> None:
    """A known ending tells the format, else the first bytes do."""
    path = write(tmp_path, name, content)

    table = read_table(path)

    assert table.source.format == format_
    assert table.data.to_pylist() == ROWS


@pytest.mark.parametrize("name", ["rows.parquet", "rows.pq", "rows.feather", "rows", "rows.dat"])
def test_columnar_files_are_told_by_ending_or_magic(tmp_path: Path, name: str) -> None:
    """Parquet and Feather are read whatever they are called."""
    path = str(tmp_path / name)
    table = pa.Table.from_pylist(ROWS)
    write_table = feather.write_feather if name in {"rows.feather", "rows"} else parquet.write_table
    write_table(table, path)

    read = read_table(path)

    assert read.data.equals(table)
    assert read.source.encoding is None


@pytest.mark.parametrize("name", ["rows.json", "rows", "rows.jsonl.gz"])
def test_json_array_is_taken_for_json(tmp_path: Path, name: str) -> None:
    """One JSON document is refused as what it is, with the hint how to make lines of it."""
    path = write(tmp_path, name, json.dumps(ROWS).encode())

    with pytest.raises(InputError, match="not a JSON object") as caught:
        read_table(path)

    assert "jq -c" in str(caught.value.hint)


def test_input_format_overrides_the_ending(tmp_path: Path) -> None:
    """`input_format` wins over what the name says."""
    path = write(tmp_path, "rows.jsonl", CSV)

    assert read_table(path, ReadOptions(input_format="csv")).data.to_pylist() == ROWS


def test_standard_input_is_read_like_a_file() -> None:
    """The path "-" reads the stream given as `stdin`."""
    table = read_table("-", ReadOptions(input_format="csv"), stdin=io.BytesIO(CSV))

    assert table.data.to_pylist() == ROWS
    assert (table.source.path, table.source.size) == ("-", 35)


def test_standard_input_takes_parquet() -> None:
    """A format that needs to seek can come through a pipe, too."""
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(ROWS), sink)

    table = read_table("-", ReadOptions(input_format="parquet"), stdin=io.BytesIO(sink.getvalue()))

    assert table.data.to_pylist() == ROWS


def test_standard_input_needs_a_format() -> None:
    """Without a format, "-" is refused with the formats to choose from."""
    with pytest.raises(InputError, match="standard input has no name") as caught:
        read_table("-", stdin=io.BytesIO(CSV))

    assert caught.value.hint == "add --input-format csv|tsv|jsonl|ndjson|parquet|arrow|feather"


@pytest.mark.parametrize("name", ["empty.csv", "empty.jsonl", "empty.parquet", "empty.arrow"])
def test_empty_file_is_refused(tmp_path: Path, name: str) -> None:
    """A file of no bytes says that it is empty, in any format."""
    with pytest.raises(InputError, match="the file is empty"):
        read_table(write(tmp_path, name, b""))


@pytest.mark.parametrize(
    ("name", "content"), [("rows.csv", b"text,label\n"), ("rows.jsonl", b"{}\n"), ("rows.csv", b"text,label")]
)
def test_table_without_rows_or_columns_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    """A header alone, or rows without any key, is no table."""
    with pytest.raises(InputError, match=r"no rows, only columns: text, label|file is empty"):
        read_table(write(tmp_path, name, content))


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("input_format", "jsonlines", "did you mean 'jsonl'"),
        ("input_format", "xlsx", "csv, tsv, jsonl"),
        ("quoting", "never", "minimal, none"),
        ("encoding", "utf-7777", "no text encoding called 'utf-7777'"),
        ("encoding", "latin1x", "did you mean 'latin1'"),
        ("encoding", "rot13", "no text encoding called 'rot13'"),
        ("encoding", "undefined", "no text encoding called 'undefined'"),
        ("delimiter", "::", "one character"),
        ("delimiter", '"', "one character"),
    ],
)
def test_senseless_option_is_a_settings_error(option: str, value: str, message: str) -> None:
    """An unknown format, encoding or quoting, or an impossible delimiter, is named with what would do."""
    with pytest.raises(SettingsError, match=message):
        read_table("rows.csv", ReadOptions(**{option: value}))


@pytest.mark.parametrize("name", ["tab", "\t", r"\t"])
def test_tab_can_be_named(tmp_path: Path, name: str) -> None:
    """A tab may be given as such, as a backslash and a t, or by name."""
    path = write(tmp_path, "rows.csv", b"a,b\tc\n1,2\t3\n")

    assert read_table(path, ReadOptions(delimiter=name)).data.to_pylist() == [{"a,b": "1,2", "c": "3"}]


def test_rows_read_are_told(tmp_path: Path) -> None:
    """`on_rows` hears how many rows were read so far, the last time of all."""
    path = write(tmp_path, "rows.csv", b"a,b\n" + b"1,2\n" * 50_001)
    told: list[int] = []

    read_table(path, on_rows=told.append)

    assert told == [50_000, 50_001]


def test_callers_own_error_passes_through(tmp_path: Path) -> None:
    """An OSError of `on_rows` is not taken for a damaged file."""

    def broken_pipe(_: int) -> None:
        raise BrokenPipeError

    path = str(tmp_path / "rows.parquet")
    parquet.write_table(pa.Table.from_pylist(ROWS), path)

    with pytest.raises(BrokenPipeError):
        read_table(path, on_rows=broken_pipe)


def test_pandas_agrees_on_a_real_dialect(tmp_path: Path) -> None:
    """What pandas wrote with its own quoting reads back as pandas reads it."""
    frame = pd.DataFrame({"text": ['say "yes"', "a,b", "two\nlines", "x"], "label": ["1", "0", "1", "00"]})
    path = str(tmp_path / "rows.csv.gz")
    frame.to_csv(path, index=False)

    table = read_table(path)

    expected = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    assert table.data.to_pylist() == expected
    assert table.source.compression == "gzip"
