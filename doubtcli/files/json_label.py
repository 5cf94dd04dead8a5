"""Where the label is in a JSON object: under its key, in a list of one, or in the last message of a chat.

Tools write one label as a list (doccano, Prodigy's choices), or as what the assistant says last (files to
tune chat models). It is read as a plain value, and rewritten in its place.
"""

from __future__ import annotations

import json
import re
from json.decoder import JSONDecoder, scanstring  # type: ignore[attr-defined]
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.files.values import TEXT, is_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from doubtcli.files.text import Span

BLANKS = re.compile(r"[ \t\r\n]*+")
DECODER = JSONDecoder()

LISTED = frozenset(
    {"label", "labels", "class", "classes", "category", "categories", "target", "accept"}
    | {"intent", "intents", "sentiment", "emotion", "emotions", "topic", "topics"}
)
"""Keys of labels, which tools write as a list; "accept" is Prodigy's."""
CHATS = {"messages": "content", "conversations": "value"}
"""The key of a chat, and that of what is said in each message: OpenAI's and ShareGPT's."""
CHAT_LABEL = "label"
"""The name of the column with what is said last."""
MOST_CHAT_LABELS, LONGEST_CHAT_LABEL = 0.5, 60
"""What is said last is a label if at most half of the chats have one of their own, and if it is short."""

ANSWERS = frozenset({"accept", "reject", "ignore"})
"""What people answer in Prodigy."""


# ------------------------------------------------------------------------- reading


def flatten_labels(data: pa.Table) -> tuple[pa.Table, tuple[str, ...], frozenset[str]]:
    """The table with labels as plain values, notes on what was done, and the names of these columns."""
    chat = _split_chats(data)
    if chat is not None:
        return (
            chat,
            ("chats: what is said last is the label, and the messages before it the text",),
            frozenset(),
        )
    notes, flat = [], []
    for name in LISTED.intersection(data.column_names):
        column = _take_only_item(data.column(name))
        if column is not None:
            flat.append(name)
            data = data.set_column(data.column_names.index(name), name, column)
    if flat:
        names = " and ".join(repr(name) for name in sorted(flat))
        notes.append(f"lists of one label, read as that label: {names}")
    data, note = _drop_refused(data)
    return data, (*notes, *note), frozenset(flat)


def _take_only_item(column: pa.ChunkedArray) -> pa.Array | None:
    """The only item of each list of a column; None if there are no lists, or lists of several items."""
    if is_text(column.type):
        if not pc.any(pc.starts_with(column, "[")).as_py():
            return None
        values = [_parse_list(value) for value in column.to_pylist()]
    elif pa.types.is_nested(column.type):
        values = column.to_pylist()
    else:
        return None
    lists = [value for value in values if isinstance(value, list)]
    if not lists or any(len(value) > 1 or not all(map(_is_plain, value)) for value in lists):
        return None
    items = [(value or [None])[0] if isinstance(value, list) else value for value in values]
    if len({type(item) for item in items} - {type(None)}) > 1:
        items = [item if item is None or isinstance(item, str) else json.dumps(item) for item in items]
    return pa.array(items, TEXT if any(isinstance(item, str) for item in items) else None)


def _parse_list(value: str | None) -> object:
    if value is None or not value.startswith("["):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _is_plain(item: object) -> bool:
    return isinstance(item, (str, int, float, bool))


def _drop_refused(data: pa.Table) -> tuple[pa.Table, tuple[str, ...]]:
    """The table without labels that people refused in Prodigy, and a note; the only label of a file stays."""
    name = next((one for one in ("label", "accept") if one in data.column_names), None)
    if name is None or "answer" not in data.column_names or not is_text(data.column("answer").type):
        return data, ()
    answers = set(pc.unique(data.column("answer")).to_pylist()) - {None}
    is_given = pc.fill_null(pc.equal(data.column("answer"), "accept"), False)  # noqa: FBT003  # of Arrow
    labels = data.column(name)
    given = pc.if_else(is_given, labels, pa.scalar(None, labels.type))
    if not answers <= ANSWERS or answers == {"accept"} or len(pc.unique(pc.drop_null(given))) < 2:  # noqa: PLR2004
        return data, ()
    n_refused = data.num_rows - (pc.sum(is_given).as_py() or 0)
    note = (
        f"{n_refused:,} of {data.num_rows:,} labels were rejected or ignored in Prodigy: they count as none"
    )
    return data.set_column(data.column_names.index(name), name, given), (note,)


def _split_chats(data: pa.Table) -> pa.Table | None:
    """Texts and labels, if the only column has chats that end with a label; else None."""
    name = data.column_names[0] if data.num_columns == 1 else ""
    if name not in CHATS or not is_text(data.column(name).type):
        return None
    chats = [_parse_list(value) for value in data.column(name).to_pylist()]
    said = [_list_said(chat, CHATS[name]) for chat in chats]
    if not all(len(each) > 1 for each in said):
        return None
    labels = [each[-1] for each in said]
    n_labels = len(set(labels))
    if not 1 < n_labels <= MOST_CHAT_LABELS * len(labels):
        return None
    if any(len(label) > LONGEST_CHAT_LABEL or "\n" in label for label in labels):
        return None
    texts = ["\n".join(each[:-1]) for each in said]
    return pa.table({"text": pa.array(texts, TEXT), CHAT_LABEL: pa.array(labels, TEXT)})


def _list_said(chat: object, key: str) -> list[str]:
    """What is said in a chat, without what the system says; empty if it is none."""
    if not isinstance(chat, list) or not all(isinstance(one, dict) for one in chat):
        return []
    said = [one.get(key) for one in chat if "system" not in (one.get("role"), one.get("from"))]
    return said if all(isinstance(one, str) for one in said) else []


def get_label(record: dict[str, Any], column: str) -> Any:  # noqa: ANN401  # JSON is anything
    """The label of an object; None if it has none."""
    holder, key = _find_holder(record, column)
    return None if holder is None else holder[key]


def set_label(record: dict[str, Any], column: str, label: object) -> None:
    """Put a label into an object that has one."""
    holder, key = _find_holder(record, column)
    if holder is not None:
        holder[key] = label


def _find_holder(record: dict[str, Any], column: str) -> tuple[Any, Any]:
    """The object or list that holds the label, and its key there."""
    if column in record:
        value = record[column]
        is_list = column in LISTED and isinstance(value, list) and len(value) == 1
        return (value, 0) if is_list else (record, column)
    chat = next((name for name in CHATS if column == CHAT_LABEL and record.get(name)), None)
    return (None, None) if chat is None else (record[chat][-1], CHATS[chat])


# ------------------------------------------------------------------------ rewriting


def locate_label(text: str, record: Span, column: str) -> Span | None:
    """Where the label is in the text of an object; None if it has none.

    Args:
        text: The text.
        record: Where the object is.
        column: The label's column.
    """
    found = dict(locate_members(text, record))
    if column in found:
        items = _locate_items(text, found[column]) if column in LISTED else []
        return items[0] if len(items) == 1 else found[column]
    chat = next((name for name in CHATS if column == CHAT_LABEL and name in found), None)
    messages = [] if chat is None else _locate_items(text, found[chat])
    return dict(locate_members(text, messages[-1])).get(CHATS[str(chat)]) if messages else None


def locate_members(text: str, record: Span) -> Iterator[tuple[str, Span]]:
    """The keys of an object, and where the value of each is."""
    at = skip_blanks(text, text.index("{", record[0]) + 1)
    while text[at] != "}":
        name, at = scanstring(text, at + 1)
        start = skip_blanks(text, text.index(":", at) + 1)
        end = DECODER.raw_decode(text, start)[1]
        yield name, (start, end)
        at = skip_blanks(text, end)
        if text[at] == ",":
            at = skip_blanks(text, at + 1)


def _locate_items(text: str, value: Span) -> Sequence[Span]:
    """Where the items of a list are; empty if the value is no list."""
    if text[value[0]] != "[":
        return []
    items = []
    at = skip_blanks(text, value[0] + 1)
    while text[at] != "]":
        end = DECODER.raw_decode(text, at)[1]
        items.append((at, end))
        at = skip_blanks(text, end)
        if text[at] == ",":
            at = skip_blanks(text, at + 1)
    return items


def skip_blanks(text: str, at: int) -> int:
    """The first place that has no blank."""
    found = BLANKS.match(text, at)
    return at if found is None else found.end()
