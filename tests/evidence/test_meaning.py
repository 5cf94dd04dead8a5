from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from doubtcli.cli import main
from doubtcli.evidence.meaning import TextMeaning
from doubtcli.pipelines.scan import make_audit
from doubtcli.progress import Silence
from doubtcli.records import Examples
from doubtcli.settings import ScanSettings
from doubtcli.store.audit_key import make_audit_key
from doubtcli.store.describe import describe_audit
from doubtcli.store.document import parse_document, render_document

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from doubtcli.records import ScanResult
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
