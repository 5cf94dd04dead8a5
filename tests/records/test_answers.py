import datetime as dt
from dataclasses import astuple, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.records.answers import Answer, keep_newest_answers, parse_moment

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-01T03:00:00+01:00"


def by(annotator: str, verdict: str, time: str = "", **more: Any) -> Answer:
    """Somebody's answer about row "a"."""
    return Answer(1, "a", verdict, annotator=annotator, time=time, **more)


class TestDeciding:
    """Whether an answer decides what happens to the row."""

    @pytest.mark.parametrize(
        ("answer", "decides"),
        [
            (Answer(1, "a", "x"), True),
            (Answer(1, "a", other_verdicts=("x",)), True),
            (Answer(1, "a", status="unusable"), True),
            (Answer(1, "a", " "), False),
            (Answer(1, "a", "x", status="draft"), False),
        ],
    )
    def test_answers(self, answer: Answer, decides: bool) -> None:
        """A label decides, and so does "unusable"; an empty or skipped answer does not."""
        assert answer.decides == decides


class TestMoments:
    """Times as tools write them."""

    @pytest.mark.parametrize(
        "time", ["2026-01-31T10:00:00Z", "2026-01-31T10:00", " 2026-01-31T11:00:00+01:00 "]
    )
    def test_times(self, time: str) -> None:
        """A time may be in UTC, without a zone, or in another zone."""
        assert parse_moment(time) == dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC)

    @pytest.mark.parametrize("time", ["", "yesterday", "31.1.2026"])
    def test_not_a_time(self, time: str) -> None:
        """A text that is not an ISO 8601 time is not guessed at."""
        assert parse_moment(time) is None


class TestTheNewest:
    """One person has one answer a row."""

    def test_a_person_may_answer_again(self) -> None:
        """The newest answer counts, at any place in the file; other people's answers are kept."""
        late, other = by("ana", "spam", LATE), by("bob", "ham", EARLY)

        assert keep_newest_answers([late, by("ana", "ham", EARLY), other]) == [late, other]

    def test_what_decides_nothing_gives_way(self) -> None:
        """An answer that decides nothing gives way to one that decides, even if it is newer."""
        decided = by("ana", "spam", EARLY)

        assert keep_newest_answers(
            [decided, by("ana", "", LATE), by("ana", "ham", LATE, status="draft")]
        ) == [decided]

    def test_without_times_different_answers_stay(self) -> None:
        """Where a time is missing, the newest of a person's answers is not guessed."""
        answers = [by("ana", "ham"), by("ana", "spam", LATE)]

        assert keep_newest_answers(answers) == answers

    def test_answers_of_one_moment_stay(self) -> None:
        """Different answers of one moment stay, also where their times are in two zones."""
        answers = [by("ana", "ham", "2026-01-01T02:00:00Z"), by("ana", "spam", LATE)]

        assert keep_newest_answers(answers) == answers

    def test_equal_answers_are_one(self) -> None:
        """Of equal answers the newest stays, and with it one that has no time."""
        assert keep_newest_answers([by("ana", "ham"), by("ana", " ham ")]) == [by("ana", "ham")]
        assert keep_newest_answers([by("ana", "ham", EARLY), by("ana", "ham", LATE)]) == [
            by("ana", "ham", LATE)
        ]
        assert len(keep_newest_answers([by("ana", "ham"), by("ana", "ham", LATE)])) == 2

    def test_the_nameless_are_different_people(self) -> None:
        """Answers without a name count as different people's: it is not known who answered twice."""
        answers = [by("", "ham", EARLY), by("", "spam", LATE)]

        assert keep_newest_answers(answers) == answers

    @pytest.mark.parametrize("other", ["ham", "spam"])
    def test_the_nameless_of_two_files_are_two_people(self, other: str) -> None:
        """Answers without a name in two files are two people's, even if they are equal."""
        answers = [by("", "ham", EARLY, file="ann.jsonl"), by("", other, EARLY, file="bob.jsonl")]

        assert keep_newest_answers(answers) == answers

    def test_a_record_twice_in_a_file_counts_once(self) -> None:
        """A record that is in a file twice counts once; another comment or time makes it a different one."""
        once, again = by("", "ham", EARLY, why="so"), Answer(7, "a", "ham ", time=EARLY, why="so")
        others = [by("", "ham", LATE, why="so"), by("", "ham", EARLY, why="no"), by("", "ham", EARLY)]

        assert keep_newest_answers([once, again, once, *others]) == [again, *others]

    @pytest.mark.parametrize("name", ["1", "12", "1.0", " 1 "])
    def test_a_number_names_nobody_outside_of_its_file(self, name: str) -> None:
        """A number is a person in one file only: every Label Studio calls its first user 1."""
        answers = [by(name, "ham", EARLY, file="one.json"), by(name, "spam", LATE, file="two.json")]

        assert keep_newest_answers(answers) == answers
        assert keep_newest_answers([replace(one, file="one.json") for one in answers]) == [
            by(name, "spam", LATE, file="one.json")
        ]

    @pytest.mark.parametrize("name", ["ann", "1@x.org", "ann1", "7f9c0a2e-1b1e-4c57-9b43-0123456789ab"])
    def test_any_other_name_is_the_same_persons_in_all_files(self, name: str) -> None:
        """A name that is not a number is one person in all files, and the newest answer counts."""
        newest = by(name, "spam", LATE, file="two.json")

        assert keep_newest_answers([by(name, "ham", EARLY, file="one.json"), newest]) == [newest]

    @pytest.mark.parametrize("name", ["", "1", "ann"])
    def test_the_same_to_the_microsecond_is_one_answer(self, name: str) -> None:
        """Answers equal to the microsecond are one: the project was exported twice."""
        time = "2026-11-21T02:25:27.206269Z"
        once = by(name, "ham", time, file="monday.json")
        again = Answer(9, "a", "ham", annotator=name, time=time, file="tuesday.json")

        assert keep_newest_answers([once, again]) == [again]
        assert keep_newest_answers([replace(once, verdict="spam"), again]) == [
            replace(once, verdict="spam"),
            again,
        ]

    def test_other_rows_and_given_labels_are_separate(self) -> None:
        """Answers about one id with different given labels are about different rows: ids may repeat."""
        answers = [
            by("ana", "ham", EARLY, given_label="ham"),
            by("ana", "spam", LATE, given_label="spam"),
            Answer(1, "b", "ham", annotator="ana", time=LATE),
        ]

        assert keep_newest_answers(answers) == answers

    @given(
        st.lists(
            st.builds(
                by,
                st.sampled_from(["", "ana", "1"]),
                st.sampled_from(["", "ham", "spam"]),
                st.sampled_from(["", EARLY, LATE, "2026-01-01T00:00:00.5Z"]),
                why=st.sampled_from(["", "so"]),
                file=st.sampled_from(["one", "two"]),
            )
        ),
        st.randoms(use_true_random=False),
    )
    def test_order_does_not_matter(self, answers: list[Answer], random: Random) -> None:
        """The order of answers does not matter, and a second pass changes nothing."""
        shuffled = random.sample(answers, len(answers))

        found = keep_newest_answers(answers)

        assert sorted(keep_newest_answers(shuffled), key=astuple) == sorted(found, key=astuple)
        assert keep_newest_answers(found) == found
