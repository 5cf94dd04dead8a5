"""Examples -> the features that models and neighbours look at: one block for each kind of input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from doubtcli.records import Features

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doubtcli.progress import Progress
    from doubtcli.records import Examples


@dataclass(frozen=True)
class InputFeatures:
    """The provider of features."""

    makes: ClassVar = {"features": None}
    is_costly: ClassVar = False
    is_fast: ClassVar = True

    def make(self, examples: Examples, progress: Progress) -> Mapping[str, Any]:
        """As `build_features` builds them."""
        with progress.stage("Making features"):
            return {"features": build_features(examples)}


def build_features(examples: Examples) -> Features | None:
    """The features of the rows, or None where the file has no input to make them from."""
    from doubtcli.features.table import table_block
    from doubtcli.features.text import text_block

    made = [make(examples) for make in (text_block, table_block)]
    blocks = tuple(block for block in made if block is not None)
    return Features(blocks) if blocks else None
