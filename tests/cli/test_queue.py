from __future__ import annotations

import csv
import io
import json
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from typer import Context
from typer.main import get_command

from doubtcli.cli import main
from doubtcli.tools.registry import list_tool_names, load_tool

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tests.cli.conftest import Doubt

WORDS = {
    "fruit": ("apple", "pear", "cherry", "plum", "peach", "quince"),
    "tool": ("hammer", "saw", "chisel", "plane", "rasp", "awl"),
}
"""Two kinds of text that no model mixes up."""
SCAN = ("--id", "id", "--folds", "2", "--repeats", "1", "--threads", "1", "--fast", "--quiet")


def write_rows(path: Path, n_rows: int = 120) -> None:
    """Write rows as CSV: row 1 has another label than it should, and rows 119 and 120 are like row 1."""
    lines = ["id,text,label,verdict"]
    for number in range(n_rows):
        kind = "fruit" if number % 2 == 0 or number == 119 else "tool"
        words = [WORDS[kind][(number // 2 // 6**place + place) % 6] for place in range(3)]
        text = "apple cherry peach" if number in {0, 118, 119} else f"{' '.join(words)} n{number}"
        lines.append(f"r{number:03},{text},{'tool' if number in {0, 118} else kind},mine")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the rows and their audit."""
    folder = tmp_path_factory.mktemp("queue")
    write_rows(folder / "rows.csv")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert main.run(["scan", "rows.csv", *SCAN]) == 0
    return folder


@pytest.fixture
def folder(scanned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of that folder to work in."""
    copy = shutil.copytree(scanned, tmp_path / "work")
    monkeypatch.chdir(copy)
    return Path(copy)


def run(*arguments: str) -> int:
    """The exit code of `doubt queue rows.doubt` with some more arguments."""
    return main.run(["queue", "rows.doubt", *arguments])


def rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, as Python's own reader has them."""
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode(), newline="")))


class TestQueue:
    """`doubt queue` on an audit."""

    def test_doubted_rows(self, folder: Path) -> None:
        """Without more words, the doubted rows go out as CSV, in the order of the audit, into DATA.queue."""
        assert run() == 0

        doubts = pq.read_table(folder / "rows.doubt" / "doubts.parquet").to_pylist()
        doubted = [row["row_id"] for row in doubts if row["doubted"]]
        queue = rows(folder / "rows.queue" / "queue.csv")
        told = [row["doubt_id"] for row in queue] + [
            other for row in queue for other in json.loads(row["doubt_duplicates"] or "[]")
        ]
        assert "r000" in doubted
        assert sorted(told) == sorted(doubted)
        assert {path.name for path in (folder / "rows.queue").iterdir()} == {"queue.csv", "README.txt"}
        assert {row["input_verdict"] for row in queue} == {"mine"}
        assert {row["verdict"] for row in queue} == {""}

    def test_duplicates(self, folder: Path) -> None:
        """Rows 1 and 119 are equal and come once; row 120 is their like with another label, and is named."""
        assert run("--size", "120") == 0

        queue = {row["doubt_id"]: row for row in rows(folder / "rows.queue" / "queue.csv")}
        (standing,) = {"r000", "r118"} & set(queue)
        assert json.loads(queue[standing]["doubt_duplicates"]) == [{"r000": "r118", "r118": "r000"}[standing]]
        assert json.loads(queue[standing]["doubt_conflicts"]) == ["r119"]
        assert json.loads(queue["r119"]["doubt_conflicts"]) == [standing]
        assert len(queue) == 119

    @pytest.mark.parametrize("tool", list_tool_names())
    def test_every_format(self, folder: Path, tool: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Every format is written, and told in three lines; the data file is as it was."""
        before = (folder / "rows.csv").read_bytes()

        assert run("--size", "5", "--to", tool, "-o", "out/there") == 0

        title = load_tool(tool).title
        out = capsys.readouterr().out.splitlines()
        assert out[0] == f"5 rows for {title}: 5 by top."
        assert out[-1] == f"How to load them, and how to bring them back: {Path('out/there/README.txt')}"
        readme = (folder / "out" / "there" / "README.txt").read_text(encoding="utf-8")
        assert readme.startswith(f"5 rows of rows.csv to relabel, for {title}\n")
        assert (folder / "rows.csv").read_bytes() == before

    def test_its_apply_command(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """With the verdicts filled in, the command that README.txt names writes them back."""
        assert run("--size", "5") == 0
        fill(folder / "rows.queue" / "queue.csv")
        shutil.move(folder / "rows.queue" / "queue.csv", folder / "queue.done.csv")

        assert main.run(command_in(folder / "rows.queue" / "README.txt", "apply")) == 0

        assert (folder / "rows.fixed.csv").read_bytes() == (folder / "rows.csv").read_bytes()
        assert "found right, and kept: 5 labels" in capsys.readouterr().out

    def test_waived_rows_are_not_asked_again(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Rows that people kept are in no later queue; with other waivers they are asked about again."""
        assert run("--size", "5") == 0
        kept = [row["doubt_id"] for row in rows(folder / "rows.queue" / "queue.csv")]
        fill(folder / "rows.queue" / "queue.csv")
        apply = ("apply", "rows.csv", "--verdicts", "rows.queue/queue.csv", "-o", "fixed.csv", "-q")
        assert main.run(list(apply)) == 0
        assert main.run(["scan", "fixed.csv", *SCAN]) == 0
        n_waived = (folder / "doubt-waivers.toml").read_text(encoding="utf-8").count("[[waive]]")
        capsys.readouterr()

        assert main.run(["queue", "fixed.doubt", "--size", "200"]) == 0

        out = capsys.readouterr().out
        asked = {row["doubt_id"] for row in rows(folder / "fixed.queue" / "queue.csv")}
        assert n_waived
        assert f"{n_waived} row{'s are' if n_waived > 1 else ' is'} waived, and left out" in out
        assert len(asked & set(kept)) == 5 - n_waived
        (folder / "none.toml").write_text("")
        assert main.run(["queue", "fixed.doubt", "--size", "200", "--force", "--waivers", "none.toml"]) == 0
        assert set(kept) <= {row["doubt_id"] for row in rows(folder / "fixed.queue" / "queue.csv")}

    @pytest.mark.usefixtures("folder")
    def test_one_row(self, capsys: pytest.CaptureFixture[str]) -> None:
        """One row is told as one."""
        assert run("--size", "1") == 0
        assert capsys.readouterr().out.startswith("1 row for CSV: 1 by top.\n")

    def test_told_from_here(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """An audit that is named from here, its data and its queue are told from here, not in full."""
        for place, audit, up in (("sub", "../rows.doubt", ".."), ("rows.doubt", ".", "..")):
            (folder / place).mkdir(exist_ok=True)
            monkeypatch.chdir(folder / place)

            assert main.run(["queue", audit, "--size", "5", "--force"]) == 0

            told = (folder / "rows.queue" / "README.txt").read_text(encoding="utf-8")
            assert told.startswith(f"5 rows of {up}/rows.csv to relabel")
            assert f"doubt apply {up}/rows.csv --" in told
            assert f"back: {up}/rows.queue/README.txt\n" in capsys.readouterr().out
            assert str(folder) not in told

    def test_help_lists_the_tools(self, capsys: pytest.CaptureFixture[str]) -> None:
        """What --to takes is what there is."""
        assert main.run(["queue", "--help"]) == 0

        told = " ".join(capsys.readouterr().out.split())
        assert (
            "--to TOOL csv, jsonl, parquet, label-studio, argilla, prodigy or doccano. [default: csv]" in told
        )

    def test_completion(self) -> None:
        """A shell completes the names of tools."""
        command = get_command(main.app).commands["queue"]  # type: ignore[attr-defined]
        (option,) = [option for option in command.params if option.name == "to"]

        completions = option.shell_complete(Context(command), "p")

        assert [one.value for one in completions] == ["parquet", "prodigy"]

    def test_quiet(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Quietly, nothing is printed."""
        assert run("--quiet") == 0
        assert capsys.readouterr() == ("", "")
        assert (folder / "rows.queue").is_dir()

    def test_notes(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """What is to be known of the queue is told."""
        assert run("--size", "500") == 0

        assert "Note: there are fewer rows than asked for: 119 of 500." in capsys.readouterr().out
        assert "Note: there are fewer rows than asked for" in " ".join(
            (folder / "rows.queue" / "README.txt").read_text(encoding="utf-8").split()
        )

    @pytest.mark.usefixtures("folder")
    def test_notes_are_wrapped(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """A long note goes on below its own beginning, however narrow the terminal."""
        monkeypatch.setenv("COLUMNS", "40")

        assert run("--size", "500") == 0

        assert capsys.readouterr().out.splitlines()[1:3] == [
            "Note: there are fewer rows than asked",
            "      for: 119 of 500.",
        ]

    @pytest.mark.usefixtures("folder")
    def test_colour(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Colour is drawn where it is asked for, and nowhere else."""
        assert run("--size", "5", "--force") == 0
        assert "\x1b[" not in capsys.readouterr().out
        assert run("--size", "5", "--force", "--color", "always") == 0
        assert "\x1b[" in capsys.readouterr().out

    def test_same_bytes(self, folder: Path) -> None:
        """The same queue is written twice over, and into another folder, with the same bytes."""
        held = []
        for place in ("a", "a", "b"):
            assert run("--size", "20", "--strategy", "balanced=50%,audit=50%", "-o", place) == 0
            held.append({path.name: path.read_bytes() for path in (folder / place).iterdir()})

        assert held[0] == held[1] == held[2]

    def test_seed(self, folder: Path) -> None:
        """Another seed draws other rows."""
        drawn = []
        for seed in ("0", "1"):
            assert run("--size", "20", "--strategy", "audit", "--seed", seed, "-o", seed) == 0
            drawn.append([row["doubt_id"] for row in rows(folder / seed / "queue.csv")])

        assert drawn[0] != drawn[1]


class TestAudit:
    """An audit sample that a scan then measures."""

    def test_as_a_scan_writes_it(self, folder: Path) -> None:
        """A sample is drawn as `doubt scan --audit-sample` draws it, row by row and stratum by stratum."""
        assert main.run(["scan", "rows.csv", *SCAN, "--audit-sample", "60", "-o", "sampled.doubt"]) == 0
        assert run("--size", "60", "--strategy", "audit") == 0

        ours = rows(folder / "rows.queue" / "queue.csv")
        theirs = rows(folder / "sampled.doubt" / "queue.csv")[:60]
        keys = (
            "doubt_id",
            "given_label",
            "doubt_suggested",
            "doubt_score",
            "doubt_stratum",
            "doubt_inclusion",
        )
        assert [[row[key] for key in keys] for row in ours] == [[row[key] for key in keys] for row in theirs]

    @pytest.mark.parametrize("tool", ["csv", "jsonl", "parquet"])
    def test_noise_rate_is_measured(self, folder: Path, tool: str) -> None:
        """With the verdicts filled in, the scan that README.txt names measures the rate on the drawn rows."""
        assert run("--size", "100", "--strategy", "top=20%,audit=80%", "--to", tool) == 0
        fill(folder / "rows.queue" / f"queue.{tool}")
        shutil.move(folder / "rows.queue" / f"queue.{tool}", folder / f"queue.done.{tool}")
        command = command_in(folder / "rows.queue" / "README.txt", "scan")

        assert main.run([*command, "--quiet"]) == 0

        audit = json.loads((folder / "rows.measured.doubt" / "audit.json").read_bytes())
        noise = audit["noise_rate"]
        assert audit["settings"]["folds"] == 2
        assert (noise["rests_on"], noise["n_checked"], noise["rate"]) == ("verdicts", 80, 0.0)

    def test_decided_rows_do_not_come_again(self, folder: Path) -> None:
        """Of an audit with verdicts, only rows that nobody has decided come."""
        assert run("--size", "30") == 0
        fill(folder / "rows.queue" / "queue.csv")
        decided = {row["doubt_id"] for row in rows(folder / "rows.queue" / "queue.csv")}
        verdicts = ("--verdicts", "rows.queue/queue.csv")
        assert main.run(["scan", "rows.csv", *SCAN, *verdicts, "-o", "again.doubt"]) == 0

        assert main.run(["queue", "again.doubt", "--size", "120", "-q"]) == 0

        queue = rows(folder / "again.queue" / "queue.csv")
        told = {row["doubt_id"] for row in queue} | {
            other for row in queue for other in json.loads(row["doubt_duplicates"] or "[]")
        }
        assert told == {f"r{number:03}" for number in range(120)} - decided


def command_in(readme: Path, name: str) -> list[str]:
    """The arguments of the one command of that name that a README.txt tells to run."""
    told = readme.read_text(encoding="utf-8").splitlines()
    [command] = [line for line in told if line.startswith(f"    doubt {name} ")]
    return shlex.split(command)[1:]


def fill(path: Path) -> None:
    """Keep the given label of every row of a queue."""
    if path.suffix == ".jsonl":
        told = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        path.write_text(
            "".join(json.dumps(row | {"verdict": row["given_label"]}) + "\n" for row in told),
            encoding="utf-8",
        )
    elif path.suffix == ".parquet":
        table = pq.read_table(path)
        place = table.column_names.index("verdict")
        pq.write_table(table.set_column(place, "verdict", table.column("given_label")), path)
    else:
        told = rows(path)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(told[0]))
            writer.writeheader()
            writer.writerows(row | {"verdict": row["given_label"]} for row in told)


class TestOtherData:
    """Data that are no single file, or were changed since."""

    def test_a_folder_of_parts(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Before people do the work it is said that nothing can write it back into a folder of parts."""
        (folder / "parts").mkdir()
        table = pyarrow.csv.read_csv(folder / "rows.csv")
        pq.write_table(table.slice(0, 60), folder / "parts" / "a.parquet")
        pq.write_table(table.slice(60), folder / "parts" / "b.parquet")
        assert main.run(["scan", "parts", *SCAN]) == 0

        assert main.run(["queue", "parts.doubt", "--size", "9", "--strategy", "top=50%,audit=50%"]) == 0

        note = (
            "Note: parts is a folder of parts, and `doubt apply` writes verdicts back into a single file "
            "only: join the parts into one file first, scan that, and make the queue from its audit."
        )
        told = (folder / "parts.queue" / "README.txt").read_text(encoding="utf-8")
        assert note in " ".join(capsys.readouterr().out.split())
        assert note in " ".join(told.split())
        assert "    doubt apply" not in told
        assert "    doubt scan parts " in told

    def test_changed_in_place(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Of a file that was corrected in place the backup is read, and verdicts go into the file itself."""
        (folder / "one.csv").write_text("doubt_id,verdict\nr000,fruit\n")
        assert main.run(["apply", "rows.csv", "--verdicts", "one.csv", "--in-place", "-q"]) == 0

        assert run("--size", "5") == 0

        note = "Note: rows.csv.bak is read, a backup of rows.csv, which is no longer what was judged."
        told = (folder / "rows.queue" / "README.txt").read_text(encoding="utf-8")
        assert note in " ".join(capsys.readouterr().out.split())
        assert note in " ".join(told.split())
        assert "    doubt apply rows.csv --verdicts" in told
        assert {row["text"] for row in rows(folder / "rows.queue" / "queue.csv")} >= {"apple cherry peach"}


class TestTrouble:
    """What can't be done is told, and nothing is written."""

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            (("--strategy", "best"), "there is no strategy 'best'"),
            (("--strategy", "audit"), "an audit draws as many rows as it is told"),
            (("--size", "0"), "--size"),
            (("--to", "excel"), "'--to': 'excel' is not one of 'csv', 'jsonl', "),
            (("--output", "rows.csv"), "a file is in the way"),
            (("--output", "/proc/nowhere"), "can't be written"),
        ],
    )
    def test_refused(
        self, folder: Path, arguments: Sequence[str], told: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """It ends with 2 and says why."""
        before = tree(folder)

        assert run(*arguments) == 2

        assert told in capfd.readouterr().err
        assert tree(folder) == before

    def test_another_queue_in_the_way(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """A queue that somebody worked on is not written over without --force; what else lies there stays."""
        assert run() == 0
        fill(folder / "rows.queue" / "queue.csv")
        (folder / "rows.queue" / "notes.txt").write_text("mine")
        before = tree(folder)

        assert run() == 2
        assert tree(folder) == before
        assert "--force" in capfd.readouterr().err

        assert run("--force") == 0
        assert {row["verdict"] for row in rows(folder / "rows.queue" / "queue.csv")} == {""}
        assert (folder / "rows.queue" / "notes.txt").read_text() == "mine"

    def test_no_audit(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """Where there is no audit, it is said that a scan writes one."""
        monkeypatch.chdir(tmp_path)

        assert main.run(["queue", "nothing.doubt"]) == 2
        assert "`doubt scan` writes one" in capfd.readouterr().err

    def test_data_in_place_of_an_audit(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """Who names the data is told which audit is theirs."""
        assert main.run(["queue", "rows.csv"]) == 2

        err = capfd.readouterr().err
        assert err.startswith("doubt: rows.csv: is no audit\n")
        assert err.endswith("to do: name its audit: rows.doubt\n")
        assert not (folder / "rows.queue").exists()

    def test_standard_input(
        self, folder: Path, doubt_in: type[Doubt], capfd: pytest.CaptureFixture[str]
    ) -> None:
        """The rows of what came through a pipe are there no more, and nothing is written."""
        text = (folder / "rows.csv").read_text(encoding="utf-8")
        assert doubt_in(folder)("scan", "-", "--input-format", "csv", *SCAN, stdin=text).returncode == 0

        assert main.run(["queue", "stdin.doubt"]) == 2
        assert "the audit is of standard input" in capfd.readouterr().err
        assert not (folder / "stdin.queue").exists()

    def test_data_were_changed(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """Rows of a file that is another by now are not handed out."""
        with (folder / "rows.csv").open("a") as file:
            file.write("r999,new,tool,\n")

        assert run() == 2
        assert "rows.csv was changed since it was judged" in capfd.readouterr().err

    def test_no_doubted_row(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """Where no row is doubted, nothing is written, and it is said how to get rows all the same."""
        clean = [
            line
            for line in (folder / "rows.csv").read_text().splitlines()
            if "apple cherry peach" not in line
        ]
        (folder / "clean.csv").write_text("\n".join(clean) + "\n")
        assert main.run(["scan", "clean.csv", *SCAN]) == 0

        assert main.run(["queue", "clean.doubt"]) == 2

        assert "no row is doubted" in capfd.readouterr().err
        assert not (folder / "clean.queue").exists()

    def test_labels_that_a_format_cannot_hold(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """A label that XML has no way to write keeps Label Studio's files from being written, not others."""
        odd = (folder / "rows.csv").read_text().replace(",tool,", ",to\x01ol,")
        (folder / "odd.csv").write_text(odd)
        assert main.run(["scan", "odd.csv", *SCAN]) == 0

        assert main.run(["queue", "odd.doubt", "--to", "label-studio"]) == 2
        assert r"the label 'to\x01ol'" in capfd.readouterr().err
        assert not (folder / "odd.queue").exists()
        assert main.run(["queue", "odd.doubt", "--to", "doccano"]) == 0


KILLED = """
import json, os, random, shutil, sys, time
from pathlib import Path
from doubtcli.cli import main
import doubtcli.pipelines.queue, pyarrow.dataset  # so that all is loaded, and a run is short

ARGUMENTS = ["queue", "rows.doubt", "--to", "argilla", "--quiet"]
QUEUE, HIDDEN = Path("rows.queue"), Path(".rows.queue.doubt-unfinished")
chance = random.Random(7)

def start(*more):
    child = os.fork()
    if not child:
        os._exit(main.run([*ARGUMENTS, *more]))
    return child

def held():
    return sorted(path.relative_to(QUEUE).as_posix() for path in QUEUE.rglob("*") if path.is_file())

began = time.monotonic()
assert os.waitpid(start(), 0)[1] == 0
took = time.monotonic() - began
print(json.dumps(held()), flush=True)  # a child that ends would print what is left here
for moment in range(12):
    shutil.rmtree(QUEUE, ignore_errors=True)
    child, ended = start(), (0, 0)
    if moment % 2:  # the moments that matter most come when the files are being written
        while not HIDDEN.exists() and ended == (0, 0):
            ended = os.waitpid(child, os.WNOHANG)
    else:
        time.sleep(chance.uniform(0, 1.5 * took))
    if ended == (0, 0):
        os.kill(child, 9)
        ended = os.waitpid(child, 0)
    killed = {"signal": os.WTERMSIG(ended[1]), "held": held(), "was_writing": HIDDEN.exists()}
    assert os.waitpid(start("--force"), 0)[1] == 0
    print(json.dumps(killed | {"settled": held(), "left": HIDDEN.exists()}), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_killed(folder: Path) -> None:
    """Whenever it is killed, the queue is whole or not there, and the next run leaves nothing else behind."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    whole, *runs = map(json.loads, done.stdout.splitlines())

    assert whole == [".argilla/dataset.json", ".argilla/settings.json", "README.txt", "records.json"]
    assert len(runs) == 12
    for run_ in runs:
        assert run_["held"] in ([], whole)
        assert (run_["settled"], run_["left"]) == (whole, False)
    assert [run_ for run_ in runs if run_["signal"] == 9 and run_["was_writing"] and run_["held"] == []]


def tree(folder: Path) -> dict[str, Any]:
    """All that lies in a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
