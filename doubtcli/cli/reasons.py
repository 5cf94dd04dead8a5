from __future__ import annotations


def reasons() -> None:
    """reasons"""
