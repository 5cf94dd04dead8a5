"""The registry of file formats; and a plug-in's format, used with all commands."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from doubtcli.cli import main
from doubtcli.errors import FormatError, InputError
from doubtcli.files.csv import Csv
from doubtcli.files.formats import (
    fill_in_formats,
    find_by_ending,
    find_format,
    find_input_format,
    find_title,
    guess_format,
    list_format_words,
    load_formats,
    name_in_crash,
)
from doubtcli.records import Source
from doubtcli.settings.fields import INSTALLED_FORMATS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import Sentences

FROM_OUTSIDE = Path(__file__).parent / "from_outside"


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Installs a format `odd` from a package of the same name, with these lines in its class."""

    def install_format(lines: str, base: str = "Csv") -> None:
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

    return install_format


# ------------------------------------------------------------------------- the registry


def test_formats_are_listed_in_a_fixed_order(install: Callable[..., None]) -> None:
    """Ours come first, the most usual first; plug-ins follow."""
    install("pass")

    assert list_format_words() == ("csv", "tsv", "jsonl", "parquet", "arrow", "xlsx", "fasttext", "odd")
    assert fill_in_formats(INSTALLED_FORMATS) == "csv, tsv, jsonl, parquet, arrow, xlsx, fasttext or odd"


def test_plug_ins_can_be_turned_off(install: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    """With DOUBT_PLUGINS=off there are only our own formats."""
    install("pass")
    monkeypatch.setenv("DOUBT_PLUGINS", "off")

    assert "odd" not in load_formats()


@pytest.mark.parametrize(
    ("lines", "fact"),
    [
        ("title = property()\n    del title\n    1 / 0", "ZeroDivisionError"),
        ("def __init__(self, size): pass", "size"),
        ("endings = ('.odd', '.tsv')", "'.tsv'"),
        ("aliases = ('feather',)", "'feather'"),
    ],
    ids=["import", "constructor", "ending", "alias"],
)
def test_format_that_can_t_be_used(
    install: Callable[..., None], lines: str, fact: str, sentences: Sentences
) -> None:
    """A format that fails to load, or has a word or an ending of another one, is refused by its name."""
    install(lines)

    with pytest.raises(FormatError) as caught:
        load_formats()

    assert caught.value.where == "file format 'odd' of odd 2.0"
    assert fact in caught.value.found
    sentences.check(caught.value)


def test_format_that_lacks_a_part(install: Callable[..., None]) -> None:
    """A format without a base class must have all parts: the first missing one is named."""
    install("pass", base="object")

    with pytest.raises(FormatError) as caught:
        load_formats()

    assert "'aliases'" in caught.value.found


@pytest.mark.parametrize(
    ("word", "name"),
    [("csv", "csv"), ("tsv", "csv"), ("ndjson", "jsonl"), ("feather", "arrow"), ("parquet", "parquet")],
)
def test_word_leads_to_a_format(word: str, name: str) -> None:
    """Every value of --input-format leads to a format, with the name that a `Source` has."""
    assert find_format(word).name == name


def test_format_that_is_not_installed(sentences: Sentences) -> None:
    """A format that no package provides is an error that lists the formats; a report has its bare name."""
    with pytest.raises(InputError) as caught:
        find_format("lines")

    assert "'lines'" in caught.value.found
    sentences.check(caught.value)
    assert (find_title("lines"), find_title("jsonl")) == ("lines", "JSON Lines")


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
    """The ending decides on the format, else the first bytes; what no other format recognises is CSV."""
    assert guess_format(path, head) == word


@pytest.mark.parametrize(("path", "word"), [("a.pq", "parquet"), ("a.b.json.zst", "jsonl"), ("a.txt", None)])
def test_ending(path: str, word: str | None) -> None:
    """The ending of a name leads to a format, with any ending for its compression."""
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
    """A file is read again with the word of its format; with tsv if tabs separate the fields."""
    assert find_input_format(source) == word


def test_crash_names_the_plug_in() -> None:
    """What a plug-in's format raises becomes an error with its name; what ours raises is not changed."""

    class Foreign(Csv):
        title = "Foreign"

    with pytest.raises(FormatError) as caught, name_in_crash(Foreign()):
        raise KeyError("x")
    assert "Foreign" in str(caught.value.where)
    assert "KeyError: 'x'" in caught.value.found
    with pytest.raises(KeyError), name_in_crash(Csv()):
        raise KeyError("x")


def test_registry_is_light() -> None:
    """Naming the formats imports none of them."""
    script = (
        "import sys; from doubtcli.files.formats import list_format_words; list_format_words(); "
        "print(sorted({'pyarrow', 'numpy', 'pandas', 'doubtcli.files.csv'} & sys.modules.keys()))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


# ------------------------------------------------------------ a plug-in's format

WORDS = {"fruit": ["apple", "pear", "plum", "fig"], "tool": ["saw", "drill", "axe", "file"]}
ROWS = [
    (label, f"{WORDS[label][row % 4]} {WORDS[label][row // 4 % 4]} é{row}")
    for row in range(24)
    for label in WORDS
]
WRONG = 30


def doubt(*arguments: str, code: int = 0) -> str:
    """What the command prints, in the working directory."""
    stdout = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(stdout):
        assert main.run(arguments) == code
    return stdout.buffer.getvalue().decode()


@pytest.fixture(scope="module")
def outside(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with a file of the format, in Latin-1, and its audit; one of the labels is wrong."""
    folder = tmp_path_factory.mktemp("outside")
    rows = list(ROWS)
    rows[WRONG] = ("tool", ROWS[WRONG][1])
    content = "".join(f"{label}|{text}\r\n" for label, text in rows)
    (folder / "data.lines").write_bytes(content.encode("latin-1"))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FROM_OUTSIDE))
        patch.chdir(folder)
        patch.setenv("COLUMNS", "200")
        printed = doubt("scan", "data.lines", "--fast", "--no-progress")
        (folder / "scan.txt").write_text(printed, encoding="utf-8")
        yield folder


def test_scan_reads_it(outside: Path) -> None:
    """It is recognised by its ending, named in the report and recorded; its audit has the file's name."""
    document = json.loads((outside / "data.doubt" / "audit.json").read_text(encoding="utf-8"))

    assert "labelled lines" in (outside / "scan.txt").read_text(encoding="utf-8")
    assert (document["input"]["format"], document["input"]["encoding"]) == ("lines", "latin-1")


@pytest.mark.usefixtures("outside")
def test_help_names_it() -> None:
    """The help of --input-format lists it."""
    assert "csv, tsv, jsonl, parquet, arrow, xlsx, fasttext or lines" in " ".join(
        doubt("scan", "--help").split()
    )


@pytest.mark.usefixtures("outside")
def test_gate_finds_its_lines() -> None:
    """A gate names the physical line of a contradicted row."""
    printed = doubt("gate", "data.doubt", "--max-contradicted", "0", "--output-format", "concise", code=1)

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

    doubt("apply", "data.lines", "--verdicts", "done.csv", "-o", "fixed.lines", "--no-waive")
    doubt("undo", "fixed.lines", "-o", "before.lines")

    fixed = "".join(f"{label}|{text}\r\n" for label, text in ROWS)
    assert (outside / "fixed.lines").read_bytes() == fixed.encode("latin-1")
    assert (outside / "before.lines").read_bytes() == (outside / "data.lines").read_bytes()
