import pytest

from regulars.errors import InvalidSettingError, UnusableInputError
from regulars.ingest.columns import CANONICAL_COLUMNS, check_mapping, resolve_columns

NEWER = "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country"
OLDER = "InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country"


def resolve(names, mapping=None):
    return resolve_columns(names, mapping or {}, source="sales.csv")


@pytest.mark.parametrize(
    "header",
    [
        NEWER,
        OLDER,
        NEWER.upper(),
        OLDER.lower(),
        " invoice , stock_code,Description ,Quantity,Invoice Date,unit price,CUSTOMER_ID,country",
        "\ufeff" + NEWER,
        "invoice,stock_code,description,quantity,invoice_date,price,customer_id,country",
    ],
)
def test_both_spellings_of_uci_are_known(header):
    assert list(resolve(header.split(",")).values()) == list(range(8))


def test_columns_may_come_in_any_order_among_others():
    names = ["Country", "Channel", *OLDER.split(",")[:-1]]
    found = resolve(names)
    assert {ours: names[at] for ours, at in found.items()} == dict(
        zip(CANONICAL_COLUMNS, OLDER.split(","), strict=True)
    )


def test_country_is_optional():
    assert "country" not in resolve(NEWER.split(",")[:-1])


def test_missing_columns_are_named_with_those_found_and_the_remedy():
    with pytest.raises(UnusableInputError) as caught:
        resolve(["order_no", "StockCode", "Description", "Quantity", "InvoiceDate", "Price"])
    message = str(caught.value)
    assert message.startswith("sales.csv: required columns are missing: invoice, customer_id.")
    assert "'order_no', 'StockCode'" in message
    assert "`column_mapping`" in message


def test_a_mapping_finds_other_names():
    names = ["order_no", *NEWER.split(",")[1:]]
    assert resolve(names, {"invoice": "Order No"})["invoice"] == 0


def test_a_mapping_overrides_a_known_spelling():
    names = [*NEWER.split(","), "net_price"]
    assert resolve(names, {"price": "net_price"})["price"] == 8


def test_a_column_taken_by_the_mapping_is_not_taken_twice():
    names = [*NEWER.split(","), "units"]
    found = resolve(names, {"description": "Price", "price": "units"})
    assert (found["description"], found["price"]) == (5, 8)


def test_a_mapped_column_that_does_not_exist_lists_those_found():
    with pytest.raises(UnusableInputError, match=r"'order_no' of column_mapping.*'Invoice', 'St"):
        resolve(NEWER.split(","), {"invoice": "order_no"})


def test_two_columns_for_one_name_are_an_error():
    with pytest.raises(UnusableInputError, match="2 columns could be price: 'Price', 'UnitPrice'"):
        resolve([*NEWER.split(","), "UnitPrice"])


def test_the_mapping_settles_two_columns_for_one_name():
    assert resolve([*NEWER.split(","), "UnitPrice"], {"price": "UnitPrice"})["price"] == 8


@pytest.mark.parametrize(
    ("mapping", "fault"),
    [
        ({"order": "Invoice"}, "unknown keys: 'order'"),
        ({"invoice": " "}, "no column name for invoice"),
        ({"invoice": None}, "no column name for invoice"),
        ({"invoice": "No", "stock_code": "No"}, "uses a column twice: 'No'"),
    ],
)
def test_a_mapping_that_nothing_can_satisfy_is_refused(mapping, fault):
    with pytest.raises(InvalidSettingError, match=fault):
        check_mapping(mapping)
