from __future__ import annotations

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from doubtcli.records import Gain, LabelChange, NoiseRate, RelabelScore, RowOutcomes, Skill
from doubtcli.report.compared import (
    EASIER,
    format_points,
    print_changes,
    print_comparison,
    print_outcomes,
    print_score,
)
from doubtcli.wording.sheet import Sheet

BLIND = Skill(
    assessable=False,
    why="models predict no better than the largest class",
    accuracy=0.5,
    balanced_accuracy=0.33,
    majority_accuracy=0.5,
    permuted_accuracy=0.41,
)


def printed(comparison, *, width=80):
    """What is printed into a pipe."""
    file = io.StringIO()
    print_comparison(Console(file=file, width=width), comparison)
    return file.getvalue()


def words(comparison):
    """What is printed, with single spaces."""
    return " ".join(printed(comparison).split())


def section(text, title):
    """The lines below a title, with single spaces."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    start = next(place for place, line in enumerate(lines) if line.startswith(title)) + 1
    rest = lines[start:]
    return rest[: rest.index("")] if "" in rest else rest


@pytest.mark.parametrize("width", [80, 140])
def test_whole_report(make_comparison, sentences, width):
    """The whole report, on a narrow terminal and on a wide one."""
    sentences.check(printed(make_comparison(), width=width))


@pytest.mark.parametrize("width", [60, 80, 140])
def test_width(make_comparison, width):
    """With long names no line is wider than the console, and control characters are escaped."""
    long = "b" * 200 + "\x1b[31m"
    usual = make_comparison()
    comparison = make_comparison(
        by_class={long: usual.outcomes, "bug": usual.outcomes},
        by_annotator={long: usual.outcomes},
        changes=(replace(usual.changes[0], before=long, after=long[::-1]),),
        notes=("the audits were made with other versions: doubts may differ for that alone",),
    )

    text = printed(comparison, width=width)

    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text


def test_nothing_changed(make_comparison, sentences):
    """If nothing changed, one sentence says so, and no table is printed."""
    usual = make_comparison()
    outcomes = replace(
        usual.outcomes, changed=0, fixed=0, cleared=0, kept=57, kept_changed=0, set_aside=0, new=0
    )
    same = make_comparison(
        outcomes=outcomes,
        changes=(),
        n_gone=0,
        n_added=0,
        gone_doubted=0,
        added_doubted=0,
        after=usual.before,
    )

    text = printed(same)

    assert "Doubted rows" not in text
    sentences.check(text)


class TestRows:
    """Which rows were compared."""

    def test_all(self, make_comparison):
        """If every row has a label, only their number is printed."""
        before = replace(make_comparison().before, n_rows=1_201)

        assert "data/tickets.csv: 1,201 rows\n" in printed(make_comparison(before=before))

    def test_edited(self, make_comparison):
        """Rows with changed inputs are counted, if there are any."""
        assert "2 added (1 doubted) Label noise" not in words(make_comparison())
        assert "2 added (1 doubted), 4 with " in words(make_comparison(n_edited=4))

    def test_notes(self, make_comparison):
        """Each note has a line."""
        text = printed(make_comparison(notes=("one thing", "another")))

        assert "\nnote    one thing\nnote    another\n" in text


class TestNoise:
    """The rates before and after, if they are known."""

    def test_models(self, make_comparison):
        """What models know says so, with a warning that it proves little."""
        lines = section(printed(make_comparison()), "Label noise")

        assert lines[0].startswith("before by models, at least 2.2% of the labels are wrong, and 24.0% ")
        assert "after by models, no label is surely wrong, and 8.0% are contradicted" in " ".join(lines)
        assert "--audit-sample" in " ".join(lines)

    def test_checked(self, make_comparison):
        """A rate that people measured has the number of rows, and no warning."""
        measured = NoiseRate(
            assessable=True, why="checked", rate=0.02, low=0.01, high=0.04, rests_on="verdicts", n_checked=120
        )
        after = replace(make_comparison().after, noise_rate=measured)

        text = words(make_comparison(after=after))

        assert "2.0% of rows (90% interval 1.0% to 4.0%), on 120 rows " in text
        assert "--audit-sample" not in text

    def test_not_assessable(self, make_comparison):
        """If the rate is not known, the cause is printed."""
        none = NoiseRate(assessable=False, why="models contradict 70% of the labels")
        after = replace(make_comparison().after, noise_rate=none)

        text = words(make_comparison(after=after))

        assert "after not assessable: models contradict 70% of the labels" in text
        assert "--audit-sample" not in text

    def test_no_label_changed(self, make_comparison):
        """If no label changed, there is no warning."""
        outcomes = replace(make_comparison().outcomes, changed=0)

        assert "--audit-sample" not in words(make_comparison(outcomes=outcomes))


class TestSkill:
    """How well the models predict the labels."""

    def test_skilled(self, make_comparison):
        """Both accuracies, and that of always guessing the largest class."""
        line = section(printed(make_comparison(), width=140), "Skill of the models")[0]

        assert re.findall(r"[\d.]+%", line) == ["87.5%", "86.0%", "50.0%"]

    def test_not_assessable(self, make_comparison):
        """If the models have no skill, the cause is printed."""
        after = replace(make_comparison().after, skill=BLIND)

        assert "after not assessable: models predict no better than the largest class" in words(
            make_comparison(after=after)
        )

    def test_no_models(self, make_comparison):
        """Without models there is no accuracy."""
        none = replace(BLIND, why="there are no models", accuracy=None, balanced_accuracy=None)
        after = replace(make_comparison().after, skill=none)

        assert "after not assessable: there are no models" in words(make_comparison(after=after))


NONE = RowOutcomes(0, 0, 0, 0, 0, 0, 0, 0, 0)


def printed_section(section, comparison, *, width=80, encoding="utf-8"):
    """The lines that a section prints, with single spaces."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    section(Sheet(Console(file=file, width=width)), comparison)
    file.seek(0)
    return [" ".join(line.split()) for line in file.read().splitlines()]


class TestChanges:
    """From which label to which."""

    def test_kinds(self, make_comparison):
        """Each kind of change with its number of rows; a missing label is shown as such."""
        lines = printed_section(print_changes, make_comparison())

        assert lines[1:] == [
            "70 labels changed",
            "40 billing → bug",
            "29 bug → delivery",
            "1 (no label) → bug",
        ]

    def test_taken_away(self, make_comparison):
        """A label that was removed is shown as missing."""
        lines = printed_section(print_changes, make_comparison(changes=(LabelChange("bug", None, 3),)))

        assert lines[-1] == "3 bug → (no label)"

    def test_many(self, make_comparison):
        """Ten kinds are shown, the others are counted."""
        changes = tuple(LabelChange("bug", f"class {n}", 20 - n) for n in range(13))

        lines = printed_section(print_changes, make_comparison(changes=changes))

        assert len(lines) == 1 + 1 + 10 + 1
        assert lines[-1] == "and 3 other kinds of change, 27 rows"

    def test_none(self, make_comparison):
        """If no label changed, the title says so."""
        outcomes = replace(make_comparison().outcomes, changed=0)

        assert printed_section(print_changes, make_comparison(changes=(), outcomes=outcomes))[1:] == [
            "No label changed"
        ]

    def test_one(self, make_comparison):
        """One label is in the singular."""
        outcomes = replace(make_comparison().outcomes, changed=1)

        lines = printed_section(
            print_changes, make_comparison(changes=(LabelChange("a", "b", 1),), outcomes=outcomes)
        )

        assert lines[1:] == ["1 label changed", "1 a → b"]

    def test_plain_terminal(self, make_comparison):
        """On a terminal without an arrow, two ASCII characters are printed."""
        assert "40 billing -> bug" in printed_section(print_changes, make_comparison(), encoding="ascii")

    def test_control_characters(self, make_comparison):
        """Control characters are escaped."""
        changes = (LabelChange("a\x1b[31mb", "c\nd", 1),)

        assert printed_section(print_changes, make_comparison(changes=changes))[-1] == r"1 a\x1b[31mb → c d"


class TestOutcomes:
    """What became of doubted rows."""

    def test_all(self, make_comparison, sentences):
        """Each outcome with its number of rows and what it means."""
        lines = printed_section(print_outcomes, make_comparison())[1:9]

        assert lines[0] == "Doubted rows: 60 before, 20 after"
        assert [" ".join(line.split()[:2]) for line in lines[1:]] == [
            "30 fixed",
            "10 cleared",
            "15 kept",
            "2 set",
            "4 new",
            "3 gone",
            "1 added",
        ]
        sentences.check("\n".join(lines))

    def test_rare_outcomes(self, make_comparison):
        """Rare outcomes are printed only if there are any, the others always."""
        lines = printed_section(
            print_outcomes, make_comparison(outcomes=NONE, gone_doubted=0, added_doubted=0)
        )

        assert [line.split()[:2] for line in lines[2:6]] == [
            ["0", "fixed"],
            ["0", "cleared"],
            ["0", "kept"],
            ["0", "new"],
        ]

        assert lines[6] == ""

    def test_by_class(self, make_comparison):
        """A line for each label before."""
        lines = printed_section(print_outcomes, make_comparison())
        start = lines.index("By label before")

        assert lines[start + 1 : start + 5] == [
            "rows doubted fixed cleared kept new changed",
            "billing 700 40 20 5 13 1 40",
            "bug 499 17 10 5 2 2 29",
            "(no label) 1 0 0 0 0 1 1",
        ]

    def test_no_label_on_either_side(self, make_comparison):
        """Rows without a label before and after are left out."""
        usual = make_comparison()
        quiet = replace(NONE, n_rows=7)

        lines = printed_section(
            print_outcomes, make_comparison(by_class={"bug": usual.outcomes, None: quiet})
        )

        assert not any("(no label)" in line for line in lines)

    def test_a_class_of_that_name(self, make_comparison):
        """A class that is called "(no label)" has a line of its own."""
        usual = make_comparison()

        lines = printed_section(
            print_outcomes, make_comparison(by_class={"(no label)": usual.outcomes, None: usual.outcomes})
        )

        assert sum(line.startswith("(no label) 1,200") for line in lines) == 2

    def test_by_annotator(self, make_comparison):
        """A line for each annotator."""
        lines = printed_section(print_outcomes, make_comparison())
        start = next(place for place, line in enumerate(lines) if line.startswith("By annotator"))

        assert lines[start + 2] == "ada 900 20 12 4 4 3 30"

    def test_no_annotators(self, make_comparison):
        """Without annotators there is no such table."""
        lines = printed_section(print_outcomes, make_comparison(by_annotator={}))

        assert not any(line.startswith("By annotator") for line in lines)

    def test_many_classes(self, make_comparison):
        """Of many classes the twenty with the most changes and doubts are shown, in their own order."""
        by_class = {f"class {n:02}": replace(NONE, n_rows=9, changed=n) for n in range(25)}

        lines = printed_section(print_outcomes, make_comparison(by_class=by_class, by_annotator={}))
        start = lines.index("By label before 20 of 25")

        assert [line[:8] for line in lines[start + 2 :]] == [f"class {n:02}" for n in range(5, 25)]

    def test_many_annotators(self, make_comparison):
        """The same for many annotators."""
        by_annotator = {f"rater {n:02}": replace(NONE, n_rows=9, new=n) for n in range(21)}

        lines = printed_section(print_outcomes, make_comparison(by_annotator=by_annotator))

        (title,) = [line for line in lines if line.startswith("By annotator")]
        assert title.endswith("; 20 of 21")


def printed_score(a_score):
    """The lines that the section prints, with single spaces."""
    file = io.StringIO()
    print_score(Sheet(Console(file=file, width=120)), a_score)
    return [" ".join(line.split()) for line in file.getvalue().splitlines()]


def gained(a_score, low, high):
    """The score with another interval of its accuracy."""
    return replace(a_score, accuracy=Gain(before=0.8, after=0.8 + (low + high) / 2, low=low, high=high))


@pytest.fixture
def a_score(make_comparison):
    """A score made by hand: 3.1 to 6.9 points up."""
    return make_comparison().score


def test_table(a_score):
    """Accuracy and balanced accuracy, before and after, and the change with its interval in points."""
    lines = printed_score(a_score)

    assert lines[3] == "before after points (90% interval)"
    assert lines[4] == "accuracy 80.0% 85.0% +5.0 (+3.1 to +6.9)"
    assert lines[5] == "balanced accuracy 75.0% 78.0% +3.0 (-1.0 to +7.0)"


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.01, 0.05, "more"),
        (-0.05, -0.01, "fewer"),
        (-0.01, 0.05, "No difference"),
        (0.0, 0.05, "No difference"),
        (-0.05, 0.0, "No difference"),
        (0.0, 0.0, "No difference"),
    ],
)
def test_conclusion(a_score, sentences, low, high, expected):
    """There is a difference if its interval does not contain 0."""
    line = printed_score(gained(a_score, low, high))[2]

    assert expected in line
    sentences.check(line)


def test_method(a_score, sentences):
    """The model, the rows, the folds and the interval are described."""
    sentences.check("\n".join(printed_score(gained(a_score, -0.01, 0.01))[6:]))


def test_what_a_gain_does_not_show(a_score):
    """With a gain there is a warning that easier to learn does not mean right; without one there is none."""
    assert " ".join(EASIER.split()) in " ".join(printed_score(gained(a_score, 0.01, 0.05)))
    assert " ".join(EASIER.split()) not in " ".join(printed_score(gained(a_score, -0.01, 0.05)))


@pytest.mark.parametrize(("n_repeats", "words"), [(1, "once"), (2, "twice"), (3, "3 times")])
def test_repeats(a_score, n_repeats, words):
    """The number of splits into folds is in words."""
    assert f" {words})" in " ".join(printed_score(replace(a_score, n_repeats=n_repeats)))


def test_not_assessable():
    """One sentence says why."""
    assert printed_score(RelabelScore(assessable=False, why="no label changed"))[2:] == [
        "Not assessable: no label changed."
    ]


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0123, "+1.2"),
        (-0.0123, "-1.2"),
        (1.0, "+100.0"),
        (0.0005, "+0.1"),
        (0.0004, "+0.04"),
        (-0.00012, "-0.01"),
        (0.0, "0"),
    ],
)
def test_points(share, text):
    """Percentage points have a sign and one decimal; only 0 is printed as 0."""
    assert format_points(share) == text
