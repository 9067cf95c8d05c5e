"""Stand-in for dbt's adapter, so that sqlfluff can render the macros without a database."""

# Macros that render as a query, with what it reads.
QUERIES = {"matched_in_turn": "select * from sales_before_returns cross join returns_in_turn"}


def dispatch(name: str, _package: str) -> object:
    """Return a macro that renders as a call of a function of the same name, as its query or as its text."""
    if name in QUERIES:
        return lambda: QUERIES[name]
    if name == "text_literal":
        return lambda text: "'" + text.replace("'", "''") + "'"
    return lambda *arguments: f"{name}({', '.join(map(str, arguments))})"
