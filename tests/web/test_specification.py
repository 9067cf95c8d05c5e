"""Requests made up from the specification: nothing that a client may send gives an error of the server's."""

from __future__ import annotations

import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from regulars.web.app import create_app
from regulars.web.settings import ServerSettings
from tests.web.conftest import Live

CHECKS = [
    not_a_server_error,
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
]
SETTINGS = {
    "deadline": None,
    "derandomize": True,  # the same requests in every run
    "suppress_health_check": list(HealthCheck),
}


DOCUMENT = schemathesis.openapi.from_dict(create_app(ServerSettings()).openapi())
reading = DOCUMENT.exclude(path_regex="classif")
uploading = DOCUMENT.include(path_regex="classif")


@reading.parametrize()
@settings(max_examples=40, **SETTINGS)
def test_reading_never_fails(case, live: Live) -> None:
    case.call_and_validate(base_url=live.url, checks=CHECKS)


@uploading.parametrize()
@settings(max_examples=10, **SETTINGS)
def test_uploading_never_fails(case, live: Live) -> None:
    case.call_and_validate(base_url=live.url, checks=CHECKS)
