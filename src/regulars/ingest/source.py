"""One table of the user's, whatever it is stored in, ready to be cast."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from regulars.errors import UnusableInputError


class ValueType(Enum):
    """Types that are cast in different ways."""

    TEXT = "text"
    INTEGER = "integer"
    FLOAT = "float"
    DECIMAL = "decimal"
    TIMESTAMP = "timestamp"
    TIMESTAMP_TZ = "timestamp with time zone"
    OTHER = "other"


_INTEGERS = frozenset(
    {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
    | {"UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT", "UHUGEINT"}
)
_TIMESTAMPS = frozenset({"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "DATE"})


def value_type(duckdb_type: str) -> ValueType:
    """How values of a DuckDB type are cast.

    Args:
        duckdb_type: Its name, as `describe` gives it.

    Returns:
        The type; `OTHER` is cast by way of its text.
    """
    name = duckdb_type.upper()
    if name == "VARCHAR":
        return ValueType.TEXT
    if name in _INTEGERS:
        return ValueType.INTEGER
    if name in ("FLOAT", "DOUBLE"):
        return ValueType.FLOAT
    if name.startswith("DECIMAL"):
        return ValueType.DECIMAL
    if name in _TIMESTAMPS:
        return ValueType.TIMESTAMP
    if name == "TIMESTAMP WITH TIME ZONE":
        return ValueType.TIMESTAMP_TZ
    return ValueType.OTHER


@dataclass(frozen=True)
class Part:
    """Values of one type in a column; at most one part of a column has a value in a row.

    Attributes:
        sql: The expression that reads it.
        type: How it is cast.
    """

    sql: str
    type: ValueType


@dataclass(frozen=True)
class Source:
    """A table of the user's.

    Attributes:
        label: What `source_file` says.
        scan: What follows `from` in SQL.
        row_number: SQL expression of the 1-based data row.
        columns: Our column name → its parts: one, but for sheets, whose cells have types of
            their own.
        raw_line: SQL expression, not null in rows that could not be split into fields.
        is_temporary: Whether `scan` reads a file that is removed once reading is done.
        row_count: Data rows, if they were counted already.
    """

    label: str
    scan: str
    row_number: str
    columns: Mapping[str, tuple[Part, ...]]
    raw_line: str | None = None
    is_temporary: bool = False
    row_count: int | None = None

    @property
    def text_date(self) -> Part | None:
        """The part of the invoice date that is text, if there is one."""
        textual = (ValueType.TEXT, ValueType.OTHER, ValueType.INTEGER)
        return next((p for p in self.columns["invoice_date"] if p.type in textual), None)


def first_line(error: BaseException) -> str:
    """The cause in one line: DuckDB's messages go on with hints that are not for our users."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def unreadable(label: str, kind: str, error: BaseException) -> UnusableInputError:
    """The error for a file that is not what its extension says."""
    return UnusableInputError(f"{label} can't be read as {kind}: {first_line(error)}")
