from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.errors import InputError
from doubtcli.queue.make import make_queue
from doubtcli.queue.strategies import QueueChoice

if TYPE_CHECKING:
    from tests.conftest import Case, Sentences


def test_rows_in_order(tickets: Case) -> None:
    """The doubted rows are in order of doubt, each with its own columns; t1, its equal, represents t4."""
    queue = tickets.queue()

    assert [row.doubt_id for row in queue.rows] == ["t1", "t2", "t3"]
    assert queue.own.column("zip").to_pylist() == ["007", None, "NA"]
    assert queue.class_names == ("billing", "bug", "delivery")
    assert queue.made_by == "doubt 0.1.0"
    assert queue.notes == ()


def test_task(tickets: Case) -> None:
    """A row of the queue has its row of the audit, the values to show, and the rows with the same input."""
    row = tickets.queue().rows[0]

    assert (row.given_label, row.suggested_label, row.doubt) == ("billing", "delivery", 0.97)
    assert row.reasons == ("low-self-confidence", "duplicate-conflict")
    assert row.shown.text == "Where is\nmy parcel?"
    assert row.shown.card == "age: 1.5"
    assert (row.equal_rows, row.conflicts) == (2, ("t3",))
    assert row.strategy == "top"
    # 2 s, 25 characters, and an answer of 1.5 s with probability .75, else 5 s
    assert row.minutes == pytest.approx(2 / 60 + 25 / 1430 + (0.75 * 1.5 + 0.25 * 5) / 60)


def test_keys(tickets: Case, keys: dict[str, Any]) -> None:
    """The keys of a row: ids of other rows are a JSON list, and a missing value is None."""
    queue = tickets.queue()

    first, second, _ = (queue.cells(row) for row in queue.rows)

    assert first == keys
    assert (second["doubt_reasons"], second["doubt_equal_rows"], second["doubt_conflicts"]) == ("", "1", None)


def test_an_audit_of_an_earlier_version_has_no_hash(tickets: Case, doubts_of: Any) -> None:
    """The key is there all the same, and empty."""
    doubts = doubts_of([row | {"row_hash": None} for row in tickets.rows])

    queue = make_queue(tickets.document, doubts, tickets.table, QueueChoice({"top": 100}))

    assert {queue.cells(row)["doubt_row_hash"] for row in queue.rows} == {None}


def test_ids_may_hold_anything(tickets: Case) -> None:
    """An id with commas, quotes and line ends is the same when it is read from the list of conflicts."""
    odd = 'a, "b"]\n\u2028😀'
    rows = [row | {"row_id": odd} if row["row_id"] == "t3" else row for row in tickets.rows]

    row = replace(tickets, rows=rows).queue().rows[0]

    assert json.loads(str(row.cells["doubt_conflicts"])) == [odd]


def test_suggestion(tickets: Case) -> None:
    """A suggestion is another label than the given one."""
    assert [row.suggestion for row in tickets.queue().rows] == ["delivery", None, None]


def test_score(tickets: Case) -> None:
    """A score has four decimals."""
    assert tickets.queue().rows[2].score == 0.5123


def test_audit_sample(tickets: Case) -> None:
    """Rows drawn at random have their stratum and the probability of the draw; other rows have neither."""
    queue = tickets.queue({"random": 50, "top": 50}, size=4)

    keys = [queue.cells(row) for row in queue.rows]
    assert [(key["doubt_strategy"], key["doubt_stratum"], key["doubt_inclusion"]) for key in keys] == [
        ("random", "1 of 1 (5 rows), draw 1", "0.4"),
        ("random", "1 of 1 (5 rows), draw 2", "0.4"),
        ("top", None, None),
        ("top", None, None),
    ]
    assert queue.is_sampled


def test_seed(case: type[Case]) -> None:
    """Rows are drawn with the scan's seed, unless another one is given."""
    rows = [{"row_id": f"{n:03}", "doubt": 0.1} for n in range(100)]
    data = {"text": ["a"] * 100, "label": ["bug"] * 100}
    many = case(rows=rows, data=data, class_names=("bug",))

    ours, same, other = (
        [row.doubt_id for row in many.queue({"random": 100}, size=20, seed=seed).rows]
        for seed in (None, 0, 1)
    )

    assert ours == same != other


def test_without_models_skill(tickets: Case, sentences: Sentences) -> None:
    """If the models have no skill, a note says that doubts are not probabilities."""
    queue = replace(tickets, skill={"assessable": False, "why": "They guess."}).queue()

    (note,) = queue.notes
    sentences.check(note)
    assert not queue.assessable


def test_more_than_there_are(tickets: Case, sentences: Sentences) -> None:
    """Notes say that there are too few rows, and that some of them are not doubted."""
    queue = tickets.queue(size=10)

    assert len(queue.rows) == 4
    sentences.check("\n".join(queue.notes))


def test_no_row_is_doubted(tickets: Case, sentences: Sentences) -> None:
    """If no row is doubted or contradicted, there is no queue without a size, and the error says so."""
    with pytest.raises(InputError) as error:
        replace(tickets, rows=[row | {"doubt": 0.1} for row in tickets.rows]).queue(size=None)

    sentences.check(error.value)


def test_contradicted_rows(tickets: Case, sentences: Sentences) -> None:
    """Contradicted rows have their tier, and a note says that they are not doubted."""
    rows = [row | {"doubt": 0.1, "tier": "contradicted"} for row in tickets.rows]

    queue = replace(tickets, rows=rows).queue(size=2)

    assert [row.tier for row in queue.rows] == ["contradicted"] * 2
    sentences.check("\n".join(queue.notes))


@pytest.mark.parametrize("change", [{"verdict": "bug"}, {"doubt": None}], ids=str)
def test_nothing_to_ask(tickets: Case, sentences: Sentences, change: dict[str, Any]) -> None:
    """An empty queue is an error that says why it is empty."""
    nothing = replace(tickets, rows=[row | change for row in tickets.rows])

    with pytest.raises(InputError) as error:
        nothing.queue(size=None)

    assert error.value.hint
    sentences.check(error.value)


class TestWaived:
    """Rows whose label a person has found to be right."""

    @staticmethod
    def waived(tickets: Case, *ids: str) -> Case:
        """The tickets, some of them waived."""
        return replace(tickets, rows=[row | {"waived": row["row_id"] in ids} for row in tickets.rows])

    @pytest.mark.parametrize(
        ("ids", "options", "n_left_out"),
        [
            (("t1", "t3"), {"size": None}, 1),
            (("t2",), {"size": None}, 1),
            (("t5",), {"size": None}, 0),
            (("t5",), {"size": 3}, 1),
        ],
    )
    def test_noted(
        self, tickets: Case, ids: tuple[str, ...], options: dict[str, Any], n_left_out: int
    ) -> None:
        """They are left out, and a note counts those that the queue would have; t1 still has an equal row."""
        queue = self.waived(tickets, *ids).queue(**options)

        assert not {row.doubt_id for row in queue.rows} & set(ids)
        counts = [note.split()[0] for note in queue.notes if "waive" in note]
        assert counts == ([str(n_left_out)] if n_left_out else [])

    def test_drawn(self, tickets: Case) -> None:
        """A random sample may have them, too, and there is no note about them."""
        queue = self.waived(tickets, "t1", "t3").queue({"random": 100}, size=5)

        assert {row.doubt_id for row in queue.rows} == {"t1", "t2", "t3", "t4", "t5"}
        assert queue.notes == ()

    def test_drawn_and_left_out(self, tickets: Case) -> None:
        """In a queue of both kinds those that were drawn do not count as left out."""
        queue = self.waived(tickets, "t1", "t2", "t3", "t4", "t5").queue({"random": 50, "top": 50}, size=4)

        assert ({row.strategy for row in queue.rows}, queue.notes[0].split()[0]) == ({"random"}, "3")

    def test_all(self, tickets: Case, sentences: Sentences) -> None:
        """If all rows are waived, the error says so, and what to do."""
        with pytest.raises(InputError) as error:
            self.waived(tickets, "t1", "t2", "t3", "t4", "t5").queue(size=None)

        assert error.value.hint
        sentences.check(error.value)
