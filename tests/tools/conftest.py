import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Write = Callable[..., str]


@pytest.fixture
def exports() -> Path:
    """The folder with exports that the tools wrote."""
    return Path(__file__).parent / "exports"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file, a text as it is and a list as JSON, under a name without an ending; gives its path."""

    def written(content: str | list[Any], name: str = "verdicts") -> str:
        path = tmp_path / name
        path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return str(path)

    return written
