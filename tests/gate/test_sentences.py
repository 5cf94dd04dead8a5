from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from doubtcli.gate.result import LABEL_CONFLICT, RULES, UNLABELLED, Change, Outcome, Waiver
from doubtcli.gate.sentences import (
    check_sentences,
    failing_first_new,
    is_of_the_file,
    on_a_line,
    repository_path,
    row_sentences,
    shown_path,
    uri,
    worst_first,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from doubtcli.gate.result import Check, FileResult, Finding

FAILED, UNKNOWN = Outcome.FAILED, Outcome.NOT_ASSESSABLE


def test_doubted(a_finding: Callable[..., Finding]) -> None:
    """A doubted row is told by its id, its labels, its doubt, and why."""
    assert row_sentences(a_finding(lines=(18, 18)), RULES) == (
        'T0017: label "refund" is doubted (0.97), "billing" is suggested. '
        "Models give billing 0.97, refund 0.01."
    )


def test_without_a_line(a_finding: Callable[..., Finding]) -> None:
    """Where no line leads to the row, its place in the file does."""
    assert row_sentences(a_finding(), RULES).startswith('T0017 (row 17): label "refund"')


def test_nothing_better(a_finding: Callable[..., Finding]) -> None:
    """A label for which nothing better is seen stands alone; a rule speaks where no reason does."""
    finding = a_finding(suggested_label="refund", why="", rule="doubted", lines=(2, 2))

    assert row_sentences(finding, {"doubted": "All of them together."}) == (
        'T0017: label "refund" is doubted (0.97). All of them together.'
    )


def test_conflict(a_finding: Callable[..., Finding]) -> None:
    """A row in conflict is not said to be doubted."""
    finding = a_finding(rule=LABEL_CONFLICT, why="", lines=(2, 2))

    assert row_sentences(finding, RULES) == (
        'T0017: label "refund" is in conflict. The very same input stands elsewhere with another label.'
    )


def test_unlabelled(a_finding: Callable[..., Finding]) -> None:
    """A row without a label is told in one sentence."""
    finding = a_finding(rule=UNLABELLED, given_label=None, doubt=None, why="", lines=(2, 2))

    assert row_sentences(finding, RULES) == "T0017: it has no label."


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"change": Change.NEW, "change_why": "the row was added"}, " New: the row was added."),
        ({"change": Change.NEW}, " New."),
        ({"change": Change.KNOWN, "change_why": "it wobbles"}, " W."),
        ({"waiver": Waiver("T0017", 1, why="checked by ada.")}, " Waived: checked by ada."),
        ({"waiver": Waiver("T0017", 1)}, " Waived."),
    ],
)
def test_what_is_known(a_finding: Callable[..., Finding], changes: dict[str, object], told: str) -> None:
    """What is new or waived ends with saying so."""
    assert row_sentences(a_finding(**{"why": "w"} | changes), RULES).endswith(told)


def test_without_doubt(a_finding: Callable[..., Finding]) -> None:
    """A doubt that nobody measured is not told."""
    finding = a_finding(doubt=None, suggested_label=None, why="", rule="x", lines=(2, 2))

    assert row_sentences(finding, {}) == 'T0017: label "refund" is doubted.'


def test_failed(a_check: Callable[..., Check]) -> None:
    """A limit that was not met is told with its figures and what they rest on."""
    check = a_check(value=0.0431, bound=0.03, outcome=FAILED)

    assert check_sentences(check) == "max-doubted failed: 4.3%, at most 3%. Doubted rows: 4 of 100 rows."


def test_not_a_number(a_check: Callable[..., Check]) -> None:
    """A limit that is no number has no figures."""
    check = a_check(limit="require-reason", of="outlier", value=None, bound=None, outcome=FAILED, measured="")

    assert check_sentences(check) == "require-reason outlier failed. 4 of 100 rows."


def test_not_assessable(a_check: Callable[..., Check]) -> None:
    """A limit that nobody can tell of is not said to be over its bound."""
    check = a_check(outcome=UNKNOWN, measured="", why="")

    assert check_sentences(check) == "max-doubted is not assessable."


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({}, False),
        ({"outcome": FAILED, "rows": ("a",)}, False),
        ({"outcome": FAILED}, True),
        ({"outcome": FAILED, "rows": ("a",), "limit": "max-noise"}, True),
        ({"outcome": UNKNOWN, "rows": ("a",)}, True),
        ({"outcome": UNKNOWN, "rows": ("a",), "allowed": True}, False),
    ],
)
def test_of_the_file(a_check: Callable[..., Check], changes: dict[str, object], told: bool) -> None:
    """A limit that was not met is the file's where no single rows stand for it."""
    assert is_of_the_file(a_check(**changes)) is told


def test_cut() -> None:
    """A long text is cut, and shows that it is."""
    assert on_a_line("a" * 10_000, 5) == "aaaa…"
    assert on_a_line("aaaaa", 5) == "aaaaa"


def test_blank_id(a_finding: Callable[..., Finding]) -> None:
    """A row whose id nobody can see is told by its place; blanks of a label are kept."""
    finding = a_finding(row_id=" ", given_label=" a\n", why=" ", lines=(2, 2))

    assert row_sentences(finding, {}) == r'row 17: label " a\n" is doubted (0.97), "billing" is suggested.'


def test_one_line(nasty: str) -> None:
    """Whatever stands in the data, only what can be seen is in the line."""
    assert all(c.isprintable() or c in "\u200c\u200d" for c in on_a_line(nasty))


def test_worst_first(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """Rows of all files stand together: failing ones first, waived ones last, each by doubt."""
    waived = a_finding(row_id="waived", doubt=0.99, waiver=Waiver("waived", 1))
    low = a_finding(row_id="low", doubt=0.6)
    unlabelled = a_finding(row_id="unlabelled", doubt=None)
    failing = a_finding(row_id="failing", doubt=0.5, failed=("max-new",))
    high = a_finding(row_id="high", doubt=0.9)
    files = [a_file(findings=(waived, low, unlabelled)), a_file(path="b.csv", findings=(failing, high))]

    told = worst_first(files)

    assert [finding.row_id for _, finding in told] == ["failing", "high", "low", "unlabelled", "waived"]
    assert [file.path for file, _ in told[:3]] == ["b.csv", "b.csv", "data/tickets.csv"]


def test_failing_first_new(a_finding: Callable[..., Finding], a_file: Callable[..., FileResult]) -> None:
    """Of the rows that fail a limit the new ones come first; others are left out."""
    rows = (
        a_finding(row_id="fine", doubt=0.99),
        a_finding(row_id="known", doubt=0.9, failed=("x",), change=Change.KNOWN),
        a_finding(row_id="new", doubt=0.6, failed=("x",), change=Change.NEW),
    )

    assert [finding.row_id for _, finding in failing_first_new([a_file(findings=rows)])] == ["new", "known"]


NO_SUCH_NAMES = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such file names")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("path", "told"),
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
def test_relative(path: str, told: str) -> None:
    """A path below the working directory is a relative reference, percent-encoded."""
    assert uri(path) == (told, True)


def test_whole_path_below(home: Path) -> None:
    """A whole path is told as seen from the working directory."""
    assert uri(str(home / "data" / "train.csv")) == ("data/train.csv", True)


def test_elsewhere(home: Path) -> None:
    """A file outside the working directory has a whole path, and a `file:` URI."""
    assert repository_path("../a b.csv") == (home.parent / "a b.csv").as_posix()
    assert uri("../a b.csv") == (f"file://{home.parent.as_posix()}/a%20b.csv", False)


def test_links_are_kept(home: Path) -> None:
    """A folder that is a link stays the folder that the repository has."""
    (home / "elsewhere").mkdir()
    (home / "data").symlink_to(home / "elsewhere")

    assert repository_path("data/train.csv") == "data/train.csv"


@pytest.mark.usefixtures("home")
def test_dots() -> None:
    """A name that only begins with two dots is no way out."""
    assert repository_path("..data/train.csv") == "..data/train.csv"


@pytest.mark.usefixtures("home")
def test_shown() -> None:
    """A path that is shown has nothing in it that a terminal would obey."""
    assert shown_path("a\x1b[31m/\udcff b.csv") == r"a\x1b[31m/\udcff b.csv"
