"""The nine tabs hold together: names are unique, every choice and column exists in its query."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from regulars.report.panel import Panel
from regulars.report.tabs import TABS
from tests.conftest import ROOT

PANELS = [panel for tab in TABS for panel in tab.panels]
KINDS = {
    path.name.removesuffix(".html.j2")
    for path in (ROOT / "src/regulars/report/templates").glob("*.html.j2")
} - {"macros", "report"} | {"data"}


def test_there_are_nine_tabs_and_each_asks_a_question() -> None:
    assert [tab.title for tab in TABS] == [
        "Executive", "Sales & data", "Segments", "Customers", "Timing", "Clusters", "Baskets",
        "Models", "Insights",
    ]  # fmt: skip
    assert all(tab.question.endswith("?") for tab in TABS)


def test_keys_and_files_are_unique() -> None:
    for names in (
        [panel.key for panel in PANELS],
        [figure.name for panel in PANELS for figure in panel.figures],
    ):
        assert [name for name, times in Counter(names).items() if times > 1] == []


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.key)
def test_a_panel_is_whole(panel: Panel) -> None:
    assert panel.kind in KINDS
    assert (panel.kind == "chart") == (panel.chart is not None)
    assert panel.missing.endswith(".")
    # a query of the published copy names each table that the panel is said to come from
    for table in panel.tables:
        assert re.search(rf"\b{table}\b", panel.query)
    assert "order by" in panel.query.lower()
    assert not panel.figures or panel.chart


def test_every_figure_that_was_asked_for_is_drawn() -> None:
    drawn = {figure.name for panel in PANELS for figure in panel.figures}
    assert drawn >= {
        "segments", "recency_distribution", "frequency_distribution", "monetary_distribution",
        "elbow", "silhouette", "cluster_projection", "hourly", "daily", "hour_weekday",
        "category_performance", "copurchase_matrix", "category_pairs", "segment_categories",
        "value_actual_predicted", "value_residuals", "value_shap", "churn_reliability",
        "churn_thresholds", "churn_shap", "window_confusion", "windows_by_segment",
        "campaign_dashboard", "revenue_decomposition", "countries", "cohort_retention", "lorenz",
    }  # fmt: skip
