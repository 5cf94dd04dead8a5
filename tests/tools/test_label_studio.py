from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from io import StringIO
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.records.answers import Answer
from doubtcli.tools.label_studio import LabelStudio, write_label_config
from doubtcli.tools.read import read_answers

if TYPE_CHECKING:
    from pathlib import Path

    from doubtcli.records.queue import Queue
    from tests.conftest import Case


def config(queue: Queue) -> ET.Element:
    """The parsed config."""
    return ET.fromstring(write_label_config(queue))


def results(root: ET.Element) -> list[str]:
    """The text that each choice is exported as: its alias, or else its value."""
    return [choice.get("alias") or choice.get("value") or "" for choice in root.iter("Choice")]


class TestTasks:
    """`tasks.json` has one task for each row."""

    def test_task(self, tickets: Case, first: dict[str, Any]) -> None:
        """All values that must come back are in the data; the suggestion is a prediction."""
        task = tickets.files("label-studio")["tasks.json"][0]

        assert task == {
            "data": {
                "text": "Where is\nmy parcel?",
                "doubt_card": "age: 1.5",
                **first,
            },
            "meta": {
                "doubt": {"id": "t1", "score": 0.97, "reasons": ["low-self-confidence", "duplicate-conflict"]}
            },
            "predictions": [
                {
                    "model_version": "doubt 0.1.0",
                    "score": 0.97,
                    "result": [
                        {
                            "id": task["predictions"][0]["result"][0]["id"],
                            "from_name": "label",
                            "to_name": "text",
                            "type": "choices",
                            "value": {"choices": ["delivery"]},
                        }
                    ],
                }
            ],
        }

    def test_nothing_to_suggest(self, tickets: Case) -> None:
        """Without a better label than the given one, nothing is selected."""
        assert [len(task["predictions"]) for task in tickets.files("label-studio")["tasks.json"]] == [1, 0, 0]

    def test_ids_of_results(self, images: Case) -> None:
        """Each result has a different id of hexadecimal digits, for any row id."""
        found = [
            region["id"]
            for task in images.files("label-studio")["tasks.json"]
            for p in task["predictions"]
            for region in p["result"]
        ]

        assert len(set(found)) == len(found) == 2
        assert all(re.fullmatch("[0-9a-f]{10}", one) for one in found)

    def test_no_key_is_missing(self, tickets: Case) -> None:
        """All tasks have the same keys, and the values that the config shows are texts."""
        tasks = tickets.files("label-studio", {"random": 50, "top": 50}, size=4)["tasks.json"]

        assert len({tuple(task["data"]) for task in tasks}) == 1
        shown = [
            task["data"][key] for task in tasks for key in ("text", "doubt_card", "doubt_why", "given_label")
        ]
        assert all(isinstance(text, str) for text in shown)

    def test_one_task_for_each_line(self, tickets: Case) -> None:
        """The file is one array, which Label Studio requires, with each task on a separate line."""
        lines = LabelStudio().hand_out(tickets.queue())["tasks.json"].decode().splitlines()

        assert (lines[0], lines[-1], len(lines)) == ("[", "]", 5)

    def test_images(self, images: Case) -> None:
        """A path is served by Label Studio, a URL is unchanged, a missing image is empty."""
        assert [task["data"]["image"] for task in images.files("label-studio")["tasks.json"]] == [
            "/data/local-files/?d=cats/a%20b%231.png",
            "https://example.org/b.jpg?size=3",
            "",
        ]

    def test_windows_paths_and_served_ones(self, images: Case) -> None:
        """A backslash separates folders; a path that Label Studio serves is unchanged."""
        files = [r"cats\a.png", "/data/local-files/?d=a.png", "s3://bucket/a.png"]
        odd = replace(images, data={**images.data, "file": files})

        assert [task["data"]["image"] for task in odd.files("label-studio")["tasks.json"]] == [
            "/data/local-files/?d=cats/a.png",
            *files[1:],
        ]


class TestConfig:
    """`label_config.xml` shows a row and its labels."""

    def test_text_of_config(self, tickets: Case) -> None:
        """It shows the given label, why it is doubted, how many equal rows there are, the row, and labels."""
        assert write_label_config(tickets.queue()) == (
            "<View>\n"
            '  <Header value="Given label: $given_label" />\n'
            '  <Header value="$doubt_why" size="6" />\n'
            '  <Header value="Equal rows that this decides: $doubt_equal_rows" size="6" />\n'
            '  <Text name="text" value="$text" valueType="text" />\n'
            '  <Text name="doubt_card" value="$doubt_card" valueType="text" />\n'
            '  <Choices name="label" toName="text" choice="single-radio" required="true" showInline="true">\n'
            '    <Choice value="billing" hotkey="1" />\n'
            '    <Choice value="bug" hotkey="2" />\n'
            '    <Choice value="delivery" hotkey="3" />\n'
            "  </Choices>\n"
            '  <TextArea name="note" toName="text" placeholder="why (optional)" rows="1" '
            'maxSubmissions="1" />\n'
            "</View>\n"
        )

    def test_no_equal_rows(self, images: Case) -> None:
        """Where no rows are equal, their number is not shown."""
        assert "doubt_equal_rows" not in write_label_config(images.queue())

    def test_many_labels(self, images: Case) -> None:
        """More than ten labels are below each other, with a filter, and ten of them have a key."""
        root = config(images.queue())

        assert [choice.get("hotkey") for choice in root.iter("Choice")] == [*"1234567890", None, None]
        assert root.find("Choices").get("showInline") == "false"  # type: ignore[union-attr]
        assert root.find("Filter").get("toName") == "label"  # type: ignore[union-attr]

    def test_few_labels(self, images: Case) -> None:
        """Ten labels need no filter."""
        root = config(replace(images, class_names=images.class_names[:10]).queue())

        assert root.find("Filter") is None

    def test_labels_come_back_as_they_are(self, images: Case) -> None:
        """Quotes, markup, line ends, spaces and dollar signs survive XML."""
        assert results(config(images.queue())) == list(images.class_names)

    def test_dollars(self, images: Case) -> None:
        """A dollar sign that Label Studio would read as a variable is shown as another sign."""
        odd = replace(images, class_names=("$5", "costs $x", "5 $", "$", "a$$b"))

        shown = [(choice.get("value"), choice.get("alias")) for choice in config(odd.queue()).iter("Choice")]

        assert shown == [
            ("\uff045", "$5"),
            ("costs \uff04x", "costs $x"),
            ("5 $", None),
            ("$", None),
            ("a$\uff04b", "a$$b"),
        ]

    @pytest.mark.parametrize(
        "label", ["a\x00b", "\x1b[31m", "\ufffe", "\x0b"], ids=["nul", "escape", "ufffe", "tab"]
    )
    def test_control_characters(self, tickets: Case, label: str, sentences: Any) -> None:
        """A label that can't be written in XML is refused, with a hint."""
        with pytest.raises(InputError) as error:
            write_label_config(replace(tickets, class_names=(label,)).queue())

        assert repr(label) in error.value.found
        sentences.check(error.value)

    @given(st.lists(st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn"))), min_size=1, unique=True))
    @settings(max_examples=50)
    def test_any_label(self, tickets: Case, labels: list[str]) -> None:
        """Any label without control characters comes back unchanged."""
        assert results(config(replace(tickets, class_names=tuple(labels)).queue())) == labels

    @pytest.mark.parametrize(
        ("data", "roles", "shown"),
        [
            ({"a": ["x"]}, {"a": "text"}, [("Text", "$text")]),
            ({"a": [1]}, {"a": "numeric"}, [("Text", "$doubt_card")]),
            (
                {"a": ["x.png"], "b": ["y.gif"]},
                {"a": "text", "b": "(ignored)"},
                [("Image", "$image"), ("Image", "$image_2")],
            ),
            (
                {"a": ["x.png"], "b": ["t"]},
                {"a": "text", "b": "text"},
                [("Image", "$image"), ("Text", "$text")],
            ),
            ({"a": [[0.5]]}, {"a": "embedding"}, [("Text", "$doubt_card")]),
        ],
        ids=["text", "table", "images", "image and text", "nothing"],
    )
    def test_what_is_shown(
        self, case: type[Case], data: dict[str, Any], roles: dict[str, str], shown: list[tuple[str, str]]
    ) -> None:
        """Each part of a row has a tag, labels belong to the first one, and all tasks have these parts."""
        one = case(rows=[{"suggested": "billing"}], data=data, roles=roles)

        root, (task,) = config(one.queue()), one.files("label-studio")["tasks.json"]

        parts = [tag for tag in root if tag.get("name") and tag.tag in ("Text", "Image")]
        assert [(tag.tag, tag.get("value")) for tag in parts] == shown
        assert root.find("Choices").get("toName") == parts[0].get("name")  # type: ignore[union-attr]
        assert task["predictions"][0]["result"][0]["to_name"] == parts[0].get("name")
        assert {value.removeprefix("$") for _, value in shown} <= set(task["data"])


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
    """The task with a changed annotation."""
    changed = deepcopy(TASK)
    changed["annotations"][0] |= annotation
    return changed


def choices(*labels: str, name: str = "label") -> dict[str, Any]:
    """The result of a control named `name`."""
    return {"from_name": name, "type": "choices", "value": {"choices": list(labels)}}


def as_csv(record: dict[str, Any]) -> str:
    """One record as a CSV file."""
    file = StringIO()
    csv.writer(file).writerows([record.keys(), record.values()])
    return file.getvalue()


class TestRecorded:
    """Exports of a server are read."""

    @pytest.mark.parametrize("name", ["label-studio.min.json", "label-studio.csv", "label-studio.tsv"])
    def test_records_of_annotations(self, exports: Path, name: str) -> None:
        """JSON_MIN, CSV and TSV have the same answers; none has the skipped task."""
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
                column="label",
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
                column="label",
                file=path,
            ),
        )

    def test_tasks(self, exports: Path) -> None:
        """JSON has the same answers, and the skipped task."""
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
            column="label",
            file=path,
        )

    @pytest.mark.parametrize("ending", ["json", "min.json", "csv"])
    def test_two_people(self, exports: Path, ending: str) -> None:
        """All formats have the same answers with their annotators; a changed answer counts as it is now."""
        found = read_answers(str(exports / f"label-studio-people.{ending}"))

        assert found.notes == ()
        answers = [
            (one.row_id, one.annotator, one.verdict, one.why, one.given_label) for one in found.answers
        ]
        assert sorted(answer for answer, one in zip(answers, found.answers, strict=True) if one.decides) == [
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

    def test_skipped_tasks(self, exports: Path) -> None:
        """Only JSON has skipped tasks, with who skipped them, and tasks that nobody has done."""
        found = read_answers(str(exports / "label-studio-people.json")).answers

        assert [(one.row_id, one.annotator, one.status) for one in found if not one.decides] == [
            ("r13", "1", "skipped"),
            ("r14", "1", "skipped"),
            ("r15", "1", ""),
            ("r16", "", ""),
        ]

    @pytest.mark.parametrize("ending", ["json", "min.json", "csv"])
    def test_several_annotations_of_a_task(self, exports: Path, ending: str) -> None:
        """A person's newest one counts; two labels stay two; a note alone is not a verdict."""
        found = read_answers(str(exports / f"label-studio-several.{ending}"))

        assert (found.n_older, found.notes) == (1, ())
        assert [
            (one.annotator, one.verdict, one.other_verdicts, one.why, one.decides) for one in found.answers
        ] == [
            ("1", "neutral", (), "", True),
            ("2", "negative", ("neutral",), "one\ntwo", True),
            ("3", "", (), "obviously negative", False),
        ]
        assert {one.duplicates for one in found.answers} == {("row-1", "row-2")}


class TestExportedTasks:
    """Tasks in JSON are read."""

    def test_a_task_that_nobody_has_done(self, write: Write) -> None:
        """It has no verdict; a task that was begun is a draft."""
        undone = TASK | {"annotations": []}

        found = read_answers(write([undone, undone | {"drafts": [{"result": []}]}])).answers

        assert [(one.verdict, one.status) for one in found] == [("", ""), ("", "draft")]

    def test_a_skipped_annotation_gives_way_to_one_that_decides(self, write: Write) -> None:
        """A decision counts even if the same person skipped the task later."""
        later = task(was_cancelled=True, result=[], updated_at="2026-01-03T00:00:00Z")["annotations"]

        found = read_answers(write([TASK | {"annotations": TASK["annotations"] + later}]))

        assert [(one.verdict, one.status) for one in found.answers] == [("spam", "")]

    @pytest.mark.parametrize(
        ("person", "name"), [(7, "7"), ({"id": 7, "email": "ana@example.com"}, "ana@example.com"), (None, "")]
    )
    def test_annotators(self, write: Write, person: object, name: str) -> None:
        """An annotator is a number, a person with an e-mail address, or missing."""
        [found] = read_answers(write([task(completed_by=person)])).answers

        assert found.annotator == name

    def test_a_choice_of_another_name_counts_if_it_is_the_only_one(self, write: Write) -> None:
        """People may have written the labelling config by hand."""
        [found] = read_answers(write([task(result=[choices("spam", name="class")])])).answers

        assert found.verdict == "spam"

    def test_a_choice_of_another_name_is_ignored_if_one_is_called_label(self, write: Write) -> None:
        """It answers another question, even in a task where no label was chosen."""
        tasks = [task(result=[choices("rude", name="second")]), TASK | {"data": {"doubt_id": "b"}}]

        found = read_answers(write(tasks)).answers

        assert [(one.verdict, one.other_verdicts, one.decides) for one in found] == [
            ("", (), False),
            ("spam", (), True),
        ]

    def test_two_choices_of_other_names_are_refused(self, write: Write, sentences: Any) -> None:
        """It is not known which of them is the label; the error names both."""
        path = write([task(result=[choices("a", name=name)]) for name in ("x", "x", "y")])

        with pytest.raises(InputError) as refused:
            read_answers(path)

        error = refused.value
        assert (error.where, error.row, error.column) == (path, 3, "annotations")
        sentences.check(error)

    def test_the_choice_called_label_counts_beside_others(self, write: Write) -> None:
        """The config may have other questions as well."""
        [found] = read_answers(write([task(result=[choices("rude", name="tone"), choices("spam")])])).answers

        assert (found.verdict, found.other_verdicts) == ("spam", ())

    def test_a_label_is_never_split(self, write: Write) -> None:
        """It may look like JSON, be long, or have special characters."""
        labels = ['["a", "b"]', "x" * 10_000, '{"choices": 1}', "a\n'\"#, \u202e\U0001f600\x07"]

        found = read_answers(write([task(result=[choices(label)], completed_by=label) for label in labels]))

        assert [one.verdict for one in found.answers] == labels
        assert not any(one.other_verdicts for one in found.answers)

    @pytest.mark.parametrize(
        "changed",
        [task(result=None), task(result=["label"]), TASK | {"annotations": ["spam"]}],
        ids=["no result", "no value", "no object"],
    )
    def test_a_broken_annotation(self, write: Write, changed: dict[str, Any], sentences: Any) -> None:
        """The error names its task."""
        path = write([TASK, changed])

        with pytest.raises(InputError) as refused:
            read_answers(path)

        error = refused.value
        assert (error.where, error.row, error.column) == (path, 2, "annotations")
        sentences.check(error)

    def test_tasks_that_are_not_from_a_queue_are_refused(self, write: Write, sentences: Any) -> None:
        """Without a `doubt_id`, it is not known which rows they are."""
        path = write([TASK | {"data": {"text": "hi"}}])

        with pytest.raises(InputError) as refused:
            read_answers(path)

        assert refused.value.where == path
        sentences.check(refused.value)


class TestRecords:
    """JSON_MIN, CSV and TSV have one record for each annotation."""

    def test_an_audit_sample(self, write: Write) -> None:
        """The stratum and the probability of a drawn row come back."""
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
        """Several labels have one exact form in Label Studio's CSV; all else is one label."""
        [found] = read_answers(write(as_csv(RECORD | {"label": label}))).answers

        assert (found.verdict, found.other_verdicts) == (label, ())

    def test_a_text_in_json_is_always_one_label(self, write: Write) -> None:
        """JSON_MIN has several labels as a list, not as a text."""
        label = '{"choices": ["a", "b"]}'

        [found] = read_answers(write([RECORD | {"label": label}])).answers

        assert (found.verdict, found.other_verdicts) == (label, ())

    def test_a_removed_choice_in_csv(self, write: Write) -> None:
        """An empty list of choices is not a verdict."""
        [found] = read_answers(write(as_csv(RECORD | {"label": '{"choices": []}'}))).answers

        assert (found.verdict, found.other_verdicts) == ("", ())

    def test_the_same_label_twice_is_one(self, write: Write) -> None:
        """Each label counts once."""
        [found] = read_answers(write([RECORD | {"label": {"choices": ["a", "a"]}}])).answers

        assert (found.verdict, found.other_verdicts) == ("a", ())

    def test_a_record_without_a_label(self, write: Write) -> None:
        """A note alone is not a verdict."""
        other = {name: value for name, value in RECORD.items() if name != "label"} | {"annotator": 2}

        found = read_answers(write([RECORD, other])).answers

        assert [one.verdict for one in found] == ["spam", ""]

    def test_no_label_at_all_is_refused(self, write: Write, sentences: Any) -> None:
        """The control must have another name."""
        path = write(json.dumps([{name: value for name, value in RECORD.items() if name != "label"}]))

        with pytest.raises(InputError) as refused:
            read_answers(path)

        error = refused.value
        assert (error.where, error.row, error.column) == (path, 1, "label")
        sentences.check(error)

    def test_the_time_of_a_record_that_was_never_changed(self, write: Write) -> None:
        """It is the time when the record was created."""
        [found] = read_answers(write([RECORD | {"updated_at": None}])).answers

        assert found.time == "2026-01-01T00:00:00Z"
