"""Which folder has the verdicts on a file, where several files have the same name but for its ending."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from doubtcli.cli.main import run
from doubtcli.pipelines.review import choose_verdict_folder, explain_folder
from doubtcli.review.journal import Journal, read_source
from doubtcli.tools.verdict_lines import RowVerdict, SeenRow

if TYPE_CHECKING:
    from pathlib import Path

SAID = [(SeenRow("a", "x"), RowVerdict("x"))]


def test_one_file(tmp_path: Path) -> None:
    """The first verdict marks the folder with the file's name; the file keeps it, and nothing is said."""
    source = str(tmp_path / "data.csv")
    folder = choose_verdict_folder(source)

    Journal(folder, "ana", "data.csv").write("s1", SAID)

    assert folder == tmp_path / "data.verdicts"
    assert read_source(folder) == "data.csv"
    assert choose_verdict_folder(source) == folder
    assert explain_folder(source, folder) == ""
    assert [step.name for step in Journal(folder, "bo").read()] == ["s1"]


def test_two_files(tmp_path: Path) -> None:
    """Of two files with one name but for the ending, the later one has a folder with its whole name."""
    Journal(tmp_path / "data.verdicts", "ana", "data.csv").write("s1", SAID)
    source = str(tmp_path / "data.parquet")

    folder = choose_verdict_folder(source)

    assert folder == tmp_path / "data.parquet.verdicts"
    shared = tmp_path / "data.verdicts"
    assert explain_folder(source, folder) == (
        f"{shared} has the verdicts on data.csv, so those on data.parquet are kept in {folder}; "
        f"to share the former: --folder {shared}"
    )
    assert explain_folder(source, shared).startswith(f"{shared} has the verdicts on data.csv: those on rows")
    assert choose_verdict_folder(str(tmp_path / "data.csv")) == shared


def test_older_folder(tmp_path: Path) -> None:
    """A folder that an older version began is not marked, and is used as before."""
    Journal(tmp_path / "data.verdicts", "ana").write("s1", SAID)
    source = str(tmp_path / "data.csv")

    folder = choose_verdict_folder(source)
    Journal(folder, "ana", "data.csv").write("s2", SAID)

    assert folder == tmp_path / "data.verdicts"
    assert read_source(folder) == ""
    assert sorted(path.suffix for path in folder.iterdir()) == [".jsonl", ".jsonl"]


@pytest.mark.parametrize("content", ["", "[1]", "{}", '{"file": 3}', "{"])
def test_damaged_mark(tmp_path: Path, content: str) -> None:
    """A mark that can't be read says nothing."""
    (tmp_path / "about.json").write_text(content, encoding="utf-8")

    assert read_source(tmp_path) == ""


def test_pipe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes from a pipe has no name, and leaves no mark."""
    monkeypatch.chdir(tmp_path)

    folder = choose_verdict_folder("-")
    Journal(folder, "ana", "").write("s1", SAID)

    assert folder.name == "stdin.verdicts"
    assert [path.suffix for path in folder.iterdir()] == [".jsonl"]


def test_odd_name(tmp_path: Path) -> None:
    """A file whose name is not UTF-8 has its folder again."""
    Journal(tmp_path / "odd.verdicts", "ana", "odd\udcff.csv").write("s1", SAID)

    assert read_source(tmp_path / "odd.verdicts") == "odd\udcff.csv"


def test_command_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`doubt review` says that a file has a folder of its own, and why."""
    data = tmp_path / "data.csv"
    lines = [f"{word} {row},{label}" for row in range(15) for word, label in (("up", "a"), ("down", "b"))]
    data.write_text("\n".join(["text,label", *lines]), encoding="utf-8")
    Journal(tmp_path / "data.verdicts", "ana", "data.parquet").write("s1", SAID)
    monkeypatch.setattr("sys.stdin", io.StringIO("q\n"))

    code = run(["review", str(data), "--label", "label", "--tui", "--fast", "--isolated", "-q"])

    assert code == 0
    assert "data.verdicts has the verdicts on data.parquet, so those on data.csv" in capsys.readouterr().err
