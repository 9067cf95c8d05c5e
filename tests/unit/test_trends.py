"""Trends: pymannkendall's and SciPy's figures, exact distributions, and no trends seen in seasons."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pymannkendall
import pytest
from scipy.stats import kendalltau

from regulars.errors import InvalidSettingError
from regulars.trends import (
    COLUMNS,
    autocorrelation,
    category_trends,
    mann_kendall,
    sen_slope,
)

SETTINGS = {"minimum_months": 18, "false_discovery_rate": 0.05}
# what each month makes of a year in a gift shop
SEASON = np.array([0.70, 0.74, 0.95, 0.86, 0.98, 0.97, 0.92, 0.88, 1.14, 1.36, 1.70, 1.25])


def series(
    count: int, *, seed: int = 1, growth: float = 0.0, noise: float = 0.15, alike: float = 0.0
) -> np.ndarray:
    """Monthly revenue with a season, growth per year and noise whose neighbours correlate by `alike`."""
    rng = np.random.default_rng(seed)
    shocks = noise * np.sqrt(1 - alike**2) * rng.standard_normal(count + 50)
    rest = np.zeros(count + 50)
    for month in range(1, count + 50):
        rest[month] = alike * rest[month - 1] + shocks[month]
    place = np.arange(count)
    return 10_000 * SEASON[place % 12] * np.exp(rest[50:] + np.log1p(growth) / 12 * place)


def months(**categories: np.ndarray) -> pd.DataFrame:
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "category": name,
                    "month_start": pd.date_range("2009-12-01", periods=len(values), freq="MS"),
                    "revenue": values,
                }
            )
            for name, values in categories.items()
        ],
        ignore_index=True,
    )


WITH_TIES = np.array([3.0, 3, 5, 4, 4, 4, 8, 9, 9, 2, 1, 9, 10, 12])


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(series(24), id="two years"),
        pytest.param(series(41, growth=0.2), id="rising"),
        pytest.param(series(37, growth=-0.4), id="falling"),
        pytest.param(WITH_TIES, id="ties"),
        pytest.param(np.round(series(30), -4), id="many ties"),
        pytest.param(np.full(12, 7.0), id="constant"),
    ],
)
@pytest.mark.parametrize("period", [1, 12])
def test_statistics_agree_with_pymannkendall(values: np.ndarray, period: int) -> None:
    if period == 12 and len(values) < 24:
        pytest.skip("too short for seasons")
    reference = (
        pymannkendall.original_test(values)
        if period == 1
        else pymannkendall.seasonal_test(values, period=period)
    )
    found = mann_kendall(values, period=period, exact=False)
    slope, _, _ = sen_slope(values, variance=found.variance, period=period)
    expected_slope = reference.slope / period  # theirs is per period
    np.testing.assert_allclose(
        [found.s, found.variance, found.tau, found.z, found.p_value, slope],
        [reference.s, reference.var_s, reference.Tau, reference.z, reference.p, expected_slope],
        rtol=1e-9,
        atol=1e-9,
    )


@pytest.mark.parametrize("count", range(4, 11))
def test_short_series_have_scipys_exact_p_value(count: int) -> None:
    for seed in range(20):
        values = np.random.default_rng(seed).standard_normal(count)
        found = mann_kendall(values)
        assert found.is_exact
        reference = kendalltau(np.arange(count), values, method="exact")
        assert found.p_value == pytest.approx(reference.pvalue, abs=1e-12)
        assert found.tau == pytest.approx(reference.statistic, abs=1e-12)


def test_the_exact_p_value_of_seasons_is_that_of_all_orders() -> None:
    """Two seasons of three and two values: all 6 x 2 orders counted by hand."""
    values = np.array([1.0, 5.0, 2.0, 6.0, 3.0])
    found = mann_kendall(values, period=2)
    counts = [
        sum(np.sign(b - a) for a, b in itertools.combinations(first, 2))
        + np.sign(last[1] - last[0])
        for first in itertools.permutations([1, 2, 3])
        for last in itertools.permutations([5, 6])
    ]
    assert found.s == 4
    assert found.p_value == pytest.approx(np.mean(np.abs(counts) >= 4), abs=1e-12)


@pytest.mark.parametrize(
    ("values", "inflation"), [(WITH_TIES[:9], 1.0), (series(11), 1.0), (series(9), 1.5)]
)
def test_ties_long_series_and_alike_months_have_no_exact_distribution(
    values: np.ndarray, inflation: float
) -> None:
    assert not mann_kendall(values, inflation=inflation).is_exact


def test_the_interval_of_the_slope_is_gilberts() -> None:
    # slopes of all pairs by hand: ranks (n - c) / 2 and (n + c) / 2 + 1 between them
    values = np.array([1.0, 3, 2, 5, 4, 8, 7, 9, 10, 12])
    test = mann_kendall(values)
    slopes = np.sort(
        [(b - a) / (j - i) for (i, a), (j, b) in itertools.combinations(enumerate(values), 2)]
    )
    half = 1.959963984540054 * np.sqrt(test.variance)
    low, high = (len(slopes) - half) / 2, (len(slopes) + half) / 2 + 1
    expected = [
        slopes[int(place) - 1] + (place % 1) * (slopes[int(place)] - slopes[int(place) - 1])
        for place in (low, high)
    ]
    np.testing.assert_allclose(
        sen_slope(values, variance=test.variance), [np.median(slopes), *expected], rtol=1e-12
    )


def test_too_few_pairs_give_a_slope_without_an_interval() -> None:
    values = np.array([1.0, 2, 4, 3])
    slope, low, high = sen_slope(values, variance=mann_kendall(values).variance)
    assert slope == pytest.approx(5 / 6)
    assert np.isnan([low, high]).all()


def test_the_slope_and_its_interval_hold_the_truth() -> None:
    held = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        values = 1_000 + 20.0 * np.arange(36) + 50 * rng.standard_normal(36)
        test = mann_kendall(values, period=12)
        slope, low, high = sen_slope(values, variance=test.variance, period=12)
        assert low <= slope <= high
        held.append(low <= 20 <= high)
    assert np.mean(held) >= 0.93


@pytest.mark.parametrize("alike", [-0.4, 0.0, 0.6])
def test_autocorrelation_is_that_of_the_noise(alike: float) -> None:
    found = [
        autocorrelation(series(120, seed=seed, growth=0.3, alike=alike), period=12)
        for seed in range(40)
    ]
    assert np.mean(found) == pytest.approx(alike, abs=0.1)


def test_a_perfect_line_has_no_autocorrelation() -> None:
    assert autocorrelation(np.zeros(24), period=12) == 0
    assert autocorrelation(np.full(24, 5.0)) == 0


@pytest.mark.parametrize("count", [24, 36])
@pytest.mark.parametrize(("alike", "most"), [(0.0, 0.06), (0.3, 0.07), (0.5, 0.09)])
def test_a_season_without_a_trend_is_seldom_taken_for_one(
    count: int, alike: float, most: float
) -> None:
    shops = {f"{seed:04}": series(count, seed=seed, alike=alike) for seed in range(300)}
    found = category_trends(months(**shops), **SETTINGS)
    assert (found["p_value"] < 0.05).mean() <= most
    assert found["is_significant"].sum() <= 3


def test_a_trend_is_found_and_the_others_are_not() -> None:
    categories = {f"still {number}": series(36, seed=number) for number in range(10)}
    found = category_trends(
        months(
            rising=series(36, seed=50, growth=0.3),
            falling=series(36, seed=51, growth=-0.3),
            **categories,
        ),
        **SETTINGS,
    ).set_index("category")
    assert found.loc["rising", "trend"] == "increasing"
    assert found.loc["falling", "trend"] == "decreasing"
    assert set(found["trend"].drop(["rising", "falling"])) == {"none"}
    assert found.loc["rising", "sen_slope_share_per_year"] == pytest.approx(0.3, abs=0.12)
    assert found.loc["falling", "sen_slope_share_per_year"] == pytest.approx(-0.3, abs=0.12)
    assert (found["q_value"] >= found["p_value"]).all()
    assert found["seasonality"].eq("Same months of different years compared.").all()


def test_q_values_are_benjamini_and_hochbergs() -> None:
    found = category_trends(
        months(**{str(seed): series(36, seed=seed, growth=0.1) for seed in range(8)}), **SETTINGS
    )
    p_values = np.sort(found["p_value"])
    expected = np.minimum.accumulate((p_values * 8 / np.arange(1, 9))[::-1])[::-1]
    np.testing.assert_allclose(np.sort(found["q_value"]), expected, rtol=1e-12)


def test_a_young_category_says_why_it_is_not_tested() -> None:
    young = np.concatenate([np.zeros(7), series(17)])
    found = category_trends(months(old=series(24), young=young, never=np.zeros(24)), **SETTINGS)
    found = found.set_index("category")
    assert found.loc["young", "month_count"] == 17
    assert found.loc["young", "first_month"] == pd.Timestamp("2010-07-01")
    assert found.loc["young", "reason"] == (
        "17 complete months since the first sale; a trend needs 18."
    )
    assert (
        found.loc[["young", "never"], ["p_value", "q_value", "trend", "is_significant"]]
        .isna()
        .all(axis=None)
    )
    # the false discoveries are those of the tested
    assert found.loc["old", "q_value"] == found.loc["old", "p_value"]


def test_without_enough_months_for_a_season_it_is_said_that_it_may_be_the_trend() -> None:
    found = category_trends(
        months(young=series(10)), minimum_months=8, false_discovery_rate=0.05
    ).iloc[0]
    assert found["seasonality"] == "Not told from the trend: that needs 18 months."
    assert found["method"].startswith("mann_kendall")


def test_months_without_sales_and_with_more_returns_than_sales_are_tested_too() -> None:
    sold = series(36, growth=-0.5)
    sold[[20, 30, 33]], sold[35] = 0, -200
    found = category_trends(months(fading=sold), **SETTINGS).iloc[0]
    assert found["trend"] == "decreasing"
    assert found["method"] == "seasonal_mann_kendall_exact"


def test_rows_come_by_category_whatever_their_order() -> None:
    table = months(b=series(24, seed=2), a=series(24))
    found = category_trends(table.sample(frac=1, random_state=3), **SETTINGS)
    assert found["category"].tolist() == ["a", "b"]
    assert found.dtypes.astype(str).to_dict() == COLUMNS
    pd.testing.assert_frame_equal(found, category_trends(table, **SETTINGS))


def test_a_shop_without_a_complete_month_has_no_rows() -> None:
    found = category_trends(months(a=series(3)).iloc[:0], **SETTINGS)
    assert found.empty
    assert found.dtypes.astype(str).to_dict() == COLUMNS


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"minimum_months": None}, "minimum_months"),
        ({"minimum_months": 3}, "minimum_months"),
        ({"false_discovery_rate": None}, "false_discovery_rate"),
        ({"false_discovery_rate": 1.0}, "false_discovery_rate"),
    ],
)
def test_settings_without_meaning_are_refused(changed: dict[str, float], named: str) -> None:
    with pytest.raises(InvalidSettingError, match=named):
        category_trends(months(a=series(24)), **SETTINGS | changed)
