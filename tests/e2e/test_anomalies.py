"""Anomalies and trends of whole builds: the sample, a shop too young, and what docs/anomalies.md says of real data."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd
import pymannkendall
import pytest

from tests.conftest import Build

FLAGGED = (
    "select period_type, period_start, direction, largest_order_id, is_one_order "
    "from revenue_anomalies where is_anomaly order by period_type, period_start"
)


def test_every_day_and_week_has_its_row(sample: Build) -> None:
    days, weeks = (
        sample.query(
            "select min(period_start), max(period_start), count(*), sum(revenue) "
            f"from revenue_anomalies where period_type = '{kind}'"
        )[0]
        for kind in ("day", "week")
    )
    assert (days[1] - days[0]).days + 1 == days[2]
    assert (weeks[1] - weeks[0]).days // 7 + 1 == weeks[2]
    assert days[3] == weeks[3] == sample.query("select sum(revenue) from orders")[0][0]


def test_the_closure_of_the_first_christmas_is_news_and_a_usual_saturday_is_not(
    sample: Build,
) -> None:
    assert ("day", date(2023, 12, 25), "drop", None, False) in sample.query(FLAGGED)
    assert sample.query(
        "select count(*) from revenue_anomalies where weekday = 5 and anomaly_score is not null"
    ) == [(0,)]
    flagged = sample.query("select count(*) from revenue_anomalies where is_anomaly")[0][0]
    assert 1 <= flagged <= 10


def test_the_largest_order_is_that_of_the_orders(sample: Build) -> None:
    rows = sample.query(
        """
        select revenue_anomalies.largest_order_revenue, max(orders.revenue)
        from revenue_anomalies
        inner join orders on orders.order_date between period_start and period_end
        group by period_type, period_start, largest_order_revenue
        """
    )
    assert len(rows) > 700
    assert all(found == expected for found, expected in rows)


def test_every_sentence_is_whole(sample: Build) -> None:
    for mart in ("revenue_anomalies", "category_trends", "customer_anomalies"):
        sentences = [text for (text,) in sample.query(f"select sentence from {mart}")]
        assert sentences
        assert all(text.endswith(".") and "  " not in text for text in sentences)


def test_trends_of_the_sample_are_pymannkendalls(sample: Build) -> None:
    months = pd.DataFrame(
        sample.query_warehouse(
            "select category, month_start, revenue::double "
            "from main_intermediate.int_category_months order by 1, 2"
        ),
        columns=["category", "month", "revenue"],
    )
    found = sample.query(
        "select category, s_statistic, tau, sen_slope::double from category_trends"
    )
    assert len(found) >= 10
    for category, s, tau, slope in found:
        # seasons of whole years: they pad what is missing at the end
        values = months.loc[months["category"] == category, "revenue"].to_numpy()
        reference = pymannkendall.seasonal_test(values, period=12)
        np.testing.assert_allclose(
            [s, tau, slope], [reference.s, reference.Tau, reference.slope / 12], atol=1e-4
        )


def test_every_customer_is_judged_and_few_are_unusual(sample: Build) -> None:
    everyone, judged, unusual, wrongly = sample.query(
        """
        select
            (select count(*) from customers), count(anomaly_score), sum(is_unusual::int),
            count(*) filter (is_unusual <> (top_feature_1 is not null))
        from customer_anomalies
        """
    )[0]
    assert everyone == judged
    assert 0 < unusual < 0.01 * everyone
    assert wrongly == 0


def test_a_young_shop_says_why_nothing_is_judged(small_shop: Build) -> None:
    weeks = small_shop.query(
        "select distinct reason from revenue_anomalies where period_type = 'week'"
    )
    assert all(reason for (reason,) in weeks)
    trends = small_shop.query("select distinct reason from category_trends")
    assert trends
    assert all(reason and "a trend needs 18" in reason for (reason,) in trends)
    assert small_shop.query("select distinct sentence from customer_anomalies") == [
        ("Not judged: there are too few customers to compare with.",)
    ]


@pytest.mark.realdata
def test_what_is_found_in_the_real_data_is_what_the_page_says(real: Build) -> None:
    assert real.query(FLAGGED) == [
        ("day", date(2010, 4, 2), "drop", None, False),
        ("day", date(2010, 5, 3), "drop", None, False),
        ("day", date(2010, 5, 31), "drop", None, False),
        ("day", date(2010, 8, 30), "drop", None, False),
        ("day", date(2010, 9, 27), "spike", "524181", True),
        ("day", date(2010, 12, 19), "drop", "539465", False),
        ("day", date(2010, 12, 22), "drop", "539761", False),
        ("day", date(2010, 12, 23), "drop", "539958", False),
        ("day", date(2011, 1, 16), "drop", "541266", False),
        ("day", date(2011, 2, 6), "drop", "543276", False),
        ("day", date(2011, 3, 29), "spike", "548203", True),
        ("day", date(2011, 4, 29), "drop", None, False),
        ("week", date(2010, 12, 20), "drop", "539750", False),
        ("week", date(2011, 1, 3), "spike", "540267", False),
    ]
    assert real.query("select count(*) from revenue_anomalies where reason like 'Closed, as%'") == [
        (15,)
    ]


@pytest.mark.realdata
def test_the_giant_orders_that_were_reversed_are_nowhere(real: Build) -> None:
    days = real.query(
        "select period_start, is_anomaly from revenue_anomalies "
        "where period_type = 'day' and period_start in (date '2011-01-18', date '2011-12-09')"
    )
    assert sorted(days) == [(date(2011, 1, 18), False), (date(2011, 12, 9), False)]
    customers = real.query(
        "select customer_id, anomaly_rank, is_unusual from customer_anomalies "
        "where customer_id in ('12346', '16446', '14646') order by anomaly_rank"
    )
    assert [row[0] for row in customers] == ["14646", "16446", "12346"]
    assert customers[0][1:] == (1, True)
    assert not any(is_unusual for _, _, is_unusual in customers[1:])
    assert 25 <= real.query("select sum(is_unusual::int) from customer_anomalies")[0][0] <= 40


@pytest.mark.realdata
def test_trends_of_the_real_data_are_those_of_the_page(real: Build) -> None:
    assert real.query(
        "select category, trend from category_trends where is_significant order by category"
    ) == [
        ("JEWELLERY & ACCESSORIES", "decreasing"),
        ("KITCHEN & HOUSEHOLD", "increasing"),
        ("ORNAMENTS & DECORATIONS", "decreasing"),
        ("OTHER", "decreasing"),
        ("TABLEWARE & DINING", "decreasing"),
    ]
