"""What a notebook shows: of an audit the summary and the first rows of its queue, of a scan a bar."""

from __future__ import annotations

import re
import sys
import time
from contextlib import contextmanager
from html import escape
from importlib import import_module
from typing import TYPE_CHECKING, Any

from doubtcli.records import Role
from doubtcli.report.summary import noise_sentence, power_sentence, skill_sentence
from doubtcli.wording.numbers import format_count, format_percent, format_score, format_value

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    import pandas as pd

    from doubtcli.progress import Advance
    from doubtcli.records import AuditDocument

SECONDS_BETWEEN = 0.2
"""Between two updates of a bar."""
FIRST_ROWS = 10
MOST_CHARACTERS = 160
"""Of a row's texts or values, more than a line of a notebook has."""

STYLE = """
.doubt-audit { max-width: 70em; line-height: 1.4; }
.doubt-audit h3 { margin: .2em 0 .4em; }
.doubt-audit p { margin: .2em 0; }
.doubt-audit table { border-collapse: collapse; table-layout: fixed; width: 100%; margin-top: .8em; }
.doubt-audit table tr { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
.doubt-audit table tr:nth-child(n) { background: none; }
.doubt-audit table th, .doubt-audit table td {
  text-align: left !important; vertical-align: top; white-space: normal; padding: .4em 1em .4em 0;
}
.doubt-audit table th:nth-child(1) { width: 4em; }
.doubt-audit table th:nth-child(2) { width: 14em; }
.doubt-audit table div { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.doubt-audit small { opacity: .8; font-size: 1em; }
"""
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufefc]+(?:[ _-]+[\u0590-\u08ff\ufb1d-\ufefc]+)*")


def is_notebook() -> bool:
    """Whether this code runs in a notebook, where output is HTML."""
    if "ipykernel" not in sys.modules:
        return False
    shell = import_module("IPython").get_ipython()
    return type(shell).__name__ == "ZMQInteractiveShell"


class NotebookBars:
    """The stage that runs now, as one line of a notebook's output; gone when the last stage is done."""

    def __init__(self) -> None:
        notebook = import_module("IPython.display")
        self._shown: Any = notebook.display({"text/html": ""}, raw=True, display_id=True)
        self._titles: list[str] = []
        self._last = 0.0

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Advance]:
        """Open a stage; a stage within a stage is shown in its place."""
        done = 0

        def advance(steps: int) -> None:
            nonlocal done
            done += steps
            if time.monotonic() - self._last >= SECONDS_BETWEEN:
                self._show(f" {min(done / total, 1):.0%}" if total else f" {format_count(done)}")

        self._titles.append(title)
        self._show()
        try:
            yield advance
        finally:
            self._titles.pop()
            self._show()

    def _show(self, figure: str = "") -> None:
        self._last = time.monotonic()
        line = f"<small>{escape(self._titles[-1])}{figure} …</small>" if self._titles else ""
        self._shown.update({"text/html": line}, raw=True)


def render_for_notebook(document: AuditDocument, queue: pd.DataFrame, doubted: Collection[str]) -> str:
    """HTML of its own, in the colours of the notebook, light or dark.

    Args:
        document: What the audit says.
        queue: The rows to relabel, as `queue.csv` has them.
        doubted: The ids of the doubted rows.
    """
    return "\n".join(
        [
            '<div class="doubt-audit">',
            f"<style>{STYLE}</style>",
            *_render_summary(document),
            *(_render_rows(document, queue, doubted) if len(queue) else ()),
            "</div>",
        ]
    )


def _render_summary(document: AuditDocument) -> Iterator[str]:
    counts = document.counts
    doubted = f"{format_count(counts.n_doubted)} of {format_count(counts.n_labelled, 'label')} doubted"
    share = f" ({format_percent(counts.n_doubted / counts.n_labelled)})" if counts.n_doubted else ""
    more = f", {format_count(counts.n_contradicted)} more contradicted" if counts.n_contradicted else ""
    yield f"<h3>{doubted}{share}{more}</h3>"
    yield f"<p>{escape(noise_sentence(document.noise_rate))}</p>"
    if document.skill.assessable:
        yield f"<p>{escape(skill_sentence(document.skill))}</p>"
    if document.power is not None and document.power.assessable:
        yield f"<p>{escape(power_sentence(document.power))}</p>"
    for note in document.notes:
        yield f"<p><small>{escape(note)}</small></p>"


def _render_rows(document: AuditDocument, queue: pd.DataFrame, doubted: Collection[str]) -> Iterator[str]:
    """Each row in two lines, as the page has it: what the file has, and what the audit says and why."""
    heads = ("doubt", "given<br>→ suggested", "row<br>why")
    yield f"<table><thead><tr>{''.join(f'<th>{head}</th>' for head in heads)}</tr></thead><tbody>"
    for row in queue.head(FIRST_ROWS).fillna("").to_dict("records"):
        given, suggested = (escape(str(row[name])) for name in ("given_label", "doubt_suggested"))
        better = "no better label" if suggested == given else f"→ {suggested}"
        weight = "b" if row["doubt_id"] in doubted else "span"
        excerpt = escape(_make_excerpt(document, {str(name): value for name, value in row.items()}))
        why = _RIGHT_TO_LEFT.sub(r"<bdi>\g<0></bdi>", escape(str(row["doubt_why"])))
        cells = (
            escape(format_score(float(row["doubt_score"]))),
            f"<div>{given}</div><div><{weight}>{better}</{weight}></div>",
            f'<div dir="auto">{excerpt}</div><small>{why}</small>',
        )
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    yield f"</tbody></table><p><small>{_count_rows(queue['doubt_id'].isin(doubted))}</small></p>"


def _count_rows(doubted: pd.Series[bool]) -> str:
    """How many rows there are to check, and how many of them are doubted."""
    first = f"The first {FIRST_ROWS} of " if len(doubted) > FIRST_ROWS else ""
    rows = f"{first}{format_count(len(doubted), 'row')} to check"
    n_doubted = int(doubted.sum())
    if n_doubted == len(doubted):
        return f"{rows}, all doubted."
    return f"{rows}, {format_count(n_doubted) if n_doubted else 'none'} of them doubted."


def _make_excerpt(document: AuditDocument, row: Mapping[str, object]) -> str:
    """A row's texts; in a table without texts its values, each with its column's name; else its id."""
    texts = [str(row[name]) for name in document.roles.names(Role.TEXT) if row.get(name)]
    inputs = [column.name for column in document.roles.columns if column.is_input and column.name in row]
    values = [f"{name} {format_value(row[name])}" for name in inputs if row[name] != ""]
    text = " ".join((" | ".join(texts) or " · ".join(values) or str(row["doubt_id"])).split())
    return text if len(text) <= MOST_CHARACTERS else f"{text[: MOST_CHARACTERS - 1].rstrip()}…"
