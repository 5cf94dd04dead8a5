import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather, parquet

from doubtcli.errors import InputError
from doubtcli.tools.load import SAVE_AGAIN, load_records

Write = Callable[..., str]

PLAIN_ROW = {"doubt_id": "b", "text": "plain", "verdict": "y"}
WHOLE = [{"doubt_id": "a", "n": 1, "nested": {"x": ["y"]}}, {"doubt_id": "b", "n": None}]


def refuse(path: str) -> InputError:
    """The error for a file that is refused."""
    with pytest.raises(InputError) as refused:
        load_records(path)
    return refused.value


class TestContainers:
    """All formats are read."""

    @pytest.mark.parametrize(
        "text",
        [
            json.dumps(WHOLE),
            json.dumps(WHOLE, indent=2),
            " \r\n" + json.dumps(WHOLE) + "\n\n",
            "".join(json.dumps(row) + "\n" for row in WHOLE),
            "\n" + "\r\n\r\n".join(json.dumps(row) for row in WHOLE),
            "\ufeff" + json.dumps(WHOLE),
        ],
    )
    def test_json(self, write: Write, text: str) -> None:
        """A list and lines give the same records, also with nested values."""
        assert load_records(write(text)).rows == WHOLE

    @pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
    def test_delimited(self, write: Write, mark: str) -> None:
        """The delimiter is detected; an empty field is missing, and all other values are texts."""
        text = "doubt_id,verdict,time\na,007,\nb,,x\n".replace(",", mark)

        assert load_records(write(text)).rows == [
            {"doubt_id": "a", "verdict": "007", "time": None},
            {"doubt_id": "b", "verdict": None, "time": "x"},
        ]

    def test_saved_by_pandas(self, tmp_path: Path, sentences: Any) -> None:
        """A carriage return in a field, which pandas doesn't quote, does not end the row."""
        path = tmp_path / "saved.csv"
        rows = [{"doubt_id": "a", "text": "/*\r * why\r */", "verdict": "x"}, PLAIN_ROW]
        pd.DataFrame(rows).to_csv(path, index=False)

        found = load_records(str(path))

        assert [(row["doubt_id"], row["verdict"]) for row in found.rows] == [("a", "x"), ("b", "y")]
        [note] = found.notes
        sentences.check(note)

    def test_old_line_ends(self, write: Write) -> None:
        """If all lines end with a carriage return, it separates the rows."""
        assert len(load_records(write("doubt_id,verdict\ra,x\rb,y\r")).rows) == 2

    @pytest.mark.parametrize("save", [parquet.write_table, feather.write_feather])
    def test_tables(self, tmp_path: Path, save: Callable[[pa.Table, str], None]) -> None:
        """A column of categories is read as their values."""
        path = str(tmp_path / "verdicts")
        save(pa.table({"id": [1, 2], "verdict": pa.array(["a", "b"]).dictionary_encode()}), path)

        assert load_records(path).rows == [{"id": 1, "verdict": "a"}, {"id": 2, "verdict": "b"}]

    def test_a_folder_of_parts(self, tmp_path: Path) -> None:
        """Parquet parts are one table."""
        for name, value in (("1.parquet", "a"), ("2.parquet", "b")):
            parquet.write_table(pa.table({"verdict": [value]}), tmp_path / name)

        assert load_records(str(tmp_path)).rows == [{"verdict": "a"}, {"verdict": "b"}]

    def test_compressed(self, tmp_path: Path) -> None:
        """A compressed file is decompressed."""
        path = tmp_path / "verdicts"
        path.write_bytes(gzip.compress(json.dumps(WHOLE).encode()))

        assert load_records(str(path)).rows == WHOLE

    def test_a_compressed_copy_is_the_same_file(self, tmp_path: Path, write: Write) -> None:
        """The hash is that of the decompressed bytes."""
        plain = write(WHOLE)
        packed = tmp_path / "packed"
        packed.write_bytes(gzip.compress(Path(plain).read_bytes()))

        sha256 = load_records(plain).sha256

        assert load_records(str(packed)).sha256 == sha256
        assert load_records(write(WHOLE[:1], "other")).sha256 != sha256

    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Standard input is read, too, since no file name is needed."""

        class Input:
            """Standard input."""

            buffer = io.BytesIO(json.dumps(WHOLE).encode())

        monkeypatch.setattr("sys.stdin", Input())

        found = load_records("-")

        assert (found.path, found.rows) == ("standard input", WHOLE)

    @given(
        st.lists(
            st.dictionaries(
                st.text(st.characters(codec="utf-8"), min_size=1),
                st.recursive(
                    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
                    lambda inner: st.lists(inner, max_size=2),
                    max_leaves=3,
                ),
                min_size=1,
                max_size=3,
            ),
            min_size=1,
            max_size=4,
        ),
        st.sampled_from([None, 1]),
        st.booleans(),
    )
    @settings(max_examples=30)
    def test_a_list_comes_back_as_it_was_written(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        rows: list[dict[str, object]],
        indent: int,
        ascii_: bool,
    ) -> None:
        """Any text comes back, indented or not, escaped or not."""
        path = tmp_path_factory.mktemp("list") / "verdicts"
        path.write_text(json.dumps(rows, indent=indent, ensure_ascii=ascii_), encoding="utf-8", newline="")

        assert load_records(str(path)).rows == rows


class TestRefusals:
    """A broken file gives one clear error."""

    @pytest.mark.parametrize(
        ("text", "row", "line"),
        [
            ('[{"a": 1}, {"b": 2', 2, 1),
            ('[\n{"a": 1},\n{"b": "x', 2, 3),
            ('[{"a": 1}', 1, 1),
            ('[{"a": 1},', 2, 1),
            ("[", 1, 1),
        ],
        ids=["in a record", "in a text", "after a record", "after a comma", "at the start"],
    )
    def test_a_list_that_ends_too_early(
        self, write: Write, text: str, row: int, line: int, sentences: Any
    ) -> None:
        """The error names the record in which it ends, and the likely cause."""
        path = write(text)

        error = refuse(path)

        assert (error.where, error.row, error.line) == (path, row, line)
        sentences.check(error)

    @pytest.mark.parametrize(
        ("text", "row", "line"),
        [
            ('["a", "b"]', 1, 1),
            ('[{"a": 1},\n[1]]', 2, 2),
            ('[{"a": 1}, null]', 2, 1),
            ("[true]", 1, 1),
            ("[1, 2]", 1, 1),
            ('[{"a": 1} {"a": 2}]', 1, 1),
            ('[{"a": 1}]\n[{"a": 2}]', None, 2),
            ("[x]", 1, 1),
        ],
        ids=["text", "list", "null", "true", "number", "no comma", "two lists", "no JSON"],
    )
    def test_a_list_of_other_values(
        self, write: Write, text: str, row: int | None, line: int, sentences: Any
    ) -> None:
        """The error names the record, and what it is."""
        path = write(text)

        error = refuse(path)

        assert (error.where, error.row, error.line) == (path, row, line)
        sentences.check(error)

    @pytest.mark.parametrize(
        "text",
        ['[{"a": 1, "a": 2}]', '[{"a": "\\ud800"}]', '[{"a": ' + "[" * 100_000],
        ids=["a key twice", "half of a character", "endless nesting"],
    )
    def test_a_broken_record(self, write: Write, text: str) -> None:
        """A record that can't be used is refused."""
        error = refuse(write(text))

        assert (error.row, error.line) == (1, 1)

    def test_a_line_that_is_not_an_object(self, write: Write) -> None:
        """The error names the line."""
        path = write('{"a": 1}\n{"a": \n')

        error = refuse(path)

        assert (error.where, error.row, error.line) == (path, 2, 2)

    @pytest.mark.parametrize("text", ["", " \n", "[ ]"], ids=["empty", "blank", "empty list"])
    def test_no_records(self, write: Write, text: str, sentences: Any) -> None:
        """A file without a record is refused."""
        path = write(text)

        error = refuse(path)

        assert error.where == path
        sentences.check(error)

    def test_a_folder_without_records(self, tmp_path: Path) -> None:
        """A folder without Argilla's records and without parts of a table is refused."""
        (tmp_path / "x.csv").write_text("")

        assert refuse(str(tmp_path)).where == str(tmp_path)

    def test_no_file(self, tmp_path: Path) -> None:
        """The error names the path."""
        assert refuse(str(tmp_path / "x")).where == str(tmp_path / "x")

    @pytest.mark.parametrize(
        "content",
        [
            b"doubt_id,verdict\na,x,y\n",
            b'doubt_id,verdict\na,"x\n',
            b"doubt_id,verdict\na,\xe9\xc3\xa9\n",
            "doubt_id,verdict\na,x\n".encode("utf-16-le"),
            b"doubt_id,verdict\na,\x81\xff\n",
        ],
        ids=["fields", "quote", "UTF-8", "binary", "encoding"],
    )
    def test_hints_name_no_option(self, tmp_path: Path, content: bytes, sentences: Any) -> None:
        """Hints on options for reading data are replaced, since verdicts have no such options."""
        path = tmp_path / "verdicts"
        path.write_bytes(content)

        error = refuse(str(path))

        assert error.hint == SAVE_AGAIN
        sentences.check(error.hint)

    def test_other_hints_are_kept(self, tmp_path: Path) -> None:
        """A hint without an option stays: this is packed in a way that is not read."""
        (tmp_path / "v.csv.xz").write_bytes(b"\xfd7zXZ\0\0\0")

        hint = refuse(str(tmp_path / "v.csv.xz")).hint

        assert hint
        assert hint != SAVE_AGAIN

    def test_an_option_is_removed_from_a_note(self, write: Write) -> None:
        """The rest of the note stays."""
        [note] = load_records(write("doubt_id,verdict;x\na,y;x\n")).notes

        assert "';'" in note
        assert "--" not in note

    def test_a_row_that_is_cut_off(self, write: Write) -> None:
        """The error names the row with missing fields."""
        error = refuse(write("doubt_id,verdict\na,x\nb"))

        assert (error.row, error.line) == (2, 3)
