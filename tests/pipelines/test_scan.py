"""A whole scan: a real file in, an audit out."""

import csv
import json
import os
import random
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from doubtcli.errors import InputError, SettingsError
from doubtcli.evidence.memory import MemoryUse
from doubtcli.pipelines import scan
from doubtcli.pipelines.scan import NO_EVIDENCE, make_audit
from doubtcli.plugins import list_reasons
from doubtcli.progress import Silence
from doubtcli.queue import make
from doubtcli.queue.make import write_scan_queue
from doubtcli.records import REASON_SPEAKS
from doubtcli.report.page import render_html
from doubtcli.settings import ScanSettings
from doubtcli.store import write_audit

FIXTURES = Path(__file__).parents[2] / "fixtures"
TICKETS, PENGUINS = FIXTURES / "tickets.csv", FIXTURES / "penguins.csv"
QUICK = {"folds": 3, "repeats": 1}
"""Settings for claims that do not depend on how often models are fitted."""
FASTEST = {"fast": True, "folds": 2}
"""Settings for claims that do not depend on what models find."""


@contextmanager
def few_trees():
    """Twenty trees show what a hundred do, in a tenth of the time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("doubtcli.predict.table_models._VOTES", 12)
        yield


def audit(path, **settings):
    """The audit of a file by few trees; the label of penguins does not have a usual name."""
    if "penguins" in str(path) or "emperor" in str(path):
        settings = {"label": "species", **settings}
    with few_trees():
        return make_audit(ScanSettings(path=str(path), **settings), progress=Silence())[0]


def rows_of(path):
    """The rows of a CSV file as dicts."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_rows(path, rows):
    """A CSV file with these rows."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="module")
def tickets():
    """The audit of the sample tickets, with the models and settings that users have."""
    return make_audit(ScanSettings(path=str(TICKETS)), progress=Silence())[0]


@pytest.fixture(scope="module")
def penguins():
    """The audit of the sample penguins, with an audit sample of 30 rows."""
    return audit(PENGUINS, audit_sample=30, **QUICK)


class KeptParts:
    """A listener that keeps what it is given, in order."""

    def __init__(self):
        self.parts = []

    def show_file(self, file):
        """Keep what was read."""
        self.parts.append(file)

    def show_notes(self, notes):
        """Keep the notes."""
        self.parts.extend(notes)


def test_what_was_read_is_known_before_models_are_fitted(tmp_path):
    """A listener gets the file, its columns and its notes, also of a scan that fails after that."""
    words = ("apple", "pear", "plum")
    rows = [{"text": f"{words[n % 3]} {n}", "label": "ab"[n % 2] if n else ""} for n in range(40)]
    path, listener = write_rows(tmp_path / "rows.csv", rows), KeptParts()

    found, _ = make_audit(ScanSettings(path=str(path), **FASTEST), progress=Silence(), listener=listener)

    file, *later = listener.parts
    assert (file.source, file.roles, file.n_rows, file.n_unlabelled) == (found.source, found.roles, 40, 1)
    assert (*file.notes, *later) == found.notes
    with pytest.raises(InputError):
        make_audit(
            ScanSettings(path=str(path), verdicts="no-such.csv", **FASTEST),
            progress=Silence(),
            listener=listener,
        )
    assert listener.parts[-1] == file


def known_errors(found, ids):
    """Which rows are known to have a wrong label."""
    return np.isin(np.array(found.examples.row_ids), list(ids))


SNAPSHOT = Path(__file__).parent / "snapshots" / "tickets.json"


def describe_figures(found):
    """The figures of an audit that are kept."""
    ranking, names = found.ranking, found.label_names
    doubted = ranking.order[ranking.doubted[ranking.order]]
    rows = zip(
        found.examples.positions[doubted].tolist(),
        found.examples.given_labels[doubted],
        ranking.suggested_labels[doubted],
        ranking.doubt[doubted].tolist(),
        strict=True,
    )
    return {
        "doubted": [
            [row + 1, names[given], names[other], round(doubt, 6)] for row, given, other, doubt in rows
        ],
        "queued": len(ranking.queue),
        "rates": {
            "at_least": round(found.noise_rate.at_least, 6),
            "contradicted": round(found.noise_rate.contradicted, 6),
        },
        "found_in_first": {
            str(share): round(found, 6) for share, found in found.power.found_in_first.items()
        },
        "speaks": {one.name: int((one.scores >= REASON_SPEAKS).sum()) for one in found.reasons},
    }


@pytest.fixture(scope="module")
def figures(tickets):
    """The figures of the sample tickets today."""
    return describe_figures(tickets)


@pytest.fixture(scope="module")
def snapshot(figures):
    """The kept figures of the sample tickets (`SNAPSHOTS=write` keeps those of today: read the changes)."""
    if os.environ.get("SNAPSHOTS") == "write":
        SNAPSHOT.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    return json.loads(SNAPSHOT.read_text(encoding="utf-8"))


class TestSnapshot:
    """The figures of a scan of the sample tickets are kept in a file, so that no change goes unnoticed."""

    def test_doubted_rows(self, figures, snapshot):
        """The same rows are doubted, in the same order, with the same doubts and suggestions.

        Processors add in different orders, which moves a doubt by up to 0.00001.
        """
        assert figures["doubted"] == [
            [row, given, suggested, pytest.approx(doubt, abs=1e-4)]
            for row, given, suggested, doubt in snapshot["doubted"]
        ]

    def test_queue(self, figures, snapshot):
        """The queue has as many rows."""
        assert figures["queued"] == snapshot["queued"]

    def test_rates(self, figures, snapshot):
        """The bound of the noise rate, and the share that models contradict, are the same."""
        assert figures["rates"] == pytest.approx(snapshot["rates"], abs=1e-4)

    def test_power(self, figures, snapshot):
        """The same shares of planted errors are found."""
        assert figures["found_in_first"] == pytest.approx(snapshot["found_in_first"], abs=1e-6)

    def test_reasons(self, figures, snapshot):
        """Each reason raises doubt about as many rows."""
        assert figures["speaks"] == snapshot["speaks"]


class TestTickets:
    """A file with texts, a table and annotators has 31 wrong labels among 610."""

    def test_the_roles_of_columns_are_found(self, tickets):
        """No flag is needed for the label, two texts, a category, a time, the id and three annotators."""
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
        """At least two of three doubted rows are known errors, and half of the errors are doubted."""
        wrong = known_errors(tickets, (row["ticket_id"] for row in rows_of(FIXTURES / "tickets_errors.csv")))

        doubted = tickets.ranking.doubted
        assert wrong[doubted].mean() > 0.66
        assert doubted[wrong].mean() > 0.5

    def test_the_bound_of_the_noise_rate_is_below_the_known_rate(self, tickets):
        """It is 31 of 610, 5.1%; models contradict more than that."""
        noise = tickets.noise_rate

        assert noise.assessable
        assert 0 < noise.at_least <= 31 / 610 <= noise.contradicted

    def test_suggestions_are_mostly_right(self, tickets):
        """For doubted known errors, the suggested label is the right one three times out of four."""
        truth = {row["ticket_id"]: row["true_intent"] for row in rows_of(FIXTURES / "tickets_errors.csv")}
        names, ids = tickets.examples.class_names, tickets.examples.row_ids
        hits = [
            names[tickets.ranking.suggested_labels[row]] == truth[ids[row]]
            for row in np.flatnonzero(tickets.ranking.doubted)
            if ids[row] in truth
        ]

        assert np.mean(hits) > 0.75

    def test_every_reason_is_run(self, tickets):
        """This file has the evidence for all nine that need no rules."""
        assert len(tickets.reasons) == 9
        assert [one.name for one in tickets.skipped] == ["rule-conflict"]

    def test_each_row_of_the_queue_says_why(self, tickets):
        """A person who relabels a row can read why it is doubted."""
        assert all(tickets.why[row] for row in tickets.ranking.queue)

    def test_models_without_skill_are_left_out(self, tickets, sentences):
        """Channel and time do not predict the intent, so only the models of text are used; a note says so."""
        assert len(tickets.model_names) == 5
        sentences.check("\n".join(tickets.notes))


class TestPenguins:
    """A mixed table has 17 planted errors among 344 rows."""

    def test_planted_errors_come_first(self, penguins):
        """At least 15 of the 17 are among the first 17."""
        wrong = {int(row["row"]) - 1 for row in rows_of(FIXTURES / "penguins_errors.csv")}
        first = penguins.examples.positions[penguins.ranking.order[: len(wrong)]]

        assert len(wrong & set(first.tolist())) >= 15

    def test_a_note_says_that_trees_of_a_large_table_have_a_part_of_the_rows(self, monkeypatch, sentences):
        """Growing trees on a sample makes the ranking a little worse, so the user should know it."""
        monkeypatch.setattr("doubtcli.predict.table_models.MOST_TREE_ROWS", 100)

        found = audit(PENGUINS, **FASTEST)

        sentences.check("\n".join(found.notes))

    def test_a_reason_without_evidence_is_skipped(self, penguins):
        """Without annotators, the report names the flag that gives them."""
        skipped = {one.name: one.why for one in penguins.skipped}

        assert set(skipped) == {"annotator-disagreement", "cross-val-flip", "rule-conflict"}  # one repeat
        assert "--annotators" in skipped["annotator-disagreement"]


def outputs(folder, **settings):
    """The bytes of the four files, without timings."""
    choices = ScanSettings(path=str(PENGUINS), label="species", **settings)
    with few_trees():
        found, table = make_audit(choices, progress=Silence())
    queue = write_scan_queue(found, table)
    write_audit(replace(found, timings={}), folder, queue_csv=queue, report_html=render_html(found))
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


class TestDeterminism:
    """The same input gives the same bytes."""

    def test_two_runs_on_one_and_two_threads_write_the_same_bytes(self, tmp_path):
        """All four files are equal."""
        one, two = (
            outputs(tmp_path / str(threads), threads=threads, folds=2, repeats=2) for threads in (1, 2)
        )

        assert one == two

    def test_a_few_rows_at_a_time_give_the_same_bytes(self, tmp_path, monkeypatch):
        """It makes no difference how many rows are explained and queued at once."""
        whole = outputs(tmp_path / "whole", fast=True)
        monkeypatch.setattr(scan, "_EXPLAINED_AT_ONCE", 3)
        monkeypatch.setattr(make, "_ROWS_AT_ONCE", 2)

        assert outputs(tmp_path / "parts", fast=True) == whole
        assert whole["queue.csv"].count(b"\n") > 3

    @pytest.mark.parametrize("source", [TICKETS, PENGUINS], ids=["rows with ids", "ids by content"])
    def test_shuffled_rows_keep_their_doubts(self, tmp_path, source):
        """Row ids, doubts, suggestions and order are the same; only the place in the file differs."""
        rows = rows_of(source)[:240]
        before = audit(write_rows(tmp_path / f"first-{source.name}", rows), **QUICK)
        random.Random(4).shuffle(rows)

        after = audit(write_rows(tmp_path / f"second-{source.name}", rows), **QUICK)

        assert before.examples.row_ids == after.examples.row_ids
        np.testing.assert_array_equal(before.ranking.doubt, after.ranking.doubt)
        np.testing.assert_array_equal(before.ranking.suggested_labels, after.ranking.suggested_labels)
        assert (before.examples.positions != after.examples.positions).any()

    def test_another_seed_changes_little(self, penguins):
        """The same errors come first with another seed."""
        other = audit(PENGUINS, seed=7, **QUICK)

        assert len(set(penguins.ranking.order[:17]) & set(other.ranking.order[:17])) >= 14


class TestOtherInputs:
    """Other inputs that a user may have."""

    def test_probabilities_of_the_user_replace_the_models(self, tmp_path, penguins):
        """No model is fitted; reasons that need several models or repeats are skipped."""
        rows = rows_of(PENGUINS)
        species = sorted({row["species"] for row in rows})
        probs = np.array([[0.9 if row["species"] == name else 0.05 for name in species] for row in rows])
        np.save(tmp_path / "probs.npy", probs)

        found = audit(PENGUINS, pred_probs=str(tmp_path / "probs.npy"))

        assert found.model_names == ("your probabilities",)
        assert {"cross-val-flip", "model-disagreement"} <= {reason.name for reason in found.skipped}
        np.testing.assert_allclose(found.evidence.pred_probs.max(axis=1), 0.9, rtol=1e-6)
        assert len(penguins.model_names) == 4

    def test_embeddings_are_compared(self, tmp_path):
        """If vectors have two clusters and one label is in the wrong one, that row comes first."""
        rng = np.random.default_rng(0)
        labels = np.arange(60) % 2
        np.save(tmp_path / "vectors.npy", rng.normal(size=(60, 8)) + 4 * labels[:, None])
        labels[10] = 1
        path = write_rows(
            tmp_path / "rows.csv", [{"id": f"r{i:02}", "label": "ab"[y]} for i, y in enumerate(labels)]
        )

        found = audit(path, embeddings=str(tmp_path / "vectors.npy"), **QUICK)

        assert found.examples.row_ids[found.ranking.order[0]] == "r10"

    def test_answers_alone_are_enough(self, tmp_path):
        """Without any inputs the annotators judge, and the noise rate is not assessable."""
        rows = [
            {"id": f"r{i:02}", "label": "ab"[i % 2], **dict.fromkeys(("a1", "a2", "a3"), "ab"[i % 2])}
            for i in range(40)
        ]
        rows[7].update(a1="a", a2="a", a3="a")

        found = audit(write_rows(tmp_path / "answers.csv", rows), annotators=("a1", "a2", "a3"), id="id")

        assert not found.noise_rate.assessable
        assert found.examples.row_ids[found.ranking.order[0]] == "r07"
        assert found.ranking.doubted[found.ranking.order[0]]

    def test_where_all_rows_have_the_same_input_annotators_judge(self, tmp_path, sentences):
        """Models can't learn from one text with more or less punctuation; a note says who judges instead."""
        labels = ["ab"[i % 2] for i in range(40)]
        texts = ["the very same text in every row" + "!" * (i % 3) for i in range(40)]
        rows = [{"text": t, "label": y, "a1": y, "a2": y} for t, y in zip(texts, labels, strict=True)]
        rows[3].update(a1="a", a2="a")

        found = audit(write_rows(tmp_path / "alike.csv", rows), annotators=("a1", "a2"), text=("text",))

        assert found.examples.positions[found.ranking.order[0]] == 3
        sentences.check("\n".join(found.notes))

    def test_a_group_has_no_neighbours_of_its_own(self, tmp_path):
        """Thirty patients have twenty similar rows each and random labels, so there is nothing to learn."""
        rng = np.random.default_rng(5)
        patients = np.repeat(np.arange(30), 20)
        marks = rng.normal(size=30)[patients] + rng.normal(scale=1e-3, size=600)
        labels = rng.integers(0, 2, 30)[patients]
        drawn = zip(marks, patients, labels, strict=True)
        rows = [{"x": f"{x:.6f}", "who": f"p{p}", "label": "ab"[y]} for x, p, y in drawn]

        found = audit(write_rows(tmp_path / "patients.csv", rows), group="who", **QUICK)

        assert found.skill.accuracy < 0.8
        own = patients[found.examples.positions]
        near = found.evidence.neighbor_indices
        assert not (own[near] == own[:, None])[near >= 0].any()

    def test_clean_clusters_are_not_doubted(self, tmp_path):
        """In three clusters that are far apart all labels are right: none is doubted, and the rate is 0."""
        rng = np.random.default_rng(6)
        labels = np.arange(300) % 3
        rows = [{"x": f"{rng.normal() + 20 * y:.4f}", "label": "abc"[y]} for y in labels]

        found = audit(write_rows(tmp_path / "clusters.csv", rows), **QUICK)

        assert not found.ranking.doubted.any()
        assert found.noise_rate.at_least == 0

    def test_random_labels_are_not_assessable(self, tmp_path):
        """Nothing predicts them: they are ranked, and there is no noise rate."""
        rng = np.random.default_rng(1)
        rows = [
            {"x": f"{x:.4f}", "label": "ab"[y]}
            for x, y in zip(rng.normal(size=200), rng.integers(0, 2, 200), strict=True)
        ]

        found = audit(write_rows(tmp_path / "random.csv", rows), **QUICK)

        assert not found.skill.assessable
        assert (found.noise_rate.assessable, found.noise_rate.at_least) == (False, 0)
        assert len(found.ranking.order) == 200

    def test_a_group_column_keeps_its_rows_together(self, tmp_path):
        """Models that judge a group saw none of its rows, so that the label of the group does not leak."""
        rng = np.random.default_rng(2)
        groups = np.repeat(np.arange(30), 4)
        labels = rng.integers(0, 2, 30)[groups]
        marks = rng.normal(size=30)[groups] + rng.normal(scale=1e-3, size=120)
        rows = [
            {"x": f"{x:.6f}", "patient": f"p{g}", "label": "ab"[y]}
            for x, g, y in zip(marks, groups, labels, strict=True)
        ]
        path = write_rows(tmp_path / "groups.csv", rows)

        alone, together = (
            audit(path, **choice, **QUICK) for choice in ({"ignore": ("patient",)}, {"group": "patient"})
        )

        assert alone.skill.accuracy > 0.9
        assert together.skill.accuracy < 0.75

    def test_a_note_names_a_tiny_class(self, tmp_path):
        """Models do not doubt the rows of a class of two."""
        rows = rows_of(PENGUINS)
        for row in rows[:2]:
            row["species"] = "Emperor"

        found = audit(write_rows(tmp_path / "emperor.csv", rows), **QUICK)

        assert any("'Emperor'" in note for note in found.notes)
        emperors = found.examples.given_labels == found.examples.class_names.index("Emperor")
        assert not found.ranking.doubted[emperors].any()

    def test_many_tiny_classes_are_counted(self, tmp_path, sentences):
        """Five of them are named, and the others are counted."""
        rows = rows_of(PENGUINS)
        for number, row in enumerate(rows[:7]):
            row["species"] = f"Sort {number}"

        found = audit(write_rows(tmp_path / "emperor.csv", rows), **FASTEST)

        sentences.check("\n".join(found.notes))

    def test_probabilities_without_any_input_are_judged_alone(self, tmp_path):
        """With labels and probabilities, but no inputs to compare, each row is judged for itself."""
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
        assert found.noise_rate.at_least <= 0.05
        assert found.noise_rate.contradicted == 0.05

    def test_reasons_can_be_chosen(self):
        """With only the reason that reads neighbours, there are no models."""
        found = audit(PENGUINS, reasons=("neighbor-disagreement",))

        assert [reason.name for reason in found.reasons] == ["neighbor-disagreement"]
        assert found.model_names == ()
        assert len(found.ranking.voices) == 1

    def test_rows_that_are_all_equal_are_refused(self, tmp_path):
        """No row can be predicted from the others."""
        rows = [{"text": "the very same text here", "label": "ab"[i % 2]} for i in range(20)]

        with pytest.raises(InputError):
            audit(write_rows(tmp_path / "same.csv", rows), text=("text",))


def test_parquet_gives_the_same_doubts(tmp_path):
    """The same rows as Parquet, whose times have a type, get the same doubts."""
    from pyarrow import csv as arrow_csv

    table = arrow_csv.read_csv(TICKETS, parse_options=arrow_csv.ParseOptions(newlines_in_values=True))
    pq.write_table(table, tmp_path / "tickets.parquet")

    as_csv, as_parquet = (audit(path, **FASTEST) for path in (TICKETS, tmp_path / "tickets.parquet"))

    assert as_parquet.examples.row_ids == as_csv.examples.row_ids
    np.testing.assert_allclose(as_parquet.ranking.doubt, as_csv.ranking.doubt, atol=1e-6)


@pytest.fixture(scope="module")
def wrong():
    """The right species of each penguin whose label is wrong, by its row number."""
    return {int(row["row"]): row["true_species"] for row in rows_of(FIXTURES / "penguins_errors.csv")}


@pytest.fixture(scope="module")
def decided(penguins, wrong, tmp_path_factory):
    """The audit with right verdicts on the first 20 rows."""
    examples = penguins.examples
    names = examples.class_names
    path = tmp_path_factory.mktemp("verdicts") / "v.csv"
    write_rows(
        path,
        [
            {
                "doubt_id": examples.row_ids[row],
                "verdict": wrong.get(int(examples.positions[row]) + 1, names[examples.given_labels[row]]),
            }
            for row in penguins.ranking.order[:20]
        ],
    )
    return audit(PENGUINS, verdicts=str(path), **QUICK)


class TestVerdicts:
    """People decide about the penguins, 17 of whose 344 labels are known to be wrong."""

    def test_models_learn_what_people_decided(self, penguins, decided):
        """With the wrong labels of the first rows corrected, more of the training labels are predicted."""
        assert decided.skill.accuracy > penguins.skill.accuracy
        assert decided.examples.given_labels.tolist() == penguins.examples.given_labels.tolist()

    def test_decided_rows_are_known_and_leave_the_queue(self, penguins, decided, wrong):
        """Doubt is 1 where the label was corrected, 0 where it was kept, and neither is queued."""
        rows = penguins.ranking.order[:20]

        is_wrong = [int(penguins.examples.positions[row]) + 1 in wrong for row in rows]
        assert decided.ranking.doubt[rows].tolist() == [float(known) for known in is_wrong]
        assert not set(decided.ranking.queue.tolist()) & set(rows.tolist())
        assert (decided.noise_rate.rests_on, decided.noise_rate.n_checked) == ("models", 0)

    def test_shuffled_rows_draw_the_same_sample_and_keep_their_doubts_with_verdicts(self, tmp_path):
        """The draw and the doubts after verdicts depend on the rows, not on their order."""
        rows = rows_of(PENGUINS)
        for number, row in enumerate(rows):
            row["id"] = f"p{number:03}"
        first = write_rows(tmp_path / "penguins1.csv", rows)
        random.Random(3).shuffle(rows)
        second = write_rows(tmp_path / "penguins2.csv", rows)
        (tmp_path / "v.csv").write_text("doubt_id,verdict\np004,Adelie\np009,Adelie\np011,Adelie\n")
        settings = {"id": "id", "verdicts": str(tmp_path / "v.csv"), "audit_sample": 30, **FASTEST}

        one, other = audit(first, **settings), audit(second, **settings)

        assert one.ranking.doubt.tolist() == other.ranking.doubt.tolist()
        assert one.sample.rows.tolist() == other.sample.rows.tolist()
        assert len(one.sample.rows) == 30

    def test_sampled_rows_are_explained(self, penguins):
        """A person who checks a sampled row can read why it is doubted, as on any other row."""
        others = [row for row in penguins.sample.rows if row not in penguins.ranking.queue]

        assert any(penguins.why[row] for row in others)

    def test_a_sample_that_is_larger_than_the_queue_is_refused(self, sentences):
        """The message has both numbers."""
        with pytest.raises(SettingsError) as error:
            audit(PENGUINS, audit_sample=30, queue_size=20)

        assert error.value.where == "--audit-sample"
        sentences.check(error.value)


class TestPower:
    """Planted errors show what an audit can see."""

    def test_a_scan_counts_planted_errors(self, penguins):
        """17 of 344 labels are planted, and nine of ten are in the first tenth of rows."""
        power = penguins.power

        assert power.assessable
        assert power.n_planted == 17
        shares = list(power.found_in_first.values())
        assert shares == sorted(shares)
        assert power.found_in_first[0.1] > 0.9

    def test_a_fast_scan_plants_nothing_and_finds_no_neighbours(self):
        """It fits the fastest models once, and the power says why it is not assessable."""
        found = audit(PENGUINS, fast=True, folds=2)

        assert not found.power.assessable
        assert not {"neighbor-disagreement", "outlier"} & {reason.name for reason in found.reasons}
        assert found.evidence.neighbor_indices is None
        assert np.isnan(found.ranking.doubt_sd).all()

    def test_a_fast_scan_finds_neighbours_for_a_chosen_reason(self):
        """Reasons that are chosen by name are run, fast or not."""
        found = audit(PENGUINS, fast=True, reasons=("neighbor-disagreement",))

        assert [reason.name for reason in found.reasons] == ["neighbor-disagreement"]

    def test_a_fast_scan_finds_neighbours_where_all_reasons_need_them(self):
        """Both reasons that are left need neighbours, so both are run."""
        every = {reason.name for reason in list_reasons()}

        found = audit(PENGUINS, fast=True, skip=tuple(every - {"neighbor-disagreement", "outlier"}))

        assert {reason.name for reason in found.reasons} == {"neighbor-disagreement", "outlier"}

    def test_where_models_judge_no_class_nothing_is_planted(self, tmp_path):
        """With two patients for each of two labels a scan succeeds, and says why there is no power."""
        rows = [
            {"x": f"{n * n % 97}.5", "who": f"p{n % 4}", "label": "ab"[n % 2], "id": n} for n in range(120)
        ]

        found = audit(write_rows(tmp_path / "four.csv", rows), group="who", id="id", **QUICK)

        assert not found.power.assessable
        assert found.power.n_planted == 0


def add_leak(path):
    """The tickets, with an index left over from when the file was written label by label."""
    rows = rows_of(TICKETS)
    place = {label: place for place, label in enumerate(sorted({row["intent"] for row in rows}))}
    write_rows(path, [{"line": place[row["intent"]] * 5_000 + 7 * at, **row} for at, row in enumerate(rows)])
    return path


class TestLeaks:
    """Columns that give the label away."""

    def test_a_leak_is_left_out_and_the_doubts_are_those_without_it(self, tmp_path):
        """A column that agrees with contradicted labels is left out, which its role and a note say."""
        plain, leak = audit(TICKETS, **FASTEST), audit(add_leak(tmp_path / "rows.csv"), **FASTEST)

        column = next(column for column in leak.roles.columns if column.name == "line")
        assert (column.role, column.used) == ("numeric", False)
        assert "--use line" in column.why
        assert any("'line'" in note for note in leak.notes)
        assert leak.ranking.doubted.sum() == plain.ranking.doubted.sum() > 0

    def test_use_keeps_a_leak(self, tmp_path):
        """Models learn from it, since the user wants it, and the note stays."""
        found = audit(add_leak(tmp_path / "rows.csv"), use=("line",), **FASTEST)

        column = next(column for column in found.roles.columns if column.name == "line")
        assert column.used
        assert column.why.startswith("--use")
        assert any("'line'" in note for note in found.notes)

    def test_a_strong_column_that_nothing_contradicts_is_used_and_reported(self, tmp_path):
        """Where no other column knows the labels, a column that predicts them all is named."""
        path = tmp_path / "rows.csv"
        write_rows(path, [{"weight": at * 11 % 97 * 1.5, "low": "ny"[at * 11 % 97 > 40]} for at in range(97)])

        found = audit(path, label="low", **FASTEST)

        (weight, _) = found.roles.columns
        assert weight.used
        assert "--ignore weight" in weight.why


class TestClaims:
    """A scan claims no more than its rows and its models' skill can show."""

    def test_forty_tickets_have_doubts_but_no_bound(self, tmp_path):
        """Labels are doubted as in a larger file; how many are wrong is not said."""
        first = write_rows(tmp_path / "first.csv", rows_of(TICKETS)[:40])

        found = audit(first, **QUICK)

        assert found.skill.assessable
        assert (found.noise_rate.assessable, found.noise_rate.at_least) == (False, 0)
        assert len(found.ranking.queue) <= 8

    def test_models_without_skill_doubt_nothing_and_are_not_quoted(self, tmp_path):
        """Labels that follow nothing: the queue has rows without a reason, and no other label."""
        draw = random.Random(4)
        rows = [
            {"kind": draw.choice("ABCD"), "size": draw.random(), "label": draw.choice("xy")}
            for _ in range(120)
        ]

        found = audit(write_rows(tmp_path / "rows.csv", rows), **QUICK)

        assert not found.skill.assessable
        assert not found.ranking.doubted.any()
        assert len(found.ranking.queue) == 24  # a fifth
        assert {found.why[row] for row in found.ranking.queue} == {NO_EVIDENCE}
        assert (found.ranking.suggested_labels == found.examples.given_labels).all()

    def test_no_majority_of_equal_rows_is_doubted(self, tmp_path):
        """Two of three passengers of each of twelve kinds have one label; only the others may be doubted."""
        kinds = [(deck, sex, age) for deck in "abc" for sex in "mf" for age in ("child", "adult")]
        rows = [
            {
                "deck": deck,
                "sex": sex,
                "age": age,
                "label": "yes" if (sex == "f") != (number % 3 == 0) else "no",
            }
            for deck, sex, age in kinds
            for number in range(12)
        ]

        found = audit(write_rows(tmp_path / "rows.csv", rows), **QUICK)

        usual = np.array([found.examples.class_names[code] for code in found.examples.given_labels]) == [
            "yes" if sex == "f" else "no" for sex in found.examples.inputs.column("sex").to_pylist()
        ]
        assert usual.mean() == 2 / 3
        assert not found.ranking.doubted[usual].any()
        assert (found.noise_rate.assessable, found.noise_rate.at_least) == (False, 0)


@pytest.fixture
def mixed_rows():
    """A hundred and twenty rows of a number and two words, of two classes; one in ten labels is wrong."""
    rng = random.Random(0)
    return [
        {
            "key": f"r{n:03}",
            "size": round(rng.gauss(n % 2, 0.3), 3),
            "note": f"{rng.choice('abcdefg')}{rng.choice('abc')} {'sun' if n % 2 else 'rain'}",
            "label": "wet" if (n % 2) == (n % 20 == 7) else "dry",
        }
        for n in range(120)
    ]


def scan_by_batches(path, monkeypatch):
    """The audit of a file in so little memory that its rows are scanned by batches."""
    monkeypatch.setattr("doubtcli.evidence.memory.DEFAULT", MemoryUse(2e12, 0, 0, 0, 0))
    return audit(path, id="key", text=("note",), numeric=("size",), memory=10**12)


def test_a_small_file_is_scanned_by_batches_in_little_memory(tmp_path, monkeypatch, mixed_rows):
    """It has the forest of the table, which a fast scan leaves out beside a text; its audit says so."""
    path = write_rows(tmp_path / "a.csv", mixed_rows)
    fast = audit(path, id="key", text=("note",), numeric=("size",), fast=True)

    found = scan_by_batches(path, monkeypatch)

    assert set(found.model_names) - set(fast.model_names) == {"extra trees"}
    assert found.settings == fast.settings | {"fast": False, "by_batches": True}
    assert found.audit_key != fast.audit_key
    assert found.notes[0].startswith("the scan is one by batches of rows, to stay within 1 TB")
    assert found.power.why == "a scan by batches plants no errors"
    assert {one.name for one in found.reasons} == {one.name for one in fast.reasons}


def test_by_batches_rows_in_another_order_keep_their_doubts(tmp_path, monkeypatch, mixed_rows):
    """Also where each model learns from a sample of the rows, and a block has few of them."""
    monkeypatch.setattr("doubtcli.predict.table_models.MOST_TREE_ROWS", 30)
    path, other = (write_rows(tmp_path / f"{name}.csv", mixed_rows) for name in "ab")
    shuffled = random.Random(1).sample(mixed_rows, len(mixed_rows))
    write_rows(other, shuffled)
    one = scan_by_batches(path, monkeypatch)
    monkeypatch.setattr("doubtcli.records.arrays.BLOCK_CELLS", 50)
    monkeypatch.setattr("doubtcli.predict.table_models._MOST_AT_ONCE", 50)

    two = scan_by_batches(other, monkeypatch)

    assert list(one.examples.row_ids) == list(two.examples.row_ids)
    np.testing.assert_array_equal(one.ranking.doubt, two.ranking.doubt)


def test_an_audit_is_the_same_where_tables_and_matrices_are_in_files(tmp_path, monkeypatch, mixed_rows):
    """A large table is out of memory as soon as it is read, and so are matrices of many rows and classes."""
    path = write_rows(tmp_path / "a.csv", mixed_rows)
    one = audit(path, id="key", text=("note",), numeric=("size",), **QUICK)
    for name in ("MAPPED_TABLES_FROM", "MAPPED_FROM", "_KEPT"):
        monkeypatch.setattr(f"doubtcli.records.mapped.{name}", 1)

    two = audit(path, id="key", text=("note",), numeric=("size",), **QUICK)

    np.testing.assert_array_equal(one.ranking.doubt, two.ranking.doubt)
    assert one.why == two.why
    assert one.audit_key == two.audit_key


def test_a_scan_that_would_take_too_much_memory_is_that_of_fast(tmp_path, monkeypatch):
    """Its settings, notes and doubts are those of a fast scan, and a note says why."""
    path = write_rows(
        tmp_path / "a.csv", [{"text": f"words {n}", "label": f"class {n % 6}"} for n in range(60)]
    )
    fast = audit(path, fast=True)
    monkeypatch.setattr("doubtcli.evidence.memory.DEFAULT", MemoryUse(2e12, 0, 0, 0, 0))

    found = audit(path, memory=10**12)

    assert found.settings == fast.settings
    assert found.audit_key == fast.audit_key
    assert found.notes[0].startswith("the scan is a fast one")
    assert found.notes[1:] == fast.notes
    np.testing.assert_array_equal(found.ranking.doubt, fast.ranking.doubt)


def test_columns_in_another_order(tmp_path):
    """A table's doubts are the same with its columns in another order."""
    rng = np.random.default_rng(0)
    rows = [
        {"x": rng.normal(), "y": rng.normal() + 2 * (n % 2), "z": rng.normal(), "label": "ab"[n % 2]}
        for n in range(60)
    ]
    turned = [{name: row[name] for name in ("z", "y", "label", "x")} for row in rows]

    found = [audit(write_rows(tmp_path / "a.csv", one), **QUICK) for one in (rows, turned)]

    doubts = [one.ranking.doubt[np.argsort(one.examples.positions)].tolist() for one in found]
    assert doubts[0] == doubts[1]


def test_matrices_in_files_give_the_same_doubts(tmp_path, monkeypatch):
    """Texts with numbers beside them are judged alike, whether matrices are in memory or all in files."""
    rng = np.random.default_rng(0)
    rows = [
        {"text": f"{'abc'[n % 3]} {rng.integers(9)} is {n}", "x": rng.normal() + n % 3, "label": "abc"[n % 3]}
        for n in range(120)
    ]
    path = write_rows(tmp_path / "rows.csv", rows)

    plain = audit(path, **QUICK)
    monkeypatch.setattr("doubtcli.records.mapped.MAPPED_FROM", 1)
    monkeypatch.setattr("doubtcli.records.mapped._KEPT", 1)
    found = audit(path, **QUICK)

    assert not found.evidence.pred_probs.flags.owndata
    for name, piece in plain.evidence.items():
        np.testing.assert_array_equal(found.evidence[name], piece)
    np.testing.assert_array_equal(found.ranking.doubt, plain.ranking.doubt)
    for one, other in zip(found.reasons, plain.reasons, strict=True):
        np.testing.assert_array_equal(one.scores, other.scores)
