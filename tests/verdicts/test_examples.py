from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from doubtcli.errors import InputError
from doubtcli.records import (
    UNDECIDED,
    UNUSABLE,
    Annotations,
    Examples,
    Labels,
    Stratum,
    Verdicts,
)
from doubtcli.records.answers import Answer
from doubtcli.verdicts.examples import follow_verdicts, judge_examples, read_verdicts

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
    examples = replace(EXAMPLES, class_names=labels.class_names)
    return judge_examples(answers, "v.csv", examples, labels, "data.csv")


def answer(row_id: str, verdict: str = "", **said: Any) -> Answer:
    """What one person said on a row."""
    return Answer(said.pop("row", 1), row_id, verdict, **said)


def seen(*answers: Answer) -> Verdicts:
    """These answers held against the four rows, whose contents are 0000, 1111, 2222 and 3333."""
    examples = replace(EXAMPLES, row_hashes=("3333", "2222", "1111", "0000", "4444"))
    return judge_examples(answers, "v.csv", examples, LABELS, "data.csv")


def refusal(*answers: Answer) -> str:
    """How answers are refused."""
    with pytest.raises(InputError) as refused:
        matched(*answers)
    return str(refused.value)


class TestMatching:
    """Answers become one code a row."""

    def test_rows_are_kept_corrected_left_or_unusable(self) -> None:
        """A verdict equal to the given label keeps it; a skipped row is undecided, whatever stands beside."""
        found = matched(
            answer("a", "spam"),
            answer("b", "spam"),
            answer("c", "ham", status="skipped"),
            answer("d", status="unusable"),
        )

        assert found.codes.tolist() == [1, 1, UNDECIDED, UNUSABLE]

    def test_what_is_passed_over_is_counted(self) -> None:
        """A note says how many answers decide nothing, and why; rows left open are no news."""
        found = matched(
            answer("a", "ham", status="draft"),
            answer("b", status="skipped"),
            answer("c", status="skipped"),
            answer("d"),
        )

        assert found.codes.tolist() == [UNDECIDED] * 4
        assert found.notes == ("answers passed over: 1 a draft, 2 skipped",)

    def test_no_note_without_need(self) -> None:
        """Verdicts that all fit are no news."""
        assert matched(answer("a", "spam"), answer("b")).notes == ()

    def test_what_a_tool_filled_in_by_itself_is_no_verdict(self) -> None:
        """A label that was there from the start counts only once it is another one."""
        found = matched(answer("a", "spam", prefilled=True), answer("b", "spam", prefilled=True))

        assert found.codes.tolist() == [UNDECIDED, 1, UNDECIDED, UNDECIDED]

    def test_spaces_and_what_spreadsheets_do_to_whole_numbers_are_forgiven(self) -> None:
        """A column of whole numbers with gaps comes back from pandas as 3.0."""
        labels = Labels(LABELS.codes, ("1", "3"), (1, 3))

        found = matched(answer("a", "1.0"), answer("b", " 3 ", given_label="1.0"), labels=labels)

        assert found.codes.tolist() == [0, 1, UNDECIDED, UNDECIDED]

    def test_what_the_file_writes_for_a_class_names_it_too(self) -> None:
        """A ClassLabel's code stands for its name."""
        labels = Labels(LABELS.codes, ("ham", "spam"), (0, 1))

        assert matched(answer("a", "0"), labels=labels).codes[0] == 0

    def test_a_row_that_bears_its_verdict_by_now_is_kept(self) -> None:
        """It was decided, and corrected since; the majority of those who decided it says so."""
        found = matched(
            answer("a", "spam", given_label="ham", annotator="ann"),
            answer("a", "spam", given_label="ham", annotator="bob"),
            answer("a", "ham", given_label="ham", annotator="cy"),
            answer("b", "ham", given_label="spam", prefilled=True),
        )

        assert found.codes.tolist() == [1, 0, UNDECIDED, UNDECIDED]

    def test_what_was_decided_again_counts(self) -> None:
        """Of a row that was corrected, and decided once more after that, whichever stands first."""
        first, again = answer("a", "spam", given_label="ham"), answer("a", "ham", given_label="spam")

        assert [matched(*both).codes[0] for both in ((first, again), (again, first))] == [0, 0]

    def test_once_its_rows_are_corrected_a_sample_tells_no_rate(self) -> None:
        """They are better than the rows that were not drawn; a note says so."""
        drawn = {"stratum": "1 of 1 (4 rows)", "inclusion": "0.5"}

        found = matched(
            answer("a", "spam", given_label="ham", **drawn), answer("b", "ham", given_label="ham", **drawn)
        )

        assert (found.codes.tolist()[:2], found.strata) == ([1, 0], (None,) * 4)
        [note] = found.notes
        assert note == (
            "rows of the audit sample that were corrected since: 1; it tells no noise rate of the file as it "
            "is now"
        )

    def test_a_label_that_its_tool_filled_in_is_no_verdict_on_the_next(self) -> None:
        """Nobody looked at the row before it was relabelled."""
        assert matched(answer("a", "ham", given_label="ham", prefilled=True)).codes[0] == UNDECIDED

    def test_equal_answers_are_one(self) -> None:
        """Two annotators who agree decide a row once, and one who has not answered does not unsettle it."""
        found = matched(
            answer("b", "spam", annotator="ann"), answer("b", "spam", annotator="bob"), answer("b")
        )

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


class TestDifferences:
    """Several people, one row."""

    def test_the_majority_decides(self) -> None:
        """As in `doubt apply`; a note says on how many rows somebody was outvoted."""
        found = matched(
            answer("a", "ham", annotator="ann"),
            answer("a", "ham", annotator="bob"),
            answer("a", "spam", annotator="cy"),
            answer("b", status="unusable", annotator="ann"),
            answer("b", status="unusable", annotator="bob"),
            answer("b", "ham"),
            answer("c", "ham"),
        )

        assert found.codes.tolist() == [0, UNUSABLE, 0, UNDECIDED]
        assert found.notes == ("rows on which answers differed, settled by the majority: 2",)

    def test_of_two_who_differ_neither_is_believed(self) -> None:
        """The row is left undecided, the others are not, and a note names it."""
        found = matched(answer("a", "ham"), answer("a", status="unusable", row=2), answer("b", "spam"))

        assert found.codes.tolist() == [UNDECIDED, 1, UNDECIDED, UNDECIDED]
        assert found.notes == ("rows on which answers differ, left undecided: 1 ('a')",)

    def test_many_such_rows_are_counted(self) -> None:
        """In the file's order; five are named."""
        ids = tuple("gfedcba")
        examples = replace(
            EXAMPLES,
            row_ids=ids,
            positions=np.arange(7),
            given_labels=np.zeros(7, int),
            unlabelled_row_ids=(),
            unlabelled_positions=(),
        )
        answers = [answer(row_id, label) for row_id in ids for label in ("ham", "spam")]

        found = judge_examples(answers, "v.csv", examples, LABELS, "data.csv")

        assert found.notes == (
            "rows on which answers differ, left undecided: 7 ('g', 'f', 'e', 'd', 'c' and 2 more)",
        )

    def test_an_answer_of_several_labels_may_be_outvoted(self) -> None:
        """Then it is refused no more than any other."""
        found = matched(
            answer("a", "ham", annotator="ann"),
            answer("a", "ham", annotator="bob"),
            answer("a", "ham", other_verdicts=("spam",)),
        )

        assert found.codes[0] == 0

    def test_a_row_of_an_audit_sample_stays_one(self) -> None:
        """Left undecided, it is known as drawn."""
        drawn = {"stratum": "2 of 3 (812 rows)", "inclusion": "0.05"}

        found = matched(answer("b", "ham", **drawn), answer("b", "spam", **drawn))

        assert (found.codes[1], found.strata[1]) == (UNDECIDED, Stratum(2, 3, 812))


class TestRefusals:
    """What does not fit is never applied in silence."""

    def test_unknown_ids(self) -> None:
        """The message counts and names them, and says of which file they are not."""
        assert refusal(answer("a"), answer("x", row=2), answer("y", row=3)) == (
            "v.csv, row 2, column 'doubt_id': 2 of its 3 ids name no row of data.csv: 'x', 'y'\n"
            "expected: ids as a scan of data.csv writes them\n"
            "to do: scan the file that the queue was made from, with the same --id and the same input columns"
        )

    def test_ids_that_a_spreadsheet_took_for_numbers(self) -> None:
        """What may have happened to them is told."""
        examples = replace(EXAMPLES, row_ids=("00154", "00155", "c", "d"))

        with pytest.raises(InputError) as refused:
            judge_examples([answer("154", "ham")], "v.csv", examples, LABELS, "data.csv")

        assert str(refused.value).endswith(
            "; or ids may have lost leading zeros, or been saved as numbers: save the column as text"
        )

    @pytest.mark.parametrize(
        ("verdict", "hint"),
        [
            ("spma", "\nto do: did you mean 'spam'?"),
            ("SPAM", "\nto do: did you mean 'spam'?"),
            ("other", ""),
        ],
        ids=["near", "capitals", "far"],
    )
    def test_a_label_that_is_none(self, verdict: str, hint: str) -> None:
        """The labels are listed, and the nearest one is named."""
        assert refusal(answer("a", verdict, row=4)) == (
            f"v.csv, row 4, column 'verdict': {verdict!r} is none of the labels\n"
            f"expected: one of 'ham', 'spam'{hint}"
        )

    @pytest.mark.parametrize("column", ["verdict", "accept", "label"])
    def test_several_labels(self, column: str) -> None:
        """A row bears one label; the column is called as the tool calls it."""
        assert refusal(answer("a", "ham", other_verdicts=("spam",), column=column)) == (
            f"v.csv, row 1, column {column!r}: 'a' has several labels: 'ham', 'spam'\n"
            "expected: one label a row\n"
            "to do: decide for one of them, or take the row out"
        )

    def test_a_given_label_that_has_changed_since(self) -> None:
        """The first few rows are listed, with both labels; undecided rows do not matter."""
        assert refusal(
            answer("a", "ham", given_label="spam"),
            answer("b", "spam", given_label="spam", row=2),
            answer("c", given_label="spam", row=3),
        ) == (
            "v.csv, row 2, column 'given_label': rows bear another label than when they were decided: "
            "'b' ('spam', now 'ham')\n"
            "expected: the labels of data.csv, or those that were chosen\n"
            "to do: take these rows out of the verdicts, or decide them again"
        )

    def test_many_changed_labels_are_counted(self) -> None:
        """Five are listed, and how many more there are."""
        answers = [answer("b", "spam", given_label="spam", annotator=name) for name in "abcdefg"]

        assert "'b' ('spam', now 'ham') and 2 more\n" in refusal(*answers)

    def test_a_label_that_is_none_is_refused_though_it_is_outvoted(self) -> None:
        """It is the label that is named, not the one beside it."""
        assert "row 3, column 'verdict': 'egg' is none of the labels" in refusal(
            answer("a", "ham", annotator="ann"),
            answer("a", "ham", annotator="bob"),
            answer("a", "ham", other_verdicts=("egg",), row=3),
        )

    def test_a_changed_label_is_refused_though_it_is_outvoted(self) -> None:
        """Nobody has settled what the row is now."""
        told = refusal(
            answer("b", "ham", annotator="ann"),
            answer("b", "ham", annotator="bob"),
            answer("b", "spam", given_label="spam", row=3),
        )

        assert "v.csv, row 3, column 'given_label': rows bear another label" in told

    def test_a_content_that_has_changed_since(self) -> None:
        """The rows are counted and named; undecided ones, and those without a label, do not matter."""
        with pytest.raises(InputError) as refused:
            seen(
                answer("a", "ham", seen_hash="0000"),
                answer("b", "ham", seen_hash="0000", row=2),
                answer("c", seen_hash="0000", row=3),
                answer("d", "ham", row=4),
                answer("e", "ham", seen_hash="0000", row=5),
            )

        assert str(refused.value) == (
            "v.csv, row 2, column 'doubt_row_hash': 1 of its 3 decisions are on rows of another content: "
            "'b'\n"
            "expected: the rows of data.csv as they were queued, with the same input columns\n"
            "to do: if they were queued from another file, scan that one; if with other columns (--ignore, "
            "--annotators and so on, or one came or went), scan with those; else take these rows out of the "
            "verdicts, or decide them again"
        )

    def test_a_content_that_is_the_same(self) -> None:
        """Then verdicts are followed; so they are where nothing tells."""
        assert seen(answer("a", "ham", seen_hash="0000")).codes[0] == 0
        assert matched(answer("a", "ham", seen_hash="0000")).codes[0] == 0

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


FOUR_LABELS = Labels(np.array([1, 0, 0, 1]), ("ham", "spam"), ("ham", "spam"))
FOUR_ROWS = Examples(
    row_ids=("a", "b", "c", "d"),
    positions=np.array([3, 2, 1, 0]),
    given_labels=np.array([1, 0, 0, 1]),
    class_names=FOUR_LABELS.class_names,
    inputs=pa.table({"text": ["one", "two", "three", "four"]}),
)


class TestSettingAside:
    """Unusable rows leave the examples."""

    def test_all_that_belongs_to_a_row_goes_with_it(self) -> None:
        """Every array loses the same rows, and the rows' names are kept."""
        whole = Examples(
            row_ids=FOUR_ROWS.row_ids,
            positions=FOUR_ROWS.positions,
            given_labels=FOUR_ROWS.given_labels,
            class_names=FOUR_ROWS.class_names,
            inputs=FOUR_ROWS.inputs,
            embeddings=np.eye(4, dtype=np.float32),
            groups=np.array([0, 1, 2, 3]),
            annotations=Annotations(("ana",), np.array([[0], [1], [-1], [1]])),
            given_pred_probs=np.array([[0.1, 0.9], [0.2, 0.8], [0.3, 0.7], [0.4, 0.6]]),
        )
        strata = (None, Stratum(1, 1, 4), None, None)
        verdicts = Verdicts("v.csv", np.array([-1, 0, -2, -1]), strata, np.array([np.nan, 1, np.nan, np.nan]))

        found = follow_verdicts(whole, verdicts)

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

        found = follow_verdicts(
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
            follow_verdicts(FOUR_ROWS, verdicts)


class TestReading:
    """From a file to the rows in one step, as a scan takes it."""

    def test_a_file_becomes_the_rows_with_their_verdicts(self, tmp_path: Path) -> None:
        """Row "a" was called ham where the file says spam, "c" is unusable."""
        path = tmp_path / "v.csv"
        path.write_text("doubt_id,verdict,verdict_status\na,ham,\nc,,unusable\n")

        found = read_verdicts(str(path), FOUR_ROWS, FOUR_LABELS, "data.csv")

        assert found.row_ids == ("a", "b", "d")
        assert found.training_labels.tolist() == [0, 0, 1]

    def test_a_tools_export_is_taken_as_well(self, tmp_path: Path) -> None:
        """Its verdicts are followed, and what is to be known of its shape is told first."""
        path = tmp_path / "all.jsonl"
        path.write_text(
            '{"doubt_id": "a", "label": ["ham"], "Comments": []}\n'
            '{"doubt_id": "b", "label": ["ham"], "Comments": []}\n'
        )

        found = read_verdicts(str(path), FOUR_ROWS, FOUR_LABELS, "data.csv")

        assert found.verdicts is not None
        assert found.verdicts.codes.tolist() == [0, -1, -1, -1]
        [note] = found.verdicts.notes
        assert note == (
            "doccano does not tell which rows were looked at: those that still bear their given label count "
            "as undecided"
        )
