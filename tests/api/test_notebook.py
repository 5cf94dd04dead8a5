"""The notebook of the docs, which `make notebook` runs."""

from __future__ import annotations

import json
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.ipynb"


def test_the_notebook_was_run_from_top_to_bottom():
    """Every cell was run, in order, without an error or a warning."""
    cells = json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in cells if cell["cell_type"] == "code"]

    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert {output["output_type"] for cell in code for output in cell["outputs"]} == {"execute_result"}


def test_the_notebook_shows_an_audit():
    """The first cell shows the summary as HTML."""
    first = next(
        cell
        for cell in json.loads(NOTEBOOK.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    )

    assert '<div class="doubt-audit">' in "".join(first["outputs"][0]["data"]["text/html"])


@pytest.fixture(scope="module")
def outputs():
    """What a real kernel shows of a scan, with nobody there to see a bar, and of its audit."""
    tickets = NOTEBOOK.parents[1] / "fixtures" / "penguins.csv"
    source = (
        "import doubtcli\n"
        f"audit = doubtcli.scan({str(tickets)!r}, label='species', fast=True, reasons='confident-learning')\n"
        "audit"
    )
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])

    NotebookClient(notebook, timeout=300).execute()

    return notebook.cells[0].outputs


def test_a_kernel_shows_the_audit_and_nothing_else(outputs):
    """No text and no warning is printed, and the bar is gone when the scan is done."""
    assert [output.output_type for output in outputs] == ["display_data", "execute_result"]
    assert outputs[0].data == {"text/html": ""}
    assert "doubt-audit" in outputs[1].data["text/html"]
