"""Text columns -> a vector for each row, by an embedding model on this machine: what the texts mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from doubtcli.features.embedders import find_embedding_model
from doubtcli.records import Features
from doubtcli.settings.scan import NO_EMBEDDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from doubtcli.features.embedders import EmbeddingModel, Encoder
    from doubtcli.features.embedding import EmbeddingBlock
    from doubtcli.progress import Progress
    from doubtcli.records import Embedder, Examples, Floats
    from doubtcli.settings import ScanSettings


ON = "meaning"
"""What its models are called after: "linear discriminant on meaning"."""
LIKENESS = "likeness of meaning"
"""What it measures of a pair of texts."""
_AT_ONCE = 4_096
"""Pairs whose vectors are side by side in memory at a time."""


@dataclass(frozen=True, eq=False)
class Meaning:
    """What texts mean."""

    model: EmbeddingModel
    embedder: Embedder
    block: EmbeddingBlock
    """It has models; rows are not compared by it otherwise, since the same text has the same meaning."""
    likeness: Floats | None = None
    """Shape `(n_rows,)`, -1 to 1: how alike both sides of each pair are, as `compare_meaning` has it; None if
    no texts are compared."""

    def add_to(self, features: Features) -> Features:
        """The features, with the likeness among the measures of pairs."""
        from doubtcli.features.text_pair import TextPairBlock

        likeness = self.likeness
        if likeness is None:
            return features
        return Features(
            tuple(
                block.add_measure(LIKENESS, likeness) if isinstance(block, TextPairBlock) else block
                for block in features.blocks
            )
        )


@dataclass(frozen=True)
class TextMeaning:
    """The provider of what texts mean."""

    makes: ClassVar = {"meaning": None}
    is_costly: ClassVar = True
    is_fast: ClassVar = True
    reads: ClassVar = ("embed",)
    is_kept: ClassVar = True

    def identify(self, settings: ScanSettings) -> tuple[Embedder, Mapping[str, str]] | None:
        """The model's files and libraries: the setting may name other ones later."""
        model = find_embedding_model(settings.embed)
        return None if model is None else (model.identify(), model.find_versions())

    def make(
        self, examples: Examples, settings: ScanSettings, progress: Progress, note: Callable[[str], None]
    ) -> Mapping[str, Any]:
        """Embed the texts, if there are any, there is a model, and the user gave no probabilities."""
        model = find_embedding_model(settings.embed)
        if model is None or examples.given_pred_probs is not None:
            return {}
        # not for `doubt reasons`, which only asks what providers make
        from doubtcli.features.embedding import make_embedding_block
        from doubtcli.features.text import join_texts
        from doubtcli.features.text_pair import list_sides

        joined = join_texts(examples)
        if joined is None:
            return {}
        texts = list(joined)
        sides = list_sides(examples)
        n_sides = len(set().union(*sides)) if sides else 0
        with progress.stage("Embedding texts", len(texts) + n_sides) as advance:
            encoder = load_encoder(model)
            block = make_embedding_block(encoder.encode(texts, advance), ON)
            likeness = compare_meaning(*sides, encoder, advance) if sides else None
        what = "texts, and the two sides of each pair," if sides else "texts"
        note(
            f"{what} are also compared by meaning, with the embedding model {model.name}; "
            f"--embed {NO_EMBEDDER} leaves it out"
        )
        return {"meaning": Meaning(model, model.identify(), block, likeness)}


def compare_meaning(
    left: Sequence[str], right: Sequence[str], encoder: Encoder, advance: Callable[[int], None]
) -> Floats:
    """The cosine of the vectors of two texts a row; 0 where one of them has no words.

    Args:
        left: A text for each row.
        right: The other one.
        encoder: Encodes each different text once.
        advance: Counts the different texts that are done.

    Returns:
        Float32, shape `(n_rows,)`, -1 to 1.
    """
    texts, place_of = np.unique(np.array([*left, *right], dtype=object), return_inverse=True)
    vectors = encoder.encode(texts.tolist(), advance)
    places = place_of.reshape(2, -1)
    cosines = np.zeros(len(left), dtype=np.float32)
    for start in range(0, len(left), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        cosines[rows] = (vectors[places[0, rows]] * vectors[places[1, rows]]).sum(axis=1)
    return cosines


def load_encoder(model: EmbeddingModel) -> Encoder:
    """Read the files of a model.

    Raises:
        SettingsError: A package that reads them is not installed.
        InputError: A file is not what it should be.
    """
    if model.is_onnx:
        from doubtcli.features.onnx_encoder import load_onnx_encoder

        return load_onnx_encoder(model.weights, model.tokenizer)
    from doubtcli.features.static_encoder import load_static_encoder

    return load_static_encoder(model.weights, model.tokenizer)
