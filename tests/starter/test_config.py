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
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.progress import Silence
from doubtcli.read.examples import read_examples
from doubtcli.settings import GateSettings, Limit, ScanSettings, load_gate
from doubtcli.starter import config_text, said_of

if TYPE_CHECKING:
    from doubtcli.records import Roles

FIXTURES = Path(__file__).parents[2] / "fixtures"
NAME = st.text(st.characters(exclude_categories=("Cs",)), min_size=1).filter(
    lambda name: name.strip() and name != "*"
)


def roles_of(scan: ScanSettings) -> Roles:
    """How the columns of a file are used."""
    return read_examples(scan, Silence())[1]


def written(folder: Path, name: str, **said: Any) -> str:
    """The settings file for a file in a folder."""
    scan = ScanSettings(path=str(folder / name), **said)
    _, roles, _, examples = read_examples(scan, Silence())
    return config_text(name, said_of(scan, folder), roles, examples)


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
        _, roles, _, examples = read_examples(scan, Silence())

    text = config_text(path, said_of(scan, Path(name)), roles, examples)

    assert list(tomllib.loads(text)["gate"]["files"]) == [path]


def test_long_class_names(tmp_path: Path) -> None:
    """A class name of a screen's length is no example of a limit, and no key."""
    rows = "".join(f"text {row},{'a' * 61 if row % 2 else 'b' * 61}\n" for row in range(20))
    (tmp_path / "a.csv").write_text(f"text,label\n{rows}")

    assert '#max-per-class = { "*" = "10%" }' in written(tmp_path, "a.csv").splitlines()
