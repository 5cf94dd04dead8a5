"""The table of doubts -> the rows that a baseline knows, by their content and label."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

from doubtcli.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from doubtcli.records import DoubtTable

DIGEST_DIGITS = 10
"""40 bits: of a thousand rows added to a million, one is taken for an old one once in a thousand times."""
BORDERLINE_FROM = 0.1
"""Doubt. In 32 draws of ten labels made wrong (sample tickets, breast cancer, wine, iris), ten rows that
nobody had touched rose over the cut by more than they wobble between repeats; all ten came from here on."""
_BATCH_ROWS = 2**16
_LONGEST_LINE = 64
"""Digests; with 16 times fewer in the shortest, a line holds about 16."""

Key = tuple[str, str]
"""Of a labelled row: the hash of its content, and its given label."""


@dataclass(frozen=True)
class DoubtedRow:
    """A row that is doubted now."""

    row: int
    """Its place in the file, from 1."""
    row_id: str
    row_hash: str
    given_label: str
    doubt: float
    reasons: list[str]

    @property
    def key(self) -> Key:
        """Equal in rows of equal content and label."""
        return self.row_hash, self.given_label


def doubted_rows(doubts: DoubtTable, last: Collection[int] = ()) -> dict[Key, list[DoubtedRow]]:
    """The doubted rows by content and label; among equal ones the most doubted first, ties by row id.

    Args:
        doubts: As in `doubts.parquet`.
        last: Places in the file of rows that come after their equals.

    Raises:
        InputError: The audit does not tell what stands in the rows.
    """
    check_hashes(doubts)
    found = doubts.filter(doubts.doubted)
    texts = (column.to_pylist() for column in (found.row_id, found.row_hash, found.given_label))
    columns = (found.row.tolist(), *texts, found.doubt.tolist(), found.reasons.to_pylist())
    rows = [DoubtedRow(*values) for values in zip(*columns, strict=True)]
    groups: dict[Key, list[DoubtedRow]] = defaultdict(list)
    last = frozenset(last)
    for row in sorted(rows, key=lambda row: (row.row in last, -row.doubt, row.row_id)):
        groups[row.key].append(row)
    return groups


def check_hashes(doubts: DoubtTable, where: str | None = None) -> None:
    """Refuse the table of an audit that does not tell what stands in the rows.

    Args:
        doubts: As in `doubts.parquet`.
        where: The data file.

    Raises:
        InputError: An earlier doubt made it.
    """
    if doubts.row_hash.null_count:
        raise InputError(
            "the audit does not tell what stands in the rows: an earlier doubt made it",
            where=where,
            hint="scan the file again",
        )


def borderline_rows(doubts: DoubtTable) -> DoubtTable:
    """The rows that are not doubted, but might be with a few other labels in the file."""
    return doubts.filter((doubts.doubt >= BORDERLINE_FROM) & ~doubts.doubted)


def digests(doubts: DoubtTable) -> Iterator[str]:
    """The digest of every row, made as they are asked for, in the table's order."""
    for batch in doubts.data.select(["row_hash", "given_label"]).to_batches(max_chunksize=_BATCH_ROWS):
        yield from map(digest, *(column.to_pylist() for column in batch.columns))


def digest(row_hash: str, given_label: str | None) -> str:
    """10 hexadecimal digits for a row's content and label: BLAKE2b of 40 bits.

    It is made of the hash, and with a label of a NUL and the label behind it: no label can look like none.
    """
    told = row_hash if given_label is None else f"{row_hash}\0{given_label}"
    return blake2b(told.encode(errors="surrogatepass"), digest_size=DIGEST_DIGITS // 2).hexdigest()


def prefix_digits(n_rows: int) -> int:
    """By how many of its first digits a digest finds its line: each holds 4 to 64 of them on average."""
    digits = 0
    while n_rows > _LONGEST_LINE * 16**digits:
        digits += 1
    return digits


def in_lines(row_digests: Iterable[str]) -> dict[str, str]:
    """Digests in lines, by their first digits: the rest of each, sorted, blanks between them.

    One that occurs twice stands there twice. A changed row changes the lines of its old and its new digest.
    """
    ordered = sorted(row_digests)
    start = prefix_digits(len(ordered))
    lines: dict[str, list[str]] = defaultdict(list)
    for one in ordered:
        lines[one[:start]].append(one[start:])
    return {prefix: " ".join(rests) for prefix, rests in lines.items()}


def from_lines(lines: Mapping[str, str]) -> tuple[str, ...]:
    """The digests of `in_lines`, sorted."""
    return tuple(sorted(f"{prefix}{rest}" for prefix, rests in lines.items() for rest in rests.split(" ")))
