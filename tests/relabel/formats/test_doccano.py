from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from doubtcli.relabel.formats.doccano import FORMAT, render

if TYPE_CHECKING:
    from doubtcli.relabel.task import Queue
    from tests.relabel.conftest import Case


def rows(queue: Queue) -> list[dict[str, Any]]:
    """The rows, as a reader of JSON Lines has them."""
    return [json.loads(line) for line in render(queue)["queue.jsonl"].decode().splitlines()]


def test_row(tickets: Case) -> None:
    """A row comes with its given label; what is suggested stands beside it."""
    assert rows(tickets.queue())[0] == {
        "id": "t1",
        "text": "Where is\nmy parcel?\n\nage: 1.5",
        "label": ["billing"],
        "doubt_id": "t1",
        "given_label": "billing",
        "doubt_suggested": "delivery",
        "doubt_score": 0.97,
        "doubt_reasons": "low-self-confidence, duplicate-conflict",
        "doubt_why": 'models give delivery 0.91; "t3" is delivery',
        "doubt_strategy": "top",
        "doubt_duplicates": '["t4"]',
        "doubt_conflicts": '["t3"]',
        "input_label": "billing",
        "zip": "007",
        "input_doubt_id": "mine",
        "age": "1.5",
    }


def test_rows_drawn_at_random(tickets: Case) -> None:
    """They come without a label, and the way in says so; their given label stands beside them."""
    queue = tickets.queue({"audit": 50, "top": 50}, size=4)

    told = rows(queue)

    assert [row["label"] for row in told] == [
        [] if row["doubt_stratum"] else [row["given_label"]] for row in told
    ]
    assert {bool(row["doubt_stratum"]) for row in told} == {True, False}
    assert any("come without a label" in step for step in FORMAT.load(queue))
    assert not any("come without a label" in step for step in FORMAT.load(tickets.queue()))


def test_same_keys_and_no_nulls(tickets: Case) -> None:
    """All rows have the same keys, each with values of one kind, and none is null."""
    told = rows(tickets.queue({"audit": 50, "top": 50}, size=4))

    assert len({tuple(row) for row in told}) == 1
    assert all(len({type(row[key]) for row in told}) == 1 for key in told[0])
    assert None not in [value for row in told for value in row.values()]


def test_missing_text(tickets: Case) -> None:
    """A row without a text has an empty one."""
    bare = replace(
        tickets, data={**tickets.data, "text": [None] * 5}, roles={"text": "text", "label": "label"}
    )

    assert {row["text"] for row in rows(bare.queue())} == {""}


def test_labels(images: Case) -> None:
    """All labels can be imported, each with a key of its own as far as keys go."""
    labels = json.loads(render(images.queue())["labels.json"])

    assert [label["text"] for label in labels] == list(images.class_names)
    assert "".join(label["suffix_key"] for label in labels) == "1234567890ab"

    many = json.loads(render(replace(images, class_names=tuple(map(str, range(40)))).queue())["labels.json"])

    assert [label["suffix_key"] for label in many[35:]] == ["z", None, None, None, None]


def test_images(images: Case) -> None:
    """An image is told by its path."""
    assert rows(images.queue())[0]["text"] == "cats/a b#1.png\n\nimage: one"
    assert any("not the images" in step for step in FORMAT.load(images.queue()))
