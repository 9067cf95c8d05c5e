import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from regulars.errors import UnusableInputError
from regulars.ingest import read_transactions

SALES = """
    select '536365' as "Invoice", '71053' as "StockCode", 'LANTERN' as "Description",
        6::bigint as "Quantity", timestamp '2010-12-01 08:26:00' as "InvoiceDate",
        3.39::double as "Price", 17850.0::double as "Customer ID", 'EIRE' as "Country"
"""


@pytest.fixture
def write_parquet(connection, tmp_path):
    def write(query=SALES, name="sales.parquet"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        literal = str(path).replace("'", "''")
        connection.execute(f"copy ({query}) to '{literal}' (format parquet)")
        return path

    return write


def test_typed_columns_are_read(read, write_parquet):
    (row,) = read(write_parquet())
    assert (row["source_file"], row["customer_id"], row["quantity"]) == (
        "sales.parquet",
        "17850",
        6,
    )


def test_rows_are_numbered_in_file_order_across_row_groups_and_threads(
    connection, write_parquet, settings
):
    connection.execute("set threads = 8")
    path = write_parquet(
        SALES.replace("6::bigint", "i") + " from range(300000) r(i)", name="many.parquet"
    )
    read_transactions(connection, [str(path)], **settings).create("loaded")
    query = """
        select count(*), min(quantity - source_row_number), max(quantity - source_row_number),
            count(*) filter (quantity = rowid)
        from loaded
    """
    assert connection.sql(query).fetchall() == [(300_000, -1, -1, 300_000)]


def test_text_columns_are_cast_like_csv(read, write_parquet):
    query = SALES.replace("6::bigint", "'6'").replace(
        "timestamp '2010-12-01 08:26:00'", "'13/12/2010'"
    )
    (row,) = read(write_parquet(query))
    assert (row["quantity"], row["invoice_date"].day) == (6, 13)


def test_a_column_called_file_row_number_does_no_harm(read, write_parquet):
    (row,) = read(write_parquet(SALES + ", 42 as file_row_number"))
    assert row["source_row_number"] == 1


def test_a_nested_column_does_not_shift_the_others(read, write_parquet):
    nested = SALES.replace("select", "select {'a': 1, 'b': [{'c': 2}]} as extra, ", 1)
    assert read(write_parquet(nested))[0]["country"] == "EIRE"


def test_columns_that_differ_by_case_only_are_ambiguous(read, tmp_path):
    names = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate"]
    names += ["Price", "CustomerID", "price"]
    path = tmp_path / "twice.parquet"
    pq.write_table(pa.Table.from_arrays([pa.array([1])] * 8, names=names), path)
    with pytest.raises(UnusableInputError, match="could be price: 'Price', 'price'"):
        read(path)


def test_odd_names_are_read(read, write_parquet):
    query = SALES.replace('"Invoice"', '"a ""b"" \'c\'"')
    path = write_parquet(query, name="year=2010/shop's [*].parquet")
    (row,) = read(path, column_mapping={"invoice": "a \"b\" 'c'"})
    assert (row["source_file"], row["invoice"]) == ("shop's [*].parquet", "536365")


@pytest.mark.parametrize("content", [b"", b"Invoice,StockCode\n1,2\n", b"PAR1" + b"x" * 50])
def test_what_is_no_parquet_is_named_with_the_cause(read, tmp_path, content):
    path = tmp_path / "sales.parquet"
    path.write_bytes(content)
    with pytest.raises(UnusableInputError, match=rf"{path} can't be read as Parquet: ."):
        read(path)


def test_a_file_without_rows_contributes_none(read, write_parquet):
    empty = write_parquet(SALES + " limit 0", name="a.parquet")
    assert len(read(empty, write_parquet())) == 1
    with pytest.raises(UnusableInputError, match="no data rows"):
        read(empty)
