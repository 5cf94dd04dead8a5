"""Files that people try and that hold no table as they are: each is named, with a command that makes one."""

from __future__ import annotations

import codecs
import json
import re
from dataclasses import dataclass
from itertools import pairwise
from pathlib import PurePath
from typing import TYPE_CHECKING

import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.dialect import KNOWN_NAMES
from doubtcli.files.formats import find_by_ending
from doubtcli.wording.lists import quote_names
from doubtcli.wording.quoting import shell_word, shorten_quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

LFS_START = b"version https://git-lfs.github.com/spec/"
"""The first bytes of every pointer: Git LFS's specification, docs/spec.md."""

ZIP_START, SQLITE_START = b"PK\x03\x04", b"SQLite format 3\0"
OFFICE_PARTS = ("[Content_Types].xml", "_rels/", "docProps/", "xl/", "mimetype")
"""The names with which a workbook of Excel or OpenDocument may begin."""
SQLITE_TABLE = re.compile(rb"CREATE TABLE (?:IF NOT EXISTS )?[\"'`\[]?([A-Za-z_]\w*)", re.IGNORECASE)
"""A table in the schema, which is on the first page: https://www.sqlite.org/fileformat.html, 2.6."""

SAMPLE_LINES = 50

LIBSVM = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d+)?( +\d+:[+-]?[\d.]+([eE][+-]?\d+)?)+ *(#.*)?")
"""A label, then numbered values: https://www.csie.ntu.edu.tw/~cjlin/libsvmtools/datasets/."""
FASTTEXT = "__label__"
TAG = re.compile(r"(O|[BIESLU]-\S+)")
"""A token's tag in the schemes IOB, IOBES and BILOU."""
FEWEST_TAGGED = 5
MARKUP_TITLE = re.compile(r"<(title|Code|Message)>\s*([^<]{1,80}?)\s*</", re.IGNORECASE)

ANNOTATOR = re.compile(
    r"(annotator|rater|coder|worker|judge|labell?er|reviewer)([ _-]?(id|name))?", re.IGNORECASE
)
ROWS_FOR_EACH = 1.5
"""The fewest rows for each example, on average, in a table with a row for each answer."""

SAMPLE_VALUES, FEWEST_VALUES, FEWEST_VOTES, MANY_WORDS = 1000, 8, 2, 4
NUMBER_WORD = re.compile(r"\s*[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\s*")

COCO = frozenset({"images", "annotations", "categories"})

AUDITED = frozenset({"row_id", "given_label", "suggested_label", "doubt", "rank", "doubted", "why"})
"""Columns that the doubts.parquet of every version has."""

OPEN_JSON = "json.load(open(sys.argv[1], encoding='utf-8-sig'))"
OPEN_LINES = "map(json.loads, open(sys.argv[1], encoding='utf-8-sig'))"


@dataclass(frozen=True)
class _Foreign:
    """What a file is, what was expected, and what to do."""

    is_a: str
    hint: str
    expected: str = "a table with a row for each example, and a column of labels"

    def make_error(self, where: str) -> InputError:
        return InputError(f"this is {self.is_a}", where=where, expected=self.expected, hint=self.hint)


@dataclass(frozen=True)
class _Start:
    """The first bytes and characters of a file, its first whole lines without their ends, and its path."""

    head: bytes
    text: str
    lines: Sequence[str]
    where: str


@dataclass(frozen=True)
class _Read:
    """What was read of a file, whether it is one JSON array, and its path."""

    data: pa.Table
    is_array: bool
    where: str


def check_pointer(head: bytes, where: str) -> None:
    """Refuse a Git LFS pointer, with any file ending.

    Raises:
        InputError: The file's content has not been fetched.
    """
    if head.startswith(LFS_START):
        raise InputError(
            "this is a Git LFS pointer: the content of the file has not been fetched",
            where=where,
            expected="the file itself",
            hint="fetch it: git lfs pull (in GitHub Actions: actions/checkout with lfs: true)",
        )


def check_audit(data: pa.Table, where: str) -> None:
    """Refuse the doubts of an audit: a gate would judge what a scan found, instead of the labels.

    Raises:
        InputError: The table has the columns of an audit's doubts.parquet.
    """
    if AUDITED.issubset(data.column_names):
        raise InputError(
            "these are the doubts that a scan found (doubts.parquet), not labelled data",
            where=where,
            expected="the labelled file itself, or the complete folder of an audit, with its audit.json",
            hint="name the labelled file; if its audit is damaged, scan it again",
        )


def check_start(head: bytes, where: str) -> None:
    """Refuse a file whose first bytes are of a known kind that holds no table.

    Args:
        head: The first bytes, unpacked.
        where: The file's path, for the message and its command.

    Raises:
        InputError: Names the kind, and a command that makes a table of the file.
    """
    text = head.removeprefix(codecs.BOM_UTF8).decode("utf-8", "replace")
    lines = [line.strip() for line in text.splitlines(keepends=True)[:SAMPLE_LINES] if line.endswith("\n")]
    start = _Start(head, text.lstrip(), lines, where)
    found = next(filter(None, (name(start) for name in NAMED_BY_START)), None)
    if found is not None:
        raise found.make_error(where)


def check_columns(data: pa.Table, head: bytes, where: str) -> None:
    """Refuse a table whose columns are those of a known kind of file that holds something else.

    Args:
        data: What was read.
        head: The file's first bytes, unpacked.
        where: The file's path, for the message and its command.

    Raises:
        InputError: Names the kind, and a command that makes a table of the file.
    """
    check_audit(data, where)
    read = _Read(data, head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["), where)
    found = next(filter(None, (name(read) for name in NAMED_BY_COLUMNS)), None)
    if found is not None:
        raise found.make_error(where)


def _write_command(code: str, where: str, ending: str) -> str:
    """A command that runs Python on the file, and writes another file beside it."""
    new = str(PurePath(where).with_suffix(ending))
    return f'python -c "{code}" {shell_word(where)} {shell_word(new)}'


def _dump_rows(rows: str, where: str, imports: str = "json, sys") -> str:
    """A command that writes a list of records as JSON."""
    code = f"import {imports}; json.dump({rows}, open(sys.argv[2], 'w'))"
    return "make a table of it: " + _write_command(code, where, ".rows.json")


def _write_csv(code: str, where: str) -> str:
    """A command that writes a CSV file."""
    return "make a table of it: " + _write_command(code, where, ".rows.csv")


# -------------------------------------------------- a table with a row for each answer


def find_long_note(data: pa.Table, delimiter: str | None, where: str) -> tuple[str, ...]:
    """A note on a table with a row for each answer of an annotator, and how to make one row an example.

    A column named like annotators is needed, and one whose values repeat, but never for the same annotator.
    The label is the only other column that differs within an example; without one there is no command.
    """
    annotator = next((name for name in data.column_names if ANNOTATOR.fullmatch(name)), None)
    if annotator is None:
        return ()
    item = next((name for name in data.column_names if _is_item(data, name, annotator)), None)
    if item is None:
        return ()
    n_items = _count_different(data, [item])
    others = [name for name in data.column_names if name not in (item, annotator)]
    constant = [name for name in others if _count_different(data, [item, name]) == n_items]
    answers = [name for name in others if name not in constant]
    note = f"{item!r} repeats, with a row for each {annotator!r}: answers are judged as if they were examples"
    if delimiter is None or len(answers) != 1:
        return (f"{note}; write one row for each {item!r}, with a column for each annotator: --annotators",)
    code = (
        f"import sys, pandas as pd; d = pd.read_csv(sys.argv[1], sep={delimiter!r}, dtype=str); "
        f"w = d.pivot(index={[item, *constant]}, columns={annotator!r}, values={answers[0]!r})"
        ".add_prefix('annotator_'); w['label'] = w.mode(axis=1)[0]; "
        "w.reset_index().to_csv(sys.argv[2], index=False)"
    )
    command = _write_command(code, where, ".wide.csv")
    scan = "scan that with --label label --annotators 'annotator_*'"
    return (f"{note}; write one row for each: {command}, and {scan}",)


def _is_item(data: pa.Table, name: str, annotator: str) -> bool:
    """Whether a column's values repeat, but never for the same annotator."""
    if name == annotator:
        return False
    n_items = _count_different(data, [name])
    if n_items <= _count_different(data, [annotator]) or data.num_rows < ROWS_FOR_EACH * n_items:
        return False
    return bool(_count_different(data, [name, annotator]) == data.num_rows)


def _count_different(data: pa.Table, names: list[str]) -> int:
    """The number of different rows of some columns; of others than text and whole numbers: of all rows."""
    types = [data.column(name).type for name in names]
    kinds = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer)
    if not all(any(is_kind(one) for is_kind in kinds) for one in types):
        return int(data.num_rows)
    return int(data.group_by(names).aggregate([]).num_rows)


# ---------------------------------------------------------- a table without header


def check_header(data: pa.Table, where: str, word: str = "csv") -> None:
    """Refuse a delimited file or a spreadsheet whose first row looks like the rows below it.

    Every column is asked: numbers under a number, classes under one of them, texts of many words under
    another, codes under a code. At least two columns must say so, and none the contrary. Whole numbers that
    ascend are names: years, or places.

    Args:
        data: What was read.
        where: The file's path.
        word: Its format, for --input-format.

    Raises:
        InputError: The first row was read as names of columns, and looks like data.
    """
    if not KNOWN_NAMES.isdisjoint(name.strip().casefold() for name in data.column_names):
        return
    votes = [_resembles_name(name, data.column(name)) for name in data.column_names]
    numbers = [float(name) for name in data.column_names if NUMBER_WORD.fullmatch(name)]
    ascend = all(one < other for one, other in pairwise(numbers))
    if False in votes or votes.count(True) < FEWEST_VOTES:
        return
    if ascend and all(number.is_integer() for number in numbers) and len(numbers) == len(data.column_names):
        return
    shown = ", ".join(shorten_quoted(name) for name in data.column_names[:3])
    raise InputError(
        f"the first row looks like data ({shown}): has the file no header?",
        where=where,
        expected="a first row with the names of the columns",
        hint="if it has none, add --no-header: the columns are then called column_1, column_2, and so on; "
        f"if these are names, add --input-format {word}",
    )


def _resembles_name(name: str, column: pa.ChunkedArray) -> bool | None:
    """Whether a column's name looks like its values; None if they don't decide."""
    values = [value for value in column.slice(0, SAMPLE_VALUES).to_pylist() if isinstance(value, str)]
    if len(values) < FEWEST_VALUES:
        return None
    if all(NUMBER_WORD.fullmatch(value) for value in values):
        return NUMBER_WORD.fullmatch(name) is not None
    if len(set(values)) * FEWEST_VALUES <= len(values):
        return name in values
    if sorted(len(value.split()) for value in values)[len(values) // 2] >= MANY_WORDS:
        return len(name.split()) >= MANY_WORDS
    shapes = {_find_shape(value) for value in values}
    return _find_shape(name) in shapes if len(shapes) == 1 and "9" in shapes.copy().pop() else None


def _find_shape(value: str) -> str:
    """Runs of letters as "a", and of digits as "9"."""
    return re.sub(r"\d+", "9", re.sub(r"[^\W\d_]+", "a", value))


# ------------------------------------------------------------- by the first bytes


def _name_zip(start: _Start) -> _Foreign | None:
    """Not an office document, which is a zip archive, too."""
    if not start.head.startswith(ZIP_START):
        return None
    size = int.from_bytes(start.head[26:28], "little")  # of the first name: APPNOTE.TXT, 4.3.7
    name = start.head[30 : 30 + size].decode("utf-8", "replace")
    if not name or name.startswith(OFFICE_PARTS):
        return None
    folder = PurePath(start.where).with_suffix("")
    return _Foreign(
        f"a zip archive, with {shorten_quoted(name)} in it",
        f"unpack it: python -m zipfile -e {shell_word(start.where)} {shell_word(str(folder))}, and scan "
        f"{shell_word(str(folder / name))}",
    )


def _name_sqlite(start: _Start) -> _Foreign | None:
    if not start.head.startswith(SQLITE_START):
        return None
    names = [name.decode("utf-8", "replace") for name in SQLITE_TABLE.findall(start.head)]
    names = [name for name in names if not name.startswith("sqlite_")]
    table = names[-1] if names else "TABLE"  # pages are filled from their ends
    code = (
        "import sys, sqlite3, pandas as pd; "  # noqa: S608  # the user runs it
        f"pd.read_sql('select * from {table}', sqlite3.connect(sys.argv[1])).to_csv(sys.argv[2], index=False)"
    )
    several = f" with the tables {quote_names(reversed(names))}" if len(names) > 1 else ""
    return _Foreign(f"an SQLite database{several}", _write_csv(code, start.where))


def _name_markup(start: _Start) -> _Foreign | None:
    first = start.text[:20].lower()
    if first.startswith("<table"):
        return _Foreign(
            "an HTML table, as some programs export it under the name of a spreadsheet",
            "open it in a spreadsheet, and save it as .xlsx or CSV",
        )
    is_page = first.startswith(("<!doctype html", "<html", "<head"))
    if not is_page and not first.startswith(("<?xml", "<error")):
        return None
    title = MARKUP_TITLE.search(start.text)
    shown = f" ({title[2]!r})" if title else ""
    return _Foreign(
        f"an HTML page{shown}, not data" if is_page else f"an XML document{shown}, not a table",
        "servers send such a file in place of data if an address is wrong or needs a sign-in: "
        f"download it again: curl --fail --location --output {shell_word(start.where)} ADDRESS",
    )


def _name_arff(start: _Start) -> _Foreign | None:
    first = next((line for line in start.lines if line and not line.startswith("%")), "")
    if not re.match(r"@relation\b", first, re.IGNORECASE):
        return None
    code = (
        "import sys, pandas as pd; from scipy.io import arff; "
        "d = pd.DataFrame(arff.loadarff(sys.argv[1])[0]); "
        "d.map(lambda v: v.decode() if isinstance(v, bytes) else v).to_csv(sys.argv[2], index=False)"
    )
    return _Foreign("an ARFF file (Weka's format)", _write_csv(code, start.where))


def _name_fasttext(start: _Start) -> _Foreign | None:
    filled = [line for line in start.lines if line]
    if not filled or not all(line.startswith(FASTTEXT) for line in filled):
        return None
    if any(len(re.findall(rf"(?:^|\s){FASTTEXT}", line)) > 1 for line in filled):
        return _Foreign(
            "a fastText file whose rows have several labels",
            "keep one label a row, or write a file for each label: several labels a row can't be judged yet",
            expected="one label a row",
        )
    if find_by_ending(start.where) is None:
        return None
    return _Foreign(f"a fastText file: each line starts with {FASTTEXT}", "add --input-format fasttext")


def _name_libsvm(start: _Start) -> _Foreign | None:
    if not start.lines or not all(LIBSVM.fullmatch(line) for line in start.lines):
        return None
    code = (
        "import sys, pandas as pd; from sklearn.datasets import load_svmlight_file as load; "
        "x, y = load(sys.argv[1]); pd.DataFrame(x.toarray()).add_prefix('x').assign(label=y.astype(int))"
        ".to_csv(sys.argv[2], index=False)"
    )
    return _Foreign("a libsvm (svmlight) file: a label, then number:value", _write_csv(code, start.where))


def _name_conll(start: _Start) -> _Foreign | None:
    filled = [line.split() for line in start.lines if line and not line.startswith(("-DOCSTART-", "#"))]
    tagged = [words for words in filled if len(words) > 1 and TAG.fullmatch(words[-1])]
    is_marked = start.text.startswith("-DOCSTART-")
    if not is_marked and not ("" in start.lines and len(tagged) == len(filled) >= FEWEST_TAGGED):
        return None
    code = (
        "import csv, sys; csv.writer(open(sys.argv[2], 'w', newline='', encoding='utf-8')).writerows("
        "[['token', 'label'], *([w[0], w[-1]] for w in map(str.split, open(sys.argv[1], encoding='utf-8')) "
        "if len(w) > 1 and w[0] != '-DOCSTART-')])"
    )
    return _Foreign(
        "a CoNLL file: a token and its tag on each line",
        "tags of tokens can't be judged in their sentences yet; to judge each token by itself, "
        + _write_csv(code, start.where),
    )


NAMED_BY_START: tuple[Callable[[_Start], _Foreign | None], ...] = (
    *(_name_zip, _name_sqlite, _name_markup, _name_arff, _name_fasttext, _name_libsvm, _name_conll),
)


# ----------------------------------------------------------------- by the columns


def _name_label_studio(read: _Read) -> _Foreign | None:
    if not {"data", "annotations"} <= set(read.data.column_names):
        return None
    rows = (
        "[{**t['data'], 'id': t.get('id'), 'label': r['value']['choices'][0]} for t in FILE "
        "for a in t['annotations'][:1] for r in a['result'][:1] if r['value'].get('choices')]"
    )
    return _Foreign(
        "an export of Label Studio in its own JSON",
        f"export it as JSON-MIN or CSV, or {_dump_rows(_open_rows(rows, read), read.where)}",
    )


def _open_rows(code: str, read: _Read) -> str:
    """Code with the expression that reads records of this file, in place of FILE."""
    return code.replace("FILE", OPEN_JSON if read.is_array else OPEN_LINES)


def _name_chat(read: _Read) -> _Foreign | None:
    name = read.data.column_names[0]
    if len(read.data.column_names) > 1 or name not in ("messages", "conversations"):
        return None
    said = "content" if name == "messages" else "value"
    rows = (
        f"[{{'text': m[-2]['{said}'], 'label': m[-1]['{said}']}} for m in (r['{name}'] for r in FILE) "
        "if len(m) > 1]"
    )
    return _Foreign(
        "a file of chat messages, without a column of labels",
        f"if the last message is the label, {_dump_rows(_open_rows(rows, read), read.where)}",
    )


def _name_document(read: _Read) -> _Foreign | None:
    """One JSON object that holds a whole data set."""
    if read.data.num_rows != 1:
        return None
    values = {name: _read_nested(read.data.column(name)[0].as_py()) for name in read.data.column_names}
    if set(values) >= COCO:
        return _name_coco(read.where)
    if all(isinstance(value, dict) for value in values.values()) and _have_same_keys(list(values.values())):
        return _name_pandas(read.where)
    held = [name for name, value in values.items() if _is_list_of_records(value)]
    if not held:
        return None
    key = held[0].replace("\\", "\\\\").replace("'", "\\'")
    return _Foreign(
        f"one JSON object, with the rows in {held[0]!r}",
        _dump_rows(f"{OPEN_JSON}['{key}']", read.where),
        expected="a list of objects, or one object a line",
    )


def _read_nested(value: object) -> object:
    """What a cell of JSON text holds; the value itself if it is none."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except ValueError:
        return value


def _is_list_of_records(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, dict) for one in value)


def _have_same_keys(values: Sequence[object]) -> bool:
    keys = [tuple(value) for value in values if isinstance(value, dict)]
    return len(keys) > 1 and len(keys[0]) > 1 and len(set(keys)) == 1


def _name_pandas(where: str) -> _Foreign:
    code = "import sys, pandas as pd; pd.read_json(sys.argv[1], dtype=False).to_csv(sys.argv[2], index=False)"
    return _Foreign(
        "JSON column by column, as pandas' DataFrame.to_json writes it",
        f"write it with to_json(..., orient='records', lines=True), or {_write_csv(code, where)}",
        expected="JSON row by row",
    )


def _name_coco(where: str) -> _Foreign:
    rows = (
        "[{'image': f.get(a['image_id'], a['image_id']), 'label': n.get(a['category_id'], a['category_id'])} "
        "for a in d['annotations']]"
    )
    code = (
        f"import json, sys; d = {OPEN_JSON}; n = {{c['id']: c['name'] for c in d['categories']}}; "
        f"f = {{i['id']: i['file_name'] for i in d['images']}}; json.dump({rows}, open(sys.argv[2], 'w'))"
    )
    return _Foreign(
        "a COCO file: annotations of images",
        f"make a row for each annotation: {_write_command(code, where, '.rows.json')}, "
        "and give a vector for each row with --embeddings",
    )


NAMED_BY_COLUMNS: tuple[Callable[[_Read], _Foreign | None], ...] = (
    *(_name_label_studio, _name_chat, _name_document),
)
