"""A queue -> doccano: `queue.jsonl` to be imported as a data set, and `labels.json` with all labels.

doccano knows no suggestions: a row comes with its given label, and what is suggested stands beside it. What
was drawn at random comes without a label: else nothing would tell a label that was kept from one that nobody
looked at, and the noise rate is measured on both. doccano refuses rows of unlike keys and missing values, so
all rows have the same keys; all but the score are text.
"""

from __future__ import annotations

import json
import string
from typing import TYPE_CHECKING, Any

from doubtcli.relabel.formats.format import Format
from doubtcli.relabel.formats.values import TEXT, json_lines, own_texts

if TYPE_CHECKING:
    from doubtcli.relabel.task import Queue, Task

TASKS_FILE, LABELS_FILE = "queue.jsonl", "labels.json"
TAKEN = frozenset({"id", "label", "meta", "Comments", "filename", "upload_name", "data"})
"""Names that doccano's imports and exports use themselves."""
HOTKEYS = "1234567890" + string.ascii_lowercase
"""Keys that doccano lets stand for a label."""
COLOR = "#1976d2"


def render(queue: Queue) -> dict[str, bytes]:
    """Both files."""
    rows = zip(queue.tasks, own_texts(queue, TAKEN), strict=True)
    return {
        TASKS_FILE: json_lines(_row(queue, task, own) for task, own in rows),
        LABELS_FILE: (json.dumps(_labels(queue), ensure_ascii=False, indent=1) + "\n").encode(),
    }


def _row(queue: Queue, task: Task, own: dict[str, str]) -> dict[str, Any]:
    keys = {name: "" if value is None else value for name, value in queue.keys(task).items()}
    labels = [task.given_label] if task.stratum is None else []
    return {"id": task.doubt_id, TEXT: task.shown.all_text, "label": labels, **keys, **own}


def _labels(queue: Queue) -> list[dict[str, str | None]]:
    keys = [*HOTKEYS, *[None] * len(queue.class_names)]
    return [
        {
            "text": name,
            "prefix_key": None,
            "suffix_key": key,
            "background_color": COLOR,
            "text_color": "#ffffff",
        }
        for name, key in zip(queue.class_names, keys, strict=False)
    ]


_IMPORT = (
    f"Under Dataset, choose Actions, then Import Dataset, then JSONL; leave Column Data at {TEXT} and Column "
    f"Label at label; pick {TASKS_FILE}."
)
_EXPORT = (
    "Under Dataset, choose Actions, then Export Dataset, then JSONL, and tick Export only approved "
    "documents: rows that nobody looked at would come back as if their label was to be kept. "
    "Unzip what comes: all.jsonl, or, where annotations aren't shared, one file a person, named after them "
    "(give --verdicts for each)."
)


_COME = "Each row comes with its given label; the suggested one and why stand in its metadata."
_COME_SAMPLED = (
    "Rows that were drawn at random come without a label: choose the given one where it is right, so that it "
    "is told from one that nobody looked at. All others come with their given label. The suggested one and "
    "why stand in a row's metadata."
)
_APPROVE = (
    "Approve each row that is decided: a click turns the cross above it into a check mark. Others are left "
    "out when the verdicts are brought back."
)


def _load(queue: Queue) -> tuple[str, ...]:
    return (
        "In doccano, choose Create, then Text Classification, and tick Allow single label.",
        f"Under Labels, choose Actions, then Import Labels, and pick {LABELS_FILE}. Do this first.",
        _IMPORT,
        _COME_SAMPLED if queue.is_sampled else _COME,
        _APPROVE,
        *(["doccano shows the paths of the images, not the images."] if queue.parts.images else ()),
    )


FORMAT = Format("doccano", render, _load, (_EXPORT,), "all.jsonl", flags=" --confirmed")
