"""The orders of one step of the simulation and their lines, as they should be: no dirt yet."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from regulars.simulate.baskets import (
    ONLINE_PRICE_FACTOR,
    draw_anonymous_sizes,
    draw_quantities,
    draw_retail_quantities,
    draw_sizes,
    fill_baskets,
)
from regulars.simulate.catalogue import FAMILIES, Catalogue, Shelf
from regulars.simulate.clock import ShopClock
from regulars.simulate.customers import (
    COUNTRIES,
    SPEND_P,
    SPEND_Q,
    SPEND_V,
    Population,
)
from regulars.simulate.lines import ANONYMOUS, SALE, Lines, join_lines, text_of

ANONYMOUS_PER_ORDER = 0.085  # anonymous orders for each order of a known customer
ANONYMOUS_ABROAD_SHARE = 0.04


@dataclass(frozen=True)
class Orders:
    """Orders of one step, one array per column; known customers' first, then anonymous ones."""

    document: NDArray[np.int64]  # consecutive numbers
    shop_time: NDArray[np.float64]  # shop days since the start
    minute: NDArray[np.int64]  # since 1970-01-01
    customer: NDArray[np.int64]  # index, or ANONYMOUS
    country: NDArray[np.int64]  # index into COUNTRIES

    def __len__(self) -> int:
        return len(self.document)

    @property
    def first_document(self) -> int:
        """Number of the first order; 0 if there is none."""
        return int(self.document[0]) if len(self) else 0

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Whether the customer of each order is known."""
        return self.customer != ANONYMOUS


def draw_orders(
    rng: np.random.Generator,
    *,
    customer: NDArray[np.int64],
    shop_time: NDArray[np.float64],
    shop_times: tuple[float, float],
    population: Population,
    clock: ShopClock,
    first_document: int,
) -> Orders:
    """Return the given orders of known customers, and anonymous ones in proportion.

    Args:
        rng: Source of randomness.
        customer: Customer index of each known order.
        shop_time: Its time in shop days.
        shop_times: Start and end of the step, for the anonymous orders.
        population: All customers.
        clock: The shop's clock.
        first_document: Number of the first order.
    """
    known = len(customer)
    anonymous = rng.poisson(ANONYMOUS_PER_ORDER * known)
    is_second_country = rng.random(known) < 0.5
    country = np.where(
        is_second_country, population.second_country[customer], population.country[customer]
    )
    is_abroad = rng.random(anonymous) < ANONYMOUS_ABROAD_SHARE
    abroad = rng.integers(1, len(COUNTRIES), anonymous)
    times = np.concatenate([shop_time, rng.uniform(*shop_times, anonymous)])
    return Orders(
        document=first_document + np.arange(known + anonymous),
        shop_time=times,
        minute=clock.minutes(times),
        customer=np.concatenate([customer, np.full(anonymous, ANONYMOUS)]),
        country=np.concatenate([country, np.where(is_abroad, abroad, 0)]),
    )


def draw_sale_lines(
    rng: np.random.Generator,
    *,
    orders: Orders,
    population: Population,
    catalogue: Catalogue,
    shelf: Shelf,
    lines_at_mean_value: int,
) -> Lines:
    """Return the lines of all orders; known orders' values follow the gamma-gamma process."""
    known = int(orders.is_known.sum())
    customer = orders.customer[:known]
    values = population.mean_order_value[customer] / SPEND_P * rng.standard_gamma(SPEND_P, known)
    shop_mean = SPEND_P * SPEND_V / (SPEND_Q - 1)
    order, product = fill_baskets(
        rng,
        sizes=draw_sizes(
            rng,
            values=values,
            mean_value=shop_mean,
            lines_at_mean_value=lines_at_mean_value,
        ),
        favourites=population.families[customer],
        catalogue=catalogue,
        shelf=shelf,
    )
    price = catalogue.price[product]
    quantity = draw_quantities(rng, order=order, price=price, values=values)
    is_bought = quantity > 0
    known_lines = _lines_of(orders, order, product, quantity, price, shelf).take(is_bought)

    anonymous = len(orders) - known
    order, product = fill_baskets(
        rng,
        sizes=draw_anonymous_sizes(rng, orders=anonymous, lines_at_mean_value=lines_at_mean_value),
        favourites=np.full((anonymous, 1), FAMILIES, dtype=np.uint8),  # all goods
        catalogue=catalogue,
        shelf=shelf,
    )
    price = np.round(catalogue.price[product] * ONLINE_PRICE_FACTOR, 2)
    quantity = draw_retail_quantities(rng, lines=len(order))
    anonymous_lines = _lines_of(orders, known + order, product, quantity, price, shelf)
    return join_lines([known_lines, anonymous_lines])


def _lines_of(
    orders: Orders,
    order: NDArray[np.int64],
    item: NDArray[np.int64],
    quantity: NDArray[np.int64],
    price: NDArray[np.float64],
    shelf: Shelf,
) -> Lines:
    return Lines(
        document=orders.document[order],
        minute=orders.minute[order],
        kind=np.full(len(order), SALE),
        customer=orders.customer[order],
        country=orders.country[order],
        item=item,
        text=text_of(item, shelf),
        quantity=quantity,
        price=price,
    )
