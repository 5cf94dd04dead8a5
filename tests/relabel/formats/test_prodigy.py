from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doubtcli.relabel.formats.prodigy import FORMAT

if TYPE_CHECKING:
    from tests.relabel.conftest import Case


def test_task(tickets: Case, first: dict[str, Any]) -> None:
    """A task shows the row, offers all labels with the suggested one accepted, and names its equals."""
    assert tickets.files("prodigy")["queue.jsonl"][0] == {
        "text": "Where is\nmy parcel?\n\nage: 1.5",
        "options": [
            {"id": "billing", "text": "billing", "meta": "given"},
            {"id": "bug", "text": "bug"},
            {"id": "delivery", "text": "delivery", "meta": "suggested, doubt 0.97"},
        ],
        "accept": ["delivery"],
        "meta": {
            "doubt_id": "t1",
            "given": "billing",
            "score": 0.97,
            "reasons": "low-self-confidence, duplicate-conflict",
            "why": 'models give delivery 0.91; "t3" is delivery',
            "duplicates": "t4",
            "conflicts": "t3",
        },
        **first,
    }


def test_nothing_to_suggest(tickets: Case) -> None:
    """Where nothing better is seen, nothing is accepted beforehand, and what is empty is not shown."""
    second = tickets.files("prodigy")["queue.jsonl"][1]

    assert second["accept"] == []
    assert second["meta"] == {"doubt_id": "t2", "given": "bug", "score": 0.6}


def test_no_hashes(tickets: Case) -> None:
    """Prodigy makes the hashes of a task itself."""
    assert not any(key.startswith("_") for task in tickets.files("prodigy")["queue.jsonl"] for key in task)


def test_images(images: Case) -> None:
    """An image is shown alone, and the rest of the row stands in its corner."""
    first = images.files("prodigy")["queue.jsonl"][0]

    assert first["image"] == "cats/a b#1.png"
    assert "text" not in first
    assert first["meta"]["row"] == "image: one"
    assert first["input_image"] == "one"
    assert any("web server" in step for step in FORMAT.load(images.queue()))
