"""The simulated shop keeps its promises: a known process, real books' dirt, bounded memory."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from regulars.simulate import (
    TRANSACTION_SCHEMA,
    ShopClock,
    ShopSettings,
    customers,
    files,
    simulate_batches,
    simulate_customers,
    write_parquet,
)
from regulars.simulate.baskets import draw_quantities
from regulars.simulate.catalogue import (
    PRICE_RANGE,
    PRODUCTS,
    build_catalogue,
    edition_codes,
    edition_names,
    editions_of,
)
from regulars.simulate.stream import MAX_BATCH_ROWS

DEFAULT_SHOP = ShopSettings(customers=2_500, months=24, seed=7, start=date(2023, 1, 1))
SMALL_SHOP = ShopSettings(customers=120, months=4, seed=3, start=date(2024, 9, 1))


def transactions(settings: ShopSettings) -> pa.Table:
    return pa.Table.from_batches(simulate_batches(settings), schema=TRANSACTION_SCHEMA)


@pytest.fixture(scope="module")
def truth() -> pa.Table:
    return simulate_customers(DEFAULT_SHOP)


@pytest.fixture(scope="module")
def books(truth: pa.Table) -> duckdb.DuckDBPyConnection:
    """The default sample: `raw` as streamed, `sales` without the overlap, `truth`, `orders`."""
    connection = duckdb.connect()
    connection.register("streamed", transactions(DEFAULT_SHOP))
    connection.register("truth_table", truth)
    connection.execute("create table raw as select * from streamed")
    connection.execute("create table truth as select * from truth_table")
    connection.execute(
        """
        create table sales as
        select * from raw
        where source_file_number = 1
           or Invoice not in (select Invoice from raw where source_file_number = 1);

        create table documents as
        select
            Invoice as invoice,
            cast("Customer ID" as bigint)::varchar as customer_id,
            min(InvoiceDate) as ordered_at,
            sum(Quantity * Price) as value,
            list_sort(list(concat_ws('|', upper(trim(StockCode)), abs(Quantity), Price))) as content
        from sales
        where "Customer ID" is not null and Price > 0
          and regexp_matches(upper(trim(StockCode)), '^[0-9]{5}[A-Z]{0,2}$')
        group by Invoice, "Customer ID";

        -- An order reversed within a day was a mistake: the last equal one before its cancellation.
        create table mistakes as
        select arg_max(sale.invoice, sale.ordered_at) as invoice
        from documents as cancellation
        inner join documents as sale
            on sale.customer_id = cancellation.customer_id
            and sale.content = cancellation.content
            and sale.ordered_at < cancellation.ordered_at
            and sale.ordered_at > cancellation.ordered_at - interval 1 day
        where cancellation.invoice like 'C%' and sale.invoice not like 'C%'
        group by cancellation.invoice;

        create table orders as
        select * from documents
        where invoice not like 'C%' and invoice not in (select invoice from mistakes)
        """
    )
    return connection


def one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple:
    (row,) = connection.sql(query).fetchall()
    return row


def share_of_sales(books: duckdb.DuckDBPyConnection, condition: str) -> float:
    return one(books, f"select avg(({condition})::int) from sales")[0]


class TestSettings:
    @pytest.mark.parametrize(
        ("field", "value", "allowed"),
        [
            ("customers", 0, "1 to 10000000"),
            ("customers", 2.5, "1 to 10000000"),
            ("customers", True, "1 to 10000000"),
            ("months", 1, "2 to 240"),
            ("seed", -1, "0 to 9223372036854775807"),
            ("editions", 101, "1 to 100"),
            ("order_lines", 0, "1 to 100"),
            ("start", date(1969, 12, 31), "1970-01-01 to 2200-01-01"),
            ("start", datetime(2024, 1, 1, 9), "1970-01-01 to 2200-01-01"),
        ],
    )
    def test_an_error_names_field_value_and_range(self, field, value, allowed):
        fields = {"customers": 10, "months": 2, "seed": 1, "start": date(2024, 1, 1)}
        with pytest.raises(ValueError, match=rf"^{field} is ") as raised:
            ShopSettings(**{**fields, field: value})
        assert repr(value) in str(raised.value)
        assert allowed in str(raised.value)

    def test_files_meet_in_the_middle_and_overlap_for_nine_days(self):
        settings = ShopSettings(customers=1, months=24, seed=0, start=date(2009, 12, 1))
        assert settings.second_file_start == date(2010, 12, 1)
        assert settings.first_file_end == date(2010, 12, 10)
        assert settings.end == date(2011, 12, 1)

    def test_a_period_from_the_31st_ends_on_a_day_that_exists(self):
        settings = ShopSettings(customers=1, months=2, seed=0, start=date(2023, 12, 31))
        assert settings.end == date(2024, 2, 29)


class TestClock:
    clock = ShopClock(start=date(2024, 1, 1), end=date(2025, 1, 1))

    @given(st.floats(0, 1, exclude_max=True))
    def test_calendar_and_shop_time_are_inverse_to_the_minute(self, share):
        shop_time = share * self.clock.length
        minutes = self.clock.minutes(np.array([shop_time]))
        begins, ends = self.clock.shop_days(np.array([minutes[0], minutes[0] + 1]))
        assert begins - 1e-9 <= shop_time <= ends + 1e-9

    @given(st.lists(st.floats(0, 400), min_size=2, max_size=20))
    def test_later_in_shop_time_is_never_earlier_on_the_calendar(self, times):
        assert (np.diff(self.clock.minutes(np.sort(times))) >= 0).all()

    def test_a_shop_day_is_a_calendar_day_on_average(self):
        assert self.clock.length == pytest.approx(366, rel=0.04)

    def test_nothing_passes_while_the_shop_is_shut(self):
        holidays = np.array(["2024-12-25T00:00", "2024-12-31T23:59"], dtype="datetime64[m]")
        start, end = self.clock.shop_days(holidays.astype(np.int64))
        assert start == end

    def test_times_beyond_the_period_fall_on_its_end(self):
        minutes = self.clock.minutes(np.array([self.clock.length, 1e6]))
        assert (minutes == self.clock.end_minute).all()


class TestCatalogue:
    catalogue = build_catalogue()

    def test_codes_look_like_stock_codes_and_are_unique(self):
        assert all(re.fullmatch(r"[0-9]{5}[A-Z]{0,2}", code) for code in self.catalogue.code)
        assert len(set(self.catalogue.code)) == PRODUCTS

    def test_names_are_upper_case_and_unique(self):
        names = [name.strip() for name in self.catalogue.name]
        assert len({*names, *self.catalogue.second_name}) == 2 * PRODUCTS
        assert all(name == name.upper() for name in names)
        assert 0.1 < np.mean([name.endswith(" ") for name in self.catalogue.name]) < 0.3

    def test_prices_end_in_five_or_nine(self):
        low, high = PRICE_RANGE
        assert low <= self.catalogue.price.min() < 0.5
        assert 12 < self.catalogue.price.max() <= high
        pence = np.rint(self.catalogue.price * 100).astype(int)
        assert set(pence % 10) == {5, 9}

    def test_colours_of_a_product_share_digits_and_price(self):
        sibling = self.catalogue.sibling
        coloured = np.flatnonzero(sibling != np.arange(PRODUCTS))
        assert len(coloured) == 360
        for product in coloured:
            assert self.catalogue.code[product][:5] == self.catalogue.code[sibling[product]][:5]
            assert self.catalogue.price[product] == self.catalogue.price[sibling[product]]

    @pytest.mark.realdata
    def test_no_name_is_one_of_the_real_shops(self):
        folder = os.environ.get("REGULARS_REAL_DATA")
        if not folder:
            pytest.skip("REGULARS_REAL_DATA is not set")
        pattern = str(Path(folder) / "*.parquet")
        real = {
            name
            for (name,) in duckdb.execute(
                "select distinct upper(trim(Description)) from read_parquet(?)", [pattern]
            ).fetchall()
        }
        assert len(real) > 4_000
        ours = {name.strip() for name in self.catalogue.name + self.catalogue.second_name}
        assert ours & real == set()


class TestLargeShops:
    catalogue = build_catalogue()

    def test_every_edition_has_codes_and_names_of_its_own(self):
        editions = range(100)
        codes = [
            code for edition in editions for code in edition_codes(self.catalogue, edition=edition)
        ]
        names = [
            name
            for edition in editions
            for name in edition_names(self.catalogue.name, edition=edition)
        ]
        assert len(set(codes)) == len({name.strip() for name in names}) == 100 * PRODUCTS
        assert all(re.fullmatch(r"[0-9]{5}[A-Z]{0,2}", code) for code in codes)
        assert codes[:PRODUCTS] == list(self.catalogue.code)

    def test_a_buyer_keeps_to_one_edition_of_a_family_and_first_editions_sell_most(self):
        buyer, family = np.divmod(np.arange(40_000), 40)
        edition = editions_of(buyer, family, editions=4)
        assert (editions_of(buyer, family, editions=4) == edition).all()
        shares = np.bincount(edition) / len(edition)
        expected = np.arange(1, 5) ** -0.5
        np.testing.assert_allclose(shares, expected / expected.sum(), atol=0.01)
        assert len(np.unique(edition[buyer == 7])) == 4  # but not of all families

    def test_more_editions_and_lines_change_no_order_but_what_is_in_it(self):
        small = transactions(SMALL_SHOP)
        large = transactions(replace(SMALL_SHOP, editions=5, order_lines=54))
        assert large.num_rows > 1.5 * small.num_rows
        codes = [set(table["StockCode"].to_pylist()) for table in (small, large)]
        assert len(codes[1]) > 2 * len(codes[0])
        query = """
            select "Customer ID", count(distinct Invoice) as orders from {}
            where "Customer ID" is not null and Invoice not like 'C%' and StockCode similar to '[0-9].*'
            group by all order by all
        """
        connection = duckdb.connect()
        connection.register("small", small)
        connection.register("large", large)
        a, b = (connection.sql(query.format(name)).df() for name in ("small", "large"))
        assert (a["Customer ID"] == b["Customer ID"]).all()
        # orders entered by mistake are drawn anew
        assert abs(a["orders"].sum() - b["orders"].sum()) < 0.03 * a["orders"].sum()

    def test_a_reversal_is_of_the_edition_that_was_sold(self):
        connection = duckdb.connect()
        settings = replace(DEFAULT_SHOP, customers=600, editions=8)
        connection.register("rows", transactions(settings))
        matched, undone = connection.sql(
            """
            select
                count(*) filter (
                    exists (
                        select 1 from rows as sale
                        where sale."Customer ID" = rows."Customer ID"
                            and upper(trim(sale.StockCode)) = upper(trim(rows.StockCode))
                            and sale.Quantity >= -rows.Quantity and sale.Quantity > 0
                    )
                ),
                count(*)
            from rows where Invoice like 'C%' and StockCode similar to '[0-9].*'
            """
        ).fetchone()
        assert undone > 200
        # a share of returns is of goods bought before the period
        assert matched / undone > 0.6


class TestDeterminism:
    def test_equal_settings_give_equal_rows(self):
        assert transactions(SMALL_SHOP).equals(transactions(SMALL_SHOP))
        assert simulate_customers(SMALL_SHOP).equals(simulate_customers(SMALL_SHOP))

    def test_another_seed_gives_other_customers_and_rows(self):
        other = ShopSettings(customers=120, months=4, seed=4, start=SMALL_SHOP.start)
        assert not transactions(SMALL_SHOP).equals(transactions(other))
        assert not simulate_customers(SMALL_SHOP).equals(simulate_customers(other))


class TestStream:
    def test_columns_are_ucis_after_the_file_number(self):
        table = transactions(SMALL_SHOP)
        assert table.schema == TRANSACTION_SCHEMA
        assert table.column_names == [
            "source_file_number", "Invoice", "StockCode", "Description", "Quantity",
            "InvoiceDate", "Price", "Customer ID", "Country",
        ]  # fmt: skip
        nulls = {name: table[name].null_count for name in table.column_names}
        assert nulls.pop("Customer ID") > 0
        assert set(nulls.values()) == {0}

    def test_rows_of_each_file_come_in_order_of_time(self):
        table = transactions(SMALL_SHOP).to_pandas()
        for _, rows in table.groupby("source_file_number"):
            assert rows["InvoiceDate"].is_monotonic_increasing

    def test_batches_stay_small_while_rows_grow(self):
        sizes = {}
        for count in (4_000, 16_000):
            settings = ShopSettings(customers=count, months=6, seed=1, start=date(2024, 6, 1))
            sizes[count] = [batch.num_rows for batch in simulate_batches(settings)]
        assert sum(sizes[16_000]) > 3.5 * sum(sizes[4_000])
        assert max(sizes[16_000]) <= MAX_BATCH_ROWS
        ends = customers.step_ends(
            ShopSettings(customers=1_000_000, months=24, seed=1, start=date(2024, 1, 1)),
            ShopClock(start=date(2024, 1, 1), end=date(2026, 1, 1)),
        )
        assert len(ends) == 1_000_000 * 24 * 4 / 40_000

    def test_the_first_batch_needs_no_second(self):
        stream = simulate_batches(DEFAULT_SHOP)
        first = next(stream)
        assert first.num_rows < 10_000
        stream.close()

    def test_every_batch_is_of_one_file(self):
        for batch in simulate_batches(SMALL_SHOP):
            assert len(batch.column("source_file_number").unique()) == 1

    @pytest.mark.parametrize("count", [1, 2])
    def test_the_smallest_shops_work(self, count):
        settings = ShopSettings(customers=count, months=2, seed=5, start=date(2024, 1, 31))
        known = transactions(settings).to_pandas()["Customer ID"].dropna().unique()
        assert set(known) >= {12346.0 + i for i in range(count)}
        assert simulate_customers(settings).num_rows == count


class TestDefaultSample:
    def test_its_size_is_right_for_a_quick_build(self, books):
        rows = one(books, "select count(*) from raw")[0]
        assert 200_000 < rows < 250_000
        assert one(books, "select count(distinct customer_id) from orders")[0] == 2_500

    def test_it_covers_the_period(self, books):
        first, last = one(books, "select min(InvoiceDate), max(InvoiceDate) from raw")
        assert date(2023, 1, 1) <= first.date() < date(2023, 1, 8)
        assert date(2024, 12, 20) < last.date() <= date(2024, 12, 31)

    def test_nine_days_are_in_both_files_with_equal_rows_but_for_missing_descriptions(self, books):
        books.execute(
            """
            create or replace temp view overlap as
            select * replace (
                case when Description in ('nan', 'Unknown') then null else Description end
                as Description
            )
            from raw
            where InvoiceDate >= '2024-01-01' and InvoiceDate < '2024-01-10'
            """
        )
        columns = "* exclude (source_file_number)"
        first, second = (
            f"select {columns} from overlap where source_file_number = {number}" for number in "12"
        )
        rows = one(books, f"select count(*) from ({first})")[0]
        assert rows > 500
        for here, there in [(first, second), (second, first)]:
            assert one(books, f"select count(*) from ({here} except all {there})")[0] == 0

    def test_only_the_overlap_is_in_both_files(self, books):
        shared = one(
            books,
            """
            select min(InvoiceDate), max(InvoiceDate) from raw
            where Invoice in (select Invoice from raw where source_file_number = 1)
              and source_file_number = 2
            """,
        )
        assert date(2024, 1, 1) <= shared[0].date()
        assert shared[1].date() <= date(2024, 1, 9)

    @pytest.mark.parametrize(
        ("dirt", "low", "high"),
        [
            ('"Customer ID" is null', 0.18, 0.26),
            ("Invoice like 'C%'", 0.010, 0.030),
            ("""Quantity < 0 and Price = 0 and "Customer ID" is null""", 0.002, 0.005),
            ("Price = 0 and Quantity > 0", 0.002, 0.005),
            ("Description in ('nan', 'Unknown')", 0.002, 0.008),
            ("Description <> trim(Description)", 0.10, 0.25),
            ("StockCode <> upper(StockCode) and StockCode not like 'gift%'", 0.002, 0.006),
            ("StockCode <> trim(StockCode)", 0.00001, 0.0003),
            ("upper(StockCode) = 'POST'", 0.002, 0.006),
            ("StockCode = 'DOT'", 0.001, 0.004),
            ("Country = 'United Kingdom'", 0.85, 0.95),
        ],
    )
    def test_dirt_has_about_the_real_share_of_lines(self, books, dirt, low, high):
        assert low < share_of_sales(books, dirt) < high

    @pytest.mark.parametrize(
        "code",
        [
            "POST", "DOT", "M", "C2", "D", "S", "BANK CHARGES", "AMAZONFEE", "TEST001",
            "gift_0001_20", "PADS", "ADJUST",
        ],
    )  # fmt: skip
    def test_codes_that_are_no_products_occur(self, books, code):
        assert one(books, f"select count(*) from sales where StockCode = '{code}'")[0] >= 3

    def test_every_other_code_is_a_stock_code_or_a_bad_debt(self, books):
        others = books.sql(
            """
            select distinct StockCode from sales
            where not regexp_matches(trim(StockCode), '^[0-9]{5}[A-Za-z]{0,2}$')
            """
        ).fetchall()
        assert len(others) == 13
        assert one(books, "select count(distinct upper(trim(StockCode))) from sales")[0] > 790

    def test_discounts_and_cancellations_are_negative_on_c_invoices(self, books):
        assert one(books, "select max(Quantity) from sales where Invoice like 'C%'")[0] < 0
        assert one(books, "select max(Quantity) from sales where StockCode = 'D'")[0] < 0
        assert share_of_sales(books, "StockCode = 'D' and Invoice not like 'C%'") == 0

    def test_bad_debts_are_adjustments_of_nobody(self, books):
        debts = books.sql(
            """
            select Price, "Customer ID", StockCode, Description from sales where Invoice like 'A%'
            """
        ).fetchall()
        assert len(debts) == 6
        assert sum(price < 0 for price, *_ in debts) == 5
        assert {rest for _, *rest_ in debts for rest in [tuple(rest_)]} == {
            (None, "B", "Adjust bad debt")
        }
        assert one(books, "select count(*) from sales where Price < 0")[0] == 5

    def test_missing_descriptions_differ_by_file(self, books):
        files_of = dict(
            books.sql(
                """
                select Description, list(distinct source_file_number) from raw
                where Description in ('nan', 'Unknown') group by Description
                """
            ).fetchall()
        )
        assert files_of == {"nan": [1], "Unknown": [2]}

    def test_lines_repeat_exactly_in_about_half_a_percent(self, books):
        repeated = one(
            books,
            """
            select sum(copies - 1) / sum(copies)
            from (select *, count(*) as copies from sales group by all)
            """,
        )[0]
        assert 0.003 < repeated < 0.008

    def test_two_giant_orders_are_cancelled_within_minutes(self, books):
        pairs = books.sql(
            """
            select sale.Quantity, date_diff('minute', sale.InvoiceDate, undone.InvoiceDate)
            from sales as sale
            inner join sales as undone
                on undone.Quantity = -sale.Quantity
                and upper(trim(undone.StockCode)) = upper(trim(sale.StockCode))
                and undone.Price = sale.Price
                and undone."Customer ID" = sale."Customer ID"
            where sale.Quantity > 50000 and undone.Invoice like 'C%'
            """
        ).fetchall()
        assert sorted(pairs) == [(68_400, 16), (81_600, 12)]

    def test_whole_orders_are_reversed_within_a_day(self, books):
        mistakes = one(books, "select count(*) from mistakes")[0]
        orders = one(books, "select count(*) from orders")[0]
        assert 0.002 < mistakes / orders < 0.008

    def test_single_lines_are_reversed_within_hours_at_the_same_price(self, books):
        lines = one(
            books,
            """
            select count(*)
            from sales as undone
            inner join sales as sale
                on sale."Customer ID" = undone."Customer ID"
                and upper(trim(sale.StockCode)) = upper(trim(undone.StockCode))
                and sale.Quantity = -undone.Quantity
                and sale.Price = undone.Price
                and undone.InvoiceDate - sale.InvoiceDate
                    between interval 1 minute and interval 1 day
            where undone.Invoice like 'C%' and sale.Invoice not in (select invoice from mistakes)
            """,
        )[0]
        assert lines > 100

    def test_returns_come_days_later_partly_or_unmatched(self, books):
        kinds = dict(
            books.sql(
                """
                select
                    case
                        when bought.most is null then 'unmatched'
                        when bought.most > -returned.Quantity then 'partial'
                        else 'whole'
                    end as kind,
                    count(*)
                from sales as returned
                left join (
                    select "Customer ID", upper(trim(StockCode)) as code, max(Quantity) as most
                    from sales where Invoice not like 'C%' group by all
                ) as bought
                    on bought."Customer ID" = returned."Customer ID"
                    and bought.code = upper(trim(returned.StockCode))
                where returned.Invoice like 'C%' and returned."Customer ID" is not null
                  and regexp_matches(returned.StockCode, '^[0-9]{5}')
                group by kind
                """
            ).fetchall()
        )
        assert kinds["partial"] > 500
        assert kinds["whole"] > 500
        assert 30 < kinds["unmatched"] < 400

    def test_some_invoices_carry_two_timestamps_a_minute_apart(self, books):
        gaps = books.sql(
            """
            select date_diff('second', min(InvoiceDate), max(InvoiceDate)) as gap
            from sales group by Invoice having gap > 0
            """
        ).fetchall()
        assert 10 < len(gaps) < 100
        assert set(gaps) == {(60,)}

    def test_a_handful_of_customers_have_two_countries(self, books):
        moved = one(
            books,
            """
            select count(*) from (
                select "Customer ID" from sales where "Customer ID" is not null
                group by "Customer ID" having count(distinct Country) > 1
            )
            """,
        )[0]
        assert 2 <= moved <= 25
        assert one(books, "select count(distinct Country) from sales")[0] > 20

    def test_an_invoice_has_one_customer_and_numbers_grow_with_time(self, books):
        numbers = books.sql(
            """
            select
                regexp_extract(Invoice, '[0-9]+')::bigint as number,
                min(InvoiceDate) as first_at,
                count(distinct "Customer ID") + count(*) filter ("Customer ID" is null)
                    / count(*) as customers
            from sales group by Invoice order by number
            """
        ).df()
        assert numbers["number"].is_unique
        assert numbers["number"].min() >= 100_000
        assert numbers["first_at"].is_monotonic_increasing
        assert set(numbers["customers"]) == {1}

    def test_saturday_is_nearly_closed_and_days_are_eight_to_nine(self, books):
        saturday, sunday, first_hour, last_hour, noon = one(
            books,
            """
            select
                avg((dayofweek(ordered_at) = 6)::int), avg((dayofweek(ordered_at) = 0)::int),
                min(hour(ordered_at)), max(hour(ordered_at)),
                avg(hour(ordered_at) + minute(ordered_at) / 60)
            from orders
            """,
        )
        assert saturday < 0.005
        assert sunday > 0.08
        assert (first_hour, last_hour) == (8, 20)
        assert 12 < noon < 14

    def test_the_fourth_quarter_is_the_season(self, books):
        november, april = one(
            books,
            """
            select
                sum(value) filter (month(ordered_at) = 11),
                sum(value) filter (month(ordered_at) = 4)
            from orders
            """,
        )
        assert november > 1.5 * april

    def test_goods_of_a_family_and_colours_of_one_noun_are_bought_together(self, books):
        catalogue = build_catalogue()
        lines = books.sql(
            """
            select dense_rank() over (order by Invoice) - 1 as place, upper(trim(StockCode)) as code
            from sales
            where "Customer ID" is not null and Quantity > 0
              and regexp_matches(StockCode, '^[0-9]{5}')
            """
        ).fetchnumpy()
        product_of = {code: product for product, code in enumerate(catalogue.code)}
        baskets = np.zeros((lines["place"].max() + 1, PRODUCTS), dtype=np.float32)
        baskets[lines["place"], [product_of[code] for code in lines["code"]]] = 1
        support = baskets.mean(axis=0)
        lift = baskets.T @ baskets / len(baskets) / np.outer(support, support)
        pairs = np.arange(PRODUCTS) != np.arange(PRODUCTS)[:, None]
        is_family = (catalogue.family == catalogue.family[:, None]) & pairs
        is_colour = (catalogue.sibling == np.arange(PRODUCTS)[:, None]) & pairs
        assert lift[~is_family & pairs].mean() < 2
        assert lift[is_family & ~is_colour].mean() > 8
        assert lift[is_colour].mean() > 1.3 * lift[is_family & ~is_colour].mean()

    def test_products_launch_retire_and_change_their_names(self, books):
        launched, retired, renamed = one(
            books,
            """
            select
                count(*) filter (first_at > '2023-04-01'), count(*) filter (last_at < '2024-09-01'),
                count(*) filter (names > 1)
            from (
                select upper(trim(StockCode)) as code, min(InvoiceDate) as first_at,
                    max(InvoiceDate) as last_at, count(distinct Description) as names
                from sales
                where Price > 0 and Invoice not like 'C%'
                  and regexp_matches(StockCode, '^[0-9]{5}')
                group by code
            )
            """,
        )
        assert launched > 40
        assert retired > 40
        assert 10 <= renamed <= 20


class TestTruth:
    def test_one_row_per_customer_in_order_of_id(self, truth):
        assert truth["customer_id"].to_pylist() == [str(12_346 + i) for i in range(2_500)]

    def test_every_order_of_the_process_is_in_the_books_and_no_other(self, books):
        wrong = one(
            books,
            """
            select count(*)
            from truth
            left join (select customer_id, count(*) as found from orders group by customer_id)
                using (customer_id)
            where order_count is distinct from found
            """,
        )[0]
        assert wrong == 0

    def test_the_first_order_is_the_acquisition_and_none_follows_the_dropout(self, books):
        early, late, last_is_dropout = one(
            books,
            """
            select
                count(*) filter (first_at <> acquired_at),
                count(*) filter (last_at > dropout_at),
                count(*) filter (last_at = dropout_at) / count(dropout_at)
            from truth
            inner join (
                select customer_id, min(ordered_at) as first_at, max(ordered_at) as last_at
                from orders group by customer_id
            ) using (customer_id)
            """,
        )
        assert (early, late, last_is_dropout) == (0, 0, 1)

    def test_one_time_buyers_and_heavy_buyers_are_as_in_a_real_shop(self, truth):
        counts = truth["order_count"].to_numpy()
        assert truth["is_one_time"].to_numpy().mean() == pytest.approx(0.28, abs=0.03)
        assert counts.mean() == pytest.approx(6, abs=0.7)
        assert np.quantile(counts, 0.99) > 30

    def test_wholesale_is_the_tail_and_spends_in_large_quantities(self, books):
        share, pieces, others = one(
            books,
            """
            select
                (select avg(is_wholesale::int) from truth),
                median(Quantity) filter (is_wholesale), median(Quantity) filter (not is_wholesale)
            from sales
            inner join truth on truth.customer_id = cast("Customer ID" as bigint)::varchar
            where Quantity > 0 and Price > 0
            """,
        )
        assert 0.005 < share < 0.03
        assert pieces > 2 * others

    def test_the_number_of_orders_is_what_rates_and_dropout_expect(self):
        settings = ShopSettings(customers=20_000, months=24, seed=11, start=date(2023, 1, 1))
        truth = simulate_customers(settings)
        clock = ShopClock(start=settings.start, end=settings.end)
        acquired = truth["acquired_at"].to_numpy().astype("datetime64[m]").astype(np.int64)
        days = clock.length - clock.shop_days(acquired)
        rate = truth["purchase_rate_per_day"].to_numpy()
        dropout = np.maximum(truth["dropout_probability"].to_numpy(), 1e-12)
        # E[x(t) | rate, p] = (1 - exp(-rate p t)) / p: Fader, Hardie and Lee (2005), section 4.
        expected = -np.expm1(-rate * dropout * days) / dropout
        repeats = truth["order_count"].to_numpy() - 1
        assert repeats.sum() == pytest.approx(expected.sum(), rel=0.02)
        for rare in (rate < np.median(rate), dropout < np.median(dropout)):
            assert repeats[rare].sum() == pytest.approx(expected[rare].sum(), rel=0.04)

    def test_traits_follow_the_documented_distributions(self):
        settings = ShopSettings(customers=50_000, months=2, seed=2, start=date(2024, 1, 1))
        clock = ShopClock(start=settings.start, end=settings.end)
        population = customers.draw_population(settings, clock)
        r, alpha = customers.PURCHASE_R, customers.PURCHASE_ALPHA_DAYS
        a, b = customers.DROPOUT_A, customers.DROPOUT_B
        p, q, v = customers.SPEND_P, customers.SPEND_Q, customers.SPEND_V
        assert population.rate.mean() == pytest.approx(r / alpha, rel=0.03)
        assert population.rate.var() == pytest.approx(r / alpha**2, rel=0.08)
        assert population.dropout_probability.mean() == pytest.approx(a / (a + b), rel=0.03)
        dropout_variance = a * b / ((a + b) ** 2 * (a + b + 1))
        assert population.dropout_probability.var() == pytest.approx(dropout_variance, rel=0.05)
        assert population.mean_order_value.mean() == pytest.approx(p * v / (q - 1), rel=0.05)
        assert (1 / population.mean_order_value).mean() == pytest.approx(q / (p * v), rel=0.03)
        assert 0 <= population.acquired.min() <= population.acquired.max() < clock.length

    def test_order_values_come_to_the_true_means(self, books):
        found, expected = one(
            books,
            """
            select sum(value), sum(mean_order_value)
            from orders inner join truth using (customer_id)
            """,
        )
        assert found == pytest.approx(expected, rel=0.03)

    def test_order_values_scatter_as_a_gamma_of_the_documented_shape(self, books):
        variance = one(
            books,
            """
            select var_samp(value / mean_order_value)
            from orders inner join truth using (customer_id)
            where mean_order_value > 100
            """,
        )[0]
        assert variance == pytest.approx(1 / customers.SPEND_P, rel=0.1)

    @given(
        values=st.lists(st.floats(1, 50_000), min_size=1, max_size=8),
        lines=st.integers(1, 12),
        seed=st.integers(0, 1_000),
    )
    def test_an_order_misses_its_value_by_half_its_cheapest_price(self, values, lines, seed):
        rng = np.random.default_rng(seed)
        order = np.repeat(np.arange(len(values)), lines)
        price = np.sort(rng.uniform(0.29, 20, (len(values), lines)), axis=1).ravel()
        quantity = draw_quantities(rng, order=order, price=price, values=np.array(values))
        first = order.searchsorted(np.arange(len(values)))
        reached = np.bincount(order, quantity * price)
        # An order that had to keep one piece of its cheapest product may cost more than it should.
        is_free = quantity[first] > 1
        assert (np.abs(reached - values)[is_free] <= price[first][is_free] / 2 + 1e-6).all()
        assert (quantity >= 0).all()
        assert (quantity[first] >= 1).all()


class TestWriteParquet:
    def test_files_hold_the_stream_in_ucis_columns(self, tmp_path):
        paths = write_parquet(SMALL_SHOP, tmp_path / "new" / "folder")
        assert [path.name for path in paths] == ["sales_part_1.parquet", "sales_part_2.parquet"]
        assert sorted(path.name for path in paths[0].parent.iterdir()) == [p.name for p in paths]
        streamed = transactions(SMALL_SHOP)
        for number, path in enumerate(paths, start=1):
            of_file = streamed.filter(pa.compute.field("source_file_number") == number)
            assert pq.read_table(path).equals(of_file.drop(["source_file_number"]))

    def test_equal_settings_give_equal_bytes(self, tmp_path):
        first = write_parquet(SMALL_SHOP, tmp_path / "first")
        second = write_parquet(SMALL_SHOP, tmp_path / "second")
        assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]

    def test_a_failure_leaves_no_partial_file_and_keeps_the_old(self, tmp_path, monkeypatch):
        def breaks_down(settings):
            yield next(simulate_batches(settings))
            raise OSError("No space left on device")

        (tmp_path / "sales_part_1.parquet").write_bytes(b"of an earlier run")
        monkeypatch.setattr(files, "simulate_batches", breaks_down)
        with pytest.raises(OSError, match="No space left"):
            write_parquet(SMALL_SHOP, tmp_path)
        assert [path.name for path in tmp_path.iterdir()] == ["sales_part_1.parquet"]
        assert (tmp_path / "sales_part_1.parquet").read_bytes() == b"of an earlier run"
