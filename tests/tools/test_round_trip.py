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
from doubtcli.verdicts.corrections import make_lenient_terms, settle_answers
from doubtcli.verdicts.rows import VerdictRows
from doubtcli.verdicts.spelling import Spellings

Chosen = tuple[str, str]
"""The id of a row, and the label chosen."""

ABOUT = {"annotation_id": 1, "annotator": 1, "created_at": "", "updated_at": "", "lead_time": 1}


def label_studio(chosen: Chosen) -> dict[str, Any]:
    """A task as in Label Studio's JSON."""
    choice = {"from_name": "label", "type": "choices", "value": {"choices": [chosen[1]]}}
    return {"data": {"doubt_id": chosen[0]}, "annotations": [{"result": [choice], "was_cancelled": False}]}


def argilla(chosen: Chosen) -> dict[str, Any]:
    """A record as in Argilla's flat export."""
    responses = {"label.responses": [chosen[1]], "label.responses.users": ["ana"]}
    return {"id": chosen[0], "_server_id": "1", "label.responses.status": ["submitted"], **responses}


JSON: dict[str, Callable[[Chosen], dict[str, Any]]] = {
    "ours": lambda chosen: {"doubt_id": chosen[0], "verdict": chosen[1]},
    "label-studio": label_studio,
    "label-studio min": lambda chosen: {"doubt_id": chosen[0], "label": chosen[1], **ABOUT},
    "argilla": argilla,
    "prodigy": lambda chosen: {"doubt_id": chosen[0], "answer": "accept", "accept": [chosen[1]]},
    "doccano": lambda chosen: {"doubt_id": chosen[0], "label": [chosen[1]], "Comments": []},
}
CSV: dict[str, Callable[[Chosen], dict[str, Any]]] = {
    "ours": JSON["ours"],
    "label-studio": JSON["label-studio min"],
    "doccano": lambda chosen: {"doubt_id": chosen[0], "label": chosen[1], "Comments": ""},
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
"""Where each tool returns the hash of a row's content."""


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
@given(chosen=st.lists(st.tuples(TEXTS, CHOSEN), min_size=1, max_size=5, unique_by=lambda one: one[0]))
@settings(max_examples=25)
def test_any_label_of_any_row_comes_back(
    tmp_path_factory: pytest.TempPathFactory,
    record: Callable[[Chosen], dict[str, Any]],
    write: Callable[[Sequence[dict[str, Any]]], str],
    chosen: list[Chosen],
) -> None:
    """Any text may be an id or a new label: in all tools, each row gets the label that was chosen."""
    path = tmp_path_factory.mktemp("export") / "verdicts"
    path.write_text(write([record(one) for one in chosen]), encoding="utf-8", newline="")
    rows = [RowSnapshot(row_id, place, GIVEN, "h") for place, (row_id, _) in enumerate(chosen, start=1)]
    labels = Spellings({label: label for label in [GIVEN, *(label for _, label in chosen)]})

    found = settle_answers(
        read_answers(str(path)).answers, VerdictRows.of(rows, labels), make_lenient_terms()
    )

    assert [(one.row_id, one.verdict) for one in found.decisions] == chosen


@pytest.mark.parametrize("tool", CARRIED)
def test_the_hash_comes_back(write: Callable[..., str], tool: str) -> None:
    """All tools return the hash of a row's content, which shows whether the row has changed since."""
    [answer] = read_answers(write([CARRIED[tool]])).answers

    assert (answer.row_id, answer.seen_hash) == ("a", "00ff")
