"""The hand-made audit of the reports' tests, for the tests of its figures."""

from __future__ import annotations

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import ScanResult


@pytest.fixture(scope="session")
def make_audit() -> Callable[..., ScanResult]:
    """Makes an audit by hand: see `build_audit` in the reports' tests."""
    spec = spec_from_file_location("report_conftest", Path(__file__).parents[1] / "report" / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module: Any = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.build_audit  # type: ignore[no-any-return]
