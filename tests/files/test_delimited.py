from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from doubtcli.errors import InputError, SettingsError
from doubtcli.files.formats import rewrite_content
from doubtcli.files.table import read_table
from doubtcli.files.text import find_physical_lines
from doubtcli.records import ReadOptions
from doubtcli.records.file_format import FileLayout, Relabel

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.records import Table
    from tests.conftest import Sentences

ROWS = "1,see you,ham\n2,win now,spam\n3,call me,ham\n"
READ = {"id": ["1", "2", "3"], "text": ["see you", "win now", "call me"], "label": ["ham", "spam", "ham"]}


def read(folder: Path, content: str, options: ReadOptions | None = None, name: str = "r.csv") -> Table:
    """The table of a file with this content."""
    (folder / name).write_bytes(content.encode())
    return read_table(str(folder / name), options or ReadOptions())


def relabel_second(table: Table, content: str) -> str:
    """The content with "other" as the label of the second row, rewritten as it was read."""
    source, names = table.source, table.data.column_names
    column = "label" if "label" in names else names[-1]
    layout = FileLayout(
        source.format,
        column,
        names.index(column),
        len(names),
        delimiter=source.delimiter or ",",
        quoting=source.quoting,
        has_header=source.has_header,
        lead_lines=source.lead_lines,
    )
    made = rewrite_content(content.encode(), layout, {1: Relabel("other")})
    assert made.n_rows == table.data.num_rows
    return made.content.decode()


LEADS = {
    "a comment": "# exported by the team\n",
    "comments, of as many fields as wanted": "# made 2024-01-05\n# project: tickets, v2\n",
    "a title": "Ticket labels 2024\n",
    "a title and a blank line": "Ticket labels 2024\n\n",
    "a title in a spreadsheet": "Ticket labels 2024,,\n,,\n",
    "a title in quotes": '"Tickets, labelled"\n',
    "a comment of more fields": "# a, b, c, d\n",
    "a title in parts": "Exported by Ann, Berlin\n",
    "a title and who made it": "Tickets\nBy: Ann\n\n",
    "a percent sign": "% made\r\n",
    "two slashes": "// made by hand\n",
    "a delimiter and a comment": "sep=,\n# made\n",
}


@pytest.mark.parametrize("lead", LEADS.values(), ids=LEADS.keys())
def test_lines_above_the_header_are_no_rows(tmp_path: Path, lead: str) -> None:
    """Comments and titles are skipped and noted; rows keep their lines, and are rewritten."""
    content = f"{lead}id,text,label\n{ROWS}"

    table = read(tmp_path, content)

    assert table.data.to_pydict() == READ
    assert any("above the header" in note for note in table.notes)
    last = content.count("\n")
    assert find_physical_lines(table.source, [3]) == {3: (last, last)}
    assert relabel_second(table, content) == content.replace("win now,spam", "win now,other")


def test_a_comment_is_found_where_as_many_rows_end_with_one_more_delimiter_as_do_not(tmp_path: Path) -> None:
    """Two records have two fields, and two a third, empty one."""
    path = tmp_path / "rows.csv"
    path.write_text("# made by hand\nlabel,word\nham,x\nham,y,\nspam,z,\n", encoding="utf-8")

    table = read_table(str(path))

    assert table.data.to_pylist() == [
        {"label": "ham", "word": "x"},
        {"label": "ham", "word": "y"},
        {"label": "spam", "word": "z"},
    ]


def test_lines_above_the_header_are_named(tmp_path: Path, sentences: Sentences) -> None:
    """The note has the numbers of the lines."""
    (note,) = read(tmp_path, f"# made\n# by hand\nid,text,label\n{ROWS}").notes

    sentences.check(note)


HEADERS = {
    "a column named by a sign": ("#id,label\n1,a\n2,b\n3,a\n", ["#id", "label"]),
    "the first column without a name": (",label\n0,a\n1,b\n2,a\n", ["unnamed_0", "label"]),
    "one column": ("# label\na\nb\na\n", ["# label"]),
    "surplus delimiters below it": ("id,label\n1,a,\n2,b,\n3,a,\n", ["id", "label"]),
    "mostly empty columns": ("id,label,x,y\n1,a,,\n2,b,,\n3,a,,\n", ["id", "label", "x", "y"]),
}


@pytest.mark.parametrize(("content", "names"), HEADERS.values(), ids=HEADERS.keys())
def test_a_header_is_no_title(tmp_path: Path, content: str, names: list[str]) -> None:
    """A first line that may be a header is one."""
    assert read(tmp_path, content).data.column_names == names


def test_a_title_is_followed_by_names(tmp_path: Path) -> None:
    """A line of one field above numbers is a broken header, not a title."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, "x\n1,5\n2,6\n3,7\n")

    assert caught.value.line == 2


QUOTED = {
    "spaced": 'id, text, label\n1, "see, you", ham\n2, "win, now", spam\n3, "call", ham\n',
    "backslash": 'id,text,label\n1,"see, \\"you\\"",ham\n2,"win \\\\ now",spam\n3,call,ham\n',
    "single": "id,text,label\n1,'see, you',ham\n2,'it''s, now',spam\n3,call,ham\n",
}
TEXTS = {
    "spaced": ["see, you", "win, now", "call"],
    "backslash": ['see, "you"', "win \\ now", "call"],
    "single": ["see, you", "it's, now", "call"],
}


@pytest.mark.parametrize("quoting", QUOTED)
def test_quotes_of_other_kinds_are_found(tmp_path: Path, quoting: str, sentences: Sentences) -> None:
    """Where plain quotes give rows of other widths, other quotes that fit every row are read, and noted."""
    table = read(tmp_path, QUOTED[quoting])

    assert table.data["text"].to_pylist() == TEXTS[quoting]
    assert table.data["label"].to_pylist() == ["ham", "spam", "ham"]
    assert table.source.quoting == quoting
    sentences.check("\n".join(table.notes))
    assert relabel_second(table, QUOTED[quoting]) == QUOTED[quoting].replace("spam", "other")


def test_missing_values_of_databases_keep_their_backslash(tmp_path: Path) -> None:
    r"""`\N` is a missing value in a database's export, not the letter N."""
    content = 'id,text,label\n1,"see \\"you\\"",\\N\n\\N,\\N,spam\n'

    assert read(tmp_path, content).data.to_pydict() == {
        "id": ["1", "\\N"],
        "text": ['see "you"', "\\N"],
        "label": ["\\N", "spam"],
    }


@pytest.mark.parametrize(
    "content",
    [
        'id,label\n1,"a"b\n2,c\n',
        "id,label\n1,it's, so\n2,c\n",
        "id,text,label\n1,'a, b',\"x\n2,c,d\n",
    ],
    ids=["text after a quote", "an apostrophe", "both quotes"],
)
def test_quotes_are_not_guessed_from_broken_ones(tmp_path: Path, content: str) -> None:
    """A row that is broken stays an error, with its line."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)

    assert caught.value.line == 2


SHORT = "id,text,label,note\n1,see you,ham\n2,win now,spam\n3,call me,ham,x\n4,go on,ham\n"


def test_rows_that_end_early_are_read(tmp_path: Path, sentences: Sentences) -> None:
    """If several rows lack their last fields, these are missing; the lines are noted, and rewritten."""
    table = read(tmp_path, SHORT)

    assert table.data["note"].to_pylist() == [None, None, "x", None]
    assert relabel_second(table, SHORT) == SHORT.replace("spam", "other")
    sentences.check("\n".join(table.notes))


BROKEN = {
    "one row in a text's line end": ("id,text,label\n1,see\nyou,ham\n2,win,spam\n3,now,ham\n", 2),
    "only one short row": ("id,text,label\n1,see,ham\n2,win\n3,now,ham\n", 3),
    "one field": ("id,text,label\n1,see,ham\nwin\n3,now,ham\n", 3),
    "the file ends within a row": ("id,text,label\n1,see,ham\n2,wi", 3),
}


@pytest.mark.parametrize(("content", "line"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_rows_are_refused(tmp_path: Path, content: str, line: int, sentences: Sentences) -> None:
    """A row that a line end broke, or that is cut, is named with its line and the likely cause."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, content)

    assert caught.value.line == line
    sentences.check(caught.value)


def test_curly_quotes_are_named_with_a_command(tmp_path: Path, sentences: Sentences) -> None:
    """Curly quotes around a field with a delimiter are named as the cause, and the command works."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, "id,text,label\n1,\u201csee, you\u201d,ham\n2,win,spam\n")
    command = str(caught.value.hint).partition(": ")[2]

    subprocess.run(command, shell=True, check=True)  # what the user is asked to run

    assert read_table(str(tmp_path / "r.plain.csv")).data["text"].to_pylist() == ["see, you", "win"]
    sentences.check(str(caught.value.hint).partition(": ")[0])


@pytest.mark.parametrize(
    "footer",
    ["Total: 3 rows\n", "(3 rows)", "\nexported by the team\n", "-- end --\n", "# made\n\n", "\x1a\r\n"],
)
def test_lines_after_the_last_row_are_no_rows(tmp_path: Path, footer: str) -> None:
    """A line of one field after the last row that says what it is, or after a blank line, is left out."""
    content = f"id,text,label\n{ROWS}{footer}"

    table = read(tmp_path, content)

    assert table.data.to_pydict() == READ
    assert any("after the last row" in note for note in table.notes)
    assert relabel_second(table, content) == content.replace("win now,spam", "win now,other")


@pytest.mark.parametrize("padding", ["\x1a", "\0" * 700, "\0\x1a\0"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_padding_at_the_end_is_no_text(tmp_path: Path, padding: str, end: str) -> None:
    """NULs and Ctrl-Z after the last row are left out, noted, and stay in a rewritten file."""
    content = f"id,text,label\n{ROWS.rstrip()}{end}{padding}"

    table = read(tmp_path, content)

    assert table.data.to_pydict() == READ
    assert len(table.notes) == 1
    assert relabel_second(table, content) == content.replace("win now,spam", "win now,other")


def test_a_nul_is_refused_with_its_line_and_a_command(tmp_path: Path, sentences: Sentences) -> None:
    """A NUL within a text is named by its line, and the command removes it."""
    with pytest.raises(InputError) as caught:
        read(tmp_path, "id,text,label\n1,see you,ham\n2,wi\0n now and many more words of this row,spam\n")

    assert caught.value.line == 3
    assert "tr -d '\\000'" in str(caught.value.hint)
    sentences.check(caught.value.found)


BLANKS = "R1   0.5  3 \ta\nR2 \t 0.25\t12  b\n  R3   1.5  4   a\nR4   0.1  9   b\nR5   1.0  7   a\n"


def test_columns_separated_by_blanks(tmp_path: Path) -> None:
    """Runs of spaces and tabs separate columns where every line has as many words; the file is rewritten."""
    content = f"id   x    n   label\n{BLANKS}"

    table = read(tmp_path, content, name="r.data")

    assert table.data["x"].to_pylist() == ["0.5", "0.25", "1.5", "0.1", "1.0"]
    assert table.data["label"].to_pylist() == ["a", "b", "a", "b", "a"]
    assert relabel_second(table, content) == content.replace("12  b", "12  other")


@pytest.mark.parametrize(
    "content",
    ["text\n" + "two words\n" * 9, "a\tb\n" + "x  y\tz  w\n" * 9, "text,label\n" + "a  b,c\n" * 9],
    ids=["texts", "tabs", "commas"],
)
def test_blanks_in_texts_separate_nothing(tmp_path: Path, content: str) -> None:
    """Texts of equally many words stay texts."""
    assert read(tmp_path, content).source.delimiter != " "


HEADLESS = {
    "commas": ("ham,see you\nspam,win now\n", "r.csv"),
    "tabs": ("ham\tsee, you\nspam\twin, now\n", "r.tsv"),
    "a comment": ("# made\nham,see you\nspam,win now\nham,ok\n", "r.csv"),
}


@pytest.mark.parametrize(("content", "name"), HEADLESS.values(), ids=HEADLESS.keys())
def test_file_without_a_header(tmp_path: Path, content: str, name: str) -> None:
    """With --no-header the first row is a row, and the columns are named by their places."""
    table = read(tmp_path, content, ReadOptions(has_header=False), name)

    assert table.data.column_names == ["column_1", "column_2"]
    assert table.data["column_1"].to_pylist()[:2] == ["ham", "spam"]
    first = 1 + content.count("#")
    assert find_physical_lines(table.source, [1, 2]) == {1: (first, first), 2: (first + 1, first + 1)}
    assert relabel_second(table, content) == content.replace("win now", "other").replace("win, now", "other")


@pytest.mark.parametrize(("name", "content"), [("r.jsonl", '{"a": 1}\n'), ("r.json", "[]")])
def test_only_delimited_files_have_a_header(tmp_path: Path, name: str, content: str) -> None:
    """--no-header with another format is refused."""
    with pytest.raises(SettingsError) as caught:
        read(tmp_path, content, ReadOptions(has_header=False), name)

    assert caught.value.where == "--no-header"
