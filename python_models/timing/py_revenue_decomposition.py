"""Weekly revenue split into trend and season."""

from regulars.threads import importing

with importing():
    from regulars.decomposition import decompose_weeks


def model(dbt, session):  # noqa: ARG001 - dbt calls every model with its session
    """Return one row per week, as `regulars.decomposition.decompose_weeks` describes it."""
    return decompose_weeks(dbt.ref("int_timing_weeks").df())
