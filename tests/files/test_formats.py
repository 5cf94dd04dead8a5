"""The registry of file formats; and one from outside the package, taken through the commands."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from doubtcli.errors import FormatError, InputError
from doubtcli.files.csv import Csv
from doubtcli.files.formats import (
    fill_in_formats,
    find_by_ending,
    find_format,
    format_words,
    guess_format,
    input_format_of,
    load_formats,
    name_in_crash,
    title_of,
)
from doubtcli.records import Source
from doubtcli.settings import FILE_KEYS

if TYPE_CHECKING:
    from collections.abc import Callable

FROM_OUTSIDE = Path(__file__).parent / "from_outside"


@pytest.fixture
def bring(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Installs a format `odd` from a package of the same name, by the lines of its class."""

    def bring_format(lines: str, base: str = "Csv") -> None:
        (tmp_path / "odd_format.py").write_text(
            f"from doubtcli.files.csv import Csv\n\n\nclass Odd({base}):\n"
            f"    name, title, endings = 'odd', 'Odd', ('.odd',)\n    {lines}\n"
        )
        info = tmp_path / "odd-2.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd\nVersion: 2.0\n")
        (info / "entry_points.txt").write_text("[doubtcli.formats]\nodd = odd_format:Odd\n")
        monkeypatch.syspath_prepend(tmp_path)
        monkeypatch.delitem(sys.modules, "odd_format", raising=False)

    return bring_format


# ------------------------------------------------------------------------- the registry


def test_formats_are_named_in_a_steady_order(bring: Callable[..., None]) -> None:
    """Ours come first, the most usual first; any other follows."""
    bring("pass")

    assert format_words() == ("csv", "tsv", "jsonl", "parquet", "arrow", "odd")
    assert fill_in_formats(FILE_KEYS["input-format"].about) == (
        "How the file is stored: csv, tsv, jsonl, parquet, arrow or odd."
    )


def test_other_peoples_formats_can_be_left_out(
    bring: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DOUBT_PLUGINS=off leaves only ours."""
    bring("pass")
    monkeypatch.setenv("DOUBT_PLUGINS", "off")

    assert "odd" not in load_formats()


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("title = property()\n    del title\n    1 / 0", "it can't be imported: ZeroDivisionError"),
        ("def __init__(self, size): pass", "it can't be made: "),
        ("endings = ('.odd', '.tsv')", "'.tsv' means TSV already"),
        ("aliases = ('feather',)", "'feather' means Arrow already"),
    ],
    ids=["import", "constructor", "ending", "alias"],
)
def test_format_that_can_t_be_used(bring: Callable[..., None], lines: str, message: str) -> None:
    """A format that fails to load, or takes what means another one, is refused by its name and package."""
    bring(lines)

    with pytest.raises(FormatError, match=message) as caught:
        load_formats()

    assert caught.value.where == "file format 'odd' of odd 2.0"


def test_format_that_lacks_something(bring: Callable[..., None]) -> None:
    """A format that inherits nothing has to have all parts: the first that is missing is named."""
    bring("pass", base="object")

    with pytest.raises(FormatError, match="it has no 'aliases'"):
        load_formats()


@pytest.mark.parametrize(
    ("word", "name"),
    [("csv", "csv"), ("tsv", "csv"), ("ndjson", "jsonl"), ("feather", "arrow"), ("parquet", "parquet")],
)
def test_word_leads_to_a_format(word: str, name: str) -> None:
    """Whatever --input-format takes leads to a format, which a `Source` names."""
    assert find_format(word).name == name


def test_format_that_is_not_installed() -> None:
    """A format that no package brings is an error with those there are; a report has its bare name."""
    with pytest.raises(InputError, match="there is no file format 'lines'") as caught:
        find_format("lines")

    assert caught.value.expected == "one of csv, tsv, jsonl, parquet, arrow"
    assert (title_of("lines"), title_of("jsonl")) == ("lines", "JSON Lines")


@pytest.mark.parametrize(
    ("path", "head", "word"),
    [
        ("a.TSV", b"", "tsv"),
        ("a.csv.gz", b"PAR1", "csv"),
        ("a", b"PAR1", "parquet"),
        ("a.txt", b"ARROW1", "arrow"),
        ("a.txt", b"\xff\xff\xff\xff", "arrow"),
        ("a.txt", b"\xef\xbb\xbf {", "jsonl"),
        ("a.txt", b"[1", "csv"),
        ("a.txt", b"\ta", "csv"),
    ],
)
def test_guess(path: str, head: bytes, word: str) -> None:
    """The ending says the format, else the first bytes; what nothing else recognises is CSV."""
    assert guess_format(path, head) == word


@pytest.mark.parametrize(("path", "word"), [("a.pq", "parquet"), ("a.b.json.zst", "jsonl"), ("a.txt", None)])
def test_ending(path: str, word: str | None) -> None:
    """A name promises a format by its ending, whatever it is packed by."""
    assert find_by_ending(path) == word


@pytest.mark.parametrize(
    ("source", "word"),
    [
        (Source("a", "csv", 0, "", delimiter="\t"), "tsv"),
        (Source("a", "csv", 0, "", delimiter=";"), "csv"),
        (Source("a", "arrow", 0, ""), "arrow"),
    ],
)
def test_input_format_of(source: Source, word: str) -> None:
    """What was read is read again by the word of its format; by tsv where tabs keep the fields apart."""
    assert input_format_of(source) == word


def test_crash_is_blamed_on_whose_it_is() -> None:
    """What somebody else's format raises names the format; what ours raises stays as it is."""

    class Foreign(Csv):
        title = "Foreign"

    with pytest.raises(FormatError, match="it crashed: KeyError: 'x'"), name_in_crash(Foreign()):
        raise KeyError("x")
    with pytest.raises(KeyError), name_in_crash(Csv()):
        raise KeyError("x")


def test_registry_is_light() -> None:
    """Naming the formats imports none of them."""
    script = (
        "import sys; from doubtcli.files.formats import format_words; format_words(); "
        "print(sorted({'pyarrow', 'numpy', 'pandas', 'doubtcli.files.csv'} & sys.modules.keys()))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


# ------------------------------------------------------------ a format from outside the package

WORDS = {"fruit": ["apple", "pear", "plum", "fig"], "tool": ["saw", "drill", "axe", "file"]}
ROWS = [
    (label, f"{WORDS[label][row % 4]} {WORDS[label][row // 4 % 4]} é{row}")
    for row in range(24)
    for label in WORDS
]
WRONG = 30


def doubt(folder: Path, *arguments: str, code: int = 0) -> str:
    """What the command prints, with the format installed."""
    done = subprocess.run(
        [sys.executable, "-m", "doubtcli", *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(FROM_OUTSIDE), "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a file of the format, in Latin-1, scanned; one of its labels is wrong."""
    folder = tmp_path_factory.mktemp("outside")
    rows = list(ROWS)
    rows[WRONG] = ("tool", ROWS[WRONG][1])
    content = "".join(f"{label}|{text}\r\n" for label, text in rows)
    (folder / "data.lines").write_bytes(content.encode("latin-1"))
    (folder / "scan.txt").write_text(doubt(folder, "scan", "data.lines", "--fast"), encoding="utf-8")
    return folder


def test_scan_reads_it(outside: Path) -> None:
    """It is known by its ending, named in the report and recorded; the audit is named after the file."""
    document = json.loads((outside / "data.doubt" / "audit.json").read_text(encoding="utf-8"))

    assert "labelled lines, latin-1" in (outside / "scan.txt").read_text(encoding="utf-8")
    assert (document["input"]["format"], document["input"]["encoding"]) == ("lines", "latin-1")


def test_help_names_it(outside: Path) -> None:
    """The help of --input-format lists it."""
    assert "csv, tsv, jsonl, parquet, arrow or lines." in " ".join(doubt(outside, "scan", "--help").split())


def test_gate_finds_its_lines(outside: Path) -> None:
    """A gate names the physical line of a doubted row."""
    printed = doubt(outside, "gate", "data.doubt", "--max-doubted", "0", "--output-format", "concise", code=1)

    assert f"data.lines:{WRONG + 1}: " in printed


def test_apply_rewrites_it_and_undo_gives_it_back(outside: Path) -> None:
    """Applying a verdict changes the bytes of one label; undoing it gives the very bytes back."""
    with (outside / "data.doubt" / "queue.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    (decided,) = [row for row in rows if row["text"] == ROWS[WRONG][1]]
    with (outside / "done.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, decided)
        writer.writeheader()
        writer.writerow(decided | {"verdict": ROWS[WRONG][0]})

    doubt(outside, "apply", "data.lines", "--verdicts", "done.csv", "-o", "fixed.lines", "--no-waive")
    doubt(outside, "undo", "fixed.lines", "-o", "before.lines")

    fixed = "".join(f"{label}|{text}\r\n" for label, text in ROWS)
    assert (outside / "fixed.lines").read_bytes() == fixed.encode("latin-1")
    assert (outside / "before.lines").read_bytes() == (outside / "data.lines").read_bytes()
