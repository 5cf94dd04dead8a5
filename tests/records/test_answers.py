import datetime as dt
from dataclasses import astuple, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.records.answers import Answer, newest_of_each, parse_moment

EARLY, LATE = "2026-01-01T00:00:00Z", "2026-01-01T03:00:00+01:00"


def by(annotator: str, verdict: str, time: str = "", **more: Any) -> Answer:
    """What somebody said of row "a"."""
    return Answer(1, "a", verdict, annotator=annotator, time=time, **more)


class TestDeciding:
    """Whether an answer says what becomes of the row."""

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
        """A label, or that none fits; not what was left open or passed over."""
        assert answer.decides == decides


class TestMoments:
    """Times as tools write them."""

    @pytest.mark.parametrize(
        "time", ["2026-01-31T10:00:00Z", "2026-01-31T10:00", " 2026-01-31T11:00:00+01:00 "]
    )
    def test_times(self, time: str) -> None:
        """In UTC, without a zone, or with another one."""
        assert parse_moment(time) == dt.datetime(2026, 1, 31, 10, tzinfo=dt.UTC)

    @pytest.mark.parametrize("time", ["", "yesterday", "31.1.2026"])
    def test_what_is_no_time(self, time: str) -> None:
        """It is not guessed at."""
        assert parse_moment(time) is None


class TestTheNewest:
    """One person, one answer a row."""

    def test_a_person_may_think_again(self) -> None:
        """The newest answer counts, wherever it stands; others' answers are theirs."""
        late, other = by("ana", "spam", LATE), by("bob", "ham", EARLY)

        assert newest_of_each([late, by("ana", "ham", EARLY), other]) == [late, other]

    def test_what_decides_nothing_gives_way(self) -> None:
        """Even if it is newer."""
        decided = by("ana", "spam", EARLY)

        assert newest_of_each([decided, by("ana", "", LATE), by("ana", "ham", LATE, status="draft")]) == [
            decided
        ]

    def test_without_times_unlike_answers_stay(self) -> None:
        """Which of them is the newest is nothing to guess at."""
        answers = [by("ana", "ham"), by("ana", "spam", LATE)]

        assert newest_of_each(answers) == answers

    def test_answers_of_one_moment_stay(self) -> None:
        """Two zones, one moment."""
        answers = [by("ana", "ham", "2026-01-01T02:00:00Z"), by("ana", "spam", LATE)]

        assert newest_of_each(answers) == answers

    def test_equal_answers_are_one(self) -> None:
        """The newest of them; one without a time stays beside it."""
        assert newest_of_each([by("ana", "ham"), by("ana", " ham ")]) == [by("ana", "ham")]
        assert newest_of_each([by("ana", "ham", EARLY), by("ana", "ham", LATE)]) == [by("ana", "ham", LATE)]
        assert len(newest_of_each([by("ana", "ham"), by("ana", "ham", LATE)])) == 2

    def test_the_nameless_are_different_people(self) -> None:
        """A file without annotators says nothing of who answered twice."""
        answers = [by("", "ham", EARLY), by("", "spam", LATE)]

        assert newest_of_each(answers) == answers

    @pytest.mark.parametrize("other", ["ham", "spam"])
    def test_the_nameless_of_two_files_are_two_people(self, other: str) -> None:
        """Even if they say the very same, with the same comment or with none."""
        answers = [by("", "ham", EARLY, file="ann.jsonl"), by("", other, EARLY, file="bob.jsonl")]

        assert newest_of_each(answers) == answers

    def test_a_record_that_stands_twice_in_a_file_is_one(self) -> None:
        """Another comment or another time makes it another one."""
        once, again = by("", "ham", EARLY, why="so"), Answer(7, "a", "ham ", time=EARLY, why="so")
        others = [by("", "ham", LATE, why="so"), by("", "ham", EARLY, why="no"), by("", "ham", EARLY)]

        assert newest_of_each([once, again, once, *others]) == [again, *others]

    @pytest.mark.parametrize("name", ["1", "12", "1.0", " 1 "])
    def test_a_number_names_nobody_outside_of_its_file(self, name: str) -> None:
        """Every Label Studio calls its first user 1."""
        answers = [by(name, "ham", EARLY, file="one.json"), by(name, "spam", LATE, file="two.json")]

        assert newest_of_each(answers) == answers
        assert newest_of_each([replace(one, file="one.json") for one in answers]) == [
            by(name, "spam", LATE, file="one.json")
        ]

    @pytest.mark.parametrize("name", ["ann", "1@x.org", "ann1", "7f9c0a2e-1b1e-4c57-9b43-0123456789ab"])
    def test_any_other_name_is_the_same_persons_in_all_files(self, name: str) -> None:
        """Her newest answer counts."""
        newest = by(name, "spam", LATE, file="two.json")

        assert newest_of_each([by(name, "ham", EARLY, file="one.json"), newest]) == [newest]

    @pytest.mark.parametrize("name", ["", "1", "ann"])
    def test_the_same_to_the_microsecond_is_one_answer(self, name: str) -> None:
        """A project was exported twice."""
        time = "2026-11-21T02:25:27.206269Z"
        once = by(name, "ham", time, file="monday.json")
        again = Answer(9, "a", "ham", annotator=name, time=time, file="tuesday.json")

        assert newest_of_each([once, again]) == [again]
        assert newest_of_each([replace(once, verdict="spam"), again]) == [
            replace(once, verdict="spam"),
            again,
        ]

    def test_other_rows_and_given_labels_are_apart(self) -> None:
        """Ids may repeat in a file, with unlike labels."""
        answers = [
            by("ana", "ham", EARLY, given_label="ham"),
            by("ana", "spam", LATE, given_label="spam"),
            Answer(1, "b", "ham", annotator="ana", time=LATE),
        ]

        assert newest_of_each(answers) == answers

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
        """Nor does it to look twice."""
        shuffled = random.sample(answers, len(answers))

        found = newest_of_each(answers)

        assert sorted(newest_of_each(shuffled), key=astuple) == sorted(found, key=astuple)
        assert newest_of_each(found) == found
