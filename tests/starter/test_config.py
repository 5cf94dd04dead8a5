from __future__ import annotations

import re
import shutil
import tempfile
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from doubtcli.progress import Silence
from doubtcli.read.examples import read_examples
from doubtcli.records import Column, Examples, Role, Roles
from doubtcli.settings import GateSettings, Limit, ScanSettings, load_gate
from doubtcli.starter.config import (
    collect_flags,
    count_conflicts,
    crop_comment,
    list_columns,
    make_table,
    render_config,
)
from doubtcli.tasks.registry import find_task

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.conftest import Sentences

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAME = st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(
    lambda name: name.strip() and name != "*"
)


def roles_of(scan: ScanSettings) -> Roles:
    """How the columns of a file are used."""
    return read_examples(scan, find_task(), Silence())[1]


def write_settings(folder: Path, name: str, **flags: Any) -> str:
    """The settings file for a file in a folder."""
    scan = ScanSettings(path=str(folder / name), **flags)
    _, roles, _, examples = read_examples(scan, find_task(), Silence())
    return render_config(name, collect_flags(scan, folder), roles, examples)


def uncommented(text: str) -> str:
    """A settings file with every key of it switched on."""
    return re.sub(r"^#(?! \S)", "", text, flags=re.MULTILINE)


def loaded(folder: Path, text: str) -> tuple[ScanSettings, GateSettings]:
    """What `doubt gate` reads from a settings file in a folder: the scan and the limits of its one file."""
    (folder / "doubt.toml").write_text(text, encoding="utf-8")
    plan = load_gate({}, {}, start=Path.cwd(), config=str(folder / "doubt.toml"))
    (path,) = plan.paths
    return plan.scan(path), plan.limits(path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the sample tickets and penguins."""
    for name in ("tickets.csv", "penguins.csv"):
        shutil.copy(FIXTURES / name, tmp_path)
    return tmp_path


def test_first_day(folder: Path) -> None:
    """A baseline, no new doubts, the label and the id are switched on, and nothing else."""
    text = write_settings(folder, "tickets.csv")

    assert tomllib.loads(text) == {
        "gate": {
            "baseline": ".doubt-baseline.json",
            "max-new": 0,
            "files": {"tickets.csv": {"label": "intent", "id": "ticket_id"}},
        }
    }


def test_gate_reads_it(folder: Path) -> None:
    """`doubt gate` reads the settings file as it was written, and finds the same columns."""
    scan, limits = loaded(folder, write_settings(folder, "tickets.csv"))

    assert limits.max_new == Limit(0, is_share=False)
    assert Path(limits.baseline or "").resolve() == folder / ".doubt-baseline.json"
    before = roles_of(ScanSettings(path=str(folder / "tickets.csv")))
    assert [(c.name, c.role, c.used) for c in roles_of(scan).columns] == [
        (c.name, c.role, c.used) for c in before.columns
    ]


@pytest.mark.parametrize(
    ("name", "flags"),
    [
        ("tickets.csv", {}),
        ("tickets.csv", {"annotators": ("annotator_*",), "ignore": ("opened_at",), "text": ("body",)}),
        ("tickets.csv", {"group": "channel", "encoding": "utf-8", "delimiter": ",", "quoting": "minimal"}),
        ("penguins.csv", {"label": "species", "categorical": ("year",), "use": ("island",)}),
    ],
)
def test_switched_on(folder: Path, name: str, flags: dict[str, Any]) -> None:
    """With every key switched on the file is valid, and all columns in use keep their roles."""
    text = uncommented(write_settings(folder, name, **flags))

    scan, limits = loaded(folder, text)

    assert limits.max_noise == 0.05
    before = roles_of(ScanSettings(path=str(folder / name), **flags))
    used = {column.name: column.role for column in before.columns if column.used}
    now = {column.name: column.role for column in roles_of(scan).columns}
    assert {name: now[name] for name in used} == used


@pytest.mark.parametrize("key", ["text", "max-noise", "strict", "max-per-class", "waivers"])
def test_every_key_is_explained(folder: Path, key: str) -> None:
    """The line above each key, on or off, is a comment that ends like a sentence."""
    lines = write_settings(folder, "tickets.csv", text=("body",)).splitlines()

    (place,) = [row for row, line in enumerate(lines) if re.match(rf"#?{key} = ", line)]
    assert re.match(r"# [A-Z].*\.$", lines[place - 1])


def test_every_line_is_a_key_or_explained(folder: Path) -> None:
    """Every key has a comment in the line above it."""
    lines = write_settings(folder, "tickets.csv").splitlines()
    keys = [row for row, line in enumerate(lines) if re.match(r"#?[a-z-]+ = ", line)]

    assert len(keys) == 21
    assert [lines[row] for row in keys if not lines[row - 1].startswith("# ")] == []


def test_counts(tmp_path: Path) -> None:
    """The limits on unlabelled and contradictory rows are today's counts, and the comments show them."""
    rows = "".join(f"text {number},{'no' if number % 2 else 'yes'}\n" for number in range(20))
    (tmp_path / "a.csv").write_text(f"text,label\n{rows}same,yes\nsame,no\nother,\n")

    lines = write_settings(tmp_path, "a.csv").splitlines()

    assert "1 of 23" in lines[lines.index("#max-unlabelled = 1") - 1]
    assert "2 of 22" in lines[lines.index("#max-conflicts = 2") - 1]


def test_paths(folder: Path) -> None:
    """A file given by a flag is written relative to the settings file's folder."""
    np.save(folder / "vectors.npy", np.eye(344, 4, dtype=np.float32))
    flags: dict[str, Any] = {"label": "species", "embeddings": str(folder / "vectors.npy")}

    text = write_settings(folder, "penguins.csv", **flags)

    assert tomllib.loads(text)["gate"]["files"]["penguins.csv"]["embeddings"] == "vectors.npy"
    assert roles_of(loaded(folder, text)[0]).columns


@given(st.lists(NAME, min_size=4, max_size=4, unique=True), st.sets(NAME, min_size=2, max_size=4))
@settings(max_examples=30)
def test_any_name(names: list[str], classes: set[str]) -> None:
    """A settings file with any names of columns and labels is read back, also with every key on."""
    label, text, number, code = names
    number += "q"  # so that it is not named like an id
    assume(number not in {label, text, code})
    labels = (sorted(classes) * 12)[:24]
    data = {
        label: labels,
        text: [f"what a person said, part {row}" for row in range(24)],
        number: [row / 7 for row in range(24)],
        code: labels,
    }
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pq.write_table(pa.table(data), folder / "a.parquet")
        flags = {"label": label, "text": (text,)}

        plain = write_settings(folder, "a.parquet", **flags)

        assert loaded(folder, plain)[0].label == label
        assert loaded(folder, uncommented(plain))[0].numeric == (number,)


PENGUINS = ScanSettings(path=str(FIXTURES / "penguins.csv"), label="species")


@pytest.fixture(scope="module")
def penguins() -> tuple[Roles, Examples]:
    """The sample penguins, as they are read."""
    _, roles, _, examples = read_examples(PENGUINS, find_task(), Silence())
    return roles, examples


@given(NAME)
def test_any_path(penguins: tuple[Roles, Examples], path: str) -> None:
    """TOML reads back a data file of any name."""
    text = render_config(path, collect_flags(PENGUINS, FIXTURES), *penguins)

    assert list(tomllib.loads(text)["gate"]["files"]) == [path]


def test_long_class_names(tmp_path: Path) -> None:
    """A very long class name is not used as an example of a limit."""
    rows = "".join(f"text {row},{'a' * 61 if row % 2 else 'b' * 61}\n" for row in range(20))
    (tmp_path / "a.csv").write_text(f"text,label\n{rows}")

    assert '#max-per-class = { "*" = "10%" }' in write_settings(tmp_path, "a.csv").splitlines()


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_comments(text: str) -> None:
    """A comment of any text ends with its line, and is a comment to TOML."""
    assert tomllib.loads(f"# {crop_comment(text)}\nx = 1") == {"x": 1}


def test_long_comments() -> None:
    """A comment of more than 160 characters is cut there."""
    assert crop_comment("x" * 160) == "x" * 160
    assert crop_comment("x" * 161) == "x" * 159 + "…"


@pytest.mark.parametrize(
    ("hashes", "positions", "labels", "n_conflicts"),
    [
        ("abcd", [0, 1, 2, 3], [0, 1, 0, 1], 0),
        ("aacd", [0, 1, 2, 3], [0, 0, 0, 1], 0),
        ("aacd", [0, 1, 2, 3], [0, 1, 0, 1], 2),
        ("aaab", [0, 1, 2, 3], [0, 0, 1, 1], 3),
        ("abab", [3, 2, 1, 0], [0, 1, 1, 0], 4),
        ("aaa", [0, 2], [0, 0], 0),
    ],
    ids=["all different", "same label", "two", "all of three", "other order", "one unlabelled"],
)
def test_count_conflicts(hashes: str, positions: list[int], labels: list[int], n_conflicts: int) -> None:
    """Each labelled row with the same input as another row, but a different label, counts."""
    examples = Examples(
        row_ids=tuple(map(str, positions)),
        positions=np.array(positions),
        given_labels=np.array(labels),
        class_names=("no", "yes"),
        inputs=pa.table({}),
        row_hashes=tuple(hashes),
    )

    assert count_conflicts(examples) == n_conflicts


# ------------------------------------------------------------------------ columns

LABEL = Column("intent", Role.LABEL, used=True, why="named like a label")
BODY = Column("body", Role.TEXT, used=True, why="606 different texts")


def lines(*columns: Column, flags: Mapping[str, Any] | None = None) -> list[str]:
    """The lines about these columns."""
    return make_table(list_columns(flags or {}, Roles(columns))).as_string().splitlines()


def keys(*columns: Column) -> list[str]:
    """The lines about these columns that are not comments."""
    return [line for line in lines(*columns) if line and not line.startswith("#")]


def test_label_and_id() -> None:
    """The label and the id column are on, each with how it was found."""
    name = Column("ticket", Role.IDENTIFIER, used=True, why="named like an id")

    assert keys(LABEL, name) == [
        'label = "intent"  # named like a label',
        'id = "ticket"  # named like an id',
    ]


def test_named_label(sentences: Sentences) -> None:
    """A label that the user named has no comment on how it was found; a missing id has one."""
    named = Column("intent", Role.LABEL, used=True, why="--label")

    found = lines(named, flags={"label": "intent"})

    assert found[1] == 'label = "intent"'
    sentences.check("\n".join(found))


def test_found_columns() -> None:
    """A column that doubt found by itself follows a "#", with how it was found."""
    assert lines(LABEL, BODY)[-3:] == ["#text = [", '#  "body",  # 606 different texts', "#]"]


def test_named_columns() -> None:
    """Columns that the user named are on, in one line where doubt found no others."""
    named = Column("body", Role.TEXT, used=True, why="--text")

    assert lines(LABEL, named, flags={"text": ("body",)})[-1] == 'text = ["body"]'


def test_named_and_found_columns() -> None:
    """Of one role, the named columns are on and the found ones off, in one array."""
    named = Column("title", Role.TEXT, used=True, why="--text")

    assert lines(LABEL, named, BODY, flags={"text": ("title",)})[-4:] == [
        "text = [",
        '  "title",',
        '#  "body",  # 606 different texts',
        "]",
    ]


def test_patterns() -> None:
    """A pattern for annotators is written as it was given, and its columns are not listed."""
    ann = Column("rater_ann", Role.ANNOTATOR, used=True, why="--annotators")

    assert lines(LABEL, ann, flags={"annotators": ("rater_*",)})[-1] == 'annotators = ["rater_*"]'


def test_group() -> None:
    """A group that the user named is on."""
    customer = Column("customer", Role.GROUP, used=True, why="--group")

    assert 'group = "customer"' in lines(LABEL, customer, flags={"group": "customer"})


def test_ignored_columns() -> None:
    """A column that the user ignores is on under `ignore`."""
    price = Column("price", Role.IGNORED, used=False, why="--ignore")

    assert lines(LABEL, price, flags={"ignore": ("price",)})[-1] == 'ignore = ["price"]'


def test_columns_left_out() -> None:
    """A column that doubt left out follows a "#" under `use`, with why."""
    code = Column("code", Role.CATEGORICAL, used=False, why="it goes one to one with the label")

    assert lines(LABEL, code)[-3:] == ["#use = [", '#  "code",  # it goes one to one with the label', "#]"]


def test_columns_without_a_key() -> None:
    """A column that can't be used at all is a comment, and under no key."""
    image = Column("image", Role.IGNORED, used=False, why="bytes")

    assert '"image", bytes' in lines(LABEL, image)[-1]
    assert keys(LABEL, image) == ['label = "intent"  # named like a label']


def test_many_columns() -> None:
    """Of more than 30 columns of one role, 30 are listed and the rest counted."""
    pixels = [Column(f"p{number}", Role.NUMERIC, used=True, why="numbers") for number in range(32)]

    found = lines(LABEL, *pixels)

    assert found[-3:] == ['#  "p29",  # numbers', "#  # and 2 more", "#]"]
