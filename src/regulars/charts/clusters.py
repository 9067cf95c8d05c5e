"""Charts of clusters: where they lie, what makes them, and how many there should be."""

from __future__ import annotations

import altair as alt

from regulars.charts.marks import (
    COUNT,
    MONEY,
    MONEY_SHORT,
    SHARE,
    SHARE_FINE,
    Rows,
    ordered,
    ranked_bars,
    rows,
    tip,
    tips,
    value_axis,
)


def projection(data: Rows) -> alt.Chart:
    """Customers on the first two principal components, coloured by cluster."""
    has_ids = bool(data) and "customer_id" in data[0]
    return (
        rows()
        .mark_circle()
        .encode(
            x=alt.X(
                "plot_x:Q",
                title="First principal component",
                axis=alt.Axis(labels=False, ticks=False),
            ),
            y=alt.Y(
                "plot_y:Q",
                title="Second principal component",
                axis=alt.Axis(labels=False, ticks=False),
            ),
            color=alt.Color("cluster_name:N", title=None),
            tooltip=[
                *([tip("customer_id:N", "Customer")] if has_ids else []),
                tip("cluster_name:N", "Cluster"),
            ],
        )
        .properties(height=340)
    )


def sizes(_data: Rows) -> alt.LayerChart:
    """Each cluster's share of revenue as a bar, of customers as a tick."""
    base = rows().encode(
        y=alt.Y("cluster_name:N", sort=None, title=None),
        tooltip=tips(
            ("cluster_name:N", "Cluster"),
            ("customer_count:Q", "Customers", COUNT),
            ("customer_share:Q", "Share of customers", SHARE_FINE),
            ("revenue_share:Q", "Share of revenue", SHARE_FINE),
        ),
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2, height={"band": 0.62}).encode(
            x=alt.X(
                "revenue_share:Q",
                title="Bar: share of revenue · tick: share of customers",
                axis=value_axis(SHARE),
            )
        ),
        base.mark_tick(height={"band": 0.9}).encode(x="customer_share:Q"),
    ).properties(height={"step": 30})


def shapes(_data: Rows) -> alt.LayerChart:
    """Parallel coordinates: each cluster's centre on every feature."""
    base = rows().encode(
        x=alt.X(
            "feature_name:N",
            sort=None,
            title=None,
            axis=alt.Axis(labelAngle=-35, labelLimit=150),
        ),
        color=alt.Color("cluster_name:N", title=None),
    )
    y = alt.Y(
        "scaled_centroid:Q",
        title="Standard deviations from the mean",
        axis=value_axis("+.1~f"),
    )
    return alt.layer(
        rows().mark_rule(style="guide").encode(y=alt.datum(0)),
        base.mark_line().encode(y=y),
        base.mark_point(size=60).encode(
            y=y,
            tooltip=tips(
                ("cluster_name:N", "Cluster"),
                ("feature_name:N", "Feature"),
                ("scaled_centroid:Q", "Standard deviations", "+.2f"),
                ("avg_value:Q", "Mean of the members", ",.4~g"),
                ("median_value:Q", "Median of the members", ",.4~g"),
            ),
        ),
    ).properties(height=280)


def elbow(_data: Rows) -> alt.LayerChart:
    """Inertia by number of clusters; the chosen number is ringed."""
    return _by_count("inertia", "Sum of squared distances", ",.3~s")


def silhouette(_data: Rows) -> alt.LayerChart:
    """Silhouette by number of clusters; the chosen number is ringed."""
    return _by_count("silhouette", "Mean silhouette", ".2f")


def stability(_data: Rows) -> alt.LayerChart:
    """Mean adjusted Rand index of fits on resamples, with the lowest."""
    return _by_count("bootstrap_ari_mean", "Adjusted Rand index", ".2f")


def _by_count(figure: str, title: str, style: str) -> alt.LayerChart:
    base = rows().encode(
        x=alt.X("cluster_count:O", title="Number of clusters", axis=alt.Axis(labelAngle=0)),
        y=alt.Y(
            f"{figure}:Q",
            title=title,
            axis=value_axis(style),
            scale=alt.Scale(zero=figure != "silhouette"),
        ),
    )
    tooltip = tips(
        ("cluster_count:O", "Clusters"),
        ("inertia:Q", "Inertia", ",.4~s"),
        ("silhouette:Q", "Silhouette", ".3f"),
        ("davies_bouldin:Q", "Davies-Bouldin", ".3f"),
        ("bootstrap_ari_mean:Q", "Stability", ".3f"),
        ("bootstrap_ari_min:Q", "Lowest stability", ".3f"),
        ("smallest_share:Q", "Smallest cluster", SHARE_FINE),
    )
    return alt.layer(
        base.mark_line(),
        base.mark_point(size=60).encode(tooltip=tooltip),
        base.transform_filter("datum.is_chosen").mark_point(size=260, filled=False, strokeWidth=2),
    ).properties(height=200)


def recency(_data: Rows) -> alt.LayerChart:
    """Median days since the last order of each cluster."""
    return _medians("recency_days", "Median days since the last order", COUNT)


def frequency(_data: Rows) -> alt.LayerChart:
    """Median number of orders of each cluster."""
    return _medians("frequency", "Median orders", ",.3~g")


def monetary(_data: Rows) -> alt.LayerChart:
    """Median net revenue of each cluster."""
    return _medians("monetary", "Median net revenue", MONEY_SHORT)


def _medians(measure: str, title: str, style: str) -> alt.LayerChart:
    return ranked_bars(
        name="cluster_name",
        figure=f"median_{measure}",
        title=title,
        style=style,
        room_share=0.3,  # three stand side by side
        tooltip=tips(
            ("cluster_name:N", "Cluster"),
            ("customer_count:Q", "Customers", COUNT),
            ("median_recency_days:Q", "Median days since the last order", COUNT),
            ("median_frequency:Q", "Median orders", ",.1~f"),
            ("median_monetary:Q", "Median net revenue", MONEY),
        ),
    )


def agreement(data: Rows) -> alt.LayerChart:
    """How alike two recipes group the customers."""
    base = rows().encode(
        x=alt.X(
            "other_recipe:N",
            sort=ordered(data, "other_recipe"),
            title=None,
            axis=alt.Axis(labelAngle=-40),
        ),
        y=alt.Y("recipe:N", sort=ordered(data, "recipe"), title=None),
    )
    return alt.layer(
        base.mark_rect(style="edge").encode(
            color=alt.Color(
                "adjusted_rand_index:Q",
                title="Agreement (adjusted Rand index)",
                scale=alt.Scale(domain=[0, 1], range="heatmap"),
            ),
            tooltip=tips(
                ("recipe:N", "Recipe"),
                ("other_recipe:N", "and"),
                ("adjusted_rand_index:Q", "Agreement", ".2f"),
            ),
        ),
        base.mark_text().encode(text=alt.Text("adjusted_rand_index:Q", format=".2f")),
    ).properties(height={"step": 28})
