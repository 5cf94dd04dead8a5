from __future__ import annotations

import io
from dataclasses import replace

from rich.console import Console

from doubtcli.records import Fates, LabelChange
from doubtcli.report.compared_labels import print_changes, print_fates
from doubtcli.wording.sheet import Sheet

NONE = Fates(0, 0, 0, 0, 0, 0, 0, 0, 0)


def printed(section, comparison, *, width=80, encoding="utf-8"):
    """The lines that a section prints, their blanks made one."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    section(Sheet(Console(file=file, width=width)), comparison)
    file.seek(0)
    return [" ".join(line.split()) for line in file.read().splitlines()]


class TestChanges:
    """From which label to which."""

    def test_kinds(self, make_comparison):
        """Each kind of change with its rows; no label is said to be none."""
        lines = printed(print_changes, make_comparison())

        assert lines[1:] == [
            "70 labels changed",
            "40 billing → bug",
            "29 bug → delivery",
            "1 (no label) → bug",
        ]

    def test_taken_away(self, make_comparison):
        """A label that was taken away is said to be none."""
        lines = printed(print_changes, make_comparison(changes=(LabelChange("bug", None, 3),)))

        assert lines[-1] == "3 bug → (no label)"

    def test_many(self, make_comparison):
        """Ten kinds are shown, the others are counted."""
        changes = tuple(LabelChange("bug", f"class {n}", 20 - n) for n in range(13))

        lines = printed(print_changes, make_comparison(changes=changes))

        assert len(lines) == 1 + 1 + 10 + 1
        assert lines[-1] == "and 3 other kinds of change, 27 rows"

    def test_none(self, make_comparison):
        """Where no label changed, the title says so."""
        fates = replace(make_comparison().fates, changed=0)

        assert printed(print_changes, make_comparison(changes=(), fates=fates))[1:] == ["No label changed"]

    def test_one(self, make_comparison):
        """One label is one label."""
        fates = replace(make_comparison().fates, changed=1)

        lines = printed(print_changes, make_comparison(changes=(LabelChange("a", "b", 1),), fates=fates))

        assert lines[1:] == ["1 label changed", "1 a → b"]

    def test_plain_terminal(self, make_comparison):
        """Where a terminal has no arrow, two characters stand for it."""
        assert "40 billing -> bug" in printed(print_changes, make_comparison(), encoding="ascii")

    def test_control_characters(self, make_comparison):
        """What a terminal would obey is shown."""
        changes = (LabelChange("a\x1b[31mb", "c\nd", 1),)

        assert printed(print_changes, make_comparison(changes=changes))[-1] == r"1 a\x1b[31mb → c d"


class TestFates:
    """What became of doubted rows."""

    def test_all(self, make_comparison):
        """Each fate with its rows and what it means."""
        assert printed(print_fates, make_comparison())[1:9] == [
            "Doubted rows: 60 before, 20 after",
            "30 fixed doubted before; the label changed, and is not doubted now",
            "10 cleared not doubted any more, though the label stayed",
            "15 kept doubted before and now, 5 of them with another label",
            "2 set aside doubted before, and without a label or judged unusable now",
            "4 new doubted now and not before",
            "3 gone doubted before, and no longer in the file",
            "1 added doubted now, and not in the file before",
        ]

    def test_rare_fates(self, make_comparison):
        """Fates that are rare are told where there are any; the others are told always."""
        lines = printed(print_fates, make_comparison(fates=NONE, gone_doubted=0, added_doubted=0))

        assert [line.split()[:2] for line in lines[2:6]] == [
            ["0", "fixed"],
            ["0", "cleared"],
            ["0", "kept"],
            ["0", "new"],
        ]
        assert lines[4] == "0 kept doubted before and now"
        assert lines[6] == ""

    def test_by_class(self, make_comparison):
        """A line for each label before."""
        lines = printed(print_fates, make_comparison())
        start = lines.index("By label before")

        assert lines[start + 1 : start + 5] == [
            "rows doubted fixed cleared kept new changed",
            "billing 700 40 20 5 13 1 40",
            "bug 499 17 10 5 2 2 29",
            "(no label) 1 0 0 0 0 1 1",
        ]

    def test_no_label_and_nothing_to_tell(self, make_comparison):
        """Rows that have no label on either side are not told of."""
        usual = make_comparison()
        quiet = replace(NONE, n_rows=7)

        lines = printed(print_fates, make_comparison(by_class={"bug": usual.fates, None: quiet}))

        assert not any("(no label)" in line for line in lines)

    def test_a_class_of_that_name(self, make_comparison):
        """A class called like that is a class of its own."""
        usual = make_comparison()

        lines = printed(print_fates, make_comparison(by_class={"(no label)": usual.fates, None: usual.fates}))

        assert sum(line.startswith("(no label) 1,200") for line in lines) == 2

    def test_by_annotator(self, make_comparison):
        """A line for each annotator, and what it counts."""
        lines = printed(print_fates, make_comparison())
        start = lines.index("By annotator rows whose label before was their answer")

        assert lines[start + 2] == "ada 900 20 12 4 4 3 30"

    def test_no_annotators(self, make_comparison):
        """Without annotators there is no such table."""
        lines = printed(print_fates, make_comparison(by_annotator={}))

        assert not any(line.startswith("By annotator") for line in lines)

    def test_many_classes(self, make_comparison):
        """Of many the twenty with most to tell are shown, in their own order."""
        by_class = {f"class {n:02}": replace(NONE, n_rows=9, changed=n) for n in range(25)}

        lines = printed(print_fates, make_comparison(by_class=by_class, by_annotator={}))
        start = lines.index("By label before 20 of 25")

        assert [line[:8] for line in lines[start + 2 :]] == [f"class {n:02}" for n in range(5, 25)]

    def test_many_annotators(self, make_comparison):
        """Of many annotators, too, and what the table counts is still said."""
        by_annotator = {f"rater {n:02}": replace(NONE, n_rows=9, new=n) for n in range(21)}

        lines = printed(print_fates, make_comparison(by_annotator=by_annotator))

        assert "By annotator rows whose label before was their answer; 20 of 21" in lines
