"""A queue -> Argilla 2: a folder that `Dataset.from_disk` reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from doubtcli.relabel.formats.format import Format
from doubtcli.relabel.formats.values import CARD, IMAGE, TEXT, image_keys, own_rows
from doubtcli.relabel.shown import MISSING

if TYPE_CHECKING:
    from doubtcli.relabel.task import Queue, Task

RECORDS_FILE = "records.json"
SETTINGS_FILE, DATASET_FILE = ".argilla/settings.json", ".argilla/dataset.json"
QUESTION, COMMENT = "label", "comment"
NAME = "doubt_queue"
PLACE = "doubt_place"
"""The metadata by which records stand in the order of the queue; Argilla keeps no order of its own."""
TAKEN = frozenset({QUESTION, COMMENT, PLACE, "id", "status", "_server_id"})
"""Names that Argilla's exports use themselves."""
_GUIDELINES = "Rows whose labels are doubted. Choose the right label; the given one stands in the metadata."
MOST_LABELS = 500
"""As many as a server of Argilla takes unless it is told otherwise."""
FLOATS, TERMS = ("doubt_score",), ("doubt_reasons", "given_label", "doubt_suggested", "doubt_strategy")
"""Metadata that records may be filtered and sorted by."""


def render(queue: Queue) -> dict[str, bytes]:
    """The three files. They are ASCII, since Argilla reads them in whatever encoding the machine has."""
    places = ({PLACE: place} for place in range(1, len(queue.tasks) + 1))
    rows = zip(queue.tasks, places, own_rows(queue, TAKEN), strict=True)
    records = [json.dumps(_record(queue, task, place | own), allow_nan=False) for task, place, own in rows]
    return {
        RECORDS_FILE: ("[\n" + ",\n".join(records) + "\n]\n").encode(),
        SETTINGS_FILE: (json.dumps(_settings(queue), indent=1) + "\n").encode(),
        DATASET_FILE: (json.dumps(_dataset(), indent=1) + "\n").encode(),
    }


def _record(queue: Queue, task: Task, own: dict[str, Any]) -> dict[str, Any]:
    keys = queue.keys(task) | {"doubt_reasons": list(task.reasons)}
    metadata = {name: value for name, value in (keys | own).items() if value is not None}
    return {
        "id": task.doubt_id,
        "fields": _fields(queue, task),
        "metadata": metadata,
        "suggestions": {} if task.suggestion is None else {QUESTION: _suggestion(task, task.suggestion)},
        "responses": {},
        "vectors": {},
        "status": "pending",
        "_server_id": None,
    }


def _fields(queue: Queue, task: Task) -> dict[str, str]:
    """What is shown. A text is never empty, since Argilla wants one; a missing image is left out."""
    images = zip(image_keys(queue), task.shown.images, strict=True)
    texts = {TEXT: task.shown.text, CARD: task.shown.card}
    return {key: path for key, path in images if path} | {
        key: text or MISSING for key, text in texts.items() if text is not None
    }


def _suggestion(task: Task, suggestion: str) -> dict[str, Any]:
    agent = f"doubt/{task.reasons[0]}" if task.reasons else "doubt"
    return {"value": suggestion, "score": task.score, "agent": agent}


# ------------------------------------------------------------------ settings


def _settings(queue: Queue) -> dict[str, Any]:
    options = [{"text": name, "value": name} for name in queue.class_names]
    choice = {"type": "label_selection", "options": options, "visible_options": None}
    words = {"type": "text", "use_markdown": False}
    return {
        "guidelines": f"{_GUIDELINES} ({queue.made_by})",
        "questions": [
            _field(QUESTION, "Which label is right?", choice, required=True),
            _field(COMMENT, "Why?", words, required=False),
        ],
        "fields": _field_settings(queue),
        "vectors": [],
        "metadata": [_metadata(PLACE, {"type": "integer", "min": None, "max": None})]
        + [_metadata(name, {"type": "float", "min": None, "max": None}) for name in FLOATS]
        + [_metadata(name, {"type": "terms", "values": None}) for name in TERMS],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "mapping": None,
    }


def _field_settings(queue: Queue) -> list[dict[str, Any]]:
    """The fields. Argilla wants one that is required: a text, which is never empty, else the first image."""
    words = {"type": "text", "use_markdown": False}
    has_words = bool(queue.parts.text) or queue.parts.has_card
    fields = [
        _field(key, name, {"type": "image"}, required=not has_words and key == IMAGE)
        for key, name in zip(image_keys(queue), queue.parts.images, strict=True)
    ]
    if queue.parts.text:
        fields.append(_field(TEXT, queue.parts.verbatim or "Text", words, required=True))
    if queue.parts.has_card:
        fields.append(_field(CARD, "The row", words, required=True))
    return fields


def _field(name: str, title: str, settings: dict[str, Any], *, required: bool) -> dict[str, Any]:
    """A field, or a question: they have the same parts."""
    return _stamped() | {
        "name": name,
        "settings": settings,
        "title": title,
        "required": required,
        "description": None,
        "dataset_id": None,
        "type": settings["type"],
    }


def _metadata(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    return _stamped() | {
        "name": name,
        "settings": {"visible_for_annotators": True} | settings,
        "title": name,
        "visible_for_annotators": True,
        "dataset_id": None,
    }


def _dataset() -> dict[str, Any]:
    return _stamped() | {
        "name": NAME,
        "status": "draft",
        "guidelines": None,
        "allow_extra_metadata": True,
        "distribution": None,
        "workspace_id": None,
        "last_activity_at": None,
    }


def _stamped() -> dict[str, None]:
    """What the server fills in."""
    return {"id": None, "inserted_at": None, "updated_at": None}


# ---------------------------------------------------------------- how it is used

_CLIENT = (
    "import argilla as rg",
    'client = rg.Argilla(api_url="http://localhost:6900", api_key="YOUR KEY")',
)
_LOAD = (
    *_CLIENT,
    'rg.Dataset.from_disk(".", workspace="YOUR WORKSPACE", client=client)',
)
_BACK = (
    "import json",
    *_CLIENT,
    f'records = client.datasets("{NAME}", workspace="YOUR WORKSPACE").records',
    'with open("argilla.json", "w") as file:',
    "    json.dump(records.to_list(flatten=True), file)",
)


def _load(queue: Queue) -> tuple[str, ...]:
    return (
        "Where Python has the package argilla (it needs requests, too), go to this folder and run:",
        *(f"    {line}" for line in _LOAD),
        f"In Argilla, sort the records by {PLACE}, ascending. The suggestion is marked.",
        *([_ABOUT_IMAGES] if queue.parts.images else ()),
        *([_ABOUT_LABELS] if len(queue.class_names) > MOST_LABELS else ()),
    )


_ABOUT_IMAGES = (
    "Argilla reads images on this machine when it loads the folder: do so in the folder that the paths start "
    "from, and give from_disk the way to this one."
)
_ABOUT_LABELS = (
    f"There are more than {MOST_LABELS} labels: the server must be started with "
    "ARGILLA_LABEL_SELECTION_OPTIONS_MAX_ITEMS set to a larger number."
)
FORMAT = Format(
    "Argilla",
    render,
    _load,
    (
        "Run this (flatten keeps whether an answer was submitted, a draft or discarded):",
        *(f"    {line}" for line in _BACK),
    ),
    "argilla.json",
)
