"""Run the server: `regulars serve`."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import ValidationError
from pydantic_settings import SettingsError

from regulars.errors import InvalidSettingError
from regulars.web.app import create_app
from regulars.web.settings import ServerSettings

# Idle connections are closed, and what is under way at the end has so long to finish.
KEEP_ALIVE_SECONDS = 15
SHUTDOWN_SECONDS = 5
CONNECTIONS = 256


def read_settings(**given: Any) -> ServerSettings:  # noqa: ANN401 - options of the command line
    """The settings of the environment, with those of the command line before them.

    Raises:
        InvalidSettingError: A setting has no meaning.
    """
    try:
        return ServerSettings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        faults = "; ".join(
            f"REGULARS_SERVE_{'_'.join(map(str, fault['loc'])).upper()}: {fault['msg']}"
            for fault in error.errors()
        )
        raise InvalidSettingError(faults) from error
    except SettingsError as error:
        raise InvalidSettingError(
            f"A variable REGULARS_SERVE_… is not written as JSON: {error}."
        ) from error


def serve(*, database: Path, host: str | None, port: int | None, quiet: bool) -> None:
    """Serve until interrupted.

    Args:
        database: The published database.
        host: Address to bind; None: of the environment.
        port: Port to bind; None: of the environment.
        quiet: Whether requests go unlogged.

    Raises:
        InvalidSettingError: A setting has no meaning, or would leave the server open to others.
    """
    settings = read_settings(database=database, host=host, port=port)
    app = create_app(settings)
    logging.basicConfig(stream=sys.stderr, format="%(asctime)s %(message)s")
    logging.getLogger("regulars.web").setLevel(logging.WARNING if quiet else logging.INFO)
    os.umask(0o077)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        access_log=False,  # its lines hold paths and queries, which name customers
        log_level="warning" if quiet else "info",
        server_header=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
        limit_concurrency=CONNECTIONS,
        proxy_headers=False,
    )
