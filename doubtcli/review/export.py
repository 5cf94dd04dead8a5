"""A review -> one page that opens offline: its verdicts are downloaded as the lines that a review writes.

What the server would answer is in the file, and `offline.js` answers from it. Of the rows among which those
drawn at random are mixed, nothing is in it that models say.
"""

from __future__ import annotations

import base64
import html
import json
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.disk.file import FILE_HINTS, os_errors_as_output_error, replace_file
from doubtcli.disk.paths import names_a_file
from doubtcli.errors import OutputError
from doubtcli.evidence.content_key import hash_content
from doubtcli.report.one_file import fill_page, join_scripts, script_json
from doubtcli.report.page import file_name
from doubtcli.review.cards import move_places
from doubtcli.review.filters import RowFilter
from doubtcli.review.page_files import PAGE, list_page_files, read_page_file
from doubtcli.review.pictures import NoPictureError
from doubtcli.review.session import STATES
from doubtcli.wording.numbers import format_count
from doubtcli.wording.quoting import shell_word

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from doubtcli.records import ScanResult
    from doubtcli.review.desk import Desk

MOST_ROWS = 2_000
"""More than a person decides in a week."""
MOST_BYTES = 20_000_000
"""Of the rows in the file: browsers open it in a few seconds, and mail takes it."""
MOST_MAPPED = 20_000
"""Rows of a data file whose map is made for a page."""
MOST_EMBEDDED_BYTES = 2_000_000
"""Of one picture in the page."""
_AT_ONCE = 10
_MARK = '<meta name="generator" content="doubt review">'
_MARK_WITHIN = 4_096
_HEAD = re.compile(r"<title>.*?</head>", re.DOTALL)
_WITHOUT = ("update", "all", "rules")
"""What a page without a server can't do: its buttons are left out."""


def check_page(path: Path, *, force: bool = False) -> None:
    """Refuse to replace a file that is not such a page; fast enough to call before a long scan.

    Raises:
        OutputError: Something else is in the way.
    """
    with os_errors_as_output_error(path, FILE_HINTS):
        if path.is_dir():
            raise OutputError("it is a folder", where=str(path), hint="name a file, such as page.html")
        if force or not path.is_file():
            return
        with path.open("rb") as file:
            is_ours = _MARK.encode() in file.read(_MARK_WITHIN)
    if not is_ours:
        raise OutputError(
            "exists already, and is not a page of `doubt review --export`",
            where=str(path),
            hint="name another file, or replace it with --force",
        )


def write_page(desk: Desk, path: Path, person: str = "", *, never: Iterable[str] = ()) -> list[str]:
    """Write the page, whole or not at all.

    Args:
        desk: A review by nobody: what people have decided is shown, and nothing of it is the reader's own.
        path: The file.
        person: The name that is proposed to the reader.
        never: Files that must not be replaced.

    Returns:
        What is left out, in sentences.

    Raises:
        OutputError: It can't be written.
    """
    content = make_content(desk, person)
    source = desk.session.audit.source.path
    page = render_page(content).encode()
    replace_file(path, page, made_from=(source,), never=(source, *never))
    return list(content["notes"])


def render_page(content: dict[str, Any]) -> str:
    """The page with what `make_content` gives."""
    kinds = list_page_files()
    scripts = [name for name, kind in kinds.items() if kind == "text/javascript"]
    scripts.insert(scripts.index("review.js"), "offline.js")
    return fill_page(
        _make_template(),
        title=html.escape(f"{content['about']['file']} - doubt review"),
        style="\n".join(read_page_file(name) for name in kinds if name not in scripts),
        data=content,
        script=join_scripts(map(read_page_file, scripts)),
    )


def _make_template() -> str:
    """The review's page with slots in place of the files that it names."""
    head = (
        '<meta http-equiv="Content-Security-Policy" content="{{policy}}">\n'
        f'{_MARK}\n<title>{{{{title}}}}</title>\n<link rel="icon" href="data:,">\n'
        "<style>{{style}}</style>\n</head>"
    )
    end = '<script id="data" type="application/json">{{data}}</script>\n<script>{{script}}</script>\n</body>'
    return _HEAD.sub(head, read_page_file(PAGE)).replace("</body>", end)


# ------------------------------------------------------------------------------- what is in it


def make_content(
    desk: Desk, person: str = "", *, most_rows: int = MOST_ROWS, most_bytes: int = MOST_BYTES
) -> dict[str, Any]:
    """All that `offline.js` answers from, ready for JSON.

    Args:
        desk: A review by nobody.
        person: The name that is proposed to the reader.
        most_rows: How many rows are in it.
        most_bytes: How many bytes their cards take, about.
    """
    session = desk.session
    audit = session.audit
    queue = desk.list_rows(RowFilter()).tolist()
    cards, pool, pictures = _take_cards(desk, queue[:most_rows], most_bytes)
    rows = [card["index"] for card in cards]
    partners = (partner["index"] for card in cards for partner in card["partners"])
    mentioned = {*rows, *partners}
    known = sorted(mentioned | {int(session.heads[row]) for row in mentioned})
    seen = dict(zip(known, session.describe_rows(known), strict=True))
    key = hash_content("review", audit.source.sha256, audit.roles.columns, audit.examples.n_rows) or ""
    others = {row: session.others_on(row) for row in known}
    points = _pack_map(desk, rows)
    alike = [row for row in desk.list_rows(RowFilter(), "alike").tolist() if row in set(rows)]
    about = desk.describe() | {"person": "", "folder": "", "outdated": 0}
    without = [*([] if points else ["map"]), *([] if alike else ["alike"])]
    return {
        "key": key,
        "person": person,
        "about": about | {"without": [*_WITHOUT, *without]},
        "notes": [*_note_left_out(audit, len(queue), len(rows), most_rows), *_note_hidden(cards)],
        "states": list(STATES),
        "queue": rows,
        "alike": alike,
        "cards": cards,
        "pool": pool,
        "pictures": pictures,
        "rows": {
            row: {
                "head": int(session.heads[row]),
                "id": one.row_id,
                "given": int(audit.examples.given_labels[row]),
                "hash": one.row_hash,
                "equal": one.equal_rows,
            }
            for row, one in seen.items()
        },
        "others": {
            row: {who: one.label or one.status for who, one in sorted(said.items())}
            for row, said in others.items()
            if said
        },
        "sealed": _seal(
            {one.row_id: (one.stratum, one.inclusion) for one in seen.values() if one.stratum}, key
        ),
        "noise": {"atLeast": audit.noise_rate.at_least},
        "map": points,
    }


def _take_cards(
    desk: Desk, rows: Sequence[int], most_bytes: int
) -> tuple[list[Any], list[Any], dict[str, str]]:
    """The cards of the first rows that have room, the pool of rows that they mention, and the pictures."""
    cards: list[Any] = []
    pool: list[Any] = []
    pictures: dict[str, str] = {}
    room = most_bytes
    for start in range(0, len(rows), _AT_ONCE):
        found = desk.make_cards(rows[start : start + _AT_ONCE])
        drawn = _embed_pictures(desk, found["cards"], pictures)
        room -= len(script_json(found).encode(errors="replace")) + sum(map(len, drawn.values()))
        if room < 0 and cards:
            break
        cards += [move_places(card, len(pool)) for card in found["cards"]]
        pool += found["pool"]
        pictures |= drawn
    return cards, pool, pictures


def _embed_pictures(desk: Desk, cards: Sequence[Any], known: Collection[str]) -> dict[str, str]:
    """The pictures of some cards that are not known yet, by path, as addresses that have the content."""
    found: dict[str, str] = {}
    for row in (one for card in cards for one in (card, *card["partners"])):
        for picture in row.get("pictures", ()):
            path = picture["path"]
            if picture["why"] or path in known or path in found:
                continue
            with suppress(NoPictureError):  # it was there a moment ago
                read = desk.read_picture(row["index"], picture["number"])
                if len(read.content) <= MOST_EMBEDDED_BYTES:
                    content = base64.b64encode(read.content).decode()
                    found[path] = f"data:{read.media_type};base64,{content}"
    return found


def _note_left_out(audit: ScanResult, n_queued: int, n_rows: int, most_rows: int) -> list[str]:
    """Which rows are not in the page and where they are, and that there is no map, if so."""
    notes: list[str] = []
    if n_rows < n_queued:
        why = f"at most {most_rows:,} fit" if n_rows == most_rows else "more would make it too large"
        notes.append(f"The first {format_count(n_rows, 'row')} of {n_queued:,} are in this page: {why}.")
        if names_a_file(audit.source.path):
            notes.append(f"All are shown by `doubt review {shell_word(file_name(audit))}`.")
    if audit.examples.n_rows > MOST_MAPPED:
        notes.append(f"There is no map in this page, since the file has more than {MOST_MAPPED:,} rows.")
    return notes


def _note_hidden(cards: Sequence[Any]) -> list[str]:
    """That no card shows what models say, if so."""
    if not cards or not all(card.get("blind") for card in cards):
        return []
    words = (
        f"None of the {format_count(len(cards), 'card')} shows what models say, so that rows drawn at random "
        "(--audit-sample) look like the others."
    )
    return [words]


def _pack_map(desk: Desk, rows: Sequence[int]) -> str:
    """The points of the rows in the file, at their places among all rows; "" where there is no map."""
    if desk.session.audit.examples.n_rows > MOST_MAPPED:
        return ""
    packed = desk.pack_some_points(np.array(sorted(rows), dtype=np.intp))
    return "" if packed is None else base64.b64encode(packed).decode()


def _seal(drawn: dict[str, tuple[str, str]], key: str) -> str:
    """Which rows were drawn, and how: scrambled, so that nobody reads it by accident. It is no secret."""
    state = int(key[:8], 16) or 1
    sealed = bytearray()
    for byte in json.dumps(drawn).encode():
        state = (state * 1_664_525 + 1_013_904_223) % 2**32
        sealed.append(byte ^ state >> 24)
    return base64.b64encode(bytes(sealed)).decode()
