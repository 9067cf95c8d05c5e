"""How often recommendations of past dates were followed."""

from regulars.threads import importing

with importing():
    import pandas as pd

    from regulars.baskets.backtest import backtest_at_origins
    from regulars.baskets.recommend import RecommendationSettings, read_purchases
    from regulars.processes import call_apart


def model(dbt, session):  # noqa: ARG001 - dbt calls every model with its session
    """Return one row per origin, task and method."""
    dates = dbt.ref("int_as_of_dates").filter("is_scoring_date")
    return call_apart(
        backtest_at_origins,
        read_purchases(dbt.ref("int_recent_purchases")),
        date=pd.Timestamp(dates.aggregate("max(as_of_date)").fetchall()[0][0]),
        count=dbt.config.meta_get("backtests"),
        settings=RecommendationSettings(**dbt.config.meta_get("settings")),
    )
