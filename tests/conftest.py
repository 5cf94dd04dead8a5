"""What all tests share: how sentences are kept, hypothesis' profile, and a small audit made by hand."""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass, field, replace
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import settings
from hypothesis.database import DirectoryBasedExampleDatabase

from doubtcli.queue.make import make_queue
from doubtcli.queue.pool import Pool, build_pool
from doubtcli.queue.strategies import QueueChoice
from doubtcli.records import (
    AuditDocument,
    ClassCount,
    Column,
    DoubtTable,
    NoiseRate,
    Role,
    Roles,
    RowCounts,
    Skill,
    Source,
)
from doubtcli.store.describe import DOUBT_COLUMNS
from doubtcli.tools.registry import load_tool
from tests.browsing import start_browser

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Mapping, Sequence

    from selenium.webdriver.chrome.webdriver import WebDriver

    from doubtcli.errors import DoubtError
    from doubtcli.records.queue import Queue

# No test measures time: a busy machine is not a defect. The suite draws the same examples each time, so that
# only changes of the code change results; `make explore` draws others, and remembers those that failed.
settings.register_profile("same-draws", deadline=None, derandomize=True)
settings.register_profile(
    "explore", deadline=None, max_examples=500, database=DirectoryBasedExampleDatabase(".hypothesis/examples")
)
settings.load_profile("same-draws")

TESTS = Path(__file__).parent
PRIVILEGE_NOT_HELD = 1314
"""Windows' number for what this user may not do."""


@dataclass
class Sentences:
    """The product's messages, in one file a room: `tests/gate/sentences.txt` has those of `gate`.

    A test asserts facts: the place in an error, figures, outcomes. Where the wording matters too, it calls
    `sentences.check(error)` or `sentences.check(text)`, and the text is kept under the names of the test's
    module and the test. After a change of wording: `pytest --write-sentences`, then read what changed.
    """

    path: Path
    name: str
    """Of the module below the room, and of the test."""
    is_writing: bool
    n_checked: int = 0

    def check(self, message: DoubtError | str) -> None:
        """The text of an error without its place, which may be a temporary folder; else the text itself."""
        text = "\n".join(line.rstrip() for line in as_text(message).splitlines()).strip("\n")
        self.n_checked += 1
        name = self.name if self.n_checked == 1 else f"{self.name} ({self.n_checked})"
        kept = read_sentences(self.path)
        if self.is_writing and kept.get(name) != text:
            kept[name] = text
            sections = (f"{HEADING}{name}\n{kept[name]}\n" for name in sorted(kept))
            self.path.write_text("\n".join(sections), encoding="utf-8")
        assert text == kept.get(name, "not kept yet: pytest --write-sentences")


HEADING = "== "


def as_text(message: DoubtError | str) -> str:
    """What an error says was found, was expected and is to do; a text as it is."""
    if isinstance(message, str):
        return message
    lines = {"": message.found, "expected: ": message.expected, "to do: ": message.hint}
    return "\n".join(f"{word}{line}" for word, line in lines.items() if line)


def read_sentences(path: Path) -> dict[str, str]:
    """The sentences of a room, by module and test."""
    if not path.exists():
        return {}
    sections = f"\n{path.read_text(encoding='utf-8')}".split(f"\n{HEADING}")[1:]
    return {name: text.strip("\n") for name, _, text in (section.partition("\n") for section in sections)}


@pytest.fixture
def sentences(request: pytest.FixtureRequest) -> Sentences:
    """The sentences that are kept for this test."""
    room, *module = request.path.relative_to(TESTS).with_suffix("").parts
    folder = TESTS / room if module else TESTS
    name = f"{'.'.join(module or [room])}.{request.node.name}"
    return Sentences(folder / "sentences.txt", name, request.config.getoption("--write-sentences"))


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebDriver]:
    """A new browser, without a window."""
    driver = start_browser(tmp_path_factory.mktemp("browser"))
    yield driver
    driver.quit()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None, None, None]:
    """Skip a test that makes a symbolic link where Windows lets only administrators make them."""
    try:
        return (yield)
    except OSError as error:
        if getattr(error, "winerror", None) == PRIVILEGE_NOT_HELD:
            pytest.skip("symbolic links need Windows' developer mode")
        raise


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the files of sentences be written."""
    parser.addoption(
        "--write-sentences",
        action="store_true",
        help="write the sentences that differ into tests/*/sentences.txt",
    )


Row = dict[str, Any]

READERS: dict[str, Callable[[str], Any]] = {
    "json": json.loads,
    "jsonl": lambda text: [json.loads(line) for line in text.splitlines()],
}
"""How a file is read, by its ending."""


def doubts_of(rows: Sequence[Row]) -> DoubtTable:
    """`doubts.parquet` of some rows in file order, with usual values for keys that a row lacks.

    A row is doubted from a doubt of 0.5 on; a doubt of None is a row that was set aside.
    """
    table = [
        {
            "row_id": row.get("row_id", f"r{number}"),
            "row": number,
            "given_label": row.get("given", "bug"),
            "suggested_label": row.get("suggested", row.get("given", "bug")),
            "suggested_confidence": row.get("confidence", 0.75),
            "doubt": row.get("doubt", 0.9),
            "doubted": (row.get("doubt", 0.9) or 0) >= 0.5,
            "tier": row.get("tier", "doubted" if (row.get("doubt", 0.9) or 0) >= 0.5 else None),
            "reasons": row.get("reasons", ["low-self-confidence"]),
            "why": row.get("why", ""),
            "verdict": row.get("verdict"),
            "row_hash": row.get("row_hash", f"{number:016x}"),
        }
        for number, row in enumerate(rows, start=1)
    ]
    entries: dict[Any, int] = {}
    for row in table:
        equal = (row["row_hash"], row["given_label"], row["suggested_label"], row["verdict"] is None)
        known = row["doubt"] is not None and row["row_hash"] is not None
        row["entry"] = entries.setdefault(equal, len(entries) + 1) if known else None
    table.sort(key=lambda row: (row["doubt"] is None, -(row["doubt"] or 0), row["row_id"]))
    for rank, row in enumerate(table, start=1):
        row["rank"] = rank if row["doubt"] is not None else None
    return DoubtTable(pa.Table.from_pylist(table, schema=pa.schema(DOUBT_COLUMNS)))


def pool_of(rows: Sequence[Row]) -> Pool:
    """The pool of some rows; `characters` is the length of a row's text, `waived` whether it is waived."""
    doubts = doubts_of(rows)
    codes = {name: code for code, name in enumerate(sorted(set(doubts.row_hash.to_pylist())))}
    inputs = np.array([codes[name] for name in doubts.row_hash.to_pylist()])
    characters = np.array([row.get("characters", 100) for row in rows])
    waived = [number for number, row in enumerate(rows, start=1) if row.get("waived")]
    return build_pool(doubts, inputs, characters[doubts.row - 1], waived)


def ids_of(pool: Pool, rows: Sequence[int]) -> list[str]:
    """The ids of some rows of a pool."""
    ids = pool.doubts.row_id.to_pylist()
    return [ids[row] for row in rows]


def roles_of(**roles: str) -> Roles:
    """The roles of columns by name; a role in brackets is not used."""
    return Roles(
        tuple(
            Column(name, Role(role.strip("()")), used=not role.startswith("("), why="")
            for name, role in roles.items()
        )
    )


DOCUMENT = AuditDocument(
    tool_name="doubt",
    tool_version="0.1.0",
    source=Source("data.csv", "csv", 100, "ab" * 32),
    roles=roles_of(text="text", label="label"),
    settings={},
    seed=0,
    versions={},
    skill=Skill(
        assessable=True,
        why="they are right",
        accuracy=0.9,
        balanced_accuracy=0.85,
        majority_accuracy=0.5,
        permuted_accuracy=0.5,
    ),
    noise_rate=NoiseRate(assessable=True, why="by models alone", at_least=0.02, contradicted=0.24),
    counts=RowCounts(100, 80, 20, 3),
    classes=(),
    reasons=(),
    skipped=(),
)
"""An `audit.json` of 100 rows."""


def _is_open(row: Row) -> bool:
    """Whether a row is doubted, and neither decided nor waived."""
    return (row.get("doubt", 0.9) or 0) >= 0.5 and row.get("verdict") is None and not row.get("waived")


@dataclass(frozen=True)
class Case:
    """An audit and its data, and the queue made from them."""

    rows: list[Row]
    data: Mapping[str, Any]
    roles: Mapping[str, str] = field(default_factory=lambda: {"text": "text", "label": "label"})
    class_names: tuple[str, ...] = ("billing", "bug", "delivery")
    skill: Mapping[str, Any] = field(default_factory=lambda: {"assessable": True, "why": "they are right"})

    @property
    def document(self) -> AuditDocument:
        """The part of `audit.json` that a queue is made from."""
        return replace(
            DOCUMENT,
            roles=roles_of(**self.roles),
            classes=tuple(ClassCount(name, name, 0, 0) for name in self.class_names),
            skill=replace(DOCUMENT.skill, **self.skill),
        )

    @property
    def table(self) -> pa.Table:
        """The data."""
        return pa.table({name: pa.array(values) for name, values in self.data.items()})

    def queue(self, shares: Mapping[str, int] | None = None, **options: Any) -> Queue:
        """The queue: the doubted entries by doubt, unless other shares or another size are given."""
        size = len(
            {(row.get("row_hash", n), row.get("given")) for n, row in enumerate(self.rows) if _is_open(row)}
        )
        choice = QueueChoice(shares or {"top": 100}, **{"size": size, **options})
        waived = [number for number, row in enumerate(self.rows, start=1) if row.get("waived")]
        return make_queue(self.document, doubts_of(self.rows), self.table, choice, waived)

    def files(self, tool: str, shares: Mapping[str, int] | None = None, **options: Any) -> dict[str, Any]:
        """The files of that queue for a tool, by name: parsed JSON, or the text."""
        texts = {
            name: content.decode()
            for name, content in load_tool(tool).hand_out(self.queue(shares, **options)).items()
        }
        return {name: READERS.get(name.rpartition(".")[2], str)(text) for name, text in texts.items()}


TICKETS = Case(
    rows=[
        {
            "row_id": "t1",
            "given": "billing",
            "suggested": "delivery",
            "doubt": 0.97,
            "reasons": ["low-self-confidence", "duplicate-conflict"],
            "why": 'models give delivery 0.91; "t3" is delivery',
            "row_hash": "a" * 16,
        },
        {"row_id": "t2", "given": "bug", "doubt": 0.6, "reasons": [], "why": ""},
        {"row_id": "t3", "given": "delivery", "doubt": 0.51234567, "row_hash": "a" * 16},
        {"row_id": "t4", "given": "billing", "suggested": "delivery", "doubt": 0.9, "row_hash": "a" * 16},
        {"row_id": "t5", "given": "bug", "doubt": 0.02},
    ],
    data={
        "text": ["Where is\nmy parcel?", "It “crashes” né <b>", "Where is\nmy parcel?", "Where …?", "fine"],
        "label": ["billing", "bug", "delivery", "billing", "bug"],
        "zip": ["007", None, "NA", "", "1"],
        "doubt_id": ["mine", "mine", "mine", "mine", "mine"],
        "age": [1.5, None, float("nan"), 4.0, 5.0],
        "vector": [[0.1, 0.2]] * 5,
    },
    roles={"text": "text", "label": "label", "zip": "(categorical)", "age": "numeric", "vector": "embedding"},
)
"""t1 and t4 are equal, and in conflict with t3; t5 is not doubted."""

KEYS = {
    "doubt_id": "t1",
    "given_label": "billing",
    "doubt_suggested": "delivery",
    "doubt_score": 0.97,
    "doubt_reasons": "low-self-confidence, duplicate-conflict",
    "doubt_why": 'models give delivery 0.91; "t3" is delivery',
    "doubt_equal_rows": "2",
    "tier": "doubted",
    "doubt_strategy": "top",
    "doubt_conflicts": '["t3"]',
    "doubt_row_hash": "a" * 16,
}
OWN = {"input_label": "billing", "zip": "007", "input_doubt_id": "mine", "age": 1.5}


ODD_LABELS = (
    *(
        '"quoted" & <b>\'s',
        "$5 or more",
        "true",
        "two\nlines\there",
        "]]>",
        "::",
        "50%",
        " padded ",
        "\u200f\u05e9\u05dc\u05d5\u05dd",
    ),
    *("\U0001f600", "long " * 20, "None"),
)
"""Twelve labels that a format could break on."""
IMAGES = Case(
    rows=[
        {
            "row_id": '1, "a"',
            "given": "true",
            "suggested": ODD_LABELS[0],
            "doubt": 0.9,
            "why": "a\u2028b\x7f",
        },
        {"row_id": "2]]>", "given": ODD_LABELS[1], "suggested": ODD_LABELS[1], "doubt": 0.8},
        {"row_id": "3\n", "given": ODD_LABELS[3], "suggested": ODD_LABELS[1], "doubt": 0.7, "reasons": []},
    ],
    data={
        "label": ["true", ODD_LABELS[1], ODD_LABELS[3]],
        "file": ["cats/a b#1.png", "https://example.org/b.jpg?size=3", None],
        "image": ["one", "two", "three"],
    },
    roles={"label": "label", "file": "(identifier)", "image": "categorical"},
    class_names=ODD_LABELS,
)
"""Images on this machine and elsewhere, one missing; more labels than there are keys."""


@pytest.fixture(scope="session")
def images() -> Case:
    """Three images, and twelve labels that a format could break on."""
    return IMAGES


@pytest.fixture(scope="session")
def tickets() -> Case:
    """Five tickets, four of them doubted, three of them equal."""
    return TICKETS


@pytest.fixture
def keys() -> Row:
    """Our keys of the first of the tickets."""
    return dict(KEYS)


@pytest.fixture
def first(keys: Row) -> Row:
    """What is written of the first ticket in addition to what is shown: our keys, and the user's."""
    return keys | OWN


@pytest.fixture(scope="session")
def case() -> type[Case]:
    """Makes an audit of a test's own rows."""
    return Case


@pytest.fixture(scope="session", name="doubts_of")
def _doubts_of() -> Any:
    """Makes `doubts.parquet`: see `doubts_of`."""
    return doubts_of


@pytest.fixture(scope="session", name="pool_of")
def _pool_of() -> Any:
    """Makes a pool: see `pool_of`."""
    return pool_of


@pytest.fixture(scope="session", name="ids_of")
def _ids_of() -> Any:
    """Names rows of a pool: see `ids_of`."""
    return ids_of


@pytest.fixture(scope="session", name="roles_of")
def _roles_of() -> Any:
    """Makes the roles of columns: see `roles_of`."""
    return roles_of


@pytest.fixture(scope="session")
def a_document() -> Callable[..., AuditDocument]:
    """Makes an `audit.json` of 100 rows, with changes."""
    return lambda **changes: replace(DOCUMENT, **changes)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has a cache of its own: what one keeps with patched code is no other's."""
    monkeypatch.setenv("DOUBT_CACHE", str(tmp_path_factory.getbasetemp() / "caches" / uuid4().hex))


def pytest_configure() -> None:
    """Stop where what is installed has other entry points than pyproject.toml."""
    os.environ["DOUBT_CACHE"] = os.devnull  # of fixtures for several tests: nothing is kept
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    for group, wanted in project["project"]["entry-points"].items():
        if not wanted.keys() <= {point.name for point in entry_points(group=group)}:
            raise pytest.UsageError(
                f"the entry points {group} are out of date: uv pip install --no-deps -e ."
            )


TOKENS = {"[UNK]": 0, "cat": 1, "dog": 2, "car": 3}
VECTORS = np.array([[9, 9], [1, 0], [0.6, 0.8], [0, 1]], dtype=np.float32)


@pytest.fixture(scope="session")
def write_embedder() -> Callable[..., Path]:
    """Writes a folder with an embedding model of three words; other tensors than its vectors as given."""
    tokenizers = pytest.importorskip("tokenizers")
    safetensors = pytest.importorskip("safetensors.numpy")

    def write(folder: Path, **tensors: Any) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(TOKENS, unk_token="[UNK]"))
        tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
        tokenizer.save(str(folder / "tokenizer.json"))
        safetensors.save_file(tensors or {"embeddings": VECTORS}, folder / "model.safetensors")
        return folder

    return write
