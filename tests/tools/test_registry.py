from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.tools.registry import list_tool_names, load_tool

if TYPE_CHECKING:
    from tests.conftest import Case

GOLDEN = Path(__file__).parent / "golden"
KEYS = (
    *("doubt_id", "given_label", "doubt_suggested", "doubt_score", "doubt_reasons", "doubt_why"),
    "doubt_row_hash",
)
TEXTS = [name for name in list_tool_names() if name not in ("parquet", "xlsx")]


@pytest.fixture(params=["tickets", "images"])
def audit(request: pytest.FixtureRequest) -> tuple[str, Case]:
    """Both small audits that are made by hand."""
    return request.param, request.getfixturevalue(request.param)


@pytest.mark.parametrize("tool", TEXTS)
def test_golden(audit: tuple[str, Case], tool: str) -> None:
    """The files are those that the tools accepted (`SNAPSHOTS=write` writes them again: read the changes).

    tests/integration loads them with the tools themselves.
    """
    name, case = audit
    files = load_tool(tool).hand_out(case.queue({"top": 50, "random": 50}, size=len(case.rows)))
    folder = GOLDEN / name / tool

    if os.environ.get("SNAPSHOTS") == "write":
        for path, content in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    held = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    assert set(files) == set(held)
    assert {path: content.decode() for path, content in files.items()} == {
        path: held[path].read_bytes().decode() for path in files
    }


@pytest.mark.parametrize("tool", TEXTS)
def test_keys(tickets: Case, tool: str) -> None:
    """Every format has the keys of a row, under the same names."""
    text = b"\n".join(load_tool(tool).hand_out(tickets.queue()).values()).decode()

    assert [key for key in KEYS if key not in text] == []


@pytest.mark.parametrize("tool", list_tool_names())
def test_deterministic(images: Case, tool: str) -> None:
    """The same queue gives the same bytes."""
    assert load_tool(tool).hand_out(images.queue()) == load_tool(tool).hand_out(images.queue())


@pytest.mark.parametrize("name", list_tool_names())
def test_steps(images: Case, tickets: Case, name: str, sentences: Any) -> None:
    """Every tool has instructions for importing and exporting, in whole sentences."""
    tool = load_tool(name)

    steps = [*tool.how_to_import(images.queue()), *tool.how_to_import(tickets.queue()), *tool.how_to_export]
    assert [step for step in steps if not step.startswith("    ") and step[-1] not in ".:)"] == []
    assert tool.how_to_export
    sentences.check("\n".join(dict.fromkeys(steps)))


@pytest.mark.parametrize("tool", [name for name in TEXTS if name != "csv"])
def test_files_are_json(images: Case, tool: str) -> None:
    """A file with a JSON ending is JSON, also with labels and ids that need escaping."""
    files = images.files(tool)

    assert all(content for name, content in files.items() if ".json" in name)
    assert any(".json" in name for name in files)
