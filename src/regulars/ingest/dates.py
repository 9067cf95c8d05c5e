"""How dates that are text are read: recognise their forms, decide their order, never guess."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import duckdb

from regulars.errors import UnusableInputError
from regulars.ingest.quoting import quote_literal
from regulars.ingest.settings import ReadSettings
from regulars.ingest.source import Part, Source, ValueType

_TIME = r"[0-9]{1,2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,9})?)?"
_ISO = rf"[0-9]{{4}}[-/][0-9]{{1,2}}[-/][0-9]{{1,2}}([T ]{_TIME})?"
_ISO_WITH_OFFSET = (
    rf"[0-9]{{4}}-[0-9]{{1,2}}-[0-9]{{1,2}}[T ]{_TIME} ?(Z|[+-][0-9]{{2}}(:?[0-9]{{2}})?)"
)
_NUMERIC = (
    r"^([0-9]{1,2})([/.-])([0-9]{1,2})([/.-])([0-9]{4}|[0-9]{2})"
    r"(?:(T| {1,3}|, ?)[0-9]{1,2}:[0-9]{2}(?:(:[0-9]{2})([.][0-9]{1,6})?)?(?:( ?)([AaPp][Mm]))?)?$"
)
_NUMERIC_GROUPS = (
    *("first", "separator", "second", "separator_2", "year"),
    *("gap", "seconds", "fraction", "meridiem_gap", "meridiem"),
)

_EARLIEST_YEAR = 1000
"""A pattern with %Y takes '10' for the year 10: what lies before this year is unreadable."""


@dataclass(frozen=True)
class NumericForm:
    """The form of a date such as `01/12/2010 08:26`, apart from its order.

    Attributes:
        separator: Between the numbers: `/`, `.` or `-`.
        year_digits: 2 or 4.
        gap: Between date and time; empty without a time.
        has_seconds: Whether the time has seconds.
        has_fraction: Whether the seconds have a fraction.
        meridiem_gap: Between the time and AM or PM; None for a 24-hour clock.
    """

    separator: str
    year_digits: int
    gap: str
    has_seconds: bool
    has_fraction: bool
    meridiem_gap: str | None

    def pattern(self, *, is_day_first: bool) -> str:
        """The strptime pattern of the form in one order."""
        day_and_month = ("%d", "%m") if is_day_first else ("%m", "%d")
        year = "%Y" if self.year_digits == 4 else "%y"
        date = self.separator.join((*day_and_month, year))
        if not self.gap:
            return date
        hour = "%H" if self.meridiem_gap is None else "%I"
        seconds = (":%S" if self.has_seconds else "") + (".%f" if self.has_fraction else "")
        meridiem = "" if self.meridiem_gap is None else self.meridiem_gap + "%p"
        return f"{date}{self.gap}{hour}:%M{seconds}{meridiem}"


@dataclass
class TextDates:
    """What the text dates of one or more sources look like.

    Attributes:
        row_count: Rows looked at, with or without a date.
        has_iso: Whether some are ISO (year first).
        has_offset: Whether some are ISO with an offset from UTC.
        has_padding: Whether some have outer blanks.
        has_others: Whether some have none of the known forms.
        forms: Forms of the dates that do not begin with the year.
        day_first_example: One that can only be day first.
        month_first_example: One that can only be month first.
        ambiguous_example: One that can be both, with different results, and its source's label.
    """

    row_count: int = 0
    has_iso: bool = False
    has_offset: bool = False
    has_padding: bool = False
    has_others: bool = False
    forms: set[NumericForm] = field(default_factory=set)
    day_first_example: tuple[str, str] | None = None
    month_first_example: tuple[str, str] | None = None
    ambiguous_example: tuple[str, str] | None = None


@dataclass(frozen=True)
class DateReading:
    """How the text dates of the whole input are read.

    Attributes:
        reads_iso: Whether ISO dates are looked for.
        reads_offset: Whether ISO dates with an offset are looked for.
        is_padded: Whether outer blanks must be taken off.
        is_only_iso: Whether every date is ISO, so that nothing need be told apart.
        patterns: strptime patterns, tried in this order.
        timezone: Whose local time offsets are turned into.
        patterns_have_offset: Whether the patterns yield times with an offset.
    """

    reads_iso: bool
    reads_offset: bool
    is_padded: bool
    is_only_iso: bool
    patterns: tuple[str, ...]
    timezone: str
    patterns_have_offset: bool = False

    def sql(self, text: str) -> str:
        """The expression that reads a text date.

        Args:
            text: An expression of type VARCHAR.

        Returns:
            An expression of type TIMESTAMP, NULL where the text fits no format.
        """
        if self.is_only_iso and not self.is_padded:
            return f"try_cast({text} as timestamp)"
        if self.is_padded:
            text = f"trim({text}, e' \\t')"
        choices = []
        if self.reads_iso:
            choices.append(
                f"case when regexp_full_match({text}, {quote_literal(_ISO)}) "
                f"then try_cast({text} as timestamp) end"
            )
        if self.reads_offset:
            choices.append(
                f"case when regexp_full_match({text}, {quote_literal(_ISO_WITH_OFFSET)}) "
                f"then timezone({quote_literal(self.timezone)}, "
                f"try_cast({_offset_as_duckdb_reads_it(text)} as timestamptz)) end"
            )
        if self.patterns:
            patterns = ", ".join(quote_literal(pattern) for pattern in self.patterns)
            parsed = f"try_strptime({text}, [{patterns}])"
            if self.patterns_have_offset:
                parsed = f"timezone({quote_literal(self.timezone)}, {parsed})"
            choices.append(f"case when year({parsed}) >= {_EARLIEST_YEAR} then {parsed} end")
        if not choices:
            return "cast(null as timestamp)"
        return choices[0] if len(choices) == 1 else f"coalesce({', '.join(choices)})"


def as_text(part: Part) -> str:
    """The part's values as text."""
    return part.sql if part.type is ValueType.TEXT else f"cast({part.sql} as varchar)"


def look_at_dates(connection: duckdb.DuckDBPyConnection, source: Source) -> TextDates:
    """Read the text dates of a source once and say what they look like.

    Args:
        connection: Reads the source.
        source: A source with a text date.

    Returns:
        The forms, examples of what decides the order, and the number of rows.

    Raises:
        duckdb.Error: The source can't be read.
    """
    part = source.text_date
    if part is None:
        raise ValueError(f"{source.label} has no text date")
    rows = connection.sql(_survey(source.scan, as_text(part))).fetchall()
    dates = TextDates()
    for kind, is_padded, form, row_count, day_first, month_first, ambiguous in rows:
        dates.row_count += row_count
        dates.has_padding |= is_padded
        dates.has_iso |= kind == "iso"
        dates.has_offset |= kind == "offset"
        dates.has_others |= kind == "other"
        if kind == "numeric":
            dates.forms.add(_form(form))
            dates.day_first_example = _first(dates.day_first_example, day_first, source)
            dates.month_first_example = _first(dates.month_first_example, month_first, source)
            dates.ambiguous_example = _first(dates.ambiguous_example, ambiguous, source)
    return dates


def decide_reading(
    connection: duckdb.DuckDBPyConnection, dates: Iterable[TextDates], settings: ReadSettings
) -> DateReading:
    """Decide how all text dates of the input are read, from all of them together.

    Args:
        connection: Reads the examples of error messages.
        dates: What `look_at_dates` saw, by source.
        settings: `date_format` says what to expect.

    Returns:
        The one reading of the whole input.

    Raises:
        UnusableInputError: `date_format` is `auto` and the order of day and month can't be told,
            or differs within the input.
    """
    if settings.has_date_pattern:
        pattern = quote_literal(settings.date_format)
        parsed_type = connection.sql(f"select typeof(try_strptime('', {pattern}))").fetchall()[0][0]
        return DateReading(
            reads_iso=False,
            reads_offset=False,
            is_padded=False,
            is_only_iso=False,
            patterns=(settings.date_format,),
            timezone=settings.source_timezone,
            patterns_have_offset="TIME ZONE" in parsed_type,
        )
    seen = list(dates)
    forms = set[NumericForm]().union(*(each.forms for each in seen))
    if settings.date_format == "iso":
        forms_read: set[NumericForm] = set()
        is_day_first = True
    else:
        forms_read = forms
        is_day_first = (
            settings.date_format == "day_first"
            if settings.date_format != "auto"
            else _is_day_first(connection, seen)
        )
    reads_offset = any(each.has_offset for each in seen)
    return DateReading(
        reads_iso=any(each.has_iso for each in seen),
        reads_offset=reads_offset,
        is_padded=any(each.has_padding for each in seen),
        is_only_iso=not forms and not reads_offset and not any(each.has_others for each in seen),
        # Two-digit years first: %Y would take '10' for the year 10, %y leaves '2010' alone.
        patterns=tuple(
            form.pattern(is_day_first=is_day_first)
            for form in sorted(forms_read, key=lambda form: (form.year_digits, repr(form)))
        ),
        timezone=settings.source_timezone,
    )


def _is_day_first(connection: duckdb.DuckDBPyConnection, seen: Sequence[TextDates]) -> bool:
    day_first = next((each.day_first_example for each in seen if each.day_first_example), None)
    month_first = next(
        (each.month_first_example for each in seen if each.month_first_example), None
    )
    if day_first and month_first:
        raise UnusableInputError(
            f"Dates are written in two orders: '{day_first[0]}' ({day_first[1]}) can only be day "
            f"first, '{month_first[0]}' ({month_first[1]}) only month first. Correct the file, or "
            "set the var `date_format` to day_first or month_first; dates that do not fit are "
            "then set aside."
        )
    if day_first or month_first:
        return day_first is not None
    ambiguous = next((each.ambiguous_example for each in seen if each.ambiguous_example), None)
    if ambiguous:
        text, label = ambiguous
        raise UnusableInputError(
            f"The order of day and month can't be told: '{text}' ({label}) is "
            f"{_read_as(connection, text, is_day_first=True)} if the day comes first, "
            f"{_read_as(connection, text, is_day_first=False)} if the month does, and no date of "
            "the input has a number above 12 that would decide. Set the var `date_format` to "
            "day_first or month_first."
        )
    return True


def _read_as(connection: duckdb.DuckDBPyConnection, text: str, *, is_day_first: bool) -> str:
    day, month, year = re.split(r"[/.-]", text.strip())[:3]
    year = re.match("[0-9]*", year)[0]  # type: ignore[index]
    pattern = NumericForm("/", len(year), "", False, False, None).pattern(is_day_first=is_day_first)
    date = quote_literal("/".join((day, month, year)))
    query = f"select strftime(strptime({date}, {quote_literal(pattern)}), '%-d %B %Y')"
    return connection.sql(query).fetchall()[0][0]


def _first(
    example: tuple[str, str] | None, text: str | None, source: Source
) -> tuple[str, str] | None:
    return example or (None if text is None else (text, source.label))


def _form(found: dict[str, str]) -> NumericForm:
    return NumericForm(
        separator=found["separator"],
        year_digits=len(found["year"]),
        gap=found["gap"],
        has_seconds=bool(found["seconds"]),
        has_fraction=bool(found["fraction"]),
        meridiem_gap=found["meridiem_gap"] if found["meridiem"] else None,
    )


def _offset_as_duckdb_reads_it(text: str) -> str:
    # DuckDB wants seconds, and no blank before the offset.
    with_seconds = f"regexp_replace({text}, '([T ][0-9]+:[0-9]+) ?(Z|[+-])', '\\1:00\\2')"
    return f"regexp_replace({with_seconds}, ' (Z|[+-])', '\\1')"


def _survey(scan: str, text: str) -> str:
    groups = ", ".join(quote_literal(group) for group in _NUMERIC_GROUPS)
    return f"""
with texts as (
    select {text} as text, count(*) as row_count from {scan} group by 1
),
trimmed as (
    select text, trim(text, e' \\t\\r\\n') as date, row_count from texts
),
matched as (
    select *, regexp_extract(date, {quote_literal(_NUMERIC)}, [{groups}]) as form from trimmed
),
sorted as (
    select
        *,
        case
            when date is null or date = '' then 'missing'
            when regexp_full_match(date, {quote_literal(_ISO)}) then 'iso'
            when regexp_full_match(date, {quote_literal(_ISO_WITH_OFFSET)}) then 'offset'
            when form.separator <> '' and form.separator = form.separator_2 then 'numeric'
            else 'other'
        end as kind
    from matched
),
numbered as (
    select
        *,
        try_cast(form.first as integer) as first_number,
        try_cast(form.second as integer) as second_number
    from sorted
)
select
    kind,
    date <> text and kind <> 'missing' as is_padded,
    case when kind = 'numeric' then {{
        'separator': form.separator,
        'year': case when length(form.year) = 4 then 'YYYY' else 'YY' end,
        'gap': form.gap,
        'seconds': case when form.seconds <> '' then 's' else '' end,
        'fraction': case when form.fraction <> '' then 'f' else '' end,
        'meridiem_gap': form.meridiem_gap,
        'meridiem': case when form.meridiem <> '' then 'm' else '' end
    }} end as form,
    sum(row_count)::bigint as row_count,
    min(date) filter (first_number between 13 and 31 and second_number between 1 and 12),
    min(date) filter (first_number between 1 and 12 and second_number between 13 and 31),
    min(date) filter (
        first_number between 1 and 12
        and second_number between 1 and 12
        and first_number <> second_number
    )
from numbered
group by 1, 2, 3
"""
