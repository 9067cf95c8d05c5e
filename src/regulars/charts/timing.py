"""Charts of when customers order."""

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


def hour_weekday(data: Rows) -> alt.LayerChart:
    """Orders by hour and weekday."""
    return heat_map(
        data,
        x="order_hour",
        y="weekday_name",
        figure="order_count",
        x_title="Hour of the day",
        y_title="",
        title="Orders",
        style=COUNT,
        cell_height=30,
        tooltip=tips(
            ("weekday_name:N", "Weekday"),
            ("order_hour:O", "Hour"),
            ("order_count:Q", "Orders", COUNT),
            ("customer_count:Q", "Customers", COUNT),
            ("revenue:Q", "Net revenue", MONEY),
            ("aov:Q", "Average order value", MONEY),
        ),
    )


def hourly(data: Rows) -> alt.LayerChart:
    """Orders by hour as bars, average order value as a line of dots."""
    base = rows().encode(
        x=alt.X(
            "order_hour:O",
            sort=ordered(data, "order_hour"),
            title="Hour of the day",
            axis=alt.Axis(labelAngle=0),
        ),
        tooltip=tips(
            ("order_hour:O", "Hour"),
            ("order_count:Q", "Orders", COUNT),
            ("customer_count:Q", "Customers", COUNT),
            ("revenue:Q", "Net revenue", MONEY),
            ("aov:Q", "Average order value", MONEY),
        ),
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2).encode(
            y=alt.Y("order_count:Q", title="Orders", axis=value_axis(COUNT))
        )
    ).properties(height=200)


def daily(data: Rows) -> alt.LayerChart:
    """Orders by weekday."""
    base = rows().encode(
        x=alt.X(
            "weekday_name:N",
            sort=ordered(data, "weekday_name"),
            title=None,
            axis=alt.Axis(labelAngle=0, labelExpr="substring(datum.label, 0, 3)"),
        ),
        tooltip=tips(
            ("weekday_name:N", "Weekday"),
            ("order_count:Q", "Orders", COUNT),
            ("revenue:Q", "Net revenue", MONEY),
            ("aov:Q", "Average order value", MONEY),
            ("weekday_index:Q", "Index (1: an average day)", ".2f"),
        ),
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2).encode(
            y=alt.Y("order_count:Q", title="Orders", axis=value_axis(COUNT))
        )
    ).properties(height=200)


def personas(_data: Rows) -> alt.LayerChart:
    """Customers by timing persona."""
    return ranked_bars(
        name="timing_persona",
        figure="customer_count",
        title="Customers",
        style=COUNT,
        tooltip=tips(
            ("timing_persona:N", "Persona"),
            ("meaning:N", "Buys"),
            ("customer_count:Q", "Customers", COUNT),
            ("customer_share:Q", "Share", SHARE_FINE),
            ("revenue:Q", "Revenue", MONEY),
        ),
    )


def send_times(data: Rows) -> alt.LayerChart:
    """Share of orders in each segment's best hour, with its interval; hollow where the second is as good."""
    names = ordered(data, "segment")
    base = (
        rows()
        .transform_filter("isValid(datum.hour_share)")
        .encode(y=alt.Y("segment:N", sort=names, title=None))
    )
    tooltip = tips(
        ("segment:N", "Segment"),
        ("best_hour:Q", "Best hour", ".0f"),
        ("hour_share:Q", "Share of orders", SHARE_FINE),
        ("hour_share_low:Q", "from", SHARE_FINE),
        ("hour_share_high:Q", "to", SHARE_FINE),
        ("hour_verdict:N", "Verdict"),
        ("best_weekday_name:N", "Best weekday"),
        ("weekday_verdict:N", "Verdict"),
    )
    return alt.layer(
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X(
                "hour_share_low:Q",
                title="Share of the segment's orders in its best hour, with 95% interval",
                scale=alt.Scale(zero=False),
                axis=value_axis(SHARE),
            ),
            x2="hour_share_high:Q",
        ),
        base.mark_point(size=60).encode(x="hour_share:Q", tooltip=tooltip),
        base.transform_calculate(label="format(datum.best_hour, '02d') + ':00'")
        .mark_text(align="left", dx=8, dy=-8)
        .encode(x="hour_share:Q", text="label:N"),
    ).properties(height={"step": 28})


def quarters(_data: Rows) -> alt.LayerChart:
    """Revenue by quarter, with the year before as a tick."""
    base = rows().encode(
        x=alt.X("quarter:N", sort=None, title=None, axis=alt.Axis(labelAngle=0)),
        tooltip=tips(
            ("quarter:N", "Quarter"),
            ("revenue:Q", "Net revenue", MONEY),
            ("previous_year_revenue:Q", "A year before", MONEY),
            ("order_count:Q", "Orders", COUNT),
            ("customer_count:Q", "Customers", COUNT),
            ("revenue_share:Q", "Share of all revenue", SHARE),
        ),
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2).encode(
            y=alt.Y("revenue:Q", title="Net revenue", axis=value_axis(MONEY_SHORT)),
            opacity=alt.condition("datum.is_complete", alt.value(1), alt.value(0.5)),
        ),
        base.mark_tick(width={"band": 0.9}).encode(y="previous_year_revenue:Q"),
    ).properties(height=200)
