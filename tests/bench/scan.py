"""Child of the benchmark: read the columns that the features need, and do next to nothing with them.

Run as a program: ``python scan.py FILE...``.
"""

import sys
from collections.abc import Sequence

import duckdb

AGGREGATES = (
    "min(Invoice)",
    "min(StockCode)",
    "min(Description)",
    "sum(Quantity)",
    "min(InvoiceDate)",
    "sum(Price)",
    'sum("Customer ID")',
    "min(Country)",
)


def scan(files: Sequence[str]) -> tuple[object, ...]:
    """Aggregate every column over all files, so that none can be skipped."""
    query = f"select {', '.join(AGGREGATES)} from read_parquet(?)"
    return duckdb.execute(query, [list(files)]).fetchall()[0]


if __name__ == "__main__":
    scan(sys.argv[1:])
