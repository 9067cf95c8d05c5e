"""How the user's values are written: the settings that every reader takes."""

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb

from regulars.errors import InvalidSettingError
from regulars.ingest.columns import check_mapping
from regulars.ingest.quoting import quote_literal

DATE_FORMATS = ("auto", "iso", "day_first", "month_first")
"""Named values of `date_format`; any text with a % is a strptime pattern."""


@dataclass(frozen=True)
class ReadSettings:
    """Settings of a reader, checked by `checked_settings`.

    Attributes:
        column_mapping: Our column name → the user's column name.
        date_format: One of `DATE_FORMATS` or a strptime pattern (DuckDB's specifiers).
        decimal_separator: `.` or `,`, in prices and quantities that are text.
        source_timezone: IANA name; times with an offset are turned into its local time.
    """

    column_mapping: Mapping[str, str]
    date_format: str
    decimal_separator: str
    source_timezone: str

    @property
    def has_date_pattern(self) -> bool:
        """Whether text dates follow a strptime pattern."""
        return self.date_format not in DATE_FORMATS


def checked_settings(
    connection: duckdb.DuckDBPyConnection,
    *,
    column_mapping: Mapping[str, str],
    date_format: str,
    decimal_separator: str,
    source_timezone: str,
) -> ReadSettings:
    """Check the settings before any file is opened.

    Args:
        connection: Knows time zones and date patterns.
        column_mapping: See `ReadSettings`.
        date_format: See `ReadSettings`.
        decimal_separator: See `ReadSettings`.
        source_timezone: See `ReadSettings`.

    Returns:
        The settings.

    Raises:
        InvalidSettingError: A setting is missing or has no meaning.
    """
    if not isinstance(column_mapping, Mapping):
        raise InvalidSettingError(f"column_mapping is not a mapping: {column_mapping!r}")
    check_mapping(column_mapping)
    if decimal_separator not in (".", ","):
        raise InvalidSettingError(
            f"decimal_separator is neither '.' nor ',': {decimal_separator!r}"
        )
    if not isinstance(date_format, str) or (
        date_format not in DATE_FORMATS and "%" not in date_format
    ):
        raise InvalidSettingError(
            f"date_format is none of {', '.join(DATE_FORMATS)} and no strptime pattern such as "
            f"'%d.%m.%Y %H:%M': {date_format!r}"
        )
    if date_format not in DATE_FORMATS:
        try:
            connection.sql(f"select try_strptime('', {quote_literal(date_format)})").fetchall()
        except duckdb.Error as error:
            raise InvalidSettingError(
                f"date_format {date_format!r} is no pattern: {error}"
            ) from error
    if not isinstance(source_timezone, str) or not _is_timezone(connection, source_timezone):
        raise InvalidSettingError(
            f"source_timezone is no IANA time zone such as 'Europe/London': {source_timezone!r}"
        )
    return ReadSettings(dict(column_mapping), date_format, decimal_separator, source_timezone)


def _is_timezone(connection: duckdb.DuckDBPyConnection, name: str) -> bool:
    query = f"select count(*) from pg_timezone_names() where name = {quote_literal(name)}"
    return connection.sql(query).fetchall()[0][0] > 0
