from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.records import Decision, OnConflict, RowSnapshot, Settled, Unapplied, UnappliedKind
from doubtcli.records.answers import Answer
from doubtcli.verdicts.adjudicate import DecidedRow
from doubtcli.verdicts.corrections import make_lenient_terms, settle_answers, spread_decisions
from doubtcli.verdicts.rows import RowIndex, VerdictRows
from doubtcli.verdicts.spelling import Spellings
from doubtcli.verdicts.spreadsheet import LOST_ZEROS, SHORTENED_IDS

KNOWN = {"ham": "ham", "spam": "spam", "0": "ham", "1": "spam"}
FILE = (
    RowSnapshot("a", 1, "ham", "h1"),
    RowSnapshot("b", 2, "spam", "h2"),
    RowSnapshot("c", 3, "ham", "h3"),
    RowSnapshot("d", 4, None, "h4"),
)


def judge(
    answers: Sequence[Answer],
    now: Iterable[RowSnapshot],
    audited: Iterable[RowSnapshot],
    *,
    dropped: Collection[tuple[str, str | None]] = (),
    spread: bool = False,
    **options: Any,
) -> Settled:
    """What these answers decide, on lenient terms."""
    rows = VerdictRows.of(now, Spellings(KNOWN), audited=audited, dropped=dropped)
    return settle_answers(answers, rows, make_lenient_terms(**options), spread=spread)


def settle(*answers: Answer, now: tuple[RowSnapshot, ...] = FILE, **options: Any) -> Settled:
    """What these answers decide on the four rows."""
    audited = options.pop("audited", FILE)
    return judge(answers, now, audited, **options)


def get_unapplied(found: Settled) -> Unapplied:
    """The only record of what was not applied; nothing was decided."""
    assert found.decisions == ()
    [one] = found.unapplied
    return one


def make_answer(row_id: str, verdict: str = "", by: str = "", **more: Any) -> Answer:
    """One person's answer."""
    return Answer(more.pop("row", 1), row_id, verdict, annotator=by, **more)


class TestDecisions:
    """Answers that are safe to apply become decisions."""

    def test_a_correction(self) -> None:
        """A decision has all that is known about it."""
        found = settle(
            make_answer(
                "a", "spam", "ana", time="2026-01-31", why="it sells", given_label="ham", tool="prodigy"
            )
        )

        assert found.decisions == (
            Decision("a", 1, "ham", "spam", False, ("ana",), "2026-01-31", "prodigy", "it sells"),
        )
        assert found.unapplied == found.offered == found.new_labels == found.notes == ()
        assert (found.decisions[0].corrects, found.decisions[0].keeps) == (True, False)

    def test_hashes_of_an_earlier_version(self) -> None:
        """Ids, duplicates and seen hashes are also known as an earlier version of doubt wrote them."""
        file = (
            RowSnapshot("n1", 1, "ham", "n1", ("o1", "p1")),
            RowSnapshot("n1.2", 2, "ham", "n1", ("o1", "p1")),
        )

        found = settle(
            make_answer("p1", "spam", seen_hash="o1", duplicates=("o1.2",)),
            now=file,
            audited=file,
            spread=True,
        )

        assert [(one.row_id, one.verdict) for one in found.decisions] == [("n1", "spam"), ("n1.2", "spam")]
        assert found.unapplied == ()

    def test_a_kept_label(self) -> None:
        """A label that is confirmed is a decision, too."""
        [one] = settle(make_answer("b", "spam")).decisions

        assert (one.verdict, one.corrects, one.keeps) == ("spam", False, True)

    def test_an_unusable_row(self) -> None:
        """An unusable row has no verdict, even if the answer has a label."""
        [one] = settle(make_answer("b", "ham", status="unusable")).decisions

        assert (one.verdict, one.unusable, one.corrects, one.keeps) == (None, True, False, False)

    def test_a_label_is_written_as_in_the_file(self) -> None:
        """The tool's spelling of a label doesn't matter."""
        [one] = settle(make_answer("a", " 1.0 ")).decisions

        assert one.verdict == "spam"

    def test_decisions_are_in_file_order(self) -> None:
        """The order is that of the file now, not of the audit."""
        now = (FILE[2], RowSnapshot("a", 9, "ham", "h1"))

        found = settle(make_answer("a", "spam"), make_answer("c", "spam"), now=now)

        assert [(one.row_id, one.row) for one in found.decisions] == [("c", 3), ("a", 9)]

    def test_many_people_decide_together(self) -> None:
        """The newest time counts; notes are sorted by time; each name, tool and note is listed once."""
        found = settle(
            make_answer("a", "spam", "bob", time="2026-01-02T00:00:00Z", why="so", tool="argilla"),
            make_answer("a", "spam", "ana", time="2026-01-02T01:00:00+02:00", why="it sells", tool="doccano"),
            make_answer("a", "1", "cy", time="", why="so"),
        )

        [one] = found.decisions
        assert one.annotators == ("ana", "bob", "cy")
        assert (one.time, one.tool) == ("2026-01-02T00:00:00Z", "argilla, doccano, doubt")
        assert one.why == "so; it sells"

    def test_answers_without_a_decision_are_counted(self, sentences: Any) -> None:
        """A note counts them, on rows with a decision and on rows without one."""
        found = settle(
            make_answer("a", "spam", "ana"),
            make_answer("a", "ham", "bob", status="draft"),
            make_answer("b", status="skipped"),
            make_answer("c"),
        )

        assert [one.row_id for one in found.decisions] == ["a"]
        assert [(one.row_id, one.kind.value) for one in found.unapplied] == [
            ("b", "undecided"),
            ("c", "undecided"),
        ]
        sentences.check("\n".join([*found.notes, *(one.why for one in found.unapplied)]))


class TestUnapplied:
    """Answers that are not applied are reported, with the cause."""

    def test_a_report_is_complete(self) -> None:
        """It has the answers, the people and the places in the file."""
        found = settle(
            make_answer("x", "spam", "bob", row=7),
            make_answer("x", status="unusable", by="ana", row=3),
            make_answer("x", row=4),
        )

        one = get_unapplied(found)
        assert replace(one, why="") == Unapplied(
            UnappliedKind.UNKNOWN, "x", None, ("spam", "unusable"), ("ana", "bob"), (3, 4, 7), ""
        )

    @pytest.mark.parametrize(
        ("answer", "kind"),
        [
            (make_answer("", "spam", row=3), "unknown"),
            (make_answer("", "spam", row=3, file="a.csv"), "unknown"),
            (make_answer("a", "spma"), "new label"),
            (make_answer("a", "other"), "new label"),
            (make_answer("a", "ham", other_verdicts=("spam",)), "conflict"),
            (make_answer("a", "ham#spam", joined=True), "conflict"),
            (make_answer("a", "ham#x", joined=True), "new label"),
            (make_answer("a", "spam", given_label="spam"), "changed"),
            (make_answer("d", "spam", given_label="egg"), "changed"),
            (make_answer("d", "spam"), "unlabelled"),
            (make_answer("a", "ham", status="discarded"), "undecided"),
            (make_answer("a", "ham", status="draft", given_label="spam"), "undecided"),
            (make_answer("a", "ham", prefilled=True), "undecided"),
        ],
        ids=[
            *("no id", "no id in a named file", "misspelt label", "unknown label"),
            *("several labels", "joined labels", "unknown joined label", "label changed since"),
            *("label removed since", "no label", "discarded", "draft", "unchanged by the tool"),
        ],
    )
    def test_answers_that_change_nothing(self, answer: Answer, kind: str, sentences: Any) -> None:
        """Each is reported, with the cause in plain words."""
        one = get_unapplied(settle(answer))

        assert one.kind.value == kind
        sentences.check(one.why)

    def test_a_prefilled_label_that_was_changed_counts(self) -> None:
        """If a tool starts from the given label and returns another one, somebody has decided."""
        [one] = settle(make_answer("a", "spam", prefilled=True)).decisions

        assert one.verdict == "spam"

    @pytest.mark.parametrize(
        ("now", "kind"),
        [
            ((), "unknown"),
            ((RowSnapshot("a", 1, "ham", "h9"),), "changed"),
            ((RowSnapshot("a", 1, "egg", "h1"),), "changed"),
            ((RowSnapshot("a", 1, None, "h1"),), "changed"),
            ((RowSnapshot("a", 1, "spam", "h1"),), "already"),
            ((RowSnapshot("a", 1, "spam", "h9"),), "changed"),
            ((RowSnapshot("a", 1, "spam", "h1"), RowSnapshot("a", 2, "egg", "h1")), "changed"),
            ((RowSnapshot("a", 1, "ham", "h1"), RowSnapshot("a", 2, "ham", "h1")), "ambiguous"),
        ],
        ids=[
            *("removed", "edited", "relabelled", "label removed", "has the verdict"),
            *("has the verdict, but edited", "two rows, relabelled", "two rows"),
        ],
    )
    def test_rows_that_have_changed(self, now: tuple[RowSnapshot, ...], kind: str, sentences: Any) -> None:
        """A row is changed only if its content and label are still those that were audited."""
        one = get_unapplied(settle(make_answer("a", "spam"), now=now))

        assert (one.kind.value, one.given_label) == (kind, "ham")
        sentences.check(one.why)

    @pytest.mark.parametrize(
        ("row_id", "found", "is_explained"),
        [
            ("00154", "154", True),
            ("154", "154.0", True),
            ("00154", " 154.0", True),
            ("000", "0", True),
            ("154", "155", False),
            ("r-007", "r-7", False),
        ],
    )
    def test_ids_that_a_spreadsheet_read_as_numbers(
        self, row_id: str, found: str, is_explained: bool
    ) -> None:
        """If an unknown id is a row's id as a number, the report explains what may have happened."""
        rows = (RowSnapshot(row_id, 1, "ham", "h1"),)

        one = get_unapplied(settle(make_answer(found, "spam"), audited=rows, now=rows))

        assert one.kind is UnappliedKind.UNKNOWN
        assert one.why.endswith(LOST_ZEROS) == is_explained

    @pytest.mark.parametrize(
        ("seen", "verdict", "kind"),
        [("250", "112", "new label"), ("250", "250", None), ("112", "250", None)],
        ids=["two labels fit", "one fits", "two fit the label that was seen"],
    )
    def test_labels_that_a_spreadsheet_may_have_rewritten(
        self, seen: str, verdict: str, kind: str | None
    ) -> None:
        """If labels of a file were rewritten, even an exact label may have been another one before."""
        given = "0250" if seen == "250" else "0112"
        rows = (RowSnapshot("a", 1, given, "h1"),)
        index = VerdictRows.of(rows, Spellings({name: name for name in ("0112", "112", "0250")}))

        found = settle_answers(
            [make_answer("a", verdict, given_label=seen)], index, make_lenient_terms(new_labels=True)
        )

        assert [one.kind for one in found.unapplied] == ([kind] if kind else [])
        assert found.n_refused == (kind is not None)
        assert [one.verdict for one in found.decisions] == ([] if kind else ["0250"])

    def test_rewritten_labels_are_explained(self, sentences: Any) -> None:
        """The report names the labels that fit, and how many rows were left because of that."""
        labels = Spellings({name: name for name in ("1.2", "1.20", "US", "us")})
        rows = [RowSnapshot(row_id, place, "us", row_id) for place, row_id in enumerate("abc", 1)]
        verdicts = zip("abc", ("1,2", "Us", "02. Jan"), strict=True)

        found = settle_answers(
            [make_answer(*one) for one in verdicts], VerdictRows.of(rows, labels), make_lenient_terms()
        )

        assert (found.decisions, found.n_refused, found.uses_any) == ((), 3, False)
        for text in (*(one.why for one in found.unapplied), *found.notes):
            sentences.check(text)

    def test_shortened_duplicates(self) -> None:
        """Ids of duplicates are known in their short form, too, where one row of the same content fits."""
        ids = ("1460323737035677698", "1470323737035685617", "1480323737035693536")
        rows = [RowSnapshot(row_id, place, "ham", "h1") for place, row_id in enumerate(ids, 1)]
        answer = make_answer(ids[0], "spam", seen_hash="h1", duplicates=("1,47032E+18", "1.5E+18"))

        found = settle_answers(
            [answer], VerdictRows.of(rows, Spellings(KNOWN)), make_lenient_terms(), spread=True
        )

        assert [one.row_id for one in found.decisions] == [*ids[:2]]

    def test_a_shortened_id(self) -> None:
        """It is known by the hash of its row; without a hash, or where two rows have it, it is not."""
        ids = ("1460323737035677698", "1460323737035685617", "1460323737035693536")
        hashes = ("h1", "h2", "h2")
        rows = [
            RowSnapshot(*one, "ham", row_hash) for *one, row_hash in zip(ids, (1, 2, 3), hashes, strict=True)
        ]
        answers = [
            make_answer("1.46032E+18", "spam", row=place, seen_hash=seen)
            for place, seen in enumerate(("h1", "h2", "h2", "", ""), 1)
        ]

        found = settle_answers(answers, VerdictRows.of(rows, Spellings(KNOWN)), make_lenient_terms())

        assert [one.row_id for one in found.decisions] == [ids[0]]
        assert (found.n_refused, found.uses_any) == (4, True)
        assert all(one.why.endswith(SHORTENED_IDS) for one in found.unapplied)

    def test_an_id_with_another_rows_name(self) -> None:
        """If an id without its zeros is another row's id, the row's hash shows which one is meant."""
        rows = (RowSnapshot("007", 1, "ham", "h1"), RowSnapshot("7", 2, "ham", "h2"))
        answers = [make_answer("7", "spam", seen_hash="h1"), make_answer("7", "ham", seen_hash="h2")]

        found = settle_answers(answers, VerdictRows.of(rows, Spellings(KNOWN)), make_lenient_terms())

        assert [(one.row_id, one.verdict) for one in found.decisions] == [("007", "spam"), ("7", "ham")]

    def test_a_row_that_already_has_its_verdict(self) -> None:
        """It was corrected and audited again: nothing is left to do, even if somebody was outvoted."""
        one = get_unapplied(
            settle(
                make_answer("a", "ham", "ana", given_label="spam", row=1),
                make_answer("a", "ham", "bob", given_label="spam", row=2),
                make_answer("a", "spam", "cy", given_label="spam", row=3),
            )
        )

        assert one.kind is UnappliedKind.ALREADY
        assert one.places == (1, 2, 3)

    def test_a_row_that_got_another_label_than_was_chosen(self) -> None:
        """People decided on a label that it does not have any more, and disagree."""
        one = get_unapplied(
            settle(
                make_answer("a", "ham", "ana", given_label="spam"), make_answer("a", "x", given_label="spam")
            )
        )

        assert one.kind is UnappliedKind.CHANGED

    def test_the_second_decision_counts(self) -> None:
        """Of two rounds of verdicts, with a correction and an audit in between, the second one counts."""
        found = settle(
            make_answer("a", "ham", given_label="spam"), make_answer("a", "spam", given_label="ham")
        )

        assert [one.verdict for one in found.decisions] == ["spam"]
        assert [one.kind.value for one in found.unapplied] == ["already"]

    @pytest.mark.parametrize("audited", [FILE, (RowSnapshot("a", 1, "ham"),)], ids=["hash", "no hash"])
    def test_a_row_that_is_not_what_was_seen(self, audited: tuple[RowSnapshot, ...], sentences: Any) -> None:
        """A row with the same id and label, but other content, is not changed: it may be of another file."""
        one = get_unapplied(
            settle(make_answer("a", "spam", given_label="ham", seen_hash="h9"), audited=audited)
        )

        assert one.kind is UnappliedKind.CHANGED
        sentences.check(one.why)

    def test_a_row_that_was_not_seen_is_not_done(self) -> None:
        """Other content with the chosen label is reported as changed, not as done."""
        assert (
            get_unapplied(settle(make_answer("b", "spam", given_label="ham", seen_hash="h9"))).kind.value
            == "changed"
        )

    @pytest.mark.parametrize(
        ("row_hash", "seen_hash"),
        [
            ("00ff", "00ff"),
            ("00ff", ""),
            ("1234567890123456", "1.23457E+15"),
            ("0000001234567890", "1234567890"),
            ("12345678901234e7", "1.23457E+20"),
        ],
    )
    def test_a_row_that_is_what_was_seen(self, row_hash: str, seen_hash: str) -> None:
        """A row is as it was seen if the hash is equal, missing, or shortened by a spreadsheet."""
        rows = (RowSnapshot("a", 1, "ham", row_hash),)

        found = settle(make_answer("a", "spam", seen_hash=seen_hash), audited=rows, now=rows)

        assert [one.verdict for one in found.decisions] == ["spam"]

    def test_no_row_is_what_was_seen(self, sentences: Any) -> None:
        """A note explains the likely cause, but only if no row has the content that people saw."""
        other = make_answer("b", "spam", given_label="ham", seen_hash="h9")

        none = settle(make_answer("a", "spam", given_label="ham", seen_hash="h9"), other)
        one = settle(
            make_answer("a", "spam", given_label="ham"), make_answer("a", "spam", seen_hash="h1"), other
        )

        [note] = none.notes
        assert one.notes == ()
        sentences.check(note)

    @pytest.mark.parametrize("seen_hash", ["1.23557E+15", "00ff"])
    def test_another_number_is_another_hash(self, seen_hash: str) -> None:
        """A hash that differs in the shown digits, or is not a number, is another one."""
        rows = (RowSnapshot("a", 1, "ham", "1234567890123456"),)

        assert (
            get_unapplied(settle(make_answer("a", "spam", seen_hash=seen_hash), audited=rows, now=rows)).kind
            == "changed"
        )

    def test_an_answer_on_earlier_content_does_not_count(self) -> None:
        """The same person's answer on the content as it is now counts, even if it is older."""
        found = settle(
            make_answer("a", "ham", "ana", seen_hash="h1", time="2026-01-01"),
            make_answer("a", "spam", "ana", seen_hash="h9", time="2026-01-02"),
        )

        assert [one.verdict for one in found.decisions] == ["ham"]
        assert [one.kind.value for one in found.unapplied] == ["changed"]

    def test_the_content_identifies_a_row_among_several_with_one_id(self) -> None:
        """The hash of what was seen shows which of two rows with one id is meant."""
        rows = (RowSnapshot("a", 1, "ham", "h1"), RowSnapshot("a", 2, "ham", "h2"))

        [one] = settle(make_answer("a", "spam", seen_hash="h2"), audited=rows, now=rows).decisions

        assert one.row == 2

    GONE = FILE[1:]

    def test_a_row_that_was_dropped_before(self, sentences: Any) -> None:
        """If it is judged unusable again, nothing is left to do."""
        one = get_unapplied(
            settle(make_answer("a", status="unusable"), now=self.GONE, dropped={("a", "ham")})
        )

        assert one.kind is UnappliedKind.ALREADY
        sentences.check(one.why)

    @pytest.mark.parametrize(
        ("answer", "dropped"),
        [
            (make_answer("a", status="unusable"), {("a", "spam"), ("b", "ham")}),
            (make_answer("a", "spam"), {("a", "ham")}),
        ],
        ids=["another row", "another verdict"],
    )
    def test_a_row_that_was_removed_by_others(self, answer: Answer, dropped: set[tuple[str, str]]) -> None:
        """A row that was not dropped for this verdict is unknown."""
        one = get_unapplied(settle(answer, now=self.GONE, dropped=dropped))

        assert one.kind is UnappliedKind.UNKNOWN

    def test_they_are_sorted_by_kind_then_by_id(self) -> None:
        """The same answers always give the same list."""
        found = settle(
            make_answer("d", "x"),
            make_answer("y", "x"),
            make_answer("c", "x"),
            make_answer("b"),
            make_answer("x", "x"),
        )

        assert [(one.kind.value, one.row_id) for one in found.unapplied] == [
            ("undecided", "b"),
            ("unknown", "x"),
            ("unknown", "y"),
            ("new label", "c"),
            ("unlabelled", "d"),
        ]


class TestNewLabels:
    """Labels that the file does not have."""

    def test_they_may_be_allowed(self) -> None:
        """Allowed new labels are listed, each once, without spaces around them."""
        found = settle(
            make_answer("a", " egg "), make_answer("b", "egg"), make_answer("c", "spam"), new_labels=True
        )

        assert [one.verdict for one in found.decisions] == ["egg", "egg", "spam"]
        assert found.new_labels == ("egg",)

    def test_one_that_may_be_several_is_never_allowed(self) -> None:
        """A text of doccano's CSV that may be one label or several is refused."""
        one = get_unapplied(settle(make_answer("a", "x#y", joined=True), new_labels=True))

        assert one.kind is UnappliedKind.NEW_LABEL


class TestAudits:
    """Audits without hashes, and rows whose ids repeat."""

    def test_an_audit_of_an_earlier_version(self, sentences: Any) -> None:
        """Without hashes, only ids and labels are compared; a note says so."""
        audited = tuple(RowSnapshot(row.row_id, row.row, row.given_label) for row in FILE)

        found = settle(make_answer("a", "spam"), audited=audited)

        assert [one.row_id for one in found.decisions] == ["a"]
        [note] = found.notes
        sentences.check(note)

    def test_the_given_label_identifies_a_row_among_several_with_one_id(self) -> None:
        """If a user's ids repeat, the label that was seen shows which row is meant."""
        rows = (RowSnapshot("a", 1, "ham", "h1"), RowSnapshot("a", 2, "spam", "h2"))

        found = settle(make_answer("a", "ham", given_label="1"), audited=rows, now=rows)

        assert [(one.row, one.given_label, one.verdict) for one in found.decisions] == [(2, "spam", "ham")]

    @pytest.mark.parametrize(("status", "kind"), [("", "ambiguous"), ("skipped", "undecided")])
    def test_without_it_the_row_is_ambiguous(self, status: str, kind: str) -> None:
        """Without the label that was seen, nothing is applied to either row."""
        rows = (RowSnapshot("a", 1, "ham", "h1"), RowSnapshot("a", 2, "spam", "h2"))

        one = get_unapplied(settle(make_answer("a", "ham", status=status), audited=rows, now=rows))

        assert one.kind.value == kind

    def test_equal_inputs_are_identified_by_their_numbers(self) -> None:
        """In a shuffled file, each of them keeps the number in its id."""
        audited = (RowSnapshot("e0", 5, "ham", "e0"), RowSnapshot("e0.2", 1, "ham", "e0"))
        now = (RowSnapshot("e0", 1, "ham", "e0"), RowSnapshot("e0.2", 5, "ham", "e0"))

        found = settle(make_answer("e0", "spam"), audited=audited, now=now)

        assert [one.row for one in found.decisions] == [1]

    @pytest.mark.parametrize(
        "labels", [("ham", "spam"), ("ham", "ham", "ham"), ("ham",)], ids=["relabelled", "added", "removed"]
    )
    def test_after_one_of_them_has_changed_they_are_not_identified(
        self, labels: tuple[str, ...], sentences: Any
    ) -> None:
        """After a change to one of several equal rows, another one may have its id."""
        audited = (RowSnapshot("e0", 1, "ham", "e0"), RowSnapshot("e0.2", 2, "ham", "e0"))
        now = numbered(RowSnapshot("", place, label, "e0") for place, label in enumerate(labels))

        one = get_unapplied(settle(make_answer("e0", "spam"), audited=audited, now=tuple(now)))

        assert one.kind is UnappliedKind.CHANGED
        sentences.check(one.why)

    def test_an_id_that_only_starts_like_a_hash_is_the_users(self) -> None:
        """A user's own id names its row, even if rows of equal input have changed."""
        rows = (RowSnapshot("e0-7", 1, "ham", "e0"), RowSnapshot("e0.x", 2, "ham", "e0"))

        found = settle(make_answer("e0.x", "spam"), audited=rows, now=rows[1:])

        assert [one.row for one in found.decisions] == [2]


ANA, BOB, CY = make_answer("a", "spam", "ana"), make_answer("a", "ham", "bob"), make_answer("a", "spam", "cy")


class TestConflicts:
    """Several people answer on one row."""

    @pytest.mark.parametrize(
        ("answers", "on_conflict", "verdict"),
        [
            ((ANA, BOB, CY), "majority", "spam"),
            ((ANA, BOB), "majority", None),
            ((ANA, BOB, CY, make_answer("a", "ham", "di")), "majority", None),
            ((ANA, CY, BOB, make_answer("a", "other", "di")), "majority", None),
            ((ANA, CY, make_answer("a", "other", "di")), "majority", "spam"),
            ((ANA, make_answer("a", "spam", "di"), make_answer("a", "ham")), "majority", "spam"),
            (
                (ANA, make_answer("a", "ham", why="one"), make_answer("a", "ham", why="two")),
                "majority",
                "ham",
            ),
            ((ANA, make_answer("a", "ham"), make_answer("a", "ham")), "majority", None),
            ((ANA, CY), "unanimous", "spam"),
            ((ANA, BOB, CY), "unanimous", None),
            ((ANA, CY, make_answer("a", status="skipped", by="di")), "unanimous", None),
            ((ANA, CY, make_answer("a", status="skipped", by="di")), "skip", "spam"),
            ((ANA, BOB, CY), "skip", None),
            ((ANA, CY), "newest", "spam"),
            ((ANA, BOB), "newest", None),
            ((ANA, CY), "fail", "spam"),
        ],
    )
    def test_the_outcome(self, answers: tuple[Answer, ...], on_conflict: str, verdict: str | None) -> None:
        """The majority, all, or the newest answer decides; without an outcome, nothing is applied."""
        found = settle(*answers, on_conflict=OnConflict(on_conflict))

        assert [one.verdict for one in found.decisions] == ([verdict] if verdict else [])
        assert [one.kind.value for one in found.unapplied] == ([] if verdict else ["conflict"])

    def test_a_majority_is_the_default(self, sentences: Any) -> None:
        """Outvoted labels are reported, and a note counts such rows."""
        found = settle(ANA, BOB, CY)

        assert [(one.annotators, one.outvoted) for one in found.decisions] == [(("ana", "cy"), ("ham",))]
        [note] = found.notes
        sentences.check(note)

    def test_a_tie_is_reported(self, sentences: Any) -> None:
        """The report counts the votes."""
        one = get_unapplied(
            settle(
                make_answer("a", "spam", "bob"),
                make_answer("a", "spam"),
                make_answer("a", status="unusable"),
                make_answer("a", "x", "ana"),
            )
        )

        assert one.verdicts == ("spam", "unusable", "x")
        sentences.check(one.why)

    @pytest.mark.parametrize("on_conflict", [OnConflict.MAJORITY, OnConflict.UNANIMOUS, OnConflict.SKIP])
    def test_unnamed_answers_of_several_files_are_of_several_people(self, on_conflict: OnConflict) -> None:
        """Three equal answers without a name, in three files, are three votes."""
        kept = [make_answer("a", "ham", file=f"{name}.jsonl") for name in ("ann", "bob", "cy")]
        corrected = [make_answer("a", "spam", file=f"{name}.jsonl", why=name) for name in ("di", "eve")]

        found = settle(*kept, *corrected, on_conflict=on_conflict)

        by_majority = on_conflict is OnConflict.MAJORITY
        assert [one.verdict for one in found.decisions] == (["ham"] if by_majority else [])

    @pytest.mark.parametrize("on_conflict", ["majority", "unanimous", "skip"])
    def test_equal_numbers_in_two_files_are_two_people(self, on_conflict: str) -> None:
        """User 1 of one server and user 1 of another are two people: neither overrides the other."""
        one = make_answer("a", "ham", "1", time="2026-01-01T10:00:00Z", file="one.json")
        other = make_answer("a", "spam", "1", time="2026-01-01T11:00:00Z", file="two.json")

        unapplied = get_unapplied(settle(one, other, on_conflict=OnConflict(on_conflict)))

        assert (unapplied.kind, unapplied.verdicts) == (UnappliedKind.CONFLICT, ("ham", "spam"))
        with pytest.raises(InputError):
            settle(one, other, on_conflict=OnConflict.FAIL)

    def test_each_of_them_has_a_vote(self) -> None:
        """So it is with three servers; but two answers in one file are one vote."""
        twice = [make_answer("a", "spam", "1", file="one.json", why=why) for why in ("x", "y")]
        others = [make_answer("a", "ham", "1", file=f"{name}.json") for name in ("two", "three")]

        [found] = settle(*twice, *others).decisions

        assert found.verdict == "ham"

    @pytest.mark.parametrize(
        ("firsts", "repeated", "verdict"),
        [
            (("ham", "spam", "spam"), ("ham", "ham"), None),
            (("ham", "spam"), ("spam",), None),
            (("ham", "spam", "spam"), ("spam",), "spam"),
            (("ham", "spam", "spam", "spam"), ("ham",), "spam"),
            (("ham",), ("ham", "ham"), "ham"),
        ],
    )
    def test_equal_files_alone_make_no_majority(
        self, firsts: tuple[str, ...], repeated: tuple[str, ...], verdict: str | None
    ) -> None:
        """They may be copies or different people, so a majority must hold in both cases."""
        answers = [make_answer("a", label, file=f"{place}") for place, label in enumerate(firsts)]
        answers += [
            make_answer("a", label, file=f"{place}r", repeated=True) for place, label in enumerate(repeated)
        ]

        found = settle(*answers)

        assert [one.verdict for one in found.decisions] == ([verdict] if verdict else [])

    def test_votes_of_equal_files_are_reported(self, sentences: Any) -> None:
        """The report explains why more than half of the votes are not a majority."""
        one = get_unapplied(
            settle(
                make_answer("a", "spam", file="1"),
                make_answer("a", "spam", file="2", repeated=True),
                make_answer("a", "ham", "x"),
            )
        )

        sentences.check(one.why)

    def test_a_skipped_row_is_not_unanimous(self, sentences: Any) -> None:
        """If all must agree, one who skipped did not."""
        answers = (ANA, make_answer("a", status="skipped", by="di"))

        sentences.check(get_unapplied(settle(*answers, on_conflict=OnConflict.UNANIMOUS)).why)

    def test_one_person_is_one_vote(self) -> None:
        """Two answers of one person, in two files, are one vote."""
        twice = (make_answer("a", "spam", "ana", row=1), make_answer("a", "spam", "ana", row=2, why="sure"))

        assert get_unapplied(settle(*twice, BOB)).kind is UnappliedKind.CONFLICT

    def test_an_answer_of_several_labels_outvotes_none(self) -> None:
        """Several labels are one answer, in any order, different from each of these labels."""
        several = (
            make_answer("a", "ham", "x", other_verdicts=("spam",)),
            make_answer("a", "spam", "y", other_verdicts=("ham",)),
        )

        assert get_unapplied(settle(*several, ANA)).verdicts == ("ham", "spam")
        assert [
            one.verdict for one in settle(*several, ANA, CY, make_answer("a", "spam", "di")).decisions
        ] == ["spam"]

    @pytest.mark.parametrize(
        ("times", "verdict"),
        [
            (("2026-01-01T12:00:00Z", "2026-01-01T12:30:00+01:00"), "spam"),
            (("2026-01-01", "2026-01-02"), "ham"),
            (("2026-01-01T12:00:00Z", "2026-01-01T13:00:00+01:00"), None),
            (("2026-01-01", ""), None),
            (("noon", "2026-01-01"), None),
        ],
    )
    def test_the_newest_is_found_by_time(self, times: tuple[str, str], verdict: str | None) -> None:
        """Time zones are respected; if one has no time, or both have the same, it is not known."""
        found = settle(
            make_answer("a", "spam", "ana", time=times[0]),
            make_answer("a", "ham", "bob", time=times[1]),
            on_conflict=OnConflict.NEWEST,
        )

        assert [one.verdict for one in found.decisions] == ([verdict] if verdict else [])

    def test_a_conflict_may_be_an_error(self, sentences: Any) -> None:
        """The error counts such rows, and names the first ones."""
        answers = [
            make_answer(name, label, file="v.csv", row=10 - place)
            for place, name in enumerate("abcdefg")
            for label in ("ham", "spam")
        ]
        rows = tuple(RowSnapshot(name, place, "ham", name) for place, name in enumerate("abcdefg", start=1))

        with pytest.raises(InputError) as refused:
            settle(*answers, audited=rows, now=rows, on_conflict=OnConflict.FAIL)

        error = refused.value
        assert (error.where, error.row) == ("v.csv", 4)
        sentences.check(error)


class TestSpreading:
    """A decision on one of several rows with equal input may be repeated on the others."""

    ROWS = (
        RowSnapshot("a", 1, "ham", "h1"),
        RowSnapshot("b", 2, "ham", "h1"),
        RowSnapshot("b, c", 3, "ham", "h1"),
        RowSnapshot("c", 4, "spam", "h1"),
        RowSnapshot("e", 5, "egg", "h1"),
    )

    def spread(self, *answers: Answer, now: tuple[RowSnapshot, ...] = ROWS, spread: bool = True) -> Settled:
        """What these answers decide, repeated on duplicates."""
        return judge(answers, now, self.ROWS, spread=spread)

    def test_it_is_only_offered(self) -> None:
        """By default, decisions on rows that nobody looked at are only offered."""
        answer = make_answer("a", "spam", "ana", duplicates=("b", "x", "e"), tool="argilla")

        found = self.spread(answer, spread=False)

        assert [one.row_id for one in found.decisions] == ["a"]
        assert found.offered == (
            Decision("b", 2, "ham", "spam", False, ("ana",), "", "argilla", "", spread_from="a"),
        )
        assert found.unapplied == ()

    def test_on_demand_it_is_decided(self) -> None:
        """Repeated decisions are in file order, and name the row that they are from."""
        found = self.spread(make_answer("b", "spam", duplicates=("a",)))

        assert [(one.row_id, one.spread_from) for one in found.decisions] == [("a", "b"), ("b", "")]
        assert found.offered == ()

    def test_a_row_that_was_edited_since_is_not_a_duplicate_any_more(self, sentences: Any) -> None:
        """It was audited again with new content, while the decided row is still the same."""
        rows = (RowSnapshot("a", 1, "ham", "h1"), RowSnapshot("b", 2, "ham", "h2"))
        answer = make_answer("a", "spam", duplicates=("b",), seen_hash="h1")

        found = judge([answer], rows, rows, spread=True)

        assert [one.row_id for one in found.decisions] == ["a"]
        [one] = found.unapplied
        assert (one.row_id, one.kind.value) == ("b", "changed")
        sentences.check(one.why)

    def test_an_unusable_row_has_unusable_duplicates(self) -> None:
        """They have the same content."""
        found = self.spread(make_answer("a", status="unusable", duplicates=("b",)))

        assert [one.unusable for one in found.decisions] == [True, True]

    @pytest.mark.parametrize(
        ("text", "ids"), [("b", ["b"]), ("b, c", ["b, c"]), ("b,b", ["b"]), ("a, b", ["b"]), ("c,b", ["b"])]
    )
    def test_ids_in_one_text(self, text: str, ids: list[str]) -> None:
        """Ids are separated by commas, and may contain one; the decided row itself is ignored."""
        found = self.spread(make_answer("a", "spam", duplicates=(text,)))

        assert [one.row_id for one in found.decisions if one.spread_from] == ids
        assert found.unapplied == ()

    def test_an_answer_on_the_duplicate_itself_counts(self) -> None:
        """Nothing is repeated on a row that somebody answered on, even without an outcome."""
        found = self.spread(
            make_answer("a", "spam", duplicates=("b", "b, c")),
            make_answer("b", "ham"),
            make_answer("b, c", "ham", other_verdicts=("spam",)),
        )

        assert [(one.row_id, one.verdict) for one in found.decisions] == [("a", "spam"), ("b", "ham")]

    def test_a_skipped_duplicate_is_decided(self) -> None:
        """A decision is repeated on a duplicate that was only skipped."""
        found = self.spread(make_answer("a", "spam", duplicates=("b",)), make_answer("b", status="skipped"))

        assert [one.row_id for one in found.decisions] == ["a", "b"]

    @pytest.mark.parametrize(
        ("row_id", "kind"),
        [("x", "unknown"), ("b,x", "unknown"), ("e", "undecided"), ("c", "undecided")],
    )
    def test_what_is_not_repeated(self, row_id: str, kind: str, sentences: Any) -> None:
        """A decision is repeated only on rows with the same given label."""
        found = self.spread(make_answer("a", "ham", duplicates=(row_id,)))

        [one] = found.unapplied
        assert (one.kind.value, one.row_id) == (kind, row_id)
        sentences.check(one.why)

    def test_a_duplicate_that_has_changed(self, sentences: Any) -> None:
        """It is checked against the file like any other row."""
        now = (self.ROWS[0], RowSnapshot("b", 2, "ham", "h9"))

        [one] = self.spread(make_answer("a", "spam", duplicates=("b",)), now=now).unapplied

        assert (one.kind.value, one.row_id) == ("changed", "b")
        sentences.check(one.why)

    def test_an_id_of_two_rows(self) -> None:
        """It is not known which of them is the duplicate."""
        rows = (self.ROWS[0], self.ROWS[1], RowSnapshot("b", 9, "spam", "h1"))

        found = judge([make_answer("a", "spam", duplicates=("b",))], rows, rows, spread=True)

        assert [(one.kind.value, one.row_id) for one in found.unapplied] == [("ambiguous", "b")]

    def test_duplicates_with_equal_decisions(self) -> None:
        """They give one decision on a third row, from the first of them by id."""
        found = self.spread(
            make_answer("b, c", "spam", duplicates=("b",)), make_answer("a", "spam", duplicates=("b",))
        )

        assert [(one.row_id, one.spread_from) for one in found.decisions] == [
            ("a", ""),
            ("b", "a"),
            ("b, c", ""),
        ]

    def test_duplicates_with_different_decisions(self, sentences: Any) -> None:
        """Nothing is decided on a third row, and the report names both."""
        found = self.spread(
            make_answer("a", "spam", "ana", duplicates=("b",)),
            make_answer("b, c", status="unusable", by="bob", duplicates=("b",)),
        )

        assert [one.row_id for one in found.decisions] == ["a", "b, c"]
        [one] = found.unapplied
        assert replace(one, why="") == Unapplied(
            UnappliedKind.CONFLICT, "b", "ham", ("spam", "unusable"), ("ana", "bob"), (), ""
        )
        sentences.check(one.why)


class Counted(dict[str, tuple[RowSnapshot, ...]]):
    """Rows by id, with a count of how often somebody iterates over all of them."""

    n_times = 0

    def __iter__(self) -> Iterator[str]:
        self.n_times += 1
        return super().__iter__()


def test_unknown_ids_do_not_cost_a_search_of_all_rows() -> None:
    """For a thousand texts with unknown ids, all ids are visited once."""
    rows = [RowSnapshot(f"r{number}", number, "ham", f"h{number}") for number in range(1, 4)]
    index = RowIndex.of(rows)
    ids = Counted(index.by_id)
    decision = Decision("r1", 1, "ham", "spam", False, (), "", "doubt", "")
    texts = tuple(f"x{number}, r2" for number in range(1000))
    source = DecidedRow(rows[0], decision, (Answer(1, "r1", "spam", duplicates=texts),))

    known = VerdictRows(RowIndex(ids, index.labels), index, Spellings({}))

    found = spread_decisions([source], known, [])

    assert (found.decisions, len(found.unapplied), ids.n_times) == ((), 1000, 1)


# ------------------------------------------------------------------ properties

NAMES = st.sampled_from(["a", "b", "e0", "e0.2", "e0.3"])
LABELS = st.sampled_from(["ham", "spam", "egg"])


def numbered(rows: Iterable[RowSnapshot]) -> list[RowSnapshot]:
    """The rows; those of the equal input "e0" have ids as in a scan, numbered in the order of labels."""
    rows = list(rows)
    equal = sorted((row for row in rows if row.row_hash == "e0"), key=lambda row: row.given_label or "")
    ids = {row.row: "e0" if number == 1 else f"e0.{number}" for number, row in enumerate(equal, start=1)}
    return [replace(row, row_id=ids.get(row.row, row.row_id)) for row in rows]


@st.composite
def files(draw: st.DrawFn) -> list[RowSnapshot]:
    """The rows of a file: a user's ids may repeat with different labels, and some inputs are equal."""
    own = draw(st.lists(st.tuples(st.sampled_from("ab"), LABELS), unique=True, max_size=4))
    rows = [RowSnapshot(name, 0, label, draw(st.sampled_from(["h1", "h2"]))) for name, label in own]
    rows += [RowSnapshot("e0", 0, label, "e0") for label in draw(st.lists(LABELS, max_size=3))]
    places = draw(st.permutations(range(1, len(rows) + 1)))
    return numbered(replace(row, row=place) for row, place in zip(rows, places, strict=True))


@st.composite
def edited_files(draw: st.DrawFn) -> tuple[list[RowSnapshot], list[RowSnapshot]]:
    """A file as it is now and as it was audited: rows were moved, removed, changed and relabelled."""
    audited = draw(files())
    kept = draw(st.permutations(audited))[: draw(st.integers(0, 7))]
    changes = (
        st.just({})
        | st.builds(dict, given_label=LABELS)
        | st.builds(dict, row_hash=st.sampled_from(["h1", "h2"]))
    )
    now = [replace(row, row=place, **draw(changes)) for place, row in enumerate(kept, start=1)]
    return numbered(now), audited


BOTH = edited_files() | st.tuples(files(), files()) | files().map(lambda rows: (rows, rows))
ANSWERS = st.lists(
    st.builds(
        Answer,
        st.integers(1, 9),
        NAMES | st.just("x"),
        st.sampled_from(["", "ham", "spam", "egg", "ham#spam"]),
        st.sampled_from(["", "", "unusable", "draft"]),
        st.sampled_from(["", "ana", "bob", "1"]),
        st.sampled_from(["", "2026-01-01", "2026-01-02T00:00:00Z", "2026-01-02T00:00:00.5Z"]),
        given_label=st.sampled_from(["", "ham", "spam"]),
        other_verdicts=st.sampled_from([(), (), ("ham",)]),
        joined=st.booleans(),
        prefilled=st.booleans(),
        duplicates=st.sampled_from([(), ("b",), ("e0.2", "e0, b")]),
        file=st.sampled_from(["one", "two"]),
        repeated=st.booleans(),
    ),
    max_size=8,
)
OPTIONS = st.fixed_dictionaries(
    {
        "on_conflict": st.sampled_from([one for one in OnConflict if one is not OnConflict.FAIL]),
        "new_labels": st.booleans(),
        "spread": st.booleans(),
    }
)


@settings(max_examples=60)
@given(BOTH, ANSWERS, OPTIONS)
def test_no_decision_is_unsafe(
    files: tuple[list[RowSnapshot], list[RowSnapshot]], answers: list[Answer], options: dict[str, Any]
) -> None:
    """Decisions are on rows as they were audited, at most one for each row, with allowed labels only."""
    now, audited = files
    found = judge(answers, now, audited, **options)

    places = {row.row: row for row in now}
    decided = [*found.decisions, *found.offered]
    assert len({one.row for one in decided}) == len(decided)
    for one in decided:
        [was] = [row for row in audited if (row.row_id, row.given_label) == (one.row_id, one.given_label)]
        assert places[one.row].given_label == was.given_label
        assert places[one.row].row_hash == was.row_hash
        assert one.verdict in ({None} if one.unusable else {"ham", "spam"} | set(found.new_labels))
    assert options["new_labels"] or not found.new_labels


@settings(max_examples=60)
@given(BOTH, ANSWERS, OPTIONS, st.randoms(use_true_random=False))
def test_the_order_of_answers_and_rows_does_not_matter(
    files: tuple[list[RowSnapshot], list[RowSnapshot]],
    answers: list[Answer],
    options: dict[str, Any],
    random: Random,
) -> None:
    """The order of answers and rows makes no difference."""
    now, audited = files
    shuffled = [random.sample(items, len(items)) for items in (answers, now, audited)]

    assert judge(*shuffled, **options) == judge(answers, now, audited, **options)


@settings(max_examples=60)
@given(files(), ANSWERS, OPTIONS)
def test_no_answer_is_lost(rows: list[RowSnapshot], answers: list[Answer], options: dict[str, Any]) -> None:
    """For each row with an answer there is a decision, or a report why there is none."""
    found = judge(answers, rows, rows, **options)

    reported = {one.row_id for one in found.decisions} | {one.row_id for one in found.unapplied}
    assert {answer.row_id for answer in answers} <= reported


@settings(max_examples=60)
@given(files(), ANSWERS, OPTIONS)
def test_what_was_applied_is_not_applied_again(
    rows: list[RowSnapshot], answers: list[Answer], options: dict[str, Any]
) -> None:
    """On the corrected file, the same answers change nothing more, except that equal rows may swap labels."""
    # if two rows have one id and content, and one gets the other's label, only a ledger distinguishes them
    assume(len({(row.row_id, row.row_hash) for row in rows}) == len(rows))

    after = apply_decisions(judge(answers, rows, rows, **options), rows)

    again = apply_decisions(judge(answers, after, rows, **options), after)

    assert Counter((row.row_hash, row.given_label) for row in again) == Counter(
        (row.row_hash, row.given_label) for row in after
    )
    assert [row for row in again if row.row_hash != "e0"] == [row for row in after if row.row_hash != "e0"]


def apply_decisions(found: Settled, rows: list[RowSnapshot]) -> list[RowSnapshot]:
    """The rows after these decisions, without unusable ones, with the ids that a scan would give them."""
    dropped = {one.row for one in found.decisions if one.unusable}
    labels = {one.row: one.verdict for one in found.decisions}
    kept = [row for row in rows if row.row not in dropped]
    return numbered(replace(row, given_label=labels.get(row.row, row.given_label)) for row in kept)
