"""Run by the Python of doccano: a queue and decisions on it -> doccano's exports, as zip files.

    python drive_doccano.py HOME QUEUE DECIDED

HOME is an empty folder; QUEUE is a folder that `doubt queue --to doccano` wrote; DECIDED is a JSON file with
the chosen labels by row id. These rows are also approved. For each format, the exports are written to HOME:
FORMAT.zip, and FORMAT-approved.zip with approved rows only.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

FORMATS = ["JSONL", "JSON", "CSV"]
TASK = "DocumentClassification"


def main(home: Path, queue: Path, decided: Path) -> None:
    """Set doccano up, import the queue, decide, and export."""
    client = log_in(home)
    project = client.post("/v1/projects", describe_project(), format="json").json()["id"]
    with (queue / "labels.json").open("rb") as labels:
        check_answer(client.post(f"/v1/projects/{project}/category-type-upload", {"file": labels}))
    import_queue(project, queue / "queue.jsonl")
    decide(client, project, json.loads(decided.read_bytes()))
    export(project, home)


def log_in(home: Path) -> Any:
    """A client for an administrator of a new doccano, which sends what the page would send."""
    settings = {
        "DJANGO_SETTINGS_MODULE": "config.settings.production",
        "DATABASE_URL": f"sqlite:///{home}/db.sqlite3",
        "MEDIA_ROOT": str(home / "media"),
        "STANDALONE": "True",
    }
    os.environ.update(settings)
    package = find_spec("backend")
    assert package is not None
    assert package.origin is not None
    sys.path.insert(0, str(Path(package.origin).parent))
    import django

    django.setup()
    from django.contrib.auth.models import User
    from django.core import management
    from rest_framework.test import APIClient

    management.call_command("migrate", verbosity=0)
    management.call_command("create_roles", verbosity=0)
    client = APIClient(HTTP_HOST="localhost")
    client.force_authenticate(User.objects.create_superuser("admin"))
    return client


def describe_project() -> dict[str, Any]:
    """The project as the README.txt of a queue describes it."""
    return {
        "resourcetype": "TextClassificationProject",
        "project_type": TASK,
        "name": "A queue",
        "description": "Labels to look at",
        "single_class_classification": True,
    }


def check_answer(answer: Any) -> Any:
    """The content of an answer, which must not be an error."""
    assert answer.status_code < 400, answer.content
    return answer.json() if answer.content else None


def import_queue(project: int, path: Path) -> None:
    """Import a data set as the dialog does, with its default columns."""
    from data_import.celery_tasks import import_dataset
    from django.contrib.auth.models import User
    from django.core.files import File
    from django_drf_filepond.models import TemporaryUpload
    from django_drf_filepond.utils import _get_file_id

    upload = _get_file_id()
    with path.open("rb") as file:
        TemporaryUpload.objects.create(
            upload_id=upload, file_id="1", file=File(file, path.name), upload_name=path.name, upload_type="F"
        )
    user = User.objects.get(username="admin").pk
    result = import_dataset(user, project, "JSONL", [upload], TASK, column_data="text", column_label="label")
    assert result == {"error": []}, result


def decide(client: Any, project: int, decided: dict[str, str]) -> None:
    """Choose the labels, and approve these rows."""
    address = f"/v1/projects/{project}"
    kinds = {kind["text"]: kind["id"] for kind in check_answer(client.get(f"{address}/category-types"))}
    examples = check_answer(client.get(f"{address}/examples", {"limit": 1000}))["results"]
    for example in examples:
        row_id = example["meta"]["doubt_id"]
        if row_id in decided:
            one = f"{address}/examples/{example['id']}"
            check_answer(client.post(f"{one}/categories", {"label": kinds[decided[row_id]]}, format="json"))
            check_answer(client.post(f"{one}/states", format="json"))


def export(project: int, home: Path) -> None:
    """Make all exports, as the dialog does."""
    from data_export.celery_tasks import export_dataset

    for kind in FORMATS:
        for approved, ending in [(False, ""), (True, "-approved")]:
            shutil.move(export_dataset(project, kind, confirmed_only=approved), home / f"{kind}{ending}.zip")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
