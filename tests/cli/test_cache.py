from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from doubtcli.cli import main
from doubtcli.store.cache import PartsCache

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sentences


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder with a short name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DOUBT_CACHE", "kept")
    return tmp_path / "kept"


def test_shown(capsys: pytest.CaptureFixture[str], sentences: Sentences) -> None:
    """The folder, how many entries it has, their size and the limit."""
    PartsCache("one").keep("a", bytes(2_000_000))

    assert main.run(["cache"]) == 0

    sentences.check(capsys.readouterr().out)


def test_nothing_there(capsys: pytest.CaptureFixture[str], folder: Path, sentences: Sentences) -> None:
    """A cache that does not exist is empty, and is not made."""
    assert main.run(["cache"]) == 0

    sentences.check(capsys.readouterr().out)
    assert not folder.exists()


def test_cleared(capsys: pytest.CaptureFixture[str]) -> None:
    """`doubt cache clear` removes it, and `--quiet` prints nothing."""
    PartsCache("one").keep("a", 1)

    assert main.run(["cache", "clear", "--quiet"]) == 0

    assert capsys.readouterr().out == ""
    assert PartsCache("one").find("a") is None


def test_another_word(capsys: pytest.CaptureFixture[str], sentences: Sentences) -> None:
    """It is refused, and nothing is removed."""
    PartsCache("one").keep("a", 1)

    assert main.run(["cache", "clean"]) == 2

    sentences.check(capsys.readouterr().err)
    assert PartsCache("one").find("a") == 1


def test_a_limit_that_is_not_a_size(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A scan ends with an error before it works for long, and writes nothing."""
    monkeypatch.setenv("DOUBT_CACHE_LIMIT", "much")
    (tmp_path / "rows.csv").write_text("text,label\n" + "one apple,fruit\none saw,tool\n" * 10)

    assert main.run(["scan", "rows.csv", "--fast", "--quiet"]) == 2

    assert not (tmp_path / "rows.doubt").exists()


def test_a_limit_that_is_not_a_size_keeps_nobody_from_clearing(monkeypatch: pytest.MonkeyPatch) -> None:
    """To remove all needs no limit."""
    PartsCache("one").keep("a", 1)
    monkeypatch.setenv("DOUBT_CACHE_LIMIT", "much")

    assert main.run(["cache", "clear"]) == 0

    assert PartsCache("one").find("a") is None
