"""A second scan of an unchanged file writes and prints what the first one did."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.cli import main
from doubtcli.cli import scan as command
from doubtcli.evidence import memory
from doubtcli.pipelines import known_scan
from doubtcli.records import Rule
from doubtcli.settings.add_rule import add_rule
from doubtcli.store import audit_key
from doubtcli.store.cache import list_kept

if TYPE_CHECKING:
    from collections.abc import Callable

    Scan = Callable[..., tuple[str, dict[str, bytes]]]

ROWS = [
    f"{kind} number {n},{label}" for n in range(15) for kind, label in (("apple", "fruit"), ("saw", "tool"))
]
FLAGS = ("--fast", "--folds", "2", "--threads", "1", "--no-progress")
HEAVY = ("pandas", "sklearn", "scipy", "cleanlab")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a labelled file."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rows.csv").write_text("\n".join(["text,label", *ROWS]) + "\n", encoding="utf-8")
    named = ["id,text,label", *(f"r{number},{row}" for number, row in enumerate(ROWS))]
    (tmp_path / "named.csv").write_text("\n".join(named) + "\n", encoding="utf-8")
    return tmp_path


@pytest.fixture
def scans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that were scanned, not found among those scanned before."""
    found = list[str]()
    scan_now: Callable[..., Any] = command._scan_now

    def noted(settings: Any, *given: Any, **named: Any) -> None:
        found.append(settings.path)
        scan_now(settings, *given, **named)

    monkeypatch.setattr(command, "_scan_now", noted)
    return found


@pytest.fixture
def scan(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[str, dict[str, bytes]]]:
    """Scans the file; returns what was printed, and the content of the audit's files."""

    def run(*flags: str, path: str = "rows.csv") -> tuple[str, dict[str, bytes]]:
        assert main.run(["scan", path, *FLAGS, *flags]) == 0
        audit = Path(path).with_suffix(".doubt")
        return capsys.readouterr().out, {one.name: one.read_bytes() for one in audit.iterdir()}

    return run


@pytest.mark.parametrize("flags", [(), ("--verbose",), ("--output-format", "json"), ("--quiet",)], ids=str)
def test_an_unchanged_file(scan: Scan, scans: list[str], flags: tuple[str, ...]) -> None:
    """The same bytes are written and the same report is printed, without judging any row."""
    first, second = scan(*flags), scan(*flags)

    assert first == second
    assert len(first[1]) == 4
    assert scans == ["rows.csv"]


def test_files_that_are_gone_are_written_again(scan: Scan, scans: list[str], folder: Path) -> None:
    """Where the folder of the audit was removed, it is there again."""
    first = scan()
    for path in (folder / "rows.doubt").iterdir():
        path.unlink()

    assert scan() == first
    assert scans == ["rows.csv"]


def change_data(folder: Path) -> None:
    """One label is another one."""
    text = (folder / "rows.csv").read_text(encoding="utf-8")
    (folder / "rows.csv").write_text(text.replace("apple number 3,fruit", "apple number 3,tool"))


def change_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another version of the program is installed."""
    monkeypatch.setattr(audit_key, "identify_program", lambda: "another")


@pytest.mark.parametrize(
    "change",
    ["data", "settings", "rules", "version", "without cache", "width", "damage", "plug-in"],
)
def test_any_change_is_seen(
    change: str, scan: Scan, scans: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another label, setting, version or width of the terminal, or a plug-in, it is scanned again."""
    scan()
    match change:
        case "data":
            change_data(folder)
        case "rules":
            add_rule(folder / "doubt.toml", Rule("saws", 'contains(text, "saw")', "tool"))
        case "version":
            change_version(monkeypatch)
        case "width":
            monkeypatch.setenv("COLUMNS", "100")
        case "plug-in":
            monkeypatch.setattr(known_scan, "is_made_by_us_alone", lambda: False)
        case "damage":
            for entry in list_kept():
                entry.path.write_bytes(entry.path.read_bytes()[:-1])

    scan(*{"settings": ("--seed", "1"), "without cache": ("--no-cache",)}.get(change, ()))

    assert scans == ["rows.csv"] * 2


def test_verdicts(scan: Scan, scans: list[str], folder: Path) -> None:
    """The same path with other verdicts in it is another scan; with the same ones, it is not."""
    for verdict in ("fruit", "tool", "tool"):
        (folder / "answers.csv").write_text(f"doubt_id,verdict\nr1,{verdict}\n")
        scan("--id", "id", "--verdicts", "answers.csv", path="named.csv")

    assert scans == ["named.csv"] * 2


def test_short_memory(scan: Scan, scans: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A scan that is fast only because memory is short is made again, also where a fast one is wanted."""
    flags = ("--folds", "2", "--threads", "1", "--no-progress", "--quiet")
    monkeypatch.setattr(memory, "DEFAULT", replace(memory.DEFAULT, always=1e18))
    assert main.run(["scan", "rows.csv", *flags]) == 0
    noted = json.loads(Path("rows.doubt/audit.json").read_bytes())["notes"]

    _, fast = scan("--quiet")

    assert any("memory" in note for note in noted)
    assert not any("memory" in note for note in json.loads(fast["audit.json"])["notes"])
    assert scans == ["rows.csv"] * 2


def test_a_copy_elsewhere(scan: Scan, folder: Path) -> None:
    """An audit names the path that was typed: a copy with the same name is no unchanged file."""
    scan()
    (folder / "more").mkdir()
    (folder / "more" / "rows.csv").write_bytes((folder / "rows.csv").read_bytes())

    _, files = scan(path="more/rows.csv")

    assert json.loads(files["audit.json"])["input"]["path"] == "more/rows.csv"


def test_verdicts_in_the_queue_are_not_replaced(scan: Scan, folder: Path) -> None:
    """The second scan refuses what the first one would refuse."""
    change_data(folder)
    scan("--queue-size", "2")
    queue = folder / "rows.doubt" / "queue.csv"
    header, first, *rest = queue.read_text(encoding="utf-8").splitlines()
    place = header.split(",").index("verdict")
    cells = first.split(",")
    cells[place] = "tool"
    queue.write_text("\n".join([header, ",".join(cells), *rest]) + "\n", encoding="utf-8")

    assert main.run(["scan", "rows.csv", *FLAGS, "--queue-size", "2"]) == 2


def test_no_library_for_judging_is_loaded(scan: Scan) -> None:
    """Where nothing has changed, no library is loaded that takes long to load."""
    scan()
    arguments = ["scan", "rows.csv", *FLAGS]
    script = (
        f"import sys; from doubtcli.cli.main import run; run({arguments!r}); "
        f"print([name for name in {HEAVY!r} if name in sys.modules], file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stderr.splitlines()[-1] == "[]"
