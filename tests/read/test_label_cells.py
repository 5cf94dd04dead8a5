from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from doubtcli.files.table import read_table
from doubtcli.read.labels import clear_other_cells, encode_labels
from tests.read.conftest import class_label, table

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.records import Table
    from tests.conftest import Sentences


def read_file(tmp_path: Path, text: str) -> Table:
    """A CSV file with this text, as it is read."""
    path = tmp_path / "rows.csv"
    path.write_text(text, encoding="utf-8")
    return read_table(str(path))


def test_repeated_headers_have_no_label(tmp_path: Path, sentences: Sentences) -> None:
    """Rows that repeat the header, as where files were joined, have no label; a note names row and line."""
    rows = read_file(tmp_path, "x,label\n1,a\n\nx,label\n2,b\n\ufeffx,label\nx,b\n")

    cells = clear_other_cells(rows, "label")

    assert cells.table.data.column("label").to_pylist() == ["a", None, "b", None, "b"]
    assert rows.data.column("label").to_pylist() == ["a", "label", "b", "label", "b"]
    sentences.check("\n".join(cells.notes))


@pytest.mark.parametrize("top", ["cm,kg,", "(cm),(kg),(class)", "cm,kg,species"])
def test_a_row_of_units_has_no_label(tmp_path: Path, top: str, sentences: Sentences) -> None:
    """A first row of units, over columns of numbers or in brackets, has no label; a note names its line."""
    rows = read_file(tmp_path, f"x,y,label\n{top}\n1,2,a\n3,4,b\n5,6,a\n")

    cells = clear_other_cells(rows, "label")

    assert cells.table.data.column("label").to_pylist() == [None, "a", "b", "a"]
    sentences.check("\n".join(cells.notes))


@pytest.mark.parametrize(
    "text",
    [
        "x,y,label\ncm,kg,a\n1,2,a\n3,4,b\n",
        "x,y,label\nNA,n.d.,c\n1,2,a\n3,4,b\n",
        "x,y,label\ncm,2,c\n1,2,a\n3,4,b\n",
        "x,y,label\n[hi],[ho],c\n[he],u,a\no,i,b\n",
        "x,y,label\nmany,words,c\nand,more,a\nof,them,b\n",
        "1,2,label\n1,2,label\n1,2,label\n",
    ],
    ids=["its label recurs", "words for missing", "a number", "brackets below", "words below", "no header"],
)
def test_other_first_rows_keep_their_label(tmp_path: Path, text: str) -> None:
    """A first row is a row like others if it has a number, a missing one, a label that recurs, or words."""
    rows = read_file(tmp_path, text)

    assert clear_other_cells(rows, "label").table is rows


@pytest.mark.parametrize("column", [["-1", "a", "b", "a"], [-1, 0, 1, 0], [-1.0, 0.0, 1.0, 0.0]])
def test_values_that_mean_no_label(column: list[object]) -> None:
    """Values that the user names are no labels, of any type."""
    cells = clear_other_cells(table(label=column, x=[[1]] * 4), "label", ["-1"])

    assert cells.table.data.column("label").to_pylist() == [None, *column[1:]]
    assert cells.notes == ()


def test_names_of_a_class_label_that_mean_no_label() -> None:
    """The classes of a ClassLabel are named by their names."""
    rows = table(class_label(["none", "a", "b"], "label"), label=[0, 1, 2, -1])

    labels = encode_labels(clear_other_cells(rows, "label", ["none"]).table, "label", to_judge=False)

    assert (labels.codes.tolist(), labels.class_names) == ([-1, 0, 1, -1], ("a", "b"))


def test_a_value_that_no_label_has_is_noted(sentences: Sentences) -> None:
    """A value for "no label" that no row has is noted, with the nearest label."""
    cells = clear_other_cells(table(label=["unlabeled", "a"]), "label", ["unlabelled"])

    sentences.check("\n".join(cells.notes))
