"""Argilla 2: writes a folder for `Dataset.from_disk`, reads its exports.

Argilla exports nested records (`to_json`, `to_disk`) and flat ones (`to_list(flatten=True)`, as JSON or a
table); tested with version 2.8.0. A record's `id` is our `doubt_id`. Only the flat export has the status of
each response; in a nested one, the responses of completed records count.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from doubtcli.records.answers import Answer
from doubtcli.records.tool import AnswerShape, Tool
from doubtcli.tools import values
from doubtcli.tools.values import CARD, IMAGE, MISSING, TEXT
from doubtcli.wording.lists import quote_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from doubtcli.records.queue import Queue, QueueRow
    from doubtcli.records.tool import AnswerRecord

QUESTION, COMMENT = "label", "comment"
"""The names of the two questions."""
RESPONSES = ".responses"
"""What follows the question's name in the flat export's column of answers."""
PLACE = "doubt_place"
"""The metadata to sort records by, in the order of the queue; Argilla doesn't keep the order."""
ARGILLA_KEYS = frozenset({QUESTION, COMMENT, PLACE, "id", "status", "_server_id"})
"""Names that Argilla's exports use."""
RECORDS_FILE = "records.json"
SETTINGS_FILE, DATASET_FILE = ".argilla/settings.json", ".argilla/dataset.json"
DATASET_NAME = "doubt_queue"
FLOATS, TERMS = ("doubt_score",), ("doubt_reasons", "given_label", "doubt_suggested", "doubt_strategy")
"""Metadata for filtering and sorting records."""
MOST_LABELS = 500
"""The default limit of an Argilla server."""
RESPONSE_STATUSES = {"submitted": "", "draft": "draft", "discarded": "discarded"}
_GUIDELINES = "Rows whose labels are doubted. Choose the right label; the given one is in the metadata."
_NO_STATUS = (
    "this export does not say which responses were submitted, so those of completed records count; "
    "records.to_list(flatten=True) exports the status of each response"
)
_IMAGES_WHEN_LOADED = (
    "Argilla reads images on this machine when it loads the folder. So run this in the folder that the image "
    "paths start from, and give from_disk the path of this folder."
)
_MANY_LABELS = (
    f"There are more than {MOST_LABELS} labels: the server must be started with "
    "ARGILLA_LABEL_SELECTION_OPTIONS_MAX_ITEMS set to a larger number."
)
_CLIENT = (
    "import argilla as rg",
    'client = rg.Argilla(api_url="http://localhost:6900", api_key="YOUR KEY")',
)
_IMPORT_SCRIPT = (
    *_CLIENT,
    'rg.Dataset.from_disk(".", workspace="YOUR WORKSPACE", client=client)',
)
_EXPORT_SCRIPT = (
    "import json",
    *_CLIENT,
    f'records = client.datasets("{DATASET_NAME}", workspace="YOUR WORKSPACE").records',
    'with open("argilla.json", "w") as file:',
    "    json.dump(records.to_list(flatten=True), file)",
)


# ----------------------------------------------------------- records that are written


def _write_records(queue: Queue) -> str:
    own = values.list_own_columns_as_json(queue, ARGILLA_KEYS)
    records = [
        json.dumps(_make_record(queue, row, {PLACE: place} | columns), allow_nan=False)
        for place, (row, columns) in enumerate(zip(queue.rows, own, strict=True), start=1)
    ]
    return "[\n" + ",\n".join(records) + "\n]\n"


def _make_record(queue: Queue, row: QueueRow, more: dict[str, Any]) -> dict[str, Any]:
    ours = queue.cells(row) | {"doubt_reasons": list(row.reasons)}
    metadata = {name: value for name, value in (ours | more).items() if value is not None}
    return {
        "id": row.doubt_id,
        "fields": _make_fields(queue, row),
        "metadata": metadata,
        "suggestions": {} if row.suggestion is None else {QUESTION: _make_suggestion(row, row.suggestion)},
        "responses": {},
        "vectors": {},
        "status": "pending",
        "_server_id": None,
    }


def _make_fields(queue: Queue, row: QueueRow) -> dict[str, str]:
    """What is shown. Argilla requires a text, so it is never empty; a missing image is left out."""
    images = zip(values.name_image_keys(queue), row.shown.images, strict=True)
    texts = {TEXT: row.shown.text, CARD: row.shown.card}
    return {key: path for key, path in images if path} | {
        key: text or MISSING for key, text in texts.items() if text is not None
    }


def _make_suggestion(row: QueueRow, suggestion: str) -> dict[str, Any]:
    agent = f"doubt/{row.reasons[0]}" if row.reasons else "doubt"
    return {"value": suggestion, "score": row.score, "agent": agent}


# ---------------------------------------------------------- settings that are written


def _make_settings(queue: Queue) -> dict[str, Any]:
    options = [{"text": name, "value": name} for name in queue.class_names]
    choice = {"type": "label_selection", "options": options, "visible_options": None}
    words = {"type": "text", "use_markdown": False}
    return {
        "guidelines": f"{_GUIDELINES} ({queue.made_by})",
        "questions": [
            _describe_field(QUESTION, "Which label is right?", choice, required=True),
            _describe_field(COMMENT, "Why?", words, required=False),
        ],
        "fields": _describe_fields(queue),
        "vectors": [],
        "metadata": [_describe_metadata(PLACE, {"type": "integer", "min": None, "max": None})]
        + [_describe_metadata(name, {"type": "float", "min": None, "max": None}) for name in FLOATS]
        + [_describe_metadata(name, {"type": "terms", "values": None}) for name in TERMS],
        "allow_extra_metadata": True,
        "distribution": {"strategy": "overlap", "min_submitted": 1},
        "mapping": None,
    }


def _describe_fields(queue: Queue) -> list[dict[str, Any]]:
    """The fields. Argilla wants a required one: a text, which is never empty, or else the first image."""
    words = {"type": "text", "use_markdown": False}
    has_words = bool(queue.parts.text) or queue.parts.has_card
    fields = [
        _describe_field(key, name, {"type": "image"}, required=not has_words and key == IMAGE)
        for key, name in zip(values.name_image_keys(queue), queue.parts.images, strict=True)
    ]
    if queue.parts.text:
        fields.append(_describe_field(TEXT, queue.parts.verbatim or "Text", words, required=True))
    if queue.parts.has_card:
        fields.append(_describe_field(CARD, "The row", words, required=True))
    return fields


def _describe_field(name: str, title: str, settings: dict[str, Any], *, required: bool) -> dict[str, Any]:
    """A field or a question: both have the same parts."""
    return _leave_to_server() | {
        "name": name,
        "settings": settings,
        "title": title,
        "required": required,
        "description": None,
        "dataset_id": None,
        "type": settings["type"],
    }


def _describe_metadata(name: str, settings: dict[str, Any]) -> dict[str, Any]:
    return _leave_to_server() | {
        "name": name,
        "settings": {"visible_for_annotators": True} | settings,
        "title": name,
        "visible_for_annotators": True,
        "dataset_id": None,
    }


def _describe_dataset() -> dict[str, Any]:
    return _leave_to_server() | {
        "name": DATASET_NAME,
        "status": "draft",
        "guidelines": None,
        "allow_extra_metadata": True,
        "distribution": None,
        "workspace_id": None,
        "last_activity_at": None,
    }


def _leave_to_server() -> dict[str, None]:
    """The parts that the server fills in."""
    return {"id": None, "inserted_at": None, "updated_at": None}


# ----------------------------------------------------------- nested records, read back


def _is_nested(record: AnswerRecord) -> bool:
    return all(isinstance(record.get(part), dict) for part in ("fields", "responses", "suggestions"))


def _read_nested_records(records: Sequence[AnswerRecord], path: str) -> list[Answer]:
    _check_question({name for record in records for name in record["responses"]}, path)
    return [answer for row, one in enumerate(records, start=1) for answer in _read_nested(one, row, path)]


def _read_nested(record: AnswerRecord, row: int, path: str) -> Iterator[Answer]:
    status = "" if record.get("status") == "completed" else "unsubmitted"
    notes = dict(_list_nested_responses(record, COMMENT, row, path))
    responses = [
        (person, value, status, values.read_answer_text(notes.get(person)))
        for person, value in _list_nested_responses(record, QUESTION, row, path)
    ]
    yield from _read_responses(responses, row, _read_metadata(record, record.get("metadata") or {}))


def _list_nested_responses(record: AnswerRecord, question: str, row: int, path: str) -> list[tuple[str, Any]]:
    """Who answered a question, and the answer."""
    responses = record["responses"].get(question) or []
    if not isinstance(responses, list) or not all(isinstance(one, dict) for one in responses):
        found = f"the responses to {question!r} are not a list of objects"
        raise values.explain_malformed_record(found, path, row, "responses")
    return [(values.read_answer_text(one.get("user_id")), one.get("value")) for one in responses]


# ------------------------------------------------------------- flat records, read back


def _is_flat(record: AnswerRecord) -> bool:
    is_asked = any(name.endswith((RESPONSES, ".suggestion")) for name in record)
    return is_asked and "id" in record and "_server_id" in record


def _read_flat_records(records: Sequence[AnswerRecord], path: str) -> list[Answer]:
    names = (name for record in records for name in record)
    _check_question({name.removesuffix(RESPONSES) for name in names if name.endswith(RESPONSES)}, path)
    return [answer for row, one in enumerate(records, start=1) for answer in _read_flat(one, row, path)]


def _read_flat(record: AnswerRecord, row: int, path: str) -> Iterator[Answer]:
    notes = {
        person: values.read_answer_text(value)
        for person, value, _ in _list_responses(record, COMMENT, row, path)
    }
    responses = [
        (person, value, _read_response_status(status, row, path), notes.get(person, ""))
        for person, value, status in _list_responses(record, QUESTION, row, path)
    ]
    yield from _read_responses(responses, row, _read_metadata(record, record))


def _list_responses(record: AnswerRecord, question: str, row: int, path: str) -> list[tuple[str, Any, str]]:
    """Who answered a question, the answer, and its status."""
    name = f"{question}{RESPONSES}"
    chosen, people, statuses = (record.get(key) or [] for key in (name, f"{name}.users", f"{name}.status"))
    lists = (chosen, people, statuses)
    if not all(isinstance(one, list) for one in lists) or len({len(one) for one in lists}) > 1:
        found = "its responses, their users and their statuses differ in number"
        raise values.explain_malformed_record(found, path, row, name, "three lists of the same length")
    return [
        (values.read_answer_text(person), value, values.read_answer_text(status))
        for value, person, status in zip(*lists, strict=True)
    ]


def _read_response_status(found: str, row: int, path: str) -> str:
    if found not in RESPONSE_STATUSES:
        column, expected = f"{QUESTION}{RESPONSES}.status", f"one of {', '.join(RESPONSE_STATUSES)}"
        raise values.explain_malformed_record(f"{found!r} is not a status", path, row, column, expected)
    return RESPONSE_STATUSES[found]


# ---------------------------------------------------------------------- both exports


def _check_question(answered: set[str], path: str) -> None:
    if answered - {COMMENT} and QUESTION not in answered:
        found = f"there are no answers to a question {QUESTION!r}, only to {quote_names(sorted(answered))}"
        expected = f"the questions that `doubt queue` writes, {QUESTION!r} and {COMMENT!r}"
        raise values.explain_malformed_record(found, path, 1, expected=expected)


def _read_metadata(record: AnswerRecord, metadata: Mapping[str, Any]) -> dict[str, Any]:
    # a user's column "id" hides the record's own id in a flat export
    return values.read_our_columns({"doubt_id": record.get("id"), **metadata})


def _read_responses(
    responses: Sequence[tuple[str, Any, str, str]], row: int, ours: Mapping[str, Any]
) -> Iterator[Answer]:
    """One answer for each person; an empty one if nobody answered."""
    if not responses:
        yield Answer(row, **ours)
    for person, value, status, why in responses:
        labels = (value,) if isinstance(value, str) else values.read_answer_texts(value)
        yield Answer(
            row,
            verdict=labels[0] if labels else "",
            other_verdicts=labels[1:],
            status=status,
            annotator=person,
            why=why,
            **ours,
        )


class Argilla(Tool):
    """Argilla: writes a data set with its settings, reads its records."""

    name = "argilla"
    title = "Argilla"
    answers_file = "argilla.json"
    folder_file = RECORDS_FILE
    how_to_export = (
        "Run this (flatten=True keeps whether an answer was submitted, a draft or discarded):",
        *(f"    {line}" for line in _EXPORT_SCRIPT),
    )
    shapes = (
        AnswerShape(
            "Argilla's records.json",
            "'fields' and 'responses'",
            _is_nested,
            _read_nested_records,
            note=_NO_STATUS,
        ),
        AnswerShape(
            "Argilla's flat export", "'_server_id' and 'label.responses'", _is_flat, _read_flat_records
        ),
    )

    def hand_out(self, queue: Queue) -> dict[str, bytes]:
        """The three files. They are ASCII, since Argilla reads them in the machine's default encoding."""
        return {
            RECORDS_FILE: _write_records(queue).encode(),
            SETTINGS_FILE: (json.dumps(_make_settings(queue), indent=1) + "\n").encode(),
            DATASET_FILE: (json.dumps(_describe_dataset(), indent=1) + "\n").encode(),
        }

    def how_to_import(self, queue: Queue) -> tuple[str, ...]:
        """The script that loads the folder, and what to know before running it."""
        return (
            "In a Python with the packages argilla and requests, go to this folder and run:",
            *(f"    {line}" for line in _IMPORT_SCRIPT),
            f"In Argilla, sort the records by {PLACE}, ascending. The suggested label is marked.",
            *([_IMAGES_WHEN_LOADED] if queue.parts.images else ()),
            *([_MANY_LABELS] if len(queue.class_names) > MOST_LABELS else ()),
        )
