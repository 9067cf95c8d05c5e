"""Segmentations: a recipe says which features, transform, algorithm and number of clusters; one library runs any recipe.

Everything that a fit yields is plain numbers (`parameters`), so that a database can assign customers
to clusters with a join.
"""

from regulars.clustering.algorithms import ALGORITHMS, Clusters, assign_scaled, fit_clusters
from regulars.clustering.evaluation import (
    Evaluation,
    EvaluationSettings,
    choose_cluster_count,
    evaluate,
)
from regulars.clustering.naming import NamingRule, name_clusters
from regulars.clustering.parameters import parameter_rows, segmentations_from_rows
from regulars.clustering.recipe import (
    CONTEXT_FEATURES,
    Recipe,
    RecipeError,
    RecipeFeature,
    read_naming_rules,
    read_recipes,
)
from regulars.clustering.refresh import RefreshSettings, refresh, stability_index
from regulars.clustering.run import run_recipes
from regulars.clustering.scaling import Scaler, fit_scaler
from regulars.clustering.segmentation import Segmentation, assign, fit_segmentation

__all__ = [
    "ALGORITHMS",
    "CONTEXT_FEATURES",
    "Clusters",
    "Evaluation",
    "EvaluationSettings",
    "NamingRule",
    "Recipe",
    "RecipeError",
    "RecipeFeature",
    "RefreshSettings",
    "Scaler",
    "Segmentation",
    "assign",
    "assign_scaled",
    "choose_cluster_count",
    "evaluate",
    "fit_clusters",
    "fit_scaler",
    "fit_segmentation",
    "name_clusters",
    "parameter_rows",
    "read_naming_rules",
    "read_recipes",
    "refresh",
    "run_recipes",
    "segmentations_from_rows",
    "stability_index",
]
