import json
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from doubtcli.errors import InputError
from doubtcli.read.verdicts import Answer, read_answers

Write = Callable[..., str]

ONE, TWO = "00000000-0000-0000-0000-000000000001", "00000000-0000-0000-0000-000000000002"
NESTED: dict[str, Any] = {
    "id": "a",
    "fields": {"text": "hi"},
    "metadata": {"given_label": "ham"},
    "suggestions": {},
    "responses": {"label": [{"value": "spam", "user_id": "ana"}]},
    "status": "completed",
}
FLAT: dict[str, Any] = {
    "id": "a",
    "status": "pending",
    "_server_id": None,
    "given_label": "ham",
    "label.responses": ["spam"],
    "label.responses.users": ["ana"],
    "label.responses.status": ["submitted"],
}


def refusal(path: str) -> str:
    """How a file is refused."""
    with pytest.raises(InputError) as refused:
        read_answers(path)
    return str(refused.value)


class TestRecorded:
    """What the package wrote."""

    def test_flat(self, exports: Path) -> None:
        """Each response comes with its status, and with its writer's comment."""
        path = str(exports / "argilla-flat.json")

        found = read_answers(path)

        about: dict[str, Any] = {
            "given_label": "positive",
            "duplicates": ("row-8", "row-9"),
            "tool": "argilla",
            "file": path,
        }
        assert (found.tool, found.notes) == ("argilla", ())
        assert found.answers == (
            Answer(1, "row-1", "negative", annotator=ONE, why="it is bad", **about),
            Answer(1, "row-1", "positive", status="draft", annotator=TWO, **about),
            Answer(2, "row-2", "positive", status="discarded", annotator=ONE, **about),
            Answer(3, "row-3", **about),
        )

    def test_nested(self, exports: Path) -> None:
        """Which responses were submitted isn't told: those of completed records count, as a note says."""
        found = read_answers(str(exports / "argilla.json"))

        assert [(one.row_id, one.verdict, one.status, one.why) for one in found.answers] == [
            ("row-1", "negative", "", "it is bad"),
            ("row-1", "positive", "", ""),
            ("row-2", "positive", "unsubmitted", ""),
            ("row-3", "", "", ""),
        ]
        [note] = found.notes
        assert note == (
            "this export does not tell which responses were submitted: those of completed records count; "
            "records.to_list(flatten=True) tells it of each"
        )

    def test_a_folder(self, exports: Path, tmp_path: Path) -> None:
        """What `to_disk` writes is read by its folder's name, and the file in it is named."""
        (tmp_path / "records.json").write_bytes((exports / "argilla.json").read_bytes())

        found = read_answers(str(tmp_path))

        assert (found.path, len(found.answers)) == (str(tmp_path / "records.json"), 4)


class TestShapes:
    """Other forms of the same."""

    def test_flat_records_in_a_table(self, tmp_path: Path) -> None:
        """What was handed to a data frame keeps its lists."""
        path = tmp_path / "records"
        parquet.write_table(pa.Table.from_pylist([FLAT]), path)

        [found] = read_answers(str(path)).answers

        assert (found.row_id, found.verdict, found.annotator) == ("a", "spam", "ana")

    def test_flat_records_line_by_line(self, write: Write) -> None:
        """JSON Lines hold the same records."""
        [found] = read_answers(write(json.dumps(FLAT) + "\n")).answers

        assert found.verdict == "spam"

    def test_an_id_column_of_the_users_does_not_hide_ours(self, write: Write) -> None:
        """In a flat export a field called "id" takes the place of the record's; ours stands beside it."""
        [found] = read_answers(write([FLAT | {"id": "17", "doubt_id": "a"}])).answers

        assert found.row_id == "a"

    @pytest.mark.parametrize("value", [["spam", "ham"], ["spam", "ham", "spam"]])
    def test_several_labels(self, write: Write, value: list[str]) -> None:
        """A question for many labels gives a list."""
        nested = deepcopy(NESTED)
        nested["responses"]["label"][0]["value"] = value

        [found] = read_answers(write([nested])).answers

        assert (found.verdict, found.also[0]) == ("spam", "ham")

    @pytest.mark.parametrize(
        "record",
        [
            NESTED | {"responses": {"comment": [{"value": "hm", "user_id": "ana"}]}},
            {
                "id": "a",
                "_server_id": None,
                "comment.responses": ["hm"],
                "comment.responses.users": ["ana"],
                "comment.responses.status": ["draft"],
            },
        ],
        ids=["nested", "flat"],
    )
    def test_comments_alone(self, write: Write, record: dict[str, Any]) -> None:
        """Somebody wrote something, and nobody has chosen yet."""
        [found] = read_answers(write([record])).answers

        assert found.open

    def test_a_record_without_metadata(self, write: Write) -> None:
        """The id is enough."""
        [found] = read_answers(write([NESTED | {"metadata": None}])).answers

        assert (found.row_id, found.given_label) == ("a", "")


class TestRefusals:
    """What is broken is named."""

    @pytest.mark.parametrize("responses", ["spam", ["spam"]])
    def test_responses_that_are_none(self, write: Write, responses: object) -> None:
        """A nested record lists them, each with a user and a value."""
        path = write([NESTED, NESTED | {"responses": {"label": responses}}])

        assert refusal(path).startswith(
            f"{path}, row 2, column 'responses': the responses to 'label' are no list of objects\n"
        )

    @pytest.mark.parametrize(
        "changed",
        [{"label.responses": "spam"}, {"label.responses.users": []}, {"label.responses.status": None}],
    )
    def test_lists_that_do_not_fit_each_other(self, write: Write, changed: dict[str, Any]) -> None:
        """A flat record has a user and a status for each response."""
        path = write([FLAT, FLAT | changed])

        assert refusal(path) == (
            f"{path}, row 2, column 'label.responses': its responses, their users and their statuses are not "
            "as many\n"
            "expected: three lists of one length\n"
            "to do: export it again, and leave the file as the tool wrote it"
        )

    def test_an_unknown_status(self, write: Write) -> None:
        """What it means for a correction is nothing to guess at."""
        path = write([FLAT | {"label.responses.status": ["done"]}])

        assert refusal(path).startswith(
            f"{path}, row 1, column 'label.responses.status': 'done' is no status\n"
            "expected: one of submitted, draft, discarded\n"
        )

    @pytest.mark.parametrize(
        "record",
        [
            NESTED | {"responses": {"tone": [], "comment": []}},
            {
                "tone.responses": None,
                "comment.responses": None,
                "id": "a",
                "_server_id": None,
                "doubt_id": "a",
            },
        ],
        ids=["nested", "flat"],
    )
    def test_a_question_of_another_name(self, write: Write, record: dict[str, Any]) -> None:
        """Its answers would be passed over in silence."""
        path = write([record])

        assert refusal(path).startswith(
            f"{path}, row 1: no question is called 'label': answered are 'comment', 'tone'\n"
            "expected: the questions that go out with a queue, 'label' and 'comment'\n"
        )
