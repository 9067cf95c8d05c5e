"""CSV that spreadsheets open without running it: RFC 4180, UTF-8, no formula in a text cell."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from typing import Any

from regulars.web.store import Rows

# A text that begins so is taken for a formula; an apostrophe in front keeps it a text.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n")


def csv_bytes(batches: Iterable[Rows]) -> Iterator[bytes]:
    """The batches as CSV, a piece for each; the first begins with the header."""
    is_first = True
    for batch in batches:
        buffer = io.StringIO(newline="")
        writer = csv.writer(buffer)
        if is_first:
            writer.writerow(batch.names)
            is_first = False
        writer.writerows([_safe(cell) for cell in row] for row in batch.rows)
        yield buffer.getvalue().encode()


def _safe(cell: Any) -> Any:  # noqa: ANN401 - whatever a table holds
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    if isinstance(cell, list):
        return "; ".join(map(str, cell))
    return cell
