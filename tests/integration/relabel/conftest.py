"""Fixtures for tests with annotation tools: queues, a shell, and a real Label Studio server."""

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
    """The folder with the files of a queue for each tool, with values that are hard for a format."""
    return GOLDEN / str(request.param)


# ------------------------------------------------------------------- a file and its audit


@dataclass(frozen=True)
class Data:
    """A CSV file and its audit, and a shell that runs `doubt` in their folder."""

    shell: Shell
    name: str
    label: str
    """The column of labels."""

    def doubt(self, *arguments: str) -> str:
        """Run a command that must succeed; gives its output."""
        done = self.shell(BIN / "doubt", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def queue(self, tool: str, *arguments: str) -> Path:
        """Make a queue for a tool; gives its folder."""
        audit = str(Path(self.name).with_suffix(".doubt"))
        self.doubt("queue", audit, "--to", tool, "--output", tool, *arguments)
        return self.shell.folder / tool

    def rows(self, name: str | None = None) -> dict[str, dict[str, str]]:
        """The rows of the file, or of another one in its folder, by their id."""
        with (self.shell.folder / (name or self.name)).open(encoding="utf-8", newline="") as file:
            return {next(iter(row.values())): row for row in csv.DictReader(file)}

    def relabelled(self, chosen: Mapping[str, str]) -> dict[str, dict[str, str]]:
        """The rows with these labels, by row id."""
        return {
            row_id: row | ({self.label: chosen[row_id]} if row_id in chosen else {})
            for row_id, row in self.rows().items()
        }


@pytest.fixture(scope="module")
def scanned(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str], shell_in: type[Shell]
) -> Callable[..., Data]:
    """Copies a file into a new folder, and scans it there."""

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
"""Runs a command until standard input is closed, so that it ends with the tests in any case."""
PATIENCE = 600
"""Seconds until the server must answer: first it makes its database, which takes 30 CPU seconds."""
PEOPLE = ("ana@example.com", "ben@example.com")
DEAD_END = "http://127.0.0.1:9"
QUIET = {
    **dict.fromkeys(("SENTRY_DSN", "FRONTEND_SENTRY_DSN"), ""),
    **dict.fromkeys(("LATEST_VERSION_CHECK", "COLLECT_ANALYTICS"), "false"),
    **dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), DEAD_END),
    **dict.fromkeys(("no_proxy", "NO_PROXY"), "127.0.0.1,localhost"),
}
"""The server must not send anything: it is configured so, and its proxy leads nowhere."""


@dataclass(frozen=True)
class Person:
    """A user who is logged in."""

    email: str
    address: str
    session: requests.Session

    def ask(self, method: str, path: str, **options: Any) -> Any:
        """Call the server's API; gives its answer."""
        answer = self.session.request(method, self.address + path, timeout=60, **options)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text}"
        return answer.json()

    def project(self, queue: Path) -> Project:
        """Make a project, set up and filled as the README.txt of a queue says."""
        setup = (queue / "label_config.xml").read_text(encoding="utf-8")
        made = self.ask("POST", "/api/projects/", json={"title": "A queue", "label_config": setup})
        with (queue / "tasks.json").open("rb") as tasks:
            self.ask("POST", f"/api/projects/{made['id']}/import", files={"file": ("tasks.json", tasks)})
        query = {"project": made["id"], "fields": "all", "page_size": 1000}
        tasks = self.ask("GET", "/api/tasks", params=query)["tasks"]
        return Project(self, made["id"], {task["data"]["doubt_id"]: task for task in tasks})


@dataclass(frozen=True)
class Project:
    """A queue in the server."""

    owner: Person
    number: int
    tasks: dict[str, dict[str, Any]]
    """By row id, in the order in which they are shown."""

    def accept(self, row_id: str, person: Person) -> int:
        """Submit the selected suggestion; gives the number of the annotation."""
        [prediction] = self.tasks[row_id]["predictions"]
        return self._submit(row_id, person, result=prediction["result"], parent_prediction=prediction["id"])

    def choose(self, row_id: str, label: str, person: Person, why: str = "") -> int:
        """Select a label, write a note, and submit; gives the number of the annotation."""
        return self._submit(row_id, person, result=make_result(label, why))

    def change(self, annotation: int, label: str, person: Person) -> None:
        """Change an annotation to another label."""
        person.ask("PATCH", f"/api/annotations/{annotation}/", json={"result": make_result(label)})

    def skip(self, row_id: str, person: Person) -> None:
        """Skip a task."""
        self._submit(row_id, person, result=[], was_cancelled=True)

    def _submit(self, row_id: str, person: Person, **annotation: Any) -> int:
        path = f"/api/tasks/{self.tasks[row_id]['id']}/annotations/"
        return int(person.ask("POST", path, json={"lead_time": 2.5, **annotation})["id"])

    def export(self, kind: str, folder: Path, **options: str) -> str:
        """Save an export in a folder, as the button does; gives the name of the file."""
        answer = self.owner.session.get(
            f"{self.owner.address}/api/projects/{self.number}/export",
            params={"exportType": kind, **options},
            timeout=60,
        )
        assert answer.ok, answer.text
        name = f"project-{self.number}-{kind.lower()}" + (".csv" if kind == "CSV" else ".json")
        (folder / name).write_bytes(answer.content)
        return name


def make_result(label: str, why: str = "") -> list[dict[str, Any]]:
    """The result that the page sends for a selected label and a note."""
    common = {"to_name": "text", "origin": "manual"}
    note = {"id": secrets.token_hex(5), "from_name": "note", "type": "textarea", "value": {"text": [why]}}
    choice = {"id": secrets.token_hex(5), "from_name": "label", "type": "choices"}
    return [choice | {"value": {"choices": [label]}} | common, *([note | common] if why else [])]


@pytest.fixture(scope="module")
def people(
    tmp_path_factory: pytest.TempPathFactory, environment: dict[str, str]
) -> Iterator[tuple[Person, Person]]:
    """Two users of a new Label Studio server; the first one owns it."""
    if not (BIN / "label-studio").exists():
        pytest.skip("needs label-studio")
    folder, token = tmp_path_factory.mktemp("label-studio"), secrets.token_hex(20)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    with run_in_background(make_start_command(port, folder, token), folder, environment) as server:
        wait_for(address, server, folder / "log")
        owner = log_in(address, PEOPLE[0], token)
        yield owner, invite(owner, PEOPLE[1])


def make_start_command(port: int, folder: Path, token: str) -> list[str]:
    """The command that starts a server for this machine only."""
    here = ["--host", f"http://localhost:{port}", "--internal-host", "127.0.0.1", "--port", str(port)]
    person = ["--username", PEOPLE[0], "--password", secrets.token_hex(8), "--user-token", token]
    data = ["--data-dir", str(folder / "data"), "--log-level", "WARNING"]
    program = str(BIN / "label-studio")
    return [program, "start", "--no-browser", "--enable-legacy-api-token", *here, *person, *data]


@contextmanager
def run_in_background(
    command: list[str], folder: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command as long as the block runs, with its output in a log file."""
    with (folder / "log").open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-c", KEEPER, *command],
            cwd=folder,
            env=environment | QUIET | {"HOME": str(folder)},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        with keeper:  # the end of the block closes its input, and waits for it
            yield keeper


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    """Wait until the server answers."""
    import requests

    until = time.monotonic() + PATIENCE
    while server.poll() is None and time.monotonic() < until:
        try:
            if requests.get(f"{address}/health", timeout=10).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.5)
    pytest.fail("Label Studio does not answer:\n" + log.read_text(encoding="utf-8")[-3000:])


def log_in(address: str, email: str, token: str) -> Person:
    """A user with a token."""
    import requests

    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Token {token}"
    return Person(email, address, session)


def invite(owner: Person, email: str) -> Person:
    """A user who followed an invitation and signed up."""
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
    return log_in(owner.address, email, token)
