"""The shop's transactions as a stream of record batches in UCI Online Retail II's columns."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from regulars.simulate import dirt
from regulars.simulate.catalogue import (
    FAMILIES,
    PRODUCTS,
    build_catalogue,
    build_shelf,
    editions_of,
)
from regulars.simulate.clock import MINUTES_PER_DAY, ShopClock
from regulars.simulate.customers import (
    COUNTRIES,
    FIRST_CUSTOMER_ID,
    PurchaseProcess,
    draw_population,
    step_ends,
    timestamps,
)
from regulars.simulate.lines import (
    ANONYMOUS,
    BLANK_CODES,
    LOWER_CASE_CODES,
    PREFIXES,
    Lines,
    code_texts,
    description_texts,
    join_lines,
)
from regulars.simulate.orders import draw_orders, draw_sale_lines
from regulars.simulate.settings import ShopSettings, random_stream

TRANSACTION_SCHEMA = pa.schema(
    [
        ("source_file_number", pa.int32()),
        ("Invoice", pa.string()),
        ("StockCode", pa.string()),
        ("Description", pa.string()),
        ("Quantity", pa.int64()),
        ("InvoiceDate", pa.timestamp("us")),
        ("Price", pa.float64()),
        ("Customer ID", pa.float64()),
        ("Country", pa.string()),
    ]
)
MAX_BATCH_ROWS = 100_000
FIRST_INVOICE_NUMBER = 489_434
LARGEST_INVOICE_GAP = 3  # numbers are skipped, as in any shop's books
TWO_TIMES_SHARE = 0.002  # of invoices: some lines are stamped a minute later
LOWER_CASE_SHARE = 0.006  # of lines, where the stock code has letters
BLANK_CODE_SHARE = 0.00005  # of lines

GOODS_STREAM, DIRT_STREAM, BOOKS_STREAM = 2, 3, 4
PURPOSES = 7  # for which a step numbers documents


def simulate_batches(settings: ShopSettings) -> Iterator[pa.RecordBatch]:
    """Stream the shop's transactions, as two source files would hold them.

    The first file runs from the start to nine days past the middle of the period, the second from
    the middle to the end: invoices of the nine days between are in both, identical but for missing
    descriptions ('nan' in the first file, 'Unknown' in the second), as in UCI's files.

    Args:
        settings: Size, period and seed of the shop.

    Yields:
        Batches of at most `MAX_BATCH_ROWS` rows with `TRANSACTION_SCHEMA`, each of one source
        file (`source_file_number` 1 or 2). Rows of one file come in order of time; batches of the
        two files alternate where the files overlap. Memory does not grow with the rows, and by
        about 100 bytes for each customer.
    """
    shop = _Shop(settings)
    bookkeeper = _Bookkeeper(settings)
    for step, until in enumerate(step_ends(settings, shop.clock)):
        # Orders of the next step may fall into the minute in which this one ends.
        end_minute = int(shop.clock.minutes(np.array([until]))[0])
        lines = shop.lines_until(step=step, until=until, end_minute=end_minute)
        yield from bookkeeper.batches(lines, step=step, end_minute=end_minute)


class _Shop:
    """Everything that happens in the shop, step by step; lines that are due later wait."""

    def __init__(self, settings: ShopSettings) -> None:
        self.clock = ShopClock(start=settings.start, end=settings.end)
        self._settings = settings
        self._catalogue = build_catalogue()
        self._population = draw_population(settings, self.clock)
        self._process = PurchaseProcess(settings, self._population)
        self._since = 0.0
        self._waiting = dirt.singular_events(
            population=self._population,
            catalogue=self._catalogue,
            clock=self.clock,
            first_document=_first_document(step=-1, purpose=0),
        )

    def lines_until(self, *, step: int, until: float, end_minute: int) -> Lines:
        """Return all lines before a minute that were not returned before, in no order."""
        customer, shop_time = self._process.orders_until(step=step, until=until)
        happened = self._happenings(step, customer, shop_time, (self._since, until))
        lines = join_lines([self._waiting, *happened])
        is_due = lines.minute < end_minute
        self._waiting = lines.take(~is_due & (lines.minute < self.clock.end_minute))
        self._since = until
        return lines.take(is_due)

    def _happenings(
        self,
        step: int,
        customer: NDArray[np.int64],
        shop_time: NDArray[np.float64],
        shop_times: tuple[float, float],
    ) -> list[Lines]:
        """Return the lines that a step brings about, then or later."""
        goods = random_stream(self._settings, stream=GOODS_STREAM, step=step)
        rng = random_stream(self._settings, stream=DIRT_STREAM, step=step)
        clock, catalogue = self.clock, self._catalogue
        first = [_first_document(step=step, purpose=purpose) for purpose in range(PURPOSES)]
        shelf = build_shelf(catalogue, clock=clock, shop_time=sum(shop_times) / 2)
        orders = draw_orders(
            goods,
            customer=customer,
            shop_time=shop_time,
            shop_times=shop_times,
            population=self._population,
            clock=clock,
            first_document=first[0],
        )
        sales = draw_sale_lines(
            goods,
            orders=orders,
            population=self._population,
            catalogue=catalogue,
            shelf=shelf,
            lines_at_mean_value=self._settings.order_lines,
        )
        added, mistaken_lines = dirt.added_lines(rng, lines=sales, catalogue=catalogue, shelf=shelf)
        mistaken_orders = dirt.mistaken_orders(
            rng, orders=orders, lines=sales, clock=clock, first_document=first[1]
        )
        return [
            sales,
            added,
            *dirt.reversals(rng, lines=mistaken_lines, clock=clock, first_document=first[2]),
            *dirt.reversals(rng, lines=mistaken_orders, clock=clock, first_document=first[3]),
            dirt.returns(
                rng,
                orders=orders,
                lines=sales,
                catalogue=catalogue,
                shelf=shelf,
                clock=clock,
                first_document=first[4],
            ),
            dirt.order_charges(rng, orders=orders),
            dirt.charge_invoices(
                rng,
                orders=orders,
                shop_times=shop_times,
                clock=clock,
                test_account=self._settings.customers,
                first_document=first[5],
            ),
            dirt.stock_corrections(
                rng,
                orders=orders,
                shop_times=shop_times,
                clock=clock,
                shelf=shelf,
                first_document=first[6],
            ),
        ]


class _Bookkeeper:
    """Numbers the invoices, adds clerical errors and writes lines as text, file by file."""

    def __init__(self, settings: ShopSettings) -> None:
        catalogue = build_catalogue()
        self._settings = settings
        self._next_number = FIRST_INVOICE_NUMBER
        self._family = catalogue.family
        editions = range(settings.editions)
        by_edition = [code_texts(catalogue, edition=edition) for edition in editions]
        self._spellings = len(by_edition[0])
        self._codes = pa.array([code for codes in by_edition for code in codes])
        self._has_letters = np.array([code.lower() != code for code in catalogue.code])
        self._countries = pa.array(list(COUNTRIES))
        self._descriptions = [
            pa.array(
                [
                    text
                    for edition in editions
                    for text in description_texts(catalogue, file_number=number, edition=edition)
                ]
            )
            for number in (1, 2)
        ]
        self._texts = len(self._descriptions[0]) // settings.editions
        middle, first_file_end = (
            int(np.datetime64(day, "D").astype(np.int64)) * MINUTES_PER_DAY
            for day in (settings.second_file_start, settings.first_file_end)
        )
        self._file_minutes = ((0, first_file_end), (middle, np.iinfo(np.int64).max))

    def batches(self, lines: Lines, *, step: int, end_minute: int) -> Iterator[pa.RecordBatch]:
        """Yield one step's lines, all before `end_minute`, as batches of both files."""
        rng = random_stream(self._settings, stream=BOOKS_STREAM, step=step)
        lines, invoices = self._numbered(rng, lines, end_minute)
        edition = self._editions(lines)
        spelling = self._spellings * edition + self._spelt(rng, lines.item)
        codes = self._codes.take(pa.array(spelling))
        text = self._texts * edition + lines.text
        dates = timestamps(lines.minute)
        ids = pa.array(
            (FIRST_CUSTOMER_ID + lines.customer).astype(float), mask=lines.customer == ANONYMOUS
        )
        countries = self._countries.take(pa.array(lines.country))
        for number, (since, until) in enumerate(self._file_minutes, start=1):
            first, end = np.searchsorted(lines.minute, (since, until))
            for start in range(first, end, MAX_BATCH_ROWS):
                rows = slice(start, min(start + MAX_BATCH_ROWS, end))
                texts = self._descriptions[number - 1].take(pa.array(text[rows]))
                columns = [
                    pa.array(np.full(len(texts), number, dtype=np.int32)),
                    invoices[rows],
                    codes[rows],
                    texts,
                    pa.array(lines.quantity[rows]),
                    dates[rows],
                    pa.array(lines.price[rows]),
                    ids[rows],
                    countries[rows],
                ]
                yield pa.record_batch(columns, schema=TRANSACTION_SCHEMA)

    def _numbered(
        self, rng: np.random.Generator, lines: Lines, end_minute: int
    ) -> tuple[Lines, pa.Array]:
        """Return the lines in order of time, each invoice's at random, and their invoices."""
        documents, first, document = np.unique(
            lines.document, return_index=True, return_inverse=True
        )
        document_minute = lines.minute[first]
        in_time = np.argsort(document_minute, kind="stable")
        place = np.empty(len(documents), dtype=np.int64)
        place[in_time] = np.arange(len(documents))
        numbers = self._next_number + np.cumsum(
            rng.integers(1, LARGEST_INVOICE_GAP + 1, len(documents))
        )
        if len(documents):
            self._next_number = int(numbers[-1])
        prefixes = pa.array(PREFIXES).take(pa.array(lines.kind[first][in_time]))
        invoices = pc.binary_join_element_wise(prefixes, pa.array(numbers).cast(pa.string()), "")

        has_two_times = (rng.random(len(documents)) < TWO_TIMES_SHARE) & (
            document_minute + 1 < end_minute
        )
        is_later = has_two_times[document] & (rng.random(len(lines)) < 0.5)
        is_later[first] = False  # so that the invoice keeps its own time too
        minute = lines.minute + is_later
        line_place = place[document]
        # One key of 20 + 24 + 20 bits sorts faster than three.
        since_first = minute - minute.min(initial=end_minute)
        shuffle = rng.integers(0, 2**20, len(lines))
        in_order = np.argsort((since_first << 44) | (line_place << 20) | shuffle)
        lines = lines.with_columns(minute=minute).take(in_order)
        return lines, invoices.take(pa.array(line_place[in_order]))

    def _editions(self, lines: Lines) -> NDArray[np.int64]:
        """Return the edition of each line's product, the same for a sale and what reverses it."""
        is_product = lines.item < PRODUCTS
        family = self._family[np.where(is_product, lines.item, 0)]
        is_anonymous = lines.customer == ANONYMOUS
        # over the counter there is no buyer to keep to an edition: the product and the pieces do
        edition = editions_of(
            np.where(is_anonymous, np.abs(lines.quantity), lines.customer),
            np.where(is_anonymous, FAMILIES + lines.item, family),
            editions=self._settings.editions,
        )
        return np.where(is_product, edition, 0)

    def _spelt(self, rng: np.random.Generator, item: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the spelling of each line's stock code, now and then a careless one."""
        draw = rng.random(len(item))
        is_product = item < PRODUCTS
        product = np.where(is_product, item, 0)
        is_lower_case = is_product & self._has_letters[product] & (draw < LOWER_CASE_SHARE)
        has_blank = is_product & (draw >= 1 - BLANK_CODE_SHARE)
        return item + LOWER_CASE_CODES * is_lower_case + BLANK_CODES * has_blank


def _first_document(*, step: int, purpose: int) -> int:
    """Return the first document number for one purpose in a step, far from all others."""
    return ((step + 1) * PURPOSES + purpose) << 24
