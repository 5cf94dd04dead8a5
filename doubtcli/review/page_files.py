"""The files of the review's page: its HTML, and the scripts and styles that this names."""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files

PAGE = "review.html"
_NAMED = re.compile(r'(?:src|href)="page/([\w.]+)"')
_KINDS = {"js": "text/javascript", "css": "text/css"}


@cache
def list_page_files() -> dict[str, str]:
    """The media type of each script and style of the page, by name, in the order in which they are read."""
    names = _NAMED.findall(read_page_file(PAGE))
    return {name: _KINDS[name.rpartition(".")[2]] for name in names}


def read_page_file(name: str) -> str:
    """A file of the page; it shares some with the report's page."""
    own = files("doubtcli.review").joinpath(name)
    found = own if own.is_file() else files("doubtcli.report").joinpath(name)
    return found.read_text(encoding="utf-8")
