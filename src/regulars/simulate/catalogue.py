"""The simulated shop's goods: invented names, prices, popularity and who goes with whom.

A product belongs to a **family** (one motif, such as HARBOUR PUFFIN): baskets are drawn mostly from
a few families, so goods of a family are bought together. Within a family some nouns come in several
colours, which are bought together most of all. Popularity falls off like Zipf's law; some products
launch after the start of the period or retire before its end; winter families sell from September
to December. The catalogue is the same for every seed; launches move with the period.

Large shops carry it in several **editions**, each with codes and names of its own. A known customer
buys all goods of a family in one edition (`editions_of`), so what is bought together stays together.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from regulars.simulate.clock import ShopClock

MOTIFS = (
    "FROSTED FIR", "SNOWBOUND ROBIN", "GINGERBREAD LANE", "STARLIT REINDEER",
    "HARBOUR PUFFIN", "WOODLAND MARTEN", "MEADOW BUMBLEBEE", "CLOVER HARE", "ORCHARD WREN",
    "TIN ROCKET", "PAPER SWALLOW", "MOONLIT OTTER", "LEMON GROVE", "WILD POPPY FIELD",
    "SEASIDE HUT", "RAINY DAY FOX", "ALPINE GENTIAN", "MIDNIGHT OWLET", "COUNTRY STABLE",
    "GARDEN SNAIL", "JAZZ PARLOUR", "TRAVELLING BEAR", "DAISY MEADOW", "FOLKLORE STAG",
    "COTTAGE LAVENDER", "SILVER BIRCH", "CORAL REEF", "MARMALADE CAT", "FESTIVAL STRIPE",
    "HERRINGBONE", "PICNIC CHECK", "BOTANIST FERN", "LIGHTHOUSE", "DRAGONFLY POND",
    "SUNNY SUNFLOWER", "PATISSERIE", "PAINTED WAGON", "KITCHEN GARDEN", "TOADSTOOL VILLAGE",
    "MARBLE FEATHER",
)  # fmt: skip
WINTER_MOTIFS = 4  # the first ones

# Noun: typical price in pounds and the materials it is made of.
NOUNS = {
    "MUG": (1.65, ("ENAMEL", "STONEWARE", "PORCELAIN")),
    "TEA TOWEL": (1.85, ("LINEN", "COTTON")),
    "CANDLE HOLDER": (1.65, ("GLASS", "BRASS", "CERAMIC")),
    "NOTEBOOK": (1.45, ("RECYCLED", "CLOTHBOUND")),
    "CUSHION COVER": (4.25, ("VELVET", "CANVAS", "WOOL")),
    "TOTE BAG": (1.95, ("CANVAS", "JUTE")),
    "LANTERN": (2.95, ("TIN", "BAMBOO", "GLASS")),
    "WALL CLOCK": (6.75, ("TIN", "WOODEN")),
    "BUNTING": (3.95, ("COTTON", "PAPER", "FELT")),
    "GIFT WRAP": (0.39, ("KRAFT", "TISSUE")),
    "CAKE STAND": (9.95, ("PORCELAIN", "GLASS")),
    "JEWELLERY BOX": (6.95, ("WOODEN", "VELVET")),
    "NECKLACE": (2.95, ("BEADED", "BRASS")),
    "DOORMAT": (5.95, ("COIR",)),
    "PUZZLE": (1.65, ("WOODEN",)),
    "WALL SIGN": (2.15, ("TIN", "SLATE")),
    "LUNCH BOX": (1.85, ("TIN", "BAMBOO")),
    "CARD SET": (0.85, ("LETTERPRESS", "KRAFT")),
    "STORAGE JAR": (2.25, ("GLASS", "CERAMIC")),
    "SHOPPER": (1.85, ("RECYCLED", "JUTE")),
    "NIGHT LIGHT": (2.35, ("CERAMIC", "PORCELAIN")),
    "COASTER SET": (1.95, ("CORK", "SLATE")),
    "HAND WARMER": (2.19, ("KNITTED", "FELT")),
    "DOORSTOP": (3.75, ("TWEED", "WOOL")),
    "TRINKET TRAY": (1.25, ("BRASS", "STONEWARE")),
    "UMBRELLA": (4.95, ("CLEAR DOME", "BAMBOO HANDLE")),
    "PICTURE FRAME": (2.95, ("WOODEN", "PEWTER")),
    "PAPER NAPKINS": (0.79, ("PACK OF 20",)),
    "STICKER SHEET": (0.45, ("FOIL",)),
    "PENCIL TIN": (1.69, ("SLIM", "ROUND")),
    "BREAD BIN": (12.95, ("ENAMEL", "TIN")),
    "THROW": (14.95, ("LAMBSWOOL", "COTTON")),
}  # fmt: skip
COLOURS = ("RED", "SKY BLUE", "SAGE", "MUSTARD", "IVORY", "DUSKY PINK", "CHARCOAL")

FAMILIES = len(MOTIFS)
COLOURED_NOUNS, COLOURS_EACH, PLAIN_NOUNS = 3, 3, 11  # per family: 3 x 3 + 11 = 20 products
PRODUCTS = FAMILIES * (COLOURED_NOUNS * COLOURS_EACH + PLAIN_NOUNS)

PRICE_RANGE = (0.29, 29.95)  # pounds
ZIPF_EXPONENT, ZIPF_OFFSET = 0.9, 20  # popularity is (rank + offset) ** -exponent
EVERGREEN_NOUNS = 8  # of each family's nouns; the others may launch late or retire
LATE_LAUNCH_SHARE, RETIREMENT_SHARE = 0.45, 0.35  # of the rest
RENAMED_PRODUCTS = 16
TRAILING_BLANK_SHARE = 0.18  # of products, as in UCI's descriptions
WINTER_SEASON = (9, 10, 11, 12)
WINTER_FACTOR, OFF_SEASON_FACTOR = 3.0, 0.15
SHELF_BITS = 13  # baskets draw from tables of 2^13 entries per family
EDITION_EXPONENT = 0.5  # an edition's share of the sales is its number to minus this power
_CATALOGUE_SEED = 20_091_201
_CODE_NUMBERS = (15_000, 95_000)


@dataclass(frozen=True)
class Catalogue:
    """All products, cheapest first; arrays of length `PRODUCTS`."""

    code: tuple[str, ...]  # five digits and up to two letters; colours share the digits
    name: tuple[str, ...]  # upper case; some end with a blank
    second_name: tuple[str, ...]  # its name from `renamed` on
    renamed: NDArray[np.float64]  # share of the period passed at the new name; 2 for never
    price: NDArray[np.float64]  # pounds
    family: NDArray[np.int64]
    popularity: NDArray[np.float64]
    launched: NDArray[np.float64]  # share of the period passed at the launch; 0 from the start
    retired: NDArray[np.float64]  # the same at the end of sale; 2 for never
    sibling: NDArray[np.int64]  # the next colour of the same noun, or the product itself


@dataclass(frozen=True)
class Shelf:
    """What the shop sells in one step of the simulation.

    Attributes:
        products: Flat table of product numbers, uint16, 2^SHELF_BITS entries for each family and
            then as many for all goods; a uniform draw among a family's entries follows its
            products' popularity.
        is_renamed: Whether each product goes by its second name.
    """

    products: NDArray[np.uint16]
    is_renamed: NDArray[np.bool_]


@lru_cache(maxsize=1)
def build_catalogue() -> Catalogue:
    """Return the catalogue, always the same one."""
    rng = np.random.default_rng(_CATALOGUE_SEED)
    nouns = list(NOUNS)
    digits = iter(rng.permutation(np.arange(*_CODE_NUMBERS))[:PRODUCTS])
    rows = []
    for family, motif in enumerate(MOTIFS):
        chosen = rng.permutation(len(nouns))[: COLOURED_NOUNS + PLAIN_NOUNS]
        for place, noun in enumerate(nouns[i] for i in chosen):
            typical_price, materials = NOUNS[noun]
            material = materials[rng.integers(len(materials))]
            price = _shop_price(typical_price * np.exp(rng.normal(0.0, 0.25)), rng)
            launched, retired = _life(place, rng)
            number = next(digits)
            first = len(rows)
            if place < COLOURED_NOUNS:
                colours = rng.permutation(len(COLOURS))[:COLOURS_EACH]
                variants = [
                    (f"{number}{letter}", f"{colour} {motif} {noun}", f"{motif} {noun} {colour}")
                    for letter, colour in zip("ABC", (COLOURS[i] for i in colours), strict=True)
                ]
            else:
                letters = rng.choice(["", "", "", "", "L", "BL"])
                name, second_name = f"{material} {noun} {motif}", f"{motif} {noun} {material}"
                variants = [(f"{number}{letters}", name, second_name)]
            for i, (code, name, second_name) in enumerate(variants):
                sibling = first + (i + 1) % len(variants)
                rows.append((code, name, second_name, price, family, launched, retired, sibling))
    codes, names, second_names, prices, families, launched, retired, sibling = zip(
        *rows, strict=True
    )
    cheapest_first = np.argsort(prices, kind="stable")
    place_of = np.argsort(cheapest_first)
    renamed = np.full(PRODUCTS, 2.0)
    renamed[rng.permutation(PRODUCTS)[:RENAMED_PRODUCTS]] = rng.uniform(0.2, 0.8, RENAMED_PRODUCTS)
    blank = np.where(rng.random(PRODUCTS) < TRAILING_BLANK_SHARE, " ", "")
    rank = 1 + rng.permutation(PRODUCTS)
    return Catalogue(
        code=tuple(codes[i] for i in cheapest_first),
        name=tuple(names[i] + blank[i] for i in cheapest_first),
        second_name=tuple(second_names[i] for i in cheapest_first),
        renamed=renamed,
        price=np.array(prices)[cheapest_first],
        family=np.array(families)[cheapest_first],
        popularity=(rank + ZIPF_OFFSET) ** -ZIPF_EXPONENT,
        launched=np.array(launched)[cheapest_first],
        retired=np.array(retired)[cheapest_first],
        sibling=place_of[np.array(sibling)[cheapest_first]],
    )


def edition_codes(catalogue: Catalogue, *, edition: int) -> list[str]:
    """Return the stock codes of one edition (from 0): other digits, the same letters."""
    if edition == 0:
        return list(catalogue.code)
    low, high = _CODE_NUMBERS
    old = dict.fromkeys(code[:5] for code in catalogue.code)
    taken = {int(digits) - low for digits in old}
    free = np.setdiff1d(np.arange(high - low), list(taken))
    free = np.random.default_rng(_CATALOGUE_SEED).permutation(free)
    numbers = low + free[(edition - 1) * len(old) : edition * len(old)]
    new = dict(zip(old, numbers.tolist(), strict=True))
    return [f"{new[code[:5]]}{code[5:]}" for code in catalogue.code]


def edition_names(names: Sequence[str], *, edition: int) -> list[str]:
    """Return products' names in one edition (from 0); those that end with a blank still do."""
    if edition == 0:
        return list(names)
    return [f"{name.rstrip()} NO {edition + 1}{name[len(name.rstrip()) :]}" for name in names]


def editions_of(
    buyer: NDArray[np.int64], family: NDArray[np.int64], *, editions: int
) -> NDArray[np.int64]:
    """Return the edition (from 0) in which each buyer buys goods of a family: always the same one.

    Args:
        buyer: Any number that stands for who buys, per line.
        family: The goods' family, or another number that stands for them, per line.
        editions: How many there are.
    """
    if editions == 1:
        return np.zeros(len(buyer), dtype=np.int64)
    # the finaliser of splitmix64 (Steele, Lea and Flood 2014) as a hash
    mixed = (buyer.astype(np.uint64) << np.uint64(20)) + family.astype(np.uint64)
    mixed *= np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    uniform = (mixed >> np.uint64(11)).astype(float) / 2**53
    shares = np.cumsum(np.arange(1.0, editions + 1) ** -EDITION_EXPONENT)
    return np.searchsorted(shares / shares[-1], uniform, side="right")


def build_shelf(catalogue: Catalogue, *, clock: ShopClock, shop_time: float) -> Shelf:
    """Return what is on sale at a time in shop days since the start of the period."""
    passed = shop_time / clock.length
    month = clock.month(shop_time)
    on_sale = (catalogue.launched <= passed) & (passed < catalogue.retired)
    winter_factor = WINTER_FACTOR if month in WINTER_SEASON else OFF_SEASON_FACTOR
    season = np.where(catalogue.family < WINTER_MOTIFS, winter_factor, 1.0)
    weights = catalogue.popularity * on_sale * season
    by_family = np.argsort(catalogue.family, kind="stable").reshape(FAMILIES, -1)
    tables = [_draw_table(by_family, weights), _draw_table(np.arange(PRODUCTS)[None], weights)]
    return Shelf(
        products=np.concatenate(tables).astype(np.uint16),
        is_renamed=catalogue.renamed <= passed,
    )


def _draw_table(products: NDArray[np.int64], weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return 2^SHELF_BITS entries for each row of products, each as often as its weight says."""
    shares = np.cumsum(weights[products], axis=1)
    ends = np.rint(shares / shares[:, -1:] * 2**SHELF_BITS).astype(np.int64)
    return np.repeat(products.ravel(), np.diff(ends, axis=1, prepend=0).ravel())


def _shop_price(price: float, rng: np.random.Generator) -> float:
    """Return a price near the given one that ends in 5 or 9 pence."""
    low, high = PRICE_RANGE
    pence = int(min(max(price, low), high) * 100) // 10 * 10 + int(rng.choice([5, 5, 9]))
    return min(max(pence / 100, low), high)


def _life(place: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return launch and end of sale as shares of the period for a family's noun by its place."""
    kind = rng.random()
    early, late = rng.uniform(0.1, 0.6), rng.uniform(0.5, 0.95)
    if place < EVERGREEN_NOUNS or kind > LATE_LAUNCH_SHARE + RETIREMENT_SHARE:
        return 0.0, 2.0
    return (early, 2.0) if kind < LATE_LAUNCH_SHARE else (0.0, late)
