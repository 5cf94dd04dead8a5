"""An audit -> `report.html`: one page that opens offline and keeps all it shows to itself.

What comes from the data is never markup. It goes into the page as JSON in a block that browsers don't run,
and the page's script writes it as text alone. Should both fail, the page's policy runs no script but ours,
told by its hash, and loads nothing from anywhere.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from doubtcli.report.page import file_name, page_data

if TYPE_CHECKING:
    from doubtcli.records import Audit

MAX_ROWS = 1_000
"""More than a person goes through in one sitting; `doubts.parquet` has them all."""
_SCRIPTS = ("page_charts.js", "page_evidence.js", "page.js")
"""The last one starts the others."""
_SLOT = re.compile(r"\{\{(\w+)\}\}")


def render_html(audit: Audit, *, max_rows: int = MAX_ROWS) -> str:
    """The whole page: no network, no other file; equal to the byte for equal audits (timings are left out).

    Args:
        audit: What a scan found.
        max_rows: How many of the doubted rows the table holds, most doubted first; the figures are of all.
    """
    style = _resource("page.css")
    script = '"use strict";\n\n' + "\n".join(_resource(name) for name in _SCRIPTS)
    parts = {
        "title": html.escape(f"{file_name(audit)} - doubt"),
        "policy": _policy(style, script),
        "style": style,
        "data": script_json(page_data(audit, max_rows)),
        "script": script,
    }
    page = _SLOT.sub(lambda slot: parts[slot[1]], _resource("page.html"))
    # A path may hold bytes that are no UTF-8 (lone surrogates in Python), which no page can hold.
    return page.encode(errors="replace").decode()


def script_json(value: Any) -> str:  # noqa: ANN401  # anything that JSON holds
    """JSON that stays inside the `<script>` it is put in: no character of it means anything to HTML."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _resource(name: str) -> str:
    return files("doubtcli.report").joinpath(name).read_text(encoding="utf-8")


def _policy(style: str, script: str) -> str:
    return f"default-src 'none'; img-src data:; style-src {_hash(style)}; script-src {_hash(script)}"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
