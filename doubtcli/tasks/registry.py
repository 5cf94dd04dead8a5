"""The installed tasks, ours and those of other packages, by the name that an audit has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from doubtcli.errors import SettingsError
from doubtcli.records.task import TASK_PARTS
from doubtcli.settings.installed import find_installed
from doubtcli.wording.lists import quote_names

if TYPE_CHECKING:
    from doubtcli.records import Task

TASKS_GROUP = "doubtcli.tasks"
DEFAULT_TASK = "classification"


def find_task(name: str = DEFAULT_TASK) -> Task:
    """The task of this name.

    Raises:
        SettingsError: No task of this name is installed, or it can't be used.
    """
    installed = find_installed(TASKS_GROUP, "task", SettingsError, (DEFAULT_TASK,))
    found = next((one for one in installed if one.name == name), None)
    if found is None:
        raise SettingsError(
            f"there is no task {name!r}",
            expected=f"one of {quote_names([one.name for one in installed])}",
            hint="install the package that has it",
        )
    task: Task = found.make(TASK_PARTS)
    return task
