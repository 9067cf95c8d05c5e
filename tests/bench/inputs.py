"""Child of the benchmark: its input files.

Run as a program: ``python inputs.py simulate FOLDER CUSTOMERS``, ``python inputs.py multiply FOLDER
COPIES FILE...``, ``python inputs.py split FOLDER FILE...`` or ``python inputs.py describe OUT.json
FILE...``.
"""

import json
import sys
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb

FEATURE_DATES = 20


def simulate(folder: Path, customers: int) -> None:
    """Write a simulated shop of two years."""
    from regulars.simulate import ShopSettings, write_parquet

    write_parquet(
        ShopSettings(customers=customers, months=24, seed=7, start=date(2023, 1, 1)), folder
    )


def multiply(folder: Path, copies: int, files: Sequence[str]) -> None:
    """Write a shop of the same products and period with as many times the customers and invoices.

    Args:
        folder: Where one file for each of `files` goes, under the same name.
        copies: Copies of each row; the first is the row itself. In copy k, k times a power of ten
            is added to customer ids, and k is put before the digits of invoice numbers, after
            their letter.
        files: Parquet files of UCI's columns, with numeric customer ids.
    """
    widths = """
        select length(max(abs("Customer ID"))::bigint::varchar) as customer_width,
            max(length(trim(Invoice))) as invoice_width
        from read_parquet(?)
    """
    customer_width, invoice_width = duckdb.execute(widths, [list(files)]).fetchall()[0]
    customer_step = max(100_000, 10**customer_width)
    for file in files:
        target = (folder / Path(file).name).as_posix()
        # rows of a minute stay together by copy, so that invoices do
        duckdb.execute(
            f"""
            copy (
                select * exclude (copy, file_row_number) replace (
                    case when copy = 0 then Invoice
                        else regexp_extract(trim(Invoice), '^[A-Za-z]*') || copy || lpad(
                            regexp_replace(trim(Invoice), '^[A-Za-z]*', ''), {invoice_width}, '0'
                        )
                    end as Invoice,
                    "Customer ID" + copy * {customer_step} as "Customer ID"
                )
                from read_parquet('{file.replace("'", "''")}', file_row_number = true)
                cross join (select unnest(range({copies})) as copy)
                order by InvoiceDate, copy, file_row_number
            ) to '{target.replace("'", "''")}' (format parquet, compression zstd)
            """
        )


def split(folder: Path, files: Sequence[str]) -> None:
    """Write a file for each month of each file; a month that files share stays in both."""
    folder.mkdir()
    for file in files:
        path = file.replace("'", "''")
        source = f"read_parquet('{path}', file_row_number = true)"
        month = "strftime(InvoiceDate, '%Y-%m')"
        for (name,) in duckdb.execute(f"select distinct {month} from {source}").fetchall():
            target = (folder / f"{Path(file).stem}_{name}.parquet").as_posix()
            duckdb.execute(
                f"""
                copy (
                    select * exclude (file_row_number) from {source}
                    where {month} = '{name}' order by file_row_number
                ) to '{target.replace("'", "''")}' (format parquet, compression zstd)
                """
            )


def describe(target: Path, files: Sequence[str]) -> None:
    """Write the row count, and dates that divide the period into `FEATURE_DATES` equal parts."""
    query = """
        select count(*), cast(min(InvoiceDate) as date), cast(max(InvoiceDate) as date)
        from read_parquet(?)
    """
    rows, first, last = duckdb.execute(query, [list(files)]).fetchall()[0]
    dates = [
        (first + timedelta(days=(last - first).days * part // FEATURE_DATES)).isoformat()
        for part in range(1, FEATURE_DATES)
    ]
    text = json.dumps({"rows": rows, "feature_dates": dates})
    target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    action, place, *rest = sys.argv[1:]
    match action:
        case "simulate":
            simulate(Path(place), int(rest[0]))
        case "multiply":
            multiply(Path(place), int(rest[0]), rest[1:])
        case "split":
            split(Path(place), rest)
        case "describe":
            describe(Path(place), rest)
