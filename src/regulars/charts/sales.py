"""Charts of revenue: over time, over countries, over customers, and from the raw file."""

from __future__ import annotations

import altair as alt

from regulars.charts.marks import (
    COUNT,
    DAY,
    MONEY,
    MONEY_SHORT,
    MONTH,
    SHARE,
    SHARE_FINE,
    VERDICT,
    Rows,
    heat_map,
    named,
    ordered,
    ranked_bars,
    rows,
    tips,
    value_axis,
)


def monthly_revenue(_data: Rows) -> alt.LayerChart:
    """Revenue of each month as a line, the year before as a dashed one; an open month is hollow."""
    base = rows().encode(
        x=alt.X("month_start:T", title=None, axis=alt.Axis(format="%b %y", tickCount="month"))
    )
    tooltip = tips(
        ("month_start:T", "Month", MONTH),
        ("revenue:Q", "Net revenue", MONEY),
        ("previous_year_revenue:Q", "A year before", MONEY),
        ("revenue_change_pct:Q", "Change, %", "+.1f"),
        ("order_count:Q", "Orders", COUNT),
    )
    figure = alt.Y("revenue:Q", title="Net revenue", axis=value_axis(MONEY_SHORT))
    before = base.transform_filter("isValid(datum.previous_year_revenue)").mark_line(
        style="muted-line"
    )
    complete = base.transform_filter("datum.is_complete")
    return alt.layer(
        before.encode(y=alt.Y("previous_year_revenue:Q")),
        complete.mark_area().encode(y=figure),
        complete.mark_line().encode(y=figure),
        complete.mark_point().encode(y=figure, tooltip=tooltip),
        base.transform_filter("!datum.is_complete")
        .mark_point(filled=False, strokeWidth=1.5)
        .encode(y=figure, tooltip=tooltip),
    ).properties(height=240)


def monthly_bars(_data: Rows) -> alt.LayerChart:
    """Revenue of each month as bars, with the year before as a tick."""
    base = rows().encode(
        x=alt.X(
            "yearmonth(month_start):O", title=None, axis=alt.Axis(format="%b %y", labelAngle=-45)
        ),
        tooltip=tips(
            ("month_start:T", "Month", MONTH),
            ("revenue:Q", "Net revenue", MONEY),
            ("previous_year_revenue:Q", "A year before", MONEY),
            ("revenue_change_pct:Q", "Change, %", "+.1f"),
            ("order_count:Q", "Orders", COUNT),
            ("customer_count:Q", "Customers", COUNT),
        ),
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2).encode(
            y=alt.Y("revenue:Q", title="Net revenue", axis=value_axis(MONEY_SHORT)),
            opacity=alt.condition("datum.is_complete", alt.value(1), alt.value(0.5)),
        ),
        base.mark_tick(width={"band": 0.9}).encode(y=alt.Y("previous_year_revenue:Q")),
    ).properties(height=240)


def decomposition(_data: Rows) -> alt.FacetChart:
    """Weekly revenue, its trend, season and remainder, one below the other."""
    parts = {"revenue": "Net revenue", "trend": "Trend", "seasonal": "Season", "remainder": "Rest"}
    names = list(parts.values())
    tooltip = tips(("week_start:T", "Week from", DAY), ("figure:Q", "Amount", MONEY))
    x = alt.X("week_start:T", title=None, axis=alt.Axis(format="%b %y", tickCount="month"))
    y = alt.Y("figure:Q", title=None, axis=value_axis(MONEY_SHORT, tick_count=3))
    base = alt.Chart()
    chart = (
        alt.layer(
            base.mark_line(strokeWidth=1.5).encode(x=x, y=y),
            base.mark_point(size=50, opacity=0).encode(x=x, y=y, tooltip=tooltip),
            data=alt.NamedData("rows"),
        )
        .properties(height=90)
        .facet(
            row=alt.Row(
                "name:N",
                sort=names,
                title=None,
                header=alt.Header(labelAngle=0, labelOrient="top", labelPadding=2),
            ),
            spacing=8,
        )
        .resolve_scale(y="independent")
    )
    # the names must be known outside of the facets
    chart.transform = [
        alt.FoldTransform(list(parts), **{"as": ["part", "figure"]}),
        alt.CalculateTransform(named("datum.part", parts), **{"as": "name"}),
        alt.FilterTransform("isValid(datum.figure)"),
    ]
    return chart


def revenue_anomalies(_data: Rows) -> alt.LayerChart:
    """Revenue of each week with the range that was expected; odd ones are marked."""
    base = rows().encode(
        x=alt.X("period_start:T", title=None, axis=alt.Axis(format="%b %y", tickCount="month"))
    )
    tooltip = tips(
        ("period_start:T", "From", DAY),
        ("revenue:Q", "Net revenue", MONEY),
        ("expected_revenue:Q", "Expected", MONEY),
        ("expected_low:Q", "Expected from", MONEY),
        ("expected_high:Q", "Expected to", MONEY),
        ("sentence:N", "In words"),
    )
    figure = alt.Y("revenue:Q", title="Net revenue", axis=value_axis(MONEY_SHORT))
    return alt.layer(
        base.mark_area().encode(
            y=alt.Y("expected_low:Q", title="Net revenue"), y2="expected_high:Q"
        ),
        base.mark_line(strokeWidth=1.5).encode(y=figure),
        base.transform_filter("datum.is_anomaly")
        .mark_point(size=80)
        .encode(
            y=figure,
            color=alt.Color(
                "direction:N",
                title=None,
                scale=alt.Scale(domain=["spike", "drop"], range=VERDICT),
            ),
            tooltip=tooltip,
        ),
        base.mark_point(size=60, opacity=0).encode(y=figure, tooltip=tooltip),
    ).properties(height=240)


def country_map(_data: Rows) -> alt.LayerChart:
    """Countries by revenue, on a logarithmic ramp; outlines without revenue are pale."""
    world = alt.Data(name="world", format=alt.TopoDataFormat(type="topojson", feature="countries"))
    fields = ["country", "revenue", "revenue_share", "customer_count", "order_count", "note"]
    land = alt.Chart(world).mark_geoshape(style="land")
    countries = (
        alt.Chart(world)
        .transform_lookup(
            lookup="id",
            from_=alt.LookupData(data=alt.NamedData("rows"), key="map_id", fields=fields),
        )
        .transform_filter("datum.revenue > 0")
        .mark_geoshape()
        .encode(
            color=alt.Color(
                "revenue:Q",
                title="Net revenue",
                scale=alt.Scale(type="log", range="ramp"),
                legend=alt.Legend(format=MONEY_SHORT, gradientLength=160, tickCount=4),
            ),
            tooltip=tips(
                ("country:N", "Country"),
                ("revenue:Q", "Net revenue", MONEY),
                ("revenue_share:Q", "Share", SHARE_FINE),
                ("customer_count:Q", "Customers", COUNT),
                ("order_count:Q", "Orders", COUNT),
            ),
        )
    )
    return alt.layer(land, countries).project(type="naturalEarth1").properties(height=300)


def country_bars(_data: Rows) -> alt.LayerChart:
    """Countries by revenue outside the largest, which would hide the others, as bars."""
    return ranked_bars(
        name="country",
        figure="revenue",
        title="Net revenue",
        style=MONEY_SHORT,
        tooltip=tips(
            ("country:N", "Country"),
            ("revenue:Q", "Net revenue", MONEY),
            ("revenue_share:Q", "Share", SHARE_FINE),
            ("customer_count:Q", "Customers", COUNT),
            ("repeat_customer_rate:Q", "Repeat customers", SHARE),
            ("aov:Q", "Average order value", MONEY),
        ),
    )


def top_products(_data: Rows) -> alt.LayerChart:
    """Products by revenue."""
    return ranked_bars(
        name="product",
        figure="revenue",
        title="Net revenue",
        style=MONEY_SHORT,
        tooltip=tips(
            ("product:N", "Product"),
            ("category:N", "Category"),
            ("revenue:Q", "Net revenue", MONEY),
            ("order_count:Q", "Orders", COUNT),
            ("customer_count:Q", "Customers", COUNT),
            ("return_rate:Q", "Returned units", SHARE_FINE),
        ),
    )


def top_categories(_data: Rows) -> alt.LayerChart:
    """Categories by revenue."""
    return ranked_bars(
        name="category",
        figure="revenue",
        title="Net revenue",
        style=MONEY_SHORT,
        tooltip=tips(
            ("category:N", "Category"),
            ("revenue:Q", "Net revenue", MONEY),
            ("revenue_share:Q", "Share", SHARE_FINE),
            ("order_count:Q", "Orders", COUNT),
            ("customer_count:Q", "Customers", COUNT),
            ("revenue_last_90d:Q", "Last 90 days", MONEY),
            ("revenue_same_90d_last_year:Q", "Same days last year", MONEY),
        ),
    )


def distribution(data: Rows, *, title: str, item: str) -> alt.LayerChart:
    """How many items lie in each bin, as bars; bins left out as too small are marked by a dot."""
    base = rows().encode(
        x=alt.X(
            "bin:N",
            sort=ordered(data, "bin"),
            title=title,
            axis=alt.Axis(labelAngle=-45, labelOverlap=True),
        )
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2).encode(
            y=alt.Y("item_count:Q", title=item, axis=value_axis(COUNT)),
            tooltip=tips(
                ("bin:N", title),
                ("item_count:Q", item, COUNT),
                ("item_share:Q", "Share", SHARE_FINE),
            ),
        ),
        base.transform_filter("isValid(datum.note)")
        .mark_text(style="muted-text", text="·", fontSize=16, dy=-4)
        .encode(y=alt.datum(0), tooltip=tips(("bin:N", title), ("note:N", "Not shown"))),
    ).properties(height=220)


def pareto(_data: Rows) -> alt.LayerChart:
    """Share of revenue that the most valuable customers bring."""
    return _curve(
        x="customer_share",
        y="top_revenue_share",
        x_title="Share of customers, most valuable first",
        y_title="Share of revenue",
        is_descending=False,
    )


def lorenz(_data: Rows) -> alt.LayerChart:
    """Share of revenue that the least valuable customers bring, beside equality."""
    return _curve(
        x="rest_customer_share",
        y="rest_revenue_share",
        x_title="Share of customers, least valuable first",
        y_title="Share of revenue",
        is_descending=True,
    )


def _curve(*, x: str, y: str, x_title: str, y_title: str, is_descending: bool) -> alt.LayerChart:
    base = rows().encode(
        x=alt.X(f"{x}:Q", title=x_title, axis=value_axis(SHARE)),
        y=alt.Y(f"{y}:Q", title=y_title, axis=value_axis(SHARE)),
        order=alt.Order("percent:Q", sort="descending" if is_descending else "ascending"),
    )
    tooltip = tips((f"{x}:Q", x_title, SHARE_FINE), (f"{y}:Q", y_title, SHARE_FINE))
    return alt.layer(
        rows().mark_line(style="guide").encode(x=f"{x}:Q", y=f"{x}:Q"),
        base.mark_line(),
        base.mark_point(size=60, opacity=0).encode(tooltip=tooltip),
    ).properties(height=240)


def correlations(data: Rows) -> alt.LayerChart:
    """Rank correlations of features, blue together, orange against each other."""
    return heat_map(
        data,
        x="other_name",
        y="name",
        figure="correlation",
        x_title="",
        y_title="",
        title="Rank correlation",
        style="+.1f",
        scale=alt.Scale(domain=[-1, 1], domainMid=0, range="diverging", interpolate="rgb"),
        x_axis=alt.Axis(labelAngle=-45, labelOverlap=True),
        tooltip=tips(
            ("name:N", "Feature"),
            ("other_name:N", "with"),
            ("correlation:Q", "Rank correlation", "+.2f"),
            ("customer_count:Q", "Customers", COUNT),
        ),
        has_small_cells=False,
    )


def revenue_bridge(data: Rows) -> alt.LayerChart:
    """From the raw file to net revenue, a bar for each step; the axis begins near the smallest total."""
    names = ordered(data, "step")
    reach = [float(row["running_to"]) for row in data]
    largest_change = max(
        (abs(float(row["amount"])) for row in data if row["kind"] == "change"), default=0.0
    )
    # a change of two percent of the total would be invisible from zero on
    floor = max(min(0.0, min(reach)), min(reach) - 3 * largest_change)
    ceiling = max(reach) + (max(reach) - floor) * 0.18
    base = (
        rows()
        .transform_calculate(
            bar_from=f"datum.kind == 'total' ? {max(floor, 0.0)!r} : datum.running_from",
            tone="datum.kind == 'total' ? 'total' : datum.amount < 0 ? 'taken away' : 'added'",
            label_at="max(datum.running_from, datum.running_to)",
        )
        .encode(y=alt.Y("step:N", sort=names, title=None, axis=alt.Axis(labelLimit=190)))
    )
    scale = alt.Scale(domain=[floor, ceiling], nice=False, zero=False)
    tooltip = tips(
        ("step:N", "Step"),
        ("amount:Q", "Amount", "$,.2f"),
        ("row_count:Q", "Rows", COUNT),
        ("reason:N", "Why"),
    )
    return alt.layer(
        base.mark_bar(height={"band": 0.7}, clip=True).encode(
            x=alt.X(
                "bar_from:Q",
                scale=scale,
                title="Amount" if floor <= 0 else "Amount (axis does not begin at zero)",
                axis=value_axis(MONEY_SHORT),
            ),
            x2="running_to:Q",
            color=alt.Color(
                "tone:N",
                title=None,
                scale=alt.Scale(domain=["added", "taken away", "total"], range=VERDICT),
            ),
            tooltip=tooltip,
        ),
        base.mark_text(align="left", dx=5).encode(
            x=alt.X("label_at:Q", scale=scale),
            text=alt.Text("amount:Q", format="$,.4~s"),
        ),
    ).properties(height={"step": 26})


def category_trends(data: Rows) -> alt.LayerChart:
    """Yearly change of each category's monthly revenue, with its interval."""
    names = ordered(data, "category")
    base = rows().encode(y=alt.Y("category:N", sort=names, title=None))
    tooltip = tips(
        ("category:N", "Category"),
        ("sen_slope:Q", "Change per month", MONEY),
        ("sen_slope_low:Q", "from", MONEY),
        ("sen_slope_high:Q", "to", MONEY),
        ("sentence:N", "In words"),
    )
    x = alt.X("sen_slope:Q", title="Change of revenue per month", axis=value_axis(MONEY_SHORT))
    return alt.layer(
        rows().mark_rule(style="guide").encode(x=alt.datum(0)),
        base.mark_rule(strokeWidth=2).encode(
            x=alt.X("sen_slope_low:Q", title="Change of revenue per month"), x2="sen_slope_high:Q"
        ),
        base.mark_point(size=60).encode(
            x=x,
            color=alt.Color(
                "trend:N",
                title=None,
                scale=alt.Scale(domain=["increasing", "decreasing", "none"], range=VERDICT),
            ),
            tooltip=tooltip,
        ),
    ).properties(height={"step": 24})
