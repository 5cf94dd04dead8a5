"""What a scan reports while it runs."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from doubtcli.pipelines.scan import make_audit
from doubtcli.settings import ScanSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from doubtcli.progress import Advance

WORDS = {"fruit": ("apple", "pear", "plum"), "tool": ("saw", "rasp", "awl")}


class CountedStages:
    """Keeps each stage with its total and the steps that were counted."""

    def __init__(self) -> None:
        self.stages: list[list[object]] = []

    @contextmanager
    def stage(self, title: str, total: int | None = None) -> Iterator[Advance]:
        """Open a stage."""
        counted = [title, total, 0]
        self.stages.append(counted)

        def advance(steps: int) -> None:
            counted[2] += steps  # type: ignore[operator]

        yield advance


@pytest.mark.parametrize("extra", ["", ",7"], ids=["texts", "and a column that says nothing"])
def test_a_stage_of_known_length_counts_all_its_steps(
    extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Models, planted errors and neighbours are counted to the end, also where a model falls away."""
    monkeypatch.chdir(tmp_path)
    kinds = ["fruit", "tool"] * 60
    rows = [
        f"{WORDS[kind][number % 3]} {WORDS[kind][number // 3 % 3]} of number {number},{kind}"
        + extra.replace("7", str(number * 7 % 13))
        for number, kind in enumerate(kinds)
    ]
    header = "text,label" + extra.replace("7", "size")
    (tmp_path / "rows.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    progress = CountedStages()

    make_audit(ScanSettings(path="rows.csv", folds=2, repeats=2, threads=1), progress=progress)

    known = [tuple(one) for one in progress.stages if one[1] is not None]
    assert {title for title, _, _ in known} == {
        *("Cross-fitting models", "Finding neighbours", "Planting errors"),
    }
    assert [done for _, _, done in known] == [total for _, total, _ in known]
