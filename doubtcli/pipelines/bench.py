"""The pipeline of `doubt bench`: a scan of labels with planted errors, and how many of them it finds."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from doubtcli.pipelines.judge import Clock, judge_labels
from doubtcli.predict.engine import limit_native_threads, make_engine
from doubtcli.tasks.registry import find_task

if TYPE_CHECKING:
    from doubtcli.progress import Progress
    from doubtcli.records import Listener, Power
    from doubtcli.settings import ScanSettings


def measure_scan_power(
    settings: ScanSettings, *, plantings: int, progress: Progress, listener: Listener | None = None
) -> tuple[Power, tuple[str, ...]]:
    """Plant errors in a labelled table, and count how many of them a scan finds, by reason and by class.

    Args:
        settings: What to read and how to judge it.
        plantings: How often to plant.
        progress: Shows each long stage.
        listener: Is given what was read and the notes, as soon as they are known.

    Returns:
        How many planted errors were found, and the name of each class.

    Raises:
        DoubtError: The file can't be used, a setting is not valid, or a reason failed.
    """
    with limit_native_threads():
        judged = judge_labels(
            settings,
            find_task(),
            make_engine(settings.threads),
            progress,
            Clock(),
            plantings,
            listener=listener,
        )
        planted, doubted = judged.planted, judged.ranking.doubted
        power = planted.measure_power(doubted)
        if not power.assessable:
            return power, judged.examples.class_names
        # annotators answered before the errors were planted, so their answers would give every one away
        without_annotators = tuple(reason for reason in judged.loaded if "annotators" not in reason.sources)
        return replace(
            power,
            most_in_first=planted.measure_most_found(doubted),
            by_class=planted.measure_power_by_class(doubted),
            by_reason=planted.measure_power_by_reason(without_annotators, doubted),
        ), judged.examples.class_names
