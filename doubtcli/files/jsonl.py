"""JSON Lines -> columns of the types that JSON gives them.

JSON has no columns, so each one's type is known only at the end. Until then every batch keeps its values
in a form that loses nothing: its own Arrow type where they are all of one kind, else JSON text.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, TextIO

import pyarrow as pa

from doubtcli.errors import InputError
from doubtcli.files.json_columns import JsonColumn
from doubtcli.files.parsed import BATCH_ROWS, Lines, Parsed, check_names, check_rows, in_batches, watched

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from doubtcli.files.parsed import OnRows


ONE_A_LINE = 'one object a line: {"text": "...", "label": "..."}'
ONE_DOCUMENT = "one JSON document over the whole file? jq -c '.[]' rows.json makes a line of each row"

SHOWN = 40
"""How much of a line that is no object is shown."""


def read_jsonl(
    open_text: Callable[[], TextIO],
    where: str,
    *,
    on_rows: OnRows | None = None,
    batch_rows: int = BATCH_ROWS,
) -> Parsed:
    """Every object of a JSON Lines text as a row; its keys are the columns, in order of first appearance.

    A missing key and null are null; "" stays "". Whole numbers beside fractions become fractions; values
    of kinds that don't mix become text, which a note says. Lists of numbers become lists of float64, all
    that is nested otherwise JSON text.

    Raises:
        InputError: A line is no JSON object; names it.
    """
    columns: dict[str, JsonColumn] = {}
    n_rows = 0
    with open_text() as text:
        lines = Lines(text, where)
        for rows in watched(in_batches(json_objects(lines, where), lines, batch_rows), on_rows):
            for name in dict.fromkeys(name for row in rows for name in row):
                columns.setdefault(name, JsonColumn(n_rows))
            n_rows += len(rows)
            for name, column in columns.items():
                column.add([row.get(name) for row in rows])
    if n_rows:  # `{}` alone has no columns
        check_names(list(columns), where)
    check_rows(n_rows, list(columns), where)
    data = pa.table({name: column.finish() for name, column in columns.items()})
    notes = (f"column {name!r} {column.note}" for name, column in columns.items() if column.note)
    return Parsed(data, tuple(notes))


def json_objects(lines: Lines, where: str, expected: str = ONE_A_LINE) -> Iterator[dict[str, Any]]:
    """The object on each line that isn't blank.

    Raises:
        InputError: A line is no JSON object; names it.
    """
    row = 0
    for number, line in enumerate(lines, start=1):
        if not line.isspace():
            row += 1
            try:
                yield _parse(line)
            except (ValueError, RecursionError) as error:
                raise InputError(
                    f"the line is not a JSON object: {error}",
                    where=where,
                    row=row,
                    line=number,
                    expected=expected,
                    hint=ONE_DOCUMENT if row == 1 and line.lstrip()[0] in "[{" else None,
                ) from error


def _parse(line: str) -> dict[str, Any]:
    value = json.loads(line, object_pairs_hook=unrepeated)
    if not isinstance(value, dict):
        shown = line.strip()
        raise ValueError(shown if len(shown) <= SHOWN else f"{shown[:SHOWN]}…")  # noqa: TRY004  # as json does
    if "\\ud" in line.lower():  # half of a character, if its other half is missing
        json.dumps(value, ensure_ascii=False).encode()
    return value


def unrepeated(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object of these keys and values.

    Raises:
        ValueError: A key stands there twice.
    """
    value = dict(pairs)
    if len(value) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {repeated!r} stands there more than once")
    return value
