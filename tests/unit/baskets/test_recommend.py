"""Both lists: what may be on them, in which order, and why; the same in any order and any batches."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from itertools import permutations

import duckdb
import numpy as np
import pandas as pd
import pytest

from regulars.baskets import recommend as module
from regulars.baskets.recommend import (
    BUY_AGAIN,
    HABIT_HALF_LIFE,
    NEW_FOR_YOU,
    NEW_HALF_LIFE,
    PROFILE_HALF_LIFE,
    SCHEMA,
    RecommendationSettings,
    habits,
    learn_affinities,
    read_catalogue,
    read_purchases,
    recommend,
    recommend_customers,
    top,
)
from regulars.errors import InvalidSettingError
from tests.unit.baskets.shop import DATE, SETTINGS, frame, shop


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def lists_of(
    connection: duckdb.DuckDBPyConnection,
    purchases: pd.DataFrame,
    *,
    recent: str = "true",
    settings: RecommendationSettings = SETTINGS,
) -> pd.DataFrame:
    connection.register("handed_in", purchases)
    connection.execute("create or replace table purchases as select * from handed_in")
    everything = connection.table("purchases")
    reader = recommend_customers(
        connection, everything, everything.filter(recent), date=DATE, settings=settings
    )
    assert reader.schema.equals(SCHEMA)
    return reader.read_all().to_pandas()


def lists(purchases: pd.DataFrame, *, settings: RecommendationSettings = SETTINGS) -> pd.DataFrame:
    catalogue = read_catalogue(purchases, date=DATE, settings=settings)
    affinities = learn_affinities(purchases, catalogue, half_life=NEW_HALF_LIFE)
    return recommend(purchases, catalogue, affinities, settings=settings)


def codes(made: pd.DataFrame, kind: str, customer: str = "c") -> str:
    """The products of a list in the order of ranks."""
    rows = made[(made["customer_id"] == customer) & (made["list"] == kind)]
    return "".join(rows.sort_values("rank")["stock_code"])


@pytest.fixture(scope="module")
def purchases() -> pd.DataFrame:
    return shop()


@pytest.fixture(scope="module")
def made(purchases) -> pd.DataFrame:
    return lists(purchases)


@pytest.fixture(scope="module")
def bought(purchases) -> set[tuple[str, str]]:
    return set(zip(purchases["customer_id"], purchases["stock_code"], strict=True))


def pairs_of(made: pd.DataFrame, kind: str, column: str = "stock_code") -> set[tuple[str, str]]:
    rows = made[made["list"] == kind]
    return set(zip(rows["customer_id"], rows[column], strict=True))


class TestLists:
    def test_never_hold_what_is_no_longer_sold(self, purchases, made):
        ages = (DATE - purchases["order_date"]).dt.days
        sold = set(purchases.loc[ages <= SETTINGS.recent_days, "stock_code"])
        assert not sold & set("EKQW")
        assert set(made["stock_code"]) == sold

    def test_new_products_were_never_bought_and_others_were(self, made, bought):
        assert len(pairs_of(made, NEW_FOR_YOU)) > 100
        assert len(pairs_of(made, BUY_AGAIN)) > 100
        assert not pairs_of(made, NEW_FOR_YOU) & bought
        assert pairs_of(made, BUY_AGAIN) <= bought

    def test_are_ranked_from_one_without_gaps_or_repetition(self, made):
        assert not made.duplicated(["customer_id", "list", "stock_code"]).any()
        for _, ranks in made.groupby(["customer_id", "list"])["rank"]:
            assert ranks.tolist() == list(range(1, len(ranks) + 1))
        assert made["rank"].max() == SETTINGS.count
        keys = ["customer_id", "list", "rank"]
        pd.testing.assert_frame_equal(made, made.sort_values(keys, ignore_index=True))

    def test_to_buy_again_begin_with_what_is_due(self, made):
        again = made[made["list"] == BUY_AGAIN]
        assert 0 < again["is_due"].sum() < len(again)
        for _, rows in again.groupby("customer_id"):
            assert rows["is_due"].is_monotonic_decreasing
            for _, alike in rows.groupby("is_due"):
                assert alike["score"].is_monotonic_decreasing
        expected = again["days_since_bought"] >= again["usual_gap_days"]
        assert (again["is_due"] == expected).all()

    def test_of_new_products_begin_with_the_highest_score(self, made):
        new = made[made["list"] == NEW_FOR_YOU]
        for _, scores in new.groupby("customer_id")["score"]:
            assert scores.is_monotonic_decreasing
        assert (new["score"] > 0).all()

    def test_say_what_belongs_to_them_and_nothing_else(self, made):
        is_new = made["list"] == NEW_FOR_YOU
        of_again = ["is_due", "bought_on_days", "days_since_bought"]
        assert made.loc[is_new, [*of_again, "usual_gap_days"]].isna().all(axis=None)
        assert made.loc[~is_new, of_again].notna().all(axis=None)
        of_new = ["because_stock_code", "orders_together"]
        assert made.loc[is_new, of_new].notna().all(axis=None)
        assert made.loc[~is_new, of_new].isna().all(axis=None)

    def test_choose_by_score_before_what_is_due_comes_first(self):
        one = RecommendationSettings(count=1, recent_days=60)
        # A more often and less than its 10 days ago; B due
        rows = [(f"{age}", "c", "A", age) for age in (5, 15, 25, 35)]
        rows += [(f"b{age}", "c", "B", age) for age in (30, 40, 50)]
        assert codes(lists(frame(rows), settings=one), BUY_AGAIN) == "A"
        assert codes(lists(frame(rows)), BUY_AGAIN) == "BA"

    def test_count_an_owned_product_that_the_learnt_orders_do_not_know(self, connection, purchases):
        recent = lists_of(connection, purchases, recent="order_date >= '2010-09-01'")
        known = purchases[purchases["order_date"] >= "2010-09-01"]
        assert set(recent["stock_code"]) <= set(known["stock_code"])
        bought = set(zip(purchases["customer_id"], purchases["stock_code"], strict=True))
        assert not pairs_of(recent, NEW_FOR_YOU) & bought
        assert recent["customer_id"].nunique() > known["customer_id"].nunique()


class TestScores:
    def test_of_new_products_are_affinities_summed_over_what_was_bought(self, purchases, made):
        together, alone = defaultdict(float), defaultdict(float)
        for _, order in purchases[~purchases["is_set_apart"]].groupby("order_id"):
            products = order["stock_code"].tolist()
            age = (DATE - order["order_date"].iloc[0]).days
            weight = 0.5 ** (age / NEW_HALF_LIFE) / max(len(products) - 1, 1)
            for product in products:
                alone[product] += weight
            for pair in permutations(products, 2):
                together[pair] += weight
        new = made[made["list"] == NEW_FOR_YOU]
        for customer, rows in new.groupby("customer_id"):
            own = purchases[purchases["customer_id"] == customer]
            ages = (DATE - own["order_date"]).dt.days
            parts = pd.DataFrame(
                {
                    product: 0.5 ** (ages / PROFILE_HALF_LIFE)
                    * [together[one, product] for one in own["stock_code"]]
                    / np.sqrt([(alone[one] + 1) * (alone[product] + 1) for one in own["stock_code"]])
                    for product in rows["stock_code"]
                }
            )  # fmt: skip
            np.testing.assert_allclose(parts.sum(), rows["score"], rtol=1e-9)
            reasons = parts.groupby(own["stock_code"]).sum().idxmax()
            assert reasons.tolist() == rows["because_stock_code"].tolist()

    def test_to_buy_again_are_fading_days_times_the_root_of_recent_orders(self):
        rows = [
            ("1", "c", "A", 10),
            ("2", "c", "A", 10),
            ("3", "c", "A", 190),
            ("4", "d", "AB", 60),
            ("5", "e", "A", 61),
        ]
        (again,) = (
            lists(frame(rows)).query("customer_id == 'c' and list == 'buy_again'").itertuples()
        )
        fading = 0.5 ** (10 / HABIT_HALF_LIFE) + 0.5 ** (190 / HABIT_HALF_LIFE)
        assert again.score == pytest.approx(fading * np.sqrt(3))
        assert (again.bought_on_days, again.days_since_bought) == (2, 10)

    def test_only_the_nearest_neighbours_count(self, purchases, monkeypatch):
        catalogue = read_catalogue(purchases, date=DATE, settings=SETTINGS)
        full = learn_affinities(purchases, catalogue, half_life=NEW_HALF_LIFE).strength
        monkeypatch.setattr(module, "NEIGHBOURS", 3)
        few = learn_affinities(purchases, catalogue, half_life=NEW_HALF_LIFE).strength
        dense = full.toarray()
        third = np.sort(dense, axis=1)[:, [-3]]
        np.testing.assert_array_equal(few.toarray(), np.where(dense >= third, dense, 0))
        assert (full.diagonal() == 0).all()

    @pytest.mark.parametrize("count", [1, 3, 9])
    def test_the_best_of_equal_ones_are_the_first(self, count):
        scores = np.array([[0, 2, 1, 2, 0.5], [0, 0, 0, 0, 0], [1, 1, 1, 1, 1]])
        expected = [[1, 3, 2, 4, -1], [-1] * 5, [0, 1, 2, 3, 4]]
        assert top(scores, count).tolist() == [row[:count] for row in expected]

    @pytest.mark.parametrize("width", [79, 80, 81, 400])
    def test_the_best_are_those_of_a_full_sort(self, width):
        random = np.random.default_rng(width)
        # many equal ones, and rows with fewer above 0 than are wanted
        scores = random.integers(0, 30, (50, width)) * (random.random((50, width)) < 0.2)
        scores[:5, 12:] = 0
        order = np.argsort(-scores, axis=1, kind="stable")[:, :10]
        expected = np.where(np.take_along_axis(scores, order, axis=1) > 0, order, -1)
        np.testing.assert_array_equal(top(scores.astype(float), 10), expected)

    def test_of_a_shop_with_one_product_have_nothing_new(self):
        made = lists(frame([("1", "c", "D", 5)]))
        assert made["list"].tolist() == [BUY_AGAIN]

    def test_equal_products_rank_by_stock_code(self):
        made = lists(frame([("1", "c", "DB", 5), ("2", "d", "DBFEAC", 5)]))
        assert codes(made, BUY_AGAIN) == "BD"
        assert codes(made, NEW_FOR_YOU) == "ACEF"
        new = made[(made["customer_id"] == "c") & (made["list"] == NEW_FOR_YOU)]
        assert set(new["because_stock_code"]) == {"B"}


class TestReasons:
    def test_are_products_that_the_customer_bought(self, made, bought):
        assert pairs_of(made, NEW_FOR_YOU, "because_stock_code") <= bought

    def test_orders_with_both_are_those_of_a_count(self, purchases, made):
        counted = purchases[~purchases["is_set_apart"]]
        orders = counted.groupby("stock_code")["order_id"].agg(set)
        for row in made[made["list"] == NEW_FOR_YOU].itertuples():
            both = orders[row.stock_code] & orders[row.because_stock_code]
            assert row.orders_together == len(both) > 0

    def test_orders_set_apart_put_nothing_together(self):
        rows = [("1", "c", "A", 5), ("2", "d", "AB", 5), ("3", "e", "ACD", 5, True)]
        made = lists(frame(rows))
        assert codes(made, NEW_FOR_YOU) == "B"
        assert made.loc[made["customer_id"] == "c", "orders_together"].max() == 1
        # their buyer has bought, and may buy again, all the same
        assert set(codes(made, BUY_AGAIN, "e")) == set("ACD")
        assert codes(made, NEW_FOR_YOU, "e") == "B"


class TestUsualGap:
    def of(self, rows: list[tuple], product: str, customer: str = "c") -> float:
        purchases = frame(rows)
        own = habits(purchases, read_catalogue(purchases, date=DATE, settings=SETTINGS))
        keys = ["customer_id", "stock_code"]
        return own.set_index(keys).loc[(customer, product), "usual_gap_days"]

    # five gaps of product A of 10, 20, 30, 40 and 50 days; two of B of 100
    product = (
        *[(f"a{number}0", f"r{number}", "A", 1) for number in range(1, 6)],
        *[(f"a{number}1", f"r{number}", "A", 1 + 10 * number) for number in range(1, 6)],
        *[(f"b{number}0", f"r{number}", "B", 1) for number in (1, 2)],
        *[(f"b{number}1", f"r{number}", "B", 101) for number in (1, 2)],
    )

    def test_is_the_customers_own_from_three_days_on(self):
        own = [("1", "c", "A", 5), ("2", "c", "A", 6), ("3", "c", "A", 19)]
        assert self.of([*self.product, *own], "A") == 7
        # two orders of a day are a day
        assert self.of([*self.product, *own[:2], ("3", "c", "A", 6)], "A") == 25

    def test_is_the_products_median_from_five_gaps_on(self):
        once = [("1", "c", "AB", 5)]
        assert self.of([*self.product, *once], "A") == 30

    def test_is_the_median_of_all_products_below(self):
        gaps = [10, 20, 30, 40, 50, 100, 100]
        once = [("1", "c", "AB", 5)]
        assert self.of([*self.product, *once], "B") == np.median(gaps)
        four = [row for row in self.product if row[1] != "r5" or row[2] != "A"]
        assert self.of([*four, *once], "A") == np.median([10, 20, 30, 40, 100, 100])

    def test_is_unknown_if_nobody_came_back_and_nothing_is_due(self):
        made = lists(frame([("1", "c", "A", 50), ("2", "d", "AB", 5)]))
        again = made[made["list"] == BUY_AGAIN]
        assert again["usual_gap_days"].isna().all()
        assert not again["is_due"].any()

    def test_reached_to_the_day_is_due(self):
        rows = [("1", "c", "A", 7), ("2", "c", "A", 14), ("3", "c", "A", 21)]
        assert lists(frame(rows))["is_due"].tolist() == [True]
        rows[0] = ("1", "c", "A", 6)
        assert lists(frame(rows))["is_due"].tolist() == [False]


class TestTheSameEveryTime:
    @pytest.fixture
    def whole(self, connection, purchases) -> pd.DataFrame:
        return lists_of(connection, purchases)

    def test_whatever_the_order_of_rows(self, connection, purchases, whole):
        for seed in range(3):
            shuffled = purchases.sample(frac=1, random_state=seed)
            found = lists_of(connection, shuffled)
            pd.testing.assert_frame_equal(found, whole, check_exact=True)

    @pytest.mark.parametrize(
        ("rows", "cells"), [(1, 500), (3, 500), (40, 1), (500_000, 1), (500_000, 24 * 7)]
    )
    def test_whatever_the_batches(self, connection, monkeypatch, rows, cells):
        few = shop(customers=12)
        whole = lists_of(connection, few)
        monkeypatch.setattr(module, "BATCH_ROWS", rows)
        monkeypatch.setattr(module, "BATCH_CELLS", cells)
        pd.testing.assert_frame_equal(lists_of(connection, few), whole, check_exact=True)

    def test_by_relation_as_by_frame(self, whole, made):
        pd.testing.assert_frame_equal(whole, made.astype(whole.dtypes), check_exact=True)

    def test_while_the_connection_writes_what_comes_out(self, connection, whole):
        everything = connection.table("purchases")
        reader = recommend_customers(
            connection, everything, everything, date=DATE, settings=SETTINGS
        )
        connection.register("reader", reader)
        connection.execute("create table written as select * from reader")
        found = connection.table("written").order("customer_id, list, rank").df()
        assert found["stock_code"].tolist() == whole["stock_code"].tolist()

    def test_purchases_are_read_in_one_order(self, connection, purchases):
        shuffled = purchases.sample(frac=1, random_state=1)
        found = read_purchases(connection.from_df(shuffled))
        pd.testing.assert_frame_equal(found.astype(purchases.dtypes), purchases)


class TestSmallShops:
    def test_without_purchases_has_no_lists(self, connection):
        found = lists_of(connection, frame([]))
        assert found.empty
        assert found.columns.tolist() == SCHEMA.names
        assert lists(frame([])).empty

    def test_of_one_purchase_has_the_product_to_buy_again(self, connection):
        found = lists_of(connection, frame([("1", "c", "A", 5)]))
        assert codes(found, BUY_AGAIN) == "A"
        assert codes(found, NEW_FOR_YOU) == ""

    def test_of_one_product_has_nothing_new_for_anybody(self, connection):
        found = lists_of(
            connection, frame([(f"{n}", f"c{n % 3}", "A", 3 * n + 1) for n in range(9)])
        )
        assert found["list"].tolist() == [BUY_AGAIN] * 3
        assert found["because_stock_code"].isna().all()

    def test_a_customer_of_one_purchase_has_both_lists(self):
        made = lists(frame([("1", "c", "A", 5), ("2", "d", "AB", 9), ("3", "e", "BC", 9)]))
        assert codes(made, BUY_AGAIN) == "A"
        assert codes(made, NEW_FOR_YOU) == "B"

    @pytest.mark.parametrize("rows", [1, 500_000])
    def test_a_customer_of_discontinued_products_has_what_went_with_them(
        self, connection, monkeypatch, rows
    ):
        monkeypatch.setattr(module, "BATCH_ROWS", rows)
        purchases = [("1", "c", "A", 90), ("2", "d", "AB", 80), ("3", "e", "B", 5)]
        found = lists_of(connection, frame(purchases))
        assert codes(found, BUY_AGAIN) == ""
        assert codes(found, NEW_FOR_YOU) == "B"
        assert codes(found, BUY_AGAIN, "d") == "B"

    @pytest.mark.parametrize("recent", ["false", "stock_code = 'B'"])
    def test_a_customer_of_unknown_products_has_no_lists(self, connection, recent):
        found = lists_of(connection, frame([("1", "c", "A", 9), ("2", "d", "B", 5)]), recent=recent)
        assert codes(found, BUY_AGAIN) == codes(found, NEW_FOR_YOU) == ""

    def test_where_everything_is_discontinued_has_no_lists(self, connection):
        assert lists_of(connection, frame([("1", "c", "AB", 90), ("2", "d", "BC", 61)])).empty

    def test_the_last_day_that_counts_is_recent_days_back(self, connection):
        found = lists_of(connection, frame([("1", "c", "A", 60), ("2", "c", "B", 61)]))
        assert codes(found, BUY_AGAIN) == "A"


class TestSettings:
    @pytest.mark.parametrize("name", ["count", "recent_days"])
    @pytest.mark.parametrize("value", [None, 0, -3])
    def test_without_a_meaning_are_refused(self, name, value):
        values = {"count": 10, "recent_days": 60} | {name: value}
        message = f"Recommendations: {name} is {value}; it must be at least 1."
        with pytest.raises(InvalidSettingError, match=message):
            RecommendationSettings(**values)
