from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from doubtcli.errors import InputError
from doubtcli.review.session import CORRECTED, KEPT, OPEN, SET_ASIDE, SKIPPED, StaleRowError
from doubtcli.tools.read import read_answer_files
from doubtcli.tools.verdict_lines import RowVerdict

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from doubtcli.records import ScanResult
    from doubtcli.review.session import Session


def free_rows(audit: ScanResult, n: int) -> list[int]:
    """Some rows that stand only for themselves, and were not drawn at random."""
    drawn = set(audit.sample.rows.tolist())
    entries = audit.ranking.entries
    alone = np.flatnonzero(np.bincount(entries)[entries] == 1).tolist()
    return [row for row in alone if row not in drawn][:n]


def lines_of(folder: Path) -> list[dict[str, object]]:
    """All lines in a folder, file by file."""
    return [json.loads(line) for path in sorted(folder.iterdir()) for line in path.read_text().splitlines()]


def test_decide(audit: ScanResult, start: Callable[..., Session], folder: Path) -> None:
    """A decision is one line of the person's file, with the row as it was seen."""
    session, (row,) = start(), free_rows(audit, 1)

    session.decide([row], "refund", why="asks for money")

    (line,) = lines_of(folder)
    assert (line["doubt_id"], line["verdict"], line["annotator"], line["why"]) == (
        audit.examples.row_ids[row],
        "refund",
        "ana",
        "asks for money",
    )
    assert line["given_label"] == session.given_label(row)
    assert session.verdict_on(row) == RowVerdict("refund", "", "asks for money")


def test_no_file_before_first_decision(start: Callable[..., Session], folder: Path) -> None:
    """A review in which nothing is decided leaves no file and no folder."""
    start()

    assert not folder.exists()


def test_states(audit: ScanResult, start: Callable[..., Session]) -> None:
    """A row is kept with its given label, corrected with another one, or unusable, skipped or open."""
    session, (kept, corrected, unusable, skipped, undecided) = start(), free_rows(audit, 5)
    other = next(label for label in session.labels if label != session.given_label(corrected))

    session.keep([kept])
    session.decide([corrected], other)
    session.decide([unusable], status="unusable")
    session.decide([skipped], status="skip", why="ask Ben")

    assert session.states[[kept, corrected, unusable, skipped, undecided]].tolist() == [
        KEPT,
        CORRECTED,
        SET_ASIDE,
        SKIPPED,
        OPEN,
    ]
    assert session.count_states() == {"kept": 1, "corrected": 1, "unusable": 1, "skipped": 1}


def test_accept(audit: ScanResult, start: Callable[..., Session]) -> None:
    """Accepting takes the suggested label of each row."""
    session, rows = start(), audit.ranking.queue[:3].tolist()

    session.accept(rows)

    assert [session.verdict_on(row).label for row in rows] == [
        audit.label_names[audit.ranking.suggested_labels[row]] for row in rows
    ]


def test_equal_rows(audit: ScanResult, start: Callable[..., Session], folder: Path) -> None:
    """A decision on one of some equal rows is one line, which counts them, and decides all of them."""
    equal, entries = free_rows(audit, 3), audit.ranking.entries.copy()
    entries[equal] = entries[equal[0]]
    session = start(of=replace(audit, ranking=replace(audit.ranking, entries=entries)))

    session.keep(equal[2:])

    assert session.states[equal].tolist() == [KEPT] * len(equal)
    assert [line["doubt_equal_rows"] for line in lines_of(folder)] == [len(equal)]


def test_drawn_row_has_its_draw(audit: ScanResult, start: Callable[..., Session], folder: Path) -> None:
    """The line of a row that was drawn at random says with which probability: the noise rate needs it."""
    session, row = start(), int(audit.sample.rows[0])

    session.keep([row])

    (line,) = lines_of(folder)
    assert line["doubt_stratum"] == str(audit.sample.strata[0])
    assert float(line["doubt_inclusion"]) == pytest.approx(audit.sample.inclusion[0], rel=1e-5)


def test_undo_of_many(audit: ScanResult, start: Callable[..., Session]) -> None:
    """One undo takes back what was decided on many rows at once, to what each was before."""
    session, rows = start(), free_rows(audit, 30)
    session.decide(rows[:1], status="skip")
    session.decide(rows, "refund")

    session.undo()

    assert session.states[rows].tolist() == [SKIPPED, *[OPEN] * 29]


def test_skip_after_decision(audit: ScanResult, start: Callable[..., Session]) -> None:
    """Skipping a row that is decided does not take the decision back."""
    session, (row,) = start(), free_rows(audit, 1)
    session.keep([row])

    session.decide([row], status="skip")

    assert session.states[row] == KEPT


def test_redo(audit: ScanResult, start: Callable[..., Session]) -> None:
    """Redo brings back what was taken back, until something else is decided."""
    session, (row, other) = start(), free_rows(audit, 2)
    session.decide([row], "refund")
    session.undo()

    session.redo()
    again = session.verdict_on(row)
    session.undo()
    session.keep([other])

    assert again.label == "refund"
    assert not session.can_redo
    assert session.redo() is None


def test_undo_without_a_step(start: Callable[..., Session], folder: Path) -> None:
    """Where nothing was decided there is nothing to undo, and nothing is written."""
    session = start()

    assert session.undo() is None
    assert not folder.exists()


def test_resume(audit: ScanResult, start: Callable[..., Session]) -> None:
    """A later run goes on where the last one stopped, and can take back what that one did."""
    first, (row, other) = start(), free_rows(audit, 2)
    first.keep([row])
    first.decide([other], "refund")

    later = start()
    resumed = later.verdicts
    later.undo()

    assert resumed == first.verdicts
    assert list(later.verdicts) == [audit.examples.row_ids[row]]


def test_two_people(audit: ScanResult, start: Callable[..., Session]) -> None:
    """What other people said is known, and apart from what this person says."""
    (row,) = free_rows(audit, 1)
    start("ben").decide([row], "refund")

    session = start("ana")

    assert session.verdict_on(row) is None
    assert session.others_on(row) == {"ben": RowVerdict("refund")}


def test_step_is_written_once(audit: ScanResult, start: Callable[..., Session], folder: Path) -> None:
    """A step that is sent again, as its answer got lost, is not written again, also by a later run."""
    (row,) = free_rows(audit, 1)
    start().decide([row], "refund", name="s1")
    session = start()

    assert session.decide([row], "refund", name="s1") is None
    assert len(lines_of(folder)) == 1


def test_other_window_was_faster(audit: ScanResult, start: Callable[..., Session], folder: Path) -> None:
    """A decision on a row that was decided since it was shown is refused, and nothing is written."""
    session, (row,) = start(), free_rows(audit, 1)
    seen = {row: session.version_of(row)}
    session.keep([row])

    with pytest.raises(StaleRowError):
        session.decide([row], "refund", seen_versions=seen)

    assert len(lines_of(folder)) == 1


@pytest.mark.parametrize(
    ("rows", "answer"),
    [
        ([0], {"label": "no such label"}),
        ([0], {}),
        ([0], {"label": "refund", "status": "skip"}),
        ([0], {"status": "withdrawn"}),
        ([], {"label": "refund"}),
        ([10**9], {"label": "refund"}),
        ([-1], {"label": "refund"}),
    ],
)
def test_refused(
    start: Callable[..., Session], rows: list[int], answer: dict[str, str], folder: Path
) -> None:
    """An answer that is none, or is about no row, is refused, and nothing is written."""
    session = start()

    with pytest.raises(InputError):
        session.decide(rows, **answer)

    assert not folder.exists()


def test_changed_row(audit: ScanResult, start: Callable[..., Session]) -> None:
    """A verdict on a row that has changed since does not count, and the session says how many there are."""
    (row, other) = free_rows(audit, 2)
    start().decide([row, other], "refund")
    hashes = list(audit.examples.row_hashes)
    hashes[audit.examples.positions[row]] = "0" * 16
    changed = replace(audit, examples=replace(audit.examples, row_hashes=tuple(hashes)))

    session = start(of=changed)

    assert list(session.verdicts) == [audit.examples.row_ids[other]]
    assert session.n_outdated == 1


def test_unfinished_step(audit: ScanResult, start: Callable[..., Session], folder: Path) -> None:
    """Lines of a step that a killed run did not finish are passed over, wherever it was cut off."""
    session, rows = start(), free_rows(audit, 4)
    session.keep(rows[:1])
    session.decide(rows[1:], "refund")
    (path,) = folder.iterdir()
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1

    for end in range(first, len(whole), 37):
        path.write_bytes(whole[:end])

        assert list(start().verdicts) == [audit.examples.row_ids[rows[0]]]
        assert len(read_answer_files([str(folder)]).answers) == 1


def test_full_disk(audit: ScanResult, start: Callable[..., Session], monkeypatch: pytest.MonkeyPatch) -> None:
    """If a step can't be written, it doesn't count, and the file is as it was before."""
    from doubtcli.errors import OutputError

    session, (row, other) = start(), free_rows(audit, 2)
    session.keep([row])
    before = session.journal.path.read_bytes()

    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("doubtcli.review.journal.os.fsync", fail)
    with pytest.raises(OutputError):
        session.keep([other])

    assert session.journal.path.read_bytes() == before
    assert session.verdict_on(other) is None


def test_taken_back_verdict_decides_nothing(
    audit: ScanResult, start: Callable[..., Session], folder: Path
) -> None:
    """What was taken back is not decided for those who read the folder either; what was there before is."""
    session, (row, other) = start(), free_rows(audit, 2)
    session.keep([row])
    session.decide([row, other], "refund")
    session.undo()

    answers = {one.row_id: one for one in read_answer_files([str(folder)]).answers}

    assert answers[audit.examples.row_ids[row]].verdict == session.given_label(row)
    assert not answers[audit.examples.row_ids[other]].decides


Deeds = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["keep", "accept", "skip", "unusable"]), st.sets(st.integers(0, 7), min_size=1)
        ),
        st.sampled_from([("undo", set()), ("redo", set()), ("restart", set())]),
    ),
    max_size=25,
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(deeds=Deeds)
def test_resumed_is_the_same(
    start_in: Callable[[Path], Session],
    tmp_path_factory: pytest.TempPathFactory,
    deeds: list[tuple[str, set[int]]],
) -> None:
    """After any decisions, undos and restarts, a new run has the same verdicts, and so have the files."""
    folder = tmp_path_factory.mktemp("review") / "tickets.verdicts"
    session = start_in(folder)
    rows = free_rows(session.audit, 8)

    for deed, chosen in deeds:
        wanted = [rows[place] for place in sorted(chosen)]
        if deed == "restart":
            session = start_in(folder)
        elif deed in {"undo", "redo", "keep", "accept"}:
            getattr(session, deed)(*([wanted] if wanted else []))
        else:
            session.decide(wanted, status=deed)

    again = start_in(folder)
    assert again.verdicts == session.verdicts
    assert (again.can_undo, again.can_redo) == (session.can_undo, session.can_redo)
    assert again.states.tolist() == session.states.tolist()
    if folder.exists():
        read = {one.row_id: one.verdict for one in read_answer_files([str(folder)]).answers if one.decides}
        decided = {row_id: verdict.label for row_id, verdict in session.verdicts.items() if verdict.decides}
        assert read == decided
