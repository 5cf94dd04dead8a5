"""Tickets with known label errors, as a pandas DataFrame, and one audit of them for all tests of the room."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

import doubtcli

TICKETS = Path(__file__).parents[2] / "fixtures" / "tickets.csv"
COLORS = ["red", "red", "blue", "blue"] * 10
OPTIONS = {"id": "ticket_id", "annotators": "annotator_*", "fast": True}


@pytest.fixture(scope="session")
def tickets() -> pd.DataFrame:
    """The last 180 tickets, with an index of their own."""
    frame = pd.read_csv(TICKETS).tail(180)
    return frame.set_index(pd.Index([f"n{number}" for number in range(180)], name="name"))


@pytest.fixture(scope="session")
def audit(tickets: pd.DataFrame) -> doubtcli.Audit:
    """What a fast scan found in them."""
    return doubtcli.scan(tickets, **OPTIONS)


@pytest.fixture(scope="session")
def scan_tickets():
    """Scans a table or a file as `audit` was made; keywords overrule its own."""
    return lambda data, **changes: doubtcli.scan(data, **{**OPTIONS, **changes})


@pytest.fixture(scope="session")
def colors():
    """Forty rows of two colours, which a number and a text give away."""
    words = {"red": "warm like fire", "blue": "cold like ice"}
    texts = [f"{words[color]} {number % 7}" for number, color in enumerate(COLORS)]
    return pd.DataFrame({"text": texts, "color": COLORS, "key": [f"k{number}" for number in range(40)]})


@pytest.fixture(scope="session")
def scan_colors():
    """Scans such a table as cheaply as it can be."""
    return lambda data: doubtcli.scan(
        data, label="color", id="key", fast=True, folds=2, reasons="low-self-confidence"
    )
