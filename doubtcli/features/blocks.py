"""Examples -> the features that models and neighbours look at: one block for each kind of input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.features.table import table_block
from doubtcli.features.text import text_block
from doubtcli.records import Features

if TYPE_CHECKING:
    from doubtcli.records import Examples

MAKERS = (text_block, table_block)
"""Each makes one block of some rows, or None where they have nothing of its kind."""


def build_features(examples: Examples) -> Features | None:
    """The features of the rows, or None where the file has no input to make them from."""
    made = [make(examples) for make in MAKERS]
    blocks = tuple(block for block in made if block is not None)
    return Features(blocks) if blocks else None
