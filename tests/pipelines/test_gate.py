"""What a gate finds in several files, with audits written by hand, so that no model is fitted."""

from __future__ import annotations

import csv
import datetime as dt
import subprocess
import sys
from dataclasses import replace
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from doubtcli.errors import InputError, SettingsError
from doubtcli.gate.result import RULES
from doubtcli.pipelines.gate import Gate
from doubtcli.progress import Silence
from doubtcli.records import ClassCount, ReasonRun, RowCounts, Source
from doubtcli.settings import load_gate
from doubtcli.store import render_document
from doubtcli.store.describe import DOUBT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from doubtcli.gate.result import GateResult
    from doubtcli.records import AuditDocument
    from tests.conftest import Sentences

    Describe = Callable[..., AuditDocument]

TODAY = dt.date(2026, 11, 21)


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(document: AuditDocument, name: str, labels: Sequence[str], *, doubted: int = 0) -> str:
    """Write a file with these labels, and its audit, in which the first rows are doubted.

    Gives the audit's folder.
    """
    data = Path(f"{name}.csv")
    data.write_text("".join(f"{line}\n" for line in ["label", *labels]), encoding="utf-8")
    folder = Path(f"{name}.doubt")
    folder.mkdir()
    rows = [
        {
            "row_id": f"{name}-{row}",
            "row": row,
            "given_label": label,
            "suggested_label": label,
            "doubt": 0.9 if row <= doubted else 0.1,
            "rank": row,
            "doubted": row <= doubted,
            "reasons": ["outlier"],
            "why": "it is far from all others",
            "row_hash": f"{name}{row}",
        }
        for row, label in enumerate(labels, 1)
    ]
    pq.write_table(pa.Table.from_pylist(rows, schema=pa.schema(DOUBT_COLUMNS)), folder / "doubts.parquet")
    content = data.read_bytes()
    document = replace(
        document,
        source=Source(str(data), "csv", len(content), sha256(content).hexdigest()),
        classes=tuple(ClassCount(label, label, labels.count(label), 0) for label in sorted(set(labels))),
        counts=RowCounts(len(labels), len(labels), 0, 0),
    )
    (folder / "audit.json").write_text(render_document(document))
    return str(folder)


def gate(**limits: Any) -> Gate:
    """A gate with these limits and no settings file."""
    return Gate(load_gate({}, limits, start=Path.cwd(), isolated=True), TODAY, Silence(), cache=False)


def test_each_file_is_judged(a_document: Describe) -> None:
    """Each audit is checked against the limits; a path that is given twice counts once."""
    one = write(a_document(), "one", ["ham"] * 3, doubted=1)
    two = write(a_document(), "two", ["ham"] * 3, doubted=2)

    found = gate(max_doubted="1").run([one, two, f"./{one}"])

    assert [(file.path, file.audit, file.passed) for file in found.files] == [
        ("one.csv", "one.doubt", True),
        ("two.csv", "two.doubt", False),
    ]
    assert "one.doubt" in found.files[0].origin


def test_what_reasons_mean(a_document: Describe) -> None:
    """Every reason that was run is explained in a sentence, and so are the other rules."""
    run = (ReasonRun("outlier", "doubtcli", "context", "it looks like nothing else", 3, 0, 0),)
    audit = write(a_document(reasons=run), "one", ["ham"] * 3)

    rules = gate(max_doubted="1").run([audit]).rules

    assert rules["outlier"] == "It looks like nothing else."
    assert RULES.items() <= rules.items()


def test_a_label_of_any_file_may_be_limited(a_document: Describe, sentences: Sentences) -> None:
    """A limit may name a label of one of the files; a label of none of them is an error."""
    one = write(a_document(), "one", ["ham"] * 3)
    two = write(a_document(), "two", ["spam"] * 3)

    assert gate(max_per_class=["spam=0"]).run([one, two]).passed
    with pytest.raises(SettingsError) as caught:
        gate(max_per_class=["spma=0"]).run([one, two])

    assert caught.value.where == "max-per-class"
    assert "'spma'" in caught.value.found
    assert caught.value.hint == "did you mean 'spam'?"
    sentences.check(caught.value)


def test_no_file(sentences: Sentences) -> None:
    """Without a file there is nothing to gate."""
    with pytest.raises(SettingsError) as caught:
        gate(max_doubted="1").run([])
    assert caught.value.where == "DATA"
    sentences.check(caught.value)


def test_no_limit(a_document: Describe, sentences: Sentences) -> None:
    """Without a limit nothing could pass or fail."""
    audit = write(a_document(), "one", ["ham"] * 3)

    with pytest.raises(SettingsError) as caught:
        gate().run([audit])
    assert caught.value.where == "doubt gate"
    assert "one.csv" in caught.value.found
    sentences.check(caught.value)


def test_new_doubts_need_a_baseline(a_document: Describe, sentences: Sentences) -> None:
    """New doubts can't be found without a baseline."""
    audit = write(a_document(), "one", ["ham"] * 3)

    with pytest.raises(SettingsError) as caught:
        gate(max_new="0").run([audit])
    assert caught.value.where == "--max-new"
    sentences.check(caught.value)


def test_known_doubts_are_not_new(a_document: Describe) -> None:
    """Doubts in a baseline are known to the next gate; other files in the baseline are kept."""
    one = write(a_document(), "one", ["ham"] * 3, doubted=1)
    two = write(a_document(), "two", ["ham"] * 3, doubted=2)
    gate().write_baseline([one], "known.json")

    made = gate().write_baseline([two], "known.json")
    found = gate(max_new="0", baseline="known.json").run([one, two])

    assert [(section.path, len(section.doubts)) for section in made.sections] == [
        ("one.csv", 1),
        ("two.csv", 2),
    ]
    assert found.passed


def test_a_baseline_is_overwritten_when_asked(a_document: Describe) -> None:
    """If another file is in its place, that is an error, unless it may be overwritten."""
    audit = write(a_document(), "one", ["ham"] * 3)
    Path("known.json").write_text("{}", encoding="utf-8")

    with pytest.raises(InputError) as caught:
        gate().write_baseline([audit], "known.json")
    made = gate().write_baseline([audit], "known.json", overwrite=True)

    assert caught.value.where == "known.json"
    assert [section.path for section in made.sections] == ["one.csv"]


def test_an_audit_is_gated_without_heavy_libraries(a_document: Describe) -> None:
    """Gating an audit imports none of the libraries that only a scan needs."""
    audit = write(a_document(), "one", ["ham"] * 3, doubted=1)
    script = (
        "import sys; from doubtcli.cli.main import run\n"
        "run(['gate', sys.argv[1], '--max-doubted', '1', '--isolated', '--quiet'])\n"
        "print([name for name in ('pandas', 'sklearn', 'scipy', 'cleanlab') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", script, audit], capture_output=True, text=True, check=True)

    assert done.stdout == "[]\n"


WORDS = {"fruit": ("apple", "pear", "cherry", "plum"), "tool": ("hammer", "saw", "chisel", "plane")}


def make_rows(n_rows: int = 60) -> list[dict[str, str]]:
    """Texts of two lines about fruit and tools in turn; three rows have the other label."""
    rows = []
    for number in range(n_rows):
        kind = ("fruit", "tool")[number % 2]
        text = "\n".join(WORDS[kind][number // 2 // 4**place % 4] for place in range(3))
        label = ("tool", "fruit")[number % 2] if number in {11, 30, 47} else kind
        rows.append({"text": f"{text} n{number}", "label": label})
    return rows


def write_rows(path: Path, rows: list[dict[str, str]], ends: str = "\n") -> None:
    """A CSV file of these rows, with these ends of lines, also within texts."""
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(text.getvalue().replace("\n", ends).encode())


def judge(data: Path, **limits: Any) -> GateResult:
    """A gate by a new scan with few models."""
    plan = load_gate({"fast": True}, limits, start=data.parent, isolated=True)
    return Gate(plan, TODAY, Silence(), cache=False).run([str(data)])


def write_known(data: Path, path: Path, **flags: Any) -> str:
    """A baseline of a file, by a new scan."""
    plan = load_gate({"fast": True, **flags}, {}, start=data.parent, isolated=True)
    Gate(plan, TODAY, Silence(), cache=False).write_baseline([str(data)], str(path))
    return str(path)


@pytest.mark.parametrize("has_ids", [False, True])
def test_a_file_that_others_touch(has_ids: bool, tmp_path: Path) -> None:
    """Other ends of lines, an added column and odd rows are no new doubts, and let no waiver lapse."""
    rows = [({"id": f"T{number}"} if has_ids else {}) | row for number, row in enumerate(make_rows())]
    data = tmp_path / "data.csv"
    write_rows(data, rows)
    baseline = write_known(data, tmp_path / "known.json")
    waived = judge(data, max_doubted="9").files[0].findings[0]
    waivers = tmp_path / "w.toml"
    waivers.write_text(f'[[waive]]\nid = "{waived.row_id}"\n', encoding="utf-8")
    odd = dict.fromkeys(rows[0], "") | {"text": "apple\npear n99", "label": "fruit"}
    again = rows[2] | {"text": "apple\nplum n98"}

    for changed, ends in (
        (rows, "\r\n"),
        ([row | {"added": "abc"[place % 3]} for place, row in enumerate(rows)], "\n"),
        ([*rows, odd, again], "\r\n"),
    ):
        write_rows(data, changed, ends)
        found = judge(data, max_new="0", baseline=baseline, waivers=str(waivers))

        [one] = found.files[0].waived
        assert (found.passed, one.row, one.fingerprint) == (True, waived.row, waived.fingerprint)


def test_a_baseline_of_another_label(tmp_path: Path) -> None:
    """Where nobody names the label column, it is the baseline's, also if another one looks like it today."""
    data, rows = tmp_path / "data.csv", [row | {"kind": row["label"]} for row in make_rows()]
    write_rows(data, [{"text": row["text"], "kind": row["kind"]} for row in rows])
    baseline = write_known(data, tmp_path / "known.json", label="kind")
    write_rows(data, [row | {"label": "ab"[place // 2 % 2]} for place, row in enumerate(rows)])

    assert judge(data, max_new="0", baseline=baseline).passed
