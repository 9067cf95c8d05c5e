"""Days and weeks of revenue against what was to be expected."""

from regulars.threads import importing

with importing():
    from regulars.anomalies.revenue import judge_revenue


def model(dbt, session):  # noqa: ARG001 - dbt calls every model with its session
    """Return one row per day and week, as `regulars.anomalies.revenue.judge_revenue` describes it."""
    return judge_revenue(
        dbt.ref("int_timing_days").df(), score_from=dbt.config.meta_get("score_from")
    )
