"""What is done with an audit in Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from pandas.testing import assert_frame_equal

import doubtcli
from doubtcli.cli.main import run
from doubtcli.errors import InputError, OutputError, SettingsError
from doubtcli.records import NoiseRate, Power
from doubtcli.report.notebook import render_for_notebook
from doubtcli.testing import assert_labels

COLORS = ["red", "red", "blue", "blue"] * 10


@pytest.fixture(scope="module")
def color_audit(colors, scan_colors):
    """Its audit."""
    return scan_colors(colors)


def test_queue_is_ready_to_be_filled_in(audit):
    """The queue has the doubted rows first, numbers as numbers, and an empty column of verdicts."""
    queue = audit.queue
    n_doubted = int(audit.doubts["doubted"].sum())

    assert list(queue["doubt_id"][:n_doubted]) == list(
        audit.doubts[audit.doubts["doubted"]].sort_values("rank")["row_id"]
    )
    assert queue["doubt_score"].is_monotonic_decreasing
    assert queue["verdict"].isna().all()


def test_positions_count_from_0(audit):
    """A row's position in the queue and among the doubts is its place in the table, as `iloc` takes it."""
    queue = audit.queue

    doubts = audit.doubts.iloc[queue["doubt_position"]]
    assert list(doubts["row_id"]) == list(queue["doubt_id"])
    assert list(doubts["position"]) == list(queue["doubt_position"])
    assert list(doubts["row"]) == [position + 1 for position in doubts["position"]]


def test_figures_are_sentences_when_printed(audit, sentences):
    """The noise rate, the skill and the audit print as a person would say them."""
    sentences.check(f"{audit!r}\n{audit.noise_rate}\n{audit.skill}")


def test_notebook_html(audit, sentences):
    """A notebook shows the summary and the first rows, escaped."""
    sentences.check(audit._repr_html_())


def test_results_are_lines_when_printed(color_audit, sentences):
    """What a gate, verdicts and a comparison give is shown in a few lines, not with all it holds."""
    results = (
        color_audit.gate(max_doubted=40, allow_unassessable=True),
        color_audit.apply({"k0": "blue"}),
        color_audit.compare(color_audit),
    )
    sentences.check("\n".join(map(repr, results)))


def test_html_of_other_audits(a_document, sentences):
    """What the audit can find is shown where errors were planted, and what can't be assessed is said."""
    power = Power(assessable=True, why="", n_planted=20, found_in_first={0.05: 0.5})
    noise = NoiseRate(assessable=False, why="the models have no skill")
    skill = replace(a_document().skill, assessable=False)
    document = a_document(power=power, noise_rate=noise, skill=skill)

    html = render_for_notebook(document, pd.DataFrame(), [])

    sentences.check(f"{noise}\n" + html.partition("</style>")[2])


def test_html_of_rows_without_texts(colors, scan_colors):
    """A row without texts is shown by its values with their names, and a right-to-left label is isolated."""
    sizes = [
        number + 10.5 if color == "red" else -number - 2.5 for number, color in enumerate(colors["color"])
    ]
    table = colors.drop(columns="text").assign(size=sizes).replace("blue", "כחול")
    table.loc[0, "color"] = "כחול" if table.loc[0, "color"] == "red" else "red"  # a row to check

    html = scan_colors(table)._repr_html_()

    assert '<div dir="auto">size ' in html
    assert "<bdi>כחול</bdi>" in html


def test_html_is_escaped(colors, scan_colors):
    """What the data have in them is text, never HTML."""
    evil = colors.assign(text=colors["text"] + " <script>alert(1)</script>")

    assert "<script>" not in scan_colors(evil)._repr_html_()


@pytest.mark.parametrize(
    ("limit", "passed"), [("0%", False), (0, False), ("50%", True), (0.5, True), (90, True)]
)
def test_gate(audit, limit, passed):
    """A limit is a share or a number of rows, and the gate passes within it."""
    found = audit.gate(max_doubted=limit)

    assert found.passed is passed
    assert found.files[0].path == "<pandas.DataFrame>"


def test_gate_by_class(audit):
    """A limit by class is one for all classes, or one for each that is named."""
    assert not audit.gate(max_per_class={"refund": 0}).passed
    assert audit.gate(max_per_class="90%").passed


def test_gate_needs_a_limit(audit, sentences):
    """A gate without a limit is an error: it would always pass."""
    with pytest.raises(SettingsError) as refusal:
        audit.gate()

    sentences.check(refusal.value)


@pytest.mark.parametrize(
    ("convert", "labels"),
    [
        (lambda frame: frame, lambda frame: frame["color"].tolist()),
        (lambda frame: frame.astype({"color": "category"}), lambda frame: frame["color"].tolist()),
        (pl.from_pandas, lambda frame: frame["color"].to_list()),
        (
            lambda frame: pl.from_pandas(frame).with_columns(pl.col("color").cast(pl.Categorical)),
            lambda frame: frame["color"].to_list(),
        ),
        (pa.Table.from_pandas, lambda frame: frame.column("color").to_pylist()),
    ],
    ids=["pandas", "pandas category", "polars", "polars categorical", "arrow"],
)
def test_verdicts_give_a_table_of_the_same_kind(colors, scan_colors, convert, labels):
    """The corrected table is a copy with other labels; all else, and the table that was given, stay."""
    given = convert(colors)

    applied = scan_colors(given).apply({"k0": "blue", "k3": "red", "k5": "red"})

    expected = ["blue", "red", "blue", "red", *COLORS[4:]]
    assert labels(applied.data) == expected
    assert labels(given) == COLORS
    assert type(applied.data) is type(given)
    assert applied.changes[["row_id", "row", "given_label", "new_label"]].to_numpy().tolist() == [
        ["k0", 1, "red", "blue"],
        ["k3", 4, "blue", "red"],
    ]


def test_types_and_index_stay(audit, tickets):
    """A corrected frame has the frame's own index and types, and differs in the labels alone."""
    queue = audit.queue.head(4)
    queue["verdict"] = queue["doubt_suggested"]

    corrected = audit.apply(queue).data

    changed = corrected["intent"].fillna("") != tickets["intent"].fillna("")
    assert set(corrected.loc[changed, "ticket_id"]) == set(queue["doubt_id"])
    assert_frame_equal(corrected.drop(columns="intent"), tickets.drop(columns="intent"))


def test_numbers_as_labels_stay_numbers(colors, scan_colors):
    """A label that is a number is replaced by a number."""
    numbers = colors.assign(color=colors["color"].map({"red": 1, "blue": 2}))

    corrected = scan_colors(numbers).apply({"k0": 2}).data

    assert corrected["color"].dtype == numbers["color"].dtype
    assert corrected["color"].tolist()[:2] == [2, 1]


@pytest.mark.parametrize("convert", [lambda frame: frame, pl.from_pandas, pa.Table.from_pandas])
def test_unusable_rows_are_dropped(colors, scan_colors, convert):
    """A row that a person called unusable is taken out if that is asked for, else reported."""
    audit = scan_colors(convert(colors))
    verdicts = pd.DataFrame({"doubt_id": ["k1"], "verdict": [None], "verdict_status": ["unusable"]})

    assert len(audit.apply(verdicts).data) == 40
    assert len(audit.apply(verdicts, drop=True).data) == 39


def test_sparse_labels_become_dense(colors, scan_colors):
    """A sparse column of labels is corrected as a plain one."""
    numbers = colors.assign(color=pd.arrays.SparseArray([int(color == "red") for color in COLORS]))

    corrected = scan_colors(numbers).apply({"k0": 0}).data

    assert corrected["color"].tolist()[:3] == [0, 1, 0]


def test_a_new_label_is_allowed_when_it_is_asked_for(colors, scan_colors):
    """A label that the data don't have is reported, unless new labels are allowed."""
    audit = scan_colors(colors.astype({"color": "category"}))

    assert audit.apply({"k0": "green", "k1": "blue"}).unapplied["kind"].tolist() == ["new label"]
    assert audit.apply({"k0": "green"}, new_labels=True).data["color"].tolist()[:2] == ["green", "red"]


@pytest.mark.parametrize(
    ("verdicts", "strict"),
    [({"k0": "green", "k99": "red"}, False), ({"k0": "green", "k1": "blue"}, True)],
    ids=["none", "not all"],
)
def test_verdicts_that_can_not_be_used_are_an_error(color_audit, verdicts, strict, sentences):
    """If no verdict can be used, or with `strict` not all, that is an error; in a dry run it is not."""
    with pytest.raises(InputError) as refusal:
        color_audit.apply(verdicts, strict=strict)

    found = color_audit.apply(verdicts, strict=strict, dry_run=True)
    assert len(found.unapplied) == len(verdicts) - len(found.changes)
    sentences.check(refusal.value)


def test_a_column_that_can_not_hold_a_label_is_an_error(colors, scan_colors, sentences):
    """Text in a column of numbers is refused, and names the row."""
    audit = scan_colors(colors.assign(color=colors["color"].map({"red": 1, "blue": 2})))

    with pytest.raises(OutputError) as refusal:
        audit.apply({"k0": "green"}, new_labels=True)

    assert (refusal.value.row, refusal.value.column) == (1, "color")
    sentences.check(refusal.value)


def test_an_enum_of_polars_takes_no_new_label(colors, scan_colors, sentences):
    """A category that the column's type doesn't have is refused."""
    enum = pl.from_pandas(colors).with_columns(pl.col("color").cast(pl.Enum(["red", "blue"])))

    with pytest.raises(OutputError) as refusal:
        scan_colors(enum).apply({"k0": "green"}, new_labels=True)

    assert refusal.value.column == "color"
    sentences.check(refusal.value)


@pytest.mark.parametrize("option", [{"output": "new.csv"}, {"in_place": True}, {"waivers": "w.toml"}])
def test_no_file_is_written_for_a_frame(color_audit, option, sentences):
    """Options that name files are refused where a frame was judged."""
    with pytest.raises(SettingsError) as refusal:
        color_audit.apply({"k0": "blue"}, **option)

    assert refusal.value.where == next(iter(option))
    sentences.check(refusal.value)


def test_on_conflict_is_checked(color_audit, sentences):
    """A word that is not one of its values is an error."""
    with pytest.raises(SettingsError) as refusal:
        color_audit.apply({"k0": "blue"}, on_conflict="majorty")

    sentences.check(refusal.value)


def test_all_rows_are_not_dropped(color_audit):
    """A table without rows is never the result."""
    keys = [f"k{number}" for number in range(40)]
    verdicts = pd.DataFrame({"doubt_id": keys, "verdict": None, "verdict_status": "unusable"})

    with pytest.raises(InputError):
        color_audit.apply(verdicts, drop=True)


@pytest.mark.parametrize("kind", [dict, pd.Series], ids=["dict", "Series"])
def test_labels_by_row_id(colors, scan_colors, kind):
    """Verdicts may be a mapping or a Series of labels, of the labels' own type."""
    switches = colors.assign(color=colors["color"] == "red")

    corrected = scan_colors(switches).apply(kind({"k0": False})).data

    assert corrected["color"].tolist()[:3] == [False, True, False]


def test_waivers_count_only_where_they_are_named(colors, tmp_path, monkeypatch):
    """A waivers file in the working directory is neither read nor written unasked."""
    monkeypatch.chdir(tmp_path)
    wrong = colors.assign(color=["blue", *COLORS[1:]], size=[4.0 * (color == "red") for color in COLORS])
    wrong.to_csv("colors.csv", index=False)
    audit = doubtcli.scan("colors.csv", label="color", id="key", numeric="size", fast=True)
    keep = audit.queue.assign(verdict=audit.queue["given_label"])

    audit.apply(keep, output="same.csv", waivers="doubt-waivers.toml")

    assert not audit.gate(max_doubted=0).passed
    assert audit.gate(max_doubted=0, waivers=Path("doubt-waivers.toml")).passed
    audit.apply(keep, output="other.csv")
    assert Path("doubt-waivers.toml").read_text(encoding="utf-8").count("[[waiver") <= len(keep)


def test_new_doubts_need_a_file(color_audit, sentences):
    """A baseline is of a file, so that a limit on new doubts is refused for a table in memory."""
    with pytest.raises(SettingsError) as refusal:
        color_audit.gate(max_new=0)

    sentences.check(refusal.value)


def test_verdicts_on_a_file_are_written_as_the_command_does(colors, scan_colors, tmp_path, monkeypatch):
    """A new file with its ledger; the command takes it back to the very bytes."""
    monkeypatch.chdir(tmp_path)
    colors.to_csv("colors.csv", index=False)
    audit = scan_colors("colors.csv")

    applied = audit.apply({"k0": "blue"}, output="fixed.csv")

    assert applied.path == "fixed.csv"
    assert applied.data is None
    assert pd.read_csv("fixed.csv")["color"].tolist() == ["blue", *COLORS[1:]]
    assert run(["undo", "fixed.csv", "-o", "back.csv", "-q"]) == 0
    assert Path("back.csv").read_bytes() == Path("colors.csv").read_bytes()


def test_a_file_is_not_written_without_a_place(colors, scan_colors, tmp_path):
    """Where the file goes must be named, as on the command line."""
    colors.to_csv(tmp_path / "colors.csv", index=False)

    with pytest.raises(SettingsError):
        scan_colors(tmp_path / "colors.csv").apply({"k0": "blue"})


def test_compare(color_audit, scan_colors):
    """Two audits of the same rows are compared by what became of them."""
    later = scan_colors(color_audit.apply({"k0": "blue", "k4": "blue"}).data)

    found = color_audit.compare(later)

    assert found.n_matched == 40
    assert found.outcomes.changed == 2


def test_compare_with_a_saved_audit(color_audit, colors, scan_colors, tmp_path, monkeypatch):
    """The later audit may be the folder of a file's audit."""
    monkeypatch.chdir(tmp_path)
    colors.to_csv("colors.csv", index=False)
    scan_colors("colors.csv").save("colors.doubt")

    assert color_audit.compare("colors.doubt").n_matched == 40


def test_assert_labels(colors, tmp_path, sentences):
    """In a test: passes within the limits, else fails and names limits and rows."""
    sizes = [1 + number % 5 / 10 + 4 * (color == "blue") for number, color in enumerate(COLORS)]
    wrong = pd.DataFrame({"key": colors["key"], "size": sizes, "color": ["blue", *COLORS[1:]]})
    options = {"label": "color", "id": "key", "numeric": "size", "fast": True}

    config = tmp_path / "doubt.toml"
    config.write_text("[gate]\nmax-doubted = 0\n", encoding="utf-8")

    assert_labels(wrong, max_doubted="50%", **options)
    with pytest.raises(AssertionError) as failure:
        assert_labels(wrong, max_unlabelled=0, config=config, progress=False, **options)

    sentences.check(str(failure.value))


def test_assert_labels_needs_a_limit(colors):
    """Without a limit nothing would ever fail, so that is an error before the scan."""
    with pytest.raises(SettingsError):
        assert_labels(colors, label="color")


def test_a_comparison_does_not_learn_from_a_leak():
    """A column that the scans left out gives nothing away where relabelling is scored either."""
    folder = Path(__file__).parents[2] / "fixtures"
    errors = pd.read_csv(folder / "tickets_errors.csv").set_index("ticket_id")["true_intent"]
    tickets = pd.read_csv(folder / "tickets.csv", usecols=["ticket_id", "subject", "body", "intent"])
    plain = tickets.dropna(subset="intent").reset_index(drop=True)
    leaky = plain.assign(measured=plain["intent"].rank(method="first") + 0.25)
    right = plain["ticket_id"].map(errors).fillna(plain["intent"])
    options = {"id": "ticket_id", "fast": True, "reasons": "low-self-confidence"}

    scores = []
    for frame in (plain, leaky):
        before, after = (doubtcli.scan(each, **options) for each in (frame, frame.assign(intent=right)))
        scores.append(before.compare(after).score)

    assert [note for note in before.notes if "'measured'" in note]
    assert scores[0] == scores[1]


def test_review(colors, scan_colors, tmp_path):
    """Rows are decided by their ids, and the folder of the review is applied as a file of verdicts."""
    made, folder = scan_colors(colors), tmp_path / "colors.verdicts"
    first, second = made.doubts["row_id"].iloc[[0, 2]]

    review = made.review(as_name="ana", folder=folder)
    review.decide([first], "blue")
    review.keep([second])
    review.decide([second], "red")
    review.undo()

    assert {row_id: one.label for row_id, one in review.verdicts.items()} == {first: "blue", second: "blue"}
    changes = made.apply(folder).changes
    assert first in set(changes["row_id"])  # with the rows that are equal to it
    assert set(changes["new_label"]) == {"blue"}


def test_rule_of_a_review(colors, color_audit, tmp_path):
    """A rule is kept in a settings file that a scan can read, and rows that contradict it are returned."""
    review, config = color_audit.review(as_name="ana", folder=tmp_path / "verdicts"), tmp_path / "doubt.toml"

    found = review.add_rule("warm-is-blue", 'contains(text, "warm") and key != "k0"', "blue", config=config)

    is_against = (colors["color"] == "red") & (colors["key"] != "k0")
    assert sorted(found) == sorted(colors["key"][is_against])
    again = doubtcli.scan(colors, label="color", fast=True, folds=2, reasons="rule-conflict", config=config)
    assert again.doubts["reason:rule-conflict"].gt(0.5).sum() == len(found)


def test_review_of_a_table_needs_a_folder(color_audit):
    """Verdicts on a table in memory have no place of their own, so a folder is asked for."""
    with pytest.raises(SettingsError, match="folder"):
        color_audit.review(as_name="ana")


def test_review_of_unknown_row(color_audit, tmp_path):
    """An id that no row has is refused."""
    review = color_audit.review(as_name="ana", folder=tmp_path / "colors.verdicts")

    with pytest.raises(InputError, match="no row has the id 'x'"):
        review.keep(["x"])


@pytest.mark.parametrize("rows", [3.7, True, [None], [2.0]])
def test_review_by_what_is_no_id(color_audit, tmp_path, rows):
    """A number with a fraction, a truth value or nothing is not taken for a row."""
    review = color_audit.review(as_name="ana", folder=tmp_path / "colors.verdicts")

    with pytest.raises(InputError, match="id"):
        review.keep(rows)


def test_one_id_is_not_taken_apart(color_audit, tmp_path):
    """One text is one id, and its letters are not."""
    review = color_audit.review(as_name="ana", folder=tmp_path / "colors.verdicts")
    first = color_audit.doubts["row_id"].iloc[0]

    review.skip(first, why="ask")

    assert list(review.verdicts) == [first]
    assert review.undo()
    assert not review.undo()
    assert repr(review).endswith(f"0 verdicts in {tmp_path / 'colors.verdicts'}>")
