from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from doubtcli.relabel.formats.doccano import FORMAT

if TYPE_CHECKING:
    from tests.relabel.conftest import Case


def test_row(tickets: Case, first: dict[str, Any]) -> None:
    """A row comes with its given label; what is suggested stands beside it."""
    assert tickets.files("doccano")["queue.jsonl"][0] == {
        "id": "t1",
        "text": "Where is\nmy parcel?\n\nage: 1.5",
        "label": ["billing"],
        **first,
        "age": "1.5",
    }


def test_rows_drawn_at_random(tickets: Case) -> None:
    """They come without a label, and the way in says so; their given label stands beside them."""
    shares = {"audit": 50, "top": 50}

    told, load = tickets.files("doccano", shares, size=4)["queue.jsonl"], FORMAT.load

    assert [row["label"] for row in told] == [
        [] if row["doubt_stratum"] else [row["given_label"]] for row in told
    ]
    assert {bool(row["doubt_stratum"]) for row in told} == {True, False}
    assert any("come without a label" in step for step in load(tickets.queue(shares, size=4)))
    assert not any("come without a label" in step for step in load(tickets.queue()))


def test_approval(tickets: Case) -> None:
    """Only approved rows come back, so people are told to approve them."""
    assert any("Approve each row" in step for step in FORMAT.load(tickets.queue()))
    assert any("Export only approved documents" in step for step in FORMAT.back)


def test_same_keys_and_no_nulls(tickets: Case) -> None:
    """All rows have the same keys, each with values of one kind, and none is null."""
    told = tickets.files("doccano", {"audit": 50, "top": 50}, size=4)["queue.jsonl"]

    assert len({tuple(row) for row in told}) == 1
    assert all(len({type(row[key]) for row in told}) == 1 for key in told[0])
    assert None not in [value for row in told for value in row.values()]


def test_missing_text(tickets: Case) -> None:
    """A row without a text has an empty one."""
    bare = replace(
        tickets, data={**tickets.data, "text": [None] * 5}, roles={"text": "text", "label": "label"}
    )

    assert {row["text"] for row in bare.files("doccano")["queue.jsonl"]} == {""}


def test_labels(images: Case) -> None:
    """All labels can be imported, each with a key of its own as far as keys go."""
    labels = images.files("doccano")["labels.json"]

    assert [label["text"] for label in labels] == list(images.class_names)
    assert "".join(label["suffix_key"] for label in labels) == "1234567890ab"

    many = replace(images, class_names=tuple(map(str, range(40)))).files("doccano")["labels.json"]

    assert [label["suffix_key"] for label in many[35:]] == ["z", None, None, None, None]


def test_images(images: Case) -> None:
    """An image is told by its path."""
    assert images.files("doccano")["queue.jsonl"][0]["text"] == "cats/a b#1.png\n\nimage: one"
    assert any("not the images" in step for step in FORMAT.load(images.queue()))
