"""Stand-in for dbt's adapter, so that sqlfluff can render the macros without a database."""


def dispatch(name: str, _package: str) -> object:
    """Return a macro that renders as a call of a function of the same name."""
    return lambda *arguments: f"{name}({', '.join(map(str, arguments))})"
