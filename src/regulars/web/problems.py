"""Errors as RFC 9457 problem details: one form for our own, validation, unknown paths and accidents."""

from __future__ import annotations

import logging
import secrets
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from regulars.errors import (
    InvalidSettingError,
    MissingColumnsError,
    NoUsableRowsError,
    RegularsError,
    TooLargeError,
    UnusableInputError,
)
from regulars.ingest.columns import NAMES_SHOWN, cut

MEDIA_TYPE = "application/problem+json"

_logger = logging.getLogger("regulars.web")


class Problem(HTTPException):
    """A problem that the client can read.

    Attributes:
        kind: Last part of the problem's type, such as "too-large".
        members: Further members of the problem details.
    """

    def __init__(
        self,
        status: int,
        kind: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        **members: Any,  # noqa: ANN401 - whatever JSON can hold
    ) -> None:
        super().__init__(status, detail, dict(headers or {}))
        self.kind = kind
        self.members = members

    def document(self) -> dict[str, Any]:
        """The problem details as they are sent."""
        return {
            "type": f"urn:regulars:problem:{self.kind}",
            "title": HTTPStatus(self.status_code).phrase,
            "status": self.status_code,
            "detail": self.detail,
            **self.members,
        }


# One of each status, for the specification.
EXAMPLES = {
    problem.status_code: problem.document()
    for problem in (
        Problem(400, "invalid-cursor", "The cursor `after` is none that this list gave for this order."),
        Problem(401, "token-needed", "This server asks for its token: as `Authorization: Bearer`, or on the page /login."),
        Problem(403, "foreign-origin", "The request comes from another site's page."),
        Problem(404, "no-customer", "There is no such customer at the as-of date."),
        Problem(408, "too-slow", "The file took more than 120 seconds.", limit="120 seconds"),
        Problem(409, "not-ready", "The upload has not been worked on that far yet."),
        Problem(413, "too-large", "The request has more than 256 MB.", limit="256 MB"),
        Problem(415, "unsupported-content", "The file is a PDF. CSV (also gzip-compressed), Excel (.xlsx) and Parquet can be read."),
        Problem(422, "missing-columns", "upload.csv: required columns are missing: price. Columns found: 'Invoice', 'StockCode'.", columns_found=["Invoice", "StockCode"], columns_missing=["price"]),
        Problem(429, "busy", "As many uploads as this server works on at once are under way. Try again shortly.", retry_after=5),
        Problem(500, "internal", "Something went wrong that should not have. The server's log has it as 1f3a9c2e.", reference="1f3a9c2e"),
        Problem(503, "not-built", "There is no published database yet. Run `make build` (or `regulars build`) first."),
    )
}  # fmt: skip


def problem_of(error: RegularsError) -> Problem:
    """The problem that an error of the library is for a client."""
    detail = str(error)
    if isinstance(error, MissingColumnsError):
        return Problem(
            422,
            "missing-columns",
            detail,
            columns_found=[cut(name) for name in error.found[:NAMES_SHOWN]],
            columns_missing=list(error.missing),
        )
    if isinstance(error, NoUsableRowsError):
        return Problem(422, "no-usable-rows", detail, rule_counts=error.rule_counts)
    if isinstance(error, TooLargeError):
        return Problem(413, "too-large", detail, limit=error.limit)
    if isinstance(error, InvalidSettingError):
        return Problem(422, "invalid-setting", detail)
    if isinstance(error, UnusableInputError):
        return Problem(422, "unusable-input", detail)
    return Problem(503, "not-built", detail)


def respond(problem: Problem) -> JSONResponse:
    """The response that carries a problem."""
    return JSONResponse(
        problem.document(), problem.status_code, headers=problem.headers, media_type=MEDIA_TYPE
    )


def accident(error: BaseException) -> Problem:
    """The problem that an unexpected error is; where it happened is logged, its message is not.

    Messages and locals may hold rows of customers; the type and the lines of code do not.
    """
    reference = secrets.token_hex(4)
    places = [
        f"{frame.name} ({frame.filename.rsplit('/', 1)[-1]}:{frame.lineno})"
        for frame in traceback.extract_tb(error.__traceback__)
    ]
    _logger.error("%s %s in %s", reference, type(error).__name__, " > ".join(places[-8:]))
    return Problem(
        500,
        "internal",
        f"Something went wrong that should not have. The server's log has it as {reference}.",
        reference=reference,
    )


def install(app: FastAPI) -> None:
    """Make every error of the API a problem document."""

    @app.exception_handler(Problem)
    async def _own(_request: Request, error: Problem) -> JSONResponse:
        return respond(error)

    @app.exception_handler(RegularsError)
    async def _library(_request: Request, error: RegularsError) -> JSONResponse:
        return respond(problem_of(error))

    @app.exception_handler(RequestValidationError)
    async def _validation(_request: Request, error: RequestValidationError) -> JSONResponse:
        faults = [
            {"at": ".".join(map(str, fault["loc"])), "fault": fault["msg"]}
            for fault in error.errors()
        ]
        detail = "; ".join(f"{fault['at']}: {fault['fault']}" for fault in faults)
        return respond(Problem(422, "invalid-request", detail, faults=faults))

    @app.exception_handler(HTTPException)
    async def _http(_request: Request, error: HTTPException) -> JSONResponse:
        kinds = {404: "not-found", 405: "method-not-allowed", 400: "bad-request"}
        kind = kinds.get(error.status_code, "error")
        return respond(Problem(error.status_code, kind, str(error.detail), headers=error.headers))
