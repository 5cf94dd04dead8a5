"""The installed annotation tools, ours and those of other packages, by the name that `--to` takes.

The names are listed without importing any tool, so that `doubt queue --help` is fast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.errors import SettingsError, ToolError
from doubtcli.records.tool import Tool
from doubtcli.settings.installed import blame_author, find_installed

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from doubtcli.settings.installed import Installed

TOOLS_GROUP = "doubtcli.tools"
TOOLS_ORDER = ("csv", "xlsx", "jsonl", "parquet", "label-studio", "argilla", "prodigy", "doccano")
"""The order in which our tools are listed, and tried on a file of answers; others follow by name."""
TOOL_PARTS = (*Tool.__annotations__, "hand_out", "how_to_import")
"""The attributes that a tool must have."""


def list_tool_names() -> tuple[str, ...]:
    """The names of all tools.

    Raises:
        ToolError: Two packages have a tool of the same name.
    """
    return tuple(tool.name for tool in _find_tools())


def load_tool(name: str) -> Tool:
    """One tool by its name.

    Raises:
        SettingsError: There is no tool of that name.
        ToolError: It can't be imported, or lacks a part.
    """
    for installed in _find_tools():
        if installed.name == name:
            return _make_tool(installed)
    raise SettingsError(
        f"{name!r} is not an annotation tool", expected=f"one of {', '.join(list_tool_names())}"
    )


def load_tools() -> tuple[Tool, ...]:
    """All tools.

    Raises:
        ToolError: As `list_tool_names` and `load_tool`.
    """
    return tuple(map(_make_tool, _find_tools()))


def name_tool(name: str) -> str:
    """A tool's title; its name where the tool is not installed or can't be used."""
    try:
        return load_tool(name).title
    except (SettingsError, ToolError):
        return name


def blame_tool(tool: Tool) -> AbstractContextManager[None]:
    """Turn an unexpected exception of a tool into a `ToolError` that names the tool."""
    hint = "use another tool, and report this to its authors"
    return blame_author(tool, f"tool {tool.name!r}", ToolError, hint)


def _find_tools() -> tuple[Installed, ...]:
    return find_installed(TOOLS_GROUP, "tool", ToolError, TOOLS_ORDER)


def _make_tool(installed: Installed) -> Tool:
    """The tool of an entry point."""
    tool: Tool = installed.make(TOOL_PARTS)
    if tool.name != installed.name:
        raise ToolError(
            f"its class is named {tool.name!r}, but its entry point {installed.name!r}",
            where=installed.where,
            expected="the same name in both",
        )
    return tool
