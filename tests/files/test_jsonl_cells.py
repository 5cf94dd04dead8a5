from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import InputError, OutputError
from doubtcli.files.formats import rewrite_content
from doubtcli.records.edits import Drop, FileLayout, Relabel, Restore

if TYPE_CHECKING:
    from collections.abc import Callable

    from hypothesis.strategies import SearchStrategy

    from tests.files.conftest import WrittenText

    Files = Callable[..., SearchStrategy[WrittenText]]

FORM = FileLayout("jsonl", "label")


def objects_of(content: bytes) -> list[dict[str, object]]:
    """The object of every line that isn't blank."""
    text = content.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def relabelled(text: str, label: str, like: int | None = None) -> str:
    """A text with another label on its first row."""
    return rewrite_content(text.encode(), FORM, {0: Relabel(label, like)}).content.decode()


# ------------------------------------------------------------------- any file


@given(data=st.data())
def test_exactly_these_values_change(json_files: Files, data: st.DataObject) -> None:
    """A label becomes what stands on another row, and every other byte stays."""
    file = data.draw(json_files())
    rows = st.integers(0, len(file.rows) - 1)
    likes = data.draw(st.dictionaries(rows, rows))
    before = objects_of(file.content())

    edits = {row: Relabel(file.rows[like].label, like) for row, like in likes.items()}
    made = rewrite_content(file.content(), file.form, edits)

    assert made.content == file.content({row: file.rows[like].cell for row, like in likes.items()})
    after = [
        one | ({"label": before[likes[row]]["label"]} if row in likes else {})
        for row, one in enumerate(before)
    ]
    assert json.dumps(objects_of(made.content)) == json.dumps(after)
    assert made.n_rows == len(file.rows)


@given(data=st.data())
def test_all_of_it_comes_back(json_files: Files, data: st.DataObject) -> None:
    """What was relabelled and dropped comes back to the byte from what is told of it."""
    file = data.draw(json_files(least_rows=2))
    rows = st.integers(0, len(file.rows) - 1)
    changed = data.draw(st.dictionaries(rows, rows, min_size=1))
    dropped = data.draw(st.sets(rows)) - changed.keys()
    edits = {row: Relabel(file.rows[like].label, like) for row, like in changed.items()}

    made = rewrite_content(file.content(), file.form, edits | dict.fromkeys(dropped, Drop()))

    assert made.content == file.content({row: file.rows[like].cell for row, like in changed.items()}, dropped)
    places = {row: row - sum(other < row for other in dropped) for row in changed}
    restored = {places[row]: Restore(made.touched[row].raw_old) for row in changed}
    records = {row: made.touched[row].record for row in dropped}
    assert rewrite_content(made.content, file.form, restored, records).content == file.content()


# ---------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("before", "label", "after"),
    [
        ('{"label": "x", "t":1}\n', "y", '{"label": "y", "t":1}\n'),
        (
            '{ "t" : {"label": 1}, "label" :"x" }',
            'say "é"\n',
            '{ "t" : {"label": 1}, "label" :"say \\"é\\"\\n" }',
        ),
        ('{"l\\u0061bel":3}', "4", '{"l\\u0061bel":4}'),
        ('{"label":3}', "4.5", '{"label":4.5}'),
        ('{"label":true}', "false", '{"label":false}'),
        ('{"label":"3"}', "4", '{"label":"4"}'),
    ],
    ids=["text", "nested", "escaped key", "fraction", "switch", "number as text"],
)
def test_new_labels_keep_the_type(before: str, label: str, after: str) -> None:
    """A label that stands nowhere in the file is written in the type that the old one has."""
    assert relabelled(before, label) == after


@pytest.mark.parametrize(
    ("before", "label", "message"),
    [
        ('{"label":3}', "four", "the labels are numbers"),
        ('{"label":3}', "NaN", "the labels are numbers"),
        ('{"label":3}', "04", "the labels are numbers"),
        ('{"label":true}', "1", "the labels are true and false"),
    ],
)
def test_new_labels_of_another_type(before: str, label: str, message: str) -> None:
    """A label that the type of the old one can't hold is refused."""
    with pytest.raises(OutputError, match=message):
        relabelled(before, label)


def test_written_as_elsewhere() -> None:
    """A label that stands in the file is written as it stands there, escapes and all."""
    text = '{"label":"x"}\n{"label":"caf\\u00e9"}\n'

    assert relabelled(text, "café", like=1) == '{"label":"caf\\u00e9"}\n{"label":"caf\\u00e9"}\n'


def test_letters_that_the_encoding_lacks() -> None:
    """A letter that the encoding lacks is written as an escape."""
    form = FileLayout("jsonl", "label", encoding="latin-1")

    made = rewrite_content('{"t":"é","label":"x"}'.encode("latin-1"), form, {0: Relabel("☃é")})

    assert made.content == '{"t":"é","label":"\\u2603\\u00e9"}'.encode("latin-1")


def test_row_without_a_label() -> None:
    """A row that lacks the key can't be relabelled."""
    with pytest.raises(InputError, match="no label to replace") as caught:
        rewrite_content(b'{"label":"x"}\n{"t":[{"label":"x"}]}\n', FORM, {1: Relabel("y")})

    assert caught.value.row == 2
