from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.records import Decision, OnConflict, RowSnapshot, Settled, Unapplied, UnappliedKind
from doubtcli.records.answers import Answer
from doubtcli.verdicts.adjudicate import DecidedRow
from doubtcli.verdicts.corrections import lenient_terms, settle_answers, spread_out
from doubtcli.verdicts.rows import RowIndex, VerdictRows
from doubtcli.verdicts.spelling import Spellings

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
    **asked: Any,
) -> Settled:
    """What these answers come to, leniently."""
    rows = VerdictRows.of(now, Spellings(KNOWN), audited=audited, dropped=dropped)
    return settle_answers(answers, rows, lenient_terms(**asked), spread=spread)


def settled(*answers: Answer, now: tuple[RowSnapshot, ...] = FILE, **asked: Any) -> Settled:
    """These answers, settled on the four rows."""
    audited = asked.pop("audited", FILE)
    return judge(answers, now, audited, **asked)


def only(found: Settled) -> Unapplied:
    """The one thing that was not applied, where nothing was."""
    assert found.decisions == ()
    [one] = found.unapplied
    return one


def says(row_id: str, verdict: str = "", by: str = "", **more: Any) -> Answer:
    """What one person said."""
    return Answer(more.pop("row", 1), row_id, verdict, annotator=by, **more)


class TestDecisions:
    """What is safe to apply."""

    def test_a_correction(self) -> None:
        """All that is known of it comes along."""
        found = settled(
            says("a", "spam", "ana", time="2026-01-31", why="it sells", given_label="ham", tool="prodigy")
        )

        assert found.decisions == (
            Decision("a", 1, "ham", "spam", False, ("ana",), "2026-01-31", "prodigy", "it sells"),
        )
        assert found.unapplied == found.offered == found.new_labels == found.notes == ()
        assert (found.decisions[0].corrects, found.decisions[0].keeps) == (True, False)

    def test_a_kept_label(self) -> None:
        """It is a decision, too: the label was found right."""
        [one] = settled(says("b", "spam")).decisions

        assert (one.verdict, one.corrects, one.keeps) == ("spam", False, True)

    def test_an_unusable_row(self) -> None:
        """It has no verdict, whatever stands beside."""
        [one] = settled(says("b", "ham", status="unusable")).decisions

        assert (one.verdict, one.unusable, one.corrects, one.keeps) == (None, True, False, False)

    def test_a_label_is_told_as_the_file_shows_it(self) -> None:
        """However the tool wrote it."""
        [one] = settled(says("a", " 1.0 ")).decisions

        assert one.verdict == "spam"

    def test_decisions_stand_in_the_files_order(self) -> None:
        """By where their rows stand now, not in the audit."""
        now = (FILE[2], RowSnapshot("a", 9, "ham", "h1"))

        found = settled(says("a", "spam"), says("c", "spam"), now=now)

        assert [(one.row_id, one.row) for one in found.decisions] == [("c", 3), ("a", 9)]

    def test_many_people_decide_together(self) -> None:
        """The newest time counts, notes stand in order of time, and each name, tool and note once."""
        found = settled(
            says("a", "spam", "bob", time="2026-01-02T00:00:00Z", why="so", tool="argilla"),
            says("a", "spam", "ana", time="2026-01-02T01:00:00+02:00", why="it sells", tool="doccano"),
            says("a", "1", "cy", time="", why="so"),
        )

        [one] = found.decisions
        assert one.annotators == ("ana", "bob", "cy")
        assert (one.time, one.tool) == ("2026-01-02T00:00:00Z", "argilla, doccano, doubt")
        assert one.why == "so; it sells"

    def test_what_decides_nothing_is_counted(self) -> None:
        """Beside answers that do, and alone."""
        found = settled(
            says("a", "spam", "ana"),
            says("a", "ham", "bob", status="draft"),
            says("b", status="skipped"),
            says("c"),
        )

        assert [one.row_id for one in found.decisions] == ["a"]
        assert found.notes == ("answers that decide nothing: 1 a draft, 1 left open, 1 skipped",)
        assert [(one.row_id, one.kind.value, one.why) for one in found.unapplied] == [
            ("b", "undecided", "skipped"),
            ("c", "undecided", "left open"),
        ]


class TestUnapplied:
    """What is told, and why."""

    def test_all_that_is_known_is_told(self) -> None:
        """What was said, by whom and where."""
        found = settled(
            says("x", "spam", "bob", row=7), says("x", status="unusable", by="ana", row=3), says("x", row=4)
        )

        assert only(found) == Unapplied(
            UnappliedKind.UNKNOWN,
            "x",
            None,
            ("spam", "unusable"),
            ("ana", "bob"),
            (3, 4, 7),
            "no row of the audit bears this id",
        )

    @pytest.mark.parametrize(
        ("answer", "kind", "why"),
        [
            (says("", "spam", row=3), "unknown", "the answer has no id (row 3)"),
            (says("", "spam", row=3, file="a.csv"), "unknown", "the answer has no id (a.csv, row 3)"),
            (says("a", "spma"), "new label", "'spma' is none of the labels; perhaps 'spam' was meant"),
            (says("a", "SPAM"), "new label", "'SPAM' is none of the labels; perhaps 'spam' was meant"),
            (says("a", "other"), "new label", "'other' is none of the labels"),
            (says("a", "ham", other_verdicts=("spam",)), "conflict", "it got several labels: 'ham', 'spam'"),
            (says("a", "ham#spam", joined=True), "conflict", "it got several labels: 'ham', 'spam'"),
            (
                says("a", "ham#x", joined=True),
                "new label",
                "'ham#x' is none of the labels, nor several of them with '#' between",
            ),
            (
                says("a", "spam", given_label="spam"),
                "changed",
                "its label was 'spam' when it was decided, and 'ham' when audited",
            ),
            (
                says("d", "spam", given_label="egg"),
                "changed",
                "its label was 'egg' when it was decided, and none when audited",
            ),
            (says("d", "spam"), "unlabelled", "the row has no label that could be judged"),
            (says("a", "ham", status="discarded"), "undecided", "discarded"),
            (says("a", "ham", status="draft", given_label="spam"), "undecided", "a draft"),
            (
                says("a", "ham", prefilled=True),
                "undecided",
                "left as it was, which its tool doesn't tell from not looked at",
            ),
        ],
    )
    def test_answers_that_change_nothing(self, answer: Answer, kind: str, why: str) -> None:
        """Each says why in plain words."""
        one = only(settled(answer))

        assert (one.kind.value, one.why) == (kind, why)

    def test_a_tool_that_starts_from_the_given_label_may_tell_another(self) -> None:
        """Then somebody looked."""
        [one] = settled(says("a", "spam", prefilled=True)).decisions

        assert one.verdict == "spam"

    @pytest.mark.parametrize(
        ("now", "kind", "why"),
        [
            ((), "unknown", "no row of the file bears this id any more"),
            ((RowSnapshot("a", 1, "ham", "h9"),), "changed", "its content has changed since it was audited"),
            (
                (RowSnapshot("a", 1, "egg", "h1"),),
                "changed",
                "its label was 'ham' when it was audited, and is 'egg' now",
            ),
            (
                (RowSnapshot("a", 1, None, "h1"),),
                "changed",
                "its label was 'ham' when it was audited, and is none now",
            ),
            ((RowSnapshot("a", 1, "spam", "h1"),), "already", "it bears this label by now"),
            ((RowSnapshot("a", 1, "spam", "h9"),), "changed", "its content has changed since it was audited"),
            (
                (RowSnapshot("a", 1, "spam", "h1"), RowSnapshot("a", 2, "egg", "h1")),
                "changed",
                "its label was 'ham' when it was audited, and is 'spam' now",
            ),
            (
                (RowSnapshot("a", 1, "ham", "h1"), RowSnapshot("a", 2, "ham", "h1")),
                "ambiguous",
                "2 rows bear this id now, and which one is meant can't be told",
            ),
        ],
    )
    def test_rows_that_are_not_what_they_were(
        self, now: tuple[RowSnapshot, ...], kind: str, why: str
    ) -> None:
        """A row is changed only if its content and label are still those that were audited."""
        one = only(settled(says("a", "spam"), now=now))

        assert (one.kind.value, one.why, one.given_label) == (kind, why, "ham")

    @pytest.mark.parametrize(
        ("row_id", "found", "is_told"),
        [
            ("00154", "154", True),
            ("154", "154.0", True),
            ("00154", " 154.0", True),
            ("000", "0", True),
            ("154", "155", False),
            ("r-007", "r-7", False),
        ],
    )
    def test_ids_that_a_spreadsheet_took_for_numbers(self, row_id: str, found: str, is_told: bool) -> None:
        """What may have happened to them is told, where a row would else bear them."""
        rows = (RowSnapshot(row_id, 1, "ham", "h1"),)

        one = only(settled(says(found, "spam"), audited=rows, now=rows))

        told = "; ids may have lost leading zeros, or been saved as numbers: save the column as text"
        assert one.why == "no row of the audit bears this id" + (told if is_told else "")

    def test_a_row_that_bears_its_verdict_by_now(self) -> None:
        """It was corrected, and audited again: nothing is left to do, whoever was outvoted."""
        one = only(
            settled(
                says("a", "ham", "ana", given_label="spam", row=1),
                says("a", "ham", "bob", given_label="spam", row=2),
                says("a", "spam", "cy", given_label="spam", row=3),
            )
        )

        assert (one.kind, one.why) == (UnappliedKind.ALREADY, "it bears this label by now")
        assert one.places == (1, 2, 3)

    def test_a_row_that_got_another_label_than_was_chosen(self) -> None:
        """People decided on a label that it no longer bears, and agree on none that it does."""
        one = only(settled(says("a", "ham", "ana", given_label="spam"), says("a", "x", given_label="spam")))

        assert (one.kind, one.why) == (
            UnappliedKind.CHANGED,
            "its label was 'spam' when it was decided, and 'ham' when audited",
        )

    def test_what_was_decided_again_counts(self) -> None:
        """The verdicts of two rounds, one of them corrected and audited in between."""
        found = settled(says("a", "ham", given_label="spam"), says("a", "spam", given_label="ham"))

        assert [one.verdict for one in found.decisions] == ["spam"]
        assert [one.kind.value for one in found.unapplied] == ["already"]

    @pytest.mark.parametrize("audited", [FILE, (RowSnapshot("a", 1, "ham"),)], ids=["told", "not told"])
    def test_a_row_that_is_not_what_was_seen(self, audited: tuple[RowSnapshot, ...]) -> None:
        """Of another file, or edited and audited again: its id and label agree by chance, its content not."""
        one = only(settled(says("a", "spam", given_label="ham", seen_hash="h9"), audited=audited))

        assert (one.kind, one.why) == (
            UnappliedKind.CHANGED,
            "its content is another than when it was decided",
        )

    def test_it_is_not_called_done(self) -> None:
        """Though it bears the label that was chosen: nobody has seen it."""
        assert only(settled(says("b", "spam", given_label="ham", seen_hash="h9"))).kind.value == "changed"

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
        """Told or not, also by a hash that a spreadsheet took for a number."""
        rows = (RowSnapshot("a", 1, "ham", row_hash),)

        found = settled(says("a", "spam", seen_hash=seen_hash), audited=rows, now=rows)

        assert [one.verdict for one in found.decisions] == ["spam"]

    def test_no_row_is_what_was_seen(self) -> None:
        """Where none is, a note says what that may come of; where one is, somebody edited the other."""
        other = says("b", "spam", given_label="ham", seen_hash="h9")

        none = settled(says("a", "spam", given_label="ham", seen_hash="h9"), other)
        one = settled(says("a", "spam", given_label="ham"), says("a", "spam", seen_hash="h1"), other)

        assert [note.partition(":")[0] for note in none.notes] == ["none of the rows is as it was seen"]
        assert one.notes == ()

    @pytest.mark.parametrize("seen_hash", ["1.23557E+15", "00ff"])
    def test_another_number_is_another_hash(self, seen_hash: str) -> None:
        """As far as it can be told from."""
        rows = (RowSnapshot("a", 1, "ham", "1234567890123456"),)

        assert only(settled(says("a", "spam", seen_hash=seen_hash), audited=rows, now=rows)).kind == "changed"

    def test_an_answer_on_what_stood_there_before_is_another(self) -> None:
        """The same person's on what stands there now counts, also where it is the older one."""
        found = settled(
            says("a", "ham", "ana", seen_hash="h1", time="2026-01-01"),
            says("a", "spam", "ana", seen_hash="h9", time="2026-01-02"),
        )

        assert [one.verdict for one in found.decisions] == ["ham"]
        assert [one.kind.value for one in found.unapplied] == ["changed"]

    def test_what_was_seen_tells_rows_of_one_id_apart(self) -> None:
        """As their labels do."""
        rows = (RowSnapshot("a", 1, "ham", "h1"), RowSnapshot("a", 2, "ham", "h2"))

        [one] = settled(says("a", "spam", seen_hash="h2"), audited=rows, now=rows).decisions

        assert one.row == 2

    GONE = FILE[1:]

    def test_a_row_that_was_dropped_before(self) -> None:
        """Judged unusable again, nothing is left to do."""
        one = only(settled(says("a", status="unusable"), now=self.GONE, dropped={("a", "ham")}))

        assert (one.kind, one.why) == (UnappliedKind.ALREADY, "it was dropped before")

    @pytest.mark.parametrize(
        ("answer", "dropped"),
        [
            (says("a", status="unusable"), {("a", "spam"), ("b", "ham")}),
            (says("a", "spam"), {("a", "ham")}),
        ],
        ids=["another row", "another verdict"],
    )
    def test_a_row_that_is_gone_otherwise(self, answer: Answer, dropped: set[tuple[str, str]]) -> None:
        """It was not dropped for this verdict: it can't be found."""
        one = only(settled(answer, now=self.GONE, dropped=dropped))

        assert (one.kind, one.why) == (UnappliedKind.UNKNOWN, "no row of the file bears this id any more")

    def test_they_stand_by_kind_then_by_id(self) -> None:
        """So the same answers always give the same list."""
        found = settled(says("d", "x"), says("y", "x"), says("c", "x"), says("b"), says("x", "x"))

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
        """They are told, each once, without spaces around them."""
        found = settled(says("a", " egg "), says("b", "egg"), says("c", "spam"), new_labels=True)

        assert [one.verdict for one in found.decisions] == ["egg", "egg", "spam"]
        assert found.new_labels == ("egg",)

    def test_one_that_may_be_several_is_never_allowed(self) -> None:
        """What doccano writes as CSV doesn't tell."""
        one = only(settled(says("a", "x#y", joined=True), new_labels=True))

        assert one.kind is UnappliedKind.NEW_LABEL


class TestAudits:
    """Audits that tell less, and rows whose ids repeat."""

    def test_an_audit_of_an_earlier_version(self) -> None:
        """Without hashes, ids and labels must do; a note says so."""
        audited = tuple(RowSnapshot(row.row_id, row.row, row.given_label) for row in FILE)

        found = settled(says("a", "spam"), audited=audited)

        assert [one.row_id for one in found.decisions] == ["a"]
        assert found.notes == (
            "an earlier version wrote the audit: whether a row's content has changed since can't be told",
        )

    def test_the_given_label_tells_rows_of_one_id_apart(self) -> None:
        """A user's id column may repeat."""
        rows = (RowSnapshot("a", 1, "ham", "h1"), RowSnapshot("a", 2, "spam", "h2"))

        found = settled(says("a", "ham", given_label="1"), audited=rows, now=rows)

        assert [(one.row, one.given_label, one.verdict) for one in found.decisions] == [(2, "spam", "ham")]

    @pytest.mark.parametrize(("status", "kind"), [("", "ambiguous"), ("skipped", "undecided")])
    def test_without_it_they_are_ambiguous(self, status: str, kind: str) -> None:
        """Nothing is applied to either."""
        rows = (RowSnapshot("a", 1, "ham", "h1"), RowSnapshot("a", 2, "spam", "h2"))

        one = only(settled(says("a", "ham", status=status), audited=rows, now=rows))

        assert one.kind.value == kind

    def test_equal_inputs_are_told_apart_by_their_numbers(self) -> None:
        """In a shuffled file each row keeps its own."""
        audited = (RowSnapshot("e0", 5, "ham", "e0"), RowSnapshot("e0.2", 1, "ham", "e0"))
        now = (RowSnapshot("e0", 1, "ham", "e0"), RowSnapshot("e0.2", 5, "ham", "e0"))

        found = settled(says("e0", "spam"), audited=audited, now=now)

        assert [one.row for one in found.decisions] == [1]

    @pytest.mark.parametrize(
        "labels", [("ham", "spam"), ("ham", "ham", "ham"), ("ham",)], ids=["relabelled", "added", "removed"]
    )
    def test_once_one_of_them_has_changed_their_numbers_tell_nothing(self, labels: tuple[str, ...]) -> None:
        """Of two equal rows with equal labels one may have been corrected: the other bears its id now."""
        audited = (RowSnapshot("e0", 1, "ham", "e0"), RowSnapshot("e0.2", 2, "ham", "e0"))
        now = numbered(RowSnapshot("", place, label, "e0") for place, label in enumerate(labels))

        one = only(settled(says("e0", "spam"), audited=audited, now=tuple(now)))

        assert (one.kind, one.why) == (
            UnappliedKind.CHANGED,
            "rows of equal input were added, removed or relabelled since, and it can't be told from them",
        )

    def test_an_id_that_only_starts_like_a_hash_is_the_users(self) -> None:
        """It names its row by itself, whatever becomes of rows with equal input."""
        rows = (RowSnapshot("e0-7", 1, "ham", "e0"), RowSnapshot("e0.x", 2, "ham", "e0"))

        found = settled(says("e0.x", "spam"), audited=rows, now=rows[1:])

        assert [one.row for one in found.decisions] == [2]


ANA, BOB, CY = says("a", "spam", "ana"), says("a", "ham", "bob"), says("a", "spam", "cy")


class TestConflicts:
    """Several people, one row."""

    @pytest.mark.parametrize(
        ("answers", "on_conflict", "verdict"),
        [
            ((ANA, BOB, CY), "majority", "spam"),
            ((ANA, BOB), "majority", None),
            ((ANA, BOB, CY, says("a", "ham", "di")), "majority", None),
            ((ANA, CY, BOB, says("a", "other", "di")), "majority", None),
            ((ANA, CY, says("a", "other", "di")), "majority", "spam"),
            ((ANA, says("a", "spam", "di"), says("a", "ham")), "majority", "spam"),
            ((ANA, says("a", "ham", why="one"), says("a", "ham", why="two")), "majority", "ham"),
            ((ANA, says("a", "ham"), says("a", "ham")), "majority", None),
            ((ANA, CY), "unanimous", "spam"),
            ((ANA, BOB, CY), "unanimous", None),
            ((ANA, CY, says("a", status="skipped", by="di")), "unanimous", None),
            ((ANA, CY, says("a", status="skipped", by="di")), "skip", "spam"),
            ((ANA, BOB, CY), "skip", None),
            ((ANA, CY), "newest", "spam"),
            ((ANA, BOB), "newest", None),
            ((ANA, CY), "fail", "spam"),
        ],
    )
    def test_what_stands(self, answers: tuple[Answer, ...], on_conflict: str, verdict: str | None) -> None:
        """More than half, everybody, or the newest; without one the row is left."""
        found = settled(*answers, on_conflict=OnConflict(on_conflict))

        assert [one.verdict for one in found.decisions] == ([verdict] if verdict else [])
        assert [one.kind.value for one in found.unapplied] == ([] if verdict else ["conflict"])

    def test_a_majority_is_the_default(self) -> None:
        """Who was outvoted is told, and how many rows there are of them."""
        found = settled(ANA, BOB, CY)

        assert [(one.annotators, one.outvoted) for one in found.decisions] == [(("ana", "cy"), ("ham",))]
        assert found.notes == ("rows on which answers differed, settled by --on-conflict majority: 1",)

    def test_a_tie_is_told(self) -> None:
        """With how many said what."""
        one = only(
            settled(
                says("a", "spam", "bob"),
                says("a", "spam"),
                says("a", status="unusable"),
                says("a", "x", "ana"),
            )
        )

        assert one.why == "answers differ: 'spam' (2), 'x' (1), unusable (1)"
        assert one.verdicts == ("spam", "unusable", "x")

    @pytest.mark.parametrize("on_conflict", [OnConflict.MAJORITY, OnConflict.UNANIMOUS, OnConflict.SKIP])
    def test_the_nameless_of_many_files_are_many_people(self, on_conflict: OnConflict) -> None:
        """Three who keep a label are three, though two who correct it say why and they don't."""
        kept = [says("a", "ham", file=f"{name}.jsonl") for name in ("ann", "bob", "cy")]
        corrected = [says("a", "spam", file=f"{name}.jsonl", why=name) for name in ("di", "eve")]

        found = settled(*kept, *corrected, on_conflict=on_conflict)

        by_majority = on_conflict is OnConflict.MAJORITY
        assert [one.verdict for one in found.decisions] == (["ham"] if by_majority else [])

    @pytest.mark.parametrize("on_conflict", ["majority", "unanimous", "skip"])
    def test_two_who_are_called_by_the_same_number_differ(self, on_conflict: str) -> None:
        """The first users of two servers: neither overrides the other."""
        one = says("a", "ham", "1", time="2026-01-01T10:00:00Z", file="one.json")
        other = says("a", "spam", "1", time="2026-01-01T11:00:00Z", file="two.json")

        told = only(settled(one, other, on_conflict=OnConflict(on_conflict)))

        assert (told.kind, told.why) == (UnappliedKind.CONFLICT, "answers differ: 'ham' (1), 'spam' (1)")
        with pytest.raises(InputError, match="can't be settled on 1 of the rows"):
            settled(one, other, on_conflict=OnConflict.FAIL)

    def test_each_of_them_has_a_vote(self) -> None:
        """Of three servers, too; who answers twice in one file has one."""
        twice = [says("a", "spam", "1", file="one.json", why=why) for why in ("x", "y")]
        others = [says("a", "ham", "1", file=f"{name}.json") for name in ("two", "three")]

        [found] = settled(*twice, *others).decisions

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
    def test_no_majority_rests_on_files_that_are_the_same(
        self, firsts: tuple[str, ...], repeated: tuple[str, ...], verdict: str | None
    ) -> None:
        """They may be copies, or those of people who said just the same: it must hold either way."""
        answers = [says("a", label, file=f"{place}") for place, label in enumerate(firsts)]
        answers += [says("a", label, file=f"{place}r", repeated=True) for place, label in enumerate(repeated)]

        found = settled(*answers)

        assert [one.verdict for one in found.decisions] == ([verdict] if verdict else [])

    def test_votes_of_files_that_are_the_same_are_told(self) -> None:
        """So that nobody wonders why more than half of the votes are no majority."""
        told = only(
            settled(
                says("a", "spam", file="1"), says("a", "spam", file="2", repeated=True), says("a", "ham", "x")
            )
        )

        assert told.why == (
            "answers differ: 'ham' (1), 'spam' (2); 1 of them in files that are the same as another"
        )

    def test_who_passed_the_row_over_is_told_where_all_must_agree(self) -> None:
        """One who skipped did not agree."""
        answers = (ANA, says("a", status="skipped", by="di"))

        assert only(settled(*answers, on_conflict=OnConflict.UNANIMOUS)).why == (
            "answers differ: 'spam' (1), skipped (1)"
        )

    def test_one_person_is_one_vote(self) -> None:
        """Who answers twice in two files has no more to say than others."""
        twice = (says("a", "spam", "ana", row=1), says("a", "spam", "ana", row=2, why="sure"))

        assert only(settled(*twice, BOB)).kind is UnappliedKind.CONFLICT

    def test_an_answer_of_several_labels_outvotes_none(self) -> None:
        """It counts as an answer of its own, in any order of its labels."""
        several = (
            says("a", "ham", "x", other_verdicts=("spam",)),
            says("a", "spam", "y", other_verdicts=("ham",)),
        )

        assert only(settled(*several, ANA)).why == "it got several labels: 'ham', 'spam'"
        assert [one.verdict for one in settled(*several, ANA, CY, says("a", "spam", "di")).decisions] == [
            "spam"
        ]

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
    def test_the_newest_is_told_by_time(self, times: tuple[str, str], verdict: str | None) -> None:
        """In any zone; where one has no time, or both have the same, nobody can tell."""
        found = settled(
            says("a", "spam", "ana", time=times[0]),
            says("a", "ham", "bob", time=times[1]),
            on_conflict=OnConflict.NEWEST,
        )

        assert [one.verdict for one in found.decisions] == ([verdict] if verdict else [])

    def test_a_conflict_may_be_an_error(self) -> None:
        """All such rows are counted, the first ones are told, and nothing is settled."""
        answers = [
            says(name, label, file="v.csv", row=10 - place)
            for place, name in enumerate("abcdefg")
            for label in ("ham", "spam")
        ]
        rows = tuple(RowSnapshot(name, place, "ham", name) for place, name in enumerate("abcdefg", start=1))

        with pytest.raises(InputError) as refused:
            settled(*answers, audited=rows, now=rows, on_conflict=OnConflict.FAIL)

        told = "; ".join(f"{name!r}: answers differ: 'ham' (1), 'spam' (1)" for name in "gfedc")
        assert str(refused.value) == (
            f"v.csv, row 4: people's answers can't be settled on 7 of the rows: {told}; and 2 more\n"
            "expected: one answer a row, or equal ones\n"
            "to do: let people settle it, or say how: --on-conflict majority|unanimous|newest|skip"
        )


class TestSpreading:
    """Rows of equal input, of which one was looked at."""

    ROWS = (
        RowSnapshot("a", 1, "ham", "h1"),
        RowSnapshot("b", 2, "ham", "h1"),
        RowSnapshot("b, c", 3, "ham", "h1"),
        RowSnapshot("c", 4, "spam", "h1"),
        RowSnapshot("e", 5, "egg", "h1"),
    )

    def spread(self, *answers: Answer, now: tuple[RowSnapshot, ...] = ROWS, spread: bool = True) -> Settled:
        """These answers, with what follows from them."""
        return judge(answers, now, self.ROWS, spread=spread)

    def test_it_is_only_offered(self) -> None:
        """Until it is asked for, nothing changes on rows that nobody looked at."""
        answer = says("a", "spam", "ana", duplicates=("b", "x", "e"), tool="argilla")

        found = self.spread(answer, spread=False)

        assert [one.row_id for one in found.decisions] == ["a"]
        assert found.offered == (
            Decision("b", 2, "ham", "spam", False, ("ana",), "", "argilla", "", spread_from="a"),
        )
        assert found.unapplied == ()

    def test_once_asked_for_it_is_decided(self) -> None:
        """In the file's order, and it is told from where."""
        found = self.spread(says("b", "spam", duplicates=("a",)))

        assert [(one.row_id, one.spread_from) for one in found.decisions] == [("a", "b"), ("b", "")]
        assert found.offered == ()

    def test_a_row_that_was_edited_since_rides_along_no_more(self) -> None:
        """Both were audited again; what was looked at is still what it was."""
        rows = (RowSnapshot("a", 1, "ham", "h1"), RowSnapshot("b", 2, "ham", "h2"))
        answer = says("a", "spam", duplicates=("b",), seen_hash="h1")

        found = judge([answer], rows, rows, spread=True)

        assert [one.row_id for one in found.decisions] == ["a"]
        assert [(one.row_id, one.kind.value, one.why) for one in found.unapplied] == [
            ("b", "changed", "rides along with 'a': its content is no longer the same")
        ]

    def test_an_unusable_row_has_unusable_twins(self) -> None:
        """They hold the same."""
        found = self.spread(says("a", status="unusable", duplicates=("b",)))

        assert [one.unusable for one in found.decisions] == [True, True]

    @pytest.mark.parametrize(
        ("text", "ids"), [("b", ["b"]), ("b, c", ["b, c"]), ("b,b", ["b"]), ("a, b", ["b"]), ("c,b", ["b"])]
    )
    def test_ids_in_one_text(self, text: str, ids: list[str]) -> None:
        """With commas between; an id may hold one itself. Of the row itself nothing follows."""
        found = self.spread(says("a", "spam", duplicates=(text,)))

        assert [one.row_id for one in found.decisions if one.spread_from] == ids
        assert found.unapplied == ()

    def test_an_answer_of_its_own_stands(self) -> None:
        """Somebody looked at it, even if that came to nothing."""
        found = self.spread(
            says("a", "spam", duplicates=("b", "b, c")),
            says("b", "ham"),
            says("b, c", "ham", other_verdicts=("spam",)),
        )

        assert [(one.row_id, one.verdict) for one in found.decisions] == [("a", "spam"), ("b", "ham")]

    def test_one_that_was_passed_over_follows(self) -> None:
        """Nobody has said anything else of it."""
        found = self.spread(says("a", "spam", duplicates=("b",)), says("b", status="skipped"))

        assert [one.row_id for one in found.decisions] == ["a", "b"]

    @pytest.mark.parametrize(
        ("rider", "kind", "why"),
        [
            ("x", "unknown", "no row of the audit bears this id"),
            ("b,x", "unknown", "no row of the audit bears this id"),
            ("e", "undecided", "it bears another label than 'a', so it must be decided by itself"),
            ("c", "undecided", "it bears another label than 'a', so it must be decided by itself"),
        ],
    )
    def test_what_does_not_follow(self, rider: str, kind: str, why: str) -> None:
        """Only rows of the same given label do."""
        found = self.spread(says("a", "ham", duplicates=(rider,)))

        [one] = found.unapplied
        assert (one.kind.value, one.row_id) == (kind, rider)
        assert one.why == f"rides along with 'a': {why}"

    def test_a_rider_that_has_changed(self) -> None:
        """It is held against the file like any row."""
        now = (self.ROWS[0], RowSnapshot("b", 2, "ham", "h9"))

        [one] = self.spread(says("a", "spam", duplicates=("b",)), now=now).unapplied

        assert one.why == "rides along with 'a': its content has changed since it was audited"

    def test_an_id_that_two_rows_bear(self) -> None:
        """Which one rides along can't be told."""
        rows = (self.ROWS[0], self.ROWS[1], RowSnapshot("b", 9, "spam", "h1"))

        found = judge([says("a", "spam", duplicates=("b",))], rows, rows, spread=True)

        assert [(one.kind.value, one.row_id) for one in found.unapplied] == [("ambiguous", "b")]

    def test_twins_that_were_decided_alike(self) -> None:
        """What follows from both is one decision, from the first by id."""
        found = self.spread(says("b, c", "spam", duplicates=("b",)), says("a", "spam", duplicates=("b",)))

        assert [(one.row_id, one.spread_from) for one in found.decisions] == [
            ("a", ""),
            ("b", "a"),
            ("b, c", ""),
        ]

    def test_twins_that_were_decided_in_unlike_ways(self) -> None:
        """Nothing follows, and both are named."""
        found = self.spread(
            says("a", "spam", "ana", duplicates=("b",)),
            says("b, c", status="unusable", by="bob", duplicates=("b",)),
        )

        assert [one.row_id for one in found.decisions] == ["a", "b, c"]
        assert found.unapplied == (
            Unapplied(
                UnappliedKind.CONFLICT,
                "b",
                "ham",
                ("spam", "unusable"),
                ("ana", "bob"),
                (),
                "rows of equal input were decided in unlike ways: 'a', 'b, c'",
            ),
        )


class Counted(dict[str, tuple[RowSnapshot, ...]]):
    """Rows by id that count how often all of them are gone through."""

    n_times = 0

    def __iter__(self) -> Iterator[str]:
        self.n_times += 1
        return super().__iter__()


def test_texts_that_name_no_row_cost_no_look_at_all_of_them() -> None:
    """A thousand such texts: the ids are gone through once."""
    rows = [RowSnapshot(f"r{number}", number, "ham", f"h{number}") for number in range(1, 4)]
    index = RowIndex.of(rows)
    ids = Counted(index.by_id)
    decision = Decision("r1", 1, "ham", "spam", False, (), "", "doubt", "")
    texts = tuple(f"x{number}, r2" for number in range(1000))
    source = DecidedRow(rows[0], decision, (Answer(1, "r1", "spam", duplicates=texts),))

    known = VerdictRows(RowIndex(ids, index.labels), index, Spellings({}))

    found = spread_out([source], known, [])

    assert (found.decisions, len(found.unapplied), ids.n_times) == ((), 1000, 1)


# ------------------------------------------------------------------ properties

NAMES = st.sampled_from(["a", "b", "e0", "e0.2", "e0.3"])
LABELS = st.sampled_from(["ham", "spam", "egg"])


def numbered(rows: Iterable[RowSnapshot]) -> list[RowSnapshot]:
    """The rows, those of the equal input "e0" with ids as a scan gives them: numbered by label."""
    rows = list(rows)
    equal = sorted((row for row in rows if row.row_hash == "e0"), key=lambda row: row.given_label or "")
    ids = {row.row: "e0" if number == 1 else f"e0.{number}" for number, row in enumerate(equal, start=1)}
    return [replace(row, row_id=ids.get(row.row, row.row_id)) for row in rows]


@st.composite
def files(draw: st.DrawFn) -> list[RowSnapshot]:
    """The rows of a file: a user's ids may repeat with unlike labels, and some inputs are equal."""
    own = draw(st.lists(st.tuples(st.sampled_from("ab"), LABELS), unique=True, max_size=4))
    rows = [RowSnapshot(name, 0, label, draw(st.sampled_from(["h1", "h2"]))) for name, label in own]
    rows += [RowSnapshot("e0", 0, label, "e0") for label in draw(st.lists(LABELS, max_size=3))]
    places = draw(st.permutations(range(1, len(rows) + 1)))
    return numbered(replace(row, row=place) for row, place in zip(rows, places, strict=True))


@st.composite
def edited(draw: st.DrawFn) -> tuple[list[RowSnapshot], list[RowSnapshot]]:
    """A file as it is now and as it was audited: rows were moved, removed, changed and relabelled."""
    audited = draw(files())
    kept = draw(st.permutations(audited))[: draw(st.integers(0, 7))]
    unlike = (
        st.just({})
        | st.builds(dict, given_label=LABELS)
        | st.builds(dict, row_hash=st.sampled_from(["h1", "h2"]))
    )
    now = [replace(row, row=place, **draw(unlike)) for place, row in enumerate(kept, start=1)]
    return numbered(now), audited


BOTH = edited() | st.tuples(files(), files()) | files().map(lambda rows: (rows, rows))
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
ASKED = st.fixed_dictionaries(
    {
        "on_conflict": st.sampled_from([one for one in OnConflict if one is not OnConflict.FAIL]),
        "new_labels": st.booleans(),
        "spread": st.booleans(),
    }
)


@given(BOTH, ANSWERS, ASKED)
def test_no_decision_is_unsafe(
    files: tuple[list[RowSnapshot], list[RowSnapshot]], answers: list[Answer], asked: dict[str, Any]
) -> None:
    """Each is on a row of the file, at most one a row, and on what was audited; only allowed labels are."""
    now, audited = files
    found = judge(answers, now, audited, **asked)

    places = {row.row: row for row in now}
    decided = [*found.decisions, *found.offered]
    assert len({one.row for one in decided}) == len(decided)
    for one in decided:
        [was] = [row for row in audited if (row.row_id, row.given_label) == (one.row_id, one.given_label)]
        assert places[one.row].given_label == was.given_label
        assert places[one.row].row_hash == was.row_hash
        assert one.verdict in ({None} if one.unusable else {"ham", "spam"} | set(found.new_labels))
    assert asked["new_labels"] or not found.new_labels


@given(BOTH, ANSWERS, ASKED, st.randoms(use_true_random=False))
def test_the_order_of_answers_and_rows_does_not_matter(
    files: tuple[list[RowSnapshot], list[RowSnapshot]],
    answers: list[Answer],
    asked: dict[str, Any],
    random: Random,
) -> None:
    """The newest is told by time, not by place."""
    now, audited = files
    shuffled = [random.sample(items, len(items)) for items in (answers, now, audited)]

    assert judge(*shuffled, **asked) == judge(answers, now, audited, **asked)


@given(files(), ANSWERS, ASKED)
def test_no_answer_is_lost(rows: list[RowSnapshot], answers: list[Answer], asked: dict[str, Any]) -> None:
    """Each row that was answered on is decided, or it is told why not."""
    found = judge(answers, rows, rows, **asked)

    told = {one.row_id for one in found.decisions} | {one.row_id for one in found.unapplied}
    assert {answer.row_id for answer in answers} <= told


@given(files(), ANSWERS, ASKED)
def test_what_was_applied_is_not_applied_again(
    rows: list[RowSnapshot], answers: list[Answer], asked: dict[str, Any]
) -> None:
    """On the corrected file the same answers change nothing more; equal rows may trade their labels."""
    # once one of two rows alike in id and content has got the other's label, only a ledger tells them apart
    assume(len({(row.row_id, row.row_hash) for row in rows}) == len(rows))

    after = applied(judge(answers, rows, rows, **asked), rows)

    again = applied(judge(answers, after, rows, **asked), after)

    assert Counter((row.row_hash, row.given_label) for row in again) == Counter(
        (row.row_hash, row.given_label) for row in after
    )
    assert [row for row in again if row.row_hash != "e0"] == [row for row in after if row.row_hash != "e0"]


def applied(found: Settled, rows: list[RowSnapshot]) -> list[RowSnapshot]:
    """The rows with what was decided, unusable ones dropped, as a scan would name them."""
    dropped = {one.row for one in found.decisions if one.unusable}
    labels = {one.row: one.verdict for one in found.decisions}
    kept = [row for row in rows if row.row not in dropped]
    return numbered(replace(row, given_label=labels.get(row.row, row.given_label)) for row in kept)
