"""Which pairs chance does not explain."""

from regulars.threads import importing

with importing():
    from regulars.baskets.significance import judge_pairs


def model(dbt, session):  # noqa: ARG001 - dbt calls every model with its session
    """Return one row per pair, as `regulars.baskets.significance.judge_pairs` describes it."""
    return judge_pairs(dbt.ref("int_pairs").df())
