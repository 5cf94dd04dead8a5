import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.records import RowSnapshot
from doubtcli.tools.read import read_answers
from doubtcli.verdicts.corrections import lenient_terms, settle_answers
from doubtcli.verdicts.rows import VerdictRows
from doubtcli.verdicts.spelling import Spellings

Said = tuple[str, str]
"""The id of a row, and the label chosen."""

ABOUT = {"annotation_id": 1, "annotator": 1, "created_at": "", "updated_at": "", "lead_time": 1}


def label_studio(said: Said) -> dict[str, Any]:
    """A task as Label Studio's JSON has it."""
    choice = {"from_name": "label", "type": "choices", "value": {"choices": [said[1]]}}
    return {"data": {"doubt_id": said[0]}, "annotations": [{"result": [choice], "was_cancelled": False}]}


def argilla(said: Said) -> dict[str, Any]:
    """A record as Argilla's flat export has it."""
    responses = {"label.responses": [said[1]], "label.responses.users": ["ana"]}
    return {"id": said[0], "_server_id": "1", "label.responses.status": ["submitted"], **responses}


JSON: dict[str, Callable[[Said], dict[str, Any]]] = {
    "ours": lambda said: {"doubt_id": said[0], "verdict": said[1]},
    "label-studio": label_studio,
    "label-studio min": lambda said: {"doubt_id": said[0], "label": said[1], **ABOUT},
    "argilla": argilla,
    "prodigy": lambda said: {"doubt_id": said[0], "answer": "accept", "accept": [said[1]]},
    "doccano": lambda said: {"doubt_id": said[0], "label": [said[1]], "Comments": []},
}
CSV: dict[str, Callable[[Said], dict[str, Any]]] = {
    "ours": JSON["ours"],
    "label-studio": JSON["label-studio min"],
    "doccano": lambda said: {"doubt_id": said[0], "label": said[1], "Comments": ""},
}


CARRIED: dict[str, dict[str, Any]] = {
    "ours": {"doubt_id": "a", "verdict": "x", "doubt_row_hash": "00ff"},
    "label-studio": {"data": {"doubt_id": "a", "doubt_row_hash": "00ff"}, "annotations": [{"result": []}]},
    "label-studio min": {"doubt_id": "a", "label": "x", "doubt_row_hash": "00ff", **ABOUT},
    "argilla": argilla(("a", "x")) | {"doubt_row_hash": "00ff"},
    "argilla nested": {
        "id": "a",
        "status": "completed",
        "fields": {},
        "suggestions": {},
        "metadata": {"doubt_row_hash": "00ff"},
        "responses": {"label": [{"value": "x", "user_id": "ana"}]},
    },
    "prodigy": {"doubt_id": "a", "doubt_row_hash": "00ff", "answer": "accept", "accept": ["x"]},
    "prodigy meta": {"meta": {"doubt_id": "a", "doubt_row_hash": "00ff"}, "answer": "accept", "accept": []},
    "doccano": {"doubt_id": "a", "doubt_row_hash": "00ff", "label": ["x"], "Comments": []},
    "doccano CSV": {"doubt_id": "a", "doubt_row_hash": "00ff", "label": "x", "Comments": ""},
}
"""Where each tool brings back what was told of a row's content."""


def as_list(records: Sequence[dict[str, Any]]) -> str:
    """A JSON array."""
    return json.dumps(records, ensure_ascii=False, indent=1)


def as_lines(records: Sequence[dict[str, Any]]) -> str:
    """JSON Lines."""
    return "".join(json.dumps(record) + "\n" for record in records)


def as_csv(records: Sequence[dict[str, Any]]) -> str:
    """Comma-separated values."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(records[0]), quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(records)
    return text.getvalue()


WAYS = [(JSON[tool], write) for tool in JSON for write in (as_list, as_lines)]
WAYS += [(CSV[tool], as_csv) for tool in CSV]
NASTY = [
    "0",
    "007",
    "1.0",
    "NA",
    "a::b",
    "%s",
    "]]>",
    "a#b",
    '["a"]',
    "{a}",
    "\u202eabc",
    "x" * 10_000,
    " a ",
    "\x07",
]
TEXTS = st.sampled_from(NASTY) | st.text(
    st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20
).filter(str.strip)
GIVEN = "given"
# hypothesis also draws the words of the package, and a record that repeats the given label may decide nothing
CHOSEN = TEXTS.filter(lambda text: text != GIVEN)


@pytest.mark.parametrize(("record", "write"), WAYS)
@given(said=st.lists(st.tuples(TEXTS, CHOSEN), min_size=1, max_size=5, unique_by=lambda one: one[0]))
@settings(deadline=None, max_examples=40)
def test_any_label_of_any_row_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    record: Callable[[Said], dict[str, Any]],
    write: Callable[[Sequence[dict[str, Any]]], str],
    said: list[Said],
) -> None:
    """Whatever text an id and a new label are, in whatever tool: each row gets the label that was chosen."""
    path = tmp_path_factory.mktemp("export") / "verdicts"
    path.write_text(write([record(one) for one in said]), encoding="utf-8", newline="")
    rows = [RowSnapshot(row_id, place, GIVEN, "h") for place, (row_id, _) in enumerate(said, start=1)]
    labels = Spellings({label: label for label in [GIVEN, *(label for _, label in said)]})

    found = settle_answers(read_answers(str(path)).answers, VerdictRows.of(rows, labels), lenient_terms())

    assert [(one.row_id, one.verdict) for one in found.decisions] == said


@pytest.mark.parametrize("tool", CARRIED)
def test_what_was_seen_comes_back(write: Callable[..., str], tool: str) -> None:
    """From whatever tool: by it a row that has changed since is told."""
    [answer] = read_answers(write([CARRIED[tool]])).answers

    assert (answer.row_id, answer.seen_hash) == ("a", "00ff")
