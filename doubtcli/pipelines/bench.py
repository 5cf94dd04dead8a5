"""The pipeline of `doubt bench`: a scan with errors planted, and how many of them it would find."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from doubtcli.pipelines.scan import Clock, judge_labels
from doubtcli.predict.engine import limit_native_threads, make_engine
from doubtcli.tasks.registry import find_task

if TYPE_CHECKING:
    from doubtcli.progress import Progress
    from doubtcli.records import Power
    from doubtcli.settings import ScanSettings


def measure_scan_power(
    settings: ScanSettings, *, plantings: int | None, progress: Progress
) -> tuple[Power, tuple[str, ...]]:
    """Plant errors in a labelled table and say how many of them a scan would find, by reason and by class.

    Args:
        settings: What to read and how to judge it.
        plantings: How often to plant; as often as a scan does if None.
        progress: Told of each long stage.

    Returns:
        What was found of the planted errors, and the name of each class.

    Raises:
        DoubtError: The file can't be used, a setting makes no sense, or a reason failed.
    """
    with limit_native_threads():
        judged = judge_labels(
            settings, find_task(), make_engine(settings.threads), progress, Clock(), plantings
        )
        planted, doubted = judged.planted, judged.ranking.doubted
        power = planted.power(doubted)
        if not power.assessable:
            return power, judged.examples.class_names
        # what annotators answered was not planted, and would give every planted error away
        alone = tuple(reason for reason in judged.loaded if "annotators" not in reason.sources)
        return replace(
            power,
            by_class=planted.power_by_class(doubted),
            by_reason=planted.power_by_reason(alone, doubted),
        ), judged.examples.class_names
