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
    """A record keeps its id, shows text and card, and carries our keys as metadata."""
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
    """Each record knows its place in the queue, since Argilla keeps no order of its own."""
    records = tickets.files("argilla")[RECORDS]

    assert [record["metadata"]["doubt_place"] for record in records] == [1, 2, 3]
    assert any("doubt_place, ascending" in step for step in Argilla().how_to_import(tickets.queue()))


def test_nothing_is_null(tickets: Case) -> None:
    """Metadata that a row has nothing for is left out, and a row without a better label has no suggestion."""
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
    """A suggestion that no single reason stands for is doubt's."""
    records = images.files("argilla")[RECORDS]

    assert records[2]["suggestions"]["label"]["agent"] == "doubt"


def test_images(images: Case) -> None:
    """An image is a field of its own; a missing one is left out."""
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
    assert any("Argilla reads images" in step for step in Argilla().how_to_import(images.queue()))


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
    """Argilla wants a field that is required: one that no row lacks."""
    settings = case(rows=[{}], data=data, roles=roles).files("argilla")[SETTINGS]

    assert {field["name"]: field["required"] for field in settings["fields"]} == required


def test_settings(tickets: Case) -> None:
    """All labels are there to choose from; what records are sorted and filtered by is declared."""
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
    """Each part has the keys that Argilla 2.8.0 wrote for a part of its own kind."""
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
    """Stands in for Argilla's own, whose one data set has one record."""

    def __init__(self, *, api_url: str, api_key: str) -> None:
        assert api_url
        assert api_key
        self.records = self

    def datasets(self, name: str, *, workspace: str) -> Client:
        """The data set, which stands for its records, too."""
        assert (name, workspace) == ("doubt_queue", "YOUR WORKSPACE")
        return self

    def to_list(self, *, flatten: bool) -> list[dict[str, Any]]:
        """The record."""
        return [{"id": "t1", "flat": flatten}]


def test_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What brings answers back runs in a Python of its own, days later, and writes the file that is named."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "argilla", SimpleNamespace(Argilla=Client))
    lines = [step.removeprefix("    ") for step in Argilla().how_to_export if step.startswith("    ")]
    Path("back.py").write_text("\n".join(lines), encoding="utf-8")

    runpy.run_path("back.py")

    assert json.loads(Path(Argilla.answers_file).read_text(encoding="utf-8")) == [{"id": "t1", "flat": True}]


def test_ascii(images: Case) -> None:
    """The files are ASCII: Argilla reads them in the machine's own encoding."""
    assert all(content.isascii() for content in Argilla().hand_out(images.queue()).values())


def test_many_labels(tickets: Case) -> None:
    """More labels than a server takes by default are told of."""
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


def refusal(path: str) -> str:
    """How a file is refused."""
    with pytest.raises(InputError) as refused:
        read_answers(path)
    return str(refused.value)


class TestRecorded:
    """What the package wrote."""

    def test_flat(self, exports: Path) -> None:
        """Each response comes with its status, and with its writer's comment."""
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

    def test_nested(self, exports: Path) -> None:
        """Which responses were submitted isn't told: those of completed records count, as a note says."""
        found = read_answers(str(exports / "argilla.json"))

        assert [(one.row_id, one.verdict, one.status, one.why) for one in found.answers] == [
            ("row-1", "negative", "", "it is bad"),
            ("row-1", "positive", "", ""),
            ("row-2", "positive", "unsubmitted", ""),
            ("row-3", "", "", ""),
        ]
        [note] = found.notes
        assert note == (
            "this export does not tell which responses were submitted: those of completed records count; "
            "records.to_list(flatten=True) tells it of each"
        )

    def test_a_folder(self, exports: Path, tmp_path: Path) -> None:
        """What `to_disk` writes is read by its folder's name, and the file in it is named."""
        (tmp_path / "records.json").write_bytes((exports / "argilla.json").read_bytes())

        found = read_answers(str(tmp_path))

        assert (found.path, len(found.answers)) == (str(tmp_path / "records.json"), 4)


class TestShapes:
    """Other forms of the same."""

    def test_flat_records_in_a_table(self, tmp_path: Path) -> None:
        """What was handed to a data frame keeps its lists."""
        path = tmp_path / "records"
        parquet.write_table(pa.Table.from_pylist([FLAT]), path)

        [found] = read_answers(str(path)).answers

        assert (found.row_id, found.verdict, found.annotator) == ("a", "spam", "ana")

    def test_flat_records_line_by_line(self, write: Write) -> None:
        """JSON Lines hold the same records."""
        [found] = read_answers(write(json.dumps(FLAT) + "\n")).answers

        assert found.verdict == "spam"

    def test_an_id_column_of_the_users_does_not_hide_ours(self, write: Write) -> None:
        """In a flat export a field called "id" takes the place of the record's; ours stands beside it."""
        [found] = read_answers(write([FLAT | {"id": "17", "doubt_id": "a"}])).answers

        assert found.row_id == "a"

    @pytest.mark.parametrize("value", [["spam", "ham"], ["spam", "ham", "spam"]])
    def test_several_labels(self, write: Write, value: list[str]) -> None:
        """A question for many labels gives a list."""
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
        """Somebody wrote something, and nobody has chosen yet."""
        [found] = read_answers(write([record])).answers

        assert found.open

    def test_a_record_without_metadata(self, write: Write) -> None:
        """The id is enough."""
        [found] = read_answers(write([NESTED | {"metadata": None}])).answers

        assert (found.row_id, found.given_label) == ("a", "")


class TestRefusals:
    """What is broken is named."""

    @pytest.mark.parametrize("responses", ["spam", ["spam"]])
    def test_responses_that_are_none(self, write: Write, responses: object) -> None:
        """A nested record lists them, each with a user and a value."""
        path = write([NESTED, NESTED | {"responses": {"label": responses}}])

        assert refusal(path).startswith(
            f"{path}, row 2, column 'responses': the responses to 'label' are no list of objects\n"
        )

    @pytest.mark.parametrize(
        "changed",
        [{"label.responses": "spam"}, {"label.responses.users": []}, {"label.responses.status": None}],
    )
    def test_lists_that_do_not_fit_each_other(self, write: Write, changed: dict[str, Any]) -> None:
        """A flat record has a user and a status for each response."""
        path = write([FLAT, FLAT | changed])

        assert refusal(path) == (
            f"{path}, row 2, column 'label.responses': its responses, their users and their statuses are not "
            "as many\n"
            "expected: three lists of one length\n"
            "to do: export it again, and leave the file as the tool wrote it"
        )

    def test_an_unknown_status(self, write: Write) -> None:
        """What it means for a correction is nothing to guess at."""
        path = write([FLAT | {"label.responses.status": ["done"]}])

        assert refusal(path).startswith(
            f"{path}, row 1, column 'label.responses.status': 'done' is no status\n"
            "expected: one of submitted, draft, discarded\n"
        )

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
    def test_a_question_of_another_name(self, write: Write, record: dict[str, Any]) -> None:
        """Its answers would be passed over in silence."""
        path = write([record])

        assert refusal(path).startswith(
            f"{path}, row 1: no question is called 'label': answered are 'comment', 'tone'\n"
            "expected: the questions that go out with a queue, 'label' and 'comment'\n"
        )
