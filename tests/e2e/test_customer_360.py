"""customer_360 repeats its sources, row by row; the portfolio's health follows from them."""

from __future__ import annotations

import pytest

from tests.conftest import Build

SCORES_LEFT_OUT = {"churn_model_reason", "value_model_reason", "next_purchase_model_reason"}
KEYS = {"as_of_date", "customer_id"}


def columns(build: Build, mart: str) -> list[str]:
    return [name for (name,) in build.query(f"select column_name from (describe {mart})")]


def test_every_customer_has_one_row(sample: Build) -> None:
    found = sample.query("select count(*), count(distinct customer_id) from customer_360")
    assert found == sample.query("select count(*), count(*) from customers")


@pytest.mark.parametrize("mart", ["customer_features", "customer_scores", "customer_rfm"])
def test_columns_are_those_of_their_mart(sample: Build, mart: str) -> None:
    own = columns(sample, mart)
    shared = [name for name in own if name in columns(sample, "customer_360")]
    assert set(own) - set(shared) <= SCORES_LEFT_OUT
    assert set(shared) > KEYS
    names = ", ".join(shared)
    for first, second in (("customer_360", mart), (mart, "customer_360")):
        differing = sample.query(
            f"select {names} from {first} where as_of_date = (select max(as_of_date) from customers) "
            f"except select {names} from {second}"
        )
        assert differing == []


def test_clusters_are_those_of_each_recipe(sample: Build) -> None:
    recipes = [recipe for (recipe,) in sample.query("select recipe from cluster_runs")]
    assert len(recipes) == 8
    for recipe in recipes:
        differing = sample.query(
            f"select customer_id, cluster_{recipe} from customer_360 except "
            f"select customer_id, cluster_name from customer_clusters where recipe = '{recipe}'"
        )
        assert differing == []


def test_reasons_and_recommendations_are_the_first_three(sample: Build) -> None:
    for place in (1, 2, 3):
        for score, task in (("churn", "churn_90d"), ("value", "value_90d")):
            found = sample.query(
                f"select customer_id, {score}_reason_{place} from customer_360 "
                f"where {score}_reason_{place} is not null order by 1"
            )
            assert found == sample.query(
                f"select customer_id, sentence from customer_score_reasons "
                f"where task = '{task}' and reason_rank = {place} order by 1"
            )
        for products in ("buy_again", "new_for_you"):
            found = sample.query(
                f"select customer_id, {products}_{place}_stock_code, {products}_{place}_description "
                f"from customer_360 where {products}_{place}_stock_code is not null order by 1"
            )
            assert found == sample.query(
                "select customer_id, stock_code, description from product_recommendations "
                f"where list = '{products}' and rank = {place} order by 1"
            )
            assert len(found) > 1000


def test_the_last_change_of_segment_is_that_of_the_history(sample: Build) -> None:
    # as the segments of the last two month ends in which they differ
    expected = sample.query(
        """
        with pairs as (
            select
                customer_id, as_of_date, segment,
                lag(segment) over (partition by customer_id order by as_of_date) as segment_before
            from segment_history
        )
        select customer_id, max(as_of_date), max_by(segment_before, as_of_date), max_by(segment, as_of_date)
        from pairs
        where segment_before <> segment
        group by customer_id order by customer_id
        """
    )
    found = sample.query(
        "select customer_id, segment_changed_date, segment_changed_from, segment_changed_to "
        "from customer_360 where segment_changed_from is not null order by customer_id"
    )
    assert len(found) > 1000
    assert found == expected
    assert sample.query(
        "select count(*) from customer_360 where segment_changed_date is not null and segment_change_cause is null"
    ) == [(0,)]


def test_the_health_is_the_weighted_mean_of_its_components(sample: Build) -> None:
    *components, overall = sample.query(
        "select component, weight, value, score, sentence from portfolio_health order by display_order"
    )
    assert overall[0] == "overall"
    measured = [row for row in components if row[3] is not None]
    assert len(measured) == 6
    assert sum(weight for _, weight, _, _, _ in measured) == pytest.approx(1)
    assert sum(weight * score for _, weight, _, score, _ in measured) == pytest.approx(overall[3])
    # the sample is a week short of two years
    assert [row[0] for row in components if row[3] is None] == ["revenue_growth_year"]
    values = {row[0]: row[2] for row in components}
    repeat, last_year = sample.query(
        "select avg((frequency >= 2)::integer), sum(revenue_last_365d) from customer_360"
    )[0]
    assert values["repeat_customers"] == pytest.approx(repeat)
    assert last_year > 0
    assert values["healthy_segments"] == pytest.approx(
        sample.query(
            "select sum(revenue_share) from segment_profiles where as_of_date = (select max(as_of_date) "
            "from customers) and segment in ('Champions', 'Loyal Customers', 'Potential Loyalists', "
            "'Recent Customers', 'Promising')"
        )[0][0]
    )
    quarter = next(row[4] for row in components if row[0] == "revenue_growth_quarter")
    revenue = sample.query("select sum(revenue_last_90d) from customer_360")[0][0]
    assert f"Revenue of the last 90 days is GBP {revenue:,.0f}," in quarter
    assert values["revenue_at_risk"] == pytest.approx(
        sample.query(
            "select sum(value_at_risk_90d) / sum(value_if_active_90d) from customer_scores"
        )[0][0],
        abs=1e-6,
    )


def test_a_shop_too_young_for_models_says_what_is_left_out(small_shop: Build) -> None:
    sentences = dict(
        small_shop.query("select component, sentence from portfolio_health where score is null")
    )
    assert {"revenue_growth_year", "revenue_growth_quarter", "revenue_at_risk"} <= set(sentences)
    assert all(sentence.startswith("Left out. ") for sentence in sentences.values())
    assert small_shop.query("select count(*) from customer_360 where withheld_reason is null") == [
        (0,)
    ]
