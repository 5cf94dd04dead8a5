"""An id for each row that stays the same when rows are reordered or relabelled, or columns are added."""

from __future__ import annotations

import re
from binascii import hexlify
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from doubtcli.files.text import locate_rows
from doubtcli.files.values import TEXT, as_text, find_distinct, is_vector, simplify_column, to_numbers
from doubtcli.read.roles.embedding import Flaw, read_vectors
from doubtcli.read.roles.left_out import FILE_NAME, MEDIA_NAME, NEARLY_ALL, find_odd_ids
from doubtcli.records import Role
from doubtcli.records.arrays import number_alike, split_rows
from doubtcli.records.texts import Texts

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

    from numpy.typing import NDArray

    from doubtcli.records import Codes, Labels, Roles, Table

FILE_OR_ADDRESS = rf"{FILE_NAME}|^\w+://"
DIGEST_BYTES = 8
"""64 bits: of tables with a million rows, one in 37 million has two different rows with the same hash."""
HASH_DIGITS = 2 * DIGEST_BYTES
LINE_END = re.compile(r"\r\n?|\n")
LF, CRLF, AS_READ = "\n", "\r\n", None
"""The ends of the lines within a text, as they are hashed."""


def make_row_ids(
    table: Table,
    roles: Roles,
    labels: Labels,
    *given: NDArray[np.floating] | None,
    hashes: Texts | None = None,
) -> Texts:
    """The id of every row, in file order.

    It is the value of the identifier column, if there is one; a few rows may lack an id or repeat that of an
    earlier row, and have their hash instead. Without such a column it is the row's hash, from `hash_rows`;
    without inputs and without arrays it is the row's number, from 1.

    Rows with the same hash are numbered in the order of their given labels, missing ones last: `<hash>`,
    `<hash>.2`, ... Rows with the same label are ordered by answers, groups and arrays. So a row keeps its
    id in a shuffled file.

    Args:
        table: The file.
        roles: What its columns are.
        labels: Its label column.
        given: The user's embeddings and probabilities, each of shape `(n_rows_in_file, m)`.
        hashes: The hashes of its rows, if they are known already.
    """
    identifiers, arrays = roles.names(Role.IDENTIFIER), _list_arrays(given)
    column = table.data.column(identifiers[0]) if identifiers else None
    if column is not None and not find_odd_ids(find_distinct(column)).all:
        return Texts(as_text(column).combine_chunks())
    if column is None and not (_input_names(roles) or arrays):
        return Texts(pa.array(np.arange(1, table.data.num_rows + 1)).cast(TEXT))
    hashes = hash_rows(table, roles, *given) if hashes is None else hashes
    others = sorted(roles.names(Role.ANNOTATOR, Role.GROUP))
    own = _number_repeats(hashes, labels.codes, table.data, others, arrays)
    return own if column is None else fill_in_ids(column, own)


def fill_in_ids(column: pa.ChunkedArray, own: Sequence[str]) -> Texts:
    """The ids of a column; a row without one, or with that of an earlier row, has another name.

    Args:
        column: Of ids.
        own: What the rows are named by their content.
    """
    odd = find_odd_ids(find_distinct(column)).all
    return Texts(as_text(column).combine_chunks()).replace({row: own[row] for row in odd})


def describe_odd_ids(table: Table, roles: Roles, is_data: NDArray[np.bool_]) -> tuple[str, ...]:
    """Notes on the rows that the identifier column does not name, with their lines.

    Args:
        table: The file.
        roles: What its columns are.
        is_data: Shape `(n_rows,)`: False for rows that other notes say are no data.
    """
    name = next(iter(roles.names(Role.IDENTIFIER)), None)
    if name is None:
        return ()
    odd = find_odd_ids(find_distinct(table.data.column(name)))
    kinds = (
        (odd.missing, f"has no {name!r}", f"have no {name!r}"),
        (odd.repeated, f"has the {name!r} of an earlier row", f"have the {name!r} of an earlier row"),
    )
    return tuple(
        _say_odd(table, (rows[is_data[rows]] + 1).tolist(), one, many)
        for rows, one, many in kinds
        if is_data[rows].any()
    )


def _say_odd(table: Table, rows: list[int], one: str, many: str) -> str:
    shown = locate_rows(table.source, rows)
    if len(rows) == 1:
        return f"row {shown} {one}, and is named by its content instead: give it an id of its own"
    return f"rows {shown} {many}, and are named by their content instead: give each an id of its own"


@dataclass(frozen=True)
class HashedAs:
    """How cells become the bytes that are hashed."""

    ends: str | None = LF
    """What ends the lines within a text; None: what was read."""
    numbers: Collection[str] | None = None
    """The columns of which numbers are hashed; of all others texts are. None: as the columns' types are."""


def list_number_columns(table: Table, roles: Roles) -> tuple[str, ...]:
    """The input columns of which numbers are hashed, by their type, sorted by name; vectors left out.

    One odd cell can make a JSON file's numbers texts. So this is kept, to hash rows as they were.
    """
    types = {name: simplify_column(table.data.column(name).slice(0, 0)).type for name in _input_names(roles)}
    return tuple(name for name in types if pa.types.is_floating(types[name]))


def hash_rows(
    table: Table, roles: Roles, *given: NDArray[np.floating] | None, numbers: Collection[str] | None = None
) -> Texts:
    """A hash of each row's content without its label: 16 hexadecimal digits, in file order.

    It is made from the row's inputs: all columns that models can learn from, also those left out as empty,
    constant or a leak, so that no hash changes when a column stops looking like one. Without inputs it is
    made from the user's arrays; without those, from the row's id and its annotators' answers.

    Cells are hashed as they were read. Only the ends of lines within a text don't count: git and editors
    write CR LF for LF, and back.

    Args:
        table: The file.
        roles: What its columns are.
        given: The user's embeddings and probabilities, each of shape `(n_rows_in_file, m)`.
        numbers: The columns of which numbers are hashed, as `list_number_columns` gave them before; None: by
            the types that the columns have now.
    """
    names, arrays = _list_hashed(roles, given)
    return _hash_each_row(table.data, names, arrays, HashedAs(numbers=numbers))


def hash_rows_as_before(
    table: Table,
    roles: Roles,
    hashes: Sequence[str],
    *given: NDArray[np.floating] | None,
    numbers: Collection[str] | None = None,
) -> list[tuple[str, ...]]:
    """The hashes that versions up to 0.4 gave each row, where they are not the same as now.

    These counted the ends of lines. So rows whose texts have several lines had another hash, or may have had
    one where the file had CR LF; it has a hash for each.

    Args:
        table: The file.
        roles: What its columns are.
        hashes: What `hash_rows` gives.
        given: As in `hash_rows`; so are `numbers`.
        numbers: The columns of which numbers are hashed.

    Returns:
        In file order, empty for most rows.
    """
    names, arrays = _list_hashed(roles, given)
    rows = _find_several_lines(table.data, names)
    found: list[tuple[str, ...]] = [()] * table.data.num_rows
    if len(rows):
        some, their = table.data.select(names).take(pa.array(rows)), [array[rows] for array in arrays]
        ways = (HashedAs(ends, numbers) for ends in (AS_READ, CRLF))
        before = zip(*(_hash_each_row(some, names, their, way) for way in ways), strict=True)
        for row, both in zip(rows.tolist(), before, strict=True):
            found[row] = tuple(one for one in dict.fromkeys(both) if one != hashes[row])
    return found


def _list_hashed(
    roles: Roles, given: Sequence[NDArray[np.floating] | None]
) -> tuple[list[str], list[NDArray[np.floating]]]:
    """The columns and the arrays that a row's hash is made of."""
    inputs, arrays = _input_names(roles), _list_arrays(given)
    if inputs or arrays:
        return inputs, [] if inputs else arrays
    return sorted(roles.names(Role.IDENTIFIER, Role.ANNOTATOR)), []


def _find_several_lines(data: pa.Table, names: Sequence[str]) -> NDArray[np.intp]:
    """The rows with a text of more than one line; all of them where a column's name has more than one."""
    if any(LINE_END.search(name) for name in names):
        return np.arange(data.num_rows)
    found = np.zeros(data.num_rows, dtype=np.bool_)
    for name in names:
        column = simplify_column(data.column(name))
        if column.type == TEXT:
            has_several = pc.match_substring_regex(column, LINE_END.pattern)
            found |= np.asarray(pc.fill_null(has_several, fill_value=False))
    return np.flatnonzero(found)


def number_equal_inputs(
    table: Table, roles: Roles, hashes: Sequence[str], embeddings: NDArray[np.floating] | None = None
) -> Codes:
    """A number for each row in file order: equal where a person who decides on the label sees the same row.

    Rows with the same number have the same cells, character by character, in every input column, also in
    those that models don't use. Ids and labels may differ. Vectors that the user gave must be equal, too, and
    so must names of images, sounds and videos, since the file itself doesn't have what these show; in a
    table without texts, names of any files and addresses. Without an input that a person can read, no two
    rows have the same number.

    Args:
        table: The file.
        roles: What its columns are.
        hashes: The hashes of its rows, from `hash_rows`.
        embeddings: The user's own vectors, of shape `(n_rows_in_file, n_dimensions)`.
    """
    if not any(column.is_input and column.role != Role.EMBEDDING for column in roles.columns):
        return np.arange(len(hashes), dtype=np.intp)
    codes = _number_hashes(hashes)
    for name in _list_references(table, roles):
        codes = number_alike(codes, find_distinct(table.data.column(name)).codes + 1)
    shared = np.flatnonzero(np.bincount(codes)[codes] > 1)  # vectors are long, and most rows are not equal
    if embeddings is not None and len(shared):
        vectors = np.unique(np.asarray(embeddings)[shared], axis=0, return_inverse=True)[1]
        part = np.zeros(len(codes), dtype=np.intp)
        part[shared] = vectors.ravel()
        codes = number_alike(codes, part)
    return codes


def _number_hashes(hashes: Sequence[str]) -> Codes:
    """A number for each hash, in their order."""
    blocks = split_rows(len(hashes), HASH_DIGITS)
    digests = b"".join(bytes.fromhex("".join(hashes[block])) for block in blocks)
    numbers = np.frombuffer(digests, dtype=f">u{DIGEST_BYTES}").astype(np.uint64)
    return np.asarray(np.unique(numbers, return_inverse=True)[1], dtype=np.intp)


def _list_references(table: Table, roles: Roles) -> list[str]:
    """The columns, other than inputs, that name what a row shows: files and addresses."""
    pattern = MEDIA_NAME if Role.TEXT in {column.role for column in roles.columns} else FILE_OR_ADDRESS
    others = [column.name for column in roles.columns if not column.is_input and column.role != Role.LABEL]
    return [
        name for name in others if find_distinct(table.data.column(name)).share_like(pattern) >= NEARLY_ALL
    ]


def _input_names(roles: Roles) -> list[str]:
    return sorted(column.name for column in roles.columns if column.is_input)


def _list_arrays(given: Sequence[NDArray[np.floating] | None]) -> list[NDArray[np.floating]]:
    return [np.asarray(array) for array in given if array is not None]


def _hash_each_row(
    data: pa.Table, names: Sequence[str], arrays: Sequence[NDArray[np.floating]], way: HashedAs
) -> Texts:
    """A hash of each row; the columns' names go into all of them."""
    named = "\0".join(names) if way.ends is None else LINE_END.sub(way.ends, "\0".join(names))
    key = blake2b(named.encode(), digest_size=16).digest()
    start = blake2b(digest_size=DIGEST_BYTES, key=key)  # a copy takes half as long as to begin again
    digests = bytearray()
    for content in _row_contents(data, names, arrays, way):
        own = start.copy()
        own.update(content)
        digests += own.digest()
    ends = np.arange(data.num_rows + 1, dtype=np.int64) * HASH_DIGITS
    buffers = pa.py_buffer(ends), pa.py_buffer(hexlify(digests))
    return Texts(pa.LargeStringArray.from_buffers(data.num_rows, *buffers))


def _row_contents(
    data: pa.Table, names: Sequence[str], arrays: Sequence[NDArray[np.floating]], way: HashedAs
) -> Iterator[bytes]:
    """The content of each row as bytes, so that different rows have different bytes."""
    texts, matrices = [], list(arrays)
    for name in names:
        column = simplify_column(data.column(name))
        matrix = _to_float_matrix(column, None if way.numbers is None else name in way.numbers)
        if matrix is None:
            texts.append(as_text(column))
        else:
            matrices.append(matrix)
    matrices = [matrix for matrix in matrices if matrix.shape[1]]
    for block in split_rows(data.num_rows, sum(matrix.shape[1] for matrix in matrices) + 10 * len(texts)):
        parts = [_list_row_bytes(matrix[block]) for matrix in matrices] or [
            [b""] * (block.stop - block.start)
        ]
        if texts:
            # of all rows at once, the texts with their lengths would be a second copy of the file
            some = [_prefix_lengths(_end_lines(text[block], way.ends)) for text in texts]
            joined = pc.binary_join_element_wise(*some, pa.scalar("", TEXT))
            parts.insert(0, joined.cast(pa.large_binary()).to_pylist())
        if not parts:
            parts = [[b""] * (block.stop - block.start)]
        yield from parts[0] if len(parts) == 1 else map(b"".join, zip(*parts, strict=True))


def _list_row_bytes(matrix: NDArray[np.floating]) -> list[bytes]:
    """The bytes of the numbers of each row, not their texts, which may change between versions."""
    rows = np.ascontiguousarray(matrix, dtype=matrix.dtype.newbyteorder("<"))
    listed: list[bytes] = rows.view(f"V{rows.itemsize * rows.shape[1]}").ravel().tolist()
    return listed


def _to_float_matrix(column: pa.ChunkedArray, as_numbers: bool | None) -> NDArray[np.floating] | None:  # noqa: FBT001
    """The values of a column of numbers or of complete vectors; None for any other column.

    Args:
        column: The column.
        as_numbers: Whether it is one of numbers; None: if it has floats.
    """
    if as_numbers or (as_numbers is None and pa.types.is_floating(column.type)):
        numbers = np.array(to_numbers(column), dtype=np.float64)
        numbers[np.isnan(numbers)] = np.nan  # the same bytes for every NaN
        return numbers[:, np.newaxis]
    found = read_vectors(column) if is_vector(column.type) else None
    return None if isinstance(found, Flaw) else found


def _end_lines(texts: pa.ChunkedArray, ends: str | None) -> pa.ChunkedArray:
    """The texts with these ends of lines."""
    sought = "\r" if ends == LF else "\n"
    if ends is None or not pc.any(pc.match_substring(texts, sought)).as_py():
        return texts
    return pc.replace_substring_regex(texts, LINE_END.pattern, ends)


def _prefix_lengths(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Each text after its length, "-" for a missing one: so joined texts stay distinct."""
    lengths = pc.binary_length(texts).cast(TEXT)
    return pc.fill_null(pc.binary_join_element_wise(lengths, texts, pa.scalar(":", TEXT)), "-")


def _number_repeats(
    hashes: Texts,
    codes: Codes,
    data: pa.Table,
    others: Sequence[str],
    arrays: Sequence[NDArray[np.floating]],
) -> Texts:
    """The hashes; from the second row with the same hash on, its number is appended."""
    numbered = {}
    groups = _number_hashes(hashes)
    rows = np.flatnonzero(np.bincount(groups)[groups] > 1)
    some = [np.asarray(array)[rows] for array in arrays]
    contents = list(_row_contents(data.take(pa.array(rows)), others, some, HashedAs()))
    ranks = np.where(codes < 0, len(codes), codes)[rows].tolist()
    order = sorted(range(len(rows)), key=lambda place: (groups[rows[place]], ranks[place], contents[place]))
    count, before = 0, -1
    for row in rows[order].tolist():
        count = count + 1 if groups[row] == before else 1
        before = groups[row]
        if count > 1:
            numbered[row] = f"{hashes[row]}.{count}"
    return hashes.replace(numbered)
