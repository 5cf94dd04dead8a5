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
    """The verdicts of these answers on the four rows."""
    examples = replace(EXAMPLES, class_names=labels.class_names)
    return judge_examples(answers, "v.csv", examples, labels, "data.csv")


def answer(row_id: str, verdict: str = "", **fields: Any) -> Answer:
    """One person's answer on a row."""
    return Answer(fields.pop("row", 1), row_id, verdict, **fields)


def seen(*answers: Answer) -> Verdicts:
    """The verdicts of these answers on the four rows, whose hashes are 0000, 1111, 2222 and 3333."""
    examples = replace(EXAMPLES, row_hashes=("3333", "2222", "1111", "0000", "4444"))
    return judge_examples(answers, "v.csv", examples, LABELS, "data.csv")


def refuse(*answers: Answer) -> InputError:
    """The error for answers that are refused."""
    with pytest.raises(InputError) as refused:
        matched(*answers)
    return refused.value


class TestMatching:
    """Answers become one code for each row."""

    def test_rows_are_kept_corrected_left_or_unusable(self) -> None:
        """A verdict equal to the given label keeps it; a skipped row is undecided, even with a verdict."""
        found = matched(
            answer("a", "spam"),
            answer("b", "spam"),
            answer("c", "ham", status="skipped"),
            answer("d", status="unusable"),
        )

        assert found.codes.tolist() == [1, 1, UNDECIDED, UNUSABLE]

    def test_answers_without_a_decision_are_counted(self, sentences: Any) -> None:
        """A note counts them by cause; rows without an answer are not mentioned."""
        found = matched(
            answer("a", "ham", status="draft"),
            answer("b", status="skipped"),
            answer("c", status="skipped"),
            answer("d"),
        )

        assert found.codes.tolist() == [UNDECIDED] * 4
        [note] = found.notes
        sentences.check(note)

    def test_no_note_without_need(self) -> None:
        """There is no note if all verdicts fit."""
        assert matched(answer("a", "spam"), answer("b")).notes == ()

    def test_a_label_that_the_tool_filled_in_is_not_a_verdict(self) -> None:
        """A label that was there from the start counts only if somebody changed it."""
        found = matched(answer("a", "spam", prefilled=True), answer("b", "spam", prefilled=True))

        assert found.codes.tolist() == [UNDECIDED, 1, UNDECIDED, UNDECIDED]

    def test_spaces_and_decimal_points_of_whole_numbers_are_ignored(self) -> None:
        """A whole number may be written with a point, as pandas does in a column with gaps."""
        labels = Labels(LABELS.codes, ("1", "3"), (1, 3))

        found = matched(answer("a", "1.0"), answer("b", " 3 ", given_label="1.0"), labels=labels)

        assert found.codes.tolist() == [0, 1, UNDECIDED, UNDECIDED]

    def test_labels_and_ids_that_a_spreadsheet_rewrote(self, sentences: Any) -> None:
        """Labels that fit are taken, and noted; a shortened id is known by its row's hash."""
        labels = replace(LABELS, class_names=("false", "true"), class_values=("false", "true"))
        ids = ("1460323737035677698", "1460323737035685617", "c", "d")
        hashes = ("h3", "h2", "h1", "h0", "h4")
        examples = replace(EXAMPLES, class_names=labels.class_names, row_ids=ids, row_hashes=hashes)
        shown = {"given_label": "WAHR", "seen_hash": "h0", "stratum": "2 of 3 (812 rows)", "inclusion": "0,5"}

        found = judge_examples(
            [answer("1,46032E+18", "FALSCH", **shown | {"inclusion": "0.5"})],
            "v",
            examples,
            labels,
            "data.csv",
        )

        assert found.codes.tolist() == [0, UNDECIDED, UNDECIDED, UNDECIDED]
        assert found.strata[0] == Stratum(2, 3, 812)
        [note] = found.notes
        sentences.check(note)

    def test_a_class_is_known_by_its_code(self) -> None:
        """The code of a ClassLabel means its name."""
        labels = Labels(LABELS.codes, ("ham", "spam"), (0, 1))

        assert matched(answer("a", "0"), labels=labels).codes[0] == 0

    def test_a_row_that_already_has_its_verdict_is_kept(self) -> None:
        """It was corrected since, as the majority decided."""
        found = matched(
            answer("a", "spam", given_label="ham", annotator="ann"),
            answer("a", "spam", given_label="ham", annotator="bob"),
            answer("a", "ham", given_label="ham", annotator="cy"),
            answer("b", "ham", given_label="spam", prefilled=True),
        )

        assert found.codes.tolist() == [1, 0, UNDECIDED, UNDECIDED]

    def test_the_second_decision_counts(self) -> None:
        """If a row was corrected and then decided again, the later decision counts, in any order."""
        first, again = answer("a", "spam", given_label="ham"), answer("a", "ham", given_label="spam")

        assert [matched(*both).codes[0] for both in ((first, again), (again, first))] == [0, 0]

    def test_a_corrected_sample_measures_no_rate(self, sentences: Any) -> None:
        """Its rows are better than all others, so they are not treated as drawn; a note says so."""
        drawn = {"stratum": "1 of 1 (4 rows)", "inclusion": "0.5"}

        found = matched(
            answer("a", "spam", given_label="ham", **drawn), answer("b", "ham", given_label="ham", **drawn)
        )

        assert (found.codes.tolist()[:2], found.strata) == ([1, 0], (None,) * 4)
        [note] = found.notes
        sentences.check(note)

    def test_a_filled_in_label_is_not_a_verdict_on_the_next_label(self) -> None:
        """If a row was relabelled later, its old label in the tool does not count."""
        assert matched(answer("a", "ham", given_label="ham", prefilled=True)).codes[0] == UNDECIDED

    def test_equal_answers_are_one(self) -> None:
        """Two annotators who agree decide a row once; one who has not answered does not matter."""
        found = matched(
            answer("b", "spam", annotator="ann"), answer("b", "spam", annotator="bob"), answer("b")
        )

        assert found.codes[1] == 1

    def test_a_row_of_an_audit_sample_keeps_its_stratum_and_probability(self) -> None:
        """An undecided row of the sample keeps its stratum and its probability."""
        found = matched(answer("b", stratum="2 of 3 (812 rows)", inclusion="0.05"))

        assert found.strata == (None, Stratum(2, 3, 812), None, None)
        np.testing.assert_array_equal(found.inclusion, [np.nan, 0.05, np.nan, np.nan])

    def test_rows_without_a_label_are_passed_over(self, sentences: Any) -> None:
        """They have no given label to judge; a note counts them."""
        found = matched(answer("e", "ham"), answer("a", "ham"))

        assert found.codes.tolist() == [0, UNDECIDED, UNDECIDED, UNDECIDED]
        [note] = found.notes
        sentences.check(note)


class TestDisagreement:
    """Several people answer on one row."""

    def test_the_majority_decides(self, sentences: Any) -> None:
        """The majority decides, as in `doubt apply`; a note counts the rows where somebody was outvoted."""
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
        [note] = found.notes
        sentences.check(note)

    def test_if_two_disagree_neither_is_believed(self, sentences: Any) -> None:
        """Their row stays undecided, the others are decided, and a note names it."""
        found = matched(answer("a", "ham"), answer("a", status="unusable", row=2), answer("b", "spam"))

        assert found.codes.tolist() == [UNDECIDED, 1, UNDECIDED, UNDECIDED]
        [note] = found.notes
        sentences.check(note)

    def test_many_such_rows_are_counted(self, sentences: Any) -> None:
        """The first five are named, in file order."""
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

        [note] = found.notes
        sentences.check(note)

    def test_an_answer_of_several_labels_may_be_outvoted(self) -> None:
        """An outvoted answer with several labels is not refused."""
        found = matched(
            answer("a", "ham", annotator="ann"),
            answer("a", "ham", annotator="bob"),
            answer("a", "ham", other_verdicts=("spam",)),
        )

        assert found.codes[0] == 0

    def test_a_row_of_an_audit_sample_stays_one(self) -> None:
        """A row of the sample on which people disagree stays part of it."""
        drawn = {"stratum": "2 of 3 (812 rows)", "inclusion": "0.05"}

        found = matched(answer("b", "ham", **drawn), answer("b", "spam", **drawn))

        assert (found.codes[1], found.strata[1]) == (UNDECIDED, Stratum(2, 3, 812))


class TestRefusals:
    """Answers that don't fit the rows are an error."""

    def test_unknown_ids(self, sentences: Any) -> None:
        """The error names the first of them, counts them, and names the data file."""
        error = refuse(answer("a"), answer("x", row=2), answer("y", row=3))

        assert (error.where, error.row, error.column) == ("v.csv", 2, "doubt_id")
        sentences.check(error)

    def test_ids_that_a_spreadsheet_read_as_numbers(self, sentences: Any) -> None:
        """The error explains what may have happened to ids that lost their zeros."""
        examples = replace(EXAMPLES, row_ids=("00154", "00155", "c", "d"))

        with pytest.raises(InputError) as refused:
            judge_examples([answer("154", "ham")], "v.csv", examples, LABELS, "data.csv")

        assert refused.value.column == "doubt_id"
        sentences.check(refused.value)

    def test_labels_that_a_spreadsheet_rewrote(self, sentences: Any) -> None:
        """Where two labels fit a verdict, the error names both and their cause, and counts the rows."""
        labels = replace(LABELS, class_names=("0112", "112"), class_values=("0112", "112"))

        with pytest.raises(InputError) as refused:
            matched(
                answer("b", "112", given_label="112"),
                answer("c", "112", given_label="112", row=2),
                labels=labels,
            )

        assert (refused.value.row, refused.value.column) == (1, "verdict")
        sentences.check(refused.value)

    @pytest.mark.parametrize(
        ("verdict", "nearest"),
        [("spma", "'spam'"), ("other", None)],
        ids=["near", "far"],
    )
    def test_an_unknown_label(self, verdict: str, nearest: str | None, sentences: Any) -> None:
        """The error lists the labels, and names the nearest one."""
        error = refuse(answer("a", verdict, row=4))

        assert (error.where, error.row, error.column) == ("v.csv", 4, "verdict")
        assert nearest in error.hint if nearest and error.hint else error.hint is nearest
        sentences.check(error)

    @pytest.mark.parametrize("column", ["verdict", "accept", "label"])
    def test_several_labels(self, column: str, sentences: Any) -> None:
        """A row has one label; the error names the tool's column."""
        error = refuse(answer("a", "ham", other_verdicts=("spam",), column=column))

        assert (error.where, error.row, error.column) == ("v.csv", 1, column)
        sentences.check(error)

    def test_a_given_label_that_has_changed_since(self, sentences: Any) -> None:
        """The error lists the first rows with both labels; undecided rows do not matter."""
        error = refuse(
            answer("a", "ham", given_label="spam"),
            answer("b", "spam", given_label="spam", row=2),
            answer("c", given_label="spam", row=3),
        )

        assert (error.where, error.row, error.column) == ("v.csv", 2, "given_label")
        sentences.check(error)

    def test_many_changed_labels_are_counted(self, sentences: Any) -> None:
        """The error lists five of them, and counts the others."""
        answers = [answer("b", "spam", given_label="spam", annotator=name) for name in "abcdefg"]

        sentences.check(refuse(*answers).found)

    def test_an_unknown_label_is_refused_even_if_outvoted(self) -> None:
        """The error names the unknown label, not a known one in the same answer."""
        error = refuse(
            answer("a", "ham", annotator="ann"),
            answer("a", "ham", annotator="bob"),
            answer("a", "ham", other_verdicts=("egg",), row=3),
        )

        assert (error.row, error.column) == (3, "verdict")
        assert "'egg'" in error.found

    def test_a_changed_label_is_refused_even_if_outvoted(self) -> None:
        """A vote on an old label is refused, even against a majority."""
        error = refuse(
            answer("b", "ham", annotator="ann"),
            answer("b", "ham", annotator="bob"),
            answer("b", "spam", given_label="spam", row=3),
        )

        assert (error.row, error.column) == (3, "given_label")

    def test_content_that_has_changed_since(self, sentences: Any) -> None:
        """The error counts and names the rows; undecided and unlabelled ones do not matter."""
        with pytest.raises(InputError) as refused:
            seen(
                answer("a", "ham", seen_hash="0000"),
                answer("b", "ham", seen_hash="0000", row=2),
                answer("c", seen_hash="0000", row=3),
                answer("d", "ham", row=4),
                answer("e", "ham", seen_hash="0000", row=5),
            )

        error = refused.value
        assert (error.where, error.row, error.column) == ("v.csv", 2, "doubt_row_hash")
        sentences.check(error)

    def test_content_that_is_the_same(self) -> None:
        """Verdicts are used if the content is the same, or if the file has no hashes."""
        assert seen(answer("a", "ham", seen_hash="0000")).codes[0] == 0
        assert matched(answer("a", "ham", seen_hash="0000")).codes[0] == 0

    @pytest.mark.parametrize(
        ("stratum", "inclusion", "column"),
        [
            ("top", "0.5", "doubt_stratum"),
            ("1 of 1 (4 rows)", "", "doubt_inclusion"),
            ("1 of 1 (4 rows)", "0", "doubt_inclusion"),
            ("1 of 1 (4 rows)", "1.5", "doubt_inclusion"),
        ],
        ids=["stratum", "no probability", "zero", "above one"],
    )
    def test_an_invalid_sample(self, stratum: str, inclusion: str, column: str, sentences: Any) -> None:
        """A stratum that doubt did not write, or an invalid probability, is refused."""
        error = refuse(answer("a", stratum=stratum, inclusion=inclusion))

        assert (error.where, error.row, error.column) == ("v.csv", 1, column)
        sentences.check(error)


FOUR_LABELS = Labels(np.array([1, 0, 0, 1]), ("ham", "spam"), ("ham", "spam"))
FOUR_ROWS = Examples(
    row_ids=("a", "b", "c", "d"),
    positions=np.array([3, 2, 1, 0]),
    given_labels=np.array([1, 0, 0, 1]),
    class_names=FOUR_LABELS.class_names,
    inputs=pa.table({"text": ["one", "two", "three", "four"]}),
)


class TestSettingAside:
    """Unusable rows are removed from the examples."""

    def test_all_values_of_a_row_are_removed(self) -> None:
        """Every array loses the same rows, and the ids of the removed rows are kept."""
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

    def test_rows_without_inputs_are_removed_too(self) -> None:
        """It also works without input columns, when only annotators judge."""
        bare = Examples(("a", "b", "c"), np.arange(3), np.array([0, 1, 0]), ("ham", "spam"), pa.table({}))

        found = follow_verdicts(
            bare, Verdicts("v.csv", np.array([-2, -1, -1]), (None,) * 3, np.full(3, np.nan))
        )

        assert found.row_ids == ("b", "c")

    @pytest.mark.parametrize("codes", [(0, 0, 0, 0), (-2, -2, -2, -2)], ids=["one", "none"])
    def test_verdicts_that_leave_one_class_are_refused(self, codes: tuple[int, ...], sentences: Any) -> None:
        """There must be at least two classes."""
        verdicts = Verdicts("v.csv", np.array(codes), (None,) * 4, np.full(4, np.nan))

        with pytest.raises(InputError) as refused:
            follow_verdicts(FOUR_ROWS, verdicts)

        assert refused.value.where == "v.csv"
        sentences.check(refused.value)


class TestReading:
    """A scan reads a file of verdicts."""

    def test_a_file_becomes_the_rows_with_their_verdicts(self, tmp_path: Path) -> None:
        """Row "a" is ham by its verdict and spam in the file; row "c" is unusable."""
        path = tmp_path / "v.csv"
        path.write_text("doubt_id,verdict,verdict_status\na,ham,\nc,,unusable\n")

        found = read_verdicts(str(path), FOUR_ROWS, FOUR_LABELS, "data.csv")

        assert found.row_ids == ("a", "b", "d")
        assert found.training_labels.tolist() == [0, 0, 1]

    def test_a_tools_export_is_read_as_well(self, tmp_path: Path, sentences: Any) -> None:
        """Its verdicts are used, and its notes come first."""
        path = tmp_path / "all.jsonl"
        path.write_text(
            '{"doubt_id": "a", "label": ["ham"], "Comments": []}\n'
            '{"doubt_id": "b", "label": ["ham"], "Comments": []}\n'
        )

        found = read_verdicts(str(path), FOUR_ROWS, FOUR_LABELS, "data.csv")

        assert found.verdicts is not None
        assert found.verdicts.codes.tolist() == [0, -1, -1, -1]
        [note] = found.verdicts.notes
        sentences.check(note)
