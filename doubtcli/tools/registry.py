"""The annotation tools that are installed, ours and other people's, by the word that `--to` takes.

Their names are known without importing any of them, so that `doubt queue --help` is fast.
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from doubtcli.errors import DoubtError, SettingsError, ToolError
from doubtcli.records.tool import Tool
from doubtcli.settings.installed import find_installed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from doubtcli.settings.installed import Installed

TOOLS_GROUP = "doubtcli.tools"
TOOLS_ORDER = ("csv", "jsonl", "parquet", "label-studio", "argilla", "prodigy", "doccano")
"""The order in which ours are listed, and tried on a file of answers; all others follow by name."""
TOOL_PARTS = (*Tool.__annotations__, "hand_out", "how_to_import")
"""What a tool must have."""


def list_tool_names() -> tuple[str, ...]:
    """The names of all tools.

    Raises:
        ToolError: Two packages bring a tool of the same name.
    """
    return tuple(tool.name for tool in _find_tools())


def load_tool(name: str) -> Tool:
    """One tool by its name.

    Raises:
        SettingsError: There is none of that name.
        ToolError: It can't be imported, or lacks a part.
    """
    for installed in _find_tools():
        if installed.name == name:
            return _load_installed(installed)
    raise SettingsError(f"there is no tool {name!r}", expected=f"one of {', '.join(list_tool_names())}")


def load_tools() -> tuple[Tool, ...]:
    """All tools.

    Raises:
        ToolError: As `list_tool_names` and `load_tool`.
    """
    return tuple(map(_load_installed, _find_tools()))


def name_tool(name: str) -> str:
    """A tool's title; its name where it is not installed, or can't be used."""
    try:
        return load_tool(name).title
    except (SettingsError, ToolError):
        return name


@cache  # nothing is installed while we run
def _find_tools() -> tuple[Installed, ...]:
    return find_installed(TOOLS_GROUP, "tool", ToolError, TOOLS_ORDER)


def _load_installed(installed: Installed) -> Tool:
    """The tool of an entry point."""
    found = installed.load()
    where = f"tool {installed.name!r} of {installed.package}"
    tool: Tool = found() if isinstance(found, type) else found
    missing = [part for part in TOOL_PARTS if not hasattr(tool, part)]
    if missing:
        raise ToolError(f"it has no {missing[0]!r}", where=where, expected=f"all of {', '.join(TOOL_PARTS)}")
    if tool.name != installed.name:
        raise ToolError(
            f"its class is named {tool.name!r} and its entry point {installed.name!r}",
            where=where,
            expected="the same name in both",
        )
    return tool


@contextmanager
def blame_tool(tool: Tool) -> Iterator[None]:
    """Turn a crash of a tool's own code into a message that names it.

    Raises:
        ToolError: Something else than an error of ours was raised.
    """
    try:
        yield
    except DoubtError:
        raise
    except Exception as error:
        raise ToolError(
            f"it crashed: {type(error).__name__}: {error}",
            where=f"tool {tool.name!r}",
            hint="take another tool, and tell its authors",
        ) from error
