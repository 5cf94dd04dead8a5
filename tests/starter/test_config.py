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

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAME = st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(
    lambda name: name.strip() and name != "*"
)


def roles_of(scan: ScanSettings) -> Roles:
    """How the columns of a file are used."""
    return read_examples(scan, find_task(), Silence())[1]


def written(folder: Path, name: str, **said: Any) -> str:
    """The settings file for a file in a folder."""
    scan = ScanSettings(path=str(folder / name), **said)
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
    """Switched on are a baseline, no new doubts, and the columns that say what a row is."""
    text = written(folder, "tickets.csv")

    assert tomllib.loads(text) == {
        "gate": {
            "baseline": ".doubt-baseline.json",
            "max-new": 0,
            "files": {"tickets.csv": {"label": "intent", "id": "ticket_id"}},
        }
    }


def test_gate_reads_it(folder: Path) -> None:
    """`doubt gate` takes the file as it was written, and finds the same columns in it."""
    scan, limits = loaded(folder, written(folder, "tickets.csv"))

    assert limits.max_new == Limit(0, is_share=False)
    assert Path(limits.baseline or "").resolve() == folder / ".doubt-baseline.json"
    before = roles_of(ScanSettings(path=str(folder / "tickets.csv")))
    assert [(c.name, c.role, c.used) for c in roles_of(scan).columns] == [
        (c.name, c.role, c.used) for c in before.columns
    ]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("tickets.csv", {}),
        ("tickets.csv", {"annotators": ("annotator_*",), "ignore": ("opened_at",), "text": ("body",)}),
        ("tickets.csv", {"group": "channel", "encoding": "utf-8", "delimiter": ",", "quoting": "minimal"}),
        ("penguins.csv", {"label": "species", "categorical": ("year",), "use": ("island",)}),
    ],
)
def test_switched_on(folder: Path, name: str, said: dict[str, Any]) -> None:
    """With every key switched on the file is valid, and no column that was used plays another role."""
    text = uncommented(written(folder, name, **said))

    scan, limits = loaded(folder, text)

    assert limits.max_noise == 0.05
    before = roles_of(ScanSettings(path=str(folder / name), **said))
    used = {column.name: column.role for column in before.columns if column.used}
    now = {column.name: column.role for column in roles_of(scan).columns}
    assert {name: now[name] for name in used} == used


@pytest.mark.parametrize("key", ["text", "max-noise", "strict", "max-per-class", "waivers"])
def test_every_key_is_explained(folder: Path, key: str) -> None:
    """Above each key, on or off, stands a comment that ends like a sentence."""
    lines = written(folder, "tickets.csv", text=("body",)).splitlines()

    (place,) = [row for row, line in enumerate(lines) if re.match(rf"#?{key} = ", line)]
    assert re.match(r"# [A-Z].*\.$", lines[place - 1])


def test_every_line_is_a_key_or_explained(folder: Path) -> None:
    """No key stands without a comment in the line above it."""
    lines = written(folder, "tickets.csv").splitlines()
    keys = [row for row, line in enumerate(lines) if re.match(r"#?[a-z-]+ = ", line)]

    assert len(keys) == 19
    assert [lines[row] for row in keys if not lines[row - 1].startswith("# ")] == []


def test_counts(tmp_path: Path) -> None:
    """Unlabelled and contradictory rows stand with the figures of today."""
    rows = "".join(f"text {number},{'no' if number % 2 else 'yes'}\n" for number in range(20))
    (tmp_path / "a.csv").write_text(f"text,label\n{rows}same,yes\nsame,no\nother,\n")

    lines = written(tmp_path, "a.csv").splitlines()

    assert lines[lines.index("#max-unlabelled = 1") - 1] == "# Rows without a label. Today: 1 of 23."
    assert "Today: 2 of 22." in lines[lines.index("#max-conflicts = 2") - 1]


def test_said_paths(folder: Path) -> None:
    """A file that a flag names from here is named from the settings file's folder."""
    np.save(folder / "vectors.npy", np.eye(344, 4, dtype=np.float32))
    said: dict[str, Any] = {"label": "species", "embeddings": str(folder / "vectors.npy")}

    text = written(folder, "penguins.csv", **said)

    assert tomllib.loads(text)["gate"]["files"]["penguins.csv"]["embeddings"] == "vectors.npy"
    assert roles_of(loaded(folder, text)[0]).columns


@given(st.lists(NAME, min_size=4, max_size=4, unique=True), st.sets(NAME, min_size=2, max_size=4))
@settings(max_examples=30)
def test_any_name(names: list[str], classes: set[str]) -> None:
    """Whatever columns, labels and files are called, the file is read back, and so with every key on."""
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
        told = {"label": label, "text": (text,)}

        plain = written(folder, "a.parquet", **told)

        assert loaded(folder, plain)[0].label == label
        assert loaded(folder, uncommented(plain))[0].numeric == (number,)


@given(NAME)
def test_any_path(path: str) -> None:
    """Whatever the file is called, TOML reads its name back."""
    with tempfile.TemporaryDirectory() as name:
        shutil.copy(FIXTURES / "penguins.csv", name)
        scan = ScanSettings(path=f"{name}/penguins.csv", label="species")
        _, roles, _, examples = read_examples(scan, find_task(), Silence())

    text = render_config(path, collect_flags(scan, Path(name)), roles, examples)

    assert list(tomllib.loads(text)["gate"]["files"]) == [path]


def test_long_class_names(tmp_path: Path) -> None:
    """A class name of a screen's length is no example of a limit, and no key."""
    rows = "".join(f"text {row},{'a' * 61 if row % 2 else 'b' * 61}\n" for row in range(20))
    (tmp_path / "a.csv").write_text(f"text,label\n{rows}")

    assert '#max-per-class = { "*" = "10%" }' in written(tmp_path, "a.csv").splitlines()


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_comments(text: str) -> None:
    """Whatever a comment holds, it ends with its line and says nothing to TOML."""
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
    ids=["all unlike", "same label", "two", "all of three", "other order", "one unlabelled"],
)
def test_count_conflicts(hashes: str, positions: list[int], labels: list[int], n_conflicts: int) -> None:
    """Each labelled row whose input stands elsewhere with another label counts."""
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


def lines(*columns: Column, said: Mapping[str, Any] | None = None) -> list[str]:
    """The lines on these columns."""
    return make_table(list_columns(said or {}, Roles(columns))).as_string().splitlines()


def test_label_and_id() -> None:
    """The label and the column that names the rows are on, each with how it was found."""
    name = Column("ticket", Role.IDENTIFIER, used=True, why="named like an id")

    assert lines(LABEL, name) == [
        "# The labels to judge.",
        'label = "intent"  # named like a label',
        "# The name of each row.",
        'id = "ticket"  # named like an id',
    ]


def test_told_label() -> None:
    """Of a label that the user named there is nothing to tell; rows without a name are said to have none."""
    told = Column("intent", Role.LABEL, used=True, why="--label")

    assert lines(told, said={"label": "intent"}) == [
        "# The labels to judge.",
        'label = "intent"',
        "# No column names the rows: they are known by what stands in them.",
    ]


def test_found_columns() -> None:
    """What doubt finds by itself stands behind a "#", with what it found."""
    assert lines(LABEL, BODY)[3:] == [
        "",
        '# The other columns; those behind a "#" are what doubt sees in them by itself.',
        "# Written text.",
        "#text = [",
        '#  "body",  # 606 different texts',
        "#]",
    ]


def test_told_columns() -> None:
    """What the user named is on, in one line where doubt found nothing besides."""
    told = Column("body", Role.TEXT, used=True, why="--text")

    assert lines(LABEL, told, said={"text": ("body",)})[-1] == 'text = ["body"]'


def test_told_and_found_columns() -> None:
    """Of one role, told columns are on and found ones off, in one array."""
    told = Column("title", Role.TEXT, used=True, why="--text")

    assert lines(LABEL, told, BODY, said={"text": ("title",)})[-4:] == [
        "text = [",
        '  "title",',
        '#  "body",  # 606 different texts',
        "]",
    ]


def test_patterns() -> None:
    """A pattern for annotators stands as it was given, and not once more column by column."""
    ann = Column("rater_ann", Role.ANNOTATOR, used=True, why="--annotators")

    assert lines(LABEL, ann, said={"annotators": ("rater_*",)})[-1] == 'annotators = ["rater_*"]'


def test_group() -> None:
    """A group that the user named is on."""
    customer = Column("customer", Role.GROUP, used=True, why="--group")

    assert 'group = "customer"' in lines(LABEL, customer, said={"group": "customer"})


def test_ignored_columns() -> None:
    """A column that the user ignores is on under `ignore`."""
    price = Column("price", Role.IGNORED, used=False, why="--ignore")

    assert lines(LABEL, price, said={"ignore": ("price",)})[-1] == 'ignore = ["price"]'


def test_columns_left_out() -> None:
    """A column that doubt left out stands behind a "#" under `use`, with why."""
    code = Column("code", Role.CATEGORICAL, used=False, why="it goes one to one with the label")

    assert lines(LABEL, code)[-3:] == ["#use = [", '#  "code",  # it goes one to one with the label', "#]"]


def test_columns_that_no_key_takes_in() -> None:
    """A column that can't be used at all is told of, and offered under no key."""
    image = Column("image", Role.IGNORED, used=False, why="bytes: can't be learnt from")

    assert lines(LABEL, image)[3:] == ['# Not used: "image", bytes: can\'t be learnt from']


def test_many_columns() -> None:
    """Of more than 30 columns of one role, 30 are listed and the rest counted."""
    pixels = [Column(f"p{number}", Role.NUMERIC, used=True, why="numbers") for number in range(32)]

    found = lines(LABEL, *pixels)

    assert found[-3:] == ['#  "p29",  # numbers', "#  # and 2 more", "#]"]
