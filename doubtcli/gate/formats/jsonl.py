"""What a gate found -> its findings as JSON Lines: one per line, each with its file's path, for `jq`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.gate.formats.json import list_finding_fields
from doubtcli.wording.quoting import json_text

if TYPE_CHECKING:
    from doubtcli.gate.result import GateResult


def render_jsonl(result: GateResult) -> str:
    """Every finding, whether a limit failed because of it or not; "" where there are none."""
    lines = (
        json_text({"path": file.path} | list_finding_fields(finding))
        for file in result.files
        for finding in file.findings
    )
    return "".join(f"{line}\n" for line in lines)
