"""Argilla's exports: nested (`to_json`, `to_disk`) and flat (`to_list(flatten=True)`, as JSON or a table).

Measured on version 2.8.0. A record's `id` is our `doubt_id`. Only the flat export tells which responses were
submitted; of a nested one those of completed records count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doubtcli.read.verdicts.shape import Shape, malformed
from doubtcli.records.answers import Answer
from doubtcli.tools.values import list_texts, read_own_columns, value_text
from doubtcli.wording.lists import listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from doubtcli.read.verdicts.shape import Record

TOOL = "argilla"
LABEL, COMMENT = "label", "comment"
"""What the questions are called in the settings that go out with a queue."""

END = ".responses"
"""How a column of answers ends in the flat export, behind the question's name."""

STATUSES = {"submitted": "", "draft": "draft", "discarded": "discarded"}
NO_STATUS = (
    "this export does not tell which responses were submitted: those of completed records count; "
    "records.to_list(flatten=True) tells it of each"
)


# ---------------------------------------------------------------------- nested


def _is_nested(record: Record) -> bool:
    return all(isinstance(record.get(part), dict) for part in ("fields", "responses", "suggestions"))


def _read_nested(records: Sequence[Record], path: str) -> list[Answer]:
    _check_question({name for record in records for name in record["responses"]}, path)
    return [answer for row, one in enumerate(records, start=1) for answer in _of_nested(one, row, path)]


def _of_nested(record: Record, row: int, path: str) -> Iterator[Answer]:
    metadata = record.get("metadata") or {}
    status = "" if record.get("status") == "completed" else "unsubmitted"
    notes = dict(_nested_values(record, COMMENT, row, path))
    answered = [
        (person, value, status, value_text(notes.get(person)))
        for person, value in _nested_values(record, LABEL, row, path)
    ]
    about = _about(record, metadata) | {"file": path}
    yield from _answers(answered, row, about)


def _nested_values(record: Record, question: str, row: int, path: str) -> list[tuple[str, Any]]:
    """Who answered a question, and what."""
    responses = record["responses"].get(question) or []
    if not isinstance(responses, list) or not all(isinstance(one, dict) for one in responses):
        raise malformed(f"the responses to {question!r} are no list of objects", path, row, "responses")
    return [(value_text(one.get("user_id")), one.get("value")) for one in responses]


# ------------------------------------------------------------------------ flat


def _is_flat(record: Record) -> bool:
    is_asked = any(name.endswith((".responses", ".suggestion")) for name in record)
    return is_asked and "id" in record and "_server_id" in record


def _read_flat(records: Sequence[Record], path: str) -> list[Answer]:
    names = (name for record in records for name in record)
    _check_question({name.removesuffix(END) for name in names if name.endswith(END)}, path)
    return [answer for row, one in enumerate(records, start=1) for answer in _of_flat(one, row, path)]


def _of_flat(record: Record, row: int, path: str) -> Iterator[Answer]:
    notes = {person: value_text(value) for person, value, _ in _flat_values(record, COMMENT, row, path)}
    answered = [
        (person, value, _status(status, row, path), notes.get(person, ""))
        for person, value, status in _flat_values(record, LABEL, row, path)
    ]
    yield from _answers(answered, row, _about(record, record) | {"file": path})


def _flat_values(record: Record, question: str, row: int, path: str) -> list[tuple[str, Any, str]]:
    """Who answered a question, what, and whether it was submitted."""
    name = f"{question}{END}"
    values, people, statuses = (record.get(key) or [] for key in (name, f"{name}.users", f"{name}.status"))
    lists = (values, people, statuses)
    if not all(isinstance(one, list) for one in lists) or len({len(one) for one in lists}) > 1:
        raise malformed(
            "its responses, their users and their statuses are not as many",
            path,
            row,
            name,
            "three lists of one length",
        )
    return [
        (value_text(person), value, value_text(status)) for value, person, status in zip(*lists, strict=True)
    ]


def _status(found: str, row: int, path: str) -> str:
    if found not in STATUSES:
        expected = f"one of {', '.join(STATUSES)}"
        raise malformed(f"{found!r} is no status", path, row, f"{LABEL}{END}.status", expected)
    return STATUSES[found]


# ------------------------------------------------------------------------ both


def _about(record: Record, metadata: Mapping[str, Any]) -> dict[str, Any]:
    # a column of the user's that is called "id" hides the record's own in a flat export
    return read_own_columns({"doubt_id": record.get("id"), **metadata}) | {"tool": TOOL}


def _check_question(answered: set[str], path: str) -> None:
    if answered - {COMMENT} and LABEL not in answered:
        found = f"no question is called {LABEL!r}: answered are {listed(sorted(answered))}"
        expected = f"the questions that go out with a queue, {LABEL!r} and {COMMENT!r}"
        raise malformed(found, path, 1, expected=expected)


def _answers(
    answered: Sequence[tuple[str, Any, str, str]], row: int, about: Mapping[str, Any]
) -> Iterator[Answer]:
    """An answer of each person; an open one if there is nobody's."""
    if not answered:
        yield Answer(row, **about)
    for person, value, status, why in answered:
        labels = (value,) if isinstance(value, str) else list_texts(value)
        yield Answer(
            row,
            verdict=labels[0] if labels else "",
            also=labels[1:],
            status=status,
            annotator=person,
            why=why,
            **about,
        )


SHAPES = (
    Shape("Argilla's records.json", "'fields' and 'responses'", TOOL, _is_nested, _read_nested, NO_STATUS),
    Shape("Argilla's flat export", "'_server_id' and 'label.responses'", TOOL, _is_flat, _read_flat),
)
