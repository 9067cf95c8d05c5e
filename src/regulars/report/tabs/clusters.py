"""Clusters: which groups algorithms find, and how far to trust them."""

from __future__ import annotations

from collections.abc import Mapping

from regulars.charts import clusters
from regulars.report.panel import Figure, Panel, Row, Tab
from regulars.report.words import Words, count, percent

NO_FIT = "There are too few customers to fit clusters."


def _lede(rows: Mapping[str, list[Row]], _words: Words) -> str | None:
    chosen = [
        row
        for row in rows["elbow"]
        if row["is_chosen"]
        and row["bootstrap_ari_mean"] is not None
        and row["silhouette"] is not None
    ]
    if not chosen:
        return None
    best = max(chosen, key=lambda row: row["silhouette"])
    return (
        f"The clearest groups are those of {best['recipe'].replace('_', ' ')}: {best['cluster_count']} "
        f"clusters, silhouette {best['silhouette']:.2f}, stability {best['bootstrap_ari_mean']:.2f}. "
        "Groups are drawn by an algorithm; read both figures before you trust one."
    )


def _profiles(rows: list[Row], words: Words) -> str | None:
    known = [row for row in rows if row["revenue"] is not None]
    if not known:
        return None
    best = max(known, key=lambda row: row["revenue_share"] or 0)
    return (
        f"{best['cluster_name']} ({best['recipe'].replace('_', ' ')}) are "
        f"{percent(best['customer_share'], 0)} of customers and bring {words.money(best['revenue'])}."
    )


def _points(rows: list[Row], _words: Words) -> str | None:
    customers = len({row["sample_number"] for row in rows})
    return f"{count(customers)} customers, drawn by a hash of the id."


PROJECTION = """
select recipe, customer_id, sample_number, cluster_name, round(plot_x, 3) as plot_x, round(plot_y, 3) as plot_y
from report_cluster_points
order by
    (select min(recipe_order) from report_clusters where report_clusters.recipe = report_cluster_points.recipe),
    sample_number"""
EVALUATION = """
select
    recipe, cluster_count, inertia, silhouette, davies_bouldin, calinski_harabasz,
    bootstrap_ari_mean, bootstrap_ari_min, smallest_share, is_chosen
from cluster_evaluation
order by
    (select min(recipe_order) from report_clusters where report_clusters.recipe = cluster_evaluation.recipe),
    cluster_count"""

CLUSTERS = Tab(
    key="clusters",
    title="Clusters",
    question="Which groups do algorithms find, and how far can they be trusted?",
    lede=_lede,
    panels=(
        Panel(
            key="cluster_profiles",
            title="Profiles",
            kind="table",
            tables=("report_clusters",),
            query="""
select
    recipe, purpose, cluster_name, interpretation, recommended_actions, customer_count,
    customer_share, revenue, revenue_share, median_recency_days, median_frequency,
    median_monetary, aov, algorithm, decision, fitted_as_of, is_suppressed
from report_clusters
order by recipe_order, cluster_order""",
            missing=NO_FIT,
            finding=_profiles,
            select="recipe",
            columns=(
                "cluster_name",
                "interpretation",
                "recommended_actions",
                "customer_count",
                "customer_share",
                "revenue",
                "revenue_share",
                "median_recency_days",
                "median_frequency",
                "median_monetary",
                "aov",
                "note",
            ),
        ),
        Panel(
            key="cluster_sizes",
            title="Customers and revenue",
            tables=("report_clusters",),
            query="""
select
    recipe, cluster_name, cluster_order, customer_count, customer_share, revenue, revenue_share,
    is_suppressed
from report_clusters
order by recipe_order, cluster_order""",
            missing=NO_FIT,
            chart=clusters.sizes,
            select="recipe",
            figures=(Figure("cluster_sizes", "share of revenue and customers by cluster"),),
            width="half",
        ),
        Panel(
            key="cluster_projection",
            title="Where customers lie",
            about="The first two principal components of the recipe's features; groups that overlap here may still differ in a third.",
            tables=("report_cluster_points",),
            query=PROJECTION,
            missing=NO_FIT,
            chart=clusters.projection,
            finding=_points,
            select="recipe",
            columns=("customer_id", "cluster_name", "plot_x", "plot_y"),
            figures=(Figure("cluster_projection", "first two principal components"),),
            width="half",
        ),
        Panel(
            key="cluster_shapes",
            title="What makes them different",
            about="Each line is a cluster: how far it lies above or below the mean customer on each feature.",
            tables=("report_cluster_shapes",),
            query="""
select
    recipe, cluster_name, feature_name, position, scaled_centroid, avg_value, median_value,
    is_suppressed
from report_cluster_shapes
order by
    (select min(recipe_order) from report_clusters where report_clusters.recipe = report_cluster_shapes.recipe),
    cluster_id, position""",
            missing=NO_FIT,
            chart=clusters.shapes,
            select="recipe",
            figures=(Figure("cluster_shapes", "standard deviations from the mean customer"),),
        ),
        Panel(
            key="elbow",
            title="How many: elbow",
            about="The ring is the number in use.",
            tables=("cluster_evaluation",),
            query=EVALUATION,
            missing=NO_FIT,
            chart=clusters.elbow,
            select="recipe",
            figures=(Figure("elbow", "sum of squared distances by number of clusters"),),
            width="half",
        ),
        Panel(
            key="silhouette",
            title="How many: silhouette",
            about="Higher: groups further apart. The ring is the number in use.",
            tables=("cluster_evaluation",),
            query=EVALUATION,
            missing=NO_FIT,
            chart=clusters.silhouette,
            select="recipe",
            figures=(Figure("silhouette", "mean silhouette by number of clusters"),),
            width="half",
        ),
        Panel(
            key="stability",
            title="Would they come out again?",
            about="Fits on resamples of the customers, compared: 1 is always the same grouping.",
            tables=("cluster_evaluation",),
            query=EVALUATION,
            missing=NO_FIT,
            chart=clusters.stability,
            select="recipe",
            figures=(Figure("cluster_stability", "mean adjusted Rand index of resamples"),),
            width="half",
        ),
        Panel(
            key="cluster_agreement",
            title="Do recipes agree?",
            about="1: two recipes group the customers alike; 0: no more than by chance.",
            tables=("cluster_agreement",),
            query="""
select
    replace(recipe, '_', ' ') as recipe, replace(other_recipe, '_', ' ') as other_recipe,
    adjusted_rand_index
from cluster_agreement
order by recipe, other_recipe""",
            missing="There are not two recipes to compare.",
            chart=clusters.agreement,
            figures=(Figure("cluster_agreement", "adjusted Rand index of two recipes"),),
            width="half",
        ),
    ),
)
