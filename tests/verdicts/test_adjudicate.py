import numpy as np
import pyarrow as pa
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.records import UNDECIDED, UNUSABLE, Examples, Labels, UnappliedKind
from doubtcli.records.answers import Answer
from doubtcli.verdicts.adjudicate import Adjudication, Terms, adjudicate
from doubtcli.verdicts.corrections import make_lenient_terms, settle_answers
from doubtcli.verdicts.examples import StrictTerms, judge_examples
from doubtcli.verdicts.rows import RejectionReason, VerdictRows, list_rows
from doubtcli.verdicts.spelling import Spellings

LABELS = Labels(np.array([1, 0, 0, 1, -1]), ("ham", "spam"), ("ham", "spam"))
EXAMPLES = Examples(
    row_ids=("a", "b", "c", "d"),
    positions=np.array([3, 2, 1, 0]),
    given_labels=np.array([1, 0, 0, 1]),
    class_names=LABELS.class_names,
    inputs=pa.table({"text": ["one", "two", "three", "four"]}),
    unlabelled_row_ids=("e",),
    unlabelled_positions=(4,),
    row_hashes=("h", "h", "h", "h", "h"),
)
"""Four rows with a label; a fifth, "e", has none."""
ROWS = VerdictRows.of(list_rows(EXAMPLES), Spellings.of(LABELS))
ANSWERS = st.lists(
    st.builds(
        Answer,
        st.integers(1, 9),
        st.sampled_from("aabbcdex"),
        st.sampled_from(["", "ham", "ham", "spam", "spam", " spam", "egg"]),
        st.sampled_from(["", "", "", "unusable", "draft"]),
        annotator=st.sampled_from(["", "ann", "1", "2"]),
        time=st.sampled_from(["", "2026-01-01", "2026-01-02"]),
        given_label=st.sampled_from(["", "", "", "ham", "spam"]),
        seen_hash=st.sampled_from(["", "", "", "h", "other"]),
        other_verdicts=st.sampled_from([(), (), (), ("ham",)]),
        prefilled=st.booleans(),
    ),
    max_size=5,
)


def judge_strictly(answers: list[Answer]) -> Adjudication | None:
    """The outcome of answers on the strict terms; None where they are refused."""
    try:
        return adjudicate(answers, ROWS, StrictTerms("v.csv", "data.csv").terms)
    except InputError:
        return None


class TestTerms:
    """Refusals end an adjudication; without them, nothing does."""

    def test_refusals_run_in_order(self) -> None:
        """The first one that returns an error ends the adjudication; each gets the whole outcome."""
        asked: list[Adjudication] = []

        def accept(found: Adjudication) -> None:
            asked.append(found)

        def refuse(found: Adjudication) -> InputError:
            return InputError("", row=len(found.decided))

        def never(found: Adjudication) -> InputError:
            raise AssertionError(found)

        with pytest.raises(InputError) as refused:
            adjudicate([Answer(1, "a", "ham")], ROWS, Terms(refusals=(accept, refuse, never)))

        assert len(asked) == 1
        assert refused.value.row == 1

    def test_without_refusals_each_rejection_is_kept(self) -> None:
        """Each has its reason and its answers."""
        found = adjudicate(
            [Answer(1, "x", "ham"), Answer(2, "a", "egg"), Answer(3, "e", "ham")], ROWS, Terms()
        )

        assert found.decided == ()
        assert [(one.problem.reason, one.row_id, len(one.answers)) for one in found.rejections] == [
            (RejectionReason.NO_SUCH_ROW, "x", 1),
            (RejectionReason.NEW_LABEL, "a", 1),
            (RejectionReason.UNLABELLED, "e", 1),
        ]


class TestModes:
    """Strict terms, for a scan, and lenient ones, for a correction, agree."""

    @settings(max_examples=60)
    @given(ANSWERS)
    def test_strict_terms_decide_what_lenient_ones_do(self, answers: list[Answer]) -> None:
        """If answers are accepted at all, decisions and rejections are the same."""
        strict = judge_strictly(answers)
        assume(strict is not None)

        assert strict == adjudicate(answers, ROWS, make_lenient_terms())

    @settings(max_examples=60)
    @given(ANSWERS)
    def test_strict_terms_refuse_what_lenient_ones_reject(self, answers: list[Answer]) -> None:
        """Rejected votes on labelled rows are refused, except disagreements and what was done before.

        An unknown id is always refused, and so is an unknown label, even if it is outvoted.
        """
        lenient = adjudicate(answers, ROWS, make_lenient_terms())

        refused = {
            RejectionReason.OTHER_CONTENT,
            RejectionReason.OTHER_LABEL,
            RejectionReason.SEVERAL_LABELS,
        }
        votes = [vote for vote in lenient.votes if vote.is_new]
        votes += [vote for reason in refused for one in lenient.rejected_for(reason) for vote in one.votes]
        strangers = lenient.rejected_for(RejectionReason.NO_SUCH_ROW)
        must = bool(strangers) or any(vote.row.row_id != "e" for vote in votes)
        assert (judge_strictly(answers) is None) == must

    @settings(max_examples=60)
    @given(ANSWERS)
    def test_a_scan_follows_what_a_correction_applies(self, answers: list[Answer]) -> None:
        """A scan also keeps a row that already has its verdict, if people don't disagree on it."""
        assume(judge_strictly(answers) is not None)

        codes = judge_examples(answers, "v.csv", EXAMPLES, LABELS, "data.csv").codes
        settled = settle_answers(answers, ROWS, make_lenient_terms())

        names = {UNUSABLE: None, 0: "ham", 1: "spam"}
        followed = {
            row_id: names[code]
            for row_id, code in zip(EXAMPLES.row_ids, codes.tolist(), strict=True)
            if code != UNDECIDED
        }
        applied = {one.row_id: one.verdict for one in settled.decisions}
        differing = {one.row_id for one in settled.unapplied if one.kind is UnappliedKind.CONFLICT}
        done = [one for one in settled.unapplied if one.kind is UnappliedKind.ALREADY]
        kept = {one.row_id: one.given_label for one in done if one.row_id not in differing}
        assert followed == kept | applied
