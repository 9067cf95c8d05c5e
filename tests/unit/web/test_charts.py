"""The rows of a page become those of its charts, or there is no chart."""

from __future__ import annotations

import gzip
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from regulars.charts.assets import theme_style
from regulars.web.assets import FOLDER, address, asset
from regulars.web.charts import FIGURES, plot
from regulars.web.problems import Problem


def group(name: str | None, revenue: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "customer_count": 10,
        "revenue": Decimal(revenue),
        "order_count": 20,
        "repeat_count": 4,
        "median_clv_90d": 5.0,
    } | more


def test_shares_are_of_the_groups_that_are_shown() -> None:
    drawn = plot("segments", [group("Champions", 300), group("Lost", 100, customer_count=30)])
    assert drawn
    assert [row["revenue_share"] for row in drawn.rows] == [0.75, 0.25]
    assert [row["customer_share"] for row in drawn.rows] == [0.25, 0.75]
    assert [row["segment"] for row in drawn.rows] == ["Champions", "Lost"]


def test_groups_whose_returns_exceed_their_sales_have_no_share_of_revenue() -> None:
    drawn = plot("segments", [group("Lost", -5)])
    assert drawn
    assert drawn.rows[0]["revenue_share"] is None


@pytest.mark.parametrize(
    ("revenues", "drawn_countries"),
    [
        ((930, 40, 30), ["France", "Germany"]),
        ((40, 31, 30), ["United Kingdom", "France", "Germany"]),
        ((930, 70), ["United Kingdom", "France"]),
    ],
)
def test_a_country_that_would_hide_the_others_is_left_out_and_told(
    revenues: tuple[int, ...], drawn_countries: list[str]
) -> None:
    names = ["United Kingdom", "France", "Germany"]
    drawn = plot("countries", [group(name, of) for name, of in zip(names, revenues, strict=False)])
    assert drawn
    assert [row["country"] for row in drawn.rows] == drawn_countries
    assert ("Without United Kingdom, which has 93%" in drawn.note) == (len(drawn_countries) < 3 and len(revenues) == 3)  # fmt: skip


def test_a_segment_without_forecasts_is_not_drawn() -> None:
    rows = [group("Champions", 9), group("New", 8, median_clv_90d=None)]
    drawn = plot("segment_values", rows)
    assert drawn
    assert [row["segment"] for row in drawn.rows] == ["Champions"]
    assert plot("segment_values", rows[1:]) is None


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_there_is_no_chart_of_nothing(name: str) -> None:
    assert plot(name, []) is None


def test_a_timeline_has_the_next_order_only_where_it_is_forecast() -> None:
    order = {"kind": "order", "day": datetime(2011, 11, 1, 9, 30), "revenue": Decimal("12.5")}
    today = {"kind": "as_of", "day": date(2011, 12, 10)}
    following = {"kind": "next", "day": date(2011, 12, 20), "low": None, "high": None}
    assert plot("orders", [today]) is None
    without, with_next = plot("orders", [order, today]), plot("orders", [order, today, following])
    assert without
    assert with_next
    assert len(with_next.spec["layer"]) == len(without.spec["layer"]) + 2
    assert without.rows[0]["day"] == "2011/11/01"


def test_what_is_no_number_is_missing() -> None:
    counts = [{"cluster_count": count, "inertia": 5.0 / count, "silhouette": float("nan"), "is_chosen": False} for count in (2, 3)]  # fmt: skip
    assert plot("silhouette", counts) is None
    drawn = plot("elbow", counts)
    assert drawn
    json.dumps(drawn.content(), allow_nan=False)
    assert drawn.rows[0]["silhouette"] is None


def test_the_largest_drifts_are_drawn_and_the_rest_is_told() -> None:
    rows = [{"feature": f"feature_{at}", "stability_index": 1 / (at + 1), "chance_index": 0.1, "verdict": "major"} for at in range(49)]  # fmt: skip
    drawn = plot("drift", rows)
    assert drawn
    assert len(drawn.rows) == 20
    assert drawn.note == "The 20 largest of 49."
    assert drawn.rows[0]["feature_name"] == "Feature 0"


def test_a_shared_file_is_kept_for_good_under_the_hash_of_its_content() -> None:
    path = address("theme.css")
    assert path.startswith(f"{FOLDER}/theme.")
    file = path.rsplit("/", 1)[1]
    plain, packed = asset(file), asset(file, "br, gzip")
    assert plain.body.decode() == theme_style()
    assert gzip.decompress(packed.body) == plain.body
    assert "immutable" in plain.headers["cache-control"]
    assert packed.headers["content-encoding"] == "gzip"
    with pytest.raises(Problem, match="no such file"):
        asset("theme.0000000000000000.css")
