from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doubtcli.rank.combine import (
    count_equal_rows,
    find_equal_rows,
    join_equal_rows,
    list_entries,
    list_queue_rows,
    mark_drawn_rows,
    number_entries,
)
from doubtcli.records import AuditSample, Examples, Ranking, Stratum


def examples(inputs: str, labels: str) -> Examples:
    """Rows with a letter for each input, and labels a or b."""
    return Examples(
        row_ids=tuple(f"r{row}" for row in range(len(inputs))),
        positions=np.arange(len(inputs)),
        given_labels=np.array(["ab".index(label) for label in labels], dtype=np.intp),
        class_names=("a", "b"),
        inputs=pa.table({}),
        equal_inputs=np.array([ord(one) for one in inputs], dtype=np.intp),
    )


def ranking(
    doubt: list[float],
    suggested: str = "",
    decided: list[int] | None = None,
    contradicted: tuple[int, ...] = (),
    length: int = 0,
) -> Ranking:
    """Rows with these doubts; the label a is suggested for each, unless others are."""
    is_decided = np.zeros(len(doubt), dtype=bool)
    is_decided[decided or []] = True
    labels = [0] * len(doubt) if not suggested else ["ab".index(label) for label in suggested]
    return Ranking(
        doubt=np.array(doubt),
        doubt_sd=np.zeros(len(doubt)),
        suggested_labels=np.array(labels, dtype=np.intp),
        suggested_confidence=np.ones(len(doubt)),
        doubted=(np.array(doubt) >= 0.5) & ~is_decided,
        contradicted=np.isin(np.arange(len(doubt)), contradicted),
        order=np.argsort(-np.array(doubt), kind="stable"),
        queue_length=length,
        voices=(),
        margins=np.array(doubt),
        decided=is_decided if decided is not None else None,
    )


def sample_of(*rows: int) -> AuditSample:
    """These rows, drawn at random."""
    return AuditSample(np.array(rows), (Stratum(1, 1, 10),) * len(rows), np.full(len(rows), 0.5))


class TestEntries:
    """Which rows are one entry of the queue."""

    def test_equal_rows(self) -> None:
        """Rows with the same input, the same label and the same suggestion are one entry."""
        found = number_entries(
            ranking([0.9, 0.8, 0.7, 0.6, 0.5], "aaaba"), examples("xxxxy", "aabaa")
        ).entries

        # r2 has another label, r3 another suggestion, r4 another input
        assert found is not None
        assert found.tolist() == [0, 0, 1, 2, 3]

    def test_numbers_follow_doubt(self) -> None:
        """Entries are numbered by their most doubted row."""
        found = number_entries(ranking([0.1, 0.2, 0.9, 0.8]), examples("xyzx", "aaaa")).entries

        assert found is not None
        assert found.tolist() == [1, 2, 0, 1]

    def test_decided_rows(self) -> None:
        """Rows with a verdict are an entry of their own."""
        found = number_entries(ranking([0.9, 0.8, 0.1], decided=[2]), examples("xxx", "aaa"))

        assert list_entries(found).tolist() == [0, 0, 1]
        assert found.queue.tolist() == [0]

    def test_without_numbers_of_inputs(self) -> None:
        """Where it isn't known which inputs are equal, each row is an entry."""
        bare = Examples(("r0", "r1"), np.arange(2), np.array([0, 0]), ("a",), pa.table({}))

        assert list_entries(number_entries(ranking([0.1, 0.2]), bare)).tolist() == [1, 0]
        assert list_entries(ranking([0.1, 0.2])).tolist() == [0, 1]


class TestQueue:
    """The entries to check."""

    def test_one_row_for_each_entry(self) -> None:
        """The most doubted row of each entry is queued."""
        found = number_entries(ranking([0.6, 0.9, 0.8, 0.7]), examples("xyxy", "aaaa"))

        assert found.queue.tolist() == [1, 2]

    def test_tiers_in_order(self) -> None:
        """Doubted entries come first, then contradicted ones, then others, each by doubt."""
        found = ranking([0.1, 0.4, 0.9, 0.2, 0.3], contradicted=(0, 2, 3), length=5)

        assert found.tiers.tolist() == [1, 2, 0, 1, 2]
        assert found.queue.tolist() == [2, 3, 0, 1, 4]

    @pytest.mark.parametrize(("length", "queue"), [(0, [2, 0]), (3, [2, 0, 1]), (9, [2, 0, 1, 3])])
    def test_its_length(self, length: int, queue: list[int]) -> None:
        """It has so many entries, but no fewer than are doubted."""
        found = ranking([0.8, 0.4, 0.9, 0.2], contradicted=(1, 3), length=length)

        assert found.queue.tolist() == queue

    def test_rows_it_stands_for(self) -> None:
        """A row stands for all rows of its entry, in their order, itself among them."""
        found = number_entries(ranking([0.6, 0.9, 0.8, 0.7]), examples("xyxy", "aaab"))

        assert [rows.tolist() for rows in find_equal_rows(found, found.queue)] == [[1], [0, 2], [3]]

    def test_sample(self) -> None:
        """A drawn row stands for itself; the most doubted of its equal rows that are left for the rest."""
        found = number_entries(ranking([0.9, 0.8, 0.7, 0.6]), examples("xxxy", "aaaa"))
        sample = sample_of(3, 0)

        rows = list_queue_rows(found, sample)

        assert rows.tolist() == [3, 0, 1]
        drawn = mark_drawn_rows(found, sample)
        assert count_equal_rows(list_entries(found), rows, drawn).tolist() == [1, 1, 2]
        assert list_queue_rows(found, sample, 2).tolist() == [3, 0]
        assert list_queue_rows(found, None, 1).tolist() == [0]

    @given(
        st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("ab"), st.floats(0, 1)), max_size=30),
        st.data(),
    )
    def test_each_row_is_in_one_entry(self, rows: list[tuple[str, str, float]], data: st.DataObject) -> None:
        """With any sample, the entries of a queue of all rows stand for each row once."""
        inputs, labels, doubt = (list(part) for part in zip(*rows, strict=True)) if rows else ([], [], [])
        found = number_entries(ranking(doubt, length=len(doubt)), examples("".join(inputs), "".join(labels)))
        drawn = data.draw(st.lists(st.integers(0, max(0, len(rows) - 1)), unique=True)) if rows else []

        queued = list_queue_rows(found, sample_of(*drawn)) if drawn else list_queue_rows(found, None)

        is_drawn = mark_drawn_rows(found, sample_of(*drawn) if drawn else None)
        counts = count_equal_rows(list_entries(found), queued, is_drawn)
        assert queued[: len(drawn)].tolist() == drawn
        assert len(set(queued.tolist())) == len(queued)
        assert counts.sum() == len(rows)


def test_equal_rows_in_one_array() -> None:
    """The rows of each entry follow each other, in the order in which the entries are asked for."""
    found = number_entries(ranking([0.1, 0.9, 0.1, 0.9, 0.5]), examples("xyxyz", "bbbbb"))

    assert join_equal_rows(found, np.array([4, 1, 0])).tolist() == [4, 1, 3, 0, 2]
    assert join_equal_rows(found, np.array([], dtype=np.intp)).tolist() == []
