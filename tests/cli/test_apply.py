from __future__ import annotations

import csv
import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.cli import main

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

FRUIT, TOOLS = ("apple", "pear", "plum", "cherry"), ("hammer", "saw", "rasp", "awl")


def write_rows(path: Path, n_rows: int = 40) -> None:
    """Write rows as CSV; row 1 is about fruit and labelled as a tool."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["id", "text", "label"])
        for number in range(n_rows):
            words, kind = (FRUIT, "fruit") if number % 2 == 0 else (TOOLS, "tool")
            text = f"{words[number // 2 % 4]} and {words[number // 3 % 4]} no {number}"
            rows.writerow([f"row-{number:02}", text, "tool" if number == 0 else kind])


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a folder with rows and their audit, by their path in it."""
    folder = tmp_path_factory.mktemp("scanned")
    write_rows(folder / "rows.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main.run(["scan", "rows.csv", "--id", "id", "--fast", "-q", "--no-progress"]) == 0
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def folder(scanned: dict[str, bytes], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """That folder, to work in, with the verdicts of two people."""
    for name, content in scanned.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    decide(
        tmp_path,
        ["row-00", "fruit", "", "ann", "it is an apple"],
        ["row-01", "tool", "", "ann", ""],
        ["row-02", "", "unusable", "bob", ""],
        ["row-03", "", "", "bob", ""],
        ["row-99", "tool", "", "bob", ""],
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def decide(folder: Path, *rows: Iterable[str]) -> None:
    """Write verdicts."""
    with (folder / "verdicts.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["doubt_id", "verdict", "verdict_status", "annotator", "why"], *rows])


def apply(*arguments: str) -> int:
    """Apply the verdicts."""
    return main.run(["apply", "rows.csv", "--verdicts", "verdicts.csv", *arguments])


def held(folder: Path) -> dict[str, bytes]:
    """The files in a folder, hidden ones too."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# ------------------------------------------------------------------------ apply


def test_applied(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Verdicts are applied and told, what is not applied too, and it ends with 0."""
    before = held(folder)

    assert apply("-o", "fixed.csv") == 0

    after = held(folder)
    assert after["fixed.csv"] == before["rows.csv"].replace(b"no 0,tool", b"no 0,fruit")
    assert after.keys() - before.keys() == {"fixed.csv", "fixed.csv.ledger.jsonl"}
    out, err = capsys.readouterr()
    assert err == ""
    for told in (
        "changed: 1 label",
        "found right, and kept: 1 label",
        "judged unusable, and left in: 1 row; --drop takes them out",
        "row-99: no row of the audit bears this id",
        "undecided: 1",
        "fixed.csv.ledger.jsonl  who changed what and why: batch ",
    ):
        assert told in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


def scan(*arguments: str) -> int:
    """Scan a file."""
    return main.run(["scan", *arguments, "--id", "id", "--fast", "-q", "--no-progress"])


def fill_in(folder: Path, verdict: str) -> int:
    """Give all rows of the audit's own queue one verdict; how many bear another label."""
    with (folder / "rows.doubt" / "queue.csv").open(encoding="utf-8", newline="") as file:
        queue = list(csv.DictReader(file))
    with (folder / "verdicts.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, list(queue[0]))
        rows.writeheader()
        rows.writerows(row | {"verdict": verdict} for row in queue)
    return sum(row["given_label"] != verdict for row in queue)


@pytest.mark.parametrize("name", ["rows.csv", "other.csv"])
def test_what_nobody_has_seen_is_left_alone(
    folder: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    """A queue goes to the rows it was made of: not to edited ones, nor to those of another file."""
    fill_in(folder, "fruit")
    text = (folder / "rows.csv").read_text(encoding="utf-8")
    (folder / name).write_text(text.replace("no 0,", "edited,"), encoding="utf-8")
    assert scan(name) == 0
    capsys.readouterr()

    assert main.run(["apply", name, "--verdicts", "verdicts.csv", "-o", "fixed.csv"]) == 0

    out = " ".join(capsys.readouterr().out.split())
    assert "row-00: its content is another than when it was decided" in out
    assert "edited,tool" in (folder / "fixed.csv").read_text(encoding="utf-8")


def test_rounds(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What was applied is done before and after the next scan, which takes it for decided."""
    decided = f"Not applied already: {fill_in(folder, 'fruit')}"
    assert apply("--in-place", "-q") == 0

    assert apply("--in-place") == 0
    before = " ".join(capsys.readouterr().out.split())
    assert scan("rows.csv") == 0
    assert apply("--in-place") == 0
    after = " ".join(capsys.readouterr().out.split())

    assert (decided in before, decided in after) == (True, True)
    assert scan("rows.csv", "--verdicts", "verdicts.csv") == 0
    with (folder / "rows.doubt" / "queue.csv").open(encoding="utf-8", newline="") as file:
        assert "row-00" not in {row["doubt_id"] for row in csv.DictReader(file)}


@pytest.mark.usefixtures("folder")
def test_json(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """All of it is told as JSON, too."""
    assert apply("-o", "fixed.csv", "--drop", "--output-format", "json") == 0

    told = json.loads(capfdbinary.readouterr().out)
    assert [(line["row_id"], line["action"]) for line in told["changed"]] == [
        ("row-00", "relabel"),
        ("row-02", "drop"),
    ]
    assert [one["row_id"] for one in told["kept"]] == ["row-01"]
    assert [one["kind"] for one in told["not_applied"]] == ["undecided", "unknown"]
    assert (told["output"], told["dry_run"]) == ("fixed.csv", False)


def test_quiet(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asked to be quiet, it says nothing."""
    assert apply("-o", "fixed.csv", "-q") == 0

    assert capsys.readouterr() == ("", "")
    assert (folder / "fixed.csv").exists()


def test_dry_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run prints each change as a diff, plain in a pipe, and writes nothing."""
    before = held(folder)

    assert apply("--dry-run", "--drop") == 0

    assert held(folder) == before
    out = capsys.readouterr().out
    assert "  - tool\n  + fruit\n" in out
    assert "  - fruit  (the row goes)\n" in out
    assert "\x1b" not in out
    assert "Written" not in out


def test_dry_run_in_colour(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The diff is red and green where colour is wanted."""
    assert apply("--dry-run", "--color", "always") == 0

    out = capsys.readouterr().out
    assert "\x1b[31m- tool\x1b[0m" in out
    assert "\x1b[32m+ fruit\x1b[0m" in out
    assert folder.joinpath("rows.csv").exists()


def test_again(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Applied in place twice, the second time changes nothing, and says so."""
    assert apply("--in-place", "-q") == 0
    before = held(folder)

    assert apply("--in-place") == 0

    assert held(folder) == before
    assert "nothing is left to change" in capsys.readouterr().out


def test_second_batch_in_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second batch in place is applied, too; under which name the file is kept is told."""
    assert apply("--in-place", "-q") == 0
    decide(folder, ["row-01", "fruit", "", "ann", ""])

    assert apply("--in-place") == 0

    assert "rows.csv.bak2  the file as it was" in capsys.readouterr().out
    assert {"rows.csv.bak", "rows.csv.bak2"} <= held(folder).keys()


def test_waived(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Keeping a doubted row's label waives it for the gate, and is told; it can be left out."""
    decide(folder, ["row-00", "tool", "", "ann", "a tool all the same"])

    assert apply("-o", "one.csv", "--no-waive") == 0
    assert "doubt-waivers.toml" not in held(folder)
    assert apply("-o", "fixed.csv") == 0

    assert 'id = "row-00"' in (folder / "doubt-waivers.toml").read_text(encoding="utf-8")
    out = capsys.readouterr().out
    assert "1 of them doubted before, and waived now" in out
    assert "doubt-waivers.toml" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "it is not said where the corrected file goes"),
        (("-o", "rows.csv"), "it is read, and so not written over"),
        (("-o", "verdicts.csv", "--force"), "it is read, and so not written over"),
        (("-o", "fixed.csv", "--in-place"), "it is either a new file or the old one"),
        (("--in-place", "--force"), "--force and --in-place: the old file is replaced without being forced"),
        (("-o", "-"), "can't go to standard output"),
        (("-o", "fixed.parquet"), "its ending promises parquet"),
        (("-o", "fixed.csv", "--audit", "none"), "can't be read"),
        (("-o", "fixed.csv", "--on-conflict", "maybe"), "maybe"),
    ],
)
def test_trouble(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    """What can't be done ends with 2 and one message, and nothing is written."""
    before = held(folder)

    assert apply(*arguments) == 2

    assert held(folder) == before
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert "bug" not in err


# ------------------------------------------------------------------- log and undo


@pytest.mark.usefixtures("folder")
def test_log(capsys: pytest.CaptureFixture[str]) -> None:
    """The log lists batches, the newest first, with who said what."""
    apply("-o", "fixed.csv", "-q", "--drop")
    main.run(["undo", "fixed.csv", "--in-place", "-q"])

    assert main.run(["log", "fixed.csv"]) == 0

    out = capsys.readouterr().out
    first, second = (line for line in out.splitlines() if line.startswith("batch "))
    assert second.endswith("taken back")
    assert not first.endswith("taken back")
    assert "row 1 (row-00); decided by ann; it is an apple\n  - tool\n  + fruit\n" in out
    assert "  + fruit  (the row is put back)\n" in out
    assert f"takes back {' '.join(second.split()[:2])}" in out


def test_log_as_json(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """As JSON, the log is the ledger's lines, the newest batch first."""
    apply("-o", "fixed.csv", "-q")
    main.run(["undo", "fixed.csv", "--in-place", "-q"])

    assert main.run(["log", "fixed.csv", "--output-format", "json"]) == 0

    lines = json.loads(capfdbinary.readouterr().out)
    ledger = [json.loads(line) for line in (folder / "fixed.csv.ledger.jsonl").read_bytes().splitlines()]
    assert lines == ledger[::-1]


def test_undo(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Undoing gives the same bytes again, and tells of it."""
    apply("-o", "fixed.csv", "-q", "--drop")

    assert main.run(["undo", "fixed.csv", "--in-place"]) == 0

    assert held(folder)["fixed.csv"] == held(folder)["rows.csv"]
    out = capsys.readouterr().out
    assert "is taken back: 1 label, 1 row put back" in " ".join(out.split())
    assert "fixed.csv.bak  the file as it was" in out


def test_undo_as_json(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """What was taken back is told as JSON, too; a batch may be named."""
    apply("-o", "fixed.csv", "-q")
    batch = json.loads((folder / "fixed.csv.ledger.jsonl").read_bytes())["batch"]

    assert main.run(["undo", "fixed.csv", "-o", "back.csv", "--batch", batch, "--output-format", "json"]) == 0

    told = json.loads(capfdbinary.readouterr().out)
    assert (told["undone"], told["output"], len(told["changed"])) == (batch, "back.csv", 1)


def test_undo_dry_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run of an undo prints each change, and writes nothing."""
    apply("-o", "fixed.csv", "-q")
    before = held(folder)

    assert main.run(["undo", "fixed.csv", "--dry-run"]) == 0

    assert held(folder) == before
    out = capsys.readouterr().out
    assert "would be taken back" in out
    assert "  - fruit\n  + tool\n" in out


def test_undo_conflict(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A row that was edited since is a conflict: it ends with 2, and nothing is done."""
    apply("-o", "fixed.csv", "-q")
    path = folder / "fixed.csv"
    path.write_bytes(path.read_bytes().replace(b"no 0,fruit", b"no 0,tool"))
    before = held(folder)

    assert main.run(["undo", "fixed.csv", "--in-place"]) == 2

    assert held(folder) == before
    assert "rows were edited since batch" in capsys.readouterr().err


# ------------------------------------------------------------------------- a kill

KILLED = """
import hashlib, json, os, random, sys, time
from pathlib import Path
from doubtcli.cli import main
import doubtcli.pipelines.apply, doubtcli.cli.console, doubtcli.apply.commit

ARGUMENTS = ["apply", "rows.csv", "--verdicts", "verdicts.csv", "-o", "fixed.csv", "-q", "--drop"]
NAMES = ("fixed.csv", "fixed.csv.ledger.jsonl")
STEPS = (".fixed.csv.doubt-unfinished", ".fixed.csv.doubt-batch", "fixed.csv.ledger.jsonl", "fixed.csv")
chance = random.Random(7)
main.run(["log", "none.csv"])  # so that all is loaded, and a run is short

def start():
    child = os.fork()
    if not child:
        os._exit(main.run(ARGUMENTS))
    return child

def held():
    return {path.name: path.read_bytes() for path in Path().iterdir() if path.is_file()}

def digest(content):
    return hashlib.sha256(content).hexdigest() if content is not None else None

def clear():
    for name in set(held()) - before.keys():
        Path(name).unlink()

def told():
    found = held()
    return {
        "input": digest(found["rows.csv"]) == digest(before["rows.csv"]),
        "output": digest(found.get("fixed.csv")),
        "lines": found.get("fixed.csv.ledger.jsonl", b"").decode().splitlines(keepends=True),
        "others": sorted(found.keys() - before.keys() - set(NAMES)),
    }

before = held()
began = time.monotonic()
assert os.waitpid(start(), 0)[1] == 0
took = time.monotonic() - began
print(json.dumps(told()), flush=True)  # a child that ends would print what is left here
for moment in range(50):
    clear()
    child = start()
    if moment % 2:  # the moments that matter most come when the new file is being put into its place
        name = STEPS[moment // 2 % len(STEPS)]
        while not Path(name).exists() and os.waitpid(child, os.WNOHANG) == (0, 0):
            pass
        time.sleep(chance.uniform(0, took / 50))
    else:
        time.sleep(chance.uniform(0, 1.5 * took))
    try:
        os.kill(child, 9)
        os.waitpid(child, 0)
    except (ProcessLookupError, ChildProcessError):
        pass
    killed = told()
    doubtcli.apply.commit.recover_commit(Path("fixed.csv").resolve())  # as the next command does
    print(json.dumps([killed, told()]), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_killed_at_random_moments(folder: Path) -> None:
    """Whenever it is killed, the file is untouched; the new one and its lines are whole or absent."""
    write_rows(folder / "rows.csv", 400)
    done = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    whole, *runs = map(json.loads, done.stdout.splitlines())

    assert len(runs) == 50
    for killed, settled in runs:
        check_whole_or_absent(killed, whole)
        check_whole_or_absent(settled, whole)
        assert (settled["output"] is None) == (settled["lines"] == [])
        assert settled["others"] == []
    assert {killed["output"] for killed, _ in runs} == {None, whole["output"]}


def check_whole_or_absent(found: dict[str, Any], whole: dict[str, Any]) -> None:
    """Make sure of what must hold at every moment."""
    assert found["input"]
    assert found["output"] in (None, whole["output"])
    assert all(line.endswith("\n") and json.loads(line) for line in found["lines"])
    assert len(found["lines"]) in (0, len(whole["lines"]))
