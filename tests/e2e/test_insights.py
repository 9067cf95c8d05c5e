"""Alerts, opportunities and the health score of whole builds, against the same figures calculated another way."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from tests.conftest import Build


def test_each_rule_was_checked_or_says_why_not(sample: Build, small_shop: Build) -> None:
    rules = sample.query_warehouse("select count(*) from main_seeds.alert_rules")[0][0]
    for build in (sample, small_shop):
        rows = build.query(
            "select alert, status, measured_count, fired_count, statement from alert_checks"
        )
        assert len(rows) == rules
        fired = dict(build.query("select alert, count(*) from alerts group by alert"))
        for alert, status, measured, firing, statement in rows:
            assert statement
            assert firing == fired.get(alert, 0)
            assert (status == "NOT CHECKED") == (measured == 0)
            assert (status in {"RED", "AMBER"}) == (firing > 0)
    statuses = {status for (status,) in sample.query("select status from alert_checks")}
    assert {"GREEN", "AMBER", "RED"} <= statuses
    # a shop of three months knows no usual month and has no backtest
    unmeasured = {
        alert
        for (alert,) in small_shop.query(
            "select alert from alert_checks where status = 'NOT CHECKED'"
        )
    }
    assert {"segment_downgrades", "model_decay", "feature_drift"} <= unmeasured


def test_severity_follows_from_value_and_threshold(sample: Build) -> None:
    rows = sample.query(
        "select severity, value, comparison, warn_threshold, critical_threshold, alert_rank "
        "from alerts order by alert_rank"
    )
    assert [row[5] for row in rows] == list(range(1, len(rows) + 1))
    assert [row[0] for row in rows] == sorted((row[0] for row in rows), reverse=True)
    for severity, value, comparison, warn, critical, _ in rows:
        sign = 1 if comparison == "above" else -1
        assert sign * value >= sign * warn
        assert (severity == "RED") == (sign * value >= sign * critical)


def test_a_changed_threshold_changes_the_colour(sample: Build, tmp_path: Path) -> None:
    """The same value is GREEN, AMBER or RED by the rule's row of the seed alone."""
    warehouse = sample.copied_warehouse(tmp_path)
    share = sample.query(
        "select max(revenue_share) from segment_profiles "
        "where as_of_date = (select max(as_of_date) from customers)"
    )[0][0]
    value = round(share, 9)
    colours = {}
    with duckdb.connect(str(warehouse)) as connection:
        for warn, critical in ((value + 1e-9, 1), (value, 1), (0, value), (0, value + 1e-9)):
            connection.execute(
                "update main_seeds.alert_rules set warn_threshold = ?, critical_threshold = ? "
                "where alert = 'revenue_concentration'",
                [warn, critical],
            )
            (row,) = connection.execute(
                "select value, severity from main_intermediate.alert_revenue_concentration"
            ).fetchall()
            assert row[0] == value
            colours[warn, critical] = row[1]
    assert list(colours.values()) == ["GREEN", "AMBER", "RED", "AMBER"]


def test_downgrades_are_those_of_the_history_with_all_causes(sample: Build) -> None:
    dates = [
        date
        for (date,) in sample.query("select distinct as_of_date from segment_history order by 1")
    ][-2:]
    order = dict(sample.query_warehouse("select segment, display_order from main_seeds.segments"))
    before, after = (
        dict(
            sample.query(
                f"select customer_id, segment from segment_history where as_of_date = date '{date}'"
            )
        )
        for date in dates
    )
    fallen = {
        customer
        for customer, segment in before.items()
        if customer in after and order[after[customer]] > order[segment]
    }
    counts = dict(
        sample.query(
            f"select cause, count(*) from segment_migrations where to_date = date '{dates[1]}' "
            f"and customer_id in ({', '.join(repr(customer) for customer in fallen)}) group by cause"
        )
    )
    assert sum(counts.values()) == len(fallen) > 50
    (sentence,) = sample.query_warehouse(
        "select sentence from main_intermediate.alert_segment_downgrades"
    )[0]
    assert sentence.startswith(f"{len(fallen):,} of {len(before):,} customers")
    for cause, words in {
        "time_passed": "because time passed",
        "cut_points_moved": "because cut points moved",
        "purchased": "though they purchased",
        "returned_goods": "because goods were returned",
    }.items():
        assert f"{counts.get(cause, 0):,} {words}" in sentence


def test_every_customer_is_in_one_opportunity_or_has_the_reason(
    sample: Build, small_shop: Build
) -> None:
    for build in (sample, small_shop):
        customers, distinct, explained = build.query_warehouse(
            "select count(*), count(distinct customer_id), "
            "count(*) filter ((reason is null) <> (withheld_reason is null)) "
            "from main_intermediate.int_opportunity_customers"
        )[0]
        assert customers == distinct == explained == build.summary["customer_count"]


def test_what_opportunities_bring_is_a_part_of_what_they_draw_on(sample: Build) -> None:
    rows = sample.query(
        "select insight_rank, customer_count, probability, expected_value, expected_value_low, "
        "expected_value_high, drawn_from from insights order by insight_rank"
    )
    assert len(rows) >= 5
    assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
    assert [row[3] for row in rows] == sorted((row[3] for row in rows), reverse=True)
    success_rate = Decimal("0.02")
    for _, count, probability, value, low, high, drawn in rows:
        assert count > 0
        assert 0 < probability <= success_rate
        # all past forecasts may have missed to the same side, so the value need not lie between
        assert 0 < low <= high <= drawn
        assert value == pytest.approx(drawn * success_rate, abs=Decimal(count) / 1000)
    # what is drawn on is no more than what the customers would spend if they ordered
    total = sample.query("select sum(value_if_active_90d) from customer_scores")[0][0]
    assert float(sum(row[6] for row in rows)) <= total


def test_a_contact_that_costs_more_than_it_brings_is_no_opportunity(sample: Build) -> None:
    rows = sample.query_warehouse(
        "select expected_value, net_gain from main_intermediate.int_opportunity_customers "
        "where opportunity is not null"
    )
    for value, gain in rows:
        assert gain > 0
        assert gain == pytest.approx(Decimal("0.4") * value - 2, abs=Decimal("0.001"))


def test_all_alerts_and_opportunities_are_told_in_words(sample: Build) -> None:
    for table in ("alerts", "insights"):
        for (sentence,) in sample.query(f"select sentence from {table}"):
            assert sentence.endswith(".")
            assert not {"nan", "None", "null", "inf"} & set(sentence.replace(",", " ").split())


# what to change in the sample's tables so that an alert must tell something else
CHANGES = {
    "basket_shift": "delete from main_intermediate.int_transactions_classified where occurred_date >= date '2024-12-01'",
    "cant_lose_them_silence": "update main.customer_rfm set monetary = 2 * monetary",
    "category_trend": "update main.category_trends set sentence = 'another trend'",
    "churn_revenue_at_risk": "update main.customer_scores set value_at_risk_90d = value_at_risk_90d / 2",
    "feature_drift": "update main.training_snapshots set aov = 2 * aov where is_scoring_date",
    "file_overlap": "update main.data_quality_ledger set row_count = row_count + 7 where disposition = 'overlap'",
    "high_value_newly_at_risk": "update main.segment_history set m_score = 5",
    "model_decay": "update main.model_backtest set roc_auc = roc_auc / 2 where model = 'ours'",
    "return_rate_spike": "delete from main.returns where returned_date >= date '2024-12-01'",
    "revenue_anomaly": "update main.revenue_anomalies set sentence = 'another day'",
    "revenue_concentration": "update main.segment_profiles set revenue = 2 * revenue where segment = 'Champions'",
    "rows_set_aside": "update main_intermediate.int_transactions_classified set disposition = 'unpriced' where line_id % 2 = 0",
    "segment_downgrades": "update main.segment_migrations set cause = 'returned_goods'",
    "send_time_gap": "update main.send_time_recommendations set hour_share = hour_share / 2",
    "unusual_customers": "update main.customer_anomalies set sentence = 'another customer'",
}


def test_a_change_of_the_data_changes_what_each_alert_says(sample: Build, tmp_path: Path) -> None:
    """Sentences of trends and anomalies are made in their marts, whose own tests change their data."""
    warehouse = sample.copied_warehouse(tmp_path)
    told = dict(
        sample.query_warehouse(
            "select alert, list(sentence order by subject) from main_intermediate.int_alert_measurements group by 1"
        )
    )
    assert CHANGES.keys() == told.keys()
    alerts = sample.database.parent / "target/compiled/regulars/models/marts/insights/alerts"
    with duckdb.connect(str(warehouse)) as connection:
        for alert, change in CHANGES.items():
            connection.execute("begin")
            connection.execute(change)
            made = (alerts / f"alert_{alert}.sql").read_text(encoding="utf-8")
            found = connection.execute(
                f"select list(sentence order by subject) from ({made}\n)"
            ).fetchone()
            connection.execute("rollback")
            assert found[0] != told[alert], alert
