"""The benchmarks measure what they say: on hand-worked scores, and on small sets of the project's own."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[1]
BENCHMARKS = ROOT / "benchmarks"
ENVIRONMENT = dict(os.environ)
sys.path += [str(BENCHMARKS), str(BENCHMARKS / "peers")]

import flips  # noqa: E402
import measure  # noqa: E402
import nessie_methods  # noqa: E402
import page  # noqa: E402
import sets  # noqa: E402
import tools  # noqa: E402

# ----------------------------------------------------------------- the measures


def test_recall_in_the_first_tenth_counts_whole_rows_rounded_up():
    """Of 11 rows the first two count, which here hold one of two errors."""
    is_error = np.array([False, True, *[False] * 8, True])
    doubt = np.linspace(1, 0, 11)

    assert measure.recall_in_tenth(is_error, doubt) == pytest.approx(0.5)


def test_a_tenth_of_thirty_rows_is_three():
    """The fourth of 30 rows does not count, whatever floating point makes of 0.1 times 30."""
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
    """A row at 1 that is no error cancels out against one at 0.9 that is: (1.9 - 1) / 2."""
    assert measure.calibration_error(np.array([False, True]), np.array([1.0, 0.9])) == pytest.approx(0.45)


def test_a_process_costs_what_its_children_cost_too():
    """A child's CPU and memory are its parent's cost."""
    burn = "import time\nx = bytearray(60_000_000)\nwhile time.process_time() < 1.0: pass"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {burn!r}], check=True)"

    cost = measure.run_process([sys.executable, "-c", parent])

    assert cost.cpu_seconds >= 1.0
    assert cost.peak_megabytes >= 60


def test_a_tool_that_fails_stops_the_benchmark():
    """An exit code other than 0 ends the run and says whose it was."""
    with pytest.raises(SystemExit, match="ended with 3"):
        measure.run_process([sys.executable, "-c", "raise SystemExit(3)"])


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


def test_the_verdicts_benchmark_tells_what_fifty_verdicts_do(tmp_path):
    """On the penguins, who have 17 wrong labels, 50 verdicts from the top find them all."""
    write_penguins(tmp_path / "data" / "penguins")
    env = {**os.environ, "DOUBT_DATA": str(tmp_path / "data")}

    command = [sys.executable, str(ROOT / "benchmarks" / "verdicts.py"), "penguins"]
    done = subprocess.run(command, env=env, cwd=ROOT, capture_output=True, text=True, check=True)

    cells = [cell.strip() for cell in done.stdout.splitlines()[0].split("|")]
    assert cells[1:4] == ["penguins", "344", "4.9%"]
    assert (cells[5], cells[6]) == ("1.000", "none is an error")
    assert "### Coverage of the measured rate's 90% interval, 1,000 samples each" in done.stdout


def test_no_tool_is_shown_what_is_known_of_the_errors(tmp_path):
    """Only ids, labels and inputs are left of a set."""
    known = {
        "n_rules": 1,
        "n_answers": 2,
        "original_class": "x",
        "label_one_annotator": "ham",
        "is_error_x": 1,
    }
    write_set(tmp_path / "mail", **known)

    (task,) = sets.tasks_of(tmp_path / "mail")

    assert sorted(task.table) == ["id", "label", "size"]
    assert task.is_error.tolist() == [True] * 4 + [False] * 36


def test_each_kind_of_injected_noise_is_a_task_of_its_own(tmp_path):
    """The kind that `label` repeats comes once, under its name; errors are told by the true label."""
    truth = ["ham", "spam"] * 20
    near, uniform = ["spam", "ham"] * 2 + truth[4:], ["spam", *truth[1:]]
    write_set(tmp_path / "inj_mail", label_near10=near, label_uniform05=uniform)

    given, other = sets.tasks_of(tmp_path / "inj_mail")

    assert (given.name, given.is_given, given.is_error.sum()) == ("inj_mail near10", True, 4)
    assert (other.name, other.is_given, other.is_error.sum()) == ("inj_mail uniform05", False, 1)
    assert list(other.table) == ["size", "id", "label"]
    assert other.is_injected


def test_peoples_answers_are_a_column_each(tmp_path):
    """Each annotator's answers stand beside the rows, and are no inputs."""
    folder = tmp_path / "rte_crowd"
    write_set(folder)
    long = pd.DataFrame(
        {"id": [100, 100, 101], "annotator": ["a", "b", "a"], "label": ["ham", "spam", "ham"]}
    )
    long.to_parquet(folder / "annotations.parquet")

    (task,) = sets.tasks_of(folder)

    assert task.has_answers
    assert task.table["annotator_a"].tolist()[:2] == ["ham", "ham"]
    assert list(task.inputs) == ["size"]


def test_a_set_whose_labels_are_measures_is_left_out(tmp_path):
    """There is nothing to rank where labels are no classes."""
    write_set(tmp_path / "prices", label=np.linspace(0, 1, 40))

    assert sets.tasks_of(tmp_path / "prices") == []


def test_a_folder_without_a_known_set_gives_no_tasks(tmp_path):
    """A folder without the file, or without the column that tells the errors, is passed by."""
    (tmp_path / "blind").mkdir()
    pd.DataFrame({"id": [1], "label": ["ham"]}).to_parquet(tmp_path / "blind" / "data.parquet")

    assert sets.tasks_of(tmp_path) == []
    assert sets.tasks_of(tmp_path / "blind") == []


# -------------------------------------------------------------------- the tools


def test_scores_are_put_back_in_the_order_of_the_file():
    """A tool may write its rows in any order: `row` says which is which."""
    found = tools.by_row(pd.DataFrame({"row": [2, 0, 1], "doubt": [0.2, 0.0, 0.1]}), 3)

    assert found["doubt"].tolist() == [0.0, 0.1, 0.2]


@pytest.mark.parametrize("rows", [[0, 1], [0, 1, 1], [1, 2, 3]], ids=["missing", "twice", "from-one"])
def test_rows_that_do_not_match_the_file_are_refused(rows):
    """A missing, doubled or shifted row would set scores against other rows' errors."""
    with pytest.raises(ValueError, match="each of 3 rows once, counted from 0"):
        tools.by_row(pd.DataFrame({"row": rows, "doubt": 0.5}), 3)


def task_of(text=None, n_rows=40, **fields):
    """A small task, with a text or without."""
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
    """Peers but the reference see a set's own labels only, tabaudit tables only, nessie no large sets."""
    assert tool.takes(task) == is_run


def penguins(tmp_path):
    """The project's penguins with their planted errors, as a set."""
    table = pd.read_csv(ROOT / "fixtures" / "penguins.csv").rename(columns={"species": "label"})
    wrong = pd.read_csv(ROOT / "fixtures" / "penguins_errors.csv")["row"] - 1
    table = table.assign(id=range(len(table)), is_error=table.index.isin(wrong))
    folder = tmp_path / "penguins"
    folder.mkdir()
    table.to_parquet(folder / "data.parquet")
    return folder


@pytest.fixture(scope="module")
def penguin_results(tmp_path_factory):
    """What `doubt`, the reference and nessie's methods make of the penguins."""
    (task,) = sets.tasks_of(penguins(tmp_path_factory.mktemp("data")))
    wanted = (tools.DOUBT, tools.CLEANLAB, tools.NESSIE_METHODS)
    return {method: one for tool in wanted for method, one in tools.measure(tool, task).items()}


@pytest.mark.parametrize("method", ["doubt", "cleanlab", "classification uncertainty", "retag"])
def test_tools_that_look_at_the_label_find_the_planted_errors(penguin_results, method):
    """Average precision lies far above the 5% that chance would reach, so rows and scores belong together."""
    assert penguin_results[method].average_precision > 0.7


@pytest.mark.parametrize("tool", [tools.DOUBTLAB, tools.TABAUDIT], ids=lambda tool: tool.name)
def test_peers_with_needs_of_their_own_find_the_planted_errors(tmp_path, tool):
    """Where they are installed their scores, which doubtlab hands back sorted, belong to the rows too."""
    pytest.importorskip(tool.name)
    (task,) = sets.tasks_of(penguins(tmp_path))

    assert tools.measure(tool, task)[tool.methods[0]].average_precision > 0.7


def test_only_what_reads_like_a_probability_has_a_calibration_error(penguin_results):
    """Of nessie's methods that is the uncertainty alone."""
    said = {method for method, one in penguin_results.items() if one.calibration_error is not None}

    assert said == {"doubt", "cleanlab", "classification uncertainty"}


def test_the_command_prints_its_tables_and_writes_them_only_when_all_was_run(tmp_path):
    """A run of one tool on one set shows that set, and leaves the page as it is."""
    penguins(tmp_path)
    before = page.PAGE.read_bytes()

    command = [sys.executable, str(BENCHMARKS / "ranking.py"), "--tools", "doubt", "penguins"]
    done = subprocess.run(
        command, env={**ENVIRONMENT, "DOUBT_DATA": str(tmp_path)}, capture_output=True, text=True, check=True
    )

    assert "| set | rows | errors | doubt |" in done.stdout
    assert "| penguins | 344 | 4.9% |" in done.stdout
    assert page.PAGE.read_bytes() == before


def test_the_gate_is_measured_on_an_audit_that_it_takes_for_real():
    """On a small audit the gate runs through, and the page stays as it is."""
    before = page.PAGE.read_bytes()

    done = subprocess.run(
        [sys.executable, str(BENCHMARKS / "gate.py"), "4000"], capture_output=True, text=True, check=True
    )

    assert "| `doubt gate data.doubt --max-doubted 50% --max-new 0` |" in done.stdout
    assert page.PAGE.read_bytes() == before


def test_an_unknown_tool_is_refused_by_name():
    """The message says which tools there are."""
    command = [sys.executable, str(BENCHMARKS / "ranking.py"), "--tools", "magic"]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "no tool is called magic; there are doubt, cleanlab, doubtlab, tabaudit, nessie" in done.stderr


# -------------------------------------------------- nessie's methods, by hand


def test_mean_distance_is_to_the_mean_of_the_rows_own_label():
    """Rows at 0 and 4 lie 2 from their mean; the one row of the other label lies on its own."""
    embeddings = np.array([[0.0], [4.0], [9.0]])

    assert nessie_methods.mean_distance(embeddings, np.array([0, 0, 1])).tolist() == [2, 2, 0]


def test_neighbor_entropy_counts_near_rows_for_more():
    """Two rows on one spot with two labels are a coin's toss, ln 2; a far pair of one label is sure, 0."""
    embeddings = np.array([[0.0]] * 10 + [[1000.0]] * 10)
    labels = np.array([0, 1] * 5 + [1] * 10)

    mixed = nessie_methods.neighbor_entropy(embeddings, labels)

    assert mixed == pytest.approx([np.log(2)] * 10 + [0] * 10)


def test_borda_adds_up_ranks():
    """Ranks 1, 2, 3 and 3, 1, 2 make 4, 3 and 5."""
    scores = [np.array([0.1, 0.2, 0.3]), np.array([90.0, 10.0, 50.0])]

    assert nessie_methods.borda(scores).tolist() == [4, 3, 5]


# -------------------------------------------------------------------- the flips


def test_flips_change_five_percent_of_the_labels_and_nothing_else():
    """Of 569 rows 28 have another label than scikit-learn's, and these are the ones called errors."""
    task, truth = flips.flipped("breast cancer", seed=3), flips.SETS["breast cancer"]().target

    changed = task.table["label"] != [f"class {label}" for label in truth]

    assert task.is_error.sum() == 28
    assert changed.tolist() == task.is_error.tolist()
    assert flips.flipped("breast cancer", seed=4).is_error.tolist() != task.is_error.tolist()


# --------------------------------------------------------------------- the page


def test_what_stands_between_the_marks_is_replaced_and_nothing_else(tmp_path):
    """The page around the marks stays."""
    readme = tmp_path / "README.md"
    readme.write_text("before <!-- a --> old <!-- b --> after")

    page.write_between(readme, "<!-- a -->", "<!-- b -->", "new")

    assert readme.read_text() == "before <!-- a -->\n\nnew\n\n<!-- b --> after"


@pytest.mark.parametrize("text", ["no marks", "<!-- a --> alone", "<!-- b --> <!-- a -->"])
def test_a_page_without_both_marks_in_order_is_left_alone(tmp_path, text):
    """A lost mark is an error, not the end of the page."""
    readme = tmp_path / "README.md"
    readme.write_text(text)

    with pytest.raises(ValueError, match="lacks the marks"):
        page.write_between(readme, "<!-- a -->", "<!-- b -->", "new")
    assert readme.read_text() == text


@pytest.mark.parametrize("name", ["ranking", "flips", "size"])
def test_the_page_has_the_marks_of_each_benchmark(name):
    """Each command finds its place."""
    text = page.PAGE.read_text()

    assert text.count(f"<!-- {name}: begin -->") == text.count(f"<!-- {name}: end -->") == 1
