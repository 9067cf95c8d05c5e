"""What is in an order: which goods, how many of each, at what price."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from regulars.simulate.catalogue import FAMILIES, SHELF_BITS, Catalogue, Shelf
from regulars.simulate.settings import USUAL_ORDER_LINES

# Lines of an order: 1 + Poisson with a gamma-distributed mean that grows with the order's value.
LINES_SHAPE = 1.4
MAX_LINES = 200
# An anonymous order is a single sale over the counter or a day's takings of the web shop.
DAY_TAKINGS_SHARE = 0.55
COUNTER_LINES, DAY_TAKINGS_LINES = 0.8, 105.0
MAX_DAY_TAKINGS_LINES = 500
COLOUR_PAIR_SHARE = 0.25  # of lines: the product before in its next colour, if it has one
FAVOURITE_SHARE = 0.7  # of themes: the rest are families drawn for the occasion
# Of eight lines of an order, three are of its first theme, two of its second, three of any kind.
THEME_OF_SLOT = np.array([0, 0, 0, 1, 1, 2, 2, 2])
# Goods are ordered in whole packs: up to the first limit singly, up to the next in packs of 2, ...
PACK_LIMITS = (5, 10, 30, 100, 600)
PACK_SIZES = np.array([1, 2, 6, 12, 24, 100])
ONLINE_PRICE_FACTOR = 1.35  # on anonymous orders, which pay tax and retail prices


def draw_sizes(
    rng: np.random.Generator,
    *,
    values: NDArray[np.float64],
    mean_value: float,
    lines_at_mean_value: int,
) -> NDArray[np.int64]:
    """Return how many lines each order aims at, given its value in pounds."""
    mean = lines_at_mean_value * np.sqrt(values / mean_value)
    mean *= rng.standard_gamma(LINES_SHAPE, len(values)) / LINES_SHAPE
    return np.minimum(1 + rng.poisson(mean), MAX_LINES)


def draw_anonymous_sizes(
    rng: np.random.Generator, *, orders: int, lines_at_mean_value: int
) -> NDArray[np.int64]:
    """Return how many lines each anonymous order aims at; a day's takings grow with known orders."""
    is_day = rng.random(orders) < DAY_TAKINGS_SHARE
    day_lines = DAY_TAKINGS_LINES * (lines_at_mean_value / USUAL_ORDER_LINES)
    mean = np.where(is_day, day_lines * rng.standard_exponential(orders), COUNTER_LINES)
    return np.minimum(1 + rng.poisson(mean), MAX_DAY_TAKINGS_LINES)


def fill_baskets(
    rng: np.random.Generator,
    *,
    sizes: NDArray[np.int64],
    favourites: NDArray[np.uint8],
    catalogue: Catalogue,
    shelf: Shelf,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Choose the goods of each order, each product at most once.

    Args:
        rng: Source of randomness.
        sizes: Lines that each order aims at, at least 1; doublets make some orders smaller.
        favourites: (orders, families) families that each buyer favours; `FAMILIES` is all goods.
        catalogue: All products.
        shelf: What is on sale.

    Returns:
        Order (index into `sizes`) and product of each line, by order and then by product.
    """
    orders = len(sizes)
    themes = np.full((orders, 3), FAMILIES)  # the last theme is all goods
    favourite = rng.integers(0, favourites.shape[1], (orders, 2))
    any_family = rng.integers(0, FAMILIES, (orders, 2))
    themes[:, :2] = np.where(
        rng.random((orders, 2)) < FAVOURITE_SHARE,
        np.take_along_axis(favourites, favourite, axis=1),
        any_family,
    )
    order = np.repeat(np.arange(orders), sizes)
    # One draw of 32 bits per line: 3 choose the slot, SHELF_BITS the product, 8 the colour pair.
    bits = rng.integers(0, 2**32, len(order), dtype=np.uint32)
    theme = themes.ravel()[3 * order + THEME_OF_SLOT[bits & 7]]
    place = (bits >> 3) & (2**SHELF_BITS - 1)
    product = shelf.products[(theme << SHELF_BITS) | place].astype(np.int64)
    is_pair = (bits >> 24) < int(256 * COLOUR_PAIR_SHARE)
    is_pair[1:] &= order[1:] == order[:-1]
    is_pair[:1] = False
    pairs = np.flatnonzero(is_pair)
    product[pairs] = catalogue.sibling[product[pairs - 1]]
    key = np.sort((order << SHELF_BITS) | product)
    key = key[np.concatenate([[True], key[1:] != key[:-1]])] if len(key) else key
    return key >> SHELF_BITS, key & (2**SHELF_BITS - 1)


def draw_quantities(
    rng: np.random.Generator,
    *,
    order: NDArray[np.int64],
    price: NDArray[np.float64],
    values: NDArray[np.float64],
) -> NDArray[np.int64]:
    """Return quantities that bring each order to its value.

    Money is shared out at random among an order's lines and turned into whole packs, rounded up or
    down at random so that nothing is lost on average; the order's first line then takes up what is
    left. So an order misses its value by at most half the price of its first line, unless that
    line would have to fall below one piece.

    Args:
        rng: Source of randomness.
        order: Order of each line (index into `values`), ascending, every order present.
        price: Price of each line in pounds, each order's cheapest first.
        values: Value of each order in pounds.

    Returns:
        Pieces per line; 0 for lines that the order's value does not reach.
    """
    share = 0.3 + rng.standard_exponential(len(order))
    money = (values / np.bincount(order, share, minlength=len(values)))[order] * share
    pieces = money / price
    pack = PACK_SIZES[np.searchsorted(PACK_LIMITS, pieces, side="right")]
    quantity = pack * np.floor(pieces / pack + rng.random(len(order))).astype(np.int64)
    left = values - np.bincount(order, quantity * price, minlength=len(values))
    first = np.searchsorted(order, np.arange(len(values)))
    quantity[first] = np.maximum(quantity[first] + np.rint(left / price[first]), 1)
    return quantity


def draw_retail_quantities(rng: np.random.Generator, *, lines: int) -> NDArray[np.int64]:
    """Return pieces per line of anonymous orders: mostly one, seldom more than four."""
    return np.minimum((1.0 - rng.random(lines)) ** -0.78, 48.0).astype(np.int64)
