from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.files.formats import rewrite_content
from doubtcli.files.table import check_unchanged, read_table
from doubtcli.records.file_format import Changes, FileLayout, Relabel, Restore

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.records import Table
    from tests.conftest import Sentences


def read(folder: Path, records: list[Any]) -> Table:
    """The table of a file of JSON Lines."""
    path = folder / "r.jsonl"
    path.write_text("".join(f"{json.dumps(one)}\n" for one in records), encoding="utf-8")
    return read_table(str(path))


def chat(*said: str, system: str | None = None, **more: Any) -> dict[str, Any]:
    """A chat of a user and an assistant, who take turns."""
    roles = ("user", "assistant") * len(said)
    messages = [{"role": role, "content": text} for role, text in zip(roles, said, strict=False)]
    start = [] if system is None else [{"role": "system", "content": system}]
    return {"messages": start + messages, **more}


CHATS = [chat(f"text {number}", "ab"[number % 2], system="Say a or b.") for number in range(6)]

READ = {
    "lists": ([{"label": ["a"]}, {"label": ["b"]}, {"label": []}], ["a", "b", None]),
    "lists and plain": ([{"label": ["a"]}, {"label": "b"}, {"label": None}], ["a", "b", None]),
    "numbers": ([{"label": [1]}, {"label": [0]}], [1, 0]),
    "several": ([{"label": ["a"]}, {"label": ["a", "b"]}], ['["a"]', '["a", "b"]']),
    "text like a list": ([{"label": "[a"}, {"label": "b"}], ["[a", "b"]),
    "nested": ([{"label": [["a"]]}, {"label": ["b"]}], ['[["a"]]', '["b"]']),
}


@pytest.mark.parametrize(("records", "labels"), READ.values(), ids=READ.keys())
def test_lists_of_one_label_are_read_as_it(tmp_path: Path, records: list[Any], labels: list[Any]) -> None:
    """A list with one label, as doccano writes it, is that label; a list of several stays a list."""
    assert read(tmp_path, records).data["label"].to_pylist() == labels


def test_other_lists_stay_lists(tmp_path: Path) -> None:
    """Only keys of labels are read so: a list of one word elsewhere is what it was."""
    assert read(tmp_path, [{"words": ["a"], "label": "x"}]).data["words"].to_pylist() == ['["a"]']


def test_lists_and_answers_are_noted(tmp_path: Path, sentences: Sentences) -> None:
    """Notes say that lists were read as their label, and how many labels were refused."""
    records = [{"accept": [one], "answer": answer} for one in "ab" for answer in ("accept", "reject")]

    table = read(tmp_path, records)

    assert table.data["accept"].to_pylist() == ["a", None, "b", None]
    sentences.check("\n".join(table.notes))


ANSWERED = {
    "one label, a yes or no": [{"label": "a", "answer": "accept"}, {"label": "a", "answer": "reject"}],
    "all accepted": [{"label": "a", "answer": "accept"}, {"label": "b", "answer": "accept"}],
    "other answers": [{"label": "a", "answer": "yes"}, {"label": "b", "answer": "no"}],
}


@pytest.mark.parametrize("records", ANSWERED.values(), ids=ANSWERED.keys())
def test_labels_that_nobody_refused_stay(tmp_path: Path, records: list[Any]) -> None:
    """Labels are dropped only if people refused some of several in Prodigy."""
    table = read(tmp_path, records)

    assert table.data["label"].to_pylist() == [one["label"] for one in records]


def test_chats_that_end_with_a_label(tmp_path: Path, sentences: Sentences) -> None:
    """What is said last is the label, what users say before it the text; the system's words are neither."""
    table = read(tmp_path, CHATS)

    assert table.data.to_pydict() == {
        "text": [f"text {number}" for number in range(6)],
        "label": ["a", "b"] * 3,
    }
    sentences.check("\n".join(table.notes))


NO_LABELS = {
    "answers that differ": [chat(f"text {number}", f"answer {number}") for number in range(6)],
    "long answers": [chat(f"text {number}", "ab"[number % 2] * 61) for number in range(6)],
    "one label": [chat(f"text {number}", "a") for number in range(6)],
}


@pytest.mark.parametrize("records", NO_LABELS.values(), ids=NO_LABELS.keys())
def test_other_chats_are_named(tmp_path: Path, records: list[Any]) -> None:
    """Chats that end with anything but one of a few short texts are refused, and named."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, records)

    assert "chat messages" in caught.value.found


def test_chats_with_a_label_beside_them_stay_chats(tmp_path: Path) -> None:
    """A column of labels beside the chats is the label."""
    assert read(tmp_path, [chat("hi", "a", label="x")] * 4).data.column_names == ["messages", "label"]


SPACE = st.sampled_from(["", " ", "\n  "])


@given(data=st.data())
def test_label_is_replaced_where_it_is(data: st.DataObject) -> None:
    """In any record, of any spacing, only the label's own text changes, and comes back to the byte."""
    gap = data.draw(SPACE)
    word = json.dumps(data.draw(st.text(st.sampled_from('ab"]},é'), max_size=4)))
    cell = json.dumps(data.draw(st.sampled_from(["x", "y]", '"z'])))
    before, after = data.draw(
        st.sampled_from(
            [
                (
                    f'{{{gap}"messages":{gap}[{{"role": "user", "content": {word}}},{gap}{{"content"{gap}: ',
                    f', "role": "assistant"}}{gap}]{gap}, "id": {word}}}',
                ),
                (f'{{"text": {word},{gap}"label":{gap}[{gap}', f'{gap}]{gap}, "id": [{word}]}}'),
            ]
        )
    )
    content = f"[{before}{cell}{after}]".encode()
    form = FileLayout("jsonl", "label")

    made = rewrite_content(content, form, {0: Relabel("new")})

    assert made.content.decode() == f'[{before}"new"{after}]'
    assert rewrite_content(made.content, form, {0: Restore(cell.encode())}).content == content


@pytest.mark.parametrize("records", [READ["lists and plain"][0], CHATS], ids=["lists", "chats"])
def test_rewritten_label_passes_the_check(tmp_path: Path, records: list[Any]) -> None:
    """A file with a changed label is found to differ in nothing else."""
    table = read(tmp_path, records)
    content = (tmp_path / "r.jsonl").read_bytes()
    made = rewrite_content(content, FileLayout("jsonl", "label"), {0: Relabel("b", 1)})

    check_unchanged(table, content, made.content, Changes("label", {0: 1}))
