"""Child of the benchmark: whether pandas and Polars computed what the SQL did.

Run as a program: ``python compare.py SQL.parquet OTHER.parquet...``. It exits with status 1 and
names the columns that differ; else it prints a line that says what was compared.
"""

import sys

import polars as pl

RELATIVE_TOLERANCE = 1e-9
PRICE_UNITS = 10_000


def differences(ours: pl.DataFrame, other: pl.DataFrame) -> list[str]:
    """Compare two tables of features, row by row.

    Args:
        ours: From the SQL; its types decide how a column is compared. Money (decimals) must be
            equal to the last 1/10000, whole numbers, text and flags equal, floats within
            `RELATIVE_TOLERANCE`.
        other: The same columns in any order, without as_of_date.

    Returns:
        A line for each column that differs; none if all is equal.
    """
    if set(ours.columns) != set(other.columns):
        return [f"columns differ: {sorted(set(ours.columns) ^ set(other.columns))}"]
    ours, other = (frame.sort("customer_id") for frame in (ours, other))
    if not ours["customer_id"].equals(other["customer_id"].cast(pl.String)):
        return [f"customers differ: {len(ours)} in the SQL, {len(other)} in the other"]
    lines = []
    for name in ours.columns:
        pair = pl.DataFrame({"ours": ours[name], "other": other[name]})
        wrong = pair.filter(~_is_equal(ours.schema[name]))
        if len(wrong):
            lines.append(f"{name}: {len(wrong)} of {len(pair)} differ, such as {wrong.row(0)}")
    return lines


def _is_equal(kind: pl.DataType) -> pl.Expr:
    ours, other = pl.col("ours"), pl.col("other")
    if isinstance(kind, pl.Decimal):
        units = (other.cast(pl.Float64) * PRICE_UNITS).round().cast(pl.Int64)
        is_exact = (ours * PRICE_UNITS).cast(pl.Int64).eq_missing(units)
        return is_exact & _is_close(ours.cast(pl.Float64), other.cast(pl.Float64))
    if kind.is_float():
        return _is_close(ours, other.cast(pl.Float64))
    if kind.is_integer():
        return ours.cast(pl.Int64).eq_missing(other.cast(pl.Int64))
    return ours.eq_missing(other.cast(kind))


def _is_close(ours: pl.Expr, other: pl.Expr) -> pl.Expr:
    ours, other = ours.fill_nan(None), other.fill_nan(None)
    largest = pl.max_horizontal(ours.abs(), other.abs())
    is_near = (ours - other).abs() <= RELATIVE_TOLERANCE * largest
    return (
        pl.when(ours.is_null() | other.is_null())
        .then(ours.is_null() & other.is_null())
        .otherwise(is_near)
    )


def main(sql_file: str, *other_files: str) -> str | None:
    """Compare each other file with the SQL's.

    Returns:
        What differs; None if all is equal.
    """
    ours = pl.read_parquet(sql_file).drop("as_of_date")
    wrong = [
        f"{file}: {line}"
        for file in other_files
        for line in differences(ours, pl.read_parquet(file))
    ]
    if wrong:
        return "\n".join(wrong)
    sys.stdout.write(f"{ours.width - 1} features of {ours.height:,} customers")
    return None


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
