import csv
import json
from collections.abc import Callable
from copy import deepcopy
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from doubtcli.errors import InputError
from doubtcli.read.verdicts import Answer, read_answers

Write = Callable[..., str]

TASK: dict[str, Any] = {
    "data": {"doubt_id": "a", "given_label": "ham"},
    "annotations": [
        {
            "completed_by": 1,
            "was_cancelled": False,
            "updated_at": "2026-01-02T00:00:00Z",
            "result": [{"from_name": "label", "type": "choices", "value": {"choices": ["spam"]}}],
        }
    ],
}
RECORD: dict[str, Any] = {
    "doubt_id": "a",
    "given_label": "ham",
    "label": "spam",
    "annotation_id": 1,
    "annotator": 1,
    "created_at": "2026-01-01T00:00:00Z",
    "updated_at": "2026-01-02T00:00:00Z",
    "lead_time": 1.5,
}


def task(**annotation: Any) -> dict[str, Any]:
    """The task, its one annotation changed."""
    changed = deepcopy(TASK)
    changed["annotations"][0] |= annotation
    return changed


def choices(*labels: str, name: str = "label") -> dict[str, Any]:
    """What a control named `name` tells."""
    return {"from_name": name, "type": "choices", "value": {"choices": list(labels)}}


def as_csv(record: dict[str, Any]) -> str:
    """One record as a CSV file."""
    file = StringIO()
    csv.writer(file).writerows([record.keys(), record.values()])
    return file.getvalue()


class TestRecorded:
    """What a server exported."""

    @pytest.mark.parametrize("name", ["label-studio.min.json", "label-studio.csv", "label-studio.tsv"])
    def test_records_of_annotations(self, exports: Path, name: str) -> None:
        """JSON_MIN, CSV and TSV tell the same; the skipped task is in none of them."""
        path = str(exports / name)

        found = read_answers(path)

        assert (found.tool, found.notes) == ("label-studio", ())
        assert found.answers == (
            Answer(
                1,
                "row-17",
                "negative",
                annotator="1",
                time="2026-11-21T02:25:27.206292Z",
                why="obviously negative",
                given_label="positive",
                tool="label-studio",
                file=path,
            ),
            Answer(
                2,
                "row-42",
                "positive",
                annotator="1",
                time="2026-11-21T02:25:27.556472Z",
                given_label="negative",
                tool="label-studio",
                file=path,
            ),
        )

    def test_tasks(self, exports: Path) -> None:
        """JSON tells the same of the first two tasks, and that the third was skipped."""
        path = str(exports / "label-studio.json")

        *decided, skipped = read_answers(path).answers

        short = read_answers(str(exports / "label-studio.csv")).answers
        assert [(one.row_id, one.verdict, one.why, one.time) for one in decided] == [
            (one.row_id, one.verdict, one.why, one.time) for one in short
        ]
        assert skipped == Answer(
            3,
            "row-99",
            status="skipped",
            annotator="1",
            time="2026-11-21T02:25:27.945487Z",
            given_label="positive",
            tool="label-studio",
            file=path,
        )

    @pytest.mark.parametrize("ending", ["json", "min.json", "csv"])
    def test_two_people(self, exports: Path, ending: str) -> None:
        """All three tell the same answers, each with who gave it; what was changed counts as it is now."""
        found = read_answers(str(exports / f"label-studio-people.{ending}"))

        assert found.notes == ()
        told = [(one.row_id, one.annotator, one.verdict, one.why, one.given_label) for one in found.answers]
        assert sorted(answer for answer, one in zip(told, found.answers, strict=True) if one.decides) == [
            ("r0", "1", 'a, "b"; c', 'It "is"\nso.', "yes"),
            ("r1", "1", "no", "", "no"),
            ("r10", "1", "$given_label", "", "yes"),
            ("r10", "2", "$given_label", "I agree", "yes"),
            ("r11", "1", "two\nlines", "", "no"),
            ("r11", "2", "no", "", "no"),
            ("r12", "1", "yes", "", 'a, "b"; c'),
            ("r13", "2", "no", "", "$given_label"),
        ]
        [noted] = [one for one in found.answers if one.why == "only this"]
        assert (noted.row_id, noted.verdict, noted.decides) == ("r15", "", False)

    def test_skipped_beside_decided(self, exports: Path) -> None:
        """JSON alone tells of tasks that were skipped, by whom, and of those that nobody has done."""
        found = read_answers(str(exports / "label-studio-people.json")).answers

        assert [(one.row_id, one.annotator, one.status) for one in found if not one.decides] == [
            ("r13", "1", "skipped"),
            ("r14", "1", "skipped"),
            ("r15", "1", ""),
            ("r16", "", ""),
        ]

    @pytest.mark.parametrize("ending", ["json", "min.json", "csv"])
    def test_several_annotations_of_a_task(self, exports: Path, ending: str) -> None:
        """A person's newest one counts; two labels at once stay two; one with a note alone is open."""
        found = read_answers(str(exports / f"label-studio-several.{ending}"))

        assert (found.n_older, found.notes) == (1, ())
        assert [(one.annotator, one.verdict, one.also, one.why, one.decides) for one in found.answers] == [
            ("1", "neutral", (), "", True),
            ("2", "negative", ("neutral",), "one\ntwo", True),
            ("3", "", (), "obviously negative", False),
        ]
        assert {one.duplicates for one in found.answers} == {("row-1", "row-2")}


class TestTasks:
    """Tasks as JSON has them."""

    def test_a_task_that_nobody_has_done_is_open(self, write: Write) -> None:
        """An export of all tasks holds these, too; one that was begun is a draft."""
        undone = TASK | {"annotations": []}

        found = read_answers(write([undone, undone | {"drafts": [{"result": []}]}])).answers

        assert [(one.verdict, one.status) for one in found] == [("", ""), ("", "draft")]

    def test_a_skipped_annotation_gives_way_to_one_that_decides(self, write: Write) -> None:
        """The same person skipped the task later: what was decided stands."""
        later = task(was_cancelled=True, result=[], updated_at="2026-01-03T00:00:00Z")["annotations"]

        found = read_answers(write([TASK | {"annotations": TASK["annotations"] + later}]))

        assert [(one.verdict, one.status) for one in found.answers] == [("spam", "")]

    @pytest.mark.parametrize(
        ("person", "name"), [(7, "7"), ({"id": 7, "email": "ana@example.com"}, "ana@example.com"), (None, "")]
    )
    def test_annotators(self, write: Write, person: object, name: str) -> None:
        """A number, a person with an address, or nobody."""
        [found] = read_answers(write([task(completed_by=person)])).answers

        assert found.annotator == name

    def test_a_choice_of_another_name_counts_if_it_is_the_only_one(self, write: Write) -> None:
        """The labelling setup may have been written by hand."""
        [found] = read_answers(write([task(result=[choices("spam", name="class")])])).answers

        assert found.verdict == "spam"

    def test_a_choice_of_another_name_is_no_label_where_one_is_called_so(self, write: Write) -> None:
        """It answered another question, also where the label was left open."""
        asked = [task(result=[choices("rude", name="second")]), TASK | {"data": {"doubt_id": "b"}}]

        found = read_answers(write(asked)).answers

        assert [(one.verdict, one.also, one.decides) for one in found] == [
            ("", (), False),
            ("spam", (), True),
        ]

    def test_which_of_two_other_names_is_the_label_cannot_be_told(self, write: Write) -> None:
        """Wherever in the export they stand: it is refused, and both are named."""
        path = write([task(result=[choices("a", name=name)]) for name in ("x", "x", "y")])

        with pytest.raises(InputError) as refused:
            read_answers(path)

        assert str(refused.value).startswith(
            f"{path}, row 3, column 'annotations': its choices are called 'x', 'y'"
        )

    def test_the_choice_called_label_counts_beside_others(self, write: Write) -> None:
        """Other questions may have been asked as well."""
        [found] = read_answers(write([task(result=[choices("rude", name="tone"), choices("spam")])])).answers

        assert (found.verdict, found.also) == ("spam", ())

    def test_a_label_is_never_taken_apart(self, write: Write) -> None:
        """It may look like JSON, be long or hold anything else."""
        labels = ['["a", "b"]', "x" * 10_000, '{"choices": 1}', "a\n'\"#, \u202e\U0001f600\x07"]

        found = read_answers(write([task(result=[choices(label)], completed_by=label) for label in labels]))

        assert [one.verdict for one in found.answers] == labels
        assert not any(one.also for one in found.answers)

    @pytest.mark.parametrize(
        ("changed", "found"),
        [
            (task(result=None), "an annotation has no 'result'"),
            (task(result=["label"]), "a result has no 'value'"),
            (TASK | {"annotations": ["spam"]}, "an annotation has no 'result'"),
        ],
    )
    def test_a_broken_annotation_is_named(self, write: Write, changed: dict[str, Any], found: str) -> None:
        """By the place of its task."""
        path = write([TASK, changed])

        with pytest.raises(InputError) as refused:
            read_answers(path)

        assert str(refused.value) == (
            f"{path}, row 2, column 'annotations': {found}\n"
            "expected: what Label Studio exports: a choice called 'label'\n"
            "to do: export it again, and leave the file as the tool wrote it"
        )

    def test_tasks_that_did_not_come_from_a_queue_are_refused(self, write: Write) -> None:
        """Without an id of ours nobody can tell which rows they are."""
        path = write([TASK | {"data": {"text": "hi"}}])

        with pytest.raises(InputError) as refused:
            read_answers(path)

        assert str(refused.value) == (
            f"{path}: Label Studio JSON in which no record has a 'doubt_id'\n"
            "expected: tasks that were made by `doubt queue`: their ids tell which rows they are of\n"
            "to do: export the project that the queue was brought into"
        )


class TestRecords:
    """A record an annotation, as JSON_MIN, CSV and TSV have them."""

    def test_an_audit_sample_is_carried(self, write: Write) -> None:
        """What tells of the draw comes back as it went out."""
        [found] = read_answers(
            write([RECORD | {"doubt_stratum": "1 of 2 (9 rows)", "doubt_inclusion": 0.5}])
        ).answers

        assert (found.stratum, found.inclusion) == ("1 of 2 (9 rows)", "0.5")

    @pytest.mark.parametrize(
        "label",
        [
            *('{"choices": ["a", "b"], "x": 2}', "{a}", '{"a": ["a", "b"]}', '["a"]', "{" * 100_000),
            *('{"choices": "a"}', '{"choices": 1}', '{"choices": null}', '{"choices": ["a"]}'),
        ],
    )
    def test_a_label_that_only_looks_like_several_is_one(self, write: Write, label: str) -> None:
        """What isn't exactly how a CSV file of Label Studio holds several is a label."""
        [found] = read_answers(write(as_csv(RECORD | {"label": label}))).answers

        assert (found.verdict, found.also) == (label, ())

    def test_a_label_in_json_is_never_taken_for_several(self, write: Write) -> None:
        """JSON_MIN holds several as a list, not as a text."""
        label = '{"choices": ["a", "b"]}'

        [found] = read_answers(write([RECORD | {"label": label}])).answers

        assert (found.verdict, found.also) == (label, ())

    def test_a_choice_that_was_taken_back_in_csv_is_open(self, write: Write) -> None:
        """An empty list of choices is none."""
        [found] = read_answers(write(as_csv(RECORD | {"label": '{"choices": []}'}))).answers

        assert (found.verdict, found.also) == ("", ())

    def test_the_same_label_twice_is_one(self, write: Write) -> None:
        """Each label counts once."""
        [found] = read_answers(write([RECORD | {"label": {"choices": ["a", "a"]}}])).answers

        assert (found.verdict, found.also) == ("a", ())

    def test_a_record_without_a_label_is_open(self, write: Write) -> None:
        """Somebody only left a note."""
        other = {name: value for name, value in RECORD.items() if name != "label"} | {"annotator": 2}

        found = read_answers(write([RECORD, other])).answers

        assert [one.verdict for one in found] == ["spam", ""]

    def test_no_label_at_all_is_refused(self, write: Write) -> None:
        """The control must have been called something else."""
        path = write(json.dumps([{name: value for name, value in RECORD.items() if name != "label"}]))

        with pytest.raises(InputError, match="row 1, column 'label': no annotation has a label"):
            read_answers(path)

    def test_the_time_of_a_record_that_was_never_changed(self, write: Write) -> None:
        """It is the time when it was made."""
        [found] = read_answers(write([RECORD | {"updated_at": None}])).answers

        assert found.time == "2026-01-01T00:00:00Z"
