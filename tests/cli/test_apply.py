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
    """The files of a folder with rows and their audit, by relative path."""
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
    write_verdicts(
        tmp_path,
        ["row-00", "fruit", "", "ann", "it is an apple"],
        ["row-01", "tool", "", "ann", ""],
        ["row-02", "", "unusable", "bob", ""],
        ["row-03", "", "", "bob", ""],
        ["row-99", "tool", "", "bob", ""],
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_verdicts(folder: Path, *rows: Iterable[str]) -> None:
    """Write verdicts."""
    with (folder / "verdicts.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["doubt_id", "verdict", "verdict_status", "annotator", "why"], *rows])


def apply(*arguments: str) -> int:
    """Apply the verdicts."""
    return main.run(["apply", "rows.csv", "--verdicts", "verdicts.csv", *arguments])


def list_files(folder: Path) -> dict[str, bytes]:
    """The files in a folder, including hidden ones."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


# ------------------------------------------------------------------------ apply


def test_applied(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Verdicts are applied, the result is printed in 80 columns without colours, and the exit code is 0."""
    before = list_files(folder)

    assert apply("-o", "fixed.csv") == 0

    after = list_files(folder)
    assert after["fixed.csv"] == before["rows.csv"].replace(b"no 0,tool", b"no 0,fruit")
    assert after.keys() - before.keys() == {"fixed.csv", "fixed.csv.ledger.jsonl"}
    out, err = capsys.readouterr()
    assert err == ""
    assert "row-99" in out
    assert "\x1b" not in out
    assert max(map(len, out.splitlines())) <= 80


def test_verdicts_of_which_none_can_be_used(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If no verdict can be used, nothing is written, and the exit code is 2."""
    write_verdicts(folder, ["row-98", "fruit", "", "", ""], ["row-00", "", "", "", ""])
    before = list_files(folder)

    assert apply("-o", "fixed.csv") == apply("--dry-run", "-q") == 2

    assert list_files(folder) == before
    assert "row-98" in capsys.readouterr().err


def test_no_verdict_at_all(folder: Path) -> None:
    """A queue that nobody has filled in is no error."""
    write_verdicts(folder, ["row-00", "", "", "", ""])

    assert apply("--dry-run", "-q") == 0


def test_strict(folder: Path) -> None:
    """If a verdict can't be used, --strict writes nothing, and the exit code is 2."""
    before = list_files(folder)

    assert apply("-o", "fixed.csv", "--strict") == 2
    assert list_files(folder) == before

    write_verdicts(folder, ["row-00", "FRUIT", "", "", ""], ["row-01", "", "", "", ""])
    assert apply("-o", "fixed.csv", "--strict", "-q") == 0


def scan(*arguments: str) -> int:
    """Scan a file."""
    return main.run(["scan", *arguments, "--id", "id", "--fast", "-q", "--no-progress"])


def fill_in_queue(folder: Path, verdict: str, of: str = "rows.doubt") -> int:
    """Give all rows of the audit's queue, or of another one, a verdict; gives how many have another label."""
    with (folder / of / "queue.csv").open(encoding="utf-8", newline="") as file:
        queue = list(csv.DictReader(file))
    with (folder / "verdicts.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.DictWriter(file, list(queue[0]))
        rows.writeheader()
        rows.writerows(row | {"verdict": verdict} for row in queue)
    return sum(row["given_label"] != verdict for row in queue)


@pytest.mark.parametrize("name", ["rows.csv", "other.csv"])
def test_rows_that_nobody_has_seen_are_unchanged(
    folder: Path, capfdbinary: pytest.CaptureFixture[bytes], name: str
) -> None:
    """A queue is applied to the rows that people saw, not to edited ones or those of another file."""
    assert main.run(["queue", "rows.doubt", "--size", "10", "-q"]) == 0
    fill_in_queue(folder, "fruit", "rows.queue")
    text = (folder / "rows.csv").read_text(encoding="utf-8")
    (folder / name).write_text(text.replace("no 0,", "edited,"), encoding="utf-8")
    assert scan(name) == 0
    capfdbinary.readouterr()
    command = ["apply", name, "--verdicts", "verdicts.csv", "-o", "fixed.csv", "--output-format", "json"]

    assert main.run(command) == 0

    not_applied = json.loads(capfdbinary.readouterr().out)["not_applied"]
    assert "changed" in {one["kind"] for one in not_applied if one["row_id"] == "row-00"}
    assert "edited,tool" in (folder / "fixed.csv").read_text(encoding="utf-8")


def test_rounds(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """Applied verdicts count as done, before and after the next scan, and a scan uses them."""
    n_decided = fill_in_queue(folder, "fruit")
    assert apply("--in-place", "-q") == 0

    assert apply("--in-place", "--output-format", "json") == 0
    before = json.loads(capfdbinary.readouterr().out)
    assert scan("rows.csv") == 0
    assert apply("--in-place", "--output-format", "json") == 0
    after = json.loads(capfdbinary.readouterr().out)

    for found in (before, after):
        assert [one["kind"] for one in found["not_applied"]] == ["already"] * n_decided
        assert found["changed"] == []
    assert scan("rows.csv", "--verdicts", "verdicts.csv") == 0
    with (folder / "rows.doubt" / "queue.csv").open(encoding="utf-8", newline="") as file:
        assert "row-00" not in {row["doubt_id"] for row in csv.DictReader(file)}


@pytest.mark.usefixtures("folder")
def test_json(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The whole result can be printed as JSON."""
    assert apply("-o", "fixed.csv", "--drop", "--output-format", "json") == 0

    found = json.loads(capfdbinary.readouterr().out)
    assert [(line["row_id"], line["action"]) for line in found["changed"]] == [
        ("row-00", "relabel"),
        ("row-02", "drop"),
    ]
    assert [one["row_id"] for one in found["kept"]] == ["row-01"]
    assert [one["kind"] for one in found["not_applied"]] == ["undecided", "unknown"]
    assert (found["output"], found["dry_run"]) == ("fixed.csv", False)


def test_quiet(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With -q, nothing is printed."""
    assert apply("-o", "fixed.csv", "-q") == 0

    assert capsys.readouterr() == ("", "")
    assert (folder / "fixed.csv").exists()


def test_dry_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run prints each change as a diff, without colours in a pipe, and writes nothing."""
    before = list_files(folder)

    assert apply("--dry-run", "--drop") == 0

    assert list_files(folder) == before
    out = capsys.readouterr().out
    assert "  - tool\n  + fruit\n" in out
    assert "\n  - fruit  (" in out
    assert "\x1b" not in out
    assert "fixed.csv" not in out


def test_dry_run_in_colour(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With colours, the diff is red and green."""
    assert apply("--dry-run", "--color", "always") == 0

    out = capsys.readouterr().out
    assert "\x1b[31m- tool\x1b[0m" in out
    assert "\x1b[32m+ fruit\x1b[0m" in out
    assert folder.joinpath("rows.csv").exists()


def test_again(folder: Path) -> None:
    """Applying in place a second time changes nothing."""
    assert apply("--in-place", "-q") == 0
    before = list_files(folder)

    assert apply("--in-place") == 0

    assert list_files(folder) == before


def test_second_batch_in_place(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A second batch in place is applied, too; the name of its backup is printed."""
    assert apply("--in-place", "-q") == 0
    write_verdicts(folder, ["row-01", "fruit", "", "ann", ""])

    assert apply("--in-place") == 0

    assert "  rows.csv.bak2  " in capsys.readouterr().out
    assert {"rows.csv.bak", "rows.csv.bak2"} <= list_files(folder).keys()


def test_waived(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A doubted row whose label is kept gets a waiver, unless --no-waive is given."""
    write_verdicts(folder, ["row-00", "tool", "", "ann", "a tool all the same"])

    assert apply("-o", "one.csv", "--no-waive") == 0
    assert "doubt-waivers.toml" not in list_files(folder)
    assert apply("-o", "fixed.csv") == 0

    assert 'id = "row-00"' in (folder / "doubt-waivers.toml").read_text(encoding="utf-8")
    assert "doubt-waivers.toml" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "place"),
    [
        ((), "-o: "),
        (("-o", "rows.csv"), "rows.csv: "),
        (("-o", "verdicts.csv", "--force"), "verdicts.csv: "),
        (("-o", "fixed.csv", "--in-place"), "-o and --in-place: "),
        (("--in-place", "--force"), "--force and --in-place: "),
        (("-o", "-"), "-o -: "),
        (("-o", "fixed.parquet"), "fixed.parquet: "),
        (("-o", "fixed.csv", "--audit", "none"), "none"),
        (("-o", "fixed.csv", "--on-conflict", "maybe"), "maybe"),
    ],
)
def test_trouble(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], place: str
) -> None:
    """An error ends with exit code 2 and one message that names the place, and nothing is written."""
    before = list_files(folder)

    assert apply(*arguments) == 2

    assert list_files(folder) == before
    out, err = capsys.readouterr()
    assert out == ""
    assert place in err
    assert "bug" not in err


# ------------------------------------------------------------------- log and undo


@pytest.mark.usefixtures("folder")
def test_log(capsys: pytest.CaptureFixture[str]) -> None:
    """The log lists batches, the newest first, with who decided what."""
    apply("-o", "fixed.csv", "-q", "--drop")
    main.run(["undo", "fixed.csv", "--in-place", "-q"])

    assert main.run(["log", "fixed.csv"]) == 0

    out = capsys.readouterr().out
    first, second = (line for line in out.splitlines() if line.startswith("batch "))
    assert (len(first.split()), len(second.split())) == (3, 4)  # only the second is marked as undone
    assert "ann; it is an apple\n  - tool\n  + fruit\n" in out
    assert "\n  + fruit  (" in out
    assert out.count(" ".join(second.split()[:2])) == 2


def test_log_as_json(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """As JSON, the log has the lines of the ledger, the newest batch first."""
    apply("-o", "fixed.csv", "-q")
    main.run(["undo", "fixed.csv", "--in-place", "-q"])

    assert main.run(["log", "fixed.csv", "--output-format", "json"]) == 0

    lines = json.loads(capfdbinary.readouterr().out)
    ledger = [json.loads(line) for line in (folder / "fixed.csv.ledger.jsonl").read_bytes().splitlines()]
    assert lines == ledger[::-1]


def test_undo(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An undo restores the same bytes, and prints the name of the backup."""
    apply("-o", "fixed.csv", "-q", "--drop")

    assert main.run(["undo", "fixed.csv", "--in-place"]) == 0

    assert list_files(folder)["fixed.csv"] == list_files(folder)["rows.csv"]
    assert "  fixed.csv.bak  " in capsys.readouterr().out


def test_undo_as_json(folder: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    """The result can be printed as JSON; a batch may be named."""
    apply("-o", "fixed.csv", "-q")
    batch = json.loads((folder / "fixed.csv.ledger.jsonl").read_bytes())["batch"]

    assert main.run(["undo", "fixed.csv", "-o", "back.csv", "--batch", batch, "--output-format", "json"]) == 0

    found = json.loads(capfdbinary.readouterr().out)
    assert (found["undone"], found["output"], len(found["changed"])) == (batch, "back.csv", 1)


def test_undo_dry_run(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A dry run of an undo prints each change, and writes nothing."""
    apply("-o", "fixed.csv", "-q")
    before = list_files(folder)

    assert main.run(["undo", "fixed.csv", "--dry-run"]) == 0

    assert list_files(folder) == before
    assert "  - fruit\n  + tool\n" in capsys.readouterr().out


def test_undo_conflict(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """If a row was edited since, the exit code is 2, and nothing is undone."""
    apply("-o", "fixed.csv", "-q")
    path = folder / "fixed.csv"
    path.write_bytes(path.read_bytes().replace(b"no 0,fruit", b"no 0,tool"))
    before = list_files(folder)

    assert main.run(["undo", "fixed.csv", "--in-place"]) == 2

    assert list_files(folder) == before
    assert "row 1 ('row-00')" in capsys.readouterr().err


# ------------------------------------------------------------------------- a kill

KILLED = """
import gc, hashlib, json, os, random, sys, time
from pathlib import Path
from doubtcli.cli import main
from doubtcli.tasks.registry import find_task
from doubtcli.tools.registry import load_tools
import doubtcli.pipelines.apply, doubtcli.cli.console, doubtcli.apply.commit
import doubtcli.files.arrow, doubtcli.files.parquet, pyarrow.pandas_compat

ARGUMENTS = ["apply", "rows.csv", "--verdicts", "verdicts.csv", "-o", "fixed.csv", "-q", "--drop"]
NAMES = ("fixed.csv", "fixed.csv.ledger.jsonl")
STEPS = (".fixed.csv.doubt-unfinished", ".fixed.csv.doubt-batch", "fixed.csv.ledger.jsonl", "fixed.csv")
chance = random.Random(7)
main.run(["log", "none.csv"])  # from here on, all modules are loaded, so that a run is short
load_tools()
find_task()
gc.freeze()

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

def report():
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
print(json.dumps(report()), flush=True)  # else a child would print it again
for moment in range(24):
    clear()
    child = start()
    if moment % 2:  # the moments around the renaming matter most
        name = STEPS[moment // 2 % len(STEPS)]
        while not Path(name).exists() and os.waitpid(child, os.WNOHANG) == (0, 0):
            time.sleep(took / 1000)
        time.sleep(chance.uniform(0, took / 50))
    else:
        time.sleep(chance.uniform(0, 1.5 * took))
    try:
        os.kill(child, 9)
        os.waitpid(child, 0)
    except (ProcessLookupError, ChildProcessError):
        pass
    killed = report()
    doubtcli.apply.commit.recover_commit(Path("fixed.csv").resolve())  # as the next command does
    print(json.dumps([killed, report()]), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_killed_at_random_moments(folder: Path) -> None:
    """After a kill at any moment, the file is unchanged; the new one and its ledger are whole or absent."""
    write_rows(folder / "rows.csv", 400)
    done = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    whole, *runs = map(json.loads, done.stdout.splitlines())

    assert len(runs) == 24
    for killed, recovered in runs:
        check_whole_or_absent(killed, whole)
        check_whole_or_absent(recovered, whole)
        assert (recovered["output"] is None) == (recovered["lines"] == [])
        assert recovered["others"] == []
    assert {killed["output"] for killed, _ in runs} == {None, whole["output"]}


def check_whole_or_absent(found: dict[str, Any], whole: dict[str, Any]) -> None:
    """Make sure that the input is unchanged, and that outputs are complete or absent."""
    assert found["input"]
    assert found["output"] in (None, whole["output"])
    assert all(line.endswith("\n") and json.loads(line) for line in found["lines"])
    assert len(found["lines"]) in (0, len(whole["lines"]))
