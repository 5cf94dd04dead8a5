"""The annotation tools that are installed, ours and other people's, by the word that `--to` takes.

Their names are known without importing any of them, so that `doubt queue --help` is fast.
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
            return _make_tool(installed)
    raise SettingsError(f"there is no tool {name!r}", expected=f"one of {', '.join(list_tool_names())}")


def load_tools() -> tuple[Tool, ...]:
    """All tools.

    Raises:
        ToolError: As `list_tool_names` and `load_tool`.
    """
    return tuple(map(_make_tool, _find_tools()))


def name_tool(name: str) -> str:
    """A tool's title; its name where it is not installed, or can't be used."""
    try:
        return load_tool(name).title
    except (SettingsError, ToolError):
        return name


def blame_tool(tool: Tool) -> AbstractContextManager[None]:
    """Name somebody else's tool in what it raises that is no error of ours."""
    hint = "take another tool, and tell its authors"
    return blame_author(tool, f"tool {tool.name!r}", ToolError, hint)


def _find_tools() -> tuple[Installed, ...]:
    return find_installed(TOOLS_GROUP, "tool", ToolError, TOOLS_ORDER)


def _make_tool(installed: Installed) -> Tool:
    """The tool of an entry point."""
    tool: Tool = installed.make(TOOL_PARTS)
    if tool.name != installed.name:
        raise ToolError(
            f"its class is named {tool.name!r} and its entry point {installed.name!r}",
            where=installed.where,
            expected="the same name in both",
        )
    return tool
