"""The benchmark of speed: what its table says of runs, worked out by hand, and the files that it grows."""

import sys
from pathlib import Path

import numpy as np
import pyarrow.csv
import pytest

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
sys.path += [str(BENCHMARKS), str(BENCHMARKS / "peers")]

import grown_sets  # noqa: E402
import speed  # noqa: E402

TEXTS = "texts, 10 classes"
DIGITS = "64 numbers, 26 classes"


def make_run(tool, n_rows, cpu_seconds, kind=TEXTS):
    """A run with nothing of interest but its cost."""
    return speed.Run(kind, n_rows, tool, cpu_seconds, 1.0, 1.0, 0.5)


def test_ten_times_the_rows_for_a_hundred_times_the_seconds_is_a_growth_of_two():
    """The exponent is that from the next smaller file of the same tool: 3 to 300 seconds, not 1 to 300."""
    runs = [make_run("doubt", 100, 1.0), make_run("doubt", 1_000, 3.0), make_run("cleanlab", 1_000, 300.0)]
    last = make_run("doubt", 10_000, 300.0)

    assert speed.find_growth(last, [*runs, last]) == pytest.approx(2.0)
    assert speed.find_growth(runs[0], [*runs, last]) is None


def test_a_peer_that_was_not_run_on_more_rows_is_extrapolated_by_its_growth_and_marked():
    """It took 10 and then 200 seconds: 4,000 for a million rows."""
    peers = [make_run("cleanlab", 10_000, 10.0), make_run("cleanlab", 100_000, 200.0)]
    ours = make_run("doubt", 1_000_000, 2_000.0)

    assert speed.find_peer_cost(ours, [*peers, ours]) == (pytest.approx(4_000.0), "≈")
    assert speed.render_run(ours, [*peers, ours])[4] == "≈0.50"


def test_a_peer_that_was_run_on_the_same_rows_is_not_marked():
    """Beside 30 seconds of the peer, 15 are half."""
    runs = [make_run("cleanlab", 1_000, 30.0), make_run("doubt", 1_000, 15.0)]

    assert speed.render_run(runs[1], runs)[4] == "0.50"


def test_without_the_peers_growth_there_is_no_ratio():
    """One size of the peer says nothing about ten times the rows."""
    runs = [make_run("cleanlab", 100_000, 30.0), make_run("doubt", 1_000_000, 15.0)]

    assert speed.render_run(runs[1], runs)[4] == "-"


def test_the_same_kind_and_number_of_rows_is_the_same_file_with_the_stated_share_of_wrong_labels(tmp_path):
    """Of 3,000 labels, 240 are expected to be wrong, give or take 45 (three standard deviations)."""
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()

    one = grown_sets.write_file(DIGITS, 3_000, first)
    other = grown_sets.write_file(DIGITS, 3_000, second)

    assert one.path.read_bytes() == other.path.read_bytes()
    assert abs(int(one.is_error.sum()) - 240) <= 45
    table = pyarrow.csv.read_csv(one.path)
    assert table.num_rows == 3_000
    assert table.num_columns == 66
    assert len(table.column("label").unique()) == 26


def test_given_probabilities_are_one_row_each_that_sums_to_one(tmp_path):
    """They are beside the file, ten classes wide."""
    file = grown_sets.write_file("given probabilities", 500, tmp_path)

    probs = np.load(file.probabilities)
    assert probs.shape == (500, 10)
    np.testing.assert_allclose(probs.sum(axis=1), 1.0, rtol=1e-5)


def test_a_run_that_is_kept_is_not_repeated(tmp_path, monkeypatch, capsys):
    """A table is made of the runs in the folder, and no tool is started."""
    run = make_run("doubt", 1_000, 12.5)
    path = speed.record_path(tmp_path, run.kind, run.n_rows, run.tool)
    path.write_text(speed.json.dumps(speed.asdict(run)), encoding="utf-8")
    monkeypatch.setattr(speed, "run_process", pytest.fail)
    arguments = ["--kinds", TEXTS, "--rows", "1000", "--tools", "doubt", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["speed.py", *arguments])

    speed.main()

    assert "| 1,000 | doubt | 12.5 |" in capsys.readouterr().out


def test_the_peak_of_a_process_does_not_count_the_memory_of_the_one_that_started_it():
    """This process has Arrow and pandas loaded, and a bare Python needs a fraction of that."""
    own = speed.run_process([sys.executable, "-S", "-c", "import time; time.sleep(0.3)"])
    large = speed.run_process(
        [sys.executable, "-S", "-c", "import time; a = bytearray(100_000_000); time.sleep(0.3)"]
    )

    assert own.peak_megabytes < 60
    assert 95 < large.peak_megabytes - own.peak_megabytes < 130


def test_short_texts_of_thousands_of_classes_hint_at_their_class(tmp_path):
    """All have six words, of which about half hint: at most five different ones for each of 2,000 classes."""
    file = grown_sets.write_file("short texts, 2,000 classes", 6_000, tmp_path)

    table = pyarrow.csv.read_csv(file.path).to_pydict()
    by_label = {}
    for text, label, is_error in zip(table["text"], table["label"], file.is_error, strict=True):
        words = text.split()
        assert len(words) == 6
        if not is_error:
            by_label.setdefault(label, []).extend(word for word in words if word.startswith("h"))
    assert len(by_label) > 1_800
    assert max(len(set(words)) for words in by_label.values()) <= 5
    assert sum(map(len, by_label.values())) / (6 * (~file.is_error).sum()) == pytest.approx(0.5, abs=0.02)


def test_peers_are_not_run_where_classes_are_thousands():
    """They would take hours."""
    assert speed.list_tools("short texts, 2,000 classes", 10_000) == ["doubt", "doubt --fast"]
