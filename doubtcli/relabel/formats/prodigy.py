"""A queue -> Prodigy: `queue.jsonl`, one choice a line.

Prodigy makes the hashes of a task itself. It may pass over a task whose text it has seen, but equal inputs
come once anyway, and the ids of the others stand in `meta`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from doubtcli.relabel.formats.format import Format
from doubtcli.relabel.formats.values import IMAGE, TEXT, image_keys, json_lines, own_rows

if TYPE_CHECKING:
    from doubtcli.relabel.task import Queue, Task

TASKS_FILE = "queue.jsonl"
DATASET = "doubt_queue"
TAKEN = frozenset(
    {TEXT, IMAGE, "html", "audio", "video", "options", "accept", "answer", "meta", "label", "spans", "tokens"}
    | {"relations", "config", "style", "path", "priority", "view_id", "field_id", "field_label", "images"}
    | {"_input_hash", "_task_hash", "_session_id", "_view_id", "_annotator_id", "_timestamp", "_is_binary"}
)
"""Names that mean something in a task of Prodigy's."""


def render(queue: Queue) -> dict[str, bytes]:
    """The one file."""
    rows = zip(queue.tasks, own_rows(queue, TAKEN), strict=True)
    return {TASKS_FILE: json_lines(_task(queue, task, own) for task, own in rows)}


def _task(queue: Queue, task: Task, own: dict[str, Any]) -> dict[str, Any]:
    keys = {name: "" if value is None else value for name, value in queue.keys(task).items()}
    return {
        **_shown(queue, task),
        "options": [_option(task, name) for name in queue.class_names],
        "accept": [] if task.suggestion is None else [task.suggestion],
        "meta": _meta(task),
        **keys,
        **own,
    }


def _shown(queue: Queue, task: Task) -> dict[str, str]:
    """An image, or all that there is as one text: Prodigy shows one or the other."""
    if not queue.parts.images:
        return {TEXT: task.shown.all_text}
    return dict(zip(image_keys(queue), task.shown.images, strict=True))


def _option(task: Task, name: str) -> dict[str, str]:
    told = {task.given_label: "given"}
    if task.suggestion is not None:
        told[task.suggestion] = f"suggested, doubt {task.score:.2f}"
    return {"id": name, "text": name} | ({"meta": told[name]} if name in told else {})


def _meta(task: Task) -> dict[str, str | float]:
    """What stands in a corner of the card."""
    told: dict[str, str | float] = {
        "doubt_id": task.doubt_id,
        "given": task.given_label,
        "score": task.score,
        "reasons": ", ".join(task.reasons),
        "why": task.why,
        "duplicates": ", ".join(task.duplicates),
        "conflicts": ", ".join(task.conflicts),
    }
    if task.shown.images:
        told |= {"text": task.shown.text or "", "row": task.shown.card or ""}
    return {name: value for name, value in told.items() if value != ""}


def _load(queue: Queue) -> tuple[str, ...]:
    return (
        "Go to this folder. For one key a row, put this into prodigy.json:",
        '    {"choice_style": "single", "choice_auto_accept": true}',
        "Then run:",
        f"    prodigy mark {DATASET} {TASKS_FILE} --view-id choice",
        "The suggestion is selected already.",
        *([_ABOUT_IMAGES] if queue.parts.images else ()),
    )


_ABOUT_IMAGES = (
    "Prodigy shows images that a browser can open, so paths of this machine need a web server, or must be "
    "made data URIs first."
)
FORMAT = Format(
    "Prodigy",
    render,
    _load,
    ("Run:", f"    prodigy db-out {DATASET} > prodigy.jsonl"),
    "prodigy.jsonl",
)
