"""The embedded sample, built as a user builds it."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from tests.conftest import PAST, PAST_SETTINGS, ROOT, Build, run_dbt
from tests.tables import content, fingerprint, table_names

KEYS = {"as_of_date", "customer_id"}


def feature_columns(build: Build) -> list[str]:
    rows = build.query("select column_name from (describe customer_features)")
    return [name for (name,) in rows if name not in KEYS]


def test_the_summary_says_what_came_of_every_row(sample: Build) -> None:
    summary = sample.summary
    assert summary["source"] == "sample shop, part 1, sample shop, part 2"
    raw = sample.query_warehouse("select count(*) from main_input.py_raw_transactions")[0][0]
    assert sum(row["row_count"] for row in summary["ledger"]) == raw
    assert summary["checks"] == summary["checks_reconciled"] == 9
    assert sum(row["customer_count"] for row in summary["segments"]) == summary["customer_count"]
    assert summary["segments"][0]["segment"] == "Champions"
    assert len(summary["segments"]) == 11


def test_every_kind_of_dirt_of_the_sample_is_set_aside(sample: Build) -> None:
    found = {
        name
        for (name,) in sample.query(
            "select disposition from data_quality_ledger where row_count > 0"
        )
    }
    assert found == {
        "sale", "anonymous_sale", "return", "anonymous_return", "reversed_sale", "reversed_return",
        "overlap", "adjustment", "non_product", "unpriced", "stock_movement",
    }  # fmt: skip


def test_the_sample_has_the_orders_that_the_simulated_customers_placed(sample: Build) -> None:
    # mistaken orders that were taken back within a day are no orders: cleaning must have found them
    differing = sample.query_warehouse(
        """
        select truth.customer_id, truth.order_count, customers.order_count
        from main_input.py_sample_customers as truth
        full outer join main.customers as customers on truth.customer_id = customers.customer_id
        where coalesce(truth.order_count, 0) <> coalesce(customers.order_count, 0)
        """
    )
    customers = sample.summary["customer_count"]
    assert customers > 2400
    assert len(differing) <= 0.01 * customers


def test_there_are_52_features_and_none_is_a_constant_or_an_alias(sample: Build) -> None:
    columns = feature_columns(sample)
    assert len(columns) == len(set(columns)) == 52
    for column in columns:
        distinct = sample.query(f"select count(distinct {column}) from customer_features")[0][0]
        assert distinct > 1, f"{column} is constant"
    comparisons = {
        (a, b): f"count(*) filter (where {a}::varchar is distinct from {b}::varchar)"
        for a, b in itertools.combinations(columns, 2)
    }
    counts = sample.query(f"select {', '.join(comparisons.values())} from customer_features")[0]
    aliases = [pair for pair, count in zip(comparisons, counts, strict=True) if count == 0]
    assert aliases == []


def test_single_purchase_customers_have_null_where_a_value_is_undefined(sample: Build) -> None:
    undefined = [
        "avg_inter_purchase_days", "median_inter_purchase_days", "std_inter_purchase_days",
        "purchase_velocity", "aov_std", "spending_cv", "revenue_growth",
    ]  # fmt: skip
    counts = sample.query(
        f"select count(*), {', '.join(f'count({column})' for column in undefined)} "
        "from customer_features where frequency = 1"
    )[0]
    assert counts[0] > 100
    assert set(counts[1:]) == {0}


def test_every_published_column_is_described(sample: Build) -> None:
    undescribed = sample.query(
        "select table_name, column_name from duckdb_columns() "
        "where not internal and coalesce(comment, '') = ''"
    )
    assert undescribed == []


def test_the_published_database_keeps_primary_keys(sample: Build) -> None:
    keys = dict(
        sample.query(
            "select table_name, constraint_column_names from duckdb_constraints() "
            "where constraint_type = 'PRIMARY KEY'"
        )
    )
    assert keys["customers"] == ["customer_id"]
    assert keys["customer_scores"] == ["customer_id"]
    # indexes over all lines, or over all customers of many dates, would have to fit in memory
    assert not {"order_lines", "customer_features", "segment_history"} & keys.keys()


def test_the_published_database_holds_marts_seeds_and_the_sql_that_made_them(
    sample: Build,
) -> None:
    schemas = sample.query("select distinct schema_name from duckdb_tables() order by 1")
    assert schemas == [("main",), ("main_replay",), ("main_seeds",)]
    assert sample.query("select count(*) from duckdb_views() where not internal") == [(0,)]


def test_a_second_build_makes_the_same_tables(sample: Build, build: Callable[..., Build]) -> None:
    again = build()
    names = table_names(sample.database)
    assert table_names(again.database) == names
    differing = [
        name
        for name in names
        if fingerprint(sample.database, name) != fingerprint(again.database, name)
    ]
    assert differing == []


def test_rows_on_or_after_the_as_of_date_change_nothing(
    sample: Build, past: Build, build: Callable[..., Build], tmp_path: Path
) -> None:
    """The leakage test: delete the future, and the past must stay as it was."""
    with duckdb.connect(str(sample.warehouse), read_only=True) as warehouse:
        for number in (1, 2):
            warehouse.execute(
                f"""
                copy (
                    select invoice, stock_code, description, quantity, invoice_date, price, customer_id, country
                    from main_input.py_raw_transactions
                    where source_file_number = {number} and invoice_date < date '{PAST}'
                    order by source_row_number
                ) to '{tmp_path}/part_{number}.parquet' (format parquet)
                """
            )
    without_future = build(tmp_path, as_of_date=PAST, **PAST_SETTINGS)

    for query in (
        "from customer_rfm",
        "from customer_segments",
        "from customers",
        "from segment_history",
        "from segment_migrations",
        "from rfm_cut_points",
        "from segment_profiles",
        "from customer_features_published",
        "from timing_hourly",
        "from timing_daily",
        "from timing_hour_weekday",
        "from timing_monthly",
        "from timing_quarterly",
        "from segment_hourly",
        "from segment_daily",
        "from cohort_retention",
        "from revenue_decomposition",
        "from country_performance",
        "from customer_timing_personas",
        "from customer_clv_groups",
        # names and categories of products are taken as they are today
        "select wave, customer_id, campaign, priority, group_name, suppression_reason, best_send_reason from campaign_audiences",
        "from campaign_waves",
        "from send_time_recommendations",
        "from customer_clusters",
        "from cluster_centroids",
        "from cluster_label_history",
        "from training_snapshots",
        "from model_registry",
        "from model_eligibility",
        "from model_backtest",
        "from model_calibration",
        "from model_gains",
        "from model_feature_importance",
        "from customer_lifetime",
        "from customer_scores",
        "from customer_score_reasons",
        "from portfolio_health",
    ):
        assert content(past.database, query) == content(without_future.database, query), query

    # categories are reference data, taken as they are today; features and shares can only be
    # compared whole if no product's category hangs on descriptions of the future
    today = dict(content(past.database, "select stock_code, category from products"))
    yesterday = dict(content(without_future.database, "select stock_code, category from products"))
    assert [code for code in yesterday if today[code] != yesterday[code]] == []
    for query in (
        "from customer_features",
        "from segment_category_shares",
        "from cross_sell_gaps",
        # products are called what they are called today
        "select columns(name -> name not like '%_description') from customer_360",
    ):
        assert content(past.database, query) == content(without_future.database, query), query
    assert len(content(past.database, "from customer_features")) > 1000


def test_history_is_the_same_whenever_it_is_looked_at(sample: Build, past: Build) -> None:
    for table, column in (("segment_history", "as_of_date"), ("segment_migrations", "to_date")):
        until = f"from {table} where {column} <= date '{PAST}'"
        assert content(past.database, f"from {table}") == content(sample.database, until)


def test_the_unit_tests_of_the_sql_pass(sample: Build, tmp_path: Path) -> None:
    finished = run_dbt(
        *("test", "--select", "test_type:unit"),
        warehouse=sample.copied_warehouse(tmp_path),
        target=tmp_path,
    )
    passed = int(re.search(r"PASS=(\d+)", finished.stdout)[1])
    assert passed >= 12


def test_the_documentation_is_generated_and_complete(sample: Build, tmp_path: Path) -> None:
    finished = run_dbt(
        *("docs", "generate", "--static", "--show-all-deprecations"),
        warehouse=sample.copied_warehouse(tmp_path),
        target=tmp_path,
    )
    assert "deprecat" not in finished.stdout.lower()
    assert (tmp_path / "static_index.html").stat().st_size > 500_000

    manifest = json.loads((tmp_path / "manifest.json").read_text(encoding="utf-8"))
    catalog = json.loads((tmp_path / "catalog.json").read_text(encoding="utf-8"))
    for identifier, table in catalog["nodes"].items():
        node = manifest["nodes"][identifier]
        assert node["description"], f"{identifier} has no description"
        described = {name: column["description"] for name, column in node["columns"].items()}
        assert set(described) == set(table["columns"]), identifier
        assert all(described.values()), identifier
    macros = [
        m
        for m in manifest["macros"].values()
        if m["package_name"] == "regulars"
        and not m["name"].startswith(("duckdb__", "spark__", "default__"))
    ]
    assert [m["name"] for m in macros if not m["description"]] == []


@pytest.mark.parametrize(
    "analysis", sorted(path.stem for path in (ROOT / "analyses").glob("*.sql"))
)
def test_each_analysis_answers_its_question(sample: Build, analysis: str) -> None:
    sql = (ROOT / f"analyses/{analysis}.sql").read_text(encoding="utf-8")
    rendered = re.sub(r"\{\{\s*ref\(\s*[\"'](\w+)[\"']\s*\)\s*\}\}", r"\1", sql)
    assert "{{" not in rendered
    assert sample.query(rendered)


def test_the_queries_of_the_readme_run(sample: Build) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    queries = re.findall(r"```sql\n(.*?)```", readme, re.S)
    assert len(queries) == 6
    for sql in queries:
        assert sample.query(sql), sql
