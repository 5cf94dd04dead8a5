"""The desk of the tests of `apply`, and audits of small files whose texts show which label is right."""

from __future__ import annotations

import csv
import sys
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.pipelines.scan import make_audit
from doubtcli.progress import Silence
from doubtcli.queue.make import write_scan_queue
from doubtcli.settings import ScanSettings
from doubtcli.store import write_audit

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType


def _load_desk() -> ModuleType:
    spec = spec_from_file_location("apply_conftest", Path(__file__).parents[1] / "apply" / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_DESK = _load_desk()
desk, desk_in = _DESK.desk, _DESK.desk_in
reviews, reviews_folder = _DESK.reviews, _DESK.reviews_folder

WORDS = {
    "fruit": ("apple", "pear", "cherry", "plum", "peach", "quince"),
    "tool": ("hammer", "saw", "chisel", "plane", "rasp", "awl"),
}
Rows = list[dict[str, str]]


@dataclass(frozen=True)
class Shelf:
    """Writes files with rows into a folder, and audits them."""

    folder: Path

    def rows(self, n_rows: int = 80) -> Rows:
        """Texts of three words, about fruit and tools in turn; no two are equal."""
        kinds = ["fruit" if number % 2 == 0 else "tool" for number in range(n_rows)]
        return [
            {
                "id": f"r{number:03}",
                "text": " ".join(
                    [
                        *(WORDS[kind][(number // 2 // 6**place + place) % 6] for place in range(3)),
                        f"n{number}",
                    ]
                ),
                "label": kind,
            }
            for number, kind in enumerate(kinds)
        ]

    def relabelled(self, rows: Rows, numbers: Sequence[int], label: str | None = None) -> Rows:
        """The same rows, some of them with the other label or with `label`."""
        other = {"fruit": "tool", "tool": "fruit"}
        return [
            row | {"label": other[row["label"]] if label is None else label} if number in numbers else row
            for number, row in enumerate(rows)
        ]

    def write(self, name: str, rows: Rows) -> Path:
        """Write rows as CSV."""
        path = self.folder / f"{name}.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return path

    def audit(self, name: str, rows: Rows, **settings: Any) -> str:
        """Write rows and audit them; returns the folder of the audit."""
        return self.audit_of(self.write(name, rows), name, **settings)

    def audit_of(self, path: Path, name: str, **settings: Any) -> str:
        """Audit a file; returns the folder of the audit."""
        chosen = {"fast": True, "threads": 1, **settings}
        found, table = make_audit(ScanSettings(path=str(path), **chosen), progress=Silence())
        folder = self.folder / f"{name}.doubt"
        queue = write_scan_queue(found, table)
        write_audit(found, folder, queue_csv=queue, report_html="<!doctype html>", force=True)
        return str(folder)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A shelf in an empty folder."""
    return Shelf(tmp_path)


@pytest.fixture(scope="module")
def shared_shelf(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """A shelf for the audits that several tests share."""
    return Shelf(tmp_path_factory.mktemp("desk"))
