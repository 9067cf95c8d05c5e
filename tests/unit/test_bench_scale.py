"""The page of the scale benchmark: sums, exponents and verdicts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.scale_page import GOAL_MEMORY, exponent, render, through


def run(size: int, *, feature_seconds: float, score_seconds: float) -> dict[str, Any]:
    def cost(seconds: float) -> dict[str, Any]:
        return {
            "wall_seconds": seconds,
            "cpu_seconds": 2 * seconds,
            "peak_bytes": 4.2e9,
            "spilled_bytes": 0,
            "database_bytes": 1e9,
            "models": {"some_model": seconds - 1, "another": 0.5},
            "model_peak_bytes": {"some_model": 3.1e9},
        }

    return {
        "size": size,
        "memory": GOAL_MEMORY,
        "threads": 1,
        "load_before": 0.1,
        "machine": {"cores": 2, "memory_bytes": 25e9, "system": "Linux x86_64"},
        "shop": {
            "lines": size * 1_000_000,
            "orders": size * 50_000,
            "customers": size * 5_800,
            "products": 5_000,
            "parquet_bytes": size * 7e6,
        },
        "scan": {"wall_seconds": 2.0, "cpu_seconds": 4.0, "peak_bytes": 1e8},
        "layers": {"segments": cost(feature_seconds), "scores": cost(score_seconds)},
    }


def test_costs_are_summed_up_to_a_layer_and_none_where_the_run_did_not_get_there() -> None:
    done = run(100, feature_seconds=300, score_seconds=200)
    assert through(done, "segments", "wall_seconds") == 300
    assert through(done, "scores", "cpu_seconds") == 1_000
    assert through(done, "report", "wall_seconds") is None


@pytest.mark.parametrize(("small", "large", "power"), [(2, 20, 1), (2, 200, 2), (5, 5, 0)])
def test_the_exponent_is_the_power_of_the_growth(small: float, large: float, power: float) -> None:
    assert exponent(small, large, growth=10) == pytest.approx(power)


def test_the_page_says_what_is_met_and_what_is_missed() -> None:
    runs = [
        run(100, feature_seconds=361, score_seconds=500),
        run(1, feature_seconds=4.6, score_seconds=6),
    ]
    # what comes after the scores is no part of the goals
    runs[0]["layers"]["baskets"] = runs[0]["layers"]["scores"] | {"peak_bytes": 9e9}
    page = render(runs)
    goals = page[page.index("## Goals") : page.index("## Layers")]
    features, scores, peak = (line for line in goals.splitlines() if "≤" in line)
    assert "361 s (722 CPU s" in features
    assert features.endswith("**missed** |")
    assert "861 s" in scores
    assert scores.endswith("| met |")
    assert "4.20 GB" in peak
    assert "| *through segments* | *361.0* | *722.0* | *180.5* |" in page
    # 4.1 to 360.5 model seconds at a hundred times the lines
    assert "| segments | 0.97 |" in page


def test_the_slowest_models_come_first_with_the_memory_that_is_known() -> None:
    page = render([run(100, feature_seconds=300, score_seconds=200)])
    models = [line for line in page.splitlines() if line.startswith(("| some_model", "| another"))]
    assert models == [
        "| some_model | segments | 299.0 | 3,100 |",
        "| some_model | scores | 199.0 | 3,100 |",
        "| another | segments | 0.5 |  |",
        "| another | scores | 0.5 |  |",
    ]


def test_a_run_that_ended_early_meets_no_goal_of_memory() -> None:
    ended = run(100, feature_seconds=300, score_seconds=200)
    del ended["layers"]["scores"]
    page = render([ended])
    assert "| 4.20 GB | not known: the run ended after segments |" in page
    assert "raw Parquet to scores" not in page
