"""Model cards say what the database says."""

from __future__ import annotations

from pathlib import Path

import pytest

from regulars.cards import CARDS, write_cards
from tests.conftest import ROOT, Build, run_regulars


def test_a_card_is_written_for_each_prediction(sample: Build, tmp_path: Path) -> None:
    finished = run_regulars(
        "cards", "--db", sample.database, "--out", tmp_path / "cards", target=tmp_path / "target"
    )
    assert finished.returncode == 0, finished.stderr
    assert [Path(line).name for line in finished.stdout.splitlines()] == [
        "churn.md",
        "value.md",
        "next_purchase.md",
    ]
    churn = (tmp_path / "cards/churn.md").read_text(encoding="utf-8")
    origin, auc, low, high = sample.query(
        "select origin, roc_auc, roc_auc_low, roc_auc_high from model_backtest where task = 'churn' "
        "and horizon_days = 90 and slice_type = 'all' and model = 'ours' order by origin desc limit 1"
    )[0]
    assert f"| {origin} |" in churn
    assert f"{auc:.3f} ({low:.3f} to {high:.3f})" in churn
    reason = sample.query(
        "select reason from model_eligibility where task = 'churn' and horizon_days = 180"
    )[0][0]
    assert f"- 180 days: {reason}" in churn
    assert "None" not in churn
    assert "nan" not in churn.lower().split("## limits", maxsplit=1)[0]


def test_a_card_of_a_shop_too_small_for_models_says_so(small_shop: Build, tmp_path: Path) -> None:
    for path in write_cards(small_shop.database, tmp_path):
        text = path.read_text(encoding="utf-8")
        assert "**segment_rates**" in text
        assert "days of history are fewer than" in text


@pytest.mark.realdata
def test_the_cards_in_the_documentation_are_fresh(real: Build, tmp_path: Path) -> None:
    for path in write_cards(real.database, tmp_path):
        committed = ROOT / "docs/models" / path.name
        assert path.read_text(encoding="utf-8") == committed.read_text(encoding="utf-8"), (
            f"docs/models/{path.name} is stale: regulars cards --out docs/models"
        )
    assert len(list(tmp_path.iterdir())) == len(CARDS)
