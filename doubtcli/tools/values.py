"""Values as annotation tools write them -> texts, and what a task brings back of what we wrote into it."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from doubtcli.files.values import shown

if TYPE_CHECKING:
    from collections.abc import Mapping


def value_text(value: object) -> str:
    """A value as text; empty where it is missing."""
    if isinstance(value, float) and math.isnan(value):
        return ""
    return shown(value) or ""


def read_own_columns(data: Mapping[str, Any]) -> dict[str, Any]:
    """What a task brings back of what we wrote into it, as keywords of an `Answer`."""
    return {
        "row_id": value_text(data.get("doubt_id")),
        "given_label": value_text(data.get("given_label")),
        "stratum": value_text(data.get("doubt_stratum")),
        "inclusion": value_text(data.get("doubt_inclusion")),
        "seen_hash": value_text(data.get("doubt_row_hash")).strip(),
        "duplicates": list_texts(data.get("doubt_duplicates")),
    }


def list_texts(value: object) -> tuple[str, ...]:
    """The texts of a list, of JSON that tells of one, or a single text; those that say nothing left out."""
    if isinstance(value, str) and value.lstrip().startswith("["):
        value = _parse_json_text(value)
    values = value if isinstance(value, (list, tuple)) else [value]
    return tuple(text for text in map(value_text, values) if text.strip())


def _parse_json_text(text: str) -> object:
    """What a JSON text tells; the text itself if it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
