"""With any file and any verdicts, exactly these labels change, once, and can be undone."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError

if TYPE_CHECKING:
    from types import ModuleType

    from tests.apply.conftest import Desk


@pytest.fixture(autouse=True)
def _without_syncing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hundreds of files are written here, and none has to survive a power cut."""
    monkeypatch.setattr(os, "fsync", lambda _: None)


CLASSES = ("ham", "spam", "x, y", 'say "z"')


def audit_file(desk: Desk, name: str, **settings: Any) -> list[Any]:
    """Audit a file, and give its rows; files that can't be audited are skipped."""
    try:
        return desk.audit(name, **settings)
    except InputError:
        assume(False)
        raise


def decide(desk: Desk, data: st.DataObject, rows: list[Any], *, drop: bool = True) -> dict[int, str | None]:
    """Decide on some of the rows; gives the new labels by row from 0, None for rows that are dropped."""
    labelled = [row for row in rows if row.given_label is not None]
    classes = sorted({row.given_label for row in labelled})
    choices = st.sampled_from([*classes, None] if drop else classes)
    chosen = data.draw(st.dictionaries(st.sampled_from(labelled), choices, min_size=1), "verdicts")
    assume(list(chosen.values()).count(None) < len(rows))
    desk.decide(
        *(
            {
                "doubt_id": row.row_id,
                "given_label": row.given_label,
                "verdict": verdict or "",
                "verdict_status": "" if verdict else "unusable",
            }
            for row, verdict in chosen.items()
        )
    )
    return {row.row - 1: verdict for row, verdict in chosen.items() if verdict != row.given_label}


def check_once_and_back(desk: Desk, name: str, output: str) -> None:
    """Applying again changes nothing and writes no second batch; an undo restores the bytes."""
    made = desk.list_files()

    desk.apply(name, output, drop=True, force=True)
    desk.apply(output, in_place=True, drop=True)

    assert desk.list_files() == made
    if f"{output}.ledger.jsonl" in made:
        desk.undo(output, in_place=True)
        assert desk.list_files()[f"{output}.bak"] == made[output]


@settings(max_examples=25)
@given(data=st.data())
def test_csv(desk_in: type[Desk], files: ModuleType, data: st.DataObject) -> None:
    """In a delimited file, quotes, line ends, blank lines, the encoding and all other cells stay."""

    def labels(letters: str) -> st.SearchStrategy[str]:
        # a verdict of only spaces decides nothing
        return st.sampled_from(["ham", "spam", *letters.split()])

    file = data.draw(files.csv_texts(labels=labels, least_rows=4), "file")
    form = file.form
    # Without a header, the first row that is left says how many fields a row has.
    assume(form.has_header or not any(row.after.endswith(form.delimiter) for row in file.rows))
    with TemporaryDirectory() as folder:
        desk = desk_in(Path(folder))
        (desk.folder / "data.csv").write_bytes(file.content())
        rows = audit_file(
            desk,
            "data.csv",
            label=form.column,
            encoding=form.encoding,
            delimiter=form.delimiter,
            quoting=form.quoting,
            no_header=not form.has_header,
        )
        changed = decide(desk, data, rows)

        desk.apply("data.csv", "fixed.csv", drop=True)

        cells = read_new_cells(desk, "fixed.csv", form.encoding) if changed else {}
        dropped = {row for row, label in changed.items() if label is None}
        assert desk.list_files()["fixed.csv"] == file.content(cells, dropped)
        assert {row: files.parse_fields([cell], form)[0][0] for row, cell in cells.items()} == {
            row: label for row, label in changed.items() if label is not None
        }
        check_once_and_back(desk, "data.csv", "fixed.csv")
        if changed:
            assert desk.list_files()["fixed.csv"] == file.content()


def read_new_cells(desk: Desk, name: str, encoding: str) -> dict[int, str]:
    """The new cells in the ledger, by row from 0."""
    assert encoding
    return {line["row"] - 1: line["new_cell"] for line in desk.ledger(name) if line["action"] == "relabel"}


REPEATED = st.lists(
    st.tuples(st.sampled_from(["late", "it broke", "3.5"]), st.sampled_from(["ham", "spam"])),
    min_size=4,
    max_size=12,
)


@settings(max_examples=25)
@given(rows=REPEATED, has_ids=st.booleans(), data=st.data())
def test_equal_rows(
    desk_in: type[Desk], rows: list[tuple[str, str]], data: st.DataObject, *, has_ids: bool
) -> None:
    """In a table of repeated rows, verdicts on one of equal rows change exactly these, and can be undone."""
    names = [*range(len(rows)), len(rows)]
    data.draw(st.randoms(use_true_random=False)).shuffle(names)
    lines = [f"r{name},{text},{label}" for name, (text, label) in zip(names, rows, strict=False)]
    if not has_ids:
        lines = [line.partition(",")[2] for line in lines]
    content = "\n".join([("id," if has_ids else "") + "text,label", *lines]) + "\n"
    with TemporaryDirectory() as folder:
        desk = desk_in(Path(folder))
        (desk.folder / "data.csv").write_text(content, encoding="utf-8")
        audited = audit_file(desk, "data.csv", label="label", text=("text",), id="id" if has_ids else None)
        groups: dict[tuple[str, str], list[Any]] = {}
        for row, kind in zip(audited, rows, strict=True):
            groups.setdefault(kind, []).append(row)
        seen = {kind: data.draw(st.sampled_from(same)) for kind, same in groups.items()}
        chosen = data.draw(st.dictionaries(st.sampled_from(sorted(groups)), st.sampled_from(["ham", "spam"])))
        desk.decide(
            *(
                {
                    "doubt_id": seen[kind].row_id,
                    "given_label": kind[1],
                    "verdict": label,
                    "doubt_equal_rows": str(len(groups[kind])),
                }
                for kind, label in chosen.items()
            )
        )
        assume(chosen)

        desk.apply("data.csv", "fixed.csv")

        fixed = [
            f"{line.rpartition(',')[0]},{chosen.get(kind, kind[1])}"
            for line, kind in zip(lines, rows, strict=True)
        ]
        assert desk.list_files()["fixed.csv"].decode().splitlines()[1:] == fixed
        changed = [kind for kind in rows if chosen.get(kind, kind[1]) != kind[1]]
        if changed:
            assert len(desk.ledger("fixed.csv")) == len(changed)
            desk.undo("fixed.csv", "before.csv")
            assert desk.list_files()["before.csv"].decode() == content


@settings(max_examples=25)
@given(data=st.data())
def test_json_lines(desk_in: type[Desk], files: ModuleType, data: st.DataObject) -> None:
    """In JSON Lines, compressed or not, only the value of the label changes."""
    kind = data.draw(
        st.sampled_from(
            [st.sampled_from(CLASSES), st.integers(0, 2), st.booleans(), st.sampled_from([1, "1", "a", True])]
        )
    )
    file = data.draw(files.json_texts(labels=kind, least_rows=4), "file")
    is_packed = data.draw(st.booleans())
    name, output = ("data.jsonl.gz", "fixed.jsonl.gz") if is_packed else ("data.jsonl", "fixed.jsonl")
    with TemporaryDirectory() as folder:
        desk = desk_in(Path(folder))
        (desk.folder / name).write_bytes(gzip.compress(file.content()) if is_packed else file.content())
        rows = audit_file(desk, name, label="label")
        changed = decide(desk, data, rows)

        desk.apply(name, output, drop=True)

        cells = read_new_cells(desk, output, "utf-8") if changed else {}
        dropped = {row for row, label in changed.items() if label is None}
        assert read_content(desk, output) == file.content(cells, dropped)
        values = {row: json.loads(cell) for row, cell in cells.items()}
        assert {row: one if isinstance(one, str) else json.dumps(one) for row, one in values.items()} == {
            row: label for row, label in changed.items() if label is not None
        }
        check_once_and_back(desk, name, output)
        if changed:
            assert read_content(desk, output) == file.content()


def read_content(desk: Desk, name: str) -> bytes:
    """The decompressed content of a file."""
    content = desk.list_files()[name]
    return gzip.decompress(content) if name.endswith(".gz") else content


@settings(max_examples=15)
@given(data=st.data())
def test_parquet(desk_in: type[Desk], data: st.DataObject) -> None:
    """In Parquet, the schema, metadata, row groups and all other values stay."""
    n_rows = data.draw(st.integers(4, 8), "rows")
    names = ["neg", "pos", "mixed"]
    feature = {"label": {"names": names, "_type": "ClassLabel"}}
    codes = data.draw(st.lists(st.integers(-1, 2), min_size=n_rows, max_size=n_rows), "labels")
    texts = data.draw(
        st.lists(st.sampled_from(["good", "bad", "so so", None]), min_size=n_rows, max_size=n_rows)
    )
    table = pa.table({"text": texts, "label": pa.array(codes, pa.int64()), "n": [0.5] * n_rows})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": feature}})})
    with TemporaryDirectory() as folder:
        desk = desk_in(Path(folder))
        pq.write_table(table, desk.path("data.parquet"), row_group_size=data.draw(st.integers(1, 5)))
        rows = audit_file(desk, "data.parquet", label="label")
        changed = decide(desk, data, rows)

        desk.apply("data.parquet", "fixed.parquet", drop=True)

        found = pq.read_table(desk.path("fixed.parquet"))
        assert found.schema.equals(table.schema, check_metadata=True)
        expected = [
            row | ({"label": names.index(changed[place])} if changed.get(place) else {})
            for place, row in enumerate(table.to_pylist())
            if changed.get(place, "") is not None
        ]
        assert found.to_pylist() == expected
        check_once_and_back(desk, "data.parquet", "fixed.parquet")
        if changed:
            assert pq.read_table(desk.path("fixed.parquet")).equals(table, check_metadata=True)
