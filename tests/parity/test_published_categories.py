"""The published taxonomies, applied to each line's own description, give the published totals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from tests.conftest import Build, run_dbt
from tests.parity import segmentations
from tests.parity.segmentations import GROUP_SHARES, read_customers
from tests.parity.test_published import LATEST, PUBLISHED

pytestmark = pytest.mark.realdata

GROUPS = {
    "Bags": "bags_share",
    "Kitchen": "kitchen_share",
    "HomeDecor": "home_decor_share",
    "Toys": "toys_share",
    "Other": "other_share",
}


@pytest.mark.parametrize("expected", PUBLISHED["categories"], ids=lambda row: row["category"])
def test_each_category_has_the_totals_published(parity: Build, expected: dict[str, Any]) -> None:
    invoices, customers, revenue = parity.query_warehouse(
        f"""
        select count(distinct order_id), count(distinct customer_id), sum(amount)
        from main_intermediate.int_line_categories
        where disposition = 'sale' and category = '{expected["category"]}'
        """
    )[0]
    assert invoices == expected["invoices"]
    assert customers == expected["customers"]
    # published in whole pounds
    assert float(revenue) == pytest.approx(expected["revenue"], rel=0, abs=0.5)


def test_the_mart_has_the_published_customers_and_revenue(parity: Build) -> None:
    found = parity.query(
        "select category, count(*), sum(revenue)::double from customer_category_shares "
        f"where {LATEST} group by category order by category"
    )
    published = sorted(
        (row["category"], row["customers"], row["revenue"]) for row in PUBLISHED["categories"]
    )
    assert [row[:2] for row in found] == [row[:2] for row in published]
    assert [row[2] for row in found] == pytest.approx([row[2] for row in published], abs=0.5)


def test_the_five_groups_give_the_published_segments(
    parity: Build, real_data: Path, tmp_path: Path
) -> None:
    """Published are only the segments made of the groups' shares: the same shares, the same segments."""
    warehouse = parity.copied_warehouse(tmp_path)
    variables = json.dumps({"category_taxonomy": "five_groups"})
    model = ("-s", "int_description_categories")
    run_dbt("run", *model, "--vars", variables, warehouse=warehouse, target=tmp_path)

    year = sorted(real_data.glob("*.parquet"))[1]
    customers = read_customers(year, kept_lines=segmentations.MIXED_LINES, without_duplicates=True)
    sums = ", ".join(
        f"coalesce(sum(revenue) filter (where category = '{group}'), 0)::double "
        f"/ sum(revenue)::double as {share}"
        for group, share in GROUPS.items()
    )
    query = f"""
        with lines as (
            select distinct
                Invoice as invoice, StockCode as stock_code, Description as description,
                Quantity as quantity, InvoiceDate as sold_at, Price::decimal(18, 4) as price,
                "Customer ID"::bigint as customer_id, Country as country
            from read_parquet($path)
        )
        select customer_id, {sums}
        from (select *, quantity * price as revenue from lines) as priced
        inner join main_intermediate.int_description_categories as categories
            on upper(trim(priced.description)) = categories.description
        where customer_id is not null and {segmentations.MIXED_LINES}
        group by customer_id
        order by customer_id
    """
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        found = connection.execute(query, {"path": str(year)}).df()
    assert found["customer_id"].tolist() == customers["customer_id"].tolist()
    assert (found[GROUP_SHARES] == customers[GROUP_SHARES]).all(axis=None)

    segments = segmentations.mixed(customers.assign(**found[GROUP_SHARES]))
    expected = PUBLISHED["segmentations"]["mixed"]["k_means"]
    revenue = segments.groupby("k_means")["monetary"].agg(["size", "sum"])
    assert revenue["size"].tolist() == [cluster["customers"] for cluster in expected]
    assert revenue["sum"].tolist() == pytest.approx(
        [cluster["revenue"] for cluster in expected], rel=0, abs=0.000501
    )
