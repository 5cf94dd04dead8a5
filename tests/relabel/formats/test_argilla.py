from __future__ import annotations

import json
import runpy
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.relabel.formats.argilla import FORMAT, render

if TYPE_CHECKING:
    from tests.relabel.conftest import Case


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
    assert any("doubt_place, ascending" in step for step in FORMAT.load(tickets.queue()))


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
    assert any("Argilla reads images" in step for step in FORMAT.load(images.queue()))


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
    lines = [step.removeprefix("    ") for step in FORMAT.back if step.startswith("    ")]
    Path("back.py").write_text("\n".join(lines))

    runpy.run_path("back.py")

    assert json.loads(Path(FORMAT.verdicts).read_text()) == [{"id": "t1", "flat": True}]


def test_ascii(images: Case) -> None:
    """The files are ASCII: Argilla reads them in the machine's own encoding."""
    assert all(content.isascii() for content in render(images.queue()).values())


def test_many_labels(tickets: Case) -> None:
    """More labels than a server takes by default are told of."""
    many = replace(tickets, class_names=tuple(f"c{n}" for n in range(501))).queue()

    assert any("MAX_ITEMS" in step for step in FORMAT.load(many))
    assert not any("MAX_ITEMS" in step for step in FORMAT.load(tickets.queue()))
