from __future__ import annotations

import shutil
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.cli import main
from doubtcli.pipelines import scan
from doubtcli.settings import load_gate

if TYPE_CHECKING:
    from tests.cli.conftest import Doubt

FIXTURES = Path(__file__).parents[2] / "fixtures"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the sample tickets in data/, to stand in."""
    (tmp_path / "data").mkdir()
    shutil.copy(FIXTURES / "tickets.csv", tmp_path / "data")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def init(*arguments: str) -> int:
    """The exit code of `doubt init` on the tickets."""
    return main.run(["init", "data/tickets.csv", *arguments])


def files(path: str = "doubt.toml") -> dict[str, Any]:
    """What a settings file says of single data files."""
    return tomllib.loads(Path(path).read_text(encoding="utf-8"))["gate"]["files"]  # type: ignore[no-any-return]


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())


def test_process(doubt: Doubt) -> None:
    """The command ends with 0, writes one file, and says what to do next."""
    shutil.copy(FIXTURES / "tickets.csv", doubt.folder)

    done = doubt("init", "tickets.csv")

    assert (done.returncode, done.stderr) == (0, "")
    assert names(doubt.folder) == ["doubt.toml", "tickets.csv"]
    assert done.stdout.startswith("Wrote doubt.toml\n\n1. ")
    assert "\ndoubt baseline\n" in done.stdout


@pytest.mark.usefixtures("folder")
def test_the_gate_finds_it() -> None:
    """What was written is what `doubt gate` reads from the working directory."""
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
    """What flags say of the columns stands in the file."""
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
    """What flags say of how to judge stands in the file, too, each kind of value as the gate will take it."""
    init("--skip", "outlier", "--seed", "7", "--fast", "--delimiter", ",")

    told = {"skip": ["outlier"], "seed": 7, "fast": True, "delimiter": ","}
    assert files()["data/tickets.csv"] == {"label": "intent", "id": "ticket_id", **told}
    scan = load_gate({}, {}, start=Path.cwd()).scan("data/tickets.csv")
    assert (scan.skip, scan.seed, scan.fast, scan.delimiter) == (("outlier",), 7, True, ",")


@pytest.mark.usefixtures("folder")
def test_output_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """Paths in a settings file are meant from its folder, which is made if need be."""
    assert init("-o", "conf/labels.toml") == 0

    assert list(files("conf/labels.toml")) == ["../data/tickets.csv"]
    assert capsys.readouterr().out.startswith("Wrote conf/labels.toml\n")


def test_links(folder: Path) -> None:
    """A data file that is a link is named as it is, not by what it leads to."""
    (folder / "store").mkdir()
    (folder / "data" / "tickets.csv").rename(folder / "store" / "0123.csv")
    (folder / "data" / "tickets.csv").symlink_to(folder / "store" / "0123.csv")

    init()

    assert list(files()) == ["data/tickets.csv"]


@pytest.mark.usefixtures("folder")
def test_never_over_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    """A file that is there stays as it is; `--force` replaces it."""
    Path("doubt.toml").write_text("seed = 7\n", encoding="utf-8")

    assert init() == 2
    assert Path("doubt.toml").read_text(encoding="utf-8") == "seed = 7\n"
    assert capsys.readouterr().err == (
        "doubt: doubt.toml: is there already\n"
        "  to do: name another file with --output, or replace it with --force\n"
    )

    assert init("--force") == 0
    assert "data/tickets.csv" in files()


@pytest.mark.usefixtures("folder")
def test_never_over_a_dead_link() -> None:
    """A link that leads nowhere is in the way, too."""
    Path("doubt.toml").symlink_to("gone.toml")

    assert init() == 2
    assert Path("doubt.toml").is_symlink()


def test_settings_that_would_go_unread(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Settings that hold here now are not put out of force, unless they are meant to be."""
    (folder / "pyproject.toml").write_text("[tool.doubt]\nseed = 7\n")

    assert init() == 2
    assert not (folder / "doubt.toml").exists()
    assert (
        "pyproject.toml would no longer be read here, for doubt.toml comes first" in capsys.readouterr().err
    )

    assert init("-o", "labels.toml") == 0
    assert init("--force") == 0


def test_settings_above(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """So it is with the settings of a folder above."""
    (folder / "doubt.toml").write_text("seed = 7\n")
    monkeypatch.chdir(folder / "data")

    assert main.run(["init", "tickets.csv"]) == 2
    assert "../doubt.toml would no longer be read here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-", "--input-format", "csv"], "DATA: standard input can't be gated again"),
        (["gone.csv"], "gone.csv: "),
        (["data/tickets.csv", "-o", "pyproject.toml"], "pyproject.toml: would be replaced as a whole"),
        (
            ["data/tickets.csv", "-o", "pyproject.toml", "--force"],
            "pyproject.toml: would be replaced as a whole",
        ),
        (["data/tickets.csv", "-o", "data"], "data: a folder is in the way"),
        (["data/tickets.csv", "--label", "intnet"], "did you mean 'intent'?"),
        (["audit"], "audit: is the directory of an audit"),
        (["data/\udcff.csv"], r"data/\udcff.csv: its name is no UTF-8"),
    ],
)
def test_trouble(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    """What can't be gated or written ends with 2 and says why, and nothing is written."""
    (folder / "audit").mkdir()
    (folder / "audit" / "audit.json").write_text("{}")

    assert main.run(["init", *arguments]) == 2

    assert message in capsys.readouterr().err
    assert names(folder) == ["audit", "data"]


@pytest.mark.skipif(not Path("/proc").exists(), reason="needs a folder that nobody may write to")
@pytest.mark.usefixtures("folder")
def test_nowhere_to_write(capsys: pytest.CaptureFixture[str]) -> None:
    """A folder that can't be written to ends with 2 and a word on what to do."""
    assert init("-o", "/proc/doubt.toml") == 2

    shown = capsys.readouterr().err
    assert shown.startswith("doubt: /proc/doubt.toml: can't be written")


def test_odd_file_names(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A name with quotes, a line end and an escape is written whole, and prints nothing unseen."""
    name = 'it\'s "a"\n\x1b[31m.csv'
    (folder / "data" / "tickets.csv").rename(folder / name)

    assert main.run(["init", name]) == 0

    assert list(files()) == [name]
    assert all(line.isprintable() for line in capsys.readouterr().out.splitlines())


@pytest.mark.usefixtures("folder")
def test_no_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is read, and nothing is fitted to it."""

    def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(scan, "gather", never)

    assert init() == 0
