"""What is bought together, and what is recommended, in finished builds."""

from __future__ import annotations

import math

import duckdb
import pandas as pd
import pytest

from regulars.baskets.backtest import backtest_recommendations
from regulars.baskets.recommend import RecommendationSettings, read_purchases
from tests.conftest import Build

LIVE_DAYS = 60


def test_pairs_count_orders_as_plain_sql_does(sample: Build) -> None:
    differences = """
        with baskets as (
            select distinct order_id, stock_code
            from order_lines
            where customer_id is not null and order_id not in (
                select order_id from order_lines where customer_id is not null
                group by order_id having count(distinct stock_code) > 100
            )
        ),
        orders as (select count(distinct order_id) as n from baskets),
        pairs as (
            select a.stock_code as stock_code_a, b.stock_code as stock_code_b, count(*) as n
            from baskets as a inner join baskets as b
                on a.order_id = b.order_id and a.stock_code < b.stock_code
            group by all
            having count(*) >= 0.001 * (select n from orders)
        )
        select count(*)
        from pairs full join product_pairs using (stock_code_a, stock_code_b)
        where pairs.n is distinct from product_pairs.orders_with_both
    """
    assert sample.query(differences) == [(0,)]
    assert sample.query("select count(*) > 100 from product_pairs") == [(True,)]


@pytest.mark.parametrize(
    ("column", "rule_column"),
    [
        ("support", "support"),
        ("confidence_a_to_b", "confidence"),
        ("lift", "lift"),
        ("leverage", "leverage"),
        ("conviction_a_to_b", "conviction"),
    ],
)
def test_sql_and_mlxtend_agree_on_every_rule_they_share(
    sample: Build, column: str, rule_column: str
) -> None:
    turned = column.replace("a_to_b", "b_to_a")
    rows = sample.query(
        f"""
        select rules.{rule_column},
            case when antecedents = category_a then pairs.{column} else pairs.{turned} end
        from basket_rules as rules
        inner join category_pairs as pairs
            on least(antecedents, consequents) = category_a
            and greatest(antecedents, consequents) = category_b
        where level = 'category' and item_count = 2 and pairs.segment = 'All customers'
        union all
        select rules.{rule_column},
            case when split_part(antecedents, ' ', 1) = stock_code_a
                then pairs.{column} else pairs.{turned} end
        from basket_rules as rules
        inner join product_pairs as pairs
            on least(split_part(antecedents, ' ', 1), split_part(consequents, ' ', 1)) = stock_code_a
            and greatest(split_part(antecedents, ' ', 1), split_part(consequents, ' ', 1)) = stock_code_b
        where level = 'product' and item_count = 2
        """
    )
    assert len(rows) > 50
    for by_mlxtend, by_sql in rows:
        assert (by_mlxtend is None) == (by_sql is None)
        assert by_sql is None or math.isclose(by_mlxtend, by_sql, rel_tol=1e-12, abs_tol=1e-12)


def test_pairs_of_segments_add_up_to_those_of_all(sample: Build) -> None:
    assert sample.query(
        """
        select count(*) from (
            select category_a, category_b,
                sum(case when segment <> 'All customers' then orders_with_both else 0 end)
                - sum(case when segment = 'All customers' then orders_with_both else 0 end) as rest
            from category_pairs group by all
        ) where rest <> 0
        """
    ) == [(0,)]


def test_wholesale_orders_are_set_apart_and_counted(sample: Build) -> None:
    assert sample.query(
        """
        select order_count + set_apart_order_count
            - (select count(*) from orders where customer_id is not null)
        from basket_counts where level = 'product'
        """
    ) == [(0,)]


def test_the_matrix_has_every_cell_and_is_symmetric(sample: Build) -> None:
    rows = sample.query(
        "select category, other_category, orders_with_both, lift from category_copurchase_matrix"
    )
    cells = {(a, b): (count, lift) for a, b, count, lift in rows}
    names = {a for a, _ in cells}
    assert len(cells) == len(names) ** 2
    assert all(cells[a, b] == cells[b, a] for a, b in cells)
    assert all((lift is None) == (a == b) for (a, b), (_, lift) in cells.items())


def test_the_two_lists_are_apart_and_hold_goods_that_are_still_sold(sample: Build) -> None:
    wrong = sample.query(
        f"""
        with bought as (
            select distinct customer_id, stock_code from order_lines where customer_id is not null
        )
        select
            count(case when list = 'new_for_you' and bought.stock_code is not null then 1 end),
            count(case when list = 'buy_again' and bought.stock_code is null then 1 end),
            count(case when products.last_sold_date
                < (select max(as_of_date) from customers) - {LIVE_DAYS} then 1 end),
            count(case when rank > 10 then 1 end),
            count(case when reason = '' then 1 end)
        from product_recommendations as recommended
        inner join products using (stock_code)
        left join bought
            on recommended.customer_id = bought.customer_id
            and recommended.stock_code = bought.stock_code
        """
    )
    assert wrong == [(0, 0, 0, 0, 0)]
    assert sample.query("select count(distinct list) from product_recommendations") == [(2,)]


def test_no_code_that_is_no_product_is_recommended(sample: Build) -> None:
    assert sample.query(
        "select count(*) from product_recommendations where stock_code not in "
        "(select stock_code from order_lines)"
    ) == [(0,)]
    assert sample.query_warehouse(
        "select count(*) from main.product_recommendations as recommended "
        "inner join main_seeds.non_product_codes as codes "
        "on codes.match = 'exact' and recommended.stock_code = codes.stock_code"
    ) == [(0,)]


def test_due_products_come_first(sample: Build) -> None:
    assert sample.query(
        """
        select count(*) from product_recommendations as one
        inner join product_recommendations as next
            on one.customer_id = next.customer_id and one.list = next.list
            and one.rank + 1 = next.rank
        where one.list = 'buy_again' and next.is_due and not one.is_due
        """
    ) == [(0,)]


def test_a_product_new_to_the_customer_is_explained_by_one_of_theirs(sample: Build) -> None:
    assert sample.query(
        """
        select count(*) from product_recommendations
        where list = 'new_for_you' and (
            orders_together < 1 or because_stock_code not in (
                select stock_code from order_lines
                where order_lines.customer_id = product_recommendations.customer_id
            )
        )
        """
    ) == [(0,)]


def test_a_shop_too_young_has_no_backtest_and_still_its_lists(small_shop: Build) -> None:
    assert small_shop.query("select count(*) > 0 from product_recommendations") == [(True,)]
    origins = small_shop.query("select count(distinct origin) from recommendation_backtest")
    assert origins[0][0] <= 1


@pytest.mark.realdata
def test_recommendations_of_the_real_data_hit_as_often_as_asked(real: Build) -> None:
    rows = real.query(
        "select task, origin, hit_rate, lead_low from recommendation_backtest "
        "where method = 'ours' order by task, origin"
    )
    rates = {task: [rate for of, _, rate, _ in rows if of == task] for task, *_ in rows}
    assert all(rate >= 0.33 for rate in rates["new_for_you"])
    assert sum(rates["rest_of_basket"]) / 2 >= 0.30
    beaten = real.query(
        "select count(*) from recommendation_backtest where method <> 'ours' and lead_low <= 0"
    )
    assert beaten == [(0,)]


@pytest.mark.realdata
@pytest.mark.parametrize(
    ("origin", "new_for_you", "rest_of_basket"),
    [("2011-06-12", 0.494, 0.319), ("2011-09-10", 0.449, 0.295)],
)
def test_recommendations_at_the_judged_dates_hit_as_documented(
    real: Build, origin: str, new_for_you: float, rest_of_basket: float
) -> None:
    settings = RecommendationSettings(count=10, recent_days=LIVE_DAYS)
    with duckdb.connect(str(real.warehouse), read_only=True) as connection:
        purchases = read_purchases(connection.table("main_intermediate.int_basket_products"))
    judged = backtest_recommendations(purchases, origin=pd.Timestamp(origin), settings=settings)
    ours = judged[judged["method"] == "ours"].set_index("task")["hit_rate"]
    assert ours["new_for_you"] == pytest.approx(new_for_you, abs=5e-4)
    assert ours["rest_of_basket"] == pytest.approx(rest_of_basket, abs=5e-4)
    assert (judged.loc[judged["method"] != "ours", "lead_low"] > 0).all()


@pytest.mark.realdata
def test_rules_and_pairs_of_the_real_data_agree_and_say_something(real: Build) -> None:
    test_pairs_count_orders_as_plain_sql_does(real)
    assert real.query(
        "select order_count, set_apart_order_count from basket_counts where level = 'product'"
    ) == [(36_099, 384)]
    best = real.query(
        "select description_a, description_b from product_pairs order by pair_rank limit 1"
    )
    assert best == [("LANDMARK FRAME OXFORD STREET", "LANDMARK FRAME COVENT GARDEN")]
