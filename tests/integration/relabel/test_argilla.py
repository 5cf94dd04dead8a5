"""The package of Argilla (argilla 2.8.0) reads the folder that is written for it; its server is a fake."""

from __future__ import annotations

import json
import shutil
import threading
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.integration, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(autouse=True)
def _package() -> None:
    """Skip where the package is not installed."""
    pytest.importorskip("argilla")


STAMPS = dict.fromkeys(("inserted_at", "updated_at"), "2026-01-01T00:00:00")
WORKSPACE = {"id": str(uuid.UUID(int=1)), "name": "people", **STAMPS}


class FakeServer(BaseHTTPRequestHandler):
    """Answers like Argilla's server, and keeps what was sent."""

    sent: ClassVar[list[tuple[str, str, Any]]] = []

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = json.loads(self.rfile.read(length)) if length else None
        self.sent.append((self.command, self.path.partition("?")[0], body))
        content = json.dumps(self._content(body)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_POST = do_PUT = do_PATCH = _answer  # noqa: N815  # as http.server asks

    def _content(self, body: Any) -> Any:
        path = self.path.partition("?")[0]
        if path.endswith("/workspaces"):
            return {"items": [WORKSPACE]}
        if path.endswith("/records/bulk"):
            answered = {"metadata": None, "responses": [], "suggestions": [], **STAMPS}
            return {"items": [item | answered | {"id": str(uuid.uuid4())} for item in body["items"]]}
        if self.command == "GET" and "/workspaces/" in path:
            return WORKSPACE
        about = {"username": "ana", "role": "owner", "name": "doubt_queue", "workspace_id": WORKSPACE["id"]}
        if self.command == "GET":
            return {
                "items": self._made(path.rpartition("/")[2]),
                "id": str(uuid.UUID(int=3)),
                **about,
                **STAMPS,
            }
        return about | (body or {}) | {"id": str(uuid.UUID(int=3)), **STAMPS}

    def _made(self, kind: str) -> list[Any]:
        """The fields, questions or metadata properties that were sent."""
        bodies = [body for method, path, body in self.sent if method == "POST" and path.endswith(f"/{kind}")]
        return [
            body | {"id": str(uuid.uuid4()), "dataset_id": str(uuid.UUID(int=3)), **STAMPS} for body in bodies
        ]

    def log_message(self, *_: Any) -> None:
        """Print nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    """The address of the fake server."""
    FakeServer.sent.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), FakeServer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_settings(golden: Path, server: str) -> None:
    """The settings can be loaded, and are the same when Argilla writes them."""
    import argilla as rg

    rg.Argilla(api_url=server, api_key="key")
    path = golden / "argilla" / ".argilla" / "settings.json"
    ours = json.loads(path.read_bytes())

    settings = rg.Settings.from_json(path)

    settings.validate()
    theirs = json.loads(json.dumps(settings.serialize(), default=str))
    for question in theirs["questions"]:  # Argilla counts the options itself
        question["settings"].pop("visible_options", None)
    for question in ours["questions"]:
        question["settings"].pop("visible_options", None)
    assert theirs == ours


def test_records(golden: Path) -> None:
    """All records can be loaded, with id, fields, metadata and suggestion."""
    import argilla as rg

    records = json.loads((golden / "argilla" / "records.json").read_bytes())

    for record in records:
        loaded = rg.Record.from_dict(record)

        theirs = loaded.to_dict()
        assert {key: theirs[key] for key in ("id", "fields", "metadata")} == {
            key: record[key] for key in ("id", "fields", "metadata")
        }
        suggestions = {
            name: {"value": s["value"], "score": s["score"], "agent": s["agent"]}
            for name, s in theirs["suggestions"].items()
        }
        assert suggestions == record["suggestions"]


def test_from_disk(golden: Path, server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`Dataset.from_disk` makes the data set and sends all records with their fields and metadata."""
    import argilla as rg

    folder = tmp_path / "queue"
    shutil.copytree(golden / "argilla", folder)
    (tmp_path / "cats").mkdir()
    (tmp_path / "cats" / "a b#1.png").write_bytes(b"\x89PNG")
    monkeypatch.chdir(tmp_path)
    client = rg.Argilla(api_url=server, api_key="key")

    rg.Dataset.from_disk(str(folder), workspace="people", client=client)

    ours = json.loads((folder / "records.json").read_bytes())
    (sent,) = [body["items"] for _, path, body in FakeServer.sent if path.endswith("/records/bulk")]
    assert [item["external_id"] for item in sent] == [record["id"] for record in ours]
    assert [item["metadata"] for item in sent] == [record["metadata"] for record in ours]
    assert [len(item["suggestions"]) for item in sent] == [len(record["suggestions"]) for record in ours]
    texts = [{k: v for k, v in item["fields"].items() if k != "image"} for item in sent]
    assert texts == [{k: v for k, v in record["fields"].items() if k != "image"} for record in ours]
    images = [item["fields"]["image"] for item in sent if "image" in item["fields"]]
    assert [image for image in images if not image.startswith(("data:image/png;base64,", "https://"))] == []
    assert any(path.endswith("/publish") for _, path, _ in FakeServer.sent)
