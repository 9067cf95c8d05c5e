"""Charts of how good the predictions are."""

from __future__ import annotations

import altair as alt

from regulars.charts.marks import (
    COUNT,
    DAY,
    FIGURE,
    MONEY_SHORT,
    SHARE,
    SHARE_FINE,
    Rows,
    named,
    ordered,
    ranked_bars,
    rows,
    tips,
    value_axis,
)


def backtests(data: Rows) -> alt.LayerChart:
    """The deciding figure at each date that was judged, for the served model and the baselines."""
    names = ordered(data, "model_name")
    base = rows().encode(
        x=alt.X("origin:T", title="Judged date", axis=alt.Axis(format="%b %y")),
        color=alt.Color("model_name:N", title=None, sort=names),
    )
    y = alt.Y(
        "figure:Q",
        title="Figure (higher is better)",
        scale=alt.Scale(zero=False),
        axis=value_axis(".2f"),
    )
    return alt.layer(
        base.transform_filter("isValid(datum.figure_low)")
        .mark_rule(opacity=0.5)
        .encode(y=alt.Y("figure_low:Q"), y2="figure_high:Q"),
        base.mark_line(strokeWidth=1.5).encode(y=y),
        base.mark_point(size=50).encode(
            y=y,
            tooltip=tips(
                ("model_name:N", "Model"),
                ("origin:T", "Judged date", DAY),
                ("figure:Q", "Figure", ".3f"),
                ("figure_low:Q", "95 % from", ".3f"),
                ("figure_high:Q", "to", ".3f"),
                ("customer_count:Q", "Customers", COUNT),
            ),
        ),
    ).properties(height=260)


def tiers(data: Rows) -> alt.LayerChart:
    """The deciding figure of the latest judged date by confidence tier."""
    names = ordered(data, "slice")
    base = rows().encode(
        y=alt.Y("slice:N", sort=names, title=None),
        color=alt.Color("model_name:N", title=None, sort=ordered(data, "model_name")),
        yOffset=alt.YOffset("model_name:N", sort=ordered(data, "model_name")),
    )
    return alt.layer(
        base.transform_filter("isValid(datum.figure_low)")
        .mark_rule(strokeWidth=1.5)
        .encode(x=alt.X("figure_low:Q"), x2="figure_high:Q"),
        base.mark_point(size=50).encode(
            x=alt.X(
                "figure:Q",
                title="Figure of the latest judged date, with its interval",
                scale=alt.Scale(zero=False),
                axis=value_axis(".2f"),
            ),
            tooltip=tips(
                ("slice:N", "Tier"),
                ("model_name:N", "Model"),
                ("figure:Q", "Figure", ".3f"),
                ("figure_low:Q", "95 % from", ".3f"),
                ("figure_high:Q", "to", ".3f"),
                ("customer_count:Q", "Customers", COUNT),
            ),
        ),
    ).properties(height={"step": 18})


def reliability(data: Rows, *, is_money: bool) -> alt.LayerChart:
    """Predicted against what happened, by tenth of the customers; on the line both agree."""
    style = MONEY_SHORT if is_money else SHARE
    largest = max(
        (float(row[name] or 0) for row in data for name in ("predicted_mean", "actual_mean")),
        default=1.0,
    )
    scale = alt.Scale(type="symlog", constant=10) if is_money else alt.Scale(domain=[0, 1])
    axis = _axis(style, largest, is_money)
    base = rows().encode(
        x=alt.X("predicted_mean:Q", title="Predicted", axis=axis, scale=scale),
        y=alt.Y("actual_mean:Q", title="Happened", axis=axis, scale=scale),
    )
    return alt.layer(
        rows().mark_line(style="guide").encode(x="predicted_mean:Q", y="predicted_mean:Q"),
        base.mark_line(strokeWidth=1.5),
        base.mark_point(size=60).encode(
            tooltip=tips(
                ("decile:O", "Tenth (1: highest)"),
                ("predicted_mean:Q", "Predicted", ",.1f" if is_money else SHARE_FINE),
                ("actual_mean:Q", "Happened", ",.1f" if is_money else SHARE_FINE),
                ("customer_count:Q", "Customers", COUNT),
            )
        ),
    ).properties(height=280)


def _axis(style: str, largest: float, is_money: bool) -> alt.Axis:
    if not is_money:
        return value_axis(style)
    steps = [0.0] + [10.0**power for power in range(1, 9) if 10.0**power <= 2 * largest]
    return alt.Axis(format=style, values=steps, domain=False, ticks=False)


def residuals(_data: Rows) -> alt.LayerChart:
    """Happened less predicted by tenth of the customers, with the range of the middle 80 %."""
    base = rows().encode(
        x=alt.X(
            "decile:O",
            title="Tenth of customers by prediction (1: highest)",
            axis=alt.Axis(labelAngle=0),
        )
    )
    scale = alt.Scale(type="symlog", constant=10)
    axis = alt.Axis(
        format="$,.2~s",
        values=[-10000, -1000, -100, -10, 0, 10, 100, 1000, 10000],
        domain=False,
        ticks=False,
    )
    return alt.layer(
        rows().mark_rule(style="guide").encode(y=alt.datum(0)),
        base.mark_rule(strokeWidth=3, opacity=0.4).encode(
            y=alt.Y("residual_low:Q", title="Happened less predicted", scale=scale, axis=axis),
            y2="residual_high:Q",
        ),
        base.mark_point(size=60).encode(
            y=alt.Y("residual_median:Q", scale=scale),
            tooltip=tips(
                ("decile:O", "Tenth"),
                ("residual_median:Q", "Median", "$,.0f"),
                ("residual_low:Q", "10 % below", "$,.0f"),
                ("residual_high:Q", "10 % above", "$,.0f"),
                ("customer_count:Q", "Customers", COUNT),
            ),
        ),
    ).properties(height=260)


def gains(_data: Rows) -> alt.LayerChart:
    """Share of what is sought that contacting the first so many customers finds."""
    base = rows().encode(
        x=alt.X(
            "customer_share:Q",
            title="Share of customers, highest prediction first",
            axis=value_axis(SHARE),
            scale=alt.Scale(domain=[0, 1]),
        ),
        y=alt.Y(
            "captured_share:Q",
            title="Share found",
            axis=value_axis(SHARE),
            scale=alt.Scale(domain=[0, 1]),
        ),
    )
    return alt.layer(
        rows().mark_line(style="guide").encode(x="customer_share:Q", y="customer_share:Q"),
        base.mark_line(),
        base.mark_point(size=60).encode(
            tooltip=tips(
                ("customer_share:Q", "Customers", SHARE), ("captured_share:Q", "Found", SHARE_FINE)
            )
        ),
    ).properties(height=280)


def threshold_sweep(_data: Rows) -> alt.LayerChart:
    """Precision, recall and share contacted by the churn probability from which one is contacted."""
    base = (
        rows()
        .transform_fold(["precision", "recall", "contacted_share"], as_=["measure", "figure"])
        .transform_calculate(
            name=named(
                "datum.measure",
                {"precision": "precision", "recall": "recall", "contacted_share": "contacted"},
            )
        )
        .transform_filter("isValid(datum.figure)")
    )
    return alt.layer(
        base.mark_line().encode(
            x=alt.X(
                "threshold:Q",
                title="Contacted from a churn probability of",
                axis=value_axis(SHARE),
            ),
            y=alt.Y("figure:Q", title="Share", axis=value_axis(SHARE)),
            color=alt.Color("name:N", title=None, sort=["precision", "recall", "contacted"]),
            tooltip=tips(
                ("threshold:Q", "From", SHARE),
                ("precision:Q", "Precision", SHARE_FINE),
                ("recall:Q", "Recall", SHARE_FINE),
                ("contacted_share:Q", "Contacted", SHARE_FINE),
                ("net_gain:Q", "Net gain", "$,.0f"),
            ),
        ),
        rows().transform_filter("datum.is_chosen").mark_rule(style="guide").encode(x="threshold:Q"),
    ).properties(height=260)


def confusion(data: Rows) -> alt.LayerChart:
    """Customers by the window that was predicted and the one that came."""
    base = rows().encode(
        x=alt.X(
            "predicted_window:N",
            sort=ordered(data, "actual_window"),
            title="Predicted",
            axis=alt.Axis(labelAngle=0),
        ),
        y=alt.Y("actual_window:N", sort=ordered(data, "actual_window"), title="Happened"),
    )
    return alt.layer(
        base.mark_rect(style="edge").encode(
            color=alt.Color(
                "actual_share:Q",
                title="Share of those to whom it happened",
                scale=alt.Scale(range="heatmap", domain=[0, 1]),
                legend=alt.Legend(format=SHARE, gradientLength=160, gradientThickness=10),
            ),
            tooltip=tips(
                ("predicted_window:N", "Predicted"),
                ("actual_window:N", "Happened"),
                ("customer_count:Q", "Customers", COUNT),
                ("actual_share:Q", "Share of those to whom it happened", SHARE_FINE),
            ),
        ),
        base.mark_text().encode(text=alt.Text("actual_share:Q", format=SHARE)),
    ).properties(height={"step": 56})


def importance(_data: Rows) -> alt.LayerChart:
    """What a model leans on most."""
    return ranked_bars(
        name="feature_name",
        figure="importance",
        title="Mean size of the contribution",
        style=FIGURE,
        label_style=".2~g",
        tooltip=tips(("feature_name:N", "Feature"), ("importance:Q", "Importance", FIGURE)),
    )


def windows(data: Rows) -> alt.LayerChart:
    """Expected share of each segment's customers who order within 30, 31 to 90 days, or not."""
    return alt.layer(
        rows()
        .mark_bar(height={"band": 0.7})
        .encode(
            y=alt.Y("segment:N", sort=ordered(data, "segment"), title=None),
            x=alt.X(
                "share:Q",
                stack="normalize",
                title="Expected share of customers",
                axis=value_axis(SHARE),
            ),
            color=alt.Color("window:N", title=None, sort=ordered(data, "window")),
            order=alt.Order("window_order:Q"),
            tooltip=tips(
                ("segment:N", "Segment"),
                ("window:N", "Next order"),
                ("share:Q", "Share", SHARE_FINE),
            ),
        )
    ).properties(height={"step": 24})


def recommendations(data: Rows) -> alt.LayerChart:
    """Hit rates of recommendations beside simple lists, at each judged date."""
    base = rows().encode(
        y=alt.Y("method:N", sort=ordered(data, "method"), title=None),
        x=alt.X("hit_rate:Q", title="Customers who bought one of the ten", axis=value_axis(SHARE)),
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2, height={"band": 0.6}),
        base.mark_rule(strokeWidth=2).encode(x="hit_rate_low:Q", x2="hit_rate_high:Q"),
        base.mark_point(size=30, opacity=0).encode(
            tooltip=tips(
                ("method:N", "Method"),
                ("hit_rate:Q", "Hit rate", SHARE_FINE),
                ("hit_rate_low:Q", "95 % from", SHARE_FINE),
                ("hit_rate_high:Q", "to", SHARE_FINE),
                ("customer_count:Q", "Customers", COUNT),
            )
        ),
    ).properties(height={"step": 30})
