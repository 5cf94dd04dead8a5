from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.cli import main
from doubtcli.pipelines import judge
from doubtcli.settings import load_gate

if TYPE_CHECKING:
    from tests.cli.conftest import Doubt
    from tests.conftest import Sentences

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the sample tickets in data/."""
    (tmp_path / "data").mkdir()
    shutil.copy(FIXTURES / "tickets.csv", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*arguments: str) -> int:
    """The exit code of `doubt init` on the tickets."""
    return main.run(["init", "data/tickets.csv", *arguments])


def files(path: str = "doubt.toml") -> dict[str, Any]:
    """The tables of single data files in a settings file."""
    return tomllib.loads(Path(path).read_text(encoding="utf-8"))["gate"]["files"]  # type: ignore[no-any-return]


def names(folder: Path) -> list[str]:
    """The names of the files in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_process(doubt: Doubt) -> None:
    """The command ends with 0, writes one file, and prints the next steps."""
    shutil.copy(FIXTURES / "tickets.csv", doubt.folder)

    done = doubt("init", "tickets.csv")

    assert (done.returncode, done.stderr) == (0, "")
    assert names(doubt.folder) == ["doubt.toml", "tickets.csv"]
    assert "doubt.toml" in done.stdout.splitlines()[0]
    assert "\ndoubt baseline\n" in done.stdout


@pytest.mark.usefixtures("folder")
def test_the_gate_finds_it() -> None:
    """`doubt gate` reads the settings file from the working directory."""
    assert init("--text", "body") == 0

    plan = load_gate({}, {}, start=Path.cwd())
    assert plan.paths == ("data/tickets.csv",)
    scan = plan.scan("data/tickets.csv")
    assert (scan.label, scan.id, scan.text) == ("intent", "ticket_id", ("body",))


@pytest.mark.usefixtures("folder")
def test_same_bytes() -> None:
    """The same file gives the same bytes."""
    init()
    first = Path("doubt.toml").read_bytes()

    init("--force")

    assert Path("doubt.toml").read_bytes() == first


@pytest.mark.usefixtures("folder")
def test_flags() -> None:
    """Flags about columns become keys in the file."""
    init("--label", "channel", "--id", "ticket_id", "--ignore", "intent,annotator_ana", "--use", "subject")

    assert files() == {
        "data/tickets.csv": {
            "label": "channel",
            "id": "ticket_id",
            "ignore": ["intent", "annotator_ana"],
            "use": ["subject"],
        }
    }


@pytest.mark.usefixtures("folder")
def test_how_to_judge() -> None:
    """Flags about how to judge become keys too, with values that the gate can read."""
    init("--skip", "outlier", "--seed", "7", "--fast", "--delimiter", ",")

    others = {"skip": ["outlier"], "seed": 7, "fast": True, "delimiter": ","}
    assert files()["data/tickets.csv"] == {"label": "intent", "id": "ticket_id", **others}
    scan = load_gate({}, {}, start=Path.cwd()).scan("data/tickets.csv")
    assert (scan.skip, scan.seed, scan.fast, scan.delimiter) == (("outlier",), 7, True, ",")


@pytest.mark.usefixtures("folder")
def test_output_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """Paths in a settings file are relative to its folder, which is created if needed."""
    assert init("-o", "conf/labels.toml") == 0

    assert list(files("conf/labels.toml")) == ["../data/tickets.csv"]
    assert "conf/labels.toml" in capsys.readouterr().out.splitlines()[0]


def test_links(folder: Path) -> None:
    """A data file that is a link is named by the link, not by its target."""
    (folder / "store").mkdir()
    (folder / "data" / "tickets.csv").rename(folder / "store" / "0123.csv")
    (folder / "data" / "tickets.csv").symlink_to(folder / "store" / "0123.csv")

    init()

    assert list(files()) == ["data/tickets.csv"]


@pytest.mark.usefixtures("folder")
def test_never_over_a_file(capsys: pytest.CaptureFixture[str], sentences: Sentences) -> None:
    """An existing file stays as it is; `--force` replaces it."""
    Path("doubt.toml").write_text("seed = 7\n", encoding="utf-8")

    assert init() == 2
    assert Path("doubt.toml").read_text(encoding="utf-8") == "seed = 7\n"
    sentences.check(capsys.readouterr().err)

    assert init("--force") == 0
    assert "data/tickets.csv" in files()


@pytest.mark.usefixtures("folder")
def test_never_over_a_dead_link() -> None:
    """A link to a missing file is not replaced either."""
    Path("doubt.toml").symlink_to("gone.toml")

    assert init() == 2
    assert Path("doubt.toml").is_symlink()


def test_settings_that_would_be_hidden(
    folder: Path, capsys: pytest.CaptureFixture[str], sentences: Sentences
) -> None:
    """Settings that are read here now are not hidden by a new file, unless the user asks for that."""
    (folder / "pyproject.toml").write_text("[tool.doubt]\nseed = 7\n")

    assert init() == 2
    assert not (folder / "doubt.toml").exists()
    sentences.check(capsys.readouterr().err)

    assert init("-o", "labels.toml") == 0
    assert init("--force") == 0


def test_settings_above(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Settings of a folder above are not hidden either."""
    (folder / "doubt.toml").write_text("seed = 7\n")
    monkeypatch.chdir(folder / "data")

    assert main.run(["init", "tickets.csv"]) == 2
    assert "../doubt.toml" in capsys.readouterr().err
    assert not Path("doubt.toml").exists()


@pytest.mark.parametrize(
    ("arguments", "where"),
    [
        (["-", "--input-format", "csv"], "DATA"),
        (["data/tickets.csv", "-o", "pyproject.toml"], "pyproject.toml"),
        (["data/tickets.csv", "-o", "pyproject.toml", "--force"], "pyproject.toml"),
        (["data/tickets.csv", "-o", "data"], "data"),
        (["audit"], "audit"),
        (["data/\udcff.csv"], r"data/\udcff.csv"),
    ],
    ids=["stdin", "pyproject", "pyproject, forced", "folder", "audit", "odd name"],
)
def test_trouble(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], where: str, sentences: Sentences
) -> None:
    """A file that can't be gated or written ends with 2, is named, and nothing is written."""
    (folder / "audit").mkdir()
    (folder / "audit" / "audit.json").write_text("{}")

    assert main.run(["init", *arguments]) == 2

    printed = capsys.readouterr().err
    assert printed.startswith(f"doubt: {where}")
    sentences.check(printed)
    assert names(folder) == ["audit", "data"]


@pytest.mark.parametrize(
    ("arguments", "found"),
    [(["gone.csv"], "gone.csv"), (["data/tickets.csv", "--label", "intnet"], "did you mean 'intent'?")],
    ids=["no file", "no column"],
)
def test_trouble_with_the_data(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], found: str
) -> None:
    """A data file that can't be read, or has no such column, ends with 2, and nothing is written."""
    assert main.run(["init", *arguments]) == 2

    assert found in capsys.readouterr().err
    assert names(folder) == ["data"]


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs a folder that nobody may write to")
@pytest.mark.usefixtures("folder")
def test_nowhere_to_write(capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that can't be written to ends with 2, and the error names the file."""
    assert init("-o", "/proc/doubt.toml") == 2

    assert capsys.readouterr().err.startswith("doubt: /proc/doubt.toml: ")


def test_odd_file_names(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name with quotes, a line end and an escape is kept whole, and printed in visible characters."""
    name = 'it\'s "a"\n\x1b[31m.csv'
    (folder / "data" / "tickets.csv").rename(folder / name)

    assert main.run(["init", name]) == 0

    assert list(files()) == [name]
    assert all(line.isprintable() for line in capsys.readouterr().out.splitlines())


@pytest.mark.usefixtures("folder")
def test_no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is read, and no model is fitted."""

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(judge, "gather_evidence", never)

    assert init() == 0
