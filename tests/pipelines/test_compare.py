"""Two audits of real files in, the differences between them out."""

import csv
import json
import random
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from doubtcli.compare.sides import find_edited, match_sides, select_same_rows
from doubtcli.errors import InputError
from doubtcli.pipelines.compare import compare_audits, read_side
from doubtcli.progress import Silence
from doubtcli.records import LabelChange
from doubtcli.report.documents import render_comparison

FIXTURES = Path(__file__).parents[2] / "fixtures"
WRONG = range(0, 80, 9)
"""Five fruits that are labelled as tools, and four tools that are labelled as fruits."""


def compared(before, after):
    """The differences between two audits."""
    return compare_audits(before, after, progress=Silence())


def read(path):
    """The lines of a CSV file as dicts."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def without(rows, *columns):
    """The rows without some of their columns."""
    return [{name: value for name, value in row.items() if name not in columns} for row in rows]


class TestErrorsTakenBack:
    """A sixth of the tickets' labels were wrong, and all were corrected."""

    @pytest.fixture(scope="class")
    @classmethod
    def comparison(cls, shared_shelf):
        """The differences between the two."""
        true = {row["ticket_id"]: row["true_intent"] for row in read(FIXTURES / "tickets_errors.csv")}
        tickets = [
            row | {"intent": true.get(row["ticket_id"], row["intent"])}
            for row in read(FIXTURES / "tickets.csv")
        ]
        names = sorted({row["intent"] for row in tickets} - {""})
        chance = random.Random(0)
        planted = [
            row | {"intent": chance.choice([name for name in names if name != row["intent"]])}
            if row["intent"] and chance.random() < 1 / 6
            else row
            for row in tickets
        ]
        return compared(
            shared_shelf.audit("planted", planted, label="intent"),
            shared_shelf.audit("true", tickets, label="intent"),
        )

    def test_a_model_learns_more(self, comparison):
        """The same model predicts more of the rows whose label stayed, with an interval above 0."""
        assert comparison.score.model == "ridge regression on spelling"
        assert comparison.score.accuracy.low > 0
        assert comparison.score.balanced_accuracy.low > 0

    def test_doubts_are_fixed(self, comparison):
        """Most doubts are fixed, and every doubt has one outcome."""
        outcomes = comparison.outcomes
        assert outcomes.fixed > comparison.before.n_doubted / 2
        assert (
            outcomes.fixed + outcomes.cleared + outcomes.kept + outcomes.set_aside
            == comparison.before.n_doubted
        )
        assert outcomes.kept + outcomes.new == comparison.after.n_doubted

    def test_the_parts_add_up(self, comparison):
        """The counts of all classes add up to the whole, and so do the kinds of change."""
        for name in ("n_rows", "n_doubted", "changed", "fixed", "cleared", "kept", "new"):
            parts = [getattr(outcomes, name) for outcomes in comparison.by_class.values()]
            assert sum(parts) == getattr(comparison.outcomes, name)
        assert sum(change.n_rows for change in comparison.changes) == comparison.outcomes.changed

    def test_annotators(self, comparison):
        """Annotators gave the true labels: hardly any of the labels that were their answers changed."""
        assert list(comparison.by_annotator) == ["annotator_ana", "annotator_ben", "annotator_chi"]
        assert all(outcomes.changed < outcomes.n_rows / 20 for outcomes in comparison.by_annotator.values())

    def test_noise_and_skill(self, comparison):
        """The noise rate falls and the skill rises, by the audits of both files."""
        before, after = comparison.before, comparison.after
        assert before.noise_rate.at_least > after.noise_rate.at_least
        assert before.noise_rate.contradicted > after.noise_rate.contradicted
        assert before.skill.accuracy < after.skill.accuracy

    def test_rows(self, comparison):
        """All rows are matched, also those without a label."""
        assert (comparison.n_matched, comparison.n_gone, comparison.n_added) == (612, 0, 0)
        assert (comparison.before.n_rows, comparison.before.n_labelled) == (612, 610)


class TestNothingChanged:
    """No label changed, though something else may have."""

    def test_an_audit_with_itself(self, shelf, sentences):
        """Nothing changed, and there is nothing to score."""
        folder = shelf.audit("rows", shelf.relabelled(shelf.rows(), WRONG))

        comparison = compared(folder, folder)

        assert comparison.nothing_changed
        assert comparison.changes == ()
        assert comparison.outcomes.kept == comparison.before.n_doubted > 0
        assert not comparison.score.assessable
        sentences.check(comparison.score.why)

    def test_another_order(self, shelf):
        """A file with shuffled rows is the same data, with ids and without."""
        rows = shelf.relabelled(shelf.rows(), WRONG)
        shuffled = random.Random(1).sample(rows, len(rows))

        for name, drop in (("with", ()), ("without", ("id",))):
            before = shelf.audit(f"{name}-in-order", without(rows, *drop))
            after = shelf.audit(f"{name}-shuffled", without(shuffled, *drop))
            assert compared(before, after).nothing_changed

    def test_other_settings(self, shelf, sentences):
        """Audits with other settings may doubt other rows: a note says so."""
        path = shelf.write("rows", shelf.relabelled(shelf.rows(), WRONG))
        before = shelf.audit_of(path, "one")
        after = shelf.audit_of(path, "two", seed=7, skip=("neighbor-disagreement",))

        (note,) = compared(before, after).notes

        assert "(skip, seed)" in note
        sentences.check(note)

    def test_other_embedding_model(self, shelf, write_embedder, sentences):
        """Audits with another embedding model may doubt other rows: a note says so."""
        path = shelf.write("rows", shelf.relabelled(shelf.rows(), WRONG))
        model = str(write_embedder(shelf.folder / "small"))
        before = shelf.audit_of(path, "one", embed=model)
        after = shelf.audit_of(path, "two", embed="none")

        (note,) = compared(before, after).notes

        sentences.check(note)

    def test_other_versions(self, shelf, sentences):
        """Audits of other versions may doubt other rows: a note says so."""
        before = shelf.audit("rows", shelf.rows())
        after = Path(before).with_name("later.doubt")
        shutil.copytree(before, after)
        document = json.loads((after / "audit.json").read_text())
        (after / "audit.json").write_text(json.dumps(document | {"versions": {"doubtcli": "99"}}))

        (note,) = compared(before, str(after)).notes

        sentences.check(note)


class TestRows:
    """Which row is which."""

    def test_gone_and_added(self, shelf):
        """Rows that are in only one file are counted, also the doubted ones, and not used in the score."""
        rows = shelf.relabelled(shelf.rows(84), [0, 9, 18, 27, 36, 45, 83])
        after = shelf.relabelled(rows, [9, 18])[2:]

        comparison = compared(shelf.audit("before", rows[:80]), shelf.audit("after", after))

        assert (comparison.n_matched, comparison.n_gone, comparison.n_added) == (78, 2, 4)
        assert (comparison.gone_doubted, comparison.added_doubted) == (1, 1)
        outcomes = comparison.outcomes
        assert outcomes.fixed + outcomes.cleared + outcomes.kept + 1 == comparison.before.n_doubted
        assert outcomes.kept + outcomes.new + 1 == comparison.after.n_doubted
        assert comparison.score.n_trained == 78

    def test_equal_inputs(self, shelf):
        """With equal inputs a changed label changes the numbers of others, but one row counts as changed."""
        rows = without(shelf.rows(), "id")
        twins = [{"text": "a doubtful thing", "label": label} for label in ("fruit", "tool", "tool")]
        after = [*rows, *(twin | {"label": label} for twin, label in zip(twins, ("tool",) * 3, strict=True))]

        comparison = compared(shelf.audit("before", [*rows, *twins]), shelf.audit("after", after))

        assert (comparison.n_matched, comparison.n_gone, comparison.n_added) == (83, 0, 0)
        assert comparison.changes == (LabelChange("fruit", "tool", 1),)

    def test_an_edited_row_with_an_id(self, shelf):
        """A row with other words is the same row by its id, and no model is trained on it."""
        rows = shelf.relabelled(shelf.rows(), WRONG)
        after = [row | {"text": "words of its own"} if row["id"] == "r070" else row for row in shelf.rows()]

        comparison = compared(shelf.audit("before", rows), shelf.audit("after", after))

        assert (comparison.n_matched, comparison.n_edited) == (80, 1)
        assert comparison.score.n_trained == 79

    def test_an_edited_row_without_an_id(self, shelf, sentences):
        """Without ids an edited row counts as gone and added, and a note says so."""
        rows = without(shelf.relabelled(shelf.rows(), WRONG), "id")
        after = without(shelf.rows(), "id")
        after[70]["text"] = "words of its own"

        comparison = compared(shelf.audit("before", rows), shelf.audit("after", after))

        assert (comparison.n_matched, comparison.n_gone, comparison.n_added) == (79, 1, 1)
        sentences.check("\n".join(comparison.notes))

    def test_an_added_label(self, shelf):
        """A row that had no label and has one now has changed; neither model is trained on it."""
        before = shelf.relabelled(shelf.relabelled(shelf.rows(), WRONG), [79], "")

        comparison = compared(shelf.audit("before", before), shelf.audit("after", shelf.rows()))

        assert LabelChange(None, "tool", 1) in comparison.changes
        assert comparison.by_class[None].n_rows == 1
        assert comparison.score.n_trained == 79

    def test_new_class(self, shelf):
        """A label that is not in the first file is a class like any other."""
        after = shelf.relabelled(shelf.rows(), range(40, 60, 2), "stone fruit")

        comparison = compared(shelf.audit("before", shelf.rows()), shelf.audit("after", after))

        assert comparison.changes == (LabelChange("fruit", "stone fruit", 10),)
        assert comparison.score.n_judged == 70


class TestScore:
    """What relabelling gained, or why it is not known."""

    def test_there_and_back(self, shelf):
        """With before and after swapped the difference has the other sign, and nothing else changes."""
        wrong = shelf.audit("wrong", shelf.relabelled(shelf.rows(), WRONG))
        right = shelf.audit("right", shelf.rows())

        there, back = compared(wrong, right).score, compared(right, wrong).score

        assert there.accuracy.difference == -back.accuracy.difference
        assert (there.accuracy.before, there.n_judged) == (back.accuracy.after, back.n_judged)

    def test_no_skill(self, shelf, sentences):
        """If models have no skill on either side, the score is not assessable."""
        chance = np.random.default_rng(0)
        before = [row | {"text": f"thing {chance.integers(10**9)}"} for row in shelf.rows()]
        after = shelf.relabelled(before, range(0, 40, 2))

        score = compared(shelf.audit("before", before), shelf.audit("after", after)).score

        assert not score.assessable
        sentences.check(score.why.partition(":")[0])

    def test_skill_on_one_side(self, shelf):
        """If models have skill only after relabelling, there is a score."""
        chance = random.Random(1)
        before = [row | {"label": chance.choice(("fruit", "tool"))} for row in shelf.rows(160)]

        comparison = compared(shelf.audit("before", before), shelf.audit("after", shelf.rows(160)))

        assert not comparison.before.skill.assessable
        assert comparison.after.skill.assessable
        assert comparison.score.accuracy.low > 0

    def test_few_rows(self, shelf, sentences):
        """Fewer than 30 rows that kept their label are not enough."""
        rows = shelf.rows(36)

        score = compared(
            shelf.audit("before", shelf.relabelled(rows, range(0, 14, 2))),
            shelf.audit("after", rows),
        ).score

        assert not score.assessable
        assert "29" in score.why
        sentences.check(score.why)

    def test_no_inputs(self, shelf, sentences):
        """If annotators are the only evidence, there is nothing that a model could learn from."""
        rows = [
            {"id": row["id"], "label": row["label"], "annotator_a": row["label"], "annotator_b": row["label"]}
            for row in shelf.rows()
        ]
        before = shelf.audit("before", shelf.relabelled(rows, WRONG))
        after = shelf.audit("after", rows)
        for folder in (before, after):
            claim_skill(folder)

        score = compared(before, after).score

        assert not score.assessable
        sentences.check(score.why)

    def test_one_group(self, shelf, sentences):
        """If all rows are in one group, none can be predicted from the others."""
        rows = [row | {"batch": "b1" if number else "b2"} for number, row in enumerate(shelf.rows())]
        before = shelf.audit("before", shelf.relabelled(rows, WRONG), group="batch")
        after = shelf.audit("after", rows[1:], ignore=("batch",))

        score = compared(before, after).score

        assert not score.assessable
        sentences.check(score.why)

    def test_same_bytes(self, shelf):
        """The same two audits give the same bytes."""
        before = shelf.audit("before", shelf.relabelled(shelf.rows(), WRONG))
        after = shelf.audit("after", shelf.rows())

        once, again = (render_comparison(compared(before, after)) for _ in range(2))

        assert once == again


def claim_skill(folder):
    """Change an audit so that its models have skill."""
    path = Path(folder) / "audit.json"
    document = json.loads(path.read_text())
    document["skill"]["assessable"] = True
    path.write_text(json.dumps(document))


class TestVerdicts:
    """Verdicts of people."""

    def test_unusable_rows_are_set_aside(self, shelf):
        """A doubted row that is judged unusable is set aside; one whose label is kept is cleared."""
        rows = shelf.relabelled(shelf.rows(), WRONG)
        path = shelf.write("rows", rows)
        verdicts = shelf.folder / "verdicts.csv"
        verdicts.write_text("doubt_id,verdict,verdict_status\nr000,,unusable\nr018,tool,\n", encoding="utf-8")

        comparison = compared(
            shelf.audit_of(path, "before"), shelf.audit_of(path, "after", verdicts=str(verdicts))
        )

        assert comparison.outcomes.set_aside == 1
        assert comparison.outcomes.cleared >= 1
        assert "(verdicts)" in comparison.notes[0]


class TestRefused:
    """Audits that can't be compared, each with one clear error."""

    def refused(self, before, after):
        """The error."""
        with pytest.raises(InputError) as caught:
            compared(before, after)
        return caught.value

    def test_no_audit(self, shelf, sentences):
        """A data file, or a path that does not exist, is not an audit."""
        folder = shelf.audit("rows", shelf.rows())

        for other in (str(shelf.folder / "rows.csv"), str(shelf.folder / "nothing")):
            error = self.refused(folder, other)
            assert error.where == other
        sentences.check(error)

    def test_changed_data(self, shelf):
        """A file that has changed since its audit is named."""
        before, after = (
            shelf.audit("before", shelf.rows()),
            shelf.audit("after", shelf.rows()),
        )
        shelf.write("after", shelf.rows(79))

        error = self.refused(before, after)

        assert "after.csv " in error.found

    def test_no_row_in_common(self, shelf):
        """Two files without common rows can't be compared."""
        others = [row | {"id": f"x{row['id']}"} for row in shelf.rows()]
        before, after = shelf.audit("before", shelf.rows()), shelf.audit("after", others)

        error = self.refused(before, after)

        assert error.where == after
        assert before in error.found

    def test_another_label_column(self, shelf):
        """Audits of two label columns can't be compared; both columns are named."""
        rows = [row | {"mood": "good" if number % 3 else "bad"} for number, row in enumerate(shelf.rows())]
        path = shelf.write("rows", rows)
        before, after = shelf.audit_of(path, "label"), shelf.audit_of(path, "mood", label="mood")

        error = str(self.refused(before, after))

        assert "'mood'" in error
        assert "'label'" in error

    def test_other_inputs(self, shelf):
        """Audits with different inputs can't be compared; the first columns that differ are named."""
        wide = [row | {f"words{n}": f"{row['id']} word {n}" for n in range(7)} for row in shelf.rows()]
        before, after = shelf.audit("before", shelf.rows()), shelf.audit("after", wide)

        error = str(self.refused(before, after))

        assert "'words0', 'words1', 'words2', 'words3', 'words4' and 2 more" in error
        assert "'id'" not in error

    def test_one_other_input(self, shelf):
        """One column is named alone."""
        wide = [row | {"words": f"{row['id']} again"} for row in shelf.rows()]

        error = str(self.refused(shelf.audit("before", shelf.rows()), shelf.audit("after", wide)))

        assert "'words'\n" in error


def test_vectors(shelf):
    """Vectors in a side file are inputs, too."""
    rows = without(shelf.rows(), "text")
    chance = np.random.default_rng(0)
    points = np.array([[0.0, 1.0] if row["label"] == "fruit" else [1.0, 0.0] for row in rows])
    np.save(shelf.folder / "vectors.npy", (points + chance.normal(0, 0.1, points.shape)).astype(np.float32))
    side_file = {"embeddings": str(shelf.folder / "vectors.npy")}

    with_them = compared(
        shelf.audit("before", shelf.relabelled(rows, WRONG), **side_file),
        shelf.audit("after", rows, **side_file),
    )

    assert with_them.score.model == "logistic regression on embeddings"
    assert with_them.score.n_trained == 80


def test_vectors_on_one_side(shelf):
    """Vectors that only one audit has are not used."""
    rows = shelf.rows()
    np.save(shelf.folder / "vectors.npy", np.random.default_rng(0).normal(size=(80, 2)).astype(np.float32))

    comparison = compared(
        shelf.audit("before", shelf.relabelled(rows, WRONG), embeddings=str(shelf.folder / "vectors.npy")),
        shelf.audit("after", rows),
    )

    assert comparison.score.model == "ridge regression on spelling"
    assert "(embeddings)" in comparison.notes[0]


def test_any_change_is_a_change(shelf):
    """A change of any kind counts as a change."""
    folder = shelf.audit("rows", shelf.relabelled(shelf.rows(), WRONG))
    same = compared(folder, folder)

    changed = [
        replace(same, n_edited=1),
        replace(same, n_gone=1),
        replace(same, n_added=1),
        replace(same, outcomes=replace(same.outcomes, changed=1)),
        replace(same, outcomes=replace(same.outcomes, new=1)),
        replace(same, outcomes=replace(same.outcomes, kept=same.outcomes.kept - 1, cleared=1)),
        replace(same, after=replace(same.after, noise_rate=replace(same.after.noise_rate, at_least=0.5))),
        replace(same, after=replace(same.after, skill=replace(same.after.skill, accuracy=0.5))),
    ]

    assert same.nothing_changed
    assert [one.nothing_changed for one in changed] == [False] * 8


class TestSameRows:
    """The rows and columns that both audits use."""

    def matched(self, before, after):
        """Two audits with their rows matched."""
        return match_sides(*(read_side(folder, Silence()) for folder in (before, after)))

    def test_a_column_with_the_old_label(self, shelf):
        """A column that leaks the old labels is not used, though for the new labels it is an input."""
        leaky = [row | {"code": row["label"][0]} for row in shelf.relabelled(shelf.rows(), range(0, 80, 9))]
        folders = (
            shelf.audit("old", leaky),
            shelf.audit("new", shelf.relabelled(leaky, range(0, 80, 9))),
        )

        for one, other in (folders, folders[::-1]):
            before, after = select_same_rows(self.matched(one, other))

            assert before.inputs.column_names == after.inputs.column_names == ["text"]
            assert before.column_roles == {"text": "text"}
            assert not find_edited(before, after).any()

    def test_a_column_of_another_kind(self, shelf):
        """A column that is numeric in one audit and categorical in the other is not used."""
        path = shelf.write("rows", [row | {"size": str(place % 7)} for place, row in enumerate(shelf.rows())])
        folders = (
            shelf.audit_of(path, "one", numeric=("size",)),
            shelf.audit_of(path, "two", categorical=("size",)),
        )

        before, after = select_same_rows(self.matched(*folders))

        assert before.inputs.column_names == after.inputs.column_names == ["text"]

    def test_the_same_order(self, shelf):
        """Rows are in the same order, without those that have a label in only one audit."""
        rows = shelf.rows()
        before = shelf.audit("one", shelf.relabelled(rows, [3], ""))
        after = shelf.audit("two", shelf.relabelled(rows[::-1], [0], ""))

        one, other = select_same_rows(self.matched(before, after))

        assert one.row_ids == other.row_ids
        assert set(one.row_ids) == {row["id"] for row in rows} - {"r003", "r079"}
        assert one.inputs.equals(other.inputs)
