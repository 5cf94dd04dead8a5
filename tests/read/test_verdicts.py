import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from doubtcli.errors import InputError
from doubtcli.read.verdicts import Answer, match, read_answers, read_verdicts, with_verdicts
from doubtcli.records import UNDECIDED, UNUSABLE, Annotations, Examples, Labels, Stratum, Verdicts

LABELS = Labels(np.array([1, 0, 0, 1, -1]), ("ham", "spam"), ("ham", "spam"))
EXAMPLES = Examples(
    row_ids=("a", "b", "c", "d"),
    positions=np.array([3, 2, 1, 0]),
    given_labels=np.array([1, 0, 0, 1]),
    class_names=LABELS.class_names,
    inputs=pa.table({"text": ["one", "two", "three", "four"]}),
    unlabelled_row_ids=("e",),
    unlabelled_positions=(4,),
)


def matched(*answers: Answer, labels: Labels = LABELS) -> Verdicts:
    """These answers held against the four rows."""
    return match(answers, "v.csv", EXAMPLES, labels, "data.csv")


def answer(row_id: str, verdict: str = "", **said: Any) -> Answer:
    """What one person said on a row."""
    return Answer(said.pop("row", 1), row_id, verdict, **said)


def refusal(*answers: Answer) -> str:
    """How answers are refused."""
    with pytest.raises(InputError) as refused:
        matched(*answers)
    return str(refused.value)


class TestFiles:
    """Our own files, in three formats."""

    def test_a_filled_in_queue_is_read(self, tmp_path: Path) -> None:
        """Its own columns are read, and the user's are passed over."""
        path = tmp_path / "queue.csv"
        path.write_text(
            "doubt_id,given_label,verdict,doubt_stratum,doubt_inclusion,text\n"
            "007,spam,ham,1 of 2 (9 rows),0.5,one\n"
            "b,ham,,,,two\n"
        )

        assert read_answers(str(path)) == [
            Answer(1, "007", "ham", given_label="spam", stratum="1 of 2 (9 rows)", inclusion="0.5"),
            Answer(2, "b", given_label="ham"),
        ]

    @pytest.mark.parametrize("ending", ["jsonl", "parquet"])
    def test_other_formats_are_read(self, tmp_path: Path, ending: str) -> None:
        """JSON Lines and Parquet hold the same columns in types of their own."""
        rows = [
            {"doubt_id": 7, "verdict": 1, "annotator": "ana", "time": "2026-01-31", "why": "it sells"},
            {"doubt_id": 8, "verdict": None, "verdict_status": "skip"},
        ]
        path = tmp_path / f"v.{ending}"
        if ending == "jsonl":
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        else:
            parquet.write_table(
                pa.Table.from_pylist(rows).append_column("verdict_status", [["", "skip"]]), path
            )

        assert read_answers(str(path)) == [
            Answer(1, "7", "1", annotator="ana", time="2026-01-31", why="it sells"),
            Answer(2, "8", status="skip"),
        ]

    @pytest.mark.parametrize("lacking", ["doubt_id", "verdict"])
    def test_a_file_without_ids_or_verdicts_is_refused(self, tmp_path: Path, lacking: str) -> None:
        """The message names the column that is missing, and those that are there."""
        path = tmp_path / "v.csv"
        there = "verdict" if lacking == "doubt_id" else "doubt_id"
        path.write_text(f"{there},text\nham,x\n")

        with pytest.raises(InputError) as refused:
            read_answers(str(path))

        assert str(refused.value) == (
            f"{path}: there is no column {lacking!r}\n"
            f"expected: the columns 'doubt_id' and 'verdict'; it has '{there}', 'text'\n"
            "to do: give a queue.csv with its verdicts filled in, or a file with these two columns"
        )

    def test_a_file_becomes_the_rows_with_their_verdicts(self, tmp_path: Path) -> None:
        """Row "a" was called ham where the file says spam, "c" is unusable."""
        path = tmp_path / "v.csv"
        path.write_text("doubt_id,verdict,verdict_status\na,ham,\nc,,unusable\n")

        found = read_verdicts(str(path), EXAMPLES, LABELS, "data.csv")

        assert found.row_ids == ("a", "b", "d")
        assert found.taught_labels.tolist() == [0, 0, 1]


class TestMatching:
    """Answers become one code a row."""

    def test_rows_are_kept_corrected_left_or_unusable(self) -> None:
        """A verdict equal to the given label keeps it; a skipped row is undecided, whatever stands beside."""
        found = matched(
            answer("a", "spam"),
            answer("b", "spam"),
            answer("c", "ham", status="skip"),
            answer("d", status=" Unusable "),
        )

        assert found.codes.tolist() == [1, 1, UNDECIDED, UNUSABLE]
        assert found.notes == ()

    def test_spaces_and_what_spreadsheets_do_to_whole_numbers_are_forgiven(self) -> None:
        """A column of whole numbers with gaps comes back from pandas as 3.0."""
        labels = Labels(LABELS.codes, ("1", "3"), (1, 3))

        found = matched(answer("a", "1.0"), answer("b", " 3 ", given_label="1.0"), labels=labels)

        assert found.codes.tolist() == [0, 1, UNDECIDED, UNDECIDED]

    def test_what_the_file_writes_for_a_class_names_it_too(self) -> None:
        """A ClassLabel's code stands for its name."""
        labels = Labels(LABELS.codes, ("ham", "spam"), (0, 1))

        assert matched(answer("a", "0"), labels=labels).codes[0] == 0

    def test_equal_answers_are_one(self) -> None:
        """Two annotators who agree decide a row once, and one who has not answered does not unsettle it."""
        found = matched(answer("b", "spam"), answer("b", "spam"), answer("b"))

        assert found.codes[1] == 1

    def test_a_row_of_an_audit_sample_keeps_its_part_and_probability(self) -> None:
        """Decided or not, a row that was drawn is known as drawn."""
        found = matched(answer("b", stratum="2 of 3 (812 rows)", inclusion="0.05"))

        assert found.strata == (None, Stratum(2, 3, 812), None, None)
        np.testing.assert_array_equal(found.inclusion, [np.nan, 0.05, np.nan, np.nan])

    def test_rows_without_a_label_are_passed_over(self) -> None:
        """There is no given label to judge, and a note says so."""
        found = matched(answer("e", "ham"), answer("a", "ham"))

        assert found.codes.tolist() == [0, UNDECIDED, UNDECIDED, UNDECIDED]
        assert found.notes == ("verdicts on rows without a label, passed over: 1",)


class TestRefusals:
    """What does not fit is never applied in silence."""

    def test_unknown_ids(self) -> None:
        """The message counts and names them, and says of which file they are not."""
        assert refusal(answer("a"), answer("x", row=2), answer("y", row=3)) == (
            "v.csv, row 2, column 'doubt_id': 2 of its 3 ids name no row of data.csv: 'x', 'y'\n"
            "expected: ids as a scan of data.csv writes them\n"
            "to do: scan the file that the queue was made from, with the same --id and the same input columns"
        )

    @pytest.mark.parametrize(
        ("verdict", "hint"), [("spma", "\nto do: did you mean 'spam'?"), ("other", "")], ids=["near", "far"]
    )
    def test_a_label_that_is_none(self, verdict: str, hint: str) -> None:
        """The labels are listed, and the nearest one is named."""
        assert refusal(answer("a", verdict, row=4)) == (
            f"v.csv, row 4, column 'verdict': {verdict!r} is none of the labels\n"
            f"expected: one of 'ham', 'spam'{hint}"
        )

    def test_a_status_that_is_none(self) -> None:
        """Only "skip" and "unusable" are known."""
        assert refusal(answer("a", status="done")) == (
            "v.csv, row 1, column 'verdict_status': 'done' is no status\n"
            "expected: one of skip, unusable, or nothing"
        )

    def test_a_given_label_that_has_changed_since(self) -> None:
        """The first few rows are listed, with both labels; undecided rows do not matter."""
        assert refusal(
            answer("a", "ham", given_label="spam"),
            answer("b", "ham", given_label="spam", row=2),
            answer("c", given_label="spam", row=3),
        ) == (
            "v.csv, row 2, column 'given_label': rows bear another label than when they were decided: "
            "'b' ('spam', now 'ham')\n"
            "expected: the labels of data.csv\n"
            "to do: take these rows out of the verdicts, or decide them again"
        )

    def test_many_changed_labels_are_counted(self) -> None:
        """Five are listed, and how many more there are."""
        answers = [answer("b", "ham", given_label="spam")] * 7

        assert "'b' ('spam', now 'ham') and 2 more\n" in refusal(*answers)

    def test_two_unlike_verdicts_on_a_row(self) -> None:
        """Both are told, with their places."""
        assert refusal(answer("a", "ham"), answer("a", status="unusable", row=2)) == (
            "v.csv, row 2, column 'verdict': 'a' is unusable here, and 'ham' on row 1\n"
            "expected: one verdict a row, or equal ones\n"
            "to do: settle it, and take the other out"
        )

    @pytest.mark.parametrize(
        ("stratum", "inclusion", "found"),
        [
            ("top", "0.5", "column 'doubt_stratum': 'top' is no part of an audit sample"),
            ("1 of 1 (4 rows)", "", "column 'doubt_inclusion': '' is no probability"),
            ("1 of 1 (4 rows)", "0", "column 'doubt_inclusion': '0' is no probability"),
            ("1 of 1 (4 rows)", "1.5", "column 'doubt_inclusion': '1.5' is no probability"),
        ],
    )
    def test_a_sample_that_makes_no_sense(self, stratum: str, inclusion: str, found: str) -> None:
        """A part that we did not write, or a probability that is none, is refused."""
        assert found in refusal(answer("a", stratum=stratum, inclusion=inclusion))


class TestSettingAside:
    """Unusable rows leave the examples."""

    def test_all_that_belongs_to_a_row_goes_with_it(self) -> None:
        """Every array loses the same rows, and the rows' names are kept."""
        whole = Examples(
            row_ids=EXAMPLES.row_ids,
            positions=EXAMPLES.positions,
            given_labels=EXAMPLES.given_labels,
            class_names=EXAMPLES.class_names,
            inputs=EXAMPLES.inputs,
            embeddings=np.eye(4, dtype=np.float32),
            groups=np.array([0, 1, 2, 3]),
            annotations=Annotations(("ana",), np.array([[0], [1], [-1], [1]])),
            given_pred_probs=np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]]),
        )
        strata = (None, Stratum(1, 1, 4), None, None)
        verdicts = Verdicts("v.csv", np.array([-1, 0, -2, -1]), strata, np.array([np.nan, 1, np.nan, np.nan]))

        found = with_verdicts(whole, verdicts)

        assert found.row_ids == ("a", "b", "d")
        assert found.positions.tolist() == [3, 2, 0]
        assert found.given_labels.tolist() == [1, 0, 1]
        assert found.inputs.column("text").to_pylist() == ["one", "two", "four"]
        assert found.embeddings is not None
        assert found.embeddings.argmax(axis=1).tolist() == [0, 1, 3]
        assert found.groups is not None
        assert found.groups.tolist() == [0, 1, 3]
        assert found.annotations is not None
        assert found.annotations.codes.tolist() == [[0], [1], [1]]
        assert found.given_pred_probs is not None
        assert found.given_pred_probs[:, 0].tolist() == [0.1, 0.2, 0.4]
        assert found.verdicts is not None
        assert found.verdicts.codes.tolist() == [-1, 0, -1]
        assert found.verdicts.strata == (*strata[:2], None)
        assert (found.unusable_row_ids, found.unusable_positions) == (("c",), (1,))

    def test_rows_without_inputs_are_kept_apart_too(self) -> None:
        """Where only annotators judge there is no input column to take rows from."""
        bare = Examples(("a", "b", "c"), np.arange(3), np.array([0, 1, 0]), ("ham", "spam"), pa.table({}))

        found = with_verdicts(
            bare, Verdicts("v.csv", np.array([-2, -1, -1]), (None,) * 3, np.full(3, np.nan))
        )

        assert found.row_ids == ("b", "c")

    @pytest.mark.parametrize(
        ("codes", "left"), [((0, 0, 0, 0), "one label"), ((-2, -2, -2, -2), "no label")], ids=["one", "none"]
    )
    def test_verdicts_that_leave_one_class_are_refused(self, codes: tuple[int, ...], left: str) -> None:
        """There must be something to tell apart."""
        verdicts = Verdicts("v.csv", np.array(codes), (None,) * 4, np.full(4, np.nan))

        with pytest.raises(InputError, match=f"by these verdicts the rows bear {left} only"):
            with_verdicts(EXAMPLES, verdicts)
