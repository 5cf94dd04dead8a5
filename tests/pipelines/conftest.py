"""The desk of the tests of `apply`: a folder in which verdicts are applied and taken back."""

from __future__ import annotations

import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def _load_desk() -> ModuleType:
    spec = spec_from_file_location("apply_conftest", Path(__file__).parents[1] / "apply" / "conftest.py")
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[spec.name] = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_DESK = _load_desk()
desk, desk_in, reviews = _DESK.desk, _DESK.desk_in, _DESK.reviews
