from collections.abc import Iterator

from doubtcli.records import Decision, SeenRow
from doubtcli.records.answers import Answer
from doubtcli.verdicts.duplicates import DecidedRow, spread_out
from doubtcli.verdicts.rows import KnownRows, RowIndex
from doubtcli.verdicts.spelling import Spellings


class Counted(dict[str, tuple[SeenRow, ...]]):
    """Rows by id that count how often all of them are gone through."""

    n_times = 0

    def __iter__(self) -> Iterator[str]:
        self.n_times += 1
        return super().__iter__()


def test_texts_that_name_no_row_cost_no_look_at_all_of_them() -> None:
    """A thousand such texts: the ids are gone through once."""
    rows = [SeenRow(f"r{number}", number, "ham", f"h{number}") for number in range(1, 4)]
    index = RowIndex.of(rows)
    ids = Counted(index.by_id)
    decision = Decision("r1", 1, "ham", "spam", False, (), "", "doubt", "")
    texts = tuple(f"x{number}, r2" for number in range(1000))
    source = DecidedRow(rows[0], decision, (Answer(1, "r1", "spam", duplicates=texts),))

    known = KnownRows(RowIndex(ids, index.labels), index, Spellings({}))

    found = spread_out([source], known, [])

    assert (found.decisions, len(found.unapplied), ids.n_times) == ((), 1000, 1)
