"""User's names and values inside SQL text."""

import re
from pathlib import Path

_GLOB_CHARACTERS = re.compile(r"([*?\[])")


def quote_literal(text: str) -> str:
    """The text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def quote_identifier(name: str) -> str:
    """The name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def quote_path(path: Path) -> str:
    """The path as a literal that DuckDB's readers take as one file, whatever its name."""
    return quote_literal(_GLOB_CHARACTERS.sub(r"[\1]", str(path)))
