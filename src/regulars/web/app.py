"""The application: guards, answers that are remembered for a published copy, API and pages."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, asynccontextmanager
from importlib.metadata import version
from importlib.resources import files

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from regulars.warehouse import NotBuiltError
from regulars.web import api, assets, pages, problems
from regulars.web.guards import Guard
from regulars.web.settings import ServerSettings
from regulars.web.store import Publication, Store
from regulars.web.uploads import Uploads

VERSION = version("regulars")
# Answers of a published copy never change, so they are remembered: at most so many bytes.
REMEMBERED_BYTES = 32 << 20
REMEMBERED_ANSWER_BYTES = 1 << 20
UPLOADING_PATHS = frozenset({f"{api.PREFIX}/classify_customers", "/upload"})
_REMEMBERED = (f"{api.PREFIX}/", "/explore", "/customers/")
_UNREMEMBERED = (f"{api.PREFIX}/health", f"{api.PREFIX}/classifications/", "/explore/customers.csv")

logging.getLogger("regulars.web").setLevel(logging.INFO)


def create_app(settings: ServerSettings) -> FastAPI:
    """Make the application.

    Args:
        settings: As the environment has them.

    Returns:
        The application; uvicorn runs it.

    Raises:
        InvalidSettingError: The settings would leave it open to others.
    """
    settings.check()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.uploads = Uploads(settings)
        app.state.store = Store(
            settings.database.absolute(), memory=settings.read_memory, threads=settings.read_threads
        )
        assets.warm_up()
        await run_in_threadpool(app.state.uploads.warm_up)
        yield
        await run_in_threadpool(app.state.uploads.close)
        app.state.store.close()

    app = FastAPI(
        title="Regulars",
        version=VERSION,
        summary="Customer intelligence for retailers.",
        description=(
            "Answers come from the published database: every list says its as-of date and the copy that "
            "answered. Errors are RFC 9457 problem details. Lists have a cursor: `next`, and a Link header."
        ),
        lifespan=lifespan,
        openapi_url=f"{api.PREFIX}/openapi.json",
        docs_url=None,  # they would fetch scripts from elsewhere; /api-docs shows the same
        redoc_url=None,
    )
    app.state.settings = settings
    problems.install(app)
    pages.install(app)
    app.include_router(api.router)
    app.include_router(assets.router)
    app.mount("/static", StaticFiles(directory=str(files("regulars.web") / "static")))
    app.add_middleware(Answers, owner=app)
    app.add_middleware(Guard, settings=settings, respond=pages.respond)
    _declare_token(app, settings)
    return app


def _declare_token(app: FastAPI, settings: ServerSettings) -> None:
    """Say in the specification that a token is asked for, where one is."""
    if not settings.token:
        return
    make: Callable[[], dict] = app.openapi

    def openapi() -> dict:
        document = make()
        document.setdefault("components", {})["securitySchemes"] = {
            "token": {"type": "http", "scheme": "bearer"}
        }
        document["security"] = [{"token": []}]
        return document

    app.openapi = openapi  # type: ignore[method-assign]


class Answers:
    """Pins the published copy for a request, answers 304 and what is remembered, and hands out upload slots."""

    def __init__(self, app: ASGIApp, owner: FastAPI) -> None:
        self.app = app
        self.owner = owner
        self._remembered: OrderedDict[str, tuple[list[tuple[bytes, bytes]], bytes]] = OrderedDict()
        self._making: dict[str, asyncio.Event] = {}
        self._bytes = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        state = scope.setdefault("state", {})
        state["publication"] = None
        try:
            if scope["method"] == "POST" and scope["path"] in UPLOADING_PATHS:
                with ExitStack() as stack:
                    stack.enter_context(self.owner.state.uploads.slot())
                    await self.app(scope, receive, send)
            elif self._is_rememberable(scope):
                await self._answer(scope, receive, send)
            else:
                await self.app(scope, receive, send)
        finally:
            if state["publication"] is not None:
                state["publication"].release()

    def _is_rememberable(self, scope: Scope) -> bool:
        return (
            scope["method"] in ("GET", "HEAD")
            and scope["path"].startswith(_REMEMBERED)
            and not scope["path"].startswith(_UNREMEMBERED)
        )

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        store: Store = self.owner.state.store
        try:
            publication: Publication = store.unchanged() or await run_in_threadpool(store.acquire)
        except NotBuiltError:
            await self.app(scope, receive, send)  # which says so
            return
        scope["state"]["publication"] = publication
        key = _entity_tag(publication, scope)
        wanted = Headers(scope=scope).get("if-none-match", "")
        validators = [
            (b"etag", key.encode()),
            (b"cache-control", b"private, no-cache"),
            (b"vary", b"HX-Request, Accept"),
        ]
        if key in (part.strip() for part in wanted.split(",")):
            await _send(send, 304, validators, b"")
            return
        if scope["method"] != "GET":
            await self.app(scope, receive, self._remembering(key, validators, send))
            return
        # who asks for what is being made waits for it: a new copy is met by everybody at once
        while key not in self._remembered and (making := self._making.get(key)):
            await making.wait()
        if key in self._remembered:
            self._remembered.move_to_end(key)
            headers, body = self._remembered[key]
            await _send(send, 200, headers, body)
            return
        self._making[key] = made = asyncio.Event()
        try:
            await self.app(scope, receive, self._remembering(key, validators, send))
        finally:
            del self._making[key]
            made.set()

    def _remembering(self, key: str, validators: list[tuple[bytes, bytes]], send: Send) -> Send:
        start: Message = {}
        body = bytearray()

        async def keep(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start":
                start = message
                if message["status"] == 200:
                    headers = MutableHeaders(raw=message["headers"])
                    for name, value in validators:
                        headers[name.decode()] = value.decode()
                    message["headers"] = headers.raw
            elif message["type"] == "http.response.body" and start.get("status") == 200:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False) and 0 < len(body) <= REMEMBERED_ANSWER_BYTES:
                    self._remember(key, list(start["headers"]), bytes(body))
            await send(message)

        return keep

    def _remember(self, key: str, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        if key in self._remembered:
            return
        self._remembered[key] = (headers, body)
        self._bytes += len(body)
        while self._bytes > REMEMBERED_BYTES:
            _, (_, oldest) = self._remembered.popitem(last=False)
            self._bytes -= len(oldest)


def _entity_tag(publication: Publication, scope: Scope) -> str:
    part = Headers(scope=scope).get("hx-request", "")
    asked = f"{VERSION} {part} {scope['path']}".encode() + b"?" + scope["query_string"]
    return f'"{publication.publish_id}-{hashlib.sha256(asked).hexdigest()[:16]}"'


async def _send(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})
    await send({"type": "http.response.body", "body": body})
