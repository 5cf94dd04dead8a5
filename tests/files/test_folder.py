import hashlib
from pathlib import Path

import pyarrow as pa
import pytest
from pyarrow import dataset, ipc, parquet

from doubtcli.errors import InputError
from doubtcli.files.table import read_table
from doubtcli.records import ReadOptions


def part(folder: Path, name: str, *labels: str | None) -> Path:
    """Write one Parquet part of a single text column."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table({"label": pa.array(labels, pa.string())}), path)
    return path


def test_parts_are_read_in_order_of_name(tmp_path: Path) -> None:
    """All Parquet parts make one table; hidden files, marks of success and other files are left alone."""
    second, first = part(tmp_path, "part-1.parquet", "c"), part(tmp_path, "part-0.parquet", "a", "b")
    part(tmp_path, "_metadata.parquet", "x")
    part(tmp_path, "test/part-0.parquet", "x")
    (tmp_path / "_SUCCESS").touch()
    (tmp_path / "README.md").write_text("about")
    told: list[int] = []

    table = read_table(str(tmp_path), on_rows=told.append)

    assert table.data["label"].to_pylist() == ["a", "b", "c"]
    assert told == [2, 3]
    assert (table.source.path, table.source.format) == (str(tmp_path), "parquet")
    assert table.source.size == first.stat().st_size + second.stat().st_size


def test_folders_hash_is_of_names_and_hashes(tmp_path: Path) -> None:
    """The folder's hash covers each part's name and hash, sorted by name."""
    paths = [part(tmp_path, "a.parquet", "x"), part(tmp_path, "b.parquet", "y")]

    sha256 = read_table(str(tmp_path)).source.sha256

    lines = [f"{path.name}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n" for path in paths]
    assert sha256 == hashlib.sha256("".join(lines).encode()).hexdigest()


def test_hive_folders_add_text_columns(tmp_path: Path) -> None:
    """`key=value` folders become columns, as pyarrow's own dataset reader has them; the null word is null."""
    part(tmp_path, "lang=de/day=007/a.parquet", "x")
    part(tmp_path, "lang=a%20b/day=__HIVE_DEFAULT_PARTITION__/a.parquet", "y", "z")

    rows = read_table(str(tmp_path)).data.to_pylist()

    schema = pa.schema([("lang", pa.string()), ("day", pa.string())])
    oracle = dataset.dataset(tmp_path, partitioning=dataset.partitioning(schema, flavor="hive"))
    assert rows == oracle.to_table().to_pylist()
    assert rows[0] == {"label": "y", "lang": "a b", "day": None}


def test_parts_may_be_arrow_streams(tmp_path: Path) -> None:
    """A dataset saved by Hugging Face's library is read, notes naming the part, its cache left out."""
    table = pa.table({"label": [1, 0]})
    for name in ("data-00000-of-00001.arrow", "cache-1a2b.arrow"):
        with ipc.new_stream(tmp_path / name, table.schema) as writer:
            writer.write_table(table)
    whole = (tmp_path / "data-00000-of-00001.arrow").read_bytes()
    (tmp_path / "data-00000-of-00001.arrow").write_bytes(whole[:-8])

    read = read_table(str(tmp_path), ReadOptions(input_format="feather"))

    assert read.data.equals(table)
    assert read.source.format == "arrow"
    assert read.notes == (
        "data-00000-of-00001.arrow: the Arrow stream has no end mark: it may have been cut short",
    )


def test_codes_mean_the_same_in_every_part(tmp_path: Path) -> None:
    """Parts with dictionaries of their own are given one."""
    for name, labels in (("a.parquet", ["x", "y"]), ("b.parquet", ["y", "z"])):
        parquet.write_table(pa.table({"label": pa.array(labels).dictionary_encode()}), tmp_path / name)

    chunks = read_table(str(tmp_path)).data["label"].chunks

    assert [chunk.dictionary.to_pylist() for chunk in chunks] == [["x", "y", "z"]] * 2


def test_folder_without_parts_is_refused(tmp_path: Path) -> None:
    """A folder that holds other things lists them; an empty one says so."""
    with pytest.raises(InputError, match="no Parquet or Arrow parts in it") as empty:
        read_table(str(tmp_path))
    (tmp_path / "rows.csv").touch()
    (tmp_path / "train").mkdir()
    with pytest.raises(InputError) as other:
        read_table(str(tmp_path))

    assert empty.value.hint == "the folder is empty: name another"
    assert other.value.hint == "name one of: rows.csv, train"


def test_format_given_must_be_the_parts(tmp_path: Path) -> None:
    """A folder of Parquet can't be read as CSV."""
    part(tmp_path, "a.parquet", "x")

    with pytest.raises(InputError, match="no csv parts in it"):
        read_table(str(tmp_path), ReadOptions(input_format="csv"))


def test_mixed_formats_are_refused(tmp_path: Path) -> None:
    """Parquet and Arrow parts side by side are no one table."""
    part(tmp_path, "a.parquet", "x")
    (tmp_path / "b.arrow").touch()

    with pytest.raises(InputError, match="both Parquet and Arrow"):
        read_table(str(tmp_path))


@pytest.mark.parametrize(
    ("second", "column", "found", "expected"),
    [
        ({"label": [1], "text": ["x"]}, "label", "the part has int64", "string, as in the first part"),
        ({"text": ["x"]}, "label", "the part has no such column", "string, as in the first part"),
        (
            {"label": ["a"], "text": ["x"], "more": [1]},
            "more",
            "the part has int64",
            "no such column, as in the first part",
        ),
        ({"text": ["x"], "label": ["a"]}, None, "the part has its columns in another order", "label, text"),
    ],
)
def test_parts_must_agree(
    tmp_path: Path, second: dict[str, list[object]], column: str | None, found: str, expected: str
) -> None:
    """A part with another column, type or order is named, with what differs."""
    parquet.write_table(pa.table({"label": ["a"], "text": ["x"]}), tmp_path / "a.parquet")
    parquet.write_table(pa.table(second), tmp_path / "b.parquet")

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path))

    error = caught.value
    assert (error.where, error.column) == (str(tmp_path / "b.parquet"), column)
    assert (error.found, error.expected) == (found, expected)


def test_partition_column_must_be_new(tmp_path: Path) -> None:
    """A `key=value` folder that repeats a column of the part is refused."""
    part(tmp_path, "label=x/a.parquet", "x")

    with pytest.raises(InputError, match="more than one column is called 'label'"):
        read_table(str(tmp_path))


def test_damaged_part_is_named(tmp_path: Path) -> None:
    """A truncated part is told from its neighbours."""
    part(tmp_path, "a.parquet", "x")
    broken = part(tmp_path, "b.parquet", "y")
    broken.write_bytes(broken.read_bytes()[:-5])

    with pytest.raises(InputError, match="truncated or damaged") as caught:
        read_table(str(tmp_path))

    assert caught.value.where == str(broken)


def test_part_that_comes_meanwhile_is_a_change(tmp_path: Path) -> None:
    """A folder that grows while it is read is refused."""
    part(tmp_path, "a.parquet", "x")

    def grow(_: int) -> None:
        part(tmp_path, "b.parquet", "y")

    with pytest.raises(InputError, match="the folder changed"):
        read_table(str(tmp_path), on_rows=grow)


def test_part_that_changes_meanwhile_is_a_change(tmp_path: Path) -> None:
    """A part written again after it was read is noticed, too."""
    part(tmp_path, "a.parquet", "x")
    part(tmp_path, "b.parquet", "y")

    def rewrite(n_rows: int) -> None:
        if n_rows == 2:
            part(tmp_path, "a.parquet", "z", "z")

    with pytest.raises(InputError, match="the folder changed"):
        read_table(str(tmp_path), on_rows=rewrite)
