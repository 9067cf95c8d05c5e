from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from regulars.errors import RegularsError
from regulars.findings import Finding, findings


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "shop.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            """
            create table alerts as from (values
                ('a', 'RED', 2, 'Revenue fell by 31 %.'), ('b', 'AMBER', 3, 'Returns rose.'),
                ('c', 'RED', 1, 'No orders since Monday.')
            ) as alerts (alert_id, severity, alert_rank, sentence)
            """
        )
        connection.execute(
            """
            create table model_eligibility as from (values
                ('churn', 90, 'roc_auc', 0.801, 0.807, date '2011-09-10', 'C'),
                ('value', 90, 'gini', 0.84, 0.83, date '2011-09-10', 'A')
            ) as models (task, horizon_days, figure_name, figure, bg_nbd_figure, judged_on, grade)
            """
        )
    return path


def test_red_alerts_and_models_that_decay_are_found(database: Path) -> None:
    assert findings(database, Finding.ALERT) == ["No orders since Monday.", "Revenue fell by 31 %."]
    assert findings(database, Finding.DECAY) == [
        "churn 90 d: roc_auc 0.801 on 2011-09-10, below BG/NBD's 0.807."
    ]


def test_a_database_without_alerts_cannot_say(database: Path) -> None:
    with duckdb.connect(str(database)) as connection:
        connection.execute("drop table alerts")
    with pytest.raises(RegularsError, match="no table alerts"):
        findings(database, Finding.ALERT)
