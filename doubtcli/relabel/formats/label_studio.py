"""A queue -> Label Studio: `tasks.json` with predictions, and `label_config.xml`.

All that has to come back stands in `data`, since of the rest only the JSON export tells. Label Studio takes
predictions unchecked, so they are made to fit the config here. It shows tasks in the file's order as long as
the project's sampling is sequential, which is its default.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from doubtcli.errors import InputError
from doubtcli.relabel.formats.format import Format
from doubtcli.relabel.formats.values import CARD, TEXT, image_keys, json_line, own_rows

if TYPE_CHECKING:
    from doubtcli.relabel.task import Queue, Task

TASKS_FILE, CONFIG_FILE = "tasks.json", "label_config.xml"
CONTROL, NOTE = "label", "note"
TAKEN = frozenset(
    {CONTROL, NOTE, "id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"}
    | {"annotations", "predictions", "data", "meta"}
)
"""Names that Label Studio's exports use themselves."""
HOTKEYS = "1234567890"
FEW = len(HOTKEYS)
"""More classes than this stand below each other, with a filter above them."""
LOCAL_FILES = "/data/local-files/?d="
"""Where Label Studio serves files of its own machine."""
_ADDRESS = re.compile(r"(?i)[a-z][a-z0-9+.-]+:")
_VARIABLE = re.compile(r"\$(?=[\w\[\].{}])")
"""What Label Studio takes for the name of a value within a text of the config."""
_FULL_WIDTH_DOLLAR = "\uff04"
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(queue: Queue) -> dict[str, bytes]:
    """Both files.

    Raises:
        InputError: A label holds a control character, for which XML has no way to be written.
    """
    tasks = [
        json_line(_task(queue, task, own))
        for task, own in zip(queue.tasks, own_rows(queue, TAKEN), strict=True)
    ]
    text = "[\n" + ",\n".join(tasks) + "\n]\n"
    return {TASKS_FILE: text.encode(), CONFIG_FILE: label_config(queue).encode()}


# --------------------------------------------------------------------- tasks


def _task(queue: Queue, task: Task, own: dict[str, Any]) -> dict[str, Any]:
    keys = {name: "" if value is None else value for name, value in queue.keys(task).items()}
    suggested = [] if task.suggestion is None else [_prediction(queue, task, task.suggestion)]
    return {
        "data": _shown(queue, task) | keys | own,
        "meta": {"doubt": {"id": task.doubt_id, "score": task.score, "reasons": list(task.reasons)}},
        "predictions": suggested,
    }


def _shown(queue: Queue, task: Task) -> dict[str, str]:
    shown = {key: _address(path) for key, path in zip(image_keys(queue), task.shown.images, strict=True)}
    texts = {TEXT: task.shown.text, CARD: task.shown.card}
    return shown | {key: text for key, text in texts.items() if text is not None}


def _address(path: str) -> str:
    """Where Label Studio finds an image: an address as it is, a path as a file of its own machine."""
    if not path or _ADDRESS.match(path) or path.startswith("/data/"):
        return path
    return LOCAL_FILES + quote(path.replace("\\", "/"))


def _prediction(queue: Queue, task: Task, suggestion: str) -> dict[str, Any]:
    region = {
        "id": blake2b(task.doubt_id.encode(), digest_size=5).hexdigest(),
        "from_name": CONTROL,
        "to_name": _objects(queue)[0][1],
        "type": "choices",
        "value": {"choices": [suggestion]},
    }
    return {"model_version": queue.made_by, "score": task.score, "result": [region]}


# -------------------------------------------------------------------- config


def label_config(queue: Queue) -> str:
    """The labelling config: the given label, why it is doubted, the row, and the labels to choose from.

    Raises:
        InputError: As `render`.
    """
    shown = _objects(queue)
    is_few = len(queue.class_names) <= FEW
    lines = [
        _tag("Header", value="Given label: $given_label"),
        _tag("Header", value="$doubt_why", size="6"),
        *(_object(tag, name) for tag, name in shown),
        *([] if is_few else [_filter()]),
        *_choices(queue.class_names, shown[0][1], inline=is_few),
        _tag(
            "TextArea",
            name=NOTE,
            toName=shown[0][1],
            placeholder="why (optional)",
            rows="1",
            maxSubmissions="1",
        ),
    ]
    return "<View>\n" + "".join(f"  {line}\n" for line in lines) + "</View>\n"


def _objects(queue: Queue) -> list[tuple[str, str]]:
    """What is shown of a row, as tag and name: images, text, card."""
    return [
        *(("Image", key) for key in image_keys(queue)),
        *([("Text", TEXT)] if queue.parts.text else []),
        *([("Text", CARD)] if queue.parts.has_card else []),
    ]


def _object(tag: str, name: str) -> str:
    if tag == "Image":
        return _tag(tag, name=name, value=f"${name}")
    # said outright: where Label Studio runs in its secure mode, a text is else taken for an address
    return _tag(tag, name=name, value=f"${name}", valueType="text")


def _filter() -> str:
    return _tag(
        "Filter", name="filter", toName=CONTROL, hotkey="shift+f", minlength="0", placeholder="Find a label"
    )


def _choices(class_names: tuple[str, ...], shown: str, *, inline: bool) -> list[str]:
    head = _tag(
        "Choices",
        name=CONTROL,
        toName=shown,
        choice="single-radio",
        required="true",
        showInline="true" if inline else "false",
    )
    keys = [{"hotkey": key} for key in HOTKEYS] + [{}] * len(class_names)
    choices = [_tag("Choice", **_named(name), **key) for name, key in zip(class_names, keys, strict=False)]
    return [head.replace("/>", ">"), *(f"  {choice}" for choice in choices), "</Choices>"]


def _named(name: str) -> dict[str, str]:
    """A label as an attribute; where it would be taken for a variable, another sign is shown in its place."""
    if not _VARIABLE.search(name):
        return {"value": name}
    return {"value": _VARIABLE.sub(_FULL_WIDTH_DOLLAR, name), "alias": name}


def _tag(tag: str, **attributes: str) -> str:
    told = "".join(f' {name}="{_escaped(value)}"' for name, value in attributes.items())
    return f"<{tag}{told}/>"


def _escaped(value: str) -> str:
    if found := _NOT_XML.search(value):
        raise InputError(
            f"the label {value!r} holds {found[0]!r}, which XML has no way to write",
            where=CONFIG_FILE,
            expected="labels without control characters",
            hint="take another format, such as --to csv",
        )
    marks = {
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        '"': "&quot;",
        "\t": "&#9;",
        "\n": "&#10;",
        "\r": "&#13;",
    }
    return "".join(marks.get(mark, mark) for mark in value)


# ---------------------------------------------------------------- how it is used


def _load(queue: Queue) -> tuple[str, ...]:
    in_order = (
        "Choose Save. Leave Settings > General > Task Sampling at sequential: the tasks stand in the "
        "order in which they should be asked. (Uncertainty sampling would turn it around.)"
    )
    return (
        "In Label Studio, choose Create Project and name it.",
        f"On the tab Data Import, choose Upload Files and pick {TASKS_FILE}.",
        f"On the tab Labeling Setup, choose Custom template, then Code, and paste all of {CONFIG_FILE}.",
        in_order,
        "The suggestion is selected already. A key (1 to 9, then 0) selects one of the first ten labels.",
        *([_ABOUT_IMAGES] if queue.parts.images else ()),
    )


_ABOUT_IMAGES = (
    "Images on this machine: start Label Studio with LOCAL_FILES_SERVING_ENABLED=true and "
    "LOCAL_FILES_DOCUMENT_ROOT set to the folder that the paths start from (/ if they start with /). In the "
    "project, under Settings > Cloud Storage > Add Source Storage > Local Files, add each folder below it "
    "that holds images, without syncing it: Label Studio serves no file that lies right in the first one."
)
_EXPORT = (
    "In the project, choose Export, then JSON. (JSON-MIN and CSV are read, too, but do not tell which tasks "
    "were skipped.)"
)


FORMAT = Format(
    "Label Studio",
    render,
    _load,
    (_EXPORT,),
    "project-1.json",
)
