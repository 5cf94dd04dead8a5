"""An audit -> the HTML that a notebook shows of it: the summary, and the first rows of the queue."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from doubtcli.records import Role
from doubtcli.report.summary import noise_sentence, power_sentence, skill_sentence
from doubtcli.wording.numbers import count, percent, score

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd

    from doubtcli.records import AuditDocument

FIRST_ROWS = 10
MOST_CHARACTERS = 160
"""Of a row's text, about two lines of a notebook."""

STYLE = """
.doubt-audit { max-width: 60em; line-height: 1.4; }
.doubt-audit h3 { margin: .2em 0 .4em; }
.doubt-audit p { margin: .2em 0; }
.doubt-audit table { border-collapse: collapse; margin-top: .8em; }
.doubt-audit table tr { border-top: 1px solid color-mix(in srgb, currentColor 20%, transparent); }
.doubt-audit table tr:nth-child(n) { background: none; }
.doubt-audit table th, .doubt-audit table td {
  text-align: left !important; vertical-align: top; white-space: normal; padding: .3em .8em .3em 0;
}
.doubt-audit small { opacity: .75; display: block; }
"""


def render_for_notebook(document: AuditDocument, queue: pd.DataFrame) -> str:
    """HTML of its own, in the colours of the notebook, light or dark.

    Args:
        document: What the audit says.
        queue: The rows to relabel, as `queue.csv` has them.
    """
    return "\n".join(
        [
            '<div class="doubt-audit">',
            f"<style>{STYLE}</style>",
            *_render_summary(document),
            *(_render_rows(document, queue) if len(queue) else ()),
            "</div>",
        ]
    )


def _render_summary(document: AuditDocument) -> Iterator[str]:
    counts = document.counts
    doubted = f"{count(counts.n_doubted)} of {count(counts.n_labelled, 'label')} doubted"
    share = f" ({percent(counts.n_doubted / counts.n_labelled)})" if counts.n_doubted else ""
    yield f"<h3>{doubted}{share}</h3>"
    yield f"<p>{escape(noise_sentence(document.noise_rate))}</p>"
    if document.skill.assessable:
        yield f"<p>{escape(skill_sentence(document.skill))}</p>"
    if document.power is not None and document.power.assessable:
        yield f"<p>{escape(power_sentence(document.power))}</p>"
    for note in document.notes:
        yield f"<p><small>{escape(note)}</small></p>"


def _render_rows(document: AuditDocument, queue: pd.DataFrame) -> Iterator[str]:
    shown = [name for name in document.roles.names(Role.TEXT) if name in queue.columns]
    heads = "".join(f"<th>{head}</th>" for head in ("doubt", "given", "suggested", "row, and why"))
    yield f"<table><thead><tr>{heads}</tr></thead><tbody>"
    for row in queue.head(FIRST_ROWS).fillna("").to_dict("records"):
        text = " ".join(" | ".join(str(row[name]) for name in shown if row[name]).split())
        if len(text) > MOST_CHARACTERS:
            text = f"{text[: MOST_CHARACTERS - 1].rstrip()}…"
        cells = (
            escape(score(float(row["doubt_score"]))),
            escape(str(row["given_label"])),
            escape(str(row["doubt_suggested"])),
            f"{escape(text or str(row['doubt_id']))}<small>{escape(str(row['doubt_why']))}</small>",
        )
        yield "<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>"
    yield "</tbody></table>"
    if len(queue) > FIRST_ROWS:
        yield f"<p><small>The first {FIRST_ROWS} of {count(len(queue), 'row')} to check.</small></p>"
