from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.errors import InputError
from doubtcli.queue.make import make_queue
from doubtcli.queue.strategies import QueueChoice

if TYPE_CHECKING:
    from tests.conftest import Case


def test_rows_in_order(tickets: Case) -> None:
    """The doubted rows come most doubted first, each with its own columns; t4 rides along with its equal."""
    queue = tickets.queue()

    assert [row.doubt_id for row in queue.rows] == ["t1", "t2", "t3"]
    assert queue.own.column("zip").to_pylist() == ["007", None, "NA"]
    assert queue.class_names == ("billing", "bug", "delivery")
    assert queue.made_by == "doubt 0.1.0"
    assert queue.notes == ()


def test_task(tickets: Case) -> None:
    """A row holds what the audit says of its row, what is shown, and the rows of equal input."""
    row = tickets.queue().rows[0]

    assert (row.given_label, row.suggested_label, row.doubt) == ("billing", "delivery", 0.97)
    assert row.reasons == ("low-self-confidence", "duplicate-conflict")
    assert row.shown.text == "Where is\nmy parcel?"
    assert row.shown.card == "age: 1.5"
    assert (row.duplicates, row.conflicts) == (("t4",), ("t3",))
    assert row.strategy == "top"
    # 2 s, 25 characters, and an answer of 1.5 s with probability .75, else 5 s
    assert row.minutes == pytest.approx(2 / 60 + 25 / 1430 + (0.75 * 1.5 + 0.25 * 5) / 60)


def test_keys(tickets: Case, keys: dict[str, Any]) -> None:
    """The keys of a row; ids of others are a JSON list, and what there is not is None."""
    queue = tickets.queue()

    first, second, _ = (queue.cells(row) for row in queue.rows)

    assert first == keys
    assert (second["doubt_reasons"], second["doubt_duplicates"]) == ("", None)


def test_an_audit_of_an_earlier_version_tells_no_hash(tickets: Case, doubts_of: Any) -> None:
    """Then the key is there, and empty."""
    doubts = doubts_of([row | {"row_hash": None} for row in tickets.rows])

    queue = make_queue(tickets.document, doubts, tickets.table, QueueChoice({"top": 100}))

    assert {queue.cells(row)["doubt_row_hash"] for row in queue.rows} == {None}


def test_ids_may_hold_anything(tickets: Case) -> None:
    """An id with commas, quotes and line ends comes back from the list of duplicates as it was."""
    odd = 'a, "b"]\n\u2028😀'
    rows = [row | {"row_id": odd} if row["row_id"] == "t4" else row for row in tickets.rows]

    row = replace(tickets, rows=rows).queue().rows[0]

    assert json.loads(str(row.cells["doubt_duplicates"])) == [odd]


def test_suggestion(tickets: Case) -> None:
    """A suggestion is another label than the given one."""
    assert [row.suggestion for row in tickets.queue().rows] == ["delivery", None, None]


def test_score(tickets: Case) -> None:
    """A score has four decimals."""
    assert tickets.queue().rows[2].score == 0.5123


def test_audit_sample(tickets: Case) -> None:
    """Drawn rows tell their stratum and with what probability they were drawn; others leave both empty."""
    queue = tickets.queue({"audit": 50, "top": 50}, size=4)

    keys = [queue.cells(row) for row in queue.rows]
    assert [(key["doubt_strategy"], key["doubt_stratum"], key["doubt_inclusion"]) for key in keys] == [
        ("audit", "1 of 1 (5 rows)", "0.4"),
        ("audit", "1 of 1 (5 rows)", "0.4"),
        ("top", None, None),
        ("top", None, None),
    ]
    assert queue.is_sampled


def test_seed(case: type[Case]) -> None:
    """What is drawn is drawn from the scan's seed, unless another is given."""
    rows = [{"row_id": f"{n:03}", "doubt": 0.1} for n in range(100)]
    data = {"text": ["a"] * 100, "label": ["bug"] * 100}
    many = case(rows=rows, data=data, class_names=("bug",))

    ours, same, other = (
        [row.doubt_id for row in many.queue({"audit": 100}, size=20, seed=seed).rows] for seed in (None, 0, 1)
    )

    assert ours == same != other


def test_without_models_skill(tickets: Case) -> None:
    """Where models show no skill, a note says that doubts are no probabilities."""
    queue = replace(tickets, skill={"assessable": False, "why": "They guess."}).queue()

    assert queue.notes == ("the doubts put these rows in order, and are no probabilities: They guess",)
    assert not queue.assessable


def test_more_than_there_are(tickets: Case) -> None:
    """Notes tell that rows came which are not doubted, and that there were too few all the same."""
    assert tickets.queue(size=10).notes == (
        "there are fewer rows than asked for: 4 of 10",
        "1 of these rows is not doubted",
    )


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"doubt": 0.1}, "no row is doubted, so there is nothing to relabel"),
        ({"verdict": "bug"}, "no row is left to be asked about"),
        ({"doubt": None}, "no row is left to be asked about"),
    ],
)
def test_nothing_to_ask(tickets: Case, change: dict[str, Any], found: str) -> None:
    """A queue without rows is none: it is said why."""
    nothing = replace(tickets, rows=[row | change for row in tickets.rows])

    with pytest.raises(InputError) as error:
        nothing.queue()

    assert error.value.found == found
    assert error.value.hint


class TestWaived:
    """Rows that people want left as they are."""

    @staticmethod
    def waived(tickets: Case, *ids: str) -> Case:
        """The tickets, some of them waived."""
        return replace(tickets, rows=[row | {"waived": row["row_id"] in ids} for row in tickets.rows])

    @pytest.mark.parametrize(
        ("ids", "options", "note"),
        [
            (("t1", "t3"), {}, "2 rows are waived, and left out"),
            (("t2",), {}, "1 row is waived, and left out"),
            (("t5",), {}, None),
            (("t5",), {"size": 3}, "1 row is waived, and left out"),
        ],
    )
    def test_told(
        self, tickets: Case, ids: tuple[str, ...], options: dict[str, Any], note: str | None
    ) -> None:
        """They are left out, and a note counts those that would have come."""
        queue = self.waived(tickets, *ids).queue(**options)

        assert not {row.doubt_id for row in queue.rows} & set(ids)
        assert next((one for one in queue.notes if "waived" in one), None) == note

    def test_drawn(self, tickets: Case) -> None:
        """An audit draws from them, too, and no note says otherwise."""
        queue = self.waived(tickets, "t1", "t3").queue({"audit": 100}, size=5)

        assert {row.doubt_id for row in queue.rows} == {"t1", "t2", "t3", "t4", "t5"}
        assert queue.notes == ()

    def test_drawn_and_left_out(self, tickets: Case) -> None:
        """Of a queue of both kinds those that were drawn are not told as left out."""
        queue = self.waived(tickets, "t1", "t2", "t3", "t4", "t5").queue({"audit": 50, "top": 50}, size=4)

        assert {row.strategy for row in queue.rows} == {"audit"}
        assert queue.notes[0] == "3 rows are waived, and left out"

    def test_all(self, tickets: Case) -> None:
        """Where all doubted rows are waived, that is told, and what can be done."""
        with pytest.raises(InputError, match="are waived, so there is nothing to relabel") as error:
            self.waived(tickets, "t1", "t2", "t3", "t4").queue()

        assert "take their waivers out" in str(error.value.hint)
