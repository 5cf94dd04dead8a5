from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.features import static_encoder
from doubtcli.features.static_encoder import load_static_encoder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    Write = Callable[..., Path]

HALF = np.sqrt(0.5)


def encode(folder: Path, texts: Sequence[str]) -> NDArray[np.float32]:
    """The vectors of texts by the model in a folder; every text is counted once."""
    done: list[int] = []
    encoder = load_static_encoder(folder / "model.safetensors", folder / "tokenizer.json")
    vectors = encoder.encode(texts, done.append)
    assert sum(done) == len(texts)
    return vectors


@pytest.mark.parametrize(
    ("text", "vector"),
    [
        ("cat", (1, 0)),
        ("cat car", (HALF, HALF)),
        ("cat car car cat", (HALF, HALF)),
        ("cat zebra", (1, 0)),
        ("zebra", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_mean(text: str, vector: tuple[float, float], tmp_path: Path, write_embedder: Write) -> None:
    """A text has the mean of its tokens' vectors, at length 1; unknown words have no meaning."""
    np.testing.assert_allclose(encode(write_embedder(tmp_path), [text]), [vector], rtol=1e-6)


def test_company(tmp_path: Path, write_embedder: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    """A text has the same vector to the bit, in any company and order."""
    folder = write_embedder(tmp_path)
    texts = ["cat dog", "", "car dog dog", "cat"]

    together = encode(folder, texts)
    monkeypatch.setattr(static_encoder, "_TEXTS_AT_ONCE", 3)

    assert encode(folder, texts[::-1])[::-1].tobytes() == together.tobytes()
    assert encode(folder, texts[2:3]).tobytes() == together[2:3].tobytes()


def test_half_precision(tmp_path: Path, write_embedder: Write) -> None:
    """Vectors of half precision are summed in single precision: 2,100 numbers of 1 are not rounded."""
    folder = write_embedder(tmp_path, embeddings=np.array([[0, 0], [1, 0], [0, 1], [0, 1]], dtype=np.float16))

    ((cats, cars),) = encode(folder, ["cat " * 2100 + "car " * 2800])

    assert (cats, cars) == pytest.approx((0.6, 0.8), rel=1e-6)


def test_model2vec(tmp_path: Path, write_embedder: Write) -> None:
    """Tokens of a model of model2vec may share vectors, and have weights: twice (1, 0) and (0, 1) here."""
    folder = write_embedder(
        tmp_path,
        embeddings=np.eye(2, dtype=np.float32),
        mapping=np.array([1, 0, 0, 1]),
        weights=np.array([1, 2, 1, 2], dtype=np.float32),
    )

    np.testing.assert_allclose(encode(folder, ["cat car", "dog car"]), [[HALF, HALF], [0.2**0.5, 0.8**0.5]])


def test_long_text(tmp_path: Path, write_embedder: Write) -> None:
    """Of a very long text only the first 20,000 characters count."""
    assert encode(write_embedder(tmp_path), ["cat " * 5000 + "car " * 90_000]).tolist() == [[1, 0]]
