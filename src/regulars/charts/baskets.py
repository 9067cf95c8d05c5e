"""Charts of what is bought together."""

from __future__ import annotations

import altair as alt

from regulars.charts.marks import (
    COUNT,
    MONEY,
    MONEY_SHORT,
    SHARE,
    SHARE_FINE,
    Rows,
    heat_map,
    ordered,
    ranked_bars,
    rows,
    tips,
    value_axis,
)


def copurchase(data: Rows) -> alt.LayerChart:
    """Lift of each two of the most frequent categories: how much more often together than by chance."""
    return heat_map(
        data,
        x="other_category",
        y="category",
        figure="lift",
        x_title="",
        y_title="",
        title="Lift (1: as often together as by chance)",
        style=".2f",
        is_labelled=True,
        x_axis=alt.Axis(labelAngle=-40),
        scale=alt.Scale(range="heatmap", domainMin=1),
        tooltip=tips(
            ("category:N", "Category"),
            ("other_category:N", "with"),
            ("lift:Q", "Lift", ".2f"),
            ("share_of_category:Q", "Share of orders with the first", SHARE_FINE),
            ("orders_with_both:Q", "Orders with both", COUNT),
        ),
        has_small_cells=False,
    )


def pairs(_data: Rows) -> alt.LayerChart:
    """Pairs by lift."""
    return ranked_bars(
        name="pair",
        figure="lift",
        title="Lift (1: as often together as by chance)",
        style=".1~f",
        label_style=".1f",
        name_limit=420,
        tooltip=tips(
            ("pair:N", "Pair"),
            ("lift:Q", "Lift", ".2f"),
            ("orders_with_both:Q", "Orders with both", COUNT),
            ("support:Q", "Share of orders", ".2%"),
            ("confidence_a_to_b:Q", "Second given the first", SHARE),
            ("confidence_b_to_a:Q", "First given the second", SHARE),
            ("q_value:Q", "Chance of a false discovery", ".1e"),
        ),
    )


def rules(_data: Rows) -> alt.Chart:
    """Rules by support and confidence, coloured by lift."""
    return (
        rows()
        .mark_circle()
        .encode(
            x=alt.X(
                "support:Q",
                title="Support (share of orders)",
                axis=value_axis(SHARE_FINE),
                scale=alt.Scale(zero=False),
            ),
            y=alt.Y("confidence:Q", title="Confidence", axis=value_axis(SHARE)),
            size=alt.Size("lift:Q", title="Lift", scale=alt.Scale(range=[20, 300])),
            tooltip=tips(
                ("antecedents:N", "If"),
                ("consequents:N", "then"),
                ("support:Q", "Support", ".2%"),
                ("confidence:Q", "Confidence", SHARE),
                ("lift:Q", "Lift", ".2f"),
                ("order_count:Q", "Orders", COUNT),
            ),
        )
        .properties(height=260)
    )


def category_performance(data: Rows) -> alt.LayerChart:
    """Each category's revenue of the last 90 days, with the same days a year before as a tick."""
    names = ordered(data, "category")
    base = rows().encode(
        y=alt.Y("category:N", sort=names, title=None),
        tooltip=tips(
            ("category:N", "Category"),
            ("revenue_last_90d:Q", "Last 90 days", MONEY),
            ("revenue_previous_90d:Q", "90 days before", MONEY),
            ("revenue_same_90d_last_year:Q", "Same days last year", MONEY),
            ("revenue:Q", "All revenue", MONEY),
            ("return_rate:Q", "Returned units", SHARE_FINE),
        ),
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2, height={"band": 0.62}).encode(
            x=alt.X(
                "revenue_last_90d:Q",
                title="Bar: net revenue of the last 90 days · tick: the same days last year",
                axis=value_axis(MONEY_SHORT),
            )
        ),
        base.mark_tick(height={"band": 0.9}).encode(x="revenue_same_90d_last_year:Q"),
    ).properties(height={"step": 24})


def gaps(_data: Rows) -> alt.LayerChart:
    """Cross-sell gaps by what the segment would spend more if it spent like all."""
    return ranked_bars(
        name="gap",
        figure="revenue_gap",
        title="Revenue if the segment spent on it as all customers do",
        name_limit=230,
        style=MONEY_SHORT,
        tooltip=tips(
            ("segment:N", "Segment"),
            ("category:N", "Category"),
            ("revenue_gap:Q", "Revenue gap", MONEY),
            ("revenue_share:Q", "Share of the segment's revenue", SHARE_FINE),
            ("all_revenue_share:Q", "Share of all revenue", SHARE_FINE),
            ("statement:N", "Chance?"),
        ),
    )
