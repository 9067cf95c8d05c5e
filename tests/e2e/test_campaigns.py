"""Campaigns in whole builds: who is contacted, what a wave can show, and whether its effect is found."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from statsmodels.stats.power import NormalIndPower, TTestIndPower
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_effectsize,
    proportions_ztest,
)

from tests.conftest import PAST, PAST_SETTINGS, ROOT, Build, run_dbt
from tests.tables import content

PLAYBOOKS = ROOT / "seeds/campaigns/segment_playbooks.csv"
WAVES = 200
CAMPAIGN_MARTS = ("customer_clv_groups", "campaign_audiences", "campaign_waves", "campaign_uplift")


def is_control(customer: str, *, wave: str, salt: str = "regulars", share: float = 0.2) -> bool:
    """The draw as it is described, without SQL: md5 of wave, salt and id, as a number from 0 to 1."""
    digest = hashlib.md5(f"{wave}|{salt}|{customer}".encode(), usedforsecurity=False).hexdigest()
    return int(digest[:8], 16) < int(share * 16**8)


def frame(build: Build, sql: str) -> pd.DataFrame:
    with duckdb.connect(str(build.warehouse), read_only=True) as connection:
        return connection.execute(sql).df()


# ---- who is contacted ----


def test_every_customer_has_one_row_and_a_reason(sample: Build) -> None:
    counts = sample.query(
        """
        select count(*), count(distinct customer_id), count(distinct wave), count(distinct priority),
               min(priority), max(priority), count(*) filter (where reason is null),
               count(*) filter (where is_suppressed and coalesce(suppression_reason, '') = ''),
               max(priority) filter (where not is_suppressed) - count(*) filter (where not is_suppressed)
        from campaign_audiences
        """
    )[0]
    customers = sample.summary["customer_count"]
    assert counts == (customers, customers, 1, customers, 1, customers, 0, 0, 0)
    descending = sample.query(
        "select expected_value from campaign_audiences where not is_suppressed order by priority"
    )
    assert descending == sorted(descending, reverse=True)
    assert sample.query("select distinct wave, is_draft, wave_date from campaign_audiences") == [
        ("draft", True, date.fromisoformat(sample.summary["as_of_date"]))
    ]
    # nobody is contacted from a draft, so there is nothing to measure
    assert sample.query("select count(*) from campaign_uplift") == [(0,)]


def test_the_control_group_is_drawn_by_a_hash_that_anyone_can_repeat(sample: Build) -> None:
    drawn = {
        # pinned: the draw must never change by itself
        ("17850", "spring", "regulars", 0.2): False,
        ("12347", "spring", "regulars", 0.2): True,
    }
    assert {
        key: is_control(key[0], wave=key[1], salt=key[2], share=key[3]) for key in drawn
    } == drawn
    rows = sample.query(
        "select wave, customer_id, is_control from campaign_audiences where not is_suppressed"
    )
    assert all(held == is_control(customer, wave=wave) for wave, customer, held in rows)
    controls = sum(held for _, _, held in rows)
    low, high = stats.binom.interval(0.999, len(rows), 0.2)
    assert low <= controls <= high
    customers = [customer for _, customer, _ in rows]
    first = [is_control(customer, wave="one") for customer in customers]
    for other in ({"wave": "two"}, {"wave": "one", "salt": "pepper"}):
        second = [is_control(customer, **other) for customer in customers]
        # independent draws: both say control for a twenty-fifth
        both = sum(a and b for a, b in zip(first, second, strict=True))
        low, high = stats.binom.interval(0.999, len(customers), 0.04)
        assert low <= both <= high


def test_treatment_and_control_are_alike_before_the_wave(sample: Build) -> None:
    """Standardised differences of recency, frequency, money and value, for fifty salts."""
    customers = frame(
        sample,
        "select customer_id, recency_days, ln(frequency) as frequency, "
        "ln(greatest(monetary, 1)) as monetary, ln(1 + audiences.clv_90d) as clv "
        "from campaign_audiences as audiences inner join customer_rfm using (customer_id) "
        "where not is_suppressed",
    )
    numbers = customers.drop(columns="customer_id").astype(float)
    scores = []
    for salt in range(50):
        held = np.array(
            [is_control(key, wave="w", salt=str(salt)) for key in customers["customer_id"]]
        )
        difference = numbers[held].mean() - numbers[~held].mean()
        chance = numbers.std() * np.sqrt(1 / held.sum() + 1 / (~held).sum())
        scores.append(difference / chance)
    z = np.array(scores)
    assert np.abs(z).max() < 4
    assert 0.02 < (np.abs(z) > 1.96).mean() < 0.1
    assert np.abs(z.mean(axis=0)).max() < 4 / np.sqrt(50)


def test_products_and_send_times_are_those_of_the_marts(sample: Build) -> None:
    recommended = frame(
        sample, "select customer_id, list, rank, description from product_recommendations"
    ).sort_values(["list", "rank"])
    lists = {
        key: own["description"].tolist()
        for key, own in recommended.groupby(["customer_id", "list"])
    }
    categories = dict(
        sample.query_warehouse(
            "select opportunity, opportunity_category from main_seeds.opportunities"
        )
    )
    for customer, campaign, products in sample.query(
        "select customer_id, campaign, suggested_products from campaign_audiences"
    ):
        new = lists.get((customer, "new_for_you"), [])
        again = lists.get((customer, "buy_again"), [])
        wanted = new if categories.get(campaign) == "cross-sell" else again + new
        assert (products or "") == "; ".join(wanted[:3])
    hours = sample.query(
        """
        select count(*) from campaign_audiences
        inner join customer_timing_personas using (customer_id)
        where timing_persona in ('Business Hours Buyer', 'Morning Planner')
            and best_send_hour is distinct from preferred_hour
        """
    )
    assert hours == [(0,)]
    told = sample.query(
        "select count(*) filter (where best_send_hour is null), count(best_send_hour), "
        "count(*) filter (where best_send_hour is null and best_send_reason not like '%do not tell%') "
        "from campaign_audiences"
    )[0]
    assert min(told[:2]) > 0
    assert told[2] == 0


def test_equal_customers_have_equal_groups_and_nobody_is_put_with_the_rest(sample: Build) -> None:
    unequal = sample.query(
        """
        select recency_share, frequency_share, monetary_share, clv_share, clv_to_average
        from customer_clv_groups
        inner join customer_scores using (customer_id)
        inner join customers using (customer_id)
        where comparable_line_count < 10
        group by 1, 2, 3, 4, 5, churn_probability_90d, first_purchase_at::date
        having count(distinct coalesce(clv_group, '-')) > 1
        """
    )
    assert unequal == []
    groups = dict(sample.query("select clv_group, count(*) from customer_clv_groups group by 1"))
    # the sample's prices never vary at the same quantity: nobody can be called discount-driven
    assert set(groups) == {
        "VIP Loyalists", "High-Potential Newcomers", "At-Risk Loyalists", "Dormant / One-and-Done", None,
    }  # fmt: skip
    reasons = sample.query(
        "select distinct regexp_extract(reason, '^[A-Z][a-z ]+') from customer_clv_groups where clv_group is null"
    )
    assert reasons == [("No rule fits",)]
    assert sample.query("select distinct discount_withheld_reason from customer_clv_groups") == [
        ("Nobody bought below the price that others paid for the same product and quantity in the quarter: prices do not vary.",)
    ]  # fmt: skip
    # VIPs, recalculated
    vips = frame(
        sample,
        "select customer_id, recency_days, frequency, monetary::double as monetary, clv_90d, clv_group "
        "from customer_rfm inner join customer_scores using (customer_id) inner join customer_clv_groups using (customer_id)",
    )
    expected = vips[
        (vips["recency_days"].rank(method="min") - 1 < 0.3 * len(vips))
        & (vips["frequency"].rank(method="min", ascending=False) - 1 < 0.2 * len(vips))
        & (vips["monetary"].rank(method="min", ascending=False) - 1 < 0.2 * len(vips))
        & (vips["clv_90d"] > vips["clv_90d"].mean())
    ]
    found = vips[vips["clv_group"] == "VIP Loyalists"]
    assert set(found["customer_id"]) == set(expected["customer_id"])


def test_a_shop_without_history_has_a_wave_too(small_shop: Build) -> None:
    customers = small_shop.summary["customer_count"]
    counts = small_shop.query(
        "select count(*), count(*) filter (where is_suppressed and suppression_reason is null) from campaign_audiences"
    )
    assert counts == [(customers, 0)]
    groups = small_shop.query("select count(*), count(reason) from customer_clv_groups")
    assert groups == [(customers, customers)]


# ---- playbooks ----


def test_the_playbooks_are_published_with_descriptions(sample: Build) -> None:
    counts = dict(sample.query("select audience_type, count(*) from segment_playbooks group by 1"))
    names = {
        name
        for (name,) in sample.query_warehouse(
            "select cluster_name from main_seeds.cluster_naming_rules"
        )
    }
    assert counts == {"segment": 11, "cluster": len(names), "clv_group": 5}
    columns = sample.query(
        "select count(*), count(comment) from duckdb_columns() where table_name = 'segment_playbooks'"
    )
    assert columns == [(9, 9)]
    without = sample.query(
        "select distinct cluster_name from customer_clusters where cluster_name not in "
        "(select audience from segment_playbooks where audience_type = 'cluster')"
    )
    assert without == []


def test_a_playbook_that_is_not_complete_stops_the_build_and_is_named(tmp_path: Path) -> None:
    for name in ("models", "macros", "seeds", "python_models", "tests", "analyses", "docs"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("dbt_project.yml", "profiles.yml"):
        shutil.copy(ROOT / name, tmp_path / name)
    with PLAYBOOKS.open(encoding="utf-8", newline="") as opened:
        header, *rows = csv.reader(opened)
    by_audience = {tuple(row[:2]): row for row in rows}
    rows.remove(by_audience["segment", "Champions"])
    by_audience["cluster", "VIP"][1] = "VIPs"
    by_audience["clv_group", "At-Risk Loyalists"][header.index("objective")] = " "
    rows.append(by_audience["segment", "Lost"])
    with (tmp_path / "seeds/campaigns/segment_playbooks.csv").open("w", encoding="utf-8") as opened:
        csv.writer(opened).writerows([header, *rows])
    program = (
        "from pathlib import Path; from regulars import project; warehouse = Path('w.duckdb'); "
        "project.check(project.run_dbt(['build', '-s', '+int_segment_playbooks', '--exclude-resource-type', "
        "'unit_test'], warehouse=warehouse, variables={}), warehouse)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert finished.returncode != 0
    assert (
        'Seed segment_playbooks: cluster "VIP" is missing; cluster "VIPs" is unknown; '
        'clv_group "At-Risk Loyalists" has no objective; segment "Champions" is missing; '
        'segment "Lost" is there twice.'
    ) in finished.stderr


# ---- what a wave can show ----


def test_the_smallest_effect_is_that_of_the_power_functions(sample: Build) -> None:
    waves = sample.query(
        "select treatment_count, control_count, base_order_rate, minimum_detectable_order_rate "
        "from campaign_waves where minimum_detectable_order_rate is not null"
    )
    assert len(waves) >= 4
    for treatment, control, base, smallest in waves:
        power = NormalIndPower().power(
            proportion_effectsize(base + smallest, base), control, 0.05, treatment / control
        )
        assert power == pytest.approx(0.8, abs=1e-4)
    expected = frame(
        sample,
        "select order_probability::double as p, last_window_revenue::double as spend, group_name "
        "from main_intermediate.int_campaign_audiences where group_name <> 'suppressed'",
    )
    cap = np.quantile(expected.loc[expected["spend"] > 0, "spend"], 0.95)
    spend, p = expected["spend"].clip(upper=cap), expected["p"]
    spread = np.sqrt((p * spend**2).mean() - (p * spend).mean() ** 2)
    base, revenue, treatment, control = sample.query(
        "select base_order_rate, minimum_detectable_revenue, treatment_count, control_count "
        "from campaign_waves where campaign = 'all'"
    )[0]
    assert base == pytest.approx(p.mean())
    power = TTestIndPower().power(revenue / spread, control, 0.05, treatment / control)
    assert power == pytest.approx(0.8, abs=2e-3)


def test_groups_and_campaigns_add_up(sample: Build) -> None:
    sums = sample.query(
        "select campaign = 'all', sum(customer_count), sum(suppressed_count), sum(treatment_count), "
        "sum(control_count) from campaign_waves group by 1"
    )
    assert len(sums) == 2
    assert sums[0][1:] == sums[1][1:]
    assert sums[0][1] == sample.summary["customer_count"]


# ---- what a wave brought: two hundred waves drawn from what customers really did ----


@pytest.fixture(scope="module")
def uplift_sql(sample: Build, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The compiled query of campaign_uplift, with names of tables of its own."""
    target = tmp_path_factory.mktemp("target")
    warehouse = sample.copied_warehouse(target)
    run_dbt("compile", "-s", "campaign_uplift", warehouse=warehouse, target=target)
    compiled = target / "compiled/regulars/models/marts/campaigns/campaign_uplift.sql"
    return re.sub(r'"\w+"\."\w+"\."(\w+)"', r"\1", compiled.read_text(encoding="utf-8"))


def simulated(
    sample: Build, uplift_sql: str, *, brought: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw 200 waves over 90 days of the sample, where the contact makes a tenth of those who would not order spend `brought`.

    Returns:
        The customers of all waves, and the rows of campaign_uplift with the true effect of each.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach '{sample.warehouse}' as shop (read_only)")
        connection.execute(
            f"""
            create table int_wave_outcomes as
            with
                customers as (
                    select customer_id, orders_90d, revenue_90d, revenue_last_365d
                    from shop.main.training_snapshots
                    where as_of_date = (
                        select max(as_of_date) from shop.main.training_snapshots where orders_90d is not null
                    )
                ),
                drawn as (
                    select
                        customers.*,
                        concat('wave ', range) as wave,
                        md5(concat('wave ', range, '|regulars|', customer_id)) < '33333333' as is_control,
                        orders_90d = 0 and md5(concat(range, '|effect|', customer_id)) < '1999999a' as is_moved
                    from customers cross join range({WAVES})
                )
            select
                wave, customer_id, 'win_back' as campaign, is_control, revenue_last_365d as prior_revenue, is_moved,
                orders_90d + case when is_moved and not is_control and {brought} > 0 then 1 else 0 end as order_count,
                (revenue_90d + case when is_moved and not is_control then {brought} else 0 end)::decimal(18, 4) as revenue
            from drawn
            """
        )
        connection.execute(
            """
            create table int_wave_members as
            select *, false as is_suppressed, false as is_draft, true as is_finished, date '2024-01-01' as wave_date, date '2024-03-31' as window_end
            from int_wave_outcomes
            """
        )
        members = connection.execute(
            "select wave, is_control, is_moved, order_count, revenue::double as revenue, prior_revenue::double as prior from int_wave_members"
        ).df()
        results = connection.execute(uplift_sql).df()
    moved = members.groupby("wave")["is_moved"].mean()
    share = results["wave"].map(moved) if brought else 0.0
    results["truth"] = np.where(results["measure"] == "order_rate", share, share * brought)
    return members, results


def coverage(results: pd.DataFrame) -> dict[str, float]:
    """Share of waves whose interval holds the true effect, by measure."""
    own = results[results["campaign"] == "all"]
    held = (own["uplift_low"] <= own["truth"]) & (own["truth"] <= own["uplift_high"])
    return held.groupby(own["measure"]).mean().to_dict()


@pytest.mark.parametrize("brought", [0, 300])
def test_the_interval_holds_the_true_effect_in_95_of_100_waves(
    sample: Build, uplift_sql: str, brought: float
) -> None:
    _, results = simulated(sample, uplift_sql, brought=brought)
    assert len(results) == WAVES * 2 * 3
    found = coverage(results)
    assert set(found) == {"order_rate", "revenue_per_customer", "uncapped_revenue_per_customer"}
    assert all(0.91 <= share <= 0.99 for share in found.values()), found
    own = results[results["campaign"] == "all"]
    error = (own["uplift"] - own["truth"]).groupby(own["measure"])
    # without bias: the mean over all waves is off by chance alone
    assert ((error.mean() / error.sem()).abs() < 4).all()
    if brought:
        rates = own[own["measure"] == "order_rate"]
        assert (rates["uplift_low"] > 0).mean() > 0.5
    false_alarms = (own["p_value"] < 0.05).groupby(own["measure"]).mean()
    assert brought or false_alarms.between(0.01, 0.09).all()


def test_figures_are_those_of_statsmodels_and_scipy(sample: Build, uplift_sql: str) -> None:
    members, results = simulated(sample, uplift_sql, brought=300)
    results = results[results["campaign"] == "all"].set_index(["wave", "measure"])
    for wave, own in list(members.groupby("wave"))[:20]:
        held = own["is_control"].to_numpy()
        ordered = own["order_count"].to_numpy() > 0
        counts = ordered[~held].sum(), (~held).sum(), ordered[held].sum(), held.sum()
        row = results.loc[(wave, "order_rate")]
        assert row[["uplift_low", "uplift_high"]].tolist() == pytest.approx(
            confint_proportions_2indep(*counts, method="newcomb"), abs=1e-9
        )
        assert row["p_value"] == pytest.approx(
            proportions_ztest([counts[0], counts[2]], [counts[1], counts[3]])[1], abs=1e-6
        )
        for measure in ("revenue_per_customer", "uncapped_revenue_per_customer"):
            y, x = own["revenue"].to_numpy(), own["prior"].to_numpy()
            if measure == "revenue_per_customer":
                y = np.minimum(y, round(np.quantile(y[y > 0], 0.95), 4))
                x = np.minimum(x, round(np.quantile(x[x > 0], 0.99), 4))
            within = [
                (y[group] - y[group].mean(), x[group] - x[group].mean()) for group in (held, ~held)
            ]
            slope = sum((a * b).sum() for a, b in within) / sum((b * b).sum() for _, b in within)
            adjusted = y - slope * (x - x.mean())
            test = stats.ttest_ind(adjusted[~held], adjusted[held], equal_var=False)
            interval = test.confidence_interval()
            row = results.loc[(wave, measure)]
            assert row[["treatment_value", "control_value", "uplift_low", "uplift_high"]].tolist() == pytest.approx(
                [adjusted[~held].mean(), adjusted[held].mean(), interval.low, interval.high], rel=1e-5, abs=1e-4
            )  # fmt: skip
            assert row["p_value"] == pytest.approx(test.pvalue, abs=1e-3)


def test_cap_and_adjustment_narrow_the_interval_of_revenue(sample: Build, uplift_sql: str) -> None:
    members, results = simulated(sample, uplift_sql, brought=0)
    own = results[results["campaign"] == "all"]
    width = (own["uplift_high"] - own["uplift_low"]).groupby(own["measure"]).mean()
    plain = members.groupby(["wave", "is_control"])["revenue"].agg(["var", "size"])
    plain_width = 2 * 1.96 * np.sqrt((plain["var"] / plain["size"]).groupby("wave").sum()).mean()
    # on UCI's data to a half and to a seventh
    assert width["uncapped_revenue_per_customer"] < 0.8 * plain_width
    assert width["revenue_per_customer"] < 0.7 * plain_width


# ---- from wave to wave ----


@pytest.fixture(scope="module")
def two_waves(build: Callable[..., Build]) -> tuple[Build, dict[str, list[tuple[object, ...]]]]:
    """The sample as of an earlier date and, in the same warehouse, 28 days later; with what the first build said."""
    settings = PAST_SETTINGS | {
        "campaign_measured_days": 28,
        "campaign_contact_cap_days": 60,
        "campaign_control_share": 0.3,
    }
    first = build(as_of_date=PAST, campaign_wave="spring", **settings)
    before = {name: content(first.database, f"from {name}") for name in CAMPAIGN_MARTS}
    later = build(database=first.database, as_of_date="2024-04-27", campaign_wave="may", **settings)
    return later, before


def test_the_earlier_wave_is_kept_as_it_was(
    two_waves: tuple[Build, dict[str, list[tuple[object, ...]]]],
) -> None:
    later, before = two_waves
    kept = content(later.database, "from campaign_audiences where wave = 'spring'")
    assert kept == before["campaign_audiences"]
    assert later.query("select distinct wave, wave_date from campaign_audiences order by 2") == [
        ("spring", date.fromisoformat(PAST)),
        ("may", date(2024, 4, 27)),
    ]


def test_the_cap_leaves_out_who_was_contacted_and_who_is_new_may_be_contacted(
    two_waves: tuple[Build, dict[str, list[tuple[object, ...]]]],
) -> None:
    later, _ = two_waves
    rows = later.query(
        """
        select spring.group_name, may.group_name, may.suppression_reason, count(*)
        from campaign_audiences as may
        left join campaign_audiences as spring
            on may.customer_id = spring.customer_id and spring.wave = 'spring'
        where may.wave = 'may' group by 1, 2, 3
        """
    )
    contacted = {(now, reason) for then, now, reason, _ in rows if then == "treatment"}
    assert contacted == {("suppressed", f"Contacted on {PAST} in wave spring (cap 60 days).")}
    # the first window is over on the day of the second: its controls are free
    now = {(then, group) for then, group, _, _ in rows}
    assert {("control", "treatment"), ("control", "control"), ("suppressed", "suppressed")} <= now


def test_the_first_waves_result_is_read_from_the_orders_of_its_window(
    two_waves: tuple[Build, dict[str, list[tuple[object, ...]]]],
) -> None:
    later, before = two_waves
    open_statements = {row[-1] for row in before["campaign_uplift"]}
    assert open_statements == {"Runs until 2024-04-27; nothing is read before."}
    results = {
        measure: values
        for measure, *values in later.query(
            "select measure, is_finished, treatment_count, control_count, treatment_value, control_value, uplift_low, uplift_high "
            "from campaign_uplift where wave = 'spring' and campaign = 'all'"
        )
    }
    assert all(values[0] for values in results.values())
    expected = later.query(
        f"""
        select
            count(*) filter (where not is_control),
            count(*) filter (where is_control),
            avg(case when customer_id in (
                select customer_id from orders where order_date >= date '{PAST}' and order_date < date '2024-04-27'
            ) then 1 else 0 end) filter (where not is_control)
        from campaign_audiences where wave = 'spring' and not is_suppressed
        """
    )[0]
    rate = results["order_rate"]
    assert rate[1:3] == list(expected[:2])
    # a reversal after the window is not known yet when it ends
    assert rate[3] == pytest.approx(expected[2], abs=0.005)
    # nobody was contacted: whatever difference there is, is chance
    assert rate[5] < 0.02
    assert rate[6] > -0.02
    assert later.query("select distinct is_finished from campaign_uplift where wave = 'may'") == [
        (False,)
    ]
    base, actual = later.query(
        "select max(base_order_rate), max((treatment_count * treatment_value + control_count * control_value) / (treatment_count + control_count)) "
        "from campaign_waves inner join (select wave, campaign, treatment_value, control_value from campaign_uplift where measure = 'order_rate') "
        "using (wave, campaign) where wave = 'spring' and campaign = 'all'"
    )[0]
    assert base == pytest.approx(actual, abs=0.05)


def test_a_draft_leaves_out_whom_the_named_waves_contacted_and_leaves_no_trace(
    two_waves: tuple[Build, dict[str, list[tuple[object, ...]]]], tmp_path: Path
) -> None:
    later, _ = two_waves
    warehouse = later.copied_warehouse(tmp_path)
    named = content(later.database, "from campaign_audiences")

    def build_on(**variables: object) -> None:
        settings = {
            "as_of_date": "2024-04-27",
            "campaign_contact_cap_days": 60,
            "prediction_origins": 8,
        }
        run_dbt(
            "build", "-s", "int_campaign_audiences+", "--exclude-resource-type", "unit_test",
            "--vars", json.dumps(settings | variables), warehouse=warehouse, target=tmp_path / "target",
        )  # fmt: skip

    build_on()
    wave = "from main.campaign_audiences where wave"
    assert content(warehouse, f"{wave} <> 'draft'") == named
    # who was contacted, or is held back until the result is read, is in no other list
    running = {
        row[0]
        for row in content(
            warehouse,
            f"select customer_id {wave} = 'may' and not is_suppressed union "
            f"select customer_id {wave} = 'spring' and group_name = 'treatment'",
        )
    }
    reasons = dict(content(warehouse, f"select customer_id, suppression_reason {wave} = 'draft'"))
    assert len(running) > 500
    assert all(
        reasons[customer].startswith(("Contacted on ", "Control group of wave may until "))
        for customer in running
    )
    # the next build with the wave's name does not know the draft
    build_on(campaign_wave="may", campaign_measured_days=28, campaign_control_share=0.3)
    assert content(warehouse, "from main.campaign_audiences") == named


def test_building_a_wave_again_changes_nothing_and_a_past_one_knows_no_later(
    two_waves: tuple[Build, dict[str, list[tuple[object, ...]]]], tmp_path: Path
) -> None:
    later, before = two_waves
    warehouse = later.copied_warehouse(tmp_path)
    expected = {name: content(later.database, f"from {name}") for name in CAMPAIGN_MARTS}
    selection = ["int_campaign_audiences+", "--exclude-resource-type", "unit_test"]
    variables = (
        '{{"as_of_date": "{day}", "campaign_wave": "{wave}", "campaign_measured_days": 28, '
        '"campaign_contact_cap_days": 60, "campaign_control_share": 0.3, "prediction_origins": 8}}'
    )
    may = variables.format(day="2024-04-27", wave="may")
    run_dbt(
        "build", "-s", *selection, "--vars", may, warehouse=warehouse, target=tmp_path / "target"
    )
    assert {name: content(warehouse, f"from main.{name}") for name in CAMPAIGN_MARTS} == expected
    # another draw under the same name replaces that wave and leaves spring alone
    run_dbt(
        "build", "-s", *selection, "--vars", may.replace("0.3", "0.5"),
        warehouse=warehouse, target=tmp_path / "target",
    )  # fmt: skip
    shares = content(
        warehouse,
        "select wave, control_share, customer_count from main.campaign_waves where campaign = 'all'",
    )
    assert [(wave, share) for wave, share, _ in shares] == [("may", 0.5), ("spring", 0.3)]
    assert (
        content(warehouse, "from main.campaign_audiences where wave = 'spring'")
        == before["campaign_audiences"]
    )
