"""The BG/NBD model finds known parameters, and its predictions come true in simulations."""

# ruff: noqa: N803, N806

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.special import betaln, gammaln

from regulars.btyd import BGNBD, NotFittedError
from regulars.btyd.bg_nbd import Histories, log_likelihood
from regulars.errors import InvalidSettingError

CDNOW = {"r": 0.243, "alpha": 4.414, "a": 0.793, "b": 2.426}
# Of Fader, Hardie & Lee (2005), equation 10, in arithmetic of 80 digits: r, alpha, a, b, x, t_x,
# T, horizon, expected purchases. Among them a = 1 and a + b = 1, where the equation divides by 0,
# whole r - a, where SciPy's 2F1 is inexact, and powers that under- or overflow.
EXPECTED = [
    (0.243, 4.414, 0.793, 2.426, 2, 30.43, 38.86, 39.0, 1.22602817476714),
    (0.243, 4.414, 0.793, 2.426, 0, 0.0, 38.86, 39.0, 0.195098052011263),
    (0.6, 60.0, 0.4, 3.0, 500, 4990.0, 5000.0, 180.0, 17.6458549377148),
    (0.6, 60.0, 0.4, 3.0, 500, 10.0, 5000.0, 180.0, 0.0),
    (0.6, 60.0, 1.0, 3.0, 12, 300.0, 400.0, 90.0, 0.88826335283386),
    (0.6, 60.0, 1.0000001, 3.0, 12, 300.0, 400.0, 90.0, 0.888263292188541),
    (0.6, 60.0, 1.04, 3.0, 0, 0.0, 5000.0, 1.0, 0.00011857224937935),
    (0.6, 60.0, 0.25, 0.75, 0, 0.0, 0.0, 90.0, 0.74254156157002),
    (5.0, 60.0, 0.75, 0.25, 0, 0.0, 0.0, 5000.0, 4.88796092135645),
    (0.6, 60.0, 0.25, 0.5, 0, 0.0, 30.0, 5000.0, 11.3552059121155),
    (4.1, 1.0, 2.1, 6.7, 374, 9.0, 9.0, 5000.0, 344.807809146031),
    (1.25, 1.0, 2.25, 0.2, 300, 4.0, 4.0, 5000.0, 239.317452871237),
    (30.0, 0.5, 5.0, 0.2, 3, 10.0, 20.0, 5000.0, 2.04218290308082e-10),
    (0.05, 2000.0, 12.0, 40.0, 1, 200.0, 700.0, 365.0, 0.100318128445781),
    (5.0, 10.0, 0.02, 30.0, 200, 700.0, 700.0, 5000.0, 1406.45155198256),
    (2.0, 50.0, 3000.0, 9000.0, 1, 30.0, 40.0, 90.0, 1.3238205355057),
    (300.0, 1200.0, 1.02, 4000.0, 2, 30.0, 40.0, 90.0, 21.794079079232),
]


def plain_log_likelihood(theta, *, x, t_x, T):
    """Equation 6 as it is printed, one customer at a time, without grouping."""
    r, alpha, a, b = np.exp(theta)
    first = np.exp(betaln(a, b + x) - betaln(a, b) - (r + x) * np.log(alpha + T))
    second = np.exp(betaln(a + 1, b + np.maximum(x, 1) - 1) - betaln(a, b)) / (
        (alpha + t_x) ** (r + x)
    )
    likelihood = first + np.where(x > 0, second, 0)
    return (gammaln(r + x) - gammaln(r) + r * np.log(alpha) + np.log(likelihood)).sum()


def as_theta(model):
    return np.log(list(model.parameters().values()))


@pytest.fixture(scope="module")
def fitted(shop):
    return BGNBD(ridge=0).fit(**shop.histories)


@pytest.fixture(scope="module")
def grouped(shop):
    rows = [np.asarray(column, dtype=float) for column in shop.histories.values()]
    return Histories.from_rows(*rows, np.ones(len(shop.x)))


class TestFit:
    @pytest.mark.realdata
    def test_cdnow_has_the_published_estimates(self, cdnow):
        model = BGNBD(ridge=0).fit(x=cdnow["x"], t_x=cdnow["t_x"], T=cdnow["T"])
        assert model.converged_
        assert model.n_used_ == 2357
        for name, published in CDNOW.items():
            assert model.parameters()[name] == pytest.approx(published, abs=6e-4), name
        # of the paper's first customer, in the 39 weeks of its holdout
        expected = model.expected_purchases(39, x=[2], t_x=[30.43], T=[38.86])
        assert expected == pytest.approx([1.226], abs=5e-4)

    def test_simulated_truth_is_within_three_standard_errors(self, simulate, standard_errors):
        truth = {"r": 0.6, "alpha": 60.0, "a": 0.4, "b": 3.0}
        rng = np.random.default_rng(7)
        customers = simulate(rng, T=rng.uniform(0, 730, 20_000), horizon=0, **truth)
        model = BGNBD(ridge=0).fit(**customers.histories)
        errors = standard_errors(
            lambda theta: plain_log_likelihood(theta, **customers.histories), as_theta(model)
        )
        assert model.converged_
        assert errors.max() < 0.1  # or the next line would prove little
        distance = (as_theta(model) - np.log(list(truth.values()))) / errors
        assert np.abs(distance).max() < 3

    def test_it_is_the_maximum_of_the_ungrouped_likelihood(self, shop, fitted, numerical_gradient):
        theta = as_theta(fitted)

        def plain(theta):
            return plain_log_likelihood(theta, **shop.histories)

        assert fitted.log_likelihood_ == pytest.approx(plain(theta), rel=1e-11)
        assert np.abs(numerical_gradient(plain, theta) / len(shop.x)).max() < 1e-7
        for step in 0.05 * np.vstack([np.eye(4), -np.eye(4)]):
            assert plain(theta + step) < plain(theta)

    @pytest.mark.parametrize("seed", range(5))
    def test_the_gradient_is_that_of_the_value(self, grouped, numerical_gradient, seed):
        theta = np.log([0.6, 60, 0.4, 3]) + np.random.default_rng(seed).normal(0, 1.5, 4)
        numerical = numerical_gradient(lambda point: log_likelihood(point, grouped)[0], theta)
        np.testing.assert_allclose(
            log_likelihood(theta, grouped)[1], numerical, rtol=1e-6, atol=1e-3
        )

    def test_the_value_is_that_of_the_paper(self, shop, grouped):
        for theta in (np.log([0.6, 60, 0.4, 3]), np.log([2, 10, 3, 0.5])):
            plain = plain_log_likelihood(theta, **shop.histories)
            assert log_likelihood(theta, grouped)[0] == pytest.approx(plain, rel=1e-12)

    def test_weights_stand_for_equal_rows_to_the_bit(self, shop):
        rows = np.column_stack(list(shop.histories.values()))
        distinct, counts = np.unique(rows, axis=0, return_counts=True)
        assert counts.max() > 1
        by_row = BGNBD(ridge=0.001).fit(**shop.histories)
        x, t_x, T = distinct.T
        by_weight = BGNBD(ridge=0.001).fit(x=x, t_x=t_x, T=T, weights=counts)
        assert by_weight.parameters() == by_row.parameters()
        assert by_weight.log_likelihood_ == by_row.log_likelihood_
        assert by_weight.n_used_ == len(distinct)

    def test_weight_zero_leaves_a_customer_out(self, shop):
        kept = np.arange(len(shop.x)) % 3 > 0
        some = BGNBD(ridge=0).fit(**{k: v[kept] for k, v in shop.histories.items()})
        weighted = BGNBD(ridge=0).fit(**shop.histories, weights=kept)
        assert weighted.parameters() == some.parameters()
        assert weighted.n_used_ == kept.sum()

    def test_the_order_of_rows_does_not_change_a_bit(self, shop):
        rng = np.random.default_rng(3)
        weights = rng.uniform(0.1, 2, len(shop.x))
        order = rng.permutation(len(shop.x))
        model = BGNBD(ridge=0).fit(**shop.histories, weights=weights)
        permuted = BGNBD(ridge=0).fit(
            **{k: v[order] for k, v in shop.histories.items()}, weights=weights[order]
        )
        assert vars(permuted) == vars(model)

    @pytest.mark.parametrize("ridge", [0, 0.001])
    def test_the_unit_of_time_does_not_matter(self, shop, ridge):
        days = BGNBD(ridge=ridge).fit(**shop.histories)
        weeks = BGNBD(ridge=ridge).fit(x=shop.x, t_x=shop.t_x / 7, T=shop.T / 7)
        expected = days.parameters() | {"alpha": days.alpha_ / 7}
        assert weeks.parameters() == pytest.approx(expected, rel=1e-8)

    def test_the_ridge_is_what_the_documentation_says(self, shop, numerical_gradient):
        ridge = 0.01
        model = BGNBD(ridge=ridge).fit(**shop.histories)
        scale = np.array([0, np.log(shop.T.mean()), 0, 0])

        def penalised(theta):
            mean = -plain_log_likelihood(theta, **shop.histories) / len(shop.x)
            return mean + ridge * ((theta - scale) ** 2).sum()

        assert model.converged_
        assert np.abs(numerical_gradient(penalised, as_theta(model))).max() < 1e-7
        plain = plain_log_likelihood(as_theta(model), **shop.histories)
        assert model.log_likelihood_ == pytest.approx(plain, rel=1e-11)

    def test_more_ridge_draws_parameters_to_their_centre(self, shop):
        distances = []
        for ridge in (0, 0.001, 0.1, 10):
            model = BGNBD(ridge=ridge).fit(**shop.histories)
            centred = as_theta(model) - [0, np.log(shop.T.mean()), 0, 0]
            distances.append(np.linalg.norm(centred))
        assert distances == sorted(distances, reverse=True)
        assert distances[-1] < 0.1 < distances[0]


class TestFitOfPoorData:
    @pytest.mark.parametrize("ridge", [0, 0.001])
    def test_one_customer_determines_nothing(self, ridge):
        model = BGNBD(ridge=ridge).fit(x=[3], t_x=[200], T=[400])
        assert not model.converged_
        assert model.message_ == (
            "Distinct purchase histories: 1, too few to determine four parameters."
        )

    @pytest.mark.parametrize("ridge", [0, 0.001])
    def test_one_time_buyers_say_nothing_about_who_stops(self, ridge):
        model = BGNBD(ridge=ridge).fit(x=np.zeros(50), t_x=np.zeros(50), T=np.arange(50))
        assert not model.converged_
        assert model.message_.startswith("No customer bought again")
        assert np.isfinite(list(model.parameters().values())).all()

    @pytest.mark.parametrize("ridge", [0, 0.001])
    def test_customers_of_this_instant_are_no_time(self, ridge):
        model = BGNBD(ridge=ridge).fit(x=[0, 0], t_x=[0, 0], T=[0, 0])
        assert not model.converged_
        parameters = np.array(list(model.parameters().values()))
        assert (np.isfinite(parameters) & (parameters > 0)).all()

    def test_equal_customers_have_no_variation_to_describe(self):
        rng = np.random.default_rng(1)
        T = rng.uniform(100, 500, 3000)
        x = rng.poisson(0.02 * T)  # one rate for all, and nobody stops
        t_x = np.where(x > 0, T * rng.beta(np.maximum(x, 1), 1), 0)
        model = BGNBD(ridge=0).fit(x=x, t_x=t_x, T=T)
        assert not model.converged_
        assert model.message_.startswith("No maximum inside the bounds: r")
        # with a ridge there is an answer, and it is right about the rate
        model = BGNBD(ridge=0.001).fit(x=x, t_x=t_x, T=T)
        assert model.converged_
        assert model.r_ / model.alpha_ == pytest.approx(0.02, rel=0.05)

    def test_a_flat_likelihood_is_no_success(self):
        days = np.arange(1, 51)
        model = BGNBD(ridge=0).fit(x=days % 7 + 1, t_x=days, T=days)  # nobody ever stops
        assert not model.converged_
        assert "flat" in model.message_ or "bounds" in model.message_

    def test_a_converged_model_says_so_with_its_gradient(self, fitted):
        assert fitted.converged_
        assert fitted.message_.startswith("Converged")
        assert fitted.gradient_norm_ < 1e-7
        assert fitted.iterations_ > 3

    def test_many_purchases_and_long_times_stay_finite(self, shop):
        x = np.append(shop.x, [500, 500, 1, 0])
        t_x = np.append(shop.t_x, [4990, 2, 4999, 0])
        T = np.append(shop.T, [5000, 5000, 5000, 5000])
        model = BGNBD(ridge=0.001).fit(x=x, t_x=t_x, T=T)
        assert model.converged_
        history = {"x": x, "t_x": t_x, "T": T}
        for values in (
            model.expected_purchases(5000, **history),
            model.probability_of_no_purchase(5000, **history),
            model.probability_alive(**history),
        ):
            assert np.isfinite(values).all()
            assert (values >= 0).all()


class TestPredictions:
    @pytest.mark.parametrize(("r", "alpha", "a", "b", "x", "t_x", "T", "h", "expected"), EXPECTED)
    def test_expected_purchases_are_those_of_exact_arithmetic(
        self, r, alpha, a, b, x, t_x, T, h, expected
    ):
        model = BGNBD.from_parameters(r=r, alpha=alpha, a=a, b=b)
        found = model.expected_purchases(h, x=[x], t_x=[t_x], T=[T])
        np.testing.assert_allclose(found, [expected], rtol=1e-8, atol=1e-300)

    @pytest.mark.parametrize(
        ("x", "t_x", "T", "horizon"), [(0, 0, 39, 39), (1, 5, 30, 10), (4, 35, 38, 52)]
    )
    def test_expected_purchases_are_the_integral_over_customers(self, x, t_x, T, horizon):
        r, alpha, a, b = 0.7, 5.0, 1.4, 2.5
        # customers' rates and probabilities to stop, close together where their densities are steep
        nodes, weights = np.polynomial.legendre.leggauss(500)
        nodes, weights = (nodes + 1) / 2, weights / 2
        roots = 2.2 * nodes
        rate = (roots**4)[:, None]
        stop = (nodes**2)[None, :]
        prior = (stats.gamma.pdf(rate, r, scale=1 / alpha) * 4 * 2.2 * roots[:, None] ** 3) * (
            stats.beta.pdf(stop, a, b) * 2 * nodes[None, :]
        )
        prior = prior * weights[:, None] * weights[None, :]
        assert prior.sum() == pytest.approx(1, abs=1e-9)

        active = prior * (1 - stop) ** x * rate**x * np.exp(-rate * T)
        gone = prior * stop * (1 - stop) ** (x - 1) * rate**x * np.exp(-rate * t_x) if x else 0
        every = (active + gone).sum()
        purchases = (active * -np.expm1(-rate * stop * horizon) / stop).sum() / every
        nothing = 1 - (active * -np.expm1(-rate * horizon)).sum() / every

        model = BGNBD.from_parameters(r=r, alpha=alpha, a=a, b=b)
        history = {"x": [x], "t_x": [t_x], "T": [T]}
        for found, expected in (
            (model.expected_purchases(horizon, **history), purchases),
            (model.probability_of_no_purchase(horizon, **history), nothing),
            (model.probability_alive(**history), active.sum() / every),
        ):
            assert found == pytest.approx([expected], rel=1e-7)

    @pytest.mark.parametrize(("a", "b"), [(0.4, 3.0), (1.0, 2.0), (2.5, 4.0)])
    def test_predictions_come_true_in_a_simulation(self, simulate, a, b):
        parameters = {"r": 0.8, "alpha": 40.0, "a": a, "b": b}
        rng = np.random.default_rng(11)
        T = rng.uniform(0, 400, 200_000)
        horizon = rng.choice([30.0, 90.0, 180.0], len(T))
        customers = simulate(rng, T=T, horizon=horizon, **parameters)
        model = BGNBD.from_parameters(**parameters)
        expected = model.expected_purchases(horizon, **customers.histories)
        nothing = model.probability_of_no_purchase(horizon, **customers.histories)
        since = (T - customers.t_x) / T
        groups = {
            "one-time buyers": customers.x == 0,
            "one repeat purchase": customers.x == 1,
            "two to four": (customers.x > 1) & (customers.x < 5),
            "regulars": customers.x > 4,
            "regulars, long gone": (customers.x > 4) & (since > 0.5),
            "repeat buyers, just seen": (customers.x > 0) & (since < 0.1),
            "new": T < 30,
            "longest horizon": horizon == 180,
        }
        for name, group in groups.items():
            assert group.sum() > 1_000, name
            for actual, predicted in (
                (customers.purchases_after, expected),
                (customers.purchases_after == 0, nothing),
            ):
                surprise = (actual - predicted)[group]
                error = surprise.std() / np.sqrt(len(surprise))
                assert abs(surprise.mean()) < 3.5 * error, name
                assert error < 0.02, name

    def test_one_time_buyers_are_alive_by_construction_but_may_not_buy(self, fitted):
        history = {"x": [0, 0], "t_x": [0, 0], "T": [10, 700]}
        assert fitted.probability_alive(**history).tolist() == [1, 1]
        new, old = fitted.probability_of_no_purchase(90, **history)
        assert old > 0.9 > new

    def test_regulars_who_stay_away_are_gone(self, fitted):
        seen, missed = fitted.probability_alive(x=[10, 10], t_x=[390, 90], T=[400, 400])
        assert seen > 0.9
        assert missed < 0.05

    def test_each_customer_may_have_a_horizon(self, fitted, shop):
        some = {name: column[:6] for name, column in shop.histories.items()}
        horizons = np.array([1, 30, 30, 90, 180, 365])
        for predict in (fitted.expected_purchases, fitted.probability_of_no_purchase):
            together = predict(horizons, **some)
            alone = [
                predict(
                    float(horizon), **{name: column[i : i + 1] for name, column in some.items()}
                )
                for i, horizon in enumerate(horizons)
            ]
            assert together.tolist() == np.concatenate(alone).tolist()

    def test_no_customers_have_no_predictions(self, fitted):
        assert fitted.expected_purchases(90, x=[], t_x=[], T=[]).shape == (0,)
        assert fitted.probability_of_no_purchase(90, x=[], t_x=[], T=[]).shape == (0,)
        assert fitted.probability_alive(x=[], t_x=[], T=[]).shape == (0,)

    def test_a_stored_model_predicts_the_same_bits(self, fitted, shop):
        stored = BGNBD.from_parameters(**fitted.parameters())
        assert list(fitted.parameters()) == ["r", "alpha", "a", "b"]
        assert (
            stored.expected_purchases(90, **shop.histories).tolist()
            == fitted.expected_purchases(90, **shop.histories).tolist()
        )

    def test_an_unfitted_model_refuses_to_predict(self):
        history = {"x": [0], "t_x": [0], "T": [1]}
        model = BGNBD(ridge=0)
        for predict in (
            lambda: model.expected_purchases(1, **history),
            lambda: model.probability_of_no_purchase(1, **history),
            lambda: model.probability_alive(**history),
            model.parameters,
        ):
            with pytest.raises(NotFittedError, match=r"call fit or BGNBD\.from_parameters first"):
                predict()

    @pytest.mark.parametrize("value", [0, -1, np.nan, np.inf])
    def test_parameters_without_meaning_are_refused(self, value):
        with pytest.raises(InvalidSettingError, match=r"^alpha is .*: it must be a finite number"):
            BGNBD.from_parameters(r=1, alpha=value, a=1, b=1)

    @pytest.mark.parametrize("ridge", [-0.001, np.nan, np.inf])
    def test_a_ridge_without_meaning_is_refused(self, ridge):
        with pytest.raises(InvalidSettingError, match=r"^ridge is"):
            BGNBD(ridge=ridge)


def between(low, high):
    return st.floats(np.log(low), np.log(high)).map(lambda value: float(np.exp(value)))


@st.composite
def models(draw):
    a = draw(st.one_of(between(0.02, 50), st.floats(0.9, 1.1)))
    return BGNBD.from_parameters(
        r=draw(between(0.02, 50)), alpha=draw(between(0.1, 2000)), a=a, b=draw(between(0.02, 50))
    )


@st.composite
def one_customer(draw):
    x = draw(st.integers(0, 500))
    T = draw(st.integers(0, 5000))
    return {"x": [x], "t_x": [draw(st.integers(0, T)) if x else 0], "T": [T]}


class TestProperties:
    @settings(deadline=None)
    @given(models(), one_customer(), st.floats(0, 5000))
    def test_probabilities_are_probabilities(self, model, customer, horizon):
        (alive,) = model.probability_alive(**customer)
        (nothing,) = model.probability_of_no_purchase(horizon, **customer)
        assert 0 <= alive <= 1
        assert 0 <= nothing <= 1
        assert nothing >= 1 - alive - 1e-15
        if customer["x"] == [0]:
            assert alive == 1

    @settings(deadline=None)
    @given(models(), one_customer(), st.lists(st.floats(0, 5000), min_size=2, max_size=8))
    def test_more_time_brings_more_purchases(self, model, customer, horizons):
        horizons = np.sort([0.0, *horizons])
        many = {name: column * len(horizons) for name, column in customer.items()}
        expected = model.expected_purchases(horizons, **many)
        nothing = model.probability_of_no_purchase(horizons, **many)
        assert expected[0] == 0
        assert nothing[0] == 1
        assert (np.diff(expected) >= -1e-7 * expected[1:]).all()
        assert (np.diff(nothing) <= 1e-15).all()
        assert np.isfinite(expected).all()

    @settings(deadline=None)
    @given(models(), one_customer(), st.floats(0, 5000))
    def test_expected_purchases_are_at_least_the_chance_of_one(self, model, customer, horizon):
        (expected,) = model.expected_purchases(horizon, **customer)
        (nothing,) = model.probability_of_no_purchase(horizon, **customer)
        (alive,) = model.probability_alive(**customer)
        rate = (model.r_ + customer["x"][0]) / (model.alpha_ + customer["T"][0])
        assert 1 - nothing - 1e-12 <= expected <= alive * rate * horizon * (1 + 1e-12) + 1e-300

    @settings(deadline=None)
    @given(models(), one_customer())
    def test_a_later_last_purchase_makes_alive_more_likely(self, model, customer):
        if customer["x"] == [0] or customer["t_x"] == customer["T"]:
            return
        later = customer | {"t_x": customer["T"]}
        assert model.probability_alive(**later) >= model.probability_alive(**customer)
