"""What annotation tools are tried on: queues, a shell, and the real Label Studio server."""

from __future__ import annotations

import csv
import re
import secrets
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import requests

    from tests.integration.conftest import Shell

REPOSITORY = Path(__file__).parents[3]
GOLDEN = REPOSITORY / "tests" / "tools" / "golden"
BIN = Path(sys.executable).parent


@pytest.fixture(params=["tickets", "images"])
def golden(request: pytest.FixtureRequest) -> Path:
    """The files of a queue that holds what a format could break on, by tool."""
    return GOLDEN / str(request.param)


# ------------------------------------------------------------- a file, and what is done to it


@dataclass(frozen=True)
class Data:
    """A CSV file, its audit beside it, and `doubt` run where they are."""

    shell: Shell
    name: str
    label: str
    """The column of labels."""

    def doubt(self, *arguments: str) -> str:
        """Run a command that must end well; gives what it printed."""
        done = self.shell(BIN / "doubt", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def queue(self, tool: str, *arguments: str) -> Path:
        """The folder of a queue for a tool."""
        audit = str(Path(self.name).with_suffix(".doubt"))
        self.doubt("queue", audit, "--to", tool, "--output", tool, *arguments)
        return self.shell.folder / tool

    def rows(self, name: str | None = None) -> dict[str, dict[str, str]]:
        """The rows of the file (or of another one beside it) as Python's own reader has them, by their id."""
        with (self.shell.folder / (name or self.name)).open(encoding="utf-8", newline="") as file:
            return {next(iter(row.values())): row for row in csv.DictReader(file)}

    def relabelled(self, chosen: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """The rows as they have to be with these labels, by row id."""
        return {
            row_id: row | ({self.label: chosen[row_id]} if row_id in chosen else {})
            for row_id, row in self.rows().items()
        }


@pytest.fixture(scope="module")
def scanned(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str], shell_in: type[Shell]
) -> Callable[..., Data]:
    """Copies a file into a folder of its own, and scans it there."""

    def scan(source: Path, *, label: str, arguments: tuple[str, ...]) -> Data:
        folder = tmp_path_factory.mktemp("scanned")
        shutil.copy(source, folder)
        data = Data(shell_in(folder, environment), source.name, label)
        data.doubt("scan", data.name, "--label", label, *arguments, "--isolated", "--quiet")
        return data

    return scan


@pytest.fixture(scope="module")
def tickets(scanned: Callable[..., Data]) -> Data:
    """The sample tickets and their audit."""
    source = REPOSITORY / "fixtures" / "tickets.csv"
    arguments = ("--id", "ticket_id", "--annotators", "annotator_*")
    return scanned(source, label="intent", arguments=arguments)


# ------------------------------------------------------------------- Label Studio's server

KEEPER = """
import select, subprocess, sys
server = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
while server.poll() is None and not select.select([sys.stdin], [], [], 1)[0]:
    pass
server.kill()
server.wait()
"""
"""Runs a command until its own standard input ends: with the tests, however they end."""
PATIENCE = 600
"""Seconds until the server must answer: it makes its database first, which takes 30 of a processor."""
PEOPLE = ("ana@example.com", "ben@example.com")
DEAD_END = "http://127.0.0.1:9"
QUIET = {
    **dict.fromkeys(("SENTRY_DSN", "FRONTEND_SENTRY_DSN"), ""),
    **dict.fromkeys(("LATEST_VERSION_CHECK", "COLLECT_ANALYTICS"), "false"),
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), DEAD_END),
    **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"),
}
"""The server tells nobody of itself: it is asked not to, and its way out of the machine leads nowhere."""


@dataclass(frozen=True)
class Person:
    """Somebody who is logged in."""

    email: str
    address: str
    session: requests.Session

    def ask(self, method: str, path: str, **said: Any) -> Any:
        """Call the server's API; gives what it answers."""
        answer = self.session.request(method, self.address + path, timeout=60, **said)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def project(self, queue: Path) -> Project:
        """A new project, set up and filled as the README.txt of a queue says."""
        setup = (queue / "label_config.xml").read_text(encoding="utf-8")
        made = self.ask("POST", "/api/projects/", json={"title": "A queue", "label_config": setup})
        with (queue / "tasks.json").open("rb") as tasks:
            self.ask("POST", f"/api/projects/{made['id']}/import", files={"file": ("tasks.json", tasks)})
        asked = {"project": made["id"], "fields": "all", "page_size": 1000}
        tasks = self.ask("GET", "/api/tasks", params=asked)["tasks"]
        return Project(self, made["id"], {task["data"]["doubt_id"]: task for task in tasks})


@dataclass(frozen=True)
class Project:
    """A queue in the server."""

    owner: Person
    number: int
    tasks: dict[str, dict[str, Any]]
    """By row id, in the order in which they are asked."""

    def accept(self, row_id: str, person: Person) -> int:
        """Submit what is selected already; gives the annotation's number."""
        [prediction] = self.tasks[row_id]["predictions"]
        return self._submit(row_id, person, result=prediction["result"], parent_prediction=prediction["id"])

    def choose(self, row_id: str, label: str, person: Person, why: str = "") -> int:
        """Select a label, note why, submit; gives the annotation's number."""
        return self._submit(row_id, person, result=entered(label, why))

    def change(self, annotation: int, label: str, person: Person) -> None:
        """Choose another label after all."""
        person.ask("PATCH", f"/api/annotations/{annotation}/", json={"result": entered(label)})

    def skip(self, row_id: str, person: Person) -> None:
        """Pass a task over."""
        self._submit(row_id, person, result=[], was_cancelled=True)

    def _submit(self, row_id: str, person: Person, **annotation: Any) -> int:
        path = f"/api/tasks/{self.tasks[row_id]['id']}/annotations/"
        return int(person.ask("POST", path, json={"lead_time": 2.5, **annotation})["id"])

    def export(self, kind: str, folder: Path, **asked: str) -> str:
        """Save an export into a folder, as its button does; gives the file's name."""
        answer = self.owner.session.get(
            f"{self.owner.address}/api/projects/{self.number}/export",
            params={"exportType": kind, **asked},
            timeout=60,
        )
        assert answer.ok, answer.text
        name = f"project-{self.number}-{kind.lower()}" + (".csv" if kind == "CSV" else ".json")
        (folder / name).write_bytes(answer.content)
        return name


def entered(label: str, why: str = "") -> list[dict[str, Any]]:
    """What the page sends when a label was selected and a note was written."""
    common = {"to_name": "text", "origin": "manual"}
    note = {"id": secrets.token_hex(5), "from_name": "note", "type": "textarea", "value": {"text": [why]}}
    choice = {"id": secrets.token_hex(5), "from_name": "label", "type": "choices"}
    return [choice | {"value": {"choices": [label]}} | common, *([note | common] if why else [])]


@pytest.fixture(scope="module")
def people(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Iterator[tuple[Person, Person]]:
    """Two people at a new Label Studio server of their own; the first one owns it."""
    if not (BIN / "label-studio").exists():
        pytest.skip("needs label-studio")
    folder, token = tmp_path_factory.mktemp("label-studio"), secrets.token_hex(20)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with started(start(port, folder, token), folder, environment) as server:
        wait_for(address, server, folder / "log")
        owner = logged_in(address, PEOPLE[0], token)
        yield owner, invited(owner, PEOPLE[1])


def start(port: int, folder: Path, token: str) -> list[str]:
    """The command that serves this machine alone."""
    here = ["--host", f"http://localhost:{port}", "--internal-host", "127.0.0.1", "--port", str(port)]
    person = ["--username", PEOPLE[0], "--password", secrets.token_hex(8), "--user-token", token]
    told = ["--data-dir", str(folder / "data"), "--log-level", "WARNING"]
    program = str(BIN / "label-studio")
    return [program, "start", "--no-browser", "--enable-legacy-api-token", *here, *person, *told]


@contextmanager
def started(
    command: list[str], folder: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs as long as this does, and says into a log."""
    with (folder / "log").open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-c", KEEPER, *command],
            cwd=folder,
            env=environment | QUIET | {"HOME": str(folder)},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        with keeper:  # leaving closes its input, and waits for it
            yield keeper


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the server is up."""
    import requests

    until = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < until:
        try:
            if requests.get(f"{address}/health", timeout=10).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.5)
    pytest.fail("Label Studio does not answer:\n" + log.read_text(encoding="utf-8")[-3000:])


def logged_in(address: str, email: str, token: str) -> Person:
    """Somebody with a token."""
    import requests

    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Token {token}"
    return Person(email, address, session)


def invited(owner: Person, email: str) -> Person:
    """Somebody who followed an invitation, and has signed up."""
    import requests

    page = owner.address + owner.ask("GET", "/api/invite")["invite_url"]
    with requests.Session() as browser:
        browser.trust_env = False
        form = browser.get(page, timeout=60).text
        found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', form)
        assert found, form
        filled = {"csrfmiddlewaretoken": found[1], "email": email, "password": secrets.token_hex(8)}
        assert browser.post(page, filled, headers={"Referer": page}, timeout=60).ok
        token = browser.get(f"{owner.address}/api/current-user/token", timeout=60).json()["token"]
    return logged_in(owner.address, email, token)
