"""Charts of an uploaded file: how its customers differ from those that the models know."""

from __future__ import annotations

import altair as alt

from regulars.charts.marks import Rows, ordered, rows, tips, value_axis


def drift(data: Rows) -> alt.LayerChart:
    """Population stability index of each feature as a bar, as a tick what chance alone stays below."""
    base = rows().encode(
        y=alt.Y("feature_name:N", sort=ordered(data, "feature_name"), title=None),
        tooltip=tips(
            ("feature_name:N", "Feature"),
            ("stability_index:Q", "Index", ".3f"),
            ("chance_index:Q", "By chance, up to", ".3f"),
            ("verdict:N", "Verdict"),
        ),
    )
    return alt.layer(
        base.mark_bar(cornerRadiusEnd=2, height={"band": 0.62}).encode(
            x=alt.X(
                "stability_index:Q",
                title="Bar: population stability index · tick: by chance, up to",
                axis=value_axis(".2~f"),
            ),
            opacity=alt.condition(
                "datum.verdict == 'major' || datum.verdict == 'moderate'",
                alt.value(1),
                alt.value(0.4),
            ),
        ),
        base.mark_tick(height={"band": 0.9}).encode(x="chance_index:Q"),
    ).properties(height={"step": 22})
