"""Run all recipes on a shop's customers, given what earlier builds left."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from itertools import chain

import pandas as pd
from sklearn.exceptions import ConvergenceWarning

from regulars.clustering.evaluation import Evaluation
from regulars.clustering.naming import NamingRule
from regulars.clustering.parameters import COLUMNS, parameter_rows, segmentations_from_rows
from regulars.clustering.recipe import Recipe, RecipeError
from regulars.clustering.refresh import Refreshed, RefreshSettings, refresh
from regulars.clustering.segmentation import hash_ordered
from regulars.threads import single_threaded

# So many customers, with the day of their first purchase, tell one shop from another.
WITNESSES = 100
WORKERS = 2


def run_recipes(
    frame: pd.DataFrame,
    recipes: Sequence[Recipe],
    *,
    rules: Mapping[str, Sequence[NamingRule]],
    earlier: pd.DataFrame,
    as_of_date: date,
    settings: RefreshSettings,
) -> pd.DataFrame:
    """Fit, keep or refit each recipe.

    Args:
        frame: One row per customer, indexed by customer_id; all features that the recipes name, and `CONTEXT_FEATURES`.
        recipes: What to run.
        rules: Naming rules by rule set.
        earlier: Rows of the last build before `as_of_date` (empty if there is none), as returned here.
        as_of_date: Date that the customers are looked at from.
        settings: When to refit, and how.

    Returns:
        Rows as of `parameter_rows`; besides, the `witness` rows that the next build knows the shop by, and
        one `shop` row, whose label stays the same as long as the shop does. None at all without customers.

    Raises:
        RecipeError: If a recipe names a feature or naming rules that there are not, or too few of them.
    """
    for recipe in recipes:
        _check_rules(recipe, rules, settings)
    if frame.empty:
        return pd.DataFrame(columns=list(COLUMNS)).astype(COLUMNS)
    fits = segmentations_from_rows(earlier) if is_same_shop(earlier, frame, as_of_date) else {}

    def run_alike(group: Sequence[Recipe]) -> list[Refreshed]:
        evaluated: dict[object, list[Evaluation]] = {}
        with single_threaded():
            return [
                refresh(
                    fits.get(recipe.name),
                    frame,
                    recipe,
                    rules=rules[recipe.naming_rules],
                    as_of_date=as_of_date,
                    settings=settings,
                    evaluated=evaluated,
                )
                for recipe in group
            ]

    by_evaluation: dict[object, list[Recipe]] = {}
    for recipe in recipes:
        by_evaluation.setdefault(recipe.evaluated_alike(), []).append(recipe)
    with (
        warnings.catch_warnings(),
        single_threaded(),
        ThreadPoolExecutor(WORKERS) as workers,
    ):
        # what did not converge is in the rows
        warnings.simplefilter("ignore", ConvergenceWarning)
        groups = workers.map(run_alike, by_evaluation.values())
        runs = sorted(chain.from_iterable(groups), key=lambda run: run.segmentation.recipe)
    rows = parameter_rows(runs, algorithms={recipe.name: recipe.algorithm for recipe in recipes})
    witnesses = _witnesses(frame, as_of_date)
    if fits:
        shop = earlier.loc[earlier["parameter"] == "shop", "label"].iloc[0]
    else:
        seen = "".join(witnesses["feature"] + witnesses["label"])
        shop = hashlib.md5(seen.encode(), usedforsecurity=False).hexdigest()
    return pd.concat([rows, witnesses, _rows(parameter="shop", label=[shop])], ignore_index=True)


def is_same_shop(earlier: pd.DataFrame, frame: pd.DataFrame, as_of_date: date) -> bool:
    """Say whether at least half of the earlier witnesses are customers with the same first purchase."""
    if earlier.empty:
        return False
    witnesses = earlier[earlier["parameter"] == "witness"]
    first = frame["tenure_days"].map(lambda days: _first_purchase(as_of_date, days))
    known = set(zip(frame.index.astype(str), first, strict=True))
    seen = [pair in known for pair in zip(witnesses["feature"], witnesses["label"], strict=True)]
    return sum(seen) * 2 >= len(seen)


def _check_rules(
    recipe: Recipe, rules: Mapping[str, Sequence[NamingRule]], settings: RefreshSettings
) -> None:
    if recipe.naming_rules not in rules:
        raise RecipeError(
            f"Recipe '{recipe.name}': naming_rules '{recipe.naming_rules}' is unknown; "
            f"known are {', '.join(sorted(rules))}."
        )
    most = recipe.cluster_count or max(settings.evaluation.cluster_counts, default=1)
    if most > settings.cluster_limit:
        raise RecipeError(
            f"Recipe '{recipe.name}' may have {most} clusters; var cluster_count_limit allows "
            f"{settings.cluster_limit}: raise it, or ask for fewer."
        )
    named = len(rules[recipe.naming_rules])
    if named < most:
        raise RecipeError(
            f"Recipe '{recipe.name}' may have {most} clusters, but naming rules "
            f"'{recipe.naming_rules}' have {named} names: add rows to seed cluster_naming_rules."
        )


def _witnesses(frame: pd.DataFrame, as_of_date: date) -> pd.DataFrame:
    chosen = hash_ordered(frame).head(WITNESSES)
    return _rows(
        parameter="witness",
        feature=chosen.index.astype(str),
        label=[_first_purchase(as_of_date, days) for days in chosen["tenure_days"]],
    )


def _rows(**columns: object) -> pd.DataFrame:
    return pd.DataFrame(columns).reindex(columns=list(COLUMNS)).astype(COLUMNS)


def _first_purchase(as_of_date: date, tenure_days: float) -> str:
    return (as_of_date - timedelta(days=int(tenure_days))).isoformat()
