"""One scan of the sample tickets, and reviews of it."""

from __future__ import annotations

import json
import struct
import zlib
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from threading import Thread
from time import sleep
from typing import TYPE_CHECKING, Any

import pytest

from doubtcli.pipelines.review import ReviewRequest, open_review
from doubtcli.pipelines.scan import judge_and_describe
from doubtcli.progress import Silence
from doubtcli.review.desk import Desk
from doubtcli.review.journal import Journal
from doubtcli.review.server import HOST, make_app, make_server, make_token, open_socket
from doubtcli.review.session import Session
from doubtcli.review.update import Basis
from doubtcli.settings import ScanSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from doubtcli.records import ScanResult


class Memory:
    """Keeps what was computed, as the cache does."""

    def __init__(self) -> None:
        self.kept: dict[str, Any] = {}

    def find(self, key: str) -> Any:
        """What was kept."""
        return self.kept.get(key)

    def keep(self, key: str, value: Any) -> None:
        """Keep a value."""
        self.kept[key] = value


@pytest.fixture(scope="session")
def judged(request: pytest.FixtureRequest) -> tuple[ScanResult, Basis]:
    """The sample tickets, scanned fast, with 20 rows drawn at random; and what a review needs besides."""
    path = str(request.config.rootpath / "fixtures" / "tickets.csv")
    settings = ScanSettings(path=path, label="intent", fast=True, audit_sample=20)
    found, made = judge_and_describe(settings, progress=Silence())
    return found, Basis(made.loaded, made.curves, made.noise_rate, keeper=Memory())


@pytest.fixture(scope="session")
def audit(judged: tuple[ScanResult, Basis]) -> ScanResult:
    """The audit alone."""
    return judged[0]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of verdicts that is still to be made."""
    return tmp_path / "tickets.verdicts"


@pytest.fixture
def start(audit: ScanResult, folder: Path) -> Callable[..., Session]:
    """Starts a run of `doubt review` by somebody."""

    def start_session(who: str = "ana", of: ScanResult = audit) -> Session:
        return Session(of, Journal(folder, who))

    return start_session


@pytest.fixture(scope="session")
def start_in(audit: ScanResult) -> Callable[[Path], Session]:
    """Starts a run by ana with a folder of its own."""
    return lambda folder: Session(audit, Journal(folder, "ana"))


@pytest.fixture
def desk(start: Callable[..., Session], judged: tuple[ScanResult, Basis]) -> Desk:
    """Ana's desk, with nothing decided."""
    return Desk(start(), judged[1])


@dataclass(frozen=True)
class Site:
    """A review that is served on this machine."""

    desk: Desk
    port: int
    token: str

    @property
    def address(self) -> str:
        """Of the page."""
        return f"http://{HOST}:{self.port}/{self.token}/"

    def send(
        self, path: str, body: Any = None, *, method: str = "POST", **headers: str
    ) -> tuple[int, bytes, Mapping[str, str]]:
        """Send a request as it is, and return the answer's code, content and headers."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        sent = {
            "Content-Type": "application/json",
            **{name.replace("_", "-"): v for name, v in headers.items()},
        }
        connection = HTTPConnection(HOST, self.port, timeout=10)
        with closing(connection):
            connection.request(method, path, content, sent)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.headers)

    def ask(self, question: str, /, **body: Any) -> Any:
        """Ask the server something as the page does."""
        status, content, _ = self.send(f"/{self.token}/api/{question}", body)
        return status, json.loads(content)


@contextmanager
def serve_desk(desk: Desk, *, port: int = 0, token: str | None = None) -> Iterator[Site]:
    """Serve a review; at a port and with a token that were used before, an open page finds it again."""
    listening, token = open_socket(port), token or make_token()
    port = listening.getsockname()[1]
    server = make_server(make_app(desk, token, port))
    thread = Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        sleep(0.01)
    yield Site(desk, port, token)
    server.should_exit = True
    server.force_exit = True
    thread.join()
    listening.close()


@pytest.fixture
def site(desk: Desk) -> Iterator[Site]:
    """Ana's review, served."""
    with serve_desk(desk) as served:
        yield served


# ---------------------------------------------------------------------------- pictures

PICTURE_SIDE = 8


def make_png(shade: int = 0) -> bytes:
    """A grey square as PNG."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        )

    head = struct.pack(">IIBBBBB", PICTURE_SIDE, PICTURE_SIDE, 8, 0, 0, 0, 0)
    lines = b"".join(b"\0" + bytes([shade]) * PICTURE_SIDE for _ in range(PICTURE_SIDE))
    content = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + content


@pytest.fixture(scope="session")
def shots(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    """The review of a small table with a picture in each row but four."""
    folder = tmp_path_factory.mktemp("shots")
    words = {"dark": "night coal soot ink", "light": "day snow milk chalk"}
    lines = ["shot,words,label"]
    for row in range(60):
        label = "dark" if row % 2 else "light"
        (folder / f"{row}.png").write_bytes(make_png(row))
        others = {0: "../up.png", 1: "https://example.org/a.png", 2: "none.png", 3: "n/a"}
        path = others.get(row, f"{row}.png")
        given = "dark" if row in {4, 8, 0} else label
        lines.append(f"{path},{words[label]} {row},{given}")
    (folder / "shots.csv").write_text("\n".join(lines), encoding="utf-8")
    settings = ScanSettings(path=str(folder / "shots.csv"), label="label", fast=True)
    return open_review(ReviewRequest(settings, "ana"), progress=Silence(), cache=False)
