"""Histories that contradict themselves are refused in words."""

import numpy as np
import pytest

from regulars.btyd import BGNBD, GammaGamma, InvalidHistoryError
from regulars.btyd.inputs import distinct_rows
from regulars.errors import RegularsError

GOOD = {"x": [2, 0, 1], "t_x": [30, 0, 5], "T": [40, 40, 40]}


def message(call, *arguments, **columns):
    with pytest.raises(InvalidHistoryError) as caught:
        call(*arguments, **columns)
    assert isinstance(caught.value, RegularsError)
    return str(caught.value)


@pytest.fixture
def model():
    return BGNBD.from_parameters(r=0.6, alpha=60, a=0.4, b=3)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"x": [2, 0, -1]}, "x is negative (row 2, counted from 0: x = -1; 1 such rows)."),
        (
            {"x": [2.5, 0, 0.5]},
            "x is not a whole number of repeat purchases (row 0, counted from 0: x = 2.5; 2 such "
            "rows).",
        ),
        (
            {"x": [2, np.nan, 1]},
            "x is missing or infinite (row 1, counted from 0: x = nan; 1 such rows).",
        ),
        (
            {"t_x": [41, 0, 42]},
            "t_x is later than T (row 0, counted from 0: t_x = 41, T = 40; 2 such rows).",
        ),
        ({"t_x": [30, 0, -5]}, "t_x is negative (row 2, counted from 0: t_x = -5; 1 such rows)."),
        (
            {"t_x": [30, 3, 5]},
            "t_x is above 0 without a repeat purchase (row 1, counted from 0: x = 0, t_x = 3; 1 "
            "such rows).",
        ),
        (
            {"t_x": [np.nan, 0, 5]},
            "t_x is missing or infinite (row 0, counted from 0: t_x = nan; 1 such rows).",
        ),
        (
            {"T": [40, np.inf, 40]},
            "T is missing or infinite (row 1, counted from 0: T = inf; 1 such rows).",
        ),
        ({"T": [40, -1, 40]}, "T is negative (row 1, counted from 0: T = -1; 1 such rows)."),
        ({"T": [40, 40]}, "Columns differ in length: x 3, t_x 3, T 2."),
        ({"x": [[2, 0, 1]]}, "x has 2 dimensions: it must have one number per customer."),
    ],
)
def test_what_is_wrong_is_named(model, changes, fault):
    columns = GOOD | changes
    assert message(BGNBD(ridge=0).fit, **columns) == fault
    assert message(model.expected_purchases, 90, **columns) == fault
    assert message(model.probability_of_no_purchase, 90, **columns) == fault
    assert message(model.probability_alive, **columns) == fault


def test_texts_are_no_numbers(model):
    assert message(model.probability_alive, **GOOD | {"x": ["two", "none", "one"]}).startswith(
        "x is not a column of numbers:"
    )


def test_no_rows_are_no_customers():
    expected = "There are no customers to fit a model to."
    assert message(BGNBD(ridge=0).fit, x=[], t_x=[], T=[]) == expected
    assert message(BGNBD(ridge=0).fit, **GOOD, weights=[0, 0, 0]) == expected


@pytest.mark.parametrize(
    ("weights", "fault"),
    [
        ([1, -1, 1], "weights is negative (row 1, counted from 0: weights = -1; 1 such rows)."),
        (
            [1, np.nan, 1],
            "weights is missing or infinite (row 1, counted from 0: weights = nan; 1 such rows).",
        ),
        ([1, 1], "weights has 2 values for 3 customers."),
    ],
)
def test_weights_are_checked(weights, fault):
    assert message(BGNBD(ridge=0).fit, **GOOD, weights=weights) == fault
    spend = {"x": [1, 2, 3], "mean_spend": [10, 20, 30]}
    assert message(GammaGamma(ridge=0).fit, **spend, weights=weights) == fault


@pytest.mark.parametrize(
    ("horizon", "fault"),
    [
        (-1, "horizon is negative (row 0, counted from 0: horizon = -1; 1 such rows)."),
        (
            [90, 90, np.nan],
            "horizon is missing or infinite (row 2, counted from 0: horizon = nan; 1 such rows).",
        ),
        (
            [90, 90],
            "horizon has 2 values for 3 customers: it must have one for all or one for each.",
        ),
    ],
)
def test_horizons_are_checked(model, horizon, fault):
    assert message(model.expected_purchases, horizon, **GOOD) == fault
    assert message(model.probability_of_no_purchase, horizon, **GOOD) == fault


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"x": [1, 2, -3]}, "x is negative (row 2, counted from 0: x = -3; 1 such rows)."),
        (
            {"mean_spend": [10, np.nan, 30]},
            "mean_spend is missing for a customer with repeat purchases (row 1, counted from 0: "
            "x = 2, mean_spend = nan; 1 such rows).",
        ),
        (
            {"mean_spend": [10, 20, np.inf]},
            "mean_spend is infinite (row 2, counted from 0: x = 3, mean_spend = inf; 1 such rows).",
        ),
        ({"mean_spend": [10, 20]}, "Columns differ in length: x 3, mean_spend 2."),
    ],
)
def test_spend_is_checked(changes, fault):
    columns = {"x": [1, 2, 3], "mean_spend": [10, 20, 30]} | changes
    model = GammaGamma.from_parameters(p=2, q=3, gamma=30)
    assert message(GammaGamma(ridge=0).fit, **columns) == fault
    assert message(model.expected_mean_spend, **columns) == fault
    assert message(model.takes_population_mean, **columns) == fault


def test_what_is_given_is_left_as_it_was(model):
    columns = {name: np.array(values, dtype=float) for name, values in GOOD.items()}
    before = {name: values.copy() for name, values in columns.items()}
    model.expected_purchases(90, **columns)
    BGNBD(ridge=0.001).fit(**columns)
    for name, values in columns.items():
        assert values.tolist() == before[name].tolist()


def test_whole_numbers_of_any_kind_are_taken(model):
    narrow = {"x": np.array([2, 0, 1], dtype=np.uint8), "t_x": (30, 0, 5), "T": [40, 40, 40]}
    assert model.probability_alive(**narrow).tolist() == model.probability_alive(**GOOD).tolist()


def test_distinct_rows_are_sorted_and_summed():
    first = np.array([2.0, 1.0, 2.0, 1.0, 0.0, 3.0])
    second = np.array([5.0, 7.0, 5.0, 6.0, 0.0, 1.0])
    weights = np.array([1.0, 2.0, 0.5, 1.0, 4.0, 0.0])
    (one, two), sums = distinct_rows(first, second, weights=weights)
    assert one.tolist() == [0, 1, 1, 2]
    assert two.tolist() == [0, 6, 7, 5]
    assert sums.tolist() == [4, 1, 2, 1.5]
