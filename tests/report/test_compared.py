from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from doubtcli.records import NoiseRate, Skill
from doubtcli.report.compared import print_comparison

SNAPSHOTS = Path(__file__).parent / "snapshots"
BLIND = Skill(
    assessable=False,
    why="models predict no better than the largest class",
    accuracy=0.5,
    balanced_accuracy=0.33,
    majority_accuracy=0.5,
    permuted_accuracy=0.41,
)


def printed(comparison, *, width=80):
    """What a pipe gets."""
    file = io.StringIO()
    print_comparison(Console(file=file, width=width), comparison)
    return file.getvalue()


def words(comparison):
    """What is printed, its white space made one blank."""
    return " ".join(printed(comparison).split())


def section(text, title):
    """The lines below a title, their blanks made one."""
    lines = [" ".join(line.split()) for line in text.splitlines()]
    start = next(place for place, line in enumerate(lines) if line.startswith(title)) + 1
    rest = lines[start:]
    return rest[: rest.index("")] if "" in rest else rest


@pytest.mark.parametrize("width", [80, 140])
def test_snapshot(make_comparison, width):
    """The whole report, as a pipe gets it."""
    snapshot = (SNAPSHOTS / f"compared-{width}.txt").read_text(encoding="utf-8")

    assert printed(make_comparison(), width=width) == snapshot


@pytest.mark.parametrize("width", [60, 80, 140])
def test_width(make_comparison, width):
    """No line is wider than the console, long as names may be, and nothing commands it."""
    long = "b" * 200 + "\x1b[31m"
    usual = make_comparison()
    comparison = make_comparison(
        by_class={long: usual.fates, "bug": usual.fates},
        by_annotator={long: usual.fates},
        changes=(replace(usual.changes[0], before=long, after=long[::-1]),),
        notes=("the audits were made with other versions: doubts may differ for that alone",),
    )

    text = printed(comparison, width=width)

    assert max(map(len, text.splitlines())) <= width
    assert "\x1b" not in text


def test_nothing_changed(make_comparison):
    """Where nothing changed, one sentence says so, and no table is printed."""
    usual = make_comparison()
    fates = replace(usual.fates, changed=0, fixed=0, cleared=0, kept=57, kept_changed=0, set_aside=0, new=0)
    same = make_comparison(
        fates=fates, changes=(), n_gone=0, n_added=0, gone_doubted=0, added_doubted=0, after=usual.before
    )

    text = printed(same)

    assert "Nothing changed: both have the same rows, labels and doubted rows." in text
    assert "Doubted rows" not in text
    assert "relabelling bought" not in text


class TestRows:
    """Which rows were compared."""

    def test_all(self, make_comparison):
        """Where every row is judged, nothing more is said of it."""
        before = replace(make_comparison().before, n_rows=1_201)

        assert "data/tickets.csv: 1,201 rows\n" in printed(make_comparison(before=before))

    def test_edited(self, make_comparison):
        """Rows with other inputs are counted, if there are any."""
        assert "with other inputs now" not in words(make_comparison())
        assert "2 added (1 doubted), 4 with other inputs now" in words(make_comparison(n_edited=4))

    def test_notes(self, make_comparison):
        """Each note stands below."""
        text = printed(make_comparison(notes=("one thing", "another")))

        assert "\nnote    one thing\nnote    another\n" in text


class TestNoise:
    """The rates before and after, as far as they can be told."""

    def test_models(self, make_comparison):
        """A rate by models says so, and that labels changed by their advice prove little."""
        lines = section(printed(make_comparison()), "Label noise")

        assert lines[0] == "before 4.1% of rows (90% interval 2.2% to 6.0%), suspected by models"
        assert lines[1] == "after 1.0% of rows (90% interval 0% to 2.4%), suspected by models"
        assert "proves little" in " ".join(lines)

    def test_checked(self, make_comparison):
        """A rate that people measured says on how many rows, and needs no warning."""
        measured = NoiseRate(
            assessable=True, why="checked", rate=0.02, low=0.01, high=0.04, rests_on="verdicts", n_checked=120
        )
        after = replace(make_comparison().after, noise_rate=measured)

        text = words(make_comparison(after=after))

        assert "2.0% of rows (90% interval 1.0% to 4.0%), on 120 rows that people checked" in text
        assert "proves little" not in text

    def test_not_assessable(self, make_comparison):
        """What can't be told is said to be so, and why."""
        none = NoiseRate(assessable=False, why="models contradict 70% of the labels")
        after = replace(make_comparison().after, noise_rate=none)

        text = words(make_comparison(after=after))

        assert "after not assessable: models contradict 70% of the labels" in text
        assert "proves little" not in text

    def test_no_label_changed(self, make_comparison):
        """Where no label changed, there is nothing to warn of."""
        fates = replace(make_comparison().fates, changed=0)

        assert "proves little" not in words(make_comparison(fates=fates))


class TestSkill:
    """What the models know of the labels."""

    def test_skilled(self, make_comparison):
        """Accuracies, and the largest class beside them."""
        accuracies = "before 87.5% of labels predicted, 86.0% with classes evenly weighed"
        assert f"{accuracies} (the largest class alone: 50.0%)" in words(make_comparison())

    def test_not_assessable(self, make_comparison):
        """A lack of skill is told in its own words."""
        after = replace(make_comparison().after, skill=BLIND)

        assert "after not assessable: models predict no better than the largest class" in words(
            make_comparison(after=after)
        )

    def test_no_models(self, make_comparison):
        """Without models there is no accuracy to tell of."""
        none = replace(BLIND, why="there are no models", accuracy=None, balanced_accuracy=None)
        after = replace(make_comparison().after, skill=none)

        assert "after not assessable: there are no models" in words(make_comparison(after=after))
