"""Trends of the categories' monthly revenue."""

from regulars.threads import importing

with importing():
    from regulars.trends import category_trends


def model(dbt, session):  # noqa: ARG001 - dbt calls every model with its session
    """Return one row per category, as `regulars.trends.category_trends` describes it."""
    return category_trends(dbt.ref("int_category_months").df(), **dbt.config.meta_get("settings"))
