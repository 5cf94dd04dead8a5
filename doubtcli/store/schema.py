"""JSON of ours that is read back -> the first value in it that its schema, a file in this folder, refuses."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from doubtcli.wording.quoting import json_text, shorten

if TYPE_CHECKING:
    from collections.abc import Callable

AUDIT_SCHEMA, LEDGER_SCHEMA = "audit.schema.json", "ledger.schema.json"


def find_flaw(value: object, schema: str) -> str | None:
    """The place and the content of the first value that is not of the kind that the schema has for it.

    A missing key is no flaw: earlier versions did not write all of them.

    Args:
        value: As `json.loads` gives it.
        schema: The name of the schema's file.

    Returns:
        Such as `'counts.rows' is "x"`; None if all values are right.
    """
    from fastjsonschema import JsonSchemaValueException

    try:
        _compile_schema(schema)(value)
    except JsonSchemaValueException as error:
        place = ".".join(map(str, error.path[1:]))
        return f"{place!r} is {shorten(json_text(error.value))}"
    return None


@cache
def _compile_schema(name: str) -> Callable[[object], object]:
    import fastjsonschema

    text = files(__package__).joinpath(name).read_text(encoding="utf-8")
    compiled: Callable[[object], object] = fastjsonschema.compile(_without_required(json.loads(text)))
    return compiled


def _without_required(schema: Any) -> Any:  # noqa: ANN401  # JSON is anything
    if isinstance(schema, list):
        return list(map(_without_required, schema))
    if not isinstance(schema, dict):
        return schema
    return {
        key: _without_required(value) for key, value in schema.items() if key not in {"required", "$schema"}
    }
