from __future__ import annotations

import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from doubtcli.errors import InputError
from doubtcli.features.onnx_encoder import load_onnx_encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Write = Callable[..., Path]

OF_TOKEN = np.array([[9, 9], [1, 0], [0, 2], [0, 1]], dtype=np.float32)


@dataclass
class FakeSession:
    """Gives each token its vector, and each text the vector of its last token."""

    inputs: Sequence[str] = ("input_ids", "attention_mask")
    outputs: Sequence[str] = ("last_hidden_state",)
    shapes: list[tuple[int, int]] = field(default_factory=list)

    def get_inputs(self) -> list[SimpleNamespace]:
        """The inputs that it needs."""
        return [SimpleNamespace(name=name) for name in self.inputs]

    def get_outputs(self) -> list[SimpleNamespace]:
        """The outputs that it has."""
        shapes = {"last_hidden_state": ["n", "t", 2], "sentence_embedding": ["n", 2], "loss": []}
        return [SimpleNamespace(name=name, shape=shapes[name]) for name in self.outputs]

    def run(self, outputs: Sequence[str], given: dict[str, NDArray[np.int64]]) -> list[NDArray[np.float32]]:
        """Run on a batch."""
        assert given.keys() == set(self.inputs)
        ids = given["input_ids"]
        self.shapes.append(ids.shape)
        by_name = {"last_hidden_state": OF_TOKEN[ids], "sentence_embedding": OF_TOKEN[ids[:, -1]]}
        return [by_name[name] for name in outputs]


@pytest.fixture
def load(tmp_path: Path, write_embedder: Write, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """Loads an encoder that runs a session."""

    def load_with(session: FakeSession | Exception) -> Any:
        def start(_path: str, options: Any, providers: Sequence[str]) -> FakeSession:
            assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
            assert providers == ["CPUExecutionProvider"]
            if isinstance(session, Exception):
                raise session
            return session

        fake = ModuleType("onnxruntime")
        fake.SessionOptions, fake.InferenceSession = SimpleNamespace, start
        monkeypatch.setitem(sys.modules, "onnxruntime", fake)
        return load_onnx_encoder(tmp_path / "model.onnx", write_embedder(tmp_path) / "tokenizer.json")

    return load_with


def test_mean_of_tokens(load: Callable[..., Any]) -> None:
    """A text has the mean of its tokens' vectors at length 1; what fills up a shorter text does not count."""
    encoder = load(FakeSession())

    vectors = encoder.encode(["cat cat car cat cat", "cat", "car car cat"], lambda _: None)

    expected = np.array([[4, 1], [1, 0], [1, 2]]) / np.sqrt([[17], [1], [5]])
    np.testing.assert_allclose(vectors, expected, rtol=1e-6)


def test_sentence_output(load: Callable[..., Any]) -> None:
    """If there is an output with a vector for each text, it is used."""
    encoder = load(FakeSession(outputs=("last_hidden_state", "sentence_embedding")))

    assert encoder.encode(["cat cat dog"], lambda _: None).tolist() == [[0, 1]]


def test_type_ids(load: Callable[..., Any]) -> None:
    """A network that asks for them is given token types."""
    session = FakeSession(inputs=("input_ids", "attention_mask", "token_type_ids"))

    assert load(session).encode(["cat"], lambda _: None).tolist() == [[1, 0]]


def test_batches(load: Callable[..., Any]) -> None:
    """Equal texts are encoded once, texts of like length together, long ones cut, and all are counted."""
    session, done = FakeSession(), list[int]()
    texts = [*(f"{'cat ' * length}end" for length in range(1, 41)), "car", "car", "car " * 999, ""]

    vectors = load(session).encode(texts, done.append)

    assert session.shapes == [(32, 31), (11, 256)]
    assert sum(done) == len(texts)
    assert vectors[-4:].tolist() == [[0, 1], [0, 1], [0, 1], [0, 0]]


def test_order(load: Callable[..., Any]) -> None:
    """Texts in another order are run in the same batches."""
    one, other = FakeSession(), FakeSession()
    texts = [f"{'cat ' * (number % 7)}{'dog ' * (number % 5)}" for number in range(50)]

    before = load(one).encode(texts, lambda _: None)
    after = load(other).encode(texts[::-1], lambda _: None)

    assert one.shapes == other.shapes
    assert after[::-1].tobytes() == before.tobytes()


@pytest.mark.parametrize(
    ("session", "word"),
    [
        (FakeSession(inputs=("input_ids", "pixel_values")), "pixel_values"),
        (FakeSession(outputs=("loss",)), "loss"),
        (RuntimeError("Protobuf parsing failed.\nat line 7"), "Protobuf parsing failed."),
    ],
)
def test_other_networks(session: Any, word: str, load: Callable[..., Any], tmp_path: Path) -> None:
    """A network of another kind, or a broken file, is refused with what it has."""
    with pytest.raises(InputError) as caught:
        load(session)

    assert caught.value.where == str(tmp_path / "model.onnx")
    assert word in caught.value.found
    assert "line 7" not in caught.value.found
