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
"""40 bits: if a thousand rows are added to a million, the chance that one looks like an old one is 0.1%."""
BORDERLINE_FROM = 0.1
"""A doubt. In 32 trials with ten labels made wrong (sample tickets, breast cancer, wine, iris), ten rows that
were not changed rose over the cut by more than they vary between repeats; all ten had at least this doubt."""
_BATCH_ROWS = 2**16
_LONGEST_LINE = 64
"""Digests in the longest line; the shortest has 16 times fewer, so that a line has about 16."""

Key = tuple[str, str]
"""Of a labelled row: the hash of its content, and its given label."""


@dataclass(frozen=True)
class DoubtedRow:
    """A row that is doubted now."""

    row: int
    """Its number in the file, from 1."""
    row_id: str
    row_hash: str
    given_label: str
    doubt: float
    reasons: list[str]

    @property
    def key(self) -> Key:
        """Equal in rows of equal content and label."""
        return self.row_hash, self.given_label


def group_doubted_rows(doubts: DoubtTable, last: Collection[int] = ()) -> dict[Key, list[DoubtedRow]]:
    """The doubted rows by content and label; among equal ones the most doubted first, ties by row id.

    Args:
        doubts: As in `doubts.parquet`.
        last: Numbers of rows that come after all rows equal to them.

    Raises:
        InputError: The audit was made by an earlier version, which kept no hashes of rows.
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
    """Refuse an audit without hashes of its rows: they can't be recognised by their content.

    Args:
        doubts: As in `doubts.parquet`.
        where: The data file.

    Raises:
        InputError: The audit was made by an earlier version, which kept no hashes of rows.
    """
    if doubts.row_hash.null_count:
        raise InputError(
            "the audit has no hashes of its rows: an earlier version of doubt made it",
            where=where,
            hint="scan the file again",
        )


def select_borderline_rows(doubts: DoubtTable) -> DoubtTable:
    """The rows that are not doubted, but could be if a few other labels in the file changed."""
    return doubts.filter((doubts.doubt >= BORDERLINE_FROM) & ~doubts.doubted)


def make_digests(doubts: DoubtTable) -> Iterator[str]:
    """The digest of every row in the table's order, made one batch at a time."""
    for batch in doubts.data.select(["row_hash", "given_label"]).to_batches(max_chunksize=_BATCH_ROWS):
        yield from map(make_digest, *(column.to_pylist() for column in batch.columns))


def make_digest(row_hash: str, given_label: str | None) -> str:
    """10 hexadecimal digits for a row's content and label: BLAKE2b of 40 bits.

    It is made from the hash and, if there is a label, a NUL and the label: so that no label and an empty one
    differ.
    """
    identity = row_hash if given_label is None else f"{row_hash}\0{given_label}"
    return blake2b(identity.encode(errors="surrogatepass"), digest_size=DIGEST_DIGITS // 2).hexdigest()


def count_prefix_digits(n_rows: int) -> int:
    """How many first digits are the key of a digest's line: so many that a line has 4 to 64 on average."""
    digits = 0
    while n_rows > _LONGEST_LINE * 16**digits:
        digits += 1
    return digits


def pack_digests(row_digests: Iterable[str]) -> dict[str, str]:
    """Digests in lines, by their first digits: the rest of each, sorted, separated by blanks.

    One that occurs twice is listed twice. A changed row changes the lines of its old and its new digest.
    """
    ordered = sorted(row_digests)
    start = count_prefix_digits(len(ordered))
    lines: dict[str, list[str]] = defaultdict(list)
    for one in ordered:
        lines[one[:start]].append(one[start:])
    return {prefix: " ".join(rests) for prefix, rests in lines.items()}


def unpack_digests(lines: Mapping[str, str]) -> tuple[str, ...]:
    """The digests of `pack_digests`, sorted."""
    return tuple(sorted(f"{prefix}{rest}" for prefix, rests in lines.items() for rest in rests.split(" ")))
