from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from doubtcli.cli import main
from doubtcli.evidence.meaning import LIKENESS, TextMeaning, compare_meaning
from doubtcli.evidence.models import SuitableModels
from doubtcli.features.blocks import build_features
from doubtcli.pipelines.scan import make_audit
from doubtcli.progress import Silence
from doubtcli.records import Examples
from doubtcli.settings import ScanSettings
from doubtcli.store.audit_key import make_audit_key
from doubtcli.store.describe import describe_audit
from doubtcli.store.document import parse_document, render_document

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from doubtcli.evidence.meaning import Meaning
    from doubtcli.records import Features, ScanResult
    from tests.conftest import Sentences

    Write = Callable[..., Path]

COLUMNS = {"words": "text", "more": "text"}


def a_row(words: str, **others: Any) -> Examples:
    """A row with two texts, one of them missing."""
    import pyarrow as pa

    inputs = pa.table({"words": [words], "more": pa.array([None], pa.string())})
    codes = np.zeros(1, dtype=np.intp)
    return Examples(("a",), codes, codes, ("x",), inputs, **{"column_roles": COLUMNS, **others})


def embed(examples: Examples, model: str) -> tuple[Any, list[str]]:
    """What the provider makes of some rows, and its notes."""
    notes: list[str] = []
    settings = ScanSettings(path="data.csv", embed=model)
    made = TextMeaning().make(examples, settings, Silence(), notes.append)
    return made.get("meaning"), notes


class OfWords:
    """An encoder of three words: cats and dogs are alike, cars are not like cats."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str], advance: Callable[[int], None]) -> NDArray[np.float32]:
        """The mean of a text's words, at length 1."""
        self.texts += texts
        advance(len(texts))
        of_word = {"cat": (1, 0), "dog": (0.6, 0.8), "car": (0, 1)}
        sums = np.array([np.sum([(0, 0), *map(of_word.get, text.split())], axis=0) for text in texts])
        return np.asarray(
            sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-9), dtype=np.float32
        )


def some_pairs() -> Examples:
    """Cats with dogs, and cats with cars."""
    import pyarrow as pa

    inputs = pa.table({"words": ["cat", "cat"], "more": ["dog", "car"]})
    return Examples(
        ("a", "b"),
        np.arange(2),
        np.arange(2),
        ("x", "y"),
        inputs,
        COLUMNS,
        (("words", "more"),),
    )


def list_models(features: Features, embedder: str, meaning: Meaning | None) -> dict[str, list[Any]]:
    """The models for some features, by the last two words of their names."""
    settings = ScanSettings(path="data.csv", embed=embedder)
    found: dict[str, list[Any]] = {}
    for one in SuitableModels().make(features, settings, print, meaning=meaning)["models"]:
        found.setdefault(" ".join(one.name.split()[-2:]), []).append(one)
    return found


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory, write_embedder: Write) -> str:
    """The folder of a small model."""
    return str(write_embedder(tmp_path_factory.mktemp("models") / "small"))


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty texts of two classes."""
    path = tmp_path_factory.mktemp("data") / "data.csv"
    rows = [f"{('cat', 'car')[row % 2]} number {row},{('animal', 'thing')[row % 2]}" for row in range(40)]
    path.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def audit(data: Path, model: str) -> ScanResult:
    """A fast scan of them with the model."""
    settings = ScanSettings(path=str(data), embed=model, fast=True, threads=1)
    return make_audit(settings, progress=Silence())[0]


class TestWhenItSpeaks:
    """Texts are embedded where there are texts, a model, and something to judge with it."""

    def test_notes(self, model: str, sentences: Sentences) -> None:
        """A note says so, and how to leave it out."""
        meaning, (note,) = embed(a_row("cat"), model)

        assert meaning.embedder.name == "small"
        sentences.check(note)

    @pytest.mark.parametrize(
        "others",
        [{"column_roles": {}}, {"given_pred_probs": np.ones((1, 1))}],
        ids=["no texts", "own models"],
    )
    def test_not(self, others: dict[str, Any], model: str) -> None:
        """Without texts, or with the user's own probabilities, nothing is embedded."""
        assert embed(a_row("cat", **others), model) == (None, [])

    def test_none(self) -> None:
        """Without a model, nothing is embedded."""
        assert embed(a_row("cat"), "none") == (None, [])


class TestPairs:
    """The two sides of a pair are compared by meaning, too."""

    def test_cosine(self) -> None:
        """Cat and dog are at .6, two of the same texts at 1; a side without words is at 0."""
        left, right = ["cat", "dog", "cat", "", "cat"], ["dog", "dog", "car", "cat", "cat car"]

        found = compare_meaning(left, right, OfWords(), lambda _: None)

        assert found == pytest.approx([0.6, 1, 0, 0, 0.7071], abs=1e-4)
        assert found.dtype == np.float32

    def test_once(self) -> None:
        """Each different text is encoded once, in an order that is not that of the rows."""
        encoder = OfWords()

        compare_meaning(["dog", "cat", "cat"], ["car", "car", "dog"], encoder, lambda _: None)

        assert encoder.texts == ["car", "cat", "dog"]

    def test_many_rows(self) -> None:
        """Of more rows than are compared at a time, each has its own cosine."""
        found = compare_meaning(["cat"] * 5000, [*["cat"] * 4998, "car", "dog"], OfWords(), lambda _: None)

        assert found[4096:].tolist() == pytest.approx([*[1] * 902, 0, 0.6])

    def test_measure(self, model: str) -> None:
        """It is one more number that the models of pairs see."""
        pairs = some_pairs()
        meaning, _ = embed(pairs, model)

        features = build_features(pairs)
        with_it, without = (list_models(features, model, one)["on pairs"] for one in (meaning, None))

        assert meaning.add_to(features).blocks[1].names[-1] == LIKENESS
        assert [len(one) for one in (with_it, without)] == [2, 2]
        for ours, before in zip(with_it, without, strict=True):
            assert ours.dense[:, -1] == pytest.approx([0.6, 0], abs=1e-6)
            assert np.array_equal(ours.dense[:, :-1], before.dense)

    def test_without_a_model(self) -> None:
        """Without an embedding model, models see the numbers of the block as they are."""
        features = build_features(some_pairs())

        for one in list_models(features, "none", None)["on pairs"]:
            assert one.dense is features.blocks[1].numbers

    @pytest.mark.parametrize("role", ["numeric", "datetime"])
    def test_numbers(self, role: str, model: str) -> None:
        """Numbers and times have no meaning to compare."""
        roles = {"words": "text", "more": role}
        meaning, _ = embed(a_row("cat", column_roles=roles, pairs=(("words", "more"),)), model)

        assert meaning.likeness is None

    def test_note(self, model: str, sentences: Sentences) -> None:
        """A note says that they are."""
        _, (note,) = embed(some_pairs(), model)

        sentences.check(note)

    def test_scan(self, model: str, tmp_path: Path) -> None:
        """Two scans give the same doubts to the bit, with any number of threads."""
        path = tmp_path / "data.csv"
        rows = [
            f"{('cat', 'car', 'dog')[row % 3]} {row},{('dog', 'cat')[row % 2]} {row + 50},{'yn'[row % 2]}"
            for row in range(60)
        ]
        path.write_text("\n".join(["premise,hypothesis,label", *rows]), encoding="utf-8")

        one, two = (
            make_audit(
                ScanSettings(path=str(path), embed=model, fast=True, threads=threads), progress=Silence()
            )[0]
            for threads in (1, 2)
        )

        assert one.roles.pairs == (("premise", "hypothesis"),)
        assert one.ranking.doubt.tobytes() == two.ranking.doubt.tobytes()


class TestRecipe:
    """The model is a part of what an audit was made from."""

    def test_models(self, audit: ScanResult) -> None:
        """Models of the meaning judge beside those of the words."""
        assert {"linear discriminant on meaning", "nearest centroid on words"} <= {*audit.model_names}

    def test_document(self, audit: ScanResult, model: str) -> None:
        """`audit.json` has the model's name, a hash of its files, and the versions of what reads it."""
        text = render_document(describe_audit(audit))

        stored = json.loads(text)
        assert stored["embedder"]["name"] == "small"
        assert len(stored["embedder"]["sha256"]) == 64
        assert stored["settings"]["embed"] == model
        assert "tokenizers" in stored["versions"]
        assert parse_document(text.encode(), "audit.json").embedder == audit.embedder

    def test_earlier_document(self, audit: ScanResult) -> None:
        """An audit of an earlier version has no model."""
        stored = json.loads(render_document(describe_audit(audit)))
        del stored["embedder"]

        assert parse_document(json.dumps(stored).encode(), "audit.json").embedder is None

    def test_key(
        self, audit: ScanResult, data: Path, model: str, tmp_path: Path, write_embedder: Write
    ) -> None:
        """Another model under the same path gives an audit another key."""
        settings = ScanSettings(path=str(data), embed=str(write_embedder(tmp_path / "small")), fast=True)
        before = make_audit_key(settings, audit.source.sha256, {})
        write_embedder(tmp_path / "small", embeddings=np.ones((4, 2), dtype=np.float32))

        assert make_audit_key(settings, audit.source.sha256, {}) != before
        of_the_scan = ScanSettings(path=str(data), embed=model, fast=True)
        assert make_audit_key(of_the_scan, audit.source.sha256, {}) == audit.audit_key

    def test_twice(self, audit: ScanResult, data: Path, model: str) -> None:
        """Two scans give the same doubts to the bit, with any number of threads."""
        settings = ScanSettings(path=str(data), embed=model, fast=True, threads=2)
        again = make_audit(settings, progress=Silence())[0]

        assert again.ranking.doubt.tobytes() == audit.ranking.doubt.tobytes()


class TestSettings:
    """The setting is a flag, a key of a settings file, and a keyword."""

    def test_path_in_a_settings_file(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        """A folder is relative to the settings file; the words "none" and "wordllama" are no folders."""
        from doubtcli.settings import load_settings

        monkeypatch.chdir(tmp_path)
        found = {}
        (tmp_path / "below").mkdir()
        for value in ("none", "wordllama", "models/small"):
            (tmp_path / "below" / "doubt.toml").write_text(f'embed = "{value}"', encoding="utf-8")
            settings = load_settings({"path": "data.csv"}, start=tmp_path, config="below/doubt.toml")
            found[value] = settings.embed

        assert found == {"none": "none", "wordllama": "wordllama", "models/small": "below/models/small"}

    def test_hub_name(
        self, data: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """The command refuses the name of a model on a hub, and writes nothing."""
        monkeypatch.chdir(tmp_path)
        (tmp_path / "data.csv").write_bytes(data.read_bytes())

        assert main.run(["scan", "data.csv", "--embed", "sentence-transformers/all-MiniLM-L6-v2"]) == 2
        assert "doubt downloads nothing" in " ".join(capsys.readouterr().err.split())
        assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]
