"""The setting `embed` -> the embedding model: where its files are, its name, and their hash.

Nothing is downloaded: a model is read from files on this machine, or there is none.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from doubtcli.errors import InputError, SettingsError
from doubtcli.records import Embedder
from doubtcli.settings.scan import INSTALLED_EMBEDDER, NO_EMBEDDER

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from doubtcli.records.arrays import Floats

INSTALLED_NAME = "wordllama l2_supercat_256"
INSTALLED_FILES = ("weights/l2_supercat_256.safetensors", "tokenizers/l2_supercat_tokenizer_config.json")
"""Of the package wordllama. Its own loader looks for them elsewhere, and then downloads them."""
ONNX_FILES = ("model.onnx", "onnx/model.onnx")
STATIC_FILES = ("model.safetensors", "0_StaticEmbedding/model.safetensors")
"""Where model2vec and sentence-transformers keep weights in a model's folder."""
TOKENIZER = "tokenizer.json"
EXTRAS = {"onnxruntime": "onnx"}
"""The extras of ours that install a package; the others come with `embed`."""
A_MODEL = "a folder with tokenizer.json, and model.safetensors (a vector for each token) or model.onnx"
NOTHING_IS_DOWNLOADED = "doubt downloads nothing: download the model yourself, and name its folder"
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


class Encoder(Protocol):
    """Turns texts into vectors: those of texts of like meaning have like directions."""

    def encode(self, texts: Sequence[str], advance: Callable[[int], None]) -> Floats:
        """Float32, shape `(n_texts, n_dimensions)`, each of length 1, or 0 for a text without words.

        Args:
            texts: Any texts. The vector of one may depend slightly on the others, never on their order.
            advance: Counts the texts that are done.
        """
        ...


@dataclass(frozen=True)
class EmbeddingModel:
    """The files of an embedding model."""

    name: str
    weights: Path
    tokenizer: Path

    @property
    def is_onnx(self) -> bool:
        """Whether it is a neural network, not a table of vectors."""
        return self.weights.suffix == ".onnx"

    def find_versions(self) -> dict[str, str]:
        """The versions of the libraries that its vectors depend on.

        Raises:
            SettingsError: One of them is not installed.
        """
        return {
            name: _find_version(name) for name in ("tokenizers", *(("onnxruntime",) if self.is_onnx else ()))
        }

    def identify(self) -> Embedder:
        """Its name, and a hash of its files.

        Raises:
            InputError: A file can't be read.
        """
        # an ONNX model of more than 2 GB has its weights in files beside it: model.onnx_data
        files = [*sorted(self.weights.parent.glob(f"{self.weights.name}*")), self.tokenizer]
        digests = (_hash_file(file) for file in files)
        return Embedder(self.name, hashlib.sha256(b"".join(digests)).hexdigest())


def find_embedding_model(embed: str | None) -> EmbeddingModel | None:
    """The model that a scan uses; None if it uses none.

    Args:
        embed: The setting. If it is None, the model of wordllama is used where that is installed.

    Raises:
        SettingsError: wordllama is asked for, and not installed.
        InputError: The folder is not there, or has no model.
    """
    if embed == NO_EMBEDDER:
        return None
    if embed not in (None, INSTALLED_EMBEDDER):
        return _find_in_folder(Path(embed))
    spec = find_spec(INSTALLED_EMBEDDER)
    if spec is None or spec.origin is None:
        if embed is None:
            return None
        raise make_missing_error(INSTALLED_EMBEDDER)
    files = [Path(spec.origin).parent / name for name in INSTALLED_FILES]
    if all(file.is_file() for file in files):
        return EmbeddingModel(INSTALLED_NAME, *files)
    if embed is None:
        return None
    raise InputError(
        "this version of wordllama does not have the files of its model",
        where=str(Path(spec.origin).parent),
        expected=" and ".join(INSTALLED_FILES),
        hint="install wordllama 0.4.0.post1",
    )


def _find_in_folder(folder: Path) -> EmbeddingModel:
    if not folder.is_dir():
        raise _make_no_folder_error(folder)
    weights = next(
        (folder / name for name in (*ONNX_FILES, *STATIC_FILES) if (folder / name).is_file()), None
    )
    if weights is None:
        raise InputError(
            "it has no embedding model: neither model.safetensors nor model.onnx is in it",
            where=str(folder),
            expected=A_MODEL,
            hint=NOTHING_IS_DOWNLOADED,
        )
    tokenizer = next(
        (one / TOKENIZER for one in (weights.parent, folder) if (one / TOKENIZER).is_file()), None
    )
    if tokenizer is None:
        raise InputError(
            f"it has no {TOKENIZER}, which splits texts into the tokens of {weights.name}",
            where=str(folder),
            expected=A_MODEL,
            hint="save the model's tokenizer in it: transformers writes this file for its fast tokenizers",
        )
    return EmbeddingModel(folder.resolve().name, weights, tokenizer)


def _make_no_folder_error(folder: Path) -> InputError:
    if folder.is_file():
        found, hint = "it is a file", f"name its folder: {folder.parent}"
    elif _HUB_NAME.fullmatch(str(folder)):
        found, hint = (
            "there is no such folder",
            f"if this is the name of a model on a hub: {NOTHING_IS_DOWNLOADED}",
        )
    else:
        found, hint = "there is no such folder", NOTHING_IS_DOWNLOADED
    return InputError(found, where=str(folder), expected=A_MODEL, hint=hint)


def import_reader(package: str) -> Any:  # noqa: ANN401  # a module
    """A package that reads models.

    Raises:
        SettingsError: It is not installed; names the extra that installs it.
    """
    try:
        return import_module(package)
    except ImportError as error:
        raise make_missing_error(package.partition(".")[0]) from error


def make_missing_error(package: str) -> SettingsError:
    """The error for a package that is needed, and not installed."""
    extra = EXTRAS.get(package, "embed")
    return SettingsError(
        f"the package {package}, which is needed for it, is not installed",
        where="--embed",
        hint=f"install it: python -m pip install 'doubtcli[{extra}]'; or scan with --embed none",
    )


def _find_version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError as error:
        raise make_missing_error(package) from error


def load_tokenizer(path: Path) -> Any:  # noqa: ANN401  # of a library that is loaded when needed
    """The tokenizer in a file, which neither pads nor cuts texts.

    Raises:
        SettingsError: The library that reads it is not installed.
        InputError: The file is not a tokenizer.
    """
    tokenizers = import_reader("tokenizers")
    try:
        tokenizer = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the library raises plain exceptions
        raise InputError(
            f"is not a tokenizer: {error}",
            where=str(path),
            expected="a file that the tokenizers library wrote",
            hint="save the model's tokenizer again",
        ) from error
    tokenizer.no_padding()
    return tokenizer


def _hash_file(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").digest()
    except OSError as error:
        raise InputError(f"can't be read: {error.strerror}", where=str(path)) from error
