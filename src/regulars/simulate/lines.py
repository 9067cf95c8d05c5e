"""Invoice lines as columns of numbers, and the texts that the numbers stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from regulars.simulate.catalogue import (
    PRODUCTS,
    Catalogue,
    Shelf,
    edition_codes,
    edition_names,
)

SALE, CANCELLATION, ADJUSTMENT = 0, 1, 2
PREFIXES = ("", "C", "A")  # of the invoice number, by kind
ANONYMOUS = -1  # in place of a customer index

# Codes that are no goods: StockCode and Description.
SERVICES = {
    "POST": "POSTAGE",
    "DOT": "DOTCOM POSTAGE",
    "C2": "CARRIAGE",
    "M": "Manual",
    "D": "Discount",
    "S": "SAMPLES",
    "BANK CHARGES": " Bank Charges",
    "AMAZONFEE": "AMAZON FEE",
    "ADJUST": "Adjustment of an account",
    "TEST001": "This is a test article.",
    "PADS": "PADS FOR CUSHION COVERS",
    "gift_0001_20": "Gift Voucher £20.00",
    "B": "Adjust bad debt",
}
SERVICE_ITEM = {code: PRODUCTS + place for place, code in enumerate(SERVICES)}

# What the stockroom writes in place of a product's name.
LOSS_NOTES = ("damaged", "check", "missing", "thrown away", "?")
FIND_NOTES = ("found", "returned to stock")
MISSING_TEXT_BY_FILE = ("nan", "Unknown")

_SECOND_NAMES = PRODUCTS + len(SERVICES)
_LOSS_NOTES = _SECOND_NAMES + PRODUCTS
_FIND_NOTES = _LOSS_NOTES + len(LOSS_NOTES)
MISSING_TEXT = _FIND_NOTES + len(FIND_NOTES)
LOWER_CASE_CODES = PRODUCTS + len(SERVICES)
BLANK_CODES = LOWER_CASE_CODES + PRODUCTS


def code_texts(catalogue: Catalogue, *, edition: int) -> list[str]:
    """Return every spelling of a stock code: items, `LOWER_CASE_CODES`, `BLANK_CODES`."""
    codes = edition_codes(catalogue, edition=edition)
    lower_case = [code.lower() for code in codes]
    return [*codes, *SERVICES, *lower_case, *(f"{code} " for code in codes)]


def description_texts(catalogue: Catalogue, *, file_number: int, edition: int) -> list[str]:
    """Return every description, in the order that `Lines.text` counts; file 1 or 2."""
    return [
        *edition_names(catalogue.name, edition=edition),
        *SERVICES.values(),
        *edition_names(catalogue.second_name, edition=edition),
        *LOSS_NOTES,
        *FIND_NOTES,
        MISSING_TEXT_BY_FILE[file_number - 1],
    ]


def text_of(item: NDArray[np.int64], shelf: Shelf) -> NDArray[np.int64]:
    """Return the description by which each product goes at present."""
    return item + _SECOND_NAMES * shelf.is_renamed[item]


def stockroom_text(is_loss: NDArray[np.bool_], uniform: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the note on each stock correction: mostly none, which is written as missing text.

    Args:
        is_loss: Whether goods were lost (else found), per line.
        uniform: A random number 0 to 1 per line.
    """
    first = np.where(is_loss, _LOSS_NOTES, _FIND_NOTES)
    notes = np.where(is_loss, len(LOSS_NOTES), len(FIND_NOTES))
    noted_share = 0.2
    note = first + np.minimum(uniform / noted_share * notes, notes - 1).astype(np.int64)
    return np.where(uniform < noted_share, note, MISSING_TEXT)


@dataclass(frozen=True)
class Lines:
    """Invoice lines, one array per column, all of one length."""

    document: NDArray[np.int64]  # shared by the lines of one invoice
    minute: NDArray[np.int64]  # since 1970-01-01
    kind: NDArray[np.int64]  # SALE, CANCELLATION or ADJUSTMENT
    customer: NDArray[np.int64]  # index, or ANONYMOUS
    country: NDArray[np.int64]  # index into COUNTRIES
    item: NDArray[np.int64]  # product number, or a value of SERVICE_ITEM
    text: NDArray[np.int64]  # index into `description_texts`
    quantity: NDArray[np.int64]
    price: NDArray[np.float64]  # pounds

    def __len__(self) -> int:
        return len(self.document)

    def take(self, rows: NDArray) -> Lines:
        """Return some of the lines, by a mask or by row numbers."""
        return Lines(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})

    def with_columns(self, **columns: NDArray | float) -> Lines:
        """Return the lines with columns replaced; a single value fills its column."""
        kept = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, values in columns.items():
            kept[name] = np.broadcast_to(np.asarray(values, dtype=kept[name].dtype), len(self))
        return Lines(**kept)


def join_lines(parts: Sequence[Lines]) -> Lines:
    """Return all lines of the parts, one after the other."""
    return Lines(
        **{
            field.name: np.concatenate([getattr(part, field.name) for part in parts])
            for field in fields(Lines)
        }
    )
