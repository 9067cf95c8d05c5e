"""What is installed, where things are and what is missing."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from regulars.errors import RegularsError
from regulars.project import project_directory

OLDEST_PYTHON = (3, 11)
FREE_BYTES_WANTED = 2 * 10**9
PACKAGES = ("dbt-core", "dbt-duckdb", "duckdb", "pandas", "pyarrow", "python-calamine")


@dataclass(frozen=True)
class Finding:
    """One thing looked at. `is_optional`: its absence is no fault."""

    subject: str
    is_good: bool
    detail: str
    is_optional: bool = False


def examine(database: Path) -> list[Finding]:
    """Look at everything that a build needs.

    Args:
        database: Where the published database is, or is going to be.

    Returns:
        One finding per thing, in the order in which they matter.
    """
    return [
        Finding(
            "python",
            sys.version_info >= OLDEST_PYTHON,
            f"{platform.python_version()} at {sys.executable}",
        ),
        *(_package(name) for name in PACKAGES),
        _project(),
        _disk(database),
        _database(database),
    ]


def _package(name: str) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, False, "not installed; run `make setup`")


def _project() -> Finding:
    try:
        return Finding("project", True, str(project_directory()))
    except RegularsError as error:
        return Finding("project", False, str(error))


def _disk(database: Path) -> Finding:
    directory = next(folder for folder in database.absolute().parents if folder.exists())
    free = shutil.disk_usage(directory).free
    is_good = free >= FREE_BYTES_WANTED and os.access(directory, os.W_OK)
    return Finding("disk", is_good, f"{free / 1e9:.1f} GB free in {directory}")


def _database(database: Path) -> Finding:
    if not database.exists():
        return Finding(
            "database", False, f"{database}: not built yet; run `make build`", is_optional=True
        )
    return Finding("database", True, f"{database}, {database.stat().st_size / 1e6:.0f} MB")
