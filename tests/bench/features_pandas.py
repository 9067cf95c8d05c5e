"""The default 52-feature customer mart in pandas, from raw Parquet files.

Written from the definitions alone, apart from the SQL models, so that it can serve both as an
oracle for them and as the pandas side of the benchmark. Money is added up in whole 1/10000 pounds:
sums are exact, and customers with equal sums get equal scores.

Run as a program: ``python features_pandas.py OUT.parquet AS_OF_DATE|latest FILE...``.
"""

import sys
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

PRICE_UNITS = 10_000
HOUR = 3_600_000_000
REVERSAL_WINDOW = 24 * HOUR
BULK_ORDER_UNITS = 100
PRIOR_GAPS = 3
AT_RISK_SCORE = 60
LOYALTY_WINDOW_DAYS = 91
LOYALTY_WINDOWS = 4

PRODUCT_PATTERN = r"(?:[0-9]{5}[A-Z]{0,2}$|DCGS|SP1002$)"

# Rows: r_score 1 to 5. Columns: floor((f_score + m_score + 1) / 2), 1 to 5.
SEGMENT_GRID = np.array(
    [
        ["Lost", "Lost", "At Risk", "Can't Lose Them", "Can't Lose Them"],
        ["Hibernating", "Hibernating", "At Risk", "At Risk", "Can't Lose Them"],
        ["About To Sleep", "About To Sleep", "Need Attention"] + ["Loyal Customers"] * 2,
        ["Promising"] + ["Potential Loyalists"] * 2 + ["Loyal Customers", "Champions"],
        ["Recent Customers"] + ["Potential Loyalists"] * 2 + ["Loyal Customers", "Champions"],
    ],
    dtype=object,
)


def read_lines(paths: Sequence[str]) -> tuple[pd.DataFrame, pd.Index]:
    """Read and clean the lines of all files, in file order.

    Args:
        paths: Parquet files with UCI's column names, earliest first.

    Returns:
        The sale and return lines of priced products, anonymous ones included, and the cleaned
        stock codes that the column ``stock`` counts into. The index is the row number over all
        files. ``invoice`` numbers the invoices in the order of their text, ``customer`` is a float
        with NaN for unknown, ``sold_at`` is in microseconds, ``day`` in days since 1970, prices and
        revenue in 1/10000 of a pound; ``is_return`` marks the returns.
    """
    columns = ["Invoice", "StockCode", "Quantity", "InvoiceDate", "Price", "Customer ID"]
    tables = [
        pq.read_table(path, columns=columns, read_dictionary=["Invoice", "StockCode"])
        for path in paths
    ]
    raw = pa.concat_tables(tables).unify_dictionaries().to_pandas()

    # Text is cleaned once per distinct value, not once per row.
    invoice_code, invoices = pd.factorize(raw["Invoice"].cat.categories.str.strip(), sort=True)
    stock_code, stocks = pd.factorize(raw["StockCode"].cat.categories.str.strip().str.upper())
    invoice = invoice_code[raw["Invoice"].cat.codes]
    stock = stock_code[raw["StockCode"].cat.codes]

    # An invoice belongs to the first file that has it.
    file = np.repeat(np.arange(len(tables)), [table.num_rows for table in tables])
    home = np.full(len(invoices), len(tables))
    for number in reversed(range(len(tables))):
        home[invoice[file == number]] = number

    quantity = raw["Quantity"].to_numpy("int64")
    price = np.rint(raw["Price"].to_numpy() * PRICE_UNITS).astype("int64")
    is_cancellation = invoices.str.startswith("C")[invoice]
    keep = (
        (file == home[invoice])
        & ~invoices.str.startswith("A")[invoice]
        & stocks.str.match(PRODUCT_PATTERN)[stock]
        & (price > 0)
        & ((quantity < 0) | ((quantity > 0) & ~is_cancellation))
    )
    sold_at = raw["InvoiceDate"].to_numpy("datetime64[us]")[keep]
    lines = pd.DataFrame(
        {
            "customer": raw["Customer ID"].to_numpy()[keep],
            "invoice": invoice[keep],
            "stock": stock[keep],
            "sold_at": sold_at.astype("int64"),
            "day": sold_at.astype("datetime64[D]").astype("int64"),
            "month": sold_at.astype("datetime64[M]").astype("int64"),
            "quantity": quantity[keep],
            "price": price[keep],
        },
        index=pd.RangeIndex(len(raw))[keep],
    )
    lines["revenue"] = lines["quantity"] * lines["price"]
    lines["is_return"] = lines["quantity"] < 0
    return lines, stocks


def match_returns(sales: pd.DataFrame, returns: pd.DataFrame) -> pd.DataFrame:
    """Match each return to the sale line that it takes back.

    Returns are taken one by one in time order, so this is a loop; only the sale lines of a customer
    and product with a return take part in it.

    Args:
        sales: Sale lines of known customers.
        returns: Return lines of known customers.

    Returns:
        Indexed by return line: ``sale``, the row number of its sale line (-1 without one), and
        ``is_reversal``, whether it undid that whole line within the window.
    """
    fields = ["customer", "stock", "sold_at", "quantity", "price"]
    products = max(sales["stock"].max(), returns["stock"].max()) + 1
    sale_key, return_key = (
        frame["customer"].astype("int64") * products + frame["stock"] for frame in (sales, returns)
    )
    sales = sales[sale_key.isin(return_key)].sort_values("sold_at", kind="stable")
    returns = returns.sort_values("sold_at", kind="stable")

    # Per customer and product, oldest first: times, and [row, quantity, price, units left].
    times: dict[tuple[float, int], list[int]] = defaultdict(list)
    stacks: dict[tuple[float, int], list[list[int]]] = defaultdict(list)
    for row, customer, stock, sold_at, quantity, price in sales[fields].itertuples(name=None):
        times[customer, stock].append(sold_at)
        stacks[customer, stock].append([row, quantity, price, quantity])

    matched = []
    for _, customer, stock, at, quantity, price in returns[fields].itertuples(name=None):
        units = -quantity
        since = times[customer, stock]
        stack = stacks[customer, stock]
        latest = bisect_right(since, at) - 1

        reverses = None
        for i in range(latest, -1, -1):
            if since[i] < at - REVERSAL_WINDOW:
                break
            if stack[i][1] == units and stack[i][2] == price:
                reverses = stack[i]
                break
        if reverses is not None and reverses[3] == units:
            reverses[3] = 0
            matched.append((reverses[0], True))
            continue

        for i in range(latest, -1, -1):
            if stack[i][3] >= units:
                stack[i][3] -= units
                matched.append((stack[i][0], False))
                break
        else:
            matched.append((-1, False))
    return pd.DataFrame(matched, columns=["sale", "is_reversal"], index=returns.index).astype(
        {"sale": "int64", "is_reversal": "bool"}
    )


def ridit_score(values: pd.Series, *, ascending: bool = True) -> pd.Series:
    """Score 1 to 5 by the mean rank of each value, so that equal values score equally."""
    lowest = values.rank(method="min", ascending=ascending).astype("int64")
    highest = values.rank(method="max", ascending=ascending).astype("int64")
    return (5 * (lowest + highest - 1) // (2 * len(values)) + 1).clip(upper=5)


def modal(lines: pd.DataFrame, value: str) -> pd.DataFrame:
    """Find each customer's most frequent value; a tie goes to the value used first.

    Args:
        lines: Sale lines in the order of sold_at, file and row.
        value: The column to count.

    Returns:
        Indexed by customer: the value and its number of lines (column ``lines``).
    """
    # groupby(sort=False) keeps the order of first appearance and so does the stable sort.
    counts = lines.groupby(["customer", value], sort=False).size().rename("lines").reset_index()
    counts = counts.sort_values("lines", ascending=False, kind="stable")
    return counts.drop_duplicates("customer").set_index("customer")


def later_half_growth(orders: pd.DataFrame) -> pd.Series:
    """Percent by which the mean order of the later half exceeds that of the first floor(n/2).

    Args:
        orders: Columns customer, invoice, started_at and total; one row per order.

    Returns:
        Percent by customer; NaN below four orders or where the first mean is 0.
    """
    ordered = orders.sort_values(["customer", "started_at", "invoice"])
    by_customer = ordered.groupby("customer")
    count = by_customer["total"].transform("size")
    ordered["is_first_half"] = by_customer.cumcount() < count // 2
    ordered = ordered[count >= 4]
    means = ordered.groupby(["customer", "is_first_half"])["total"].mean().unstack()
    means = means.reindex(columns=[False, True])
    return (means[False] / means[True].where(means[True] != 0) - 1) * 100


def category_features(
    lines: pd.DataFrame, returned: pd.Series, categories: np.ndarray
) -> pd.DataFrame:
    """Summarise each customer's spending by product category.

    Args:
        lines: Standing sale lines.
        returned: Value of the matched returns by sale line (same index as ``lines``).
        categories: The category of each stock number.

    Returns:
        Indexed by customer: unique_categories, top_category, category_entropy (nats).
    """
    code, names = pd.factorize(categories, sort=True)
    spend = pd.DataFrame(
        {
            "customer": lines["customer"],
            "category": code[lines["stock"]],
            "revenue": lines["revenue"] - returned,
        }
    )
    spend = spend.groupby(["customer", "category"], as_index=False)["revenue"].sum()
    # Sorted by name within a customer already, so a stable sort breaks ties by name.
    top = spend.sort_values("revenue", ascending=False, kind="stable").drop_duplicates("customer")
    paid = spend[spend["revenue"] > 0]
    share = paid["revenue"] / paid.groupby("customer")["revenue"].transform("sum")
    return pd.DataFrame(
        {
            "unique_categories": spend.groupby("customer").size(),
            "top_category": pd.Series(names[top["category"]], index=top["customer"]),
            "category_entropy": (-share * np.log(share)).groupby(paid["customer"]).sum().abs(),
        }
    )


def loyalty_share(dates: pd.DataFrame, tenure: pd.Series, as_of: int) -> pd.Series:
    """Share of the last four 91-day windows with a purchase, those before the first left out.

    Args:
        dates: Distinct customer and day of purchase.
        tenure: Days from the first purchase to the as-of date, by customer.
        as_of: The as-of date in days since 1970.
    """
    window = (as_of - dates["day"] - 1) // LOYALTY_WINDOW_DAYS
    recent = pd.DataFrame({"customer": dates["customer"], "window": window})
    recent = recent[window < LOYALTY_WINDOWS].drop_duplicates().groupby("customer").size()
    open_windows = ((tenure - 1) // LOYALTY_WINDOW_DAYS + 1).clip(upper=LOYALTY_WINDOWS)
    return recent.reindex(tenure.index, fill_value=0) / open_windows


def customer_features(
    paths: Sequence[str],
    *,
    as_of_date: date | None,
    categories: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Compute the default 52 features of every customer with a standing purchase.

    Args:
        paths: Raw transaction files (Parquet, UCI's column names), earliest first.
        as_of_date: Only lines before this date count; None takes the day after the last line.
        categories: Category of each stock code (trimmed, upper case). None stands in the code's
            first two characters.

    Returns:
        One row per customer, sorted by customer_id: the id and the 52 features.

    Raises:
        ValueError: A sold product has no category.
    """
    lines, stocks = read_lines(paths)
    is_known = lines["customer"].notna()
    sales = lines[is_known & ~lines["is_return"]]
    returns = lines[is_known & lines["is_return"]]
    returns = returns.join(match_returns(sales, returns))

    reversals = returns[returns["is_reversal"]]
    if as_of_date is None:
        gone = reversals.index.append(pd.Index(reversals["sale"]))
        as_of = int(lines["day"].drop(gone).max()) + 1
    else:
        as_of = int(np.datetime64(as_of_date, "D").astype("int64"))

    # What stands as of the date: a reversal takes effect at its own time.
    returns = returns[returns["day"] < as_of]
    undone = returns.loc[returns["is_reversal"], "sale"]
    returns = returns[~returns["is_reversal"]]
    lines = sales[(sales["day"] < as_of) & ~sales.index.isin(undone)]
    lines = lines.sort_values("sold_at", kind="stable").astype({"customer": "int64"})
    returns = returns.astype({"customer": "int64"})

    returned = -returns[returns["sale"] >= 0].groupby("sale")["revenue"].sum()
    returned = returned.reindex(lines.index, fill_value=0)

    if categories is None:
        category_of = np.asarray(stocks.str[:2])
    else:
        category_of = np.asarray(stocks.map(categories))
        missing = stocks[np.intersect1d(lines["stock"], np.flatnonzero(pd.isna(category_of)))]
        if len(missing):
            message = f"no category for {len(missing)} sold products, such as {missing[0]}"
            raise ValueError(message)
        category_of = np.where(pd.isna(category_of), "", category_of)

    lines["net"] = lines["revenue"] - returned
    lines["hour"] = lines["sold_at"] // HOUR % 24
    lines["weekday"] = (lines["day"] + 3) % 7
    lines["quarter"] = lines["month"] % 12 // 3 + 1
    lines["is_weekend"] = lines["weekday"] >= 5

    orders = lines.groupby(["customer", "invoice"], as_index=False).agg(
        units=("quantity", "sum"), total=("net", "sum"), started_at=("sold_at", "min")
    )
    by_order = orders.groupby("customer")
    per_order = by_order.agg(
        frequency=("total", "size"),
        units_max=("units", "max"),
        total_std=("total", "std"),
        total_max=("total", "max"),
        total_min=("total", "min"),
    )
    frequency = per_order["frequency"]

    dates = lines[["customer", "day"]].drop_duplicates()  # in time order
    gaps = dates.groupby("customer")["day"].diff().groupby(dates["customer"])

    per = lines.groupby("customer").agg(
        lines=("quantity", "size"),
        units=("quantity", "sum"),
        gross=("revenue", "sum"),
        price_sum=("price", "sum"),
        price_max=("price", "max"),
        price_min=("price", "min"),
        first_day=("day", "min"),
        last_day=("day", "max"),
        first_month=("month", "min"),
        weekend_ratio=("is_weekend", "mean"),
        unique_products=("stock", "nunique"),
        active_months=("month", "nunique"),
    )

    def returned_by_customer(column: str, since: int | None = None) -> pd.Series:
        chosen = returns if since is None else returns[returns["day"] >= since]
        total = -chosen.groupby("customer")[column].sum()
        return total.reindex(per.index, fill_value=0)

    def revenue_of_last(days: int) -> pd.Series:
        chosen = lines[lines["day"] >= as_of - days]
        sold = chosen.groupby("customer")["revenue"].sum().reindex(per.index, fill_value=0)
        return (sold - returned_by_customer("revenue", as_of - days)) / PRICE_UNITS

    return_value = returned_by_customer("revenue")
    net = per["gross"] - return_value
    monetary = net / PRICE_UNITS
    aov = monetary / frequency
    aov_std = per_order["total_std"] / PRICE_UNITS
    recency = as_of - per["last_day"]
    tenure = as_of - per["first_day"]
    lifetime = per["last_day"] - per["first_day"]
    has_two_dates = lifetime > 0

    r_score = ridit_score(recency, ascending=False)
    f_score = ridit_score(frequency)
    m_score = ridit_score(net)
    value_score = (f_score + m_score + 1) // 2

    day_before = np.datetime64(as_of - 1, "D").astype("datetime64[M]").astype("int64")
    consistency = per["active_months"] / (day_before - per["first_month"] + 1)
    expected_gap = (gaps.sum() + PRIOR_GAPS * gaps.obj.mean()) / (gaps.count() + PRIOR_GAPS)
    overdue = recency - expected_gap
    risk = 100 * (
        0.5 * (recency / 365).clip(upper=1)
        + 0.3 * overdue.clip(lower=0, upper=180) / 180
        + 0.2 * (1 - consistency)
    )
    hour, weekday, quarter = (modal(lines, name) for name in ("hour", "weekday", "quarter"))
    by_category = category_features(lines, returned, category_of)

    features = pd.DataFrame(
        {
            "customer_id": per.index.astype("str"),
            "recency_days": recency,
            "frequency": frequency,
            "monetary": monetary,
            "r_score": r_score,
            "f_score": f_score,
            "m_score": m_score,
            "rfm_score": (100 * r_score + 10 * f_score + m_score).astype("str"),
            "rfm_sum": r_score + f_score + m_score,
            "segment": SEGMENT_GRID[r_score - 1, value_score - 1],
            "avg_basket_size": per["units"] / frequency,
            "aov": aov,
            "avg_item_price": per["price_sum"] / per["lines"] / PRICE_UNITS,
            "unique_products": per["unique_products"],
            "unique_categories": by_category["unique_categories"],
            "product_diversity": per["unique_products"] / frequency,
            "top_category": by_category["top_category"],
            "category_entropy": by_category["category_entropy"],
            "days_active": dates.groupby("customer").size(),
            "avg_inter_purchase_days": gaps.mean(),
            "median_inter_purchase_days": gaps.median(),
            "std_inter_purchase_days": gaps.std(ddof=0),
            "is_bulk_buyer": per_order["units_max"] > BULK_ORDER_UNITS,
            "max_quantity_single_txn": per_order["units_max"],
            "preferred_hour": hour["hour"],
            "hour_concentration": hour["lines"] / per["lines"],
            "weekend_ratio": per["weekend_ratio"],
            "is_weekend_shopper": per["weekend_ratio"] > 0.5,
            "preferred_day": weekday["weekday"],
            "preferred_quarter": quarter["quarter"],
            "quarter_concentration": quarter["lines"] / per["lines"],
            "active_months": per["active_months"],
            "customer_lifetime_days": lifetime,
            "purchase_velocity": (30 * frequency / lifetime.clip(lower=30)).where(has_two_dates),
            "gross_revenue": per["gross"] / PRICE_UNITS,
            "aov_std": aov_std,
            "aov_max": per_order["total_max"] / PRICE_UNITS,
            "aov_min": per_order["total_min"] / PRICE_UNITS,
            "max_price": per["price_max"] / PRICE_UNITS,
            "price_range": (per["price_max"] - per["price_min"]) / PRICE_UNITS,
            "spending_cv": aov_std / aov.where(aov != 0),
            "revenue_growth": later_half_growth(orders),
            "revenue_last_90d": revenue_of_last(90),
            "revenue_last_365d": revenue_of_last(365),
            "return_rate": returned_by_customer("quantity") / per["units"],
            "return_value": return_value / PRICE_UNITS,
            "tenure_days": tenure,
            "activity_rate": 30 * frequency / tenure.clip(lower=30),
            "engagement_consistency": consistency,
            "days_overdue": overdue,
            "churn_risk_score": risk,
            "loyalty_index": 50 * consistency + 50 * loyalty_share(dates, tenure, as_of),
            "is_at_risk": risk > AT_RISK_SCORE,
        }
    )
    return features.sort_values("customer_id", ignore_index=True)


if __name__ == "__main__":
    target, day, *files = sys.argv[1:]
    cutoff = None if day == "latest" else date.fromisoformat(day)
    customer_features(files, as_of_date=cutoff).to_parquet(target)
