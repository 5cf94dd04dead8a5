"""A sentence encoder in ONNX: a neural network, run by onnxruntime in one thread, gives a text its vector."""

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

MOST_TOKENS = 256
"""Of a text; longer ones are cut. The common small encoders were trained on 128 to 256 tokens."""
_TEXTS_AT_ONCE = 32
_INPUTS = ("input_ids", "attention_mask", "token_type_ids")
_OF_TEXTS, _OF_TOKENS = 2, 3
"""The dimensions of an output with a vector for each text, and with one for each token of each text."""
_PAD_NAMES = ("[PAD]", "<pad>")
_EXPECTED = (
    "a sentence encoder: it takes input_ids and attention_mask, and gives vectors of tokens or of texts"
)


@dataclass(frozen=True, eq=False)
class OnnxEncoder:
    """Splits texts into tokens, and runs the network on them."""

    tokenizer: Any
    """It cuts long texts."""
    session: Any
    """Of onnxruntime."""
    output: str
    """The output to read: one vector a text if it has any, else one a token, of which the mean is taken."""
    pad: int
    """The token that fills up shorter texts of a batch."""

    def encode(self, texts: Sequence[str], advance: Callable[[int], None]) -> NDArray[np.float32]:
        """See `Encoder`; equal texts are encoded once."""
        different, row_of = np.unique(np.asarray(texts, dtype=object), return_inverse=True)
        ids = [self.tokenizer.encode(text).ids for text in different]
        # texts of like length together: the shorter ones of a batch are filled up
        order = sorted(range(len(ids)), key=lambda place: len(ids[place]))
        vectors: dict[int, NDArray[np.float32]] = {}
        for start in range(0, len(order), _TEXTS_AT_ONCE):
            places = order[start : start + _TEXTS_AT_ONCE]
            vectors |= zip(places, self._run([ids[place] for place in places]), strict=True)
            advance(len(places))
        advance(len(texts) - len(different))
        return unit_rows(np.stack([vectors[place] for place in range(len(ids))])[row_of])

    def _run(self, batch: Sequence[Sequence[int]]) -> NDArray[np.float32]:
        """Shape `(n_texts, n_dimensions)`."""
        longest = max(1, *map(len, batch))
        ids = np.full((len(batch), longest), self.pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        for row, tokens in enumerate(batch):
            ids[row, : len(tokens)] = tokens
            mask[row, : len(tokens)] = 1
        given = dict(zip(_INPUTS, (ids, mask, np.zeros_like(ids)), strict=True))
        wanted = {one.name: given[one.name] for one in self.session.get_inputs()}
        (found,) = self.session.run([self.output], wanted)
        if found.ndim == _OF_TEXTS:
            return np.asarray(found, dtype=np.float32)
        sums = np.einsum("rtd,rt->rd", found.astype(np.float32), mask.astype(np.float32))
        return np.asarray(sums / np.maximum(mask.sum(axis=1, keepdims=True), 1), dtype=np.float32)


def load_onnx_encoder(weights: Path, tokenizer: Path) -> OnnxEncoder:
    """The encoder in two files: `model.onnx`, and the tokenizer.

    Raises:
        SettingsError: A package that reads them is not installed.
        InputError: A file is not what it should be.
    """
    splitter = load_tokenizer(tokenizer)
    most = (splitter.truncation or {}).get("max_length", MOST_TOKENS)
    splitter.enable_truncation(min(most, MOST_TOKENS))
    known = (splitter.token_to_id(name) for name in _PAD_NAMES)
    pad = next((token for token in known if token is not None), 0)
    session = _start_session(weights)
    return OnnxEncoder(splitter, session, _choose_output(session, weights), pad)


def _start_session(path: Path) -> Any:  # noqa: ANN401  # of a library that is loaded when needed
    onnxruntime = import_reader("onnxruntime")
    options = onnxruntime.SessionOptions()
    # one thread keeps sums in one order, so that the same texts give the same vectors
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # the library's own have no common base
        raise InputError(
            f"can't be read: {str(error).splitlines()[0]}",
            where=str(path),
            expected="a model in the format ONNX",
            hint="if it has further files, such as model.onnx_data, they must be beside it",
        ) from error


def _choose_output(session: Any, path: Path) -> str:  # noqa: ANN401
    """The first output with a vector for each text, else the first with one for each token."""
    others = [one.name for one in session.get_inputs() if one.name not in _INPUTS]
    if others:
        raise InputError(f"it asks for the input {others[0]!r}", where=str(path), expected=_EXPECTED)
    dimensions = {one.name: len(one.shape or ()) for one in session.get_outputs()}
    for wanted in (_OF_TEXTS, _OF_TOKENS):
        for name, found in dimensions.items():
            if found == wanted:
                return str(name)
    shown = ", ".join(f"{name!r} of {found}" for name, found in dimensions.items())
    raise InputError(f"its outputs have other dimensions: {shown}", where=str(path), expected=_EXPECTED)
