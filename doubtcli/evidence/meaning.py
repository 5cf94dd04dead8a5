"""Text columns -> a vector for each row, by an embedding model on this machine: what the texts mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from doubtcli.features.embedders import find_embedding_model
from doubtcli.features.embedding import make_embedding_block
from doubtcli.features.text import join_texts
from doubtcli.settings.scan import NO_EMBEDDER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from doubtcli.features.embedders import EmbeddingModel, Encoder
    from doubtcli.features.embedding import EmbeddingBlock
    from doubtcli.progress import Progress
    from doubtcli.records import Embedder, Examples
    from doubtcli.settings import ScanSettings


ON = "meaning"
"""What its models are called after: "linear discriminant on meaning"."""


@dataclass(frozen=True, eq=False)
class Meaning:
    """What texts mean."""

    model: EmbeddingModel
    embedder: Embedder
    block: EmbeddingBlock
    """It has models; rows are not compared by it otherwise, since the same text has the same meaning."""


@dataclass(frozen=True)
class TextMeaning:
    """The provider of what texts mean."""

    makes: ClassVar = {"meaning": None}
    is_costly: ClassVar = True
    is_fast: ClassVar = True

    def make(
        self, examples: Examples, settings: ScanSettings, progress: Progress, note: Callable[[str], None]
    ) -> Mapping[str, Any]:
        """Embed the texts, if there are any, there is a model, and the user gave no probabilities."""
        model = find_embedding_model(settings.embed)
        texts = join_texts(examples)
        if model is None or texts is None or examples.given_pred_probs is not None:
            return {}
        with progress.stage("Embedding texts", len(texts)) as advance:
            vectors = load_encoder(model).encode(texts, advance)
        note(
            f"texts are also compared by meaning, with the embedding model {model.name}; "
            f"--embed {NO_EMBEDDER} leaves it out"
        )
        return {"meaning": Meaning(model, model.identify(), make_embedding_block(vectors, ON))}


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
