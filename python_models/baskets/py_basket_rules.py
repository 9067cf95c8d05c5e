"""Association rules among categories and among products."""

from regulars.threads import importing

with importing():
    import pandas as pd

    from regulars.baskets.rules import RuleSettings, find_rules
    from regulars.processes import call_apart


def model(dbt, session):  # noqa: ARG001 - dbt calls every model with its session
    """Return one row per rule, as `regulars.baskets.rules.find_rules` describes it."""
    baskets = dbt.ref("int_rule_baskets")
    found = [
        call_apart(
            find_rules,
            baskets.filter(f"level = '{level}'").order("order_id, item").df(),
            level=level,
            settings=RuleSettings(**settings),
        )
        for level, settings in dbt.config.meta_get("settings").items()
    ]
    return pd.concat(found, ignore_index=True)
