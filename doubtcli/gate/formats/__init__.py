"""What a gate found, in the formats that CI systems read: one module per format, found by its name.

The module `NAME.py` has a function `render_NAME(result)`, which gives the text of the format. It may have a
function `finish_NAME(result)`, for what such a system needs in addition to the text.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doubtcli.gate.result import GateResult

_ORDER = ("concise", "json", "jsonl", "github", "markdown", "gitlab", "junit", "sarif")
"""The order in which the formats are listed; others follow, sorted by name."""


def list_gate_formats() -> tuple[str, ...]:
    """The names of all formats; no format is imported for this."""
    names = [module.name for module in iter_modules(__path__)]
    return tuple(
        sorted(names, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))
    )


def render_gate(name: str, result: GateResult) -> str:
    """What a gate found, in the format of this name."""
    text: str = getattr(import_module(f"{__name__}.{name}"), f"render_{name}")(result)
    return text


def finish_gate(name: str, result: GateResult) -> None:
    """Do what the format of this name does in addition to its text, if anything."""
    finish = getattr(import_module(f"{__name__}.{name}"), f"finish_{name}", None)
    if finish is not None:
        finish(result)
