"""The package of Label Studio (label-studio-sdk 2.1.2) reads the files that are written for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from label_studio_sdk.label_interface import LabelInterface

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def _package() -> None:
    """Skip where the package is not installed."""
    pytest.importorskip("label_studio_sdk")


@pytest.fixture
def interface(golden: Path) -> LabelInterface:
    """The config, read by Label Studio's package."""
    from label_studio_sdk.label_interface import LabelInterface

    return LabelInterface((golden / "label-studio" / "label_config.xml").read_text(encoding="utf-8"))


@pytest.fixture
def tasks(golden: Path) -> list[dict[str, Any]]:
    """The tasks."""
    return json.loads((golden / "label-studio" / "tasks.json").read_bytes())  # type: ignore[no-any-return]


def labels(golden: Path) -> list[str]:
    """All labels of a queue, from the files for Argilla."""
    settings = json.loads((golden / "argilla" / ".argilla" / "settings.json").read_bytes())
    return [option["value"] for option in settings["questions"][0]["settings"]["options"]]


def test_config_is_valid(interface: LabelInterface) -> None:
    """Label Studio accepts the config."""
    interface.validate()


def test_labels(golden: Path, interface: LabelInterface) -> None:
    """The labels of the control are exactly the classes."""
    assert interface.get_control("label").labels == labels(golden)


def test_predictions_are_valid(interface: LabelInterface, tasks: list[dict[str, Any]]) -> None:
    """All predictions fit the config."""
    predictions = [prediction for task in tasks for prediction in task["predictions"]]

    errors = [interface.validate_prediction(prediction, return_errors=True) for prediction in predictions]

    assert predictions
    assert [error for error in errors if error] == []


def test_a_wrong_prediction_is_detected(interface: LabelInterface, tasks: list[dict[str, Any]]) -> None:
    """The check of predictions works: an unknown label is an error."""
    prediction = next(prediction for task in tasks for prediction in task["predictions"])
    prediction["result"][0]["value"]["choices"] = ["no label at all"]

    assert interface.validate_prediction(prediction, return_errors=True)


def test_tasks_have_what_the_config_shows(interface: LabelInterface, tasks: list[dict[str, Any]]) -> None:
    """All tasks have all values that the config shows."""
    shown = {tag.value_name for tag in interface.objects} | {"given_label", "doubt_why"}

    assert [name for task in tasks for name in shown if not isinstance(task["data"].get(name), str)] == []
