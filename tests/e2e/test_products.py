"""Products and categories of the sample, against the same figures calculated another way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import confint_proportions_2indep

from tests.conftest import Build, run_dbt


@pytest.fixture(scope="module")
def bought(sample: Build) -> pd.DataFrame:
    """One row per customer and category bought from: segment, revenue."""
    rows = sample.query(
        "select segment, customer_id, category, revenue::double from customer_category_shares "
        "inner join customer_segments using (as_of_date, customer_id)"
    )
    return pd.DataFrame(rows, columns=["segment", "customer_id", "category", "revenue"])


@pytest.fixture(scope="module")
def sizes(sample: Build) -> pd.Series:
    """Customers of each segment."""
    return pd.Series(
        dict(sample.query("select segment, count(*) from customer_segments group by segment"))
    )


def test_each_product_has_its_category_and_the_keyword_that_decided(sample: Build) -> None:
    rows = sample.query(
        "select description, categories.category, products.category, keyword, priority "
        "from product_categories as categories inner join products using (stock_code, description)"
    )
    assert len(rows) == sample.query("select count(*) from products")[0][0] > 100
    for description, category, same_category, keyword, priority in rows:
        assert category == same_category
        assert (keyword is None) == (priority is None) == (category == "OTHER")
        assert keyword is None or keyword.split()[0] in description


def test_categories_add_up_to_what_their_lines_sum_to(sample: Build) -> None:
    lines = pd.DataFrame(
        sample.query(
            "select category, order_id, customer_id, sold_date, gross_revenue::double, "
            "unit_price::double from order_lines inner join product_categories using (stock_code)"
        ),
        columns=["category", "order_id", "customer_id", "sold_date", "gross", "price"],
    )
    returns = pd.DataFrame(
        sample.query(
            "select category, returned_date, returned_revenue::double "
            "from returns inner join product_categories using (stock_code)"
        ),
        columns=["category", "returned_date", "returned"],
    )
    as_of = sample.query("select max(as_of_date) from customers")[0][0]
    rows = sample.query(
        "select category, order_count, customer_count, revenue::double, avg_order_value, "
        "median_unit_price, revenue_share, revenue_last_90d::double, revenue_previous_90d::double, "
        "revenue_same_90d_last_year::double, revenue_last_365d::double from category_performance"
    )
    assert sum(row[6] for row in rows) == pytest.approx(1)
    for category, orders, customers, revenue, order_value, price, _, *windows in rows:
        sold = lines[lines["category"] == category]
        back = returns[returns["category"] == category]
        expected = sold["gross"].sum() - back["returned"].sum()
        assert (orders, customers) == (sold["order_id"].nunique(), sold["customer_id"].nunique())
        assert revenue == pytest.approx(expected)
        if orders:
            assert order_value == pytest.approx(expected / orders)
            assert price == pytest.approx(sold["price"].median())
        sold_age = (pd.Timestamp(as_of) - pd.to_datetime(sold["sold_date"])).dt.days
        back_age = (pd.Timestamp(as_of) - pd.to_datetime(back["returned_date"])).dt.days
        for found, (youngest, oldest) in zip(
            windows, [(1, 90), (91, 180), (366, 455), (1, 365)], strict=True
        ):
            window = (
                sold["gross"][sold_age.between(youngest, oldest)].sum()
                - back["returned"][back_age.between(youngest, oldest)].sum()
            )
            assert found == pytest.approx(window, abs=1e-6), category


def test_shares_of_segments_are_those_of_their_customers(
    sample: Build, bought: pd.DataFrame, sizes: pd.Series
) -> None:
    revenue = bought.pivot_table(
        index="segment", columns="category", values="revenue", aggfunc="sum", fill_value=0
    )
    buyers = bought.groupby(["segment", "category"]).size()
    overall = revenue.sum() / revenue.to_numpy().sum()
    rows = sample.query(
        "select segment, category, customer_count, penetration, all_penetration, revenue_share, "
        "all_revenue_share, revenue_index from segment_category_shares"
    )
    assert len(rows) == 11 * revenue.shape[1]
    for segment, category, count, penetration, everyone, share, all_share, index in rows:
        assert count == buyers.get((segment, category), 0)
        assert everyone == pytest.approx(buyers.xs(category, level=1).sum() / sizes.sum())
        assert all_share == pytest.approx(overall[category])
        if segment not in sizes:
            assert (penetration, share, index) == (None, None, None)
            continue
        assert penetration == pytest.approx(count / sizes[segment])
        expected = revenue.loc[segment, category] / revenue.loc[segment].sum()
        assert share == pytest.approx(expected)
        assert index == pytest.approx(100 * expected / overall[category])


def test_gaps_are_all_that_there_are_with_newcombes_interval(
    sample: Build, bought: pd.DataFrame, sizes: pd.Series
) -> None:
    below = sample.query(
        "select segment, category from segment_category_shares "
        "where revenue_share < all_revenue_share order by all"
    )
    rows = sample.query(
        "select segment, category, gap_rank, revenue_gap::double, customers_without_count, "
        "penetration_difference, penetration_difference_low, penetration_difference_high, "
        "is_within_chance from cross_sell_gaps order by segment, category"
    )
    assert [row[:2] for row in rows] == below
    assert len(rows) > 20
    for segment in {row[0] for row in rows}:
        ranked = sorted((row for row in rows if row[0] == segment), key=lambda row: row[2])
        assert [row[2] for row in ranked] == list(range(1, len(ranked) + 1))
        assert np.all(np.diff([row[3] for row in ranked]) <= 0)
    for segment, category, _, _, without, difference, low, high, is_chance in rows:
        buyers = bought[bought["category"] == category]
        count = int((buyers["segment"] == segment).sum())
        others, other_size = len(buyers) - count, sizes.sum() - sizes[segment]
        assert without == sizes[segment] - count
        assert difference == pytest.approx(count / sizes[segment] - others / other_size)
        interval = confint_proportions_2indep(
            count, sizes[segment], others, other_size, method="newcomb", compare="diff"
        )
        assert (low, high) == pytest.approx(interval, abs=1e-9)
        assert is_chance == (low <= 0 <= high)


def test_lines_with_categories_are_those_of_orders(sample: Build) -> None:
    columns = (
        "order_line_id, order_id, customer_id, stock_code, sold_date, unit_price, gross_quantity,"
        " gross_revenue"
    )
    ours = f"select {columns} from main_intermediate.int_order_line_categories"
    theirs = f"select {columns} from main.order_lines"
    for one, other in ((ours, theirs), (theirs, ours)):
        assert sample.query_warehouse(f"{one} except all {other}") == []
    assert sample.query_warehouse("select count(*) > 0 from main.order_lines") == [(True,)]


@pytest.mark.parametrize(
    ("command", "variable", "message"),
    [
        (
            ("compile", "-s", "int_line_categories"),
            "category_source: products",
            "var category_source is 'products'; it must be product or line",
        ),
        (
            ("test", "-s", "assert_category_taxonomy_has_rules"),
            "category_taxonomy: defualt",
            "Failure in test assert_category_taxonomy_has_rules",
        ),
    ],
)
def test_a_misspelt_setting_is_named(
    sample: Build, tmp_path: Path, command: tuple[str, ...], variable: str, message: str
) -> None:
    with pytest.raises(AssertionError, match=message):
        run_dbt(
            *command,
            *("--vars", f"{{{variable}}}"),
            warehouse=sample.copied_warehouse(tmp_path),
            target=tmp_path,
        )
