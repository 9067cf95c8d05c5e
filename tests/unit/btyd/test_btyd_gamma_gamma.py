"""The Gamma-Gamma model finds known parameters and weighs a customer's own mean rightly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from regulars.btyd import GammaGamma, InvalidHistoryError, NotFittedError
from regulars.btyd.gamma_gamma import Spending, log_likelihood
from regulars.errors import InvalidSettingError

CDNOW = {"p": 6.25, "q": 3.74, "gamma": 15.44}


def simulate_means(rng, *, x, p, q, gamma):
    """Draw each purchase's value by a rate of the customer's own; return means and true means."""
    rate = rng.gamma(q, 1 / gamma, len(x))
    first = np.repeat(np.arange(len(x)), x)
    values = rng.gamma(p, 1 / rate[first])
    return np.bincount(first, values, len(x)) / x, p / rate


def plain_log_likelihood(theta, *, x, mean_spend):
    """Each customer's density: a beta-prime distribution of the ratio of p x z's to gamma."""
    p, q, gamma = np.exp(theta[0]), 1 + np.exp(theta[1]), np.exp(theta[2])
    return stats.betaprime.logpdf(mean_spend, p * x, q, scale=gamma / x).sum()


def as_theta(model):
    return np.log([model.p_, model.q_ - 1, model.gamma_])


@pytest.fixture(scope="module")
def fitted(shop, shop_spend):
    return GammaGamma(ridge=0).fit(x=shop.x, mean_spend=shop_spend)


@pytest.fixture(scope="module")
def repeat(shop, shop_spend):
    """The shop's repeat buyers."""
    return {"x": shop.x[shop.x > 0].astype(float), "mean_spend": shop_spend[shop.x > 0]}


class TestFit:
    @pytest.mark.realdata
    def test_cdnow_has_the_published_estimates(self, cdnow):
        model = GammaGamma(ridge=0).fit(x=cdnow["x"], mean_spend=cdnow["zbar"])
        assert model.converged_
        assert (model.n_used_, model.n_ignored_) == (946, 2357 - 946)
        for name, published in CDNOW.items():
            assert model.parameters()[name] == pytest.approx(published, abs=0.01), name
        assert model.population_mean() == pytest.approx(35.17, abs=0.005)
        # the first customer: two repeat purchases of 22.35 dollars on average
        found = model.expected_mean_spend(x=[2], mean_spend=[22.35])
        assert found == pytest.approx([24.66], abs=0.005)

    def test_simulated_truth_is_within_three_standard_errors(self, standard_errors):
        truth = {"p": 2.5, "q": 3.7, "gamma": 300.0}
        rng = np.random.default_rng(5)
        x = rng.geometric(0.3, 20_000)
        means, _ = simulate_means(rng, x=x, **truth)
        model = GammaGamma(ridge=0).fit(x=x, mean_spend=means)
        errors = standard_errors(
            lambda theta: plain_log_likelihood(theta, x=x, mean_spend=means), as_theta(model)
        )
        assert model.converged_
        assert errors.max() < 0.1  # or the next line would prove little
        distance = (as_theta(model) - np.log([2.5, 2.7, 300])) / errors
        assert np.abs(distance).max() < 3

    def test_the_value_is_that_of_the_density(self, repeat):
        spending = Spending.from_rows(**repeat, weights=np.ones(len(repeat["x"])))
        for theta in (np.log([2.5, 2.7, 300]), np.log([0.1, 9, 20])):
            found = log_likelihood(theta, spending)[0]
            assert found == pytest.approx(plain_log_likelihood(theta, **repeat), rel=1e-11)

    @pytest.mark.parametrize("seed", range(5))
    def test_the_gradient_is_that_of_the_value(self, repeat, numerical_gradient, seed):
        spending = Spending.from_rows(**repeat, weights=np.ones(len(repeat["x"])))
        theta = np.log([2.5, 2.7, 300]) + np.random.default_rng(seed).normal(0, 1.5, 3)
        numerical = numerical_gradient(lambda point: log_likelihood(point, spending)[0], theta)
        np.testing.assert_allclose(
            log_likelihood(theta, spending)[1], numerical, rtol=1e-6, atol=1e-3
        )

    def test_it_is_the_maximum_of_the_plain_likelihood(self, fitted, repeat, numerical_gradient):
        def plain(theta):
            return plain_log_likelihood(theta, **repeat)

        theta = as_theta(fitted)
        assert fitted.converged_
        assert fitted.log_likelihood_ == pytest.approx(plain(theta), rel=1e-11)
        assert np.abs(numerical_gradient(plain, theta) / len(repeat["x"])).max() < 1e-7
        for step in 0.05 * np.vstack([np.eye(3), -np.eye(3)]):
            assert plain(theta + step) < plain(theta)

    def test_the_ridge_is_what_the_documentation_says(self, repeat, numerical_gradient):
        ridge = 0.01
        model = GammaGamma(ridge=ridge).fit(**repeat)
        centre = np.array([0, 0, np.log(repeat["mean_spend"]).mean()])

        def penalised(theta):
            mean = -plain_log_likelihood(theta, **repeat) / len(repeat["x"])
            return mean + ridge * ((theta - centre) ** 2).sum()

        assert model.converged_
        assert np.abs(numerical_gradient(penalised, as_theta(model))).max() < 1e-7

    def test_others_than_repeat_buyers_are_ignored_and_counted(self, repeat):
        alone = GammaGamma(ridge=0).fit(**repeat)
        among = GammaGamma(ridge=0).fit(
            x=[0, 0, 2, *repeat["x"], 3], mean_spend=[np.nan, 50, 0, *repeat["mean_spend"], -20]
        )
        assert among.parameters() == alone.parameters()
        assert among.n_ignored_ == 4
        assert (among.n_used_, alone.n_ignored_) == (len(repeat["x"]), 0)

    def test_the_order_of_rows_does_not_change_a_bit(self, shop, shop_spend, fitted):
        order = np.random.default_rng(3).permutation(len(shop.x))
        permuted = GammaGamma(ridge=0).fit(x=shop.x[order], mean_spend=shop_spend[order])
        assert vars(permuted) == vars(fitted)

    def test_weights_stand_for_equal_rows_to_the_bit(self, repeat):
        weights = np.arange(len(repeat["x"])) % 3
        repeated = {name: np.repeat(column, weights) for name, column in repeat.items()}
        by_weight = GammaGamma(ridge=0).fit(**repeat, weights=weights)
        by_row = GammaGamma(ridge=0).fit(**repeated)
        assert by_weight.parameters() == by_row.parameters()
        assert by_weight.n_ignored_ == 0
        assert by_weight.n_used_ == (weights > 0).sum()

    @pytest.mark.parametrize("ridge", [0, 0.001])
    def test_the_currency_does_not_matter(self, repeat, ridge):
        pounds = GammaGamma(ridge=ridge).fit(**repeat)
        pence = GammaGamma(ridge=ridge).fit(x=repeat["x"], mean_spend=100 * repeat["mean_spend"])
        expected = pounds.parameters() | {"gamma": 100 * pounds.gamma_}
        assert pence.parameters() == pytest.approx(expected, rel=1e-8)


class TestFitOfPoorData:
    def test_nobody_to_fit_to_is_an_error(self):
        with pytest.raises(InvalidHistoryError) as caught:
            GammaGamma(ridge=0.001).fit(x=[0, 0, 2], mean_spend=[10, np.nan, -5])
        assert str(caught.value) == (
            "None of 3 customers has a repeat purchase and a positive mean spend."
        )

    @pytest.mark.parametrize("ridge", [0, 0.001])
    @pytest.mark.parametrize("customers", [1, 500])
    def test_equal_spend_says_nothing_about_variation(self, ridge, customers):
        x = np.arange(customers) % 7 + 1
        model = GammaGamma(ridge=ridge).fit(x=x, mean_spend=np.full(customers, 20.0))
        assert not model.converged_
        assert model.message_.startswith("All customers spend the same")

    @pytest.mark.parametrize("ridge", [0, 0.001])
    def test_three_customers_are_too_few(self, ridge):
        model = GammaGamma(ridge=ridge).fit(x=[1, 2, 3], mean_spend=[10, 20, 30])
        assert not model.converged_
        assert "3, too few" in model.message_

    def test_a_population_mean_that_does_not_exist_is_said(self):
        spend = np.random.default_rng(0).pareto(0.5, 500) + 1
        model = GammaGamma(ridge=0).fit(x=np.full(500, 3), mean_spend=spend)
        assert not model.converged_
        assert "q - 1" in model.message_
        assert model.q_ > 1
        assert np.isfinite(model.population_mean())

    def test_huge_and_tiny_spend_stay_finite(self):
        spend = [20, 30, 1e300, 1e-300, 40, 35, 1e307]
        for ridge in (0, 0.001):
            model = GammaGamma(ridge=ridge).fit(x=[1, 2, 3, 4, 5, 6, 1], mean_spend=spend)
            assert np.isfinite(list(model.parameters().values())).all()
            assert np.isfinite(model.log_likelihood_)

    def test_one_huge_order_does_not_break_a_shop(self, shop, shop_spend, fitted):
        spend = shop_spend.copy()
        spend[np.flatnonzero(shop.x == 1)[0]] = 168_469.60
        model = GammaGamma(ridge=0.001).fit(x=shop.x, mean_spend=spend)
        assert model.converged_
        assert model.population_mean() == pytest.approx(fitted.population_mean(), rel=0.05)


class TestPredictions:
    @pytest.mark.parametrize(("x", "spend"), [(1, 500.0), (3, 40.0), (30, 90.0)])
    def test_it_is_the_mean_of_the_posterior(self, x, spend):
        p, q, gamma = 2.5, 3.7, 300.0
        model = GammaGamma.from_parameters(p=p, q=q, gamma=gamma)

        def density(rate):
            prior = stats.gamma.pdf(rate, q, scale=1 / gamma)
            return prior * stats.gamma.pdf(spend, p * x, scale=1 / (rate * x))

        def integral(function):
            return integrate.quad(function, 0, 1, points=[0.01, 0.05, 0.2], epsabs=0)[0]

        mean = integral(lambda rate: p / rate * density(rate) if rate else 0) / integral(density)
        found = model.expected_mean_spend(x=[x], mean_spend=[spend])
        assert found == pytest.approx([mean], rel=1e-7)

    def test_predictions_come_true_in_a_simulation(self):
        parameters = {"p": 2.5, "q": 3.7, "gamma": 300.0}
        rng = np.random.default_rng(9)
        x = rng.geometric(0.3, 200_000)
        means, true_means = simulate_means(rng, x=x, **parameters)
        model = GammaGamma.from_parameters(**parameters)
        expected = model.expected_mean_spend(x=x, mean_spend=means)
        for group in (x == 1, x == 2, x > 5, means > 500, means < 100, means > 0):
            surprise = (true_means - expected)[group]
            error = surprise.std() / np.sqrt(len(surprise))
            assert abs(surprise.mean()) < 3.5 * error
            assert error < 0.01 * expected[group].mean()

    def test_who_has_no_mean_of_their_own_gets_the_populations(self):
        model = GammaGamma.from_parameters(p=6.25, q=3.74, gamma=15.44)
        customers = {"x": [0, 0, 0, 2, 2, 2], "mean_spend": [np.nan, 0, 80, 0, -15, 80]}
        population = 6.25 * 15.44 / 2.74
        assert model.population_mean() == pytest.approx(population, rel=1e-14)
        found = model.expected_mean_spend(**customers)
        assert found[:5].tolist() == [model.population_mean()] * 5
        assert found[5] == pytest.approx(6.25 * (15.44 + 160) / (12.5 + 2.74), rel=1e-14)
        assert model.takes_population_mean(**customers).tolist() == [True] * 5 + [False]

    def test_no_customers_have_no_predictions(self, fitted):
        assert fitted.expected_mean_spend(x=[], mean_spend=[]).shape == (0,)

    def test_a_stored_model_predicts_the_same_bits(self, fitted, repeat):
        stored = GammaGamma.from_parameters(**fitted.parameters())
        assert list(fitted.parameters()) == ["p", "q", "gamma"]
        assert (
            stored.expected_mean_spend(**repeat).tolist()
            == fitted.expected_mean_spend(**repeat).tolist()
        )

    def test_an_unfitted_model_refuses_to_predict(self):
        model = GammaGamma(ridge=0)
        for predict in (
            lambda: model.expected_mean_spend(x=[1], mean_spend=[1]),
            model.population_mean,
            model.parameters,
        ):
            with pytest.raises(NotFittedError, match=r"call fit or GammaGamma\.from_parameters"):
                predict()

    def test_q_must_leave_a_mean(self):
        with pytest.raises(InvalidSettingError, match=r"^q is 1\.0: it must be above 1"):
            GammaGamma.from_parameters(p=1, q=1.0, gamma=1)

    def test_parameters_without_meaning_are_refused(self):
        with pytest.raises(InvalidSettingError, match=r"^gamma is -1"):
            GammaGamma.from_parameters(p=1, q=2, gamma=-1)

    @settings(deadline=None)
    @given(
        st.floats(0.05, 100),
        st.floats(1.001, 100),
        st.floats(0.01, 1e5),
        st.integers(1, 500),
        st.floats(1e-3, 1e7),
    )
    def test_it_lies_between_ones_own_mean_and_the_populations(self, p, q, gamma, x, spend):
        model = GammaGamma.from_parameters(p=p, q=q, gamma=gamma)
        (found,) = model.expected_mean_spend(x=[x], mean_spend=[spend])
        (more,) = model.expected_mean_spend(x=[x + 1], mean_spend=[spend])
        low, high = sorted([spend, model.population_mean()])
        assert low * (1 - 1e-12) <= found <= high * (1 + 1e-12)
        assert abs(more - spend) <= abs(found - spend) * (1 + 1e-12) + 1e-12 * spend
