"""Examples -> the features that models and neighbours look at: one block for each kind of input."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from doubtcli.errors import FeatureError
from doubtcli.records import Features
from doubtcli.records.arrays import give_back_memory
from doubtcli.settings.installed import blame_author, find_installed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from doubtcli.progress import Progress
    from doubtcli.records import Block, Examples

BLOCKS_GROUP = "doubtcli.blocks"
"""Each entry makes one block from examples, or None if they have no input of its kind."""
BLOCKS_ORDER = ("text", "text-pair", "table", "embedding")


@dataclass(frozen=True)
class InputFeatures:
    """The provider of features."""

    makes: ClassVar = {"features": None}
    is_costly: ClassVar = False
    is_fast: ClassVar = True
    reads: ClassVar = ()

    def make(self, examples: Examples, progress: Progress) -> Mapping[str, Any]:
        """As `build_features` builds them."""
        with progress.stage("Making features"):
            return {"features": build_features(examples)}


def build_features(examples: Examples) -> Features | None:
    """The features of the rows, or None if the file has no inputs."""
    if not examples.column_roles and examples.embeddings is None:
        return None  # before libraries are loaded that the blocks need
    blocks = []
    for one in find_installed(BLOCKS_GROUP, "block", FeatureError, BLOCKS_ORDER):
        make: Callable[[Examples], Block | None] = one.load()
        with blame_author(make, one.where, FeatureError):
            block = make(examples)
        if block is not None:
            blocks.append(block)
    give_back_memory()
    return Features(tuple(blocks)) if blocks else None
