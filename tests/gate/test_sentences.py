from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from doubtcli.gate.result import LABEL_CONFLICT, RULES, UNLABELLED, Change, Outcome, Waiver
from doubtcli.gate.sentences import (
    describe_check,
    describe_finding,
    fit_on_line,
    is_failed_without_rows,
    list_failing_new_first,
    make_repository_path,
    make_shown_path,
    make_uri,
    sort_worst_first,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from doubtcli.gate.result import Check, FileResult, Finding
    from tests.conftest import Sentences

FAILED, UNKNOWN = Outcome.FAILED, Outcome.NOT_ASSESSABLE


def test_doubted(a_finding: Callable[..., Finding], sentences: Sentences) -> None:
    """A doubted row is described by its id, its labels, its doubt, and why."""
    sentences.check(describe_finding(a_finding(lines=(18, 18)), RULES))


def test_without_a_line(a_finding: Callable[..., Finding]) -> None:
    """Where the row's line is not known, its number is shown."""
    assert describe_finding(a_finding(), RULES).startswith('T0017 (row 17): label "refund"')


def test_nothing_better(a_finding: Callable[..., Finding]) -> None:
    """Without a better label none is suggested; without a reason the rule's meaning is shown."""
    finding = a_finding(suggested_label="refund", why="", rule="doubted", lines=(2, 2))

    text = describe_finding(finding, {"doubted": "All of them together."})

    assert text.count("refund") == 1
    assert text.endswith(" All of them together.")


def test_conflict(a_finding: Callable[..., Finding], sentences: Sentences) -> None:
    """A row in conflict is not called doubted."""
    finding = a_finding(rule=LABEL_CONFLICT, why="", lines=(2, 2))

    text = describe_finding(finding, RULES)

    assert text.startswith('T0017: label "refund" ')
    assert "doubted" not in text
    sentences.check(text)


def test_unlabelled(a_finding: Callable[..., Finding], sentences: Sentences) -> None:
    """A row without a label is described in one sentence."""
    finding = a_finding(rule=UNLABELLED, given_label=None, doubt=None, why="", lines=(2, 2))

    sentences.check(describe_finding(finding, RULES))


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        ({"change": Change.NEW, "change_why": "the row was added"}, " New: the row was added."),
        ({"change": Change.NEW}, " New."),
        ({"change": Change.KNOWN, "change_why": "it varies"}, " W."),
        ({"waiver": Waiver("T0017", 1, why="checked by ada.")}, " Waived: checked by ada."),
        ({"waiver": Waiver("T0017", 1)}, " Waived."),
    ],
)
def test_new_or_waived(a_finding: Callable[..., Finding], changes: dict[str, object], end: str) -> None:
    """The last sentence says that a row is new or waived, and why."""
    assert describe_finding(a_finding(**{"why": "w"} | changes), RULES).endswith(end)


def test_without_doubt(a_finding: Callable[..., Finding], sentences: Sentences) -> None:
    """A doubt that was not measured is left out."""
    finding = a_finding(doubt=None, suggested_label=None, why="", rule="x", lines=(2, 2))

    sentences.check(describe_finding(finding, {}))


def test_failed(a_check: Callable[..., Check], sentences: Sentences) -> None:
    """A limit that was not met is shown with its figures and what was measured."""
    check = a_check(value=0.0431, bound=0.03, outcome=FAILED)

    sentences.check(describe_check(check))


def test_not_a_number(a_check: Callable[..., Check], sentences: Sentences) -> None:
    """A limit that is not a number has no figures."""
    check = a_check(limit="require-reason", of="outlier", value=None, bound=None, outcome=FAILED, measured="")

    sentences.check(describe_check(check))


def test_not_assessable(a_check: Callable[..., Check], sentences: Sentences) -> None:
    """A limit that can't be assessed is shown without figures."""
    check = a_check(outcome=UNKNOWN, measured="", why="")

    sentences.check(describe_check(check))


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, False),
        ({"outcome": FAILED, "rows": ("a",)}, False),
        ({"outcome": FAILED}, True),
        ({"outcome": FAILED, "rows": ("a",), "limit": "max-noise"}, True),
        ({"outcome": UNKNOWN, "rows": ("a",)}, True),
        ({"outcome": UNKNOWN, "rows": ("a",), "allowed": True}, False),
    ],
)
def test_failed_without_rows(
    a_check: Callable[..., Check], changes: dict[str, object], expected: bool
) -> None:
    """A limit that was not met is shown for the file if there are no rows to show for it."""
    assert is_failed_without_rows(a_check(**changes)) is expected


def test_cut() -> None:
    """A long text is cut, with a sign of that."""
    assert fit_on_line("a" * 10_000, 5) == "aaaa…"
    assert fit_on_line("aaaaa", 5) == "aaaaa"


def test_blank_id(a_finding: Callable[..., Finding]) -> None:
    """A row with a blank id is named by its number; blanks in a label are kept."""
    finding = a_finding(row_id=" ", given_label=" a\n", why=" ", lines=(2, 2))

    assert describe_finding(finding, {}).startswith(r'row 17: label " a\n" ')


def test_one_line(nasty: str) -> None:
    """The line has only visible characters, with any text in the data."""
    assert all(c.isprintable() or c in "\u200c\u200d" for c in fit_on_line(nasty))


def test_worst_first(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """Rows of all files are sorted together: failing ones first, waived ones last, each by doubt."""
    waived = a_finding(row_id="waived", doubt=0.99, waiver=Waiver("waived", 1))
    low = a_finding(row_id="low", doubt=0.6)
    unlabelled = a_finding(row_id="unlabelled", doubt=None)
    failing = a_finding(row_id="failing", doubt=0.5, failed=("max-new",))
    high = a_finding(row_id="high", doubt=0.9)
    files = [a_file(findings=(waived, low, unlabelled)), a_file(path="b.csv", findings=(failing, high))]

    found = sort_worst_first(files)

    assert [finding.row_id for _, finding in found] == ["failing", "high", "low", "unlabelled", "waived"]
    assert [file.path for file, _ in found[:3]] == ["b.csv", "b.csv", "data/tickets.csv"]


def test_failing_first_new(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """Of the rows because of which a limit failed, the new ones come first; others are left out."""
    rows = (
        a_finding(row_id="fine", doubt=0.99),
        a_finding(row_id="known", doubt=0.9, failed=("x",), change=Change.KNOWN),
        a_finding(row_id="new", doubt=0.6, failed=("x",), change=Change.NEW),
    )

    assert [finding.row_id for _, finding in list_failing_new_first([a_file(findings=rows)])] == [
        "new",
        "known",
    ]


NO_SUCH_NAMES = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file names")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("data/train.csv", "data/train.csv"),
        ("./data//train.csv", "data/train.csv"),
        ("a b.csv", "a%20b.csv"),
        pytest.param("a:b.csv", "a%3Ab.csv", marks=NO_SUCH_NAMES),
        ("50%#?.csv", "50%25%23%3F.csv"),
        ("é.csv", "%C3%A9.csv"),
        pytest.param("\udcff.csv", "%FF.csv", marks=NO_SUCH_NAMES),
        ("\ud800.csv", "%EF%BF%BD.csv"),
        ("-", "-"),
    ],
)
@pytest.mark.usefixtures("home")
def test_relative(path: str, expected: str) -> None:
    """A path below the working directory is a relative reference, percent-encoded."""
    assert make_uri(path) == (expected, True)


def test_absolute_path_below(home: Path) -> None:
    """An absolute path below the working directory is made relative to it."""
    assert make_uri(str(home / "data" / "train.csv")) == ("data/train.csv", True)


def test_elsewhere(home: Path) -> None:
    """A file outside the working directory has an absolute path, and a `file:` URI."""
    assert make_repository_path("../a b.csv") == (home.parent / "a b.csv").as_posix()
    assert make_uri("../a b.csv") == (f"file://{home.parent.as_posix()}/a%20b.csv", False)


def test_links_are_kept(home: Path) -> None:
    """A folder that is a link keeps the name that it has in the repository."""
    (home / "elsewhere").mkdir()
    (home / "data").symlink_to(home / "elsewhere")

    assert make_repository_path("data/train.csv") == "data/train.csv"


@pytest.mark.usefixtures("home")
def test_dots() -> None:
    """A name that only begins with two dots does not lead to the parent folder."""
    assert make_repository_path("..data/train.csv") == "..data/train.csv"


@pytest.mark.usefixtures("home")
def test_shown() -> None:
    """A path that is shown has no control characters in it."""
    assert make_shown_path("a\x1b[31m/\udcff b.csv") == r"a\x1b[31m/\udcff b.csv"
