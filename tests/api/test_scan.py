"""`doubtcli.scan` and `doubtcli.open_audit`."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

import doubtcli
from doubtcli.api.keywords import GateOptions, ScanOptions, say_in_keywords
from doubtcli.cli.main import run
from doubtcli.errors import DoubtError, InputError, SettingsError
from doubtcli.settings import FILE_KEYS, GateSettings

FLAGS = ("--id", "ticket_id", "--annotators", "annotator_*", "--fast", "--isolated")
NOT_KEYWORDS = {"output"}
"""Settings that say where a command writes."""


def rows(audit):
    """All that is known of the rows, without an index."""
    return audit.doubts.reset_index(drop=True)


def test_a_frame_is_judged_as_the_command_judges_its_file(tickets, audit, tmp_path, monkeypatch):
    """The command gives the same doubts, queue and noise rate for a Parquet file of the same rows."""
    monkeypatch.chdir(tmp_path)
    tickets.reset_index(drop=True).to_parquet("tickets.parquet")

    code = run(["scan", "tickets.parquet", *FLAGS, "-q"])

    opened = doubtcli.open_audit("tickets.doubt")
    assert code == 0
    assert_frame_equal(rows(opened), rows(audit))
    assert_frame_equal(opened.queue, audit.queue)
    assert (opened.noise_rate, opened.skill) == (audit.noise_rate, audit.skill)
    assert opened.notes == audit.notes


def test_a_csv_file_is_judged_as_its_frame(tickets, audit, scan_tickets, tmp_path):
    """A CSV file, read by path, gets the doubts of the frame that pandas reads of it."""
    tickets.to_csv(tmp_path / "tickets.csv", index=False)

    found = scan_tickets(tmp_path / "tickets.csv")

    same = ["row_id", "given_label", "suggested_label", "doubt", "doubted", "reasons"]
    assert_frame_equal(rows(found)[same], rows(audit)[same])


@pytest.mark.parametrize("convert", [pl.from_pandas, pa.Table.from_pandas], ids=["polars", "arrow"])
def test_other_tables_are_judged_as_pandas_frames(tickets, audit, scan_tickets, convert):
    """A polars frame and an Arrow table of the same rows have the same hash and the same doubts."""
    found = scan_tickets(convert(tickets.reset_index(drop=True)))

    assert_frame_equal(rows(found), rows(audit))


def test_doubts_have_the_index_of_the_frame(tickets, audit):
    """Doubts are in the frame's order and on its index, so that they select its rows."""
    doubted = tickets[audit.doubts["doubted"]]

    assert audit.doubts.index.equals(tickets.index)
    assert list(audit.doubts["row_id"]) == list(tickets["ticket_id"])
    assert 0 < len(doubted) < 40


def test_the_frame_stays_as_it_is(tickets, scan_tickets):
    """A scan changes nothing in the table that it is given."""
    before = tickets.copy(deep=True)

    scan_tickets(tickets, reasons="low-self-confidence")

    assert_frame_equal(tickets, before)


def test_later_changes_of_the_frame_are_not_in_the_audit(colors, scan_colors):
    """An audit keeps the frame as it was: an index, an order and values that change later don't reach it."""
    frame = colors.copy()
    audit = scan_colors(frame)

    frame["color"] = "blue"
    frame.index = frame.index[::-1]
    frame.loc[0] = frame.loc[1]

    assert audit.doubts.index.equals(colors.index)
    corrected = audit.apply({"k0": "blue"}).data
    assert corrected["color"].tolist() == ["blue", *colors["color"][1:]]


def test_a_level_of_the_index_names_the_rows(tickets, audit, scan_tickets):
    """`id` may be the name of a pandas index."""
    found = scan_tickets(tickets.set_index("ticket_id"))

    assert list(found.doubts["row_id"]) == list(tickets["ticket_id"]) == list(found.doubts.index)
    assert list(found.doubts["doubt"]) == list(audit.doubts["doubt"])


def test_a_column_of_mixed_types_is_read_as_text(tickets, scan_tickets):
    """Numbers among texts, which Excel files have, don't keep a frame from being judged."""
    mixed = tickets.assign(channel=[number if number % 2 else "web" for number in range(len(tickets))])

    found = scan_tickets(mixed, reasons="low-self-confidence")

    assert len(found.doubts) == len(tickets)


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ([1, 2], "<list>"),
        (pd.DataFrame(), "<pandas.DataFrame>"),
        (pd.DataFrame({"a": []}), "<pandas.DataFrame>"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "<pandas.DataFrame>"),
        (pd.Series(["a"]), "<pandas.Series>"),
        (pl.LazyFrame({"a": [1]}), "<polars.LazyFrame>"),
        (pl.DataFrame({"a": [1]}, schema={"a": pl.Int128}), "<polars.DataFrame>"),
    ],
    ids=[
        "a list",
        "no columns",
        "no rows",
        "equal names",
        "a series",
        "a lazy frame",
        "a type without Arrow's",
    ],
)
def test_what_is_not_a_table_is_refused(data, where, sentences):
    """The error names the object, and says what was expected."""
    with pytest.raises(InputError) as refusal:
        doubtcli.scan(data)

    assert refusal.value.where == where
    sentences.check(refusal.value)


def test_settings_are_checked(tickets, sentences):
    """A value that is not valid is an error that has the keyword's name."""
    with pytest.raises(SettingsError) as refusal:
        doubtcli.scan(tickets, queue_size="many")

    assert refusal.value.where == "queue_size"
    sentences.check(refusal.value)


def test_a_queue_ends_where_fewer_would_be_wrong(audit, tickets, scan_tickets):
    """With half, it has the doubted rows alone; doubts are the same."""
    found = scan_tickets(tickets, stop_below="50%")

    assert len(found.queue) < len(audit.queue)
    assert (found.queue["doubt_score"].astype(float) >= 0.5).all()
    assert_frame_equal(rows(found).drop(columns="why"), rows(audit).drop(columns="why"))


def test_a_share_to_stop_below_is_at_most_half(tickets):
    """As doubted rows are always queued."""
    with pytest.raises(SettingsError) as refusal:
        doubtcli.scan(tickets, stop_below=0.6)

    assert refusal.value.where == "stop_below"


def test_errors_name_keywords(tickets, sentences):
    """What the command line says with flags is said with keywords."""
    with pytest.raises(InputError) as refusal:
        doubtcli.scan(tickets[["subject", "body"]])

    assert "--" not in str(refusal.value)
    sentences.check(refusal.value)


def test_names_are_not_split(tickets, scan_tickets):
    """A name with a comma in it is one name, unlike in a flag."""
    renamed = tickets.rename(columns={"subject": "subject, short"})

    found = scan_tickets(renamed, text=["subject, short", "body"], reasons="low-self-confidence")

    assert len(found.doubts) == len(tickets)


def test_columns_may_be_numbers(colors):
    """A frame's columns are called by their texts, and named by numbers all the same."""
    numbered = colors.set_axis([0, 1, 2], axis="columns")

    found = doubtcli.scan(
        numbered, label=1, id=2, text=[0], fast=True, folds=2, reasons="low-self-confidence"
    )

    assert list(found.doubts["row_id"]) == list(colors["key"])


def test_no_settings_file_is_read_unasked(tickets, scan_tickets, tmp_path, monkeypatch):
    """A settings file in the working directory changes nothing, unless `config` names it."""
    monkeypatch.chdir(tmp_path)
    Path("doubt.toml").write_text('label = "channel"\n', encoding="utf-8")
    others = [name for name in tickets.columns if name.startswith("annotator")]
    few = {"annotators": None, "ignore": others, "reasons": "low-self-confidence"}

    labels = [
        set(scan_tickets(tickets, **few, **config).doubts["given_label"].dropna())
        for config in ({}, {"config": "doubt.toml"})
    ]

    assert "billing" in labels[0]
    assert labels[1] == set(tickets["channel"])


def test_probabilities_may_be_an_array_or_a_table(tickets, scan_tickets, tmp_path):
    """An array, a table with a column a class, and a file of the same probabilities give the same doubts."""
    classes = sorted(tickets["intent"].dropna().unique())
    random = np.random.default_rng(0).dirichlet(np.ones(len(classes)), len(tickets))
    table = pd.DataFrame(random, columns=classes)
    np.save(tmp_path / "probs.npy", random)
    forms = (random, table[classes[::-1]], str(tmp_path / "probs.npy"), pl.from_pandas(table))

    found = [scan_tickets(tickets, pred_probs=form, reasons="low-self-confidence") for form in forms]

    for other in found[1:]:
        assert_frame_equal(rows(found[0]), rows(other))


def test_a_table_beside_the_frame_is_aligned(tickets, scan_tickets, sentences):
    """Probabilities with the frame's index may be in any order; those with another index are refused."""
    classes = sorted(tickets["intent"].dropna().unique())
    random = np.random.default_rng(0).dirichlet(np.ones(len(classes)), len(tickets))
    table = pd.DataFrame(random, columns=classes, index=tickets.index)

    in_order, shuffled = (
        scan_tickets(tickets, pred_probs=probs, reasons="low-self-confidence")
        for probs in (table, table.sample(frac=1, random_state=0))
    )
    with pytest.raises(InputError) as refusal:
        scan_tickets(tickets, pred_probs=table.set_axis(range(1, len(tickets) + 1)))

    assert_frame_equal(rows(in_order), rows(shuffled))
    sentences.check(refusal.value)


def test_numpy_scalars_are_settings(colors, scan_colors):
    """Numbers and switches may be NumPy's."""
    options = {"label": "color", "id": "key", "folds": np.int64(2), "fast": np.True_}
    audit = doubtcli.scan(colors, **options, reasons="low-self-confidence")

    assert audit.doubts["doubt"].tolist() == scan_colors(colors).doubts["doubt"].tolist()
    assert audit.gate(max_doubted=np.int64(40), allow_unassessable=np.True_).passed


def test_values_may_mean_no_label(colors):
    """Rows with a value that the user names as "no label" have none, and are not judged."""
    some = colors.assign(color=colors["color"].where(colors.index % 10 != 0, "-1"))
    options = {"label": "color", "id": "key", "folds": 2, "fast": True, "reasons": "low-self-confidence"}

    audit = doubtcli.scan(some, **options, no_label=-1)

    assert audit.doubts["given_label"].isna().sum() == 4
    assert set(audit.doubts["given_label"].dropna()) == {"red", "blue"}


def test_unreadable_columns_are_left_out(colors, scan_colors):
    """A column of objects is left out with a note; periods, intervals and sparse values are read."""
    n_rows = len(colors)
    odd = colors.assign(
        shape=[object()] * n_rows,
        month=pd.period_range("2020", periods=n_rows, freq="M"),
        bin=pd.cut(np.arange(float(n_rows)), 3),
        sparse=pd.arrays.SparseArray([0, 1] * (n_rows // 2)),
        mixed=[1, "a", None, 2.5] * (n_rows // 4),
    ).set_axis([0] * n_rows)

    audit = scan_colors(odd)

    assert [note for note in audit.notes if "'shape'" in note]
    assert not [note for note in audit.notes if "'bin'" in note or "'month'" in note]


def test_arrow_types_that_can_not_be_read_are_left_out(colors, scan_colors):
    """A column of a type that few libraries know is left out with a note, like one of objects."""
    table = pa.Table.from_pandas(colors)
    kinds, texts = pa.array([0] * 40, pa.int8()), pa.array(["a"] * 40, pa.string_view())
    views = pa.UnionArray.from_sparse(kinds, [texts])

    audit = scan_colors(table.append_column("views", views))

    assert len(audit.doubts) == 40
    assert [note for note in audit.notes if "'views'" in note]


def test_vectors_may_be_an_array(tickets, scan_tickets):
    """An array of embeddings takes part in the row's content, as a file of them does."""
    vectors = np.random.default_rng(0).normal(size=(len(tickets), 3))

    found = scan_tickets(tickets, embeddings=vectors, reasons="low-self-confidence")
    with pytest.raises(InputError) as refusal:
        scan_tickets(tickets, embeddings=vectors[0])

    assert len(found.doubts) == len(tickets)
    assert refusal.value.where == "<numpy.ndarray>"


def test_verdicts_may_be_a_queue(tickets, audit, scan_tickets):
    """A queue whose verdicts are filled in teaches the next scan, as its file does."""
    queue = audit.queue.head(3).copy()
    queue["verdict"] = queue["given_label"]

    found = scan_tickets(tickets, verdicts=queue, reasons="low-self-confidence")

    decided = found.doubts.dropna(subset="verdict")
    assert set(decided["row_id"]) == set(queue["doubt_id"])
    assert not decided["doubted"].any()


def test_nothing_is_printed(tickets, scan_tickets, capfd):
    """Not even a bar, where nobody watches."""
    scan_tickets(tickets, reasons="low-self-confidence")

    assert capfd.readouterr() == ("", "")


def test_two_threads_may_scan_at_once(tickets, audit, scan_tickets):
    """Scans that run side by side give what each gives alone."""
    halves = [tickets, tickets.iloc[::-1]]

    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(scan_tickets, halves))

    for one in found:
        assert one.doubts.loc[tickets.index, "doubt"].tolist() == audit.doubts["doubt"].tolist()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("name it: --label COLUMN", "name it: label=COLUMN"),
        ("measure yours with --audit-sample 100", "measure yours with audit_sample=100"),
        ("a new file: -o FILE; or --in-place", "a new file: output=FILE; or in_place"),
        ("add --no-such-flag 3 to well-known words", "add --no-such-flag 3 to well-known words"),
    ],
)
def test_flags_become_keywords(said, expected):
    """A flag that has a keyword is replaced by it, with its value; all else stays."""
    assert say_in_keywords(said) == expected


def test_keywords_are_the_settings():
    """Every setting of a scan is a keyword of `scan`, and every one of a gate is one of `Audit.gate`."""
    of_scan = set(inspect.signature(doubtcli.scan).parameters) - {"data", "config", "progress"}
    of_gate = set(inspect.signature(doubtcli.Audit.gate).parameters) - {"self", "config"}

    settings = {key.replace("-", "_") for key in FILE_KEYS} - NOT_KEYWORDS
    assert of_scan == set(ScanOptions.__annotations__) == settings | {"reason_settings", "rules"}
    assert of_gate == set(GateOptions.__annotations__) == {item.name for item in fields(GateSettings)}


def test_import_is_light():
    """`import doubtcli` loads nothing until a name is used."""
    script = (
        "import doubtcli, sys; light = 'pandas' not in sys.modules; doubtcli.scan; doubtcli.testing;"
        "print(light, 'pandas' in sys.modules, hasattr(doubtcli, 'nothing'))"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.split() == ["True", "True", "False"]


def test_an_audit_of_a_frame_is_not_one_of_a_file(audit, tmp_path, monkeypatch, capsys):
    """A command can't read a frame's data again, and says how Python can."""
    monkeypatch.chdir(tmp_path)
    audit.save("tickets.doubt")

    code = run(["gate", "tickets.doubt", "--max-doubted", "50%", "--isolated"])

    assert code == 2
    assert "doubtcli.open_audit" in capsys.readouterr().err


def test_a_saved_audit_is_opened_as_it_was(tickets, audit, tmp_path):
    """What is saved and opened again says the same, and with its frame it can be worked on."""
    audit.save(tmp_path / "tickets.doubt")

    opened = doubtcli.open_audit(tmp_path / "tickets.doubt", data=tickets)

    assert_frame_equal(opened.doubts, audit.doubts)
    assert_frame_equal(opened.queue, audit.queue)
    assert opened.gate(max_doubted="50%").passed
    assert opened.apply({"T0480": "billing"}).changes["row_id"].tolist() == ["T0480"]
    assert (tmp_path / "tickets.doubt" / "report.html").stat().st_size > 10_000


@pytest.mark.parametrize("given", ["nothing", "another frame", "a path"])
def test_work_on_a_saved_audit_needs_its_frame(tickets, audit, tmp_path, sentences, given):
    """Without the frame that was judged nothing is gated, relabelled or compared; with another neither."""
    audit.save(tmp_path / "tickets.doubt")
    data = {"nothing": None, "another frame": tickets.head(100), "a path": "tickets.csv"}[given]

    with pytest.raises(DoubtError) as refusal:
        doubtcli.open_audit(tmp_path / "tickets.doubt", data=data).gate(max_doubted=0)

    assert refusal.value.where == ("data" if given == "a path" else os.fspath(tmp_path / "tickets.doubt"))
    sentences.check(refusal.value.found)
