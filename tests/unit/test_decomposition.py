"""Trend and season of weekly revenue: known truths, statsmodels' own figures, and series too short."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.tsa.seasonal import STL

from regulars.decomposition import COLUMNS, decompose_weeks


def weeks(revenue: np.ndarray, *, incomplete: tuple[int, ...] = ()) -> pd.DataFrame:
    starts = pd.date_range("2010-01-04", periods=len(revenue), freq="7D")
    is_complete = ~np.isin(np.arange(len(revenue)), incomplete)
    return pd.DataFrame({"week_start": starts, "revenue": revenue, "is_complete": is_complete})


def shop(count: int, *, noise: float = 0.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Revenue, its trend and its season."""
    week = np.arange(count)
    trend = 10_000 + 30.0 * week
    season = 3_000 * np.cos(2 * np.pi * week / 52)
    rest = noise * np.random.default_rng(7).standard_normal(count)
    return trend + season + rest, trend, season


@pytest.mark.parametrize("count", [104, 130, 260])
def test_trend_and_season_are_found_again(count: int) -> None:
    revenue, trend, season = shop(count, noise=200)
    found = decompose_weeks(weeks(revenue))
    assert set(found["method"]) == {"stl"}
    assert np.abs(found["trend"] - trend).max() < 150
    assert np.abs(found["seasonal"] - season).max() < 500


def test_the_season_is_the_same_every_year_and_the_mean_of_what_statsmodels_finds() -> None:
    revenue, _, _ = shop(150, noise=500)
    found = decompose_weeks(weeks(revenue))
    np.testing.assert_array_equal(found["seasonal"][:98], found["seasonal"][52:])
    reference = STL(revenue, period=52, seasonal=1501, seasonal_deg=0).fit()
    np.testing.assert_allclose(found["trend"], reference.trend, atol=1e-4)
    np.testing.assert_allclose(found["seasonal"], reference.seasonal, atol=1)


def test_short_of_two_years_there_is_a_trend_and_the_reason() -> None:
    revenue, _, _ = shop(103)
    found = decompose_weeks(weeks(revenue))
    assert set(found["method"]) == {"trend"}
    assert found["seasonal"].isna().all()
    assert found["trend"].notna().all()
    assert set(found["reason"]) == {
        "103 complete weeks; a season needs two years, 104. There is a trend here, and the effect of "
        "weekdays in timing_daily."
    }


def test_the_trend_does_not_follow_a_single_week() -> None:
    level = 1_000 + 5.0 * np.arange(40)
    rest = 20 * np.random.default_rng(7).standard_normal(40)
    odd = np.where(np.arange(40) == 20, 50_000, 0)
    found = decompose_weeks(weeks(level + rest + odd))
    assert np.abs(found["trend"] - level).max() < 30


@pytest.mark.parametrize(
    ("revenue", "expected"),
    [
        pytest.param(np.zeros(20), np.zeros(20), id="closed"),
        pytest.param(np.full(20, 7.0), np.full(20, 7.0), id="constant"),
        pytest.param(3.0 * np.arange(20), 3.0 * np.arange(20), id="straight"),
    ],
)
def test_series_without_noise_are_their_own_trend(
    revenue: np.ndarray, expected: np.ndarray
) -> None:
    np.testing.assert_allclose(decompose_weeks(weeks(revenue))["trend"], expected, atol=1e-3)


@pytest.mark.parametrize("every", [2, 3, 10, 50])
@pytest.mark.parametrize("count", [8, 30, 100])
def test_weeks_without_sales_never_break_the_trend(count: int, every: int) -> None:
    revenue = np.where(np.arange(count) % every == 0, 100.0, 0.0)
    trend = decompose_weeks(weeks(revenue))["trend"]
    assert np.isfinite(trend).all()
    assert trend.between(-50, 150).all()


def test_too_few_weeks_give_no_trend() -> None:
    found = decompose_weeks(weeks(np.arange(7.0)))
    assert found[["trend", "seasonal"]].isna().all(axis=None)
    assert set(found["method"]) == {"none"}
    assert set(found["reason"]) == {"7 complete weeks; a trend needs 8."}


def test_incomplete_weeks_are_left_out_and_say_so() -> None:
    revenue, _, _ = shop(12)
    revenue[[0, 11]] = 0
    table = weeks(revenue, incomplete=(0, 11))
    found = decompose_weeks(table.sample(frac=1, random_state=1))
    assert found["week_start"].tolist() == table["week_start"].tolist()
    assert found["method"].tolist() == ["none", *["trend"] * 10, "none"]
    assert found["trend"].isna().tolist() == [True, *[False] * 10, True]
    assert found["reason"][0] == "Not all days of the week lie within the data."
    alone = decompose_weeks(weeks(revenue[1:11]))
    np.testing.assert_array_equal(found["trend"][1:11], alone["trend"])


def test_a_shop_without_a_complete_week_has_its_rows() -> None:
    found = decompose_weeks(weeks(np.array([3.0]), incomplete=(0,)))
    assert found.dtypes.astype(str).to_dict() == COLUMNS
    assert found["method"].tolist() == ["none"]
