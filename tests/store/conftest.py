"""The hand-made audit of the reports' tests, and a table that it could be of."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from doubtcli.queue.make import write_scan_queue
from doubtcli.records import Table
from doubtcli.store import write_audit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from doubtcli.records import ScanResult


def _build_audit() -> Callable[..., ScanResult]:
    spec = spec_from_file_location("report_conftest", Path(__file__).parents[1] / "report" / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build_audit  # type: ignore[no-any-return]


build_audit = _build_audit()


def build_table(audit: ScanResult, own: Mapping[str, Sequence[Any]] | None = None) -> Table:
    """The file of the hand-made audit: its rows in reverse, then those without a label."""
    n_unlabelled = len(audit.examples.unlabelled_row_ids)
    text = audit.examples.inputs.column("text").to_pylist()[::-1] + [None] * n_unlabelled
    codes = audit.labels.codes.tolist()
    label = [audit.labels.class_names[code] if code >= 0 else None for code in codes]
    columns = {"text": text, "label": label} if own is None else own
    return Table(audit.source, pa.table({name: pa.array(values) for name, values in columns.items()}))


@dataclass(frozen=True)
class Writer:
    """Writes the hand-made audit into one folder."""

    folder: Path

    def __call__(self, *, force: bool = False, report_html: str = "<!doctype html>", **changes: Any) -> None:
        """Write it, with changes for `build_audit`."""
        audit = build_audit(**changes)
        queue = write_scan_queue(audit, build_table(audit))
        write_audit(audit, self.folder, queue_csv=queue, report_html=report_html, force=force)


@pytest.fixture(scope="session")
def make_audit() -> Callable[..., ScanResult]:
    """Makes an audit by hand: see `build_audit` of the reports' tests."""
    return build_audit


@pytest.fixture(scope="session")
def make_table() -> Callable[..., Table]:
    """Makes the table that the hand-made audit could be of."""
    return build_table


@pytest.fixture
def write(tmp_path: Path) -> Writer:
    """Writes the hand-made audit into `tickets.doubt`."""
    return Writer(tmp_path / "tickets.doubt")
