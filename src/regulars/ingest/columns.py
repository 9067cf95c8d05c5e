"""Which column of the user's file is which of ours: names, spellings, mapping."""

import re
from collections.abc import Mapping, Sequence

from regulars.errors import InvalidSettingError, MissingColumnsError, UnusableInputError

CANONICAL_COLUMNS = (
    "invoice",
    "stock_code",
    "description",
    "quantity",
    "invoice_date",
    "price",
    "customer_id",
    "country",
)
"""The eight columns of a transaction, named and ordered as Regulars stores them."""

OPTIONAL_COLUMNS = frozenset({"country"})
"""Columns that a source may lack: they become NULL."""

_SPELLINGS = {
    "invoice": "invoice",
    "invoiceno": "invoice",
    "stockcode": "stock_code",
    "description": "description",
    "quantity": "quantity",
    "invoicedate": "invoice_date",
    "price": "price",
    "unitprice": "price",
    "customerid": "customer_id",
    "country": "country",
}
"""Both spellings of UCI and our own names, as `normalised` writes them."""

NAMES_SHOWN = 50
"""Most names that a message lists."""
CHARACTERS_SHOWN = 80
"""Most characters of each."""

_BLANKS = re.compile(r"[\s_\ufeff]+")


def normalised(name: str) -> str:
    """The name without case, blanks, underscores and byte order mark: `Customer ID` → `customerid`.

    Args:
        name: A column name as the source has it.

    Returns:
        The form in which spellings are compared.
    """
    return _BLANKS.sub("", name).casefold()


def check_mapping(column_mapping: Mapping[str, str]) -> None:
    """Refuse a `column_mapping` that no file could satisfy.

    Args:
        column_mapping: Our column name → the user's column name.

    Raises:
        InvalidSettingError: A key is no column of ours, a value is blank or not text, or two keys
            take the same column.
    """
    unknown = sorted(set(column_mapping) - set(CANONICAL_COLUMNS))
    if unknown:
        raise InvalidSettingError(
            f"column_mapping has unknown keys: {listed(unknown)}. "
            f"Its keys are Regulars' names ({', '.join(CANONICAL_COLUMNS)}), "
            "its values the names in your file."
        )
    for ours, theirs in column_mapping.items():
        if not isinstance(theirs, str) or not normalised(theirs):
            raise InvalidSettingError(f"column_mapping gives no column name for {ours}: {theirs!r}")
    taken = list(column_mapping.values())
    twice = sorted({theirs for theirs in taken if taken.count(theirs) > 1})
    if twice:
        raise InvalidSettingError(f"column_mapping uses a column twice: {listed(twice)}")


def listed(names: Sequence[str]) -> str:
    """Names in quotes, separated by commas, or `none`: for error messages, which stay readable."""
    shown = ", ".join(f"'{cut(name)}'" for name in names[:NAMES_SHOWN]) or "none"
    more = len(names) - NAMES_SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown


def cut(name: str) -> str:
    """The name, cut to what a message has room for."""
    return name if len(name) <= CHARACTERS_SHOWN else name[: CHARACTERS_SHOWN - 1] + "…"


def resolve_columns(
    found: Sequence[str], column_mapping: Mapping[str, str], *, source: str
) -> dict[str, int]:
    """Find our columns among those of one source.

    A mapped column is taken by its exact name, else by its normalised name; a column that the
    mapping uses for one name is not considered for another.

    Args:
        found: Column names of the source, in its order, duplicates included.
        column_mapping: Our column name → the user's column name.
        source: How error messages call the source.

    Returns:
        Our column name → position in `found`; optional columns that are not there are left out.

    Raises:
        MissingColumnsError: A required or mapped column is missing.
        UnusableInputError: Two columns match one name.
    """
    mapped = {ours: _positions_of(theirs, found, source) for ours, theirs in column_mapping.items()}
    taken = {position for positions in mapped.values() for position in positions}
    matches: dict[str, list[int]] = {name: [] for name in CANONICAL_COLUMNS} | mapped
    for position, name in enumerate(found):
        ours = _SPELLINGS.get(normalised(name))
        if ours is not None and ours not in mapped and position not in taken:
            matches[ours].append(position)

    for ours, positions in matches.items():
        if len(positions) > 1:
            raise UnusableInputError(
                f"{source}: {len(positions)} columns could be {ours}: "
                f"{listed([found[position] for position in positions])}. "
                "Rename all but one, or choose one by its exact name with the var `column_mapping`."
            )
    missing = [
        name for name in CANONICAL_COLUMNS if not matches[name] and name not in OPTIONAL_COLUMNS
    ]
    if missing:
        raise MissingColumnsError(
            f"{source}: required columns are missing: {', '.join(missing)}. "
            f"Columns found: {listed(found)}. If they have other names there, give them with the "
            f'var `column_mapping`, for instance {{{missing[0]}: "name in your file"}}.',
            found=found,
            missing=missing,
        )
    return {name: positions[0] for name, positions in matches.items() if positions}


def suggest_mapping(found: Sequence[str]) -> dict[str, str]:
    """Our column name → the source's, where exactly one column has a name that we know."""
    known: dict[str, list[str]] = {}
    for name in found:
        ours = _SPELLINGS.get(normalised(name))
        if ours is not None:
            known.setdefault(ours, []).append(name)
    return {ours: names[0] for ours, names in known.items() if len(names) == 1}


def count_recognised(found: Sequence[str], column_mapping: Mapping[str, str]) -> int:
    """How many of `found` are columns of ours: tells a header from other text."""
    known = {normalised(theirs) for theirs in column_mapping.values()} | set(_SPELLINGS)
    return len({normalised(name) for name in found} & known)


def _positions_of(theirs: str, found: Sequence[str], source: str) -> list[int]:
    exact = [position for position, name in enumerate(found) if name == theirs]
    alike = [
        position for position, name in enumerate(found) if normalised(name) == normalised(theirs)
    ]
    if not alike:
        raise MissingColumnsError(
            f"{source}: the column '{theirs}' of column_mapping does not exist. "
            f"Columns found: {listed(found)}.",
            found=found,
            missing=[theirs],
        )
    return exact or alike
