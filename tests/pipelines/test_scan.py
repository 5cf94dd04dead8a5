"""The whole line: a real file in, an audit out."""

import csv
import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from doubtcli.errors import DoubtError, SettingsError
from doubtcli.pipelines.scan import make_audit
from doubtcli.plugins import list_reasons
from doubtcli.progress import Silence
from doubtcli.queue.make import write_scan_queue
from doubtcli.rank.figures import estimate_precision
from doubtcli.records import REASON_SPEAKS
from doubtcli.report.page import render_html
from doubtcli.settings import ScanSettings
from doubtcli.store import write_audit

FIXTURES = Path(__file__).parents[2] / "fixtures"
TICKETS, PENGUINS = FIXTURES / "tickets.csv", FIXTURES / "penguins.csv"


def audit(path, **settings):
    """The audit of a file; the penguins' label has no usual name."""
    if "penguins" in str(path) or "emperor" in str(path):
        settings = {"label": "species", **settings}
    return make_audit(ScanSettings(path=str(path), **settings), progress=Silence())[0]


def rows_of(path):
    """The lines of a CSV file as dicts."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_rows(path, rows):
    """A CSV file of these dicts."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def tickets():
    """The audit of the sample tickets."""
    return audit(TICKETS)


@pytest.fixture(scope="module")
def penguins():
    """The audit of the sample penguins."""
    return audit(PENGUINS)


def known_errors(found, ids):
    """Which rows are known to bear a wrong label."""
    return np.isin(np.array(found.examples.row_ids), list(ids))


@pytest.fixture(scope="module")
def snapshot():
    """What the sample tickets came to."""
    return json.loads((Path(__file__).parent / "snapshots" / "tickets.json").read_text(encoding="utf-8"))


class TestSnapshot:
    """What a scan of the sample tickets came to, as one file that a change of any number shows in.

    It was written by the engine as it was before its code was parted into the rooms of today.
    """

    def test_doubted_rows(self, tickets, snapshot):
        """The same rows are doubted, in one order, with the same doubts and suggestions."""
        ranking, names = tickets.ranking, tickets.label_names
        doubted = ranking.order[ranking.doubted[ranking.order]]

        assert [
            [row + 1, names[given], names[suggested], pytest.approx(doubt, abs=2e-6)]
            for row, given, suggested, doubt in zip(
                tickets.examples.positions[doubted].tolist(),
                tickets.examples.given_labels[doubted],
                ranking.suggested_labels[doubted],
                ranking.doubt[doubted],
                strict=True,
            )
        ] == snapshot["doubted"]

    def test_rates(self, tickets, snapshot):
        """The noise rate, its interval and the expected precision are the same."""
        noise = tickets.noise_rate
        rates = {"rate": noise.rate, "low": noise.low, "high": noise.high}

        assert rates | {"expected_precision": estimate_precision(tickets)} == pytest.approx(
            snapshot["rates"], abs=1e-6
        )

    def test_power(self, tickets, snapshot):
        """The planted errors are found as far down as they were."""
        found = {str(share): value for share, value in tickets.power.found_in_first.items()}

        assert found == pytest.approx(snapshot["found_in_first"], abs=1e-6)

    def test_reasons(self, tickets, snapshot):
        """Each reason speaks on as many rows as it did."""
        speaks = {one.name: int((one.scores >= REASON_SPEAKS).sum()) for one in tickets.reasons}

        assert speaks == snapshot["speaks"]


class TestTickets:
    """Text, table and annotators together, with 31 wrong labels among 610."""

    def test_columns_are_taken_for_what_they_are(self, tickets):
        """The label, two texts, a category, a time, the id and three annotators, without a flag."""
        roles = {column.name: column.role for column in tickets.roles.columns}

        assert roles == {
            "ticket_id": "identifier",
            "subject": "text",
            "body": "text",
            "channel": "categorical",
            "opened_at": "datetime",
            "intent": "label",
            "annotator_ana": "annotator",
            "annotator_ben": "annotator",
            "annotator_chi": "annotator",
        }

    def test_most_doubted_rows_are_wrong(self, tickets):
        """Two of three doubted rows are known errors at least, and half of the errors are doubted."""
        wrong = known_errors(tickets, (row["ticket_id"] for row in rows_of(FIXTURES / "tickets_errors.csv")))

        doubted = tickets.ranking.doubted
        assert wrong[doubted].mean() > 0.66
        assert doubted[wrong].mean() > 0.5

    def test_the_noise_interval_holds_the_known_rate(self, tickets):
        """31 of 610 are 5.1%."""
        noise = tickets.noise_rate

        assert noise.assessable
        assert noise.low <= 31 / 610 <= noise.high

    def test_suggestions_are_mostly_the_truth(self, tickets):
        """For doubted known errors the suggested label is the true one three times out of four."""
        truth = {row["ticket_id"]: row["true_intent"] for row in rows_of(FIXTURES / "tickets_errors.csv")}
        names, ids = tickets.examples.class_names, tickets.examples.row_ids
        hits = [
            names[tickets.ranking.suggested_labels[row]] == truth[ids[row]]
            for row in np.flatnonzero(tickets.ranking.doubted)
            if ids[row] in truth
        ]

        assert np.mean(hits) > 0.75

    def test_every_reason_speaks_or_says_why_not(self, tickets):
        """All nine run: nothing is missing in this file."""
        assert len(tickets.reasons) == 9
        assert tickets.skipped == ()

    def test_each_row_of_the_queue_has_words(self, tickets):
        """Nobody is asked to relabel a row without being told why."""
        assert all(tickets.why[row] for row in tickets.ranking.queue)

    def test_models_that_learnt_nothing_are_not_heard(self, tickets):
        """Channel and time tell nothing of the intent, so only the five models of text vote."""
        assert len(tickets.model_names) == 5
        assert any("logistic regression, extra trees, gradient boosting" in note for note in tickets.notes)


class TestPenguins:
    """A mixed table with 17 planted errors among 344."""

    def test_planted_errors_come_first(self, penguins):
        """At least 15 of the 17 are among the first 17."""
        wrong = {int(row["row"]) - 1 for row in rows_of(FIXTURES / "penguins_errors.csv")}
        first = penguins.examples.positions[penguins.ranking.order[: len(wrong)]]

        assert len(wrong & set(first.tolist())) >= 15

    def test_a_large_table_is_told_that_trees_see_a_part(self, monkeypatch):
        """Growing trees on a sample costs some of the ranking, so it is no silent default."""
        monkeypatch.setattr("doubtcli.predict.table_models.MOST_TREE_ROWS", 100)

        found = audit(PENGUINS)

        assert any("each tree is grown on 100 rows" in note for note in found.notes)

    def test_missing_columns_are_said(self, penguins):
        """Without annotators that reason is skipped, and says which flag would help."""
        (skipped,) = penguins.skipped

        assert skipped.name == "annotator-disagreement"
        assert "--annotators" in skipped.why


def outputs(folder, **settings):
    """The bytes of the four files, timings aside."""
    found, table = make_audit(
        ScanSettings(path=str(PENGUINS), label="species", **settings), progress=Silence()
    )
    queue = write_scan_queue(found, table)
    write_audit(replace(found, timings={}), folder, queue_csv=queue, report_html=render_html(found))
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class TestDeterminism:
    """Same input, same bytes."""

    def test_two_runs_on_one_and_two_threads_write_the_same_bytes(self, tmp_path):
        """All four files are equal."""
        assert outputs(tmp_path / "a", threads=1) == outputs(tmp_path / "b", threads=2)

    @pytest.mark.parametrize("source", [TICKETS, PENGUINS], ids=["named rows", "rows named by content"])
    def test_shuffled_rows_keep_their_doubts(self, tmp_path, source):
        """Row ids, doubts, suggestions and order are the same; only the place in the file differs."""
        rows = rows_of(source)
        random.Random(4).shuffle(rows)

        before, after = audit(source), audit(write_rows(tmp_path / source.name, rows))

        assert before.examples.row_ids == after.examples.row_ids
        np.testing.assert_array_equal(before.ranking.doubt, after.ranking.doubt)
        np.testing.assert_array_equal(before.ranking.suggested_labels, after.ranking.suggested_labels)
        assert (before.examples.positions != after.examples.positions).any()

    def test_another_seed_changes_little(self, penguins):
        """The same errors lead under another seed."""
        other = audit(PENGUINS, seed=7)

        assert len(set(penguins.ranking.order[:17]) & set(other.ranking.order[:17])) >= 14


class TestOtherInputs:
    """What else a user may bring."""

    def test_probabilities_of_ones_own_replace_the_models(self, tmp_path, penguins):
        """No model is fitted; reasons that need several models or repeats are skipped with why."""
        rows = rows_of(PENGUINS)
        species = sorted({row["species"] for row in rows})
        probs = np.array([[0.9 if row["species"] == name else 0.05 for name in species] for row in rows])
        np.save(tmp_path / "probs.npy", probs)

        found = audit(PENGUINS, pred_probs=str(tmp_path / "probs.npy"))

        assert found.model_names == ("your probabilities",)
        assert {"cross-val-flip", "model-disagreement"} <= {reason.name for reason in found.skipped}
        np.testing.assert_allclose(found.evidence.pred_probs.max(axis=1), 0.9, rtol=1e-6)
        assert len(penguins.model_names) == 3

    def test_embeddings_are_compared_as_they_are(self, tmp_path):
        """Two clusters of vectors with one label in the wrong cluster: that row leads."""
        rng = np.random.default_rng(0)
        labels = np.arange(60) % 2
        np.save(tmp_path / "vectors.npy", rng.normal(size=(60, 8)) + 4 * labels[:, None])
        labels[10] = 1
        path = write_rows(
            tmp_path / "rows.csv", [{"id": f"r{i:02}", "label": "ab"[y]} for i, y in enumerate(labels)]
        )

        found = audit(path, embeddings=str(tmp_path / "vectors.npy"))

        assert found.examples.row_ids[found.ranking.order[0]] == "r10"

    def test_answers_alone_are_enough(self, tmp_path):
        """Without any input the annotators judge, and the noise rate is not assessable."""
        rows = [
            {"id": f"r{i:02}", "label": "ab"[i % 2], **dict.fromkeys(("a1", "a2", "a3"), "ab"[i % 2])}
            for i in range(40)
        ]
        rows[7].update(a1="a", a2="a", a3="a")

        found = audit(write_rows(tmp_path / "answers.csv", rows), annotators=("a1", "a2", "a3"), id="id")

        assert not found.noise_rate.assessable
        assert found.examples.row_ids[found.ranking.order[0]] == "r07"
        assert found.ranking.doubted[found.ranking.order[0]]

    def test_where_all_inputs_are_alike_annotators_still_judge(self, tmp_path):
        """No model can learn from one text, whatever its marks, and a note says who judges instead."""
        labels = ["ab"[i % 2] for i in range(40)]
        texts = ["the very same text in every row" + "!" * (i % 3) for i in range(40)]
        rows = [{"text": t, "label": y, "a1": y, "a2": y} for t, y in zip(texts, labels, strict=True)]
        rows[3].update(a1="a", a2="a")

        found = audit(write_rows(tmp_path / "alike.csv", rows), annotators=("a1", "a2"), text=("text",))

        assert found.examples.positions[found.ranking.order[0]] == 3
        assert any("only the annotators judge" in note for note in found.notes)

    def test_a_group_never_hears_its_own_label_from_neighbours(self, tmp_path):
        """Thirty patients of twenty near-equal rows, labels by lot: there is no skill to be had."""
        rng = np.random.default_rng(5)
        patients = np.repeat(np.arange(30), 20)
        marks = rng.normal(size=30)[patients] + rng.normal(scale=1e-3, size=600)
        labels = rng.integers(0, 2, 30)[patients]
        drawn = zip(marks, patients, labels, strict=True)
        rows = [{"x": f"{x:.6f}", "who": f"p{p}", "label": "ab"[y]} for x, p, y in drawn]

        found = audit(write_rows(tmp_path / "patients.csv", rows), group="who")

        assert found.skill.accuracy < 0.8
        own = patients[found.examples.positions]
        near = found.evidence.neighbor_indices
        assert not (own[near] == own[:, None])[near >= 0].any()

    def test_clean_clusters_are_left_alone(self, tmp_path):
        """Three clusters far apart, every label right: nobody is doubted, the rate reads 0."""
        rng = np.random.default_rng(6)
        labels = np.arange(300) % 3
        rows = [{"x": f"{rng.normal() + 20 * y:.4f}", "label": "abc"[y]} for y in labels]

        found = audit(write_rows(tmp_path / "clusters.csv", rows))

        assert not found.ranking.doubted.any()
        assert found.noise_rate.low == 0

    def test_labels_that_nothing_explains_are_not_assessable(self, tmp_path):
        """Labels drawn by lot: ranked all the same, no noise rate, exit as usual."""
        rng = np.random.default_rng(1)
        rows = [
            {"x": f"{x:.4f}", "label": "ab"[y]}
            for x, y in zip(rng.normal(size=200), rng.integers(0, 2, 200), strict=True)
        ]

        found = audit(write_rows(tmp_path / "lot.csv", rows))

        assert not found.skill.assessable
        assert found.noise_rate.rate is None
        assert len(found.ranking.order) == 200

    def test_a_group_column_keeps_its_rows_together(self, tmp_path):
        """Rows of one group are judged by models that saw none of them, so a group's own label can't leak."""
        rng = np.random.default_rng(2)
        groups = np.repeat(np.arange(30), 4)
        labels = rng.integers(0, 2, 30)[groups]
        marks = rng.normal(size=30)[groups] + rng.normal(scale=1e-3, size=120)
        rows = [
            {"x": f"{x:.6f}", "patient": f"p{g}", "label": "ab"[y]}
            for x, g, y in zip(marks, groups, labels, strict=True)
        ]
        path = write_rows(tmp_path / "groups.csv", rows)

        alone, together = audit(path, ignore=("patient",)), audit(path, group="patient")

        assert alone.skill.accuracy > 0.9
        assert together.skill.accuracy < 0.75

    def test_a_tiny_class_is_said(self, tmp_path):
        """A class of two rows is named in a note, and its rows are not doubted by models."""
        rows = rows_of(PENGUINS)
        for row in rows[:2]:
            row["species"] = "Emperor"

        found = audit(write_rows(tmp_path / "emperor.csv", rows))

        assert any("'Emperor'" in note for note in found.notes)
        emperors = found.examples.given_labels == found.examples.class_names.index("Emperor")
        assert not found.ranking.doubted[emperors].any()

    def test_many_tiny_classes_are_counted(self, tmp_path):
        """Five are named, the others counted."""
        rows = rows_of(PENGUINS)
        for number, row in enumerate(rows[:7]):
            row["species"] = f"Sort {number}"

        found = audit(write_rows(tmp_path / "emperor.csv", rows))

        assert any("'Sort 4' and 2 more" in note for note in found.notes)

    def test_probabilities_without_any_input_are_judged_alone(self, tmp_path):
        """Labels and probabilities, nothing to compare: each row stands for itself."""
        rng = np.random.default_rng(3)
        labels = rng.integers(0, 2, 200)
        path = write_rows(
            tmp_path / "bare.csv", [{"id": f"r{i:03}", "label": "ab"[y]} for i, y in enumerate(labels)]
        )
        sure = np.where(np.arange(200) < 10, 1 - labels, labels)  # the first ten are contradicted
        np.save(tmp_path / "probs.npy", np.where(np.eye(2)[sure] == 1, 0.97, 0.03))

        found = audit(path, id="id", pred_probs=str(tmp_path / "probs.npy"))

        assert {found.examples.row_ids[row] for row in found.ranking.order[:10]} == {
            f"r{i:03}" for i in range(10)
        }
        assert found.noise_rate.low <= 0.05 <= found.noise_rate.high

    def test_reasons_can_be_chosen(self):
        """Asked for neighbours alone, no model is heard."""
        found = audit(PENGUINS, reasons=("neighbor-disagreement",))

        assert [reason.name for reason in found.reasons] == ["neighbor-disagreement"]
        assert found.ranking.voices == ("models and neighbours pooled (neighbor-disagreement)",)

    def test_rows_that_are_all_alike_are_refused(self, tmp_path):
        """There is nothing to predict one from another."""
        rows = [{"text": "the very same text here", "label": "ab"[i % 2]} for i in range(20)]

        with pytest.raises(DoubtError):
            audit(write_rows(tmp_path / "same.csv", rows), text=("text",))


def test_parquet_keeps_its_types_and_gives_the_same_doubts(tmp_path, tickets):
    """The same rows as Parquet, with times as times, are judged alike."""
    from pyarrow import csv as arrow_csv

    table = arrow_csv.read_csv(TICKETS, parse_options=arrow_csv.ParseOptions(newlines_in_values=True))
    pq.write_table(table, tmp_path / "tickets.parquet")

    found = audit(tmp_path / "tickets.parquet")

    assert found.examples.row_ids == tickets.examples.row_ids
    np.testing.assert_allclose(found.ranking.doubt, tickets.ranking.doubt, atol=1e-6)


QUICK = {"folds": 3, "repeats": 1}


@pytest.fixture(scope="module")
def wrong():
    """The true species of each penguin whose label is wrong, by its place in the file."""
    return {int(row["row"]): row["true_species"] for row in rows_of(FIXTURES / "penguins_errors.csv")}


@pytest.fixture(scope="module")
def quick_penguins():
    """The penguins without verdicts, judged in haste."""
    return audit(PENGUINS, **QUICK)


class TestVerdicts:
    """People's decisions on the penguins, 17 of whose 344 labels are known to be wrong."""

    @staticmethod
    def answers(path, found, wrong, rows):
        """A file of verdicts on these rows, by someone who knows the wrong labels."""
        examples = found.examples
        names = examples.class_names
        write_rows(
            path,
            [
                {
                    "doubt_id": examples.row_ids[row],
                    "verdict": wrong.get(int(examples.positions[row]) + 1, names[examples.given_labels[row]]),
                }
                for row in rows
            ],
        )
        return str(path)

    def test_models_learn_what_people_decided(self, quick_penguins, wrong, tmp_path):
        """With the wrong labels of the first rows corrected, more of the training labels are predicted."""
        path = self.answers(tmp_path / "v.csv", quick_penguins, wrong, quick_penguins.ranking.order[:20])

        after = audit(PENGUINS, verdicts=path, **QUICK)

        assert after.skill.accuracy > quick_penguins.skill.accuracy
        assert after.examples.given_labels.tolist() == quick_penguins.examples.given_labels.tolist()

    def test_decided_rows_are_known_and_leave_the_queue(self, quick_penguins, wrong, tmp_path):
        """Doubt is 1 where the label was corrected, 0 where it was kept, and neither is queued."""
        rows = quick_penguins.ranking.order[:20]
        path = self.answers(tmp_path / "v.csv", quick_penguins, wrong, rows)

        after = audit(PENGUINS, verdicts=path, **QUICK)

        is_wrong = [int(quick_penguins.examples.positions[row]) + 1 in wrong for row in rows]
        assert after.ranking.doubt[rows].tolist() == [float(known) for known in is_wrong]
        assert not set(after.ranking.queue.tolist()) & set(rows.tolist())
        assert after.noise_rate.rests_on == "models"
        assert "20 verdicts can't measure it" in after.noise_rate.why

    def test_shuffled_rows_draw_the_same_sample_and_keep_their_doubts_with_verdicts(self, tmp_path):
        """The draw and what verdicts make of the doubts hang on the rows, not on their order."""
        rows = rows_of(PENGUINS)
        for number, row in enumerate(rows):
            row["id"] = f"p{number:03}"
        first = write_rows(tmp_path / "penguins1.csv", rows)
        random.Random(3).shuffle(rows)
        second = write_rows(tmp_path / "penguins2.csv", rows)
        (tmp_path / "v.csv").write_text("doubt_id,verdict\np004,Adelie\np009,Adelie\np011,Adelie\n")
        settings = {"id": "id", "verdicts": str(tmp_path / "v.csv"), "audit_sample": 30, **QUICK}

        one, other = audit(first, **settings), audit(second, **settings)

        assert one.ranking.doubt.tolist() == other.ranking.doubt.tolist()
        assert one.sample.rows.tolist() == other.sample.rows.tolist()
        assert len(one.sample.rows) == 30

    def test_the_reasons_of_sampled_rows_are_told(self):
        """Whoever checks a sampled row sees what there is to say of it, as on any other row."""
        found = audit(PENGUINS, audit_sample=30, **QUICK)

        quiet = [row for row in found.sample.rows if row not in found.ranking.queue]
        assert any(found.why[row] for row in quiet)

    def test_a_sample_that_is_larger_than_the_queue_is_refused(self, sentences):
        """The message has both numbers."""
        with pytest.raises(SettingsError) as error:
            audit(PENGUINS, audit_sample=30, queue_size=20)

        assert error.value.where == "--audit-sample"
        sentences.check(error.value)


class TestPower:
    """Errors planted beside the real ones: what the audit could see."""

    def test_a_scan_tells_what_it_could_see(self, penguins):
        """Twice 17 of 344 labels are planted, and nine of ten stand in the first tenth of rows."""
        power = penguins.power

        assert power.assessable
        assert power.n_planted == 34
        shares = list(power.found_in_first.values())
        assert shares == sorted(shares)
        assert power.found_in_first[0.1] > 0.9

    def test_a_fast_scan_plants_nothing_and_finds_no_neighbours(self):
        """One repeat of the quickest models, and the power says why it is not assessable."""
        found = audit(PENGUINS, fast=True, folds=2)

        assert found.power.why == "a fast scan plants no errors"
        assert not {"neighbor-disagreement", "outlier"} & {reason.name for reason in found.reasons}
        assert found.evidence.neighbor_indices is None
        assert np.isnan(found.ranking.doubt_sd).all()

    def test_a_fast_scan_finds_neighbours_where_they_are_asked_for(self):
        """Reasons chosen by name are asked, fast or not."""
        found = audit(PENGUINS, fast=True, reasons=("neighbor-disagreement",))

        assert [reason.name for reason in found.reasons] == ["neighbor-disagreement"]

    def test_a_fast_scan_finds_neighbours_where_nothing_else_is_asked_for(self):
        """Of the two reasons that are left both need neighbours, so both are asked."""
        every = {reason.name for reason in list_reasons()}

        found = audit(PENGUINS, fast=True, skip=tuple(every - {"neighbor-disagreement", "outlier"}))

        assert {reason.name for reason in found.reasons} == {"neighbor-disagreement", "outlier"}

    def test_where_no_class_is_heard_nothing_is_planted(self, tmp_path):
        """Two patients for each of two labels: a scan ends well, and says why there is no power."""
        rows = [
            {"x": f"{n * n % 97}.5", "who": f"p{n % 4}", "label": "ab"[n % 2], "id": n} for n in range(120)
        ]

        found = audit(write_rows(tmp_path / "four.csv", rows), group="who", id="id", **QUICK)

        assert not found.power.assessable
        assert "too few unlike rows" in found.power.why
