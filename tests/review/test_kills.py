from __future__ import annotations

import os
import random
import signal
from http.client import HTTPException
from multiprocessing import get_context
from threading import Timer
from typing import TYPE_CHECKING

import pytest

from doubtcli.review.desk import Desk
from doubtcli.review.server import make_app, make_server, make_token, open_socket
from tests.review.conftest import Site

if TYPE_CHECKING:
    from collections.abc import Callable

    from doubtcli.records import ScanResult
    from doubtcli.review.session import Session
    from doubtcli.review.update import Basis

KILLS = 50


def kill_after(pid: int, seconds: float) -> None:
    """Kill a process a little later."""
    Timer(seconds, os.kill, (pid, signal.SIGKILL)).start()


@pytest.mark.browser
@pytest.mark.skipif(not hasattr(os, "fork"), reason="the process is forked, to be killed at once")
def test_killed_server_loses_nothing(start: Callable[..., Session], judged: tuple[ScanResult, Basis]) -> None:
    """A server that is killed at 50 moments loses no decision that it had acknowledged, and doubles none."""
    rng, acknowledged, sent = random.Random(7), {}, {}
    rows = range(start().audit.examples.n_rows)

    for kill in range(KILLS):
        desk = Desk(start(), judged[1])
        assert {name: desk.session.rows_of(name) for name in acknowledged} == acknowledged
        listening = open_socket(0)
        listening.listen()
        site = Site(desk, listening.getsockname()[1], make_token())
        web = make_server(make_app(desk, site.token, site.port))
        server = get_context("fork").Process(target=web.run, args=([listening],), daemon=True)
        server.start()
        listening.close()
        last = rng.randrange(4)
        for number in range(last + 1):
            name, some = f"kill-{kill}-{number}", rng.sample(rows, rng.choice([1, 1, 40]))
            sent[name] = some
            if number == last:
                kill_after(server.pid, 0.0002 + 0.004 * rng.random())
            try:
                site.ask("decide", name=name, rows=some, action="keep")
            except (OSError, HTTPException):
                break
            acknowledged[name] = list(dict.fromkeys(desk.session.heads[some].tolist()))
        server.join()

    session = start()
    assert {name: session.rows_of(name) for name in acknowledged} == acknowledged
    written = [step.name for step in session.journal.read()]
    assert len(written) == len(set(written))
    assert set(acknowledged) <= set(written) <= set(sent)
    assert len(acknowledged) < len(sent)
