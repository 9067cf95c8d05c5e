"""What stands before every request: host, origin, token, size and time of the body, headers, the log."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import logging
import time
from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from regulars.web.problems import Problem, accident, respond
from regulars.web.settings import ServerSettings

COOKIE = "regulars_token"
# Reachable without a token: what says that the server lives, and the way in.
OPEN_PATHS = frozenset({"/login", "/api/v1/health"})
OPEN_PREFIX = "/static/"
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
# A refused body is read on so far, so that the client sees the answer and not a broken connection.
DRAINED_BYTES = 64 << 20
DRAIN_SECONDS = 5.0

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}

_logger = logging.getLogger("regulars.web")


class Guard:
    """The outermost layer: refuses what it must, adds the headers, writes one line to the log."""

    def __init__(
        self,
        app: ASGIApp,
        settings: ServerSettings,
        respond: Callable[[Scope, Problem], ASGIApp],
    ) -> None:
        self.app = app
        self.settings = settings
        self.respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500
        has_begun = False

        async def send_guarded(message: Message) -> None:
            nonlocal status, has_begun
            if message["type"] == "http.response.start":
                status, has_begun = message["status"], True
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        body = _Body(receive, self.settings)
        try:
            self._check(scope)
            await self.app(scope, body.receive, send_guarded)
        except Problem as problem:
            if not has_begun:
                await self.respond(scope, problem)(scope, receive, send_guarded)
                await body.drain()
        except Exception as error:
            problem = accident(error)
            if not has_begun:
                await respond(problem)(scope, receive, send_guarded)
        finally:
            # the route's pattern, not the path: paths and queries may name customers
            route = getattr(scope.get("route"), "path", "-")
            _logger.info(
                "%s %s %d %.0f ms",
                scope["method"],
                route,
                status,
                (time.perf_counter() - started) * 1000,
            )

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if _without_port(host) not in self.settings.hosts:
            raise Problem(
                400,
                "unknown-host",
                "The Host header names a host that this server does not serve; "
                "REGULARS_SERVE_ALLOWED_HOSTS adds one.",
            )
        if scope["method"] in UNSAFE:
            _check_origin(headers, host)
        length = headers.get("content-length", "")
        if length.isdigit() and int(length) > self.settings.upload_bytes:
            raise too_large(self.settings)
        path = scope["path"]
        if self.settings.token and not (path in OPEN_PATHS or path.startswith(OPEN_PREFIX)):
            _check_token(headers, self.settings.token.get_secret_value())


def too_large(settings: ServerSettings) -> Problem:
    """The problem of a body with too many bytes."""
    megabytes = settings.upload_bytes / (1 << 20)
    limit = f"{megabytes:g} MB"
    return Problem(413, "too-large", f"The request has more than {limit}.", limit=limit)


def token_cookie(token: str) -> str:
    """What the cookie holds: a hash, so that the token itself lies in no browser."""
    return hashlib.sha256(f"regulars:{token}".encode()).hexdigest()


class _Body:
    """Counts the bytes as they come, chunked ones too, and bounds the time they take."""

    def __init__(self, receive: Receive, settings: ServerSettings) -> None:
        self._receive = receive
        self._settings = settings
        self._bytes = 0
        self._deadline = time.monotonic() + settings.upload_seconds
        self._is_over = False

    async def receive(self) -> Message:
        if self._is_over:  # what follows is the wait for a disconnect
            return await self._receive()
        try:
            left = max(self._deadline - time.monotonic(), 0)
            message = await asyncio.wait_for(self._receive(), left)
        except TimeoutError as error:
            raise Problem(
                408,
                "too-slow",
                f"The request took more than {self._settings.upload_seconds} seconds to arrive.",
                headers={"connection": "close"},
            ) from error
        if message["type"] == "http.request":
            self._bytes += len(message.get("body", b""))
            self._is_over = not message.get("more_body", False)
            if self._bytes > self._settings.upload_bytes:
                raise too_large(self._settings)
        return message

    async def drain(self) -> None:
        drained = 0
        deadline = time.monotonic() + DRAIN_SECONDS
        while not self._is_over and drained < DRAINED_BYTES:
            try:
                message = await asyncio.wait_for(
                    self._receive(), max(deadline - time.monotonic(), 0)
                )
            except TimeoutError:
                return
            if message["type"] != "http.request":
                return
            drained += len(message.get("body", b""))
            self._is_over = not message.get("more_body", False)


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.split("]")[0].lower() + "]"
    return host.rsplit(":", 1)[0].lower() if ":" in host else host.lower()


def _check_origin(headers: Headers, host: str) -> None:
    """Another site's page must not act here: browsers say where a request comes from."""
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    is_foreign = (site is not None and site not in ("same-origin", "none")) or (
        site is None and origin is not None and urlsplit(origin).netloc.lower() != host.lower()
    )
    if is_foreign:
        raise Problem(403, "foreign-origin", "The request comes from another site's page.")


def _check_token(headers: Headers, token: str) -> None:
    scheme, _, shown = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and hmac.compare_digest(shown.encode(), token.encode()):
        return
    cookie = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
    if hmac.compare_digest(cookie.encode(), token_cookie(token).encode()):
        return
    raise Problem(
        401,
        "token-needed",
        "This server asks for its token: as `Authorization: Bearer`, or on the page /login.",
        headers={"www-authenticate": "Bearer"},
    )
