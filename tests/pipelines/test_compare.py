"""Two audits of real files in, what lies between them out."""

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
"""Five fruits that were taken for tools, and four tools that were taken for fruits."""


def compared(before, after):
    """What lies between two audits."""
    return compare_audits(before, after, progress=Silence())


def read(path):
    """The lines of a CSV file as dicts."""
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def without(rows, *columns):
    """The rows without some of their columns."""
    return [{name: value for name, value in row.items() if name not in columns} for row in rows]


class TestErrorsTakenBack:
    """Sixth of the tickets' labels were wrong, and all were put right."""

    @pytest.fixture(scope="class")
    @classmethod
    def comparison(cls, shared_shelf):
        """What lies between the two."""
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
        """The same model predicts more of the rows whose label stayed, beyond chance."""
        assert comparison.score.model == "ridge regression on spelling"
        assert comparison.score.accuracy.low > 0
        assert comparison.score.balanced_accuracy.low > 0

    def test_doubts_are_fixed(self, comparison):
        """Most doubts are fixed, and every doubt has one fate."""
        outcomes = comparison.outcomes
        assert outcomes.fixed > comparison.before.n_doubted / 2
        assert (
            outcomes.fixed + outcomes.cleared + outcomes.kept + outcomes.set_aside
            == comparison.before.n_doubted
        )
        assert outcomes.kept + outcomes.new == comparison.after.n_doubted

    def test_the_parts_add_up(self, comparison):
        """Classes are parts of the whole, and so are kinds of change."""
        for name in ("n_rows", "n_doubted", "changed", "fixed", "cleared", "kept", "new"):
            parts = [getattr(outcomes, name) for outcomes in comparison.by_class.values()]
            assert sum(parts) == getattr(comparison.outcomes, name)
        assert sum(change.n_rows for change in comparison.changes) == comparison.outcomes.changed

    def test_annotators(self, comparison):
        """Annotators answered of the truth: the answers of hardly any of their rows were changed."""
        assert list(comparison.by_annotator) == ["annotator_ana", "annotator_ben", "annotator_chi"]
        assert all(outcomes.changed < outcomes.n_rows / 20 for outcomes in comparison.by_annotator.values())

    def test_noise_and_skill(self, comparison):
        """The noise rate falls and the skill rises, as each audit says of its own file."""
        before, after = comparison.before, comparison.after
        assert before.noise_rate.low > after.noise_rate.high
        assert before.skill.accuracy < after.skill.accuracy

    def test_rows(self, comparison):
        """All rows are matched, also those without a label."""
        assert (comparison.n_matched, comparison.n_gone, comparison.n_added) == (612, 0, 0)
        assert (comparison.before.n_rows, comparison.before.n_labelled) == (612, 610)


class TestNothingChanged:
    """No label changed, whatever else did."""

    def test_an_audit_with_itself(self, shelf):
        """Nothing changed, and there is nothing to score."""
        folder = shelf.audit("rows", shelf.relabelled(shelf.rows(), WRONG))

        comparison = compared(folder, folder)

        assert comparison.nothing_changed
        assert comparison.changes == ()
        assert comparison.outcomes.kept == comparison.before.n_doubted > 0
        assert not comparison.score.assessable
        assert "no label changed" in comparison.score.why

    def test_another_order(self, shelf):
        """A file whose rows were shuffled is the same data, with ids and without."""
        rows = shelf.relabelled(shelf.rows(), WRONG)
        shuffled = random.Random(1).sample(rows, len(rows))

        for name, drop in (("with", ()), ("without", ("id",))):
            before = shelf.audit(f"{name}-in-order", without(rows, *drop))
            after = shelf.audit(f"{name}-shuffled", without(shuffled, *drop))
            assert compared(before, after).nothing_changed

    def test_other_settings(self, shelf):
        """Audits made otherwise may doubt other rows: a note says so."""
        path = shelf.write("rows", shelf.relabelled(shelf.rows(), WRONG))
        before = shelf.audit_of(path, "one")
        after = shelf.audit_of(path, "two", seed=7, skip=("neighbor-disagreement",))

        (note,) = compared(before, after).notes

        assert "(skip, seed)" in note

    def test_other_versions(self, shelf):
        """Audits made by other versions may doubt other rows: a note says so."""
        before = shelf.audit("rows", shelf.rows())
        after = Path(before).with_name("later.doubt")
        shutil.copytree(before, after)
        document = json.loads((after / "audit.json").read_text())
        (after / "audit.json").write_text(json.dumps(document | {"versions": {"doubtcli": "99"}}))

        (note,) = compared(before, str(after)).notes

        assert "versions" in note


class TestRows:
    """Which row is which."""

    def test_gone_and_added(self, shelf):
        """Rows in one file alone are counted, doubted ones beside them, and judge nothing."""
        rows = shelf.relabelled(shelf.rows(84), [0, 9, 18, 83])
        after = shelf.relabelled(rows, [9, 18])[2:]

        comparison = compared(shelf.audit("before", rows[:80]), shelf.audit("after", after))

        assert (comparison.n_matched, comparison.n_gone, comparison.n_added) == (78, 2, 4)
        assert (comparison.gone_doubted, comparison.added_doubted) == (1, 1)
        outcomes = comparison.outcomes
        assert outcomes.fixed + outcomes.cleared + outcomes.kept + 1 == comparison.before.n_doubted
        assert outcomes.kept + outcomes.new + 1 == comparison.after.n_doubted
        assert comparison.score.n_trained == 78

    def test_equal_inputs(self, shelf):
        """Among equal inputs a changed label moves the others' numbers; one row counts as changed."""
        rows = without(shelf.rows(), "id")
        twins = [{"text": "a doubtful thing", "label": label} for label in ("fruit", "tool", "tool")]
        after = [*rows, *(twin | {"label": label} for twin, label in zip(twins, ("tool",) * 3, strict=True))]

        comparison = compared(shelf.audit("before", [*rows, *twins]), shelf.audit("after", after))

        assert (comparison.n_matched, comparison.n_gone, comparison.n_added) == (83, 0, 0)
        assert comparison.changes == (LabelChange("fruit", "tool", 1),)

    def test_an_edited_row_with_an_id(self, shelf):
        """A row with other words is the same row by its id, and no model is shown it."""
        rows = shelf.relabelled(shelf.rows(), WRONG)
        after = [row | {"text": "words of its own"} if row["id"] == "r070" else row for row in shelf.rows()]

        comparison = compared(shelf.audit("before", rows), shelf.audit("after", after))

        assert (comparison.n_matched, comparison.n_edited) == (80, 1)
        assert comparison.score.n_trained == 79

    def test_an_edited_row_without_an_id(self, shelf):
        """Without ids it is gone and added, and a note says so."""
        rows = without(shelf.relabelled(shelf.rows(), WRONG), "id")
        after = without(shelf.rows(), "id")
        after[70]["text"] = "words of its own"

        comparison = compared(shelf.audit("before", rows), shelf.audit("after", after))

        assert (comparison.n_matched, comparison.n_gone, comparison.n_added) == (79, 1, 1)
        assert any("no ids" in note for note in comparison.notes)

    def test_a_label_at_last(self, shelf):
        """A row that had no label and has one now has changed; it teaches neither model."""
        before = shelf.relabelled(shelf.relabelled(shelf.rows(), WRONG), [79], "")

        comparison = compared(shelf.audit("before", before), shelf.audit("after", shelf.rows()))

        assert LabelChange(None, "tool", 1) in comparison.changes
        assert comparison.by_class[None].n_rows == 1
        assert comparison.score.n_trained == 79

    def test_new_class(self, shelf):
        """A label that the first file does not know is a class like any other."""
        after = shelf.relabelled(shelf.rows(), range(40, 60, 2), "stone fruit")

        comparison = compared(shelf.audit("before", shelf.rows()), shelf.audit("after", after))

        assert comparison.changes == (LabelChange("fruit", "stone fruit", 10),)
        assert comparison.score.n_judged == 70


class TestScore:
    """What relabelling bought, or why nobody can tell."""

    def test_there_and_back(self, shelf):
        """Compared the other way round the difference has the other sign, and nothing else moves."""
        wrong = shelf.audit("wrong", shelf.relabelled(shelf.rows(), WRONG))
        right = shelf.audit("right", shelf.rows())

        there, back = compared(wrong, right).score, compared(right, wrong).score

        assert there.accuracy.difference == -back.accuracy.difference
        assert (there.accuracy.before, there.n_judged) == (back.accuracy.after, back.n_judged)

    def test_no_skill(self, shelf):
        """Where models know nothing of the labels on either side, the score is not assessable."""
        chance = np.random.default_rng(0)
        before = [row | {"text": f"thing {chance.integers(10**9)}"} for row in shelf.rows()]
        after = shelf.relabelled(before, range(0, 40, 2))

        score = compared(shelf.audit("before", before), shelf.audit("after", after)).score

        assert not score.assessable
        assert "lack skill" in score.why

    def test_skill_on_one_side(self, shelf):
        """Where relabelling gave the models their skill, that is told."""
        chance = random.Random(1)
        before = [row | {"label": chance.choice(("fruit", "tool"))} for row in shelf.rows(160)]

        comparison = compared(shelf.audit("before", before), shelf.audit("after", shelf.rows(160)))

        assert not comparison.before.skill.assessable
        assert comparison.after.skill.assessable
        assert comparison.score.accuracy.low > 0

    def test_few_rows(self, shelf):
        """Fewer than 30 rows that kept their label are no judges."""
        rows = shelf.rows(36)

        score = compared(
            shelf.audit("before", shelf.relabelled(rows, range(0, 14, 2))),
            shelf.audit("after", rows),
        ).score

        assert not score.assessable
        assert "29" in score.why

    def test_no_inputs(self, shelf):
        """Where only annotators judge, there is nothing that a model could learn from."""
        rows = [
            {"id": row["id"], "label": row["label"], "annotator_a": row["label"], "annotator_b": row["label"]}
            for row in shelf.rows()
        ]
        before = shelf.audit("before", shelf.relabelled(rows, WRONG))
        after = shelf.audit("after", rows)
        for folder in (before, after):
            claim_skill(folder)

        score = compared(before, after).score

        assert (score.assessable, score.why) == (False, "there are no inputs that a model could learn from")

    def test_one_group(self, shelf):
        """Where all rows are one group, none can be predicted from the others."""
        rows = [row | {"batch": "b1" if number else "b2"} for number, row in enumerate(shelf.rows())]
        before = shelf.audit("before", shelf.relabelled(rows, WRONG), group="batch")
        after = shelf.audit("after", rows[1:], ignore=("batch",))

        score = compared(before, after).score

        assert not score.assessable
        assert "same group" in score.why

    def test_same_bytes(self, shelf):
        """The same two audits give the same bytes."""
        before = shelf.audit("before", shelf.relabelled(shelf.rows(), WRONG))
        after = shelf.audit("after", shelf.rows())

        once, again = (render_comparison(compared(before, after)) for _ in range(2))

        assert once == again


def claim_skill(folder):
    """Have an audit say that its models have skill."""
    path = Path(folder) / "audit.json"
    document = json.loads(path.read_text())
    document["skill"]["assessable"] = True
    path.write_text(json.dumps(document))


class TestVerdicts:
    """What people said beside the file."""

    def test_unusable_rows_are_set_aside(self, shelf):
        """A doubted row that a person judged unusable is set aside, and the label that is kept is cleared."""
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
        """The error that says so."""
        with pytest.raises(InputError) as caught:
            compared(before, after)
        return caught.value

    def test_no_audit(self, shelf):
        """A data file, or nothing, is no audit."""
        folder = shelf.audit("rows", shelf.rows())

        for other in (str(shelf.folder / "rows.csv"), str(shelf.folder / "nothing")):
            error = self.refused(folder, other)
            assert (error.where, error.found) == (other, "is no audit")

    def test_changed_data(self, shelf):
        """A file that was changed since its audit is named."""
        before, after = (
            shelf.audit("before", shelf.rows()),
            shelf.audit("after", shelf.rows()),
        )
        shelf.write("after", shelf.rows(79))

        error = self.refused(before, after)

        assert "after.csv was changed since it was judged" in error.found

    def test_no_row_in_common(self, shelf):
        """Two files of other rows are two data sets."""
        others = [row | {"id": f"x{row['id']}"} for row in shelf.rows()]
        before, after = shelf.audit("before", shelf.rows()), shelf.audit("after", others)

        error = self.refused(before, after)

        assert error.where == after
        assert f"has no row in common with {before}" in str(error)

    def test_another_label_column(self, shelf):
        """Labels of two columns are two questions; both columns are named."""
        rows = [row | {"mood": "good" if number % 3 else "bad"} for number, row in enumerate(shelf.rows())]
        path = shelf.write("rows", rows)
        before, after = shelf.audit_of(path, "label"), shelf.audit_of(path, "mood", label="mood")

        error = str(self.refused(before, after))

        assert "'mood'" in error
        assert "'label'" in error

    def test_other_inputs(self, shelf):
        """Other input columns make other models; the columns that differ are named, if there are few."""
        wide = [row | {f"words{n}": f"{row['id']} word {n}" for n in range(7)} for row in shelf.rows()]
        before, after = shelf.audit("before", shelf.rows()), shelf.audit("after", wide)

        error = str(self.refused(before, after))

        assert "'words0', 'words1', 'words2', 'words3', 'words4' and 2 more" in error
        assert "'id'" not in error

    def test_one_other_input(self, shelf):
        """One column is named alone."""
        wide = [row | {"words": f"{row['id']} said"} for row in shelf.rows()]

        error = str(self.refused(shelf.audit("before", shelf.rows()), shelf.audit("after", wide)))

        assert "in one of the two alone: 'words'\n" in error


def test_vectors(shelf):
    """Vectors beside the file are inputs, too; where only one audit has them, they teach no model."""
    rows = without(shelf.rows(), "text")
    chance = np.random.default_rng(0)
    points = np.array([[0.0, 1.0] if row["label"] == "fruit" else [1.0, 0.0] for row in rows])
    np.save(shelf.folder / "vectors.npy", (points + chance.normal(0, 0.1, points.shape)).astype(np.float32))
    brought = {"embeddings": str(shelf.folder / "vectors.npy")}

    with_them = compared(
        shelf.audit("before", shelf.relabelled(rows, WRONG), **brought),
        shelf.audit("after", rows, **brought),
    )

    assert with_them.score.model == "logistic regression"
    assert with_them.score.n_trained == 80


def test_vectors_on_one_side(shelf):
    """Vectors that one audit was made without teach no model."""
    rows = shelf.rows()
    np.save(shelf.folder / "vectors.npy", np.random.default_rng(0).normal(size=(80, 2)).astype(np.float32))

    comparison = compared(
        shelf.audit("before", shelf.relabelled(rows, WRONG), embeddings=str(shelf.folder / "vectors.npy")),
        shelf.audit("after", rows),
    )

    assert comparison.score.model == "ridge regression on spelling"
    assert "(embeddings)" in comparison.notes[0]


def test_nothing_changed_is_all_of_it(shelf):
    """A change of any kind is a change."""
    folder = shelf.audit("rows", shelf.relabelled(shelf.rows(), WRONG))
    same = compared(folder, folder)

    changed = [
        replace(same, n_edited=1),
        replace(same, n_gone=1),
        replace(same, n_added=1),
        replace(same, outcomes=replace(same.outcomes, changed=1)),
        replace(same, outcomes=replace(same.outcomes, new=1)),
        replace(same, outcomes=replace(same.outcomes, kept=same.outcomes.kept - 1, cleared=1)),
        replace(same, after=replace(same.after, noise_rate=replace(same.after.noise_rate, rate=0.5))),
        replace(same, after=replace(same.after, skill=replace(same.after.skill, accuracy=0.5))),
    ]

    assert same.nothing_changed
    assert [one.nothing_changed for one in changed] == [False] * 8


class TestSameRows:
    """What both audits learn from."""

    def matched(self, before, after):
        """Two audits, their rows side by side."""
        return match_sides(*(read_side(folder, Silence()) for folder in (before, after)))

    def test_a_column_that_tells_the_old_label(self, shelf):
        """A leak of the old labels that looks like an input by now is none, whichever audit comes first."""
        told = [row | {"code": row["label"][0]} for row in shelf.relabelled(shelf.rows(), range(0, 80, 9))]
        folders = (
            shelf.audit("old", told),
            shelf.audit("new", shelf.relabelled(told, range(0, 80, 9))),
        )

        for one, other in (folders, folders[::-1]):
            before, after = select_same_rows(self.matched(one, other))

            assert before.inputs.column_names == after.inputs.column_names == ["text"]
            assert before.column_roles == {"text": "text"}
            assert not find_edited(before, after).any()

    def test_a_column_of_another_kind(self, shelf):
        """A column that one audit takes for a number, and the other for a category, is no common input."""
        path = shelf.write("rows", [row | {"size": str(place % 7)} for place, row in enumerate(shelf.rows())])
        folders = (
            shelf.audit_of(path, "one", numeric=("size",)),
            shelf.audit_of(path, "two", categorical=("size",)),
        )

        before, after = select_same_rows(self.matched(*folders))

        assert before.inputs.column_names == after.inputs.column_names == ["text"]

    def test_the_same_order(self, shelf):
        """Rows stand side by side, those that one audit alone judges left out."""
        rows = shelf.rows()
        before = shelf.audit("one", shelf.relabelled(rows, [3], ""))
        after = shelf.audit("two", shelf.relabelled(rows[::-1], [0], ""))

        one, other = select_same_rows(self.matched(before, after))

        assert one.row_ids == other.row_ids
        assert set(one.row_ids) == {row["id"] for row in rows} - {"r003", "r079"}
        assert one.inputs.equals(other.inputs)
