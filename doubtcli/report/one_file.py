"""A page in one file, which opens offline and sends nothing anywhere.

Text from the data is never markup. It is in the page as JSON, in a block that browsers don't run, and the
page's script writes it as plain text. If both failed, the page's content security policy would still allow no
script but ours, which it knows by its hash, and no request to any address.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

_SLOT = re.compile(r"\{\{(\w+)\}\}")


def fill_page(template: str, *, title: str, style: str, data: Any, script: str) -> str:  # noqa: ANN401  # JSON
    """The page of a template, with its style, data and script inside it.

    Args:
        template: HTML with a slot for each of them, such as `{{style}}`, and one for the `{{policy}}`.
        title: As HTML.
        style: All of its CSS.
        data: What the script reads from the block `#data`; anything that JSON holds.
        script: All of its JavaScript.
    """
    parts = {
        "title": title,
        "policy": _write_policy(style, script),
        "style": style,
        "data": script_json(data),
        "script": script,
    }
    page = _SLOT.sub(lambda slot: parts[slot[1]], template)
    # Bytes of a path that are not UTF-8 are lone surrogates in Python, and a page can't contain those.
    return page.encode(errors="replace").decode()


def join_scripts(texts: Iterable[str]) -> str:
    """Some scripts as one, in strict mode."""
    return '"use strict";\n\n' + "\n".join(texts)


def script_json(value: Any) -> str:  # noqa: ANN401  # anything that JSON holds
    """JSON that can't end the `<script>` it is put in: it has no character that HTML treats specially."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return re.sub("[<>&\u2028\u2029]", lambda found: f"\\u{ord(found[0]):04x}", text)


def _write_policy(style: str, script: str) -> str:
    allowed = f"style-src {_hash_source(style)}; script-src {_hash_source(script)}"
    return f"default-src 'none'; img-src data:; {allowed}"


def _hash_source(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
