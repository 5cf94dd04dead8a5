from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

if TYPE_CHECKING:
    from tests.review.conftest import Site


def test_page_needs_its_token(site: Site) -> None:
    """The page is at an address with a token, and nowhere else."""
    assert site.send(f"/{site.token}/", method="GET")[0] == 200
    assert site.send("/", method="GET")[0] == 404
    assert site.send("/guessed-token/", method="GET")[0] == 404
    assert site.send(f"/{site.token[:-1]}/", method="GET")[0] == 404


def test_page_may_ask_only_this_server(site: Site) -> None:
    """Every answer forbids scripts, styles and requests of other places, and being shown in other pages."""
    for path, method in ((f"/{site.token}/", "GET"), (f"/{site.token}/api/about", "POST"), ("/x", "GET")):
        headers = site.send(path, {}, method=method)[2]

        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert (headers["referrer-policy"], headers["cache-control"]) == ("no-referrer", "no-store")
        assert "server" not in headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"Host": "evil.example"}, 421, id="other host"),
        pytest.param({"Host": "127.0.0.1"}, 421, id="no port"),
        pytest.param({"Host": "127.0.0.1.evil.example:80"}, 421, id="name that points here"),
        pytest.param({"Origin": "http://evil.example"}, 403, id="other origin"),
        pytest.param({"Origin": "null"}, 403, id="no origin"),
        pytest.param({"Origin": "https://127.0.0.1"}, 403, id="other scheme"),
        pytest.param({"Content_Type": "text/plain"}, 415, id="form of another page"),
        pytest.param({"Content_Type": "application/x-www-form-urlencoded"}, 415, id="form"),
    ],
)
def test_other_pages_are_refused(site: Site, headers: dict[str, str], status: int) -> None:
    """A decision that another page sends is refused, even if it knows the token, and nothing is written."""
    body = {"name": "s1", "rows": [0], "action": "keep"}

    answer = site.send(f"/{site.token}/api/decide", body, **headers)

    assert answer[0] == status
    assert not site.desk.session.journal.folder.exists()


@pytest.mark.parametrize(
    "path",
    [
        "page/../server.py",
        "page/..%2fserver.py",
        "page/%2e%2e/%2e%2e/errors.py",
        "page/server.py",
        "page//etc/passwd",
        "../etc/passwd",
        "api/nothing",
    ],
)
def test_no_other_files(site: Site, path: str) -> None:
    """No path leads to a file that is not the page's."""
    assert site.send(f"/{site.token}/{path}", method="GET")[0] in {404, 405}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"{" + b" " * 2**20 + b"}", 413),
        (b"not JSON", 400),
        (b"[1]", 400),
        (b"\xff\xfe", 400),
        ({"name": "s1", "rows": "0", "action": "keep"}, 400),
        ({"name": "s1", "rows": [True], "action": "keep"}, 400),
        ({"name": "s1", "rows": [-1], "action": "keep"}, 400),
        ({"name": "s1", "rows": [10**9], "action": "keep"}, 400),
        ({"name": "", "rows": [0], "action": "keep"}, 400),
        ({"name": "../x", "rows": [0], "action": "keep"}, 400),
        ({"name": "s1", "rows": [0], "action": "destroy"}, 400),
        ({"name": "s1", "rows": [0], "action": "label", "label": "no such label"}, 400),
        ({"name": "s1", "rows": [0], "action": "label", "label": 3}, 400),
        ({"name": "s1", "rows": [0], "action": "keep", "versions": [1]}, 400),
        ({"name": "s1", "filter": {"colour": "red"}, "action": "keep"}, 400),
        ({"name": "s1", "filter": {"least": "high"}, "action": "keep"}, 400),
        ({"name": "s1", "filter": [], "action": "keep"}, 400),
    ],
)
def test_unusable_requests(site: Site, body: object, status: int) -> None:
    """A request that can't be used is answered with why, and nothing is written."""
    answer = site.send(f"/{site.token}/api/decide", body)

    assert (answer[0], answer[1][:9]) == (status, b'{"error":')
    assert not site.desk.session.journal.folder.exists()


def test_decide(site: Site) -> None:
    """A decision is acknowledged with what became of the row; sent again, it is not written again."""
    row = int(site.desk.session.audit.ranking.queue[0])
    body = {"name": "s1", "rows": [row], "action": "keep"}

    first, again = site.ask("decide", **body), site.ask("decide", **body)

    assert first[0] == again[0] == 200
    assert first[1]["rows"][str(row)]["state"] == again[1]["rows"][str(row)]["state"] == "kept"
    assert first[1]["progress"]["decided"] == again[1]["progress"]["decided"] == 1
    assert len(site.desk.session.journal.path.read_text().splitlines()) == 1


def test_two_windows(site: Site) -> None:
    """A window that has not seen what another one decided is refused, and nothing is written."""
    row = int(site.desk.session.audit.ranking.queue[0])
    site.ask("decide", name="s1", rows=[row], action="keep", versions={str(row): ""})

    status, answer = site.ask("decide", name="s2", rows=[row], action="unusable", versions={str(row): ""})

    assert status == 409
    assert "error" in answer
    assert site.desk.session.count_states() == {"kept": 1}


def test_filter_decided_at_once(site: Site) -> None:
    """All rows of a filter are decided in one step, and one undo takes it back."""
    wanted = {"suggested": "refund"}
    status, content, _ = site.send(f"/{site.token}/api/list", {"filter": wanted})
    rows = np.frombuffer(content, "<i4")

    decided = site.ask("decide", name="s1", filter=wanted, n=len(rows), action="keep")
    undone = site.ask("undo", name="s2")

    assert status == 200
    assert len(rows) > 1
    assert (decided[1]["n"], decided[1]["progress"]["states"]["kept"]) == (len(rows), len(rows))
    assert (undone[1]["n"], undone[1]["progress"]["decided"]) == (len(rows), 0)


def test_filter_that_changed(site: Site) -> None:
    """A filter that has other rows by now than the person saw is not decided."""
    status, _ = site.ask("decide", name="s1", filter={"given": "refund"}, n=1, action="keep")

    assert status == 409
    assert not site.desk.session.journal.folder.exists()


def test_about(site: Site) -> None:
    """The page knows who decides, on which file, and with which labels."""
    status, about = site.ask("about")

    assert (status, about["person"], about["file"]) == (200, "ana", "tickets.csv")
    assert ["refund" in [name for name, _ in about["classes"]], about["progress"]["decided"]] == [True, 0]
