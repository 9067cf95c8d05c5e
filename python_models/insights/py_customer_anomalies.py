"""Customers who are unlike the others."""

from regulars.threads import importing

with importing():
    from regulars.anomalies.customers import judge_customers


def model(dbt, session):
    """Return one row per customer at the scoring date, batch by batch."""
    date = dbt.ref("int_as_of_dates").filter("is_scoring_date").aggregate("max(as_of_date)")
    features, wordings = dbt.ref("anomaly_features"), dbt.ref("feature_wordings")
    words = features.select("feature").join(wordings, "feature")
    return judge_customers(
        session,
        dbt.ref("customer_features").filter(
            f"as_of_date = date '{date.fetchall()[0][0]:%Y-%m-%d}'"
        ),
        wordings=words.df(),
        **dbt.config.meta_get("settings"),
    )
