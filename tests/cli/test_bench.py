from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.cli import main

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Sentences

QUICK = (
    "--id",
    "id",
    "--folds",
    "2",
    "--repeats",
    "1",
    "--threads",
    "1",
    "--no-progress",
)
WORDS = {
    "fruit": ("apple", "pear", "cherry", "plum", "peach", "quince"),
    "tool": ("hammer", "saw", "chisel", "plane", "rasp", "awl"),
}
"""Two kinds of text that every model can separate."""


def write_rows(path: Path, n_rows: int = 120) -> None:
    """Write rows as CSV, each with three words of its kind, a number, and the annotators' answers."""
    lines = ["id,text,label,annotator_ana,annotator_ben"]
    for number in range(n_rows):
        kind = "fruit" if number % 2 == 0 else "tool"
        words = [WORDS[kind][(number // 2 // 6**place + place) % 6] for place in range(3)]
        lines.append(f"r{number:03},{' '.join(words)} n{number},{kind},{kind},{kind}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the rows."""
    folder = tmp_path_factory.mktemp("bench")
    write_rows(folder / "rows.csv")
    return folder


@pytest.fixture(scope="module")
def document(folder: Path) -> dict[str, Any]:
    """What `--output-format json` prints."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        return json.loads(run("rows.csv", "--output-format", "json"))  # type: ignore[no-any-return]


def run(*arguments: str) -> str:
    """What `doubt bench` prints if it ends with 0."""
    import contextlib
    import io

    printed = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(printed, encoding="utf-8", write_through=True)):
        plantings = () if "--plantings" in arguments else ("--plantings", "1")
        assert main.run(["bench", *QUICK, *plantings, *arguments]) == 0
        return printed.getvalue().decode()


def test_all_errors_are_found(document: dict[str, Any]) -> None:
    """Six errors are planted in 120 labels of two kinds of text; all are in the first twentieth of rows."""
    assert (document["assessable"], document["planted"]) == (True, 6)
    found = {share["share"]: share["found"] for share in document["found_in_first"]}
    assert list(found) == [0.01, 0.02, 0.05, 0.1, 0.2]
    assert (found[0.05], found[0.1], found[0.2]) == (1, 1, 1)
    assert found[0.01] == pytest.approx(2 / 6)


def test_by_class(document: dict[str, Any]) -> None:
    """Classes are listed by name."""
    assert set(document["by_class"]) <= {"fruit", "tool"}
    assert set(document["by_class"].values()) == {1.0}


def test_by_reason(document: dict[str, Any]) -> None:
    """Reasons of models are asked; annotators are not, since their answers would reveal planted errors."""
    assert document["by_reason"]["low-self-confidence"] == 1.0
    assert "annotator-disagreement" not in document["by_reason"]


def test_text(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same figures are printed as text, and nothing is written."""
    monkeypatch.chdir(folder)

    shown = run("rows.csv")

    assert "6 errors planted" in shown
    assert "the first 5% of rows" in shown
    assert [path.name for path in folder.iterdir()] == ["rows.csv"]


def test_plantings_are_counted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With two plantings, twice as many errors are planted."""
    monkeypatch.chdir(folder)

    shown = run("rows.csv", "--output-format", "json", "--skip", "neighbor-disagreement", "--plantings", "2")

    assert json.loads(shown)["planted"] == 12


def test_too_few_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentences: Sentences) -> None:
    """For a file in which no errors can be planted, the cause is printed, and it is not an error."""
    monkeypatch.chdir(tmp_path)
    write_rows(tmp_path / "few.csv", 99)

    shown = " ".join(run("few.csv").split())
    as_json = json.loads(run("few.csv", "--output-format", "json"))

    sentences.check(shown[shown.index("What this") :])
    assert as_json.pop("why")[1:] in shown
    assert as_json == {
        "assessable": False,
        "planted": 0,
        "found_in_first": [],
        "by_class": {},
        "by_reason": {},
    }


def test_fast_by_file(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sentences: Sentences
) -> None:
    """With fast = true in a settings file a fast scan is measured, which plants no errors."""
    monkeypatch.chdir(folder)
    (tmp_path / "fast.toml").write_text("fast = true", encoding="utf-8")

    shown = run("rows.csv", "--config", str(tmp_path / "fast.toml"))

    sentences.check(" ".join(shown[shown.index("What this") :].split()))


def test_no_planting(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """At least one planting is needed."""
    monkeypatch.chdir(folder)

    assert main.run(["bench", "rows.csv", "--plantings", "0"]) == 2
    assert "--plantings" in capfd.readouterr().err


def test_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> None:
    """A file that does not exist is named in the error, and the command ends with 2."""
    monkeypatch.chdir(tmp_path)

    assert main.run(["bench", "no.csv"]) == 2
    assert "no.csv" in capfd.readouterr().err
