"""One scan of the sample tickets, and reviews of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from doubtcli.pipelines.scan import make_audit
from doubtcli.progress import Silence
from doubtcli.review.journal import Journal
from doubtcli.review.session import Session
from doubtcli.settings import ScanSettings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from doubtcli.records import ScanResult


@pytest.fixture(scope="session")
def audit(request: pytest.FixtureRequest) -> ScanResult:
    """The sample tickets, scanned fast, with 20 rows drawn at random."""
    path = str(request.config.rootpath / "fixtures" / "tickets.csv")
    settings = ScanSettings(path=path, label="intent", fast=True, audit_sample=20)
    return make_audit(settings, progress=Silence())[0]


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
