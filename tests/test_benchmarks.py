"""The benchmarks measure what they say: on scores worked out by hand, and on our small fixtures."""

import runpy
import sys
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from joblib import parallel_config

from doubtcli.cli.main import run
from doubtcli.predict.engine import limit_native_threads
from tests.browsing import needs_browser

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
sys.path += [str(BENCHMARKS), str(BENCHMARKS / "peers")]

import embeddings  # noqa: E402
import flags  # noqa: E402
import flips  # noqa: E402
import gate  # noqa: E402
import measure  # noqa: E402
import nessie_methods  # noqa: E402
import page  # noqa: E402
import ranking  # noqa: E402
import review  # noqa: E402
import review_page  # noqa: E402
import sets  # noqa: E402
import tools  # noqa: E402
import verdicts  # noqa: E402

QUICK = ["--folds", "2", "--repeats", "1"]
"""Settings of scans that save time."""


def run_here(command):
    """Run a scan in this process and quickly, cleanlab's script too, and any other command as it is."""
    with pytest.MonkeyPatch.context() as patch, parallel_config(backend="threading"), limit_native_threads():
        if "doubtcli" in command:
            assert run([*command[3:], *QUICK]) == 0
        elif command[1].endswith(tools.CLEANLAB.script):
            patch.setattr(sys, "argv", command[1:])
            runpy.run_path(command[1], run_name="__main__")
        else:
            return measure.run_process(command)
    return measure.Cost(cpu_seconds=1.0, peak_megabytes=1.0, wall_seconds=1.0)


# ----------------------------------------------------------------- the measures


def test_effort_of_cards_counts_what_the_card_before_had_not():
    """Of three cards the pair of labels changes once; "c" and "d" are new, "b" and a repeated "c" are not."""
    found = review.count_effort([(0, 1), (0, 1), (0, 2)], ["a b", "b c", "C d d"])

    assert (found.changes, found.new_words) == (1, 2)


@pytest.mark.browser
@needs_browser
def test_the_page_of_a_review_is_measured_in_a_browser(tmp_path, monkeypatch):
    """The browser gets the bytes that the server packs; of 200 rows a filter has 25, and 7 that fill up."""
    monkeypatch.setattr(review_page, "TIMES", 1)
    desk = review.open_desk(review.PROBABILITIES, 200, tmp_path)

    cost = review_page.measure_page(desk)

    assert (cost.map_bytes, cost.filter_bytes) == (len(desk.describe_map()), 32)
    assert min(cost.next_card, cost.first_map, cost.lasso) > 0


def test_recall_in_the_first_tenth_counts_whole_rows_rounded_up():
    """Of 11 rows the first two count, and one of two errors is among them."""
    is_error = np.array([False, True, *[False] * 8, True])
    doubt = np.linspace(1, 0, 11)

    assert measure.recall_in_tenth(is_error, doubt) == pytest.approx(0.5)


def test_a_tenth_of_thirty_rows_is_three():
    """The fourth of 30 rows does not count, although 0.1 times 30 is more than 3 in floating point."""
    is_error = np.arange(30) == 3

    assert measure.recall_in_tenth(is_error, np.linspace(1, 0, 30)) == 0


def test_precision_at_errors_reads_as_many_rows_as_there_are_errors():
    """With three errors the three most doubted rows count, of which two are errors here."""
    is_error = np.array([True, False, True, False, True])
    doubt = np.array([0.9, 0.8, 0.7, 0.6, 0.1])

    assert measure.precision_at_errors(is_error, doubt) == pytest.approx(2 / 3)


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 4, 0, 3, 1]])
def test_rows_tied_at_the_cut_count_by_their_share_of_errors_in_any_order(order):
    """One of two places goes to the top row, the other is shared by four tied rows with one error."""
    is_error = np.array([True, False, True, False, False])[order]
    doubt = np.array([1.0, 0.5, 0.5, 0.5, 0.5])[order]

    assert measure.precision_at_errors(is_error, doubt) == pytest.approx((1 + 1 / 4) / 2)


def test_calibration_error_is_the_mean_gap_of_the_bins_weighted_by_rows():
    """Two rows at 0.15 with one error gap by 0.35, two at 0.95 with two errors by 0.05: 0.2 in the mean."""
    is_error = np.array([True, False, True, True])
    probability = np.array([0.15, 0.15, 0.95, 0.95])

    assert measure.calibration_error(is_error, probability) == pytest.approx(0.2)


def test_calibration_error_counts_certainty_in_the_last_bin():
    """A row at 1 without an error and one at 0.9 with an error are in one bin: (1.9 - 1) / 2."""
    assert measure.calibration_error(np.array([False, True]), np.array([1.0, 0.9])) == pytest.approx(0.45)


def test_the_cost_of_a_process_includes_its_children():
    """The CPU time and memory of a child are part of its parent's cost."""
    burn = "import time\nx = bytearray(60_000_000)\nwhile time.process_time() < 0.3: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}], check=True)"

    cost = measure.run_process([sys.executable, "-c", parent])

    assert cost.cpu_seconds >= 0.3
    assert cost.peak_megabytes >= 60


def test_a_tool_that_fails_stops_the_benchmark():
    """An exit code other than 0 ends the run, and the message has the command and the code."""
    with pytest.raises(SystemExit) as ended:
        measure.run_process([sys.executable, "-c", "raise SystemExit(3)"])
    assert str(ended.value).startswith(sys.executable)
    assert str(ended.value).endswith(" 3")


# --------------------------------------------------------------------- the sets


def write_set(folder, **columns):
    """A set of 40 rows with all columns that a real one may have; the first four labels are wrong."""
    folder.mkdir()
    truth = ["ham", "spam"] * 20
    wrong = ["spam", "ham"] * 2 + truth[4:]
    data = {"id": range(100, 140), "size": range(40), "label": wrong, "true_label": truth} | columns
    table = pd.DataFrame(data)
    table["is_error"] = table["label"] != table["true_label"]
    table.to_parquet(folder / "data.parquet")
    return table


def write_penguins(folder):
    """The penguins as a set with known errors."""
    penguins = pd.read_csv(ROOT / "fixtures" / "penguins.csv")
    errors = pd.read_csv(ROOT / "fixtures" / "penguins_errors.csv")
    table = penguins.rename(columns={"species": "label"}).assign(id=range(len(penguins)))
    table["true_label"] = table["label"]
    table.loc[errors["row"] - 1, "true_label"] = errors["true_species"].to_numpy()
    table["is_error"] = table["label"] != table["true_label"]
    folder.mkdir(parents=True)
    table.to_parquet(folder / "data.parquet")


def test_the_verdicts_benchmark_shows_what_fifty_verdicts_do(tmp_path, monkeypatch, capsys):
    """On the penguins, which have 17 wrong labels, 50 verdicts from the top find them all."""
    write_penguins(tmp_path / "penguins")
    monkeypatch.setattr(verdicts, "DATA", tmp_path)
    monkeypatch.setattr(verdicts, "run_process", run_here)
    monkeypatch.setattr(sys, "argv", ["verdicts.py", "penguins"])

    verdicts.main()

    printed = capsys.readouterr().out
    cells = [cell.strip() for cell in printed.splitlines()[0].split("|")]
    assert cells[1:4] == ["penguins", "344", "4.9%"]
    assert (cells[5], cells[6]) == ("1.000", "none is an error")


def test_the_flags_benchmark_replays_promises(tmp_path, monkeypatch, capsys):
    """On the penguins, promises on the queue hold in 90% of the replays or more."""
    write_penguins(tmp_path / "penguins")
    monkeypatch.setattr(flags, "DATA", tmp_path)
    monkeypatch.setattr(flags, "SIZES", (8,))
    monkeypatch.setattr(flags, "FEWEST_FLAGGED", 10)
    monkeypatch.setattr(flags, "TOP", 2)
    monkeypatch.setattr(flags.replay, "__defaults__", (20,))
    monkeypatch.setattr(verdicts, "run_process", run_here)
    monkeypatch.setattr(sys, "argv", ["flags.py", "penguins"])

    flags.main()

    cells = [cell.strip() for cell in capsys.readouterr().out.splitlines()[0].split("|")]
    assert (cells[1], cells[3]) == ("penguins", "8")
    assert float(cells[4].removesuffix("%")) >= 90


def test_a_replay_of_right_suggestions_accepts_them():
    """Where all suggestions are right, all are accepted that nobody decided, and the promise is kept."""
    is_wrong = np.ones(400, dtype=bool)
    found = flags.replay(flags.FlaggedSet("all", is_wrong, is_wrong, is_wrong), 120, 8)

    assert (found.held, found.kept, found.truths) == (1.0, (1.0, 1.0), (1.0, 1.0, 1.0))
    assert all(least > 0.9 for least in found.bounds)
    # 280 of the 400 rows were not drawn; in two of eight replays some of the first ten are decided, too
    assert all(0.69 <= share <= 0.7 for share in found.accepted)


def test_no_tool_is_shown_what_is_known_of_the_errors(tmp_path):
    """A task has only the ids, labels and inputs of a set."""
    known = {
        "n_rules": 1,
        "n_answers": 2,
        "original_class": "x",
        "label_one_annotator": "ham",
        "is_error_x": 1,
    }
    write_set(tmp_path / "mail", **known)

    (task,) = sets.read_tasks(tmp_path / "mail")

    assert sorted(task.table) == ["id", "label", "size"]
    assert task.is_error.tolist() == [True] * 4 + [False] * 36


def test_a_set_that_names_its_inputs_shows_no_other_column(tmp_path):
    """Of "votes" and "size", only the latter is an input: `meta.json` has the pattern "s*"."""
    write_set(tmp_path / "mail", votes=3)
    (tmp_path / "mail" / "meta.json").write_text('{"task": "binary", "inputs": ["s*"]}', encoding="utf-8")

    (task,) = sets.read_tasks(tmp_path / "mail")

    assert sorted(task.table) == ["id", "label", "size"]


def test_a_set_whose_labels_are_those_of_words_is_left_out(tmp_path):
    """Its rows are words, and no label belongs to a row alone."""
    write_set(tmp_path / "names")
    (tmp_path / "names" / "meta.json").write_text(
        '{"task": "token classification", "inputs": ["size"]}', encoding="utf-8"
    )

    assert sets.read_tasks(tmp_path / "names") == []


def test_each_kind_of_injected_noise_is_a_task(tmp_path):
    """The kind that `label` repeats comes once, under its name; errors follow from the true label."""
    truth = ["ham", "spam"] * 20
    near, uniform = ["spam", "ham"] * 2 + truth[4:], ["spam", *truth[1:]]
    write_set(tmp_path / "inj_mail", label_near10=near, label_uniform05=uniform)

    given, other = sets.read_tasks(tmp_path / "inj_mail")

    assert (given.name, given.is_given, given.is_error.sum()) == ("inj_mail near10", True, 4)
    assert (other.name, other.is_given, other.is_error.sum()) == ("inj_mail uniform05", False, 1)
    assert list(other.table) == ["size", "id", "label"]
    assert other.is_injected


def test_peoples_answers_are_a_column_each(tmp_path):
    """Each annotator's answers are a column, and not an input."""
    folder = tmp_path / "rte_crowd"
    write_set(folder)
    long = pd.DataFrame(
        {"id": [100, 100, 101], "annotator": ["a", "b", "a"], "label": ["ham", "spam", "ham"]}
    )
    long.to_parquet(folder / "annotations.parquet")

    (task,) = sets.read_tasks(folder)

    assert task.has_answers
    assert task.table["annotator_a"].tolist()[:2] == ["ham", "ham"]
    assert list(task.inputs) == ["size"]


def test_a_set_whose_labels_are_measures_is_left_out(tmp_path):
    """A set is left out if its labels are not classes."""
    write_set(tmp_path / "prices", label=np.linspace(0, 1, 40))

    assert sets.read_tasks(tmp_path / "prices") == []


def test_a_folder_without_a_known_set_gives_no_tasks(tmp_path):
    """A folder is skipped if it has no data file, or no column with the errors."""
    (tmp_path / "blind").mkdir()
    pd.DataFrame({"id": [1], "label": ["ham"]}).to_parquet(tmp_path / "blind" / "data.parquet")

    assert sets.read_tasks(tmp_path) == []
    assert sets.read_tasks(tmp_path / "blind") == []


# -------------------------------------------------------------------- the tools


def test_scores_are_put_back_in_the_order_of_the_file():
    """A tool may write its rows in any order: they are sorted by `row`."""
    found = tools.sort_by_row(pd.DataFrame({"row": [2, 0, 1], "doubt": [0.2, 0.0, 0.1]}), 3)

    assert found["doubt"].tolist() == [0.0, 0.1, 0.2]


@pytest.mark.parametrize("rows", [[0, 1], [0, 1, 1], [1, 2, 3]], ids=["missing", "twice", "from-one"])
def test_rows_that_do_not_match_the_file_are_refused(rows):
    """Missing, repeated or shifted rows are an error: scores and errors would not match."""
    with pytest.raises(ValueError, match="3 rows"):
        tools.sort_by_row(pd.DataFrame({"row": rows, "doubt": 0.5}), 3)


def task_of(text=None, n_rows=40, **fields):
    """A small task, with or without a text."""
    inputs = pd.DataFrame({"size": range(n_rows)}).assign(**({"text": text} if text else {}))
    return sets.Task("mail", inputs.assign(id=range(n_rows), label="ham"), np.zeros(n_rows, bool), **fields)


@pytest.mark.parametrize(
    ("tool", "task", "is_run"),
    [
        (tools.DOUBT, task_of(is_given=False), True),
        (tools.CLEANLAB, task_of(is_given=False), True),
        (tools.DOUBTLAB, task_of(is_given=False), False),
        (tools.DOUBTLAB, task_of("a text of some length"), True),
        (tools.TABAUDIT, task_of(), True),
        (tools.TABAUDIT, task_of("a text of some length"), False),
        (tools.NESSIE_METHODS, task_of(n_rows=20_001), False),
        (tools.NESSIE_METHODS, task_of(n_rows=20_000), True),
    ],
)
def test_each_tool_is_run_on_what_it_can_judge(tool, task, is_run):
    """Peers except the reference run on `label` only, tabaudit on tables only, nessie on small sets."""
    assert tool.takes(task) == is_run


def penguins(tmp_path):
    """The penguins with their planted errors, as a set."""
    table = pd.read_csv(ROOT / "fixtures" / "penguins.csv").rename(columns={"species": "label"})
    wrong = pd.read_csv(ROOT / "fixtures" / "penguins_errors.csv")["row"] - 1
    table = table.assign(id=range(len(table)), is_error=table.index.isin(wrong))
    folder = tmp_path / "penguins"
    folder.mkdir()
    table.to_parquet(folder / "data.parquet")
    return folder


@pytest.fixture(scope="module")
def penguin_results(tmp_path_factory):
    """The results of `doubt`, the reference and nessie's methods on the penguins."""
    (task,) = sets.read_tasks(penguins(tmp_path_factory.mktemp("data")))
    wanted = (tools.DOUBT, tools.CLEANLAB, tools.NESSIE_METHODS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tools, "run_process", run_here)
        patch.setenv("OMP_NUM_THREADS", "1")  # threads that wait for each other cost CPU time
        return {method: one for tool in wanted for method, one in tools.measure(tool, task).items()}


@pytest.mark.parametrize("method", ["doubt", "cleanlab", "classification uncertainty", "retag"])
def test_tools_that_look_at_the_label_find_the_planted_errors(penguin_results, method):
    """Average precision is far above the 5% of chance, so scores and rows match."""
    assert penguin_results[method].average_precision > 0.7


@pytest.mark.parametrize("tool", [tools.DOUBTLAB, tools.TABAUDIT], ids=lambda tool: tool.name)
def test_peers_that_need_more_packages_find_the_planted_errors(tmp_path, tool):
    """Where they are installed, their scores match the rows too, although doubtlab sorts them."""
    pytest.importorskip(tool.name)
    (task,) = sets.read_tasks(penguins(tmp_path))

    assert tools.measure(tool, task)[tool.methods[0]].average_precision > 0.7


def test_only_probabilities_have_a_calibration_error(penguin_results):
    """Of nessie's methods, only the uncertainty is a probability."""
    found = {method for method, one in penguin_results.items() if one.calibration_error is not None}

    assert found == {"doubt", "cleanlab", "classification uncertainty"}


def test_a_run_of_some_tools_prints_its_tables_and_writes_nothing(tmp_path, monkeypatch, capsys):
    """A run of one tool on one set prints that set, and does not change the page."""
    penguins(tmp_path)
    before = page.PAGE.read_bytes()

    monkeypatch.setattr(sets, "DATA", tmp_path)
    monkeypatch.setattr(tools, "run_process", run_here)
    monkeypatch.setattr(sys, "argv", ["ranking.py", "--tools", "doubt", "penguins"])

    ranking.main()

    printed = capsys.readouterr().out
    assert "| set | rows | errors | doubt |" in printed
    assert "| penguins | 344 | 4.9% |" in printed
    assert page.PAGE.read_bytes() == before


def test_the_gate_is_measured_on_an_audit_that_it_accepts(monkeypatch, capsys):
    """The gate runs on a small audit of the benchmark, and the page does not change."""
    before = page.PAGE.read_bytes()

    def run_doubt(arguments, folder):
        with chdir(folder):
            assert run([*arguments, *(QUICK if arguments[0] == "scan" else [])]) == 0

    def run_command(command):
        folder, words = command[3], command[4:]
        if "doubtcli" not in words:
            return measure.run_process(command)
        run_doubt(words[3:], folder)
        return measure.Cost(cpu_seconds=1.0, peak_megabytes=1.0, wall_seconds=1.0)

    monkeypatch.setattr(gate, "run_doubt", run_doubt)
    monkeypatch.setattr(gate, "run_process", run_command)
    monkeypatch.setattr(sys, "argv", ["gate.py", "4000"])

    gate.main()

    assert "| `doubt gate data.doubt --max-doubted 50% --max-new 0` |" in capsys.readouterr().out
    assert page.PAGE.read_bytes() == before


def test_an_unknown_tool_is_refused_by_name(monkeypatch, capsys):
    """The error has the unknown name, and those of all tools."""
    monkeypatch.setattr(sys, "argv", ["ranking.py", "--tools", "magic"])

    with pytest.raises(SystemExit) as ended:
        ranking.main()

    assert ended.value.code == 2
    printed = capsys.readouterr().err
    assert all(name in printed for name in ("magic", *(tool.name for tool in tools.TOOLS)))


# -------------------------------------------------- nessie's methods, by hand


def test_mean_distance_is_to_the_mean_of_the_rows_label():
    """Rows at 0 and 4 are 2 from their mean; the only row of the other label is its own mean."""
    embeddings = np.array([[0.0], [4.0], [9.0]])

    assert nessie_methods.mean_distance(embeddings, np.array([0, 0, 1])).tolist() == [2, 2, 0]


def test_neighbor_entropy_counts_near_rows_for_more():
    """Rows in one place, half of each label, have the entropy ln 2; distant rows of one label have 0."""
    embeddings = np.array([[0.0]] * 10 + [[1000.0]] * 10)
    labels = np.array([0, 1] * 5 + [1] * 10)

    mixed = nessie_methods.neighbor_entropy(embeddings, labels)

    assert mixed == pytest.approx([np.log(2)] * 10 + [0] * 10)


def test_borda_adds_up_ranks():
    """Ranks 1, 2, 3 and 3, 1, 2 add up to 4, 3 and 5."""
    scores = [np.array([0.1, 0.2, 0.3]), np.array([90.0, 10.0, 50.0])]

    assert nessie_methods.borda(scores).tolist() == [4, 3, 5]


# -------------------------------------------------------------------- the flips


def test_flips_change_five_percent_of_the_labels_and_nothing_else():
    """28 of 569 rows have a different label than in scikit-learn, and exactly these are errors."""
    task, truth = flips.flip_labels("breast cancer", seed=3), flips.SETS["breast cancer"]().target

    changed = task.table["label"] != [f"class {label}" for label in truth]

    assert task.is_error.sum() == 28
    assert changed.tolist() == task.is_error.tolist()
    assert flips.flip_labels("breast cancer", seed=4).is_error.tolist() != task.is_error.tolist()


# --------------------------------------------------------------- the embeddings


def test_made_up_vectors_have_one_label_in_ten_wrong():
    """Of 50 texts five have another class; the texts are the same with and without vectors."""
    alone, beside = (embeddings.make_task(50, 3, signal) for signal in (None, 0.2))

    assert alone.is_error.sum() == 5
    assert beside.is_error.tolist() == alone.is_error.tolist()
    assert beside.table.drop(columns="embedding").equals(alone.table)
    assert {len(vector) for vector in beside.table["embedding"]} == {256}


def test_the_embeddings_benchmark_prints_a_row_for_each_file(monkeypatch, capsys):
    """On few rows it prints two classes without vectors, with vectors and with noise, and writes nothing."""
    before = page.PAGE.read_bytes()
    monkeypatch.setattr(embeddings, "CLASSES", (2,))
    monkeypatch.setattr(tools, "run_process", run_here)
    monkeypatch.setattr(sys, "argv", ["embeddings.py", "120"])

    embeddings.main()

    lines = capsys.readouterr().out.splitlines()
    assert [line.split(" | ")[1] for line in lines[2:]] == ["none", "of the class", "noise"]
    assert page.PAGE.read_bytes() == before


# --------------------------------------------------------------------- the page


def test_only_the_text_between_the_marks_is_replaced(tmp_path):
    """The page around the marks stays the same."""
    readme = tmp_path / "README.md"
    readme.write_text("before <!-- a --> old <!-- b --> after")

    page.write_between(readme, "<!-- a -->", "<!-- b -->", "new")

    assert readme.read_text() == "before <!-- a -->\n\nnew\n\n<!-- b --> after"


@pytest.mark.parametrize("text", ["no marks", "<!-- a --> alone", "<!-- b --> <!-- a -->"])
def test_a_page_without_both_marks_in_order_does_not_change(tmp_path, text):
    """A missing mark is an error."""
    readme = tmp_path / "README.md"
    readme.write_text(text)

    with pytest.raises(ValueError, match=r"README\.md"):
        page.write_between(readme, "<!-- a -->", "<!-- b -->", "new")
    assert readme.read_text() == text


@pytest.mark.parametrize("name", ["ranking", "flips", "speed", "embeddings"])
def test_the_page_has_the_marks_of_each_benchmark(name):
    """The page has both marks once."""
    text = page.PAGE.read_text()

    assert text.count(f"<!-- {name}: begin -->") == text.count(f"<!-- {name}: end -->") == 1
