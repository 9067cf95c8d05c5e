"""Products to buy again and new ones, for every customer."""

from regulars.threads import importing

with importing():
    import pandas as pd

    from regulars.baskets.recommend import RecommendationSettings, recommend_customers


def model(dbt, session):
    """Return up to two lists per customer, batch by batch."""
    dates = dbt.ref("int_as_of_dates").filter("is_scoring_date")
    return recommend_customers(
        session,
        dbt.ref("int_basket_products"),
        dbt.ref("int_recent_purchases"),
        date=pd.Timestamp(dates.aggregate("max(as_of_date)").fetchall()[0][0]),
        settings=RecommendationSettings(**dbt.config.meta_get("settings")),
    )
