from __future__ import annotations

import json
import runpy
import sys
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from doubtcli.errors import InputError
from doubtcli.records.answers import Answer
from doubtcli.tools.argilla import Argilla
from doubtcli.tools.read import read_answers

if TYPE_CHECKING:
    from tests.conftest import Case


RECORDS, SETTINGS, DATASET = "records.json", ".argilla/settings.json", ".argilla/dataset.json"


def test_record(tickets: Case, first: dict[str, Any]) -> None:
    """A record has its id, shows text and card, and has our keys as metadata."""
    records = tickets.files("argilla")[RECORDS]

    assert records[0] == {
        "id": "t1",
        "fields": {"text": "Where is\nmy parcel?", "doubt_card": "age: 1.5"},
        "metadata": {
            **first,
            "doubt_reasons": ["low-self-confidence", "duplicate-conflict"],
            "doubt_place": 1,
        },
        "suggestions": {"label": {"value": "delivery", "score": 0.97, "agent": "doubt/low-self-confidence"}},
        "responses": {},
        "vectors": {},
        "status": "pending",
        "_server_id": None,
    }


def test_order(tickets: Case) -> None:
    """Each record has its place in the queue, since Argilla doesn't keep the order."""
    records = tickets.files("argilla")[RECORDS]

    assert [record["metadata"]["doubt_place"] for record in records] == [1, 2, 3]
    assert any("doubt_place" in step for step in Argilla().how_to_import(tickets.queue()))


def test_nothing_is_null(tickets: Case) -> None:
    """Missing metadata are left out, and a row without a better label has no suggestion."""
    records = tickets.files("argilla")[RECORDS]

    assert "zip" not in records[1]["metadata"]
    assert None not in records[1]["metadata"].values()
    assert records[1]["suggestions"] == {}


def test_missing_texts(tickets: Case) -> None:
    """A text is never empty."""
    empty = replace(tickets, data={**tickets.data, "text": [None, "", "a", "b", "c"]})

    records = empty.files("argilla")[RECORDS]

    assert [record["fields"]["text"] for record in records] == ["(missing)", "(missing)", "a"]


def test_agent_without_reasons(images: Case) -> None:
    """The agent of a suggestion without a single reason is doubt."""
    records = images.files("argilla")[RECORDS]

    assert records[2]["suggestions"]["label"]["agent"] == "doubt"


def test_images(images: Case) -> None:
    """Each image is a separate field; a missing one is left out."""
    files = images.files("argilla")

    records, settings = files[RECORDS], files[SETTINGS]

    assert [record["fields"].get("image") for record in records] == [
        "cats/a b#1.png",
        "https://example.org/b.jpg?size=3",
        None,
    ]
    assert [(field["name"], field["type"]) for field in settings["fields"]] == [
        ("image", "image"),
        ("doubt_card", "text"),
    ]
    assert any("from_disk" in step for step in Argilla().how_to_import(images.queue())[-1:])


@pytest.mark.parametrize(
    ("data", "roles", "required"),
    [
        ({"a": ["x"], "b": [1]}, {"a": "text", "b": "numeric"}, {"text": True, "doubt_card": True}),
        ({"a": ["x.png"], "b": [1]}, {"a": "text", "b": "numeric"}, {"image": False, "doubt_card": True}),
        ({"a": ["x.png"], "b": ["y.png"]}, {"a": "text", "b": "text"}, {"image": True, "image_2": False}),
    ],
)
def test_one_field_is_required(
    case: type[Case], data: dict[str, Any], roles: dict[str, str], required: dict[str, bool]
) -> None:
    """Argilla wants a required field: it is one that all rows have."""
    settings = case(rows=[{}], data=data, roles=roles).files("argilla")[SETTINGS]

    assert {field["name"]: field["required"] for field in settings["fields"]} == required


def test_settings(tickets: Case) -> None:
    """All labels are options; metadata for sorting and filtering are declared."""
    files = tickets.files("argilla")

    settings, dataset = files[SETTINGS], files[DATASET]

    question, comment = settings["questions"]
    assert question["settings"]["options"] == [
        {"text": name, "value": name} for name in ("billing", "bug", "delivery")
    ]
    assert (question["name"], question["required"], comment["required"]) == ("label", True, False)
    assert {item["name"]: item["settings"]["type"] for item in settings["metadata"]} == {
        "doubt_place": "integer",
        "doubt_score": "float",
        "doubt_reasons": "terms",
        "given_label": "terms",
        "doubt_suggested": "terms",
        "doubt_strategy": "terms",
    }
    assert settings["allow_extra_metadata"] is dataset["allow_extra_metadata"] is True
    assert settings["fields"][0]["title"] == "text"


def test_shape_of_real_settings(tickets: Case) -> None:
    """Each part has the keys that Argilla 2.8.0 writes for it."""
    settings = tickets.files("argilla")[SETTINGS]

    stamps = {"id", "inserted_at", "updated_at", "dataset_id", "name", "title", "settings"}
    assert set(settings) == {
        *("guidelines", "questions", "fields", "vectors", "metadata", "allow_extra_metadata"),
        *("distribution", "mapping"),
    }
    assert (
        set(settings["questions"][0])
        == set(settings["fields"][0])
        == stamps | {"description", "required", "type"}
    )
    assert set(settings["metadata"][0]) == stamps | {"visible_for_annotators"}


class Client:
    """A fake of Argilla's client, with one data set of one record."""

    def __init__(self, *, api_url: str, api_key: str) -> None:
        assert api_url
        assert api_key
        self.records = self

    def datasets(self, name: str, *, workspace: str) -> Client:
        """The data set, which is also its records."""
        assert (name, workspace) == ("doubt_queue", "YOUR WORKSPACE")
        return self

    def to_list(self, *, flatten: bool) -> list[dict[str, Any]]:
        """The record."""
        return [{"id": "t1", "flat": flatten}]


def test_export_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The export script runs by itself, and writes the file that the instructions name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "argilla", SimpleNamespace(Argilla=Client))
    lines = [step.removeprefix("    ") for step in Argilla().how_to_export if step.startswith("    ")]
    Path("back.py").write_text("\n".join(lines), encoding="utf-8")

    runpy.run_path("back.py")

    assert json.loads(Path(Argilla.answers_file).read_text(encoding="utf-8")) == [{"id": "t1", "flat": True}]


def test_ascii(images: Case) -> None:
    """The files are ASCII, since Argilla reads them in the machine's encoding."""
    assert all(content.isascii() for content in Argilla().hand_out(images.queue()).values())


def test_many_labels(tickets: Case) -> None:
    """The instructions mention a limit of the server only if there are more labels."""
    many = replace(tickets, class_names=tuple(f"c{n}" for n in range(501))).queue()

    assert any("MAX_ITEMS" in step for step in Argilla().how_to_import(many))
    assert not any("MAX_ITEMS" in step for step in Argilla().how_to_import(tickets.queue()))


Write = Callable[..., str]

ONE, TWO = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
NESTED: dict[str, Any] = {
    "id": "a",
    "fields": {"text": "hi"},
    "metadata": {"given_label": "ham"},
    "suggestions": {},
    "responses": {"label": [{"value": "spam", "user_id": "ana"}]},
    "status": "completed",
}
FLAT: dict[str, Any] = {
    "id": "a",
    "status": "pending",
    "_server_id": None,
    "given_label": "ham",
    "label.responses": ["spam"],
    "label.responses.users": ["ana"],
    "label.responses.status": ["submitted"],
}


def refuse(path: str) -> InputError:
    """The error for a file that is refused."""
    with pytest.raises(InputError) as refused:
        read_answers(path)
    return refused.value


class TestRecorded:
    """Exports that the package wrote are read."""

    def test_flat(self, exports: Path) -> None:
        """Each response has its status, and the comment of the same person."""
        path = str(exports / "argilla-flat.json")

        found = read_answers(path)

        about: dict[str, Any] = {
            "given_label": "positive",
            "duplicates": ("row-8", "row-9"),
            "tool": "argilla",
            "column": "label",
            "file": path,
        }
        assert (found.tool, found.notes) == ("argilla", ())
        assert found.answers == (
            Answer(1, "row-1", "negative", annotator=ONE, why="it is bad", **about),
            Answer(1, "row-1", "positive", status="draft", annotator=TWO, **about),
            Answer(2, "row-2", "positive", status="discarded", annotator=ONE, **about),
            Answer(3, "row-3", **about),
        )

    def test_nested(self, exports: Path, sentences: Any) -> None:
        """Without the status of responses, those of completed records count, as a note says."""
        found = read_answers(str(exports / "argilla.json"))

        assert [(one.row_id, one.verdict, one.status, one.why) for one in found.answers] == [
            ("row-1", "negative", "", "it is bad"),
            ("row-1", "positive", "", ""),
            ("row-2", "positive", "unsubmitted", ""),
            ("row-3", "", "", ""),
        ]
        [note] = found.notes
        sentences.check(note)

    def test_a_folder(self, exports: Path, tmp_path: Path) -> None:
        """A folder that `to_disk` wrote is read; the path is that of the file in it."""
        (tmp_path / "records.json").write_bytes((exports / "argilla.json").read_bytes())

        found = read_answers(str(tmp_path))

        assert (found.path, len(found.answers)) == (str(tmp_path / "records.json"), 4)


class TestShapes:
    """The same records in other files."""

    def test_flat_records_in_a_table(self, tmp_path: Path) -> None:
        """A data frame of records keeps its lists."""
        path = tmp_path / "records"
        parquet.write_table(pa.Table.from_pylist([FLAT]), path)

        [found] = read_answers(str(path)).answers

        assert (found.row_id, found.verdict, found.annotator) == ("a", "spam", "ana")

    def test_flat_records_line_by_line(self, write: Write) -> None:
        """JSON Lines hold the same records."""
        [found] = read_answers(write(json.dumps(FLAT) + "\n")).answers

        assert found.verdict == "spam"

    def test_an_id_column_of_the_users_does_not_hide_ours(self, write: Write) -> None:
        """In a flat export, a user's column "id" replaces the record's id, but not `doubt_id`."""
        [found] = read_answers(write([FLAT | {"id": "17", "doubt_id": "a"}])).answers

        assert found.row_id == "a"

    @pytest.mark.parametrize("value", [["spam", "ham"], ["spam", "ham", "spam"]])
    def test_several_labels(self, write: Write, value: list[str]) -> None:
        """A question for several labels gives a list."""
        nested = deepcopy(NESTED)
        nested["responses"]["label"][0]["value"] = value

        [found] = read_answers(write([nested])).answers

        assert (found.verdict, found.other_verdicts[0]) == ("spam", "ham")

    @pytest.mark.parametrize(
        "record",
        [
            NESTED | {"responses": {"comment": [{"value": "hm", "user_id": "ana"}]}},
            {
                "id": "a",
                "_server_id": None,
                "comment.responses": ["hm"],
                "comment.responses.users": ["ana"],
                "comment.responses.status": ["draft"],
            },
        ],
        ids=["nested", "flat"],
    )
    def test_comments_alone(self, write: Write, record: dict[str, Any]) -> None:
        """A comment without a label is not a verdict."""
        [found] = read_answers(write([record])).answers

        assert found.open

    def test_a_record_without_metadata(self, write: Write) -> None:
        """A record needs only its id."""
        [found] = read_answers(write([NESTED | {"metadata": None}])).answers

        assert (found.row_id, found.given_label) == ("a", "")


class TestRefusals:
    """The error names the broken record."""

    @pytest.mark.parametrize("responses", ["spam", ["spam"]])
    def test_invalid_responses(self, write: Write, responses: object, sentences: Any) -> None:
        """A nested record has a list of responses, each with a user and a value."""
        path = write([NESTED, NESTED | {"responses": {"label": responses}}])

        error = refuse(path)

        assert (error.where, error.row, error.column) == (path, 2, "responses")
        sentences.check(error)

    @pytest.mark.parametrize(
        "changed",
        [{"label.responses": "spam"}, {"label.responses.users": []}, {"label.responses.status": None}],
    )
    def test_lists_of_different_lengths(self, write: Write, changed: dict[str, Any], sentences: Any) -> None:
        """A flat record has a user and a status for each response."""
        path = write([FLAT, FLAT | changed])

        error = refuse(path)

        assert (error.where, error.row, error.column) == (path, 2, "label.responses")
        sentences.check(error)

    def test_an_unknown_status(self, write: Write, sentences: Any) -> None:
        """An unknown status is refused, since it is not known whether the answer counts."""
        path = write([FLAT | {"label.responses.status": ["done"]}])

        error = refuse(path)

        assert (error.where, error.row, error.column) == (path, 1, "label.responses.status")
        sentences.check(error)

    @pytest.mark.parametrize(
        "record",
        [
            NESTED | {"responses": {"tone": [], "comment": []}},
            {
                "tone.responses": None,
                "comment.responses": None,
                "id": "a",
                "_server_id": None,
                "doubt_id": "a",
            },
        ],
        ids=["nested", "flat"],
    )
    def test_a_question_with_another_name(self, write: Write, record: dict[str, Any], sentences: Any) -> None:
        """It is refused, since its answers would be ignored."""
        path = write([record])

        error = refuse(path)

        assert (error.where, error.row) == (path, 1)
        sentences.check(error)
