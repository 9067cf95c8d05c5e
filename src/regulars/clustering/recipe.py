"""What a segmentation is made of, as its seeds say."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import pandas as pd

from regulars.clustering.algorithms import ALGORITHMS
from regulars.clustering.naming import CRITERIA, NamingRule
from regulars.clustering.scaling import TRANSFORMS
from regulars.errors import InvalidSettingError

# What naming and refreshes look at, whatever the recipe's own features are.
CONTEXT_FEATURES = ("recency_days", "frequency", "monetary", "tenure_days")
# A feature that stands for the revenue shares of the categories that customers buy most from.
CATEGORY_SHARES = "category_shares"
CATEGORY_SHARE_PREFIX = "category_share: "
SHARE_DIGITS = 9  # of a mean share, so that its last bits decide nothing
CATEGORY_SHARE_COUNT = 5  # the rest is what is left of 1


class RecipeError(InvalidSettingError):
    """A recipe cannot be run as it is written: the message names the recipe, the column and the fault."""


@dataclass(frozen=True)
class RecipeFeature:
    """A column of the customer mart, and how it is transformed before it is standardised."""

    feature: str
    transform: str


@dataclass(frozen=True)
class Recipe:
    """One way to segment customers.

    Attributes:
        name: Key of the recipe.
        features: In the order of the centroids; `category_shares` stands for several.
        winsorise_share: Share (0 to below .5) of customers beyond each of the two bounds that values are clipped to.
        algorithm: One of `ALGORITHMS`.
        cluster_count: Clusters wanted; None lets the evaluation choose.
        naming_rules: Rule set that names the clusters.
    """

    name: str
    features: tuple[RecipeFeature, ...]
    winsorise_share: float
    algorithm: str
    cluster_count: int | None
    naming_rules: str

    def features_of(self, frame: pd.DataFrame) -> tuple[RecipeFeature, ...]:
        """Return the features with `category_shares` replaced by those of the largest mean share.

        Raises:
            RecipeError: If a feature is no column of the frame.
        """
        features: list[RecipeFeature] = []
        for item in self.features:
            if item.feature != CATEGORY_SHARES:
                _must_be(item.feature, frame.columns, f"Recipe '{self.name}': feature")
                features.append(item)
                continue
            shares = frame.filter(like=CATEGORY_SHARE_PREFIX).mean().round(SHARE_DIGITS)
            largest = sorted(shares.index, key=lambda name: (-shares[name], name))
            features += [
                RecipeFeature(name, item.transform) for name in largest[:CATEGORY_SHARE_COUNT]
            ]
        return tuple(features)

    def evaluated_alike(self) -> tuple[object, ...]:
        """Return what an evaluation depends on: recipes that share it share the evaluation."""
        return (self.features, self.winsorise_share, self.algorithm)

    def definition(self, rules: Sequence[NamingRule]) -> str:
        """Return a hash of everything that decides what a fit is and what its clusters are called."""
        parts = [asdict(self), [asdict(rule) for rule in rules]]
        return hashlib.md5(
            json.dumps(parts, sort_keys=True).encode(), usedforsecurity=False
        ).hexdigest()


def read_recipes(recipes: pd.DataFrame, features: pd.DataFrame) -> list[Recipe]:
    """Read the seeds `segmentation_recipes` and `segmentation_recipe_features`.

    Args:
        recipes: recipe, algorithm, cluster_count (NULL: chosen), winsorise_share, naming_rules.
        features: recipe, position, feature, transform.

    Returns:
        The recipes, sorted by name.

    Raises:
        RecipeError: If a recipe names a transform or algorithm that there is not, has no features or one
            twice, or has a number that cannot be.
    """
    made = []
    for row in recipes.sort_values("recipe").to_dict("records"):
        name = row["recipe"]
        _must_be(row["algorithm"], ALGORITHMS, f"Recipe '{name}': algorithm")
        count = None if pd.isna(row["cluster_count"]) else int(row["cluster_count"])
        own = features[features["recipe"] == name].sort_values("position")
        if own.empty:
            raise RecipeError(
                f"Recipe '{name}' has no features: add rows to seed segmentation_recipe_features."
            )
        for feature in own.loc[own["feature"].duplicated(), "feature"]:
            raise RecipeError(f"Recipe '{name}' names the feature '{feature}' twice.")
        for feature, transform in zip(own["feature"], own["transform"], strict=True):
            _must_be(transform, TRANSFORMS, f"Recipe '{name}', feature '{feature}': transform")
        share = float(row["winsorise_share"])
        if not 0 <= share < 0.5:
            raise RecipeError(
                f"Recipe '{name}': winsorise_share is {share}; it must be at least 0 and below 0.5."
            )
        if count is not None and count < 1:
            raise RecipeError(
                f"Recipe '{name}': cluster_count is {count}; it must be at least 1, or empty."
            )
        made.append(
            Recipe(
                name=name,
                features=tuple(
                    RecipeFeature(feature, transform)
                    for feature, transform in zip(own["feature"], own["transform"], strict=True)
                ),
                winsorise_share=share,
                algorithm=row["algorithm"],
                cluster_count=count,
                naming_rules=row["naming_rules"],
            )
        )
    return made


def read_naming_rules(rules: pd.DataFrame) -> dict[str, list[NamingRule]]:
    """Read the seed `cluster_naming_rules`: naming_rules, step, cluster_name, criterion.

    Returns:
        The rules of each set, in the order of their steps.

    Raises:
        RecipeError: If a criterion is unknown or a set uses a name twice.
    """
    sets: dict[str, list[NamingRule]] = {}
    for row in rules.sort_values(["naming_rules", "step"]).to_dict("records"):
        own = sets.setdefault(row["naming_rules"], [])
        _must_be(row["criterion"], CRITERIA, f"Naming rules '{row['naming_rules']}': criterion")
        if any(rule.name == row["cluster_name"] for rule in own):
            raise RecipeError(
                f"Naming rules '{row['naming_rules']}' use the name '{row['cluster_name']}' twice."
            )
        own.append(NamingRule(name=row["cluster_name"], criterion=row["criterion"]))
    return sets


def _must_be(value: str, known: object, what: str) -> None:
    if value not in known:
        raise RecipeError(f"{what} '{value}' is unknown; known are {', '.join(sorted(known))}.")
