"""Rows of the store as CSV, in the bytes that a response streams."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from regulars.csv_output import csv_pieces
from regulars.web.store import Rows


def csv_bytes(batches: Iterable[Rows]) -> Iterator[bytes]:
    """The batches as CSV, header first; nothing where there is no batch to take the columns from."""
    rest = iter(batches)
    if first := next(rest, None):
        for piece in csv_pieces(first.names, (batch.rows for batch in chain([first], rest))):
            yield piece.encode()
