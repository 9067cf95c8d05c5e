"""The default 52-feature customer mart in Polars, from raw Parquet files.

Written from the definitions alone, apart from the SQL models and from the pandas version, as the
Polars side of the benchmark and a second oracle. Everything is lazy but the matching of returns,
which goes in rounds. Money is added up in whole 1/10000 pounds, so sums are exact.

Run as a program: ``python features_polars.py OUT.parquet AS_OF_DATE|latest FILE...``.
"""

import sys
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

import polars as pl

PRICE_UNITS = 10_000
REVERSAL_WINDOW = timedelta(hours=24)
BULK_ORDER_UNITS = 100
PRIOR_GAPS = 3
AT_RISK_SCORE = 60
LOYALTY_WINDOW_DAYS = 91
LOYALTY_WINDOWS = 4

# Segment by 10 * r_score + floor((f_score + m_score + 1) / 2).
SEGMENTS = {
    cell: name
    for name, cells in {
        "Champions": (45, 55),
        "Loyal Customers": (34, 35, 44, 54),
        "Potential Loyalists": (42, 43, 52, 53),
        "Recent Customers": (51,),
        "Promising": (41,),
        "Need Attention": (33,),
        "About To Sleep": (31, 32),
        "Can't Lose Them": (14, 15, 25),
        "At Risk": (13, 23, 24),
        "Hibernating": (21, 22),
        "Lost": (11, 12),
    }.items()
    for cell in cells
}


def scan_lines(paths: Sequence[str]) -> pl.LazyFrame:
    """Scan and clean the lines of all files.

    Args:
        paths: Parquet files with UCI's column names, earliest first.

    Returns:
        The sale and return lines of priced products, anonymous ones included (customer is null);
        ``row`` numbers the rows over all files, price and revenue are in 1/10000 of a pound.
    """
    is_product = pl.col("stock").str.contains(r"^(?:[0-9]{5}[A-Z]{0,2}$|DCGS|SP1002$)")
    is_return = pl.col("quantity") < 0
    is_sale = (pl.col("quantity") > 0) & ~pl.col("invoice").str.starts_with("C")
    return (
        pl.scan_parquet(list(paths), row_index_name="row", include_file_paths="file")
        .select(
            "row",
            "file",
            pl.col("Invoice").str.strip_chars().alias("invoice"),
            pl.col("StockCode").str.strip_chars().str.to_uppercase().alias("stock"),
            pl.col("Quantity").cast(pl.Int64).alias("quantity"),
            pl.col("InvoiceDate").alias("sold_at"),
            (pl.col("Price") * PRICE_UNITS).round().cast(pl.Int64).alias("price"),
            pl.col("Customer ID").cast(pl.Int64).alias("customer"),
        )
        # An invoice belongs to the first file that has it.
        .filter(pl.col("file") == pl.col("file").first().over("invoice"))
        .filter(
            pl.col("price") > 0,
            is_return | is_sale,
            ~pl.col("invoice").str.starts_with("A"),
            is_product,
        )
        .drop("file")
        .with_columns(
            pl.col("sold_at").dt.date().alias("date"),
            (pl.col("quantity") * pl.col("price")).alias("revenue"),
        )
    )


def match_returns(sales: pl.DataFrame, returns: pl.DataFrame) -> pl.DataFrame:
    """Match each return to the sale line that it takes back.

    Round k takes the k-th return of every customer and product at once: returns of one customer and
    product follow each other, different ones don't interfere.

    Args:
        sales: Sale lines of known customers.
        returns: Return lines of known customers.

    Returns:
        Columns row (the return line), sale (the row of its sale line) and is_reversal, for the
        returns with a match.
    """
    pair = ["customer", "stock"]
    left = sales.join(returns, on=pair, how="semi").select(
        *pair,
        pl.col("row").alias("sale"),
        "sold_at",
        "price",
        pl.col("quantity").alias("bought"),
        pl.col("quantity").alias("units_left"),
    )
    waiting = (
        returns.sort("sold_at", "row")
        .select(
            *pair,
            "row",
            pl.col("sold_at").alias("returned_at"),
            pl.col("price").alias("return_price"),
            (-pl.col("quantity")).alias("units"),
            pl.int_range(pl.len()).over(pair).alias("round"),
        )
        .partition_by("round", as_dict=True, include_key=False)
    )

    is_twin = (
        (pl.col("bought") == pl.col("units"))
        & (pl.col("price") == pl.col("return_price"))
        & (pl.col("returned_at") - pl.col("sold_at") <= REVERSAL_WINDOW)
    )
    matches = []
    for _, batch in sorted(waiting.items()):
        found = (
            left.join(batch, on=pair)
            .filter(pl.col("sold_at") <= pl.col("returned_at"))
            .sort("sold_at", "sale")
            .group_by("row")
            .agg(
                pl.col("units").first(),
                # The latest twin, if nothing of it has come back, is reversed ...
                pl.col("sale", "units_left").filter(is_twin).last().name.prefix("twin_"),
                # ... else the latest sale with enough left takes the return.
                pl.col("sale").filter(pl.col("units_left") >= pl.col("units")).last(),
            )
            .with_columns(
                (pl.col("twin_units_left") == pl.col("units")).fill_null(False).alias("is_reversal")
            )
            .select(
                "row",
                pl.when("is_reversal").then("twin_sale").otherwise("sale").alias("sale"),
                "is_reversal",
                "units",
            )
            .drop_nulls("sale")
        )
        matches.append(found.drop("units"))
        left = (
            left.join(found.select("sale", "units"), on="sale", how="left")
            .with_columns(pl.col("units_left") - pl.col("units").fill_null(0))
            .drop("units")
        )
    return pl.concat(matches)


def ridit_score(value: str, *, descending: bool = False) -> pl.Expr:
    """Score 1 to 5 by the mean rank of each value, so that equal values score equally."""
    ranks = [pl.col(value).rank(method, descending=descending) for method in ("min", "max")]
    score = 5 * (ranks[0].cast(pl.Int64) + ranks[1].cast(pl.Int64) - 1) // (2 * pl.len()) + 1
    return score.clip(upper_bound=5).cast(pl.Int64)


def modal(lines: pl.LazyFrame, value: pl.Expr, name: str, share: str) -> pl.LazyFrame:
    """Find each customer's most frequent value and its share of the lines.

    Args:
        lines: Sale lines, numbered in time order by the column ``position``.
        value: What to count.
        name: Column name of the value.
        share: Column name of its share.

    Returns:
        Columns customer, name and share; a tie goes to the value used first.
    """
    return (
        lines.group_by("customer", value.cast(pl.Int64).alias(name))
        .agg(pl.len().alias("lines"), pl.col("position").min())
        .group_by("customer")
        .agg(
            pl.col(name).sort_by("lines", "position", descending=[True, False]).first(),
            (pl.col("lines").max() / pl.col("lines").sum()).alias(share),
        )
    )


def order_features(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Summarise each customer's orders; totals are net of the returns matched to their lines."""
    half = pl.len() // 2
    first_mean = pl.col("total").head(half).mean()
    later_mean = pl.col("total").tail(pl.len() - half).mean()
    return (
        lines.group_by("customer", "invoice")
        .agg(
            pl.col("quantity").sum().alias("units"),
            pl.col("net").sum().alias("total"),
            pl.col("sold_at").min().alias("started_at"),
        )
        .sort("customer", "started_at", "invoice")
        .group_by("customer")
        .agg(
            pl.len().cast(pl.Int64).alias("frequency"),
            pl.col("units").max().alias("max_quantity_single_txn"),
            (pl.col("total").std() / PRICE_UNITS).alias("aov_std"),
            (pl.col("total").max() / PRICE_UNITS).alias("aov_max"),
            (pl.col("total").min() / PRICE_UNITS).alias("aov_min"),
            pl.when((pl.len() >= 4) & (first_mean != 0))
            .then((later_mean / first_mean - 1) * 100)
            .alias("revenue_growth"),
        )
    )


def date_features(lines: pl.LazyFrame, as_of: pl.Expr) -> pl.LazyFrame:
    """Summarise each customer's distinct purchase dates, the gaps between them and the months."""
    day, gap, window, month = (pl.col(name) for name in ("date", "gap", "window", "month"))
    is_same_customer = pl.col("customer") == pl.col("customer").shift()
    return (
        lines.select("customer", "date")
        .unique()
        .sort("customer", "date")
        .with_columns(
            pl.when(is_same_customer).then(day.diff().dt.total_days()).alias("gap"),
            (((as_of - day).dt.total_days() - 1) // LOYALTY_WINDOW_DAYS).alias("window"),
            (day.dt.year().cast(pl.Int64) * 12 + day.dt.month()).alias("month"),
        )
        .group_by("customer")
        .agg(
            pl.len().cast(pl.Int64).alias("days_active"),
            day.min().alias("first_date"),
            day.max().alias("last_date"),
            month.n_unique().cast(pl.Int64).alias("active_months"),
            month.min().alias("first_month"),
            gap.mean().alias("avg_inter_purchase_days"),
            gap.median().alias("median_inter_purchase_days"),
            # Without the condition Polars gives 0 for a group of one null.
            pl.when(pl.len() > 1).then(gap.std(ddof=0)).alias("std_inter_purchase_days"),
            gap.sum().alias("gap_sum"),
            window.filter(window < LOYALTY_WINDOWS).n_unique().alias("windows_used"),
            (window.max() + 1).clip(upper_bound=LOYALTY_WINDOWS).alias("windows_open"),
        )
    )


def category_features(lines: pl.LazyFrame) -> pl.LazyFrame:
    """Summarise each customer's net spending by product category."""
    paid = pl.col("net").filter(pl.col("net") > 0)
    share = paid / paid.sum()
    return (
        lines.group_by("customer", "category")
        .agg(pl.col("net").sum())
        .group_by("customer")
        .agg(
            pl.len().cast(pl.Int64).alias("unique_categories"),
            pl.col("category")
            .sort_by("net", "category", descending=[True, False])
            .first()
            .alias("top_category"),
            pl.when(paid.len() > 0)
            .then((-share * share.log()).sum().abs())
            .alias("category_entropy"),
        )
    )


def customer_features(
    paths: Sequence[str],
    *,
    as_of_date: date | None,
    categories: Mapping[str, str] | None = None,
) -> pl.DataFrame:
    """Compute the default 52 features of every customer with a standing purchase.

    Args:
        paths: Raw transaction files (Parquet, UCI's column names), earliest first.
        as_of_date: Only lines before this date count; None takes the day after the last line.
        categories: Category of each stock code (trimmed, upper case). None stands in the code's
            first two characters.

    Returns:
        One row per customer, sorted by customer_id: the id and the 52 features.

    Raises:
        polars.exceptions.InvalidOperationError: A sold product has no category.
    """
    everything = scan_lines(paths).collect()
    known = everything.drop_nulls("customer")
    sales = known.filter(pl.col("quantity") > 0)
    returns = known.filter(pl.col("quantity") < 0)
    returns = returns.join(match_returns(sales, returns), on="row", how="left")

    reversals = returns.filter("is_reversal")
    if as_of_date is None:
        gone = pl.concat([reversals["row"], reversals["sale"]]).implode()
        last = everything.filter(~pl.col("row").is_in(gone))["date"].max()
        as_of_date = last + timedelta(days=1)
    as_of = pl.lit(as_of_date)

    # What stands as of the date: a reversal takes effect at its own time.
    is_past = pl.col("date") < as_of
    undone = reversals.filter(is_past).select(pl.col("sale").alias("row"))
    counted_returns = returns.lazy().filter(is_past, ~pl.col("is_reversal").fill_null(False))
    returned = (
        counted_returns.drop_nulls("sale")
        .group_by("sale")
        .agg((-pl.col("revenue").sum()).alias("returned"))
    )
    stock = pl.col("stock")
    category = stock.str.slice(0, 2) if categories is None else stock.replace_strict(categories)
    # Nine groupings read these lines, so they are made once. At this size the in-memory engine is
    # the faster one for sorting and grouping.
    lines = (
        sales.lazy()
        .filter(is_past)
        .join(undone.lazy(), on="row", how="anti")
        .join(returned, left_on="row", right_on="sale", how="left")
        .sort("sold_at", "row")
        .with_row_index("position")
        .with_columns(
            (pl.col("revenue") - pl.col("returned").fill_null(0)).alias("net"),
            category.alias("category"),
        )
        .collect(engine="in-memory")
        .lazy()
    )

    def day_start(days: int) -> pl.Expr:
        return pl.col("date") >= as_of - timedelta(days=days)

    sold_at, revenue = pl.col("sold_at"), pl.col("revenue")
    per_line = lines.group_by("customer").agg(
        pl.col("quantity").sum().alias("units"),
        revenue.sum().alias("gross"),
        revenue.filter(day_start(90)).sum().alias("gross_90d"),
        revenue.filter(day_start(365)).sum().alias("gross_365d"),
        (pl.col("price").mean() / PRICE_UNITS).alias("avg_item_price"),
        (pl.col("price").max() / PRICE_UNITS).alias("max_price"),
        ((pl.col("price").max() - pl.col("price").min()) / PRICE_UNITS).alias("price_range"),
        pl.col("stock").n_unique().cast(pl.Int64).alias("unique_products"),
        (sold_at.dt.weekday() >= 6).mean().alias("weekend_ratio"),
    )
    per_return = counted_returns.group_by("customer").agg(
        (-pl.col("quantity").sum()).alias("returned_units"),
        (-revenue.sum()).alias("returned"),
        (-revenue.filter(day_start(90)).sum()).alias("returned_90d"),
        (-revenue.filter(day_start(365)).sum()).alias("returned_365d"),
    )
    joined = per_line
    for part in (
        order_features(lines),
        date_features(lines, as_of),
        category_features(lines),
        modal(lines, sold_at.dt.hour(), "preferred_hour", "hour_concentration"),
        modal(lines, sold_at.dt.quarter(), "preferred_quarter", "quarter_concentration"),
        modal(lines, sold_at.dt.weekday() - 1, "preferred_day", "day_share"),
        per_return,
    ):
        joined = joined.join(part, on="customer", how="left")

    day_before = as_of_date - timedelta(days=1)
    month_of_day_before = day_before.year * 12 + day_before.month
    gaps = pl.col("days_active") - 1
    population_gap = pl.col("gap_sum").sum() / gaps.sum()
    expected_gap = (pl.col("gap_sum") + PRIOR_GAPS * population_gap) / (gaps + PRIOR_GAPS)
    features = (
        joined.with_columns(pl.col("^returned.*$").fill_null(0))
        .with_columns(
            pl.col("customer").cast(pl.String).alias("customer_id"),
            (as_of - pl.col("last_date")).dt.total_days().alias("recency_days"),
            (as_of - pl.col("first_date")).dt.total_days().alias("tenure_days"),
            (pl.col("last_date") - pl.col("first_date"))
            .dt.total_days()
            .alias("customer_lifetime_days"),
            (pl.col("gross") - pl.col("returned")).alias("net"),
            (pl.col("active_months") / (month_of_day_before - pl.col("first_month") + 1)).alias(
                "engagement_consistency"
            ),
        )
        .with_columns(
            ridit_score("recency_days", descending=True).alias("r_score"),
            ridit_score("frequency").alias("f_score"),
            ridit_score("net").alias("m_score"),
            (pl.col("net") / PRICE_UNITS).alias("monetary"),
            (pl.col("net") / PRICE_UNITS / pl.col("frequency")).alias("aov"),
            (pl.col("recency_days") - expected_gap).alias("days_overdue"),
        )
        .with_columns(
            (
                100
                * (
                    0.5 * (pl.col("recency_days") / 365).clip(upper_bound=1)
                    + 0.3 * pl.col("days_overdue").clip(0, 180) / 180
                    + 0.2 * (1 - pl.col("engagement_consistency"))
                )
            ).alias("churn_risk_score"),
        )
    )

    velocity = 30 * pl.col("frequency") / pl.col("customer_lifetime_days").clip(lower_bound=30)
    value_score = (pl.col("f_score") + pl.col("m_score") + 1) // 2
    recent_share = pl.col("windows_used") / pl.col("windows_open")
    return (
        features.select(
            "customer_id",
            "recency_days",
            "frequency",
            "monetary",
            "r_score",
            "f_score",
            "m_score",
            pl.concat_str("r_score", "f_score", "m_score").alias("rfm_score"),
            pl.sum_horizontal("r_score", "f_score", "m_score").alias("rfm_sum"),
            (10 * pl.col("r_score") + value_score)
            .replace_strict(SEGMENTS, return_dtype=pl.String)
            .alias("segment"),
            (pl.col("units") / pl.col("frequency")).alias("avg_basket_size"),
            "aov",
            "avg_item_price",
            "unique_products",
            "unique_categories",
            (pl.col("unique_products") / pl.col("frequency")).alias("product_diversity"),
            "top_category",
            "category_entropy",
            "days_active",
            "avg_inter_purchase_days",
            "median_inter_purchase_days",
            "std_inter_purchase_days",
            (pl.col("max_quantity_single_txn") > BULK_ORDER_UNITS).alias("is_bulk_buyer"),
            "max_quantity_single_txn",
            "preferred_hour",
            "hour_concentration",
            "weekend_ratio",
            (pl.col("weekend_ratio") > 0.5).alias("is_weekend_shopper"),
            "preferred_day",
            "preferred_quarter",
            "quarter_concentration",
            "active_months",
            "customer_lifetime_days",
            pl.when(pl.col("days_active") > 1).then(velocity).alias("purchase_velocity"),
            (pl.col("gross") / PRICE_UNITS).alias("gross_revenue"),
            "aov_std",
            "aov_max",
            "aov_min",
            "max_price",
            "price_range",
            pl.when(pl.col("aov") != 0)
            .then(pl.col("aov_std") / pl.col("aov"))
            .alias("spending_cv"),
            "revenue_growth",
            ((pl.col("gross_90d") - pl.col("returned_90d")) / PRICE_UNITS).alias(
                "revenue_last_90d"
            ),
            ((pl.col("gross_365d") - pl.col("returned_365d")) / PRICE_UNITS).alias(
                "revenue_last_365d"
            ),
            (pl.col("returned_units") / pl.col("units")).alias("return_rate"),
            (pl.col("returned") / PRICE_UNITS).alias("return_value"),
            "tenure_days",
            (30 * pl.col("frequency") / pl.col("tenure_days").clip(lower_bound=30)).alias(
                "activity_rate"
            ),
            "engagement_consistency",
            "days_overdue",
            "churn_risk_score",
            (50 * pl.col("engagement_consistency") + 50 * recent_share).alias("loyalty_index"),
            (pl.col("churn_risk_score") > AT_RISK_SCORE).alias("is_at_risk"),
        )
        .sort("customer_id")
        .collect(engine="in-memory")
    )


if __name__ == "__main__":
    target, day, *files = sys.argv[1:]
    cutoff = None if day == "latest" else date.fromisoformat(day)
    customer_features(files, as_of_date=cutoff).write_parquet(target)
