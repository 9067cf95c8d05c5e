"""From natural units to scaled ones: nobody is dropped, holes are filled, extremes are marked."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from regulars.clustering import RecipeFeature, fit_scaler
from tests.unit.clustering.shop import RFM, customers

LOG_RFM = tuple(RecipeFeature(feature, "log1p") for feature in RFM)


def frame_of(**columns: list[float]) -> pd.DataFrame:
    return pd.DataFrame(columns, dtype=float)


def identity(*features: str) -> tuple[RecipeFeature, ...]:
    return tuple(RecipeFeature(feature, "identity") for feature in features)


def test_scaled_features_have_mean_zero_and_deviation_one_over_everyone():
    shop = customers(500)
    scaled = fit_scaler(shop, LOG_RFM, winsorise_share=0.01).scaled(shop)
    assert scaled.shape == (500, 3)
    assert scaled.mean(axis=0) == pytest.approx(np.zeros(3), abs=1e-12)
    assert scaled.std(axis=0) == pytest.approx(np.ones(3))


def test_the_centre_is_the_mean_of_logs_and_the_scale_their_population_deviation():
    scaler = fit_scaler(
        frame_of(monetary=[0, 9, 99]), (RecipeFeature("monetary", "log1p"),), winsorise_share=0
    )
    logs = np.log([1, 10, 100])
    assert scaler.center == pytest.approx([logs.mean()])
    assert scaler.scale == pytest.approx([np.sqrt(((logs - logs.mean()) ** 2).mean())])
    found = scaler.scaled(frame_of(monetary=[99]))
    assert found[0, 0] == pytest.approx((logs[2] - logs.mean()) / logs.std())


def test_an_unknown_value_counts_as_the_median_of_the_known():
    shop = frame_of(spending_cv=[0.2, np.nan, 0.4, 1.2, np.nan])
    scaler = fit_scaler(shop, identity("spending_cv"), winsorise_share=0)
    assert scaler.fill.tolist() == [0.4]
    scaled = scaler.scaled(shop)[:, 0]
    assert scaled[1] == scaled[2] == scaled[4]
    # quartiles, bounds and median are of the known values, centre and scale of everyone's
    assert (scaler.lower[0], scaler.upper[0]) == (0.2, 1.2)
    assert scaler.center == pytest.approx([(0.2 + 3 * 0.4 + 1.2) / 5])


def test_a_feature_that_nobody_has_is_zero_for_everyone():
    shop = frame_of(spending_cv=[np.nan, np.nan], monetary=[10, 30])
    scaler = fit_scaler(shop, identity("spending_cv", "monetary"), winsorise_share=0.1)
    assert scaler.fill[0] == 0
    assert scaler.scaled(shop)[:, 0].tolist() == [0, 0]
    assert not scaler.is_extreme(shop).any()


@pytest.mark.parametrize("transform", ["identity", "log1p"])
@pytest.mark.parametrize("value", [0.0, 0.1, 1 / 3, 1234.56])
def test_a_feature_without_variation_is_zero_for_everyone(value, transform):
    # 0.1 a thousand times has a mean that is not 0.1: the deviation is rounding, not variation
    shop = frame_of(is_uk=[value] * 1000)
    scaler = fit_scaler(shop, (RecipeFeature("is_uk", transform),), winsorise_share=0.01)
    assert scaler.scale.tolist() == [1]
    assert scaler.scaled(shop) == pytest.approx(np.zeros((1000, 1)), abs=1e-12)


def test_winsorising_clips_to_the_quantiles_and_keeps_the_order():
    shop = frame_of(monetary=list(range(101)))
    scaler = fit_scaler(shop, identity("monetary"), winsorise_share=0.05)
    assert scaler.lower == pytest.approx([5])
    assert scaler.upper == pytest.approx([95])
    scaled = scaler.scaled(shop)[:, 0]
    assert len(scaled) == 101
    assert np.unique(scaled[:6]).size == np.unique(scaled[95:]).size == 1
    assert (np.diff(scaled[5:96]) > 0).all()
    assert scaler.scaled(frame_of(monetary=[1e9]))[0, 0] == scaled[95]


def test_without_winsorising_the_bounds_are_the_extremes():
    shop = customers(200)
    scaler = fit_scaler(shop, LOG_RFM, winsorise_share=0)
    assert scaler.lower.tolist() == shop[list(RFM)].min().tolist()
    assert scaler.upper.tolist() == shop[list(RFM)].max().tolist()


def test_the_log_of_money_sent_back_mirrors_that_of_money_spent():
    shop = frame_of(monetary=[-100, -1, 0, 1, 100])
    scaler = fit_scaler(shop, (RecipeFeature("monetary", "log1p"),), winsorise_share=0)
    scaled = scaler.scaled(shop)[:, 0] * scaler.scale[0] + scaler.center[0]
    logs = [np.log(101), np.log(2)]
    assert scaled == pytest.approx([-logs[0], -logs[1], 0, logs[1], logs[0]])


def test_natural_units_come_back_from_scaled_ones():
    shop = customers(300)
    features = (*LOG_RFM, RecipeFeature("days_overdue", "log1p"), *identity("loyalty_index"))
    scaler = fit_scaler(shop, features, winsorise_share=0)
    back = scaler.natural(scaler.scaled(shop))
    assert back == pytest.approx(shop[[item.feature for item in features]].to_numpy(), abs=1e-9)
    assert (back[:, 2] < 0).any()


def test_what_lies_far_out_is_marked_by_tukeys_rule_on_natural_units():
    # quartiles 25 and 75: far out is below 25 - 150 and above 75 + 150, the fences themselves are not
    shop = frame_of(monetary=list(range(101)))
    scaler = fit_scaler(shop, (RecipeFeature("monetary", "log1p"),), winsorise_share=0.05)
    assert (scaler.far_low[0], scaler.far_high[0]) == (-125, 225)
    looked_at = frame_of(monetary=[-126, -125, 0, 225, 226, np.nan])
    assert scaler.is_extreme(looked_at).tolist() == [True, False, False, False, True, False]


def test_one_far_out_feature_makes_an_extreme_customer():
    shop = customers(1000)
    scaler = fit_scaler(shop, LOG_RFM, winsorise_share=0.025)
    extreme = scaler.is_extreme(shop)
    money = shop["monetary"]
    first, third = money.quantile(0.25), money.quantile(0.75)
    far = money > third + 3 * (third - first)
    frequent = shop["frequency"] > scaler.far_high[1]
    assert 10 < far.sum() < 200
    assert extreme.tolist() == (far | frequent).tolist()


def test_where_the_quartiles_are_equal_nobody_is_extreme():
    # 15 % buy at the weekend: quartiles 0 and 0 would make all of them extreme
    shop = frame_of(weekend_ratio=[0] * 85 + [0.5] * 15)
    scaler = fit_scaler(shop, identity("weekend_ratio"), winsorise_share=0)
    assert np.isnan([scaler.far_low[0], scaler.far_high[0]]).all()
    assert not scaler.is_extreme(shop).any()


def test_one_customer_alone_is_neither_scaled_nor_extreme():
    shop = customers(1)
    scaler = fit_scaler(shop, LOG_RFM, winsorise_share=0.025)
    assert scaler.scaled(shop).tolist() == [[0, 0, 0]]
    assert not scaler.is_extreme(shop).any()


def test_how_a_frame_keeps_its_columns_changes_no_digit():
    shop = customers(200)
    by_column = shop[list(RFM)].copy()
    by_row = pd.DataFrame(np.ascontiguousarray(by_column.to_numpy()), shop.index, by_column.columns)
    found = [
        fit_scaler(frame, LOG_RFM, winsorise_share=0.01).scaled(frame)
        for frame in (by_column, by_row, shop[shop.columns[::-1]])
    ]
    assert all(scaled.flags.c_contiguous for scaled in found)
    assert found[0].tobytes() == found[1].tobytes() == found[2].tobytes()


def test_customers_that_were_not_fitted_are_scaled_by_the_same_numbers():
    scaler = fit_scaler(customers(400, seed=1), LOG_RFM, winsorise_share=0.01)
    newcomers = customers(50, seed=2)
    together = scaler.scaled(newcomers)
    one_by_one = np.vstack([scaler.scaled(newcomers.iloc[[i]]) for i in range(50)])
    assert together.tolist() == one_by_one.tolist()
