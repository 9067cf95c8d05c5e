"""Sales & data: where revenue comes from, and whether the figures can be trusted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from regulars.charts import sales
from regulars.report.panel import Figure, Panel, Row, Tab
from regulars.report.words import TO, Words, count, day, label, listed, percent


def _lede(rows: Mapping[str, list[Row]], words: Words) -> str | None:
    checks, ledger = rows["reconciliation"], rows["ledger"]
    if not ledger:
        return None
    read = sum(row["row_count"] for row in ledger)
    aside = sum(row["row_count"] for row in ledger if row["outcome"] == "set aside")
    good = sum(row["difference"] == 0 for row in checks)
    products = [row for row in rows["top_products"] if row["revenue"] is not None]
    text = (
        f"{good} of {len(checks)} independent checks of the totals agree to the penny; "
        f"{percent(aside / read if read else None)} of {count(read)} rows are set aside, each with its reason."
    )
    if products:
        text += (
            f" The best-selling product is {products[0]['product']} with "
            f"{words.money(products[0]['revenue'])}."
        )
    return text


def _decomposition(rows: list[Row], words: Words) -> str | None:
    known = [row for row in rows if row["trend"] is not None]
    if not known:
        return None
    first, last = known[0], known[-1]
    year = known[-53] if len(known) > 52 else first
    text = (
        f"The trend stands at {words.money(last['trend'])} a week, after {words.money(year['trend'])} "
        f"in the week of {day(year['week_start'])}."
    )
    if last["seasonal"] is None:
        text += f" {last['reason'] or ''}"
    return text.strip()


def _countries(rows: list[Row], words: Words) -> str | None:
    shown = [row for row in rows if row["revenue"] is not None]
    if not shown:
        return "Every country has too few customers to be shown."
    best = shown[0]
    text = f"{best['country']} brings {percent(best['revenue_share'], 0)} of revenue"
    if len(shown) > 1:
        text += f", then {shown[1]['country']} with {words.money(shown[1]['revenue'])}"
    hidden = len(rows) - len(shown)
    if hidden == 1:
        text += "; 1 country with too few customers is not shown"
    elif hidden:
        text += f"; {hidden} countries with too few customers are not shown"
    off_map = [row["country"] for row in shown if row.get("map_id", "") is None]
    if off_map:
        text += f". Not on the map: {listed(off_map)}"
    return f"{text}."


def _abroad(rows: list[Row], words: Words) -> str | None:
    if not rows:
        return None
    total = sum(row["revenue"] or 0 for row in rows)
    return f"The {len(rows)} countries after the largest bring {words.money(total)} together."


def _gini(rows: list[Row], _words: Words) -> str | None:
    gini = rows[0]["gini"]
    if gini is None:
        return None
    half = next((row for row in rows if row["percent"] == 50), None)
    text = f"The Gini coefficient is {gini:.2f} (0: all alike, 1: one customer brings everything)."
    if half and half["rest_revenue_share"] is not None:
        text += f" The less valuable half of the customers brings {percent(half['rest_revenue_share'])}."
    return text


def bins(rows: list[Row], words: Words, *, is_money: bool) -> list[Row]:
    """Rows of report_distributions with their bins in words."""

    def edge(figure: float) -> str:
        return words.money(figure).replace(".00", "") if is_money else count(figure)

    named = []
    for row in rows:
        low, high = row["bin_from"], row["bin_to"]
        if low is None:
            name = "0 or less" if not is_money else f"{edge(0)} or less"
        elif is_money:
            name = f"{edge(low)}{TO}{edge(high)}" if low else f"below {edge(high)}"
        else:
            name = count(low) if high - low == 1 else f"{count(low)}{TO}{count(high - 1)}"
        named.append({**row, "bin": name})
    return named


def most(rows: list[Row], _words: Words, *, item: str) -> str | None:
    """Where most items of a distribution lie."""
    known = [row for row in rows if row["item_share"] is not None]
    if not known:
        return None
    best = max(known, key=lambda row: row["item_share"])
    return f"Most {item} lie in {best['bin']} ({percent(best['item_share'], 0)})."


def _named_features(rows: list[Row], _words: Words) -> list[Row]:
    return [
        {**row, "name": label(row["feature"]), "other_name": label(row["other_feature"])}
        for row in rows
    ]


def _strongest(rows: list[Row], _words: Words) -> str | None:
    pairs = [
        row
        for row in rows
        if row["feature"] < row["other_feature"] and row["correlation"] is not None
    ]
    if not pairs:
        return None
    best = max(pairs, key=lambda row: abs(row["correlation"]))
    return (
        f"Closest together are {best['name'].lower()} and {best['other_name'].lower()} "
        f"({best['correlation']:.2f}): they say nearly the same."
    )


def _ledger(rows: list[Row], _words: Words) -> str | None:
    aside = [row for row in rows if row["outcome"] != "kept" and row["row_count"]]
    if not aside:
        return "Every row counts."
    largest = max(aside, key=lambda row: row["row_count"])
    name = largest["disposition"].replace("_", " ")
    return f"The rule that sets most rows aside is {name} ({count(largest['row_count'])} rows)."


def _anomalies(rows: list[Row], _words: Words) -> str | None:
    odd = [row for row in rows if row["is_anomaly"]]
    if not odd:
        return "No week was out of the ordinary."
    return f"{len(odd)} of {len(rows)} weeks were out of the ordinary. The latest: {odd[-1]['sentence']}"


def _trends(rows: list[Row], _words: Words) -> str | None:
    moving = [row for row in rows if row["is_significant"]]
    if not moving:
        return "No category has a trend that chance does not explain."
    return f"{len(moving)} of {len(rows)} categories have a trend that chance does not explain."


SALES = Tab(
    key="sales",
    title="Sales & data",
    question="Where does revenue come from, and can the figures be trusted?",
    lede=_lede,
    panels=(
        Panel(
            key="revenue_by_month",
            title="Revenue by month",
            about="The tick is the same month a year before; a pale bar is a month that is not over.",
            tables=("timing_monthly",),
            query="""
select
    month_start, is_complete, revenue, previous_year_revenue, revenue_change_pct, gross_revenue,
    order_count, customer_count, aov, median_order_value
from timing_monthly
order by month_start""",
            missing="There is no month with an order.",
            chart=sales.monthly_bars,
            figures=(Figure("revenue_by_month", "net revenue by month; tick: a year before"),),
        ),
        Panel(
            key="revenue_decomposition",
            title="Revenue by week: trend, season and the rest",
            about="The four add up: revenue is trend plus season plus rest.",
            tables=("revenue_decomposition",),
            query="""
select week_start, revenue, trend, seasonal, remainder, is_complete, order_count, method, reason
from revenue_decomposition
where is_complete
order by week_start""",
            missing="There is no complete week, Monday to Sunday, in the data.",
            chart=sales.decomposition,
            finding=_decomposition,
            figures=(Figure("revenue_decomposition", "net revenue by week and its parts"),),
        ),
        Panel(
            key="revenue_anomalies",
            title="Weeks out of the ordinary",
            about="The band is what was to be expected from the weeks before.",
            tables=("revenue_anomalies",),
            query="""
select
    period_start, period_end, revenue, expected_revenue, expected_low, expected_high, is_anomaly,
    direction, anomaly_score, largest_order_id, largest_order_share, sentence, reason
from revenue_anomalies
where period_type = 'week'
order by period_start""",
            missing="This database holds no anomalies: it was built without them.",
            chart=sales.revenue_anomalies,
            finding=_anomalies,
            figures=(Figure("revenue_anomalies", "net revenue by week and the expected range"),),
        ),
        Panel(
            key="country_map",
            title="Revenue by country",
            about="The ramp is logarithmic: each step is some times more.",
            tables=("report_countries",),
            query="""
select
    country, map_id, revenue, revenue_share, customer_count, order_count, aov,
    repeat_customer_rate, returned_share, is_suppressed
from report_countries
order by country_rank""",
            missing="The source has no country.",
            chart=sales.country_map,
            finding=_countries,
            figures=(Figure("countries_map", "net revenue by country, logarithmic ramp"),),
            columns=(
                "country",
                "revenue",
                "revenue_share",
                "customer_count",
                "order_count",
                "aov",
                "repeat_customer_rate",
                "returned_share",
                "note",
            ),
            width="half",
        ),
        Panel(
            key="country_bars",
            title="Countries after the largest",
            about="The largest is left out, for the others would not be seen beside it.",
            tables=("report_countries",),
            query="""
select country, revenue, revenue_share, customer_count, order_count, aov, repeat_customer_rate
from report_countries
where country_rank > 1 and not is_suppressed
order by country_rank
limit 12""",
            missing="All orders that can be shown come from one country.",
            chart=sales.country_bars,
            finding=_abroad,
            figures=(Figure("countries", "net revenue by country, without the largest"),),
            width="half",
        ),
        Panel(
            key="top_products",
            title="Best-selling products",
            tables=("products",),
            query="""
select
    coalesce(description, stock_code) as product, stock_code, category, revenue, gross_revenue,
    order_count, customer_count, gross_quantity, return_rate, median_unit_price
from products
order by revenue desc, stock_code
limit 20""",
            missing="No product was sold.",
            chart=sales.top_products,
            figures=(Figure("products", "net revenue of the twenty best-selling products"),),
            width="half",
        ),
        Panel(
            key="top_categories",
            title="Categories by revenue",
            tables=("category_performance",),
            query="""
select
    category, revenue, revenue_share, product_count, order_count, customer_count, avg_order_value,
    return_rate, revenue_last_90d, revenue_previous_90d, revenue_same_90d_last_year
from category_performance
where revenue > 0
order by revenue desc, category""",
            missing="No category of the taxonomy was sold: see seed product_category_rules.",
            chart=sales.top_categories,
            figures=(Figure("category_revenue", "net revenue by category"),),
            width="half",
        ),
        Panel(
            key="category_trends",
            title="Where categories are heading",
            about="Theil-Sen slope of monthly revenue with its interval.",
            tables=("category_trends",),
            query="""
select
    category, sen_slope, sen_slope_low, sen_slope_high, sen_slope_share_per_year, trend,
    is_significant, q_value, month_count, sentence, reason
from category_trends
where sen_slope is not null
order by sen_slope desc, category""",
            missing="No category has enough months for a trend.",
            reason="select min(reason) from category_trends where reason is not null",
            chart=sales.category_trends,
            finding=_trends,
            figures=(Figure("category_trends", "change of monthly revenue, with interval"),),
        ),
        Panel(
            key="order_values",
            title="How large orders are",
            tables=("report_distributions",),
            query="""
select bin_from, bin_to, item_count, item_share, is_suppressed
from report_distributions
where measure = 'order_value'
order by bin_order""",
            missing="There is no order.",
            prepare=partial(bins, is_money=True),
            chart=partial(sales.distribution, title="Net revenue of the order", item="Orders"),
            finding=partial(most, item="orders"),
            columns=("bin", "item_count", "item_share", "note"),
            figures=(Figure("order_values", "orders by net revenue"),),
            width="half",
        ),
        Panel(
            key="customer_values",
            title="What customers have brought so far",
            tables=("report_distributions",),
            query="""
select bin_from, bin_to, item_count, item_share, is_suppressed
from report_distributions
where measure = 'customer_value'
order by bin_order""",
            missing="There is no known customer.",
            prepare=partial(bins, is_money=True),
            chart=partial(sales.distribution, title="Revenue so far", item="Customers"),
            finding=partial(most, item="customers"),
            columns=("bin", "item_count", "item_share", "note"),
            figures=(Figure("monetary_distribution", "customers by revenue so far"),),
            width="half",
        ),
        Panel(
            key="lorenz",
            title="How unequal customers are",
            about="The further the curve hangs below the dashed line, the more unequal.",
            tables=("report_revenue_concentration",),
            query="""
select percent, rest_customer_share, rest_revenue_share, customer_count, top_revenue_share, gini
from report_revenue_concentration
order by percent""",
            missing="There is no customer with revenue.",
            chart=sales.lorenz,
            finding=_gini,
            figures=(Figure("lorenz", "Lorenz curve of revenue over customers"),),
            width="half",
        ),
        Panel(
            key="correlations",
            title="Which features go together",
            about="Spearman's rank correlation over customers: blue rise together, orange against each other.",
            tables=("report_feature_correlations",),
            query="""
select feature, other_feature, correlation, customer_count
from report_feature_correlations
order by position, other_position""",
            missing="There are no features to correlate.",
            prepare=_named_features,
            chart=sales.correlations,
            finding=_strongest,
            columns=("name", "other_name", "correlation", "customer_count"),
            figures=(Figure("feature_correlations", "Spearman's rank correlation"),),
            width="half",
        ),
        Panel(
            key="ledger",
            title="What became of every row",
            kind="table",
            about="Rows, units and money by rule; together they are the file.",
            tables=("data_quality_ledger",),
            query="""
select outcome, replace(disposition, '_', ' ') as disposition, row_count, unit_count, amount, reason, advice
from data_quality_ledger
where row_count > 0
order by outcome, row_count desc, disposition""",
            missing="The ledger is empty.",
            finding=_ledger,
        ),
        Panel(
            key="set_aside_examples",
            title="Rows that do not count: examples",
            kind="table",
            about="Three of each rule, as they stand in the source; `set_aside_rows` has all.",
            tables=("report_set_aside_examples",),
            query="""
select
    replace(disposition, '_', ' ') as disposition, order_id, stock_code, description, quantity,
    price, occurred_at, source_file, source_row_number
from report_set_aside_examples
order by disposition, example_number""",
            missing="Every row of the source counts.",
        ),
        Panel(
            key="observations",
            title="Oddities that decide about no row",
            kind="table",
            tables=("data_quality_observations",),
            query="""
select observation, found_count, explanation
from data_quality_observations
order by found_count desc, observation""",
            missing="Nothing odd was found.",
            width="half",
        ),
        Panel(
            key="reconciliation",
            title="Two ways to the same total",
            kind="table",
            tables=("reconciliation",),
            query="""
select check_name, expected, found, difference
from reconciliation
order by check_name""",
            missing="There is no check in this database.",
            width="half",
        ),
    ),
)
