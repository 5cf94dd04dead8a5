from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from doubtcli.gate.formats.github import finish_github, render_github
from doubtcli.gate.formats.markdown import render_markdown
from doubtcli.gate.result import RULES, LapsedWaiver, Outcome, Waiver
from doubtcli.gate.sentences import describe_check, describe_finding

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from doubtcli.gate.result import Check, FileResult, Finding, GateResult
    from tests.conftest import Sentences

FAILED = Outcome.FAILED


class Command(NamedTuple):
    """An annotation, read back."""

    kind: str
    properties: dict[str, str]
    message: str


def unescaped(text: str, *, is_property: bool) -> str:
    """A value as a runner reads it: the percent sign is restored last."""
    for code, character in (("%0D", "\r"), ("%0A", "\n")):
        text = text.replace(code, character)
    if is_property:
        text = text.replace("%3A", ":").replace("%2C", ",")
    return text.replace("%25", "%")


def command(line: str) -> Command:
    """A line as a runner splits it: at the first `::` after the one at its start."""
    assert line.startswith("::")
    head, found, message = line[2:].partition("::")
    assert found
    kind, _, listed = head.partition(" ")
    pairs = (pair.partition("=") for pair in listed.split(","))
    properties = {name: unescaped(value, is_property=True) for name, _, value in pairs}
    return Command(kind, properties, unescaped(message, is_property=False))


def commands_of(result: GateResult) -> list[Command]:
    """All annotations; nothing else is printed."""
    text = render_github(result)
    assert text.endswith("\n")
    return [command(line) for line in text[:-1].split("\n")]


def test_lines(
    a_check: Callable[..., Check],
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
) -> None:
    """An error per limit, a warning per row at its lines, a notice for all."""
    check = a_check(limit="max-per-class", of="a:b", value=0.06, outcome=FAILED)
    finding = a_finding(failed=("max-per-class a:b",), lines=(18, 20), why="50%")

    text = render_github(a_result(a_file(path="a,b.csv", checks=(check,), findings=(finding,))))

    heads, messages = zip(*(line[2:].split("::", 1) for line in text.splitlines()), strict=True)
    assert heads == (
        "error title=doubt%3A max-per-class a%3Ab,file=a%2Cb.csv",
        "warning title=doubt%3A low-self-confidence,file=a%2Cb.csv,line=18,endLine=20",
        "notice title=doubt",
    )
    assert messages[:2] == (
        describe_check(check).replace("%", "%25"),
        describe_finding(finding, RULES).replace("%", "%25"),
    )


def test_passed(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A gate that passed is one notice."""
    (notice,) = commands_of(a_result(a_file(findings=(a_finding(),))))

    assert (notice.kind, notice.properties) == ("notice", {"title": "doubt"})


def test_something_of_everything(full_result: GateResult, sentences: Sentences) -> None:
    """Limits come first, then rows with the new ones first; waived rows are left out."""
    commands = commands_of(full_result)

    assert [one.kind for one in commands] == ["error"] * 7 + ["warning"] * 6 + ["notice"]
    assert [one.message.partition(":")[0] for one in commands[7:9]] == ["T0017", "T0480"]
    sentences.check(commands[-1].message)


def test_no_line(
    a_finding: Callable[..., Finding], a_file: Callable[..., FileResult], a_result: Callable[..., GateResult]
) -> None:
    """A row of a file without lines is shown at the file; for standard input no file is named."""
    finding = a_finding(failed=("max-doubted",))

    named = commands_of(a_result(a_file(findings=(finding,))))[0]
    piped = commands_of(a_result(a_file(path="-", findings=(finding,))))[0]

    assert named.properties == {"title": "doubt: low-self-confidence", "file": "data/tickets.csv"}
    assert piped.properties == {"title": "doubt: low-self-confidence"}


def test_most(
    a_check: Callable[..., Check],
    a_finding: Callable[..., Finding],
    a_file: Callable[..., FileResult],
    a_result: Callable[..., GateResult],
    sentences: Sentences,
) -> None:
    """At most 10 errors and 10 warnings are printed, and the notice counts those left out."""
    checks = tuple(a_check(of=f"class {n}", outcome=FAILED) for n in range(12))
    rows = tuple(a_finding(row_id=f"R{n}", doubt=n / 100, failed=("x",)) for n in range(60))

    commands = commands_of(a_result(a_file(checks=checks, findings=rows)))

    assert [one.kind for one in commands] == ["error"] * 10 + ["warning"] * 10 + ["notice"]
    assert commands[10].message.startswith("R59 (row 17): ")
    sentences.check(commands[-1].message)


def test_lapsed(a_result: Callable[..., GateResult]) -> None:
    """Waivers that applied to no row are counted."""
    lapsed = (LapsedWaiver(Waiver("T1", 1), "expired"),) * 17

    assert " 17." in commands_of(a_result(lapsed=lapsed))[-1].message


def test_any_text(nasty: str, nasty_result: GateResult) -> None:
    """With any text in the data, a runner reads what was meant, and no other command."""
    commands = commands_of(nasty_result)

    assert [one.kind for one in commands] == ["error", "error", "warning", "warning", "notice"]
    assert {tuple(one.properties) for one in commands[:4]} == {("title", "file")}
    if nasty.isprintable() and nasty.strip() and len(nasty) < 100:
        assert commands[0].properties["title"] == f"doubt: max-doubted {nasty}"[: len("doubt: ") + 100]
        assert f'label "{nasty}" is doubted (0.97), "{nasty}!" is suggested.' in commands[2].message


def test_summary(full_result: GateResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Markdown is added to the summary of the step, if there is a file for it."""
    finish_github(full_result)
    summary = tmp_path / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))

    finish_github(full_result)

    assert summary.read_text(encoding="utf-8") == f"before\n{render_markdown(full_result)}"
