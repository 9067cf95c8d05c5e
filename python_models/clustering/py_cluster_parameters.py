"""Fit, keep or refit every segmentation recipe; what comes out is numbers, not pickles."""

from regulars.threads import importing

with importing():
    import pandas as pd

    from regulars.clustering import (
        EvaluationSettings,
        RefreshSettings,
        read_naming_rules,
        read_recipes,
        run_recipes,
    )
    from regulars.processes import call_apart


def model(dbt, session):
    """Return one row per number of the fits in use, as `regulars.clustering.run_recipes` describes them."""
    inputs = dbt.ref("int_cluster_fit_inputs").df()
    as_of_date = inputs["as_of_date"].dt.date.max()
    recipes, features, rules = (
        dbt.ref("segmentation_recipes").df(),
        dbt.ref("segmentation_recipe_features").df(),
        dbt.ref("cluster_naming_rules").df(),
    )
    rows = call_apart(
        run_recipes,
        inputs.pivot(index="customer_id", columns="feature", values="value"),
        read_recipes(recipes, features),
        rules=read_naming_rules(rules),
        earlier=_last_rows_before(as_of_date, dbt, session),
        as_of_date=as_of_date,
        settings=RefreshSettings(
            drift_index=dbt.config.meta_get("drift_index"),
            cluster_limit=dbt.config.meta_get("cluster_limit"),
            evaluation=EvaluationSettings(**dbt.config.meta_get("evaluation")),
        ),
    )
    rows.insert(0, "as_of_date", pd.to_datetime(as_of_date))
    return rows


def _last_rows_before(as_of_date, dbt, session):
    """Return what the build with the last as-of date before this one left; nothing after --full-refresh."""
    if not dbt.is_incremental or pd.isna(as_of_date):
        return pd.DataFrame()
    earlier = session.table(str(dbt.this)).filter(f"as_of_date < date '{as_of_date:%Y-%m-%d}'")
    last = earlier.aggregate("max(as_of_date)").fetchall()[0][0]
    return earlier.filter(f"as_of_date = timestamp '{last}'").df() if last else pd.DataFrame()
