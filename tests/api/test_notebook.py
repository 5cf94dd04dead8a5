"""The notebook of the docs, which `make notebook` runs."""

from __future__ import annotations

import json
from pathlib import Path

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
