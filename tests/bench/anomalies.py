"""How many injected spikes and drops of revenue are found, and how many false alarms there are.

Run `python -m tests.bench.anomalies [--first-seed N]`: simulated shops of four sizes over three years, one change a
month. Thresholds and constants were chosen on seeds 1 to 3; the figures in docs/anomalies.md are of seeds
101 to 103. Beside the method stand the same without last year's season, and the plain rule: the median of
the last eight same weekdays, in median absolute deviations of half a year.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from unittest.mock import patch

import numpy as np
import pandas as pd

from regulars.anomalies import revenue
from tests.unit.anomalies.shop import add_up, inject, shop_days, tally

SIZES = (2_500, 6_000, 20_000, 40_000)
MONTHS = 36
INJECTIONS = (11, 12, 13)
SCORES = (2.5, 2.75, 3.0)


def ours(days: pd.DataFrame) -> pd.DataFrame:
    return revenue.judge_revenue(days, score_from=2.75)


def without_season(days: pd.DataFrame) -> pd.DataFrame:
    with patch.object(revenue, "SEASON_MINIMUM", 10**9):
        return revenue.judge_revenue(days, score_from=2.75)


def plain_rule(days: pd.DataFrame) -> pd.DataFrame:
    """Days against the median of the last eight same weekdays, weeks against that of the last eight weeks."""
    weeks = days.groupby(pd.Grouper(key="order_date", freq="W-MON", label="left", closed="left"))
    weeks = weeks["revenue"].agg(["sum", "size"]).query("size == 7")["sum"]
    parts = [_plain_scores(weeks, period_type="week")]
    for _, same in days.groupby(days["order_date"].dt.day_of_week):
        if (same["order_count"] > 0).mean() >= 0.75:
            series = same.set_index("order_date")["revenue"]
            parts.append(_plain_scores(series, period_type="day"))
    return pd.concat(parts, ignore_index=True)


def _plain_scores(revenues: pd.Series, *, period_type: str) -> pd.DataFrame:
    logged = np.log(revenues.where(revenues > 0, revenues.median() / 100))
    residual = logged - logged.shift().rolling(8, min_periods=4).median()
    spread = 1.4826 * residual.abs().shift().rolling(26, min_periods=8).median()
    return pd.DataFrame(
        {
            "period_type": period_type,
            "period_start": revenues.index,
            "anomaly_score": (residual / spread.clip(lower=0.05)).to_numpy(),
        }
    )


METHODS: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "ours": ours,
    "without last year's season": without_season,
    "plain rule": plain_rule,
}


def main() -> None:
    """Print a table per size of shop."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-seed", type=int, default=101)
    first_seed = parser.parse_args().first_seed
    for customers in SIZES:
        shops = [
            shop_days(customers=customers, months=MONTHS, seed=seed)
            for seed in range(first_seed, first_seed + 3)
        ]
        orders = np.median(
            np.concatenate([shop["order_count"][shop["order_count"] > 0] for shop in shops])
        )
        sys.stdout.write(f"{customers:,} customers, {orders:.0f} orders a day\n")
        changed = [inject(shop, seed=seed) for shop in shops for seed in INJECTIONS]
        for name, method in METHODS.items():
            judged = [(method(days), events) for days, events in changed]
            for score in SCORES:
                total = add_up(
                    [
                        tally(one.assign(is_anomaly=one["anomaly_score"].abs() >= score), events)
                        for one, events in judged
                    ]
                )
                sizes = total.found.groupby(["period_type", "factor"])["is_found"]
                by_size = ", ".join(
                    f"{kind} x{factor:g} {share:.2f}"
                    for (kind, factor), share in sizes.mean().items()
                )
                sys.stdout.write(
                    f"  {name}, from {score}: recall {total.recall:.3f} of {len(total.found)}, "
                    f"{total.false_alarms_per_quarter:.2f} false alarms a quarter; {by_size}\n"
                )
        sys.stdout.flush()


if __name__ == "__main__":
    main()
