from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.errors import InputError, SettingsError
from doubtcli.evidence.meaning import load_encoder
from doubtcli.features.embedders import INSTALLED_FILES, INSTALLED_NAME, find_embedding_model

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Sentences

    Write = Callable[..., Path]


def refuse(folder: Path) -> InputError:
    """Why a folder is refused."""
    with pytest.raises(InputError) as caught:
        load_encoder(find_embedding_model(str(folder)))
    return caught.value


@pytest.fixture
def installed(tmp_path: Path, write_embedder: Write, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package wordllama, with other vectors, that raises an error when it is imported."""
    package = write_embedder(tmp_path / "path" / "wordllama")
    (package / "__init__.py").write_text("raise RuntimeError")
    for name, kept in zip(INSTALLED_FILES, ("model.safetensors", "tokenizer.json"), strict=True):
        (package / name).parent.mkdir()
        (package / kept).rename(package / name)
    monkeypatch.syspath_prepend(package.parent)
    return package


def missing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a package one that is not installed."""
    monkeypatch.setattr("doubtcli.features.embedders.find_spec", lambda _: None)
    for module in [name, *(one for one in sys.modules if one.startswith(f"{name}."))]:
        monkeypatch.setitem(sys.modules, module, None)


class TestWhichModel:
    """The setting `embed` says which model is used."""

    def test_none(self, installed: Path) -> None:
        """With "none" there is no model, even if one is installed."""
        assert installed.exists()
        assert find_embedding_model("none") is None

    @pytest.mark.parametrize("embed", [None, "wordllama"])
    def test_installed(self, embed: str | None, installed: Path) -> None:
        """The files of wordllama are read, and its code is not run."""
        model = find_embedding_model(embed)

        assert (model.name, model.weights) == (INSTALLED_NAME, installed / INSTALLED_FILES[0])
        assert load_encoder(model).encode(["cat"], lambda _: None).tolist() == [[1, 0]]
        assert "wordllama" not in sys.modules

    def test_not_installed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Where wordllama is not installed, and not asked for, there is no model."""
        missing("wordllama", monkeypatch)

        assert find_embedding_model(None) is None

    def test_not_installed_and_asked_for(self, monkeypatch: pytest.MonkeyPatch, sentences: Sentences) -> None:
        """Where it is asked for, the error names the extra that installs it."""
        missing("wordllama", monkeypatch)

        with pytest.raises(SettingsError) as caught:
            find_embedding_model("wordllama")

        assert caught.value.where == "--embed"
        assert "'doubtcli[embed]'" in caught.value.hint
        sentences.check(caught.value)

    def test_another_version(self, installed: Path, sentences: Sentences) -> None:
        """A wordllama without the files of its model is an error if it is asked for, and else not used."""
        (installed / INSTALLED_FILES[0]).unlink()

        assert find_embedding_model(None) is None
        with pytest.raises(InputError) as caught:
            find_embedding_model("wordllama")
        sentences.check(caught.value)

    @pytest.mark.parametrize("place", ["", "0_StaticEmbedding"])
    def test_folder(self, place: str, tmp_path: Path, write_embedder: Write) -> None:
        """A folder has the name of its model; sentence-transformers keeps a static one in a folder of it."""
        write_embedder(tmp_path / "small" / place)

        model = find_embedding_model(str(tmp_path / "small"))

        assert model.name == "small"
        assert not model.is_onnx

    @pytest.mark.parametrize("place", ["model.onnx", "onnx/model.onnx"])
    def test_onnx(self, place: str, tmp_path: Path, write_embedder: Write) -> None:
        """A model in ONNX is preferred to the weights beside it, and may be in a folder of its own."""
        folder = write_embedder(tmp_path / "large")
        (folder / place).parent.mkdir(exist_ok=True)
        (folder / place).touch()

        model = find_embedding_model(str(folder))

        assert (model.weights, model.tokenizer) == (folder / place, folder / "tokenizer.json")
        assert model.is_onnx


class TestIdentity:
    """How one model is known from another."""

    def test_moved(self, tmp_path: Path, write_embedder: Write) -> None:
        """The same files in two folders have the same hash."""
        one, other = (find_embedding_model(str(write_embedder(tmp_path / name))).identify() for name in "ab")

        assert (one.name, other.name) == ("a", "b")
        assert one.sha256 == other.sha256

    @pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "model.safetensors_data"])
    def test_changed(self, name: str, tmp_path: Path, write_embedder: Write) -> None:
        """A change in the weights, in files beside them, or in the tokenizer changes the hash."""
        model = find_embedding_model(str(write_embedder(tmp_path / "a")))
        before = model.identify()

        with (tmp_path / "a" / name).open("ab") as file:
            file.write(b" ")

        assert model.identify().sha256 != before.sha256


class TestBrokenFolders:
    """A folder without a model that can be used is refused, and the message says what is expected."""

    @pytest.mark.parametrize("name", ["sentence-transformers/all-MiniLM-L6-v2", "/no/such/folder"])
    def test_no_folder(self, name: str, sentences: Sentences) -> None:
        """The name of a model on a hub is no folder: nothing is downloaded."""
        error = refuse(name)

        assert error.where == name
        assert "downloads nothing" in error.hint
        sentences.check(error)

    def test_file(self, tmp_path: Path, write_embedder: Write) -> None:
        """A file of a model is not its folder."""
        folder = write_embedder(tmp_path / "small")

        error = refuse(folder / "model.safetensors")

        assert str(folder) in error.hint

    def test_empty(self, tmp_path: Path, sentences: Sentences) -> None:
        """A folder without weights has no model."""
        error = refuse(tmp_path)

        assert error.where == str(tmp_path)
        sentences.check(error)

    def test_no_tokenizer(self, tmp_path: Path, write_embedder: Write, sentences: Sentences) -> None:
        """Weights alone are not enough."""
        (write_embedder(tmp_path) / "tokenizer.json").unlink()

        sentences.check(refuse(tmp_path))

    @pytest.mark.parametrize("name", ["tokenizer.json", "model.safetensors"])
    def test_damaged(self, name: str, tmp_path: Path, write_embedder: Write) -> None:
        """A file that can't be read is named."""
        write_embedder(tmp_path)
        (tmp_path / name).write_text("{}")

        assert refuse(tmp_path).where == str(tmp_path / name)

    def test_network(self, tmp_path: Path, write_embedder: Write, sentences: Sentences) -> None:
        """Weights of a neural network are not those of a static model."""
        square = np.eye(4, dtype=np.float32)

        error = refuse(write_embedder(tmp_path, **{"layer.0.weight": square, "layer.1.weight": square}))

        assert "ONNX" in error.hint
        sentences.check(error)

    def test_no_tensor(self, tmp_path: Path, write_embedder: Write) -> None:
        """Weights without a table of vectors are not those of a static model."""
        assert "1 tensor" in refuse(write_embedder(tmp_path, bias=np.ones(4, dtype=np.float32))).found

    def test_too_few_vectors(self, tmp_path: Path, write_embedder: Write, sentences: Sentences) -> None:
        """Every token has a vector."""
        error = refuse(write_embedder(tmp_path, embeddings=np.eye(3, dtype=np.float32)))

        assert error.where == str(tmp_path / "model.safetensors")
        sentences.check(error)

    def test_not_finite(self, tmp_path: Path, write_embedder: Write) -> None:
        """Vectors are finite."""
        vectors = np.full((4, 2), np.nan, dtype=np.float32)

        assert "finite" in refuse(write_embedder(tmp_path, embeddings=vectors)).expected

    @pytest.mark.parametrize(
        ("package", "extra"), [("tokenizers", "embed"), ("safetensors", "embed"), ("onnxruntime", "onnx")]
    )
    def test_missing_package(
        self,
        package: str,
        extra: str,
        tmp_path: Path,
        write_embedder: Write,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """A package that reads models and is not installed is named, with the extra that installs it."""
        folder = write_embedder(tmp_path)
        if extra == "onnx":
            (folder / "model.onnx").touch()
        missing(package, monkeypatch)

        with pytest.raises(SettingsError) as caught:
            load_encoder(find_embedding_model(str(folder)))

        assert f" {package}," in caught.value.found
        assert f"'doubtcli[{extra}]'" in caught.value.hint
