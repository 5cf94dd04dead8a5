from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import dataset, feather, ipc, parquet

from doubtcli.errors import InputError, OutputError, SettingsError
from doubtcli.files.table import check_unchanged, read_table, sha256_of
from doubtcli.files.values import drop_rows
from doubtcli.records import ReadOptions, Source, Table
from doubtcli.records.file_format import Changes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sentences

CSV = b"id,text,label\n007,NA,ham\n008,,spam\n"
ROWS = [{"id": "007", "text": "NA", "label": "ham"}, {"id": "008", "text": None, "label": "spam"}]


def write(folder: Path, name: str, content: bytes) -> str:
    """The path of a new file with this content."""
    path = folder / name
    path.write_bytes(content)
    return str(path)


def arrow_stream(table: pa.Table) -> bytes:
    """The table as an Arrow IPC stream."""
    sink = io.BytesIO()
    with ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def test_csv_values_are_not_changed(tmp_path: Path) -> None:
    """`007` stays `007`, `NA` stays a word, and an empty field is null."""
    path = write(tmp_path, "rows.csv", CSV)

    table = read_table(path)

    assert table.data.to_pylist() == ROWS
    assert table.notes == ()


def test_source_has_what_was_read(tmp_path: Path) -> None:
    """The source has path, format, size, hash, and how the file is written."""
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
        quoting="minimal",
        lead_lines=0,
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
    """A known ending decides on the format, else the first bytes do."""
    path = write(tmp_path, name, content)

    table = read_table(path)

    assert table.source.format == format_
    assert table.data.to_pylist() == ROWS


@pytest.mark.parametrize("name", ["rows.parquet", "rows.pq", "rows.feather", "rows", "rows.dat"])
def test_columnar_files_are_recognised_by_ending_or_first_bytes(tmp_path: Path, name: str) -> None:
    """Parquet and Feather are read under any name."""
    path = str(tmp_path / name)
    table = pa.Table.from_pylist(ROWS)
    write_table = feather.write_feather if name in {"rows.feather", "rows"} else parquet.write_table
    write_table(table, path)

    read = read_table(path)

    assert read.data.equals(table)
    assert read.source.encoding is None


@pytest.mark.parametrize("name", ["rows.json", "rows", "rows.jsonl.gz"])
def test_json_array_is_recognised(tmp_path: Path, name: str) -> None:
    """A JSON array of objects is read under any name."""
    path = write(tmp_path, name, json.dumps(ROWS, indent=1).encode())

    assert read_table(path).data.to_pylist() == ROWS


def test_input_format_overrides_the_ending(tmp_path: Path) -> None:
    """`input_format` goes before the ending of the name."""
    path = write(tmp_path, "rows.jsonl", CSV)

    assert read_table(path, ReadOptions(input_format="csv")).data.to_pylist() == ROWS


def test_standard_input_is_read_like_a_file() -> None:
    """The path "-" reads the stream given as `stdin`."""
    table = read_table("-", ReadOptions(input_format="csv"), stdin=io.BytesIO(CSV))

    assert table.data.to_pylist() == ROWS
    assert (table.source.path, table.source.size) == ("-", 35)


def test_standard_input_takes_parquet() -> None:
    """Formats that are not read from start to end can be piped in, too."""
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(ROWS), sink)

    table = read_table("-", ReadOptions(input_format="parquet"), stdin=io.BytesIO(sink.getvalue()))

    assert table.data.to_pylist() == ROWS


def test_standard_input_needs_a_format(sentences: Sentences) -> None:
    """Without a format, "-" is refused; the hint lists the formats."""
    with pytest.raises(InputError) as caught:
        read_table("-", stdin=io.BytesIO(CSV))

    assert caught.value.where == "-"
    sentences.check(caught.value)


@pytest.mark.parametrize("name", ["empty.csv", "empty.jsonl", "empty.parquet", "empty.arrow"])
def test_empty_file_is_refused(tmp_path: Path, name: str, sentences: Sentences) -> None:
    """A file without bytes is refused as empty, in any format."""
    with pytest.raises(InputError) as caught:
        read_table(write(tmp_path, name, b""))

    sentences.check(caught.value)


@pytest.mark.parametrize(
    ("name", "content"),
    [("rows.csv", b"text,label\n"), ("rows.jsonl", b"{}\n"), ("rows.csv", b"text,label")],
    ids=["header", "no keys", "header without a line end"],
)
def test_table_without_rows_or_columns_is_refused(
    tmp_path: Path, name: str, content: bytes, sentences: Sentences
) -> None:
    """A header alone, or rows without any key, is refused."""
    with pytest.raises(InputError) as caught:
        read_table(write(tmp_path, name, content))

    sentences.check(caught.value)


@pytest.mark.parametrize(
    ("option", "value", "nearest"),
    [
        ("input_format", "jsonlines", "'jsonl'"),
        ("input_format", "xls", ""),
        ("quoting", "never", ""),
        ("encoding", "utf-7777", ""),
        ("encoding", "latin1x", "'latin1'"),
        ("encoding", "rot13", ""),
        ("encoding", "undefined", ""),
        ("delimiter", "::", ""),
        ("delimiter", '"', ""),
    ],
)
def test_option_that_is_not_valid(option: str, value: str, nearest: str, sentences: Sentences) -> None:
    """An unknown format, encoding or quoting, or an impossible delimiter, is refused with what is valid."""
    with pytest.raises(SettingsError) as caught:
        read_table("rows.csv", ReadOptions(**{option: value}))

    assert caught.value.where == f"--{option.replace('_', '-')}"
    assert repr(value) in caught.value.found
    assert nearest in str(caught.value.hint)
    if option != "encoding" or nearest:  # Python's list of encodings differs between versions
        sentences.check(caught.value)


@pytest.mark.parametrize("name", ["tab", "\t", r"\t"])
def test_tab_can_be_named(tmp_path: Path, name: str) -> None:
    """A tab may be given as a tab, as a backslash and a t, or by name."""
    path = write(tmp_path, "rows.csv", b"a,b\tc\n1,2\t3\n")

    assert read_table(path, ReadOptions(delimiter=name)).data.to_pylist() == [{"a,b": "1,2", "c": "3"}]


def test_rows_read_are_counted(tmp_path: Path) -> None:
    """`on_rows` is called with the number of rows read so far, the last time with all."""
    path = write(tmp_path, "rows.csv", b"a,b\n" + b"1,2\n" * 50_001 + b",\n")
    counts: list[int] = []

    read_table(path, on_rows=counts.append)

    assert counts == [50_000, 50_001]


def test_callers_own_error_passes_through(tmp_path: Path) -> None:
    """An OSError of `on_rows` is not taken for a damaged file."""

    def broken_pipe(_: int) -> None:
        raise BrokenPipeError

    path = str(tmp_path / "rows.parquet")
    parquet.write_table(pa.Table.from_pylist(ROWS), path)

    with pytest.raises(BrokenPipeError):
        read_table(path, on_rows=broken_pipe)


def test_pandas_agrees_on_a_real_dialect(tmp_path: Path) -> None:
    """What pandas wrote with its own quoting is read as pandas reads it."""
    frame = pd.DataFrame({"text": ['say "yes"', "a,b", "two\nlines", "x"], "label": ["1", "0", "1", "00"]})
    path = str(tmp_path / "rows.csv.gz")
    frame.to_csv(path, index=False)

    table = read_table(path)

    expected = pd.read_csv(path, dtype=str, keep_default_na=False).to_dict("records")
    assert table.data.to_pylist() == expected
    assert table.source.compression == "gzip"


# ---------------------------------------------------------- a folder of parts


def part(folder: Path, name: str, *labels: str | None) -> Path:
    """Write one Parquet part of a single text column."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table({"label": pa.array(labels, pa.string())}), path)
    return path


def test_parts_are_read_in_order_of_name(tmp_path: Path) -> None:
    """All Parquet parts make one table; hidden files, Spark's marks and other files are ignored."""
    second, first = part(tmp_path, "part-1.parquet", "c"), part(tmp_path, "part-0.parquet", "a", "b")
    part(tmp_path, "_metadata.parquet", "x")
    part(tmp_path, "test/part-0.parquet", "x")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "README.md").write_text("about")
    counts: list[int] = []

    table = read_table(str(tmp_path), on_rows=counts.append)

    assert table.data["label"].to_pylist() == ["a", "b", "c"]
    assert counts == [2, 3]
    assert (table.source.path, table.source.format) == (str(tmp_path), "parquet")
    assert table.source.size == first.stat().st_size + second.stat().st_size


def test_folders_hash_is_of_names_and_hashes(tmp_path: Path) -> None:
    """The folder's hash covers each part's name and hash, sorted by name."""
    paths = [part(tmp_path, "a.parquet", "x"), part(tmp_path, "b.parquet", "y")]

    sha256 = read_table(str(tmp_path)).source.sha256

    lines = [f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in paths]
    assert sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_hive_folders_add_text_columns(tmp_path: Path) -> None:
    """`key=value` folders become columns, as in pyarrow's own dataset reader; the word for null is null."""
    part(tmp_path, "lang=de/day=007/a.parquet", "x")
    part(tmp_path, "lang=a%20b/day=__HIVE_DEFAULT_PARTITION__/a.parquet", "y", "z")

    rows = read_table(str(tmp_path)).data.to_pylist()

    schema = pa.schema([("lang", pa.string()), ("day", pa.string())])
    oracle = dataset.dataset(tmp_path, partitioning=dataset.partitioning(schema, flavor="hive"))
    assert rows == oracle.to_table().to_pylist()
    assert rows[0] == {"label": "y", "lang": "a b", "day": None}


def test_parts_may_be_arrow_streams(tmp_path: Path) -> None:
    """A dataset saved by Hugging Face's library is read, without its cache; notes name the part."""
    table = pa.table({"label": [1, 0]})
    for name in ("data-00000-of-00001.arrow", "cache-1a2b.arrow"):
        with ipc.new_stream(tmp_path / name, table.schema) as writer:
            writer.write_table(table)
    whole = (tmp_path / "data-00000-of-00001.arrow").read_bytes()
    (tmp_path / "data-00000-of-00001.arrow").write_bytes(whole[:-8])

    read = read_table(str(tmp_path), ReadOptions(input_format="feather"))

    assert read.data.equals(table)
    assert read.source.format == "arrow"
    (note,) = read.notes
    assert note.startswith("data-00000-of-00001.arrow: ")


def test_codes_mean_the_same_in_every_part(tmp_path: Path) -> None:
    """Parts with different dictionaries get a common one."""
    for name, labels in (("a.parquet", ["x", "y"]), ("b.parquet", ["y", "z"])):
        parquet.write_table(pa.table({"label": pa.array(labels).dictionary_encode()}), tmp_path / name)

    chunks = read_table(str(tmp_path)).data["label"].chunks

    assert [chunk.dictionary.to_pylist() for chunk in chunks] == [["x", "y", "z"]] * 2


def test_doubts_of_an_audit_are_no_data(tmp_path: Path, sentences: Sentences) -> None:
    """The doubts of an audit without its audit.json are refused, as a folder and as a file."""
    names = ("row_id", "row", "given_label", "suggested_label", "doubt", "rank", "doubted", "reasons", "why")
    folder = tmp_path / "rows.doubt"
    folder.mkdir()
    pq.write_table(pa.table({name: ["a", "b"] for name in names}), folder / "doubts.parquet")

    for path in (folder, folder / "doubts.parquet"):
        with pytest.raises(InputError) as caught:
            read_table(str(path))
        assert caught.value.where == str(path)
        sentences.check(caught.value)


def test_folder_without_parts_is_refused(tmp_path: Path, sentences: Sentences) -> None:
    """An empty folder and one with other files are refused; the hint lists the files."""
    with pytest.raises(InputError) as empty:
        read_table(str(tmp_path))
    (tmp_path / "rows.csv").touch()
    (tmp_path / "train").mkdir()
    with pytest.raises(InputError) as other:
        read_table(str(tmp_path))

    sentences.check(empty.value)
    sentences.check(other.value)


def test_format_given_must_be_the_parts(tmp_path: Path, sentences: Sentences) -> None:
    """A folder of Parquet can't be read as CSV."""
    part(tmp_path, "a.parquet", "x")

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path), ReadOptions(input_format="csv"))

    sentences.check(caught.value)


def test_mixed_formats_are_refused(tmp_path: Path, sentences: Sentences) -> None:
    """A folder with both Parquet and Arrow parts is refused."""
    part(tmp_path, "a.parquet", "x")
    (tmp_path / "b.arrow").touch()

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path))

    sentences.check(caught.value)


@pytest.mark.parametrize(
    ("second", "column"),
    [
        ({"label": [1], "text": ["x"]}, "label"),
        ({"text": ["x"]}, "label"),
        ({"label": ["a"], "text": ["x"], "more": [1]}, "more"),
        ({"text": ["x"], "label": ["a"]}, None),
    ],
    ids=["another type", "missing column", "new column", "another order"],
)
def test_parts_must_have_the_same_columns(
    tmp_path: Path, second: dict[str, list[object]], column: str | None, sentences: Sentences
) -> None:
    """A part with another column, type or order is named, with what differs."""
    parquet.write_table(pa.table({"label": ["a"], "text": ["x"]}), tmp_path / "a.parquet")
    parquet.write_table(pa.table(second), tmp_path / "b.parquet")

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path))

    error = caught.value
    assert (error.where, error.column) == (str(tmp_path / "b.parquet"), column)
    sentences.check(error)


def test_partition_column_must_be_new(tmp_path: Path) -> None:
    """A `key=value` folder with the name of a column in the part is refused."""
    part(tmp_path, "label=x/a.parquet", "x")

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path))

    assert caught.value.column == "label"


def test_damaged_part_is_named(tmp_path: Path) -> None:
    """A truncated part is refused by its own name."""
    part(tmp_path, "a.parquet", "x")
    broken = part(tmp_path, "b.parquet", "y")
    broken.write_bytes(broken.read_bytes()[:-5])

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path))

    assert caught.value.where == str(broken)


def test_part_that_is_added_meanwhile_is_a_change(tmp_path: Path, sentences: Sentences) -> None:
    """A folder that gets another part while it is read is refused."""
    part(tmp_path, "a.parquet", "x")

    def grow(_: int) -> None:
        part(tmp_path, "b.parquet", "y")

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path), on_rows=grow)

    assert caught.value.where == str(tmp_path)
    sentences.check(caught.value)


def test_part_that_changes_meanwhile_is_a_change(tmp_path: Path) -> None:
    """A folder with a part that is written again after it was read is refused."""
    part(tmp_path, "a.parquet", "x")
    part(tmp_path, "b.parquet", "y")

    def rewrite(n_rows: int) -> None:
        if n_rows == 2:
            part(tmp_path, "a.parquet", "z", "z")

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path), on_rows=rewrite)

    assert caught.value.where == str(tmp_path)


# --------------------------------------------------------------------- hashes


def test_of_a_file(tmp_path: Path) -> None:
    """The hash of a file is that of its bytes, as from `sha256sum`."""
    (tmp_path / "a.csv").write_bytes(b"abc")

    # FIPS 180-2, appendix B.1
    assert sha256_of(str(tmp_path / "a.csv")) == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_of_a_folder(tmp_path: Path) -> None:
    """The hash of a folder of parts is that of its table's source, and changes with a part's name."""
    for name in ("a", "b"):
        pq.write_table(pa.table({"text": [name], "label": ["x"]}), tmp_path / f"{name}.parquet")

    before = sha256_of(str(tmp_path))

    assert before == read_table(str(tmp_path)).source.sha256
    (tmp_path / "b.parquet").rename(tmp_path / "c.parquet")
    assert sha256_of(str(tmp_path)) == read_table(str(tmp_path)).source.sha256 != before


def test_of_nothing(tmp_path: Path) -> None:
    """A file that doesn't exist is an error."""
    with pytest.raises(InputError) as caught:
        sha256_of(str(tmp_path / "none.csv"))

    assert caught.value.where == str(tmp_path / "none.csv")


# ----------------------------------------------------------- a rewritten file


SOURCES = {
    "csv": Source("data.csv", "csv", 0, "", None, "utf-8", ","),
    "jsonl": Source("data.jsonl", "jsonl", 0, "", None, "utf-8"),
    "parquet": Source("data.parquet", "parquet", 0, ""),
}


def stored(format_: str, labels: list[Any], texts: list[str] | None = None, **extra: Any) -> bytes:
    """A file of texts and labels."""
    texts = texts or [f"t{row}" for row in range(len(labels))]
    table = pa.table({"t": texts, "label": labels, **extra})
    if format_ == "parquet":
        sink = io.BytesIO()
        pq.write_table(table, sink)
        return sink.getvalue()
    if format_ == "csv":
        return "".join(
            ["t,label\n", *(f"{text},{label}\n" for text, label in zip(texts, labels, strict=True))]
        ).encode()
    return "".join(json.dumps(row) + "\n" for row in table.to_pylist()).encode()


def read(format_: str, content: bytes) -> Table:
    """The table of a file."""
    source = SOURCES[format_]
    return replace(read_table("-", source.read_options(), stdin=io.BytesIO(content)), source=source)


def check(format_: str, before: bytes, after: bytes, labels: dict[int, Any], **changes: Any) -> None:
    """Compare a file with its rewritten version."""
    check_unchanged(read(format_, before), before, after, Changes("label", labels, **changes))


@pytest.mark.parametrize("format_", SOURCES)
def test_as_it_should_be(format_: str) -> None:
    """Intended labels, and rows that were intentionally dropped and added, are not an error."""
    before = stored(format_, ["x", "y", "x", "y"])
    after = stored(format_, ["y", "new", "y", "z"], ["t0", "t1", "t3", "t4"])

    check(format_, before, after, {0: 1, 1: "new"}, dropped={2}, added={3})


@pytest.mark.parametrize("format_", SOURCES)
@pytest.mark.parametrize(
    ("labels", "texts", "changes"),
    [
        (["y", "y", "x"], None, {}),
        (["x", "z", "x"], None, {}),
        (["x", "x", "x"], ["t0", "t1", "other"], {}),
        (["x", "x"], None, {}),
        (["x", "x", "x", "x"], None, {}),
        (["x", "x", "x"], None, {"dropped": {2}}),
    ],
    ids=["another label", "the wrong label", "another text", "a row less", "a row more", "a row that stays"],
)
def test_anything_else(
    format_: str,
    labels: list[str],
    texts: list[str] | None,
    changes: dict[str, Any],
    sentences: Sentences,
) -> None:
    """All other differences are refused: in a label, a text or a row."""
    before, after = stored(format_, ["x", "y", "x"]), stored(format_, labels, texts)

    with pytest.raises(OutputError) as caught:
        check(format_, before, after, {1: "x"}, **changes)

    assert caught.value.where == SOURCES[format_].path
    if format_ == "csv":
        sentences.check(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")
@pytest.mark.parametrize("format_", SOURCES)
def test_no_space_to_read_back(format_: str, sentences: Sentences) -> None:
    """If there is no space to read the rewritten file back, the error names the file, with a hint."""
    import resource

    content = stored(format_, ["x", "y"])
    table = read(format_, content)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)

    resource.setrlimit(resource.RLIMIT_FSIZE, (5, limits[1]))
    try:
        with pytest.raises(InputError) as caught:
            check_unchanged(table, content, content, Changes("label", {}))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    assert caught.value.where == SOURCES[format_].path
    sentences.check(caught.value)


@pytest.mark.parametrize("format_", SOURCES)
def test_any_label(format_: str) -> None:
    """Where any label is allowed, only the rest is compared."""
    before, after = stored(format_, ["x", "y"]), stored(format_, ["x", "z"])

    check(format_, before, after, {1: None})


@pytest.mark.parametrize("format_", ["jsonl", "parquet"])
@pytest.mark.parametrize(
    ("labels", "wanted", "value"),
    [([1, 2], "3", 3), ([1.0, 2.0], "2.50", 2.5), ([1.0, 2.0], "3.0", 3.0), ([True, False], "true", True)],
)
def test_labels_of_a_type(format_: str, labels: list[Any], wanted: str, value: object) -> None:
    """A label as text is compared as a value of the column's type."""
    check(format_, stored(format_, labels), stored(format_, [labels[0], value]), {1: wanted})

    with pytest.raises(OutputError):
        check(format_, stored(format_, labels), stored(format_, labels), {1: wanted})


def test_not_a_number() -> None:
    """NaN is not equal to NaN, but counts as unchanged."""
    before, after = (stored("parquet", labels, n=[float("nan"), 1.0]) for labels in (["x", "y"], ["y", "y"]))

    check("parquet", before, after, {0: "y"})


def test_other_schema(sentences: Sentences) -> None:
    """Columns of another type, or other metadata, are refused."""
    before, after = stored("parquet", ["x", "y"], n=[1, 2]), stored("parquet", ["x", "y"], n=[1.0, 2.0])

    with pytest.raises(OutputError) as caught:
        check("parquet", before, after, {})

    assert caught.value.where == SOURCES["parquet"].path
    sentences.check(caught.value)


@pytest.mark.parametrize("after", [b't,label\n"t0,x\n', b"t,label\nt0,\xff\n", b"t,label\n"])
def test_no_longer_readable(after: bytes) -> None:
    """A rewritten file that can't be read is refused."""
    with pytest.raises(OutputError) as caught:
        check("csv", stored("csv", ["x"]), after, {})

    assert caught.value.where == SOURCES["csv"].path


def test_lines_no_longer_readable() -> None:
    """Lines that are not JSON are refused, and bytes that are not in the encoding."""
    for after in (b'{"label": "x"\n', b'{"label": "\xff"}\n'):
        with pytest.raises(OutputError) as caught:
            check("jsonl", stored("jsonl", ["x"]), after, {})
        assert caught.value.where == SOURCES["jsonl"].path


def test_packed() -> None:
    """Compressed files are compared unpacked."""
    before, after = (gzip.compress(stored("csv", labels)) for labels in (["x", "y"], ["y", "y"]))

    check("csv", before, after, {0: "y"})


@pytest.mark.parametrize(("rows", "left"), [((), [0, 1, 2]), ((0,), [1, 2]), ((2, 1), [0]), ((0, 1, 2), [])])
def test_without_rows(rows: tuple[int, ...], left: list[int]) -> None:
    """The other rows stay, also in columns of types that can't be filtered."""
    table = pa.table({"n": [0, 1, 2], "t": pa.array(["a", "b", "c"], pa.string_view())})

    assert drop_rows(table, rows).column("n").to_pylist() == left


# ------------------------------------------------------- folders of Hugging Face


def test_folders_with_parts_are_proposed(tmp_path: Path, sentences: Sentences) -> None:
    """A folder whose folders have parts, as splits do and the hub's cache, is refused with their names."""
    for name in ("test", "snapshots/ab/data"):
        (tmp_path / "d" / name).mkdir(parents=True)
        pq.write_table(pa.table({"label": ["a"]}), tmp_path / "d" / name / "data-00000-of-00001.parquet")

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / "d"))

    names = str(caught.value.hint).partition(": ")[2].split(", ")
    assert names == [str(tmp_path / "d" / "test"), str(tmp_path / "d" / "snapshots" / "ab" / "data")]
    sentences.check(caught.value.found)


def test_parts_of_several_splits_are_noted(tmp_path: Path, sentences: Sentences) -> None:
    """Parts that are named for several splits are read as one table, and a note says so."""
    for split in ("train", "test"):
        pq.write_table(pa.table({"label": [split]}), tmp_path / f"{split}-00000-of-00001.parquet")

    table = read_table(str(tmp_path))

    assert table.data["label"].to_pylist() == ["test", "train"]
    sentences.check("\n".join(table.notes))
