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
    from collections.abc import Collection, Sequence

    from tests.conftest import Sentences

WORDS = {
    "fruit": ("apple", "pear", "cherry", "plum", "peach", "quince"),
    "tool": ("hammer", "saw", "chisel", "plane", "rasp", "awl"),
}
"""Two kinds of text that every model can separate."""
SCAN = ("--id", "id", "--folds", "2", "--repeats", "1", "--threads", "1", "--fast", "--quiet")


WRONG = frozenset({0, 20, 50, 80, 118})


def write_rows(path: Path, n_rows: int = 120, wrong: Collection[int] = WRONG) -> None:
    """Write rows as CSV: five labels are wrong, those of rows 1 and 51 too; rows 119 and 120 repeat row 1."""
    lines = ["id,text,label,verdict"]
    for number in range(n_rows):
        kind = "fruit" if number % 2 == 0 or number == 119 else "tool"
        words = [WORDS[kind][(number // 2 // 6**place + place) % 6] for place in range(3)]
        text = "apple cherry peach" if number in {0, 118, 119} else f"{' '.join(words)} n{number}"
        lines.append(f"r{number:03},{text},{'tool' if number in wrong else kind},mine")
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
        """Without options, the rows of the scan's own queue are written as CSV into DATA.queue."""
        assert run() == 0

        own, queue = rows(folder / "rows.doubt" / "queue.csv"), rows(folder / "rows.queue" / "queue.csv")
        assert [(row["doubt_id"], row["doubt_equal_rows"]) for row in queue] == [
            (row["doubt_id"], row["doubt_equal_rows"]) for row in own
        ]
        assert "r050" in {row["doubt_id"] for row in queue}
        assert {path.name for path in (folder / "rows.queue").iterdir()} == {"queue.csv", "README.txt"}
        assert {row["input_verdict"] for row in queue} == {"mine"}
        assert {row["verdict"] for row in queue} == {""}

    def test_equal_rows(self, folder: Path) -> None:
        """One of the equal rows 1 and 119 stands for both; row 120, with another label, is its conflict."""
        assert run("--size", "120") == 0

        queue = {row["doubt_id"]: row for row in rows(folder / "rows.queue" / "queue.csv")}
        (one,) = {"r000", "r118"} & set(queue)
        assert queue[one]["doubt_equal_rows"] == "2"
        assert {row["doubt_equal_rows"] for name, row in queue.items() if name != one} == {"1"}
        assert json.loads(queue[one]["doubt_conflicts"]) == ["r119"]
        assert json.loads(queue["r119"]["doubt_conflicts"]) == [one]
        assert len(queue) == 119

    @pytest.mark.parametrize("tool", list_tool_names())
    def test_every_format(self, folder: Path, tool: str, capsys: pytest.CaptureFixture[str]) -> None:
        """Every format is written, and what is printed names its README.txt; the data file is unchanged."""
        before = (folder / "rows.csv").read_bytes()

        assert run("--size", "5", "--to", tool, "-o", "out/there") == 0

        title = load_tool(tool).title
        out = capsys.readouterr().out.splitlines()
        assert out[0].startswith(f"5 rows for {title}")
        assert out[-1].endswith(f" {Path('out/there/README.txt')}")
        readme = (folder / "out" / "there" / "README.txt").read_text(encoding="utf-8")
        assert readme.startswith("5 rows of rows.csv ")
        assert (folder / "rows.csv").read_bytes() == before

    def test_its_apply_command(self, folder: Path) -> None:
        """With the verdicts filled in, the command in README.txt writes them back."""
        assert run("--size", "5") == 0
        fill(folder / "rows.queue" / "queue.csv")
        shutil.move(folder / "rows.queue" / "queue.csv", folder / "queue.done.csv")

        assert main.run(command_in(folder / "rows.queue" / "README.txt", "apply")) == 0

        assert (folder / "rows.fixed.csv").read_bytes() == (folder / "rows.csv").read_bytes()

    def test_waived_rows_are_not_queued_again(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """Rows whose label people kept are not in a later queue, unless other waivers are named.

        With as many wrong labels as here, some are doubted; only those are waived.
        """
        write_rows(folder / "rows.csv", wrong={*WRONG, 10, 30, 40, 60, 70, 90, 100})
        assert main.run(["scan", "rows.csv", *SCAN]) == 0
        assert run("--size", "5") == 0
        queue = rows(folder / "rows.queue" / "queue.csv")
        kept = {row["doubt_id"] for row in queue}
        n_kept = sum(int(row["doubt_equal_rows"]) for row in queue)
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
        assert f"Note: {n_waived} row" in out
        assert n_kept == len(kept) == 5
        assert len(asked & kept) == n_kept - n_waived
        (folder / "none.toml").write_text("")
        assert main.run(["queue", "fixed.doubt", "--size", "200", "--force", "--waivers", "none.toml"]) == 0
        assert set(kept) <= {row["doubt_id"] for row in rows(folder / "fixed.queue" / "queue.csv")}

    @pytest.mark.usefixtures("folder")
    def test_one_row(self, capsys: pytest.CaptureFixture[str]) -> None:
        """One row is in the singular."""
        assert run("--size", "1") == 0
        assert capsys.readouterr().out.startswith("1 row for CSV")

    def test_paths_from_here(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """Paths of data and queue are relative to the working directory, as the path of the audit is."""
        for place, audit, up in (("sub", "../rows.doubt", ".."), ("rows.doubt", ".", "..")):
            (folder / place).mkdir(exist_ok=True)
            monkeypatch.chdir(folder / place)

            assert main.run(["queue", audit, "--size", "5", "--force"]) == 0

            readme = (folder / "rows.queue" / "README.txt").read_text(encoding="utf-8")
            assert readme.startswith(f"5 rows of {up}/rows.csv ")
            assert f"doubt apply {up}/rows.csv --" in readme
            assert f" {up}/rows.queue/README.txt\n" in capsys.readouterr().out
            assert str(folder) not in readme

    def test_help_lists_the_tools(self, capsys: pytest.CaptureFixture[str]) -> None:
        """The help of --to lists the tools that are installed."""
        assert main.run(["queue", "--help"]) == 0

        text = " ".join(capsys.readouterr().out.split())
        assert "--to TOOL csv, xlsx, jsonl, parquet, label-studio, argilla, prodigy or doccano. " in text

    def test_completion(self) -> None:
        """A shell completes the names of tools."""
        command = get_command(main.app).commands["queue"]  # type: ignore[attr-defined]
        (option,) = [option for option in command.params if option.name == "to"]

        completions = option.shell_complete(Context(command), "p")

        assert [one.value for one in completions] == ["parquet", "prodigy"]

    def test_quiet(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        """With --quiet nothing is printed."""
        assert run("--quiet") == 0
        assert capsys.readouterr() == ("", "")
        assert (folder / "rows.queue").is_dir()

    def test_notes(self, folder: Path, capsys: pytest.CaptureFixture[str], sentences: Sentences) -> None:
        """The notes on a queue are printed, and are in README.txt."""
        assert run("--size", "500") == 0

        notes = capsys.readouterr().out.partition("\n")[2].rpartition("Note: ")[0]
        readme = (folder / "rows.queue" / "README.txt").read_text(encoding="utf-8")
        assert "500" in notes
        assert "119" in notes
        assert " ".join(notes.split()) in " ".join(readme.split())
        sentences.check(notes)

    @pytest.mark.usefixtures("folder")
    def test_notes_are_wrapped(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """On a narrow terminal a long note is wrapped, and its other lines are indented."""
        monkeypatch.setenv("COLUMNS", "40")

        assert run("--size", "500") == 0

        first, second, *_ = capsys.readouterr().out.splitlines()[1:]
        assert first.startswith("Note: ")
        assert second.startswith("      ")
        assert max(map(len, (first, second))) <= 40

    @pytest.mark.usefixtures("folder")
    def test_colour(self, capsys: pytest.CaptureFixture[str]) -> None:
        """Colour is used only if it is asked for."""
        assert run("--size", "5", "--force") == 0
        assert "\x1b[" not in capsys.readouterr().out
        assert run("--size", "5", "--force", "--color", "always") == 0
        assert "\x1b[" in capsys.readouterr().out

    def test_same_bytes(self, folder: Path) -> None:
        """The same queue has the same bytes, written again or into another folder."""
        held = []
        for place in ("a", "a", "b"):
            assert run("--size", "20", "--strategy", "balanced=50%,random=50%", "-o", place) == 0
            held.append({path.name: path.read_bytes() for path in (folder / place).iterdir()})

        assert held[0] == held[1] == held[2]

    def test_seed(self, folder: Path) -> None:
        """Another seed draws other rows."""
        drawn = []
        for seed in ("0", "1"):
            assert run("--size", "20", "--strategy", "random", "--seed", seed, "-o", seed) == 0
            drawn.append([row["doubt_id"] for row in rows(folder / seed / "queue.csv")])

        assert drawn[0] != drawn[1]


class TestRandomSample:
    """A random sample, on which a scan then measures the noise rate."""

    def test_as_a_scan_writes_it(self, folder: Path) -> None:
        """The sample is the one that `doubt scan --audit-sample` draws, row by row, stratum by stratum."""
        assert main.run(["scan", "rows.csv", *SCAN, "--audit-sample", "60", "-o", "sampled.doubt"]) == 0
        assert run("--size", "60", "--strategy", "random") == 0

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

    def test_a_queue_of_an_earlier_version(self, folder: Path) -> None:
        """A queue in which the strategy is called audit, as it once was, is read as a random sample."""
        assert run("--size", "60", "--strategy", "audit") == 0
        queue = folder / "rows.queue" / "queue.csv"
        assert {row["doubt_strategy"] for row in rows(queue)} == {"random"}
        fill(queue, doubt_strategy="audit")

        assert main.run(["scan", "rows.csv", *SCAN, "--verdicts", str(queue), "-o", "again.doubt"]) == 0

        noise = json.loads((folder / "again.doubt" / "audit.json").read_bytes())["noise_rate"]
        assert (noise["rests_on"], noise["n_checked"], noise["rate"]) == ("verdicts", 60, 0.0)

    @pytest.mark.parametrize("tool", ["csv", "jsonl", "parquet"])
    def test_noise_rate_is_measured(self, folder: Path, tool: str) -> None:
        """With the verdicts filled in, the scan in README.txt measures the rate on the rows drawn."""
        assert run("--size", "100", "--strategy", "top=20%,random=80%", "--to", tool) == 0
        fill(folder / "rows.queue" / f"queue.{tool}")
        shutil.move(folder / "rows.queue" / f"queue.{tool}", folder / f"queue.done.{tool}")
        command = command_in(folder / "rows.queue" / "README.txt", "scan")

        assert main.run([*command, "--quiet"]) == 0

        audit = json.loads((folder / "rows.measured.doubt" / "audit.json").read_bytes())
        noise = audit["noise_rate"]
        assert audit["settings"]["folds"] == 2
        assert (noise["rests_on"], noise["n_checked"], noise["rate"]) == ("verdicts", 80, 0.0)

    def test_decided_rows_are_not_queued_again(self, folder: Path) -> None:
        """Of an audit with verdicts, only rows without one are queued."""
        assert run("--size", "30") == 0
        fill(folder / "rows.queue" / "queue.csv")
        decided = {row["doubt_id"] for row in rows(folder / "rows.queue" / "queue.csv")}
        verdicts = ("--verdicts", "rows.queue/queue.csv")
        assert main.run(["scan", "rows.csv", *SCAN, *verdicts, "-o", "again.doubt"]) == 0

        assert main.run(["queue", "again.doubt", "--size", "120", "-q"]) == 0

        queue = rows(folder / "again.queue" / "queue.csv")
        assert {row["doubt_id"] for row in queue} == {f"r{number:03}" for number in range(120)} - {
            *decided,
            "r000",
            "r118",
        }


def command_in(readme: Path, name: str) -> list[str]:
    """The arguments of the one command of that name in a README.txt."""
    lines = readme.read_text(encoding="utf-8").splitlines()
    [command] = [line for line in lines if line.startswith(f"    doubt {name} ")]
    return shlex.split(command)[1:]


def fill(path: Path, **changes: str) -> None:
    """Keep the given label of every row of a queue; other columns of a CSV file may be changed, too."""
    if path.suffix == ".jsonl":
        queue = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        path.write_text(
            "".join(json.dumps(row | {"verdict": row["given_label"]}) + "\n" for row in queue),
            encoding="utf-8",
        )
    elif path.suffix == ".parquet":
        table = pq.read_table(path)
        place = table.column_names.index("verdict")
        pq.write_table(table.set_column(place, "verdict", table.column("given_label")), path)
    else:
        queue = rows(path)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(queue[0]))
            writer.writeheader()
            writer.writerows(row | {"verdict": row["given_label"]} | changes for row in queue)


class TestOtherData:
    """Data that are not a single file, or have changed since."""

    def test_a_folder_of_parts(
        self, folder: Path, capsys: pytest.CaptureFixture[str], sentences: Sentences
    ) -> None:
        """A note says before the work is done that verdicts can't be written back into a folder of parts."""
        (folder / "parts").mkdir()
        table = pyarrow.csv.read_csv(folder / "rows.csv")
        pq.write_table(table.slice(0, 60), folder / "parts" / "a.parquet")
        pq.write_table(table.slice(60), folder / "parts" / "b.parquet")
        assert main.run(["scan", "parts", *SCAN]) == 0

        assert main.run(["queue", "parts.doubt", "--size", "9", "--strategy", "top=50%,random=50%"]) == 0

        printed, readme = both_texts(capsys, folder / "parts.queue" / "README.txt")
        note = next(part for part in printed.split("Note: ") if part.startswith("parts ")).partition(". ")[0]
        assert note in readme
        sentences.check(note)
        assert " doubt apply" not in readme
        assert " doubt scan parts " in readme

    def test_changed_in_place(
        self, folder: Path, capsys: pytest.CaptureFixture[str], sentences: Sentences
    ) -> None:
        """If a file was corrected in place, its backup is read, and verdicts go into the file itself."""
        (folder / "one.csv").write_text("doubt_id,verdict\nr000,fruit\n")
        assert main.run(["apply", "rows.csv", "--verdicts", "one.csv", "--in-place", "-q"]) == 0

        assert run("--size", "5") == 0

        printed, readme = both_texts(capsys, folder / "rows.queue" / "README.txt")
        note = next(part for part in printed.split("Note: ") if " rows.csv.bak" in part).partition(". ")[0]
        assert note in readme
        sentences.check(note)
        assert " doubt apply rows.csv --verdicts" in readme
        assert {row["text"] for row in rows(folder / "rows.queue" / "queue.csv")} >= {"apple cherry peach"}


def both_texts(capsys: pytest.CaptureFixture[str], readme: Path) -> tuple[str, str]:
    """What was printed, and a README.txt, each on one line."""
    return " ".join(capsys.readouterr().out.split()), " ".join(readme.read_text(encoding="utf-8").split())


class TestTrouble:
    """An error is reported, and nothing is written."""

    @pytest.mark.parametrize(
        ("arguments", "where"),
        [
            (("--strategy", "best"), "--strategy"),
            (("--strategy", "random"), "--size"),
            (("--size", "0"), "--size: "),
            (("--to", "excel"), "--to: 'excel' "),
            (("--output", "rows.csv"), "rows.csv"),
            (("--output", "rows.csv/queue"), "rows.csv/queue"),
        ],
    )
    def test_refused(
        self, folder: Path, arguments: Sequence[str], where: str, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """The exit code is 2, and the message names the option or the path."""
        before = tree(folder)

        assert run(*arguments) == 2

        assert where in capfd.readouterr().err
        assert tree(folder) == before

    def test_another_queue_in_the_way(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """A queue with verdicts is replaced only with --force; other files in the folder stay."""
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
        """If there is no audit, the message says that `doubt scan` writes one."""
        monkeypatch.chdir(tmp_path)

        assert main.run(["queue", "nothing.doubt"]) == 2
        assert "`doubt scan`" in capfd.readouterr().err

    def test_data_in_place_of_an_audit(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """If the data are named, the message names their audit."""
        assert main.run(["queue", "rows.csv"]) == 2

        err = capfd.readouterr().err
        assert err.startswith("doubt: rows.csv: ")
        assert err.endswith(" rows.doubt\n")
        assert not (folder / "rows.queue").exists()

    def test_standard_input(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """An audit of standard input has no data to make a queue from, and nothing is written."""
        piped = io.TextIOWrapper(io.BytesIO((folder / "rows.csv").read_bytes()), encoding="utf-8")
        monkeypatch.setattr("sys.stdin", piped)
        assert main.run(["scan", "-", "--input-format", "csv", *SCAN]) == 0

        assert main.run(["queue", "stdin.doubt"]) == 2
        assert capfd.readouterr().err.startswith("doubt: stdin.doubt: ")
        assert not (folder / "stdin.queue").exists()

    def test_data_were_changed(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """Rows of a file that has changed since are not handed out."""
        with (folder / "rows.csv").open("a") as file:
            file.write("r999,new,tool,\n")

        assert run() == 2
        assert "doubt: rows.doubt: rows.csv " in capfd.readouterr().err

    def test_an_audit_of_the_first_schema(
        self, folder: Path, capfd: pytest.CaptureFixture[str], sentences: Sentences
    ) -> None:
        """An audit of a version that knew no tiers is refused, and the message asks for a new scan."""
        file = folder / "rows.doubt" / "audit.json"
        document = json.loads(file.read_bytes()) | {"schema_version": 1}
        file.write_text(json.dumps(document), encoding="utf-8")

        assert run() == 2
        sentences.check(capfd.readouterr().err)

    def test_no_doubted_row(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """If no row is doubted or contradicted, there is nothing to hand out, and the message says so."""
        clean = [
            line
            for line in (folder / "rows.csv").read_text().splitlines()
            if "apple cherry peach" not in line and not line.startswith(("r020", "r050", "r080"))
        ]
        (folder / "clean.csv").write_text("\n".join(clean) + "\n")
        assert main.run(["scan", "clean.csv", *SCAN]) == 0

        assert rows(folder / "clean.doubt" / "queue.csv") == []
        assert main.run(["queue", "clean.doubt"]) == 2
        assert "--size 20" in capfd.readouterr().err

    def test_labels_that_a_format_cannot_hold(self, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
        """A label that XML can't hold is an error for Label Studio, not for other tools."""
        odd = (folder / "rows.csv").read_text().replace(",tool,", ",to\x01ol,")
        (folder / "odd.csv").write_text(odd)
        assert main.run(["scan", "odd.csv", *SCAN]) == 0

        assert main.run(["queue", "odd.doubt", "--to", "label-studio"]) == 2
        assert r"'to\x01ol'" in capfd.readouterr().err
        assert not (folder / "odd.queue").exists()
        assert main.run(["queue", "odd.doubt", "--to", "doccano"]) == 0


KILLED = """
import json, os, random, shutil, sys, time
from pathlib import Path
from doubtcli.cli import main

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

assert main.run(ARGUMENTS) == 0  # so that all modules are loaded, and each run is short
shutil.rmtree(QUEUE)
began = time.monotonic()
assert os.waitpid(start(), 0)[1] == 0
took = time.monotonic() - began
print(json.dumps(held()), flush=True)  # a child that ends would print what is left here
for moment in range(8):
    shutil.rmtree(QUEUE, ignore_errors=True)
    child, ended = start(), (0, 0)
    if moment % 2:  # the moments that matter most are those when the files are being written
        while not HIDDEN.exists() and ended == (0, 0):
            ended = os.waitpid(child, os.WNOHANG)
    else:
        time.sleep(chance.uniform(0, 1.5 * took))
    if ended == (0, 0):
        os.kill(child, 9)
        ended = os.waitpid(child, 0)
    killed = {"signal": os.WTERMSIG(ended[1]), "held": held(), "was_writing": HIDDEN.exists()}
    assert os.waitpid(start("--force"), 0)[1] == 0
    print(json.dumps(killed | {"recovered": held(), "left": HIDDEN.exists()}), flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
def test_killed(folder: Path) -> None:
    """At any moment it is killed, the queue is whole or not there, and the next run leaves nothing behind."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    whole, *runs = map(json.loads, done.stdout.splitlines())

    assert whole == [".argilla/dataset.json", ".argilla/settings.json", "README.txt", "records.json"]
    assert len(runs) == 8
    for run_ in runs:
        assert run_["held"] in ([], whole)
        assert (run_["recovered"], run_["left"]) == (whole, False)
    assert [run_ for run_ in runs if run_["signal"] == 9 and run_["was_writing"] and run_["held"] == []]


def tree(folder: Path) -> dict[str, Any]:
    """All files in a folder, with their content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
