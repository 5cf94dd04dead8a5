from __future__ import annotations

from dataclasses import replace
from time import sleep
from typing import TYPE_CHECKING

import numpy as np
import pytest

from doubtcli.pipelines.review import ReviewRequest, open_review
from doubtcli.progress import Silence
from doubtcli.records import Evidence
from doubtcli.review.desk import Desk
from doubtcli.review.filters import RowFilter
from doubtcli.settings import ScanSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from doubtcli.records import ScanResult
    from doubtcli.review.session import Session
    from doubtcli.review.update import Basis


def other_label(session: Session, row: int) -> str:
    """A label that a row does not have."""
    return next(label for label in session.labels if label != session.given_label(row))


def add_evidence(audit: ScanResult, **pieces: object) -> ScanResult:
    """The audit with other evidence, and no more of it."""
    return replace(audit, evidence=Evidence({"given_labels": audit.evidence.given_labels}, **pieces))


def test_decided_rows_leave_the_doubted(desk: Desk) -> None:
    """After an update no decided row is doubted: a corrected one has doubt 1, a kept one 0."""
    kept, corrected, unusable = desk.session.audit.ranking.queue[:3].tolist()
    desk.decide("s1", [kept], "keep")
    desk.decide("s2", [corrected], "label", label=other_label(desk.session, corrected))
    desk.decide("s3", [unusable], "unusable")

    answer = desk.update()

    ranking = desk.session.audit.ranking
    assert answer["provisional"]
    assert not ranking.doubted[[kept, corrected, unusable]].any()
    assert ranking.doubt[[kept, corrected]].tolist() == [0, 1]


def test_precise_queue_raises_doubts(desk: Desk) -> None:
    """Where people correct all that they see, other doubts rise; where they keep all, they fall."""
    audit = desk.session.audit
    rows, rest = audit.ranking.queue[:12], audit.ranking.order[50:]
    before = audit.ranking.doubt[rest].mean()
    for row in rows.tolist():
        desk.decide(f"c{row}", [row], "label", label=other_label(desk.session, row))
    desk.update()
    after_corrections = desk.session.audit.ranking.doubt[rest].mean()
    for row in rows.tolist():
        desk.decide(f"k{row}", [row], "keep")

    desk.update()

    assert desk.session.audit.ranking.doubt[rest].mean() < before < after_corrections


def test_duplicate_of_a_decided_row(
    audit: ScanResult, start: Callable[..., Session], judged: tuple[ScanResult, Basis]
) -> None:
    """A decision raises the doubt of an equal row with another label, and lowers it with the same."""
    n_rows = audit.examples.n_rows
    labels = audit.examples.given_labels
    row = int(audit.ranking.order[-1])
    differs = int(np.flatnonzero(labels != labels[row])[0])
    same = int(np.flatnonzero((labels == labels[row]) & (np.arange(n_rows) != row))[0])
    groups = np.arange(n_rows)
    groups[[differs, same]] = groups[row]
    desk = Desk(start(of=add_evidence(audit, duplicate_groups=groups)), judged[1])
    desk.decide("s1", [row], "keep")

    desk.update()

    doubt = desk.session.audit.ranking.doubt
    assert doubt[differs] > audit.ranking.doubt[differs]
    assert doubt[same] < audit.ranking.doubt[same]


def test_neighbour_of_a_decided_row(
    audit: ScanResult, start: Callable[..., Session], judged: tuple[ScanResult, Basis]
) -> None:
    """The doubt of a row rises if the label of its neighbour, which was the same, is corrected."""
    n_rows = audit.examples.n_rows
    labels = audit.examples.given_labels
    row, neighbour = np.flatnonzero(labels == 0)[:2].tolist()
    indices = np.full((n_rows, 3), -1)
    indices[row] = [neighbour, *np.flatnonzero(labels == 0)[2:4]]
    desk = Desk(start(of=add_evidence(audit, neighbor_indices=indices)), judged[1])
    desk.decide("s1", [neighbour], "label", label=other_label(desk.session, neighbour))
    curves = replace(judged[1]).curves

    desk.update()

    ranking = desk.session.audit.ranking
    untouched = int(np.flatnonzero(labels == 0)[5])
    shifts = [
        float((curves.to_log_odds(ranking.margins) - curves.to_log_odds(audit.ranking.margins))[one])
        for one in (row, untouched)
    ]
    assert shifts[0] > shifts[1]


def test_what_moved(desk: Desk) -> None:
    """An update says how many rows are newly doubted and which are the first, without decided ones."""
    before = desk.session.audit.ranking.doubted.copy()
    for row in desk.session.audit.ranking.queue[:12].tolist():
        desk.decide(f"c{row}", [row], "label", label=other_label(desk.session, row))

    answer = desk.update()

    after, decided = desk.session.audit.ranking.doubted, desk.session.states != 0
    assert answer["risen"] == int((after & ~before & ~decided).sum())
    assert answer["fallen"] == int((before & ~after & ~decided).sum())
    assert all(after[row] and not before[row] for row in answer["first"])


def test_update_keeps_the_rows(desk: Desk) -> None:
    """After an update the list has all rows that it had, the blind ones in their places."""
    before = desk.list_rows(RowFilter()).tolist()
    for row in before[:10]:
        desk.decide(f"s{row}", [row], "keep")

    desk.update()

    after = desk.list_rows(RowFilter()).tolist()
    assert set(before) <= set(after)
    assert after[:40] == before[:40]
    assert len(after) == len(set(after))


def test_meters(desk: Desk) -> None:
    """The meters count corrected rows of the queue, and measure the noise rate on the drawn ones alone."""
    audit = desk.session.audit
    drawn = audit.sample.rows.tolist()
    queued = [row for row in audit.ranking.queue.tolist() if row not in drawn][:4]
    for row in queued[:3]:
        desk.decide(f"s{row}", [row], "label", label=other_label(desk.session, row))
    desk.decide("s4", [queued[3]], "keep")
    before = desk.describe_meters()
    for row in drawn:
        desk.decide(f"d{row}", [row], "keep")

    after = desk.describe_meters()

    assert (before["checked"], before["wrong"]) == (after["checked"], after["wrong"]) == (4, 3)
    assert "rate" not in before["noise"]
    assert after["noise"]["low"] <= after["noise"]["rate"] <= after["noise"]["high"]
    assert after["noise"]["more"] > 0


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A small table: two kinds of fruit by weight, with three labels exchanged."""
    path = tmp_path / "fruit.csv"
    rng = np.random.default_rng(1)
    labels = ["apple", "melon"] * 60
    weights = [rng.normal(150 if label == "apple" else 900, 20) for label in labels]
    for row in (3, 10, 77):
        labels[row] = "apple" if labels[row] == "melon" else "melon"
    lines = [
        f"{number},{weight:.1f},{label}"
        for number, (weight, label) in enumerate(zip(weights, labels, strict=True))
    ]
    path.write_text("\n".join(["id,weight,label", *lines]) + "\n", encoding="utf-8")
    return path


def test_rows_that_others_decided_stay(beside: Path) -> None:
    """A row that only somebody else decided stays open in the queue, behind those that nobody has decided."""
    settings = ScanSettings(path=str(beside), label="label", id="id", fast=True)
    bo = open_review(ReviewRequest(settings, "bo"), progress=Silence(), cache=False)
    row = int(bo.session.audit.ranking.queue[0])
    bo.decide("s1", [row], "accept")
    desk = open_review(ReviewRequest(settings, "ana"), progress=Silence(), cache=False)
    before = desk.list_rows(RowFilter()).tolist()

    desk.update()
    while desk.take_new_audit()["state"] == "running":
        sleep(0.05)

    after = desk.list_rows(RowFilter(state="open")).tolist()
    doubted = np.flatnonzero(desk.session.audit.ranking.doubted).tolist()
    assert before[0] == row
    assert set(before) <= set(after)
    assert row not in doubted
    assert after.index(row) > max(after.index(one) for one in doubted)
    assert desk.make_cards([row])["cards"][0]["others"].keys() == {"bo"}


def test_judged_again(beside: Path) -> None:
    """After an update the file is judged again with the verdicts, and the new audit has the same rows."""
    settings = ScanSettings(path=str(beside), label="label", id="id", fast=True, audit_sample=10)
    desk = open_review(ReviewRequest(settings, "ana"), progress=Silence(), cache=False)
    rows, sample = list(desk.session.audit.examples.row_ids), desk.session.audit.sample
    first, second = desk.session.audit.ranking.queue[:2].tolist()
    desk.decide("s1", [first], "accept")
    desk.decide("s2", [second], "unusable")

    assert desk.update()["judging"]
    while (news := desk.take_new_audit())["state"] == "running":
        sleep(0.05)

    audit = desk.session.audit
    assert (news["state"], news["provisional"]) == ("ready", False)
    assert list(audit.examples.row_ids) == rows
    assert audit.examples.verdicts.codes[first] >= 0
    assert audit.sample is sample
    assert desk.session.states[[first, second]].tolist() == [2, 3]
