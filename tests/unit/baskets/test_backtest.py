"""Hits on past dates: nothing from after the origin leaks, the lists compared are the ones described."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from regulars.baskets import backtest as module
from regulars.baskets.backtest import (
    COLUMNS,
    OURS,
    OWN_HISTORY,
    POPULARITY,
    REST_OF_BASKET,
    WINDOW_DAYS,
    backtest_at_origins,
    backtest_recommendations,
)
from regulars.baskets.recommend import (
    BUY_AGAIN,
    NEW_FOR_YOU,
    NEW_HALF_LIFE,
    RecommendationSettings,
    learn_affinities,
    read_catalogue,
    recommend,
)
from tests.unit.baskets.shop import DATE, SETTINGS, frame, shop

ORIGIN = DATE - pd.Timedelta(days=WINDOW_DAYS)
METHODS = [
    (BUY_AGAIN, OURS),
    (BUY_AGAIN, OWN_HISTORY),
    (BUY_AGAIN, POPULARITY),
    (NEW_FOR_YOU, OURS),
    (NEW_FOR_YOU, POPULARITY),
    (REST_OF_BASKET, OURS),
    (REST_OF_BASKET, OWN_HISTORY),
    (REST_OF_BASKET, POPULARITY),
]


def judge(purchases: pd.DataFrame, *, settings: RecommendationSettings = SETTINGS) -> pd.DataFrame:
    return backtest_recommendations(purchases, origin=ORIGIN, settings=settings)


def rates(judged: pd.DataFrame) -> dict[tuple[str, str], float]:
    return judged.set_index(["task", "method"])["hit_rate"].to_dict()


@pytest.fixture(scope="module")
def purchases() -> pd.DataFrame:
    return shop(customers=150)


@pytest.fixture(scope="module")
def judged(purchases) -> pd.DataFrame:
    return judge(purchases)


class TestRows:
    def test_every_task_has_ours_and_simple_lists(self, judged):
        found = sorted(zip(judged["task"], judged["method"], strict=True))
        assert found == METHODS
        assert judged.dtypes.astype(str).to_dict() == COLUMNS
        assert (judged["origin"] == ORIGIN).all()
        assert (judged["window_end"] == DATE).all()

    def test_methods_of_a_task_are_judged_on_the_same_customers(self, judged):
        assert (judged.groupby("task")["customer_count"].nunique() == 1).all()
        assert judged["customer_count"].min() > 20

    def test_intervals_are_wilsons(self, judged):
        low, high = proportion_confint(
            judged["hit_count"], judged["customer_count"], method="wilson"
        )
        np.testing.assert_allclose(judged["hit_rate_low"], low, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(judged["hit_rate_high"], high, rtol=1e-9)
        np.testing.assert_allclose(
            judged["hit_rate"], judged["hit_count"] / judged["customer_count"]
        )

    @pytest.mark.parametrize(("hits", "count"), [(0, 1), (1, 1), (0, 40), (40, 40), (7, 40)])
    def test_intervals_are_wilsons_at_the_bounds_too(self, hits, count):
        outcome = np.arange(count) < hits
        found = module._judged(outcome, outcome)
        low, high = proportion_confint(hits, count, method="wilson")
        assert found["hit_rate_low"] == pytest.approx(low, abs=1e-12)
        assert found["hit_rate_high"] == pytest.approx(high, abs=1e-12)

    def test_ours_lead_themselves_by_nothing(self, judged):
        ours = judged[judged["method"] == OURS]
        assert (ours[["lead", "lead_low", "lead_high"]] == 0).all(axis=None)

    def test_the_lead_is_the_mean_of_paired_differences(self, judged):
        for _, task in judged.groupby("task"):
            ours = task.loc[task["method"] == OURS, "hit_rate"].item()
            np.testing.assert_allclose(task["lead"], ours - task["hit_rate"], atol=1e-12)
        ours, other = np.array([1, 1, 1, 0, 0], bool), np.array([1, 0, 0, 1, 0], bool)
        found = module._judged(other, ours)
        error = 1.959964 * np.std([0, 1, 1, -1, 0]) / np.sqrt(5)
        assert found["lead"] == pytest.approx(0.2)
        assert found["lead_low"] == pytest.approx(0.2 - error)
        assert found["lead_high"] == pytest.approx(0.2 + error)

    def test_the_order_of_rows_does_not_matter(self, purchases, judged):
        shuffled = purchases.sample(frac=1, random_state=1)
        pd.testing.assert_frame_equal(judge(shuffled), judged, check_exact=True)


class TestNothingLeaks:
    def test_hits_are_those_of_lists_made_without_the_future(self, purchases, judged):
        before = purchases[purchases["order_date"] < ORIGIN]
        later = purchases[purchases["order_date"] >= ORIGIN]
        catalogue = read_catalogue(before, date=ORIGIN, settings=SETTINGS)
        affinities = learn_affinities(before, catalogue, half_life=NEW_HALF_LIFE)
        made = recommend(before, catalogue, affinities, settings=SETTINGS)
        owned = before.groupby("customer_id")["stock_code"].agg(set)
        listed = made.groupby(["list", "customer_id"])["stock_code"].agg(set)
        recent = before[before["order_date"] >= ORIGIN - pd.Timedelta(days=SETTINGS.recent_days)]
        popular = recent["stock_code"].value_counts().sort_index()
        popular = popular.sort_values(ascending=False, kind="stable").index
        days = before[before["stock_code"].isin(popular)].drop_duplicates(
            ["customer_id", "stock_code", "order_date"]
        )
        often = days.groupby("customer_id")["stock_code"].agg(
            lambda codes: codes.value_counts().sort_index().sort_values(ascending=False, kind="stable")
            .index[: SETTINGS.count]
        )  # fmt: skip
        counts = dict.fromkeys([pair for pair in METHODS if pair[0] != REST_OF_BASKET], 0)
        customers = dict.fromkeys([NEW_FOR_YOU, BUY_AGAIN], 0)
        for customer, follows in later.groupby("customer_id")["stock_code"].agg(set).items():
            if customer not in owned:
                continue
            own = owned[customer]
            new = [code for code in popular if code not in own]
            old = [code for code in popular if code in own]
            for task, truth, lists in (
                (NEW_FOR_YOU, follows - own, {POPULARITY: new}),
                (BUY_AGAIN, follows & own, {POPULARITY: old, OWN_HISTORY: often.get(customer, [])}),
            ):
                customers[task] += bool(truth)
                counts[task, OURS] += bool(truth & listed.get((task, customer), set()))
                for method, codes in lists.items():
                    counts[task, method] += bool(truth & set(codes[: SETTINGS.count]))
        found = judged.set_index(["task", "method"])
        assert found["hit_count"].drop(REST_OF_BASKET, level="task").to_dict() == counts
        for task, count in customers.items():
            assert set(found.loc[task, "customer_count"]) == {count}

    def test_what_follows_changes_nothing_that_is_known(self, purchases, monkeypatch):
        calls = []

        def kept(function):
            def called(*arguments, **options):
                found = function(*arguments, **options)
                calls.append((function.__name__, found))
                return found

            return called

        for name in ("read_catalogue", "learn_strengths", "new_products", "habits"):
            monkeypatch.setattr(module, name, kept(getattr(module, name)))
        judged = judge(purchases)
        known, calls = calls, []
        other = purchases.copy()
        is_later = other["order_date"] >= ORIGIN
        other.loc[is_later, "stock_code"] = other.loc[is_later, "stock_code"].map(
            lambda code: chr(65 + 88 - ord(code))
        )
        other.loc[is_later, "order_date"] = ORIGIN
        assert not judge(other).equals(judged)
        assert [name for name, _ in known] == [name for name, _ in calls]
        for (name, one), (_, another) in zip(known, calls, strict=True):
            if name == "habits":
                pd.testing.assert_frame_equal(one, another, check_exact=True)
            elif name == "new_products":
                np.testing.assert_array_equal(one, another)
            elif name == "learn_strengths":
                assert all((a != b).nnz == 0 for a, b in zip(one, another, strict=True))
            else:
                for field in ("products", "is_sold", "popularity", "usual_gaps"):
                    np.testing.assert_array_equal(getattr(one, field), getattr(another, field))

    def test_the_product_asked_for_does_not_help_to_find_it(self, purchases, monkeypatch):
        # asked for is the first of each basket: a product that nobody knows stays the first
        monkeypatch.setattr(module, "_hash", lambda _: 0)
        seen = []
        hits = module._hits

        def kept(scores, truth, count):
            seen.append((np.array(scores), truth))
            return hits(scores, truth, count)

        monkeypatch.setattr(module, "_hits", kept)
        judge(purchases)
        known, seen = seen[-3:], []
        other = purchases.copy()
        other.loc[(other["order_date"] >= ORIGIN) & ~other.duplicated("order_id"), "stock_code"] = (
            "0 unknown"
        )
        judged = judge(other)
        for (one, truth), (another, unknown) in zip(known, seen[-3:], strict=True):
            np.testing.assert_array_equal(one, another)
            assert truth.sum(axis=1).tolist() == [1] * len(truth)
            assert not unknown.any()
        assert judged.loc[judged["task"] == REST_OF_BASKET, "hit_count"].tolist() == [0] * 3

    def test_neither_strangers_nor_what_follows_the_window_count(self, purchases, judged):
        strangers = shop(seed=2).assign(order_date=ORIGIN)
        strangers["customer_id"] = "x" + strangers["customer_id"]
        strangers["order_id"] = "x" + strangers["order_id"]
        late = shop(seed=3).assign(order_date=DATE)
        late["order_id"] = "y" + late["order_id"]
        found = judge(pd.concat([purchases, strangers, late]))
        pd.testing.assert_frame_equal(found, judged, check_exact=True)


class TestRestOfBasket:
    # A, B and C go together in all orders; D is what everybody buys
    history = (
        *[(f"a{n}", f"h{n}", "ABC", 100 + n) for n in range(4)],
        *[(f"d{n}", f"i{n}", "D", 100 + n) for n in range(9)],
        ("c1", "c", "D", 130),
    )
    one = RecommendationSettings(count=1, recent_days=60)

    def test_is_guessed_from_the_rest(self):
        rows = [*self.history, ("c2", "c", "ABC", 50)]
        found = rates(judge(frame(rows), settings=self.one))
        assert found[REST_OF_BASKET, OURS] == 1
        assert found[REST_OF_BASKET, POPULARITY] == 0

    def test_is_that_of_the_first_order_only(self):
        rows = [*self.history, ("c3", "c", "ABC", 50), ("c2", "c", "D", 60)]
        assert REST_OF_BASKET not in set(judge(frame(rows))["task"])

    def test_does_not_repeat_what_is_in_the_basket(self):
        rows = [*self.history, ("c2", "c", "AD", 50)]
        everything = RecommendationSettings(count=9, recent_days=60)
        found = rates(judge(frame(rows), settings=everything))
        asked = "AD"[module._hash("c") % 2]
        # D is known of the customer, A only of the popular ones
        assert found[REST_OF_BASKET, OWN_HISTORY] == (asked == "D")
        assert found[REST_OF_BASKET, POPULARITY] == 1


class TestTasks:
    before = (("1", "c", "AB", 100), ("2", "d", "CD", 100))

    @pytest.mark.parametrize(
        ("rows", "tasks"),
        [
            pytest.param([("3", "c", "A", 50)], {BUY_AGAIN}, id="again"),
            pytest.param([("3", "c", "C", 50)], {NEW_FOR_YOU}, id="new"),
            pytest.param([("3", "c", "AB", 50)], {BUY_AGAIN, REST_OF_BASKET}, id="basket"),
            pytest.param([("3", "c", "AB", 50, True)], {BUY_AGAIN}, id="set apart"),
            pytest.param([("3", "c", "A", 50), ("4", "d", "A", 50)], {BUY_AGAIN, NEW_FOR_YOU}, id="both"),
            pytest.param([("3", "c", "X", 50)], set(), id="a product that nobody knew"),
            pytest.param([("3", "x", "AB", 50)], set(), id="a stranger"),
            pytest.param([("3", "c", "AB", 0)], set(), id="after the window"),
            pytest.param([], set(), id="nobody"),
        ],
    )  # fmt: skip
    def test_are_there_only_if_somebody_is_judged(self, rows, tasks):
        judged = judge(frame([*self.before, *rows]))
        assert set(judged["task"]) == tasks
        assert judged.dtypes.astype(str).to_dict() == COLUMNS

    @pytest.mark.parametrize("rows", [[], [("3", "c", "AB", 50)]], ids=["none", "nothing before"])
    def test_without_a_past_there_is_nothing_to_judge(self, rows):
        judged = judge(frame(rows))
        assert judged.empty
        assert judged.dtypes.astype(str).to_dict() == COLUMNS

    def test_of_discontinued_products_are_judged_and_missed(self):
        judged = judge(frame([("1", "c", "A", 300), ("2", "d", "B", 100), ("3", "c", "A", 50)]))
        assert judged.set_index(["task", "method"])["hit_count"].to_dict() == {
            (BUY_AGAIN, OURS): 0, (BUY_AGAIN, OWN_HISTORY): 0, (BUY_AGAIN, POPULARITY): 0,
        }  # fmt: skip


class TestOrigins:
    def test_are_the_last_whose_window_is_over(self, purchases, judged):
        found = backtest_at_origins(purchases, date=DATE, count=2, settings=SETTINGS)
        earlier = backtest_recommendations(
            purchases, origin=DATE - pd.Timedelta(days=180), settings=SETTINGS
        )
        pd.testing.assert_frame_equal(found, pd.concat([judged, earlier], ignore_index=True))

    def test_without_a_past_are_left_out(self, purchases):
        short = purchases[purchases["order_date"] >= ORIGIN - pd.Timedelta(days=60)]
        found = backtest_at_origins(short, date=DATE, count=9, settings=SETTINGS)
        assert set(found["origin"]) == {ORIGIN}
        none = backtest_at_origins(frame([]), date=DATE, count=2, settings=SETTINGS)
        assert none.empty
        assert none.dtypes.astype(str).to_dict() == COLUMNS
