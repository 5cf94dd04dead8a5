"""Label Studio's exports: JSON (tasks with annotations), JSON_MIN, CSV and TSV (a record an annotation).

Measured on version 1.23.2. Of one person's annotations of a task the newest counts; a skipped task stands in
JSON only. All labels come back as texts.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from doubtcli.read.verdicts.shape import Shape, malformed
from doubtcli.records.answers import Answer
from doubtcli.tools.values import list_texts, read_own_columns, value_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.read.verdicts.shape import Record

TOOL = "label-studio"
LABEL, NOTE = "label", "note"
"""What the controls are called in the labelling setup that goes out with a queue."""

ABOUT = ("annotation_id", "annotator", "created_at", "updated_at", "lead_time")
"""What stands beside the task's own data in every record of an annotation."""

AS_EXPORTED = "what Label Studio exports: a choice called 'label'"


# ---------------------------------------------------------------- tasks (JSON)


def _is_task(record: Record) -> bool:
    return isinstance(record.get("data"), dict) and isinstance(record.get("annotations"), list)


def _read_tasks(records: Sequence[Record], path: str) -> list[Answer]:
    control = _label_control(records, path)
    return [
        answer for row, task in enumerate(records, start=1) for answer in _of_task(task, row, path, control)
    ]


def _of_task(task: Record, row: int, path: str, control: str) -> list[Answer]:
    about = read_own_columns(task["data"]) | {"tool": TOOL, "file": path}
    if not task["annotations"]:
        return [Answer(row, status="draft" if task.get("drafts") else "", **about)]
    return [_of_annotation(one, row, path, control, about) for one in task["annotations"]]


def _of_annotation(
    annotation: Any,  # noqa: ANN401  # `_values` looks at it
    row: int,
    path: str,
    control: str,
    about: Mapping[str, Any],
) -> Answer:
    values = _values(annotation, row, path)
    person = annotation.get("completed_by")
    chosen = (text for name, value in values if name == control for text in _entered(value, "choices"))
    labels = tuple(dict.fromkeys(chosen))
    return Answer(
        row,
        verdict=labels[0] if labels else "",
        also=labels[1:],
        status="skipped" if annotation.get("was_cancelled") else "",
        annotator=value_text(person.get("email") or person.get("id"))
        if isinstance(person, dict)
        else value_text(person),
        time=value_text(annotation.get("updated_at") or annotation.get("created_at")),
        why="\n".join(text for name, value in values if name == NOTE for text in _entered(value, "text")),
        **about,
    )


def _values(annotation: object, row: int, path: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The controls of an annotation, each with what was entered there."""
    if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
        raise malformed("an annotation has no 'result'", path, row, "annotations", AS_EXPORTED)
    return [_control(one, row, path) for one in annotation["result"]]


def _control(one: object, row: int, path: str) -> tuple[str, Mapping[str, Any]]:
    """The name of a control, and what was entered there."""
    if not isinstance(one, dict) or not isinstance(one.get("value"), dict):
        raise malformed("a result has no 'value'", path, row, "annotations", AS_EXPORTED)
    return value_text(one.get("from_name")), one["value"]


def _label_control(records: Sequence[Record], path: str) -> str:
    """The control that labels were chosen in: "label", else the only one that offers choices."""
    first: dict[str, int] = {}
    for row, task in enumerate(records, start=1):
        for annotation in task["annotations"]:
            for name, value in _values(annotation, row, path):
                if "choices" in value:
                    first.setdefault(name, row)
    if LABEL in first or len(first) < 2:  # noqa: PLR2004
        return LABEL if LABEL in first else next(iter(first), LABEL)
    found = f"its choices are called {', '.join(map(repr, sorted(first)))}"
    raise malformed(found, path, max(first.values()), "annotations", AS_EXPORTED)


# ------------------------------------------- a record an annotation (JSON_MIN, CSV)


def _is_annotation(record: Record) -> bool:
    return all(name in record for name in ABOUT)


def _read_annotations(records: Sequence[Record], path: str) -> list[Answer]:
    if not any(LABEL in record for record in records):
        raise malformed("no annotation has a label", path, 1, LABEL, AS_EXPORTED)
    return [_of_record(record, row, path) for row, record in enumerate(records, start=1)]


def _of_record(record: Record, row: int, path: str) -> Answer:
    is_text = isinstance(record["annotation_id"], str)  # CSV and TSV, where a number is a text, too
    label, note = (
        _unpacked(record.get(name), key) if is_text else record.get(name)
        for name, key in ((LABEL, "choices"), (NOTE, "text"))
    )
    labels = _entered(label, "choices")
    return Answer(
        row,
        verdict=labels[0] if labels else "",
        also=labels[1:],
        annotator=value_text(record["annotator"]),
        time=value_text(record.get("updated_at") or record.get("created_at")),
        why="\n".join(_entered(note, "text")),
        tool=TOOL,
        file=path,
        **read_own_columns(record),
    )


def _entered(value: object, key: str) -> tuple[str, ...]:
    """What was entered in a control: one text, or several under a key."""
    if isinstance(value, dict):
        value = value.get(key)
    if isinstance(value, str):
        return (value,)  # as it is: a label may look like a list
    return tuple(dict.fromkeys(list_texts(value)))


def _unpacked(field: object, key: str) -> object:
    """What a CSV field holds: several entries, or none, stand there as JSON; a single one as it is."""
    if not isinstance(field, str) or not field.startswith("{"):
        return field
    try:
        found = json.loads(field)
    except (ValueError, RecursionError):
        return field
    entries = found.get(key)
    is_packed = list(found) == [key] and isinstance(entries, list) and len(entries) != 1
    return found if is_packed else field


SHAPES = (
    Shape("Label Studio JSON", "'annotations' and 'data'", TOOL, _is_task, _read_tasks),
    Shape(
        "Label Studio JSON_MIN, CSV or TSV",
        "'annotation_id', 'annotator' and 'lead_time'",
        TOOL,
        _is_annotation,
        _read_annotations,
    ),
)
