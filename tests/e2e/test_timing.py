"""Timing marts of whole builds: the sample, shops too young or without times, and the real data."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from tests.conftest import QUICK, Build

MARTS = [
    "timing_hourly", "timing_daily", "timing_hour_weekday", "timing_monthly", "timing_quarterly",
    "country_performance",
]  # fmt: skip
HEADER = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country\n"


@pytest.mark.parametrize("mart", MARTS)
def test_each_mart_adds_up_to_the_orders_of_the_sample(sample: Build, mart: str) -> None:
    expected = sample.query(
        "select count(*), sum(line_count), sum(gross_revenue), sum(revenue), 1.0 from orders"
    )
    found = sample.query(
        "select sum(order_count), sum(line_count), sum(gross_revenue), sum(revenue), "
        f"round(sum(revenue_share), 9) from {mart}"
    )
    assert found == expected


def test_every_hour_of_the_week_has_its_cell(sample: Build) -> None:
    cells = sample.query(
        "select weekday, order_hour from timing_hour_weekday order by weekday, order_hour"
    )
    assert cells == [(weekday, hour) for weekday in range(7) for hour in range(24)]
    assert sample.query("select order_hour from timing_hourly order by 1") == [
        (hour,) for hour in range(24)
    ]
    segments = sample.query("select count(distinct segment), count(*) from segment_hourly")
    assert segments == [(11, 11 * 24)]
    assert sample.query("select count(*) from segment_daily") == [(11 * 7,)]


def test_the_weekday_index_averages_what_weeks_make_of_it(sample: Build) -> None:
    days = pd.DataFrame(
        sample.query("select order_date, sum(revenue)::double from orders group by 1"),
        columns=["day", "revenue"],
    ).set_index("day")["revenue"]
    days.index = pd.to_datetime(days.index)
    days = days.asfreq("D", fill_value=0)
    weeks = days.groupby(days.index - pd.to_timedelta(days.index.day_of_week, "D"))
    ratio = (7 * days / weeks.transform("sum"))[weeks.transform("size") == 7]
    expected = ratio.groupby(ratio.index.day_of_week).median()
    found = sample.query(
        "select weekday_index, complete_week_count from timing_daily order by weekday"
    )
    np.testing.assert_allclose([index for index, _ in found], expected)
    assert {count for _, count in found} == {len(ratio) // 7}


def assert_components_add_up(build: Build, *, method: str) -> None:
    rows = build.query(
        "select week_start, is_complete, revenue, trend, seasonal, remainder, method "
        "from revenue_decomposition order by week_start"
    )
    assert all(later[0] - earlier[0] == timedelta(7) for earlier, later in pairwise(rows))
    for _, is_complete, revenue, trend, seasonal, remainder, used in rows:
        assert used == (method if is_complete else "none")
        assert (seasonal is not None) == (used == "stl")
        if is_complete:
            assert trend + (seasonal or 0) + remainder == revenue
        else:
            assert (trend, remainder) == (None, None)


def test_a_week_short_of_two_years_there_is_no_season(sample: Build) -> None:
    # the last week of the sample ends on Christmas Eve
    assert_components_add_up(sample, method="trend")
    assert sample.query("select distinct reason from revenue_decomposition where is_complete") == [
        (
            "103 complete weeks; a season needs two years, 104. There is a trend here, and the effect of "
            "weekdays in timing_daily.",
        )
    ]


def test_cohorts_are_those_of_the_orders(sample: Build) -> None:
    orders = pd.DataFrame(
        sample.query("select customer_id, order_date from orders where customer_id is not null"),
        columns=["customer", "day"],
    )
    month = pd.to_datetime(orders["day"]).dt.to_period("M")
    first = month.groupby(orders["customer"]).transform("min")
    since = month.astype("int64") - first.astype("int64")
    expected = orders.groupby([first.rename("cohort"), since.rename("since")])["customer"].nunique()
    found = {
        (pd.Period(cohort, "M"), months): count
        for cohort, months, count in sample.query(
            "select cohort_month, months_since, customer_count from cohort_retention"
        )
    }
    assert {key: count for key, count in found.items() if count} == expected.to_dict()
    last = month.max()
    assert set(found) == {
        (cohort, months) for cohort in first.unique() for months in range((last - cohort).n + 1)
    }


def test_send_times_agree_with_an_independent_calculation(sample: Build) -> None:
    """Variances from customers' counts by numpy, the interval by statsmodels."""
    orders = pd.DataFrame(
        sample.query(
            "select segment, customer_id, extract(hour from ordered_at), isodow(order_date) - 1 "
            "from orders inner join customer_segments using (customer_id)"
        ),
        columns=["segment", "customer", "hour", "weekday"],
    )
    everyone = orders.assign(segment="All customers")
    judged = 0
    for segment, own in pd.concat([orders, everyone]).groupby("segment"):
        for slot in ("hour", "weekday"):
            counts = pd.crosstab(own["customer"], own[slot])
            if counts.to_numpy().sum() < 100 or len(counts) < 30:
                continue
            total = counts.sum().sort_index().sort_values(ascending=False, kind="stable")
            best, second = total.index[:2]
            n, x, y = counts.sum(axis=1), counts[best], counts[second]
            share, difference = x.sum() / n.sum(), (x - y).sum() / n.sum()

            def variance(values: pd.Series, ratio: float, n: pd.Series = n) -> float:
                correction = len(n) / (len(n) - 1)
                return correction * ((values - ratio * n) ** 2).sum() / n.sum() ** 2

            effective = min(n.sum(), share * (1 - share) / variance(x, share))
            interval = proportion_confint(share * effective, effective, method="wilson")
            low = difference - 1.959964 * np.sqrt(variance(x - y, difference))
            name = segment.replace("'", "''")
            found = sample.query(
                f"select best_{slot}, {slot}_share, {slot}_share_low, {slot}_share_high, "
                f"{slot}_orders_per_customer, second_{slot}, second_{slot}_share, "
                f"{slot}_difference_low, {slot}_verdict = 'Ahead of the second best.' "
                f"from send_time_recommendations where segment = '{name}'"
            )[0]
            assert found[:8] == pytest.approx(
                (best, share, *interval, x.sum() / len(n), second, y.sum() / n.sum(), low), abs=1e-6
            )
            assert found[8] == (low > 0)
            judged += 1
    assert judged >= 10


def test_who_has_no_persona_is_told_why(sample: Build) -> None:
    personas = dict(
        sample.query("select timing_persona, count(*) from customers group by timing_persona")
    )
    assert {"No clear pattern", "Weekend Browser", "Business Hours Buyer"} <= set(personas)
    evidence = sample.query(
        """
        select count(*) from customer_timing_personas
        where timing_persona not in ('No clear pattern', 'Weekend Browser')
            and (order_count < 3 or hour_concentration < 0.6)
        """
    )
    assert evidence == [(0,)]
    reasons = sample.query(
        "select distinct split_part(withheld_reason, ':', 1) from customer_timing_personas "
        "where timing_persona = 'No clear pattern' order by 1"
    )
    assert reasons == [("Lines in the preferred hour",), ("Orders",)]


def test_a_young_shop_has_a_trend_and_no_season(small_shop: Build) -> None:
    methods = small_shop.query(
        "select distinct method, reason, seasonal from revenue_decomposition where is_complete"
    )
    assert len(methods) == 1
    method, reason, seasonal = methods[0]
    assert (method, seasonal) == ("trend", None)
    assert "a season needs two years" in reason
    assert small_shop.query("select count(*) from timing_daily where weekday_index is null") == [
        (0,)
    ]
    assert small_shop.query("select count(revenue_change_pct) from timing_monthly") == [(0,)]
    withheld = small_shop.query(
        "select hour_verdict, best_hour, hour_share from send_time_recommendations "
        "where hour_order_count < 100"
    )
    assert withheld
    for verdict, hour, share in withheld:
        assert verdict.startswith(("Too few: ", "Nobody is in the segment."))
        assert (hour, share) == (None, None)


@pytest.fixture(scope="module")
def tuesdays(build: Callable[..., Build], tmp_path_factory: pytest.TempPathFactory) -> Build:
    """Forty customers who order every second Tuesday, in a file with dates but no times."""
    path = tmp_path_factory.mktemp("input") / "tuesdays.csv"
    lines = [
        f"{customer}-{week},MUG,MUG,1,{date(2024, 1, 2) + timedelta(7 * week):%Y-%m-%d},2.50,{customer},France\n"
        for customer in range(40)
        for week in range(customer % 2, 12, 2)
    ]
    path.write_text(HEADER + "".join(lines), encoding="utf-8")
    return build(path, **QUICK)


def test_dates_without_times_have_no_hour_but_a_weekday(tuesdays: Build) -> None:
    hours = tuesdays.query("select order_hour, order_count from timing_hourly")
    assert hours == [(None, 240)]
    cells = "select weekday_name, order_hour, order_count from timing_hour_weekday where order_count > 0"
    assert tuesdays.query(cells) == [("Tuesday", None, 240)]
    send_time = tuesdays.query(
        """
        select best_hour, hour_share, hour_verdict, best_weekday_name, weekday_share,
               round(weekday_share_low, 3), weekday_share_high, second_weekday, weekday_difference_low,
               weekday_verdict
        from send_time_recommendations where segment = 'All customers'
        """
    )
    assert send_time == [
        (None, None, "The orders have no time of day.", "Tuesday", 1, 0.984, 1, None, None, "All orders fall in it.")
    ]  # fmt: skip
    personas = tuesdays.query(
        "select timing_persona, withheld_reason, count(*) from customer_timing_personas group by all"
    )
    assert personas == [
        (
            "No clear pattern",
            "Orders with a time of day: 0 of 6; the preferred hour is not known.",
            40,
        )
    ]


def test_a_shop_of_one_weekday_has_seven_and_one_of_them_sells(tuesdays: Build) -> None:
    days = tuesdays.query(
        "select weekday_name, order_count, weekday_index from timing_daily order by weekday"
    )
    assert days[1] == ("Tuesday", 240, 7)
    assert {(count, index) for name, count, index in days if name != "Tuesday"} == {(0, 0)}
    trend = tuesdays.query(
        "select distinct trend, method from revenue_decomposition where is_complete"
    )
    assert trend == [(Decimal("50.0000"), "trend")]


@pytest.mark.realdata
def test_the_real_shop_sells_on_weekdays_at_midday(real: Build) -> None:
    share = real.query(
        "select sum(revenue_share) from timing_hour_weekday "
        "where weekday <= 3 and order_hour between 10 and 14"
    )[0][0]
    assert share == pytest.approx(0.4598, abs=0.00005)
    assert real.query("select sum(order_count), sum(revenue) from timing_hourly") == real.query(
        "select count(*), sum(revenue) from orders"
    )
    best = real.query(
        "select best_hour, hour_verdict, best_weekday_name, weekday_verdict "
        "from send_time_recommendations where segment = 'All customers'"
    )
    assert best == [
        (12, "Ahead of the second best.", "Thursday", "Ahead of the second best."),
    ]


@pytest.mark.realdata
def test_later_orders_keep_to_a_habit_only_where_it_is_clear(real: Build) -> None:
    """Why personas need 60 % of lines in the preferred hour: with less, the hour foretells nothing."""
    rows = real.query(
        """
        with
            habits as (
                select
                    as_of_date,
                    customer_id,
                    case when preferred_hour < 12 then 9 else 12 end as first_hour,
                    case when preferred_hour < 12 then 11 else 17 end as last_hour,
                    hour_concentration >= 0.6 as is_clear
                from customer_features
                where frequency >= 3 and weekend_ratio <= 0.5 and preferred_hour between 9 and 17
                    and as_of_date < (select max(as_of_date) from customers)
            ),

            later as (
                select
                    habits.*,
                    extract(hour from orders.ordered_at) between first_hour and last_hour as is_kept
                from habits
                inner join orders using (customer_id)
                where orders.order_date >= as_of_date and orders.order_date < as_of_date + 90
            ),

            base as (
                select
                    avg((extract(hour from ordered_at) between 9 and 11)::integer) as morning,
                    avg((extract(hour from ordered_at) between 12 and 17)::integer) as midday
                from orders where customer_id is not null
            )

        select
            avg(is_kept::integer) filter (where is_clear)
            - avg(case when first_hour = 9 then morning else midday end) filter (where is_clear),
            avg(is_kept::integer) filter (where not is_clear)
            - avg(case when first_hour = 9 then morning else midday end) filter (where not is_clear)
        from later cross join base
        """
    )
    clear, unclear = rows[0]
    assert clear > 0.06
    assert unclear < 0.03


@pytest.mark.realdata
def test_two_years_of_weeks_have_a_season(real: Build) -> None:
    assert_components_add_up(real, method="stl")
    # exactly two: the season is the mean of both, highest before Christmas, lowest when the shop is closed
    assert real.query(
        "select count(*), count(distinct seasonal), arg_max(week_start, seasonal), arg_min(week_start, seasonal) "
        "from (from revenue_decomposition where is_complete and week_start < date '2010-12-06')"
    ) == [(52, 52, date(2010, 11, 8), date(2009, 12, 28))]
