"""How much memory a scan takes by the size of a file, and what is done where that is too much."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.errors import ModelError
from doubtcli.evidence import memory
from doubtcli.evidence.memory import MemoryUse, fit_into_memory
from doubtcli.progress import Silence
from doubtcli.read.examples import read_examples
from doubtcli.settings import ScanSettings
from doubtcli.tasks.registry import find_task

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.records import Examples
    from tests.conftest import Sentences

FOUR_ROWS = """id,label,size,colour,note
1,a,1.5,red,seven letters or so in a note
2,b,2.5,blue,seven letters or so in a text
3,a,3.5,red,seven letters or so in a line
4,b,4.5,green,seven letters or so in a page
"""


@pytest.fixture
def four_rows(tmp_path: Path) -> Examples:
    """Four rows of two classes: a number, a category of three values, and a text."""
    path = tmp_path / "four.csv"
    path.write_text(FOUR_ROWS, encoding="utf-8")
    roles = {"label": "label", "numeric": ("size",), "categorical": ("colour",), "text": ("note",)}
    settings = ScanSettings(str(path), **roles)
    return read_examples(settings, find_task(), Silence())[3]


@pytest.fixture
def needs(monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan needs 1,000 bytes, one by batches 500, and a fast one 400, for any file."""
    none = {"a_row": 0, "a_cell": 0, "a_number": 0, "a_letter": 0}
    monkeypatch.setattr(memory, "DEFAULT", MemoryUse(1_000, **none))
    monkeypatch.setattr(memory, "BY_BATCHES", MemoryUse(500, **none))
    monkeypatch.setattr(memory, "FAST", MemoryUse(400, **none))


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (MemoryUse(100, 0, 0, 0, 0), 100),
        (MemoryUse(0, 3, 0, 0, 0), 4 * 3),
        (MemoryUse(0, 0, 3, 0, 0), 4 * 2 * 3),
        (MemoryUse(0, 0, 0, 3, 0), 4 * (1 + 3) * 3),
        (MemoryUse(0, 0, 0, 3, 0, most_learned=2), 2 * (1 + 3) * 3),
        (MemoryUse(0, 0, 0, 0, 0, a_class=3), 2 * 3),
        (MemoryUse(0, 0, 0, 0, 0, a_cell_of_few=3), 4 * 2 * 3),
    ],
    ids=[
        *("always", "rows", "rows and classes", "a number and indicators of three colours"),
        *("the same of two rows at a time", "classes", "few rows"),
    ],
)
def test_the_estimate_grows_with_rows_classes_and_numbers(
    four_rows: Examples, use: MemoryUse, expected: int
) -> None:
    """Four rows of two classes, with a number and a category of three values."""
    assert use.estimate(four_rows) == expected


@pytest.mark.parametrize(("name", "most"), [("MOST_SPLIT_TWICE", 3), ("MANY_CLASSES", 1)])
def test_rows_or_classes_beyond_a_number_are_not_few(
    four_rows: Examples, monkeypatch: pytest.MonkeyPatch, name: str, most: int
) -> None:
    """With more than three rows, or than one class, rows are split once, and no errors are planted."""
    monkeypatch.setattr(memory, name, most)

    assert MemoryUse(0, 0, 0, 0, 0, a_cell_of_few=3).estimate(four_rows) == 0


@pytest.mark.parametrize(
    ("mapped_from", "tree_rows", "expected"), [(6, 1, 6 * 3), (2, 2, 2 * 2 * 3), (100, 1, 4 * 2 * 3)]
)
def test_cells_beyond_the_largest_matrix_in_memory_are_in_files(
    four_rows: Examples, monkeypatch: pytest.MonkeyPatch, mapped_from: int, tree_rows: int, expected: int
) -> None:
    """Of eight cells six are counted; or those of two rows, which a tree may hold; or all."""
    monkeypatch.setattr(memory, "MAPPED_FROM", mapped_from)
    monkeypatch.setattr(memory, "MOST_TREE_ROWS", tree_rows)

    assert MemoryUse(0, 0, 3, 0, 0).estimate(four_rows) == expected


def test_the_estimate_grows_with_the_bytes_of_texts(four_rows: Examples) -> None:
    """The texts have 29 letters each; their places in the column are counted, too."""
    assert 4 * 29 <= MemoryUse(0, 0, 0, 0, 1).estimate(four_rows) <= 4 * (29 + 16) + 16


@pytest.mark.usefixtures("needs")
def test_a_scan_that_fits_is_left_as_it_is(four_rows: Examples) -> None:
    """1,000 bytes fit into 1,000."""
    settings = ScanSettings("four.csv", memory=1_000)

    assert fit_into_memory(settings, four_rows, "four.csv") == (settings, "")


@pytest.mark.usefixtures("needs")
@pytest.mark.parametrize("budget", [500, 999])
def test_a_table_with_texts_that_does_not_fit_is_scanned_by_batches(
    four_rows: Examples, sentences: Sentences, budget: int
) -> None:
    """1,000 bytes do not fit into 999, and 500 fit into 500; the note says what is left out, and the cost."""
    fitted, note = fit_into_memory(ScanSettings("four.csv", memory=budget), four_rows, "four.csv")

    assert fitted == ScanSettings("four.csv", memory=budget, by_batches=True)
    sentences.check(note)


@pytest.mark.usefixtures("needs")
def test_where_even_that_does_not_fit_the_scan_is_a_fast_one(
    four_rows: Examples, sentences: Sentences
) -> None:
    """500 bytes do not fit into 499, and 400 do."""
    fitted, note = fit_into_memory(ScanSettings("four.csv", memory=499), four_rows, "four.csv")

    assert fitted == ScanSettings("four.csv", memory=499, fast=True)
    sentences.check(note)


@pytest.mark.usefixtures("needs")
@pytest.mark.parametrize("kept", [("note",), ("size", "colour"), ("size", "vectors")])
def test_a_scan_by_batches_is_only_for_tables_beside_something_else(
    four_rows: Examples, sentences: Sentences, kept: tuple[str, ...]
) -> None:
    """Texts or a table alone have the same models in a fast scan; its cost is that of what there is."""
    rows = four_rows.keep_inputs(kept)
    is_mixed = "vectors" in kept
    if is_mixed:
        rows = replace(rows, embeddings=np.ones((4, 3), dtype=np.float32))

    fitted, note = fit_into_memory(ScanSettings("four.csv", memory=999), rows, "four.csv")

    assert (fitted.by_batches, fitted.fast) == (is_mixed, not is_mixed)
    sentences.check(note)


@pytest.mark.usefixtures("needs")
def test_the_limit_is_called_by_what_sets_it(four_rows: Examples) -> None:
    """A key of a settings file, for example."""
    settings = ScanSettings("four.csv", memory=999, memory_by="memory in doubt.toml")

    note = fit_into_memory(settings, four_rows, "four.csv")[1]

    assert "(memory in doubt.toml)" in note
    assert "--memory" not in note


@pytest.mark.usefixtures("needs")
def test_a_fast_scan_that_fits_needs_no_note(four_rows: Examples) -> None:
    """It was asked for."""
    settings = ScanSettings("four.csv", memory=500, fast=True)

    assert fit_into_memory(settings, four_rows, "four.csv") == (settings, "")


@pytest.mark.usefixtures("needs")
@pytest.mark.parametrize("fast", [False, True])
def test_where_a_fast_scan_does_not_fit_either_the_file_is_refused(
    four_rows: Examples, sentences: Sentences, *, fast: bool
) -> None:
    """400 bytes do not fit into 300."""
    with pytest.raises(ModelError) as caught:
        fit_into_memory(ScanSettings("four.csv", memory=300, fast=fast), four_rows, "four.csv")

    if not fast:
        sentences.check(caught.value)


@pytest.mark.usefixtures("needs")
@pytest.mark.parametrize(("free", "is_short"), [(2_000, False), (1_998, True)])
def test_half_of_the_free_memory_is_taken_if_nothing_is_said(
    four_rows: Examples, monkeypatch: pytest.MonkeyPatch, free: int, *, is_short: bool
) -> None:
    """Half of 2,000 bytes is enough, and half of 1,998 is not."""
    monkeypatch.setattr(memory, "find_free_memory", lambda: free)

    assert fit_into_memory(ScanSettings("four.csv"), four_rows, "four.csv")[0].is_short == is_short


def test_given_probabilities_are_no_cells_that_models_fill(
    four_rows: Examples, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They were read already, and count as rows."""
    given = replace(four_rows, given_pred_probs=np.full((4, 2), 0.5, dtype=np.float32))

    monkeypatch.setattr(memory, "_A_GIVEN_ROW", 7)

    assert MemoryUse(0, 0, 3, 0, 0, a_class=3, a_cell_of_few=3).estimate(given) == 4 * 7


@pytest.mark.parametrize(("role", "n_counted"), [("text", 5), ("numeric", 4 * 2)])
def test_cells_beyond_the_first_matrix_in_a_file_count_only_in_tables(
    four_rows: Examples, monkeypatch: pytest.MonkeyPatch, role: str, n_counted: int
) -> None:
    """If a matrix of five cells is in a file, four rows and two classes are eight cells of a table."""
    monkeypatch.setattr(memory, "MAPPED_FROM", 5)
    names = {"text": {"note"}, "numeric": {"note", "size"}}

    assert MemoryUse(0, 0, 3, 0, 0).estimate(four_rows.keep_inputs(names[role])) == 3 * n_counted


@pytest.mark.parametrize(("free", "fits"), [(224, True), (223, False)])
def test_a_disk_without_room_for_all_matrices_is_found_at_once(
    four_rows: Examples, monkeypatch: pytest.MonkeyPatch, sentences: Sentences, free: int, *, fits: bool
) -> None:
    """Seven matrices of four rows and two classes, with four bytes a cell, are 224 bytes."""
    monkeypatch.setattr(memory, "MAPPED_FROM", 8)
    monkeypatch.setattr(memory, "find_room", lambda: ("/var/tmp", free))
    settings = ScanSettings("four.csv", memory=10**12)

    if fits:
        assert fit_into_memory(settings, four_rows, "four.csv") == (settings, "")
        return
    with pytest.raises(ModelError) as caught:
        fit_into_memory(settings, four_rows, "four.csv")
    sentences.check(caught.value)


@pytest.mark.usefixtures("needs")
def test_small_files_need_no_room_on_the_disk(four_rows: Examples, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their matrices are in memory."""
    monkeypatch.setattr(memory, "find_room", lambda: ("/var/tmp", 0))
    settings = ScanSettings("four.csv", memory=1_000)

    assert fit_into_memory(settings, four_rows, "four.csv") == (settings, "")
