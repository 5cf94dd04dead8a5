"""Suggestions that are accepted without a person, on a queue of 200 rows that were all flagged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.apply.accept import ACCEPTED_BY, describe_acceptance, parse_at_least
from doubtcli.errors import InputError, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.apply.conftest import Desk
    from tests.conftest import Sentences

KEY = "f1a65f1a"
ROWS = [f"r{number:03}" for number in range(1, 201)]


def stratum(place: int, draw: int | None = None, n_drawn: int = 100, audit: str = KEY) -> str:
    """The place of a row in the spot check, as a queue has it."""
    drawn = "" if draw is None else f", drawn {draw} of {n_drawn}"
    return f"spot check {place} of 200{drawn}, audit {audit}"


def queue(n_drawn: int = 100, right: float = 1.0, **fields: str) -> list[dict[str, str]]:
    """The verdicts of a spot check that drew every other row, and decided a share of them as suggested."""
    answers = []
    for place, row_id in enumerate(ROWS, start=1):
        draw = (place + 1) // 2 if place % 2 and place < 2 * n_drawn else None
        label = "" if draw is None else "neg" if draw <= right * n_drawn else "pos"
        one = {"doubt_id": row_id, "given_label": "pos", "verdict": label}
        answers.append(one | {"doubt_stratum": stratum(place, draw, n_drawn)} | fields)
    return answers


@pytest.fixture
def flagged(desk: Desk) -> Desk:
    """A file of 200 rows labelled "pos", for all of which "neg" is suggested, and 10 labelled "neg"."""
    lines = [f"{row_id},text {row_id},pos" for row_id in ROWS]
    lines += [f"n{number},other {number},neg" for number in range(10)]
    (desk.folder / "data.csv").write_text("\n".join(["id,text,label", *lines]) + "\n", encoding="utf-8")
    desk.audit("data.csv", id="id", doubted=ROWS, suggested=dict.fromkeys(ROWS, "neg"))
    return desk


def accept(desk: Desk, **options: Any) -> Any:
    """What is accepted, when the corrected file is written."""
    return desk.apply("data.csv", "fixed.csv", at_least=0.95, **options).acceptance


def test_accepted(flagged: Desk) -> None:
    """Where 100 of 100 drawn suggestions are right, the other 100 are taken at 95%."""
    flagged.decide(*queue())

    found = accept(flagged)

    assert (found.n_accepted, found.n_first, found.n_checked, found.n_chosen) == (100, 200, 100, 100)
    assert found.n_right >= 95
    assert (flagged.folder / "fixed.csv").read_text(encoding="utf-8").count(",neg") == 210


def test_ledger(flagged: Desk) -> None:
    """In the ledger, an accepted suggestion is nobody's decision."""
    flagged.decide(*queue(annotator="ann"))

    accept(flagged)

    lines = {line["row_id"]: line for line in flagged.ledger("fixed.csv")}
    assert (lines["r002"]["who"], lines["r002"]["when"], lines["r002"]["tool"]) == ([], "", ACCEPTED_BY)
    assert (lines["r001"]["who"], lines["r001"]["tool"]) == (["ann"], "doubt")


def test_undo(flagged: Desk) -> None:
    """An undo gives the file as it was, byte for byte."""
    flagged.decide(*queue())
    before = (flagged.folder / "data.csv").read_bytes()
    accept(flagged)

    flagged.undo("fixed.csv", in_place=True)

    assert (flagged.folder / "fixed.csv").read_bytes() == before


def test_twice_in_place(flagged: Desk) -> None:
    """Accepting again in the same file changes nothing."""
    flagged.decide(*queue())
    flagged.apply("data.csv", in_place=True, at_least=0.95)
    before = (flagged.folder / "data.csv").read_bytes()

    again = flagged.apply("data.csv", in_place=True, at_least=0.95)

    assert again.batch is None
    assert (flagged.folder / "data.csv").read_bytes() == before


def test_dry_run(flagged: Desk) -> None:
    """A dry run says what would be accepted, and writes nothing."""
    flagged.decide(*queue())
    before = flagged.list_files()

    found = flagged.apply("data.csv", dry_run=True, at_least=0.95)

    assert (found.acceptance.n_accepted, len(found.batch.lines)) == (100, 200)
    assert flagged.list_files() == before


def test_too_few(flagged: Desk, sentences: Sentences) -> None:
    """With too few verdicts no suggestion is taken, verdicts are applied, and it is said what to do."""
    flagged.decide(*queue(n_drawn=20))

    found = flagged.apply("data.csv", "fixed.csv", at_least=0.95)

    assert (found.acceptance.n_accepted, len(found.batch.lines)) == (0, 20)
    assert 40 <= found.acceptance.n_needed <= 80
    sentences.check(describe_acceptance(found.acceptance))


def test_too_often_wrong(flagged: Desk, sentences: Sentences) -> None:
    """Where people often chose otherwise, no suggestion is taken, and no number of verdicts is named."""
    flagged.decide(*queue(right=0.5)[::-1])

    found = flagged.apply("data.csv", "fixed.csv", at_least=0.99)

    assert (found.acceptance.n_accepted, found.acceptance.n_needed) == (0, None)
    sentences.check(describe_acceptance(found.acceptance))


def test_strict(flagged: Desk) -> None:
    """With --strict nothing is written if no suggestion can be accepted."""
    flagged.decide(*queue(n_drawn=20))

    found = flagged.apply("data.csv", "fixed.csv", at_least=0.95, strict=True)

    assert found.refusal
    assert not (flagged.folder / "fixed.csv").exists()


def test_a_part(flagged: Desk) -> None:
    """Where suggestions are right in the upper half alone, rows are taken from there."""
    flagged.decide(*queue(right=0.5))

    found = flagged.apply("data.csv", "fixed.csv", at_least=0.8)

    assert 30 <= found.acceptance.n_accepted <= 75
    assert found.acceptance.n_first <= 150


def test_nothing_left(flagged: Desk, sentences: Sentences) -> None:
    """Where people have decided the whole queue, nothing is left to accept."""
    flagged.decide(*({**one, "verdict": "neg"} for one in queue()))

    found = accept(flagged)

    assert (found.n_accepted, found.n_left) == (0, 0)
    sentences.check(describe_acceptance(found))


def test_sentence(flagged: Desk, sentences: Sentences) -> None:
    """It is said how many suggestions were accepted, from where, and what vouches for them."""
    flagged.decide(*queue())

    sentences.check(describe_acceptance(accept(flagged)))


def test_skipped_row(flagged: Desk) -> None:
    """A row that a person skipped is never accepted, drawn or not."""
    answers = queue()
    answers[1]["verdict_status"] = "skip"
    flagged.decide(*answers)

    assert accept(flagged).n_accepted == 99


def test_own_decision(flagged: Desk) -> None:
    """A row that a person decided keeps that decision, and nobody decides on it again."""
    answers = queue()
    answers[1]["verdict"] = "pos"
    flagged.decide(*answers)

    found = flagged.apply("data.csv", "fixed.csv", at_least=0.9)

    assert [one.row_id for one in found.kept] == ["r002"]
    assert found.acceptance.n_accepted == 99


def test_no_suggestion(flagged: Desk) -> None:
    """A row without a suggestion is not among those that are taken."""
    suggested = dict.fromkeys(ROWS, "neg") | {"r002": "pos"}
    flagged.audit("data.csv", id="id", doubted=ROWS, suggested=suggested)
    flagged.decide(*queue())

    assert accept(flagged).n_accepted == 99


def test_edited_row(flagged: Desk) -> None:
    """A row that was edited since the audit is left as it is."""
    flagged.decide(*queue())
    path: Path = flagged.folder / "data.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("text r002", "new text"), encoding="utf-8")

    found = flagged.apply("data.csv", "fixed.csv", at_least=0.95)

    assert [one.row_id for one in found.settled.unapplied] == ["r002"]
    assert "new text,pos" in (flagged.folder / "fixed.csv").read_text(encoding="utf-8")


def test_no_spot_check(flagged: Desk, sentences: Sentences) -> None:
    """Without verdicts on rows that were drawn at random it is refused."""
    flagged.decide(*({**one, "doubt_stratum": ""} for one in queue()))

    error = flagged.check_refused(InputError, "data.csv", "fixed.csv", at_least=0.95)

    sentences.check(error)


def test_nothing_decided(flagged: Desk) -> None:
    """A spot check without any verdict is refused."""
    flagged.decide(*({**one, "verdict": ""} for one in queue()))

    flagged.check_refused(InputError, "data.csv", "fixed.csv", at_least=0.95)


def test_another_audit(flagged: Desk) -> None:
    """A spot check of another audit is refused: its suggestions are not those that people saw."""
    flagged.decide(*({**one, "doubt_stratum": one["doubt_stratum"].replace(KEY, "00")} for one in queue()))

    error = flagged.check_refused(InputError, "data.csv", "fixed.csv", at_least=0.95)

    assert "--audit" in (error.hint or "")


def test_several_spot_checks(flagged: Desk) -> None:
    """Verdicts of two spot checks that don't fit together are refused."""
    first, *rest = queue()
    flagged.decide({**first, "doubt_stratum": stratum(2, 1)}, *rest)

    flagged.check_refused(InputError, "data.csv", "fixed.csv", at_least=0.95)


@pytest.mark.parametrize(("text", "share"), [(None, 0.95), ("80%", 0.8), ("0.5", 0.5)])
def test_share(text: str | None, share: float) -> None:
    """The share is given in percent or as a number, and 95% if left out."""
    assert parse_at_least(text, accept=True) == share


def test_nothing_is_accepted_unasked() -> None:
    """Without the option nothing is accepted."""
    assert parse_at_least(None, accept=False) is None


@pytest.mark.parametrize("text", ["49%", "100%", "1", "most", "-1"])
def test_no_share(text: str) -> None:
    """A share below a half or of all is refused, and so is what is none."""
    with pytest.raises(SettingsError) as caught:
        parse_at_least(text, accept=True)

    assert caught.value.where == "--at-least"


def test_share_alone() -> None:
    """A share is refused if no suggestions are to be accepted."""
    with pytest.raises(SettingsError):
        parse_at_least("95%", accept=False)
