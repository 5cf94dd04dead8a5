from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.relabel.formats.argilla import FORMAT, render

if TYPE_CHECKING:
    from doubtcli.relabel.task import Queue
    from tests.relabel.conftest import Case


def parts(queue: Queue) -> tuple[Any, Any, Any]:
    """Records, settings and data set, as a reader of JSON has them."""
    files = render(queue)
    return tuple(
        json.loads(files[name])
        for name in ("records.json", ".argilla/settings.json", ".argilla/dataset.json")
    )  # type: ignore[return-value]


def test_record(tickets: Case) -> None:
    """A record keeps its id, shows text and card, and carries our keys as metadata."""
    records, _, _ = parts(tickets.queue())

    assert records[0] == {
        "id": "t1",
        "fields": {"text": "Where is\nmy parcel?", "doubt_card": "age: 1.5"},
        "metadata": {
            "doubt_id": "t1",
            "given_label": "billing",
            "doubt_suggested": "delivery",
            "doubt_score": 0.97,
            "doubt_reasons": ["low-self-confidence", "duplicate-conflict"],
            "doubt_why": 'models give delivery 0.91; "t3" is delivery',
            "doubt_strategy": "top",
            "doubt_duplicates": '["t4"]',
            "doubt_conflicts": '["t3"]',
            "doubt_place": 1,
            "input_label": "billing",
            "zip": "007",
            "input_doubt_id": "mine",
            "age": 1.5,
        },
        "suggestions": {"label": {"value": "delivery", "score": 0.97, "agent": "doubt/low-self-confidence"}},
        "responses": {},
        "vectors": {},
        "status": "pending",
        "_server_id": None,
    }


def test_order(tickets: Case) -> None:
    """Each record knows its place in the queue, since Argilla keeps no order of its own."""
    records, _, _ = parts(tickets.queue())

    assert [record["metadata"]["doubt_place"] for record in records] == [1, 2, 3]
    assert any("doubt_place, ascending" in step for step in FORMAT.load(tickets.queue()))


def test_nothing_is_null(tickets: Case) -> None:
    """Metadata that a row has nothing for is left out, and a row without a better label has no suggestion."""
    records, _, _ = parts(tickets.queue())

    assert "zip" not in records[1]["metadata"]
    assert None not in records[1]["metadata"].values()
    assert records[1]["suggestions"] == {}


def test_missing_texts(tickets: Case) -> None:
    """A text is never empty."""
    empty = replace(tickets, data={**tickets.data, "text": [None, "", "a", "b", "c"]})

    records, _, _ = parts(empty.queue())

    assert [record["fields"]["text"] for record in records] == ["(missing)", "(missing)", "a"]


def test_agent_without_reasons(images: Case) -> None:
    """A suggestion that no single reason stands for is doubt's."""
    records, _, _ = parts(images.queue())

    assert records[2]["suggestions"]["label"]["agent"] == "doubt"


def test_images(images: Case) -> None:
    """An image is a field of its own; a missing one is left out."""
    records, settings, _ = parts(images.queue())

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
    _, settings, _ = parts(case(rows=[{}], data=data, roles=roles).queue())

    assert {field["name"]: field["required"] for field in settings["fields"]} == required


def test_settings(tickets: Case) -> None:
    """All labels are there to choose from; what records are sorted and filtered by is declared."""
    _, settings, dataset = parts(tickets.queue())

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
    _, settings, _ = parts(tickets.queue())

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


def test_ascii(images: Case) -> None:
    """The files are ASCII: Argilla reads them in the machine's own encoding."""
    assert all(content.isascii() for content in render(images.queue()).values())


def test_many_labels(tickets: Case) -> None:
    """More labels than a server takes by default are told of."""
    many = replace(tickets, class_names=tuple(f"c{n}" for n in range(501))).queue()

    assert any("MAX_ITEMS" in step for step in FORMAT.load(many))
    assert not any("MAX_ITEMS" in step for step in FORMAT.load(tickets.queue()))
