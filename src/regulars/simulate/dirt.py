"""What happens to a shop's books besides sales: mistakes, returns, charges, corrections.

Rates are about those of UCI Online Retail II, most of them per order of a known customer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regulars.simulate.catalogue import FAMILIES, PRODUCTS, SHELF_BITS, Catalogue, Shelf
from regulars.simulate.clock import ShopClock
from regulars.simulate.customers import COUNTRIES, Population
from regulars.simulate.lines import (
    ADJUSTMENT,
    ANONYMOUS,
    CANCELLATION,
    SALE,
    SERVICE_ITEM,
    Lines,
    join_lines,
    stockroom_text,
    text_of,
)
from regulars.simulate.orders import Orders

REPEATED_LINE_SHARE = 0.005
MISTAKEN_LINE_SHARE = 0.001
FREE_LINE_SHARE = 0.0003
MISTAKEN_ORDER_SHARE = 0.004
LONGEST_REVERSAL_MINUTES = 20 * 60

RETURN_ORDER_SHARE = 0.09
RETURN_LINE_SHARE, ANONYMOUS_RETURN_LINE_SHARE = 0.15, 0.03  # of the lines of such an order
WHOLE_RETURN_SHARE = 0.5  # of returned lines: all pieces go back
RETURN_DELAY_SHOP_DAYS = (3.0, 10.0)  # at least, and the mean beyond that
UNMATCHED_RETURN_SHARE = 0.01  # of orders: goods come back that were never bought

STOCK_LOSSES_PER_ORDER, STOCK_FINDS_PER_ORDER = 0.05, 0.04
HOME_COUNTRY, IRELAND = 0, list(COUNTRIES).index("EIRE")

# Bad debts: share of the period passed, minutes after that, pounds.
BAD_DEBTS = (
    (0.20, 0, -48_210.75), (0.31, 0, -36_904.20), (0.44, 0, -29_115.60),
    (0.84, 0, 9_874.30), (0.84, 1, -9_874.30), (0.84, 2, -9_874.30),
)  # fmt: skip
# Giant orders: share of the period passed, pieces, minutes until the reversal.
GIANT_ORDERS = ((0.55, 68_400, 16), (0.985, 81_600, 12))
GIANT_ORDER_PRODUCT = PRODUCTS // 4  # a cheap one


@dataclass(frozen=True)
class Charge:
    """A line that is no product, added to some orders or on an invoice of its own."""

    code: str
    share: float  # of the orders it may be added to, or invoices per order of a known customer
    pounds: float  # median price
    spread: float = 0.6  # standard deviation of the price's logarithm
    quantity: int = 1
    kind: int = SALE
    anonymous: bool = False


ORDER_CHARGES = (
    Charge("POST", share=0.6, pounds=18.0),  # abroad, except
    Charge("C2", share=0.5, pounds=50.0),  # to Ireland
    Charge("M", share=0.008, pounds=11.0),
    Charge("PADS", share=0.0012, pounds=0.001, spread=0.0),
    Charge("DOT", share=0.45, pounds=75.0, anonymous=True),
    Charge("gift_0001_20", share=0.03, pounds=17.0, spread=0.02, anonymous=True),
)
CHARGE_INVOICES = (
    Charge("M", share=0.010, pounds=14.0, quantity=-1, kind=CANCELLATION),
    Charge("D", share=0.005, pounds=19.0, quantity=-1, kind=CANCELLATION),
    Charge("S", share=0.0025, pounds=30.0, quantity=-1, kind=CANCELLATION, anonymous=True),
    Charge("BANK CHARGES", share=0.001, pounds=20.0),
    Charge("BANK CHARGES", share=0.0015, pounds=45.0, quantity=-1, kind=CANCELLATION,
           anonymous=True),
    Charge("AMAZONFEE", share=0.001, pounds=2_600.0, quantity=-1, kind=CANCELLATION,
           anonymous=True),
    Charge("ADJUST", share=0.0008, pounds=50.0),
    Charge("ADJUST", share=0.0008, pounds=50.0, quantity=-1, kind=CANCELLATION),
    Charge("TEST001", share=0.0006, pounds=4.5, spread=0.0, quantity=5),
)  # fmt: skip
# Its customer is the shop's own test account, which the simulated truth does not list.
TEST_CODE = "TEST001"


def added_lines(
    rng: np.random.Generator, *, lines: Lines, catalogue: Catalogue, shelf: Shelf
) -> tuple[Lines, Lines]:
    """Return lines to add to the orders of `lines`.

    Returns:
        Exact repetitions and free articles; and lines entered by mistake, to be reversed.
    """
    draw = rng.random(len(lines))
    is_known = lines.customer != ANONYMOUS
    repeated = lines.take(draw < REPEATED_LINE_SHARE)
    draw -= REPEATED_LINE_SHARE
    mistaken = lines.take((draw >= 0) & (draw < MISTAKEN_LINE_SHARE) & is_known)
    draw -= MISTAKEN_LINE_SHARE
    free = lines.take((draw >= 0) & (draw < FREE_LINE_SHARE) & is_known)

    item = _any_products(rng, shelf, len(mistaken))
    mistaken = mistaken.with_columns(
        item=item, text=text_of(item, shelf), price=catalogue.price[item]
    )
    item = _any_products(rng, shelf, len(free))
    free = free.with_columns(item=item, text=text_of(item, shelf), price=0.0)
    return join_lines([repeated, free]), mistaken


def mistaken_orders(
    rng: np.random.Generator, *, orders: Orders, lines: Lines, clock: ShopClock, first_document: int
) -> Lines:
    """Return orders that were entered a second time, some minutes after the right one."""
    shop_time = orders.shop_time + rng.uniform(0.005, 0.03, len(orders))
    minute = np.maximum(clock.minutes(shop_time), orders.minute + 1)
    is_chosen = (rng.random(len(orders)) < MISTAKEN_ORDER_SHARE) & orders.is_known
    is_chosen &= minute - orders.minute < 60
    order = lines.document - orders.first_document
    chosen = is_chosen[order]
    return lines.take(chosen).with_columns(
        document=first_document + order[chosen], minute=minute[order[chosen]]
    )


def reversals(
    rng: np.random.Generator, *, lines: Lines, clock: ShopClock, first_document: int
) -> tuple[Lines, Lines]:
    """Reverse mistaken lines in full, at the same price, within minutes or hours.

    Returns:
        The mistaken lines that are reversed within the period (the others never happened); and
        the cancellations, one invoice for each of theirs.
    """
    documents, first, order = np.unique(lines.document, return_index=True, return_inverse=True)
    minute = lines.minute[first]
    delay = 0.002 + rng.exponential(0.08, len(documents))
    due = clock.minutes(clock.shop_days(minute) + delay)
    at_once = minute + rng.integers(1, 13, len(documents))
    due = np.where((due > minute) & (due - minute <= LONGEST_REVERSAL_MINUTES), due, at_once)
    happens = (due < clock.end_minute)[order]
    mistaken = lines.take(happens)
    return mistaken, mistaken.with_columns(
        document=first_document + order[happens],
        minute=due[order[happens]],
        kind=CANCELLATION,
        quantity=-mistaken.quantity,
    )


def returns(
    rng: np.random.Generator,
    *,
    orders: Orders,
    lines: Lines,
    catalogue: Catalogue,
    shelf: Shelf,
    clock: ShopClock,
    first_document: int,
) -> Lines:
    """Return cancellations of goods that come back days later, or were never bought here."""
    order = lines.document - orders.first_document
    shortest, mean_beyond = RETURN_DELAY_SHOP_DAYS
    due = clock.minutes(orders.shop_time + shortest + rng.exponential(mean_beyond, len(orders)))
    is_chosen = rng.random(len(orders)) < RETURN_ORDER_SHARE
    share = np.where(orders.is_known, RETURN_LINE_SHARE, ANONYMOUS_RETURN_LINE_SHARE) * is_chosen
    returned = lines.take(rng.random(len(lines)) < share[order])
    part = np.where(rng.random(len(returned)) < WHOLE_RETURN_SHARE, 1.0, rng.random(len(returned)))
    matched = returned.with_columns(quantity=-np.ceil(returned.quantity * part).astype(np.int64))

    is_first = np.diff(lines.document, prepend=-1) != 0
    is_stray = (rng.random(len(orders)) < UNMATCHED_RETURN_SHARE) & ~is_chosen
    stray = lines.take(is_first & is_stray[order])
    item = _any_products(rng, shelf, len(stray))
    unmatched = stray.with_columns(
        item=item,
        text=text_of(item, shelf),
        quantity=-rng.integers(1, 13, len(stray)),
        price=catalogue.price[item],
    )
    goods = join_lines([matched, unmatched])
    order = goods.document - orders.first_document
    return goods.with_columns(document=first_document + order, minute=due[order], kind=CANCELLATION)


def order_charges(rng: np.random.Generator, *, orders: Orders) -> Lines:
    """Return postage and other lines that are no products, added to some orders."""
    is_foreign = (orders.country != HOME_COUNTRY) & (orders.country != IRELAND)
    chosen = []
    for charge in ORDER_CHARGES:
        may_have = ~orders.is_known if charge.anonymous else orders.is_known
        if charge.code == "POST":
            may_have = may_have & is_foreign
        elif charge.code == "C2":
            may_have = may_have & (orders.country == IRELAND)
        chosen.append(np.flatnonzero(may_have & (rng.random(len(orders)) < charge.share)))
    order = np.concatenate(chosen)
    return _charge_lines(
        rng,
        charges=ORDER_CHARGES,
        charge=np.repeat(np.arange(len(ORDER_CHARGES)), [len(some) for some in chosen]),
        document=orders.document[order],
        minute=orders.minute[order],
        customer=orders.customer[order],
        country=orders.country[order],
    )


def charge_invoices(
    rng: np.random.Generator,
    *,
    orders: Orders,
    shop_times: tuple[float, float],
    clock: ShopClock,
    test_account: int,
    first_document: int,
) -> Lines:
    """Return invoices of one line that is no product, at random times between two shop times."""
    known = int(orders.is_known.sum())
    counts = rng.poisson([charge.share * known for charge in CHARGE_INVOICES])
    charge = np.repeat(np.arange(len(CHARGE_INVOICES)), counts)
    count = len(charge)
    is_anonymous = np.array([charge.anonymous for charge in CHARGE_INVOICES])[charge]
    is_test = np.array([charge.code == TEST_CODE for charge in CHARGE_INVOICES])[charge]
    order = rng.integers(0, max(known, 1), count)
    customer = np.where(is_anonymous, ANONYMOUS, orders.customer[order])
    return _charge_lines(
        rng,
        charges=CHARGE_INVOICES,
        charge=charge,
        document=first_document + np.arange(count),
        minute=clock.minutes(rng.uniform(*shop_times, count)),
        customer=np.where(is_test, test_account, customer),
        country=np.where(is_anonymous | is_test, HOME_COUNTRY, orders.country[order]),
    )


def stock_corrections(
    rng: np.random.Generator,
    *,
    orders: Orders,
    shop_times: tuple[float, float],
    clock: ShopClock,
    shelf: Shelf,
    first_document: int,
) -> Lines:
    """Return goods written off or found again: price 0, nobody's, on an invoice of their own."""
    known = orders.is_known.sum()
    losses = rng.poisson(STOCK_LOSSES_PER_ORDER * known)
    finds = rng.poisson(STOCK_FINDS_PER_ORDER * known)
    count = losses + finds
    is_loss = np.arange(count) < losses
    pieces = 1 + rng.lognormal(2.6, 1.4, count).astype(np.int64)
    return Lines(
        document=first_document + np.arange(count),
        minute=clock.minutes(rng.uniform(*shop_times, count)),
        kind=np.full(count, SALE),
        customer=np.full(count, ANONYMOUS),
        country=np.full(count, HOME_COUNTRY),
        item=_any_products(rng, shelf, count),
        text=stockroom_text(is_loss, rng.random(count)),
        quantity=np.where(is_loss, -pieces, pieces),
        price=np.zeros(count),
    )


def singular_events(
    *, population: Population, catalogue: Catalogue, clock: ShopClock, first_document: int
) -> Lines:
    """Return the period's bad debts and its two giant orders with their reversals."""
    passed, later, pounds = (np.array(column) for column in zip(*BAD_DEBTS, strict=True))
    count = len(BAD_DEBTS)
    debts = Lines(
        document=first_document + np.arange(count),
        minute=clock.minutes(passed * clock.length) + later.astype(np.int64),
        kind=np.full(count, ADJUSTMENT),
        customer=np.full(count, ANONYMOUS),
        country=np.full(count, HOME_COUNTRY),
        item=np.full(count, SERVICE_ITEM["B"]),
        text=np.full(count, SERVICE_ITEM["B"]),
        quantity=np.ones(count, dtype=np.int64),
        price=pounds,
    )
    passed, pieces, wait = (np.array(column) for column in zip(*GIANT_ORDERS, strict=True))
    count = len(GIANT_ORDERS)
    # Each is entered for the customer whose first order was the last before it.
    since = passed[:, None] * clock.length - population.acquired
    customer = np.where(since > 0, since, np.inf).argmin(axis=1)
    minute = clock.minutes(np.maximum(passed * clock.length, population.acquired[customer]))
    giants = Lines(
        document=first_document + len(debts) + np.arange(count),
        minute=minute,
        kind=np.full(count, SALE),
        customer=customer,
        country=population.country[customer].astype(np.int64),
        item=np.full(count, GIANT_ORDER_PRODUCT),
        text=np.full(count, GIANT_ORDER_PRODUCT),
        quantity=pieces.astype(np.int64),
        price=np.full(count, catalogue.price[GIANT_ORDER_PRODUCT]),
    )
    undone = giants.with_columns(
        document=giants.document + count,
        minute=minute + wait.astype(np.int64),
        kind=CANCELLATION,
        quantity=-giants.quantity,
    )
    is_undone = undone.minute < clock.end_minute
    return join_lines([debts, giants.take(is_undone), undone.take(is_undone)])


def _any_products(rng: np.random.Generator, shelf: Shelf, count: int) -> NDArray[np.int64]:
    """Draw products from all that is on sale, by popularity."""
    all_goods = FAMILIES << SHELF_BITS
    return shelf.products[rng.integers(all_goods, len(shelf.products), count)].astype(np.int64)


def _charge_lines(
    rng: np.random.Generator,
    *,
    charges: tuple[Charge, ...],
    charge: NDArray[np.int64],
    document: NDArray[np.int64],
    minute: NDArray[np.int64],
    customer: NDArray[np.int64],
    country: NDArray[np.int64],
) -> Lines:
    """Return one line for each number of a charge in `charges`, at prices around its median."""
    item = np.array([SERVICE_ITEM[each.code] for each in charges])[charge]
    pounds = np.array([each.pounds for each in charges])[charge]
    spread = np.array([each.spread for each in charges])[charge]
    drawn = np.round(pounds * np.exp(spread * rng.standard_normal(len(charge))), 2)
    return Lines(
        document=document,
        minute=minute,
        kind=np.array([each.kind for each in charges])[charge],
        customer=customer,
        country=country,
        item=item,
        text=item,
        quantity=np.array([each.quantity for each in charges])[charge],
        # A price without spread may have fractions of a penny.
        price=np.where(spread > 0, drawn, pounds),
    )
