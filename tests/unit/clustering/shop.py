"""A gift shop's customers as numbers: four kinds that shade into each other, with a few whales and holes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from regulars.clustering import (
    EvaluationSettings,
    NamingRule,
    Recipe,
    RecipeFeature,
    RefreshSettings,
    Segmentation,
    assign,
    read_naming_rules,
    read_recipes,
)
from tests.conftest import ROOT

AS_OF = date(2011, 12, 10)
SEEDS = ROOT / "seeds/segmentation"
EVALUATION = EvaluationSettings(
    cluster_counts=(2, 3, 4),
    evaluation_customers=600,
    bootstraps=2,
    silhouette_customers=300,
    quadratic_customers=400,
    stable_rand_index=0.9,
    smallest_share=0.02,
    random_state=42,
)
NO_EVALUATION = replace(EVALUATION, cluster_counts=())
REFRESH = RefreshSettings(drift_index=0.25, cluster_limit=12, evaluation=NO_EVALUATION)
RFM = ("recency_days", "frequency", "monetary")
CATEGORIES = ("TABLEWARE & DINING", "CANDLES & LIGHTING", "KITCHEN", "STATIONERY", "TOYS", "BAGS", "GARDEN")  # fmt: skip
# share of customers; typical recency in days, orders and order value
KINDS = {
    "champion": (0.2, 12, 18.0, 420),
    "loyal": (0.25, 45, 6.0, 310),
    "occasional": (0.25, 60, 0.6, 190),
    "dormant": (0.3, 420, 0.8, 170),
}


def customers(
    count: int, *, seed: int = 1, shares: tuple[float, ...] | None = None
) -> pd.DataFrame:
    """Simulate all features that the seeded recipes name; `shares` of the kinds, if not the usual ones."""
    rng = np.random.default_rng(seed)
    usual, recency, orders, value = np.array(list(KINDS.values())).T
    kind = rng.choice(len(KINDS), count, p=usual if shares is None else shares)
    frequency = 1 + rng.poisson(orders[kind] * rng.gamma(4, 1 / 4, count))
    recency_days = np.minimum(np.ceil(recency[kind] * rng.lognormal(0, 0.5, count)), 738)
    aov = value[kind] * rng.lognormal(0, 0.4, count)
    # one in a hundred is a wholesaler, one has sent back more than was kept
    aov[: count // 100] *= 40
    aov[count // 100 : count // 50] *= -0.2
    lifetime = np.where(frequency > 1, rng.uniform(30, 700, count), 0)
    hour = rng.choice([9, 10, 11, 12, 13, 14, 15, 16], count)
    with_orders = frequency > 1
    frame = pd.DataFrame(
        {
            "recency_days": recency_days,
            "frequency": frequency,
            "monetary": np.round(aov * frequency, 2),
            "tenure_days": np.minimum(recency_days + lifetime, 739).round(),
            "avg_basket_size": np.round(abs(aov) * rng.uniform(0.3, 0.9, count), 1),
            "aov": aov,
            "product_diversity": rng.gamma(3, 6, count),
            "purchase_velocity": np.where(with_orders, 30 * frequency / (lifetime + 30), np.nan),
            "spending_cv": np.where(with_orders, rng.gamma(4, 0.12, count), np.nan),
            "activity_rate": frequency / 24,
            "engagement_consistency": rng.beta(2, 5, count),
            "loyalty_index": np.clip(frequency * 8 * rng.uniform(0.5, 1.2, count), 2, 100),
            "weekend_ratio": np.where(rng.random(count) < 0.7, 0, rng.random(count)),
            "quarter_concentration": rng.choice([0.4, 0.6, 1.0], count),
            "days_overdue": recency_days - rng.gamma(3, 30, count),
            "preferred_hour_sin": np.sin(2 * np.pi * hour / 24),
            "preferred_hour_cos": np.cos(2 * np.pi * hour / 24),
            "is_bulk_buyer": (abs(aov) > 150).astype(float),
            "is_uk": (rng.random(count) < 0.9).astype(float),
        },
        index=pd.Index([str(12346 + 3 * i) for i in range(count)], name="customer_id"),
    )
    for score, column, sign in (("r", "recency_days", -1), ("f", "frequency", 1), ("m", "monetary", 1)):  # fmt: skip
        frame[f"{score}_score"] = np.ceil((sign * frame[column]).rank(pct=True, method="max") * 5)
    shares_of = rng.dirichlet(np.linspace(1.2, 0.2, len(CATEGORIES)), count)
    for i, category in enumerate(CATEGORIES):
        frame[f"category_share: {category}"] = shares_of[:, i]
    return frame


def seed_table(name: str) -> pd.DataFrame:
    """Read a seed of the segmentations."""
    return pd.read_csv(SEEDS / f"{name}.csv")


def seeded_recipes() -> dict[str, Recipe]:
    """Read the recipes that the project ships, by name."""
    recipes = read_recipes(
        seed_table("segmentation_recipes"), seed_table("segmentation_recipe_features")
    )
    return {recipe.name: recipe for recipe in recipes}


def seeded_rules() -> dict[str, list[NamingRule]]:
    """Read the naming rules that the project ships, by rule set."""
    return read_naming_rules(seed_table("cluster_naming_rules"))


def rfm_recipe(algorithm: str = "kmeans", cluster_count: int | None = 4) -> Recipe:
    """Make a recipe of log recency, frequency and monetary value."""
    return Recipe(
        name="lifecycle",
        features=tuple(RecipeFeature(feature, "log1p") for feature in RFM),
        winsorise_share=0.01,
        algorithm=algorithm,
        cluster_count=cluster_count,
        naming_rules="engagement" if cluster_count == 4 else "ranked",
    )


def names_of(frame: pd.DataFrame, fit: Segmentation) -> pd.Series:
    """Return the name of each customer's cluster."""
    return assign(frame, fit).map(dict(enumerate(fit.names)))
