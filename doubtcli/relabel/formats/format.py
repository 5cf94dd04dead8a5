"""What a format is: files made from a queue, and how a person gets them into a tool and back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from doubtcli.relabel.task import Queue


@dataclass(frozen=True)
class Format:
    """One way to hand a queue out."""

    title: str
    """The tool's name, or the file's."""
    render: Callable[[Queue], Mapping[str, bytes]]
    """The files, by their place in the output folder."""
    load: Callable[[Queue], tuple[str, ...]]
    """How to get the queue into the tool, step by step."""
    back: tuple[str, ...]
    """How to get the verdicts out of it, step by step."""
    verdicts: str
    """The file that then holds the verdicts, as it may be called."""
    flags: str = ""
    """What `doubt apply` has to be told of such a file, each option with a space before it."""
    is_ours: bool = False
    """Whether people write their verdicts into the file itself, and not in a tool."""
