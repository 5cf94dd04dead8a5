"""The files of sentences belong to tests that there are."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
HEADING = "== "


@pytest.mark.parametrize("path", sorted(TESTS.rglob("sentences.txt")), ids=lambda path: path.parent.name)
def test_every_kept_sentence_belongs_to_a_test(path: Path) -> None:
    """A sentence whose test was renamed or removed goes, too."""
    lines = path.read_text(encoding="utf-8").splitlines()
    names = {
        line.removeprefix(HEADING).split("[")[0].split(" ")[0] for line in lines if line.startswith(HEADING)
    }

    assert [name for name in sorted(names) if not _is_test(path.parent, name)] == []


def _is_test(room: Path, name: str) -> bool:
    *module, test = name.split(".")
    path = room.joinpath(*module).with_suffix(".py")
    if not path.is_file():
        return False
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.FunctionDef) and node.name == test for node in ast.walk(tree))
