"""Find the suspicious labels in any labelled file.

    import doubtcli
    audit = doubtcli.scan(frame, label="intent")

`doubtcli.testing` has what tests need, `doubtcli.errors` the exceptions.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
"""As in `typing`, which `python -m doubtcli` would load from the working directory, if it were imported."""

__all__ = ["Audit", "open_audit", "scan"]

if TYPE_CHECKING:
    from typing import Any

    from doubtcli import testing as testing
    from doubtcli.api.audit import Audit
    from doubtcli.api.scan import open_audit, scan
else:
    _HOMES = {"Audit": "doubtcli.api.audit", "open_audit": "doubtcli.api.scan", "scan": "doubtcli.api.scan"}

    def __getattr__(name: str) -> Any:  # noqa: ANN401  # as modules have it
        """Load a public name when it is first used: the command line starts without pandas."""
        if name == "testing":
            return import_module("doubtcli.testing")
        if name not in _HOMES:
            raise AttributeError(f"module 'doubtcli' has no attribute {name!r}")
        return getattr(import_module(_HOMES[name]), name)
