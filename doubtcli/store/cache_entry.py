"""A computed value <-> one file of the cache: what it is made of as JSON, then its arrays byte by byte.

Nothing in such a file is run as code, and it names no class but records of this package. It ends with a hash
of all before: a file that was damaged is no entry.
"""

from __future__ import annotations

import hashlib
import json
import math
import mmap
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from doubtcli.records.mapped import let_go_from_time_to_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

_FIRST_BYTES = b"doubt cache 1\n"
_LENGTH_BYTES = 8
_ALIGNED = 64
"""Bytes: each array starts at a multiple of it, which suits processors."""
_AT_ONCE = 2**20
"""Bytes that are hashed at a time."""
_MAPPED_FROM = 2**20
"""Bytes: a smaller file is read, a larger one is a memory map."""
_OURS = "doubtcli."


class NotKeepableError(TypeError):
    """A value that an entry can't hold."""


def write_entry(file: BinaryIO, value: object, most: int) -> None:
    """Write a value.

    Args:
        file: An empty file.
        most: The most bytes that the value may have.
        value: Made of plain values, bytes, paths, arrays and sparse matrices, in lists, tuples, mappings with
            text keys, and records of this package.

    Raises:
        NotKeepableError: It has a part that is none of these, or is larger.
        OSError: As the system raises it.
    """
    encoder = _Encoder()
    tree = encoder.encode(value)
    starts, end = [], 0
    for block in encoder.blocks:
        starts.append(end + -end % _ALIGNED)
        end = starts[-1] + len(block)
    head = json.dumps({"value": tree, "starts": starts}).encode()
    head = _FIRST_BYTES + len(head).to_bytes(_LENGTH_BYTES, "big") + head
    if len(head) + end > most:
        raise NotKeepableError(f"{len(head) + end} bytes")
    out = _HashedFile(file)
    out.write(head)
    for block in encoder.blocks:
        out.write(bytes(-out.size % _ALIGNED))
        out.write(block)
    file.write(out.digest.digest())


def read_entry(file: BinaryIO) -> Any:  # noqa: ANN401  # what was written
    """The value in a file; its arrays are read-only, and equal to the bit.

    Args:
        file: As `write_entry` wrote it.

    Raises:
        ValueError: The file is damaged.
        OSError: As the system raises it.
    """
    size = file.seek(0, 2)
    _check_hash(file, size)
    file.seek(0)
    content: Any = file.read() if size < _MAPPED_FROM else _map_file(file)
    start = len(_FIRST_BYTES) + _LENGTH_BYTES
    if content[: len(_FIRST_BYTES)] != _FIRST_BYTES:
        raise ValueError("it was written by another version")
    end = start + int.from_bytes(content[start - _LENGTH_BYTES : start], "big")
    head = json.loads(content[start:end])
    first = end + -end % _ALIGNED
    return _Decoder(content, [first + start for start in head["starts"]]).decode(head["value"])


def _map_file(file: BinaryIO) -> mmap.mmap:
    mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    let_go_from_time_to_time(mapped)
    return mapped


def _check_hash(file: BinaryIO, size: int) -> None:
    digest = hashlib.sha256()
    left = size - digest.digest_size
    file.seek(0)
    while left > 0 and (part := file.read(min(left, _AT_ONCE))):
        digest.update(part)
        left -= len(part)
    if left or file.read() != digest.digest():
        raise ValueError("it is not as it was written")


class _HashedFile:
    """A file that is hashed while it is written."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.digest, self.size = file, hashlib.sha256(), 0

    def write(self, content: bytes | memoryview) -> None:
        """Write some more bytes."""
        self._file.write(content)
        self.digest.update(content)
        self.size += len(content)


class _Encoder:
    """Values as JSON, with the number of each block of bytes; an array that occurs twice is one block."""

    def __init__(self) -> None:
        self.blocks: list[bytes | memoryview] = []
        self._numbers: dict[int, int] = {}

    def encode(self, value: object) -> Any:  # noqa: ANN401  # JSON
        """Plain values as they are; all others as a list of their kind and their parts."""
        if value is None or type(value) in (str, int, float, bool):
            return value
        match value:
            case list() | tuple():
                return ["tuple" if isinstance(value, tuple) else "list", *map(self.encode, value)]
            case dict():
                return ["dict", *([key, self.encode(item)] for key, item in value.items())]
            case bytes():
                return ["bytes", self._add_block(value), len(value)]
            case Path():
                return ["path", str(value)]
        return self._encode_record(value) or self._encode_array(value)

    def _encode_record(self, value: Any) -> Any:  # noqa: ANN401  # anything; JSON
        if not (is_dataclass(value) and type(value).__module__.startswith(_OURS)):
            return None
        parts = ([field.name, self.encode(getattr(value, field.name))] for field in fields(value))
        return ["record", type(value).__module__, type(value).__qualname__, *parts]

    def _encode_array(self, value: object) -> Any:  # noqa: ANN401  # JSON
        import numpy as np

        if isinstance(value, np.ndarray) and not value.dtype.hasobject and value.dtype.names is None:
            order: Any = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
            if id(value) not in self._numbers:
                flat = np.asarray(value, order=order).reshape(-1, order=order)
                self._numbers[id(value)] = self._add_block(flat.view(np.uint8).data if flat.size else b"")
            return ["array", self._numbers[id(value)], value.dtype.str, list(value.shape), order]
        from scipy import sparse

        if isinstance(value, sparse.csr_matrix):
            parts = (value.data, value.indices, value.indptr)
            return ["csr", list(value.shape), *map(self._encode_array, parts)]
        raise NotKeepableError(type(value).__name__)

    def _add_block(self, block: bytes | memoryview) -> int:
        self.blocks.append(block)
        return len(self.blocks) - 1


class _Decoder:
    """The values that `_Encoder` encoded; their arrays look into the file's content."""

    def __init__(self, content: Any, starts: list[int]) -> None:  # noqa: ANN401  # bytes or a memory map
        self._content, self._starts = content, starts
        self._arrays: dict[int, NDArray[Any]] = {}

    def decode(self, found: Any) -> Any:  # noqa: ANN401  # JSON; the value
        """The value of some JSON."""
        if not isinstance(found, list):
            return found
        kind, *parts = found
        makers: dict[str, Callable[..., Any]] = {
            "list": lambda *parts: [*map(self.decode, parts)],
            "tuple": lambda *parts: (*map(self.decode, parts),),
            "dict": lambda *parts: {key: self.decode(item) for key, item in parts},
            "path": Path,
            "bytes": self._read_bytes,
            "array": self._make_array,
            "csr": self._make_matrix,
            "record": self._make_record,
        }
        return makers[kind](*parts)

    def _read_bytes(self, number: int, size: int) -> bytes:
        start = self._starts[number]
        return bytes(self._content[start : start + size])

    def _make_array(self, number: int, dtype: str, shape: list[int], order: Any) -> NDArray[Any]:  # noqa: ANN401
        import numpy as np

        if number not in self._arrays:
            flat = np.frombuffer(self._content, np.dtype(dtype), math.prod(shape), self._starts[number])
            self._arrays[number] = flat.reshape(shape, order=order)
        return self._arrays[number]

    def _make_matrix(self, shape: list[int], *parts: Any) -> Any:  # noqa: ANN401  # a sparse matrix
        from scipy import sparse

        data, indices, indptr = map(self.decode, parts)
        matrix = sparse.csr_matrix(tuple(shape), dtype=data.dtype)
        matrix.data, matrix.indices, matrix.indptr = data, indices, indptr
        return matrix

    def _make_record(self, module: str, name: str, *items: Any) -> Any:  # noqa: ANN401  # of any kind
        return _find_record(module, name)(**{key: self.decode(item) for key, item in items})


def _find_record(module: str, name: str) -> type[Any]:
    """A record of this package; no other class, and no function."""
    found = getattr(import_module(module), name, None) if module.startswith(_OURS) else None
    if not (isinstance(found, type) and is_dataclass(found)):
        raise ValueError(f"there is no record {module}:{name}")
    return found
