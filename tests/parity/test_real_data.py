"""The default build of the real data: the figures that cleaning must give."""

from __future__ import annotations

import csv
import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.bench.features_pandas import customer_features
from tests.conftest import Build, run_dbt
from tests.parity.test_published import assert_same_values

pytestmark = pytest.mark.realdata

IDENTIFIED_SALES = """
    select count(*), count(distinct customer_id), count(distinct order_id), sum(amount)
    from main_intermediate.int_transactions_classified where disposition = 'sale'
"""


def reclassify(build: Build, real_data: Path, directory: Path, **variables: Any) -> tuple[Any, ...]:
    """Classify the raw rows of a build anew under other vars; return what IDENTIFIED_SALES says."""
    copy = build.copied_warehouse(directory)
    variables["transactions_path"] = str(real_data)
    model = ("-s", "int_transactions_classified")
    run_dbt("run", *model, "--vars", json.dumps(variables), warehouse=copy, target=directory)
    return Build(directory / build.database.name, {}).query_warehouse(IDENTIFIED_SALES)[0]


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        pytest.param(
            {"drop_cross_file_overlap": False, "exclude_non_products": False},
            (805_549, 5_878, 36_969, Decimal("17743429.178")),
            id="plain union",
        ),
        pytest.param(
            {"exclude_non_products": False},
            (791_045, 5_878, 36_969, Decimal("17431551.178")),
            id="overlap removed",
        ),
        pytest.param(
            {"exclude_non_products": False, "drop_duplicate_lines": True},
            (779_425, 5_878, 36_969, Decimal("17374804.268")),
            id="duplicates removed",
        ),
        pytest.param({}, (788_189, 5_852, 36_594, Decimal("17124940.98")), id="products only"),
    ],
)
def test_each_variant_of_cleaning_gives_its_figures(
    real: Build,
    real_data: Path,
    tmp_path: Path,
    variables: dict[str, Any],
    expected: tuple[Any, ...],
) -> None:
    found = reclassify(real, real_data, tmp_path, **variables)
    assert found[:3] == expected[:3]
    assert found[3] == pytest.approx(expected[3], abs=Decimal("0.005"))


def test_the_default_counts_products_less_exact_reversals(real: Build) -> None:
    found = real.query(
        "select count(distinct customer_id), count(distinct order_id), sum(gross_revenue) "
        "from order_lines where customer_id is not null"
    )[0]
    assert found == (5_851, 36_483, Decimal("16775116.41"))
    reversed_lines = real.query(
        "select row_count from data_quality_ledger where disposition = 'reversed_sale'"
    )
    assert reversed_lines == [(1_318,)]


def test_the_ledger_accounts_for_every_row_of_the_files(real: Build, real_data: Path) -> None:
    rows = units = 0
    amount = Decimal(0)
    for path in sorted(real_data.glob("*.parquet")):
        frame = pd.read_parquet(path, columns=["Quantity", "Price"])
        rows += len(frame)
        units += int(frame["Quantity"].sum())
        # ten-thousandths are exact in integers
        tenths = (frame["Price"] * 10_000).round().astype("int64") * frame["Quantity"]
        amount += Decimal(int(tenths.sum())) / 10_000
    assert rows == 1_067_371
    found = real.query(
        "select sum(row_count), sum(unit_count), sum(amount) from data_quality_ledger"
    )[0]
    assert found == (rows, units, amount)


def test_the_giant_orders_taken_back_at_once_are_no_purchases(real: Build) -> None:
    reversed_orders = real.query(
        "select order_id, quantity from set_aside_rows "
        "where order_id in ('541431', 'C541433', '581483', 'C581484') order by order_id"
    )
    assert reversed_orders == [
        ("541431", 74_215),
        ("581483", 80_995),
        ("C541433", -74_215),
        ("C581484", -80_995),
    ]
    assert real.query("select count(*) from orders where order_id in ('541431', '581483')") == [
        (0,)
    ]


def test_what_is_odd_in_the_files_is_counted(real: Build) -> None:
    observed = dict(real.query("select observation, found_count from data_quality_observations"))
    assert observed == {
        "repeated lines": 6_865 + 5_268,
        "invoices with several times": 83,
        "invoices with several customers": 0,
        "customers with several countries": 13,
        "rows without description": 2_928 + 1_454,
        "rows without customer": 243_007,
    }


def test_net_quantities_are_never_negative(real: Build) -> None:
    assert real.query("select min(quantity) from order_lines")[0][0] == 0
    assert real.query("select count(*) from orders where quantity < 0") == [(0,)]


def test_nearly_all_revenue_has_a_category(real: Build) -> None:
    shares = dict(real.query("select category, revenue_share from category_performance"))
    assert len(shares) == 17
    assert 1 - shares["OTHER"] >= 0.97


def test_best_sellers_are_in_the_category_that_a_person_put_them_in(real: Build) -> None:
    """The labels were written before the rules."""
    path = Path(__file__).with_name("fixtures") / "best_sellers_by_hand.csv"
    with path.open(encoding="utf-8", newline="") as opened:
        labels = {row["stock_code"]: row["category"] for row in csv.DictReader(opened)}
    rows = real.query("select stock_code, description, category, revenue from products")
    labelled = [row for row in rows if row[0] in labels]
    assert len(labelled) == len(labels) == 200
    assert set(labels.values()) <= {category for _, _, category, _ in rows} - {"OTHER"}
    wrong = [row for row in labelled if row[2] != labels[row[0]]]
    share_wrong = sum(row[3] for row in wrong) / sum(row[3] for row in labelled)
    assert share_wrong <= Decimal("0.05"), wrong


@pytest.mark.parametrize("as_of_date", ["2011-06-12", "2011-12-10"])
def test_every_feature_equals_an_independent_calculation(
    real: Build, real_data: Path, as_of_date: str
) -> None:
    categories = dict(real.query("select stock_code, category from products"))
    expected = customer_features(
        [str(path) for path in sorted(real_data.glob("*.parquet"))],
        as_of_date=pd.Timestamp(as_of_date).date(),
        categories=categories,
    )
    columns = list(expected.columns)
    assert len(columns) == 53
    rows = real.query(
        f"select {', '.join(columns)} from customer_features "
        f"where as_of_date = date '{as_of_date}' order by customer_id"
    )
    assert_same_values(pd.DataFrame(rows, columns=columns), expected)
