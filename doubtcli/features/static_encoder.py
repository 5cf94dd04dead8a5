"""A static embedding model: a vector for each token, and a text is the mean of its tokens' vectors.

The mean is plain. Weighting tokens by their rarity (the inverse document frequency; SIF, Arora et al., 2017)
and leaving out the main direction ranked errors worse on nearly all of sixteen sets, in geometric mean by 9
to 23%; so did reading only the first 128 tokens, where texts were long. Lower case made no clear difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.errors import InputError
from doubtcli.features.embedders import import_reader, load_tokenizer
from doubtcli.features.latent import unit_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

_MOST_LETTERS = 20_000
"""Of a text: some 5,000 tokens. More of them hardly move its mean."""
_TEXTS_AT_ONCE = 4096
EXTRA_TENSORS = {"weights", "mapping"}
"""Tensors of model2vec beside its vectors: the weight of each token, and the vector that it has."""


@dataclass(frozen=True, eq=False)
class StaticEncoder:
    """Splits texts into tokens, and takes the means of their vectors."""

    tokenizer: Any
    vectors: NDArray[np.floating[Any]]
    """Shape `(n_tokens, n_dimensions)`."""
    unknown: int | None
    """The token that stands for unknown ones, and has no meaning."""

    def encode(self, texts: Sequence[str], advance: Callable[[int], None]) -> NDArray[np.float32]:
        """See `Encoder`; each text has the same vector in any company."""
        parts = []
        for start in range(0, len(texts), _TEXTS_AT_ONCE):
            part = texts[start : start + _TEXTS_AT_ONCE]
            parts.append(self._sum_vectors(part))
            advance(len(part))
        return unit_rows(np.vstack(parts))

    def _sum_vectors(self, texts: Sequence[str]) -> NDArray[np.float32]:
        from scipy import sparse

        # one text at a time: for batches, the library starts threads of its own
        ids = [self._split(text) for text in texts]
        starts = np.cumsum([0, *map(len, ids)])
        tokens, places = np.unique(np.concatenate(ids), return_inverse=True)
        counts = sparse.csr_matrix(
            (np.ones(len(places), dtype=np.float32), places, starts), shape=(len(texts), len(tokens))
        )
        return np.asarray(counts @ self.vectors[tokens].astype(np.float32))

    def _split(self, text: str) -> NDArray[np.intp]:
        ids = np.asarray(
            self.tokenizer.encode(text[:_MOST_LETTERS], add_special_tokens=False).ids, dtype=np.intp
        )
        return ids if self.unknown is None else ids[ids != self.unknown]


def load_static_encoder(weights: Path, tokenizer: Path) -> StaticEncoder:
    """The encoder in two files: `.safetensors` with a table of vectors, and the tokenizer.

    Raises:
        SettingsError: A package that reads them is not installed.
        InputError: A file is not what it should be, or the two do not fit.
    """
    splitter = load_tokenizer(tokenizer)
    splitter.no_truncation()
    vectors = read_vectors_of_tokens(weights)
    n_tokens = splitter.get_vocab_size()
    if n_tokens > len(vectors):
        raise InputError(
            f"it has {len(vectors):,} vectors, but {tokenizer.name} has {n_tokens:,} tokens",
            where=str(weights),
            expected="a vector for each token",
            hint="take both files from the same model",
        )
    unknown = getattr(splitter.model, "unk_token", None)
    return StaticEncoder(splitter, vectors, None if unknown is None else splitter.token_to_id(unknown))


def read_vectors_of_tokens(path: Path) -> NDArray[np.floating[Any]]:
    """The table of vectors in a file: shape `(n_tokens, n_dimensions)`, as it is stored.

    Raises:
        SettingsError: The package that reads it is not installed.
        InputError: It can't be read, or holds another kind of model.
    """
    safetensors = import_reader("safetensors.numpy")
    try:
        tensors = safetensors.load(path.read_bytes())
    except Exception as error:  # the library's own, and those of types that NumPy lacks
        raise InputError(
            f"can't be read: {error}",
            where=str(path),
            expected="weights as the safetensors library writes them",
        ) from error
    tables = [name for name, tensor in tensors.items() if tensor.ndim == 2]  # noqa: PLR2004
    if len(tables) != 1 or tensors.keys() - {*tables} - EXTRA_TENSORS:
        raise _make_other_model_error(path, sorted(tensors))
    vectors = tensors[tables[0]]
    if "mapping" in tensors:
        vectors = vectors[tensors["mapping"]]
    if "weights" in tensors:
        vectors = vectors * tensors["weights"][:, None]
    if not np.isfinite(vectors).all():
        raise InputError(
            "some of its vectors are not finite", where=str(path), expected="a finite vector for each token"
        )
    return np.asarray(vectors)


def _make_other_model_error(path: Path, names: Sequence[str]) -> InputError:
    shown = f"{len(names):,} tensors, such as {names[0]!r}" if names else "no tensor"
    return InputError(
        f"it has {shown}: this is not a static model",
        where=str(path),
        expected="one table with a vector for each token",
        hint="export the model to ONNX, and name the folder of model.onnx; or make it static with model2vec",
    )
