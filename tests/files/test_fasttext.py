from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.errors import InputError, OutputError
from doubtcli.files.formats import rewrite_content
from doubtcli.files.table import check_unchanged, read_table
from doubtcli.files.text import find_physical_lines
from doubtcli.records import ReadOptions
from doubtcli.records.file_format import Changes, Drop, FileLayout, Relabel, Restore

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sentences

FORM = FileLayout("fasttext", "label")
CONTENT = "__label__ham see you\n\n__label__spam  win , now\r\n__label__ham\n"


def test_labels_and_texts_are_read(tmp_path: Path) -> None:
    """Each line that is not blank is a row, without the mark of its label, under any unknown ending."""
    (tmp_path / "r.train").write_bytes(CONTENT.encode())

    table = read_table(str(tmp_path / "r.train"))

    assert table.data.to_pydict() == {
        "label": ["ham", "spam", "ham"],
        "text": ["see you", "win , now", None],
    }
    assert table.source.format == "fasttext"
    assert find_physical_lines(table.source, [2, 3]) == {2: (3, 3), 3: (4, 4)}


@pytest.mark.parametrize(
    ("line", "fact"), [("see you", "no label"), ("__label__a __label__b hi", "several labels")]
)
def test_other_lines_are_refused(tmp_path: Path, line: str, fact: str, sentences: Sentences) -> None:
    """A line without a label, or with several, is named."""
    content = "__label__ham see you\n" * 60 + f"{line}\n"
    (tmp_path / "r.txt").write_text(content * 100, encoding="utf-8")

    with pytest.raises(InputError) as caught:
        read_table(str(tmp_path / "r.txt"), ReadOptions("fasttext"))

    assert fact in caught.value.found
    assert (caught.value.row, caught.value.line) == (61, 61)
    sentences.check(caught.value)


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["", "\n", " \r\n"]),
        st.sampled_from(["", " "]),
        st.text("aé😀_", min_size=1, max_size=3),
        st.sampled_from(["", " x", "\t __label y ", " \u2028é"]),
        st.sampled_from(["\n", "\r\n"]),
    ),
    min_size=2,
    max_size=5,
)


@given(rows=ROWS, data=st.data())
def test_exactly_these_labels_change_and_come_back(
    rows: list[tuple[str, str, str, str, str]], data: st.DataObject
) -> None:
    """Only the labels' own characters are replaced; labels and dropped rows come back to the byte."""
    chosen = data.draw(st.sets(st.integers(1, len(rows) - 1)))
    edits = {row: data.draw(st.sampled_from([Relabel("new"), Drop()])) for row in chosen}

    def write(new: dict[int, str | None]) -> bytes:
        parts = (
            f"{blank}{gap}__label__{new.get(row, label)}{text}{end}"
            for row, (blank, gap, label, text, end) in enumerate(rows)
            if new.get(row, label) is not None
        )
        return "".join(parts).encode()

    made = rewrite_content(write({}), FORM, edits)

    assert made.content == write(
        {row: "new" if edit == Relabel("new") else None for row, edit in edits.items()}
    )
    dropped = sorted(row for row, edit in edits.items() if edit == Drop())
    back = {
        row - sum(other < row for other in dropped): Restore(made.touched[row].raw_old)
        for row in edits
        if row not in dropped
    }
    records = {row: made.touched[row].record for row in dropped}
    assert rewrite_content(made.content, FORM, back, records).content == write({})


def test_label_with_a_blank_is_refused() -> None:
    """A label ends at the first blank, so none can have one."""
    with pytest.raises(OutputError) as caught:
        rewrite_content(CONTENT.encode(), FORM, {0: Relabel("not ham")})

    assert "'not ham'" in caught.value.found


def test_rewritten_label_passes_the_check(tmp_path: Path) -> None:
    """A file with a changed label is found to differ in nothing else."""
    (tmp_path / "r.txt").write_bytes(CONTENT.encode())
    table = read_table(str(tmp_path / "r.txt"))
    made = rewrite_content(CONTENT.encode(), FORM, {0: Relabel("spam")})

    check_unchanged(table, CONTENT.encode(), made.content, Changes("label", {0: "spam"}))
