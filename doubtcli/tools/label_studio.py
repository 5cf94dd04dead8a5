"""Label Studio: writes `tasks.json` with predictions and `label_config.xml`, reads its exports.

All values that must come back are in `data`, since only the JSON export has the rest. Label Studio doesn't
check predictions, so they are made to fit the config here. It shows tasks in the order of the file as long as
the project's sampling is sequential, which is the default.

It exports JSON (tasks with annotations), JSON_MIN, CSV and TSV (one record for each annotation); tested with
version 1.23.2. If one person annotated a task several times, the newest annotation counts; only JSON has the
skipped tasks. All labels come back as texts.
"""

from __future__ import annotations

import json
import re
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from xml.etree import ElementTree as ET

from doubtcli.errors import InputError
from doubtcli.records.answers import Answer
from doubtcli.records.tool import AnswerShape, Tool
from doubtcli.tools import values
from doubtcli.tools.values import CARD, TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from doubtcli.records.queue import Queue, QueueRow
    from doubtcli.records.tool import AnswerRecord

LABEL, NOTE = "label", "note"
"""The names of the two controls in the labelling config."""
ANNOTATION_KEYS = ("annotation_id", "annotator", "created_at", "updated_at", "lead_time")
"""What a record of an annotation has in addition to the task's own data."""
LABEL_STUDIO_KEYS = frozenset(
    {LABEL, NOTE, *ANNOTATION_KEYS, "id", "annotations", "predictions", "data", "meta"},
)
"""Names that Label Studio's exports use."""
TASKS_FILE, CONFIG_FILE = "tasks.json", "label_config.xml"
CHOICE_HOTKEYS = "1234567890"
"""More classes than these are shown below each other, with a filter above them."""
LOCAL_FILES = "/data/local-files/?d="
"""Where Label Studio serves files of the machine that it runs on."""
AS_EXPORTED = "an export of Label Studio, with a choice called 'label'"
_ADDRESS = re.compile(r"(?i)[a-z][a-z0-9+.-]+:")
_VARIABLE = re.compile(r"\$(?=[\w\[\].{}])")
"""What Label Studio reads as the name of a value, inside a text of the config."""
_FULL_WIDTH_DOLLAR = "\uff04"
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_IN_ORDER = (
    "Choose Save. Leave Settings > General > Task Sampling at sequential: the tasks are in the order in "
    "which people should see them. (Uncertainty sampling would reverse it.)"
)
_EXPORT_JSON = (
    "In the project, choose Export, then JSON. (doubt reads JSON-MIN and CSV, too, but they leave out "
    "skipped tasks.)"
)
_LOCAL_IMAGES = (
    "Images on this machine: start Label Studio with LOCAL_FILES_SERVING_ENABLED=true and "
    "LOCAL_FILES_DOCUMENT_ROOT set to the folder that the paths start from (/ if they start with /). In the "
    "project, under Settings > Cloud Storage > Add Source Storage > Local Files, add each folder below it "
    "that holds images, without syncing it: Label Studio does not serve files directly in the first folder."
)


# ------------------------------------------------------------ tasks that are written


def _write_tasks(queue: Queue) -> bytes:
    own = values.list_own_columns_as_json(queue, LABEL_STUDIO_KEYS)
    tasks = [
        values.write_json_line(_make_task(queue, row, columns))
        for row, columns in zip(queue.rows, own, strict=True)
    ]
    return ("[\n" + ",\n".join(tasks) + "\n]\n").encode()


def _make_task(queue: Queue, row: QueueRow, own: dict[str, Any]) -> dict[str, Any]:
    ours = {name: "" if value is None else value for name, value in queue.cells(row).items()}
    return {
        "data": _make_shown_data(queue, row) | ours | own,
        "meta": {"doubt": {"id": row.doubt_id, "score": row.score, "reasons": list(row.reasons)}},
        "predictions": [] if row.suggestion is None else [_make_prediction(queue, row, row.suggestion)],
    }


def _make_shown_data(queue: Queue, row: QueueRow) -> dict[str, str]:
    images = zip(values.name_image_keys(queue), row.shown.images, strict=True)
    texts = {TEXT: row.shown.text, CARD: row.shown.card}
    return {key: _address_image(path) for key, path in images} | {
        key: text for key, text in texts.items() if text is not None
    }


def _address_image(path: str) -> str:
    """Where Label Studio finds an image: a URL as it is, a path as a file of its own machine."""
    if not path or _ADDRESS.match(path) or path.startswith("/data/"):
        return path
    return LOCAL_FILES + quote(path.replace("\\", "/"))


def _make_prediction(queue: Queue, row: QueueRow, suggestion: str) -> dict[str, Any]:
    region = {
        "id": blake2b(row.doubt_id.encode(), digest_size=5).hexdigest(),
        "from_name": LABEL,
        "to_name": _list_objects(queue)[0][1],
        "type": "choices",
        "value": {"choices": [suggestion]},
    }
    return {"model_version": queue.made_by, "score": row.score, "result": [region]}


# -------------------------------------------------------------- config that is written


def write_label_config(queue: Queue) -> str:
    """The labelling config: the given label, why it is doubted, the row, and the labels to choose from.

    Raises:
        InputError: A label holds a control character, which can't be written in XML.
    """
    objects = _list_objects(queue)
    shown = objects[0][1]
    is_few = len(queue.class_names) <= len(CHOICE_HOTKEYS)
    view = ET.Element("View")
    ET.SubElement(view, "Header", value="Given label: $given_label")
    ET.SubElement(view, "Header", value="$doubt_why", size="6")
    if queue.n_equal_rows > len(queue.rows):
        ET.SubElement(view, "Header", value="Equal rows that this decides: $doubt_equal_rows", size="6")
    for tag, name in objects:
        # valueType: without it, Label Studio in its secure mode treats a text as a URL
        more = {} if tag == "Image" else {"valueType": "text"}
        ET.SubElement(view, tag, {"name": name, "value": f"${name}", **more})
    if not is_few:
        find = {"hotkey": "shift+f", "minlength": "0", "placeholder": "Find a label"}
        ET.SubElement(view, "Filter", {"name": "filter", "toName": LABEL, **find})
    view.append(_make_choices(queue.class_names, shown, is_inline=is_few))
    note = {"placeholder": "why (optional)", "rows": "1", "maxSubmissions": "1"}
    ET.SubElement(view, "TextArea", {"name": NOTE, "toName": shown, **note})
    ET.indent(view)
    return ET.tostring(view, encoding="unicode") + "\n"


def _list_objects(queue: Queue) -> list[tuple[str, str]]:
    """The tag and name of each part of a row that is shown: images, text, card."""
    return [
        *(("Image", key) for key in values.name_image_keys(queue)),
        *([("Text", TEXT)] if queue.parts.text else []),
        *([("Text", CARD)] if queue.parts.has_card else []),
    ]


def _make_choices(class_names: Sequence[str], shown: str, *, is_inline: bool) -> ET.Element:
    behaviour = {"choice": "single-radio", "required": "true", "showInline": str(is_inline).lower()}
    choices = ET.Element("Choices", {"name": LABEL, "toName": shown, **behaviour})
    for place, name in enumerate(class_names):
        choice = ET.SubElement(choices, "Choice", _make_choice_value(name))
        if place < len(CHOICE_HOTKEYS):
            choice.set("hotkey", CHOICE_HOTKEYS[place])
    return choices


def _make_choice_value(name: str) -> dict[str, str]:
    """A label as an attribute. A `$` that Label Studio would read as a variable is shown as another sign.

    Raises:
        InputError: As `write_label_config`.
    """
    if found := _NOT_XML.search(name):
        raise InputError(
            f"the label {name!r} holds {found[0]!r}, which can't be written in XML",
            where=CONFIG_FILE,
            expected="labels without control characters",
            hint="use another format, such as --to csv",
        )
    if not _VARIABLE.search(name):
        return {"value": name}
    return {"value": _VARIABLE.sub(_FULL_WIDTH_DOLLAR, name), "alias": name}


# ----------------------------------------------------------------- tasks, read back


def _is_task(record: AnswerRecord) -> bool:
    return isinstance(record.get("data"), dict) and isinstance(record.get("annotations"), list)


def _read_tasks(records: Sequence[AnswerRecord], path: str) -> list[Answer]:
    control = _find_label_control(records, path)
    return [
        answer for row, task in enumerate(records, start=1) for answer in _read_task(task, row, path, control)
    ]


def _read_task(task: AnswerRecord, row: int, path: str, control: str) -> list[Answer]:
    ours = values.read_our_columns(task["data"])
    if not task["annotations"]:
        return [Answer(row, status="draft" if task.get("drafts") else "", **ours)]
    return [_read_annotation(one, row, path, control, ours) for one in task["annotations"]]


def _read_annotation(
    annotation: Any,  # noqa: ANN401  # `_list_results` checks it
    row: int,
    path: str,
    control: str,
    ours: Mapping[str, Any],
) -> Answer:
    results = _list_results(annotation, row, path)
    person = annotation.get("completed_by")
    chosen = (text for name, value in results if name == control for text in _list_entries(value, "choices"))
    labels = tuple(dict.fromkeys(chosen))
    return Answer(
        row,
        verdict=labels[0] if labels else "",
        other_verdicts=labels[1:],
        status="skipped" if annotation.get("was_cancelled") else "",
        annotator=values.read_answer_text(person.get("email") or person.get("id"))
        if isinstance(person, dict)
        else values.read_answer_text(person),
        time=values.read_answer_text(annotation.get("updated_at") or annotation.get("created_at")),
        why="\n".join(
            text for name, value in results if name == NOTE for text in _list_entries(value, "text")
        ),
        **ours,
    )


def _list_results(annotation: object, row: int, path: str) -> list[tuple[str, Mapping[str, Any]]]:
    """The controls of an annotation: the name and the entered value of each."""
    if not isinstance(annotation, dict) or not isinstance(annotation.get("result"), list):
        raise values.explain_malformed_record(
            "an annotation has no 'result'", path, row, "annotations", AS_EXPORTED
        )
    results = annotation["result"]
    if not all(isinstance(one, dict) and isinstance(one.get("value"), dict) for one in results):
        raise values.explain_malformed_record(
            "a result has no 'value'", path, row, "annotations", AS_EXPORTED
        )
    return [(values.read_answer_text(one.get("from_name")), one["value"]) for one in results]


def _find_label_control(records: Sequence[AnswerRecord], path: str) -> str:
    """The control for labels: "label", or else the only one with choices."""
    first: dict[str, int] = {}
    for row, task in enumerate(records, start=1):
        for annotation in task["annotations"]:
            for name, value in _list_results(annotation, row, path):
                if "choices" in value:
                    first.setdefault(name, row)
    if LABEL in first or len(first) < 2:  # noqa: PLR2004
        return LABEL if LABEL in first else next(iter(first), LABEL)
    found = f"it has several choices, and none is called 'label': {', '.join(map(repr, sorted(first)))}"
    raise values.explain_malformed_record(found, path, max(first.values()), "annotations", AS_EXPORTED)


# --------------------------------------- annotations, read back (JSON_MIN, CSV, TSV)


def _is_annotation(record: AnswerRecord) -> bool:
    return all(name in record for name in ANNOTATION_KEYS)


def _read_annotations(records: Sequence[AnswerRecord], path: str) -> list[Answer]:
    if not any(LABEL in record for record in records):
        raise values.explain_malformed_record("no annotation has a label", path, 1, LABEL, AS_EXPORTED)
    return [_read_flat_annotation(record, row) for row, record in enumerate(records, start=1)]


def _read_flat_annotation(record: AnswerRecord, row: int) -> Answer:
    is_text = isinstance(record["annotation_id"], str)  # CSV and TSV, in which numbers are texts, too
    label, note = (
        _unpack_field(record.get(name), key) if is_text else record.get(name)
        for name, key in ((LABEL, "choices"), (NOTE, "text"))
    )
    labels = _list_entries(label, "choices")
    return Answer(
        row,
        verdict=labels[0] if labels else "",
        other_verdicts=labels[1:],
        annotator=values.read_answer_text(record["annotator"]),
        time=values.read_answer_text(record.get("updated_at") or record.get("created_at")),
        why="\n".join(_list_entries(note, "text")),
        **values.read_our_columns(record),
    )


def _list_entries(value: object, key: str) -> tuple[str, ...]:
    """The entries of a control: one text, or several under a key."""
    if isinstance(value, dict):
        value = value.get(key)
    if isinstance(value, str):
        return (value,)  # as it is: a label may look like a list
    return tuple(dict.fromkeys(values.read_answer_texts(value)))


def _unpack_field(field: object, key: str) -> object:
    """The value of a CSV field: several entries, or none, are written as JSON; a single one as it is."""
    if not isinstance(field, str) or not field.startswith("{"):
        return field
    try:
        found = json.loads(field)
    except (ValueError, RecursionError):
        return field
    entries = found.get(key)
    is_packed = list(found) == [key] and isinstance(entries, list) and len(entries) != 1
    return found if is_packed else field


class LabelStudio(Tool):
    """Label Studio: writes tasks with predictions and a labelling config, reads its exports."""

    name = "label-studio"
    title = "Label Studio"
    answers_file = "project-1.json"
    how_to_export = (_EXPORT_JSON,)
    shapes = (
        AnswerShape("Label Studio JSON", "'annotations' and 'data'", _is_task, _read_tasks),
        AnswerShape(
            "Label Studio JSON_MIN, CSV or TSV",
            "'annotation_id', 'annotator' and 'lead_time'",
            _is_annotation,
            _read_annotations,
        ),
    )

    def hand_out(self, queue: Queue) -> dict[str, bytes]:
        """Both files.

        Raises:
            InputError: As `write_label_config`.
        """
        return {TASKS_FILE: _write_tasks(queue), CONFIG_FILE: write_label_config(queue).encode()}

    def how_to_import(self, queue: Queue) -> tuple[str, ...]:
        """The steps from a new project to the first task."""
        return (
            "In Label Studio, choose Create Project and name it.",
            f"On the tab Data Import, choose Upload Files and pick {TASKS_FILE}.",
            f"On the tab Labeling Setup, choose Custom template, then Code, and paste all of {CONFIG_FILE}.",
            _IN_ORDER,
            "The suggestion is already selected. A key (1 to 9, then 0) selects one of the first ten labels.",
            *([_LOCAL_IMAGES] if queue.parts.images else ()),
        )
