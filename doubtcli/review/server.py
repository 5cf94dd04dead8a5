"""The review as a small web server on this machine, for one person's browser.

Every address begins with a random token, so that no other page and no other program of this machine can
guess it. Requests with another `Host` or `Origin` are refused: a page elsewhere can't reach the server, not
even by a name that it lets point to this machine.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
import socket
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from doubtcli.errors import DoubtError, InputError, OutputError, SettingsError
from doubtcli.records import Rule
from doubtcli.review.filters import RowFilter
from doubtcli.review.page_files import PAGE, list_page_files, read_page_file
from doubtcli.review.pictures import NoPictureError
from doubtcli.review.session import StaleRowError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    import uvicorn
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

    from doubtcli.review.desk import Desk

HOST = "127.0.0.1"
MOST_BYTES = 2**20
"""Of the body of a request."""
_STEP_NAME = re.compile(r"[\w-]{1,64}")
_TOKEN_BYTES = 24
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


class BadRequestError(Exception):
    """A request that is not one of ours.

    Args:
        status: The code of the answer.
        message: What is wrong with it.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


def make_token() -> str:
    """A token that nobody can guess."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def open_socket(port: int) -> socket.socket:
    """A socket on this machine alone.

    Args:
        port: 0 for any free one.

    Raises:
        OSError: The port is taken.
    """
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    found.bind((HOST, port))
    return found


def make_server(app: Starlette) -> uvicorn.Server:
    """A server whose `run(sockets=[…])` answers requests until the process is stopped.

    Raises:
        SettingsError: The extra `review` is not installed.
    """
    web = _import_extra("uvicorn")
    config = web.Config(app, log_level="warning", access_log=False, server_header=False, lifespan="off")
    return web.Server(config)  # type: ignore[no-any-return]


def _import_extra(name: str) -> Any:  # noqa: ANN401  # a module
    from importlib import import_module

    try:
        return import_module(name)
    except ImportError as error:
        raise SettingsError(
            f"the page needs {name}, which is not installed",
            hint="install it: python -m pip install 'doubtcli[review]'; or decide in the terminal: --tui",
        ) from error


# ---------------------------------------------------------------------------- the application


def make_app(desk: Desk, token: str, port: int) -> Starlette:
    """The application: the page, and what it asks.

    Args:
        desk: The review.
        token: What every address begins with.
        port: Where it is reached.

    Raises:
        SettingsError: The extra `review` is not installed.
    """
    _import_extra("starlette")
    from starlette.applications import Starlette
    from starlette.routing import Route

    guard = partial(_guarded, token=token, hosts={f"{HOST}:{port}", f"localhost:{port}"})
    asks: Mapping[str, Callable[[Desk, Any], Any]] = {
        "about": _describe,
        "list": _list_rows,
        "counts": _count_rows,
        "cards": _make_cards,
        "map": _describe_map,
        "mask": _mark_points,
        "states": _list_states,
        "decide": _decide,
        "undo": _undo,
        "redo": _redo,
        "meters": _describe_meters,
        "rules": _list_rules,
        "propose": _propose_rule,
        "preview": _preview_rule,
        "keep-rule": _keep_rule,
        "update": lambda desk, _body: desk.update(),
        "news": lambda desk, _body: desk.take_new_audit(),
    }
    routes = [
        Route("/{token}/", guard(_send_page), methods=["GET"]),
        Route("/{token}/page/{name}", guard(_send_file), methods=["GET"]),
        Route(
            "/{token}/picture/{row:int}/{number:int}",
            guard(partial(_send_picture, desk=desk)),
            methods=["GET"],
        ),
        *(
            Route(f"/{{token}}/api/{name}", guard(partial(_answer, desk=desk, ask=ask)), methods=["POST"])
            for name, ask in asks.items()
        ),
        Route("/{rest:path}", guard(_refuse), methods=["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]),
    ]
    return Starlette(routes=routes)


def _guarded(
    answer: Callable[[Request], Awaitable[Response]], *, token: str, hosts: set[str]
) -> Callable[[Request], Awaitable[Response]]:
    """The answer to requests of our own page; others are refused."""
    from starlette.responses import JSONResponse

    async def guarded(request: Request) -> Response:
        try:
            _check_request(request, token, hosts)
            response = await answer(request)
        except BadRequestError as error:
            response = JSONResponse({"error": str(error)}, status_code=error.status)
        except StaleRowError as error:
            response = JSONResponse({"error": error.found}, status_code=409)
        except OutputError as error:  # the same request may succeed later
            response = JSONResponse({"error": str(error)}, status_code=503)
        except DoubtError as error:
            response = JSONResponse({"error": str(error)}, status_code=400)
        response.headers.update(HEADERS)
        return response

    return guarded


def _check_request(request: Request, token: str, hosts: set[str]) -> None:
    host = request.headers.get("host", "")
    if host not in hosts:
        raise BadRequestError(421, "this server answers only to this machine")
    origin = request.headers.get("origin")
    if origin is not None and origin != f"http://{host}":
        raise BadRequestError(403, "requests of other pages are refused")
    given = request.path_params.get("token", "")
    if not hmac.compare_digest(given.encode(), token.encode()):
        raise BadRequestError(404, "there is no such page")


async def _refuse(request: Request) -> Response:  # as all routes
    raise BadRequestError(404, f"there is no such page: {request.method}")


async def _send_page(_request: Request) -> Response:  # as all routes
    from starlette.responses import Response

    return Response(read_page_file(PAGE), media_type="text/html")


async def _send_file(request: Request) -> Response:  # as all routes
    from starlette.responses import Response

    name = request.path_params["name"]
    kinds = list_page_files()
    if name not in kinds:
        raise BadRequestError(404, "there is no such file")
    return Response(read_page_file(name), media_type=kinds[name])


async def _send_picture(request: Request, *, desk: Desk) -> Response:
    """A picture that a row names, by the row and the number of its column: never by a path."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response

    row, number = request.path_params["row"], request.path_params["number"]
    try:
        found = await run_in_threadpool(desk.read_picture, row, number)
    except NoPictureError as error:
        raise BadRequestError(404, str(error)) from error
    return Response(found.content, media_type=found.media_type)


async def _answer(request: Request, *, desk: Desk, ask: Callable[[Desk, Any], Any]) -> Response:
    """The answer to one question of the page."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import Response

    body = await _read_body(request)
    # counting a large file takes longer than deciding, which must not wait for it
    found = await run_in_threadpool(ask, desk, body) if ask in _SLOW else ask(desk, body)
    if isinstance(found, np.ndarray):
        found = found.astype("<i4").tobytes()
    if isinstance(found, bytes):
        return Response(found, media_type="application/octet-stream")
    # a text may hold half a letter of UTF-16, which UTF-8 has no bytes for
    content = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Response(content.encode(errors="replace"), media_type="application/json")


async def _read_body(request: Request) -> dict[str, Any]:
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise BadRequestError(415, "the body has to be JSON")
    content = bytearray()
    async for part in request.stream():
        content += part
        if len(content) > MOST_BYTES:
            raise BadRequestError(413, f"the body has more than {MOST_BYTES:,} bytes")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(400, "the body is not JSON") from error
    if not isinstance(found, dict):
        raise BadRequestError(400, "the body is not an object")
    return found


# ------------------------------------------------------------------------------- the questions


def _describe(desk: Desk, _body: Mapping[str, Any]) -> dict[str, Any]:
    return {**desk.describe(), "progress": desk.describe_progress()}


def _list_rows(desk: Desk, body: Mapping[str, Any]) -> Any:  # noqa: ANN401  # an array
    return desk.list_rows(
        _read_filter(body), _read_text(body, "order", "doubt"), _read_text(body, "scope", "queue")
    )


def _count_rows(desk: Desk, body: Mapping[str, Any]) -> dict[str, Any]:
    return desk.count_rows(_read_filter(body), _read_text(body, "scope", "queue"))


def _describe_meters(desk: Desk, _body: Mapping[str, Any]) -> dict[str, Any]:
    return desk.describe_meters()


def _list_rules(desk: Desk, _body: Mapping[str, Any]) -> dict[str, Any]:
    return desk.rules.describe()


def _propose_rule(desk: Desk, body: Mapping[str, Any]) -> dict[str, Any]:
    return desk.propose_rule(_read_filter(body))


def _preview_rule(desk: Desk, body: Mapping[str, Any]) -> dict[str, Any]:
    return desk.rules.preview(_read_text(body, "when", ""), _read_text(body, "label", ""))


_SLOW = (_list_rows, _count_rows, _describe_meters, _list_rules, _propose_rule, _preview_rule)
"""Questions that only read, and may take long."""


def _make_cards(desk: Desk, body: Mapping[str, Any]) -> dict[str, Any]:
    return desk.make_cards(_read_rows(body))


def _describe_map(desk: Desk, body: Mapping[str, Any]) -> bytes | dict[str, str]:
    return desk.describe_map(_read_text(body, "seen", ""))


def _mark_points(desk: Desk, body: Mapping[str, Any]) -> bytes:
    return desk.mark_points(_read_filter(body), _read_text(body, "scope", "all"))


def _list_states(desk: Desk, _body: Mapping[str, Any]) -> bytes:
    return desk.list_states()


def _decide(desk: Desk, body: Mapping[str, Any]) -> dict[str, Any]:
    """Decide on some rows, or on all that a filter lets through; what is done already isn't repeated."""
    name = _read_name(body)
    if desk.session.knows(name):
        return desk.describe_step(name)
    if "filter" in body:
        scope = _read_text(body, "scope", "queue")
        rows = desk.list_rows(_read_filter(body), scope=scope).tolist()
        if body.get("n") != len(rows):
            raise StaleRowError(f"the filter has {len(rows):,} rows by now: look again")
        shown = desk.leave_out_hidden(np.array(rows, dtype=np.intp)).tolist()
        if rows and not shown:
            raise BadRequestError(400, "rows whose cards hide what models say are decided one by one")
        rows = shown
    else:
        rows = _read_rows(body)
    versions = body.get("versions", {})
    if not isinstance(versions, dict) or not all(isinstance(one, str) for one in versions.values()):
        raise BadRequestError(400, "versions have to be texts by row")
    return desk.decide(
        name,
        rows,
        _read_text(body, "action", ""),
        label=_read_text(body, "label", ""),
        why=_read_text(body, "why", ""),
        versions={int(row): version for row, version in versions.items() if row.isdecimal()},
    )


def _undo(desk: Desk, body: Mapping[str, Any]) -> dict[str, Any]:
    name = _read_name(body)
    return desk.describe_step(name) if desk.session.knows(name) else desk.undo(name)


def _redo(desk: Desk, body: Mapping[str, Any]) -> dict[str, Any]:
    name = _read_name(body)
    return desk.describe_step(name) if desk.session.knows(name) else desk.redo(name)


def _keep_rule(desk: Desk, body: Mapping[str, Any]) -> dict[str, Any]:
    return desk.rules.keep(
        Rule(**{part: _read_text(body, part, "") for part in ("name", "when", "label", "why")})
    )


def _read_filter(body: Mapping[str, Any]) -> RowFilter:
    found = body.get("filter", {})
    if not isinstance(found, dict):
        raise BadRequestError(400, "a filter is an object")
    return RowFilter.parse(found)


def _read_rows(body: Mapping[str, Any]) -> list[int]:
    rows = body.get("rows")
    if not isinstance(rows, list) or not all(type(row) is int for row in rows):
        raise BadRequestError(400, "rows have to be a list of whole numbers")
    return rows


def _read_name(body: Mapping[str, Any]) -> str:
    name = _read_text(body, "name", "")
    if not _STEP_NAME.fullmatch(name):
        raise InputError("a step needs a name", expected="up to 64 letters, digits, - or _")
    return name


def _read_text(body: Mapping[str, Any], part: str, otherwise: str) -> str:
    found = body.get(part, otherwise)
    if not isinstance(found, str):
        raise BadRequestError(400, f"{part} has to be a text")
    return found
