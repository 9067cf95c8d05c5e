"""From a source's columns to the canonical columns: SQL expressions chosen by type.

Typed values are cast directly; only text is checked by pattern, because DuckDB's own casts are
more lenient than money allows (`1_000` is 1000, `6.7` is the whole number 7).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from regulars.ingest.columns import CANONICAL_COLUMNS
from regulars.ingest.dates import DateReading, as_text
from regulars.ingest.quoting import quote_literal
from regulars.ingest.source import Part, Source, ValueType

_WHITESPACE = r"e' \t\r\n\v\f'"
_INTEGER_TEXT = "[ \\t]*[+-]?[0-9]+({separator}0*)?[ \\t]*"
_DECIMAL_TEXT = (
    "[ \\t]*[+-]?([0-9]+({separator}[0-9]*)?|{separator}[0-9]+)([eE][+-]?[0-9]{{1,3}})?[ \\t]*"
)
_EXACT_FLOAT = 2**53
"""Whole numbers below it are exact as floats (a count of units)."""
_WIDEST_FLOAT_KEY = 10**15
"""Whole floats below it are keys that lost nothing; larger ones keep their own spelling."""


@dataclass(frozen=True)
class Casting:
    """How text is cast, the same for every source of an input.

    Attributes:
        dates: How text dates are read.
        decimal_separator: `.` or `,`.
        timezone: Whose local time instants are turned into.
    """

    dates: DateReading
    decimal_separator: str
    timezone: str


def canonical_projections(
    source: Source, casting: Casting, *, source_file: str, source_file_number: str
) -> list[str]:
    """The select lists that turn a source into canonical rows, each applied to the one before.

    Args:
        source: What to cast.
        casting: How.
        source_file: SQL expression of the column.
        source_file_number: SQL expression of the column; refers to the source's columns.

    Returns:
        Four select lists: parts, values, fault, canonical columns in their order.
    """
    parts = {name: source.columns.get(name, ()) for name in CANONICAL_COLUMNS}
    # From the second list on, a part is a column of the list before it.
    cells = {
        name: [Part(f"{name}_{number}", part.type) for number, part in enumerate(own)]
        for name, own in parts.items()
    }
    origin = ["source_file", "source_file_number", "source_row_number", "raw_line"]
    read = [
        f"cast({source_file} as varchar) as source_file",
        f"cast({source_file_number} as integer) as source_file_number",
        f"cast({source.row_number} as bigint) as source_row_number",
        f"cast({source.raw_line or 'null'} as varchar) as raw_line",
    ] + [
        f"{_without_blank(part)} as {cell.sql}"
        for name in CANONICAL_COLUMNS
        for part, cell in zip(parts[name], cells[name], strict=True)
    ]
    cell_names = [cell.sql for name in CANONICAL_COLUMNS for cell in cells[name]]
    values = [
        f"{_first_of([_value(name, cell, casting) for cell in cells[name]], name)} as {name}"
        for name in CANONICAL_COLUMNS
    ]
    fault = f"{_fault(cells)} as parse_error"
    record = ", ".join(
        f"'{name}', {_first_of([as_text(cell) for cell in cells[name]], 'country')}"
        for name in CANONICAL_COLUMNS
    )
    source_record = (
        "case when raw_line is not null then cast(json_object('raw_line', raw_line) as varchar) "
        f"when parse_error is not null then cast(json_object({record}) as varchar) end"
        " as source_record"
    )
    return [
        ", ".join(read),
        ", ".join([*origin, *cell_names, *values]),
        ", ".join(["*", fault]),
        ", ".join([*origin[:3], *CANONICAL_COLUMNS, "parse_error", source_record]),
    ]


def canonical_query(
    source: Source, casting: Casting, *, source_file: str, source_file_number: str
) -> str:
    """The query that turns a source into canonical rows, in the source's order.

    Args:
        source: What to cast.
        casting: How.
        source_file: SQL expression of the column.
        source_file_number: SQL expression of the column.

    Returns:
        A select statement.
    """
    query = source.scan
    for projection in canonical_projections(
        source, casting, source_file=source_file, source_file_number=source_file_number
    ):
        query = f"(select {projection} from {query})"
    return query[1:-1]


_SQL_TYPES = {
    "quantity": "bigint",
    "invoice_date": "timestamp",
    "price": "decimal(18, 4)",
}


def _without_blank(part: Part) -> str:
    if part.type is not ValueType.TEXT:
        return part.sql
    # The first test is on the first character only and settles nearly every row.
    blank = f"{part.sql} < '!' and trim({part.sql}, {_WHITESPACE}) = ''"
    return f"case when {blank} then null else {part.sql} end"


def _first_of(expressions: Sequence[str], name: str) -> str:
    if not expressions:
        return f"cast(null as {_SQL_TYPES.get(name, 'varchar')})"
    return expressions[0] if len(expressions) == 1 else f"coalesce({', '.join(expressions)})"


def _value(name: str, part: Part, casting: Casting) -> str:
    if name == "quantity":
        return _quantity(part, casting.decimal_separator)
    if name == "price":
        return _price(part, casting.decimal_separator)
    if name == "invoice_date":
        return _invoice_date(part, casting)
    return _key(part, is_customer=name == "customer_id")


def _fault(cells: dict[str, list[Part]]) -> str:
    def is_present(name: str) -> str:
        return "(" + " or ".join(f"{cell.sql} is not null" for cell in cells[name]) + ")"

    return (
        "case when raw_line is not null then 'unparseable_row' "
        f"when invoice_date is null and {is_present('invoice_date')} then 'unparseable_date' "
        f"when quantity is null and {is_present('quantity')} then 'unparseable_quantity' "
        f"when price is null and {is_present('price')} then 'unparseable_price' end"
    )


def _key(part: Part, *, is_customer: bool) -> str:
    value = part.sql
    if part.type is ValueType.FLOAT:
        is_whole = f"{value} = trunc({value}) and abs({value}) < {_WIDEST_FLOAT_KEY}"
        return (
            f"case when {is_whole} then cast(cast({value} as bigint) as varchar) "
            f"when not isnan({value}) then cast({value} as varchar) end"
        )
    if part.type is ValueType.DECIMAL:
        return (
            f"case when {value} = trunc({value}) then cast(cast({value} as hugeint) as varchar) "
            f"else cast({value} as varchar) end"
        )
    if part.type is ValueType.TEXT and is_customer:
        is_float = f"contains({value}, '.0') and regexp_full_match({value}, '[0-9]+[.]0+')"
        return f"case when {is_float} then split_part({value}, '.', 1) else {value} end"
    return as_text(part)


def _quantity(part: Part, decimal_separator: str) -> str:
    value = part.sql
    if part.type is ValueType.INTEGER:
        return f"try_cast({value} as bigint)"
    if part.type is ValueType.FLOAT:
        # NaN and infinities fail the second comparison.
        is_whole = f"{value} = trunc({value}) and abs({value}) < {_EXACT_FLOAT}"
        return f"case when {is_whole} then try_cast({value} as bigint) end"
    if part.type is ValueType.DECIMAL:
        return f"case when {value} = trunc({value}) then try_cast({value} as bigint) end"
    if part.type in (ValueType.TIMESTAMP, ValueType.TIMESTAMP_TZ):
        return "cast(null as bigint)"
    return _number(as_text(part), _INTEGER_TEXT, decimal_separator, "bigint")


def _price(part: Part, decimal_separator: str) -> str:
    if part.type in (ValueType.INTEGER, ValueType.FLOAT, ValueType.DECIMAL):
        return f"try_cast({part.sql} as decimal(18, 4))"
    if part.type in (ValueType.TIMESTAMP, ValueType.TIMESTAMP_TZ):
        return "cast(null as decimal(18, 4))"
    return _number(as_text(part), _DECIMAL_TEXT, decimal_separator, "decimal(18, 4)")


def _number(text: str, pattern: str, decimal_separator: str, sql_type: str) -> str:
    pattern = quote_literal(pattern.format(separator=f"[{decimal_separator}]"))
    with_point = text if decimal_separator == "." else f"replace({text}, ',', '.')"
    return (
        f"case when regexp_full_match({text}, {pattern}) "
        f"then try_cast({with_point} as {sql_type}) end"
    )


def _invoice_date(part: Part, casting: Casting) -> str:
    if part.type is ValueType.TIMESTAMP:
        value = f"try_cast({part.sql} as timestamp)"
        return f"case when isfinite({value}) then {value} end"
    if part.type is ValueType.TIMESTAMP_TZ:
        local = f"timezone({quote_literal(casting.timezone)}, {part.sql})"
        return f"case when isfinite({part.sql}) then {local} end"
    if part.type in (ValueType.FLOAT, ValueType.DECIMAL):
        # A serial number or seconds since some epoch: which one is anyone's guess.
        return "cast(null as timestamp)"
    return casting.dates.sql(as_text(part))
