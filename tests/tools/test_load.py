import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import feather, parquet

from doubtcli.errors import InputError
from doubtcli.tools.load import load_records

Write = Callable[..., str]

PLAIN_ROW = {"doubt_id": "b", "text": "plain", "verdict": "y"}
WHOLE = [{"doubt_id": "a", "n": 1, "nested": {"x": ["y"]}}, {"doubt_id": "b", "n": None}]


def refusal(path: str) -> str:
    """How a file is refused."""
    with pytest.raises(InputError) as refused:
        load_records(path)
    return str(refused.value)


class TestContainers:
    """What holds the records."""

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
        """A list and lines hold the same, nested values and all."""
        assert load_records(write(text)).rows == WHOLE

    @pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
    def test_delimited(self, write: Write, mark: str) -> None:
        """What keeps the fields apart is told by them; an empty field is missing, and none is a number."""
        text = "doubt_id,verdict,time\na,007,\nb,,x\n".replace(",", mark)

        assert load_records(write(text)).rows == [
            {"doubt_id": "a", "verdict": "007", "time": None},
            {"doubt_id": "b", "verdict": None, "time": "x"},
        ]

    def test_saved_by_pandas(self, tmp_path: Path) -> None:
        """A carriage return within a field, around which pandas puts no quotes, parts no rows."""
        path = tmp_path / "saved.csv"
        rows = [{"doubt_id": "a", "text": "/*\r * why\r */", "verdict": "x"}, PLAIN_ROW]
        pd.DataFrame(rows).to_csv(path, index=False)

        found = load_records(str(path))

        assert [(row["doubt_id"], row["verdict"]) for row in found.rows] == [("a", "x"), ("b", "y")]
        assert found.notes == ("carriage returns within fields were read as blanks",)

    def test_old_line_ends(self, write: Write) -> None:
        """Where each line ends with one, it is what parts the rows."""
        assert len(load_records(write("doubt_id,verdict\ra,x\rb,y\r")).rows) == 2

    @pytest.mark.parametrize("save", [parquet.write_table, feather.write_feather])
    def test_tables(self, tmp_path: Path, save: Callable[[pa.Table, str], None]) -> None:
        """Columns with categories are read by what they mean."""
        path = str(tmp_path / "verdicts")
        save(pa.table({"id": [1, 2], "verdict": pa.array(["a", "b"]).dictionary_encode()}), path)

        assert load_records(path).rows == [{"id": 1, "verdict": "a"}, {"id": 2, "verdict": "b"}]

    def test_a_folder_of_parts(self, tmp_path: Path) -> None:
        """Parquet parts are one table."""
        for name, value in (("1.parquet", "a"), ("2.parquet", "b")):
            parquet.write_table(pa.table({"verdict": [value]}), tmp_path / name)

        assert load_records(str(tmp_path)).rows == [{"verdict": "a"}, {"verdict": "b"}]

    def test_packed(self, tmp_path: Path) -> None:
        """What is packed is unpacked."""
        path = tmp_path / "verdicts"
        path.write_bytes(gzip.compress(json.dumps(WHOLE).encode()))

        assert load_records(str(path)).rows == WHOLE

    def test_a_packed_copy_is_the_same_file(self, tmp_path: Path, write: Write) -> None:
        """It is told by its bytes unpacked; others are others."""
        plain = write(WHOLE)
        packed = tmp_path / "packed"
        packed.write_bytes(gzip.compress(Path(plain).read_bytes()))

        told = load_records(plain).sha256

        assert load_records(str(packed)).sha256 == told
        assert load_records(write(WHOLE[:1], "other")).sha256 != told

    def test_standard_input(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """It needs no name, since the shape tells all."""

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
    @settings(deadline=None)
    def test_a_list_comes_back_as_it_was_written(
        self,
        tmp_path_factory: pytest.TempPathFactory,
        rows: list[dict[str, object]],
        indent: int,
        ascii_: bool,
    ) -> None:
        """Whatever text its records hold, and however it is laid out."""
        path = tmp_path_factory.mktemp("list") / "verdicts"
        path.write_text(json.dumps(rows, indent=indent, ensure_ascii=ascii_), encoding="utf-8", newline="")

        assert load_records(str(path)).rows == rows


class TestRefusals:
    """What is half broken is one clear error."""

    @pytest.mark.parametrize(
        ("text", "place", "found"),
        [
            ('[{"a": 1}, {"b": 2', "row 2 (line 1)", "Expecting ',' delimiter"),
            ('[\n{"a": 1},\n{"b": "x', "row 2 (line 3)", "Unterminated string starting at"),
            ('[{"a": 1}', "row 1 (line 1)", "neither a comma nor the end of the list follows"),
            ('[{"a": 1},', "row 2 (line 1)", "Expecting value"),
            ("[", "row 1 (line 1)", "Expecting value"),
        ],
    )
    def test_a_list_that_ends_too_early(self, write: Write, text: str, place: str, found: str) -> None:
        """The record is named in which it ends, and what may have happened."""
        path = write(text)

        assert refusal(path) == (
            f"{path}, {place}: the JSON makes no sense here: {found}\n"
            "expected: a list of objects, such as an annotation tool exports\n"
            "to do: fetch or write the file again: it ends too early, or was edited by hand"
        )

    @pytest.mark.parametrize(
        ("text", "place", "found"),
        [
            ('["a", "b"]', "row 1 (line 1)", "a text stands there"),
            ('[{"a": 1},\n[1]]', "row 2 (line 2)", "a list stands there"),
            ('[{"a": 1}, null]', "row 2 (line 1)", "null stands there"),
            ("[true]", "row 1 (line 1)", "true or false stands there"),
            ("[1, 2]", "row 1 (line 1)", "a number stands there"),
            ('[{"a": 1} {"a": 2}]', "row 1 (line 1)", "neither a comma nor the end of the list follows"),
            ('[{"a": 1}]\n[{"a": 2}]', "line 2", "something follows the end of the list"),
            ('[{"a": 1, "a": 2}]', "row 1 (line 1)", "the key 'a' occurs more than once"),
            ("[x]", "row 1 (line 1)", "Expecting value"),
        ],
    )
    def test_a_list_of_something_else(self, write: Write, text: str, place: str, found: str) -> None:
        """The record is named, and what stands there."""
        path = write(text)

        assert refusal(path) == (
            f"{path}, {place}: the JSON makes no sense here: {found}\n"
            "expected: a list of objects, such as an annotation tool exports"
        )

    def test_half_of_a_character(self, write: Write) -> None:
        """No file of labels could hold it."""
        told = refusal(write('[{"a": "\\ud800"}]'))

        assert "row 1 (line 1): the JSON makes no sense here: 'utf-8' codec can't encode" in told

    def test_a_nest_without_a_bottom(self, write: Write) -> None:
        """It is refused, not followed."""
        assert "row 1 (line 1): the JSON makes no sense here" in refusal(write('[{"a": ' + "[" * 100_000))

    def test_a_line_that_is_no_object(self, write: Write) -> None:
        """The line is named."""
        path = write('{"a": 1}\n{"a": \n')

        assert refusal(path) == (
            f"{path}, row 2 (line 2): the line is not a JSON object: "
            "Expecting value: line 2 column 1 (char 7)\n"
            "expected: one JSON object a line"
        )

    @pytest.mark.parametrize(
        ("text", "found"),
        [("", "the file is empty"), (" \n", "the file is empty"), ("[ ]", "the list is empty")],
    )
    def test_nothing(self, write: Write, text: str, found: str) -> None:
        """A file without a record holds no verdict."""
        path = write(text)

        assert refusal(path) == f"{path}: {found}\nexpected: verdicts"

    def test_a_folder_of_something_else(self, tmp_path: Path) -> None:
        """It holds neither Argilla's records nor parts of a table."""
        (tmp_path / "x.csv").write_text("")

        assert refusal(str(tmp_path)).startswith(
            f"{tmp_path}: the folder has no Parquet or Arrow parts in it\n"
        )

    def test_no_file(self, tmp_path: Path) -> None:
        """The path is named."""
        assert refusal(str(tmp_path / "x")).startswith(f"{tmp_path / 'x'}: the file can't be read: ")

    @pytest.mark.parametrize(
        ("content", "found"),
        [
            (b"doubt_id,verdict\na,x,y\n", "the row has 3 fields"),
            (b'doubt_id,verdict\na,"x\n', "a quote that opens here is never closed"),
            (b"doubt_id,verdict\na,\xe9\xc3\xa9\n", "byte 0xE9 at offset 19 is not valid UTF-8"),
            ("doubt_id,verdict\na,x\n".encode("utf-16-le"), "the file looks binary"),
            (b"doubt_id,verdict\na,\x81\xff\n", "the text is neither UTF-8"),
        ],
    )
    def test_what_is_advised_can_be_done(self, tmp_path: Path, content: bytes, found: str) -> None:
        """Options that tell how data are to be read are none of those that take verdicts."""
        path = tmp_path / "verdicts"
        path.write_bytes(content)

        told = refusal(str(path))

        assert found in told
        assert told.endswith(
            "\nto do: save it again in UTF-8; as CSV, with quotes around fields that hold a comma, a quote "
            "or a line end"
        )

    def test_other_advice_stays(self, tmp_path: Path) -> None:
        """What looks like a workbook is one for verdicts, too."""
        (tmp_path / "v.xlsx").write_bytes(b"PK\x03\x04\0\0")

        assert "to do: it looks like an Excel workbook or a zip archive" in refusal(str(tmp_path / "v.xlsx"))

    def test_an_option_is_left_out_of_a_note(self, write: Write) -> None:
        """What it says besides stays."""
        records = load_records(write("doubt_id,verdict;x\na,y;x\n"))

        assert records.notes == ("read with the delimiter ',', but ';' would fit as well",)

    def test_a_ragged_row(self, write: Write) -> None:
        """A table that was cut off in the middle of a row."""
        assert "row 2 (line 3): the row has 1 field\n" in refusal(write("doubt_id,verdict\na,x\nb"))
